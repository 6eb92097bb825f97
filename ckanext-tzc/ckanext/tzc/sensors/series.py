"""Series: what was asked for by an address, looked up in columns. `series_forms` writes it down."""
from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import ckan.model as model
import ckan.plugins.toolkit as tk
import numpy as np
from ckanext.tzc.common.numbers import whole_number
from ckanext.tzc.common.territory import territory

from tzc.sensors import quality, rollup, times
from tzc.sensors.model import CATEGORY, COUNT
from tzc.sensors.readings import SECOND, Floats, Ints, Readings

from . import buckets, reading, settling, store
from .answers import WrongError

MOST_STREAMS = 50
MOST_VALUES = 1_000_000
"""Of all streams of an answer together."""

MOST_POINTS = 2_000
"""Of each stream, where the answer chooses how fine it is."""

AUTO, RAW = "auto", "raw"
EVERY = (AUTO, RAW, *buckets.WIDTHS)
FORMATS = ("json", "csv", "parquet", "arrow")
PARAMETERS = ("stream", "from", "to", "every", "format")


@dataclasses.dataclass(frozen=True)
class Asked:
    """A question. `first`, `next`: from a moment up to another in microseconds; None: from the first value, up to the last one."""

    streams: tuple[int, ...]
    first: int | None = None
    next: int | None = None
    every: str = AUTO
    format: str = "json"


def asked(given: Mapping[str, Sequence[str]]) -> Asked:
    """A question as it stands in an address. Raises WrongError."""
    for name in given:
        if name not in PARAMETERS:
            raise WrongError(400, tk._("There is no parameter “{name}” here: give {names}.").format(name=name[:60], names=", ".join(PARAMETERS)))
    numbers = [whole_number(part.strip(), digits=10) for each in given.get("stream", []) for part in each.split(",")]
    if not numbers or None in numbers:
        raise WrongError(400, tk._("Give the number of a stream, as stream=12; for several, stream=12&stream=13."))
    streams = tuple(dict.fromkeys(number for number in numbers if number is not None))
    if len(streams) > MOST_STREAMS:
        raise WrongError(400, tk._("At most {most} streams are answered at once: ask for some, then for the others.").format(most=MOST_STREAMS))
    first, next_ = _moment(given, "from"), _moment(given, "to")
    if first is not None and next_ is not None and first >= next_:
        raise WrongError(400, tk._("The time must end after it begins: “to” lies after “from”."))
    return Asked(streams, first, next_, _among(given, "every", EVERY), _among(given, "format", FORMATS))


def _moment(given: Mapping[str, Sequence[str]], name: str) -> int | None:
    written = (given.get(name) or [""])[-1].strip()
    if not written:
        return None
    # a plus sign that was not encoded arrives as a blank
    time, code = times.moment(re.sub(r"(T[\d:.,]+) (\d\d:?\d\d)$", r"\1+\2", written), ZoneInfo(territory().timezone))
    if code:
        raise WrongError(400, tk._("“{name}” must be a moment such as 2026-11-01 or 2026-11-01T08:00:00Z.").format(name=name))
    return time


def _among(given: Mapping[str, Sequence[str]], name: str, allowed: Sequence[str]) -> str:
    written = (given.get(name) or [allowed[0]])[-1]
    if written not in allowed:
        raise WrongError(400, tk._("“{name}” must be one of {allowed}.").format(name=name, allowed=", ".join(allowed)))
    return written


@dataclasses.dataclass(frozen=True)
class Series:
    """One stream's values, in columns. `times`: microseconds; `values`: NaN where nothing is to be said (`breaks`: between two values that are too far apart); `words`: what
    values stand for, of streams of words. Of spans: `least`, `most`, `sums`, `counts` (all observations) and `left_out` (those that are in no other number).
    """

    stream: store.Stream
    times: Ints
    values: Floats
    flags: Ints
    breaks: Any
    aggregate: str = ""
    words: Mapping[int, str] = dataclasses.field(default_factory=dict)
    least: Floats | None = None
    most: Floats | None = None
    sums: Floats | None = None
    counts: Ints | None = None
    left_out: Ints | None = None

    def __len__(self) -> int:
        return len(self.times)


@dataclasses.dataclass(frozen=True)
class Answer:
    """What was found. `first`, `next`: as asked, else the first and after the last value; None where there is none; `every`: what was chosen."""

    first: int | None
    next: int | None
    every: str
    series: tuple[Series, ...]
    properties: Mapping[int, str] = dataclasses.field(default_factory=dict)
    """What streams observe: codes, by their numbers."""

    def __len__(self) -> int:
        return sum(len(one) for one in self.series)


def answer(wanted: Asked, rows: Mapping[int, store.Stream]) -> Answer:
    """Look it up; `rows` are the streams, which the asker may be shown. Raises WrongError."""
    known, codes = reading.last(wanted.streams), _properties(rows)
    if not len(known.streams):
        return Answer(wanted.first, wanted.next, RAW if wanted.every == AUTO else wanted.every, tuple(map(_empty, rows.values())), codes)
    first = wanted.first if wanted.first is not None else int(known.first.min())
    next_ = wanted.next if wanted.next is not None else int(known.times.max()) + 1
    # nothing is looked for where nothing is
    begins, ends = max(first, int(known.first.min())), min(next_, int(known.times.max()) + 1)
    if begins >= ends:
        return Answer(first, next_, RAW if wanted.every == AUTO else wanted.every, tuple(map(_empty, rows.values())), codes)
    try:
        every, found = _looked_up(wanted, rows, begins, ends)
    except reading.TooManyError:
        raise WrongError(400, tk._("These are more than {most} values: ask for a shorter time, fewer streams, or spans such as every=1h.").format(most=MOST_VALUES)) from None
    limits = settling.limits(list(wanted.streams))
    words = _words([row.id for row in rows.values() if row.kind == CATEGORY])
    series = []
    for number in wanted.streams:
        gap = limits[number].gap if np.isfinite(limits[number].gap) else 0.0
        if isinstance(found, Readings):
            series.append(_raw(rows[number], found.chosen(found.streams == number), gap, words.get(number, {})))
        else:
            series.append(_spans(rows[number], buckets.chosen(found, found.streams == number), every, gap, words.get(number, {})))
    return Answer(first, next_, every, tuple(series), codes)


