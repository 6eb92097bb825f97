"""The room's jobs. CKAN is imported when they run: the scheduler only needs their names."""
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ckanext.tzc.common.one_job import OneJob

QUEUE = "publishing"
SECONDS = 240
"""Of a periodic job; what is left over is for the next one."""


def scoring_job() -> OneJob:
    """The job that computes what is asked for."""
    from ckanext.tzc.common.one_job import OneJob

    return OneJob("quality", score, QUEUE, SECONDS + 60)


def score() -> int:
    """Compute the scores that are asked for. Returns how many."""
    from . import scoring

    return scoring.compute_waiting(SECONDS)


def score_waiting() -> int:
    """The same, for what got no job: when Valkey was away, and datasets that were there before this room. Returns how many."""
    from . import scoring

    scoring.ask_unseen()
    return scoring.compute_waiting(SECONDS)


def check_links() -> int:
    """Try addresses that are due, for a short while only: harvests wait in the same queue. Returns how many."""
    from . import links

    return links.check_due(links.SECONDS)
