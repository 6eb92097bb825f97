"""Who may do what in the publishing room."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk


@tk.auth_allow_anonymous_access
def tzc_publishing_status(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Everybody: the feeds are public."""
    return {"success": True}


def tzc_publishing_intake(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Who publishes: editors and administrators of a partner; whose datasets are told is the action's matter."""
    may = bool(tk.get_action("organization_list_for_user")(tk.fresh_context(context), {"permission": "update_dataset"}))
    return {"success": may, "msg": tk._("Only those who publish for a partner see what portals make of its data.")}


def tzc_publishing_validation(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Who may change the dataset."""
    tk.check_access("package_update", context, {"id": tk.get_or_bust(data_dict, "id")})
    return {"success": True}
