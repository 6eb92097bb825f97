"""Values of load curves as they are written, and the columns that they become: when their periods begin, how long they are, what is left out and why."""
from __future__ import annotations

import dataclasses
import datetime as dt
import re
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from . import quality, times
from .faults import BatchError, shown
from .meters import ELECTRICITY, GAS
from .partitions import microseconds
from .readings import MOST_LISTED, SECOND, Decoded, Ints, Rejected, decoded

DAY = 86_400
STEPS = (300, 600, 900, 1200, 1800, 3600)
"""Seconds of a load curve's period."""

USUAL_STEP = 1800
GAS_DAY = 6
"""The hour at which a day of gas begins."""

ODD_HOURS = ("missing_hour", "doubled_hour")

MEASURED = frozenset({"", "B", "R", "C"})
"""Natures of a value: raw, real, corrected by the operator; all others are not measured (estimated, rebuilt, interrupted)."""


@dataclasses.dataclass(frozen=True)
class MeterFile:
    """What a file or answer says. `number`: the delivery point's, empty where the file does not say; `energy`: electricity or gas; `kept`: what may be kept of it, with the number
    covered.
    """

    number: str
    energy: str
    decoded: Decoded
    kept: bytes = b""


@dataclasses.dataclass
class Rows:
    """Values as they are written, before their times are read. `stream`: of `load_curves.NAMES`; `step`: as the row or its section says; `used`: places of rows that say
    something.
    """

    streams: list[str] = dataclasses.field(default_factory=list)
    units: list[str] = dataclasses.field(default_factory=list)
    clocks: list[str] = dataclasses.field(default_factory=list)
    values: list[str] = dataclasses.field(default_factory=list)
    natures: list[str] = dataclasses.field(default_factory=list)
    steps: list[str] = dataclasses.field(default_factory=list)
    rows: list[int] = dataclasses.field(default_factory=list)
    numbers: set[str] = dataclasses.field(default_factory=set)
    rejected: list[Rejected] = dataclasses.field(default_factory=list)
    used: list[int] = dataclasses.field(default_factory=list)

    def add(self, stream: str, unit: str, clock: str, value: str, nature: str, step: str, row: int) -> None:
        """One value."""
        for column, cell in zip((self.streams, self.units, self.clocks, self.values, self.natures, self.steps), (stream, unit, clock, value, nature, step), strict=True):
            column.append(cell)
        self.rows.append(row)


def read(found: Rows, zone: ZoneInfo) -> MeterFile:
    """All of a file. Raises BatchError."""
    numbers = {number for number in found.numbers if number}
    if len(numbers) > 1:
        raise BatchError("several_meters", count=len(numbers))
    if not found.rows and not found.rejected:
        raise BatchError("empty")
    energy = GAS if any(stream.startswith("gas") for stream in found.streams) else ELECTRICITY
    parts = [_stream(found, name, zone) for name in dict.fromkeys(found.streams)]
    names = list(dict.fromkeys(name for part in parts for name in part.names))
    units = {name: unit for part in parts for name, unit in part.units.items()}
    index = np.concatenate([np.array([names.index(name) for name in part.names] or [0], dtype=np.int32)[part.index] for part in parts]) if parts else np.zeros(0, dtype=np.int32)

    def joined(column: str) -> Any:
        return np.concatenate([getattr(part, column) for part in parts]) if parts else np.zeros(0)

    rejected = sorted((*found.rejected, *(row for part in parts for row in part.rejected)), key=lambda row: row.row)
    whole = decoded(
        names, index, joined("times"), joined("results"), seconds=joined("seconds"), flags=joined("flags"), rows=joined("rows"), rejected=rejected[:MOST_LISTED], units=units
    )  # fmt: skip
    return MeterFile(next(iter(numbers), ""), energy, dataclasses.replace(whole, left_out=max(0, len(rejected) - MOST_LISTED)))


