"""Two people at one form: what somebody else changed since it was opened.

A form carries a mark of each value that it was opened with (`opened`, JSON: `{field: mark}`). When it comes back and a stored value no longer has its mark,
its sender is told, with what was typed still there.
"""
from __future__ import annotations

import hashlib
import json
from typing import Any

import ckan.plugins.toolkit as tk

Values = dict[str, Any]
Field = dict[str, Any]

SHOWN = 400
"""Characters of somebody else's value that are shown."""


def fields_of(package_type: str) -> list[Field]:
    """The fields that the form of such a dataset shows."""
    schema = tk.h.scheming_get_dataset_schema(package_type) or {"dataset_fields": []}
    return [field for field in schema["dataset_fields"] if field.get("form_snippet", "") is not None]


def fields_of_file(package_type: str) -> list[Field]:
    """The same for a file of such a dataset."""
    schema = tk.h.scheming_get_dataset_schema(package_type) or {"resource_fields": []}
    return [field for field in schema["resource_fields"] if field.get("form_snippet", "") is not None]


def fields_of_group(kind: str) -> list[Field]:
    """The same for a partner or an axis."""
    schema = tk.h.scheming_get_group_schema(kind) if kind == "group" else tk.h.scheming_get_organization_schema(kind)
    return [field for field in (schema or {"fields": []})["fields"] if field.get("form_snippet", "") is not None]


def data_mark(file: Values) -> str:
    """A mark of what a file holds: new data may have the old ones' address."""
    return hashlib.sha256(f"{file.get('url')} {file.get('last_modified')} {file.get('size')}".encode()).hexdigest()[:12]


def file_changes(typed: Values, stored: Values, fields: list[Field], upload: str | None) -> list[dict[str, Any]]:
    """As `changes`, for a file; `upload` is the name of the one that the sender chose."""
    found = changes(typed["opened"], typed, stored, fields)
    data = next((change for change in found if change["id"] == "field-url"), None)
    if data is not None:
        data["mine"] = data["mine"] or upload is not None
        if not data["mine"]:
            typed["url_type"] = stored.get("url_type") or ""
    elif upload is not None and json.loads(typed["opened"]).get("data") not in (None, data_mark(stored)):
        label = next(field["label"] for field in fields if field["field_name"] == "url")
        found.insert(0, {"id": "field-url", "label": tk.h.scheming_language_text(label), "now": stored.get("url", ""), "mine": True})
    return found


def standing(package: Values) -> str:
    """Where a dataset stands, as far as a form tells of a change of it: `draft`, `archived`, `active` or `deleted`."""
    state = "draft" if str(package.get("state", "")).startswith("draft") else str(package.get("state") or "active")
    return "archived" if state == "active" and package.get("archived") else state


def state_change(opened: str, stored: Values) -> list[dict[str, Any]]:
    """That a published or archived dataset stands elsewhere since its form was opened, as `changes` tells of a field. Raises as it does."""
    before = json.loads(opened)
    if not isinstance(before, dict):
        raise TypeError("not marks of fields")
    now = standing(stored)
    # who publishes a draft meanwhile, or deletes, is told of elsewhere
    if before.get("standing") not in {"active", "archived"} or now in {before["standing"], "deleted"}:
        return []
    words = {"draft": tk._("a draft again, which is not in the catalogue"), "archived": tk._("archived"), "active": tk._("published")}
    return [{"id": "", "label": tk._("Where it stands"), "now": words.get(now, now), "mine": False}]


def marks(values: Values, fields: list[Field]) -> dict[str, str]:
    """A short mark of each field's value, the same for a value as stored and as a form sends it."""
    return {field["field_name"]: hashlib.sha256(_plain(_value(values, field)).encode()).hexdigest()[:12] for field in fields}


def changes(opened: str, typed: Values, stored: Values, fields: list[Field]) -> list[dict[str, Any]]:
    """What somebody else changed and this form would undo: `{"id", "label", "now", "mine"}`, in the form's order.

    `mine` says that the sender changed the same field; where not, the other's value is put into `typed`. Raises ValueError or TypeError when `opened` is not what a form sends.
    """
    before = json.loads(opened)
    if not isinstance(before, dict):
        raise TypeError("not marks of fields")
    now, sent = marks(stored, fields), marks(typed, fields)
    found = []
    for field in fields:
        name = field["field_name"]
        if name not in before or before[name] == now[name] or sent[name] == now[name]:
            continue
        mine = sent[name] != before[name]
        if not mine:
            typed[name] = _value(stored, field)
        found.append({"id": f"field-{name}", "label": tk.h.scheming_language_text(field["label"]), "now": _shown(stored, field), "mine": mine})
    return found


def _value(values: Values, field: Field) -> Any:
    if field["field_name"] == "tag_string" and "tag_string" not in values:
        return ", ".join(sorted(tag["name"] for tag in values.get("tags") or []))
    if field.get("form_snippet") == "tzc_sources.html":
        # stored by id, typed by name
        return tk.h.tzc_source_names(values.get(field["field_name"]))
    return values.get(field["field_name"])


def _plain(value: Any) -> str:
    """One text for all shapes of a value: None, "" and [] are one, a list of one is its entry, order and line ends do not count."""
    if isinstance(value, dict):
        return "\x1f".join(f"{key}={_plain(part)}" for key, part in sorted(value.items()) if _plain(part))
    if isinstance(value, list):
        return "\x1e".join(sorted(filter(None, map(_plain, value))))
    text = "" if value is None else str(value).replace("\r\n", "\n").strip()
    return "\x1e".join(sorted(word.strip() for word in text.split(",") if word.strip())) if "," in text and "\n" not in text else text


def _shown(stored: Values, field: Field) -> str:
    value = _value(stored, field)
    choices = {choice["value"]: tk.h.scheming_language_text(choice["label"]) for choice in tk.h.scheming_field_choices(field) or []}
    entries = value if isinstance(value, list) else [value]
    words = [", ".join(str(part) for part in entry.values() if part) if isinstance(entry, dict) else choices.get(entry, str(entry or "")) for entry in entries]
    text = " ; ".join(word for word in words if word)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
