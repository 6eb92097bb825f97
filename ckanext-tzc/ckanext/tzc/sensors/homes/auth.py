"""Rights over meters: persons over their own, which the actions look at; who may add files to a dataset over its groups. An administrator has no right over a curve."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common.signed_in import signed_in

Answer = dict[str, Any]

tzc_meter_list = tzc_meter_create = tzc_meter_upload = tzc_meter_curve = tzc_meter_remove = tzc_meter_connect = tzc_meter_connected = signed_in
tzc_consent_list = tzc_consent_give = tzc_consent_withdraw = signed_in


@tk.auth_allow_anonymous_access
def tzc_consent_purpose_list(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Everybody may read what is asked for."""
    return {"success": True}


def tzc_consent_register(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Administrators of the portal, who may everything."""
    return {"success": False, "msg": tk._("Only an administrator of the portal sees this.")}


def _of_dataset(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Who may add files to the dataset (`dataset`, an id)."""
    if not context.get("user"):
        return {"success": False, "msg": tk._("Sign in first.")}
    tk.check_access("resource_create", {"user": context["user"], "auth_user_obj": context.get("auth_user_obj"), "model": model}, {"package_id": data_dict["dataset"]})
    return {"success": True}


tzc_meter_group_create = tzc_meter_group_list = tzc_meter_group_update = _of_dataset
