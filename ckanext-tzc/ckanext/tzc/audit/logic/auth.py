"""Who may ask the audit: everybody with an account; each is told what they may see."""
from __future__ import annotations

from typing import Any


def tzc_audit_list(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever is signed in."""
    return {"success": True}
