"""Harvesters of other programs work in a process that is watched: what one of them does wrong has a clear end, and harms nothing else."""
from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ckan.model as model
import ckan.plugins.core as plugins
import ckan.plugins.toolkit as tk
import psutil
import psycopg2
import pysolr
import pytest
import sqlalchemy as sa
from ckan.lib import search
from ckan.tests import factories
from ckanext.harvest.model import HarvestJob, HarvestObject, HarvestObjectError, HarvestSource
from ckanext.tzc.common import outages
from ckanext.tzc.harvesting import jobs, sources
from ckanext.tzc.harvesting.bridge import records, watching
from ckanext.tzc.harvesting.engine import leases, orders, serving, store, telling

from tests.people import Person
from tests.portal.harvesting.strange import Strange
from tests.sites import Reply, Site, catalogue

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context", "impatient", "strange", "quick")

Source = Callable[..., dict[str, Any]]
ELSEWHERE = "https://catalogue.example.org/"
GUARDED = "is an address of an internal network. Only a source for which an administrator allowed it (allow_internal) may lead there."


@pytest.fixture
def strange(allowed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The strange harvester is installed, and its kind allowed."""
    monkeypatch.setitem(plugins._PLUGINS_SERVICE, "strange", Strange(name="strange"))
    monkeypatch.setitem(tk.config, sources.ALLOWED, ["ckan", "dcat_rdf", "strange"])


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Little patience."""
    monkeypatch.setattr(watching, "limits", lambda: watching.Limits(run=120, silence=2, stop=0.2))
    monkeypatch.setattr(watching, "LOOK", 0.05)


@pytest.fixture
def listing(source: Source, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """A source of the strange harvester with these records."""

    def make(*names: str, address: str = ELSEWHERE, name: str = "une-source", **settings: Any) -> dict[str, Any]:
        return source(address, "strange", {"records": names, "diary": str(tmp_path / name), **settings}, name=name)

    return make


def act(name: str, **asked: Any) -> dict[str, Any]:
    user = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    answer: dict[str, Any] = tk.get_action(name)({"user": user}, {"source": "une-source", **asked})
    return answer


def begun(**asked: Any) -> str:
    return str(act("tzc_harvest_run", **asked)["run"])


def work(run_id: str) -> store.Run:
    orders.work_now(run_id)
    model.Session.expire_all()
    found = store.run(run_id)
    assert found is not None
    return found


def harvest(**asked: Any) -> dict[str, Any]:
    """A run of the source, to its end; what became of it."""
    return telling.summary(work(begun(**asked)))


def found() -> list[str]:
    """What a stranger finds, by title."""
    return sorted(entry["title"] for entry in tk.get_action("package_search")({"user": ""}, {"q": "*:*", "rows": 100})["results"])


def states(run_id: str) -> dict[str, tuple[str, str | None]]:
    model.Session.expire_all()
    return {entry.guid: (entry.state, entry.report_status) for entry in model.Session.query(HarvestObject).filter_by(harvest_job_id=run_id)}


def written(folder: Path, name: str = "une-source") -> list[str]:
    """What the harvester did, in its order."""
    return (folder / name).read_text(encoding="utf-8").splitlines()


def died(name: str) -> str:
    return tk._("The harvester's process died (%s).") % name


def silent() -> str:
    return tk._("Nothing was heard of the harvester for %s minutes (tzc.harvesting.bridge_silence): it was ended.") % "0.033"


def outcome(told: dict[str, Any]) -> tuple[str, dict[str, str], list[str]]:
    return told["state"], {reason["identifier"]: reason["words"] for reason in told["reasons"]}, told["problems"]


# the harvesters that there are


def test_a_ckan_is_harvested_as_ckanext_harvest_does(site: Site, source: Source) -> None:
    good = [{"id": f"jeu-{number}", "name": f"jeu-{number}", "title": f"Jeu {number}", "notes": "Un jeu.", "license_id": "lov2", "state": "active", "private": False} for number in (1, 2)]
    site.answer = catalogue([*good, {"id": "jeu-3", "name": "jeu-3", "title": "Jeu 3", "resources": [{"url": "https://example.org/", "last_modified": "hier"}]}])
    source(site.address, "ckan", {"allow_internal": True, "default_extras": {"guid": "{dataset_id}"}})
    run_id = begun()
    told = telling.summary(work(run_id))
    assert {name: told[name] for name in ("state", "new", "changed", "unchanged", "failed", "problems")} == {
        "state": "done", "new": 2, "changed": 0, "unchanged": 0, "failed": 1, "problems": [],
    }  # fmt: skip
    [reason] = told["reasons"]
    assert reason["identifier"] == "jeu-3" and "last_modified" in reason["words"]
    assert states(run_id) == {"jeu-1": ("COMPLETE", "added"), "jeu-2": ("COMPLETE", "added"), "jeu-3": ("ERROR", "errored")}
    assert found() == ["Jeu 1", "Jeu 2"]
    job = HarvestJob.get(run_id)
    assert job.status == "Finished" and job.gather_started and job.gather_finished and job.finished
    assert act("tzc_harvest_status")["done"] == {"new": 2, "failed": 1}


def test_what_a_dcat_feed_lists_no_longer_is_deleted_as_ckanext_dcat_does(site: Site, source: Source) -> None:
    def feed(*names: str) -> Reply:
        record = "<https://example.org/{0}> a dcat:Dataset ; dct:title 'Jeu {0}' ; dct:description 'Un jeu.' ."
        text = "@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> ." + " ".join(record.format(name) for name in names)
        return Reply(text.encode(), headers={"Content-Type": "text/turtle"})

    site.answer = lambda _: feed("un", "deux")
    source(f"{site.address}/catalog.ttl", "dcat_rdf")
    assert harvest()["new"] == 2
    site.answer = lambda _: feed("un")
    told = harvest()
    assert (told["state"], told["changed"], told["deleted"], told["problems"]) == ("done", 1, 1, [])
    assert found() == ["Jeu un"]


def test_a_reference_feed_is_harvested(feeds: str, source: Source) -> None:
    source(f"{feeds}/dcat-bnodes.xml", "dcat_rdf")
    assert (harvest()["new"], len(found())) == (3, 3)


# records that go wrong


def test_one_bad_record_fails_alone_with_its_reason(listing: Any, tmp_path: Path) -> None:
    listing("writes un", "raises", "fails", "writes deux", "dies", "leaves", "hangs", "writes trois", "writes-and-dies quatre")
    run_id = begun()
    told = telling.summary(work(run_id))
    assert outcome(told) == (
        "done",
        {
            "raises": "KeyError: 'axis'",
            "fails": tk._("The harvester gave no reason."),
            "dies": died("SIGKILL"),
            "leaves": tk._("The harvester ended its process (exit code %d).") % 3,
            "hangs": silent(),
        },
        [],
    )
    assert (told["new"], told["failed"]) == (4, 5)
    assert found() == ["Jeu deux", "Jeu quatre", "Jeu trois", "Jeu un"], "what was written when its process died is found"
    assert written(tmp_path) == ["listing", "writes un", "raises", "fails", "writes deux", "dies", "leaves", "hangs", "writes trois", "writes-and-dies quatre"], "each once, in order"
    assert model.Session.query(model.Package).filter_by(type="dataset").count() == 4


@pytest.mark.parametrize("listing_too", [False, True])
def test_whatever_a_harvester_quotes_is_told(listing: Any, listing_too: bool) -> None:
    listing("odd", "writes un", **({"listing": "odd"} if listing_too else {}))
    told = harvest()
    reason = told["problems"][0] if listing_too else told["reasons"][0]["words"]
    assert "ValueError: ab ?" in reason and told["new"] == (0 if listing_too else 1)
    assert " ?" in {line["words"] for line in act("tzc_harvest_log")["lines"]}


def test_records_come_in_the_order_that_the_harvester_gives(listing: Any, tmp_path: Path) -> None:
    listing("writes un", "dies", "writes deux", backwards=True)
    assert harvest()["new"] == 2
    assert written(tmp_path) == ["listing", "writes deux", "dies", "writes un"]


@pytest.mark.parametrize(
    ("deed", "words"),
    [
        ("raises", lambda: tk._("The answer could not be read: %s") % "KeyError: 'axis'"),
        ("nothing", lambda: tk._("The harvester listed nothing, and gave no reason.")),
        ("dies", lambda: died("SIGKILL")),
        ("hangs", silent),
    ],
)
def test_a_listing_that_goes_wrong_ends_the_run_with_its_reason(listing: Any, deed: str, words: Callable[[], str]) -> None:
    listing("writes un", listing=deed)
    assert outcome(harvest()) == ("failed", {}, [words()])
    assert found() == []
    model.Session.expire_all()
    assert model.Session.query(HarvestJob).one().status == "Finished"
    assert act("tzc_harvest_run")["state"] == "waiting", "the next run may come"


def test_a_run_has_an_end(listing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    listing("writes un", "hangs", "writes deux")
    monkeypatch.setattr(watching, "limits", lambda: watching.Limits(run=3, silence=60))
    run_id = begun()
    told = telling.summary(work(run_id))
    words = tk._("The harvester was ended after %s hours, the longest that a run may take (tzc.harvesting.bridge_hours). What it took in stays.") % "0.000833333"
    assert outcome(told) == ("failed", {}, [words])
    assert states(run_id) == {"writes un": ("COMPLETE", "added"), "hangs": ("ERROR", None), "writes deux": ("ERROR", None)}


def test_what_a_harvester_started_ends_with_it(listing: Any, tmp_path: Path) -> None:
    note = tmp_path / "program"
    listing(f"hangs-with {note}", "writes un")
    assert harvest()["new"] == 1
    process = int(note.read_text(encoding="utf-8"))
    assert not psutil.pid_exists(process) or psutil.Process(process).status() == psutil.STATUS_ZOMBIE


def test_a_run_whose_harvester_dies_again_and_again_is_given_up(listing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "limits", lambda: watching.Limits(run=60, silence=60, deaths=2))
    listing("dies 1", "dies 2", "dies 3", "writes un")
    told = harvest()
    assert (told["state"], told["failed"], told["problems"]) == ("failed", 2, [tk._("The harvester's process ended %d times in this run, which is given up.") % 2])


# others go on


def test_a_hanging_run_holds_up_nobody(site: Site, listing: Any, source: Source) -> None:
    """Ours have workers of their own, though the address is the same."""
    listing("hangs", address=f"{site.address}/theirs")
    source(f"{site.address}/catalog", "tzc_dcat", name="la-notre")
    theirs, ours = begun(), begun(source="la-notre")
    assert leases.claim("x", bridged=True) == theirs
    assert leases.claim("y", bridged=True) is None
    assert leases.claim("z", bridged=False) == ours


def test_the_worker_takes_both_at_once(site: Site, listing: Any, source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `harvest-work` does, with one place for each: theirs hangs until ours has ended."""
    site.answer = lambda _: Reply(b"", headers={"Content-Type": "text/turtle"})
    listing("hangs")
    source(f"{site.address}/catalog", "tzc_dcat", name="la-notre")
    theirs, ours = begun(), begun(source="la-notre")
    monkeypatch.setattr(watching, "limits", lambda: watching.Limits(run=120, silence=120, stop=0.2))
    monkeypatch.setattr(serving, "PAUSE", 0.05)
    model.Session.remove()
    worker = os.fork()
    if not worker:
        try:
            model.meta.engine.dispose(close=False)
            serving.Service(1, 1).serve()
        finally:
            os._exit(0)
    try:
        until(lambda: ended(ours) and at(theirs, "hangs"))
        assert not ended(theirs)
        act("tzc_harvest_stop")
        until(lambda: ended(theirs))
    finally:
        os.kill(worker, signal.SIGTERM)
        os.waitpid(worker, 0)
    model.Session.rollback()
    stopped = store.run(theirs)
    assert stopped is not None and stopped.state == store.STOPPED


def until(true: Callable[[], bool]) -> None:
    """Wait; the test's time limit is the end of it."""
    while not true():
        model.Session.rollback()


def ended(run_id: str) -> bool:
    run = store.run(run_id)
    return run is not None and run.ended is not None


def at(run_id: str, guid: str) -> bool:
    """Whether the harvester is at this record."""
    return guid in {record.guid for record in records.left(run_id, ("IMPORT",))}


# a worker that dies, and orders


def forked(run_id: str) -> tuple[int, str]:
    """A worker of a run, in a process of its own."""
    owner = leases.me()
    assert leases.claim(owner, run_id) == run_id
    model.Session.remove()
    return serving.fork(run_id, owner), owner


def reaped(process: int, run_id: str, owner: str) -> None:
    """Wait for a worker to end, and give back its run, as `harvest-work` does."""
    service = serving.Service(1, 1)
    service.workers[process] = run_id, owner
    service.reap(0)
    service.give_back()


def test_a_run_whose_worker_is_killed_goes_on_where_it_was(listing: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "limits", lambda: watching.Limits(run=60, silence=60))
    listing("writes un", "fails", "hangs", "writes deux")
    run_id = begun()
    process, owner = forked(run_id)
    until(lambda: at(run_id, "hangs"))
    [harvester] = psutil.Process(process).children()
    os.kill(process, signal.SIGKILL)
    reaped(process, run_id, owner)
    harvester.wait(10)
    assert states(run_id) == {"writes un": ("COMPLETE", "added"), "fails": ("ERROR", "errored"), "hangs": ("IMPORT", None), "writes deux": ("WAITING", None)}
    monkeypatch.setattr(watching, "limits", lambda: watching.Limits(run=60, silence=2))
    told = telling.summary(work(run_id))
    assert (told["state"], told["new"], told["failed"]) == ("done", 2, 2)
    assert written(tmp_path) == ["listing", "writes un", "fails", "hangs", "hangs", "writes deux"], "what had ended is not done again"


def test_a_harvester_that_takes_a_record_for_written_is_believed_once_it_is(listing: Any) -> None:
    """The mark alone says nothing: there is no dataset, or the harvester told of a fault."""
    made = listing("writes un")
    harvest()
    record = model.Session.query(HarvestObject).one()
    record.state = "IMPORT"
    model.Session.commit()
    assert records.is_written(record)
    record.current = False
    assert not records.is_written(record)
    record.current = True
    package = model.Package.get(record.package_id)
    package.state = "deleted"
    model.Session.commit()
    assert not records.is_written(record)
    package.state = "active"
    HarvestObjectError(message="Non", object=record).save()
    assert not records.is_written(record)
    assert made["source_type"] == "strange"


def test_jobs_of_the_consumers_that_were_are_closed(listing: Any) -> None:
    """By the migration; those of the engine go on."""
    from importlib import import_module

    old, new = listing("writes un", name="ancienne"), listing("writes deux", name="nouvelle", address="https://autre.example.org/")
    job = HarvestJob(source_id=old["id"], status="Running")
    job.save()
    HarvestObject(job=job, guid="un", state="FETCH").save()
    run_id = begun(source="nouvelle")
    for statement in import_module("ckanext.tzc.migration.tzc_harvesting.versions.0009_bridge").CLOSE:
        model.Session.execute(sa.text(statement))
    model.Session.commit()
    model.Session.expire_all()
    assert (HarvestJob.get(job.id).status, states(job.id)) == ("Finished", {"un": ("ERROR", None)})
    assert HarvestJob.get(run_id).status == "Running" and new["id"]


def test_a_listing_whose_worker_is_killed_is_made_anew(listing: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = listing("writes un")
    harvest()
    job = tk.get_action("harvest_job_create")({"ignore_auth": True, "user": ""}, {"source_id": made["id"]})
    # it listed what is gone, and took the mark from what stood for it, when it was killed
    old = model.Session.query(HarvestObject).one()
    HarvestObject(guid=old.guid, job=HarvestJob.get(job["id"]), package_id=old.package_id).save()
    old.current = False
    run = store.run(job["id"])
    assert run is not None
    run.state = store.PLANNING
    model.Session.commit()
    records.forget(run.id)
    model.Session.expire_all()
    assert states(run.id) == {} and model.Session.query(HarvestObject).one().current
    assert work(run.id).state == store.DONE
    assert written(tmp_path) == ["listing", "writes un", "listing", "writes un"]


def test_a_run_is_paused_between_records_and_stopped_in_one(listing: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "limits", lambda: watching.Limits(run=60, silence=60, stop=0.2))
    listing("writes un", "hangs", "writes deux")
    run_id = begun()
    act("tzc_harvest_pause")
    assert leases.claim("x", run_id) is None
    act("tzc_harvest_pause", resume=True)
    process, owner = forked(run_id)
    until(lambda: at(run_id, "hangs"))
    act("tzc_harvest_stop")
    reaped(process, run_id, owner)
    told = telling.summary(store.run(run_id))  # type: ignore[arg-type] # -- it is there
    assert (told["state"], told["new"], told["failed"]) == ("stopped", 1, 0)
    assert states(run_id) == {"writes un": ("COMPLETE", "added"), "hangs": ("ERROR", None), "writes deux": ("ERROR", None)}
    assert written(tmp_path)[-1] == "hangs"


def test_a_pause_waits_for_the_record_that_is_written(listing: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listing("writes un", "writes deux")
    run_id = begun()
    original = Strange.import_stage

    def wanting(self: Strange, record: Any) -> Any:
        model.Session.query(store.Run).update({"wanted": "pause"})
        return original(self, record)

    with monkeypatch.context() as patched:
        patched.setattr(Strange, "import_stage", wanting)
        assert work(run_id).state == store.PAUSED
    assert states(run_id) == {"writes un": ("COMPLETE", "added"), "writes deux": ("WAITING", None)}
    act("tzc_harvest_pause", resume=True)
    assert work(run_id).state == store.DONE
    assert written(tmp_path) == ["listing", "writes un", "writes deux"]


def test_a_listing_that_is_made_is_kept_by_a_pause(listing: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listing("writes un")
    run_id = begun()
    original = Strange.gather_stage

    def wanting(self: Strange, job: Any) -> Any:
        model.Session.query(store.Run).update({"wanted": "pause"})
        return original(self, job)

    with monkeypatch.context() as patched:
        patched.setattr(Strange, "gather_stage", wanting)
        assert work(run_id).state == store.PAUSED
    assert states(run_id) == {"writes un": ("WAITING", None)}
    assert act("tzc_harvest_pause", resume=True)["state"] == store.APPLYING
    assert work(run_id).state == store.DONE
    assert written(tmp_path) == ["listing", "writes un"]


def test_who_lost_the_run_ends_the_harvester(listing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "limits", lambda: watching.Limits(run=60, silence=60))
    listing("hangs")
    run_id = begun()
    process, owner = forked(run_id)
    until(lambda: at(run_id, "hangs"))
    harvesters = psutil.Process(process).children()
    with model.meta.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE tzc_harvesting_run SET owner = 'another'")
    reaped(process, run_id, owner)
    psutil.wait_procs(harvesters, 10)
    assert not any(harvester.is_running() for harvester in harvesters)
    assert states(run_id) == {"hangs": ("IMPORT", None)}, "it is the other's to say what became of it"


# servers of the portal that are away


class Gone(psycopg2.OperationalError):
    """What PostgreSQL says while it is ended."""

    pgcode = "57P01"


class TooLong(psycopg2.OperationalError):
    """What it says of one row, of the same kind."""

    pgcode = "54000"


def of_database(error: Exception) -> Exception:
    return sa.exc.OperationalError("INSERT …", {}, error)


def of_index(words: str) -> Exception:
    """As CKAN raises it."""
    try:
        try:
            raise pysolr.SolrError(words)
        except pysolr.SolrError as error:
            raise search.SearchIndexError(str(error))  # noqa: B904 -- as CKAN does
    except search.SearchIndexError as raised:
        return raised


def raising(patched: pytest.MonkeyPatch, stage: str, error: Exception, at: str = "") -> None:
    """The harvester meets this error, in one of its stages; at each record, or at that one."""
    original = getattr(Strange, stage)

    def meets(self: Strange, found: Any) -> Any:
        if stage == "gather_stage" or at in {"", found.guid}:
            raise error
        return original(self, found)

    patched.setattr(Strange, stage, meets)


@pytest.mark.parametrize("error", [of_database(Gone()), of_index("Failed to connect to server"), of_index("Solr responded with an error (HTTP 503): starting")], ids=["database", "index", "starting"])
@pytest.mark.parametrize("stage", ["gather_stage", "import_stage"])
def test_a_server_that_is_away_again_and_again_is_held_against_no_run(listing: Any, monkeypatch: pytest.MonkeyPatch, stage: str, error: Exception) -> None:
    listing("writes un", "writes deux")
    run_id = begun()
    for _ in range(leases.MOST_TAKEN_OVER + 2):
        with monkeypatch.context() as patched:
            raising(patched, stage, error)
            process, owner = forked(run_id)
            reaped(process, run_id, owner)
        model.Session.expire_all()
        run = store.run(run_id)
        assert run is not None and (run.owner, run.taken_over, run.ended) == (None, 0, None)
    told = telling.summary(work(run_id))
    assert outcome(told) == ("done", {}, []) and told["new"] == 2, "no record is blamed either"


def test_who_works_on_it_here_learns_that_it_waits(listing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    listing("writes un")
    run_id = begun()
    raising(monkeypatch, "import_stage", of_database(Gone()))
    with pytest.raises(outages.OutageError, match="Gone"):
        orders.work_now(run_id)
    model.Session.rollback()
    run = store.run(run_id)
    assert run is not None and (run.state, run.owner) == (store.APPLYING, None)


@pytest.mark.parametrize("error", [of_database(TooLong()), of_index("Solr responded with an error (HTTP 400): [doc=1]"), psycopg2.OperationalError("of its own")], ids=["database", "index", "own"])
def test_what_is_refused_of_one_record_is_no_outage(listing: Any, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Nor is a server of the harvester's own."""
    listing("writes un", "writes deux", "writes trois")
    raising(monkeypatch, "import_stage", error, "writes deux")
    told = harvest()
    assert (told["state"], told["new"], told["failed"]) == ("done", 2, 1)
    assert told["reasons"][0]["identifier"] == "writes deux" and type(error).__name__ in told["reasons"][0]["words"]


@pytest.mark.parametrize(("records", "deed"), [(["writes un"], "raises"), (["dies"], ""), (["writes-and-dies un"], "")])
def test_a_run_whose_records_end_gets_on(listing: Any, records: list[str], deed: str) -> None:
    """Workers that broke off before count no more, however the record ended."""
    listing(*records, *([deed] if deed else []))
    run_id = begun()
    with model.meta.engine.begin() as connection:
        connection.execute(sa.text("UPDATE tzc_harvesting_run SET taken_over = 5"))
    run = work(run_id)
    assert (run.state, run.taken_over) == (store.DONE, 0)


def test_what_had_ended_before_is_no_getting_on(listing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that all its workers die of at the same record is given up."""
    monkeypatch.setattr(watching, "limits", lambda: watching.Limits(run=60, silence=60))
    listing("writes un", "hangs", "writes deux")
    run_id = begun()
    for number in range(2):
        process, owner = forked(run_id)
        # what it says is kept by then: a worker that is killed while it writes that down holds the run for a moment longer
        until(lambda: said(run_id, "At hangs") > number)  # noqa: B023 -- it is called at once
        os.kill(process, signal.SIGKILL)
        reaped(process, run_id, owner)
        model.Session.expire_all()
        run = store.run(run_id)
        assert run is not None and (run.taken_over, run.broke) == (number + 1, "SIGKILL")


def said(run_id: str, words: str) -> int:
    """How often the harvester said so."""
    return int(model.Session.query(store.LogLine).filter_by(run_id=run_id, words=words).count())


# the network


WAYS = ["requests http://{host}:{port}/", "urllib http://{host}:{port}/", "owslib http://{host}:{port}/", "http {host}:{port}", "ftp {host}:{port}", "name {host}:{port}", "datagram {host}:{port}"]


@pytest.mark.parametrize("way", WAYS)
def test_no_library_leads_into_the_internal_network(site: Site, listing: Any, way: str) -> None:
    site.answer = lambda _: Reply(b"the inside")
    port = int(site.address.rpartition(":")[2])
    asked = [way.format(host=host, port=port) for host in ("127.0.0.1", "localhost")]
    listing(*asked, "writes un")
    told = harvest()
    assert site.asked == []
    assert told["state"] == "done" and told["new"] == 1, "the portal's own servers are reached all the same"
    assert told["problems"][0] == f"127.0.0.1 {GUARDED}"
    # a datagram is sent to a name without a connection
    by_name = "localhost would be connected to without a look at its number." if way.startswith("datagram") else f"localhost (127.0.0.1) {GUARDED}"
    assert told["problems"] == [f"127.0.0.1 {GUARDED}", by_name]
    reasons = [reason["words"] for reason in told["reasons"]]
    assert len(reasons) == 2 and all(words.startswith("asked in vain") for words in reasons)


def test_an_administrator_allows_a_source_to_lead_there(site: Site, listing: Any) -> None:
    site.answer = lambda _: Reply(b"the inside")
    listing(f"requests {site.address}/", allow_internal=True)
    assert outcome(harvest()) == ("done", {f"requests {site.address}/": "was answered: the inside"}, [])


def test_the_number_that_is_connected_to_counts_though_the_name_had_another(listing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that answers twice: first with an address of the internet."""
    original, answers = socket.getaddrinfo, iter(["93.184.216.34"])

    def rebound(host: Any, *rest: Any, **named: Any) -> Any:
        return original(next(answers, "127.0.0.1") if host == "rebound.example.org" else host, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    socket.getaddrinfo("rebound.example.org", 80)
    listing("requests http://rebound.example.org/", "name rebound.example.org:80")
    _, reasons, problems = outcome(harvest())
    assert problems == [f"127.0.0.1 {GUARDED}"] and all("internal network" in words for words in reasons.values())


def test_the_portals_own_servers_are_its_own(listing: Any) -> None:
    """The index answers the portal while the harvester writes, and nobody else."""
    address = f"{tk.config['solr_url']}/select?q=*:*"
    listing("writes un", f"requests {address}", "writes deux")
    state, reasons, [problem] = outcome(harvest())
    assert state == "done" and found() == ["Jeu deux", "Jeu un"]
    assert "internal network" in reasons[f"requests {address}"] and GUARDED in problem


@pytest.mark.parametrize("way", ["urllib file://{file}", "rdf file://{file}", "urllib ftp://ftp.example.org/a.ttl", "requests file://{file}", "urllib data:,inside"])
@pytest.mark.parametrize("internal", [True, False])
def test_only_addresses_of_the_web_are_asked(listing: Any, tmp_path: Path, way: str, internal: bool) -> None:
    file = tmp_path / "secret.json"
    file.write_text('{"@context": {"inside": "http://inside.example.org/"}}', encoding="utf-8")
    listing(way.format(file=file), allow_internal=internal)
    told = harvest()
    [reason] = told["reasons"]
    assert reason["words"].startswith("asked in vain")
    assert way.startswith("requests") or "no address of the web" in told["problems"][0]


def test_no_proxy_of_the_environment_is_used(site: Site, listing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", site.address)
    monkeypatch.setenv("HTTPS_PROXY", site.address)
    # the portal's own servers excepted
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
    listing("requests http://127.0.0.2:1/", allow_internal=True)
    assert harvest()["failed"] == 1
    assert site.asked == [], "it would look up the name, and connect, elsewhere"


# the log


def test_what_the_harvester_logs_is_kept_with_its_run(listing: Any, person: Callable[[str], Person]) -> None:
    listing("raises", address="https://moi:motdepasse@catalogue.example.org/")
    harvest()
    told = act("tzc_harvest_log")
    assert told["count"] == len(told["lines"])
    lines = [(line["level"], line["words"]) for line in told["lines"]]
    assert ("INFO", "Listing https://…@catalogue.example.org/") in lines and ("INFO", "At raises") in lines
    assert any(level == "WARNING" and "Traceback" in words and "KeyError" in words for level, words in lines)
    assert act("tzc_harvest_log", limit=1, offset=1)["lines"] == [told["lines"][1]]
    editor = person("editor")
    body = editor.visit("/harvest/une-source/job/last")
    assert "At raises" in body and "motdepasse" not in body


def test_a_log_ends_and_old_ones_go(listing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from ckanext.tzc.harvesting.bridge import telling as bridged

    monkeypatch.setattr(bridged, "MOST", 2)
    monkeypatch.setattr(bridged, "RUNS", 1)
    listing("writes un")
    first, second = begun(), ""
    work(first)
    assert act("tzc_harvest_log")["count"] == 2
    second = begun()
    work(second)
    assert [act("tzc_harvest_log", run=run_id)["count"] for run_id in (first, second)] == [0, 2]


@pytest.mark.filterwarnings("ignore:The 'warn' method is deprecated")  # ckanext-harvest's
def test_a_log_is_for_the_sources_editors(listing: Any, partner: dict[str, Any]) -> None:
    listing("writes un")
    harvest()
    for user in (factories.User()["name"], ""):
        with pytest.raises(tk.NotAuthorized):
            tk.get_action("tzc_harvest_log")({"user": user}, {"source": "une-source"})
    assert tk.get_action("tzc_harvest_log")({"user": partner["editor"]}, {"source": "une-source"})["count"]


# what an administrator allows


@pytest.fixture
def forbidden(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    return lambda: monkeypatch.setitem(tk.config, sources.ALLOWED, [])


def barred() -> str:
    words = tk._("Another program harvests sources of the kind “%(kind)s”, and no administrator has allowed it here (%(setting)s).")
    return str(words % {"kind": "strange", "setting": "tzc.harvesting.allowed_kinds"})


def test_nothing_of_other_programs_is_allowed_by_itself() -> None:
    from ckan.common import config_declaration

    assert config_declaration[sources.ALLOWED].normalize(config_declaration[sources.ALLOWED].default) == []


def test_a_kind_that_is_not_allowed_is_not_offered(listing: Any, source: Source, person: Callable[[str], Person], forbidden: Callable[[], None]) -> None:
    administrator = person("sysadmin")

    def offered() -> set[str]:
        return set(administrator.page.xpath("//input[@name='source_type']/@value"))

    administrator.visit("/harvest/new")
    assert {"strange", "ckan", "dcat_rdf", "tzc_ckan"} <= offered() and "dcat_json" not in offered()
    made = listing("writes un")
    forbidden()
    administrator.visit("/harvest/new")
    assert offered() and all(kind.startswith("tzc_") for kind in offered())
    with pytest.raises(tk.ValidationError, match=r"tzc\.harvesting\.allowed_kinds"):
        source("https://example.org/", "strange", name="une-autre")
    administrator.visit("/harvest/edit/une-source")
    assert "strange" in offered(), "one that is there keeps its kind"
    user = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    assert tk.get_action("harvest_source_update")({"user": user}, {**made, "title": "Autre titre"})["title"] == "Autre titre"


def test_a_source_says_why_it_is_not_harvested(listing: Any, person: Callable[[str], Person], forbidden: Callable[[], None]) -> None:
    listing("writes un", name="une-source")
    forbidden()
    with pytest.raises(tk.ValidationError) as refused:
        act("tzc_harvest_run")
    assert refused.value.error_dict == {"source": [barred()]}
    administrator = person("sysadmin")
    administrator.visit("/harvest/une-source")
    assert "strange" in administrator.page.text_content() and sources.ALLOWED in administrator.page.text_content()
    assert not administrator.page.xpath("//main//form[contains(@action, '/harvest/refresh/')]")
    administrator.visit("/harvest/refresh/une-source")
    administrator.send(("start", ""))
    assert sources.ALLOWED in administrator.said()
    assert model.Session.query(HarvestJob).count() == 0


def test_a_run_that_was_asked_for_before_says_why_it_is_not_done(listing: Any, forbidden: Callable[[], None]) -> None:
    listing("writes un")
    run_id = begun()
    forbidden()
    assert outcome(telling.summary(work(run_id))) == ("failed", {}, [barred()])


def test_the_schedule_passes_over_it_and_goes_on(listing: Any, source: Source, forbidden: Callable[[], None]) -> None:
    listing("writes un", name="barree")
    source("https://example.org/", "tzc_dcat", name="la-notre")
    model.Session.query(HarvestSource).update({"frequency": "DAILY", "next_run": None})
    model.Session.commit()
    forbidden()
    jobs.run_due_harvests()
    [job] = model.Session.query(HarvestJob).all()
    assert job.source.type == "tzc_dcat"


def test_harvesters_write_in_a_watched_run_only(listing: Any) -> None:
    made = listing("writes un")
    harvest()
    user = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    with pytest.raises(tk.ValidationError):
        tk.get_action("harvest_objects_import")({"user": user, "model": model, "session": model.Session}, {"source_id": made["id"]})


def test_there_is_no_dry_run(listing: Any) -> None:
    listing("writes un")
    with pytest.raises(tk.ValidationError):
        act("tzc_harvest_dry_run")
    assert model.Session.query(HarvestJob).count() == 0


def test_a_source_that_is_of_another_kind_by_now(listing: Any) -> None:
    made = listing("writes un")
    run_id = begun()
    HarvestSource.get(made["id"]).type = "tzc_dcat"
    model.Session.commit()
    assert outcome(telling.summary(work(run_id))) == ("failed", {}, [tk._("The source is of another kind by now: harvest it again.")])


def test_the_pages_of_a_run_tell_how_it_goes(listing: Any, editor: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "limits", lambda: watching.Limits(run=60, silence=60, stop=0.2))
    listing("writes un", "fails", "hangs")
    run_id = begun()
    assert "En attente de son tour" in editor.visit("/harvest/une-source")
    process, owner = forked(run_id)
    until(lambda: at(run_id, "hangs"))
    assert "2 fiches sur 3" in editor.visit("/harvest/une-source")
    assert not editor.page.xpath("//main//a[contains(@href, '/plan')]")
    act("tzc_harvest_stop")
    reaped(process, run_id, owner)
    editor.visit("/harvest/une-source")
    assert json.loads(json.dumps(act("tzc_harvest_status")))["state"] == "stopped"
