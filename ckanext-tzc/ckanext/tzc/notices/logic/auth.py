"""Rights of the notices room: one's own notices (the actions take no account to ask about); a partner's webhook by who administers the partner."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
from ckanext.tzc.common.signed_in import signed_in

tzc_notices_list = tzc_notices_read = tzc_notices_wish_show = tzc_notices_wish_update = signed_in


def _of_partner(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Who may change the partner."""
    tk.check_access("organization_update", context, {"id": tk.get_or_bust(data_dict, "partner")})
    return {"success": True}


tzc_notices_webhook_show = tzc_notices_webhook_update = tzc_notices_webhook_delete = _of_partner

# without a list, CKAN leaves out functions that come from elsewhere or have another name
__all__ = [name for name in dir() if name.startswith("tzc_")]
