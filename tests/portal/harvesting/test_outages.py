"""What is no fault of a run and what may be: servers of the portal that are away, workers that end, and what a run that is given up says."""
from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import psycopg2
import pysolr
import pytest
import redis
import sqlalchemy as sa
from ckan.lib import search
from ckanext.tzc.common import outages
from ckanext.tzc.harvesting import commanding, jobs
from ckanext.tzc.harvesting.engine import applying, documents, leases, orders, planning, processes, restoring, serving, store, telling, unindexed, working, writing
from click import ClickException

from tests.domain.harvesters.speakers import answered, turtle
from tests.people import Person
from tests.sites import Site

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context", "impatient")

TITLES = [(f"jeu-{number:02}", f"Comptage {number:02}") for number in range(12)]
NOWHERE = "http://127.0.0.1:1/solr/none"


@pytest.fixture
def run_id(site: Site, source: Callable[..., dict[str, Any]]) -> str:
    """A run that waits, of a source with twelve datasets."""
    site.answer = lambda _: answered(turtle(site, TITLES), "text/turtle")
    source(f"{site.address}/catalog", "tzc_dcat")
    user = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    begun: dict[str, Any] = tk.get_action("tzc_harvest_run")({"user": user}, {"source": "une-source", "approve": True})
    return str(begun["run"])


def told(run_id: str) -> store.Run:
    model.Session.rollback()
    found = store.run(run_id)
    assert found is not None
    return found


def ends_well(run_id: str) -> None:
    """The run goes on to its end, and has all datasets."""
    orders.work_now(run_id)
    done = telling.summary(told(run_id))
    assert (done["state"], done["new"], done["failed"], done["problems"]) == (store.DONE, 12, 0, [])
    assert sorted(entry["title"] for entry in tk.get_action("package_search")({"user": ""}, {"q": "*:*", "rows": 100})["results"]) == [title for _, title in TITLES]


