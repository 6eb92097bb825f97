"""Who may do what in the catalogue room."""
from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import ckan.authz as authz
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import grants, headers, levels
from flask import g, has_request_context

from tzc.rights import policy, things

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
    if package is None:
        return answer
    thing = levels.thing(package, resource)
    if decide(things.STRANGER, thing).allowed:
        return answer
    decision = decide(asker(context.get("user", ""), thing.strictest(), package.owner_org, package.id), thing)
    if decision.allowed:
        headers.keep_private()
        return {"success": True}
    return {"success": False, "msg": _refusal(decision.reason, thing)}


def asker(user: str, level: str, owner_org: str | None, dataset: str) -> policy.Person:
    """Who asks (a name, empty for a stranger), as far as the answer about this dataset depends on it."""
    member = bool(user and owner_org and authz.has_user_permission_for_group_or_org(owner_org, user, "read"))
    given = grants.grants(_account(user), [dataset]) if user and not member and level == policy.RESTRICTED else ()
    return policy.Person(user, administrator=authz.is_sysadmin(user), partners=frozenset({owner_org} if member and owner_org else ()), grants=given)


def _account(user: str) -> str:
    """The id of the account of this name, looked up once an answer: each decision in it asks."""
    if tk.current_user and tk.current_user.is_authenticated and tk.current_user.name == user:
        return str(tk.current_user.id)
    known: dict[str, str] = g.setdefault("tzc_accounts", {}) if has_request_context() else {}
    if user not in known:
        import ckan.model as model

        found = model.User.get(user)
        if found is None:
            return ""
        known[user] = found.id
    return known[user]


def decide(person: policy.Person, thing: policy.Thing) -> policy.Decision:
    """Whether somebody may have the data at this moment."""
    return policy.decide(person, thing, policy.DATA, now())


def now() -> datetime:
    """This moment."""
    return datetime.now(timezone.utc)


def _refusal(reason: str, thing: policy.Thing) -> str:
    """Why not, and what to do."""
    on_request = tk._("These data are given on request: ask for access on the dataset's page.")
    ended = tk._("Your right to these data has ended, or rests: ask for access on the dataset's page.")
    ends = tk.h.tzc_moment(thing.embargo.isoformat(), clock=True) if thing.embargo and thing.embargo != things.NEVER else ""
    later = tk._("These data are kept back until {moment}: come again then.").format(moment=ends) if ends else tk._("These data are kept back for now.")
    return {"sign_in": tk._("Sign in to have these data."), "request": on_request, "unseen": on_request, "ended": ended, "embargo": later}[reason]
