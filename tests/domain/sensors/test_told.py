"""What others say of their things is kept so that it can be read: by the database, on the map, in questions about places."""
from __future__ import annotations

import math
from typing import Any

import pytest
from tzc.sensors import told


@pytest.mark.parametrize(("given", "kept"), [
    ({"type": "Point", "coordinates": [-1.15, 46.16, 12], "odd": "\0"}, {"type": "Point", "coordinates": [-1.15, 46.16, 12.0]}),
    ({"type": "Point", "coordinates": ["-1.15", "46.16"]}, {"type": "Point", "coordinates": [-1.15, 46.16]}),
    ({"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [1, 2]}}, {"type": "Point", "coordinates": [1.0, 2.0]}),
    ({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}, {"type": "Polygon", "coordinates": [[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]]}),
    *((bad, None) for bad in (
        {"type": "Point", "coordinates": ["x", "y"]}, {"type": "Point", "coordinates": [1]}, {"type": "Point", "coordinates": []}, {"type": "Point"}, {"type": "Rubbish"}, {"type": []},
        {"type": "Point", "coordinates": [math.nan, 1]}, {"type": "Point", "coordinates": [420000, 6570000]}, {"type": "LineString", "coordinates": [[0, 0]] * 5_001},
        {"type": "Point", "coordinates": {"a": 1}}, {"type": "Feature", "geometry": None}, {"type": "Point", "coordinates": [None, None]},
    )),
])  # fmt: skip
def test_places(given: Any, kept: Any) -> None:
    assert told.place(given) == kept


def test_properties() -> None:
    deep: dict[str, Any] = {}
    for _ in range(100):
        deep = {"a": deep}
    assert told.properties({"a\0": "b\0", "n": math.nan, "d": deep, "l": [1, True, None]})["n"] is None
    assert told.properties({"a\0": "b\0", "l": [1, True, None]}) == {"a": "b", "l": [1, True, None]}
    assert told.properties({str(number): "x" * 2_000 for number in range(20)}) == {}
    assert told.text("a\0" + "b" * 3_000) == "a" + "b" * 1_999
