"""The load of one resource: claim, read, write, tell. Run by a worker."""
from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy.exc
from ckanext.tzc.common import indexing

from tzc.tables.errors import Skipped, TableError

from . import store, writing
from .reading import Limits, Read, read
from .storage import opened

log = logging.getLogger(__name__)

VIEWS = ("tzc_table_view", "tzc_map_view")


def load(resource_id: str) -> str | None:
    """Load a resource that waits. The state it ends in, or None when nothing waited or its file was changed meanwhile.

    A broken file is no error of this job: it is written down (`refused`). Servers that are away, and a full disk, are:
    the resource is given back to wait, and the error goes to the worker's log.
    """
    with store.held(resource_id) as free:
        mark = store.claim(resource_id) if free else None
        return None if mark is None else _load_claimed(resource_id, mark)


def _load_claimed(resource_id: str, mark: str) -> str | None:
    try:
        return _load(resource_id, mark)
    except (sqlalchemy.exc.OperationalError, OSError):
        store.release(resource_id, mark)
        raise
    except Exception:
        # whatever it is, the page must not say "loading" for ever; the worker logs it
        model.Session.rollback()
        _end(resource_id, mark, store.REFUSED, reason="internal", parameters={})
        raise


def _load(resource_id: str, mark: str) -> str | None:
    resource = model.Resource.get(resource_id)
    if resource is None or resource.state != model.State.ACTIVE:
        remove(resource_id)
        return store.GONE
    package_id = resource.package_id
    try:
        with tempfile.TemporaryDirectory(prefix="tzc-table-") as folder:
            done = _read(resource, Path(folder))
            if not writing.write(resource_id, done, lambda: store.is_current(resource_id, mark)):
                return None
    except TableError as error:
        log.info("Table %s: %s", resource_id, error)
        state = store.SKIPPED if isinstance(error, Skipped) else store.REFUSED
        return state if _end(resource_id, mark, state, reason=error.code, parameters=error.parameters) else None
    values = {"rows": done.count, "columns": len(done.columns), "geometry": done.geometry, "notes": done.notes}
    if not store.finish(resource_id, mark, store.LOADED, **values):
        model.Session.rollback()
        return None
    _mark_active(resource_id, True)
    model.Session.commit()
    indexing.anew(package_id)
    _make_views(resource_id, package_id)
    return store.LOADED


def _read(resource: Any, folder: Path) -> Read:
    if resource.url_type == "datastore":
        raise Skipped("api")
    if resource.url_type != "upload":
        raise Skipped("remote")
    limits = limits_of_settings()
    with opened({"id": resource.id, "url": resource.url, "url_type": "upload"}, folder, limits.size) as file:
        return read(file, _declared(resource), folder, limits)


def limits_of_settings() -> Limits:
    """What the settings allow."""
    names = {"size": "max_bytes", "geojson": "max_geojson_bytes", "rows": "max_rows", "columns": "max_columns", "memory": "memory"}
    return Limits(**{name: tk.config[f"tzc.tables.{key}"] for name, key in names.items()})


def _declared(resource: Any) -> str:
    """The declared format; the file's ending when that says more (a GeoJSON declared as JSON, a nameless format)."""
    ending = Path(resource.url or "").suffix.lower().lstrip(".")
    said = (resource.format or "").strip().lower()
    return ending if not said or (said, ending) == ("json", "geojson") else said


def _end(resource_id: str, mark: str, state: str, **values: Any) -> bool:
    """Write that there is no table, and remove the one of the file before. False when the file was changed meanwhile."""
    if not store.finish(resource_id, mark, state, **values):
        model.Session.rollback()
        return False
    kept_by_api = values.get("reason") == "api"
    was_active = not kept_by_api and _mark_active(resource_id, False)
    model.Session.commit()
    if was_active:
        writing.drop(resource_id)
        _remove_views(resource_id)
        resource = model.Resource.get(resource_id)
        if resource is not None:
            indexing.anew(resource.package_id)
    return True


def remove(resource_id: str) -> None:
    """Remove the table and the state of a resource that is deleted or purged; nothing when it is there again."""
    resource = model.Resource.get(resource_id)
    if resource is not None and resource.state == model.State.ACTIVE:
        return
    writing.drop(resource_id)
    store.forget(resource_id)
    if resource is not None:
        _mark_active(resource_id, False)
    model.Session.commit()


def _mark_active(resource_id: str, active: bool) -> bool:
    """Set the DataStore's mark where it lies, without a save of the dataset: no activity, no new date. Whether it was set before."""
    query = model.Session.query(model.Resource).filter_by(id=resource_id)
    extras = dict(query.with_entities(model.Resource.extras).scalar() or {})
    before = bool(extras.get("datastore_active"))
    if before != active:
        query.update({"extras": {**extras, "datastore_active": active}}, synchronize_session=False)
        # CKAN's session keeps what it has read, even across commits
        model.Session.expire_all()
    return before


def _make_views(resource_id: str, package_id: str) -> None:
    """The default views that need the DataStore; a map that nothing can be drawn on any more goes."""
    context = _context()
    package = tk.get_action("package_show")({**context, "use_cache": False}, {"id": package_id})
    resource = next((one for one in package["resources"] if one["id"] == resource_id), None)
    if resource is None:
        return
    row = store.find(resource_id)
    if row is not None and not row.geometry:
        _remove_views(resource_id, ("tzc_map_view",))
    made = tk.get_action("resource_create_default_resource_views")(_context(), {"resource": resource, "package": package, "create_datastore_views": True})
    drawn = [view["id"] for view in made if view["view_type"] == "tzc_map_view"]
    if drawn and row is not None and "geometry" in row.geometry:
        # what was drawn is looked at as a drawing first; the partner may choose otherwise later
        tk.get_action("resource_view_reorder")(_context(), {"id": resource_id, "order": drawn})


def _remove_views(resource_id: str, kinds: tuple[str, ...] = VIEWS) -> None:
    query = model.Session.query(model.ResourceView).filter(model.ResourceView.resource_id == resource_id, model.ResourceView.view_type.in_(kinds))
    for view_id in [view.id for view in query]:
        tk.get_action("resource_view_delete")(_context(), {"id": view_id})


def _context() -> dict[str, Any]:
    user = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    return {"user": user, "ignore_auth": True}
