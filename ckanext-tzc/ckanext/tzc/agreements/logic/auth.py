"""Who may ask about agreements: whoever has an account; whose they are, for whom an invitation or a link is, and who decides, is asked by the actions."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
from ckanext.tzc.common.signed_in import signed_in

tzc_agreement_show = tzc_agreement_token_create = tzc_agreement_token_delete = tzc_agreement_attest = signed_in
tzc_invitation_create = tzc_invitation_show = tzc_invitation_list = tzc_invitation_accept = tzc_invitation_decline = tzc_invitation_withdraw = signed_in
tzc_link_create = tzc_link_revoke = tzc_link_list = signed_in


@tk.auth_allow_anonymous_access
def tzc_version_show(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Everybody; what of it is told depends on who asks."""
    return {"success": True}


# without a list, CKAN leaves out functions that come from elsewhere or have another name
__all__ = [name for name in dir() if name.startswith("tzc_")]
