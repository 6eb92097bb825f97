"""Rights of the sensors room."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk

Answer = dict[str, Any]


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


# without a list, CKAN leaves out functions that come from elsewhere or have another name
__all__ = [name for name in dir() if name.startswith("tzc_")]
