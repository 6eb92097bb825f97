"""Links for one recipient: a frozen file, so often, until a day. Whoever opens the page presses a button, so that programs which look at mails use nothing up."""
from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckanext.tzc.common import happening, levels, mailing, ways
from ckanext.tzc.common.territory import territory
from flask import Response

from tzc.rights import policy

from . import freezing, inviting, keeping, making, offers, store

MOST_DAYS, MOST_DOWNLOADS = 90, 20
GIVEN = (policy.REGISTERED, policy.RESTRICTED)
"""Levels of data that are given by links: open data need none, and confidential ones have none."""


def create(user: Any, data: dict[str, Any]) -> tuple[offers.Link, str]:
    """A link, and its address, which is told this once and mailed. Raises ObjectNotFound, ValidationError."""
    id_ = data.get("file")
    file = model.Resource.get(id_) if isinstance(id_, str) and id_ and "\0" not in id_ else None
    package = inviting.dataset(user, file.package_id if file is not None and file.state == "active" else None)
    errors: inviting.Errors = {}
    offers.one_at_a_time(user)
    address = inviting.email(data.get("email"), errors)
    days = inviting.number(data.get("days"), MOST_DAYS, errors, "days")
    count = inviting.number(data.get("count"), MOST_DOWNLOADS, errors, "count")
    if why := closed(package, file):
        errors["file"] = [why]
    if offers.too_many(user):
        errors["email"] = [tk._("You have written to very many today. Go on tomorrow.")]
    if errors:
        raise tk.ValidationError(errors)
    version, why = freezing.version(package.owner_org, file)
    if version is None:
        raise tk.ValidationError({"file": [why]})
    secret, at = secrets.token_urlsafe(32), store.now()
    link = offers.Link(
        hash=freezing.fingerprint(secret), version=version, partner=package.owner_org, dataset=package.id, file=file.id, email=address, by=user.id, made=at,
        until=at + timedelta(days=days), most=count, left=count,
    )  # fmt: skip
    model.Session.add(link)
    model.Session.flush()
    tell(link, "link.created", user.id, {"until": link.until.isoformat(), "most": count})
    where = making.address(ways.within(tk.h.lang(), f"/liens/{secret}"))
    if mailing.works():
        _mail(link, package, where)
    return link, where


def _mail(link: offers.Link, package: Any, where: str) -> None:
    """Straight to the recipient: no other room learns the address."""
    partner = model.Group.get(link.partner)
    day = tk.h.tzc_moment(link.until.isoformat(), clock=True)
    lines = [
        tk._("Good day,"), "",
        tk._("{partner} gives you a file of “{title}”. Open this page and press the button; the link works {count} times at most, until {day}:").format(
            partner=partner.title or partner.name, title=package.title or package.name, count=link.most, day=day),
        "", f"    {where}", "", tk._("It is for you alone: each download is recorded. Do not pass it on."), "",
        "--", territory().text(territory().name, tk.h.lang()), tk.config["ckan.site_url"],
    ]  # fmt: skip
    subject = tk._("A file for you: {title}").format(title=package.title or package.name)
    mailing.keep("", link.email, subject, "\n".join(lines) + "\n", {"Content-Language": tk.h.lang()})


def choices(dataset: str) -> tuple[list[dict[str, str]], str]:
    """The uploaded files of a dataset, of which a link can be made now: `{"id", "name"}`; where there is none, why. Whoever decides chooses by name what they may not open
    themselves; no address is told.
    """
    package = model.Package.get(dataset)
    files = [(file, closed(package, file)) for file in package.resources if file.url_type == "upload"] if package else []
    found = [{"id": file.id, "name": file.name or file.id} for file, why in files if not why]
    return found, "" if found else files[0][1] if files else str(tk._("None of the files was uploaded: the portal can keep none as it is."))


