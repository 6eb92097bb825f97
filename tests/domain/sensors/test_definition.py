"""What a source is made of, checked."""
from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tzc.sensors import definition, mapping, pulls
from tzc.sensors.batching import Batch, matches

MQTT = {"kind": "mqtt", "name": "Port", "address": "mqtts://broker.example.org", "topics": "v3/app@ttn/devices/+/up\n", "format": "ttn"}


def test_a_broker() -> None:
    found = definition.read(MQTT)
    assert (found.host, found.fields["topics"]) == ("broker.example.org:8883", ["v3/app@ttn/devices/+/up"])
    assert definition.read({**MQTT, "address": "mqtt://broker.example.org:1884"}).host == "broker.example.org:1884"


@pytest.mark.parametrize(("changes", "faults"), [
    ({"kind": "x"}, {"kind": "kind"}), ({"kind": None}, {"kind": "kind"}), ({"name": ""}, {"name": "needed"}), ({"name": "x" * 201}, {"name": "text"}), ({"name": 5}, {"name": "text"}),
    ({"address": "https://x"}, {"address": "address"}), ({"address": "mqtts://user:secret@x"}, {"address": "address"}), ({"address": "mqtts://x:99999"}, {"address": "address"}),
    ({"address": ""}, {"address": "needed"}), ({"address": {}}, {"address": "needed"}), ({"address": [1]}, {"address": "address"}), ({"topics": "a/#/b"}, {"topics": "topics"}),
    ({"topics": "a+/b"}, {"topics": "topics"}), ({"topics": ["$share/g/a"]}, {"topics": "topics"}), ({"topics": ["x"] * 51}, {"topics": "topics"}), ({"format": "xml"}, {"format": "format"}),
    ({"format": "json"}, {"mapping": "needed"}), ({"mapping": {"zone": "Mars/Base"}}, {"mapping": "mapping"}), ({"mapping": 5}, {"mapping": "mapping"}), ({"ca": "x"}, {"ca": "ca"}),
    ({"credential": "x" * 101}, {"credential": "text"}),
])  # fmt: skip
def test_what_is_wrong(changes: dict[str, Any], faults: dict[str, str]) -> None:
    with pytest.raises(definition.DefinitionError) as caught:
        definition.read({**MQTT, **changes})
    assert caught.value.faults == faults


@pytest.mark.parametrize(("kind", "good", "odd"), [
    ("hubeau", ["N603201001", "N6032010", "1022001001"], ["la-Loire", "N60320100", "n603201001", "NN03201001", "N6032010010"]), ("meteofrance", ["17300009"], ["1730000", "173000090", "LaRochel"]),
])  # fmt: skip
def test_stations_are_named_as_their_service_names_them(kind: str, good: list[str], odd: list[str]) -> None:
    assert kind in {each.code for each in pulls.PULLED}
    given_ = {"kind": kind, "name": "s", "credential": "c"}
    assert definition.read({**given_, "stations": good}).fields["stations"] == good
    for station in odd:
        with pytest.raises(definition.DefinitionError) as told:
            definition.read({**given_, "stations": [*good, station]})
        assert told.value.faults == {"stations": kind}


@pytest.mark.parametrize(("given_", "place"), [
    ({"x": 1}, "x"), ({"values": {}}, "values"), ({"values": [{"path": "a"}, {"path": "b.a"}]}, "values: name"), ({"values": [{"path": ""}]}, "values.0.path"),
    ({"values": [{"path": "a", "unit": "parsec/fortnight"}]}, "values.0.unit"), ({"values": [{"path": "a", "kind": "x"}]}, "values.0.kind"), ({"values": [{"path": "a", "interval": -1}]}, "values.0.interval"),
    ({"values": [{"path": "a", "name": "a/b"}]}, "values.0.name"), ({"values": [{"path": "a", "property": "É"}]}, "values.0.property"), ({"values": [{"path": "a", "absent": "x"}]}, "values.0.absent"),
    ({"zone": "../etc"}, "zone"), ({"written": "%Q"}, "written"), ({"delimiter": "x"}, "delimiter"), ({"encoding": "rot13"}, "encoding"), ({"time": 5}, "time"),
    ({"places": {"a": {"longitude": 999, "latitude": 0}}}, "places.a"), ([], "mapping"),
])  # fmt: skip
def test_mappings_that_are_none(given_: Any, place: str) -> None:
    with pytest.raises(ValueError, match="^" + place.replace(".", r"\.") + "$"):
        mapping.read(given_)


@pytest.mark.parametrize(("pattern", "topic", "expected"), [
    ("a/b", "a/b", True), ("a/+", "a/b", True), ("a/+", "a/b/c", False), ("a/#", "a/b/c", True), ("a/#", "a", True), ("#", "a", True), ("#", "$SYS/x", False), ("+/x", "$SYS/x", False),
    ("$SYS/#", "$SYS/x", True), ("a/+/c", "a//c", True), ("a", "b", False), ("a/b", "a", False),
])  # fmt: skip
def test_topics(pattern: str, topic: str, expected: bool) -> None:
    assert matches(pattern.split("/"), topic.split("/")) is expected


def test_when_a_batch_is_full() -> None:
    batch = Batch(3, 0.2, 1000, idle=0.01)
    assert not batch.full(0) and batch.wait(0, 0.5) == 0.5
    batch.add(10, 1.0)
    assert not batch.full(1.005) and batch.wait(1.005, 0.5) == pytest.approx(0.005)
    assert batch.full(1.011)
    batch.add(10, 1.195)
    assert not batch.full(1.199) and batch.full(1.201)
    batch.add(10, 1.196)
    assert batch.full(1.196) and not batch.room()
    batch.empty()
    batch.add(1000, 2.0)
    assert batch.full(2.0) and not batch.room()


@given(content=st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=6), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*mapping.PATHS, "values", "places", "path", "kind", "name", "unit", "zone", "written"]), inner, max_size=4), max_leaves=12))
def test_whatever_is_given(content: Any) -> None:
    try:
        definition.read({"kind": "push", "name": "x", "mapping": content})
    except definition.DefinitionError:
        return
