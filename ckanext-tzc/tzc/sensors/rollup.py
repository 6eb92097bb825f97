"""What observations come to by the hour (UTC). Days and months, by the territory's clock, are put together of hours.

The same observations give the same numbers to the last bit, in whatever order they came: sums go through an hour by time.
"""
from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from . import quality
from .partitions import HOUR
from .readings import Floats, Ints, Readings


@dataclasses.dataclass(frozen=True)
class Hours:
    """A line an hour (or another span of time) and stream. `count`: observations that are there; `good`: those that the other columns are of, NaN where there is none."""

    streams: NDArray[np.int32]
    times: Ints
    count: NDArray[np.int32]
    good: NDArray[np.int32]
    sums: Floats
    least: Floats
    most: Floats
    first: Floats
    last: Floats

    def __len__(self) -> int:
        return len(self.streams)


def hours(given: Readings) -> Hours:
    """Of observations in order, whole hours of them."""
    return spans(given, HOUR)


def spans(given: Readings, width: int) -> Hours:
    """The same of spans of another width (microseconds), counted from 1970."""
    if not len(given):
        none, whole = np.zeros(0), np.zeros(0, dtype=np.int32)
        return Hours(whole, np.zeros(0, dtype=np.int64), whole, whole, none, none, none, none, none)
    hour = given.times - given.times % width
    begins = np.flatnonzero(np.concatenate(([True], (given.streams[1:] != given.streams[:-1]) | (hour[1:] != hour[:-1]))))
    lengths = np.diff(np.concatenate((begins, [len(given)])))
    fine = (given.flags & quality.LEFT_OUT) == 0
    good = np.add.reduceat(fine.astype(np.int32), begins)
    kept, any_ = np.where(fine, given.results, 0.0), good > 0
    place = np.arange(len(given))
    first = np.minimum.reduceat(np.where(fine, place, len(given) - 1), begins)
    last = np.maximum.reduceat(np.where(fine, place, 0), begins)

    def known(values: Floats) -> Floats:
        return np.where(any_, values, np.nan)

    return Hours(
        given.streams[begins], hour[begins], lengths.astype(np.int32), good.astype(np.int32), known(np.add.reduceat(kept, begins)),
        known(np.minimum.reduceat(np.where(fine, given.results, np.inf), begins)), known(np.maximum.reduceat(np.where(fine, given.results, -np.inf), begins)),
        known(given.results[first]), known(given.results[last]),
    )  # fmt: skip
