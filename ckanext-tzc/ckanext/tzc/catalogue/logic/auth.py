"""Who may do what in the catalogue room."""
from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import ckan.authz as authz
import ckan.plugins.toolkit as tk

from tzc.rights import policy

Answer = dict[str, Any]


def tzc_axes_apply(context: dict[str, Any], data_dict: dict[str, Any]) -> Answer:
    """Administrators only."""
    return {"success": False, "msg": "Only an administrator changes the territory's axes."}


@tk.chained_auth_function
@tk.auth_allow_anonymous_access
def resource_show(next_auth: Any, context: dict[str, Any], data_dict: dict[str, Any]) -> Answer:
    """A file's level of access: who may see the dataset may not always have its data.

    CKAN asks this before a download, a DataStore answer and a view. The description of a dataset stays readable: `package_show`
    does not ask.
    """
    answer: Answer = next_auth(context, data_dict)
    if not answer["success"]:
        return answer
    import ckan.model as model

    resource = context.get("resource") or model.Resource.get(data_dict.get("id"))
    package = resource.package if resource else None
    level = (package.extras.get("access_level") if package else None) or "open"
    return may_have(level, context.get("user", ""), package.owner_org if package else None)


def may_have(level: str, user: str, owner_org: str | None) -> Answer:
    """Whether `user` (a name, empty for a stranger) may have the data of a dataset at this level."""
    member = bool(user and owner_org and authz.has_user_permission_for_group_or_org(owner_org, user, "read"))
    person = policy.Person(user, administrator=authz.is_sysadmin(user), partners=frozenset({owner_org} if member and owner_org else ()))
    decision = policy.decide(person, policy.Thing("", owner_org, level), policy.DATA, datetime.now(timezone.utc))
    return {"success": True} if decision.allowed else {"success": False, "msg": _refusals()[decision.reason]}


def _refusals() -> dict[str, str]:
    on_request = tk._("These data are given on request: write to the partner's contact.")
    return {"sign_in": tk._("Sign in to have these data."), "request": on_request, "unseen": on_request}
