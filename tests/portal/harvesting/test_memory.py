"""Sources that make little of theirs much of our memory: their own run ends, with the reason, and nothing else does."""
from __future__ import annotations

import dataclasses
import os
import signal
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import psutil
import pytest
import sqlalchemy as sa
from ckanext.tzc.common import outages
from ckanext.tzc.harvesters import base
from ckanext.tzc.harvesters.http import Limits
from ckanext.tzc.harvesting import samples
from ckanext.tzc.harvesting.engine import leases, memory, orders, planning, serving, store
from ckanext.tzc.harvesting.partners import PartnerHarvester

from tests.domain.harvesters.hostile import MEGABYTE
from tests.domain.harvesters.speakers import Answer, answered
from tests.portal.harvesting.world import TITLES, Catalogue, Run, World, datasets
from tests.sites import Reply

pytestmark = pytest.mark.usefixtures("with_plugins", "with_request_context")

MOST = 96
"""Megabytes of a run in these tests."""

TOO_MUCH = f"Ce que donne la source demande plus de mémoire qu’une moisson ne peut en prendre ({MOST} Mo, tzc.harvesting.memory). La lecture s’arrête là."
NOT_WHOLE = "Le catalogue n’a pas été lu en entier."
NOTHING = b"{}," * (4 * MEGABYTE)
"""Twelve megabytes of JSON, 400 of objects."""


