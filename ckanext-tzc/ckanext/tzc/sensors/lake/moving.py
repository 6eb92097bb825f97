"""Months long ago are moved from their tables into the lake.

A month's rows are read from one view of the database, written to files, and read back. Then writers to that month wait for a moment: when nothing came meanwhile, the files come
to be known and the table goes, in one transaction; else the month is left for the next run. A run that is killed at any point has changed nothing or all.
"""
from __future__ import annotations

import contextlib
import dataclasses
import logging
import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import ckan.model as model
import psycopg2
import sqlalchemy as sa

from tzc.sensors.partitions import PREFIX, Month

from .. import months, settling
from . import making
from .making import Made

log = logging.getLogger(__name__)

LOCK = "tzc_sensors lake"
PATIENCE = "900ms"
"""For how long a move waits for a lock; less than what PostgreSQL takes to look for a deadlock, so that no writer is ended for it."""

TRIES = 40

_COUNTS = "SELECT stream, count(*) FROM {table} GROUP BY stream ORDER BY stream"
_SEEN = "SELECT pg_snapshot_xmax(pg_current_snapshot())::xid::text, ARRAY(SELECT pg_snapshot_xip(pg_current_snapshot())::xid::text)"
_UNCHANGED = "SELECT count(*), count(*) FILTER (WHERE age(xmin) BETWEEN 0 AND age(%s::xid) OR xmin = ANY(%s::xid[])) FROM {table}"
"""How many rows there are, and of these that a view did not see: of transactions that began after it, or that were under way."""

_UNSETTLED = "SELECT EXISTS (SELECT FROM tzc_sensors_unsettled WHERE first < %s AND last >= %s)"
_DATASETS = "SELECT id, dataset FROM tzc_sensors_stream WHERE id = ANY(%s)"


class BusyError(Exception):
    """Another run is at work."""


class ChangedError(Exception):
    """Something came into a month, or about its streams, while it was moved."""


@dataclasses.dataclass(frozen=True)
class Moved:
    """A month that was moved, or is left as it is for a reason: `changed`, `unsettled`, `held`."""

    month: Month
    rows: int = 0
    files: int = 0
    bytes: int = 0
    left: str = ""


Pause = Callable[[str], None]


def _on(_step: str) -> None:
    """Between two steps of a move; tests stop there."""


def move(before: Month | None = None, pause: Pause = _on) -> list[Moved]:
    """Move the months before one, by the setting without it, and put right what is to be: files of streams that are gone or not public any more. Raises BusyError."""
    settling.settle_all()
    before = before or months.kept_from()
    with alone() as connection:
        making.tidy(connection)
        done = [_moved(connection, month, pause) for month in months.there() if month < before]
        making.put_right(connection)
        making.tidy(connection)
    return done


@contextlib.contextmanager
def alone(wait: bool = False) -> Iterator[Any]:
    """A connection of a run; there is no other run. Raises BusyError where it is not to wait for one."""
    with model.Session.get_bind().connect() as connection:
        if wait:
            connection.execute(sa.text("SELECT pg_advisory_lock(hashtextextended(:name, 0))"), {"name": LOCK})
        elif not connection.scalar(sa.text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))"), {"name": LOCK}):
            raise BusyError("another run is at work")
        connection.commit()
        try:
            yield connection
        finally:
            with contextlib.suppress(sa.exc.DBAPIError):  # a connection that is lost holds no lock
                connection.rollback()
                connection.execute(sa.text("SELECT pg_advisory_unlock(hashtextextended(:name, 0))"), {"name": LOCK})
                connection.commit()


def _moved(connection: Any, month: Month, pause: Pause) -> Moved:
    connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
    at = connection.connection.cursor()
    try:
        at.execute(_SEEN)
        view = at.fetchone()
        at.execute(_COUNTS.format(table=month.table))
        counts = dict(at.fetchall())
        at.execute(_DATASETS, (list(counts),))
        of = dict(at.fetchall())
        made = []
        for dataset in sorted(set(of.values())):
            made += making.make(at, dataset, month, {stream: count for stream, count in counts.items() if of.get(stream) == dataset}, sum(counts.values()))
            pause("file")
    finally:
        connection.rollback()
    pause("written")
    try:
        _known(connection, month, made, sorted(set(of.values())), (sum(counts.values()), view), pause)
    except ChangedError as error:
        return Moved(month, left=str(error))
    pause("moved")
    log.info("%s was moved to the lake: %s observations, %s files", month.table, sum(counts.values()), len(made))
    return Moved(month, sum(counts.values()), len(made), sum(one.size for one in made))


def _known(connection: Any, month: Month, made: Sequence[Made], datasets: Sequence[str], seen: tuple[int, tuple[str, list[str]]], pause: Pause) -> None:
    """The files are kept from now on, and the table is gone; or nothing is as when it was read, then nothing is changed. Raises ChangedError."""
    for turn in range(TRIES):
        try:
            with connection.begin():
                at = connection.connection.cursor()
                at.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
                at.execute(f"LOCK TABLE ONLY {month.table} IN SHARE MODE")
                _check(at, month, seen)
                making.know(at, month, datasets, made)
                pause("known")
                at.execute(f"LOCK TABLE ONLY {PREFIX} IN ACCESS EXCLUSIVE MODE")
                at.execute(f"DROP TABLE {month.table}")
                pause("dropped")
            return
        except (psycopg2.errors.LockNotAvailable, psycopg2.errors.DeadlockDetected):
            # somebody reads or writes for long: give way, or they would wait behind this
            time.sleep(random.uniform(0.05, 0.5) * min(turn + 1, 4))  # noqa: S311 -- no secret
    raise ChangedError("held")


def _check(at: Any, month: Month, seen: tuple[int, tuple[str, list[str]]]) -> None:
    count, view = seen
    at.execute(_UNSETTLED, (month.next.first, month.first))
    if at.fetchone()[0]:
        raise ChangedError("unsettled")
    at.execute(_UNCHANGED.format(table=month.table), view)
    if at.fetchone() != (count, 0):
        raise ChangedError("changed")


