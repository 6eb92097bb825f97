"""What templates may ask about tables."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from flask import g, has_request_context

from . import showing, store, words


def tzc_table_state(resource: dict[str, Any]) -> dict[str, Any] | None:
    """Where the table of a resource stands, in words; None when there is nothing to say (a PDF, a link).

    `{"state", "tone", "sentence", "mending", "excerpt", "id"}`: `tone` is info, success or warning. One query a dataset.
    """
    row = _states_beside(resource).get(resource.get("id", ""))
    return None if row is None or row.state in {store.SKIPPED, store.GONE} else _told(row, resource)


def tzc_table_troubles(packages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The files of these datasets whose table is refused or not there yet: `{"package", "resource", "table"}`, refused ones first. One query.

    `table` is as `tzc_table_state` gives it.
    """
    files = {resource["id"]: (package, resource) for package in packages for resource in package.get("resources") or []}
    rows = [row for row in store.find_all(list(files)).values() if row.state in {store.REFUSED, store.WAITING, store.LOADING}]
    order = list(files)
    rows.sort(key=lambda row: (row.state != store.REFUSED, order.index(row.resource_id)))
    return [{"package": files[row.resource_id][0], "resource": files[row.resource_id][1], "table": _told(row, files[row.resource_id][1])} for row in rows]


def _told(row: Any, resource: dict[str, Any]) -> dict[str, Any]:
    status = {"state": row.state, "rows": row.rows, "columns": row.columns, "reason": row.reason, "parameters": row.parameters}
    refused = row.state == store.REFUSED
    mine = refused and bool(tk.h.check_access("resource_update", {"id": resource["id"]}))
    return {
        "id": resource["id"],
        "state": row.state,
        "tone": {store.LOADED: "success", store.REFUSED: "warning"}.get(row.state, "info"),
        "sentence": words.sentence(status),
        "mending": (words.mending(row.reason) if mine else tk._("The file can be downloaded all the same.")) if refused else "",
        # a row of a restricted file is its owner's to see
        "excerpt": (row.parameters or {}).get("excerpt", "") if mine else "",
    }


def _states_beside(resource: dict[str, Any]) -> dict[str, Any]:
    """The states of all resources of the same dataset, asked once a request."""
    package_id = resource.get("package_id")
    if not package_id or not has_request_context():
        return store.find_all([resource["id"]]) if resource.get("id") else {}
    kept: dict[str, dict[str, Any]] = g.setdefault("tzc_table_states", {})
    if package_id not in kept:
        query = model.Session.query(store.TableState).join(model.Resource, model.Resource.id == store.TableState.resource_id)
        kept[package_id] = {row.resource_id: row for row in query.filter(model.Resource.package_id == package_id)}
    return kept[package_id]


def tzc_preview(package: dict[str, Any]) -> dict[str, Any] | None:
    """The best preview of a dataset: `{"resource", "view", "url"}`, or None. Two queries at most.

    The first file that has one, in the dataset's order: a map for GeoJSON, else its table.
    """
    resources = [resource for resource in package.get("resources", []) if resource.get("datastore_active") and not resource.get("withheld")]
    if not resources:
        return None
    states = _states_beside({"id": resources[0]["id"], "package_id": package["id"]})
    views: dict[str, dict[str, Any]] = {}
    for view in model.Session.query(model.ResourceView).filter(model.ResourceView.resource_id.in_([resource["id"] for resource in resources])):
        views.setdefault(view.resource_id, {})[view.view_type] = view
    for resource in resources:
        held, row = views.get(resource["id"], {}), states.get(resource["id"])
        drawn = row is not None and "geometry" in (row.geometry or {})
        order = ("tzc_map_view", "tzc_table_view") if drawn else ("tzc_table_view", "tzc_map_view")
        view = next((held[kind] for kind in order if kind in held), None)
        if view is not None:
            return {
                "resource": resource,
                "view": {
                    "id": view.id, "resource_id": view.resource_id, "view_type": view.view_type, "title": showing.title_of(view.view_type, view.title or ""),
                    "description": view.description or "", "package_id": package["id"], **(view.config or {}),
                },
                "url": tk.h.url_for(f"{package['type']}_resource.read", id=package["name"], resource_id=resource["id"], view_id=view.id),
            }
    return None


def tzc_leaflet(name: str) -> str:
    """The address of a file of the installed Leaflet package."""
    from importlib.metadata import version

    return str(tk.h.url_for("tzc_tables.leaflet", version=version("xstatic-leaflet"), name=name))
