"""Axes and the CKAN groups that stand for them: a dataset is a member of the groups of its axes, whoever publishes it.

CKAN lets only members of a group put datasets into it. Here any partner may choose any axis, so membership is written from the
axes, in the transaction that stores the dataset and before it is indexed.
"""
from __future__ import annotations

import json
from typing import Any

import ckan.model as model
import sqlalchemy as sa
from ckan.lib.dictization.model_save import package_membership_list_save


def join(context: dict[str, Any], package: dict[str, Any], *, new: bool = False) -> None:
    """Make the dataset a member of the groups of its axes and of no others. A `new` one is in none but those that it was given."""
    stored = model.Package.get(package["id"])
    if stored is None or stored.type != "dataset":
        return
    axes = json.loads(stored.extras.get("axis") or "[]")
    if new and not axes and not package.get("groups"):
        return
    rows = _groups(stored.id, axes)
    if all((row.name in axes) == (row.state == model.State.ACTIVE) for row in rows):
        return
    if any(row.state for row in rows):
        package_membership_list_save([{"name": axis} for axis in axes], stored, {"session": model.Session, "user": context.get("user", ""), "ignore_auth": True})
        model.Session.flush()
        return
    # the first membership, written at once: an object each would make CKAN read the dataset anew for each of them
    member = {"table_name": "package", "table_id": stored.id, "capacity": "public"}
    model.Session.execute(sa.insert(model.Member.__table__), [{**member, "group_id": row.id} for row in rows])


def _groups(package_id: str, axes: list[str]) -> list[Any]:
    """The groups of these axes and those that the dataset is or was in: `(id, name, state of the membership or None)`."""
    joined = sa.and_(model.Member.group_id == model.Group.id, model.Member.table_id == package_id, model.Member.capacity != "organization")
    query = model.Session.query(model.Group.id, model.Group.name, model.Member.state).outerjoin(model.Member, joined)
    rows: list[Any] = query.filter(sa.or_(model.Group.name.in_(axes), model.Member.id.isnot(None))).all()
    return rows
