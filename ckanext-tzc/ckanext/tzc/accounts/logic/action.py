"""What CKAN tells of people, with what concerns nobody left out."""
from __future__ import annotations

from typing import Any

import ckan.authz as authz
import ckan.model as model
import ckan.plugins.toolkit as tk

from tzc.catalogue import addresses


@tk.chained_action
@tk.side_effect_free
def member_list(next_action: Any, context: dict[str, Any], data_dict: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Members of a partner or axis: people for those who look after it, datasets for those who may read them. Stock shows both to everybody."""
    found: list[tuple[str, str, str]] = next_action(context, data_dict)
    user = context.get("user", "")
    group = model.Group.get(data_dict["id"])
    if context.get("ignore_auth") or (user and authz.has_user_permission_for_group_or_org(group.id, user, "update")):
        return found
    return [member for member in found if member[1] != "user" and (member[1] != "package" or _may_read(member[0], user))]


def _may_read(package: str, user: str) -> bool:
    try:
        return bool(tk.check_access("package_show", {"user": user}, {"id": package}))
    except (tk.NotAuthorized, tk.ObjectNotFound):
        return False


@tk.chained_action
@tk.side_effect_free
def user_show(next_action: Any, context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """An account, without the digest of its address of e-mail, from which a known address can be recognised."""
    found: dict[str, Any] = next_action(context, data_dict)
    found.pop("email_hash", None)
    if not _is_own(context, found["id"]):
        for told in ("sysadmin", "last_active"):
            found.pop(told, None)
    return found


def _by_an_administrator(context: dict[str, Any]) -> bool:
    return bool(context.get("ignore_auth") or authz.is_sysadmin(context.get("user", "")))


def _is_own(context: dict[str, Any], name_or_id: str) -> bool:
    """Whether it is the asker's own account, or an administrator asks."""
    if _by_an_administrator(context):
        return True
    user = model.User.get(name_or_id) if isinstance(name_or_id, str) else None
    return user is not None and user.name == context.get("user")


def _of_oneself() -> Any:
    """CKAN's own action about an account, for that account; for others there is one answer, whether such an account exists or not."""

    @tk.chained_action
    @tk.side_effect_free
    def asked(next_action: Any, context: dict[str, Any], data_dict: dict[str, Any]) -> Any:
        """CKAN's own, about oneself; administrators ask about anybody."""
        wanted = data_dict.get("id")
        if wanted is not None and not _is_own(context, wanted):
            raise tk.NotAuthorized(tk._("Only administrators see what concerns other accounts."))
        return next_action(context, data_dict)

    return asked


organization_list_for_user = _of_oneself()
group_list_authz = _of_oneself()
followee_count = _of_oneself()
followee_list = _of_oneself()
user_follower_count = _of_oneself()
user_followee_count = _of_oneself()
user_followee_list = _of_oneself()
dataset_followee_count = _of_oneself()
dataset_followee_list = _of_oneself()
group_followee_count = _of_oneself()
group_followee_list = _of_oneself()
organization_followee_count = _of_oneself()
organization_followee_list = _of_oneself()


@tk.chained_action
def user_update(next_action: Any, context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """As CKAN's, but an address of e-mail is never one that nobody proved: sign-up, a forgotten password and the provider go by it."""
    user = model.User.get(data_dict.get("id") or "")
    if user is not None and not context.get("ignore_auth"):
        # first of all: another refusal would tell that the account is there
        tk.check_access("user_update", tk.fresh_context(context), data_dict)
    wanted = str(data_dict.get("email") or "").strip().lower()
    if user is not None and wanted and wanted != (user.email or "").lower() and not _by_an_administrator(context):
        raise tk.ValidationError({"email": [tk._("The address stays as it was proven. Write to the portal's team to change it.")]})
    _picture(data_dict)
    updated: dict[str, Any] = next_action(context, data_dict)
    return updated


@tk.chained_action
def user_create(next_action: Any, context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """As CKAN's, without a picture that a browser may run."""
    _picture(data_dict)
    made: dict[str, Any] = next_action(context, data_dict)
    return made


def _picture(data_dict: dict[str, Any]) -> None:
    """Refuse a picture that is an address of no machine: a browser may run it."""
    if addresses.scheme(str(data_dict.get("image_url") or "")) not in {"", *addresses.WEB}:
        raise tk.ValidationError({"image_url": [tk._("A picture is uploaded here: those that lie elsewhere are not shown. Save the picture, then choose it as a file.")]})


@tk.chained_action
@tk.side_effect_free
def user_list(next_action: Any, context: dict[str, Any], data_dict: dict[str, Any]) -> Any:
    """Accounts, without it too."""
    found = next_action(context, data_dict)
    if isinstance(found, list):
        for user in found:
            if isinstance(user, dict):
                user.pop("email_hash", None)
    return found
