"""SensorThings 1.1, as programs ask it."""
from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit

import numpy as np
import pytest
from tzc.sensors import partitions
from tzc.sensors.readings import SECOND, readings

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

START = partitions.microseconds(partitions.Month(2026, 10).first)
MINUTE = 60 * SECOND
Ask = Callable[..., Any]


@pytest.fixture
def network(source: Any) -> dict[str, int]:
    """Two stations with a thermometer each, one with a state in words too: 300 temperatures of the first, 10 of the second, 3 words. Numbers of streams by name."""
    import ckan.model as model
    from ckanext.tzc.sensors import describing, settling, taking, writing
    from tzc.sensors.model import CATEGORY, Property, Sensor, Stream, Thing

    port = Thing("port", "Port", "On the quay", {"type": "Point", "coordinates": [-1.15, 46.16]}, properties={"floors": 2, "colour": "blue"})
    park = Thing("park", "Park", "Under trees", {"type": "Point", "coordinates": [-1.18, 46.15]}, properties={"floors": 1})
    rows = describing.describe(source, [
        Stream("a", port, Property("air_temperature"), name="Air at the port", sensor=Sensor("Probe 1"), unit="Cel", interval=600),
        Stream("b", park, Property("air_temperature"), name="Air in the park", sensor=Sensor("Probe 2"), unit="Cel", interval=3600, period=3600),
        Stream("c", port, Property("other", name="State"), name="State", kind=CATEGORY),
    ])  # fmt: skip
    numbers = {name: row.id for name, row in rows.items()}
    words = taking.words(numbers["c"], ["ok", "broken"])
    writing.write(readings([numbers["a"]] * 300, START + np.arange(300) * 10 * MINUTE, 10 + np.arange(300) % 50 / 10))
    writing.write(readings([numbers["b"]] * 10, START + np.arange(10) * 60 * MINUTE, np.arange(10) * 10.0, 3600))
    writing.write(readings([numbers["c"]] * 3, START + np.arange(3) * MINUTE, [words["ok"], words["broken"], words["ok"]]))
    model.Session.commit()
    settling.settle_all()
    return numbers


@pytest.fixture
def ask(app: Any) -> Ask:
    """Ask by path and options; the answer's JSON."""

    def asked(path: str, status: int = 200, headers: dict[str, str] | None = None, **options: Any) -> Any:
        question = "&".join(f"${name}={quote(str(value))}" for name, value in options.items())
        answer = app.get(f"/sta/v1.1{path}{'?' if question else ''}{question}", headers=headers or {}, status=status)
        return json.loads(answer.body)

    return asked


def follow(app: Any, link: str) -> Any:
    parts = urlsplit(link)
    return json.loads(app.get(f"{parts.path}?{parts.query}").body)


def names(answer: Any) -> list[str]:
    return [one["name"] for one in answer["value"]]


def test_what_there_is(ask: Ask, network: dict[str, int]) -> None:
    root = ask("")
    assert [one["name"] for one in root["value"]] == ["Things", "Locations", "HistoricalLocations", "Datastreams", "Sensors", "ObservedProperties", "Observations", "FeaturesOfInterest"]
    assert "http://www.opengis.net/spec/iot_sensing/1.1/req/datamodel/thing" in root["serverSettings"]["conformance"]
    counts = {one["name"]: ask(f"/{one['name']}", count="true")["@iot.count"] for one in root["value"]}
    assert counts == {"Things": 2, "Locations": 2, "HistoricalLocations": 2, "Datastreams": 3, "Sensors": 3, "ObservedProperties": 2, "Observations": 313, "FeaturesOfInterest": 2}


