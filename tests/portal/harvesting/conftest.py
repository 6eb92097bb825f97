"""Fixtures of tests of our harvesters."""
from __future__ import annotations

import contextlib
import datetime as dt
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.people import PASSWORD, Person

Harvest = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def world(loaded_app: Any, emptied: Callable[[], None]) -> Iterator[Any]:
    """A portal with sources that were harvested well, one for all cases of a module (see `world.World`)."""
    from ckan.lib import search
    from ckan.tests.helpers import CKANTestApp

    from tests.portal.harvesting.world import World

    emptied()
    search.clear_all()
    with contextlib.ExitStack() as stack:
        with loaded_app.flask_app.test_request_context():
            made = World(CKANTestApp(loaded_app.app), stack)
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
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pauses between tries, and no grace for what is no longer at its source."""
    import ckan.plugins.toolkit as tk
    from ckanext.tzc.harvesters.http import Limits
    from ckanext.tzc.harvesting.partners import PartnerHarvester

    monkeypatch.setattr(PartnerHarvester, "limits", Limits(pause=0.01))
    monkeypatch.setitem(tk.config, "tzc.harvesting.grace_days", 0)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch, impatient: None) -> None:
    """A week of grace."""
    import ckan.plugins.toolkit as tk

    monkeypatch.setitem(tk.config, "tzc.harvesting.grace_days", 7)


def days_pass(days: int) -> None:
    """As if what is missing had been missing for so many days more."""
    import ckan.model as model
    from ckanext.tzc.harvesting.engine import store

    for row in model.Session.query(store.ItemRow).filter(store.ItemRow.missing.is_not(None)):
        row.missing -= dt.timedelta(days=days)
    model.Session.commit()


def keep(partner: dict[str, Any], host: str, name: str = "acces", **values: str) -> None:
    """Have a partner keep a credential for a host; without values it is the token `jeton`."""
    import ckan.plugins.toolkit as tk

    values = values or {"kind": "bearer", "token": "jeton"}
    tk.get_action("tzc_credential_set")({"user": partner["editor"]}, {"partner": partner["id"], "name": name, "host": host, **values})


def as_before(made: dict[str, Any], told: dict[str, Any], url: str = "") -> dict[str, Any]:
    """A source of the time when secrets lay open in configurations and addresses."""
    import ckan.model as model
    from ckanext.harvest.model import HarvestSource

    package, stored = model.Package.get(made["id"]), HarvestSource.get(made["id"])
    stored.config = json.dumps(told)
    package.extras = {**package.extras, "config": stored.config}
    if url:
        stored.url = package.url = url
    model.Session.commit()
    return made


@pytest.fixture
def run(impatient: None) -> Harvest:
    """Run a source from beginning to end, its first run too; what became of its records, and the problems of the report. A plan that waits as too much is missing is given up."""
    import ckan.model as model
    import ckan.plugins.toolkit as tk
    from ckanext.harvest.model import HarvestGatherError, HarvestJob, HarvestObject

    def harvest(source: dict[str, Any]) -> dict[str, Any]:
        from ckanext.tzc.harvesting.engine import orders, store

        user = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
        job = HarvestJob.get(tk.get_action("harvest_job_create")({"user": user}, {"source_id": source["id"], "run": False})["id"])
        job_id = job.id
        orders.begin(job_id, approved_by=user)
        orders.work_now(job_id)
        ran = store.run(job_id)
        assert ran is not None
        if ran.state == store.PLANNED:
            assert ran.asks == "departures"
            orders.stop(source["id"])
        assert ran.ended
        unchanged = ran.counts.get("unchanged", 0)
        model.Session.expire_all()
        report = dict(tk.get_action("harvest_job_report")({"user": user}, {"id": job_id}))
        counts: dict[str, int] = {"not modified": unchanged} if unchanged else {}
        for entry in model.Session.query(HarvestObject).filter_by(harvest_job_id=job_id):
            counts[entry.report_status] = counts.get(entry.report_status, 0) + 1
        problems = [error.message for error in model.Session.query(HarvestGatherError).filter_by(harvest_job_id=job_id).order_by(HarvestGatherError.created)]
        problems += [error["message"] for entry in report["object_errors"].values() for error in entry["errors"]]
        return {"counts": counts, "problems": problems}

    return harvest


@pytest.fixture
def person(app: Any, partner: dict[str, Any]) -> Callable[[str], Person]:
    """Sign in as a member of the partner in a role, or as an administrator of the portal."""
    import ckan.plugins.toolkit as tk
    from ckan.tests import factories

    def make(role: str) -> Person:
        user = factories.Sysadmin(password=PASSWORD) if role == "sysadmin" else factories.User(password=PASSWORD)
        if role in {"admin", "editor", "member"}:
            tk.get_action("organization_member_create")({"ignore_auth": True, "user": partner["editor"]}, {"id": partner["id"], "username": user["name"], "role": role})
        return Person(app, user["name"])

    return make


@pytest.fixture
def editor(person: Callable[[str], Person]) -> Person:
    """One who edits the partner's sources."""
    return person("editor")
