"""Measurements for the demonstration, each a rule of its time alone: the same moment gives the same value, whenever it is asked for."""
from __future__ import annotations

import dataclasses
import zlib

import numpy as np
from numpy.typing import NDArray

from .partitions import HOUR
from .readings import SECOND, Floats, Ints

DAY = 24 * HOUR
TIDE = 12 * HOUR + 25 * 60 * SECOND
GAP_EACH = 9 * DAY
SPIKE_EACH = 701
"""Observations between two faults of a device."""


@dataclasses.dataclass(frozen=True)
class Rule:
    """How a stream goes on. `day`, `tide`, `noise`: how far up and down; `peak`: the hour of the day (UTC) with the most; `week`: what is less at weekends; `gap`: hours without
    anything, every nine days; `spike`: a value now and then that is wrong; `stopped`: days since it is silent.
    """

    interval: int
    base: float
    day: float = 0.0
    peak: float = 15.0
    tide: float = 0.0
    week: float = 0.0
    noise: float = 0.0
    least: float = -np.inf
    most: float = np.inf
    spike: float = np.nan
    gap: float = 0.0
    stopped: float = 0.0
    whole: bool = False


def moments(rule: Rule, days: int, now: int) -> Ints:
    """When it observed in the days before a moment (microseconds)."""
    step = rule.interval * SECOND
    ends = now - int(rule.stopped * DAY)
    first = (ends - days * DAY) // step * step
    times = np.arange(first, ends - ends % step + 1, step, dtype=np.int64)
    return times[times % GAP_EACH >= int(rule.gap * HOUR)]


def values(rule: Rule, name: str, times: Ints) -> Floats:
    """What it observed then; two streams of other names do not wobble alike."""
    hours = times / HOUR
    seed = zlib.crc32(name.encode())
    found = rule.base + rule.day * np.cos((hours - rule.peak) / 24 * 2 * np.pi) + rule.tide * np.cos(times / TIDE * 2 * np.pi)
    # 1970 began on a Thursday
    found -= rule.week * ((times // DAY + 3) % 7 >= 5)
    found += rule.noise * (0.6 * _smooth(hours / 17, seed) + 0.4 * _smooth(hours * 1.3, seed + 1))
    found = np.clip(found, rule.least, rule.most)
    if not np.isnan(rule.spike):
        found = np.where((times // (rule.interval * SECOND) + seed) % SPIKE_EACH == 0, rule.spike, found)
    rounded: Floats = np.round(found, 0 if rule.whole else 2)
    return rounded


def _smooth(place: Floats, seed: int) -> Floats:
    """Between -1 and 1, smoothly from one whole number to the next."""
    whole = np.floor(place)
    part = place - whole
    weight = part * part * (3 - 2 * part)
    one, other = (_scattered(whole.astype(np.int64) + step, seed) for step in (0, 1))
    found: Floats = one * (1 - weight) + other * weight
    return found


def _scattered(numbers: NDArray[np.int64], seed: int) -> Floats:
    """For each number one between -1 and 1 that tells nothing of its neighbours' (the mixing of SplitMix64)."""
    mixed = numbers.astype(np.uint64) + np.uint64(seed * 0x9E3779B97F4A7C15 % 2**64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    found: Floats = mixed.astype(np.float64) / 2**63 - 1
    return found
