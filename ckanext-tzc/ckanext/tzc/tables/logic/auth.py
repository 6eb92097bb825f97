"""Who may see and load a table: who may see or change its file."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk


@tk.auth_allow_anonymous_access
def tzc_table_status(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever may see the resource."""
    tk.check_access("resource_show", context, {"id": tk.get_or_bust(data_dict, "id")})
    return {"success": True}


def tzc_table_load(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever may change the resource."""
    tk.check_access("resource_update", context, {"id": tk.get_or_bust(data_dict, "id")})
    return {"success": True}
