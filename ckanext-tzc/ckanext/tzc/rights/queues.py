"""Lists of requests: one's own, what waits for one's decision, what was decided. Chosen, ordered and cut by the database, however many there are."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import ckan.model as model
import sqlalchemy as sa
from ckanext.tzc.common import delegations, duties
from sqlalchemy.dialects.postgresql import JSONB

from tzc.rights import requests
from tzc.rights.requests import APPEALED, SUBMITTED, UNDER_REVIEW

from . import records

Rows = tuple[int, list[Any]]
"""How many there are, and a page of them: parts with their requests."""

WAITING = records.Part.state.in_((SUBMITTED, UNDER_REVIEW, APPEALED))


def _query() -> Any:
    return model.Session.query(records.Part, records.Request).join(records.Request, records.Request.id == records.Part.request)


def _page(condition: Any, order: tuple[Any, ...], offset: int, limit: int, with_request: bool = True) -> Rows:
    """`with_request`: whether the condition speaks of requests; where not, parts are counted by themselves, and the page is read from an index."""
    parts = model.Session.query(records.Part.id)
    counted = parts.join(records.Request, records.Request.id == records.Part.request) if with_request else parts
    return counted.filter(condition).count(), _query().filter(condition).order_by(*order).offset(offset).limit(limit).all() if limit else []


def own(user: Any, offset: int, limit: int) -> Rows:
    """What an account asked for, newest first."""
    return _page(records.Request.requester == user.id, (records.Request.created.desc(), records.Part.id), offset, limit)


def _of_others(user: Any) -> Any:
    """Parts of which the account would not be given anything itself."""
    mine = sa.select(records.Request.id).where(sa.or_(records.Request.requester == user.id, records.Request.team.contains([user.id])))
    return records.Part.request.not_in(mine)


def _asked(condition: Any) -> list[str]:
    """The partners that were asked for such parts."""
    return [partner for (partner,) in model.Session.query(records.Part.partner).filter(condition).distinct()]


def _places(user: Any, condition: Any) -> tuple[list[str], list[str]]:
    """Those of them where an account decides, and where it is the officer."""
    asked = _asked(condition)
    deciders, officers = (duties.holders_of(asked, duty) for duty in (duties.DECIDER, duties.OFFICER))
    return [one for one in asked if user.id in deciders[one]], [one for one in asked if user.id in officers[one]]


def _theirs(user: Any, condition: Any, replacing: Replacing | None = None) -> Any:
    """Parts that an account moves by its duties; `replacing`: at some partners only as long as those whom it replaces could."""
    deciding, guarding = _places(user, condition)
    places = sa.or_(records.Part.partner.in_([one for one in deciding if one not in (replacing or {})]), *_in_place(replacing or {}))
    return sa.or_(places, sa.and_(records.Part.personal, records.Part.partner.in_(guarding)))


Replacing = dict[str, list[str]]
"""By partner, those in whose place alone an account decides there."""


def _would_have() -> Any:
    """SQL: who would have the data of a part."""
    return records.Request.team.op("||")(sa.func.jsonb_build_array(records.Request.requester))


def _in_place(replacing: Replacing) -> Iterator[Any]:
    """SQL, by partner: parts that somebody decides on whom the account replaces (the rules of `delegates`)."""
    barred = sa.case((records.Part.state == APPEALED, _would_have().op("||")(records.Part.decided_by)), else_=_would_have())
    for partner, replaced in replacing.items():
        yield sa.and_(records.Part.partner == partner, ~barred.bool_op("@>")(sa.cast(replaced, JSONB)))


def _turning() -> Any:
    """SQL: the move that turns a key of a part that waits."""
    return sa.case((records.Part.state == APPEALED, requests.Overturn.name), else_=requests.Approve.name)


def _turned(user: str) -> Any:
    """SQL: an account turned a key, or a delegate of it did."""
    part, message = records.Part, records.Message
    done = [sa.func.coalesce(part.keys[role].astext, "") for role in (requests.DECIDER, requests.OFFICER, requests.REVIEWER)]
    by_delegate = sa.exists().where(message.part == part.id, message.move == _turning(), message.by.in_(done), message.acting_for.contains([user]))
    return sa.or_(*(key == user for key in done), sa.and_(part.keys != {}, by_delegate))


def _all_turned(replacing: Replacing) -> Iterator[Any]:
    """SQL, by partner: all turned a key whom the account replaces, but who would have the data: it has nothing to add."""
    for partner, replaced in replacing.items():
        somebody = ~_would_have().bool_op("@>")(sa.cast(replaced, JSONB))
        yield sa.and_(records.Part.partner == partner, somebody, *(sa.or_(_would_have().contains([one]), _turned(one)) for one in replaced))


def _replaced_by(user: Any) -> tuple[dict[str, dict[str, frozenset[str]]], Replacing]:
    """Delegates at the partners that were asked, and whom the account replaces."""
    found = delegations.delegates_of(_asked(WAITING), duties.DECIDER)
    return found, {partner: sorted(delegates[user.id]) for partner, delegates in found.items() if user.id in delegates}


def waiting(user: Any, offset: int, limit: int) -> Rows:
    """What waits for an account's decision, the earliest deadline first."""
    order = (records.Part.due.asc().nulls_last(), records.Part.id)
    delegates, replacing = _replaced_by(user)
    turned = sa.or_(_turned(user.id), *_all_turned(replacing))
    appeal_of_own = sa.and_(records.Part.state == APPEALED, records.Part.decided_by.contains([user.id]))
    condition = _of_administrator(user, delegates, replacing) if user.sysadmin else _theirs(user, WAITING, replacing)
    return _page(sa.and_(WAITING, ~turned, ~appeal_of_own, _of_others(user), condition), order, offset, limit, with_request=bool(user.sysadmin or replacing))


