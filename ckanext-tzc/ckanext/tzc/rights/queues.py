"""Lists of requests: one's own, what waits for one's decision, what was decided. Chosen, ordered and cut by the database, however many there are."""
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import ckan.model as model
import sqlalchemy as sa
from ckanext.tzc.common import duties

from tzc.rights import requests
from tzc.rights.requests import APPEALED, SUBMITTED, UNDER_REVIEW

from . import records, roles

Rows = tuple[int, list[Any]]
"""How many there are, and a page of them: parts with their requests."""

WAITING = records.Part.state.in_((SUBMITTED, UNDER_REVIEW, APPEALED))


def _query() -> Any:
    return model.Session.query(records.Part, records.Request).join(records.Request, records.Request.id == records.Part.request)


def _page(query: Any, order: tuple[Any, ...], offset: int, limit: int) -> Rows:
    return query.count(), query.order_by(*order).offset(offset).limit(limit).all() if limit else []


def own(user: Any, offset: int, limit: int) -> Rows:
    """What an account asked for, newest first."""
    return _page(_query().filter(records.Request.requester == user.id), (records.Request.created.desc(), records.Part.id), offset, limit)


def _places(user: Any, condition: Any) -> tuple[list[str], list[str]]:
    """The partners where an account decides, and where it is the officer, among those that were asked for such parts."""
    asked = [partner for (partner,) in model.Session.query(records.Part.partner).filter(condition).distinct()]
    return [one for one in asked if duties.has(user.id, one, duties.DECIDER)], [one for one in asked if duties.has(user.id, one, duties.OFFICER)]


def _theirs(user: Any, condition: Any) -> Any:
    """Parts that an account moves by its duties: not what it would be given itself."""
    deciding, guarding = _places(user, condition)
    by_duty = sa.or_(records.Part.partner.in_(deciding), sa.and_(records.Part.personal, records.Part.state != APPEALED, records.Part.partner.in_(guarding)))
    return sa.and_(by_duty, records.Request.requester != user.id, ~records.Request.team.contains([user.id]))


def waiting(user: Any, offset: int, limit: int) -> Rows:
    """What waits for an account's decision, the earliest deadline first."""
    order = (records.Part.due.asc().nulls_last(), records.Part.id)
    turned = sa.or_(*(sa.func.coalesce(records.Part.keys[role].astext, "") == user.id for role in (requests.DECIDER, requests.OFFICER)))
    appeal_of_own = sa.and_(records.Part.state == APPEALED, records.Part.decided_by.contains([user.id]))
    query = _query().filter(WAITING, ~turned, ~appeal_of_own)
    if not user.sysadmin:
        return _page(query.filter(_theirs(user, WAITING)), order, offset, limit)
    ids = _for_administrator(user, order)
    page = ids[offset : offset + limit]
    return len(ids), _query().filter(records.Part.id.in_(page)).order_by(*order).all() if page else []


def _for_administrator(user: Any, order: tuple[Any, ...]) -> list[str]:
    """Ids of the parts that wait for an administrator: those too where the partner has nobody, which only the rules of `roles` can tell."""
    names = ("id", "partner", "state", "personal", "keys", "decided_by", "requester", "team")
    part, request = records.Part, records.Request
    columns = (part.id, part.partner, part.state, part.personal, part.keys, part.decided_by, request.requester, request.team)
    rows = model.Session.query(*columns).join(request, request.id == part.request).filter(WAITING, request.requester != user.id).order_by(*order)
    found = []
    with roles.remembered():
        for values in rows:
            row: Any = SimpleNamespace(**dict(zip(names, values, strict=True)))
            if user.id not in row.keys.values() and user.id in roles.decide(row, row):
                found.append(row.id)
    return found


def decided(user: Any, offset: int, limit: int) -> Rows:
    """What an account decided or could have, the last changed first; an administrator sees all."""
    condition = sa.and_(~WAITING, records.Part.state != requests.DRAFT)
    query = _query().filter(condition, records.Request.requester != user.id)
    if not user.sysadmin:
        query = query.filter(sa.or_(_theirs(user, condition), records.Part.decided_by.contains([user.id])))
    return _page(query, (records.Part.changed.desc(), records.Part.id), offset, limit)
