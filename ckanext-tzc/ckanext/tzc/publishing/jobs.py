"""The room's jobs. CKAN is imported when they run: the scheduler only needs their names."""
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ckanext.tzc.common.one_job import OneJob

QUEUE = "publishing"
SECONDS = 240
"""Of a job; what is left over is for the next one."""
VALIDATING_SECONDS = 30


def renewing_job() -> OneJob:
    """The job that makes the fragments of what has changed."""
    from ckanext.tzc.common.one_job import OneJob

    return OneJob("publishing", renew, QUEUE, SECONDS + 60)


def validating_job() -> OneJob:
    """The job that validates fragments."""
    from ckanext.tzc.common.one_job import OneJob

    return OneJob("validating", validate, QUEUE, VALIDATING_SECONDS + 60)


def validate() -> int:
    """Validate fragments for a short while, and send the next job where more wait: making fragments and scores comes between. Returns how many."""
    from . import validating

    count = validating.validate_waiting(VALIDATING_SECONDS)
    if count and validating.any_waiting():
        validating_job().send()
    return count


def renew() -> int:
    """Make the fragments of what has changed, and have them validated. Returns how many changes there were."""
    from . import renewing, validating

    count = renewing.renew_waiting(SECONDS)
    if validating.any_waiting():
        validating_job().send()
    return count


def renew_outdated() -> int:
    """The same, for what got no job, and for what time, a vocabulary or the territory has changed. Returns how many."""
    from . import renewing

    return renewing.renew_waiting(SECONDS / 2) + renewing.renew_outdated(SECONDS / 2)


def scored(_sender: object, **_told: object) -> None:
    """In the transaction that writes a score: a job is sent after it."""
    renewing_job().ask()
