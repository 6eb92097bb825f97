"""Who may see scores: who may see the datasets."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk


@tk.auth_allow_anonymous_access
def tzc_quality_show(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever may see the dataset."""
    tk.check_access("package_show", context, {"id": tk.get_or_bust(data_dict, "id")})
    return {"success": True}


@tk.auth_allow_anonymous_access
def tzc_quality_summary(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Everybody: it tells of public datasets only."""
    return {"success": True}
