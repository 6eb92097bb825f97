"""What is recorded of what rooms tell, and who it was that changed a licence, a level of access, a member or an administrator."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import sqlalchemy as sa
from ckanext.tzc.common import happening
from flask import g, has_request_context
from sqlalchemy import event

from . import store

WATCHED = (model.Package, model.Resource, model.User, model.Member)
"""Whose changes triggers of the database record."""

BY = sa.text("SELECT set_config('tzc.by', :by, true)")


def begin() -> None:
    """Hear what happens; safe to call again."""
    happening.listen(heard)
    if not event.contains(model.Session, "before_flush", name_who):
        event.listen(model.Session, "before_flush", name_who)


def heard(told: happening.Happening) -> None:
    """In the transaction that did it: a fact without its record does not come about, nor a record without its fact."""
    store.add(model.Session, [(told.kind, store.fact(told.by, told.about, told.content, told.tell))])


def name_who(session: Any, _context: Any, _instances: Any) -> None:
    """Tell the database who is asking, where something is about to be changed that it records by itself."""
    who = asker()
    if who and session.info.get("tzc.by") is not session.get_transaction() and any(isinstance(entity, WATCHED) for entity in (*session.dirty, *session.new)):
        session.execute(BY, {"by": who})
        session.info["tzc.by"] = session.get_transaction()


def asker() -> str:
    """Id of the account that this request is of; empty for a stranger and outside of requests."""
    # as CKAN has found it out when the request began; asking flask-login here would find it out too early
    user = g.get("userobj") if has_request_context() else None
    return str(user.id) if user else ""
