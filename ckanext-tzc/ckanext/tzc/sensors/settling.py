"""What follows from the observations is brought up to date where they changed: flags of quality, hours, days and months.

Who writes notes which part of which stream changed. A settler takes such notes away and makes anew what they touch, in one transaction; who writes meanwhile leaves another note,
so nothing is missed and nobody waits. A note that is there also tells readers which hours are not to be believed yet (`reading`).
"""
from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import ckan.model as model
import numpy as np
from ckanext.tzc.common.territory import territory
from ckanext.tzc.schemas import vocabulary
from numpy.typing import NDArray

from tzc.sensors import quality, rollup, units
from tzc.sensors.model import CATEGORY
from tzc.sensors.partitions import HOUR, PREFIX
from tzc.sensors.readings import Readings, Span, joined, readings

from . import columns, writing
from .lake import recalling
from .writing import moments

MOST_NOTES = 20_000
MOST_HOURS = 50_000
"""Hours of streams that one transaction settles."""

LOCK = "tzc_sensors settling"

_TAKE = """
    DELETE FROM tzc_sensors_unsettled WHERE id IN (SELECT id FROM tzc_sensors_unsettled ORDER BY id LIMIT %s)
    RETURNING stream, (extract(epoch FROM first) * 1000000)::bigint, (extract(epoch FROM last) * 1000000)::bigint
"""
_GIVEN = "unnest(%s::integer[], %s::integer[], %s::timestamptz[], %s::timestamptz[], %s::float8[], %s::float8[]) AS span (number, stream, first, next, frozen, ignore)"
_INSIDE = f"""
    SELECT span.number, o.stream, o.time, o.seconds, o.result, o.flags FROM {_GIVEN}
    JOIN {PREFIX} AS o ON o.stream = span.stream AND o.time >= span.first AND o.time < span.next WHERE o.time >= %s AND o.time < %s
"""
_BEFORE = f"""
    SELECT span.number, o.stream, o.time, o.seconds, o.result, o.flags FROM {_GIVEN}
    JOIN LATERAL (SELECT time, result FROM {PREFIX} WHERE stream = span.stream AND time < span.first ORDER BY time DESC LIMIT 1) AS before ON true
    LEFT JOIN LATERAL (
        SELECT time FROM {PREFIX}
        WHERE stream = span.stream AND time < before.time AND time >= before.time - make_interval(secs => span.frozen) AND result <> before.result ORDER BY time DESC LIMIT 1
    ) AS other ON true
    JOIN LATERAL (
        SELECT * FROM {PREFIX} WHERE stream = span.stream AND time < span.first
            AND time >= CASE WHEN before.result = span.ignore THEN before.time ELSE coalesce(other.time, before.time - make_interval(secs => span.frozen)) END
        OFFSET 0
    ) AS o ON true
"""
"""The rows before spans that their flags depend on: as far back as a value stays the same, within what is too long, and one more.

`OFFSET 0` keeps the last question by itself: joined, all earlier rows of a stream are read and thrown away.
"""

_AFTER = f"""
    SELECT span.number, o.stream, o.time, o.seconds, o.result, o.flags FROM {_GIVEN}
    JOIN LATERAL (SELECT time, result FROM {PREFIX} WHERE stream = span.stream AND time >= span.next ORDER BY time LIMIT 1) AS after ON true
    LEFT JOIN LATERAL (
        SELECT time FROM {PREFIX}
        WHERE stream = span.stream AND time > after.time AND time <= after.time + make_interval(secs => span.frozen) AND result <> after.result ORDER BY time LIMIT 1
    ) AS another ON true
    JOIN LATERAL (
        SELECT * FROM {PREFIX} WHERE stream = span.stream AND time >= span.next
            AND time <= CASE WHEN after.result = span.ignore THEN after.time ELSE coalesce(another.time, after.time + make_interval(secs => span.frozen)) END
        OFFSET 0
    ) AS o ON true
"""
"""The rows after spans whose flags depend on those inside."""

DENSE = 0.25
"""Of the time that spans lie in, how much each covers at least, where all rows of that time are looked through instead of each stream by its index."""

