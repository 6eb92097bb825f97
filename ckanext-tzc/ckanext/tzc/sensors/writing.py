"""How observations are stored: columns to PostgreSQL's binary COPY, each row once, whatever is sent again.

Rows later than all of their stream's go straight into their month's table. The others go aside first, and replace what has another value. What is the same changes nothing.
Writers of one stream wait for each other, in the order of the streams' numbers, so that none waits for ever.
"""
from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import ckan.model as model
import numpy as np
from numpy.typing import NDArray

from tzc.sensors import partitions, quality
from tzc.sensors.readings import Ints, Readings, Span, in_order, spans, starts

from . import columns, months
from .lake import recalling

TABLE = partitions.PREFIX
ASIDE = "tzc_sensors_aside"
NOTHING_YET = np.iinfo(np.int64).min

_ASIDE = (
    f"CREATE TEMPORARY TABLE IF NOT EXISTS {ASIDE} (time timestamptz NOT NULL, result double precision NOT NULL, stream integer NOT NULL, seconds integer NOT NULL, "
    "flags smallint NOT NULL) ON COMMIT DELETE ROWS"
)
_REPLACE = (
    f"INSERT INTO {TABLE} AS o (time, result, stream, seconds, flags) SELECT time, result, stream, seconds, flags FROM {ASIDE} "
    f"ON CONFLICT (stream, time) DO UPDATE SET result = EXCLUDED.result, seconds = EXCLUDED.seconds, flags = EXCLUDED.flags | {quality.CORRECTED}::smallint "
    "WHERE (o.result, o.seconds) IS DISTINCT FROM (EXCLUDED.result, EXCLUDED.seconds) RETURNING o.stream, o.time, o.seconds, o.result, o.flags"
)
_STATE = """
    INSERT INTO tzc_sensors_state AS s (stream, first, last, result, flags, observations, received)
    SELECT stream, first, last, result, flags, observations, now()
    FROM unnest(%(stream)s::integer[], %(first)s::timestamptz[], %(last)s::timestamptz[], %(result)s::float8[], %(flags)s::smallint[], %(observations)s::bigint[])
        AS n (stream, first, last, result, flags, observations)
    ON CONFLICT (stream) DO UPDATE SET
        first = least(s.first, EXCLUDED.first), last = greatest(s.last, EXCLUDED.last),
        result = CASE WHEN EXCLUDED.last >= s.last THEN EXCLUDED.result ELSE s.result END,
        flags = CASE WHEN EXCLUDED.last >= s.last THEN EXCLUDED.flags ELSE s.flags END,
        observations = s.observations + EXCLUDED.observations, received = EXCLUDED.received
"""


@dataclasses.dataclass(frozen=True)
class Written:
    """What became of observations: so many are new, have another value than before, or were there already."""

    new: int = 0
    changed: int = 0
    same: int = 0


class UnknownStreamError(LookupError):
    """A stream is no longer there: it was removed meanwhile."""


def cursor() -> Any:
    """A cursor of psycopg2 in this transaction."""
    return model.Session.connection().connection.cursor()


def write(given: Readings) -> Written:
    """Store observations of known streams; of several for one moment the one that came last. Does not commit. Raises UnknownStreamError."""
    ordered = in_order(given)
    if not len(ordered):
        return Written()
    needed = partitions.months(ordered.times)
    months.ensure(needed)
    at = cursor()
    months.hold(at, needed)
    late = ordered.times <= _last(at, ordered)
    fresh = ordered.chosen(~late)
    _append(at, fresh)
    moved = fresh
    if late.any():
        recalling.recall(at, _months_of(ordered.chosen(late)))
        replaced = _replace(at, ordered.chosen(late))
        moved = in_order(_together(fresh, replaced))
    # a row that was there has the mark of it, and no other has
    changed = int(np.count_nonzero(moved.flags & quality.CORRECTED))
    _note(at, moved)
    note_spans(at, spans(moved))
    return Written(len(moved) - changed, changed, len(given) - len(moved))


