"""What is known of streams and of a dataset's streams together: the period that they cover, how often, what was last, how complete they are."""
from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any

from tzc.sensors import quality
from tzc.sensors.model import CATEGORY, TRUTH
from tzc.sensors.partitions import moment
from tzc.sensors.readings import SECOND

from . import reading, store


@dataclasses.dataclass(frozen=True)
class Told:
    """`first`, `last`: moments; `result`: as it is kept; `completeness`: the share of the observations to be expected that is there, None where nobody knows how many."""

    first: dt.datetime
    last: dt.datetime
    result: float
    marks: list[str]
    observations: int
    completeness: float | None


def of(streams: Sequence[store.Stream]) -> dict[int, Told]:
    """What is known of streams, by their numbers; of those without observations nothing."""
    known = reading.last([row.id for row in streams])
    intervals = {row.id: row.interval for row in streams}
    found = {}
    rows = zip(*(column.tolist() for column in (known.streams, known.first, known.times, known.results, known.flags, known.observations)), strict=True)
    for stream, first, last, result, flags, observations in rows:
        interval = intervals[stream]
        expected = (last - first) // (interval * SECOND) + 1 if interval else 0
        complete = round(min(observations / expected, 1.0), 4) if expected else None
        found[stream] = Told(moment(first), moment(last), result, quality.named(flags), observations, complete)
    return found


def result(row: store.Stream, told: Told, words: dict[int, str]) -> Any:
    """A stream's last result as people and programs read it."""
    if row.kind == CATEGORY:
        return words.get(int(told.result), "")
    return bool(told.result) if row.kind == TRUTH else told.result
