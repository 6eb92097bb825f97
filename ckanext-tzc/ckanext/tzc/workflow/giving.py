"""Giving and taking duties, and sharing them between partners."""
from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import duties, happening
from ckanext.tzc.common.numbers import whole_number
from ckanext.tzc.common.territory import territory

from . import people, store, words

Values = dict[str, Any]


def partner(given: Any, key: str = "partner") -> Any:
    """A partner, by id or name. Raises ObjectNotFound, ValidationError."""
    if not given or not isinstance(given, str):
        raise tk.ValidationError({key: [tk._("Say which partner.")]})
    found = model.Group.get(given)
    if found is None or not found.is_organization or found.state != "active":
        raise tk.ObjectNotFound(tk._("There is no such partner."))
    return found


def duty(given: Any) -> store.Given:
    """A duty that somebody has or will have, by number. Raises ObjectNotFound."""
    number = whole_number(given or "")
    row = model.Session.query(store.Given).filter_by(id=number, taken_at=None).with_for_update().one_or_none() if number is not None else None
    if row is None:
        raise tk.ObjectNotFound(tk._("There is no such duty, or it was taken back already."))
    found: store.Given = row
    return found


def _known_duty(code: Any) -> str:
    if not isinstance(code, str) or code not in duties.DUTIES:
        raise tk.ValidationError({"duty": [tk._("A duty is one of: {duties}.").format(duties=", ".join(f"{words.duty(one)} ({one})" for one in duties.DUTIES))]})
    return code


def moment(data_dict: Values, key: str) -> datetime | None:
    """A day or moment; of a last day the end counts."""
    given = data_dict.get(key)
    if given in (None, ""):
        return None
    here = ZoneInfo(territory().timezone)
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(given)):
            return datetime.combine(date.fromisoformat(str(given)) + timedelta(days=key == "ends"), time.min, here)
        found = datetime.fromisoformat(str(given).replace("Z", "+00:00"))
    except (ValueError, OverflowError) as error:
        told = tk._("“{value}” is no date: write a day such as 2026-11-28, or a moment such as 2026-11-28T10:00:00Z.")
        raise tk.ValidationError({key: [told.format(value=str(given)[:80])]}) from error
    return found if found.tzinfo else found.replace(tzinfo=here)


def give(at: Any, data_dict: Values, by: Any) -> Values:
    """Give a duty, or give it other days. Commits."""
    code = _known_duty(data_dict.get("duty"))
    asked = data_dict.get("user")
    user = model.User.get(asked) if asked and isinstance(asked, str) else None
    if user is None or user.state != "active":
        raise tk.ValidationError({"user": [tk._("There is no account of this name.")]})
    if "tzc_guest_address" in tk.h and tk.h.tzc_guest_address(user.id):
        raise tk.ValidationError({"user": [tk._("A guest has no password, and decides nothing: let them set one first.")]})
    begins, ends = moment(data_dict, "begins"), moment(data_dict, "ends")
    if ends is not None and ends <= max(begins or ends - timedelta(1), store.now()):
        raise tk.ValidationError({"ends": [tk._("The last day lies before the first, or is past already.")]})
    if code == duties.CONTRIBUTOR and not people.writes(user, at.id):
        raise tk.ValidationError({"user": [tk._("Somebody who is no editor of the partner cannot write there: make them a member first.")]})
    store.lock_partner(at.id)
    row = next((row for row in store.given(at.id, code) if row.user_id == user.id), None)
    if row is None:
        row = store.Given(partner_id=at.id, user_id=user.id, duty=code, given_by=by.id)
        model.Session.add(row)
    row.begins, row.ends, row.given_by, row.given_at = begins, ends, by.id, store.now()
    model.Session.flush()
    _tell("duty.given", at, by, code, (user.id,), {"user": user.id, "begins": begins and begins.isoformat(), "ends": ends and ends.isoformat()})
    model.Session.commit()
    return _shown(row, user)


