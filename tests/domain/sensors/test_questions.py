"""What addresses and options of SensorThings ask for, and places."""
from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tzc.sensors.sta import address, expressions, options, places
from tzc.sensors.sta.entities import KINDS
from tzc.sensors.sta.expressions import Binary, Call, Literal, Path, Unary
from tzc.sensors.sta.faults import Fault


def number(value: float) -> Literal:
    return Literal("number", value)


@pytest.mark.parametrize(("text", "expected"), [
    ("a eq 1 or b eq 2 and not c eq 3", Binary("or", Binary("eq", Path(("a",)), number(1)), Binary("and", Binary("eq", Path(("b",)), number(2)), Unary("not", Binary("eq", Path(("c",)), number(3)))))),
    ("1 add 2 mul 3 sub 4", Binary("sub", Binary("add", number(1), Binary("mul", number(2), number(3))), number(4))),
    ("Datastream/@iot.id eq 'it''s'", Binary("eq", Path(("Datastream", "@iot.id")), Literal("text", "it's"))),
    ("substringof('x',name)", Call("substringof", (Literal("text", "x"), Path(("name",))))),
    ("t ge 2026-01-01T00:00:00+01:00", Binary("ge", Path(("t",)), Literal("moment", 1767222000000000))),
    ("t ge 2026-01-01T00:00:00 01:00", Binary("ge", Path(("t",)), Literal("moment", 1767222000000000))),
    ("during(t, 2026-01-01T00:00:00Z/2026-01-02T00:00:00Z)", Call("during", (Path(("t",)), Literal("interval", (1767225600000000, 1767312000000000))))),
    ("-(a) lt -1.5e3", Binary("lt", Unary("-", Path(("a",))), number(-1500.0))),
    ("now() sub duration'PT1H'", Binary("sub", Call("now", ()), Literal("period", 3600_000_000))),
    ("a eq true and b eq null", Binary("and", Binary("eq", Path(("a",)), Literal("truth", True)), Binary("eq", Path(("b",)), Literal("nothing", None)))),
])  # fmt: skip
def test_expressions(text: str, expected: Any) -> None:
    assert expressions.parse(text) == expected


@settings(max_examples=300)
@given(st.text(alphabet="abeqno ()'/,.-12@TZ:'$\0é", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        expressions.parse(text)
    except Fault as fault:
        assert fault.code in {"syntax", "function", "arguments", "deep", "geometry"}


@settings(max_examples=300)
@given(st.text(alphabet="ThingsDatastreams(1)/$refvalue'-;=,top", max_size=60))
def test_any_path_and_expansion_is_read_or_refused(text: str) -> None:
    things = KINDS["Things"]
    for read in (lambda: address.parse(text), lambda: options.parse_options({"$expand": text}, things), lambda: options.parse_options({"$select": text, "$orderby": text}, things)):
        try:
            read()
        except Fault as fault:
            assert fault.code in {"address", "property", "syntax", "option", "deep", "number", "function", "arguments", "geometry"}


def test_expansions_with_options() -> None:
    found = options.parse_options({"$expand": "Datastreams($filter=name eq 'a;b,(c';$expand=Observations($top=1),Sensor),Locations,Datastreams/Thing"}, KINDS["Things"])
    assert set(found.expand) == {"Datastreams", "Locations"}
    inner = found.expand["Datastreams"]
    assert inner.filter == Binary("eq", Path(("name",)), Literal("text", "a;b,(c"))
    assert {way: one.top for way, one in inner.expand.items()} == {"Observations": 1, "Sensor": None, "Thing": None}
    assert inner.written["$filter"] == "name eq 'a;b,(c'"


SQUARE = "POLYGON((0 0,10 0,10 10,0 10,0 0),(4 4,6 4,6 6,4 6,4 4))"


@pytest.mark.parametrize(("one", "within", "intersects", "distance"), [
    ("POINT(1 1)", True, True, 0.0), ("POINT(5 5)", False, False, 1.0), ("POINT(10 5)", True, True, 0.0), ("POINT(13 14)", False, False, 5.0), ("POINT(4 5)", True, True, 0.0),
    ("LINESTRING(1 5,9 5)", False, True, 0.0), ("LINESTRING(1 1,9 1)", True, True, 0.0), ("LINESTRING(-1 5,20 5)", False, True, 0.0), ("LINESTRING(-1 -1,-1 20)", False, False, 1.0),
    ("POLYGON((1 1,2 1,2 2,1 2,1 1))", True, True, 0.0), ("POLYGON((-1 -1,11 -1,11 11,-1 11,-1 -1))", False, True, 0.0), ("MULTIPOINT((1 1),(2 2))", True, True, 0.0),
    ("MULTIPOINT(1 1,20 20)", False, True, 0.0), ("GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(1 1,2 2))", True, True, 0.0), ("SRID=4326;POINT Z (1 1 5)", True, True, 0.0),
])  # fmt: skip
def test_places(one: str, within: bool, intersects: bool, distance: float) -> None:
    here, there = places.geometry(one), places.geometry(SQUARE)
    assert (places.within(here, there), places.intersects(here, there), places.intersects(there, here)) == (within, intersects, intersects)
    assert places.distance(here, there) == pytest.approx(distance)


@pytest.mark.parametrize("text", ["", "POINT", "POINT()", "POINT(1)", "POINT(1 2", "POINT(a b)", "CIRCLE(1 2)", "POLYGON((0 0,1 1))", "POINT(1 2) x", "LINESTRING(1 1)", "(" * 50, "POINT(1e999 0)"])
def test_what_is_no_geometry(text: str) -> None:
    with pytest.raises(Fault) as caught:
        places.geometry(text)
    assert caught.value.code == "geometry"


POINTS = st.tuples(st.floats(-2, 12, allow_nan=False), st.floats(-2, 12, allow_nan=False))


@given(st.lists(POINTS, min_size=1, max_size=8), st.sampled_from(["st_within", "st_intersects", "geo.distance"]))
def test_many_points_at_once_are_as_each(points: list[tuple[float, float]], name: str) -> None:
    other = places.geometry(SQUARE if name != "geo.distance" else "POINT(3 4)")
    told = [{"type": "Point", "coordinates": list(point)} for point in points]
    each: Any = {**places.RELATIONS, **places.DISTANCES}[name]
    np.testing.assert_allclose(places.related(name, told, other), [each(places.of(one), other) for one in told])


def test_locations_that_are_no_geometry_are_in_no_relation() -> None:
    told = [{"type": "Nothing"}, {"type": "Point", "coordinates": []}, {"type": "Point", "coordinates": [1, 1]}]
    assert places.related("st_within", told, places.geometry(SQUARE)) == [None, None, True]
