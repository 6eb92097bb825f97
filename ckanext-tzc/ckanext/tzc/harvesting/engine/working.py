"""A run from its turn to its end, and the process that works on all of them: each source in a process of its own, so that a bad one harms no other."""
from __future__ import annotations

import logging
import os
import signal
import time
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckan.lib.search import SearchIndexError
from ckanext.harvest.model import HarvestJob, HarvestObject

from . import applying, leases, planning, reading, standing, store

log = logging.getLogger(__name__)

PAUSE = 2.0
"""Seconds between two looks for work."""

NICENESS = 10
"""A night-long harvest takes of the processors what pages and other jobs leave."""


def work(run_id: str, owner: str) -> None:
    """Work on a run that was claimed, until it ends or waits for somebody."""
    with leases.Lease(run_id, owner) as lease:
        try:
            _work(lease)
        except leases.LostError:
            model.Session.rollback()
            log.warning("Run %s is worked on by somebody else by now.", run_id)
        except leases.WantedError as wanted:
            model.Session.rollback()
            _wanted(lease, str(wanted))
        except (sa.exc.OperationalError, SearchIndexError) as error:
            # the database or the index is away: the run waits where it is
            model.Session.rollback()
            log.warning("Run %s waits: %s", run_id, error)
            raise
        except Exception as error:
            model.Session.rollback()
            log.warning("Run %s failed: %s", run_id, error, exc_info=True)
            _failed(lease, tk._("The answer could not be read: %s") % f"{type(error).__name__}: {str(error)[:300]}")
        finally:
            model.Session.remove()


def _work(lease: leases.Lease) -> None:
    lease.hold()
    run = _of(lease)
    if run.taken_over > leases.MOST_TAKEN_OVER:
        model.Session.commit()
        _failed(lease, tk._("The run broke off %d times and is given up.") % run.taken_over)
        return
    job = HarvestJob.get(run.id)
    if job is None or not job.source.active:
        # the source was deleted meanwhile, or its history
        close(run, store.STOPPED)
        return
    if run.state == store.WAITING:
        run.state = store.PLANNING
        # ckanext-harvest closes jobs whose gathering is over and that have no objects
        job.status, job.gather_started, job.gather_finished = "Running", store.now().replace(tzinfo=None), None
    state = run.state
    origin = reading.origin(run.source_id)
    model.Session.commit()
    if state == store.PLANNING:
        plan = planning.make(lease, origin)
        if not _may_go_on(lease, origin, plan):
            return
    applying.run(lease, origin)
    _done(lease, origin)


def _of(lease: leases.Lease) -> store.Run:
    run = store.run(lease.run_id)
    if run is None:
        raise leases.LostError(lease.run_id)
    return run


def _may_go_on(lease: leases.Lease, origin: reading.Origin, plan: planning.Plan) -> bool:
    """Whether a plan may be done now. It waits for somebody where it was asked for as a dry run, where it is a source's first, and where suspiciously much is missing."""
    lease.hold()
    run, known = _of(lease), store.known(origin.id)
    known.approved = known.approved or _ran_before(origin.id)
    something = model.Session.execute(sa.select(store.Entry.number).where(store.Entry.run_id == run.id, store.Entry.outcome.is_(None)).limit(1)).first() is not None
    reasons = {"departures": bool(plan.doubted), "dry": run.dry and not run.approved, "first": not known.approved and not run.approved}
    run.asks = next((name for name, asked in reasons.items() if asked), "") if something else ""
    run.state = store.PLANNED if run.asks else store.APPLYING
    if run.asks:
        run.owner = None
        standing.waits(run, known)
    going = not run.asks
    model.Session.commit()
    return going


def _ran_before(source_id: str) -> bool:
    """Whether a source brought datasets before there were plans."""
    return model.Session.query(HarvestObject.id).filter_by(harvest_source_id=source_id, current=True).limit(1).first() is not None


def _done(lease: leases.Lease, origin: reading.Origin) -> None:
    """All is done: what is kept of the source for the next time, and the job is closed."""
    lease.hold()
    run, known = _of(lease), store.known(origin.id)
    outcomes = dict(model.Session.execute(sa.select(store.Entry.outcome, sa.func.count()).where(store.Entry.run_id == run.id).group_by(store.Entry.outcome)).all())
    known.approved = known.approved or bool(outcomes.get(store.DID))
    if run.whole and not outcomes.get(store.FAULT):
        known.reading, known.pages = run.reading, run.pages
    else:
        # what did not go well is tried again, though the source says the same
        known.pages = None
    standing.ended(run, known)
    close(run, store.DONE)
    reindex(origin.id)


def close(run: store.Run, state: str) -> None:
    """A run ends, and its job with it."""
    run.state, run.ended, run.owner, run.pages = state, store.now(), None, None
    job = HarvestJob.get(run.id)
    if job is not None:
        moment = run.ended.replace(tzinfo=None)
        job.status, job.gather_finished, job.finished = "Finished", job.gather_finished or moment, moment
    model.Session.commit()


def reindex(source_id: str) -> None:
    """A source's entry in the index says how its last job went."""
    user = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    tk.get_action("harvest_source_reindex")({"user": user, "ignore_auth": True, "model": model, "session": model.Session}, {"id": source_id})


def _wanted(lease: leases.Lease, wanted: str) -> None:
    run = _of(lease)
    run.wanted = ""
    if wanted == "pause":
        run.state, run.owner = store.PAUSED, None
        model.Session.commit()
    else:
        applying.index(run.id)
        close(run, store.STOPPED)
        reindex(run.source_id)


def _failed(lease: leases.Lease, words: str) -> None:
    """A run that cannot go on, with the reason in its report."""
    lease.hold()
    run = _of(lease)
    store.problem(run.id, words, "fault")
    standing.failed(run, store.known(run.source_id))
    close(run, store.FAILED)
    reindex(run.source_id)


def serve(at_once: int) -> None:
    """Work on all runs for ever, so many at once."""
    os.nice(NICENESS)
    workers: dict[int, tuple[str, str]] = {}
    ending: list[int] = []
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda number, _frame: ending.append(number))
    while not ending:
        _reap(workers, os.WNOHANG)
        if len(workers) < at_once and (claimed := _claim()):
            workers[_fork(*claimed)] = claimed
        else:
            time.sleep(PAUSE)
    for process in workers:
        os.kill(process, signal.SIGTERM)
    _reap(workers, 0)


def _claim() -> tuple[str, str] | None:
    owner = leases.me()
    try:
        run_id = leases.claim(owner)
    except sa.exc.OperationalError as error:
        log.warning("The database does not answer: %s", error)
        return None
    return (run_id, owner) if run_id else None


def _fork(run_id: str, owner: str) -> int:
    """A process for one run; its id."""
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, signal.SIG_DFL)
        model.Session.remove()
        # connections belong to the process that opened them
        model.meta.engine.dispose(close=False)
        work(run_id, owner)
        code = 0
    finally:
        os._exit(code)


def _reap(workers: dict[int, Any], options: int) -> None:
    """What ended; a run whose process died is given back at once."""
    for process in list(workers):
        ended, status = os.waitpid(process, options)
        if ended:
            run_id, owner = workers.pop(process)
            if status:
                log.warning("The process of run %s ended with %d.", run_id, status)
                leases.release(run_id, owner)
