"""Rights of the notices room: one's own notices; a partner's webhook by who administers the partner."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk


def _of_oneself(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever is signed in, about themselves: the actions take no account to ask about."""
    return {"success": bool(context.get("user")), "msg": tk._("Sign in to see your notifications.")}


def tzc_notices_list(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever is signed in, of themselves."""
    return _of_oneself(context, data_dict)


def tzc_notices_read(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever is signed in, of themselves."""
    return _of_oneself(context, data_dict)


def tzc_notices_wish_show(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever is signed in, of themselves."""
    return _of_oneself(context, data_dict)


def tzc_notices_wish_update(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever is signed in, of themselves."""
    return _of_oneself(context, data_dict)


def _of_partner(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Who may change the partner."""
    tk.check_access("organization_update", context, {"id": tk.get_or_bust(data_dict, "partner")})
    return {"success": True}


def tzc_notices_webhook_show(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Who may change the partner."""
    return _of_partner(context, data_dict)


def tzc_notices_webhook_update(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Who may change the partner."""
    return _of_partner(context, data_dict)


def tzc_notices_webhook_delete(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Who may change the partner."""
    return _of_partner(context, data_dict)
