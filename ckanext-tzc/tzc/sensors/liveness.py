"""Whether a stream still speaks: by its last observation and the interval at which others are expected."""
from __future__ import annotations

import dataclasses
import datetime as dt

LIVE, LATE, SILENT, NEVER, UNKNOWN = STATES = ("live", "late", "silent", "never", "unknown")
"""Observations come as expected; none for more than `LATE_AFTER` intervals; none for more than `SILENT_AFTER`; none at all yet; nobody said how often they come."""

LATE_AFTER, SILENT_AFTER = 3, 10
"""Expected intervals."""


def state(last: dt.datetime | None, interval: int, now: dt.datetime) -> str:
    """The state of a stream whose last observation is of a moment (None: there is none) and which observes each `interval` seconds (0: unknown)."""
    if last is None:
        return NEVER
    if interval <= 0:
        return UNKNOWN
    missed = (now - last).total_seconds() / interval
    return SILENT if missed > SILENT_AFTER else LATE if missed > LATE_AFTER else LIVE


@dataclasses.dataclass(frozen=True)
class Share:
    """Of the observations that came so many were rejected."""

    observations: int = 0
    rejected: int = 0

    @property
    def percent(self) -> float | None:
        """Rejected ones of a hundred; None where none came."""
        return 100 * self.rejected / self.observations if self.observations else None