_RULES = """
    SELECT s.id, p.code, s.unit, s.interval, s.kind, s.properties -> 'rules' FROM tzc_sensors_stream AS s JOIN tzc_sensors_property AS p ON p.id = s.property WHERE s.id = ANY(%s)
"""
_MARKS = "CREATE TEMPORARY TABLE IF NOT EXISTS tzc_sensors_marks (time timestamptz NOT NULL, stream integer NOT NULL, flags smallint NOT NULL) ON COMMIT DELETE ROWS"
_MARK = f"UPDATE {PREFIX} AS o SET flags = (o.flags & {~quality.COMPUTED}::smallint) | m.flags FROM tzc_sensors_marks AS m WHERE o.stream = m.stream AND o.time = m.time"
_MARK_LAST = f"""
    UPDATE tzc_sensors_state AS s SET flags = (s.flags & {~quality.COMPUTED}::smallint) | m.flags FROM tzc_sensors_marks AS m WHERE s.stream = m.stream AND s.last = m.time
"""
_SPANS = "unnest(%(streams)s::integer[], %(firsts)s::timestamptz[], %(nexts)s::timestamptz[]) AS span (stream, first, next)"
_FORGET_HOURS = f"DELETE FROM tzc_sensors_hour AS h USING {_SPANS} WHERE h.stream = span.stream AND h.time >= span.first AND h.time < span.next"
_PERIODS = f"""
    SELECT DISTINCT span.stream, local AT TIME ZONE %(zone)s AS begins, (local + interval '1 {{level}}') AT TIME ZONE %(zone)s AS ends
    FROM {_SPANS}, generate_series(
        date_trunc('{{level}}', span.first AT TIME ZONE %(zone)s), date_trunc('{{level}}', (span.next - interval '1 microsecond') AT TIME ZONE %(zone)s),
        interval '1 {{level}}') AS local
"""
_FORGET = f"DELETE FROM tzc_sensors_{{level}} AS p USING ({_PERIODS}) AS period WHERE p.stream = period.stream AND p.time = period.begins"
_SUM_UP = f"""
    INSERT INTO tzc_sensors_{{level}} (stream, time, count, good, sum, least, most, first, last)
    SELECT p.stream, period.begins, sum(p.count), sum(p.good), coalesce(sum(p.sum ORDER BY p.time) FILTER (WHERE p.good > 0), 'NaN'),
        coalesce(min(p.least) FILTER (WHERE p.good > 0), 'NaN'), coalesce(max(p.most) FILTER (WHERE p.good > 0), 'NaN'),
        coalesce((array_agg(p.first ORDER BY p.time) FILTER (WHERE p.good > 0))[1], 'NaN'), coalesce((array_agg(p.last ORDER BY p.time DESC) FILTER (WHERE p.good > 0))[1], 'NaN')
    FROM ({_PERIODS}) AS period JOIN tzc_sensors_{{below}} AS p ON p.stream = period.stream AND p.time >= period.begins AND p.time < period.ends
    GROUP BY p.stream, period.begins
"""


@dataclasses.dataclass(frozen=True)
class Settled:
    """So many notes were followed, hours made anew and flags changed. `left`: more wait."""

    notes: int = 0
    hours: int = 0
    flags: int = 0
    left: bool = False


def settle() -> Settled:
    """Follow some of the notes; `notes` is 0 when there are none. Commits. One settler works at a time; another waits."""
    at = writing.cursor()
    at.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (LOCK,))
    at.execute(_TAKE, (MOST_NOTES,))
    notes = [Span(*row) for row in at.fetchall()]
    if not notes:
        model.Session.rollback()
        return Settled()
    whole = joined([Span(span.stream, span.first - span.first % HOUR, span.last - span.last % HOUR + HOUR) for span in notes])
    now, later = within(_remembered(at, whole), MOST_HOURS)
    writing.note_spans(at, [Span(span.stream, span.first, span.last - 1) for span in later])
    limits = _limits(at, sorted({span.stream for span in now}))
    flags, hours = _anew(at, now, limits)
    _put_hours(at, now, hours)
    model.Session.commit()
    return Settled(len(notes), len(hours), flags, bool(later) or len(notes) == MOST_NOTES)


def _remembered(at: Any, spans: Sequence[Span]) -> list[Span]:
    """What lies after the moment before which a stream's raw values are gone: what came of those stays as it is."""
    at.execute("SELECT stream, (extract(epoch FROM before) * 1000000)::bigint FROM tzc_sensors_forgotten WHERE stream = ANY(%s)", ([span.stream for span in spans],))
    before = dict(at.fetchall())
    cut = [Span(span.stream, max(span.first, before.get(span.stream, span.first)), span.last) for span in spans]
    return [span for span in cut if span.first < span.last]


def settle_all() -> Settled:
    """Follow all notes."""
    total = Settled()
    while (done := settle()).notes:
        total = Settled(total.notes + done.notes, total.hours + done.hours, total.flags + done.flags)
    return total


def within(spans: Sequence[Span], most: int) -> tuple[list[Span], list[Span]]:
    """Spans of whole hours (`last` is the first moment that is no longer in one), so many hours in all, and what is left."""
    now: list[Span] = []
    left = most * HOUR
    for place, span in enumerate(spans):
        if span.last - span.first <= left:
            now.append(span)
            left -= span.last - span.first
            continue
        cut = span.first + left
        return [*now, *([Span(span.stream, span.first, cut)] if left else [])], [Span(span.stream, cut, span.last), *spans[place + 1 :]]
    return now, []


def limits(streams: list[int]) -> dict[int, quality.Limits]:
    """What each stream may do, in its own unit."""
    return _limits(writing.cursor(), streams)


def _limits(at: Any, streams: list[int]) -> dict[int, quality.Limits]:
    """What each stream may do, in its own unit: by its own rules, else by those of what it observes."""
    at.execute(_RULES, (streams,))
    known = {row[0]: row[1:] for row in at.fetchall()}
    return {number: limits_of(*known[number]) if number in known else quality.Limits() for number in streams}


