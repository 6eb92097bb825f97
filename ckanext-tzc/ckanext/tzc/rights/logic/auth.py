"""Who may ask about licences: everybody; about requests: whoever has an account, and the actions ask whose they are, which duty and
which role in the table of moves is needed."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
from ckanext.tzc.common.signed_in import signed_in

tzc_request_create = tzc_request_submit = tzc_request_move = tzc_request_message = tzc_request_show = tzc_request_list = tzc_request_join = tzc_request_join_show = signed_in
tzc_request_file_add = tzc_request_file_list = tzc_request_file_remove = signed_in
tzc_request_terms = tzc_request_terms_set = tzc_request_terms_list = tzc_request_terms_show = signed_in
tzc_grant_list = signed_in


@tk.auth_allow_anonymous_access
def tzc_licence_combine(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Everybody; of datasets only those that the asker may see are told of."""
    return {"success": True}


@tk.auth_allow_anonymous_access
def tzc_licence_history(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever may see the dataset."""
    tk.check_access("package_show", context, {"id": tk.get_or_bust(data_dict, "id")})
    return {"success": True}


@tk.auth_allow_anonymous_access
def tzc_table_dictionary(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever may see the dataset: the action asks for it."""
    return {"success": True}


# without a list, CKAN leaves out functions that come from elsewhere or have another name
__all__ = [name for name in dir() if name.startswith("tzc_")]
