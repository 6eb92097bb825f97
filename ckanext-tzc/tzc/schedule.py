"""When something is due: five words of cron, by the territory's clock, and each a little later than all others of the same minute."""
from __future__ import annotations

import datetime as dt
import hashlib
import re
from zoneinfo import ZoneInfo

from croniter import CroniterError, croniter

LONGEST = 100
_WORD = re.compile(r"(?:\*|\d{1,2}(?:-\d{1,2})?|(?:mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))(?:/\d{1,2})?", re.IGNORECASE)
LOOKED_AT = 50
"""Times of a schedule whose distances are looked at."""


class ScheduleError(ValueError):
    """`code`: `cron` for what is no schedule, `often` for one that is due too often."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def checked(text: str, least: dt.timedelta) -> str:
    """A schedule as it is kept. Raises ScheduleError."""
    words = text.split()
    if len(text) > LONGEST or len(words) != 5 or not all(_WORD.fullmatch(part) for word in words for part in word.split(",")) or not croniter.is_valid(" ".join(words)):
        raise ScheduleError("cron")
    cron = " ".join(words)
    if not ever_comes(cron):
        raise ScheduleError("cron")
    if _closest(cron) < least:
        raise ScheduleError("often")
    return cron


def ever_comes(cron: str) -> bool:
    """Whether a schedule that cron understands has a time at all.

    >>> ever_comes("0 0 29 2 *"), ever_comes("0 0 30 2 *")
    (True, False)
    """
    try:
        croniter(cron, dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)).get_next(dt.datetime)
    except CroniterError:
        return False
    return True


def _closest(cron: str) -> dt.timedelta:
    times = croniter(cron, dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc))
    before, closest = times.get_next(dt.datetime), dt.timedelta.max
    for _ in range(LOOKED_AT):
        after = times.get_next(dt.datetime)
        closest, before = min(closest, after - before), after
    return closest


def due(cron: str, after: dt.datetime, zone: ZoneInfo, feed: str, jitter: int) -> dt.datetime:
    """The next time after a moment. The delay is the feed's own, always the same: it spreads feeds over `jitter` seconds, half their distance at most."""
    most = min(jitter, int(_closest(cron).total_seconds() // 2))
    late = dt.timedelta(seconds=int.from_bytes(hashlib.sha256(feed.encode()).digest()[:8], "big") % (most + 1))
    found: dt.datetime = croniter(cron, (after - late).astimezone(zone)).get_next(dt.datetime)
    return found.astimezone(dt.timezone.utc) + late
