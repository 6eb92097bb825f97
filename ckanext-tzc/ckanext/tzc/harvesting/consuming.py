"""Work on messages of the harvest queues."""
from __future__ import annotations

import json
import logging
from typing import Any

import ckan.model as model
import sqlalchemy as sa
from ckanext.harvest import queue
from ckanext.harvest.model import HarvestGatherError, HarvestJob

log = logging.getLogger(__name__)


def gather(channel: Any, method: Any, header: Any, body: Any) -> None:
    """List a source's datasets. Whatever a harvester fails on is written into the job's report, and the job ends: stock lets the process die and the job run for ever."""
    try:
        queue.gather_callback(channel, method, header, body)
    except (sa.exc.OperationalError, KeyboardInterrupt):
        raise  # a database that is away: the process is started again
    except Exception as error:
        model.Session.rollback()
        log.warning("the harvester failed: %s", error, exc_info=True)
        job = HarvestJob.get(json.loads(body)["harvest_job_id"])
        if job is not None:
            HarvestGatherError(message=f"The answer could not be read: {type(error).__name__}: {str(error)[:300]}", job=job).save()
            job.status = "Finished"
            job.save()
