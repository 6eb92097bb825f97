"""Who sees what of a harvest. Stock shows everything to everybody: source configurations, which may hold a password, included."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ckan.authz as authz
import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.harvest.model import HarvestJob, HarvestObject
from ckanext.tzc.common.signed_in import signed_in

Answer = dict[str, Any]


def _source_of_job(wanted: dict[str, Any]) -> str | None:
    job = HarvestJob.get(wanted["id"]) if wanted.get("id") else None
    return job.source_id if job else None


def _source_of_object(wanted: dict[str, Any]) -> str | None:
    found = HarvestObject.get(wanted["id"]) if wanted.get("id") else None
    return found.harvest_source_id if found else None


def _source_of_source(wanted: dict[str, Any]) -> str | None:
    package = model.Package.get(wanted["id"]) if wanted.get("id") else None
    return package.id if package else wanted.get("id")


SOURCE_OF: dict[str, Callable[[dict[str, Any]], str | None]] = {
    "harvest_source_show": _source_of_source,
    "harvest_source_show_status": _source_of_source,
    "harvest_job_show": _source_of_job,
    "harvest_job_list": lambda wanted: wanted.get("source_id"),
    "harvest_object_show": _source_of_object,
    "harvest_object_list": lambda wanted: wanted.get("source_id"),
}
"""Rights that the editors of a source have, and how the source is found in what is asked for."""

REFUSED = "Only those who edit a harvest source see this."


def _editors_only(source_of: Callable[[dict[str, Any]], str | None]) -> Any:
    """What stock says, and besides the right to edit the source."""

    @tk.chained_auth_function
    @tk.auth_allow_anonymous_access
    def asked(next_auth: Any, context: dict[str, Any], data_dict: dict[str, Any]) -> Answer:
        source = source_of(data_dict or {})
        answer: Answer = next_auth(context, data_dict) if context.get("user") and source else {"success": False}
        if not answer["success"]:
            return {"success": False, "msg": tk._(REFUSED)}
        try:
            tk.check_access("harvest_source_update", {"user": context["user"]}, {"id": source})
        except (tk.NotAuthorized, tk.ObjectNotFound):
            return {"success": False, "msg": tk._(REFUSED)}
        return {"success": True}

    return asked


harvest_source_show, harvest_source_show_status, harvest_job_show, harvest_job_list, harvest_object_show, harvest_object_list = map(_editors_only, SOURCE_OF.values())


@tk.chained_auth_function
@tk.auth_allow_anonymous_access
def harvest_source_list(next_auth: Any, context: dict[str, Any], data_dict: dict[str, Any]) -> Answer:
    """All sources with their configurations: administrators, or the editors of the organisation that is asked for."""
    answer: Answer = next_auth(context, data_dict)
    if not answer["success"]:
        return answer
    user, organisation = context.get("user", ""), data_dict.get("organization_id")
    asked = user and organisation if isinstance(organisation, str) else ""
    allowed = authz.is_sysadmin(user) or bool(asked and authz.has_user_permission_for_group_or_org(organisation, user, "create_dataset"))
    return {"success": True} if allowed else {"success": False, "msg": tk._("Only those who edit a harvest source see this.")}


def _of_source(context: dict[str, Any], data_dict: dict[str, Any]) -> Answer:
    """Who edits the source."""
    source = tk.get_or_bust(data_dict, "source")
    if not isinstance(source, str) or "\0" in source:
        return {"success": False, "msg": tk._(REFUSED)}
    try:
        tk.check_access("harvest_source_update", {"user": context.get("user", "")}, {"id": source})
    except (tk.NotAuthorized, tk.ObjectNotFound):
        return {"success": False, "msg": tk._(REFUSED)}
    return {"success": True}


tzc_harvest_mapping_show = tzc_harvest_mapping_versions = tzc_harvest_mapping_try = tzc_harvest_mapping_update = tzc_harvest_mapping_sample = _of_source
tzc_harvest_doubles = tzc_harvest_double_decide = _of_source
tzc_harvest_double_show = tzc_harvest_double_merge = tzc_harvest_double_answer = tzc_harvest_double_undo = tzc_harvest_merges = signed_in
tzc_harvest_dry_run = tzc_harvest_run = tzc_harvest_approve = tzc_harvest_pause = tzc_harvest_stop = tzc_harvest_restore = tzc_harvest_status = tzc_harvest_entries = _of_source
tzc_harvest_log = _of_source


@tk.chained_auth_function
def harvest_log_list(next_auth: Any, context: dict[str, Any], data_dict: dict[str, Any]) -> Answer:
    """The log of all harvests: administrators. Stock's right is its action itself, which asks for the right, without end."""
    return {"success": False, "msg": tk._("Only administrators of the portal read the log of harvests.")}


# without a list, CKAN leaves out functions that have another name
__all__ = [name for name in dir() if name.startswith("tzc_") or name in {*SOURCE_OF, "harvest_source_list", "harvest_log_list"}]
