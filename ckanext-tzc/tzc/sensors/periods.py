"""Which period of streams is shown: one that ends with their last observation, or one between two days or moments."""
from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Mapping
from zoneinfo import ZoneInfo

SPANS = {"1d": 1, "7d": 7, "30d": 30, "365d": 365}
"""Days up to the last observation, by the name of each; besides there is `all`."""

ALL, OWN = "all", "own"
USUAL = "7d"
DAY = dt.timedelta(days=1)
EARLIEST, LATEST = dt.datetime(1800, 1, 1, tzinfo=dt.timezone.utc), dt.datetime(2200, 1, 1, tzinfo=dt.timezone.utc)


@dataclasses.dataclass(frozen=True)
class Period:
    """From a moment on and before another. `code`: of `SPANS`, `all`, or `own` for what somebody chose; `fault`: `when`, `order` or nothing."""

    first: dt.datetime
    next: dt.datetime
    code: str
    fault: str = ""


def period(asked: Mapping[str, str], first: dt.datetime | None, last: dt.datetime | None, now: dt.datetime, zone: ZoneInfo) -> Period:
    """The period that `period`, `from` and `to` ask for, of streams that were observed from `first` to `last`. What cannot be read is told, and the usual one is shown."""
    ends = (last or now) + dt.timedelta(seconds=1)
    begins = first or ends - DAY
    since, until = asked.get("from", "").strip(), asked.get("to", "").strip()
    if since or until:
        one, other = (_moment(since, zone) if since else begins), (_moment(until, zone, ends=True) if until else ends)
        if one is None or other is None:
            return dataclasses.replace(_span(USUAL, begins, ends), fault="when")
        if one >= other:
            return dataclasses.replace(_span(USUAL, begins, ends), fault="order")
        return Period(one, other, OWN)
    code = asked.get("period", "").strip() or USUAL
    if code != ALL and code not in SPANS:
        return dataclasses.replace(_span(USUAL, begins, ends), fault="when")
    return _span(code, begins, ends)


def _span(code: str, begins: dt.datetime, ends: dt.datetime) -> Period:
    return Period(begins, ends, code) if code == ALL else Period(ends - SPANS[code] * DAY, ends, code)


def _moment(written: str, zone: ZoneInfo, ends: bool = False) -> dt.datetime | None:
    """A day of the territory's, or a moment; a day at the end of a period is in it."""
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", written):
            day = dt.date.fromisoformat(written) + (DAY if ends else dt.timedelta())
            found = dt.datetime(day.year, day.month, day.day, tzinfo=zone)
        elif re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?", written):
            found = dt.datetime.fromisoformat(written.replace("Z", "+00:00"))
            found = found if found.tzinfo else found.replace(tzinfo=zone)
        else:
            return None
        utc = found.astimezone(dt.timezone.utc)
    except (ValueError, OverflowError):
        return None
    return utc if EARLIEST <= utc <= LATEST else None