def take(row: store.Given, by: Any) -> Values:
    """Take a duty back. Commits."""
    row.taken_by, row.taken_at = by.id, store.now()
    at = model.Group.get(row.partner_id)
    _tell("duty.taken", at, by, row.duty, (row.user_id,), {"user": row.user_id})
    model.Session.commit()
    return _shown(row, model.User.get(row.user_id))


def _tell(kind: str, at: Any, by: Any, code: str, concerned: tuple[str, ...], content: Values) -> None:
    told = {"duty": code, "title": at.title or at.name, **content}
    path = tk.h.url_for("tzc_workflow.roles", name=at.name, locale="default")
    about = {"partner": at.id, **({"user": content["user"]} if content.get("user") else {})}
    happening.tell(happening.Happening(kind, by.id, about, told, tuple(person for person in concerned if person != by.id), path))


def _shown(row: store.Given, user: Any) -> Values:
    return {
        "id": row.id, "user": user.name if user else row.user_id, "name": user.display_name if user else "", "duty": row.duty, "begins": row.begins and row.begins.isoformat(),
        "ends": row.ends and row.ends.isoformat(), "now": row.taken_at is None and row.term.holds(store.now()),
    }  # fmt: skip


def listed(at: Any) -> Values:
    """Who has which duty, and which are shared."""
    rows = store.given(at.id)
    shared = store.pools(at.id, agreed=False)
    known = {user.id: user for user in model.Session.query(model.User).filter(model.User.id.in_([row.user_id for row in rows]))}
    here = people.At(at.id)
    holders = {code: here.holders(code) for code in duties.DUTIES}
    named = {user.id: user for user in model.Session.query(model.User).filter(model.User.id.in_(set().union(*holders.values())))}
    return {
        "partner": at.id,
        "duties": [_shown(row, known.get(row.user_id)) for row in rows],
        "holders": {code: sorted(named[user].name for user in users if user in named) for code, users in holders.items()},
        "shared": [_agreement(row, at.id) for row in shared],
    }


def _agreement(row: store.Pool, ours: str) -> Values:
    other = model.Group.get(row.with_id if row.partner_id == ours else row.partner_id)
    return {"id": row.id, "duty": row.duty, "partner": other.name, "title": other.title or other.name, "agreed": row.agreed_at is not None, "ours": row.partner_id == ours}


def share(at: Any, other: Any, code: Any, by: Any) -> Values:
    """Propose to share a duty; where the other proposed it already, it is agreed. Commits."""
    code = _known_duty(code)
    if code == duties.CONTRIBUTOR:
        raise tk.ValidationError({"duty": [tk._("Who writes is a member of the partner: that is not shared.")]})
    if other.id == at.id:
        raise tk.ValidationError({"with": [tk._("A duty is shared with another partner.")]})
    for partner_id in sorted((at.id, other.id)):
        store.lock_partner(partner_id)
    row = next((row for row in store.pools(at.id, agreed=False) if row.duty == code and other.id in (row.partner_id, row.with_id)), None)
    if row is None:
        row = store.Pool(duty=code, partner_id=at.id, with_id=other.id, asked_by=by.id)
        model.Session.add(row)
        model.Session.flush()
        _tell("duty.sharing_asked", other, by, code, people.managers(other.id), {"with": at.title or at.name})
    elif row.with_id == at.id and row.agreed_at is None:
        row.agreed_by, row.agreed_at = by.id, store.now()
        _tell("duty.shared", at, by, code, people.managers(other.id), {"with": other.title or other.name})
    model.Session.commit()
    return _agreement(row, at.id)


def unshare(at: Any, given: Any, by: Any) -> Values:
    """End an agreement. Commits; raises ObjectNotFound."""
    number = whole_number(given or "")
    row = next((row for row in store.pools(at.id, agreed=False) if row.id == number), None)
    if row is None:
        raise tk.ObjectNotFound(tk._("There is no such agreement, or it has ended already."))
    row.ended_by, row.ended_at = by.id, store.now()
    other = row.with_id if row.partner_id == at.id else row.partner_id
    _tell("duty.unshared", at, by, row.duty, people.managers(other), {"with": words.duty(row.duty)})
    model.Session.commit()
    return _agreement(row, at.id)
