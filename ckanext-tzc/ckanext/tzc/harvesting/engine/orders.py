"""What people may ask of a source: a run or a dry run; of a run: approval, a pause, its end. Taking back what it deleted: `restoring`."""
from __future__ import annotations

import contextlib
import datetime as dt
import logging
from typing import Any
from urllib.parse import urlsplit

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckanext.harvest.logic import HarvestJobExists
from ckanext.harvest.model import HarvestJob, HarvestSource
from ckanext.tzc.common import outages
from ckanext.tzc.harvesters import listing

from .. import sources
from ..bridge import records
from . import applying, leases, reading, scheduling, store, working

log = logging.getLogger(__name__)


class OrderError(Exception):
    """What was asked cannot be done now; the message says why."""


def begin(job_id: str, *, dry: bool = False, approved_by: str | None = None, by: str | None = None) -> store.Run:
    """A run for a job of ckanext-harvest, which `by` asked for (an account's name); it waits for its turn. Whoever's kind its source is of. UnderWayError: another one began
    meanwhile, and the job is gone."""
    job = HarvestJob.get(job_id)
    source = HarvestSource.get(job.source_id)
    left = store.open_run(source.id)
    if left is not None and HarvestJob.get(left.id) is None:
        # its job went with the source's history
        working.close(left, store.STOPPED)
    job.status = "Running"
    host = listing.host(source.url) or (urlsplit(source.url).netloc or source.url)
    values = {"host": host, "state": store.WAITING, "dry": dry, "begun": store.now(), "counts": {}, "by": by or None, "bridged": not sources.is_ours(source.type)}
    run = store.Run(id=job.id, source_id=source.id, **values)
    if approved_by is not None:
        run.approved, run.approved_by = run.begun, approved_by
    source_id = source.id
    model.Session.add(run)
    try:
        model.Session.commit()
    except sa.exc.IntegrityError as error:
        model.Session.rollback()
        if store.open_run(source_id) is None:
            raise
        # two asked at once, and both were told that there is none
        _drop_unbegun(HarvestJob.id == job_id)
        raise sources.UnderWayError from error
    return run


UNBEGUN = dt.timedelta(minutes=1)
"""After which a job without a run has none any more: both are made in two transactions, one right after the other."""


def _drop_unbegun(which: Any) -> None:
    """Take away jobs that wait and have no run: nothing came of them, and while they are there no other run of their sources begins."""
    run = sa.select(store.Run.id).where(store.Run.id == HarvestJob.id).exists()
    dropped = model.Session.execute(sa.delete(HarvestJob.__table__).where(HarvestJob.status == "New", ~run, which)).rowcount
    model.Session.commit()
    if dropped:
        log.warning("Jobs that were made and never begun are taken away: %d", dropped)


def begin_due() -> None:
    """A run for each source of our kinds whose schedule says so, unless one is under way or waits for somebody. ckanext-harvest begins those with a frequency, after this."""
    now = store.now()
    _drop_unbegun(HarvestJob.created < store.stamp(now - UNBEGUN))
    for source_id in _due_by_frequency(now):
        _give_up_forgotten(source_id, now)
    last = sa.select(sa.func.max(HarvestJob.created)).where(HarvestJob.source_id == HarvestSource.id).scalar_subquery()
    ours = (HarvestSource.active.is_(True), sources.OF_OUR_KINDS, HarvestSource.config.contains('"schedule"'))
    user = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    for source_id, config, created, begun in model.Session.execute(sa.select(HarvestSource.id, HarvestSource.config, HarvestSource.created, last).where(*ours)).all():
        schedule = sources.settings(config).get("schedule")
        since = (begun or created).replace(tzinfo=dt.timezone.utc)
        if isinstance(schedule, str) and scheduling.is_schedule(schedule) and scheduling.is_due(schedule, source_id, since, now):
            _give_up_forgotten(source_id, now)
            if store.open_run(source_id) is not None:
                continue
            with contextlib.suppress(HarvestJobExists):
                tk.get_action("harvest_job_create")({"user": user, "ignore_auth": True, "model": model, "session": model.Session}, {"source_id": source_id, "run": True})


