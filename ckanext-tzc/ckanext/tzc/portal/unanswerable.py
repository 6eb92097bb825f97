"""Questions to CKAN's and the harvesters' actions that these fail on instead of refusing them: what is missing, of another kind, or no action at all."""
from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from flask import Response, request

from .api_errors import refusal

IMPORTED = {"InactiveSource", "get_mail_extra_vars", "prepare_error_mail", "prepare_summary_mail", "send_error_email", "send_mail", "send_summary_email"}
"""What ckanext-harvest's module of actions imports or keeps for itself: CKAN takes every name there for an action."""

CHANGES = re.compile(r"harvest_(?!source_for_a_dataset$)(?!.*_(show|list|show_status)$).*")
"""Actions of ckanext-harvest that change something; its rights fail on a stranger."""

TEXTS = {"id", "resource_id", "package_id", "dataset_id", "source_id", "object_id", "group_id", "user_id", "activity_id", "name", "user"}
"""Values that are a text in every action: most go into a question to the database as they are."""

NUMBERED = {"tzc_meter_curve", "tzc_meter_remove", "tzc_meter_upload"}
"""Actions whose `id` is a number, as their lists tell it."""

SEARCHED = re.compile(r"package_search$|(organization|group)_list$|(?!tag_).*_autocomplete$")
"""Actions whose `q` is a text, where it is given at all."""

TERMS = {"tag_search", "tag_autocomplete"}
"""Actions whose `q` or `query` is a text or several, and whose `fields` are an object."""

COUNTS = {"limit", "offset", "rows", "start"}

NEEDED = {
    "group_autocomplete": "q", "organization_autocomplete": "q", "activity_show": "id", "activity_data_show": "id", "user_invite": "group_id", "task_status_update_many": "data",
    "datastore_run_triggers": "resource_id", "group_member_create": "id", "organization_member_create": "id", "group_member_delete": "id", "organization_member_delete": "id",
    "harvest_job_create": "source_id", "harvest_abort_failed_jobs": "life_span", "harvest_source_clear": "id", "harvest_source_delete": "id", "harvest_source_index_clear": "id",
    "harvest_source_job_history_clear": "id", "harvest_source_reindex": "id", "harvest_job_abort": "id",
}  # fmt: skip
"""By action the value without which it fails."""

OF_GROUPS = {"group_member_delete", "organization_member_delete"}
"""Actions that fail on a partner or axis that is not there."""


def refused(action: str, given: Mapping[str, Any]) -> Response | None:
    """The answer to a question that cannot be answered; none to others."""
    if action in IMPORTED:
        return refusal(404, "Not Found Error", tk._("There is no such action."))
    if CHANGES.fullmatch(action) and not tk.current_user.is_authenticated:
        return refusal(403, "Authorization Error", tk._("This is not open to everybody: sign in, or send the token of an account."))
    if CHANGES.fullmatch(action) and request.method == "GET":
        # two of them say of themselves that they change nothing
        return refusal(400, "Bad request", tk._("This action changes something: send it by POST."))
    if reason := _wrong(action, given):
        return refusal(400, "Validation Error", reason)
    if action in OF_GROUPS and model.Group.get(given["id"]) is None:
        return refusal(404, "Not Found Error", tk._("There is nothing of this name, or it is not for you to see."))
    return None


def _wrong(action: str, given: Mapping[str, Any]) -> str:
    if name := next((name for name in sorted(given.keys()) if not _reads(action, name, given[name])), ""):
        return str(tk._("{name} must be a text.").format(name=name))
    if action in TERMS and not isinstance(given.get("fields", {}), dict):
        return str(tk._("{name} must be an object.").format(name="fields"))
    if not action.startswith("tzc_") and (name := next((name for name in sorted(COUNTS & given.keys()) if not _counts(action, given[name])), "")):
        return str(tk._("{name} must be a whole number from {least} up.").format(name=name, least=0))
    needed = NEEDED.get(action, "")
    return str(tk._("{name} must be given.").format(name=needed)) if needed and given.get(needed) in (None, "", [], {}) else ""


def _reads(action: str, name: str, value: Any) -> bool:
    """Whether a value is a text, where it must be one."""
    if name == "q" and SEARCHED.fullmatch(action):
        return isinstance(value, str)
    if name in ("q", "query") and action in TERMS:
        return value is None or isinstance(value, str) or (isinstance(value, list) and all(isinstance(one, str) for one in value))
    if name == "id" and action in NUMBERED and isinstance(value, int):
        return True
    return name not in TEXTS or value is None or isinstance(value, str)


def _counts(action: str, value: Any) -> bool:
    """Whether it is a number, or a text that may be one, as its action looks at; the search alone takes nothing for left out."""
    return (value is None and action == "package_search") or isinstance(value, (int, float)) or (isinstance(value, str) and bool(value.strip()))
