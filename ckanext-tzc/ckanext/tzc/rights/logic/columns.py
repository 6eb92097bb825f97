"""Looking at the shape of data before asking for them."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk

from .. import columns


@tk.side_effect_free
def tzc_table_dictionary(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """What the columns of a file's table are, for whoever may see its dataset, also without having the data.

    `id`: the file. Returns `{"id", "columns", "sample", "synthetic"}`: a column is `{"id", "type", "info"}`, `info` what its owner wrote (`label`, `notes`, `values`, `least`,
    `most`); none where the file has no table or its owner tells nothing. `sample` are rows made only of that, the same each time, none where its owner allows none; they are
    never real (`synthetic` is always true). Raises ObjectNotFound, NotAuthorized.
    """
    name = tk.get_or_bust(data_dict, "id")
    tk.check_access("tzc_table_dictionary", context, data_dict)
    resource = _file(name, context)
    found = columns.told(resource)
    return {"id": resource["id"], "columns": found, "sample": columns.sample(resource, found), "synthetic": True}


def _file(name: str, context: Any) -> dict[str, Any]:
    """The file, as its dataset shows it to who asks: `resource_show` would ask for the data."""
    import ckan.model as model

    found = model.Resource.get(name) if isinstance(name, str) and "\0" not in name else None
    if found is None or found.state != model.State.ACTIVE:
        raise tk.ObjectNotFound(tk._("File not found"))
    package = tk.get_action("package_show")({"user": context.get("user", ""), "ignore_auth": bool(context.get("ignore_auth"))}, {"id": found.package_id})
    for resource in package["resources"]:
        if resource["id"] == found.id:
            return dict(resource)
    raise tk.ObjectNotFound(tk._("File not found"))