def test_an_entity_and_what_it_leads_to(ask: Ask, network: dict[str, int]) -> None:
    a = network["a"]
    stream = ask(f"/Datastreams({a})")
    assert stream["@iot.id"] == a
    assert stream["unitOfMeasurement"] == {"name": "Cel", "symbol": "Cel", "definition": "http://www.opengis.net/def/uom/UCUM/0/Cel"}
    assert stream["phenomenonTime"] == "2026-10-01T00:00:00.000Z/2026-10-03T01:50:00.000Z"
    assert stream["observedArea"] == {"type": "Point", "coordinates": [-1.15, 46.16]}
    assert stream["observationType"].endswith("OM_Measurement")
    assert ask(f"/Datastreams({a})/Thing")["name"] == "Port"
    assert ask(f"/Datastreams({a})/Thing/Locations")["value"][0]["location"]["coordinates"] == [-1.15, 46.16]
    assert ask(f"/Datastreams({a})/ObservedProperty")["name"] == "Air temperature"
    assert ask(f"/Datastreams({a})/Sensor/Datastreams")["value"][0]["@iot.id"] == a
    assert sorted(names(ask(f"/Datastreams({a})/Thing/Datastreams"))) == ["Air at the port", "State"]
    thing = ask(f"/Datastreams({a})/Thing")["@iot.id"]
    assert ask(f"/Things({thing})/Datastreams({a})")["@iot.id"] == a
    ask(f"/Things({thing})/Datastreams({network['b']})", 404)
    assert ask(f"/Things({thing})/HistoricalLocations")["value"][0]["time"].endswith("Z")
    place = ask(f"/Things({thing})/Locations")["value"][0]["@iot.id"]
    assert names(ask(f"/Locations({place})/Things")) == ["Port"]
    assert ask(f"/FeaturesOfInterest({place})/Observations", count="true")["@iot.count"] == 303


def test_properties_and_links_alone(app: Any, ask: Ask, network: dict[str, int]) -> None:
    a = network["a"]
    assert ask(f"/Datastreams({a})/name") == {"name": "Air at the port"}
    assert ask(f"/Datastreams({a})/unitOfMeasurement/symbol") == {"symbol": "Cel"}
    assert app.get(f"/sta/v1.1/Datastreams({a})/name/$value").body == "Air at the port"
    assert app.get(f"/sta/v1.1/Datastreams({a})/resultTime", status=204).body == ""
    assert [set(one) for one in ask("/Things/$ref")["value"]] == [{"@iot.selfLink"}] * 2
    ask(f"/Datastreams({a})/nothing", 404)
    ask(f"/Datastreams({a})/properties/nothing", 404)


FILTERS = [
    ("Datastreams", "name eq 'Air at the port'", ["a"]),
    ("Datastreams", "substringof('Air', name) and not startswith(name, 'Air at')", ["b"]),
    ("Datastreams", "id eq {a} or @iot.id eq '{c}'", ["a", "c"]),
    ("Datastreams", "id add 1 eq {b}", ["a"]),
    ("Datastreams", "unitOfMeasurement/symbol eq 'Cel'", ["a", "b"]),
    ("Datastreams", "Thing/name eq 'Port' and ObservedProperty/name ne 'State'", ["a"]),
    ("Datastreams", "Thing/properties/floors gt 1.5", ["a", "c"]),
    ("Datastreams", "Thing/properties/colour eq 'blue'", ["a", "c"]),
    ("Datastreams", "Thing/properties/colour eq null", ["b"]),
    ("Datastreams", "length(name) le 5", ["c"]),
    ("Datastreams", "tolower(trim(concat(name, ' '))) eq 'state'", ["c"]),
    ("Datastreams", "endswith(observationType, 'OM_CategoryObservation')", ["c"]),
    ("Datastreams", "indexof(name, 'port') gt 0 and substring(name, 0, 3) eq 'Air'", ["a"]),
    ("Datastreams", "phenomenonTime ge 2026-10-01T00:00:00Z and phenomenonTime lt 2026-10-02T00:00:00Z", ["b", "c"]),
    ("Datastreams", "overlaps(phenomenonTime, 2026-10-02T00:00:00Z/2026-10-09T00:00:00Z)", ["a"]),
    ("Datastreams", "during(phenomenonTime, 2026-10-01T00:00:00Z/2026-10-01T01:00:00Z)", ["c"]),
    ("Datastreams", "st_within(Thing/Locations/location, geography'POLYGON((-1.16 46.1,-1.1 46.1,-1.1 46.2,-1.16 46.2,-1.16 46.1))')", ["a", "c"]),
    ("Datastreams", "geo.distance(Thing/Locations/location, geography'POINT(-1.18 46.15)') lt 0.01", ["b"]),
    ("Datastreams", "st_intersects(Thing/Locations/location, geography'LINESTRING(-1.18 46.15,-1 46.15)')", ["b"]),
    ("Datastreams", "10 mod 4 eq 2 and 9 div 2 eq 4.5 and 3 mul 2 sub 1 eq 5 and round(2.6) eq 3 and floor(2.6) eq 2 and ceiling(2.1) eq 3 and -1 lt 0", ["a", "b", "c"]),
    ("Datastreams", "1 div 0 eq 1", []),
]


