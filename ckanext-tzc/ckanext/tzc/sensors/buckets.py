"""What observations come to by spans of time: ten or fifteen minutes from raw values; hours, days and months from their tables, with what is not settled yet made anew here."""
from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from ckanext.tzc.common.territory import territory

from tzc.sensors import quality, rollup
from tzc.sensors.partitions import HOUR, microseconds, moment
from tzc.sensors.readings import SECOND, Ints, Readings, Span, joined, readings
from tzc.sensors.rollup import Hours

from . import columns, reading, settling, writing

WIDTHS = {"10m": 600 * SECOND, "15m": 900 * SECOND, "1h": HOUR, "1d": 24 * HOUR, "1mo": 31 * 24 * HOUR}
"""Spans of time by their names, in microseconds; days and months are the territory's, so these are what they last about (days) and at most (months)."""

RAW_WIDTHS = ("10m", "15m")
MOST_RAW = 2_000_000
"""Raw values that one answer is made of."""

LEVELS = {"1h": "hour", "1d": "day", "1mo": "month"}

_KINDS = ("int4", "timestamptz", "int4", "int4", "float8", "float8", "float8", "float8", "float8")
_STORED = """
    SELECT p.stream, p.time, p.count, p.good, p.sum, p.least, p.most, p.first, p.last FROM unnest(%(streams)s::integer[]) AS s (stream)
    CROSS JOIN LATERAL (SELECT * FROM tzc_sensors_{level} WHERE stream = s.stream AND time >= %(first)s AND time < %(next)s ORDER BY time) AS p
"""


def buckets(streams: Sequence[int], first: int, next: int, every: str) -> Hours:
    """What streams (each once) come to by spans (a key of `WIDTHS`) that begin from a moment up to another (microseconds), by stream and time. Raises `reading.TooManyError`."""
    if not streams or first >= next:
        return rollup.hours(readings([], [], []))
    if every in RAW_WIDTHS:
        first, next = first + -first % WIDTHS[every], next + -next % WIDTHS[every]
        return rollup.spans(_marked(reading.raw_within(streams, first, next, MOST_RAW), reading.unsettled(streams, first, next)), WIDTHS[every])
    # a bucket that begins in this time ends at most so much later
    noted = reading.unsettled(streams, first, next + WIDTHS[every] + HOUR)
    if every == "1h":
        return _hours(streams, first, next, noted)
    return _periods(streams, first, next, every, noted)


def _hours(streams: Sequence[int], first: int, next: int, noted: Sequence[tuple[int, int, int]]) -> Hours:
    spans = joined([Span(stream, max(_hour(one), _up(first)), min(_hour(other) + HOUR, _up(next))) for stream, one, other in noted])
    return _with(_stored("hour", streams, first, next), [span for span in spans if span.first < span.last], _made)


def _hour(time: int) -> int:
    return time - time % HOUR


def _up(time: int) -> int:
    """The first hour that begins then or later."""
    return time + -time % HOUR


def _stored(level: str, streams: Sequence[int], first: int, next: int) -> Hours:
    at = writing.cursor()
    begins, ends = reading.bounds(first, next)
    query = at.mogrify(_STORED.format(level=level), {"streams": sorted(streams), "first": begins, "next": ends})
    return Hours(*columns.read(at, query.decode(), _KINDS))


def _made(span: Span) -> Hours:
    return rollup.hours(_marked(reading.raw([span.stream], span.first, span.last), [(span.stream, span.first, span.last)]))


def _marked(given: Readings, noted: Sequence[Any]) -> Readings:
    """Raw values with marks that are right already."""
    if not noted or not len(given):
        return given
    numbers = sorted(set(given.streams.tolist()))
    return reading.flagged(given, quality.table(settling.limits(numbers)))


def _with(stored: Hours, spans: Sequence[Span], made: Any) -> Hours:
    """Stored lines, those of some spans replaced by what is made."""
    if not spans:
        return stored
    gone = np.zeros(len(stored), dtype=bool)
    for span in spans:
        gone |= (stored.streams == span.stream) & (stored.times >= span.first) & (stored.times < span.last)
    return _ordered([chosen(stored, ~gone), *(made(span) for span in spans)])


def chosen(given: Hours, which: Any) -> Hours:
    """Those lines where a mask is true, or at some places."""
    return Hours(*(getattr(given, field.name)[which] for field in dataclasses.fields(Hours)))


def _ordered(found: Sequence[Hours]) -> Hours:
    whole = Hours(*(np.concatenate([getattr(one, field.name) for one in found]) for field in dataclasses.fields(Hours)))
    return chosen(whole, np.lexsort((whole.times, whole.streams)))


def _periods(streams: Sequence[int], first: int, next: int, every: str, noted: Sequence[tuple[int, int, int]]) -> Hours:
    """Days or months by the territory's clock."""
    zone = ZoneInfo(territory().timezone)
    spans = joined([Span(stream, begin(one, every, zone), end(other, every, zone)) for stream, one, other in noted])

    def made(span: Span) -> Hours:
        hours = _hours([span.stream], span.first, span.last, [note for note in noted if note[0] == span.stream])
        days = _together(hours, edges(span.first, span.last, "1d", zone))
        found = days if every == "1d" else _together(days, edges(span.first, span.last, every, zone))
        return chosen(found, (found.times >= first) & (found.times < next))

    return _with(_stored(LEVELS[every], streams, first, next), spans, made)


def begin(time: int, every: str, zone: ZoneInfo) -> int:
    """When the day or month of a moment begins."""
    day = moment(time).astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return microseconds(day if every == "1d" else day.replace(day=1))


def end(time: int, every: str, zone: ZoneInfo) -> int:
    """When the day or month of a moment ends."""
    day = moment(begin(time, every, zone)).astimezone(zone).replace(tzinfo=None)
    after = day + dt.timedelta(days=1 if every == "1d" else 32)
    return microseconds((after if every == "1d" else after.replace(day=1)).replace(tzinfo=zone))


def edges(first: int, next: int, every: str, zone: ZoneInfo) -> Ints:
    """When the days or months within whole ones begin, and when the last one ends."""
    found = [first]
    while found[-1] < next:
        found.append(end(found[-1], every, zone))
    return np.array(found, dtype=np.int64)


def _together(parts: Hours, edges: Ints) -> Hours:
    """Longer periods of one stream's shorter ones."""
    if not len(parts):
        return parts
    period = np.searchsorted(edges, parts.times, side="right") - 1
    begins = np.flatnonzero(np.concatenate(([True], period[1:] != period[:-1])))
    good = np.add.reduceat(parts.good, begins)
    fine = parts.good > 0
    place = np.arange(len(parts))
    some = good > 0

    def known(values: Any) -> Any:
        return np.where(some, values, np.nan)

    first = np.minimum.reduceat(np.where(fine, place, len(parts) - 1), begins)
    last = np.maximum.reduceat(np.where(fine, place, 0), begins)
    return Hours(
        parts.streams[begins], edges[period[begins]], np.add.reduceat(parts.count, begins), good, known(np.add.reduceat(np.where(fine, parts.sums, 0.0), begins)),
        known(np.minimum.reduceat(np.where(fine, parts.least, np.inf), begins)), known(np.maximum.reduceat(np.where(fine, parts.most, -np.inf), begins)),
        known(parts.first[first]), known(parts.last[last]),
    )  # fmt: skip


