"""What a dataset is given by CKAN's actions: nothing is dropped without a word."""
from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

import ckan.plugins.toolkit as tk
from ckan.lib import plugins as kinds
from flask import has_request_context, request

Values = dict[str, Any]

STATES = ("active", "draft", "deleted")
SHOWN = {
    "organization", "creator_user_id", "metadata_created", "metadata_modified", "num_resources", "num_tags", "isopen", "license_title", "license_url", "relationships_as_object",
    "relationships_as_subject", "tracking_summary", "revision_id", "revision_timestamp", "plugin_data", "comments",
}  # fmt: skip
"""What `package_show` tells of a dataset and nobody writes: it may be sent back with the rest."""


def check(data_dict: Values) -> None:
    """Refuse a state that is none, and fields of a program's that nothing would be made of. A harvested record that says such a state is one like any other."""
    by_program = has_request_context() and request.blueprint == "api"
    if data_dict.get("state") not in (None, "", *STATES):
        if by_program:
            raise tk.ValidationError({"state": [tk._("A dataset is one of: {states}.").format(states=", ".join(STATES))]})
        del data_dict["state"]
    if not by_program:
        return
    kind = str(data_dict.get("type") or "dataset")
    fields = (tk.h.scheming_get_dataset_schema(kind) or {"dataset_fields": []})["dataset_fields"]
    _shapes(data_dict, fields)
    if not fields:
        # a source of harvests: what its own action shows and sends back is its own matter
        return
    known = {*kinds.lookup_package_plugin(kind).update_package_schema(), *(field["field_name"] for field in fields)}
    unknown = sorted(str(name) for name in set(data_dict) - known - SHOWN)
    if unknown:
        raise tk.ValidationError({name: [_no_field(name, known)] for name in unknown})


PARTS = {"resources": ("name", "url"), "tags": ("name",), "extras": ("key", "value"), "groups": ("name",)}
"""Fields of CKAN's own that are lists of objects, and what stands in each."""


def _shapes(data_dict: Values, fields: list[Values]) -> None:
    """Refuse anything but lists of objects where CKAN takes these only; nothing, or nothing in a text, is an empty list."""
    parts = {**PARTS, **{field["field_name"]: [part["field_name"] for part in field["repeating_subfields"]] for field in fields if "repeating_subfields" in field}}
    wrong: dict[str, list[Any]] = {}
    for name in parts.keys() & data_dict.keys():
        if data_dict[name] in (None, "", {}):
            data_dict[name] = []
        elif not (isinstance(data_dict[name], list) and all(isinstance(one, dict) for one in data_dict[name])):
            told = _wanted(name, parts[name])
            wrong[name] = [{"name": [told]}] if name == "tags" else [told]  # as CKAN reads them
    if wrong:
        raise tk.ValidationError(wrong)


def _wanted(name: str, parts: Sequence[str]) -> str:
    shown = [part for part in parts if part != "uri"][:2]
    example = ", ".join(f'"{part}": "…"' for part in shown)
    return tk._("“{name}” takes a list of objects, such as {example}. An object may hold: {parts}.").format(name=name, example=f"[{{{example}}}]", parts=", ".join(parts))


def _no_field(name: str, known: set[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    told = tk._("A dataset has no field of this name.")
    return told + " " + tk._("Did you mean “{name}”?").format(name=near[0]) if near else told
