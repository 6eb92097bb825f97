"""Who was named in a team accepts the terms themselves before their right opens: on a page that says who named them, for what and until when."""
from __future__ import annotations

from datetime import datetime
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckan.model.types import make_uuid
from ckanext.tzc.common import happening

from tzc.rights import requests

from . import form, records

JOINED = "grant.accepted"

TOLD = (requests.Suspend.name, requests.Revoke.name, requests.Resume.name)
"""Moves whose reasons concern them."""


def find(user: Any, name: Any) -> tuple[records.Request, list[records.Part]]:
    """A request whose team somebody is in, and the parts that were given. Raises ObjectNotFound: others learn nothing of it."""
    request = model.Session.get(records.Request, name) if isinstance(name, str) and "\0" not in name else None
    given = sa.exists().where(records.Grant.part == records.Part.id)
    parts = model.Session.query(records.Part).filter(records.Part.request == request.id, given).order_by(records.Part.id) if request else ()
    mine = [part for part in parts if request and user.id in records.asked(part, request).team and user.id != request.requester]
    if request is None or not mine:
        raise tk.ObjectNotFound(tk._("There is no such request."))
    return request, mine


def texts(request: records.Request) -> list[records.Terms]:
    """The terms that who asked accepted, as they were."""
    rows = {row.hash: row for row in model.Session.query(records.Terms).filter(records.Terms.hash.in_(records.hashes(request)))}
    return [rows[value] for value in records.hashes(request) if value in rows]


def accept(user: Any, name: Any, given: Any) -> None:
    """Accept the terms: what was granted opens. Sent twice, it is once. Raises ObjectNotFound, ValidationError. Does not commit."""
    request, _mine = find(user, name)
    records.locked(request.id)
    request, mine = find(user, name)
    errors: form.Errors = {}
    missing = set(records.hashes(request)) - set(form.texts(given, errors, "terms", form.MOST_DATASETS))
    if missing:
        errors.setdefault("terms", []).append(tk._("Read the terms and accept them."))
    if errors:
        raise tk.ValidationError(errors)
    at = records.now()
    if user.id not in records.accepted_by(request):
        for version in texts(request):
            model.Session.add(records.Accepted(request=request.id, terms=version.id, hash=version.hash, by=user.id, at=at))
        model.Session.flush()
    for part in mine:
        if part.state == requests.GRANTED:
            give(part, request, user.id, at)


def give(part: records.Part, request: records.Request, account: str, at: datetime) -> None:
    """The rights of one of the team, who accepted the terms when the part was granted already: from now on, until the end that they all have."""
    items = records.covered([part.id])
    there = {dataset for (dataset,) in model.Session.query(records.Grant.dataset).filter_by(part=part.id, account=account)}
    said, terms, made = records.asked(part, request), " ".join(records.hashes(request)), []
    for item in items:
        if item.dataset not in there:
            grant = records.Grant(
                id=make_uuid(), part=part.id, account=account, dataset=item.dataset, resources=list(item.resources), columns=dict(item.columns), begins=at, ends=part.ends,
                live=True, terms_hash=terms, purpose=said.purpose, words=said.words, created=at,
            )  # fmt: skip
            model.Session.add(grant)
            made.append(grant)
    if not made:
        return
    model.Session.flush()
    records.forget_grants()
    about = {"request": request.id, "part": part.id, "partner": part.partner, **({"dataset": items[0].dataset} if len(items) == 1 else {})}
    given = [{"id": grant.id, "account": grant.account, "dataset": grant.dataset, "resources": grant.resources, "columns": grant.columns} for grant in made]
    content = {
        "state": part.state, "datasets": [item.dataset for item in items], "requester": request.requester, "purpose": said.purpose, "grants": given, "terms": terms,
        "begins": at.isoformat(), "ends": part.ends.isoformat(), "person": account,
    }  # fmt: skip
    happening.tell(happening.Happening(JOINED, account, about, content, (request.requester,), f"/demandes/{request.id}"))


def reason(part: records.Part) -> records.Message | None:
    """Why a right rests or was taken away."""
    if part.state not in (requests.SUSPENDED, requests.REVOKED):
        return None
    query = model.Session.query(records.Message).filter(records.Message.part == part.id, records.Message.move.in_(TOLD))
    found: records.Message | None = query.order_by(records.Message.id.desc()).first()
    return found