def _looked_up(wanted: Asked, rows: Mapping[int, store.Stream], first: int, next_: int) -> tuple[str, Readings | rollup.Hours]:
    every = wanted.every
    if every == AUTO:
        every, found = _chosen(rows, first, next_)
        if found is not None:
            return RAW, found
    if every == RAW:
        return RAW, reading.raw_within(wanted.streams, first, next_, MOST_VALUES)
    if (next_ - first) // buckets.WIDTHS[every] * len(rows) > MOST_VALUES:
        raise reading.TooManyError
    # the span that a time begins in is answered whole
    return every, buckets.buckets(wanted.streams, _begin(first, every), next_, every)


def _begin(first: int, every: str) -> int:
    if every in ("1d", "1mo"):
        return buckets.begin(first, every, ZoneInfo(territory().timezone))
    return first - first % buckets.WIDTHS[every]


def _chosen(rows: Mapping[int, store.Stream], first: int, next_: int) -> tuple[str, Readings | None]:
    """The finest that gives so many points at most; raw values where they are few, which are read then."""
    length = max(next_ - first, 0)
    intervals = [row.interval * SECOND for row in rows.values()]
    if all(interval == 0 or length / interval <= 2 * MOST_POINTS for interval in intervals):
        found = reading.raw(list(rows), first, next_, MOST_POINTS + 1)
        if not len(found) or np.unique(found.streams, return_counts=True)[1].max() <= MOST_POINTS:
            return RAW, found
    return next((every for every, width in buckets.WIDTHS.items() if length / width <= MOST_POINTS - 1), "1mo"), None


def _properties(rows: Mapping[int, store.Stream]) -> dict[int, str]:
    names = dict(model.Session.query(store.Property.id, store.Property.code).filter(store.Property.id.in_([row.property for row in rows.values()])).tuples())
    return {number: names[row.property] for number, row in rows.items()}


def _words(streams: Sequence[int]) -> dict[int, dict[int, str]]:
    found: dict[int, dict[int, str]] = {}
    if streams:
        for row in model.Session.query(store.Word).filter(store.Word.stream.in_(streams)):
            found.setdefault(row.stream, {})[row.number] = row.word
    return found


def _empty(row: store.Stream) -> Series:
    nothing = np.zeros(0)
    return Series(row, nothing.astype(np.int64), nothing, nothing.astype(np.int64), nothing.astype(bool))


def _raw(row: store.Stream, found: Readings, gap: float, words: Mapping[int, str]) -> Series:
    at = _far(found.times, gap * SECOND if gap else np.inf)
    moments = np.insert(found.times, at, found.times[at - 1] + int(gap * SECOND))
    return Series(
        row, moments, np.insert(found.results, at, np.nan), np.insert(found.flags.astype(np.int64), at, 0), np.insert(np.zeros(len(found), dtype=bool), at, True), words=words,
    )  # fmt: skip


def _spans(row: store.Stream, found: rollup.Hours, every: str, gap: float, words: Mapping[int, str]) -> Series:
    width = buckets.WIDTHS[every]
    # a day has up to 25 hours
    allowed = max(width * 1.1, gap * SECOND)
    at = _far(found.times, allowed)

    def broken(values: Any, with_: Any) -> Any:
        return np.insert(values, at, with_)

    aggregate = aggregate_of(row)
    means = np.divide(found.sums, found.good, out=np.full(len(found), np.nan), where=found.good > 0)
    values = {"sum": found.sums, "last": found.last}.get(aggregate, means)
    left_out = (found.count - found.good).astype(np.int64)
    return Series(
        row, broken(found.times, found.times[at - 1] + width), broken(values, np.nan), broken((left_out > 0).astype(np.int64), 0), broken(np.zeros(len(found), dtype=bool), True),
        aggregate, words,
        broken(found.least, np.nan), broken(found.most, np.nan), broken(found.sums, np.nan), broken(found.count.astype(np.int64), 0), broken(left_out, 0),
    )  # fmt: skip


def _far(moments: Ints, allowed: float) -> Any:
    """Before which values there is a gap."""
    return np.flatnonzero(np.diff(moments) > allowed) + 1


def aggregate_of(row: store.Stream) -> str:
    """How a stream's values become one of a span: `mean`; `sum` of what is counted over periods; `last` of words. Its own properties may say otherwise (`aggregate`)."""
    if row.kind == CATEGORY:
        return "last"
    own = (row.properties or {}).get("aggregate")
    return str(own) if own in ("mean", "sum", "last") else "sum" if row.kind == COUNT and row.period else "mean"


MARKS = {str(bit): name for bit, name in quality.NAMES.items()}
"""What the bits of `flags` of raw values mean."""