def _of_administrator(user: Any, delegates: dict[str, dict[str, frozenset[str]]], replacing: Replacing) -> Any:
    """Parts that wait for an administrator: where it has the duty, and where nobody has it who may (the rules of `roles`, in SQL)."""
    part, message = records.Part, records.Message
    asked = _asked(WAITING)
    deciders, officers = (duties.holders_of(asked, duty) for duty in (duties.DECIDER, duties.OFFICER))
    # delegates are there as long as those are whom they replace: nobody but these is asked about
    deciders = {partner: accounts - frozenset(delegates.get(partner, {})) for partner, accounts in deciders.items()}
    own = _would_have()
    # where both keys are turned, nobody is wanted for the second
    beside = sa.case((part.state == APPEALED, part.keys[requests.REVIEWER].astext), else_=part.keys[requests.DECIDER].astext)
    first = sa.case((part.keys[requests.OFFICER].astext.is_(None), beside))
    acted = sa.select(message.acting_for).where(message.part == part.id, message.move == _turning(), message.by == first)
    turned = sa.func.jsonb_build_array(first).op("||")(sa.func.coalesce(acted.order_by(message.id.desc()).limit(1).scalar_subquery(), sa.cast([], JSONB)))
    stands_in = user.id in duties.administrators()

    def may(holders: dict[str, frozenset[str]], others: Any) -> Any:
        """Whether the account is among the holders at a part's partner, or there is none but `others`, who may not. Most partners are settled by their name."""
        among = [partner for partner, accounts in holders.items() if user.id in accounts or (stands_in and not accounts)]
        rest = {partner: sorted(accounts) for partner, accounts in holders.items() if partner not in among}
        if not rest or not stands_in:
            return part.partner.in_(among)
        theirs = sa.cast(rest, JSONB).op("->", return_type=JSONB())(part.partner)
        return sa.or_(part.partner.in_(among), sa.and_(part.partner.in_(list(rest)), others.bool_op("@>")(theirs)))

    barred = own.op("||")(part.decided_by)
    hears = sa.and_(part.state == APPEALED, sa.or_(may(deciders, barred), sa.and_(part.personal, may(officers, barred.op("||")(turned)))))
    decides = sa.and_(part.state != APPEALED, sa.or_(may(deciders, own), sa.and_(part.personal, may(officers, own.op("||")(turned)))))
    return sa.or_(hears, decides, *_in_place(replacing))


def decided(user: Any, offset: int, limit: int) -> Rows:
    """What an account decided or could have, the last changed first; an administrator sees all."""
    condition = sa.and_(~WAITING, records.Part.state != requests.DRAFT)
    theirs = sa.true() if user.sysadmin else sa.or_(sa.and_(_theirs(user, condition), _of_others(user)), records.Part.decided_by.contains([user.id]))
    mine = sa.select(records.Request.id).where(records.Request.requester == user.id)
    return _page(sa.and_(condition, records.Part.request.not_in(mine), theirs), (records.Part.changed.desc(), records.Part.id), offset, limit, with_request=False)
