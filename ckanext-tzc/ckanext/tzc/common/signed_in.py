"""The right that most actions about oneself share."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk


def signed_in(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever has an account. What is whose is asked by the action, so that what is others' is as unknown as what is nobody's."""
    return {"success": bool(context.get("user")), "msg": tk._("Sign in first.")}
