"""Whose a run is. A worker holds a run by a row that it signs again and again; one that no longer signs has died, and its run is taken over, once.

A worker that is known to have ended need not be waited for: whoever started it says so, or its process is looked for.

The clock is the database's, so that machines need not agree. Each transaction of a worker begins by locking that row: who was taken for dead and wakes up can write nothing more.
"""
from __future__ import annotations

import threading
from collections.abc import Iterable
from types import TracebackType

import ckan.model as model
import sqlalchemy as sa

from . import processes, store

SILENCE = 60
"""Seconds without a sign after which a worker is taken for dead."""

GAVE_NO_SIGN = "silent"
"""How a worker broke off that was taken for dead and ended."""

PULSE = 10.0
"""Seconds between two signs."""

MOST_TAKEN_OVER = 5
"""Workers that one run may cost before it gets on; then it is given up. Those do not count that were stopped, or waited for a server that was away."""

_HOSTS = 7_204_161
"""The database's lock under which runs are given out, so that two workers do not begin on one host at the same time."""

CLAIM = sa.text("""
    UPDATE tzc_harvesting_run SET owner = :owner, beat = clock_timestamp(), taken_over = taken_over + CASE WHEN owner IS NULL THEN 0 ELSE 1 END
    WHERE id = (
        SELECT run.id FROM tzc_harvesting_run run
        WHERE run.ended IS NULL AND run.state = ANY(:states) AND (run.id = :wanted OR CAST(:wanted AS text) IS NULL)
          AND (run.bridged = :bridged OR CAST(:bridged AS boolean) IS NULL)
          AND (run.owner IS NULL OR run.beat < clock_timestamp() - make_interval(secs => :silence))
          AND NOT EXISTS (
            SELECT FROM tzc_harvesting_run other WHERE other.id <> run.id AND other.host = run.host AND other.bridged = run.bridged AND other.ended IS NULL
              AND other.owner IS NOT NULL AND other.beat >= clock_timestamp() - make_interval(secs => :silence))
        ORDER BY run.begun, run.id LIMIT 1 FOR UPDATE OF run SKIP LOCKED)
    RETURNING id
""")
SIGN = sa.text("UPDATE tzc_harvesting_run SET beat = clock_timestamp() WHERE id = :id AND owner = :owner")
RELEASE = sa.text("UPDATE tzc_harvesting_run SET owner = NULL, beat = NULL WHERE id = :id AND owner = :owner")
BROKE = sa.text("UPDATE tzc_harvesting_run SET owner = NULL, beat = NULL, taken_over = taken_over + 1, broke = :how WHERE id = :id AND owner = :owner")
HELD = sa.text("SELECT id, owner FROM tzc_harvesting_run WHERE ended IS NULL AND owner IS NOT NULL")
SILENT = sa.text("""
    SELECT id, owner, beat < clock_timestamp() - make_interval(secs => :silence) AS silent FROM tzc_harvesting_run WHERE id = ANY(:ids) AND ended IS NULL AND owner IS NOT NULL
""")
GOT_ON = sa.text("UPDATE tzc_harvesting_run SET taken_over = 0 WHERE id = :id AND taken_over > 0")
WANTED = sa.text("SELECT wanted FROM tzc_harvesting_run WHERE id = :id AND owner = :owner")
HOLD = sa.text("SELECT wanted FROM tzc_harvesting_run WHERE id = :id AND owner = :owner FOR UPDATE")


class LostError(Exception):
    """The run is somebody else's by now: this worker was silent for too long."""


class WantedError(Exception):
    """Somebody wants the run to pause or to stop; the message says which."""


def me() -> str:
    """A name for this process that no other has, or had before."""
    return processes.name()


def claim(owner: str, wanted: str | None = None, *, bridged: bool | None = None) -> str | None:
    """Take a run that waits or whose worker died, this one or any; none on a host that another run is asking, unless that is another program's, which may hang.
    `bridged`: only one of other programs' kinds, or only one of ours."""
    with model.meta.engine.begin() as connection:
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _HOSTS})
        taken: str | None = connection.scalar(CLAIM, {"owner": owner, "states": list(store.WORKABLE), "silence": SILENCE, "wanted": wanted, "bridged": bridged})
    return taken


def release(run_id: str, owner: str, *, broke: str = "") -> None:
    """Give a run back: its worker ended, and whoever calls this knows it; `broke`: how, where that may be the run's fault."""
    with model.meta.engine.begin() as connection:
        connection.execute(BROKE if broke else RELEASE, {"id": run_id, "owner": owner, **({"how": broke} if broke else {})})


def release_gone() -> None:
    """Give back the runs of processes that have ended with nobody there to say so: whatever ended them took those that look after them along."""
    with model.meta.engine.connect() as connection:
        held = connection.execute(HELD).all()
    for run_id, owner in held:
        if processes.is_gone(owner):
            release(run_id, owner)


def forfeited(claims: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Of claims (runs and their owners) those whose owner gave no sign for too long, or whose run is somebody else's by now."""
    wanted = list(claims)
    with model.meta.engine.connect() as connection:
        held = {row.id: row for row in connection.execute(SILENT, {"ids": [run_id for run_id, _ in wanted], "silence": SILENCE})}
    return {(run_id, owner) for run_id, owner in wanted if run_id in held and (held[run_id].owner != owner or held[run_id].silent)}


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
                self.sign()
            except LostError:
                return
            except (sa.exc.SQLAlchemyError, MemoryError):
                # the database is away, or no memory left just now: that may be over before the silence is too long
                continue

    def sign(self) -> None:
        """Say that this process lives; LostError where the run is somebody else's."""
        with model.meta.engine.begin() as connection:
            if not connection.execute(SIGN, {"id": self.run_id, "owner": self.owner}).rowcount:
                raise LostError(self.run_id)

    def wanted(self) -> str:
        """What somebody wants of the run now, or nothing; LostError where it is somebody else's."""
        with model.meta.engine.begin() as connection:
            wanted: str | None = connection.execute(WANTED, {"id": self.run_id, "owner": self.owner}).scalar()
        if wanted is None:
            raise LostError(self.run_id)
        return wanted

    def hold(self) -> None:
        """At the beginning of each transaction that writes: LostError, or WantedError, or the row is locked until its end."""
        wanted = model.Session.execute(HOLD, {"id": self.run_id, "owner": self.owner}).scalar()
        if wanted is None:
            raise LostError(self.run_id)
        if wanted:
            raise WantedError(wanted)

    def got_on(self) -> None:
        """Something of the run is done: those who broke off before do not count any more."""
        model.Session.execute(GOT_ON, {"id": self.run_id})