def _stream(found: Rows, stream: str, zone: ZoneInfo) -> Decoded:
    """The values of one quantity."""
    side, unit = stream.split(" ")
    at = [place for place, name in enumerate(found.streams) if name == stream]
    clocks, values, rows = [_iso(found.clocks[place]) for place in at], [found.values[place] for place in at], np.array([found.rows[place] for place in at], dtype=np.int32)
    moments, codes = times.moments(clocks, zone)
    told = np.array([_seconds(found.steps[place]) for place in at], dtype=np.int64)
    results = np.array([_number(value) for value in values])
    faults = [times.FAULTS[code] for code in codes]
    days = told == DAY
    inferred, power = _inferred(moments, codes == 0), unit in ("W", "kW")
    seconds = np.where(told > 0, told, inferred)
    begins = np.where(days, moments, moments - seconds * SECOND)
    for place, (value, result) in enumerate(zip(values, results, strict=True)):
        if value == "" and faults[place] in ("", *ODD_HOURS):
            # the hour that a clock leaves out has nothing in it
            faults[place] = "no_result"
        elif not faults[place] and not np.isfinite(result):
            faults[place] = "not_a_number"
        elif not faults[place] and result < 0:
            faults[place] = "negative"
        elif not faults[place] and ((power and days[place]) or seconds[place] <= 0):
            faults[place] = "period"
        elif not faults[place] and days[place]:
            begins[place], seconds[place] = _day(int(moments[place]), zone, GAS_DAY if side == "gas" else 0)
    good = np.array([not fault for fault in faults], dtype=bool)
    kinds = ["gas_day" if side == "gas" else side if power else f"{side}_day" if day else f"{side}_energy" for day in days.tolist()]
    names = sorted(set(kinds))
    flags = np.array([0 if found.natures[place].strip().upper() in MEASURED else quality.ESTIMATED for place in at], dtype=np.int16)
    rejected = [
        Rejected(int(rows[place]), fault, {}, shown(f"{clocks[place]} {values[place]}")) for place, fault in enumerate(faults)
        # a hole of the curve is no mistake of anybody's
        if fault and fault != "no_result"
    ]  # fmt: skip
    index = np.array([names.index(kind) for kind in kinds], dtype=np.int32)
    return decoded(names, index[good], begins[good], results[good], seconds=seconds[good], flags=flags[good], rows=rows[good], rejected=rejected, units=dict.fromkeys(names, unit))


def _iso(clock: str) -> str:
    """A day as the French write it, as ISO does; the rest stays."""
    if french := re.fullmatch(r"(\d\d)/(\d\d)/(\d{4})(.*)", clock):
        return f"{french[3]}-{french[2]}-{french[1]}{french[4]}"
    return clock


def _number(value: str) -> float:
    try:
        return float(value.replace(",", ".")) if value else np.nan
    except ValueError:
        return np.nan


def length(begin: str, end: str) -> str:
    """How long a period is whose ends a clock shows, as a step; empty where that cannot be read."""
    try:
        first, last = (dt.datetime.fromisoformat(_iso(text)) for text in (begin, end))
        seconds = int((last - first).total_seconds())
    except (ValueError, TypeError):
        return ""
    return f"PT{seconds}S" if 0 < seconds <= DAY else ""


def _seconds(step: str) -> int:
    """Of `PT30M`, `P1D` or a number of minutes; 0 where it is not said."""
    if step.isascii() and step.isdigit() and 0 < len(step) < 5:
        return int(step) * 60
    return times.period(step) or 0


def _day(moment: int, zone: ZoneInfo, hour: int) -> tuple[int, int]:
    """The day by the zone's clock in which a moment lies, from an hour on: its beginning, and its seconds (those of 23, 24 or 25 hours)."""
    date = dt.datetime.fromtimestamp(moment / SECOND, tz=zone).date()
    begins, ends = (microseconds(dt.datetime.combine(day, dt.time(hour), tzinfo=zone)) for day in (date, date + dt.timedelta(days=1)))
    return begins, (ends - begins) // SECOND


def _inferred(moments: Ints, known: NDArray[np.bool_]) -> Ints:
    """The step of each row of a curve that does not say it: as far from the row before as that one is from its own, else the shorter of the ways to its neighbours."""
    steps = np.zeros(len(moments), dtype=np.int64)
    at = np.flatnonzero(known)
    order = at[np.argsort(moments[at], kind="stable")]
    if len(order) == 0:
        return steps
    gaps = np.diff(moments[order]) // SECOND
    fine = gaps[np.isin(gaps, STEPS)]
    usual = int(np.bincount(fine).argmax()) if len(fine) else (DAY if len(gaps) and gaps.min() >= 23 * 3600 else USUAL_STEP)
    before, after = np.concatenate(([0], gaps)), np.concatenate((gaps, [0]))
    earlier = np.concatenate(([0, 0], gaps[:-1])) if len(gaps) else np.zeros(1, dtype=np.int64)
    shorter = np.where((before > 0) & (after > 0), np.minimum(before, after), np.maximum(before, after))
    step = np.where((before == earlier) & (before > 0), before, shorter)
    steps[order] = np.where(np.isin(step, STEPS), step, usual)
    return steps
