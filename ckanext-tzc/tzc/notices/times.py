"""When a notice is mailed, and when a call is tried again."""
from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

AT_ONCE, DIGEST, NONE = WISHES = ("at_once", "digest", "none")
"""How somebody wants to be mailed: each notice, one mail a day, or not at all (the notices wait in the portal)."""

PAUSES = tuple(dt.timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720, 1440))
"""Before the second, third … attempt of a call; two days in all."""


def due(wish: str, now: dt.datetime, zone: ZoneInfo, hour: int) -> dt.datetime | None:
    """When a notice of this moment is mailed; None for never. The digest goes at a full hour of the territory's clock, also on the days when it is changed."""
    if wish == AT_ONCE:
        return now
    if wish != DIGEST:
        return None
    here = now.astimezone(zone)
    day = here.date() if here.hour < hour else here.date() + dt.timedelta(days=1)
    return dt.datetime.combine(day, dt.time(hour), zone).astimezone(dt.timezone.utc)


def again(attempts: int, now: dt.datetime) -> dt.datetime | None:
    """When a call is tried again that failed so many times; None once it is given up."""
    return now + PAUSES[attempts - 1] if attempts <= len(PAUSES) else None
