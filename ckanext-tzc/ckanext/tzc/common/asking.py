"""Who asks an action, and about which dataset: what may not be seen is answered as what is not there."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk


def account(context: Any) -> Any:
    """Who asks. Raises NotAuthorized."""
    user = model.User.get(context.get("user") or "")
    if user is None or user.state != model.State.ACTIVE:
        raise tk.NotAuthorized(tk._("Sign in first."))
    return user


def package(id_: object, context: Any) -> Any:
    """A dataset by id or name; one that the asker may not see is not there. Raises ObjectNotFound."""
    found = model.Package.get(id_) if isinstance(id_, str) and id_ and "\0" not in id_ else None
    if found is None or found.type != "dataset" or found.state == model.State.DELETED or not found.owner_org:
        raise tk.ObjectNotFound(tk._("Dataset not found"))
    try:
        tk.check_access("package_show", {"user": context.get("user") or ""}, {"id": found.id})
    except tk.NotAuthorized as error:
        raise tk.ObjectNotFound(tk._("Dataset not found")) from error
    return found
