"""A run of another program's harvester, from its turn to its end. The harvester works in a process of its own, which this one watches: it signs the lease, keeps the log, asks
what people want, and ends a harvester that takes too long or is not heard of any more. A record at which it hangs or dies fails alone: another process goes on with the next.
"""
from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import logging
import os
import signal
import time
from typing import NoReturn

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckanext.harvest.model import HarvestGatherError, HarvestJob
from ckanext.tzc.common import outages

from .. import sources
from ..engine import leases, standing, store, working
from . import calling, records, telling
from .line import ENDINGS, Ear, Line, Said

log = logging.getLogger(__name__)

LOOK = 1.0
"""Seconds between two looks at what people want, at most."""

PR_SET_PDEATHSIG = 1
MOST_REFUSED = 20
"""Refused connections of a run that its report tells."""


@dataclasses.dataclass(frozen=True)
class Limits:
    """Seconds for a run, seconds without a sign of life, seconds that a harvester has to stop; deaths that one run may cost."""

    run: float
    silence: float
    stop: float = 10
    deaths: int = 20


def limits() -> Limits:
    """What the settings say."""
    return Limits(tk.config["tzc.harvesting.bridge_hours"] * 3600, tk.config["tzc.harvesting.bridge_silence"] * 60)


@dataclasses.dataclass(frozen=True)
class Ending:
    """How a harvester's process ended: what it said last (see `line`), or `died`, `silent`, `late`; and the reason."""

    how: str
    words: str = ""


def work(run_id: str, owner: str) -> None:
    """Work on a run that was claimed, until it ends or waits for somebody. OutageError: a server of the portal is away, which is no fault of the run."""
    lease = leases.Lease(run_id, owner)
    try:
        if _begin(lease):
            _end(lease, _Watch(lease, limits()).work())
    except leases.LostError:
        model.Session.rollback()
        log.warning("Run %s is worked on by somebody else by now.", run_id)
    except leases.WantedError as wanted:
        model.Session.rollback()
        _end(lease, Ending(str(wanted)))
    finally:
        model.Session.remove()


def _begin(lease: leases.Lease) -> bool:
    """Whether the run may go on: not too often broken off, its source there and of an allowed kind."""
    lease.hold()
    run, job = store.run(lease.run_id), HarvestJob.get(lease.run_id)
    if run is None:
        raise leases.LostError(lease.run_id)
    if job is None or not job.source.active:
        _end(lease, Ending("stop"))
        return False
    kind = job.source.type
    words = sources.barred(kind)
    if sources.is_ours(kind):
        words = tk._("The source is of another kind by now: harvest it again.")
    if run.taken_over > leases.MOST_TAKEN_OVER:
        words, _cause = working.given_up(run)
    if words:
        _end(lease, Ending("failed", words))
        return False
    if run.state == store.WAITING:
        run.state, job.status = store.PLANNING, "Running"
        telling.forget(run.source_id)
    model.Session.commit()
    return True


def _end(lease: leases.Lease, ending: Ending) -> None:
    """What the end of the harvester's work means for the run."""
    # an order that came meanwhile is answered by this end
    model.Session.execute(sa.update(store.Run).where(store.Run.id == lease.run_id, store.Run.owner == lease.owner).values(wanted=""))
    model.Session.commit()
    lease.hold()
    run = store.run(lease.run_id)
    if run is None:
        raise leases.LostError(lease.run_id)
    if ending.how == "pause":
        run.state, run.owner = store.PAUSED, None
        model.Session.commit()
        return
    _tell(run.id, ending.words)
    records.give_up(run.id)
    lease.hold()
    state = {"done": store.DONE, "stop": store.STOPPED}.get(ending.how, store.FAILED)
    # one that somebody stopped changes nothing of how its source stands
    if state != store.STOPPED:
        (standing.ended if state == store.DONE else standing.failed)(run, store.known(run.source_id))
    working.close(run, state)
    working.reindex(run.source_id)


def _tell(run_id: str, words: str) -> None:
    """Something for the run's report, unless that was cleared meanwhile."""
    if words and HarvestJob.get(run_id) is not None:
        model.Session.add(HarvestGatherError(message=words, harvest_job_id=run_id))
        model.Session.commit()


