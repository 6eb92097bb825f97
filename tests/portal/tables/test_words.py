"""What a refused file's page says."""
from __future__ import annotations

from typing import Any

import pytest
from ckanext.tzc.tables import words
from tzc.tables.errors import Refused
from tzc.tables.geojson import flatten

pytestmark = pytest.mark.usefixtures("with_plugins", "with_request_context")


@pytest.mark.parametrize(
    ("parsed", "told"),
    [
        ([], ""), ({"type": "FeatureCollection", "features": 3}, "features"), ({"type": "Topology"}, "Topology"), ({"type": "FeatureCollection", "features": [3]}, "1"),
        ({"type": "Feature", "geometry": {"type": "Cube"}}, "1"), ({"type": "Point", "coordinates": ["x"]}, "1"),
        ({"type": "Polygon", "coordinates": [[[379000, 6570000], [379001, 6570000], [379000, 6570001], [379000, 6570000]]]}, "379000, 6570000"),
        ({"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": [379000, 6570000]}]}, "WGS"),
    ],
)  # fmt: skip
def test_each_fault_of_geojson_has_its_own_words(parsed: Any, told: str) -> None:
    with pytest.raises(Refused) as caught:
        flatten(parsed)
    said = words.reason(caught.value.code, dict(caught.value.parameters))
    assert told in said
    assert said != words.reason("not_geojson", {})


def test_broken_json_is_told_without_the_parser_s_english() -> None:
    said = words.reason("json", {"row": 2, "column": 14, "detail": "Expecting value"})
    assert "2" in said and "14" in said and "Expecting" not in said


def test_a_map_is_mended_to_be_seen_as_a_map() -> None:
    assert words.mending("json") == words.mending("not_geojson") != words.mending("quote")


def test_a_broken_workbook_is_told_without_the_program_s_english() -> None:
    said = words.reason("workbook", {"detail": "Cannot detect file format"})
    assert "Cannot" not in said and said.endswith(".")
