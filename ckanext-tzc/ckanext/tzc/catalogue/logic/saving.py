"""What a dataset is given by CKAN's actions: nothing is dropped without a word."""
from __future__ import annotations

import difflib
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
    known = {*kinds.lookup_package_plugin(kind).update_package_schema(), *(field["field_name"] for field in fields)}
    unknown = sorted(str(name) for name in set(data_dict) - known - SHOWN)
    if unknown:
        raise tk.ValidationError({name: [_no_field(name, known)] for name in unknown})


def _no_field(name: str, known: set[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    told = tk._("A dataset has no field of this name.")
    return f"{told} {tk._('Did you mean “{name}”?').format(name=near[0])}" if near else told
