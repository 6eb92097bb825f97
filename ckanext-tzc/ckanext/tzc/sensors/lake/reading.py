"""Observations out of the lake."""
from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from tzc.sensors.readings import Readings, in_order, starts

from .. import reading, writing
from . import catalogue, files, places
from .catalogue import Pair

AT_ONCE = 4
"""Files that are read side by side."""

_ASKED = "m.stream = ANY(%(streams)s::integer[]) AND m.last >= %(first)s AND m.first < %(next)s"


def series(streams: Sequence[int], first: int, next: int) -> Readings:
    """What the lake has of streams from a moment up to another (microseconds), by stream and time. Read the table before: what is in both is the table's."""
    return LAKE.read(streams, first, next)


@dataclasses.dataclass(frozen=True)
class Lake:
    """The months that were moved, as a source for who reads (`reading`). `left_out`: months of streams by their files (stream and file) of which the tables have all: what is not
    in these is no more.
    """

    left_out: frozenset[tuple[int, int]] = frozenset()

    def read(self, streams: Sequence[int], first: int, next: int, limit: int | None = None, newest: bool = False) -> Readings:
        """As the tables are read; of each stream at most so many rows, its first ones or its newest: then files are read only as far as that."""
        begins, ends = reading.bounds(first, next)
        asked = {"streams": list(streams), "first": begins, "next": ends}
        found = [pair for pair in catalogue.pairs(writing.cursor(), _ASKED, asked) if (pair.stream, pair.file) not in self.left_out]
        if limit is None:
            return _read(found, first, next)
        parts, left = [], dict.fromkeys(streams, limit)
        for month in sorted({pair.month for pair in found}, reverse=newest):
            part = _read([pair for pair in found if pair.month == month and left[pair.stream] > 0], first, next)
            part = part.chosen(_within(part.streams, left, newest))
            for stream, count in zip(*np.unique(part.streams, return_counts=True), strict=True):
                left[int(stream)] -= int(count)
            parts.append(part)
        return in_order(files.concatenated(parts))


LAKE = Lake()


def parts(streams: Sequence[int], first: int, next: int) -> list[Lake]:
    """For `reading.extended_by`. What is there is looked up when it is read: after the tables, as a month may be moved meanwhile; what is back in the tables before them."""
    begins, ends = reading.bounds(first, next)
    return [Lake(back(streams, begins, ends))]


def back(streams: Sequence[int], first: object, next: object) -> frozenset[tuple[int, int]]:
    """Months of streams that are back in the tables, by stream and file."""
    found = catalogue.pairs(writing.cursor(), f"m.back AND {_ASKED}", {"streams": list(streams), "first": first, "next": next})
    return frozenset((pair.stream, pair.file) for pair in found)


def _read(found: Sequence[Pair], first: int, next: int) -> Readings:
    wanted: dict[str, list[int]] = {}
    for pair in found:
        wanted.setdefault(pair.path, []).append(pair.stream)
    place = places.here()

    def rows(path: str) -> Readings:
        return files.read(place, path, np.array(sorted(wanted[path]), dtype=np.int32), first, next - 1)

    if len(wanted) < 2:
        return in_order(files.concatenated([rows(path) for path in wanted]))
    with ThreadPoolExecutor(AT_ONCE) as readers:
        return in_order(files.concatenated(list(readers.map(rows, wanted))))


def _within(streams: NDArray[np.int32], left: dict[int, int], newest: bool) -> NDArray[np.bool_]:
    """Which rows, by stream, are among the first or the last that are still wanted of theirs."""
    begins = starts(streams)
    lengths = np.diff(np.concatenate((begins, [len(streams)])))
    most = np.repeat(np.array([left[int(stream)] for stream in streams[begins]], dtype=np.int64), lengths)
    place = np.arange(len(streams)) - np.repeat(begins, lengths)
    chosen: NDArray[np.bool_] = (np.repeat(lengths, lengths) - place <= most) if newest else (place < most)
    return chosen
