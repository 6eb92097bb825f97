"""Moments as sources write them, as whole microseconds since 1970 (UTC).

A moment without a zone is of its source's zone, where that is known: then the hour that the clock skips in spring is no moment, and of the hour that it repeats in autumn one has
to be told, by the row itself or by its neighbours, which is meant.
"""
from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from .partitions import microseconds
from .readings import Ints

NO_TIME = np.iinfo(np.int64).min
"""In place of a moment that is none; `Codes` says why."""

_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?\s*(Z|z|[+-]\d\d(?::?\d\d)?)?")
_PERIOD = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:[.,]\d+)?S)?)?")
_PLAIN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z")

Codes = NDArray[np.int8]
FAULTS = ("", "no_time", "time", "zone", "missing_hour", "doubled_hour")
"""Codes of `faults.ROWS`, by their number in `Codes`."""


def moments(written: Sequence[object], zone: ZoneInfo | None = None) -> tuple[Ints, Codes]:
    """Moments in ISO 8601, and for each why it is none (0: it is one). Of a repeated hour in a series that goes on, the second time round is meant where time went back."""
    fast = _utc(written)
    if fast is not None:
        return fast, np.zeros(len(fast), dtype=np.int8)
    found, codes = np.full(len(written), NO_TIME, dtype=np.int64), np.zeros(len(written), dtype=np.int8)
    latest = NO_TIME
    for place, text in enumerate(written):
        time, code = _one(text, zone, latest)
        found[place], codes[place] = time, FAULTS.index(code)
        latest = latest if code else time
    return found, codes


def moment(written: object, zone: ZoneInfo | None = None) -> tuple[int, str]:
    """One moment, and why it is none."""
    return _one(written, zone, NO_TIME)


def _utc(written: Sequence[object]) -> Ints | None:
    """All at once, where all are in UTC and written alike."""
    if not written or not all(isinstance(text, str) and len(text) <= 27 and text[-1:] == "Z" and _PLAIN.fullmatch(text) for text in written):
        return None
    try:
        return np.array([str(text)[:-1] for text in written], dtype="datetime64[us]").astype(np.int64)
    except ValueError:
        return None


def _one(written: object, zone: ZoneInfo | None, latest: int) -> tuple[int, str]:
    if written is None or written == "":
        return NO_TIME, "no_time"
    found = _ISO.fullmatch(written.strip()) if isinstance(written, str) else None
    if found is None:
        return NO_TIME, "time"
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    try:
        parts = int(year), int(month), int(day), int(hour or 0) % 24, int(minute or 0), min(int(second or 0), 59), int((fraction or "0")[:6].ljust(6, "0"))
        clock = dt.datetime(*parts)  # noqa: DTZ001 -- what a clock shows; its zone comes below
    except ValueError:
        return NO_TIME, "time"
    if int(hour or 0) > 24 or int(second or 0) > 60:
        return NO_TIME, "time"
    try:
        # 24:00 is the next day's beginning, and a leap second the next minute's
        clock += dt.timedelta(days=int(hour or 0) // 24, seconds=int(second or 0) // 60)
        if offset:
            return microseconds(clock.replace(tzinfo=_offset(offset))), ""
        return local(clock, zone, latest) if zone is not None else (NO_TIME, "zone")
    except (OverflowError, ValueError):
        return NO_TIME, "time"


def _offset(written: str) -> dt.timezone:
    if written in ("Z", "z"):
        return dt.timezone.utc
    digits = written[1:].replace(":", "")
    delta = dt.timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    return dt.timezone(-delta if written[0] == "-" else delta)


def local(clock: dt.datetime, zone: ZoneInfo, latest: int = NO_TIME, *, doubled: bool = True) -> tuple[int, str]:
    """The moment that a clock of a zone shows, and why it is none. `latest`: the moment before, in a series: of a repeated hour the first time that is later than it is meant;
    without one it cannot be told, unless `doubled` is false: then the first is taken.
    """
    first, second = (microseconds(clock.replace(tzinfo=zone, fold=fold)) for fold in (0, 1))
    if first == second:
        return first, ""
    if first > second:  # the clock was put forward: it never showed this
        return NO_TIME, "missing_hour"
    if latest == NO_TIME:
        return (NO_TIME, "doubled_hour") if doubled else (first, "")
    return (first if first > latest else second), ""


def period(written: object) -> int | None:
    """Seconds of an ISO 8601 duration of weeks, days, hours, minutes and seconds; None of anything else."""
    found = _PERIOD.fullmatch(written) if isinstance(written, str) and len(written) > 2 else None
    if found is None or written == "PT" or not any(found.groups()):
        return None
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return (((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60 + seconds


def interval(written: object, zone: ZoneInfo | None = None) -> tuple[int, int, str]:
    """A moment or `begin/end`: the beginning, how many seconds (0 at a moment), and why it is none."""
    if not isinstance(written, str) or "/" not in written:
        time, code = moment(written, zone)
        return time, 0, code
    begin, _, end = written.partition("/")
    first, code = moment(begin, zone)
    if code:
        return NO_TIME, 0, code
    length = period(end)
    if length is None:
        last, code = moment(end, zone)
        if code:
            return NO_TIME, 0, code
        length = (last - first) // 1_000_000
    return (first, length, "") if 0 <= length < 2**31 else (NO_TIME, 0, "period")


def clock(microseconds: int) -> dt.datetime:
    """What a clock shows, counted as if it showed UTC. Raises OverflowError."""
    return dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=microseconds)  # noqa: DTZ001 -- what a clock shows
