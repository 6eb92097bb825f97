"""Axes and the CKAN groups that stand for them: a dataset is a member of the groups of its axes, whoever publishes it.

CKAN lets only members of a group put datasets into it. Here any partner may choose any axis, so membership is written from the
axes, in the transaction that stores the dataset and before it is indexed.
"""
from __future__ import annotations

import json
from typing import Any

import ckan.model as model
from ckan.lib.dictization.model_save import package_membership_list_save


def join(context: dict[str, Any], package: dict[str, Any]) -> None:
    """Make the dataset a member of the groups of its axes and of no others."""
    stored = model.Package.get(package["id"])
    if stored is None or stored.type != "dataset":
        return
    axes = json.loads(stored.extras.get("axis") or "[]")
    package_membership_list_save([{"name": axis} for axis in axes], stored, {"session": model.Session, "user": context.get("user", ""), "ignore_auth": True})
    model.Session.flush()
