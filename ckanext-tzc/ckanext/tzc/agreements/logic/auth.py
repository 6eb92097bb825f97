"""Who may ask about agreements: whoever has an account; whose they are is asked by the actions, so that what is others' is as unknown as what is nobody's."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk


def _with_account(context: dict[str, Any]) -> dict[str, Any]:
    return {"success": bool(context.get("user")), "msg": tk._("Sign in first.")}


def tzc_agreement_show(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever has an account."""
    return _with_account(context)


def tzc_agreement_token_create(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever has an account; the action asks whose right it is."""
    return _with_account(context)


def tzc_agreement_token_delete(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever has an account; the action asks whose right it is."""
    return _with_account(context)


def tzc_agreement_attest(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever has an account; the action asks whose right it is."""
    return _with_account(context)


@tk.auth_allow_anonymous_access
def tzc_version_show(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Everybody; what of it is told depends on who asks."""
    return {"success": True}


def tzc_invitation_create(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever has an account; the action asks for whom it is, or who decides."""
    return _with_account(context)


def tzc_invitation_show(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever has an account; the action asks for whom it is, or who decides."""
    return _with_account(context)


def tzc_invitation_list(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever has an account; the action asks for whom it is, or who decides."""
    return _with_account(context)


def tzc_invitation_accept(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever has an account; the action asks for whom it is, or who decides."""
    return _with_account(context)


def tzc_invitation_decline(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever has an account; the action asks for whom it is, or who decides."""
    return _with_account(context)


def tzc_invitation_withdraw(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever has an account; the action asks for whom it is, or who decides."""
    return _with_account(context)


def tzc_link_create(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever has an account; the action asks for whom it is, or who decides."""
    return _with_account(context)


def tzc_link_revoke(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever has an account; the action asks for whom it is, or who decides."""
    return _with_account(context)


def tzc_link_list(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Whoever has an account; the action asks for whom it is, or who decides."""
    return _with_account(context)