@pytest.mark.parametrize(("set_", "filter_", "expected"), FILTERS)
def test_filters(ask: Ask, network: dict[str, int], set_: str, filter_: str, expected: list[str]) -> None:
    found = [one["@iot.id"] for one in ask(f"/{set_}", filter=filter_.format(**network))["value"]]
    assert found == [network[name] for name in expected]


def test_things_by_what_they_have(ask: Ask, network: dict[str, int]) -> None:
    assert names(ask("/Things", filter="Datastreams/ObservedProperty/name eq 'State'")) == ["Port"]
    assert names(ask("/Things", filter="not Datastreams/ObservedProperty/name eq 'State'")) == ["Park"]
    assert names(ask("/Things", orderby="name desc")) == ["Port", "Park"]
    assert names(ask("/Things", orderby="properties/floors,name")) == ["Park", "Port"]
    assert names(ask("/Datastreams", orderby="Thing/name,name desc")) == ["Air in the park", "State", "Air at the port"]
    assert len(ask("/HistoricalLocations", filter="year(time) gt 2020 and time le now() and month(time) le 12")["value"]) == 2


def test_pages_of_entities(app: Any, ask: Ask, network: dict[str, int]) -> None:
    page = ask("/Datastreams", top=2, orderby="name", select="name", count="true")
    assert names(page) == ["Air at the port", "Air in the park"]
    assert page["@iot.count"] == 3
    last = follow(app, page["@iot.nextLink"])
    assert names(last) == ["State"]
    assert set(last["value"][0]) == {"name"}
    assert "@iot.nextLink" not in last
    assert ask("/Datastreams", top=0, count="true") == {"@iot.count": 3, "value": []}
    assert names(ask("/Datastreams", skip=2, orderby="name")) == ["State"]


def test_expansions(app: Any, ask: Ask, network: dict[str, int]) -> None:
    found = ask("/Things", expand="Datastreams($select=name;$orderby=name;$count=true;$expand=Observations($top=2;$orderby=phenomenonTime desc),ObservedProperty),Locations", orderby="name desc")
    port = found["value"][0]
    assert port["Locations"][0]["location"]["type"] == "Point"
    assert port["Datastreams@iot.count"] == 2
    stream = port["Datastreams"][0]
    assert stream["name"] == "Air at the port"
    assert set(stream) == {"name", "Observations", "Observations@iot.nextLink", "ObservedProperty"}
    assert stream["ObservedProperty"]["name"] == "Air temperature"
    assert [one["phenomenonTime"] for one in stream["Observations"]] == ["2026-10-03T01:50:00.000Z", "2026-10-03T01:40:00.000Z"]
    more = follow(app, stream["Observations@iot.nextLink"])
    assert [one["phenomenonTime"] for one in more["value"]] == ["2026-10-03T01:30:00.000Z", "2026-10-03T01:20:00.000Z"]
    one = ask(f"/Datastreams({network['a']})", expand="Thing/Locations,Sensor($select=name)")
    assert one["Thing"]["Locations"][0]["name"] == "Port"
    assert one["Sensor"] == {"name": "Probe 1"}
    assert "Datastreams@iot.navigationLink" in one["Thing"]
    observation = ask("/Observations", top=1, expand="Datastream($expand=Thing),FeatureOfInterest")["value"][0]
    assert observation["Datastream"]["Thing"]["name"] == "Port"
    assert observation["FeatureOfInterest"]["feature"]["coordinates"] == [-1.15, 46.16]


