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


def _with_account(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever has an account; what is whose is decided by the action, so that what others asked is as unknown as what nobody asked."""
    return {"success": bool(context.get("user")), "msg": tk._("Sign in to ask for data.")}


def tzc_request_create(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever has an account."""
    return _with_account(context, data_dict)


def tzc_request_submit(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever has an account; the action asks whose request it is."""
    return _with_account(context, data_dict)


def tzc_request_move(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever has an account; the table of moves says who may make which."""
    return _with_account(context, data_dict)


def tzc_request_message(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever has an account; the action asks whose request it is."""
    return _with_account(context, data_dict)


def tzc_request_show(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever has an account; the action asks whose request it is."""
    return _with_account(context, data_dict)


def tzc_request_list(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever has an account."""
    return _with_account(context, data_dict)


def tzc_request_terms(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever has an account."""
    return _with_account(context, data_dict)


def tzc_request_terms_set(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever has an account; the action asks for the duty at the partner."""
    return _with_account(context, data_dict)


def tzc_grant_list(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever has an account."""
    return _with_account(context, data_dict)


@tk.auth_allow_anonymous_access
def tzc_table_dictionary(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever may see the dataset: the action asks for it."""
    return {"success": True}


def tzc_request_file_add(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever has an account; the action asks who may write into the thread."""
    return _with_account(context, data_dict)


def tzc_request_file_list(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever has an account; the action asks whose request it is."""
    return _with_account(context, data_dict)


def tzc_request_file_remove(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever has an account; the action asks whose file it is."""
    return _with_account(context, data_dict)


def tzc_request_terms_list(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever has an account; the action asks for the duty at the partner."""
    return _with_account(context, data_dict)
