"""Lists of requests: one's own, what waits for one's decision, what was decided. Chosen, ordered and cut by the database, however many there are."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import sqlalchemy as sa
from ckanext.tzc.common import duties
from sqlalchemy.dialects.postgresql import JSONB

from tzc.rights import requests
from tzc.rights.requests import APPEALED, SUBMITTED, UNDER_REVIEW

from . import records

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


def _asked(condition: Any) -> list[str]:
    """The partners that were asked for such parts."""
    return [partner for (partner,) in model.Session.query(records.Part.partner).filter(condition).distinct()]


def _places(user: Any, condition: Any) -> tuple[list[str], list[str]]:
    """Those of them where an account decides, and where it is the officer."""
    asked = _asked(condition)
    deciders, officers = (duties.holders_of(asked, duty) for duty in (duties.DECIDER, duties.OFFICER))
    return [one for one in asked if user.id in deciders[one]], [one for one in asked if user.id in officers[one]]


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
    condition = _of_administrator(user) if user.sysadmin else _theirs(user, WAITING)
    return _page(_query().filter(WAITING, ~turned, ~appeal_of_own, condition), order, offset, limit)


def _of_administrator(user: Any) -> Any:
    """Parts that wait for an administrator: where it has the duty, and where nobody has it who may (the rules of `roles`, in SQL)."""
    part, request = records.Part, records.Request
    asked = _asked(WAITING)
    deciders, officers = (_lists(duties.holders_of(asked, duty), part.partner) for duty in (duties.DECIDER, duties.OFFICER))
    own = request.team.op("||")(sa.func.jsonb_build_array(request.requester))
    turned = sa.func.jsonb_build_array(part.keys[requests.DECIDER].astext)
    stands_in = user.id in duties.administrators()

    def may(holders: Any, others: Any) -> Any:
        """Whether the account is among the holders, or there is none but those who may not."""
        return sa.or_(holders.contains([user.id]), others.bool_op("@>")(holders)) if stands_in else holders.contains([user.id])

    hears = sa.and_(part.state == APPEALED, may(deciders, own.op("||")(part.decided_by)))
    decides = sa.and_(part.state != APPEALED, sa.or_(may(deciders, own), sa.and_(part.personal, may(officers, own.op("||")(turned)))))
    return sa.and_(request.requester != user.id, ~request.team.contains([user.id]), sa.or_(hears, decides))


def _lists(holders: dict[str, frozenset[str]], partner: Any) -> Any:
    """SQL: the list of those who have a duty at a part's partner."""
    return sa.cast({one: sorted(accounts) for one, accounts in holders.items()}, JSONB).op("->", return_type=JSONB())(partner)


def decided(user: Any, offset: int, limit: int) -> Rows:
    """What an account decided or could have, the last changed first; an administrator sees all."""
    condition = sa.and_(~WAITING, records.Part.state != requests.DRAFT)
    query = _query().filter(condition, records.Request.requester != user.id)
    if not user.sysadmin:
        query = query.filter(sa.or_(_theirs(user, condition), records.Part.decided_by.contains([user.id])))
    return _page(query, (records.Part.changed.desc(), records.Part.id), offset, limit)
