"""Who sees what of a harvest. Stock shows everything to everybody: source configurations, which may hold a password, included."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk

Answer = dict[str, Any]


def _editors_only(next_auth: Any, context: dict[str, Any], data_dict: dict[str, Any], source_id: str | None) -> Answer:
    """What stock says, and besides the right to edit the source."""
    if not context.get("user") or not source_id:
        return {"success": False, "msg": tk._("Only those who edit a harvest source see this.")}
    answer: Answer = next_auth(context, data_dict)
    if not answer["success"]:
        return answer
    try:
        tk.check_access("harvest_source_update", {"user": context["user"]}, {"id": source_id})
    except (tk.NotAuthorized, tk.ObjectNotFound):
        return {"success": False, "msg": tk._("Only those who edit a harvest source see this.")}
    return {"success": True}


def _source_of_job(job_id: str | None) -> str | None:
    from ckanext.harvest.model import HarvestJob

    job = HarvestJob.get(job_id) if job_id else None
    return job.source_id if job else None


def _source_of_object(object_id: str | None) -> str | None:
    from ckanext.harvest.model import HarvestObject

    found = HarvestObject.get(object_id) if object_id else None
    return found.harvest_source_id if found else None


@tk.chained_auth_function
@tk.auth_allow_anonymous_access
def harvest_object_show(next_auth: Any, context: dict[str, Any], data_dict: dict[str, Any]) -> Answer:
    """A harvested record as it came."""
    return _editors_only(next_auth, context, data_dict, _source_of_object(data_dict.get("id")))


@tk.chained_auth_function
@tk.auth_allow_anonymous_access
def harvest_object_list(next_auth: Any, context: dict[str, Any], data_dict: dict[str, Any]) -> Answer:
    """The records of a source."""
    return _editors_only(next_auth, context, data_dict, data_dict.get("source_id"))


@tk.chained_auth_function
@tk.auth_allow_anonymous_access
def harvest_job_show(next_auth: Any, context: dict[str, Any], data_dict: dict[str, Any]) -> Answer:
    """One run of a source."""
    return _editors_only(next_auth, context, data_dict, _source_of_job(data_dict.get("id")))


@tk.chained_auth_function
@tk.auth_allow_anonymous_access
def harvest_job_list(next_auth: Any, context: dict[str, Any], data_dict: dict[str, Any]) -> Answer:
    """The runs of a source."""
    return _editors_only(next_auth, context, data_dict, data_dict.get("source_id"))


@tk.chained_auth_function
@tk.auth_allow_anonymous_access
def harvest_source_show(next_auth: Any, context: dict[str, Any], data_dict: dict[str, Any]) -> Answer:
    """A source with its configuration."""
    return _editors_only(next_auth, context, data_dict, data_dict.get("id"))


@tk.chained_auth_function
@tk.auth_allow_anonymous_access
def harvest_source_list(next_auth: Any, context: dict[str, Any], data_dict: dict[str, Any]) -> Answer:
    """All sources with their configurations: administrators, or the editors of the organisation that is asked for."""
    answer: Answer = next_auth(context, data_dict)
    if not answer["success"]:
        return answer
    import ckan.authz as authz

    user, organisation = context.get("user", ""), data_dict.get("organization_id")
    allowed = authz.is_sysadmin(user) or bool(user and organisation and authz.has_user_permission_for_group_or_org(organisation, user, "create_dataset"))
    return {"success": True} if allowed else {"success": False, "msg": tk._("Only those who edit a harvest source see this.")}
