"""Whom somebody names who would have the data with them: never those who have them already, nor so that nobody is left to decide."""
from __future__ import annotations

from collections.abc import Iterable

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import duties

from . import form, records, roles


def _have(partner: str) -> frozenset[str]:
    """Who has a partner's data without asking, or says who has them."""
    return duties.administrators().union(form.members(partner), *(duties.holders(partner, duty) for duty in duties.DUTIES))


def already(partners: Iterable[str], team: Iterable[str], errors: form.Errors) -> None:
    """Refuse to name who has a partner's data already: a member of it, who has a duty there, an administrator of the portal. Named, they could not decide any more."""
    named = set(team)
    found: dict[str, list[str]] = {}
    for partner in sorted(set(partners)) if named else ():
        for account in sorted(named & _have(partner)):
            found.setdefault(account, []).append(partner)
    for user in model.Session.query(model.User).filter(model.User.id.in_(found)).order_by(model.User.name) if found else ():
        titles = ", ".join((group.title or group.name) for group in model.Session.query(model.Group).filter(model.Group.id.in_(found[user.id])).order_by(model.Group.title))
        words = tk._("{name} ({account}) has these data already, as somebody of {partner}, or as an administrator of the portal: leave them out.")
        errors.setdefault("team", []).append(words.format(name=user.display_name, account=user.name, partner=titles))


def decidable(parts: Iterable[records.Part], request: records.Request) -> None:
    """Refuse what nobody could decide on: whoever asks, and whom they name, decide nothing here. Raises ValidationError."""
    for part in parts:
        if roles.stuck(part, request):
            group = model.Session.get(model.Group, part.partner)
            words = tk._("Nobody could decide on what you ask of {partner}: those who could would have the data themselves. Write to the partner or to the portal.")
            raise tk.ValidationError({"datasets": [words.format(partner=(group.title or group.name) if group else part.partner)]})
