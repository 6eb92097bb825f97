"""What a request is to somebody whom it names as one of the team."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common.territory import text

from tzc.rights import requests

from .. import joining, records, request_words

Answer = dict[str, Any]


def _asker(context: Any, name: str) -> Any:
    tk.check_access(name, context, {})
    user = model.User.get(context.get("user") or "")
    if user is None or user.state != model.State.ACTIVE:
        raise tk.NotAuthorized(tk._("Sign in first."))
    return user


@tk.side_effect_free
def tzc_request_join_show(context: Any, data_dict: Answer) -> Answer:
    """What a request (`id`) gives to somebody whom it names, and the terms that they accept before; nothing of the thread.

    Returns `{"id", "requester", "purpose", "words", "accepted", "terms", "parts"}`: `accepted` the moment, or none; a part `{"title", "state", "label", "datasets", "begins",
    "ends", "reason", "open"}`, `reason` why it rests or was revoked. Raises ObjectNotFound, NotAuthorized.
    """
    user = _asker(context, "tzc_request_join_show")
    request, parts = joining.find(user, data_dict.get("id"))
    requester = model.User.get(request.requester)
    at = model.Session.query(records.Accepted.at).filter(records.Accepted.by == user.id, records.Accepted.request.in_([one for one in (request.id, request.renews) if one]))
    moment = at.order_by(records.Accepted.id.desc()).limit(1).scalar() if user.id in records.accepted_by(request) else None
    said = records.asked(parts[0], request)
    return {
        "id": request.id, "requester": requester.display_name if requester else "", "purpose": request_words.purpose(said.purpose), "words": said.words,
        "accepted": moment.isoformat() if moment else None,
        "terms": [{"hash": version.hash, "text": text(version.texts)} for version in joining.texts(request)],
        "parts": [_part(part, bool(moment)) for part in parts],
    }  # fmt: skip


def _part(part: records.Part, accepted: bool) -> Answer:
    group, why = model.Session.get(model.Group, part.partner), joining.reason(part)
    ids = [item.dataset for item in records.covered([part.id])]
    packages = {package.id: package for package in model.Session.query(model.Package).filter(model.Package.id.in_(ids))}
    return {
        "title": (group.title or group.name) if group else "", "state": part.state, "label": request_words.state(part.state),
        "datasets": [{"name": packages[id_].name, "title": packages[id_].title or packages[id_].name} for id_ in ids if id_ in packages],
        "begins": part.begins.isoformat(), "ends": part.ends.isoformat(), "reason": why.text if why else "", "open": accepted and part.state == requests.GRANTED,
    }  # fmt: skip


def tzc_request_join(context: Any, data_dict: Answer) -> Answer:
    """Accept the terms of a request (`id`) that names the account as one of its team: `terms`, their hashes. Then its right opens. Returns `tzc_request_join_show`.

    Raises ObjectNotFound, NotAuthorized, ValidationError.
    """
    user = _asker(context, "tzc_request_join")
    try:
        joining.accept(user, data_dict.get("id"), data_dict.get("terms"))
    except (tk.ValidationError, tk.ObjectNotFound):
        model.Session.rollback()
        raise
    model.Session.commit()
    shown: Answer = tzc_request_join_show({"user": user.name}, {"id": data_dict.get("id")})
    return shown
