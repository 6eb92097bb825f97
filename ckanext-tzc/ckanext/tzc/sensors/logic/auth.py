"""Rights of the sensors room."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
from ckanext.tzc.common.signed_in import signed_in

tzc_sensor_health = signed_in


@tk.auth_allow_anonymous_access
def tzc_sensor_dataset_show(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever may see the dataset, and of its streams those that they may read: the action asks for both."""
    return {"success": True}


@tk.auth_allow_anonymous_access
def tzc_sensor_stream_list(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Everybody; each is shown what they may see."""
    return {"success": True}


# without a list, CKAN leaves out functions that come from elsewhere or have another name
__all__ = [name for name in dir() if name.startswith("tzc_")]
