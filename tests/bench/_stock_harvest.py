"""One harvest of stock CKAN's source `catalogue` from beginning to end in this process, as its consumers do it, without the waits of their queues; prints the seconds that it took."""
from __future__ import annotations

import os
import sys
import time

import ckan.model as model
from ckan.cli import load_config
from ckan.config.middleware import make_app
from ckanext.harvest import queue
from ckanext.harvest.model import HarvestJob, HarvestObject, HarvestSource

application = make_app(load_config(os.environ["CKAN_INI"]))
with application._wsgi_app.test_request_context():
    source = HarvestSource.filter(title="Catalogue").first()
    job = HarvestJob(source=source)
    job.save()
    model.Session.commit()
    harvester = queue.get_harvester(source.type)
    begun = time.perf_counter()
    for identifier in queue.gather_stage(harvester, job):
        queue.fetch_and_import_stages(harvester, HarvestObject.get(identifier))
    seconds = time.perf_counter() - begun
    job = HarvestJob.get(job.id)
    job.status = "Finished"
    job.save()
    model.Session.commit()
sys.stdout.write(f"{seconds:.3f}\n")
