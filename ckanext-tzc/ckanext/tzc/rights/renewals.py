"""A right is renewed by another request: one at a time, and once."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa

from tzc.rights import requests

from . import form, records

WAITING = (requests.DRAFT, requests.SUBMITTED, requests.CHANGES_REQUESTED, requests.UNDER_REVIEW, requests.APPEALED)
"""States of a part that may still become a right."""

def wanted(user: Any, data: dict[str, Any], errors: form.Errors) -> str | None:
    """The request that is renewed: the asker's own, with a right that is still there, and of which no renewal waits."""
    name = form.text(data.get("renews"), errors, "renews", form.SHORT)
    if not name:
        return None
    query = model.Session.query(records.Part.id).join(records.Request, records.Request.id == records.Part.request)
    if query.filter(records.Request.id == name, records.Request.requester == user.id, records.Part.state == requests.GRANTED).first() is None:
        errors.setdefault("renews", []).append(tk._("There is no right of yours to renew there: ask anew."))
        return None
    if there := waiting(name):
        address = tk.h.url_for("tzc_requests.thread", id=there)
        errors.setdefault("renews", []).append(tk._("The renewal of this right is asked for already: {address}").format(address=address))
    return name


def _of(name: str, *conditions: Any) -> Any:
    """The first request that renews one (its id), of those with such a part."""
    query = model.Session.query(records.Part.request).join(records.Request, records.Request.id == records.Part.request)
    return query.filter(records.Request.renews == name, *conditions).order_by(records.Request.created).limit(1).scalar()


def waiting(name: str) -> Any:
    """The request that asks to renew one (its id) and is not decided."""
    return _of(name, records.Part.state.in_(WAITING))


def shown(part: records.Part, yours: bool) -> Any:
    """The same of one part, where its right is there; a draft is its writer's."""
    states = [state for state in WAITING if yours or state != requests.DRAFT]
    return _of(part.request, records.Part.state.in_(states), records.Part.partner == part.partner) if part.state in (requests.GRANTED, requests.SUSPENDED) else None


def _became_a_right() -> Any:
    return sa.exists().where(records.Grant.part == records.Part.id)


def successor(part: records.Part) -> Any:
    """The request whose right took the place of this part's."""
    return _of(part.request, _became_a_right(), records.Part.partner == part.partner) if part.state == requests.RENEWED else None


def still_to_renew(part: records.Part, request: records.Request) -> None:
    """A right is renewed once: held until the transaction ends, so that two who decide at once do it once. Raises ValidationError."""
    if not request.renews or model.Session.query(records.Grant.id).filter_by(part=part.id).first():
        # given back after an appeal, it has renewed it itself
        return
    if any(old.partner == part.partner and old.state == requests.RENEWED for old in records.locked(request.renews)):
        raise tk.ValidationError({"move": [tk._("Another request has renewed this right already: refuse this one, or have it asked for anew.")]})
