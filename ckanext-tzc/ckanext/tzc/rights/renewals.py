"""A right is renewed by another request: one at a time, and once."""
from __future__ import annotations

from datetime import datetime
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa

from tzc.rights import policy, requests

from . import form, records

WAITING = (requests.DRAFT, requests.SUBMITTED, requests.CHANGES_REQUESTED, requests.UNDER_REVIEW, requests.APPEALED)
"""States of a part that may still become a right."""

def wanted(user: Any, data: dict[str, Any], errors: form.Errors) -> str | None:
    """The request that is renewed: the asker's own, with a right that is still there, and of which no renewal waits."""
    name = form.text(data.get("renews"), errors, "renews", form.SHORT)
    if not name:
        return None
    query = model.Session.query(records.Part.id).join(records.Request, records.Request.id == records.Part.request)
    if query.filter(records.Request.id == name, records.Request.requester == user.id, *_there()).first() is None:
        errors.setdefault("renews", []).append(tk._("There is no right of yours to renew there: ask anew."))
        return None
    if there := waiting(name):
        address = tk.h.url_for("tzc_requests.thread", id=there)
        errors.setdefault("renews", []).append(tk._("The renewal of this right is asked for already: {address}").format(address=address))
    return name


def _there() -> tuple[Any, ...]:
    return records.Part.state == requests.GRANTED, records.Part.ends > records.now()


def in_time(parts: list[records.Part], request: records.Request, errors: form.Errors) -> None:
    """What was written as a renewal and not sent before the right's end is none any more."""
    if not request.renews or not any(part.state == requests.DRAFT for part in parts):
        return
    if model.Session.query(records.Part.id).filter(records.Part.request == request.renews, *_there()).first() is None:
        errors.setdefault("renews", []).append(tk._("There is no right of yours to renew there: ask anew."))


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


def kept(part: records.Part) -> datetime | None:
    """Until when at most the right of a part lasts beyond its end, as its renewal is not decided."""
    if part.state != requests.GRANTED or part.ends is None:
        return None
    found: datetime | None = model.Session.query(records.kept_until()).filter(records.Part.id == part.id).scalar()
    return found if found and found > max(part.ends, records.now()) else None


def keeps(request: records.Request, parts: list[records.Part]) -> bool:
    """Whether a request that waits keeps a right at this moment: where it is decided, or too late, there is nothing to say of it."""
    at, partners = records.now(), {part.partner for part in parts if part.state in requests.PENDING}
    if not request.renews or not partners:
        return False
    there = model.Session.query(records.Part.ends, records.kept_until()).filter(records.Part.request == request.renews, records.Part.partner.in_(partners))
    return any(at < policy.until(ends, beyond) for ends, beyond in there.filter(records.Part.state == requests.GRANTED) if ends)


def still_to_renew(part: records.Part, request: records.Request) -> None:
    """A right is renewed once: held until the transaction ends, so that two who decide at once do it once. Raises ValidationError."""
    if not request.renews or model.Session.query(records.Grant.id).filter_by(part=part.id).first():
        # given back after an appeal, it has renewed it itself
        return
    if any(old.partner == part.partner and old.state == requests.RENEWED for old in records.locked(request.renews)):
        raise tk.ValidationError({"move": [tk._("Another request has renewed this right already: refuse this one, or have it asked for anew.")]})
