"""Taking observations away for good, wherever they lie: the months' tables, what follows from them, raw bodies, the lake.

A settler that has read rows would write hours of them after they are gone, so that whoever erases holds the settlers' lock; writers of a stream are waited for by its row.
Nothing here commits, but for `commit`.
"""
from __future__ import annotations

import dataclasses
import datetime as dt
import logging
from collections.abc import Callable, Sequence
from typing import Any

import ckan.model as model
import numpy as np
import sqlalchemy as sa

from tzc.sensors.partitions import HOUR, PREFIX, Month, month_of
from tzc.sensors.readings import Span

from . import settling, store, writing

log = logging.getLogger(__name__)

Eraser = Callable[[Sequence[int], Sequence[str]], Any]

ERASERS: list[Eraser] = []
"""What else keeps observations (the lake): each is given the numbers of streams of which nothing may stay, and their datasets, after the commit; and commits by itself."""

_ERASED = "tzc_sensors_erased"

RECALLERS: list[Callable[[Any, Sequence[tuple[int, Month]]], Any]] = []
"""Who brings months of streams back into their tables, where they lie elsewhere: each is given a cursor and the months, in this transaction."""

_FEWER = "UPDATE tzc_sensors_state SET observations = observations - %(gone)s WHERE stream = %(stream)s"
_NONE = "DELETE FROM tzc_sensors_state WHERE stream = %(stream)s AND observations <= 0"
_LAST = f"""
    UPDATE tzc_sensors_state AS s SET last = o.time, result = o.result, flags = o.flags
    FROM (SELECT time, result, flags FROM {PREFIX} WHERE stream = %(stream)s ORDER BY time DESC LIMIT 1) AS o WHERE s.stream = %(stream)s
"""

_UNUSED = """
    DELETE FROM tzc_sensors_location AS l
    WHERE id = ANY(:ids) AND NOT EXISTS (SELECT FROM tzc_sensors_place WHERE location = l.id) AND NOT EXISTS (SELECT FROM tzc_sensors_thing WHERE location = l.id)
"""


_HOLDING = """
    SELECT (SELECT count(*) FROM tzc_sensors_stream WHERE source = :source), coalesce(sum(s.observations), 0), min(s.first), max(s.last),
        (SELECT count(*) FROM tzc_sensors_thing WHERE source = :source), a.count, a.bytes,
        (SELECT count(DISTINCT m.file) FROM tzc_sensors_moved AS m JOIN tzc_sensors_stream AS o ON o.id = m.stream WHERE o.source = :source)
    FROM (SELECT count(*) AS count, coalesce(sum(bytes), 0) AS bytes FROM tzc_sensors_arrival WHERE source = :source) AS a
    LEFT JOIN tzc_sensors_state AS s ON s.stream IN (SELECT id FROM tzc_sensors_stream WHERE source = :source) GROUP BY a.count, a.bytes
"""


@dataclasses.dataclass(frozen=True)
class Holding:
    """What `erase_source` takes away: streams with their observations from `first` to `last`; things with their places; what came, as it came, of so many bytes. `files`: so many
    of the lake are written anew without it.
    """

    streams: int
    observations: int
    first: dt.datetime | None
    last: dt.datetime | None
    things: int
    arrivals: int
    bytes: int
    files: int


def holding(source: str) -> Holding:
    """What is kept of a source."""
    streams, observations, first, last, things, arrivals, size, files = model.Session.execute(sa.text(_HOLDING), {"source": source}).one()
    return Holding(streams, int(observations), first, last, things, arrivals, int(size), files)


def reaches(eraser: Eraser, recaller: Callable[[Any, Sequence[tuple[int, Month]]], Any]) -> None:
    """Let another store of observations be reached too. Safe to call again."""
    ERASERS[:], RECALLERS[:] = [eraser], [recaller]


def erase_streams(streams: Sequence[int]) -> None:
    """All observations of streams, what they came to, and the streams themselves."""
    if not streams:
        return
    numbers = sorted(streams)
    at = _alone(numbers)
    at.execute("SELECT id, dataset FROM tzc_sensors_stream WHERE id = ANY(%s)", (numbers,))
    model.Session().info.setdefault(_ERASED, {}).update(at.fetchall())
    for table in (PREFIX, *(f"tzc_sensors_{name}" for name in ("hour", "day", "month", "state", "unsettled"))):
        at.execute(f"DELETE FROM {table} WHERE stream = ANY(%s)", (numbers,))
    at.execute("DELETE FROM tzc_sensors_stream WHERE id = ANY(%s)", (numbers,))


def commit() -> None:
    """Commit, then erase elsewhere what was erased here. Where that breaks off, the retention of what is elsewhere makes up for it: the streams are gone."""
    gone: dict[int, str] = model.Session().info.pop(_ERASED, {})
    numbers = sorted(gone)
    model.Session.commit()
    if numbers:
        # what a transaction erased that was given up is there
        there = set(model.Session.execute(sa.text("SELECT id FROM tzc_sensors_stream WHERE id = ANY(:ids)"), {"ids": numbers}).scalars())
        numbers = [number for number in numbers if number not in there]
        model.Session.rollback()
    for erase in ERASERS if numbers else ():
        try:
            erase(numbers, sorted({gone[number] for number in numbers}))
        except Exception:  # a withdrawal that is committed is one, and what is elsewhere is found again
            log.exception("Observations of streams that are gone could not be erased everywhere")


def erase_source(source: str) -> None:
    """A source with all that ever came from it, as it came and as it was stored."""
    # who takes something of it in is waited for, and nobody begins: it could make a stream
    model.Session.execute(sa.text("SELECT id FROM tzc_sensors_source WHERE id = :source FOR UPDATE"), {"source": source})
    erase_streams([row.id for row in store.streams_of(source).values()])
    model.Session.execute(sa.delete(store.Arrival).where(store.Arrival.source == source).execution_options(synchronize_session=False))
    places = sa.text("SELECT location FROM tzc_sensors_place WHERE thing IN (SELECT id FROM tzc_sensors_thing WHERE source = :source)")
    locations = list(model.Session.execute(places, {"source": source}).scalars())
    model.Session.execute(sa.delete(store.Thing).where(store.Thing.source == source).execution_options(synchronize_session=False))
    model.Session.execute(sa.delete(store.Source).where(store.Source.id == source).execution_options(synchronize_session=False))
    if locations:
        model.Session.execute(sa.text(_UNUSED), {"ids": locations})


def erase_times(stream: int, times: Sequence[int]) -> None:
    """Some observations of a stream, by their moments; what follows of the rest is made anew."""
    if not times:
        return
    at = _alone([stream])
    for recall in RECALLERS:
        recall(at, [(stream, month) for month in sorted({month_of(time) for time in times})])
    at.execute(f"DELETE FROM {PREFIX} WHERE stream = %s AND time = ANY(%s::timestamptz[])", (stream, writing.moments(times)))
    gone = at.rowcount
    for statement in (_FEWER, _NONE, _LAST):
        at.execute(statement, {"stream": stream, "gone": gone})
    moments = np.unique(np.asarray(sorted(times), dtype=np.int64) // HOUR) * HOUR
    writing.note_spans(at, [Span(stream, int(time), int(time)) for time in moments])


def _alone(streams: list[int]) -> Any:
    """Without settlers and writers until the end of the transaction."""
    at = writing.cursor()
    at.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (settling.LOCK,))
    at.execute("SELECT id FROM tzc_sensors_stream WHERE id = ANY(%s) ORDER BY id FOR UPDATE", (streams,))
    return at