def cutting(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> None:
    """The database ends the connection whenever this is called."""
    original = getattr(module, name)

    def ends(*arguments: Any, **named: Any) -> Any:
        process = model.Session.execute(sa.text("SELECT pg_backend_pid()")).scalar()
        with model.meta.engine.connect() as other:
            assert other.execute(sa.text("SELECT pg_terminate_backend(:process, 5000)"), {"process": process}).scalar()
        return original(*arguments, **named)

    monkeypatch.setattr(module, name, ends)


@pytest.mark.parametrize(("module", "name"), [(planning, "_compare"), (planning, "_depart"), (applying, "_tell"), (working, "_done")], ids=["list", "plan", "write", "end"])
def test_a_database_that_is_away_again_and_again(run_id: str, monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> None:
    with monkeypatch.context() as patched:
        cutting(patched, module, name)
        for _ in range(leases.MOST_TAKEN_OVER + 2):
            with pytest.raises(outages.OutageError):
                orders.work_now(run_id)
            assert (told(run_id).owner, told(run_id).taken_over, told(run_id).ended) == (None, 0, None)
    ends_well(run_id)


def test_an_index_that_is_away_again_and_again(run_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(search.index, "make_connection", lambda: pysolr.Solr(NOWHERE, timeout=1))
        for _ in range(leases.MOST_TAKEN_OVER + 2):
            with pytest.raises(outages.OutageError):
                orders.work_now(run_id)
            assert (told(run_id).state, told(run_id).taken_over) == (store.APPLYING, 0)
        with pytest.raises(ClickException, match="Failed to connect"):
            commanding._until_it_rests(run_id)
    ends_well(run_id)


def test_jobs_that_cannot_be_sent_lose_no_dataset(run_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever would have had them looks for what is left over."""
    from ckan.lib import redis as connecting

    with monkeypatch.context() as patched:
        patched.setattr(connecting, "_connection_pool", redis.ConnectionPool(host="127.0.0.1", port=1))
        patched.setitem(tk.config, "ckan.redis.url", "redis://127.0.0.1:1/0")
        orders.work_now(run_id)
    done = telling.summary(told(run_id))
    assert (done["state"], done["new"], done["failed"]) == (store.DONE, 12, 0)


def listed() -> list[str]:
    return sorted(entry["title"] for entry in tk.get_action("package_search")({"user": ""}, {"q": "*:*", "rows": 100})["results"])


@pytest.fixture
def deleting(run_id: str, site: Site, person: Callable[[str], Person]) -> tuple[str, Person]:
    """A run that deleted three of the twelve, and an editor."""
    ends_well(run_id)
    site.answer = lambda _: answered(turtle(site, TITLES[:9]), "text/turtle")
    user = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    second = str(tk.get_action("tzc_harvest_run")({"user": user}, {"source": "une-source", "approve": True})["run"])
    orders.work_now(second)
    assert len(listed()) == 9
    return second, person("editor")


def test_what_is_taken_back_while_the_index_is_away_is_told_and_found_later(deleting: tuple[str, Person], monkeypatch: pytest.MonkeyPatch) -> None:
    run_id, editor = deleting
    monkeypatch.setattr(restoring, "AT_ONCE", 1)
    tried: list[str] = []
    with monkeypatch.context() as patched:
        patched.setattr(search.index, "make_connection", lambda: (tried.append(""), pysolr.Solr(NOWHERE, timeout=1))[1])
        editor.visit(f"/harvest/une-source/job/{run_id}/plan")
        [form] = [place for place, form in enumerate(editor.page.xpath("//main//form[@method='post']")) if form.action.endswith("/restore")]
        editor.send(form=form)
        assert unindexed.words() in editor.said() and len(tried) == 1, "nobody waits for it three times"
        assert jobs.bring_to_index() == 0
    assert len(listed()) == 9 and model.Session.query(model.Package).filter_by(type="dataset", state="active").count() == 12
    assert jobs.bring_to_index() == 3
    assert listed() == [title for _, title in TITLES]


def test_what_is_taken_back_is_found_though_the_portal_fell(deleting: tuple[str, Person], monkeypatch: pytest.MonkeyPatch) -> None:
    run_id, editor = deleting

    def falls(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(documents, "to_index", falls)
        with pytest.raises(KeyboardInterrupt):
            tk.get_action("tzc_harvest_restore")({"user": editor.name}, {"source": "une-source", "run": run_id})
    model.Session.remove()
    assert len(listed()) == 9
    assert jobs.bring_to_index() == 3
    assert listed() == [title for _, title in TITLES]
    assert model.Session.query(unindexed.Unindexed).count() == 0


def test_one_over_which_the_index_falls_is_tried_again_and_keeps_no_other_waiting(deleting: tuple[str, Person], monkeypatch: pytest.MonkeyPatch) -> None:
    run_id, editor = deleting
    original = documents._shown

    def falls(package: Any, plain: dict[str, Any]) -> dict[str, Any]:
        if package.title == "Comptage 10":
            raise KeyError("title")
        return original(package, plain)

    with monkeypatch.context() as patched:
        patched.setattr(documents, "_shown", falls)
        done = tk.get_action("tzc_harvest_restore")({"user": editor.name}, {"source": "une-source", "run": run_id})
        assert (done["restored"], done["unindexed"]) == (3, True)
        assert [jobs.bring_to_index(), jobs.bring_to_index()] == [2, 0]
    assert len(listed()) == 11
    model.Session.query(unindexed.Unindexed).update({"again": store.now()})
    model.Session.commit()
    assert (jobs.bring_to_index(), len(listed())) == (1, 12)


def solr(status: int) -> pysolr.SolrError:
    return pysolr.SolrError(f"Solr responded with an error (HTTP {status}): …")


def of_database(error: Exception) -> sa.exc.DBAPIError:
    return sa.exc.DBAPIError("SELECT 1", {}, error)


class Refused(psycopg2.OperationalError):
    """What PostgreSQL says of one statement."""

    pgcode = "54000"


class Starting(psycopg2.OperationalError):
    """What it says of all."""

    pgcode = "57P03"


@pytest.mark.parametrize(
    ("error", "away"),
    [
        (of_database(Starting()), True), (of_database(Refused()), False), (of_database(psycopg2.InterfaceError("connection already closed")), True), (of_database(psycopg2.DataError()), False), (of_database(psycopg2.DatabaseError("error with status PGRES_TUPLES_OK")), True),
        (solr(503), True), (solr(404), True), (solr(400), False), (pysolr.SolrError("Failed to connect to server"), True), (redis.exceptions.ConnectionError(), True), (redis.exceptions.ResponseError(), False),
        (KeyError("x"), False), (Starting(), True), (Refused(), False), (psycopg2.InterfaceError("cursor already closed"), True), (psycopg2.DataError(), False),
    ],
)  # fmt: skip
def test_what_is_an_outage(error: Exception, away: bool) -> None:
    assert outages.is_outage(error) is away
    try:
        try:
            raise error
        except type(error):
            raise search.SearchIndexError("…")  # noqa: B904 -- as CKAN does
    except search.SearchIndexError as wrapped:
        assert outages.is_outage(wrapped) is away


# workers that end


def begun(run_id: str, at_once: int = 1) -> serving.Service:
    """A service that has begun the run in a process of its own."""
    service = serving.Service(at_once)
    assert service.look() and [claimed for claimed, _ in service.workers.values()] == [run_id]
    return service


def ended(run_id: str, end: signal.Signals) -> None:
    """The run's process is ended while the source is asked."""
    service = begun(run_id)
    [process] = service.workers
    os.kill(process, end)
    service.reap(0)
    service.give_back()


@pytest.fixture
def halted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker does nothing but wait for its end."""
    monkeypatch.setattr(working, "work", lambda *_: signal.pause())


@pytest.mark.usefixtures("halted")
def test_a_run_that_kills_its_workers_is_given_up(run_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(leases.MOST_TAKEN_OVER + 1):
        ended(run_id, signal.SIGKILL)
        assert (told(run_id).owner, told(run_id).taken_over) == (None, number + 1)
    monkeypatch.undo()
    orders.work_now(run_id)
    why = "Son processus a été arrêté à chaque fois (SIGKILL), comme il arrive quand la mémoire manque : une moisson peut en prendre 1024 Mo (tzc.harvesting.memory)."
    assert telling.summary(told(run_id))["problems"] == [f"La moisson s’est interrompue {leases.MOST_TAKEN_OVER + 1} fois et est abandonnée. {why}"]
    assert told(run_id).state == store.FAILED


def test_what_gets_on_is_not_given_up(run_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that broke off before something was done do not count any more."""
    monkeypatch.setattr(applying, "BATCH", 2)
    with model.meta.engine.begin() as connection:
        connection.execute(sa.text("UPDATE tzc_harvesting_run SET taken_over = 5"))
    ends_well(run_id)
    assert told(run_id).taken_over == 0


@pytest.mark.usefixtures("halted")
def test_a_service_that_is_stopped_blames_no_run(run_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    begun(run_id).stop()
    assert (told(run_id).owner, told(run_id).taken_over) == (None, 0)
    monkeypatch.undo()
    ends_well(run_id)


def test_a_service_that_is_killed_leaves_its_runs_to_the_next(run_id: str) -> None:
    """At once, as its process is known to be gone; nothing waits for the silence of a lease."""
    reading, writing_end = os.pipe()
    process = os.fork()
    if not process:
        try:
            model.meta.engine.dispose(close=False)
            os.write(writing_end, (leases.claim(leases.me()) or "").encode())
            signal.pause()
        finally:
            os._exit(1)
    assert os.read(reading, 100).decode() == run_id
    service = serving.Service(1)
    assert not service.look(), "it lives"
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    assert service.look()
    service.reap(0)
    assert telling.summary(told(run_id))["new"] == 12 and told(run_id).taken_over == 0


@pytest.mark.usefixtures("halted")
def test_what_cannot_be_given_back_is_given_back_later(run_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    service = begun(run_id)
    [process] = service.workers
    os.kill(process, signal.SIGKILL)
    os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT)
    with monkeypatch.context() as patched:
        patched.setattr(leases, "release", lambda *_, **__: (_ for _ in ()).throw(of_database(Starting())))
        assert not service.look()
    assert told(run_id).owner
    service.give_back()
    assert (told(run_id).owner, told(run_id).taken_over) == (None, 1)


def test_who_is_gone() -> None:
    process = os.fork()
    if not process:
        os._exit(0)
    realm, _, _, last = processes.name().split(":")
    os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT)
    assert processes.is_gone(f"{realm}:{process}:123:{last}"), "it has ended, and nobody has taken note"
    os.waitpid(process, 0)
    assert processes.is_gone(f"{realm}:{process}:123:{last}")
    assert processes.is_gone(f"{realm}:{os.getpid()}:1:{last}"), "another one had this number before"
    for alive in (processes.name(), f"{realm}x:{process}:123:{last}", "an.old.name:12:abc", "", f"{realm}:x:1:{last}"):
        assert not processes.is_gone(alive)


# what one dataset costs the others


def test_a_record_over_which_its_reader_falls_fails_alone(run_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from ckanext.tzc.harvesters.partners import dcat

    original = dcat._Reading.record

    def falls(reading: Any) -> Any:
        if "jeu-05" in str(reading.root):
            raise TypeError("un lecteur\x00 qui tombe")
        return original(reading)

    monkeypatch.setattr(dcat._Reading, "record", falls)
    orders.work_now(run_id)
    done = telling.summary(told(run_id))
    assert (done["new"], done["refused"]) == (11, 1)
    assert "TypeError: un lecteur qui tombe" in done["reasons"][0]["words"]


def test_a_dataset_over_which_a_plugin_falls_fails_alone(run_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the plan is made, and again when it is done."""
    original = writing.Writer.new

    def falls(writer: Any, given: dict[str, Any]) -> Any:
        if given["title"] == "Comptage 05":
            raise KeyError("axis")
        return original(writer, given)

    monkeypatch.setattr(writing.Writer, "new", falls)
    orders.work_now(run_id)
    done = telling.summary(told(run_id))
    assert (done["new"], done["refused"]) == (11, 1)
    assert "KeyError: 'axis'" in done["reasons"][0]["words"]


def test_what_the_index_refuses_is_told_and_the_others_are_found(run_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    original = documents._shown

    def falls(package: Any, plain: dict[str, Any]) -> dict[str, Any]:
        if package.title == "Comptage 05":
            raise KeyError("title")
        return original(package, plain)

    monkeypatch.setattr(documents, "_shown", falls)
    orders.work_now(run_id)
    done = telling.summary(told(run_id))
    assert (done["state"], done["new"]) == (store.DONE, 12)
    assert ["Comptage 05" in problem and "KeyError: 'title'" in problem for problem in done["problems"]] == [True]
    assert tk.get_action("package_search")({"user": ""}, {"q": "*:*", "rows": 0})["count"] == 11


def test_long_records_are_done_few_at_a_time(run_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    original = applying._batch
    monkeypatch.setattr(applying, "_batch", lambda lease, origin, rows: (sizes.append(len(rows)), original(lease, origin, rows)))
    monkeypatch.setattr(applying, "WEIGHT", 1)
    monkeypatch.setattr(planning, "WEIGHT", 1)
    ends_well(run_id)
    assert sizes == [1] * 12
