"""GeoJSON as a table."""
from __future__ import annotations

import json
from typing import Any

import pytest
from tzc.tables.errors import Refused
from tzc.tables.geojson import cell, flatten, place_columns

POINT = {"type": "Point", "coordinates": [-1.15, 46.16]}
LINE = {"type": "LineString", "coordinates": [[0, 0], [1, 1]]}


def feature(geometry: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def collection(*features: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


def test_points_have_longitude_and_latitude() -> None:
    flat = flatten(collection(feature(POINT, nom="A", n=1), feature(None, nom="B", actif=True)))
    assert flat.names == ["nom", "n", "actif", "longitude", "latitude", "geometrie"]
    assert list(flat.rows) == [["A", "1", "", "-1.15", "46.16", json.dumps(POINT, separators=(",", ":"))], ["B", "", "true", "", "", ""]]
    assert flat.count == 2


def test_other_shapes_have_a_geometry_only() -> None:
    flat = flatten(collection(feature(POINT, a=1), feature(LINE, a=2)))
    assert flat.names == ["a", "geometrie"]


def test_a_property_named_as_our_column_gives_way() -> None:
    flat = flatten(collection(feature(POINT, longitude="x", geometrie="y")))
    assert flat.names == ["longitude_2", "geometrie_2", "longitude", "latitude", "geometrie"]
    assert next(flat.rows)[:4] == ["x", "y", "-1.15", "46.16"]


@pytest.mark.parametrize("parsed", [POINT, feature(POINT)])
def test_a_bare_geometry_or_feature_is_one_row(parsed: Any) -> None:
    flat = flatten(parsed)
    assert flat.count == len(list(flat.rows)) == 1


@pytest.mark.parametrize(
    "parsed",
    [
        [], "x", {}, {"type": "Topology"}, {"type": "FeatureCollection"}, collection("x"),
        collection(feature({"type": "Circle"})), collection(feature({"type": "Point", "coordinates": ["a", "b"]})), collection({"properties": [1]}),
    ],
)
def test_other_json_is_refused(parsed: Any) -> None:
    with pytest.raises(Refused) as caught:
        flatten(parsed)
    assert caught.value.code == "not_geojson"


def test_nothing_to_show_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        flatten(collection())
    assert caught.value.code == "no_rows"


def test_cells() -> None:
    assert [cell(value) for value in (None, True, 1.5, "a\x00b", ["é", 1], {"a": None})] == ["", "true", "1.5", "ab", '["é",1]', '{"a":null}']


def test_place_columns() -> None:
    assert place_columns(["id", "Lon", "LAT"]) == ("Lon", "LAT")
    assert place_columns(["stop_lat", "stop_lon"]) == ("stop_lon", "stop_lat")
    assert place_columns(["longitude"]) is None
