"""The download of a file by who was given some of its columns: a copy with these, never the file."""
from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.datastore.backend import DatastoreBackend
from ckanext.tzc.common import columns, headers
from flask import Response

from . import scoped

BY_FILE = "file.download"
"""CKAN's route for a file that it keeps, whatever it belongs to."""


def instead_of_original() -> Any:
    """Before a request: answer a download with the copy, where one is due. Each kind of dataset has a download route of its own."""
    endpoint = tk.request.endpoint or ""
    given = tk.request.view_args or {}
    file = _belongs_to(given.get("id", "")) if endpoint == BY_FILE else given.get("resource_id") if endpoint.endswith("resource.download") else None
    if not file or not tk.current_user.is_authenticated:
        return None
    user = tk.current_user.name
    opened = columns.columns(user, file)
    if opened is None:
        return None
    try:
        resource = tk.get_action("resource_show")({"user": user}, {"id": file})
    except (tk.ObjectNotFound, tk.NotAuthorized):
        return tk.abort(403, tk._("Not authorized to download resource"))
    headers.keep_private()
    if not DatastoreBackend.get_active_backend().resource_exists(file):
        return tk.abort(403, tk._("You were given some columns of this file, which is not loaded as a table: no copy with these columns can be made. Write to the partner."))
    response = Response(scoped.copy(user, file), content_type="text/csv; charset=utf-8")
    response.headers.set("Content-Disposition", "attachment", filename=f"{_name(file, resource)}.csv")
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _belongs_to(id: str) -> str | None:
    """The dataset's file that a kept file is."""
    found = model.Session.get(model.File, id) if id and "\0" not in id else None
    owner = found.owner if found else None
    return owner.owner_id if owner is not None and owner.owner_type == "resource" else None


def _name(file: str, resource: dict[str, Any]) -> str:
    """The original's, without its extension; of one that lies elsewhere the name in its description."""
    stored = model.Session.get(model.Resource, file)
    last = unquote(urlsplit(stored.url or "").path).rpartition("/")[2] if stored.url_type == "upload" else resource.get("name") or ""
    return PurePosixPath(last).stem or file
