"""Whose something is that belongs to a dataset: the partner's who has the dataset now, wherever it was before."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from sqlalchemy.orm import column_property


def partner_of(dataset: Any) -> Any:
    """The attribute of a table's rows that says it (a partner's id), by the column with their dataset. It cannot be written."""
    package = model.package_table
    return column_property(sa.select(sa.func.coalesce(package.c["owner_org"], "")).where(package.c["id"] == dataset).correlate_except(package).scalar_subquery())


def may_still(user: str, action: str, dataset: str) -> bool:
    """Whether an account (its id) may do now what somebody did once with a dataset."""
    found = model.User.get(user) if user else None
    if found is None or found.state != model.State.ACTIVE:
        return False
    try:
        tk.check_access(action, {"user": found.name, "auth_user_obj": found, "model": model}, {"dataset": dataset})
    except (tk.NotAuthorized, tk.ObjectNotFound):
        return False
    return True
