"""Actions of the catalogue room."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common.territory import territory


def tzc_axes_apply(context: dict[str, Any], data_dict: dict[str, Any]) -> list[str]:
    """Make or bring up to date the groups of the territory's axes and levers.

    :returns: the names of the groups that were made or changed
    """
    tk.check_access("tzc_axes_apply", context, data_dict)
    place = territory()
    first = place.languages[0]
    changed = []
    for axis in place.axes:
        wanted = {"name": axis.id, "title": axis.title[first], "description": axis.description[first], "kind": axis.kind}
        group = model.Group.get(axis.id)
        own = {"user": context.get("user"), "ignore_auth": True}
        if group is None:
            tk.get_action("group_create")(own, wanted)
        else:
            now = tk.get_action("group_show")({**own}, {"id": axis.id, "include_users": False, "include_datasets": False})
            if group.state == "active" and all(now.get(field) == value for field, value in wanted.items()):
                continue
            tk.get_action("group_patch")(own, {"id": axis.id, "state": "active", **wanted})
        changed.append(axis.id)
    return changed
