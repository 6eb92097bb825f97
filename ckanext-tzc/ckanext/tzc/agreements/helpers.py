"""What templates may ask about agreements."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa

from tzc.rights import things

from . import offers, seeing, store, words


def tzc_agreements_of(request: str, part: str) -> list[dict[str, Any]]:
    """The agreements of one partner's part of a request that the reader may see: `{"grant", "holder", "dataset", "label", "yours", "attested", "attested_before", "to_attest"}`."""
    user = model.User.get(tk.current_user.name) if tk.current_user and tk.current_user.is_authenticated else None
    if user is None:
        return []
    found = [one for one in store.of_request(request) if one.part == part and seeing.may(user, one)]
    accounts = model.Session.query(model.User).filter(model.User.id.in_({one.account for one in found})) if found else ()
    packages = model.Session.query(model.Package).filter(model.Package.id.in_({one.dataset for one in found})) if found else ()
    names, titles = {account.id: account.display_name for account in accounts}, {package.id: package.title or package.name for package in packages}
    at = store.now()
    return [
        {
            "grant": one.grant, "holder": names.get(one.account, ""), "dataset": titles.get(one.dataset, ""), "label": words.state(one.state), "yours": one.account == user.id,
            "attested": one.attested.isoformat() if one.attested else None, "to_attest": one.attested is None and one.over(at),
            "attested_before": [earlier.attested.isoformat() for earlier in store.attested_before(one.grant, one.version)],
        }
        for one in found
    ]  # fmt: skip


def tzc_invitations() -> list[dict[str, Any]]:
    """Invitations that wait for the reader: `{"id", "title", "partner", "until"}`. One by address is found by its mail, which proves the address; a guest's address is proven."""
    user = tk.current_user
    if not (user and user.is_authenticated):
        return []
    address = tk.h.tzc_guest_address(user.id).lower() if "tzc_guest_address" in tk.h else ""
    mine = offers.Invitation.account == user.id
    if address:
        mine = sa.or_(mine, sa.and_(offers.Invitation.account.is_(None), sa.func.lower(offers.Invitation.email) == address))
    rows = model.Session.query(offers.Invitation).filter(mine, offers.Invitation.state == offers.OPEN, offers.Invitation.until > store.now()).order_by(offers.Invitation.until)
    found = [(one, model.Package.get(one.dataset), model.Group.get(one.partner)) for one in rows.limit(20)]
    return [
        {"id": one.id, "title": package.title or package.name, "partner": (partner.title or partner.name) if partner else "", "until": one.until.isoformat()}
        for one, package, partner in found if package
    ]  # fmt: skip


def tzc_gives(package: dict[str, Any]) -> bool:
    """Whether the reader gives a dataset's data to others: its deciders, where they are not for everybody."""
    if not things.may_be_closed(package) or package.get("private") or not package.get("owner_org") or not (tk.current_user and tk.current_user.is_authenticated):
        return False
    return offers.decides(tk.current_user, package["owner_org"])
