"""A run from its turn to its end."""
from __future__ import annotations

import logging

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckanext.harvest.model import HarvestJob, HarvestObject
from ckanext.tzc.common import outages

from tzc import apart

from .. import contents, merges, merging
from . import applying, leases, memory, planning, reading, standing, store

log = logging.getLogger(__name__)


def work(run_id: str, owner: str) -> None:
    """Work on a run that was claimed, until it ends or waits for somebody. OutageError: a server that it needs is away, and it waits where it is."""
    try:
        run = store.run(run_id)
        if run is not None and run.bridged:
            from ..bridge import watching  # it uses what stands here

            watching.work(run_id, owner)
            return
        with leases.Lease(run_id, owner) as lease:
            _to_its_end(lease)
    except Exception as error:
        model.Session.rollback()
        if not outages.is_outage(error):
            raise
        log.warning("Run %s waits: %s", run_id, error)
        raise outages.OutageError(str(error)) from error
    finally:
        model.Session.remove()


def _to_its_end(lease: leases.Lease) -> None:
    """What went wrong is in the run's report, unless it is an outage."""
    why: tuple[str, str] | None = None
    try:
        _work(lease)
    except leases.LostError:
        model.Session.rollback()
        log.warning("Run %s is worked on by somebody else by now.", lease.run_id)
    except leases.WantedError as wanted:
        model.Session.rollback()
        _wanted(lease, str(wanted))
    except Exception as error:
        model.Session.rollback()
        if outages.is_outage(error):
            raise
        log.warning("Run %s failed: %s", lease.run_id, error, exc_info=True)
        why = _why(error)
    # not before: what was read takes its memory as long as the error is at hand
    if why:
        _failed(lease, *why)


def _why(error: Exception) -> tuple[str, str]:
    """What a report says of an error that ended a run: words, and the code of a cause."""
    if memory.is_short(error):
        apart.loosen(memory.RESERVE)
        return memory.words(), memory.CAUSE
    return tk._("The answer could not be read: %s") % f"{type(error).__name__}: {str(error)[:300]}", "fault"


def given_up(run: store.Run) -> tuple[str, str]:
    """What a report says of a run that too many workers broke off at, and the code of a cause."""
    words, short = [tk._("The run broke off %d times and is given up.") % run.taken_over], memory.of_ending(run.broke)
    if short:
        words.append(short)
    elif run.broke == leases.GAVE_NO_SIGN:
        words.append(tk._("The last time it gave no sign of life for %d seconds.") % leases.SILENCE)
    elif run.broke:
        words.append(tk._("The last time its process ended (%s).") % run.broke)
    return " ".join(words), memory.CAUSE if short else "fault"


def _work(lease: leases.Lease) -> None:
    lease.hold()
    run = _of(lease)
    if run.taken_over > leases.MOST_TAKEN_OVER:
        why = given_up(run)
        model.Session.commit()
        _failed(lease, *why)
        return
    job = HarvestJob.get(run.id)
    if job is None or not job.source.active:
        # the source was deleted meanwhile, or its history
        close(run, store.STOPPED)
        return
    if run.state == store.WAITING:
        run.state = store.PLANNING
        # ckanext-harvest closes jobs whose gathering is over and that have no objects
        job.status, job.gather_started, job.gather_finished = "Running", store.stamp(), None
    state = run.state
    origin = reading.origin(run.source_id)
    model.Session.commit()
    if state == store.PLANNING:
        plan = planning.make(lease, origin)
        if not _may_go_on(lease, origin, plan):
            return
    _begin_to_write(lease, origin)
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
    # not before: who resumes a run that was planned has it done
    run.state, run.planned = store.PLANNED if run.asks else store.APPLYING, store.now()
    if run.asks:
        run.owner = None
        standing.waits(run, known)
    going = not run.asks
    model.Session.commit()
    return going


def _ran_before(source_id: str) -> bool:
    """Whether a source brought datasets before there were plans."""
    return model.Session.query(HarvestObject.id).filter_by(harvest_source_id=source_id, current=True).limit(1).first() is not None


def _begin_to_write(lease: leases.Lease, origin: reading.Origin) -> None:
    """From here on the portal is no more as the last whole listing left it, and not yet as this one will: where the run ends in between, a source that says that nothing changed
    is not believed."""
    lease.hold()
    store.known(origin.id).pages = None
    model.Session.commit()


def _done(lease: leases.Lease, origin: reading.Origin) -> None:
    """All is done: what is kept of the source for the next time, and the job is closed."""
    _bring_back(lease)
    lease.hold()
    run, known = _of(lease), store.known(origin.id)
    outcomes = dict(model.Session.execute(sa.select(store.Entry.outcome, sa.func.count()).where(store.Entry.run_id == run.id).group_by(store.Entry.outcome)).all())
    known.approved, known.samples = known.approved or bool(outcomes.get(store.DID)), None
    if run.whole and not outcomes.get(store.FAULT):
        known.reading, known.pages = run.reading, run.pages
    else:
        # what did not go well is tried again, though the source says the same
        known.pages = None
    contents.job().ask()
    standing.ended(run, known)
    _finish(run, store.DONE)


def _finish(run: store.Run, state: str) -> None:
    """A run ends when its source's entry in the index says so too."""
    _end(run, state)
    model.Session.flush()
    try:
        reindex(run.source_id)
    except Exception as error:
        if outages.is_outage(error):
            raise
        log.warning("Source %s cannot be brought into the index.", run.source_id, exc_info=True)
    model.Session.commit()


def _bring_back(lease: leases.Lease) -> None:
    """What was withdrawn for datasets that this run deleted is there again."""
    lease.hold()
    entry = store.Entry
    gone = sa.select(entry.package_id).where(entry.run_id == lease.run_id, entry.change == store.GONE, entry.outcome == store.DID, entry.package_id.is_not(None))
    kept = model.Session.scalars(sa.select(merges.Merge.kept_id).where(merges.Merge.state == merges.MERGED, merges.Merge.kept_id.in_(gone))).all()
    try:
        merging.bring_back(kept)
    except merging.MergeError as error:
        log.warning("What was merged with datasets that run %s deleted is not there again: %s", lease.run_id, error)
    model.Session.commit()


def close(run: store.Run, state: str) -> None:
    """A run ends, whatever the index says."""
    _end(run, state)
    model.Session.commit()


def _end(run: store.Run, state: str) -> None:
    """The run and its job, not committed."""
    run.state, run.ended, run.owner, run.pages = state, store.now(), None, None
    job = HarvestJob.get(run.id)
    if job is not None:
        moment = store.stamp(run.ended)
        job.status, job.gather_finished, job.finished = "Finished", job.gather_finished or moment, moment


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
        _finish(run, store.STOPPED)


def _failed(lease: leases.Lease, words: str, cause: str) -> None:
    """A run that cannot go on, with the reason in its report."""
    lease.hold()
    run = _of(lease)
    store.problem(run.id, words, cause)
    standing.failed(run, store.known(run.source_id))
    _finish(run, store.FAILED)