@pytest.mark.parametrize("options", ["$top=2;$orderby=phenomenonTime desc", "$top=2;$skip=1", "$top=3;$filter=result gt 5", "$top=2;$orderby=result desc", "$top=0", "$count=true;$top=3"])
def test_expanded_observations_are_those_that_are_asked_for_one_by_one(app: Any, ask: Ask, network: dict[str, int], options: str) -> None:
    alone = {name.removeprefix("$"): value for name, _, value in (option.partition("=") for option in options.split(";"))}
    for stream in ask("/Datastreams", expand=f"Observations({options})")["value"]:
        one = ask(f"/Datastreams({stream['@iot.id']})/Observations", **alone)
        assert stream["Observations"] == one["value"]
        assert stream.get("Observations@iot.count") == one.get("@iot.count")
        assert ("Observations@iot.nextLink" in stream) == ("@iot.nextLink" in one)
        if "@iot.nextLink" in one:
            assert follow(app, stream["Observations@iot.nextLink"])["value"] == follow(app, one["@iot.nextLink"])["value"]


def test_an_answer_does_not_grow_by_what_it_repeats(ask: Ask, network: dict[str, int]) -> None:
    """A place is read once, and written with each of its observations, with all of its own."""
    there = f"FeatureOfInterest($expand=Observations($top=300;$filter=Datastream/id eq {network['a']}))"
    found = ask("/Observations", top=100, filter=f"Datastream/id eq {network['a']}", expand=there)["value"]
    assert sum(2 + len(one["FeatureOfInterest"]["Observations"]) for one in found) == 100 * 302
    assert "50000" in ask("/Observations", 400, top=300, filter=f"Datastream/id eq {network['a']}", expand=there)["message"]


def test_how_deep_an_expansion_goes(ask: Ask, network: dict[str, int]) -> None:
    deep = "Datastreams/Sensor/Datastreams/Thing/Locations/Things"
    assert ask("/Things", filter="name eq 'Port'", expand=deep)["value"][0]["Datastreams"][0]["Sensor"]["Datastreams"][0]["Thing"]["Locations"][0]["Things"][0]["name"] == "Port"
    ask("/Things", 400, expand=f"{deep}/Datastreams")


def test_observations(ask: Ask, network: dict[str, int]) -> None:
    a, b, c = (network[name] for name in "abc")
    first = ask(f"/Datastreams({a})/Observations", top=1)["value"][0]
    assert first["@iot.id"] == f"{a}-{START}"
    assert (first["result"], first["phenomenonTime"], first["resultTime"], first["resultQuality"]) == (10.0, "2026-10-01T00:00:00.000Z", None, [])
    assert ask(f"/Observations('{a}-{START}')") == first
    assert ask(f"/Observations({a}-{START})/Datastream")["@iot.id"] == a
    assert ask(f"/Observations({a}-{START})/FeatureOfInterest")["name"] == "Port"
    assert ask(f"/Datastreams({b})/Observations", top=1)["value"][0]["phenomenonTime"] == "2026-10-01T00:00:00.000Z/2026-10-01T01:00:00.000Z"
    assert [one["result"] for one in ask(f"/Datastreams({c})/Observations")["value"]] == ["ok", "broken", "ok"]
    marked = ask(f"/Datastreams({b})/Observations", filter="resultQuality eq 'range'")["value"]
    assert [one["result"] for one in marked] == [60.0, 70.0, 80.0, 90.0]
    assert {tuple(one["resultQuality"]) for one in marked} == {("range",)}


OBSERVATIONS = [
    ("phenomenonTime ge 2026-10-01T00:20:00Z and phenomenonTime lt 2026-10-01T00:50:00Z and Datastream/id eq {a}", 3),
    ("2026-10-01T00:20:00Z le phenomenonTime and phenomenonTime le 2026-10-01T00:40:00Z and Datastream/@iot.id eq {a}", 3),
    ("phenomenonTime gt 2026-10-01T08:00:00Z and Datastream/id eq {b}", 1),
    ("phenomenonTime lt 2026-10-01T02:00:00Z and Datastream/id eq {b}", 1),
    ("during(phenomenonTime, 2026-10-01T00:00:00Z/2026-10-01T03:00:00Z) and Datastream/id eq {b}", 3),
    ("result gt 14.85", 6 + 8),
    ("result ge 20 and result lt 40", 2),
    ("result mul 2 add 1 eq 41", 1),
    ("result eq 'broken'", 1),
    ("startswith(result, 'o')", 2),
    ("substring(result, 1) eq 'roken'", 1),
    ("substring(result, 0, 1) eq 'o'", 2),
    ("substring(result, 1e300, 1e300) eq 'o'", 0),
    ("result ne 'ok' and Datastream/name eq 'State'", 1),
    ("not result gt 20 and Datastream/Thing/name eq 'Park'", 3),
    ("Datastream/ObservedProperty/name eq 'State' or result eq 90", 4),
    ("hour(phenomenonTime) eq 5 and minute(phenomenonTime) eq 30 and date(phenomenonTime) eq 2026-10-02", 1),
    ("time(phenomenonTime) eq 05:30:00 and Datastream/id eq {a}", 2),
    ("time(phenomenonTime) ge 23:40 and Datastream/id eq {a}", 2 * 2),
    ("id eq '{a}-1790812800000000'", 1),
    ("FeatureOfInterest/name eq 'Park'", 10),
    ("st_within(FeatureOfInterest/feature, geography'POLYGON((-1.19 46.1,-1.17 46.1,-1.17 46.2,-1.19 46.2,-1.19 46.1))')", 10),
    ("resultTime eq null", 313),
    ("resultQuality ne null", None),
    ("Datastream/id eq 999999", 0),
    ("phenomenonTime ge now() sub duration'P1D'", 0),
]


