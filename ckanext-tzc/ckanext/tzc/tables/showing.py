"""The two views of a loaded table: rows, and a map."""
from __future__ import annotations

import json
from typing import Any

import ckan.plugins.toolkit as tk
from ckanext.tzc.common.territory import territory
from flask import has_request_context

from tzc.tables.display import is_number, names_universal_time, shown

from . import store, words

PAGE = 50
"""Rows of one page."""
CELL = 160
"""Characters of a cell that are shown."""
LONG = 40
"""Characters beyond which a cell may be broken anywhere."""
UNIVERSAL = "UTC"
"""The note of a column whose moments were turned into UTC, until a partner writes another."""
LISTED = 50
"""Features in the list beside a map."""


def title_of(view_type: str, title: str) -> str:
    """A view's title in the reader's language, unless somebody gave it another: it was made by a job, which has no reader."""
    if (view_type, title) == ("tzc_table_view", "Table"):
        return tk._("Table")
    if (view_type, title) == ("tzc_map_view", "Map"):
        return tk._("Map")
    return title


class TableView:
    """Rows, fifty at a time, with search and sorting by plain links."""

    def info(self) -> dict[str, Any]:
        """What CKAN asks of a view."""
        title = tk._("Table")
        return {
            "name": "tzc_table_view",
            "title": title,
            "default_title": title,
            "icon": "table",
            "requires_datastore": True,
            "iframed": False,
            "preview_enabled": False,
            "filterable": False,
        }

    def can_view(self, data_dict: dict[str, Any]) -> bool:
        """Whether the resource has rows."""
        return bool(data_dict["resource"].get("datastore_active"))

    def setup_template_variables(self, context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
        """The page of rows that the address asks for."""
        return {"table": table(data_dict["resource"], data_dict["package"], data_dict["resource_view"])}

    def view_template(self, context: Any, data_dict: dict[str, Any]) -> str:
        """Its template."""
        return "tables/table_view.html"

    def form_template(self, context: Any, data_dict: dict[str, Any]) -> str:
        """There is nothing to set."""
        return "tables/view_form.html"


class MapView:
    """A map of the features, and their list for whoever sees no map."""

    def info(self) -> dict[str, Any]:
        """What CKAN asks of a view."""
        title = tk._("Map")
        return {
            "name": "tzc_map_view",
            "title": title,
            "default_title": title,
            "icon": "map",
            "requires_datastore": True,
            "iframed": False,
            "preview_enabled": False,
            "filterable": False,
        }

    def can_view(self, data_dict: dict[str, Any]) -> bool:
        """Whether the rows have places."""
        resource = data_dict["resource"]
        if not resource.get("datastore_active"):
            return False
        row = store.find(resource["id"])
        return bool(row is not None and row.state == store.LOADED and row.geometry)

    def setup_template_variables(self, context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
        """Where the map's data lie, and the first features by name."""
        return {"map": place_map(data_dict["resource"])}

    def view_template(self, context: Any, data_dict: dict[str, Any]) -> str:
        """Its template."""
        return "tables/map_view.html"

    def form_template(self, context: Any, data_dict: dict[str, Any]) -> str:
        """There is nothing to set."""
        return "tables/view_form.html"


def _asked(name: str) -> str:
    return tk.request.args.get(name, "") if has_request_context() else ""


def _page_asked() -> int:
    text = _asked("page")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 8 else 1


def _search(resource_id: str, **asked: Any) -> dict[str, Any] | None:
    """A search of the DataStore as this request's user; None when the table is not there or not theirs."""
    try:
        found: dict[str, Any] = tk.get_action("datastore_search")({}, {"resource_id": resource_id, **asked})
    except (tk.ObjectNotFound, tk.NotAuthorized, tk.ValidationError):
        return None
    return found


def table(resource: dict[str, Any], package: dict[str, Any], view: dict[str, Any]) -> dict[str, Any] | None:
    """What the table's template shows, or None when there are no rows to be had.

    `{"columns": [{"name", "label", "number", "sort", "sorted"}], "rows": [[{"text", "number", "long"}]], "total", "words", "first", "last",
    "page", "pages", "previous", "next", "q", "searchable", "hidden", "action", "api", "csv"}`.
    """
    resource_id = resource["id"]
    page, q = _page_asked(), _asked("q").strip()[:200]
    head = _search(resource_id, limit=0, include_total=False)
    if head is None:
        return None
    names = {field["id"] for field in head["fields"]}
    sort = _asked("sort")
    column, descending = sort.removeprefix("-"), sort.startswith("-")
    asked: dict[str, Any] = {"limit": PAGE, "offset": (page - 1) * PAGE}
    if q:
        asked["q"] = q
    asked["sort"] = f'"{column}" {"desc" if descending else "asc"} nulls last, _id' if column in names else "_id"
    found = _search(resource_id, **asked)
    if found is None:
        return None
    row = store.find(resource_id)
    shapes = (row.geometry or {}).get("geometry") if row is not None else None
    hidden = {"_id", shapes}
    fields = [field for field in _zoned(found["fields"], row) if field["id"] not in hidden and not field["id"].startswith("rank")]
    total = found["total"]
    pages = max(1, -(-total // PAGE))

    def address(**changed: Any) -> str:
        given = {"view_id": view.get("id"), "q": q, "sort": sort if column in names else "", **changed}
        kept = {name: value for name, value in given.items() if value}
        return str(tk.h.url_for(f"{package['type']}_resource.read", id=package["name"], resource_id=resource_id, _anchor="tzc-rows", **kept))

    return {
        "columns": [_column(field, column if column in names else "", descending, address) for field in fields],
        "rows": [[_shown(record.get(field["id"]), field) for field in fields] for record in found["records"]],
        "total": total,
        "words": tk.ungettext("%(number)s row", "%(number)s rows", total, number=words.number(total)),
        "first": words.number((page - 1) * PAGE + 1),
        "last": words.number(min(page * PAGE, total)),
        "page": page,
        "pages": pages,
        "previous": address(page=min(page - 1, pages)) if page > 1 else None,
        "next": address(page=page + 1) if page < pages else None,
        "q": q,
        "searchable": row is None or (row.rows or 0) <= tk.config["tzc.tables.full_text_max_rows"],
        "hidden": {"view_id": view.get("id"), "sort": sort if column in names else ""},
        "action": address(view_id=None, q=None, sort=None),
        "clear": address(q=None),
        # what stands above and beside the table in its file is none of the columns that were given
        "notes": (row.notes or {}) if row is not None and not resource.get("only_columns") else {},
        "local": [_label(field) for field in fields if field["zone"]],
        "shapes": shapes,
        "api": tk.h.url_for("api.action", ver=3, logic_function="datastore_search", resource_id=resource_id, qualified=True),
        "csv": tk.h.url_for("datastore.dump", resource_id=resource_id, format="csv", bom=True),
    }


def _zoned(fields: list[dict[str, Any]], row: Any) -> list[dict[str, Any]]:
    """The fields with `zone`: the time zone to show a column's moments in, "" where they are shown as they are stored.

    Moments that were written with a zone lie in UTC and are read in the territory's; a moment written without one is what the partner's
    clock said, and stays. So does a column that calls itself UTC.
    """
    universal = set(((row.notes or {}) if row is not None else {}).get("universal", []))
    return [{**field, "zone": territory().timezone if field["id"] in universal and not names_universal_time(field["id"]) else ""} for field in fields]


def _local_time() -> str:
    """Whose clocks moments are shown by, such as “local time (Paris)”."""
    from babel.dates import get_timezone_location

    return str(tk._("local time (%(place)s)")) % {"place": get_timezone_location(territory().timezone, locale=tk.h.lang(), return_city=True)}


def _label(field: dict[str, Any]) -> str:
    return str((field.get("info") or {}).get("label") or field["id"])


def _notes(field: dict[str, Any]) -> str:
    """What the data dictionary says of a column, and whose clocks its moments are shown by."""
    said = str((field.get("info") or {}).get("notes") or "")
    if not field["zone"]:
        return said
    return _local_time() if said in {"", UNIVERSAL} else f"{said} – {_local_time()}"


def _column(field: dict[str, Any], sorted_by: str, descending: bool, address: Any) -> dict[str, Any]:
    name = field["id"]
    here = name == sorted_by
    return {
        "name": name,
        "label": _label(field),
        "notes": _notes(field),
        "number": is_number(field["type"]),
        "sort": address(sort=f"-{name}" if here and not descending else name),
        "sorted": ("descending" if descending else "ascending") if here else None,
    }


def _shown(value: Any, field: dict[str, Any]) -> dict[str, Any]:
    text = shown(value, field["type"], field["id"], tk.h.lang(), field["zone"])
    return {"text": text if len(text) <= CELL else f"{text[: CELL - 1]}…", "number": is_number(field["type"]), "long": len(text) > LONG}


def place_map(resource: dict[str, Any]) -> dict[str, Any] | None:
    """What the map's template shows, or None when there are no places: `{"data", "tiles", "attribution", "features": [{"title", "facts"}], "total", "most", "words"}`."""
    row = store.find(resource["id"])
    if row is None or not row.geometry:
        return None
    found = _search(resource["id"], limit=LISTED, sort="_id")
    if found is None or not _holds_places(found["fields"], row.geometry):
        return None
    most = tk.config["tzc.map.max_features"]
    total = found["total"]
    return {
        "data": tk.h.url_for("tzc_tables.features", resource_id=resource["id"]),
        "tiles": tk.config["tzc.map.tiles"],
        "attribution": tk.config["tzc.map.attribution"],
        "features": [_feature_words(record, _zoned(found["fields"], row), row.geometry) for record in found["records"]],
        "listed": min(total, LISTED),
        "total": total,
        "most": words.number(most) if total > most else None,
        "words": tk.ungettext("%(number)s place", "%(number)s places", total, number=words.number(total)),
    }


def _holds_places(fields: list[dict[str, Any]], geometry: dict[str, str]) -> bool:
    """Whether the reader has the columns that a map is drawn from."""
    return set(geometry.values()) <= {field["id"] for field in fields}


NAMES = frozenset({"nom", "name", "titre", "title", "libelle", "nom_station", "commune"})
"""Columns that a place is called by."""


def _feature_words(record: dict[str, Any], fields: list[dict[str, Any]], geometry: dict[str, str]) -> dict[str, Any]:
    hidden = {"_id", *geometry.values(), "longitude", "latitude"}
    told = [
        {"label": _label(field), "text": _shown(record.get(field["id"]), field)["text"]}
        for field in fields
        if field["id"] not in hidden and record.get(field["id"]) not in (None, "")
    ]
    first = told[0]["text"] if told else str(record["_id"])
    title = next((fact["text"] for fact in told if fact["label"].casefold() in NAMES), first)
    return {"title": title, "facts": told[:4]}


def features(resource_id: str) -> tuple[int, Any]:
    """The features of a table for its map: the total, and a generator of GeoJSON text.

    Raises ObjectNotFound or NotAuthorized before anything is sent, as `datastore_search` does for this request's user.
    """
    row = store.find(resource_id)
    if row is None or not row.geometry:
        raise tk.ObjectNotFound(tk._("There is no map of this file."))
    first = tk.get_action("datastore_search")({}, {"resource_id": resource_id, "limit": BATCH, "sort": "_id"})
    if not _holds_places(first["fields"], row.geometry):
        raise tk.ObjectNotFound(tk._("There is no map of this file."))
    return first["total"], _geojson(resource_id, first, _zoned(first["fields"], row), dict(row.geometry))


BATCH = 500


def _geojson(resource_id: str, batch: dict[str, Any], fields: list[dict[str, Any]], geometry: dict[str, str]) -> Any:
    most, sent, total = tk.config["tzc.map.max_features"], 0, batch["total"]
    labels = {field["id"]: f"{_label(field)} ({_local_time()})" if field["zone"] else _label(field) for field in fields}
    kinds = {field["id"]: field for field in fields}
    yield f'{{"type":"FeatureCollection","total":{total},"features":['
    while batch["records"] and sent < most:
        for record in batch["records"][: most - sent]:
            told = {name: value for name, value in record.items() if name not in {"_id", geometry.get("geometry")} and value is not None}
            properties = {labels[name]: _shown(value, kinds[name])["text"] for name, value in told.items()}
            yield f'{"," if sent else ""}{{"type":"Feature","geometry":{_geometry(record, geometry)},"properties":{json.dumps(properties, ensure_ascii=False)}}}'
            sent += 1
        batch = tk.get_action("datastore_search")({}, {"resource_id": resource_id, "limit": BATCH, "offset": sent, "sort": "_id"})
    yield "]}"


def _geometry(record: dict[str, Any], geometry: dict[str, str]) -> str:
    """The geometry's JSON; null without one, or with coordinates that are no place on earth."""
    if "geometry" in geometry:
        return record.get(geometry["geometry"]) or "null"
    try:
        east, north = float(record[geometry["east"]]), float(record[geometry["north"]])
    except (TypeError, ValueError, KeyError):
        return "null"
    return f'{{"type":"Point","coordinates":[{east},{north}]}}' if abs(east) <= 180 and abs(north) <= 90 else "null"
