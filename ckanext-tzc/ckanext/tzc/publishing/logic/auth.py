"""Who may do what in the publishing room."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk


@tk.auth_allow_anonymous_access
def tzc_publishing_status(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Everybody: the feeds are public."""
    return {"success": True}
