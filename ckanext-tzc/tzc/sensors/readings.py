"""Observations in columns, as they are decoded and as they are stored: whole arrays, never one by one.

A moment is a whole number of microseconds since 1970 (UTC), a period a whole number of seconds from it; a result is a finite number. What is no such thing is rejected
where it is decoded, with its row and its reason.
"""
from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .model import Stream

SECOND = 1_000_000
"""Microseconds."""

MOST_LISTED = 10_000
"""Rejected rows of one batch that are listed; the others are counted."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Rejected:
    """A row that is not taken: its place in what came (from 0), a code of `faults`, what the words need, and the row as it came, shortened."""

    row: int
    code: str
    parameters: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    shown: str = ""


@dataclasses.dataclass(frozen=True)
class Decoded:
    """What a protocol's decoder gives. `names`: the streams by what their source calls them; `index`: each observation's stream, as a place in `names`;
    `rows`: its place in what came. `units`: how the source measures (UCUM), by stream, where it says so. `words`: what it says in place of numbers, and `said`: for each
    observation the place of its word, -1 where it is a number. `described`: streams that the source may mean to make, by name.
    """

    names: Sequence[str]
    index: NDArray[np.int32]
    times: Ints
    seconds: NDArray[np.int32]
    results: Floats
    flags: NDArray[np.int16]
    rows: NDArray[np.int32]
    rejected: tuple[Rejected, ...] = ()
    left_out: int = 0
    """Rejected rows beyond those that are listed."""
    units: Mapping[str, str] = dataclasses.field(default_factory=dict)
    words: Sequence[str] = ()
    said: NDArray[np.int32] | None = None
    described: Mapping[str, Stream] = dataclasses.field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.index)


def decoded(
    names: Sequence[str], index: Any, times: Any, results: Any, *, seconds: Any = 0, flags: Any = 0, rows: Any = None, rejected: Sequence[Rejected] = (),
    units: Mapping[str, str] | None = None,
) -> Decoded:  # fmt: skip
    """A batch of any sequences of numbers; `seconds` and `flags` may be one number for all, `rows` count from 0 where not said."""
    place = np.asarray(index, dtype=np.int32)
    return Decoded(
        names, place, np.asarray(times, dtype=np.int64), np.broadcast_to(np.asarray(seconds, dtype=np.int32), place.shape), np.asarray(results, dtype=np.float64),
        np.broadcast_to(np.asarray(flags, dtype=np.int16), place.shape), np.arange(len(place), dtype=np.int32) if rows is None else np.asarray(rows, dtype=np.int32),
        tuple(rejected[:MOST_LISTED]), max(0, len(rejected) - MOST_LISTED), dict(units or {}),
    )  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Readings:
    """Observations of streams that are known, by their numbers. `seconds`: 0 at a moment, else how long the period from it is."""

    streams: NDArray[np.int32]
    times: Ints
    seconds: NDArray[np.int32]
    results: Floats
    flags: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.streams)

    def chosen(self, which: Any) -> Readings:
        """Those at some places, or where a mask is true."""
        return Readings(self.streams[which], self.times[which], self.seconds[which], self.results[which], self.flags[which])


def readings(streams: Any, times: Any, results: Any, seconds: Any = 0, flags: Any = 0) -> Readings:
    """Of any sequences of numbers; `seconds` and `flags` may be one number for all."""
    numbers = np.asarray(streams, dtype=np.int32)
    return Readings(
        numbers, np.asarray(times, dtype=np.int64), np.broadcast_to(np.asarray(seconds, dtype=np.int32), numbers.shape), np.asarray(results, dtype=np.float64),
        np.broadcast_to(np.asarray(flags, dtype=np.int16), numbers.shape),
    )  # fmt: skip


def in_order(given: Readings) -> Readings:
    """By stream and time, each once: of several for the same moment the one that came last."""
    if len(given) < 2:
        return given
    order = np.lexsort((given.times, given.streams))
    streams, times = given.streams[order], given.times[order]
    last = np.ones(len(order), dtype=bool)
    last[:-1] = (streams[1:] != streams[:-1]) | (times[1:] != times[:-1])
    return given.chosen(order[last])


def starts(streams: NDArray[np.int32]) -> Ints:
    """Where each stream begins in observations that are in order."""
    if not len(streams):
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero(np.concatenate(([True], streams[1:] != streams[:-1]))).astype(np.int64)


@dataclasses.dataclass(frozen=True)
class Span:
    """Of one stream, from a moment up to and with another."""

    stream: int
    first: int
    last: int


def spans(given: Readings, apart: int = 86_400 * SECOND) -> list[Span]:
    """What observations in order cover; one that is further `apart` from the one before begins another span."""
    if not len(given):
        return []
    new = np.concatenate(([True], (given.streams[1:] != given.streams[:-1]) | (given.times[1:] - given.times[:-1] > apart)))
    begins = np.flatnonzero(new)
    ends = np.concatenate((begins[1:], [len(given)])) - 1
    return [Span(*found) for found in zip(given.streams[begins].tolist(), given.times[begins].tolist(), given.times[ends].tolist(), strict=True)]


def joined(found: Sequence[Span]) -> list[Span]:
    """Spans of which those of one stream that touch or overlap are one. In order."""
    done: list[Span] = []
    for span in sorted(found, key=lambda span: (span.stream, span.first)):
        if done and done[-1].stream == span.stream and span.first <= done[-1].last:
            done[-1] = Span(span.stream, done[-1].first, max(done[-1].last, span.last))
        else:
            done.append(span)
    return done
