"""The room's jobs. CKAN is imported when they run: the scheduler only needs their names."""
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ckanext.tzc.common.one_job import OneJob

QUEUE = "publishing"
SECONDS = 240
"""Of a job; what is left over is for the next one."""


def renewing_job() -> OneJob:
    """The job that makes the fragments of what has changed."""
    from ckanext.tzc.common.one_job import OneJob

    return OneJob("publishing", renew, QUEUE, SECONDS + 60)


def renew() -> int:
    """Make the fragments of what has changed. Returns how many changes there were."""
    from . import renewing

    return renewing.renew_waiting(SECONDS)


def renew_outdated() -> int:
    """The same, for what got no job, and for what time, a vocabulary or the territory has changed. Returns how many."""
    from . import renewing

    return renewing.renew_waiting(SECONDS / 2) + renewing.renew_outdated(SECONDS / 2)