@pytest.mark.parametrize(("filter_", "expected"), OBSERVATIONS)
def test_observations_by_filters(ask: Ask, network: dict[str, int], filter_: str, expected: int | None) -> None:
    assert partitions.microseconds(partitions.Month(2026, 10).first) == 1790812800000000
    found = ask("/Observations", filter=filter_.format(**network), count="true", top=1000)
    assert found["@iot.count"] == len(found["value"])
    assert expected is None or len(found["value"]) == expected


@pytest.mark.parametrize("order", ["", "phenomenonTime", "phenomenonTime desc", "@iot.id desc", "result", "result desc"])
@pytest.mark.parametrize("filter_", ["", "result gt 12"])
def test_pages_of_observations_have_each_once(app: Any, ask: Ask, network: dict[str, int], order: str, filter_: str) -> None:
    options = {"top": 70, **({"orderby": order} if order else {}), **({"filter": filter_} if filter_ else {})}
    page = ask("/Observations", **options)
    rows = list(page["value"])
    while "@iot.nextLink" in page:
        page = follow(app, page["@iot.nextLink"])
        rows += page["value"]
    whole = ask("/Observations", **{**options, "top": 5000})["value"]
    assert rows == whole
    assert len({one["@iot.id"] for one in rows}) == len(rows) == (313 if not filter_ else len(rows))
    if "phenomenonTime" in order:
        times = [one["phenomenonTime"].partition("/")[0] for one in rows]
        assert times == sorted(times, reverse="desc" in order)


def test_a_page_does_not_move_when_more_comes(app: Any, ask: Ask, network: dict[str, int]) -> None:
    import ckan.model as model
    from ckanext.tzc.sensors import writing

    page = ask(f"/Datastreams({network['a']})/Observations", orderby="phenomenonTime desc", top=5)
    writing.write(readings([network["a"]] * 3, START + (300 + np.arange(3)) * 10 * MINUTE, [1.0, 2.0, 3.0]))
    model.Session.commit()
    second = follow(app, page["@iot.nextLink"])
    assert second["value"][0]["phenomenonTime"] == "2026-10-03T01:00:00.000Z"


def test_other_forms(app: Any, ask: Ask, network: dict[str, int]) -> None:
    import ckan.plugins.toolkit as tk

    found = ask(f"/Datastreams({network['a']})/Observations", resultFormat="dataArray", top=2, select="phenomenonTime,result")
    assert found["value"] == [{
        "Datastream@iot.navigationLink": f"{tk.config['ckan.site_url'].rstrip('/')}/sta/v1.1/Datastreams({network['a']})",
        "components": ["phenomenonTime", "result"], "dataArray@iot.count": 2, "dataArray": [["2026-10-01T00:00:00.000Z", 10.0], ["2026-10-01T00:10:00.000Z", 10.1]],
    }]  # fmt: skip
    assert "@iot.nextLink" in found
    answer = app.get("/sta/v1.1/Observations?$resultFormat=CSV&$top=1")
    assert answer.content_type == "text/csv; charset=utf-8"
    assert list(csv.DictReader(io.StringIO(answer.body))) == [{
        "id": f"{network['a']}-{START}", "phenomenonTime": "2026-10-01T00:00:00.000Z", "resultTime": "", "result": "10.0", "resultQuality": "", "Datastream": str(network["a"]),
    }]  # fmt: skip
    assert 'rel="next"' in answer.headers["Link"]
    assert app.get("/sta/v1.1/Things?$resultFormat=csv&$select=name").body == "name\nPort\nPark\n"
    places = ask("/Things", resultFormat="GeoJSON", orderby="name")
    assert places["type"] == "FeatureCollection"
    assert places["features"][0]["geometry"] == {"type": "Point", "coordinates": [-1.18, 46.15]}
    assert places["features"][0]["properties"]["name"] == "Park"


