"""Terms: as whoever sets them sees them, and as they were accepted."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import duties
from ckanext.tzc.common.territory import text

from tzc.rights import requests

from .. import records, terms
from .requests import _asker, _find, _one


@tk.side_effect_free
def tzc_request_terms_list(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """The terms that a partner (`id`) gives data under, in all versions, the newest first; for who sets them.

    Returns `{"partner", "own", "in_force", "versions"}`: `in_force` is a version, `own` whether it is the partner's or the portal's. A version is `{"hash", "texts", "since", "by",
    "accepted"}`: `texts` by language, empty from when the portal's count again; `by` a name; `accepted` how many requests accepted it. Raises ObjectNotFound, NotAuthorized.
    """
    user = _asker(context, "tzc_request_terms_list")
    partner = terms.partner_for(user, _one(data_dict, "id"))
    found = terms.in_force(partner.id)
    answer = {
        "partner": partner.id, "own": found.partner == partner.id, "in_force": terms.shown(found, {}), "versions": terms.history(partner.id),
    }  # fmt: skip
    if not context.get("defer_commit"):
        # the portal's own may have been written down just now
        terms.keep()
    return answer


@tk.side_effect_free
def tzc_request_terms_show(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """The very terms that were accepted for a request (`id`), by their `hash`, whatever is in force since; for who reads the request, or has a right by it.

    Returns `{"hash", "text", "texts", "since", "accepted"}`: `text` in the reader's language, `texts` all, of which the hash is, `accepted` the moments. Raises ObjectNotFound,
    NotAuthorized.
    """
    user = _asker(context, "tzc_request_terms_show")
    rows = model.Session.query(records.Accepted).filter_by(request=_read(user, data_dict), hash=_one(data_dict, "hash")).order_by(records.Accepted.id).all()
    version = model.Session.get(records.Terms, rows[0].terms) if rows else None
    if version is None:
        raise tk.ObjectNotFound(tk._("No such terms were accepted for this request."))
    return {
        "hash": version.hash, "text": text(version.texts), "texts": version.texts, "since": version.since.isoformat(), "accepted": [row.at.isoformat() for row in rows],
    }  # fmt: skip


def _read(user: Any, data_dict: dict[str, Any]) -> str:
    """The id of a request whose terms somebody reads: what was agreed concerns the team and the partner's officer too. Raises ObjectNotFound."""
    try:
        return str(_find(user, data_dict)[0].id)
    except tk.ObjectNotFound:
        parts = model.Session.query(records.Part).filter(records.Part.request == _one(data_dict, "id"), records.Part.state != requests.DRAFT).all()
        concerned = any(duties.has(user.id, part.partner, duty) for part in parts for duty in (duties.DECIDER, duties.OFFICER))
        ids = [part.id for part in parts]
        if not concerned and model.Session.query(records.Grant.id).filter(records.Grant.part.in_(ids), records.Grant.account == user.id).first() is None:
            raise
        return str(parts[0].request)
