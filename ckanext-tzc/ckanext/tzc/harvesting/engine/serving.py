"""The process that works on all runs, each in a process of its own, so that a bad source harms no other."""
from __future__ import annotations

import contextlib
import logging
import os
import signal
import time

import ckan.model as model
import sqlalchemy as sa
from ckanext.tzc.common import outages

from . import leases, memory, working

log = logging.getLogger(__name__)

PAUSE = 2.0
"""Seconds between two looks for work."""

AWAY = os.EX_TEMPFAIL
"""What a worker's process ends with when a server that it needs is away."""

NICENESS = 10
"""A night-long harvest takes of the processors what pages and other jobs leave."""

Claim = tuple[str, str]
"""A run and its owner."""


class Service:
    """So many workers at once of our kinds, and so many of other programs', which hold up none of ours.

    `workers`: the claim of each process; `bridges`: which of them are of other programs' kinds; `left`: claims to give back, and how their runs broke off;
    `since`: the moment from which on the database answers.
    """

    def __init__(self, at_once: int, bridges_at_once: int = 1) -> None:
        self.most = {False: at_once, True: bridges_at_once}
        self.workers: dict[int, Claim] = {}
        self.bridges: set[int] = set()
        self.left: dict[Claim, str] = {}
        self.silent: set[int] = set()
        self.since = time.monotonic()

    def serve(self) -> None:
        """Work for ever, until a signal says that it is enough."""
        os.nice(NICENESS)
        ending: list[int] = []
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda number, _frame: ending.append(number))
        while not ending:
            if not self.look():
                time.sleep(PAUSE)
        self.stop()

    def look(self) -> bool:
        """Take note of what ended, and begin the next run where there is one; whether there was."""
        away = self.reap(os.WNOHANG)
        try:
            self.give_back()
            leases.release_gone()
            self._end_silent()
            return not away and self._begin(False) | self._begin(True)
        except sa.exc.SQLAlchemyError as error:
            if not outages.is_outage(error):
                raise
            log.warning("The database does not answer: %s", error)
            self.since = time.monotonic()
            return False

    def _end_silent(self) -> None:
        """End workers that hang where not even their sign of life is given, such as in a library: their place is another run's. Not while they could not give it."""
        if not self.workers or time.monotonic() - self.since < leases.SILENCE:
            return
        forfeited = leases.forfeited(self.workers.values())
        for process, claim in self.workers.items():
            if claim in forfeited:
                log.warning("The process of run %s gives no sign of life and is ended.", claim[0])
                self.silent.add(process)
                os.kill(process, signal.SIGKILL)

    def _begin(self, bridged: bool) -> bool:
        """Begin the next run of other programs' kinds, or of ours; whether there was one."""
        if sum((process in self.bridges) == bridged for process in self.workers) >= self.most[bridged]:
            return False
        owner = leases.me()
        run_id = leases.claim(owner, bridged=bridged)
        if run_id:
            process = fork(run_id, owner)
            self.workers[process] = run_id, owner
            if bridged:
                self.bridges.add(process)
        return bool(run_id)

    def stop(self) -> None:
        """End the workers. Their runs go on when there is a service again."""
        for process in self.workers:
            os.kill(process, signal.SIGTERM)
        self.reap(0, stopped=True)
        with contextlib.suppress(sa.exc.SQLAlchemyError):
            # else the next service sees that this process is gone
            self.give_back()

    def reap(self, options: int, *, stopped: bool = False) -> bool:
        """Take note of processes that ended; whether one found that a server is away."""
        away = False
        for process in list(self.workers):
            ended, status = os.waitpid(process, options)
            if not ended:
                continue
            claim, code = self.workers.pop(process), os.waitstatus_to_exitcode(status)
            self.bridges.discard(process)
            away = away or code == AWAY
            if code:
                log.warning("The process of run %s ended with %d.", claim[0], code)
                self.left[claim] = "" if stopped or code == AWAY else leases.GAVE_NO_SIGN if process in self.silent else _how(code)
            self.silent.discard(process)
        return away

    def give_back(self) -> None:
        """Runs whose processes ended before they did."""
        for (run_id, owner), broke in list(self.left.items()):
            leases.release(run_id, owner, broke=broke)
            del self.left[run_id, owner]


def _how(code: int) -> str:
    """How a process ended of itself or was ended: a signal's name, or its exit code."""
    try:
        return signal.Signals(-code).name if code < 0 else str(code)
    except ValueError:
        return str(code)


def fork(run_id: str, owner: str) -> int:
    """A process for one run; its id. What this process has of the database is put away before: the other would end it for both."""
    model.Session.remove()
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, signal.SIG_DFL)
        # connections belong to the process that opened them
        model.meta.engine.dispose(close=False)
        memory.confine()
        working.work(run_id, owner)
        code = 0
    except outages.OutageError:
        code = AWAY
    except Exception:
        log.exception("The process of run %s broke off.", run_id)
    finally:
        os._exit(code)
