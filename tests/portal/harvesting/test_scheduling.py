"""When sources are due."""
from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
from ckanext.harvest.model import HarvestJob, HarvestSource
from ckanext.tzc.harvesting import jobs
from ckanext.tzc.harvesting.engine import scheduling, store

from tests.portal.harvesting.conftest import as_before

NIGHT = dt.datetime(2026, 3, 2, 3, 30, tzinfo=dt.timezone.utc)


def test_a_source_is_asked_once_after_its_time() -> None:
    hour = dt.timedelta(hours=1)
    assert not scheduling.is_due("30 3 * * *", "une", NIGHT - hour, NIGHT - dt.timedelta(seconds=1))
    assert scheduling.is_due("30 3 * * *", "une", NIGHT - hour, NIGHT + dt.timedelta(seconds=scheduling.LATEST))
    begun = NIGHT + scheduling.later("une")
    assert not scheduling.is_due("30 3 * * *", "une", begun, begun + 20 * hour)
    assert scheduling.is_due("30 3 * * *", "une", begun, begun + 24 * hour)
    assert len({scheduling.later(f"source-{number}") for number in range(50)}) > 40


@pytest.mark.parametrize(("text", "good"), [("30 3 * * 1-5", True), ("*/30 * * * *", True), ("WEEKLY", False), ("61 3 * * *", False), ("1 2 3 4 5 6", False), ("@daily", False), ("0 0 30 2 *", False), ("0 0 31 4,6 *", False), ("0 0 29 2 *", True)])
def test_a_schedule_is_one_that_cron_understands(text: str, good: bool) -> None:
    assert scheduling.is_schedule(text) is good


@pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")
def test_a_source_with_a_schedule_gets_its_runs(source: Callable[..., dict[str, Any]], partner: dict[str, Any]) -> None:
    made = source("https://catalogue.example.org/", "tzc_dcat", {"schedule": "0 * * * *"})
    jobs.run_due_harvests()
    assert store.last_run(made["id"]) is None, "its time has not come since it was made"
    HarvestSource.get(made["id"]).created -= dt.timedelta(hours=2)
    model.Session.commit()
    jobs.run_due_harvests()
    run = store.last_run(made["id"])
    assert run is not None and run.state == store.WAITING
    jobs.run_due_harvests()
    assert model.Session.query(store.Run).count() == 1
    # a plan that somebody wanted to look at and forgot holds up the schedule for a week, one that must be approved for ever
    run.state, run.asks, run.dry = store.PLANNED, "dry", True
    job = model.Session.get(HarvestJob, run.id)
    job.created -= dt.timedelta(days=8)
    for asks, days, more in (("dry", 6, 0), ("departures", 8, 0), ("first", 8, 0), ("dry", 8, 1)):
        run.asks, run.begun = asks, store.now() - dt.timedelta(days=days)
        model.Session.commit()
        before = model.Session.query(store.Run).count()
        jobs.run_due_harvests()
        assert model.Session.query(store.Run).count() - before == more, (asks, days)
    assert store.open_run(made["id"]).id != run.id and store.run(run.id).state == store.STOPPED
    with pytest.raises(tk.ValidationError, match="cron"):
        source("https://catalogue.example.org/b", "tzc_dcat", {"schedule": "souvent"}, name="autre", user=partner["editor"])


@pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")
def test_a_time_that_never_comes_holds_up_nobody_else(source: Callable[..., dict[str, Any]], person: Callable[[str], Any]) -> None:
    """Such a schedule was taken before it was looked at so closely."""
    made = [source(f"https://catalogue.example.org/{number}", "tzc_dcat", {"schedule": "0 * * * *"}, name=f"source-{number}") for number in range(3)]
    as_before(made[0], {"schedule": "0 0 30 2 *"})
    for one in made:
        HarvestSource.get(one["id"]).created -= dt.timedelta(hours=2)
    model.Session.commit()
    jobs.run_due_harvests()
    assert [store.last_run(one["id"]) is not None for one in made] == [False, True, True]
    who = person("editor")
    for address in ("/harvest", "/harvest/source-0", "/harvest/source-0/job", "/harvest/edit/source-0"):
        who.visit(address)
