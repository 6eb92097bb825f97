"""Finding what no job was sent for: Redis was away, a worker died, or the file was there before this room."""
from __future__ import annotations

import ckan.model as model
import sqlalchemy as sa

from . import changes, store


def mark_unseen(again: bool = False) -> int:
    """Write that uploads are to be loaded whose file is not the one that was loaded (with `again`: all). Returns how many. Commits."""
    query = model.Session.query(model.Resource).filter(model.Resource.state == model.State.ACTIVE, model.Resource.url_type == "upload")
    known = {row.resource_id: row for row in model.Session.query(store.TableState)}
    marked = 0
    for resource in query:
        row = known.get(resource.id)
        mark = store.fingerprint(resource)
        if again or row is None or row.fingerprint != mark:
            store.ask(resource.id, mark)
            marked += 1
    marked += _mark_orphans()
    model.Session.commit()
    return marked


def _mark_orphans() -> int:
    """Rows whose resource is deleted or no longer there."""
    living = sa.select(model.Resource.id).where(model.Resource.state != model.State.DELETED)
    orphans = model.Session.query(store.TableState).filter(store.TableState.state != store.GONE, store.TableState.resource_id.not_in(living)).all()
    for row in orphans:
        store.ask(row.resource_id, row.fingerprint, store.GONE)
    return len(orphans)


def send_waiting() -> int:
    """Send a job for everything that waits and has none in the queue. Returns how many were sent."""
    store.take_back()
    queued = changes.queued()
    return sum(changes.send(resource_id, state) for resource_id, state in store.waiting() if resource_id not in queued)
