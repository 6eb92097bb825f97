"""ckanext-harvest takes real catalogues into the portal, and a citizen finds their datasets."""
from __future__ import annotations

import json
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


def harvest(partner: dict[str, Any], address: str, kind: str, config: dict[str, Any] | None = None) -> dict[str, Any]:
    """Run a source from beginning to end, as its consumers would; returns the job's status."""
    from ckanext.harvest import queue
    from ckanext.harvest.model import HarvestJob, HarvestObject

    administrator = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    source = tk.get_action("harvest_source_create")(
        {"user": administrator},
        {"url": address, "name": f"source-{kind.replace('_', '-')}", "title": "Source", "source_type": kind, "owner_org": partner["id"], "config": json.dumps(config or {})},
    )
    job = tk.get_action("harvest_job_create")({"user": administrator}, {"source_id": source["id"], "run": False})
    stored = HarvestJob.get(job["id"])
    harvester = queue.get_harvester(kind)
    queue.gather_stage(harvester, stored)
    for entry in model.Session.query(HarvestObject).filter_by(harvest_job_id=job["id"]).all():
        queue.fetch_and_import_stages(harvester, entry)
    stored.status = "Finished"
    stored.save()
    return dict(tk.get_action("harvest_job_report")({"user": administrator}, {"id": job["id"]}))


def found(question: str) -> list[str]:
    return [entry["title"] for entry in tk.get_action("package_search")({"user": ""}, {"q": question})["results"]]


def problems(report: dict[str, Any]) -> list[str]:
    gather = [error["message"] for error in report["gather_errors"]]
    return gather + [error["message"] for entry in report["object_errors"].values() for error in entry["errors"]]


@pytest.mark.parametrize(
    ("address", "count", "question"),
    [
        ("dcat-udata.xml", 2, "bureau de vote"),
        ("dcat-bnodes.xml", 3, "*:*"),
        ("dcat-nested.jsonld", 1, "*:*"),
        ("paged/catalog.jsonld", 4, "dataset"),
        ("partial/catalog.jsonld", 4, "dataset"),
    ],
)
def test_a_real_catalogue_is_taken_in_and_found(partner: dict[str, Any], feeds: str, address: str, count: int, question: str) -> None:
    report = harvest(partner, f"{feeds}/{address}", "dcat_rdf")
    assert problems(report) == []
    assert len(found("*:*")) == count
    assert found(question)


def test_a_record_that_fits_no_schema_is_named_with_its_faults(partner: dict[str, Any], feeds: str) -> None:
    """A DKAN's answer: its dates are words, its sizes too; a CKAN source says which record is refused and where."""
    [problem] = problems(harvest(partner, feeds, "ckan"))
    assert "04be6288-696d-4331-850d-a144871a7e3a" in problem and "last_modified" in problem
    assert found("*:*") == []


def test_what_is_harvested_keeps_its_licence_or_says_it_has_none(partner: dict[str, Any], feeds: str) -> None:
    harvest(partner, f"{feeds}/dcat-udata.xml", "dcat_rdf")
    for entry in tk.get_action("package_search")({"user": ""}, {"q": "*:*", "rows": 100})["results"]:
        assert entry["license_id"]
        assert entry["access_level"] == "open"
        assert not entry.get("axis")


def test_harvesting_again_changes_nothing(partner: dict[str, Any], feeds: str) -> None:
    harvest(partner, f"{feeds}/dcat-udata.xml", "dcat_rdf")
    before = tk.get_action("package_search")({"user": ""}, {"q": "*:*", "rows": 0})["count"]
    from ckanext.harvest import queue
    from ckanext.harvest.model import HarvestJob, HarvestObject, HarvestSource

    source = model.Session.query(HarvestSource).one()
    job = HarvestJob(source=source)
    job.save()
    harvester = queue.get_harvester("dcat_rdf")
    queue.gather_stage(harvester, job)
    for entry in model.Session.query(HarvestObject).filter_by(harvest_job_id=job.id).all():
        queue.fetch_and_import_stages(harvester, entry)
    assert tk.get_action("package_search")({"user": ""}, {"q": "*:*", "rows": 0})["count"] == before


def test_harvest_sources_are_no_datasets(partner: dict[str, Any], feeds: str) -> None:
    harvest(partner, f"{feeds}/dcat-nested.jsonld", "dcat_rdf")
    kinds = {entry["type"] for entry in tk.get_action("package_search")({"user": ""}, {"q": "*:*", "rows": 100})["results"]}
    assert kinds == {"dataset"}


@pytest.mark.parametrize("action", ["harvest_object_list", "harvest_job_list", "harvest_source_list"])
def test_strangers_see_nothing_of_a_harvest(partner: dict[str, Any], action: str) -> None:
    with pytest.raises(tk.NotAuthorized):
        tk.get_action(action)({"user": "", "model": model, "session": model.Session}, {})


def test_a_harvested_record_is_for_the_source_s_editors(partner: dict[str, Any], feeds: str) -> None:
    from ckan.tests import factories
    from ckanext.harvest.model import HarvestObject

    harvest(partner, f"{feeds}/dcat-nested.jsonld", "dcat_rdf")
    record = model.Session.query(HarvestObject).first().id
    for user in ("", factories.User()["name"]):
        with pytest.raises(tk.NotAuthorized):
            tk.get_action("harvest_object_show")({"user": user, "model": model, "session": model.Session}, {"id": record})
    assert tk.get_action("harvest_object_show")({"user": partner["editor"], "model": model, "session": model.Session}, {"id": record})["id"] == record
