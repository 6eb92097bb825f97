"""What happens when a dataset is saved: that its score is to be computed is written with it, the job is sent after the commit.

CKAN tells of every changed dataset just before a commit, whichever action changed it. SQLAlchemy tells when the commit is done; a savepoint's release
is told too and does not count.
"""
from __future__ import annotations

import logging
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import redis
from sqlalchemy import event

from . import jobs, store

log = logging.getLogger(__name__)

KEY = "tzc_quality"
"""Where the session keeps the ids whose jobs are to be sent."""


def listen() -> None:
    """Send jobs after commits; safe to call again."""
    if not event.contains(model.Session, "after_commit", _committed):
        event.listen(model.Session, "after_commit", _committed)
        event.listen(model.Session, "after_soft_rollback", _rolled_back)


def noticed(entity: Any) -> None:
    """Something is about to be committed: write down whose score is to be computed."""
    if isinstance(entity, model.Package) and entity.type == "dataset":
        _ask(entity.id)
    elif isinstance(entity, model.Resource):
        _ask(entity.package_id)


def _ask(package_id: str) -> None:
    """Once a transaction."""
    asked = model.Session().info.setdefault(KEY, set())
    if package_id not in asked:
        store.ask(package_id)
        asked.add(package_id)


def _committed(session: Any) -> None:
    if session.in_nested_transaction():
        return
    for package_id in session.info.pop(KEY, ()):
        try:
            tk.enqueue_job(jobs.score, title=f"quality {package_id}", queue=jobs.QUEUE, rq_kwargs={"timeout": jobs.SECONDS + 60})
        except redis.exceptions.RedisError as error:
            log.warning("No job for the score of %s (%s): it waits, and score_waiting will find it", package_id, error)


def _rolled_back(session: Any, _transaction: Any) -> None:
    # also of a savepoint: what it had asked for is asked again; what was asked before it is found by score_waiting at the latest
    session.info.pop(KEY, None)
