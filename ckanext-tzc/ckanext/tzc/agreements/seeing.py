"""Who sees an agreement: who has the right, who asked for it, and who decides on it."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import duties

from . import store


def account(context: Any) -> Any:
    """The account that asks. Raises NotAuthorized."""
    user = model.User.get(context.get("user") or "")
    if user is None or user.state != model.State.ACTIVE:
        raise tk.NotAuthorized(tk._("Sign in first."))
    return user


def decides(user: Any, partner: str) -> bool:
    """Whether somebody decides for a partner, is its data protection officer, or administers the portal."""
    return bool(user.sysadmin) or any(duties.has(user.id, partner, duty) for duty in (duties.DECIDER, duties.OFFICER))


def may(user: Any, agreement: store.Agreement) -> bool:
    """Whether somebody sees this agreement."""
    return user.id in (agreement.account, agreement.requester) or decides(user, agreement.partner)


def find(user: Any, data_dict: dict[str, Any], key: str = "id") -> store.Agreement:
    """The agreement of a right (its id); what others agreed is as unknown as what nobody did. Raises ObjectNotFound."""
    name, number = data_dict.get(key), str(data_dict.get("version") or "")
    found = None
    if isinstance(name, str) and name and "\0" not in name:
        found = store.version(name, int(number)) if number.isdecimal() and len(number) < 7 else None if number else store.latest(name)
    if found is None or not may(user, found):
        raise tk.ObjectNotFound(tk._("There is no such agreement."))
    return found
