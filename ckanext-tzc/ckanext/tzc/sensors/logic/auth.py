"""Rights of the sensors room."""
from __future__ import annotations

from typing import Any

import ckan.authz as authz
import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common.signed_in import signed_in

from ..homes.auth import (  # noqa: F401 -- rights, by their names
    tzc_consent_give,
    tzc_consent_list,
    tzc_consent_purpose_list,
    tzc_consent_register,
    tzc_consent_withdraw,
    tzc_meter_connect,
    tzc_meter_connected,
    tzc_meter_create,
    tzc_meter_curve,
    tzc_meter_group_create,
    tzc_meter_group_list,
    tzc_meter_group_update,
    tzc_meter_list,
    tzc_meter_remove,
    tzc_meter_upload,
)

Answer = dict[str, Any]

tzc_sensor_health = signed_in


def _of_dataset(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Who may add files to the dataset (`dataset`, an id)."""
    if not context.get("user"):
        return {"success": False, "msg": tk._("Sign in first.")}
    inner = {"user": context.get("user") or "", "auth_user_obj": context.get("auth_user_obj"), "model": model}
    tk.check_access("resource_create", inner, {"package_id": data_dict["dataset"]})
    return {"success": True}


tzc_sensor_source_create = tzc_sensor_source_update = tzc_sensor_source_remove = tzc_sensor_source_show = tzc_sensor_source_list = _of_dataset
tzc_sensor_source_pull = tzc_sensor_arrival_list = tzc_sensor_key_create = tzc_sensor_key_revoke = _of_dataset


def tzc_sensor_source_allow(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Administrators of the portal, who may everything."""
    return {"success": False, "msg": tk._("Only an administrator of the portal allows this.")}


@tk.auth_allow_anonymous_access
def tzc_sensor_dataset_show(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever may see the dataset, and of its streams those that they may read: the action asks for both."""
    return {"success": True}


@tk.auth_allow_anonymous_access
def tzc_sensor_lake_list(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Anybody may ask; who may have a dataset's data is decided for each dataset (`seeing`)."""
    return {"success": True}


def tzc_sensor_retention_show(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Who may change the dataset's files (`dataset`, an id)."""
    tk.check_access("resource_create", {"user": context.get("user") or "", "auth_user_obj": context.get("auth_user_obj"), "model": model}, {"package_id": data_dict["dataset"]})
    return {"success": True}


def tzc_sensor_retention_set(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Administrators of the dataset's partner: what is removed does not come back."""
    partner = model.Package.get(data_dict["dataset"]).owner_org
    allowed = authz.has_user_permission_for_group_or_org(partner, context.get("user") or "", "admin")
    return {"success": bool(allowed), "msg": tk._("Only administrators of the partner say how long observations are kept.")}


@tk.auth_allow_anonymous_access
def tzc_sensor_stream_list(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Everybody; each is shown what they may see."""
    return {"success": True}


# without a list, CKAN leaves out functions that come from elsewhere or have another name
__all__ = [name for name in dir() if name.startswith("tzc_")]
