"""Observations out of the store, in columns: raw values, what they come to by spans of time, and what was last.

Raw values lie in the months' tables; months that were moved elsewhere are read by who moved them (`extended_by`), and what is in a table goes before what is there:
it came later.
Hours, days and months come from their tables; those that are noted as not settled are made of raw values here, so that an answer is right as soon as an observation is committed.
"""
from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tzc.sensors import quality
from tzc.sensors.partitions import PREFIX
from tzc.sensors.readings import Floats, Ints, Readings, in_order, readings

from . import columns, writing

KINDS = ("int4", "timestamptz", "int4", "float8", "int2")
EARLIEST, LATEST = -(10**15) * 60, 10**15 * 250
"""Before and after every moment that can be stored (microseconds; the years 68 and 9892)."""


class Source(Protocol):
    """Where some observations lie."""

    def read(self, streams: Sequence[int], first: int, next: int, limit: int | None = None, newest: bool = False) -> Readings:
        """Those of some streams (numbers, each once) from a moment up to another (microseconds), by stream and time; of each at most so many, its first or its newest."""
        ...


Parts = Callable[[Sequence[int], int, int], Sequence[Source]]

_others: list[Parts] = []


def extended_by(function: Parts) -> None:
    """Let a module read what lies elsewhere: which sources have observations of these streams in a time. Safe to call again."""
    _others[:] = [function]


def parts(streams: Sequence[int], first: int, next: int) -> list[Source]:
    """All sources that may have observations of these streams in a time; what a later one has goes before an earlier one's."""
    return [*(source for found in _others for source in found(streams, first, next)), TABLES]


class _Tables:
    """The months' tables."""

    # a scan of each stream by its key, whatever the planner thinks of how many there are: months are opened one after the other, and only as far as the limit asks
    QUERY = f"""
        SELECT o.stream, o.time, o.seconds, o.result, o.flags FROM unnest(%(streams)s::integer[]) WITH ORDINALITY AS s (stream, place)
        CROSS JOIN LATERAL (
            SELECT stream, time, seconds, result, flags FROM {PREFIX}
            WHERE stream = s.stream AND time >= %(first)s AND time < %(next)s ORDER BY time {{order}} LIMIT %(limit)s
        ) AS o
    """

    def read(self, streams: Sequence[int], first: int, next: int, limit: int | None = None, newest: bool = False) -> Readings:
        at = writing.cursor()
        begins, ends = bounds(first, next)
        asked = {"streams": sorted(streams), "first": begins, "next": ends, "limit": limit}
        found = Readings(*columns.read(at, at.mogrify(self.QUERY.format(order="DESC" if newest else "ASC"), asked).decode(), KINDS))
        return in_order(found) if newest else found


TABLES = _Tables()


def bounds(first: int, next: int) -> tuple[str, str]:
    """Two moments as PostgreSQL reads them, whatever numbers they are."""
    one, other = writing.moments([min(max(moment, EARLIEST), LATEST) for moment in (first, next)])
    return one, other


def raw(streams: Sequence[int], first: int, next: int, limit: int | None = None, newest: bool = False) -> Readings:
    """Observations of some streams (each once) from a moment up to another, by stream and time; of each stream at most so many, its first ones or its newest."""
    found = [source.read(streams, first, next, limit, newest) for source in parts(streams, first, next)] if streams and first < next else []
    if len(found) < 2:
        return found[0] if found else readings([], [], [])
    joined = in_order(Readings(*(np.concatenate([getattr(one, field.name) for one in found]) for field in dataclasses.fields(Readings))))
    return joined if limit is None else joined.chosen(_within(joined.streams, limit, newest))


class TooManyError(Exception):
    """More observations than were allowed for."""


def raw_within(streams: Sequence[int], first: int, next: int, most: int) -> Readings:
    """As `raw`, but at most so many in all. Raises TooManyError, before more than that is in memory."""
    found: list[Readings] = []
    for stream in sorted(streams):
        found.append(raw([stream], first, next, most + 1))
        most -= len(found[-1])
        if most < 0:
            raise TooManyError
    return Readings(*(np.concatenate([getattr(one, field.name) for one in found]) for field in dataclasses.fields(Readings))) if found else readings([], [], [])


def _within(streams: NDArray[np.int32], limit: int, newest: bool) -> NDArray[np.bool_]:
    """Which rows, ordered by stream, are among the first or the last so many of their stream."""
    begins = np.searchsorted(streams, streams, side="left")
    ends = np.searchsorted(streams, streams, side="right")
    place = np.arange(len(streams))
    chosen: NDArray[np.bool_] = (ends - place <= limit) if newest else (place - begins < limit)
    return chosen


@dataclasses.dataclass(frozen=True)
class Last:
    """What is known of streams that have observations, a line each. `first`, `times`: the first moment and the last one; `received`: when one last came (microseconds)."""

    streams: NDArray[np.int32]
    first: Ints
    times: Ints
    results: Floats
    flags: NDArray[np.int16]
    observations: Ints
    received: Ints


_LAST = "SELECT stream, first, last, result, flags, observations, received FROM tzc_sensors_state WHERE stream = ANY(%s::integer[]) ORDER BY stream"
_LAST_KINDS = ("int4", "timestamptz", "timestamptz", "float8", "int2", "int8", "timestamptz")


def last(streams: Sequence[int]) -> Last:
    """The last values of streams."""
    at = writing.cursor()
    return Last(*columns.read(at, at.mogrify(_LAST, (list(streams),)).decode(), _LAST_KINDS))


_UNSETTLED = """
    SELECT stream, (extract(epoch FROM first) * 1000000)::bigint, (extract(epoch FROM last) * 1000000)::bigint FROM tzc_sensors_unsettled
    WHERE stream = ANY(%s::integer[]) AND last >= %s AND first < %s
"""


def unsettled(streams: Sequence[int], first: int, next: int) -> list[tuple[int, int, int]]:
    """The parts of streams that changed and are not settled: stream, first and last moment. To be asked before what is settled is read: a settler may come between."""
    at = writing.cursor()
    at.execute(_UNSETTLED, (list(streams), *bounds(first, next)))
    found: list[tuple[int, int, int]] = [tuple(row) for row in at.fetchall()]
    return found


def flagged(given: Readings, limits: Any) -> Readings:
    """Observations with the mark of what is out of range as it will be when they are settled: no sum may have these in it."""
    rows = limits.rows(given.streams)
    out = (given.results < rows["low"]) | (given.results > rows["high"])
    return dataclasses.replace(given, flags=((given.flags & ~quality.RANGE) | np.where(out, quality.RANGE, 0)).astype(np.int16))
