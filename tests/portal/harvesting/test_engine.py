"""The engine: a plan that somebody looks at, batches in which a bad dataset fails alone, what is missing, leases, and a worker that is killed."""
from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import ckan.model as model
import ckan.plugins as p
import ckan.plugins.toolkit as tk
import pytest
import sqlalchemy as sa
from ckan.tests import factories
from ckanext.harvest.model import HarvestObject
from ckanext.tzc.harvesting.engine import applying, leases, orders, serving, store, telling

from tests.domain.harvesters.speakers import SPEAKERS, Speaker, answered, turtle
from tests.people import Person
from tests.portal.harvesting.conftest import days_pass
from tests.sites import Asked, Reply, Site

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context", "impatient")

Source = Callable[..., dict[str, Any]]
TITLES = [(f"jeu-{number:02}", f"Comptage {number:02}") for number in range(12)]
KINDS = {"ckan": "tzc_ckan", "csw": "tzc_csw", "dcat": "tzc_dcat", "udata": "tzc_udata", "opendatasoft": "tzc_opendatasoft", "data.json": "tzc_datajson", "table": "tzc_table"}


def act(name: str, **asked: Any) -> dict[str, Any]:
    user = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    answer: dict[str, Any] = tk.get_action(name)({"user": user}, {"source": "une-source", **asked})
    return answer


def work(run_id: str) -> store.Run:
    orders.work_now(run_id)
    found = store.run(run_id)
    assert found is not None
    return found


def harvest(**asked: Any) -> dict[str, Any]:
    """A run of the source, to its end; what became of it."""
    return telling.summary(work(act("tzc_harvest_run", approve=True, **asked)["run"]))


def found() -> dict[str, str]:
    """What a stranger finds, by title."""
    return {entry["title"]: entry["id"] for entry in tk.get_action("package_search")({"user": ""}, {"q": "*:*", "rows": 100})["results"]}


def state() -> dict[str, Any]:
    """All datasets that are there, without what says when and by whom they were written."""
    told = {}
    for package in model.Session.query(model.Package).filter_by(type="dataset", state="active"):
        shown = tk.get_action("package_show")({"ignore_auth": True, "use_cache": False}, {"id": package.id})
        kept = {name: value for name, value in shown.items() if name not in {"id", "metadata_created", "metadata_modified", "name"}}
        kept["resources"] = [{name: value for name, value in file.items() if name not in {"id", "package_id", "created", "metadata_modified"}} for file in shown["resources"]]
        told[shown["title"]] = json.loads(json.dumps(kept))
    return told


def feed(site: Site, datasets: list[tuple[str, str]], **headers: str) -> Callable[[Asked], Reply]:
    """All in one document, which says by its ETag whether it changed."""
    body = turtle(site, datasets)

    def answer(asked: Asked) -> Reply:
        if headers.get("ETag") and asked.headers.get("If-None-Match") == headers["ETag"]:
            return Reply(status=304, headers=dict(headers))
        reply = answered(body, "text/turtle")
        return Reply(reply.body, headers={**reply.headers, **headers})

    return answer


@pytest.fixture
def made(site: Site, source: Source) -> dict[str, Any]:
    """A DCAT source."""
    site.answer = feed(site, TITLES)
    return source(f"{site.address}/catalog", "tzc_dcat")


@pytest.mark.parametrize("speaker", SPEAKERS, ids=[speaker.name for speaker in SPEAKERS])
def test_every_kind_is_planned_then_done_then_as_before(site: Site, source: Source, speaker: Speaker) -> None:
    kind = next(ours for name, ours in KINDS.items() if speaker.name.startswith(name))
    site.answer = speaker.says(site, TITLES)
    source(f"{site.address}{speaker.path}", kind, {"allow_internal": True, **speaker.settings})
    run = work(act("tzc_harvest_run")["run"])
    assert (run.state, run.asks, telling.summary(run)["new"]) == (store.PLANNED, "first", 12)
    assert found() == {}, "a plan writes nothing"
    act("tzc_harvest_approve")
    assert telling.summary(work(run.id)) | {"run": ""} == {
        "run": "", "state": store.DONE, "asks": "", "new": 12, "changed": 0, "unchanged": 0, "missing": 0, "left_out": 0, "deleted": 0, "refused": 0, "failed": 0, "still_refused": 0, "reasons": [], "problems": [],
        "causes": [],
    }  # fmt: skip
    before = found()
    assert sorted(before) == [title for _, title in TITLES]
    site.answer = speaker.says(site, [("jeu-00", "Comptage nouveau"), *TITLES[1:]])
    again = harvest()
    assert (again["changed"], again["unchanged"], again["new"]) == (1, 11, 0)
    assert found()["Comptage nouveau"] == before["Comptage 00"]


