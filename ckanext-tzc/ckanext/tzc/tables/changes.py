"""What happens when a resource is saved: the wish to load it is written with it, the job is sent after the commit.

CKAN tells of every changed resource just before a commit, whichever action changed it. SQLAlchemy tells when the
commit is done; a savepoint's release is told too and does not count.
"""
from __future__ import annotations

import logging
import uuid
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import redis
from ckan.lib.jobs import get_queue
from ckan.model.domain_object import DomainObjectOperation
from sqlalchemy import event

from . import jobs, store

log = logging.getLogger(__name__)

KEY = "tzc_tables"
"""Where the session keeps the ids whose jobs are to be sent."""


def listen() -> None:
    """Send jobs after commits; safe to call again."""
    if not event.contains(model.Session, "after_commit", _committed):
        event.listen(model.Session, "after_commit", _committed)
        event.listen(model.Session, "after_rollback", _rolled_back)


def noticed(entity: Any, operation: Any) -> None:
    """A resource is about to be committed: write down what its table needs."""
    if not isinstance(entity, model.Resource):
        return
    gone = operation == DomainObjectOperation.deleted or entity.state == model.State.DELETED
    if operation == DomainObjectOperation.new and not gone and entity.url_type != "upload":
        return  # a link: no table, and none before
    row = store.find(entity.id)
    if row is None and (gone or entity.url_type != "upload"):
        return
    if gone:
        store.ask(entity.id, row.fingerprint, store.GONE)
    elif row is not None and not _to_load(entity, row):
        return
    else:
        store.ask(entity.id, store.fingerprint(entity))
    model.Session().info.setdefault(KEY, {})[entity.id] = store.GONE if gone else store.WAITING


def _to_load(entity: Any, row: Any) -> bool:
    """Whether the file changed, or somebody's save took the DataStore's mark away."""
    unmarked = row.state == store.LOADED and not (entity.extras or {}).get("datastore_active")
    return bool(row.fingerprint != store.fingerprint(entity) or row.state == store.GONE or unmarked)


def _committed(session: Any) -> None:
    if session.in_nested_transaction():
        return
    for resource_id, state in session.info.pop(KEY, {}).items():
        send(resource_id, state)


def _rolled_back(session: Any) -> None:
    if not session.in_nested_transaction():
        session.info.pop(KEY, None)


def queued() -> set[str]:
    """Ids of resources whose job waits in the queue; none when the queue does not answer."""
    try:
        return {job.split("_")[1] for job in get_queue(jobs.QUEUE).get_job_ids() if job.startswith("table_")}
    except redis.exceptions.RedisError:
        return set()


def send(resource_id: str, state: str = store.WAITING) -> bool:
    """Put the job into its queue; when that does not answer, the row stays and `load_waiting` finds it. Whether it was sent."""
    function = jobs.remove if state == store.GONE else jobs.load
    try:
        asked = {"timeout": tk.config["tzc.tables.timeout"], "job_id": f"table_{resource_id}_{uuid.uuid4().hex}"}
        tk.enqueue_job(function, [resource_id], title=f"table {resource_id}", queue=jobs.QUEUE, rq_kwargs=asked)
    except redis.exceptions.RedisError as error:
        log.warning("No job for the table of %s (%s): it waits, and load_waiting will find it", resource_id, error)
        return False
    return True
