"""Actions of the harvesting room."""
from __future__ import annotations

from typing import Any

import ckan.authz as authz
import ckan.model as model
import ckan.plugins.toolkit as tk

from .. import sources
from .engine_action import (
    harvest_job_abort,
    harvest_job_create,
    harvest_objects_import,
    harvest_send_job_to_gather_queue,
    tzc_harvest_approve,
    tzc_harvest_dry_run,
    tzc_harvest_entries,
    tzc_harvest_log,
    tzc_harvest_pause,
    tzc_harvest_restore,
    tzc_harvest_run,
    tzc_harvest_status,
    tzc_harvest_stop,
)
from .mapping_action import (
    tzc_harvest_double_decide,
    tzc_harvest_doubles,
    tzc_harvest_mapping_sample,
    tzc_harvest_mapping_show,
    tzc_harvest_mapping_try,
    tzc_harvest_mapping_update,
    tzc_harvest_mapping_versions,
)
from .merge_action import (
    tzc_harvest_double_answer,
    tzc_harvest_double_merge,
    tzc_harvest_double_show,
    tzc_harvest_double_undo,
    tzc_harvest_merges,
)

# without a list, CKAN leaves out what comes from elsewhere
__all__ = [
    "harvest_job_abort",
    "harvest_job_create",
    "harvest_objects_import",
    "harvest_send_job_to_gather_queue",
    "harvest_source_clear",
    "harvest_source_create",
    "harvest_source_list",
    "harvest_source_reindex",
    "harvest_source_show",
    "tzc_credential_remove",
    "tzc_credential_set",
    "tzc_harvest_approve",
    "tzc_harvest_double_answer",
    "tzc_harvest_double_decide",
    "tzc_harvest_double_merge",
    "tzc_harvest_double_show",
    "tzc_harvest_double_undo",
    "tzc_harvest_doubles",
    "tzc_harvest_dry_run",
    "tzc_harvest_entries",
    "tzc_harvest_log",
    "tzc_harvest_mapping_sample",
    "tzc_harvest_mapping_show",
    "tzc_harvest_mapping_try",
    "tzc_harvest_mapping_update",
    "tzc_harvest_mapping_versions",
    "tzc_harvest_merges",
    "tzc_harvest_pause",
    "tzc_harvest_restore",
    "tzc_harvest_run",
    "tzc_harvest_status",
    "tzc_harvest_stop",
]  # fmt: skip


@tk.chained_action
@tk.side_effect_free
def harvest_source_list(next_action: Any, context: dict[str, Any], data_dict: dict[str, Any]) -> list[dict[str, Any]]:
    """Harvest sources with their configurations. Stock asks nobody's right here, and gives nothing to who is no administrator."""
    tk.check_access("harvest_source_list", context, data_dict)
    user = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    found: list[dict[str, Any]] = next_action({**context, "user": user}, data_dict)
    return found


@tk.chained_action
@tk.side_effect_free
def harvest_source_show(next_action: Any, context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """One harvest source. Stock shows it as any dataset."""
    tk.check_access("harvest_source_show", context, data_dict)
    found: dict[str, Any] = next_action(context, data_dict)
    return found


@tk.chained_action
def harvest_source_create(next_action: Any, context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """A new harvest source. Stock's answer lacks where it stands, and its command, which prints that, ends with a traceback though all went well."""
    tk.check_access("harvest_source_create", context, data_dict)
    made = next_action(context, data_dict)
    asked = {"user": context.get("user", ""), "ignore_auth": context.get("ignore_auth", False)}
    whole: dict[str, Any] = tk.get_action("harvest_source_show")(asked, {"id": made["id"]})
    return whole


@tk.chained_action
def harvest_source_clear(next_action: Any, context: dict[str, Any], data_dict: dict[str, Any]) -> Any:
    """Remove what a source brought. Stock takes the datasets from the index before it deletes them: a job at work on one of them then puts it back there."""
    tk.check_access("harvest_source_clear", context, data_dict)
    answer = next_action(context, data_dict)
    tk.get_action("harvest_source_index_clear")(context, data_dict)
    return answer


@tk.chained_action
def harvest_source_reindex(next_action: Any, context: dict[str, Any], data_dict: dict[str, Any]) -> bool:
    """Bring a source's entry in the index up to date.

    Stock writes the source there as it lies in the database, and its form, which reads the index, then lacks type, frequency and configuration.
    """
    from ckan.lib.search import rebuild

    tk.check_access("harvest_source_reindex", context, data_dict)
    rebuild(package_id=tk.get_or_bust(data_dict, "id"), defer_commit=context.get("defer_commit", False))
    return True


def _spare_inner(context: dict[str, Any], data_dict: dict[str, Any]) -> None:
    """NotAuthorized for a credential that a source shows which may lead into the internal network: only administrators say what is sent there."""
    if context.get("ignore_auth") or authz.is_sysadmin(context.get("user", "")):
        return
    name, partner = data_dict.get("name"), data_dict.get("partner")
    found = model.Group.get(partner) if isinstance(partner, str) and "\0" not in partner else None
    if found is not None and sources.shown_inside(found.id, name):
        raise tk.NotAuthorized(tk._("A source that may lead into the internal network uses this credential: only administrators change it."))


@tk.chained_action
def tzc_credential_set(next_action: Any, context: dict[str, Any], data_dict: dict[str, Any]) -> Any:
    """What a partner's sources show; see the feeding room."""
    _spare_inner(context, data_dict)
    return next_action(context, data_dict)


@tk.chained_action
def tzc_credential_remove(next_action: Any, context: dict[str, Any], data_dict: dict[str, Any]) -> Any:
    """The same."""
    _spare_inner(context, data_dict)
    return next_action(context, data_dict)
