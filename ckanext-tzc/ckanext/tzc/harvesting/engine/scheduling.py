"""When a source with a `schedule` is due: at its times, as cron has them (UTC), some minutes later, always as many for one source, so that not all are asked at once."""
from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

from croniter import croniter

from tzc import schedule

from .. import sources

LATEST = 15 * 60
"""Seconds, at most, after the time that a schedule names."""

FIELDS = 5


def is_schedule(text: str) -> bool:
    """Whether cron would understand it, in its five fields, and its time ever comes: the thirtieth of February does not."""
    return len(text.split()) == FIELDS and bool(croniter.is_valid(text)) and schedule.ever_comes(text)


def by_hand(source: Any) -> bool:
    """Whether a source (ckanext-harvest's row) is harvested only when somebody starts it."""
    # only ours have a schedule; the configuration of others may be anything
    said = sources.settings(source.config).get("schedule") if sources.is_ours(source.type) else None
    return (source.frequency or "MANUAL") == "MANUAL" and not (isinstance(said, str) and is_schedule(said))


def later(source_id: str) -> dt.timedelta:
    """By how much a source is asked after its time."""
    return dt.timedelta(seconds=int.from_bytes(hashlib.sha256(source_id.encode()).digest()[:4], "big") % LATEST)


def following(cron: str, source_id: str, moment: dt.datetime) -> dt.datetime:
    """The next time at which a source is due."""
    time: dt.datetime = croniter(cron, moment - later(source_id)).get_next(dt.datetime)
    return time + later(source_id)


def is_due(cron: str, source_id: str, last: dt.datetime, now: dt.datetime) -> bool:
    """Whether a time has come since the last run began, or since the source was made."""
    return following(cron, source_id, last) <= now
