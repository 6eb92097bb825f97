"""Where each uploaded table stands: one row a resource, in CKAN's own database.

The row is written in the transaction that saves the resource (see `changes`), so that a crash between the save and the
job loses nothing: what is `waiting`, or `loading` by nobody, is found again by `jobs.load_waiting`.
"""
from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime, timezone
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckanext.tzc.common import holding
from sqlalchemy.dialects.postgresql import JSONB, insert

WAITING, LOADING, LOADED, REFUSED, SKIPPED, GONE = "waiting", "loading", "loaded", "refused", "skipped", "gone"
STATES = (WAITING, LOADING, LOADED, REFUSED, SKIPPED, GONE)
ATTEMPTS = 3
"""How often a load that breaks off is begun again."""


class TableState(tk.BaseModel):
    """The state of one resource's table.

    `fingerprint` is the file that the row speaks of. `geometry` says what a map is drawn from: `{"geometry": column}` or
    `{"east": column, "north": column}`. Times are UTC without zone, as CKAN's are.
    """

    __tablename__ = "tzc_tables_state"

    resource_id = sa.Column(sa.UnicodeText, primary_key=True)
    state = sa.Column(sa.UnicodeText, nullable=False, index=True)
    fingerprint = sa.Column(sa.UnicodeText, nullable=False)
    rows = sa.Column(sa.BigInteger)
    columns = sa.Column(sa.Integer)
    reason = sa.Column(sa.UnicodeText)
    parameters = sa.Column(JSONB)
    geometry = sa.Column(JSONB)
    notes = sa.Column(JSONB)
    attempts = sa.Column(sa.Integer, nullable=False, server_default="0")
    changed = sa.Column(sa.DateTime, nullable=False)
    started = sa.Column(sa.DateTime)
    ended = sa.Column(sa.DateTime)


def now() -> datetime:
    """This moment, UTC without zone."""
    return datetime.now(timezone.utc).replace(tzinfo=None)


def fingerprint(resource: Any) -> str:
    """What changes when a resource's file or address changes; takes a `model.Resource`."""
    modified = resource.last_modified.isoformat() if resource.last_modified else ""
    return "|".join([resource.url_type or "", resource.url or "", modified, (resource.format or "").lower()])


def find(resource_id: str) -> Any:
    """The row of a resource, or None."""
    return model.Session.query(TableState).filter_by(resource_id=resource_id).one_or_none()


def find_all(resource_ids: list[str]) -> dict[str, Any]:
    """The rows of several resources, by id: one query."""
    if not resource_ids:
        return {}
    return {row.resource_id: row for row in model.Session.query(TableState).filter(TableState.resource_id.in_(resource_ids))}


def ask(resource_id: str, mark: str, state: str = WAITING) -> None:
    """Write, in the caller's transaction, that a resource is to be loaded (or, with `GONE`, that its table is to go)."""
    values = {"state": state, "fingerprint": mark, "changed": now(), "attempts": 0, "reason": None, "parameters": None, "started": None, "ended": None}
    statement = insert(TableState.__table__).values(resource_id=resource_id, **values).on_conflict_do_update(index_elements=["resource_id"], set_=values)
    model.Session.execute(statement)


def held(resource_id: str) -> AbstractContextManager[bool]:
    """Show while the block runs, by a lock that goes with this process, that somebody loads the resource. False: another does already."""
    return holding.held("tzc_tables load", resource_id)


def claim(resource_id: str) -> str | None:
    """Take a waiting resource for this job: its fingerprint, or None when another job has it or nothing waits. Commits."""
    table = TableState.__table__
    statement = (
        sa.update(table)
        .where(table.c.resource_id == resource_id, table.c.state == WAITING)
        .values(state=LOADING, started=now(), ended=None, attempts=table.c.attempts + 1)
        .returning(table.c.fingerprint)
    )
    mark = model.Session.execute(statement).scalar()
    model.Session.commit()
    return mark


def is_current(resource_id: str, mark: str) -> bool:
    """Whether the file that a job has begun with is still the resource's. Ends the session's transaction, to see others' commits."""
    model.Session.rollback()
    row = find(resource_id)
    return row is not None and row.state == LOADING and row.fingerprint == mark


def finish(resource_id: str, mark: str, state: str, **values: Any) -> bool:
    """Write how a load ended, unless the file was changed meanwhile; whether it was written. Does not commit."""
    table = TableState.__table__
    kept = {"rows": None, "columns": None, "reason": None, "parameters": None, "geometry": None, "notes": None, **values}
    statement = sa.update(table).where(table.c.resource_id == resource_id, table.c.state == LOADING, table.c.fingerprint == mark).values(state=state, ended=now(), **kept)
    return bool(model.Session.execute(statement).rowcount)


def release(resource_id: str, mark: str) -> None:
    """Give a load back that broke off for a reason that may pass (a server that was away). Commits."""
    model.Session.rollback()
    table = TableState.__table__
    mine = (table.c.resource_id == resource_id, table.c.state == LOADING, table.c.fingerprint == mark)
    model.Session.execute(sa.update(table).where(*mine, table.c.attempts < ATTEMPTS).values(state=WAITING, started=None))
    model.Session.execute(sa.update(table).where(*mine, table.c.attempts >= ATTEMPTS).values(state=REFUSED, ended=now(), reason="internal", parameters={}))
    model.Session.commit()


def forget(resource_id: str) -> None:
    """Remove the row. Does not commit."""
    model.Session.query(TableState).filter_by(resource_id=resource_id).delete()


def take_back() -> None:
    """Give back the loads that nobody holds (see `held`): their worker is gone. Commits."""
    loading = model.Session.query(TableState.resource_id, TableState.fingerprint).filter(TableState.state == LOADING).all()
    for resource_id, mark in loading:
        with held(resource_id) as free:
            if free:
                release(resource_id, mark)


def waiting() -> list[tuple[str, str]]:
    """Resources that wait, oldest first, as `(id, state)` with the states waiting and gone."""
    query = model.Session.query(TableState.resource_id, TableState.state).filter(TableState.state.in_([WAITING, GONE])).order_by(TableState.changed)
    return [(row.resource_id, row.state) for row in query]
