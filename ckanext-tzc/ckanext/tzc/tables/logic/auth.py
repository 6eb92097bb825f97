"""Who may see and load a table: who may see or change its file."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
from ckanext.tzc.common import columns


@tk.auth_allow_anonymous_access
def tzc_table_status(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever may see the resource."""
    tk.check_access("resource_show", context, {"id": tk.get_or_bust(data_dict, "id")})
    return {"success": True}


def tzc_table_load(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever may change the resource."""
    tk.check_access("resource_update", context, {"id": tk.get_or_bust(data_dict, "id")})
    return {"success": True}


@tk.chained_auth_function
@tk.auth_allow_anonymous_access
def datastore_search_sql(next_auth: Any, context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever may see all of each table: of some columns only, nobody can tell what a question in SQL is about."""
    if not context.get("ignore_auth") and any(columns.columns(context.get("user") or "", str(name)) is not None for name in context["table_names"]):
        return {"success": False, "msg": tk._("You have some columns of this table only: ask with datastore_search.")}
    answer: dict[str, Any] = next_auth(context, data_dict)
    return answer
