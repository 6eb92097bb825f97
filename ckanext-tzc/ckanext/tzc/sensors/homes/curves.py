"""What meters measured, in columns, and as energies."""
from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tzc.sensors import load_curves, quality
from tzc.sensors.meters import ELECTRICITY
from tzc.sensors.model import Property, Stream, Thing
from tzc.sensors.partitions import HOUR, Month, month_of
from tzc.sensors.readings import SECOND, Floats, Ints, Readings

from .. import reading, writing
from .. import store as sensors
from . import store

THING = Thing("meter", "Meter")
"""Of a meter nothing more is told than that it is one."""

_STREAMS = {
    "consumption": ("electric_power", "W"), "production": ("electric_power", "W"), "consumption_energy": ("electric_energy", "kW.h"),
    "production_energy": ("electric_energy", "kW.h"), "consumption_day": ("electric_energy", "kW.h"), "production_day": ("electric_energy", "kW.h"),
    "gas_day": ("gas_energy", "kW.h"),
}  # fmt: skip

COUNTED = {ELECTRICITY: ("consumption", "consumption_energy"), "gas": ("gas_day",)}
"""Streams that groups add up, the better first."""


_SPAN = "SELECT (extract(epoch FROM min(first)) * 1000000)::bigint, (extract(epoch FROM max(last)) * 1000000)::bigint FROM tzc_sensors_state WHERE stream = ANY(%s)"


def described(names: Sequence[str], period: int, visibility: str) -> list[Stream]:
    """Streams of a meter as they are made. `period`: seconds of a power's, as its file has it most often."""
    found = []
    for name in names:
        code, unit = _STREAMS[name]
        seconds = load_curves.DAY if name.endswith("_day") else period
        found.append(Stream(name, THING, Property(code), name=name, unit=unit, interval=seconds, period=seconds, visibility=visibility))
    return found


def rows(streams: Sequence[int], first: int, next_: int) -> Readings:
    """What streams measured from a moment up to another (microseconds), in order."""
    return reading.raw(sorted(set(streams)), first, next_)


@dataclasses.dataclass(frozen=True)
class Span:
    """The first moment that is known of some streams, and the last, in microseconds."""

    first: int
    last: int


def span(streams: Sequence[int]) -> Span | None:
    """What streams cover; None: nothing."""
    at = writing.cursor()
    at.execute(_SPAN, (list(streams),))
    first, last = at.fetchone()
    return Span(first, last) if first is not None else None


def months(covered: Span) -> list[Month]:
    """The months of a span."""
    found, last = [month_of(covered.first)], month_of(covered.last)
    while found[-1] < last:
        found.append(found[-1].next)
    return found


def counted(meter: store.Meter) -> sensors.Stream | None:
    """The stream of a meter that sums are made of."""
    known = sensors.streams_of(meter.source)
    return next((known[name] for name in COUNTED[meter.energy] if name in known), None)


def table(by: Mapping[int, int], units: Mapping[int, str], given: Readings, energy: str) -> tuple[Ints, Floats]:
    """Energies in kWh of whole hours (of gas: of whole days), times × members, NaN where a member's is not known whole. `by`: the member's place, by stream."""
    fine = given.chosen((given.flags & quality.LEFT_OUT) == 0)
    members = np.array([by[number] for number in fine.streams.tolist()], dtype=np.int64)
    kwh = np.zeros(len(fine))
    for unit in set(units.values()):
        of = np.isin(fine.streams, [number for number, one in units.items() if one == unit])
        kwh[of] = load_curves.energies(fine.results[of], fine.seconds[of], unit)
    if energy == ELECTRICITY:
        begins = fine.times - fine.times % HOUR
        inside, whole = fine.times + fine.seconds.astype(np.int64) * SECOND <= begins + HOUR, 3600
    else:
        begins, inside, whole = fine.times, fine.seconds >= 23 * 3600, 0
    begins, members, kwh, seconds = begins[inside], members[inside], kwh[inside], fine.seconds[inside]
    times, of_time = np.unique(begins, return_inverse=True)
    width = max(by.values(), default=-1) + 1
    cells = of_time.reshape(-1) * width + members
    sums = np.bincount(cells, weights=kwh, minlength=len(times) * width).reshape(len(times), width)
    covered = np.bincount(cells, weights=seconds, minlength=len(times) * width).reshape(len(times), width)
    known: NDArray[Any] = covered == whole if whole else covered > 0
    return times, np.where(known, sums, np.nan)
