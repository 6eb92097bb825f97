"""Who may ask about licences: everybody; of a dataset, who may see it."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk


@tk.auth_allow_anonymous_access
def tzc_licence_combine(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Everybody; of datasets only those that the asker may see are told of."""
    return {"success": True}


@tk.auth_allow_anonymous_access
def tzc_licence_history(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever may see the dataset."""
    tk.check_access("package_show", context, {"id": tk.get_or_bust(data_dict, "id")})
    return {"success": True}
