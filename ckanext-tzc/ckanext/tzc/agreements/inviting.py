"""Invitations: a request that a decider writes for somebody, who accepts it with its terms before anything opens.

Accepted, it is a request like any other: sent by who was invited, taken up and approved by who invited. So everything is asked, recorded and signed as always, and where data
concern persons the second key is still turned by somebody else.
"""
from __future__ import annotations

import re
import secrets
from datetime import timedelta
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import happening, levels
from ckanext.tzc.common.numbers import whole_number
from ckanext.tzc.schemas import vocabulary

from tzc.rights import policy, things

from . import offers, store
from . import words as wording

DAYS_TO_ACCEPT = 30
INVITED = "tzc_invited"
"""In the context of actions on requests: nobody is written to of the steps that accepting makes at once."""
LONG = 5000
EMAIL = re.compile(r"[^@\s,;<>\"']{1,64}@[^@\s,;<>\"'/]{1,190}\.[^@\s,;<>\"'./]{2,63}")

Errors = dict[str, list[str]]


def text(value: Any, errors: Errors, key: str, most: int = LONG, required: bool = True) -> str:
    """A text; mistakes go to `errors`."""
    clean = value.replace("\0", "").strip() if isinstance(value, str) else ""
    if (value and not isinstance(value, str)) or (required and not clean):
        errors[key] = [tk._("Please fill this in.")]
    elif len(clean) > most:
        errors[key] = [tk._("Write text, {most} characters at most.").format(most=most)]
    return clean


def email(value: Any, errors: Errors) -> str:
    """An address that mail can be sent to."""
    found = text(value, errors, "email", 300)
    if found and not EMAIL.fullmatch(found):
        errors["email"] = [tk._("This is no e-mail address.")]
    return found


def number(value: Any, most: int, errors: Errors, key: str) -> int:
    """A whole number from 1."""
    found = whole_number(value, least=1, digits=6)
    if found is None or found > most:
        errors[key] = [tk._("A whole number from 1 to {most}.").format(most=most)]
        return 1
    return found


def dataset(user: Any, value: Any) -> Any:
    """A dataset that somebody gives. Raises ObjectNotFound: of others' they learn nothing here."""
    found = model.Package.get(value) if isinstance(value, str) and value and "\0" not in value else None
    if found is None or found.state != "active" or found.type != "dataset" or not found.owner_org or not offers.decides(user, found.owner_org):
        raise tk.ObjectNotFound(tk._("There is no such dataset whose data you give."))
    return found


def create(user: Any, data: dict[str, Any]) -> offers.Invitation:
    """Raises ObjectNotFound, ValidationError."""
    package = dataset(user, data.get("dataset"))
    errors: Errors = {}
    offers.one_at_a_time(user)
    asked_for = things.on_request({**levels.stored(package), "resources": [levels.stored_file(file) for file in package.resources]})
    if package.private or not (asked_for or package.extras.get("access_level") == policy.RESTRICTED):
        errors["dataset"] = [tk._("Only to data that are given on request can somebody be invited.")]
    files = data.get("resources") or []
    own = {file.id for file in package.resources}
    if not isinstance(files, list) or not all(isinstance(one, str) for one in files) or not set(files) <= own:
        errors["resources"] = [tk._("These are no files of the dataset.")]
    account, address = _recipient(user, package.owner_org, data, errors)
    purpose = text(data.get("purpose"), errors, "purpose", 100)
    if purpose and not any(entry["code"] == purpose for entry in vocabulary("purpose")):
        named = [f"{wording.purpose(entry['code'])} ({entry['code']})" for entry in vocabulary("purpose")]
        errors["purpose"] = [tk._("Choose one of: {codes}.").format(codes=", ".join(named))]
    days = number(data.get("days"), int(tk.config["tzc.rights.most_days"]), errors, "days")
    words = text(data.get("words"), errors, "words")
    if offers.too_many(user):
        errors["email"] = [tk._("You have written to very many today. Go on tomorrow.")]
    if errors:
        raise tk.ValidationError(errors)
    at = store.now()
    invitation = offers.Invitation(
        account=account, email=address, partner=package.owner_org, dataset=package.id, files=list(dict.fromkeys(files)), purpose=purpose, words=words, days=days, by=user.id,
        made=at,
        until=at + timedelta(days=DAYS_TO_ACCEPT), state=offers.OPEN,
    )  # fmt: skip
    model.Session.add(invitation)
    model.Session.flush()
    offered = {"days": days, "purpose": purpose, "until": invitation.until.isoformat()}
    tell(invitation, "invitation.created", user.id, {account} if account else set(), offered, (address,) if address else ())
    return invitation


def _recipient(user: Any, partner: str, data: dict[str, Any], errors: Errors) -> tuple[str | None, str | None]:
    """An account's id, or an address."""
    if not data.get("account"):
        return None, email(data.get("email"), errors) or None
    if data.get("email"):
        errors["email"] = [tk._("Give an account or an address, not both.")]
    name = text(data.get("account"), errors, "account", 200)
    account = model.User.get(name) if name else None
    if account is None or account.state != "active":
        errors["account"] = [tk._("There is no account “{name}”.").format(name=name[:80])]
        return None, None
    if account.id == user.id or offers.member(account, partner):
        errors["account"] = [tk._("This account has the data already, as a member of the partner, or is your own.")]
    return account.id, None


