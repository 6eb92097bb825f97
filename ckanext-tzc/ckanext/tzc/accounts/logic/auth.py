"""Rights of the accounts room."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.accounts import resets


@tk.chained_auth_function
@tk.auth_allow_anonymous_access
def user_update(next_auth: Any, context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """As CKAN's, but the key of a link that has ended opens nothing, by whatever way it is sent."""
    given = dict(data_dict or {})
    user = model.User.get(given.get("id") or "") if given.get("reset_key") else None
    if user is not None and resets.has_ended(user):
        del given["reset_key"]
    answer: dict[str, Any] = next_auth(context, given)
    return answer
