"""The room's jobs. CKAN is imported when they run: the scheduler only needs their names."""
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ckanext.tzc.common.one_job import OneJob

QUEUE = "publishing"
TURN = 30
"""Seconds of a job; what is left over is for the next one: after a large harvest, making fragments and following requests come between."""


def scoring_job() -> OneJob:
    """The job that computes what is asked for."""
    from ckanext.tzc.common.one_job import OneJob

    return OneJob("quality", score, QUEUE, TURN + 60)


def score() -> int:
    """Compute the scores that are asked for, for a short while, and send the next job where more wait. Returns how many."""
    from . import scoring, store

    count = scoring.compute_waiting(TURN)
    if count and store.any_waiting():
        scoring_job().send()
    return count


def score_waiting() -> int:
    """The same, for what got no job: when Valkey was away, and datasets that were there before this room. Returns how many."""
    from . import scoring

    scoring.ask_unseen()
    return score()


def check_links() -> int:
    """Try addresses that are due, for a short while only: harvests wait in the same queue. Returns how many."""
    from . import links

    return links.check_due(links.SECONDS)