def _due_by_frequency(now: dt.datetime) -> list[str]:
    """The sources of our kinds that ckanext-harvest takes for due."""
    due = sa.or_(HarvestSource.next_run.is_(None), HarvestSource.next_run <= store.stamp(now))
    return list(model.Session.scalars(sa.select(HarvestSource.id).where(HarvestSource.active.is_(True), sources.OF_OUR_KINDS, HarvestSource.frequency != "MANUAL", due)))


FORGOTTEN = dt.timedelta(days=7)
"""After which a dry run that somebody made, and that nobody answered, holds up the schedule no longer."""


def _give_up_forgotten(source_id: str, now: dt.datetime) -> None:
    run = store.open_run(source_id)
    if run is not None and run.state == store.PLANNED and run.asks == "dry" and run.begun < now - FORGOTTEN:
        with contextlib.suppress(OrderError):  # somebody answered it meanwhile
            give_up(source_id)


def _locked(source_id: str) -> store.Run:
    """The open run of a source, locked."""
    found: store.Run | None = model.Session.query(store.Run).populate_existing().filter(store.Run.source_id == source_id, store.Run.ended.is_(None)).with_for_update().first()
    if found is None:
        raise OrderError(tk._("No run of this source is under way."))
    return found


def _planned(source_id: str) -> store.Run:
    """The plan of a source that waits for approval, locked."""
    run = _locked(source_id)
    if run.state != store.PLANNED:
        model.Session.rollback()
        raise OrderError(tk._("No plan of this source waits for approval."))
    return run


def give_up(source_id: str) -> store.Run:
    """End a plan that waits; nothing of it is done."""
    _planned(source_id)
    return stop(source_id)


def approve(source_id: str, user: str) -> store.Run:
    """Do the plan that waits, as it stands; not one that would be another by now."""
    run = _planned(source_id)
    if reading.is_outdated(run):
        model.Session.rollback()
        words = tk._("The mapping or configuration of the source, or how the portal reads it, was changed after this plan was made: it is not what would be done now. Plan again.")
        raise OrderError(words)
    store.known(source_id).approved = True
    run.state, run.asks, run.approved, run.approved_by, run.taken_over, run.wanted = store.APPLYING, "", store.now(), user, 0, ""
    model.Session.commit()
    return run


def pause(source_id: str) -> store.Run:
    """Stop working on the run; `resume` goes on where it was."""
    run = _locked(source_id)
    if run.state not in store.WORKABLE:
        model.Session.rollback()
        raise OrderError(tk._("The run is not under way."))
    if run.owner is None:
        run.state = store.PAUSED
    else:
        run.wanted = "pause"
    model.Session.commit()
    return run


def resume(source_id: str) -> store.Run:
    """Go on with a run that was paused."""
    run = _locked(source_id)
    if run.state != store.PAUSED and run.wanted != "pause":
        model.Session.rollback()
        raise OrderError(tk._("The run is not paused."))
    if run.state == store.PAUSED:
        run.state, run.taken_over = (store.APPLYING if run.planned else store.PLANNING if run.counts else store.WAITING), 0
    run.wanted = ""
    model.Session.commit()
    return run


def stop(source_id: str) -> store.Run:
    """End the run. What it did stays; what it planned is not done."""
    run = _locked(source_id)
    if run.owner is None:
        applying.index(run.id)
        if run.bridged:
            records.give_up(run.id)
        working.close(run, store.STOPPED)
        working.reindex(source_id)
    else:
        run.wanted = "stop"
        model.Session.commit()
    return run


def work_now(run_id: str) -> None:
    """Work on a run in this process, unless another does. OutageError: a server is away; whoever looks next goes on with it."""
    owner = leases.me()
    if leases.claim(owner, run_id):
        try:
            working.work(run_id, owner)
        except outages.OutageError:
            with contextlib.suppress(sa.exc.SQLAlchemyError):
                leases.release(run_id, owner)
            raise
