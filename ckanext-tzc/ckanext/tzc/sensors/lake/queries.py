"""Questions to observations, as ibis expressions over one logical table: they say what is asked, and run on any engine that ibis speaks to (`engines`).

Moments are UTC. Sums, means, least and most leave out what the marks of quality leave out; counts count everything.
"""
from __future__ import annotations

import datetime as dt
from typing import Any

import ibis
from ibis import _

from tzc.sensors import quality

SCHEMA = ibis.schema({"stream": "int32", "time": "timestamp('UTC', 6)", "result": "float64", "seconds": "int32", "flags": "int16"})
NAME = "observations"


def logical() -> Any:
    """The table by its name, of no engine."""
    return ibis.table(SCHEMA, name=NAME)


def _good() -> Any:
    return (_.flags.cast("int32") & ibis.literal(quality.LEFT_OUT, "int32")) == 0


def _numbers() -> dict[str, Any]:
    """What observations come to."""
    good = _good()
    return {
        "count": _.count(), "good": _.count(where=good), "mean": _.result.mean(where=good), "least": _.result.min(where=good), "most": _.result.max(where=good),
    }  # fmt: skip


def between(table: Any, first: dt.datetime, next: dt.datetime) -> Any:
    """From a moment up to another."""
    return table.filter(_.time >= ibis.timestamp(first), _.time < ibis.timestamp(next))


def series(table: Any, every: int) -> Any:
    """For each stream and so many seconds: `count`, `good`, `mean`, `least`, `most`; `at` is the bucket's beginning."""
    return table.mutate(at=_bucket(every)).group_by("stream", "at").aggregate(**_numbers()).order_by("stream", "at")


def _bucket(every: int) -> Any:
    return ((_.time.epoch_seconds().cast("int64") // every) * every).as_timestamp("s")


def statistics(table: Any) -> Any:
    """For each stream the same, the first and the last moment, and how far values lie from the mean (of the whole, not of a sample)."""
    numbers = {**_numbers(), "deviation": _.result.std(how="pop", where=_good()), "first": _.time.min(), "last": _.time.max(), "last_result": _.result.argmax(_.time)}
    return table.group_by("stream").aggregate(**numbers).order_by("stream")


def completeness(table: Any, first: dt.datetime, next: dt.datetime, interval: int) -> Any:
    """For each stream how many intervals (in seconds) have an observation, how many there are, and the share."""
    expected = int((next - first).total_seconds()) // interval
    there = between(table, first, next).mutate(at=_bucket(interval)).group_by("stream").aggregate(there=_.at.nunique())
    return there.mutate(expected=ibis.literal(expected, "int64"), share=_.there.cast("float64") / float(expected)).order_by("stream")


def compare(table: Any, one: tuple[dt.datetime, dt.datetime], other: tuple[dt.datetime, dt.datetime]) -> Any:
    """For each stream the mean in two periods, and by how much the other differs: `difference`, and `ratio` to the first."""
    good = table.filter(_good())
    first = between(good, *one).group_by("stream").aggregate(before=_.result.mean())
    then = between(good, *other).group_by("stream").aggregate(after=_.result.mean())
    return first.join(then, "stream").mutate(difference=_.after - _.before, ratio=_.after / _.before).order_by("stream")


def profile(table: Any) -> Any:
    """For each stream the mean by day of the week (0: Monday) and hour."""
    hours = table.filter(_good()).mutate(weekday=_.time.day_of_week.index().cast("int32"), hour=_.time.hour().cast("int32"))
    return hours.group_by("stream", "weekday", "hour").aggregate(mean=_.result.mean(), count=_.count()).order_by("stream", "weekday", "hour")


def above(table: Any, limit: float, every: int = 3600) -> Any:
    """For each stream in how many buckets (hours, if not told otherwise) the mean is above a limit, of how many."""
    means = table.filter(_good()).mutate(at=_bucket(every)).group_by("stream", "at").aggregate(mean=_.result.mean())
    return means.group_by("stream").aggregate(above=_.count(where=_.mean > limit), of=_.count()).order_by("stream")