def tell(invitation: offers.Invitation, kind: str, by: str, told: set[str], content: dict[str, Any], mail: tuple[str, ...] = ()) -> None:
    """Tell of an invitation, in the transaction that did it."""
    about = {"invitation": invitation.id, "partner": invitation.partner, "dataset": invitation.dataset, **({"request": invitation.request} if invitation.request else {})}
    person = {"person": invitation.account} if invitation.account else {"address": invitation.email}
    happening.tell(happening.Happening(kind, by, about, {**person, **content}, tuple(sorted(told)), f"/invitations/{invitation.id}", mail))


def theirs(user: Any, invitation: offers.Invitation) -> bool:
    """Whether somebody is who was invited: the account, or one with the address. Its id, which was mailed there, is the proof that goes with it."""
    if invitation.account:
        return bool(user.id == invitation.account)
    return bool(user.email and invitation.email and user.email.strip().lower() == invitation.email.lower())


def find(user: Any, value: Any) -> offers.Invitation:
    """One that somebody was sent, or decides on. Raises ObjectNotFound."""
    found = model.Session.get(offers.Invitation, value) if isinstance(value, str) and value and "\0" not in value else None
    if found is None or not (theirs(user, found) or offers.decides(user, found.partner)):
        raise tk.ObjectNotFound(tk._("There is no such invitation for this account. Sign in with the account, or the address, that it was sent to."))
    return found


def _hold(user: Any, invitation: offers.Invitation) -> None:
    """Nobody else changes it until the transaction ends. Raises ObjectNotFound for who was not invited."""
    if not theirs(user, invitation):
        raise tk.ObjectNotFound(tk._("There is no such invitation for this account. Sign in with the account, or the address, that it was sent to."))
    model.Session.refresh(invitation, with_for_update=True)


def _closed(invitation: offers.Invitation) -> tk.ValidationError:
    words = tk._("This invitation was withdrawn.") if invitation.state == offers.WITHDRAWN else tk._("This invitation cannot be accepted any more.")
    return tk.ValidationError({"id": [words]})


def accept(user: Any, invitation: offers.Invitation, terms: Any) -> str:
    """The request that it becomes; pressed twice, it is the same one. Raises ObjectNotFound, ValidationError."""
    _hold(user, invitation)
    if invitation.state == offers.ACCEPTED:
        return str(invitation.request)
    if not invitation.waits():
        raise _closed(invitation)
    inviter, package = model.User.get(invitation.by), model.Package.get(invitation.dataset)
    here = package is not None and package.owner_org == invitation.partner
    if inviter is None or inviter.state != "active" or not here or not offers.decides(inviter, invitation.partner):
        raise tk.ValidationError({"id": [tk._("Whoever invited you does not decide on these data any more. Ask for them on the page of the dataset.")]})
    asked = {"datasets": [invitation.dataset], "resources": list(invitation.files), "purpose": invitation.purpose, "words": invitation.words, "days": invitation.days}
    # by a key that nobody guesses: another request of the same key would be taken for this one
    given = {**asked, "terms": terms, "submit": True, "key": secrets.token_urlsafe(24)}
    made = tk.get_action("tzc_request_create")({"user": user.name, "defer_commit": True, INVITED: True}, given)
    decider = {"user": inviter.name, "defer_commit": True, INVITED: True}
    tk.get_action("tzc_request_move")(dict(decider), {"id": made["id"], "move": "take_up"})
    tk.get_action("tzc_request_move")(dict(decider), {"id": made["id"], "move": "approve", "days": invitation.days})
    invitation.state, invitation.ended, invitation.request, invitation.account = offers.ACCEPTED, store.now(), made["id"], user.id
    model.Session.flush()
    tell(invitation, "invitation.accepted", user.id, {invitation.by}, {})
    return str(made["id"])


def decline(user: Any, invitation: offers.Invitation) -> None:
    """Raises ObjectNotFound, ValidationError."""
    _hold(user, invitation)
    if invitation.state == offers.DECLINED:
        return
    if not invitation.waits():
        raise _closed(invitation)
    invitation.state, invitation.ended = offers.DECLINED, store.now()
    tell(invitation, "invitation.declined", user.id, {invitation.by}, {})


def withdraw(user: Any, invitation: offers.Invitation) -> None:
    """By who decides. Raises NotAuthorized, ValidationError."""
    if not offers.decides(user, invitation.partner):
        raise tk.NotAuthorized(tk._("Only who decides for the partner withdraws an invitation."))
    model.Session.refresh(invitation, with_for_update=True)
    if invitation.state == offers.WITHDRAWN:
        return
    if invitation.state != offers.OPEN:
        raise tk.ValidationError({"id": [tk._("It was answered already. A right that was given is revoked on the page of its request.")]})
    invitation.state, invitation.ended = offers.WITHDRAWN, store.now()
    told = {invitation.account} if invitation.account else set()
    tell(invitation, "invitation.withdrawn", user.id, told, {})