def limits_of(code: str, unit: str, interval: int, kind: str, own: Mapping[str, Any] | None) -> quality.Limits:
    """The limits of one stream."""
    if kind == CATEGORY:
        return quality.limits({"gap": 3}, interval)
    if own is not None:
        return quality.limits(own, interval)
    entry = _properties().get(code) or _properties()["other"]
    try:
        scale, shift = units.line(entry["unit"], unit)
    except units.UnitError:
        return quality.limits({"gap": entry["rules"].get("gap", 3)}, interval)
    return quality.limits(entry["rules"], interval, scale, shift)


@lru_cache(maxsize=1)
def _properties() -> dict[str, Any]:
    return {entry["code"]: entry for entry in vocabulary("observed-property")}


def _anew(at: Any, spans: Sequence[Span], limits: Mapping[int, quality.Limits]) -> tuple[int, rollup.Hours]:
    """Flags that changed are written; how many, and the hours of the spans."""
    if not spans:
        return 0, rollup.hours(readings([], [], []))
    recalling.recall_around(at, spans, {number: _frozen(limit) for number, limit in limits.items()})
    numbers, stored = _stored(at, spans, limits)
    computed = quality.flags(stored, quality.table(limits), numbers)
    begins, ends = (np.array([getattr(span, name) for span in spans], dtype=np.int64)[numbers] for name in ("first", "last"))
    different = (stored.times >= begins) & ((stored.flags & quality.COMPUTED) != computed)
    _mark(at, stored.chosen(different), computed[different])
    inside = (stored.times >= begins) & (stored.times < ends)
    marked = dataclasses.replace(stored, flags=((stored.flags & ~quality.COMPUTED) | computed).astype(np.int16))
    return int(different.sum()), rollup.hours(marked.chosen(inside))


def _stored(at: Any, spans: Sequence[Span], limits: Mapping[int, quality.Limits]) -> tuple[NDArray[np.int32], Readings]:
    """The rows of spans and those around them, each with its span's number, in order."""
    given = [
        list(range(len(spans))), [span.stream for span in spans], moments([span.first for span in spans]), moments([span.last for span in spans]),
        [_frozen(limits[span.stream]) for span in spans], [limits[span.stream].ignore for span in spans],
    ]  # fmt: skip
    first, last = min(span.first for span in spans), max(span.last for span in spans)
    by_index = any(span.last - span.first < DENSE * (last - first) for span in spans)
    ways = ((_BEFORE, [], True), (_INSIDE, moments([first, last]), by_index), (_AFTER, [], True))
    found = [_rows(at, query, [*given, *more], indexed) for query, more, indexed in ways]
    numbers, streams, times, seconds, results, flags = (np.concatenate(columns_) for columns_ in zip(*found, strict=True))
    order = np.lexsort((times, numbers))
    return numbers[order], Readings(streams[order], times[order], seconds[order], results[order], flags[order])


def _frozen(limit: quality.Limits) -> float:
    """For how many seconds a value may stay the same; 0 where for ever."""
    return limit.frozen if np.isfinite(limit.frozen) else 0.0


def _rows(at: Any, query: str, asked: Sequence[Any], by_index: bool) -> list[NDArray[Any]]:
    switch = "off" if by_index else "on"
    at.execute(f"SET LOCAL enable_hashjoin = {switch}; SET LOCAL enable_mergejoin = off; SET LOCAL enable_nestloop = {'on' if by_index else 'off'}")
    found = columns.read(at, at.mogrify(query, asked).decode(), ("int4", "int4", "timestamptz", "int4", "float8", "int2"))
    at.execute("RESET enable_hashjoin; RESET enable_mergejoin; RESET enable_nestloop")
    return found


def _mark(at: Any, rows: Readings, computed: NDArray[np.int16]) -> None:
    if not len(rows):
        return
    at.execute(_MARKS)
    columns.write(at, "tzc_sensors_marks", {"time": ("timestamptz", rows.times), "stream": ("int4", rows.streams), "flags": ("int2", computed)})
    at.execute(_MARK)
    at.execute(_MARK_LAST)
    at.execute("TRUNCATE tzc_sensors_marks")


def _put_hours(at: Any, spans: Sequence[Span], hours: rollup.Hours) -> None:
    """In place of what was there; then the days and months that the spans touch."""
    asked = {
        "streams": [span.stream for span in spans], "firsts": moments([span.first for span in spans]), "nexts": moments([span.last for span in spans]),
        "zone": territory().timezone,
    }  # fmt: skip
    at.execute(_FORGET_HOURS, asked)
    columns.write(at, "tzc_sensors_hour", {
        "stream": ("int4", hours.streams), "time": ("timestamptz", hours.times), "count": ("int4", hours.count), "good": ("int4", hours.good), "sum": ("float8", hours.sums),
        "least": ("float8", hours.least), "most": ("float8", hours.most), "first": ("float8", hours.first), "last": ("float8", hours.last),
    })  # fmt: skip
    for level, below in (("day", "hour"), ("month", "day")):
        at.execute(_FORGET.format(level=level), asked)
        at.execute(_SUM_UP.format(level=level, below=below), asked)
