"""A partner's own terms, as whoever sets them sees them."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk

from .. import terms
from .requests import _asker, _one


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
