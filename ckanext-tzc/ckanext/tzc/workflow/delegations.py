"""One who decides lets somebody else decide in their place, from a moment to a moment. Looked at when somebody asks, so that it ends by itself at its minute.

A delegate has no more than who delegates: it counts as long as they have the duty themselves, and is not passed on.
"""
from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import duties, happening
from ckanext.tzc.common.numbers import whole_number

from . import delegated, giving, people, store
from .delegated import Delegation, standing

Values = dict[str, Any]

MOST_DAYS = 366

QUEUE = "/demandes/a-decider"
"""What a delegate decides on."""


def answer(partner: str, duty: str) -> dict[str, frozenset[str]]:
    """What `common.delegations` asks."""
    return delegated.now(partner, duty, people.At(partner).own(duty)) if duty in delegated.DELEGATED else {}


def answers(partners: Collection[str], duty: str) -> dict[str, dict[str, frozenset[str]]]:
    """The same at many partners, those where somebody has the duty so."""
    if duty not in delegated.DELEGATED:
        return {}
    standing = {partner: rows for partner, rows in delegated.standing_of(partners).items() if rows}
    together = people.Together(standing) if standing else None
    found = {partner: delegated.now(partner, duty, people.At(partner, together).own(duty), rows) for partner, rows in standing.items()}
    return {partner: each for partner, each in found.items() if each}


def may_delegate(user: Any, partner: str) -> bool:
    """Whether an account delegates at a partner: who decides there itself, or says who does what."""
    return bool(user and (people.may_manage(user, partner) or user.id in people.At(partner).own(duties.DECIDER)))


def names(partner: str) -> list[str]:
    """User names of those who decide for a partner themselves."""
    rows = model.Session.query(model.User.name).filter(model.User.id.in_(people.At(partner).own(duties.DECIDER)))
    return sorted(name for (name,) in rows)


def _account(given: Any, key: str) -> Any:
    user = model.User.get(given) if given and isinstance(given, str) and "\0" not in given else None
    if user is None or user.state != "active":
        raise tk.ValidationError({key: [tk._("There is no account of this name.")]})
    return user


def create(at: Any, data_dict: Values, by: Any) -> Values:
    """Delegate. Commits; raises ValidationError, NotAuthorized."""
    giver = _account(data_dict["from"], "from") if data_dict.get("from") else by
    if giver.id != by.id and not people.may_manage(by, at.id):
        raise tk.NotAuthorized(tk._("For somebody else, only the partner's administrators delegate."))
    to = _account(data_dict.get("to"), "to")
    errors: dict[str, list[str]] = {}
    if giver.id not in people.At(at.id).own(duties.DECIDER):
        errors["from"] = [tk._("Only who decides for the partner themselves delegates it.")]
    if to.id == giver.id:
        errors["to"] = [tk._("Choose somebody else.")]
    if "tzc_guest_address" in tk.h and tk.h.tzc_guest_address(to.id):
        errors["to"] = [tk._("A guest has no password, and decides nothing: let them set one first.")]
    begins, ends = giving.moment(data_dict, "begins") or store.now(), giving.moment(data_dict, "ends")
    if ends is None:
        errors["ends"] = [tk._("Say until when.")]
    elif ends <= max(begins, store.now()):
        errors["ends"] = [tk._("The end lies before the beginning, or is past already.")]
    elif ends - begins > timedelta(days=MOST_DAYS):
        errors["ends"] = [tk._("A year at most: for longer, give them the duty itself.")]
    if errors or ends is None:
        raise tk.ValidationError(errors)
    store.lock_partner(at.id)
    if any((row.from_id, row.to_id) == (giver.id, to.id) and row.begins < ends and begins < row.ends for row in standing(at.id)):
        raise tk.ValidationError({"begins": [tk._("It is delegated to them already within these days. End that first.")]})
    row = Delegation(partner_id=at.id, duty=duties.DECIDER, from_id=giver.id, to_id=to.id, begins=begins, ends=ends, made_by=by.id, made_at=store.now())
    model.Session.add(row)
    model.Session.flush()
    _tell("delegation.created", at, by, row)
    model.Session.commit()
    return _shown(row, by)


def find(given: Any) -> Delegation:
    """One that was not ended, by number. Raises ObjectNotFound."""
    number = whole_number(given or "")
    row = model.Session.query(Delegation).filter_by(id=number, ended_at=None).with_for_update().one_or_none() if number is not None else None
    if row is None or row.ends <= store.now():
        raise tk.ObjectNotFound(tk._("There is no such delegation, or it has ended already."))
    found: Delegation = row
    return found


def may_end(row: Delegation, user: Any) -> bool:
    """Either side ends it, and who says who does what at the partner."""
    return bool(user and (user.id in (row.from_id, row.to_id) or people.may_manage(user, row.partner_id)))


def end(row: Delegation, by: Any) -> Values:
    """End it now. Commits."""
    row.ended_by, row.ended_at = by.id, store.now()
    _tell("delegation.ended", model.Group.get(row.partner_id), by, row)
    model.Session.commit()
    return _shown(row, by)


def listed(partner: str, user: Any) -> list[Values]:
    """Those that stand, as answers have them."""
    return [_shown(row, user) for row in standing(partner)]


def _shown(row: Delegation, user: Any) -> Values:
    known = {one.id: one for one in model.Session.query(model.User).filter(model.User.id.in_((row.from_id, row.to_id)))}
    named = {key: known[value] for key, value in (("from", row.from_id), ("to", row.to_id)) if value in known}
    people_named = {key: one.name for key, one in named.items()} | {f"{key}_name": one.display_name for key, one in named.items()}
    return {
        "id": row.id, "duty": row.duty, "from": "", "from_name": "", "to": "", "to_name": "", **people_named, "begins": row.begins.isoformat(), "ends": row.ends.isoformat(),
        "now": row.ended_at is None and row.term.holds(store.now()), "endable": row.ended_at is None and may_end(row, user),
    }  # fmt: skip


def _tell(kind: str, at: Any, by: Any, row: Delegation) -> None:
    content = {
        "duty": row.duty, "title": at.title or at.name, "from": row.from_id, "to": row.to_id, "begins": row.begins.isoformat(), "ends": (row.ended_at or row.ends).isoformat(),
    }  # fmt: skip
    told = tuple(sorted({row.from_id, row.to_id} - {by.id}))
    path = tk.h.url_for("tzc_workflow.roles", name=at.name, locale="default")
    # whoever decides from now on is led to what there is to decide
    paths = {row.to_id: QUEUE} if kind == "delegation.created" else {}
    happening.tell(happening.Happening(kind, by.id, {"partner": at.id, "user": row.to_id}, content, told, path, paths=paths))