@pytest.fixture(autouse=True)
def small(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not much memory for a run."""
    monkeypatch.setattr(PartnerHarvester, "limits", Limits(size=16 * MEGABYTE, tries=1))
    monkeypatch.setitem(tk.config, "tzc.harvesting.memory", MOST)


def begun(one: Catalogue) -> str:
    """A run that waits for a worker."""
    user = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    job = tk.get_action("harvest_job_create")({"user": user}, {"source_id": one.source["id"], "run": False})
    return str(orders.begin(job["id"], approved_by=user).id)


def served(one: Catalogue) -> tuple[int, int]:
    """Harvest a source as it is served: how its process ended, and the bytes that it held at most besides those that it began with."""
    begun(one)
    service, before = serving.Service(1), psutil.Process().memory_info().rss
    assert service.look()
    [process] = service.workers
    _, status, used = os.wait4(process, 0)
    return os.waitstatus_to_exitcode(status), used.ru_maxrss * 1024 - before


def grown(one: Catalogue) -> Answer:
    """The datasets of before, and among them what grows."""
    if one.speaker.name == "data.json":
        return lambda _: Reply(b'{"conformsTo": "https://project-open-data.cio.gov/v1.1/schema", "dataset": [' + NOTHING + b"{}]}", headers={"Content-Type": "application/json"})
    return lambda _: Reply(b'{"success": true, "result": {"count": 12, "results": [' + NOTHING + b"{}]}}", headers={"Content-Type": "application/json"})


@pytest.mark.parametrize("speaker", ["data.json", "ckan"])
def test_an_answer_that_grows_ends_its_own_run(world: World, run: Run, speaker: str) -> None:
    one = world.harvested(speaker, run) if speaker == "ckan" else world.well(world.new(speaker), run)
    before = datasets()
    one.site.answer = grown(one)
    code, held = served(one)
    assert code == 0 and held < (MOST + 64) * MEGABYTE
    state, reasons = world.told(one)
    assert (state, reasons) == (store.DONE, [TOO_MUCH, NOT_WHOLE])
    assert datasets() == before
    world.goes_on(run)
    one.site.answer = one.well()
    assert served(one)[0] == 0
    assert world.told(one) == (store.DONE, []), "it is well again"


def test_a_record_that_grows_is_refused_alone(world: World, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its reader takes more than there is."""
    one, here, read = world.new("ckan"), os.getpid(), base.record_of

    def grows(harvester: base.Harvester, content: str, source: base.Source) -> Any:
        record = read(harvester, content, source)
        assert os.getpid() != here
        return bytearray(2**30) if record.identifier == "gros" else record

    monkeypatch.setattr(base, "record_of", grows)
    one.site.answer = one.well([("a", "Un"), ("gros", "Gros"), ("b", "Deux")])
    code, _held = served(one)
    assert code == 0
    last = store.last_run(one.source["id"])
    assert last is not None and last.state in {store.DONE, store.PLANNED}
    found = {entry.identifier: (entry.change, entry.cause) for entry in model.Session.query(store.Entry).filter_by(run_id=last.id)}
    assert found == {"a": (store.NEW, ""), "gros": (store.REFUSED, memory.CAUSE), "b": (store.NEW, "")}


@pytest.mark.parametrize("how", [signal.SIGABRT, signal.SIGKILL])
def test_a_process_that_is_ended_for_want_of_memory(world: World, run: Run, monkeypatch: pytest.MonkeyPatch, how: signal.Signals) -> None:
    """As a library ends it that gets no more, and as the system does that has no more."""
    one, here = world.well(world.new("dcat-turtle"), run), os.getpid()
    before, plan = datasets(), planning.make

    def ends(lease: leases.Lease, origin: Any) -> Any:
        if os.getpid() != here and origin.id == one.source["id"]:
            os.kill(os.getpid(), how)
        return plan(lease, origin)

    monkeypatch.setattr(planning, "make", ends)
    monkeypatch.setattr(leases, "MOST_TAKEN_OVER", 1)
    run_id, service, processes = begun(one), serving.Service(1), 0
    while (found := store.run(run_id)) is not None and not found.ended:
        model.Session.rollback()
        processes += service.look()
        service.reap(0)
        service.give_back()
    assert processes == 3
    state, reasons = world.told(one)
    ended = f"Son processus a été arrêté à chaque fois ({how.name}), comme il arrive quand la mémoire manque : une moisson peut en prendre {MOST} Mo (tzc.harvesting.memory)."
    assert (state, reasons) == (store.FAILED, [f"La moisson s’est interrompue 2 fois et est abandonnée. {ended}"])
    user = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    [cause] = tk.get_action("tzc_harvest_status")({"user": user}, {"source": one.source["id"]})["causes"]
    assert cause["cause"] == memory.CAUSE
    assert datasets() == before
    world.goes_on(run)


def test_what_is_a_want_of_memory() -> None:
    def of_database(words: str) -> sa.exc.DBAPIError:
        return sa.exc.OperationalError("SELECT 1", {}, model.meta.engine.dialect.dbapi.OperationalError(words))

    assert memory.is_short(MemoryError()) and memory.is_short(RuntimeError("can't start new thread")) and memory.is_short(of_database("out of memory for query result"))
    assert not any(map(memory.is_short, (RuntimeError("x"), KeyError("out of memory"), of_database("connection refused"))))
    assert not outages.is_outage(of_database("out of memory for query result")), "another try would need as much"


# samples, for which somebody waits


def asked(one: Catalogue) -> str:
    """What somebody is told who asks for samples."""
    user = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    with pytest.raises(tk.ValidationError) as refused:
        tk.get_action("tzc_harvest_mapping_sample")({"user": user}, {"source": one.source["name"]})
    [words] = refused.value.error_dict["source"]
    return str(words)


def test_samples_take_no_memory_of_the_portal(world: World, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "ASKED", dataclasses.replace(samples.ASKED, size=16 * MEGABYTE))
    one = world.new("ckan")
    one.site.answer = grown(one)
    world.editor.visit(f"/harvest/{one.source['name']}/correspondances")
    world.editor.send(("ask", ""))
    [alert] = world.editor.page.xpath("//p[@role='alert']")
    assert " ".join(alert.text_content().split()).endswith(TOO_MUCH)
    world.goes_on(run)


def test_samples_take_no_more_time_than_somebody_waits(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An expression that takes for ever lets nothing else of its process work: the process is ended."""
    from tzc import apart

    one = world.new("ckan")
    one.site.answer = lambda _: answered("…", "text/plain")
    monkeypatch.setattr(apart, "LATER", 1)
    monkeypatch.setattr(samples, "ASKED", dataclasses.replace(samples.ASKED, run=1))
    monkeypatch.setattr(samples.sampling, "named", lambda _: "tests.domain.harvesters.endless:Endless")
    assert asked(one) == "Lire ce que donne la source prend plus de 1 secondes. Une moisson a plus de temps : faites un essai à blanc."


@pytest.mark.parametrize("words", ["Aborts", "Leaves"])
def test_a_process_of_samples_that_ends(world: World, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    one = world.new("ckan")
    monkeypatch.setattr(samples.sampling, "named", lambda _: f"tests.domain.harvesters.endless:{words}")
    assert asked(one) == (TOO_MUCH if words == "Aborts" else "Ce que donne la source n’a pas pu être lu : le processus qui le lit s’est interrompu.")


def test_samples_need_no_memory_to_speak_of(world: World) -> None:
    one = world.new("ckan")
    one.site.answer = one.well(TITLES)
    user = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    assert tk.get_action("tzc_harvest_mapping_sample")({"user": user}, {"source": one.source["name"]}) == {"samples": 3}
