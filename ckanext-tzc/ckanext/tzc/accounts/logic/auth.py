"""Rights of the accounts room."""
from __future__ import annotations

from typing import Any

import ckan.authz as authz
import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.accounts import guests, resets


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


def user_list(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Administrators only: the list of all accounts is nobody else's business. CKAN shows it to any account."""
    return {"success": False, "msg": tk._("Only administrators see the list of accounts.")}


def user_autocomplete(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Who adds members to a partner looks for accounts by the beginning of their names."""
    allowed = authz.has_user_permission_for_some_org(context.get("user", ""), "member_create")
    return {"success": allowed, "msg": "" if allowed else tk._("Only those who add members to a partner look for accounts.")}


@tk.chained_auth_function
def api_token_create(next_auth: Any, context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """As CKAN's, but a guest has none: a token would open for months what a link opens for a visit."""
    if guests.is_guest(model.User.get((data_dict or {}).get("user") or "")):
        return {"success": False, "msg": tk._("Set a password first: “I forgot my password” sends a link for that.")}
    answer: dict[str, Any] = next_auth(context, data_dict)
    return answer
