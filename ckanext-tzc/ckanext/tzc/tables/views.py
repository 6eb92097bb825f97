"""The map's data, and Leaflet's files."""
from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import ckan.plugins.toolkit as tk
from flask import Blueprint, Response, send_from_directory, stream_with_context

from . import copies, showing

tables = Blueprint("tzc_tables", __name__)
tables.before_app_request(copies.instead_of_original)

LEAFLET = {"leaflet.js", "leaflet.css", "images/layers.png", "images/layers-2x.png"}
YEAR = 365 * 24 * 3600


@tables.route("/tableau/<resource_id>/carte.geojson")
def features(resource_id: str) -> Any:
    """A table's features as GeoJSON, for whoever may see the resource."""
    try:
        _total, parts = showing.features(resource_id)
    except (tk.ObjectNotFound, tk.NotAuthorized):
        return tk.abort(404, tk._("There is no map of this file."))
    tk.request.environ["__no_cache__"] = True
    response = Response(stream_with_context(parts), content_type="application/geo+json")
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@tables.route("/leaflet/<version>/<path:name>")
def leaflet(version: str, name: str) -> Any:
    """A file of the installed Leaflet package; the version in the address lets browsers keep it."""
    if name not in LEAFLET:
        return tk.abort(404)
    response = send_from_directory(Path(import_module("xstatic.pkg.leaflet").BASE_DIR), name, max_age=YEAR)
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