class _Watch:
    """One run while it is watched."""

    def __init__(self, lease: leases.Lease, limits: Limits) -> None:
        self.lease, self.limits = lease, limits
        self.ends = time.monotonic() + limits.run
        self.refused: set[str] = set()

    def work(self) -> Ending:
        """Harvest, in as many processes as it takes."""
        for _ in range(self.limits.deaths):
            ending = self._process()
            if ending.how == "lost":
                raise leases.LostError(self.lease.run_id)
            if ending.how == "away":
                raise outages.OutageError(ending.words)
            if ending.how not in {"died", "silent"}:
                return ending
            run = store.run(self.lease.run_id)
            if run is None or run.state != store.APPLYING:
                return ending
            self.lease.hold()
            if records.blame(self.lease.run_id, ending.words):
                self.lease.got_on()
                model.Session.commit()
        return Ending("failed", tk._("The harvester's process ended %d times in this run, which is given up.") % self.limits.deaths)

    def _process(self) -> Ending:
        """One process of the harvester, until it ends or is ended."""
        reading, writing = os.pipe()
        # connections belong to the process that opened them
        model.Session.remove()
        here = os.getpid()
        process = os.fork()
        if not process:
            os.close(reading)
            _harvest(self.lease, Line(writing), here)
        os.close(writing)
        ear = Ear(reading)
        try:
            return self._watched(process, ear)
        finally:
            _end_all(process)
            ear.close()

    def _watched(self, process: int, ear: Ear) -> Ending:
        heard = signed = looked = time.monotonic()
        stopping = 0.0
        while True:
            said = ear.hear(LOOK)
            now = time.monotonic()
            heard = now if said else heard
            ending = self._note(said)
            ended, status = os.waitpid(process, os.WNOHANG)
            if ended:
                return self._note(ear.rest()) or ending or Ending("died", _died(status))
            if ending is not None:
                return ending
            if now - signed > leases.PULSE:
                self.lease.sign()
                signed = now
            if now - looked >= LOOK:
                stopping = stopping or (now if self.lease.wanted() == "stop" else 0)
                looked = now
            if words := self._too_long(now, heard):
                return Ending("late" if now > self.ends else "silent", words)
            if stopping and now - stopping > self.limits.stop:
                return Ending("stop")

    def _too_long(self, now: float, heard: float) -> str:
        """Why the harvester is ended now."""
        if now > self.ends:
            hours = f"{self.limits.run / 3600:g}"
            return str(tk._("The harvester was ended after %s hours, the longest that a run may take (tzc.harvesting.bridge_hours). What it took in stays.") % hours)
        if now - heard > self.limits.silence:
            minutes = f"{self.limits.silence / 60:.2g}"
            return str(tk._("Nothing was heard of the harvester for %s minutes (tzc.harvesting.bridge_silence): it was ended.") % minutes)
        return ""

    def _note(self, said: list[Said]) -> Ending | None:
        """Keep what was said; the ending, where it was that."""
        telling.keep(self.lease.run_id, [entry for entry in said if entry["said"] == "log"])
        for entry in said:
            if entry["said"] == "refused" and entry["words"] not in self.refused and len(self.refused) < MOST_REFUSED:
                self.refused.add(entry["words"])
                _tell(self.lease.run_id, entry["words"])
        return next((Ending(entry["said"], entry.get("words", "")) for entry in said if entry["said"] in ENDINGS), None)


def _harvest(lease: leases.Lease, line: Line, parent: int) -> NoReturn:
    """The harvester's process; it ends when the one that watches it ends."""
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == parent:
            # what it starts is ended with it
            os.setsid()
            for name in (signal.SIGTERM, signal.SIGINT):
                signal.signal(name, signal.SIG_DFL)
            model.meta.engine.dispose(close=False)
            calling.call(lease, line)
    finally:
        os._exit(0)


def _end_all(process: int) -> None:
    """The harvester's process, and what it started, end now, however it ended itself."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        # it may have no group of its own yet, and may have been waited for
        if os.waitpid(process, os.WNOHANG) == (0, 0):
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)


def _died(status: int) -> str:
    """Why a process ended that said nothing."""
    if os.WIFSIGNALED(status):
        return str(tk._("The harvester's process died (%s).") % signal.Signals(os.WTERMSIG(status)).name)
    return str(tk._("The harvester ended its process (exit code %d).") % os.WEXITSTATUS(status))
