"""Asking where a table stands, and for another load."""
from __future__ import annotations

from typing import Any

import ckan.lib.datapreview as datapreview
import ckan.model as model
import ckan.plugins.toolkit as tk

from .. import changes, scoped, showing, store, words
from ..plain_errors import without_sql


@tk.chained_action
@tk.side_effect_free
def resource_view_list(original_action: Any, context: Any, data_dict: dict[str, Any]) -> list[dict[str, Any]]:
    """CKAN's own, with the titles of our views in the reader's language.

    Who may not have the data has no views: CKAN's page of a dataset asks for them whoever reads it. Views of a kind that no plugin draws any
    more are left out: CKAN's pages fail on them.
    """
    try:
        views: list[dict[str, Any]] = original_action(context, data_dict)
    except tk.NotAuthorized:
        # of a dataset that is not seen, not even that the file is there is told
        tk.check_access("package_show", {"user": context.get("user") or ""}, {"id": model.Resource.get(data_dict["id"]).package_id})
        return []
    views = [view for view in views if datapreview.get_view_plugin(view["view_type"])]
    for view in views:
        view["title"] = showing.title_of(view["view_type"], view["title"])
    return views


@tk.chained_action
@tk.side_effect_free
def datastore_search(original_action: Any, context: Any, data_dict: dict[str, Any]) -> Any:
    """CKAN's own; who was given some columns of a table is answered as if there were no others."""
    with without_sql():
        opened = scoped.scope(context, data_dict)
        return original_action(context, data_dict) if opened is None else scoped.search(context, data_dict, opened)


def _writing() -> Any:
    """CKAN's own; a refusal tells what the database says, not what it was asked."""

    @tk.chained_action
    def asked(original_action: Any, context: Any, data_dict: dict[str, Any]) -> Any:
        """CKAN's own, without SQL in what it is refused with."""
        with without_sql():
            return original_action(context, data_dict)

    return asked


datastore_create = _writing()
datastore_upsert = _writing()
datastore_delete = _writing()
datastore_records_delete = _writing()


@tk.chained_action
@tk.side_effect_free
def datastore_info(original_action: Any, context: Any, data_dict: dict[str, Any]) -> Any:
    """The same."""
    opened = scoped.scope(context, data_dict)
    answer = original_action(context, data_dict)
    return answer if opened is None else scoped.info(answer, opened)


@tk.side_effect_free
def tzc_table_status(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Where the table of a resource stands.

    `id`: the resource. Returns `{"resource_id", "state", "rows", "columns", "reason", "parameters", "sentence", "geometry", "notes",
    "started", "ended"}`: `state` is one of waiting, loading, loaded, refused, skipped; `reason` a code of `tzc.tables.errors.CODES`;
    `sentence` the same in the reader's language; times ISO, UTC. Raises ObjectNotFound, NotAuthorized.
    """
    tk.get_or_bust(data_dict, "id")
    tk.check_access("tzc_table_status", context, data_dict)
    resource = model.Resource.get(data_dict["id"])
    if resource is None:
        raise tk.ObjectNotFound(tk._("File not found"))
    row = store.find(resource.id)
    if row is None:
        reason = {"upload": None, "datastore": "api"}.get(resource.url_type or "", "remote")
        state = store.SKIPPED if reason else store.WAITING
        return _shown(resource.id, {"state": state, "reason": reason})
    # a row of the file is for those who may change it: a restricted file's page is public, its rows are not
    mine = _may_change(context, resource.id)
    shown = {name: getattr(row, name) for name in ("state", "rows", "columns", "reason", "parameters", "geometry", "notes", "started", "ended")}
    if shown["parameters"] and not mine:
        shown["parameters"] = {name: value for name, value in shown["parameters"].items() if name != "excerpt"}
    opened = scoped.scope(context, data_dict)
    if opened is not None:
        shown.update(geometry=scoped.places(row.geometry, opened), notes=None, columns=len(opened))
    return _shown(resource.id, shown)


def _may_change(context: Any, resource_id: str) -> bool:
    try:
        tk.check_access("resource_update", tk.fresh_context(context), {"id": resource_id})
    except tk.NotAuthorized:
        return False
    return True


def _shown(resource_id: str, values: dict[str, Any]) -> dict[str, Any]:
    empty = dict.fromkeys(("rows", "columns", "reason", "parameters", "geometry", "notes", "started", "ended"))
    shown = {"resource_id": resource_id, **empty, **values}
    shown.update({name: shown[name].isoformat() for name in ("started", "ended") if shown[name]})
    return {**shown, "sentence": words.sentence(shown)}


def tzc_table_load(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Load the file of a resource again. `id`: the resource. Returns its status, as `tzc_table_status` does.

    Raises ObjectNotFound, NotAuthorized, and ValidationError when the resource holds no uploaded file.
    """
    tk.get_or_bust(data_dict, "id")
    tk.check_access("tzc_table_load", context, data_dict)
    resource = model.Resource.get(data_dict["id"])
    if resource is None:
        raise tk.ObjectNotFound(tk._("File not found"))
    if resource.url_type != "upload":
        raise tk.ValidationError({"id": [tk._("Only uploaded files are loaded as tables.")]})
    store.ask(resource.id, store.fingerprint(resource))
    model.Session.commit()
    changes.send(resource.id)
    status: dict[str, Any] = tk.get_action("tzc_table_status")({**context}, {"id": resource.id})
    return status