BAD = [
    ("/Nothing", {}, 404), ("/Things(1)/Nothing", {}, 404), ("/Things(x)", {}, 404), ("/Things(99999999999)", {}, 404), ("/Observations('1')", {}, 404),
    ("/Things", {"filter": "name eq"}, 400), ("/Things", {"filter": "nothing eq 1"}, 400), ("/Things", {"filter": "name eq 1"}, 400), ("/Things", {"filter": "foo(name)"}, 400),
    ("/Things", {"filter": "name"}, 400), ("/Things", {"filter": "'"}, 400), ("/Things", {"filter": "(" * 60}, 400), ("/Things", {"filter": "not " * 60 + "true"}, 400),
    ("/Things", {"filter": "st_within(name, geography'POINT(1 2)')"}, 400), ("/Things", {"filter": "st_within(Locations/location, geography'POINT(')"}, 400),
    ("/Things", {"filter": "Datastreams/Observations/result gt 1"}, 400), ("/Things", {"filter": "length(name, name) eq 1"}, 400),
    ("/Things", {"filter": "name eq 2026-13-01T00:00:00Z"}, 400), ("/Things", {"filter": "Locations/location eq null"}, 200),
    ("/Things", {"top": "-1"}, 400), ("/Things", {"top": "x"}, 400), ("/Things", {"skip": "1.5"}, 400), ("/Things", {"count": "maybe"}, 400), ("/Things", {"nothing": "1"}, 400),
    ("/Things", {"orderby": "nothing"}, 400), ("/Things", {"orderby": "'a' desc"}, 400), ("/Things", {"orderby": "-3"}, 400), ("/Things", {"orderby": "null"}, 400),
    ("/Locations", {"orderby": "encodingType desc"}, 200), ("/Datastreams", {"orderby": "resultTime"}, 200), ("/ObservedProperties", {"filter": "properties/code ge true"}, 200),
    ("/Things", {"orderby": "Datastreams/name"}, 400), ("/Things", {"orderby": "Locations/location"}, 400),
    ("/Things", {"select": "nothing"}, 400), ("/Things", {"expand": "Nothing"}, 400), ("/Things", {"expand": "Datastreams($top=1"}, 400), ("/Things", {"expand": "Datastreams(name)"}, 400),
    ("/Things", {"expand": "Datastreams($resultFormat=CSV)"}, 400), ("/Things", {"resultFormat": "dataArray"}, 400), ("/Observations", {"resultFormat": "GeoJSON"}, 400),
    ("/Observations", {"filter": "result gt Datastream/properties/limit"}, 400), ("/Observations", {"filter": "phenomenonTime gt 'x'"}, 400), ("/Observations", {"orderby": "Datastream/name"}, 400),
    ("/Observations", {"skiptoken": "x"}, 400), ("/Observations", {"filter": "result"}, 400), ("/Observations", {"filter": "resultQuality gt 'a'"}, 400), ("/Observations", {"filter": "nothing eq 1"}, 400),
    ("/Things", {"filter": "id eq 1e308 mul 1e308"}, 200), ("/Things", {"filter": "substring(name, 1e300) eq 'x'"}, 200), ("/Observations", {"filter": "result mul 1e308 mul 1e308 gt 0"}, 200),
]  # fmt: skip


@pytest.mark.parametrize(("path", "options", "status"), BAD)
def test_what_cannot_be_asked_is_told(ask: Ask, network: dict[str, int], path: str, options: dict[str, str], status: int) -> None:
    answer = ask(quote(path, safe="/()'"), status, **options)
    if status >= 400:
        assert answer["code"] == status
        assert len(answer["message"]) > 20