def _last(at: Any, ordered: Readings) -> Ints:
    """For each observation the last moment of its stream that is stored. Holds the streams until the end of the transaction."""
    begins = starts(ordered.streams)
    numbers = ordered.streams[begins].tolist()
    at.execute("SELECT id FROM tzc_sensors_stream WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", (numbers,))
    if at.rowcount != len(numbers):
        raise UnknownStreamError("a stream is no longer there")
    at.execute("SELECT stream, (extract(epoch FROM last) * 1000000)::bigint FROM tzc_sensors_state WHERE stream = ANY(%s)", (numbers,))
    known = dict(at.fetchall())
    last = np.array([known.get(number, NOTHING_YET) for number in numbers], dtype=np.int64)
    repeated: Ints = np.repeat(last, np.diff(np.concatenate((begins, [len(ordered)]))))
    return repeated


def _months_of(given: Readings) -> list[tuple[int, partitions.Month]]:
    """The months of each stream that observations lie in, which may be in the lake."""
    first = months.kept_from()
    found = []
    for month in partitions.months(given.times):
        if month < first:
            inside = given.streams[(given.times >= month.begins) & (given.times < month.ends)]
            found += [(stream, month) for stream in np.unique(inside).tolist()]
    return found


def _append(at: Any, given: Readings) -> None:
    """Rows that no other is in the way of, each into its month's table."""
    for month in partitions.months(given.times):
        inside = (given.times >= month.begins) & (given.times < month.ends)
        columns.write(at, month.table, _columns(given if inside.all() else given.chosen(inside)))


def _replace(at: Any, given: Readings) -> Readings:
    """Rows that may be there: those that are new or have another value now, with the mark of the latter."""
    at.execute(_ASIDE)
    columns.write(at, ASIDE, _columns(given))
    streams, times, seconds, results, flags = columns.read(at, _REPLACE, ("int4", "timestamptz", "int4", "float8", "int2"))
    at.execute(f"TRUNCATE {ASIDE}")
    return Readings(streams, times, seconds, results, flags)


def _columns(given: Readings) -> Mapping[str, tuple[str, NDArray[Any]]]:
    return {
        "time": ("timestamptz", given.times), "result": ("float8", given.results), "stream": ("int4", given.streams), "seconds": ("int4", given.seconds),
        "flags": ("int2", given.flags),
    }  # fmt: skip


def _together(one: Readings, other: Readings) -> Readings:
    return Readings(*(np.concatenate((getattr(one, field.name), getattr(other, field.name))) for field in dataclasses.fields(Readings)))


def note_spans(at: Any, found: Sequence[Span]) -> None:
    """Note what changed, for who settles it (`settling`)."""
    if found:
        columns.write(at, "tzc_sensors_unsettled", {
            "stream": ("int4", np.array([span.stream for span in found], dtype=np.int32)), "first": ("timestamptz", np.array([span.first for span in found], dtype=np.int64)),
            "last": ("timestamptz", np.array([span.last for span in found], dtype=np.int64)),
        })  # fmt: skip


def _note(at: Any, moved: Readings) -> None:
    """Bring what is known of each stream up to date."""
    if not len(moved):
        return
    begins = starts(moved.streams)
    ends = np.concatenate((begins[1:], [len(moved)])) - 1
    new = np.add.reduceat((moved.flags & quality.CORRECTED == 0).astype(np.int64), begins)
    at.execute(_STATE, {
        "stream": moved.streams[begins].tolist(), "first": moments(moved.times[begins]), "last": moments(moved.times[ends]), "result": moved.results[ends].tolist(),
        "flags": moved.flags[ends].tolist(), "observations": new.tolist(),
    })  # fmt: skip


def moments(times: Any) -> list[str]:
    """Moments as PostgreSQL reads them."""
    return [f"{text}+00" for text in np.asarray(times, dtype=np.int64).astype("datetime64[us]").astype(str).tolist()]
