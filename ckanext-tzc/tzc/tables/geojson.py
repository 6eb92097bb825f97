"""GeoJSON as a table: one row a feature, its properties as columns."""
from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

from .errors import Refused
from .names import column_names

GEOMETRIES = frozenset({"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection"})
GEOMETRY, LONGITUDE, LATITUDE = "geometrie", "longitude", "latitude"
MOST_EAST, MOST_NORTH = 360, 90
"""Degrees beyond which coordinates are metres of a projection such as Lambert-93; some write longitudes from 0 to 360."""
LONGITUDES = ("longitude", "lon", "lng", "long", "stop_lon", "x_wgs84", "xlong")
LATITUDES = ("latitude", "lat", "stop_lat", "y_wgs84", "ylat")


@dataclasses.dataclass(frozen=True)
class Flat:
    """A table: `headers` as the file writes them, `names` as columns are called, and rows of text in that order ("" = nothing)."""

    headers: list[str]
    names: list[str]
    rows: Iterator[list[str]]
    count: int


def flatten(parsed: Any) -> Flat:
    """Flatten a parsed FeatureCollection, Feature or bare geometry. Raises Refused (`not_geojson`) for anything else.

    Columns: the properties in the order they first appear, `longitude` and `latitude` (degrees) when every geometry
    is a point, then `geometrie`, GeoJSON text. A feature without geometry is kept, with these empty.
    """
    features = _features(parsed)
    properties: dict[str, None] = {}
    for feature in features:
        properties.update(dict.fromkeys(str(key) for key in feature.get("properties") or {}))
    geometries = [feature.get("geometry") for feature in features]
    points = any(geometries) and all(geometry is None or geometry["type"] == "Point" for geometry in geometries)
    added = [name for name in (LONGITUDE, LATITUDE) if points] + [GEOMETRY]
    # our own columns keep their names: a property of the same name gives way
    names = column_names([*added, *properties])
    return Flat([*properties, *added], [*names[len(added) :], *names[: len(added)]], _rows(features, list(properties), points), len(features))


def place_columns(names: list[str]) -> tuple[str, str] | None:
    """The columns that hold longitude and latitude in degrees, when a table has both."""
    known = {name.casefold(): name for name in names}
    east = next((known[name] for name in LONGITUDES if name in known), None)
    north = next((known[name] for name in LATITUDES if name in known), None)
    return (east, north) if east and north else None


def _features(parsed: Any) -> list[dict[str, Any]]:
    if not isinstance(parsed, dict):
        raise Refused("not_geojson", detail="it is no object", fault="object")
    kind = parsed.get("type")
    if kind == "FeatureCollection":
        found = parsed.get("features")
        if not isinstance(found, list):
            raise Refused("not_geojson", detail="“features” is no list", fault="list")
    elif kind == "Feature":
        found = [parsed]
    elif kind in GEOMETRIES:
        found = [{"type": "Feature", "properties": {}, "geometry": parsed}]
    else:
        raise Refused("not_geojson", detail=f"“type” is {json.dumps(kind, ensure_ascii=False)[:60]}", fault="type", found=json.dumps(kind, ensure_ascii=False)[:60])
    if not found:
        raise Refused("no_rows")
    for number, feature in enumerate(found, start=1):
        _check(feature, number)
    return found


def _check(feature: Any, number: int) -> None:
    if not isinstance(feature, dict) or not isinstance(feature.get("properties") or {}, dict):
        raise Refused("not_geojson", detail=f"feature {number} is no feature", fault="feature", number=number)
    geometry = feature.get("geometry")
    if geometry is None:
        return
    if not isinstance(geometry, dict) or geometry.get("type") not in GEOMETRIES:
        raise Refused("not_geojson", detail=f"feature {number} has a geometry of no known type", fault="geometry", number=number)
    if geometry["type"] == "Point" and not _is_position(geometry.get("coordinates")):
        raise Refused("not_geojson", detail=f"feature {number} has a point without two numbers", fault="point", number=number)
    place = _first_position(geometry)
    if place is not None and not (abs(place[0]) <= MOST_EAST and abs(place[1]) <= MOST_NORTH):
        found = f"{place[0]}, {place[1]}"[:60]
        raise Refused("not_geojson", detail=f"feature {number} is not in degrees: {found}", fault="degrees", number=number, found=found)


def _first_position(geometry: dict[str, Any]) -> tuple[float, float] | None:
    """The first place of a geometry, `(east, north)`; None where it has none."""
    if geometry.get("type") == "GeometryCollection":
        parts = geometry.get("geometries")
        found = (_first_position(part) for part in parts if isinstance(part, dict)) if isinstance(parts, list) else iter(())
        return next(filter(None, found), None)
    place = geometry.get("coordinates")
    while isinstance(place, list) and place and isinstance(place[0], list):
        place = place[0]
    if not isinstance(place, list) or len(place) < 2 or not all(isinstance(part, int | float) for part in place[:2]):
        return None
    return place[0], place[1]


def _is_position(coordinates: Any) -> bool:
    return isinstance(coordinates, list) and (not coordinates or (len(coordinates) >= 2 and all(isinstance(part, (int, float)) for part in coordinates[:2])))


def _rows(features: list[dict[str, Any]], properties: list[str], points: bool) -> Iterator[list[str]]:
    for feature in features:
        held = feature.get("properties") or {}
        row = [cell(held.get(name)) for name in properties]
        geometry = feature.get("geometry")
        if points:
            position = (geometry or {}).get("coordinates") or ["", ""]
            row += [cell(position[0]), cell(position[1])]
        yield [*row, json.dumps(geometry, ensure_ascii=False, separators=(",", ":")) if geometry else ""]


def cell(value: Any) -> str:
    """A JSON value as text: nothing for null, JSON for lists and objects. NUL characters, which no database takes, are left out."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value.replace("\x00", "")
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("\\u0000", "")
