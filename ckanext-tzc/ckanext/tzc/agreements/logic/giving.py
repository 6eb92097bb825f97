"""What partners offer by themselves, for programs and pages: invitations, and links for one recipient."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk

from .. import inviting, linking, offers, seeing, words

Answer = dict[str, Any]

MOST = 200
"""Entries of a list."""


@contextmanager
def _all_or_nothing() -> Iterator[None]:
    """What is refused leaves nothing behind."""
    try:
        yield
    except (tk.ValidationError, tk.ObjectNotFound, tk.NotAuthorized):
        model.Session.rollback()
        raise


def _asker(name: str, context: Any) -> Any:
    tk.check_access(name, context, {})
    return seeing.account(context)


def tzc_invitation_create(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Offer somebody a right to restricted data, as who decides for their partner. It opens nothing before it is accepted, with the terms, and where the data concern persons not
    before the data protection officer has approved too.

    `dataset`: id or name; `account`: a user name, or `email`: an address of somebody who may have no account yet; `days`, `purpose` (a code), `words`: what for; `resources`: ids
    of files, none for all. Returns the invitation (`tzc_invitation_show`). Raises ObjectNotFound, NotAuthorized, ValidationError.
    """
    user = _asker("tzc_invitation_create", context)
    with _all_or_nothing():
        invitation = inviting.create(user, data_dict)
    model.Session.commit()
    return _invitation(invitation, user)


@tk.side_effect_free
def tzc_invitation_show(context: Any, data_dict: dict[str, Any]) -> Answer:
    """An invitation (`id`), for who was invited and who decides for the partner.

    Returns `{"id", "to", "dataset", "partner", "resources", "purpose", "words", "days", "by", "made", "until", "state", "waits", "request", "yours"}`. Raises ObjectNotFound,
    NotAuthorized.
    """
    user = _asker("tzc_invitation_show", context)
    return _invitation(inviting.find(user, data_dict.get("id")), user)


@tk.side_effect_free
def tzc_invitation_list(context: Any, data_dict: dict[str, Any]) -> list[Answer]:
    """The invitations to a `dataset`, for who decides on it; without one, those that wait for the account. The newest first, 200 at most. Raises ObjectNotFound, NotAuthorized."""
    user = _asker("tzc_invitation_list", context)
    query = model.Session.query(offers.Invitation).order_by(offers.Invitation.made.desc(), offers.Invitation.id)
    if data_dict.get("dataset"):
        query = query.filter_by(dataset=inviting.dataset(user, data_dict["dataset"]).id)
        return [_invitation(one, user) for one in query.limit(MOST)]
    return [_invitation(one, user) for one in query.filter_by(account=user.id, state=offers.OPEN).limit(MOST) if one.waits()]


def tzc_invitation_accept(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Accept an invitation (`id`) with its `terms` (hashes, see `tzc_request_terms`). Returns the request that it became. Raises ObjectNotFound, NotAuthorized, ValidationError."""
    user = _asker("tzc_invitation_accept", context)
    with _all_or_nothing():
        request = inviting.accept(user, inviting.find(user, data_dict.get("id")), data_dict.get("terms"))
    model.Session.commit()
    shown: Answer = tk.get_action("tzc_request_show")({"user": user.name}, {"id": request})
    return shown


def tzc_invitation_decline(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Decline an invitation (`id`). Returns it. Raises ObjectNotFound, NotAuthorized, ValidationError."""
    user = _asker("tzc_invitation_decline", context)
    invitation = inviting.find(user, data_dict.get("id"))
    with _all_or_nothing():
        inviting.decline(user, invitation)
    model.Session.commit()
    return _invitation(invitation, user)


def tzc_invitation_withdraw(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Withdraw an invitation (`id`) that was not answered, as who decides for the partner. Returns it. Raises ObjectNotFound, NotAuthorized, ValidationError."""
    user = _asker("tzc_invitation_withdraw", context)
    invitation = inviting.find(user, data_dict.get("id"))
    with _all_or_nothing():
        inviting.withdraw(user, invitation)
    model.Session.commit()
    return _invitation(invitation, user)


def tzc_link_create(context: Any, data_dict: dict[str, Any]) -> Answer:
    """A link by which one recipient downloads an uploaded file of data that are not open, frozen as it is now; never of data that concern persons, nor of confidential ones.

    `file`: its id; `email`: the recipient's, who is mailed; `days`: 90 at most; `count`: downloads, 20 at most. Returns the link (`tzc_link_list`) with its `url`, which is told
    this once. Raises ObjectNotFound, NotAuthorized, ValidationError.
    """
    user = _asker("tzc_link_create", context)
    with _all_or_nothing():
        link, url = linking.create(user, data_dict)
    model.Session.commit()
    return {**_link(link), "url": url}


def tzc_link_revoke(context: Any, data_dict: dict[str, Any]) -> Answer:
    """End a link (`id`), as who decides for the partner. Returns it. Raises ObjectNotFound, NotAuthorized."""
    user = _asker("tzc_link_revoke", context)
    link = linking.revoke(user, data_dict.get("id"))
    model.Session.commit()
    return _link(link)


@tk.side_effect_free
def tzc_link_list(context: Any, data_dict: dict[str, Any]) -> list[Answer]:
    """The links to files of a `dataset`, for who decides on it, the newest first, 200 at most: `{"id", "file", "name", "email", "by", "made", "until", "most", "left", "revoked",
    "opens"}`. Raises ObjectNotFound, NotAuthorized.
    """
    user = _asker("tzc_link_list", context)
    package = inviting.dataset(user, data_dict.get("dataset"))
    return [_link(one) for one in model.Session.query(offers.Link).filter_by(dataset=package.id).order_by(offers.Link.made.desc(), offers.Link.id).limit(MOST)]


def _name(account: str | None) -> str:
    user = model.User.get(account) if account else None
    return user.display_name if user else ""


def _invitation(one: offers.Invitation, user: Any) -> Answer:
    package, partner = model.Package.get(one.dataset), model.Group.get(one.partner)
    return {
        "id": one.id, "to": _name(one.account) or one.email, "email": one.email, "resources": one.files, "purpose": one.purpose, "purpose_label": words.purpose(one.purpose),
        "words": one.words, "days": one.days, "by": _name(one.by), "made": one.made.isoformat(), "until": one.until.isoformat(), "state": one.state,
        "label": words.invitation(one.state, one.waits()), "waits": one.waits(), "request": one.request, "yours": inviting.theirs(user, one),
        "dataset": {"id": one.dataset, "name": package.name if package else one.dataset, "title": (package.title or package.name) if package else one.dataset},
        "partner": {"id": one.partner, "title": (partner.title or partner.name) if partner else one.partner},
    }  # fmt: skip


def _link(one: offers.Link) -> Answer:
    file = model.Resource.get(one.file)
    return {
        "id": one.id, "file": one.file, "name": (file.name if file else "") or one.file, "version": one.version, "email": one.email, "by": _name(one.by),
        "made": one.made.isoformat(), "until": one.until.isoformat(), "most": one.most,
        "left": one.left, "revoked": one.revoked.isoformat() if one.revoked else None, "opens": one.opens(),
    }  # fmt: skip
