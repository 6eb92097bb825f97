"""What the columns of a file are, told before its data are asked for; nothing of what is in them."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk

from tzc.rights import samples

TOLD = ("label", "notes", "values", "least", "most")
"""What the owner typed into the dictionary that readers are told; programs may keep other notes there."""


def tells(resource: dict[str, Any]) -> bool:
    """Whether a file has a table whose columns its owner tells."""
    return bool(resource.get("datastore_active") and resource.get("columns_before") != "no")


def told(resource: dict[str, Any]) -> list[dict[str, Any]]:
    """The columns of a file's table, in its order: `{"id", "type", …}`. Empty where it has no table, or its owner keeps them to its members."""
    if not tells(resource):
        return []
    try:
        # the door of the DataStore stays closed: this reads no row, and counts none
        found = tk.get_action("datastore_info")({"ignore_auth": True}, {"id": resource["id"], "include_meta": False, "include_fields_schema": False})
    except tk.ObjectNotFound:
        return []
    return [_told(field) for field in found.get("fields", []) if not field["id"].startswith("_")]


def _told(field: dict[str, Any]) -> dict[str, Any]:
    info = field.get("info") or {}
    return {"id": field["id"], "type": field["type"], "info": {key: info[key] for key in TOLD if info.get(key) not in (None, "")}}


def sample(resource: dict[str, Any], columns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows that are made up, where the owner allows them."""
    if not columns or resource.get("sample_rows") != "yes":
        return []
    return samples.rows((samples.declared(column["id"], column["type"], column["info"]) for column in columns), resource["id"])
