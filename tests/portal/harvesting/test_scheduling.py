"""When sources are due."""
from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
from ckanext.harvest.logic import HarvestJobExists
from ckanext.harvest.logic.action import create
from ckanext.harvest.model import HarvestJob, HarvestSource
from ckanext.tzc.harvesting import jobs
from ckanext.tzc.harvesting.engine import orders, scheduling, store

from tests.people import Person
from tests.portal.harvesting.conftest import as_before
from tests.portal.harvesting.test_engine import Killed

pytestmark = pytest.mark.filterwarnings("ignore:The 'warn' method is deprecated")  # ckanext-harvest's

NIGHT = dt.datetime(2026, 3, 2, 3, 30, tzinfo=dt.timezone.utc)
BEGINS = {
    "by hand": lambda made: tk.get_action("tzc_harvest_run")({"user": "", "ignore_auth": True}, {"source": made["id"]}),
    "by ckanext-harvest": lambda made: tk.get_action("harvest_job_create")({"user": "", "ignore_auth": True, "model": model, "session": model.Session}, {"source_id": made["id"]}),
}
"""Ways to begin a run."""


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
@pytest.mark.parametrize(
    ("asks", "days", "frequency", "next_run", "more"),
    [("dry", 8, "DAILY", -1, 1), ("dry", 8, "WEEKLY", None, 1), ("dry", 6, "DAILY", -1, 0), ("departures", 8, "DAILY", -1, 0), ("dry", 8, "DAILY", 1, 0), ("dry", 8, "MANUAL", -1, 0)],
)
def test_a_forgotten_plan_holds_up_a_source_with_a_frequency_for_a_week(
    source: Callable[..., dict[str, Any]], asks: str, days: int, frequency: str, next_run: int | None, more: int
) -> None:
    made = source("https://catalogue.example.org/", "tzc_dcat")
    run = store.run(BEGINS["by hand"](made)["run"])
    assert run is not None
    run.state, run.asks, run.dry, run.begun = store.PLANNED, asks, True, store.now() - dt.timedelta(days=days)
    stored = HarvestSource.get(made["id"])
    stored.frequency, stored.next_run = frequency, None if next_run is None else store.stamp() + dt.timedelta(hours=next_run)
    model.Session.commit()
    jobs.run_due_harvests()
    assert model.Session.query(store.Run).count() - 1 == more
    there = store.open_run(made["id"])
    assert there is not None and there.state == (store.WAITING if more else store.PLANNED)


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


# a job and its run are made one after the other


@pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")
@pytest.mark.parametrize("begins", BEGINS.values(), ids=BEGINS)
def test_who_asks_at_once_with_another_is_told_so_and_leaves_nothing(source: Callable[..., dict[str, Any]], begins: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    made = source("https://catalogue.example.org/", "tzc_dcat")
    begins(made)
    first = store.open_run(made["id"])
    with monkeypatch.context() as patched:
        # both looked before there was a job
        patched.setattr(create, "_check_for_existing_jobs", lambda *_: [])
        for _ in range(2):
            with pytest.raises(tk.ValidationError, match="attend ou est déjà en cours"):
                begins(made)
    with pytest.raises(HarvestJobExists):
        tk.get_action("harvest_job_create")({"user": "", "ignore_auth": True, "model": model, "session": model.Session}, {"source_id": made["id"]})
    assert first is not None and [job.id for job in model.Session.query(HarvestJob)] == [first.id]
    assert (first.state, first.ended) == (store.WAITING, None)
    orders.stop(made["id"])
    begins(made)
    assert model.Session.query(store.Run).count() == 2


@pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")
def test_who_starts_twice_by_page_is_told_that_one_is_enough(source: Callable[..., dict[str, Any]], editor: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    made = source("https://catalogue.example.org/", "tzc_dcat")
    monkeypatch.setattr(create, "_check_for_existing_jobs", lambda *_: [])
    told = []
    for _ in range(2):
        editor.visit(f"/harvest/refresh/{made['name']}")
        editor.send()
        told.append(editor.said())
    assert ["Une moisson attend ou est déjà en cours." in words for words in told] == [False, True], told


@pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")
@pytest.mark.parametrize("begins", BEGINS.values(), ids=BEGINS)
def test_a_job_that_was_never_begun_blocks_its_source_for_a_minute_only(source: Callable[..., dict[str, Any]], begins: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was about to begin it was killed."""
    made = source("https://catalogue.example.org/", "tzc_dcat", {"schedule": "0 * * * *"})

    def dies(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(orders, "begin", dies)
        with pytest.raises(Killed):
            begins(made)
    jobs.run_due_harvests()
    with pytest.raises(HarvestJobExists):
        BEGINS["by ckanext-harvest"](made)
    [job] = model.Session.query(HarvestJob)
    job.created -= dt.timedelta(minutes=2)
    HarvestSource.get(made["id"]).created -= dt.timedelta(hours=2)
    model.Session.commit()
    jobs.run_due_harvests()
    run = store.open_run(made["id"])
    assert run is not None and run.state == store.WAITING, "the hour for which the lost one was meant is made up for"
    assert [job.id for job in model.Session.query(HarvestJob)] == [run.id]