def test_an_unchanged_source_costs_one_request(site: Site, made: dict[str, Any]) -> None:
    site.answer = feed(site, TITLES, ETag='"un"')
    assert harvest()["new"] == 12
    for _ in range(2):
        site.asked.clear()
        assert harvest()["unchanged"] == 12
        [asked] = site.asked
        assert asked.headers["If-None-Match"] == '"un"'
    site.answer = feed(site, TITLES)
    site.asked.clear()
    assert harvest()["unchanged"] == 12 and len(site.asked) == 1, "a server that says nothing of it: the answer is compared"
    assert act("tzc_harvest_status")["listed"] == 0, "and no record of it is looked at"


def test_what_was_deleted_here_is_made_again_though_the_source_says_the_same(site: Site, made: dict[str, Any]) -> None:
    site.answer = feed(site, TITLES, ETag='"un"')
    harvest()
    identifier = found()["Comptage 03"]
    tk.get_action("package_delete")({"ignore_auth": True, "user": tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]}, {"id": identifier})
    assert harvest()["new"] == 1
    assert found()["Comptage 03"] == identifier


def test_a_dry_run_tells_each_field_and_is_done_as_it_was_told(site: Site, made: dict[str, Any]) -> None:
    harvest()
    site.answer = feed(site, [("jeu-00", "Comptage nouveau"), *TITLES[1:], ("jeu-12", "Comptage 12"), ("jeu-13", "")])
    run = work(act("tzc_harvest_dry_run")["run"])
    told = act("tzc_harvest_status")
    assert (told["state"], told["asks"]) == ("planned", "dry")
    assert {kind: count for kind, count in told["found"].items() if count} == {"new": 1, "changed": 1, "unchanged": 11, "refused": 1}
    changed = act("tzc_harvest_entries", change="changed")
    assert changed["count"] == 1
    assert changed["entries"][0]["differences"] == [{"field": "title", "file": "", "before": "Comptage 00", "after": "Comptage nouveau"}]
    assert "no title" in act("tzc_harvest_entries", change="refused")["entries"][0]["words"]
    assert "Comptage nouveau" not in found()
    # what the source says meanwhile is for the next run
    site.answer = feed(site, [("jeu-00", "Encore autre chose"), *TITLES[1:]])
    act("tzc_harvest_approve")
    done = telling.summary(work(run.id))
    assert (done["new"], done["changed"], done["refused"]) == (1, 1, 1)
    assert {"Comptage nouveau", "Comptage 12"} <= found().keys()