def test_marks_and_caches(app: Any, network: dict[str, int]) -> None:
    answer = app.get("/sta/v1.1/Things")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "no-cache" in answer.headers["Cache-Control"] and "private" not in answer.headers["Cache-Control"]
    again = app.get("/sta/v1.1/Things", headers={"If-None-Match": answer.headers["ETag"]}, status=304)
    assert again.body == ""


def test_how_long_a_page_and_an_answer_are(app: Any, ask: Ask, network: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever `$top` says: the rest is on the next page. What would look at too much, hold too many or sort too many is refused, with what to do."""
    from ckanext.tzc.sensors.sta import listing, observed

    assert (listing.MOST, listing.MOST_OBSERVATIONS, observed.MOST_OBSERVATIONS, listing.MOST_ENTITIES) == (1_000, 10_000, 10_000, 50_000)
    monkeypatch.setattr(listing, "MOST", 2)
    page = ask("/Datastreams", top=999_999_999, orderby="id", count="true")
    assert (len(page["value"]), page["@iot.count"], len(follow(app, page["@iot.nextLink"])["value"])) == (2, 3, 1)
    inner = ask("/Things", top=1, orderby="name desc", expand="Datastreams($top=5)", filter="name eq 'Port'")["value"][0]
    assert len(inner["Datastreams"]) == 2 and "Datastreams@iot.nextLink" not in inner
    monkeypatch.setattr(listing, "MOST", 1)
    inner = ask("/Things", top=1, expand="Datastreams($top=5)", filter="name eq 'Port'")["value"][0]
    assert len(inner["Datastreams"]) == 1 and len(follow(app, inner["Datastreams@iot.nextLink"])["value"]) == 1
    for module in (listing, observed):
        monkeypatch.setattr(module, "MOST_OBSERVATIONS", 40)
    page = ask("/Observations", top=100_000, count="true")
    assert (len(page["value"]), page["@iot.count"], len(follow(app, page["@iot.nextLink"])["value"])) == (40, 313, 40)
    page = ask(f"/Datastreams({network['a']})", expand="Observations($top=100000)")
    assert len(page["Observations"]) == 40 and len(follow(app, page["Observations@iot.nextLink"])["value"]) == 40
    monkeypatch.setattr(observed, "MOST_SORTED", 300)
    assert "300" in ask("/Observations", 400, orderby="result")["message"]
    assert ask("/Observations", orderby="result", filter=f"Datastream/id eq {network['b']}", count="true")["@iot.count"] == 10
    monkeypatch.setattr(observed, "MOST_LOOKED_AT", 100)
    monkeypatch.setattr(observed, "CHUNK", 50)
    assert "100" in ask("/Observations", 400, filter="result gt 1000")["message"] and "100" in ask("/Observations", 400, top=1, filter="result ge 0", count="true")["message"]
    right = listing.Left
    monkeypatch.setattr(listing, "MOST", 1_000)
    monkeypatch.setattr(listing, "Left", lambda: right(20))
    expanded = {"expand": "Datastreams($expand=Observations($top=10))"}
    assert len(ask("/Things", filter="name eq 'Park'", **expanded)["value"][0]["Datastreams"][0]["Observations"]) == 10
    ask("/Things", 400, **expanded)
    monkeypatch.setattr(listing, "Left", right)
    monkeypatch.setattr(listing, "MOST_ENTITIES", 12)
    many = ask("/Observations", 400, top=40, filter=f"Datastream/id eq {network['a']}")
    assert "12" in many["message"] and len(ask("/Observations", top=12, filter=f"Datastream/id eq {network['a']}")["value"]) == 12


def test_what_many_lead_to_does_not_make_an_answer_endless(ask: Ask, network: dict[str, int]) -> None:
    """313 observations have three streams; each stands in the answer as often as an observation leads to it, with all that it is expanded by."""
    stream = "Datastream($expand=Observations($top=1000),Thing($expand=Datastreams($expand=Observations($top=1000))))"
    place = "FeatureOfInterest($expand=Observations($top=1000))"
    assert ask("/Observations", top=1000, expand=f"{stream},{place}", status=400)["code"] == 400
    assert len(ask("/Observations", top=10, expand=f"{stream},{place}")["value"]) == 10
