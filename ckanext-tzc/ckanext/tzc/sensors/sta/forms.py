"""Entities as CSV and as GeoJSON."""
from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any

import ckan.model as model
from ckanext.tzc.common import cells

from tzc.sensors.sta.entities import ID, SELF
from tzc.sensors.sta.options import Options

from .. import store
from . import observations
from .listing import Found


def to_csv(page: Found, said: Sequence[dict[str, Any]], options: Options) -> str:
    """A line an entity; objects as JSON."""
    if page.columns is not None and page.about is not None:
        return _lines(*observations.table(page.columns, page.about, options))
    names = [name for name in (ID, *page.kind.properties) if not options.select or name in options.select]
    return _lines([name.removeprefix("@iot.") for name in names], ([_written(one.get(name)) for name in names] for one in said))


def _lines(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([cells.plain(value) for value in row] for row in rows)
    return out.getvalue()


def _written(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else value


def to_geo_json(page: Found, said: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A feature an entity, with what is said of it as properties; a thing is where its location is."""
    places = {} if page.kind.set == "Locations" else _places(page.rows)
    features = [
        {
            "type": "Feature", "id": row.id, "geometry": row.geometry if page.kind.set == "Locations" else places.get(row.location),
            "properties": {name: value for name, value in one.items() if name not in (SELF, "location", "encodingType") and not name.endswith(("navigationLink", "nextLink"))},
        }
        for row, one in zip(page.rows, said, strict=True)
    ]  # fmt: skip
    return {"type": "FeatureCollection", "features": features}


def _places(rows: Sequence[Any]) -> dict[int, Any]:
    ids = {row.location for row in rows if row.location is not None}
    return dict(model.Session.query(store.Location.id, store.Location.geometry).filter(store.Location.id.in_(ids)).tuples()) if ids else {}