def test_one_bad_dataset_of_a_batch_fails_alone(site: Site, made: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """One that the schema refuses, and one at which a plugin falls over after it was written."""
    from ckanext.tzc.catalogue import plugin
    from ckanext.tzc.harvesting.engine import writing

    original = writing.Writer._validated

    def refuses(writer: Any, wanted: dict[str, Any], *rest: Any) -> dict[str, Any]:
        if wanted["title"] == "Comptage 07":
            raise tk.ValidationError({"title": ["Trop beau"]})
        answer: dict[str, Any] = original(writer, wanted, *rest)
        return answer

    harvested: list[str] = []

    def falls_over(_self: object, _context: object, package: dict[str, Any]) -> None:
        harvested.append(package["title"])
        if package["title"] == "Comptage 05":
            raise KeyError("axis")

    with monkeypatch.context() as patched:
        patched.setattr(plugin.CataloguePlugin, "after_dataset_create", falls_over)
        patched.setattr(writing.Writer, "_validated", refuses)
        done = harvest()
    assert (done["new"], done["failed"], done["refused"]) == (10, 1, 1)
    reasons = {reason["identifier"][-6:]: reason["words"] for reason in done["reasons"]}
    assert "KeyError" in reasons["jeu-05"] and "Trop beau" in reasons["jeu-07"]
    assert len(found()) == 10 and harvested.count("Comptage 00") == 2, "the batch was done again"
    assert harvest()["new"] == 2


def test_what_the_schema_refuses_only_when_it_is_written_is_told_so(site: Site, made: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The portal came to a new release between a plan and its end."""
    from ckanext.tzc.harvesting.engine import reading, writing

    harvest()
    site.answer = feed(site, [("jeu-00", "Comptage nouveau"), *TITLES[1:], ("jeu-12", "Comptage 12"), ("jeu-13", "Comptage 13")])
    run_id = act("tzc_harvest_dry_run")["run"]
    work(run_id)
    act("tzc_harvest_approve")
    original = writing.Writer._validated

    def refuses(writer: Any, wanted: dict[str, Any], *rest: Any) -> dict[str, Any]:
        if wanted["title"] in {"Comptage nouveau", "Comptage 12"}:
            raise tk.ValidationError({"title": ["Trop beau"]})
        answer: dict[str, Any] = original(writer, wanted, *rest)
        return answer

    monkeypatch.setattr(writing.Writer, "_validated", refuses)
    monkeypatch.setattr(reading, "_code", lambda: "a newer release")
    done = telling.summary(work(run_id))
    assert (done["new"], done["changed"], done["refused"], done["failed"]) == (1, 0, 2, 0)
    assert {(reason["identifier"][-6:], "Trop beau" in reason["words"], reason["cause"]) for reason in done["reasons"]} == {("jeu-00", True, "schema"), ("jeu-12", True, "schema")}


def test_a_run_that_brought_nothing_is_no_first_one(site: Site, made: dict[str, Any]) -> None:
    site.answer = feed(site, [])
    assert work(act("tzc_harvest_run")["run"]).state == store.DONE
    site.answer = feed(site, TITLES)
    run = work(act("tzc_harvest_run")["run"])
    assert (run.state, run.asks) == (store.PLANNED, "first")


def test_who_approved_a_first_plan_is_not_asked_again_where_it_came_to_nothing(site: Site, made: dict[str, Any]) -> None:
    """Somebody has looked; else each night's run waits, as its source was never harvested."""
    run_id = act("tzc_harvest_run")["run"]
    assert work(run_id).asks == "first"
    act("tzc_harvest_approve")
    with model.meta.engine.begin() as connection:
        connection.execute(sa.text("UPDATE tzc_harvesting_run SET taken_over = :number"), {"number": leases.MOST_TAKEN_OVER + 1})
    assert work(run_id).state == store.FAILED and found() == {}
    assert work(act("tzc_harvest_run")["run"]).state == store.DONE and len(found()) == 12


def test_a_source_that_brought_datasets_before_there_were_plans_needs_no_approval(site: Site, made: dict[str, Any]) -> None:
    harvest()
    model.Session.query(store.Known).delete()
    model.Session.commit()
    site.answer = feed(site, [("jeu-00", "Comptage nouveau"), *TITLES[1:]])
    assert work(act("tzc_harvest_run")["run"]).state == store.DONE
    assert "Comptage nouveau" in found()


def test_one_activity_a_batch(site: Site, made: dict[str, Any]) -> None:
    from ckanext.activity.model import Activity

    harvest()
    [activity] = model.Session.query(Activity).filter_by(activity_type="harvested").all()
    assert activity.object_id == made["id"] and activity.data["counts"] == {"new": 12}
    assert model.Session.query(Activity).filter_by(activity_type="new package").filter(Activity.object_id != made["id"]).count() == 0


# what is no longer at the source


@pytest.mark.usefixtures("patient")
def test_what_is_missing_is_kept_a_while_then_deleted_and_taken_back(site: Site, made: dict[str, Any]) -> None:
    site.answer = feed(site, TITLES, ETag='"un"')
    harvest()
    identifier = found()["Comptage 11"]
    site.answer = feed(site, TITLES[:11], ETag='"deux"')
    assert harvest()["missing"] == 1 and identifier in found().values()
    assert tk.h.tzc_harvest_origin({"id": identifier})["missing"]
    days_pass(6)
    assert harvest()["deleted"] == 0
    days_pass(2)
    assert harvest()["deleted"] == 1, "also where the source says the same as before"
    assert len(found()) == 11
    last = store.last_run(made["id"])
    assert last is not None and act("tzc_harvest_restore") == {"restored": 1, "run": last.id, "begun": last.begun.isoformat(), "others": []}
    assert act("tzc_harvest_restore")["restored"] == 0, "once"
    assert found()["Comptage 11"] == identifier
    assert tk.h.tzc_harvest_origin({"id": identifier})["missing"], "it is the source's still"
    of_source = {"fq": f'harvest_source_id:"{made["id"]}"', "rows": 0}
    assert tk.get_action("package_search")({"user": ""}, of_source)["count"] == 12
    days_pass(30)
    again = harvest()
    assert (again["deleted"], again["missing"]) == (0, 0), "what somebody took back is not deleted again"
    site.answer = feed(site, TITLES)
    assert harvest()["unchanged"] + 1 == 12
    assert model.Session.query(store.ItemRow).filter(store.ItemRow.missing.is_not(None)).count() == 0


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("days", [0, 2, 30])
def test_a_source_may_have_a_grace_of_its_own(site: Site, source: Source, days: int) -> None:
    """None, less than the portal's week, or more."""
    site.answer = feed(site, TITLES)
    source(f"{site.address}/catalog", "tzc_dcat", {"allow_internal": True, "grace_days": days})
    harvest()
    site.answer = feed(site, TITLES[:11])
    done = harvest()
    assert (done["missing"], done["deleted"]) == ((1, 0) if days else (0, 1))
    if days:
        days_pass(days - 1)
        assert harvest()["deleted"] == 0
        days_pass(1)
        assert harvest()["deleted"] == 1


@pytest.mark.usefixtures("patient")
def test_many_departures_stop_the_run_and_ask(site: Site, made: dict[str, Any]) -> None:
    harvest()
    site.answer = feed(site, [("jeu-00", "Comptage nouveau"), *TITLES[1:6]])
    run = work(act("tzc_harvest_run", approve=True)["run"])
    assert (run.state, run.asks) == (store.PLANNED, "departures")
    assert "6 " in act("tzc_harvest_status")["problems"][0] and "Comptage nouveau" not in found()
    act("tzc_harvest_stop")
    assert len(found()) == 12
    run = work(act("tzc_harvest_run")["run"])
    act("tzc_harvest_approve")
    assert telling.summary(work(run.id))["missing"] == 6
    assert len(found()) == 12, "they are kept a while"


# leases


def test_a_run_has_one_worker_and_is_taken_over_once(site: Site, made: dict[str, Any]) -> None:
    run_id = act("tzc_harvest_run", approve=True)["run"]
    assert leases.claim("premier") == run_id
    assert leases.claim("deuxième") is None, "the first one lives"
    with model.meta.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE tzc_harvesting_run SET beat = beat - interval '2 minutes'")
    assert [leases.claim("deuxième"), leases.claim("troisième")] == [run_id, None]
    with leases.Lease(run_id, "premier") as lease, pytest.raises(leases.LostError):
        lease.hold()
    model.Session.rollback()
    leases.release(run_id, "deuxième")
    assert telling.summary(work(run_id))["new"] == 12


def test_a_run_whose_workers_elsewhere_fall_silent_is_given_up(site: Site, made: dict[str, Any]) -> None:
    """Nobody here sees them end; what each costs is counted when the next one takes over."""
    run_id = act("tzc_harvest_run", approve=True)["run"]
    for number in range(leases.MOST_TAKEN_OVER + 1):
        assert leases.claim(f"machine {number}") == run_id
        found = store.run(run_id)
        assert found is not None and found.taken_over == number
        model.Session.rollback()
        with model.meta.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE tzc_harvesting_run SET beat = beat - interval '2 minutes'")
    site.asked.clear()
    assert work(run_id).state == store.FAILED and site.asked == []


@pytest.mark.parametrize("order", ["approve", "resume"])
def test_who_has_a_run_go_on_forgives_what_it_cost_before(site: Site, made: dict[str, Any], order: str) -> None:
    run_id = act("tzc_harvest_run", approve=order == "resume")["run"]
    if order == "approve":
        work(run_id)
    else:
        act("tzc_harvest_pause")
    with model.meta.engine.begin() as connection:
        connection.execute(sa.text("UPDATE tzc_harvesting_run SET taken_over = :most"), {"most": leases.MOST_TAKEN_OVER})
    act("tzc_harvest_approve") if order == "approve" else act("tzc_harvest_pause", resume=True)
    assert leases.claim("ailleurs") == run_id
    with model.meta.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE tzc_harvesting_run SET beat = beat - interval '2 minutes'")
    assert work(run_id).state == store.DONE


def test_a_run_is_not_taken_over_before_a_transaction_of_its_worker_ends(site: Site, made: dict[str, Any]) -> None:
    """However long it was silent: what it writes would be written twice."""
    run_id = act("tzc_harvest_run", approve=True)["run"]
    leases.claim("premier")
    with model.meta.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE tzc_harvesting_run SET beat = beat - interval '2 minutes'")
    leases.Lease(run_id, "premier").hold()
    assert leases.claim("deuxième") is None
    model.Session.commit()
    assert leases.claim("deuxième") == run_id


def test_a_worker_signs_and_gives_back_only_what_is_its_own(site: Site, made: dict[str, Any]) -> None:
    run_id = act("tzc_harvest_run", approve=True)["run"]
    leases.claim("moi")
    with pytest.raises(leases.LostError):
        leases.Lease(run_id, "un autre").sign()
    leases.release(run_id, "un autre", broke="SIGKILL")
    leases.release(run_id, "un autre")
    found = store.run(run_id)
    assert found is not None and (found.owner, found.taken_over) == ("moi", 0)
    model.Session.rollback()
    assert leases.claim("un troisième") is None


@pytest.mark.parametrize("failures", [[], [sa.exc.OperationalError("UPDATE …", {}, Exception("the server is away")), MemoryError()]], ids=["well", "at first in vain"])
def test_a_worker_signs_while_it_lives(made: dict[str, Any], monkeypatch: pytest.MonkeyPatch, failures: list[Exception]) -> None:
    run_id = act("tzc_harvest_run", approve=True)["run"]
    monkeypatch.setattr(leases, "PULSE", 0.01)
    original, errors = leases.Lease.sign, iter(failures)

    def sign(lease: leases.Lease) -> None:
        if error := next(errors, None):
            raise error
        original(lease)

    monkeypatch.setattr(leases.Lease, "sign", sign)
    leases.claim("moi")
    signed = []
    with leases.Lease(run_id, "moi") as lease:
        for _ in range(500):
            seen = store.run(run_id)
            assert seen is not None
            signed.append(seen.beat)
            model.Session.rollback()
            if len(set(signed)) > 2:
                break
        assert len(set(signed)) > 2
        lease.hold()
        model.Session.rollback()


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(("when", "written_first"), [("listing", 0), ("writing", 3)])
def test_who_lost_the_run_writes_nothing_more(site: Site, made: dict[str, Any], monkeypatch: pytest.MonkeyPatch, when: str, written_first: int) -> None:
    from ckanext.tzc.harvesting.engine import documents

    def taken() -> None:
        with model.meta.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE tzc_harvesting_run SET owner = 'un autre'")

    whole, to_index = site.answer, documents.to_index
    if when == "listing":
        site.answer = lambda asked: (taken(), whole(asked))[1]
    else:
        monkeypatch.setattr(documents, "to_index", lambda ids, **more: (taken(), to_index(ids, **more)))
    run = work(act("tzc_harvest_run", approve=True)["run"])
    assert (run.owner, run.ended) == ("un autre", None)
    assert written(run.id) == model.Session.query(model.Package).filter_by(type="dataset").count() == written_first
    assert model.Session.query(store.Entry).count() == (0 if when == "listing" else 12)


def test_two_sources_of_one_host_are_not_asked_at_once(site: Site, made: dict[str, Any], source: Source) -> None:
    source(f"{site.address}/autre", "tzc_dcat", name="une-autre")
    source("http://192.0.2.1/", "tzc_dcat", name="ailleurs")
    first = act("tzc_harvest_run")["run"]
    second = act("tzc_harvest_run", source="une-autre")["run"]
    elsewhere = act("tzc_harvest_run", source="ailleurs")["run"]
    assert [leases.claim(name) for name in "abc"] == [first, elsewhere, None]
    leases.release(first, "a")
    orders.stop(made["id"])
    assert leases.claim("d") == second


# a worker that is killed, and orders while it works


class Killed(BaseException):
    """What kill −9 leaves of a process: nothing is put away."""


def killed_at(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, call: int) -> None:
    """The worker dies when this is called for the so-manieth time."""
    original, calls = getattr(module, name), iter(range(1, 1000))

    def dies(*arguments: Any, **named: Any) -> Any:
        if next(calls) == call:
            raise Killed
        return original(*arguments, **named)

    monkeypatch.setattr(module, name, dies)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Batches of three."""
    from ckanext.tzc.harvesting.engine import planning

    with monkeypatch.context() as patched:
        patched.setattr(planning, "BATCH", 3)
        patched.setattr(applying, "BATCH", 3)
        yield


def die(run_id: str) -> None:
    with pytest.raises(Killed):
        orders.work_now(run_id)
    model.Session.rollback()
    with model.meta.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE tzc_harvesting_run SET beat = beat - interval '2 minutes'")


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(("place", "call"), [("planning._compare", 3), ("planning._depart", 1), ("applying._tell", 3), ("documents.to_index", 2), ("documents.to_index", 4)])
def test_a_run_whose_worker_dies_ends_as_any_other(site: Site, made: dict[str, Any], place: str, call: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from ckanext.tzc.harvesting.engine import documents, planning

    harvest()
    undisturbed = state()
    tk.get_action("harvest_source_clear")({"ignore_auth": True, "model": model, "session": model.Session, "user": ""}, {"id": made["id"]})
    module, name = place.split(".")
    with monkeypatch.context() as patched:
        killed_at(patched, {"planning": planning, "applying": applying, "documents": documents}[module], name, call)
        run_id = act("tzc_harvest_run", approve=True)["run"]
        die(run_id)
    done = telling.summary(work(run_id))
    assert (done["state"], done["new"], done["failed"]) == (store.DONE, 12, 0)
    assert state() == undisturbed and sorted(found()) == sorted(undisturbed)
    assert model.Session.query(HarvestObject).filter_by(current=True).count() == 12


@pytest.mark.parametrize(("rest", "rests"), [(100, 3), (0, 0)])
def test_a_long_run_rests_between_batches(site: Site, made: dict[str, Any], rest: int, rests: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that readers have the index and a processor; twelve datasets in batches of one are two batches more than are done at once."""
    slept: list[float] = []
    monkeypatch.setitem(tk.config, "tzc.harvesting.rest", rest)
    monkeypatch.setattr(applying, "BATCH", 1)
    monkeypatch.setattr(applying, "time", SimpleNamespace(monotonic=time.monotonic, sleep=slept.append))
    assert harvest()["new"] == 12
    assert len([seconds for seconds in slept if seconds > 0]) == rests and all(0 <= seconds < 20 for seconds in slept)


@pytest.mark.parametrize(("seconds", "seen"), [(3600, [*range(1, 10), 9, 9, 9]), (0, [*range(1, 13)])])
def test_a_long_run_is_found_from_time_to_time(site: Site, made: dict[str, Any], seconds: int, seen: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each time the index forgets the answers that it keeps for readers."""
    from ckanext.tzc.harvesting.engine import documents

    counts: list[int] = []
    to_index = documents.to_index
    monkeypatch.setitem(tk.config, "tzc.harvesting.rest", 0)
    monkeypatch.setattr(applying, "BATCH", 1)
    monkeypatch.setattr(applying, "SHOWN", seconds)
    monkeypatch.setattr(documents, "to_index", lambda ids, **more: (to_index(ids, **more), counts.append(len(found()))))
    assert harvest()["new"] == 12
    assert counts == seen and len(found()) == 12


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(("place", "call"), [("documents.to_index", 3), ("documents.show", 1)])
def test_what_search_did_not_find_yet_when_a_worker_dies_is_found(site: Site, made: dict[str, Any], place: str, call: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from ckanext.tzc.harvesting.engine import documents

    monkeypatch.setattr(applying, "SOON", 1)
    with monkeypatch.context() as patched:
        killed_at(patched, documents, place.partition(".")[2], call)
        run_id = act("tzc_harvest_run", approve=True)["run"]
        die(run_id)
    assert found() == {}
    assert telling.summary(work(run_id))["new"] == 12 and len(found()) == 12


@pytest.mark.usefixtures("small")
def test_what_a_paused_run_brought_is_found(site: Site, made: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    original = applying._batch

    def pausing(*arguments: Any) -> None:
        original(*arguments)
        act("tzc_harvest_pause")

    monkeypatch.setattr(applying, "SOON", 1)
    monkeypatch.setattr(applying, "_batch", pausing)
    run_id = act("tzc_harvest_run", approve=True)["run"]
    assert work(run_id).state == store.PAUSED and len(found()) == written(run_id) > 0


@pytest.mark.parametrize("after", ["listing", "first datasets"])
def test_a_process_that_is_killed_harms_nothing(site: Site, made: dict[str, Any], after: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By kill −9, while the source is asked, and while datasets are written."""
    monkeypatch.setattr(applying, "BATCH", 2)
    undisturbed = {title for _, title in TITLES}
    whole = site.answer
    asked = threading.Event()

    def slow(request: Asked) -> Reply:
        asked.set()
        if after == "listing":
            time.sleep(30)
        return whole(request)

    site.answer = slow
    run_id, owner = act("tzc_harvest_run", approve=True)["run"], leases.me()
    assert leases.claim(owner, run_id) == run_id
    service = serving.Service(1)
    process = serving.fork(run_id, owner)
    service.workers[process] = run_id, owner
    assert asked.wait(30)
    while after == "first datasets" and not written(run_id):
        assert os.waitpid(process, os.WNOHANG) == (0, 0)
    os.kill(process, signal.SIGKILL)
    service.reap(0)
    service.give_back()
    site.answer = whole
    done = telling.summary(work(run_id))
    assert (done["state"], done["new"], done["failed"]) == (store.DONE, 12, 0)
    assert set(found()) == undisturbed
    assert model.Session.query(model.Package).filter_by(type="dataset").count() == 12


def written(run_id: str) -> int:
    """How many rows of a run are done."""
    model.Session.rollback()
    return model.Session.query(store.Entry).filter(store.Entry.run_id == run_id, store.Entry.outcome.is_not(None)).count()


@pytest.mark.usefixtures("small")
def test_a_run_is_paused_gone_on_with_and_stopped(site: Site, made: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    original = applying._batch

    def wanting(act_name: str) -> Callable[..., None]:
        def batch(*arguments: Any) -> None:
            original(*arguments)
            act(act_name)

        return batch

    run_id = act("tzc_harvest_run", approve=True)["run"]
    monkeypatch.setattr(applying, "_batch", wanting("tzc_harvest_pause"))
    assert work(run_id).state == store.PAUSED
    assert len(found()) < 12 and leases.claim("quelqu’un") is None
    act("tzc_harvest_pause", resume=True)
    site.asked.clear()
    monkeypatch.setattr(applying, "_batch", wanting("tzc_harvest_stop"))
    assert work(run_id).state == store.STOPPED
    assert site.asked == [], "it goes on where it was"
    left = 12 - len(found())
    monkeypatch.setattr(applying, "_batch", original)
    assert left > 0 and harvest()["new"] == left


# who may


@pytest.mark.parametrize("name", ["source_show", "source_show_status", "job_show", "job_list", "object_show", "object_list"])
def test_what_ckanext_harvest_tells_of_a_source_is_for_its_editors(made: dict[str, Any], person: Callable[[str], Person], name: str) -> None:
    """Members of the partner may read the source, which is private."""
    run_id = act("tzc_harvest_run", approve=True)["run"]
    work(run_id)
    record = model.Session.query(HarvestObject.id).filter_by(harvest_source_id=made["id"]).first()[0]
    asked = {"source_show": {"id": made["id"]}, "source_show_status": {"id": made["id"]}, "job_show": {"id": run_id}, "object_show": {"id": record}}.get(name, {"source_id": made["id"]})

    def context(user: str) -> dict[str, Any]:
        return {"user": user, "model": model, "session": model.Session}

    stranger = factories.User()["name"]
    for user in (person("member").name, stranger, ""):
        for ask in (tk.get_action(f"harvest_{name}"), partial(tk.check_access, f"harvest_{name}")):
            with pytest.raises(tk.NotAuthorized):
                ask(context(user), dict(asked))
    with pytest.raises(tk.NotAuthorized):
        tk.get_action(f"harvest_{name}")(context(stranger), {})
    assert tk.get_action(f"harvest_{name}")(context(person("editor").name), dict(asked))


@pytest.mark.filterwarnings("ignore:The 'warn' method is deprecated")  # ckanext-harvest's
@pytest.mark.parametrize("name", ["dry_run", "run", "approve", "pause", "stop", "restore", "status", "entries"])
def test_only_the_sources_editors_may(made: dict[str, Any], partner: dict[str, Any], name: str) -> None:
    work(act("tzc_harvest_run")["run"])
    for user in (factories.User()["name"], ""):
        with pytest.raises(tk.NotAuthorized):
            tk.get_action(f"tzc_harvest_{name}")({"user": user}, {"source": made["id"]})
    try:
        tk.get_action(f"tzc_harvest_{name}")({"user": partner["editor"]}, {"source": made["id"]})
    except tk.ValidationError:
        assert name in {"dry_run", "run", "pause"}, "a plan waits"


READ_ONLY = {
    "tzc_credential_list", "tzc_feed_list", "tzc_feed_run_list", "tzc_feed_show", "tzc_feed_version_list", "tzc_harvest_double_show", "tzc_harvest_doubles", "tzc_harvest_entries", "tzc_harvest_log",
    "tzc_harvest_mapping_show", "tzc_harvest_mapping_try", "tzc_harvest_mapping_versions", "tzc_harvest_merges", "tzc_harvest_status", "harvest_source_list", "harvest_source_show",
}  # fmt: skip
"""Actions of harvests and feeds that change nothing."""


def test_a_get_changes_nothing(made: dict[str, Any], app: Any) -> None:
    """A link or an image that somebody is shown calls what a GET may call, with their session."""
    administrator = factories.Sysadmin()["name"]
    token = tk.get_action("api_token_create")({"ignore_auth": True, "user": administrator}, {"user": administrator, "name": "programme"})["token"]
    actions = {name for room in ("tzc_harvesting", "tzc_feeding") for name in p.get_plugin(room).get_actions()}
    assert len(actions) > len(READ_ONLY) + 20
    assert {name for name in actions if getattr(tk.get_action(name), "side_effect_free", False)} == READ_ONLY
    for name in sorted(actions - READ_ONLY):
        answer = app.get(f"/api/3/action/{name}?source=une-source&id=une-source&approve=true", headers={"Authorization": token})
        assert answer.status_code >= 400 and ("POST method" in answer.body or not name.startswith("tzc_")), (name, answer.body)
    assert store.last_run(made["id"]) is None
