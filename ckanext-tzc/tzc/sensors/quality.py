"""What is odd about observations, by named rules, each a bit of an observation's flags. Nothing is changed or thrown away: raw values are kept.

    range      below or above what the property can be                      left out of sums and means
    ahead      later than the clock was when it came                        left out
    jump       further from the one before than the property can move
    frozen     the same value for too long
    gap        too long after the one before
    corrected  another value was there before
    suspect    the source itself says so                                    left out
    estimated  the source says that it did not measure this

`range`, `jump`, `frozen` and `gap` follow from the values that are stored, whenever they came; the others are told with the observation. The tests are those of WMO's guide
to instruments (WMO-No. 8, volume V, chapter 1): plausible value, plausible rate of change, persistence.
"""
from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .readings import SECOND, Floats, Ints, Readings

RANGE, JUMP, FROZEN, GAP, AHEAD, CORRECTED, SUSPECT, ESTIMATED = BITS = tuple(1 << place for place in range(8))
NAMES = {RANGE: "range", JUMP: "jump", FROZEN: "frozen", GAP: "gap", AHEAD: "ahead", CORRECTED: "corrected", SUSPECT: "suspect", ESTIMATED: "estimated"}
COMPUTED = RANGE | JUMP | FROZEN | GAP
"""What follows from the stored values, and is computed anew when they change."""

LEFT_OUT = RANGE | AHEAD | SUSPECT
"""Observations with one of these count as there, but in no sum, mean, least or most."""

NEVER = np.inf


@dataclasses.dataclass(frozen=True)
class Limits:
    """What a stream may do. `low`, `high`, `jump`: in its unit; `frozen`, `gap`: seconds; `ignore`: the value that may stay for ever, such as no rain."""

    low: float = -NEVER
    high: float = NEVER
    jump: float = NEVER
    frozen: float = NEVER
    gap: float = NEVER
    ignore: float = np.nan


def limits(rules: Mapping[str, Any], interval: int, scale: float = 1.0, shift: float = 0.0) -> Limits:
    """Of the rules of a property (`range: [low, high]`, `jump`, `frozen` in hours, `gap` in intervals, `ignore`) and a stream's expected interval in seconds; `scale` and
    `shift` bring values of the property's unit to the stream's.
    """
    low, high = rules.get("range", (None, None))

    def here(value: Any, otherwise: float) -> float:
        return otherwise if value is None else float(value) * scale + shift

    return Limits(
        here(low, -NEVER), here(high, NEVER), NEVER if rules.get("jump") is None else float(rules["jump"]) * abs(scale), float(rules.get("frozen", NEVER)) * 3600,
        float(rules.get("gap", NEVER)) * interval if interval else NEVER, here(rules.get("ignore"), np.nan),
    )  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Table:
    """The limits of several streams, as columns: `of[place]`, where `places` gives each stream's."""

    numbers: NDArray[np.int32]
    columns: Mapping[str, Floats]

    def rows(self, streams: NDArray[np.int32]) -> dict[str, Floats]:
        """The limits of each observation, by its stream; all of them are in the table."""
        places = np.searchsorted(self.numbers, streams)
        return {name: column[places] for name, column in self.columns.items()}


def table(given: Mapping[int, Limits]) -> Table:
    """Limits by stream, as a table."""
    numbers = np.array(sorted(given), dtype=np.int32)
    names = [field.name for field in dataclasses.fields(Limits)]
    return Table(numbers, {name: np.array([getattr(given[int(number)], name) for number in numbers], dtype=np.float64) for name in names})


def flags(given: Readings, of: Table, groups: NDArray[np.int32] | None = None) -> NDArray[np.int16]:
    """The computed flags of observations in order, of each stream or group by itself. What was before the first of one is not known: give it too, and drop its flags."""
    if not len(given):
        return np.zeros(0, dtype=np.int16)
    limit, results, times = of.rows(given.streams), given.results, given.times
    groups = given.streams if groups is None else groups
    found = np.where((results < limit["low"]) | (results > limit["high"]), RANGE, 0)
    follows = np.concatenate(([False], groups[1:] == groups[:-1]))
    since = np.concatenate(([0.0], np.diff(times) / SECOND))
    moved = np.abs(np.concatenate(([0.0], np.diff(results))))
    found |= np.where(follows & (moved > limit["jump"]) & (since <= limit["gap"]), JUMP, 0)
    found |= np.where(follows & (since > limit["gap"]), GAP, 0)
    found |= np.where(_stays(follows, moved, times) >= limit["frozen"], FROZEN, 0) * (results != limit["ignore"])
    return found.astype(np.int16)


def _stays(follows: NDArray[np.bool_], moved: Floats, times: Ints) -> Floats:
    """For how many seconds each observation's value has been the same."""
    begins = np.flatnonzero(~follows | (moved != 0))
    run = np.repeat(begins, np.diff(np.concatenate((begins, [len(times)]))))
    stays: Floats = (times - times[run]) / SECOND
    return stays


def named(flags: int) -> list[str]:
    """The names of the rules whose bits are set."""
    return [name for bit, name in NAMES.items() if flags & bit]
