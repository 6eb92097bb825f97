"""Rights of the feeding room: who may change a dataset's files says how they are fed; what leads inside, only as an administrator allows."""
from __future__ import annotations

from typing import Any

import ckan.authz as authz
import ckan.model as model
import ckan.plugins.toolkit as tk

Answer = dict[str, Any]


def _inner(context: Any) -> dict[str, Any]:
    return {"user": context.get("user") or "", "auth_user_obj": context.get("auth_user_obj"), "model": model}


def _of_dataset(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Who may add files to the dataset (`dataset`, an id)."""
    if not context.get("user"):
        return {"success": False, "msg": tk._("Sign in first.")}
    tk.check_access("resource_create", _inner(context), {"package_id": data_dict["dataset"]})
    return {"success": True}


tzc_feed_create = tzc_feed_update = tzc_feed_remove = tzc_feed_show = tzc_feed_list = tzc_feed_run = tzc_feed_run_list = _of_dataset
tzc_feed_key_create = tzc_feed_key_revoke = tzc_feed_version_list = _of_dataset


def tzc_feed_allow(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Administrators of the portal, who may everything."""
    return {"success": False, "msg": tk._("Only an administrator of the portal allows this.")}


def _of_partner(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Who writes datasets of the partner (`partner`, an id)."""
    allowed = authz.has_user_permission_for_group_or_org(data_dict["partner"], context.get("user") or "", "create_dataset")
    return {"success": bool(allowed), "msg": tk._("Only those who write for the partner keep its credentials.")}


tzc_credential_set = tzc_credential_list = tzc_credential_remove = _of_partner

# without a list, CKAN leaves out functions that come from elsewhere or have another name
__all__ = [name for name in dir() if name.startswith("tzc_")]
