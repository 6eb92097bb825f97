"""What the room's templates ask."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk


def tzc_sensors_page(package: dict[str, Any]) -> bool:
    """Whether the reader may say where a dataset's observations come from."""
    if package.get("type") != "dataset" or not package.get("owner_org") or not (tk.current_user and tk.current_user.is_authenticated):
        return False
    try:
        tk.check_access("tzc_sensor_source_list", {"user": tk.current_user.name, "model": model}, {"dataset": package["id"]})
    except (tk.NotAuthorized, tk.ObjectNotFound):
        return False
    return True
