"""Hearing what happened: in the same transaction, a notice for each account whom it concerns, and a call to the partner's program. Nothing is sent here."""
from __future__ import annotations

import uuid
from typing import Any
from zoneinfo import ZoneInfo

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckanext.tzc.common import mailing
from ckanext.tzc.common.happening import Happening
from ckanext.tzc.common.territory import language, territory

from tzc.notices import calls, times

from . import harvests, jobs, steps, store

KEPT = ("title", "duty", "due", "ends", "renewed", "renews")
"""What a notice takes over of a happening's content: reasons and messages are read where it happened, by who may."""

OFFERED = ("days", "purpose", "until")
"""And of an invitation: what is offered."""

KEPT_OF_DELEGATIONS = ("from", "to", "begins")
"""Of a delegation also who decides in whose place, and from when."""


def heard(happening: Happening) -> None:
    """Write what is to be told. Commits nothing."""
    at = store.now()
    rows = [_row(happening, at, due, user_id=user) for user, due in _accounts(happening, at)]
    if mailing.works():
        rows += [_row(happening, at, at, address=address) for address in dict.fromkeys(happening.mail)]
    if rows:
        model.Session.execute(sa.insert(store.Notice.__table__), rows)
    if any(row["due"] == at for row in rows):
        jobs.mailing_job().ask()
    partner = happening.about.get("partner")
    if partner and model.Session.query(store.Webhook.partner_id).filter_by(partner_id=partner).first():
        body = calls.body(happening.kind, at, happening.about, link(happening.path))
        call = {"partner_id": partner, "key": f"msg_{uuid.uuid4().hex}", "kind": happening.kind, "body": body, "at": at, "due": at}
        model.Session.execute(sa.insert(store.Call.__table__), [call])
        jobs.calling_job().ask()


def _accounts(happening: Happening, at: Any) -> list[tuple[str, Any]]:
    """Whom it concerns, and when each is mailed: not who did it, and nobody twice."""
    told = set(happening.tell) - {happening.by}
    if not told:
        return []
    asked = model.Session.query(model.User.id, store.Wish.mail).outerjoin(store.Wish, store.Wish.user_id == model.User.id)
    found = asked.filter(model.User.id.in_(told), model.User.state == "active").order_by(model.User.id)
    return [(user, due(wish or tk.config["tzc.notices.mail"], at)) for user, wish in found]


def due(wish: str, at: Any) -> Any:
    """When a notice of this moment is mailed to somebody who wants it so; None for never."""
    return times.due(wish, at, ZoneInfo(territory().timezone), tk.config["tzc.notices.digest_hour"]) if mailing.works() else None


def _row(happening: Happening, at: Any, due: Any, user_id: str | None = None, address: str | None = None) -> dict[str, Any]:
    offered = happening.kind == "invitation.created"
    kept = (*KEPT, *(OFFERED if offered else ()), *(KEPT_OF_DELEGATIONS if happening.kind.startswith("delegation.") else ()))
    content: dict[str, Any] = {key: str(happening.content[key]) for key in kept if happening.content.get(key)}
    if offered and happening.by:
        content["inviter"] = happening.by
    if address:
        # nothing is known of who reads it, but by which page they are written to
        content["language"] = language()
    if not happening.about.get("dataset") and (datasets := happening.content.get("datasets")):
        content["datasets"] = [str(dataset) for dataset in datasets]
    if user_id and user_id == happening.content.get("requester"):
        content["yours"] = "1"
    if happening.content.get("before") == "appealed":
        content["appealed"] = "1"
    if user_id and "to" in kept and user_id == happening.content.get("to"):
        content["delegate"] = "1"
    content |= steps.kept(happening, user_id) | harvests.kept(happening)
    path = happening.paths.get(user_id or "", happening.path)
    path = path if path.startswith("/") and not path.startswith("//") else ""
    return {"user_id": user_id, "address": address, "kind": happening.kind, "about": dict(happening.about), "content": content, "path": path, "at": at, "due": due}


def link(path: str) -> str:
    """A page's whole address; the portal's own where there is none."""
    home: str = tk.config["ckan.site_url"].rstrip("/")
    return home + (path if path.startswith("/") else "/")
