"""Whose a run is. A worker holds a run by a row that it signs again and again; one that no longer signs has died, and its run is taken over, once.

The clock is the database's, so that machines need not agree. Each transaction of a worker begins by locking that row: who was taken for dead and wakes up can write nothing more.
"""
from __future__ import annotations

import os
import socket
import threading
import uuid
from types import TracebackType

import ckan.model as model
import sqlalchemy as sa

from . import store

SILENCE = 60
"""Seconds without a sign after which a worker is taken for dead."""

PULSE = 10.0
"""Seconds between two signs."""

MOST_TAKEN_OVER = 5
"""Workers that one run may cost; then it is given up."""

_HOSTS = 7_204_161
"""The database's lock under which runs are given out, so that two workers do not begin on one host at the same time."""

CLAIM = sa.text("""
    UPDATE tzc_harvesting_run SET owner = :owner, beat = clock_timestamp(), taken_over = taken_over + CASE WHEN state = 'waiting' THEN 0 ELSE 1 END
    WHERE id = (
        SELECT run.id FROM tzc_harvesting_run run
        WHERE run.ended IS NULL AND run.state = ANY(:states) AND (run.id = :wanted OR CAST(:wanted AS text) IS NULL)
          AND (run.owner IS NULL OR run.beat < clock_timestamp() - make_interval(secs => :silence))
          AND NOT EXISTS (
            SELECT FROM tzc_harvesting_run other WHERE other.id <> run.id AND other.host = run.host AND other.ended IS NULL
              AND other.owner IS NOT NULL AND other.beat >= clock_timestamp() - make_interval(secs => :silence))
        ORDER BY run.begun, run.id LIMIT 1 FOR UPDATE OF run SKIP LOCKED)
    RETURNING id
""")
SIGN = sa.text("UPDATE tzc_harvesting_run SET beat = clock_timestamp() WHERE id = :id AND owner = :owner")
RELEASE = sa.text("UPDATE tzc_harvesting_run SET owner = NULL, beat = NULL WHERE id = :id AND owner = :owner")
HOLD = sa.text("SELECT wanted FROM tzc_harvesting_run WHERE id = :id AND owner = :owner FOR UPDATE")


class LostError(Exception):
    """The run is somebody else's by now: this worker was silent for too long."""


class WantedError(Exception):
    """Somebody wants the run to pause or to stop; the message says which."""


def me() -> str:
    """A name for this process that no other has, or had before."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def claim(owner: str, wanted: str | None = None) -> str | None:
    """Take a run that waits or whose worker died, this one or any; none on a host that another run is asking."""
    with model.meta.engine.begin() as connection:
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _HOSTS})
        taken: str | None = connection.scalar(CLAIM, {"owner": owner, "states": list(store.WORKABLE), "silence": SILENCE, "wanted": wanted})
    return taken


def release(run_id: str, owner: str) -> None:
    """Give a run back: its worker ended, and whoever calls this knows it."""
    with model.meta.engine.begin() as connection:
        connection.execute(RELEASE, {"id": run_id, "owner": owner})


class Lease:
    """A run that this process holds; a thread signs while it does."""

    def __init__(self, run_id: str, owner: str) -> None:
        self.run_id, self.owner = run_id, owner
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sign, name="lease", daemon=True)

    def __enter__(self) -> Lease:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def _sign(self) -> None:
        while not self._over.wait(PULSE):
            try:
                with model.meta.engine.begin() as connection:
                    if not connection.execute(SIGN, {"id": self.run_id, "owner": self.owner}).rowcount:
                        return
            except sa.exc.OperationalError:
                # the database is away: it may be back before the silence is too long
                continue

    def hold(self) -> None:
        """At the beginning of each transaction that writes: LostError, or WantedError, or the row is locked until its end."""
        wanted = model.Session.execute(HOLD, {"id": self.run_id, "owner": self.owner}).scalar()
        if wanted is None:
            raise LostError(self.run_id)
        if wanted:
            raise WantedError(wanted)
