"""Who sees which entries.

Administrators all; a partner's data protection officer and its decider what concerns the partner; everybody what was recorded of themselves, and the members of a partner who had
its data, without the particulars.
"""
from __future__ import annotations

import json
from typing import Any

import ckan.authz as authz
import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckanext.tzc.common import duties

from . import store

HAD = ("data", "grant", "access", "licence")
"""Kinds (before the point) of which members of a partner are told; and the one below."""
GRANTED = "request.granted"

DUTIES = (duties.OFFICER, duties.DECIDER)


class Reader:
    """Somebody who asks for entries: what of the audit they see."""

    def __init__(self, name: str, partner: str | None) -> None:
        user = model.User.get(name) if name else None
        self.id = str(user.id) if user else ""
        self.all = bool(user) and authz.is_sysadmin(name)
        self.member: set[str] = set() if self.all or not self.id else _partners(self.id)
        # somebody may have a duty at a partner without being its member
        asked = self.member | ({partner} if partner else set())
        self.duty = set() if self.all or not self.id else {each for each in asked if any(duties.has(self.id, each, duty) for duty in DUTIES)}

    def narrow(self, query: Any) -> Any:
        """Only what they may see."""
        if self.all:
            return query
        told = sa.or_(*(store.Entry.kind.startswith(f"{kind}.", autoescape=True) for kind in HAD), store.Entry.kind == GRANTED)
        ways = [store.Entry.persons.contains([self.id])]
        if self.duty:
            ways.append(store.Entry.partner.in_(self.duty))
        if self.member:
            ways.append(sa.and_(store.Entry.partner.in_(self.member), told))
        return query.filter(sa.or_(*ways))

    def shown(self, entry: store.Entry) -> dict[str, Any]:
        """An entry as they see it: `{"id", "at", "kind", "by", "about", "content"}`."""
        whole = json.loads(entry.content)
        particulars = self.all or self.id in entry.persons or entry.partner in self.duty
        return {
            "id": entry.id, "at": entry.at.isoformat(), "kind": entry.kind, "by": whole.get("by"), "about": whole.get("about") or {},
            "content": whole.get("content") or {} if particulars else None,
        }  # fmt: skip


def _partners(user: str) -> set[str]:
    found = (
        model.Session.query(model.Member.group_id)
        .join(model.Group, model.Group.id == model.Member.group_id)
        .filter(model.Member.table_id == user, model.Member.table_name == "user", model.Member.state == "active", model.Group.is_organization, model.Group.state == "active")
    )
    return {group for (group,) in found}


def names(entries: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """Names of the accounts, datasets and partners of entries: `{"person": {id: name}, "dataset": …, "partner": …}`."""
    persons = {entry["by"] for entry in entries} | {entry["about"].get("person") for entry in entries}
    datasets, partners = ({entry["about"].get(kind) for entry in entries} for kind in ("dataset", "partner"))
    queries = {
        "person": model.Session.query(model.User).filter(model.User.id.in_(filter(None, persons))),
        "dataset": model.Session.query(model.Package).filter(model.Package.id.in_(filter(None, datasets))),
        "partner": model.Session.query(model.Group).filter(model.Group.id.in_(filter(None, partners))),
    }
    return {kind: {thing.id: _name(thing) for thing in query} for kind, query in queries.items()}


def _name(thing: Any) -> str:
    return str(thing.display_name if isinstance(thing, model.User) else thing.title or thing.name)


def identify(kind: str, value: str) -> str:
    """The id of a dataset, partner or person that is given by id or name. Raises ObjectNotFound."""
    finder: dict[str, Any] = {"dataset": model.Package.get, "partner": model.Group.get, "person": model.User.get}
    thing = finder[kind](value)
    if thing is None:
        raise _unknown(value)
    return str(thing.id)


def must_see(user: str, dataset: str, said: str) -> None:
    """Who is told nothing of a dataset that they do not see is not told that it is there. `said`: how it was named. Raises ObjectNotFound."""
    try:
        tk.check_access("package_show", {"user": user}, {"id": dataset})
    except tk.NotAuthorized as error:
        raise _unknown(said) from error


def _unknown(name: str) -> Exception:
    return tk.ObjectNotFound(tk._("There is none of this name: %(name)s") % {"name": name})
