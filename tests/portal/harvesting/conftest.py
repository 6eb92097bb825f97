"""Fixtures of tests of our harvesters."""
from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.sites import Site, served

Harvest = Callable[..., dict[str, Any]]


@pytest.fixture
def site() -> Iterator[Site]:
    """A catalogue on the loopback."""
    with served() as made:
        yield made


@pytest.fixture
def source(partner: dict[str, Any]) -> Callable[..., dict[str, Any]]:
    """Make a source, as an administrator."""
    import ckan.plugins.toolkit as tk

    def make(address: str, kind: str, config: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
        user = fields.pop("user", None) or tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
        wanted = {"url": address, "name": "une-source", "title": "Source", "source_type": kind, "owner_org": partner["id"], **fields}
        made: dict[str, Any] = tk.get_action("harvest_source_create")({"user": user}, {**wanted, "config": json.dumps({"allow_internal": True} if config is None else config)})
        return made

    return make


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Harvest:
    """Run a source from beginning to end, as its consumers would; what became of its records, and the problems of the report."""
    import ckan.model as model
    import ckan.plugins.toolkit as tk
    from ckanext.harvest import queue
    from ckanext.harvest.model import HarvestGatherError, HarvestJob, HarvestObject
    from ckanext.tzc.harvesters.http import Limits
    from ckanext.tzc.harvesting.partners import PartnerHarvester

    monkeypatch.setattr(PartnerHarvester, "limits", Limits(pause=0.01))

    def harvest(source: dict[str, Any]) -> dict[str, Any]:
        user = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
        job = HarvestJob.get(tk.get_action("harvest_job_create")({"user": user}, {"source_id": source["id"], "run": False})["id"])
        harvester = queue.get_harvester(job.source.type)
        identifiers = queue.gather_stage(harvester, job)
        assert len(identifiers) == model.Session.query(HarvestObject).filter_by(harvest_job_id=job.id).count(), "no object is left behind"
        for identifier in identifiers:
            queue.fetch_and_import_stages(harvester, HarvestObject.get(identifier))
        job = HarvestJob.get(job.id)
        job.status = "Finished"
        job.save()
        report = dict(tk.get_action("harvest_job_report")({"user": user}, {"id": job.id}))
        counts: dict[str, int] = {}
        for entry in model.Session.query(HarvestObject).filter_by(harvest_job_id=job.id):
            counts[entry.report_status] = counts.get(entry.report_status, 0) + 1
        problems = [error.message for error in model.Session.query(HarvestGatherError).filter_by(harvest_job_id=job.id).order_by(HarvestGatherError.created)]
        problems += [error["message"] for entry in report["object_errors"].values() for error in entry["errors"]]
        return {"counts": counts, "problems": problems}

    return harvest
