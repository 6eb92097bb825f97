"""The harvester's process: its stages, in the order in which ckanext-harvest's own queues call them, and what it says of itself meanwhile."""
from __future__ import annotations

import contextlib
import logging
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import redis
import sqlalchemy as sa
from ckan.lib.search import SearchError, SearchIndexError
from ckanext.harvest import queue
from ckanext.harvest.model import HarvestGatherError, HarvestJob, HarvestObject
from ckanext.tzc.common import outages

from .. import sources
from ..engine import leases, memory, store
from . import guarding, records
from .line import Handler, Line

MOST_TRIES = 4
"""Times that one record is begun; as in ckanext-harvest."""

OF_THE_PORTAL = (sa.exc.SQLAlchemyError, SearchIndexError, SearchError, redis.exceptions.RedisError)
"""Errors of the portal's own servers, as they come through a harvester: it may talk to others by the same libraries."""


class FailedError(Exception):
    """The run cannot go on; the message says why."""


def call(lease: leases.Lease, line: Line) -> None:
    """Do what is left of a run, guarded, and say how it ended."""
    handler = Handler(line)
    handler.setFormatter(logging.Formatter("%(message)s"))
    handler.listen()
    for moment in ("after_flush", "after_commit"):
        sa.event.listen(model.Session, moment, line.alive)
    try:
        _run(lease, line)
        line.say("done")
    except leases.LostError:
        line.say("lost")
    except leases.WantedError as wanted:
        line.say(str(wanted))
    except FailedError as error:
        line.say("failed", words=str(error))
    except Exception as error:  # noqa: BLE001 -- whatever a harvester raises ends its run with a reason
        away = outages.is_outage(error)
        line.say("away" if away else "failed", words=str(error) if away else _said(error))


def _run(lease: leases.Lease, line: Line) -> None:
    run, job = _of(lease)
    harvester = queue.get_harvester(job.source.type)
    if harvester is None:
        raise FailedError(tk._("No program here harvests sources of the kind “%s” any more.") % job.source.type)
    if not sources.is_web(job.source.url):
        raise FailedError(tk._("A source is an address of the web: it begins with https:// and a host."))
    internal = sources.allows_internal(job.source.config)
    # this process is the harvester's, and ends with the run
    guarding.install(guarding.Guard(internal, guarding.own(), lambda words: line.say("refused", words=words), line.alive))
    if run.state == store.PLANNING:
        listed = _gather(lease, harvester, job)
        _keep(lease, listed)
    else:
        listed = run.pages or []
    for identifier in listed:
        lease.hold()
        model.Session.rollback()
        if _record(harvester, identifier):
            lease.got_on()
            model.Session.commit()


def _is_away(error: Exception) -> bool:
    """Whether what came through a harvester is no fault of its: one of the portal's servers does not answer. What the index or the database refuses is."""
    return isinstance(error, OF_THE_PORTAL) and outages.is_outage(error)


def _said(error: Exception) -> str:
    """What a report says of an error of a harvester."""
    return memory.words() if memory.is_short(error) else f"{type(error).__name__}: {str(error)[:500]}"


def _of(lease: leases.Lease) -> tuple[store.Run, Any]:
    run, job = store.run(lease.run_id), HarvestJob.get(lease.run_id)
    if run is None or job is None:
        raise leases.LostError(lease.run_id)
    return run, job


def _gather(lease: leases.Lease, harvester: Any, job: Any) -> list[str]:
    """The records that the harvester lists, by their ids, in its order."""
    records.forget(lease.run_id)
    job = HarvestJob.get(lease.run_id)
    try:
        listed = queue.gather_stage(harvester, job)
    except Exception as error:
        model.Session.rollback()
        if _is_away(error):
            raise
        raise FailedError(memory.words() if memory.is_short(error) else tk._("The answer could not be read: %s") % _said(error)) from error
    if isinstance(listed, list):
        return listed
    told = model.Session.query(HarvestGatherError.id).filter_by(harvest_job_id=lease.run_id).limit(1).first()
    raise FailedError("" if told else tk._("The harvester listed nothing, and gave no reason."))


def _keep(lease: leases.Lease, listed: list[str]) -> None:
    """The listing stands; an order that came while it was made is heard before the first record."""
    with contextlib.suppress(leases.WantedError):
        lease.hold()
    run, job = _of(lease)
    run.state, run.planned, run.pages = store.APPLYING, store.now(), listed
    # ckanext-harvest closes jobs whose listing is over and whose records have ended; here the run does
    job.gather_finished = None
    model.Session.commit()


def _record(harvester: Any, identifier: str) -> bool:
    """One record; whatever goes wrong with it is its own. Whether there was anything left of it to do."""
    found = HarvestObject.get(identifier)
    if found is None or found.state in records.ENDED:
        return False
    if records.is_written(found):
        records.complete(found)
        return True
    if found.retry_times >= MOST_TRIES:
        records.fail(found, tk._("It was begun %d times, and never ended.") % found.retry_times)
        return True
    found.retry_times += 1
    found.save()
    try:
        queue.fetch_and_import_stages(harvester, found)
    except Exception as error:
        if _is_away(error):
            _is_to_be_begun(identifier)
            raise
        logging.getLogger(__name__).warning("The harvester failed on a record: %s", error, exc_info=True)
        model.Session.rollback()
        records.fail(HarvestObject.get(identifier), _said(error))
    else:
        records.tell(found)
    finally:
        model.Session.remove()
    return True


def _is_to_be_begun(identifier: str) -> None:
    """A record at which a server of the portal was away: that it was begun does not count."""
    model.Session.rollback()
    # the database may be the one that is away: then it counts
    with contextlib.suppress(sa.exc.SQLAlchemyError):
        model.Session.execute(sa.update(HarvestObject).where(HarvestObject.id == identifier).values(retry_times=HarvestObject.retry_times - 1))
        model.Session.commit()