def closed(package: Any, file: Any) -> str:
    """Why a file is not given by a link now; empty when it is. Asked when the link is made, and at each use."""
    if package is None or file is None or {package.state, file.state} != {"active"} or package.extras.get("archived"):
        return str(tk._("The partner has removed this file."))
    thing = levels.thing(package, file)
    if package.private or thing.strictest() == policy.CONFIDENTIAL:
        return str(tk._("Confidential data are given by no link."))
    if levels.concerns_persons(package.extras.get("personal_data")):
        return str(tk._("Data that concern persons are given by no link: invite somebody, so that two persons approve."))
    if thing.embargo is not None and store.now() < thing.embargo:
        day = tk.h.tzc_moment(thing.embargo.isoformat(), clock=True)
        if thing.strictest() in GIVEN:
            return str(tk._("These data are under embargo until {moment}: no link gives them before.").format(moment=day))
        return str(tk._("These data are under embargo until {moment}: from then on everybody has them, and needs no link.").format(moment=day))
    if thing.strictest() not in GIVEN:
        return str(tk._("Open data need no link: give the address of their page."))
    return ""


def tell(link: offers.Link, kind: str, by: str, content: dict[str, Any]) -> None:
    """Tell of a link, never of its address."""
    about = {"link": link.id, "partner": link.partner, "dataset": link.dataset, "file": link.file}
    package = model.Package.get(link.dataset)
    path = f"/dataset/partage/{package.name}" if package else ""
    happening.tell(happening.Happening(kind, by, about, {"recipient": link.email, **content}, (), path))


def of_secret(secret: str) -> offers.Link | None:
    """The link of an address."""
    if not secret or "\0" in secret:
        return None
    found: offers.Link | None = model.Session.query(offers.Link).filter_by(hash=freezing.fingerprint(secret)).one_or_none()
    return found


def state(link: offers.Link) -> str:
    """Why a link gives nothing any more; empty when it does."""
    if link.revoked is not None:
        return str(tk._("The partner has withdrawn this link."))
    if store.now() >= link.until:
        return str(tk._("This link has ended."))
    if link.left < 1:
        return str(tk._("This link was used as often as it could be."))
    package = model.Package.get(link.dataset)
    # who has no account is not told that the data are hidden now
    return str(tk._("The partner has removed this file.")) if package is not None and package.private else closed(package, model.Resource.get(link.file))


def take(secret: str) -> tuple[Response | None, str]:
    """One download: counted, recorded and prepared in one transaction, so that two at once never have more than were left. The answer, or why there is none. Commits."""
    link = of_secret(secret)
    if link is None:
        return None, str(tk._("There is no such link."))
    if why := state(link):
        return None, why
    table = offers.Link.__table__
    wanted = [table.c.id == link.id, table.c.left > 0, table.c.until > store.now(), table.c.revoked.is_(None)]
    if model.Session.execute(sa.update(table).where(*wanted).values(left=table.c.left - 1).returning(table.c.id)).first() is None:
        model.Session.rollback()
        return None, str(tk._("This link was used as often as it could be."))
    version = model.Session.get(store.Version, link.version)
    try:
        answer = keeping.answer(version.sha256, version.name, version.kind)
    except keeping.MissingError:
        model.Session.rollback()
        return None, str(tk._("The bytes of this version were removed."))
    level = levels.thing(model.Package.get(link.dataset), model.Resource.get(link.file)).strictest()
    tell(link, "data.downloaded", "", {"bytes": version.size, "level": level, "version": version.id, "grants": [], "scope": [], "path": "/liens/"})
    model.Session.commit()
    return answer, ""


def revoke(user: Any, id_: Any) -> offers.Link:
    """Raises ObjectNotFound."""
    link = model.Session.get(offers.Link, id_) if isinstance(id_, str) and id_ and "\0" not in id_ else None
    if link is None or not offers.decides(user, link.partner):
        raise tk.ObjectNotFound(tk._("There is no such link."))
    model.Session.refresh(link, with_for_update=True)
    if link.revoked is None:
        link.revoked = store.now()
        tell(link, "link.revoked", user.id, {})
    return link


def shown(link: offers.Link) -> dict[str, Any]:
    """What the page says to whoever has the address; no more than what to press once the link has ended."""
    why = state(link)
    package, partner, version = model.Package.get(link.dataset), model.Group.get(link.partner), model.Session.get(store.Version, link.version)
    if why or package is None or version is None:
        return {"why": why or str(tk._("The partner has removed this file."))}
    return {
        "why": "", "title": package.title or package.name, "partner": (partner.title or partner.name) if partner else "", "file": version.name, "version": version.id,
        "size": version.size, "until": link.until.isoformat(), "left": link.left,
    }  # fmt: skip
