"""What decoders make of what services really sent, as other people's packages have recorded it: beside a reading of ours that is nothing but the recording's own words."""
from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ckanext.tzc.harvesters.sensors.asking import Asking
from ckanext.tzc.harvesters.sensors.kinds import KINDS
from tzc.sensors import partitions
from tzc.sensors.protocols import DECODERS, frames
from tzc.sensors.readings import Decoded

from tests.peers import recorded
from tests.sites import Reply, Site, served

Told = list[tuple[str, dt.datetime, float | str]]
"""Stream, moment, value."""


def told(found: Decoded) -> Told:
    words = found.said.tolist() if found.said is not None else [-1] * len(found)
    return [
        (found.names[index], partitions.moment(time), found.words[word] if word >= 0 else result)
        for index, time, result, word in zip(found.index.tolist(), found.times.tolist(), found.results.tolist(), words, strict=True)
    ]  # fmt: skip


def at(written: str) -> dt.datetime:
    """A moment as networks write it, to the microsecond."""
    return dt.datetime.fromisoformat(f"{written[:26].rstrip('Z')}+00:00")


@pytest.fixture(scope="session")
def npm() -> Path:
    return recorded.npm()


@pytest.fixture(scope="session")
def pypi() -> Path:
    return recorded.pypi()


# GBFS: Nashville, in the night of 2 October 2021


@pytest.fixture
def nashville(npm: Path) -> Iterator[Site]:
    """The system's feeds, at an address here."""
    with served() as site:

        def answer(path: str) -> Reply:
            found = json.loads(recorded.read(npm, "hubot-bcycle-finder", f"test/fixtures{path}"))
            for feed in found["data"].get("en", {}).get("feeds", ()):
                feed["url"] = f"{site.address}/{feed['name']}.json"
            return Reply(json.dumps(found).encode(), headers={"Content-Type": "application/json"})

        site.answer = lambda asked: answer(asked.path)
        yield site


def test_gbfs(npm: Path, nashville: Site) -> None:
    """All stations, each count at the second at which it was told; where they stand; when it is worth asking again."""
    status, information = (json.loads(recorded.read(npm, "hubot-bcycle-finder", f"test/fixtures/{name}.json"))["data"]["stations"] for name in ("station_status", "station_information"))
    client, wanted = Asking(nashville.address, allow_internal=True), {"address": f"{nashville.address}/gbfs.json"}
    [page] = KINDS["gbfs"].collect(client, wanted, None)
    moment = dt.datetime(2021, 10, 2, 2, 27, 52, tzinfo=dt.timezone.utc)
    assert told(page.decoded) == [
        (f"{station['station_id']}/{name}", moment, float(station[field])) for station in status for name, field in (("bikes", "num_bikes_available"), ("docks", "num_docks_available"))
    ]  # fmt: skip
    assert (len(page.decoded), page.decoded.rejected, page.cursor["again"]) == (44, (), 60)
    assert told(page.decoded)[:2] == [("bcycle_nashville_2162/bikes", moment, 12.0), ("bcycle_nashville_2162/docks", moment, 3.0)]
    streams = KINDS["gbfs"].describe(client, wanted)
    assert {stream.external for stream in streams} == set(page.decoded.names)
    assert [(stream.thing.external, stream.thing.name, (stream.thing.location or {})["coordinates"]) for stream in streams[::2]] == [
        (station["station_id"], station["name"], [station["lon"], station["lat"]]) for station in information
    ]  # fmt: skip
    assert (streams[0].thing.name, streams[0].thing.location) == ("Commerce & 2nd Ave N", {"type": "Point", "coordinates": [-86.77612, 36.16309]})


# LoRaWAN networks: devices of people's houses, 2023 to 2026


@pytest.fixture(scope="module")
def lorawan(npm: Path) -> list[tuple[str, dict[str, Any]]]:
    """Topics and messages of both networks."""
    return list(recorded.messages(recorded.read(npm, "iobroker.lorawan", "main.js").decode()))


def packed(sent: list[tuple[str, dict[str, Any]]]) -> bytes:
    """Messages as a broker brings them."""
    return frames.packed([frames.Frame(topic, json.dumps(message).encode(), 0) for topic, message in sent])


def values(*named: str, **units: str) -> dict[str, Any]:
    """A mapping of values at these paths, some of which are measured."""
    return {"mapping": {"create": True, "values": [*({"path": path} for path in named), *({"path": path, "unit": unit} for path, unit in units.items())]}}


def test_the_things_network(lorawan: list[tuple[str, dict[str, Any]]]) -> None:
    """Three devices' own values: what is 0 is written as 0, what is null is nothing, and what a device does not send is not made up."""
    sent = [(topic, message) for topic, message in lorawan if topic.startswith("v3/") and "normalized_payload" not in message.get("uplink_message", {})]
    fields = ["airtemperature", "airhumidity", "volt", "relais1", "relais2", "relais3", "BatV", "Illuminance"]
    expected = [
        (f"{message['end_device_ids']['device_id']}/{field}", at(uplink["received_at"]), float(uplink["decoded_payload"][field]))
        for _topic, message in sent if (uplink := message.get("uplink_message")) for field in fields if uplink["decoded_payload"].get(field) is not None
    ]  # fmt: skip
    found = DECODERS["mqtt.ttn"](packed(sent), values(*fields))
    assert (told(found), found.rejected) == (expected, ())
    moment = dt.datetime(2024, 1, 22, 7, 6, 25, 54442, tzinfo=dt.timezone.utc)
    assert [row for row in expected if row[0].startswith("eui-lobaro-modbus/")] == [
        (f"eui-lobaro-modbus/{name}", moment, value) for name, value in (("airtemperature", 19.9), ("airhumidity", 50.9), ("volt", 3.649), ("relais1", 0.0), ("relais2", 1.0))
    ]  # fmt: skip
    assert {("shlm-luxsensor-001/Illuminance", dt.datetime(2024, 11, 26, 12, 39, 20, 785204, tzinfo=dt.timezone.utc), 258.0)} <= set(expected) and len(expected) == 7


def test_the_things_network_as_it_normalizes(lorawan: list[tuple[str, dict[str, Any]]]) -> None:
    """Without a mapping: a room in Saxony, on the morning of 28 March 2026."""
    [uplink] = [message for topic, message in lorawan if topic.startswith("v3/") and "normalized_payload" in message.get("uplink_message", {})]
    found = DECODERS["ttn"](json.dumps(uplink).encode(), {})
    moment = dt.datetime(2026, 3, 28, 8, 26, 1, 821949, tzinfo=dt.timezone.utc)
    assert told(found) == [(f"eui-647fda0000009f7c/{name}", moment, value) for name, value in (("air_temperature", 13.3), ("relative_humidity", 64.0), ("battery", 3.12))]
    assert [found.units[name] for name in found.names] == ["Cel", "%", "V"] and found.rejected == ()


def test_a_weather_station_of_the_things_network(pypi: Path) -> None:
    """Values that stand in a list, of 5 July 2024; no rain and no ultraviolet light are values."""
    sent = json.loads(recorded.read(pypi, "ttn_client", "tests/parsers/test_data/sensecap_valid.json"))["data"]
    listed = [(place, value["measurementValue"]) for place, value in enumerate(sent["uplink_message"]["decoded_payload"]["messages"]) if "measurementValue" in value]
    mapping = {"create": True, "values": [{"path": f"messages.{place}.measurementValue", "name": f"{place}"} for place, _ in listed]}
    found = DECODERS["ttn"](json.dumps(sent).encode(), {"mapping": mapping})
    moment = dt.datetime(2024, 7, 5, 16, 16, 30, 693554, tzinfo=dt.timezone.utc)
    assert told(found) == [(f"eui-2cf7f1c044300279/{place}", moment, float(value)) for place, value in listed]
    assert found.results.tolist() == [13.3, 77.0, 3911.0, 0.0, 2.1, 127.0, 0.0, 99660.0] and found.rejected == ()


def test_what_the_things_network_decodes_by_itself(pypi: Path) -> None:
    """Channels of Cayenne's, of 6 July 2024: yes is 1; an uplink that is not decoded is named."""
    whole, bare = (json.loads(recorded.read(pypi, "ttn_client", f"tests/parsers/test_data/default_{name}.json"))["data"] for name in ("valid", "no_decoded_payload"))
    found = DECODERS["ttn"](json.dumps(whole).encode(), values("temperature_41", "illuminance_44", "boolean_1", "accelerometer_77.z", "humidity_1"))
    moment = at(whole["uplink_message"]["received_at"])
    assert told(found) == [(f"distance-03/{name}", moment, value) for name, value in (("temperature_41", 24.6), ("illuminance_44", 2008.0), ("boolean_1", 1.0), ("z", 9.8))]
    assert moment == dt.datetime(2024, 7, 6, 9, 19, 21, 175051, tzinfo=dt.timezone.utc)
    refused = DECODERS["ttn"](json.dumps(bare).encode(), values("temperature_41"))
    assert (len(refused), [row.code for row in refused.rejected]) == (0, ["shape"])


def test_chirpstack(lorawan: list[tuple[str, dict[str, Any]]]) -> None:
    """Uplinks of four devices, one below freezing; what else the network says of devices (joined, acknowledged, sent, in which state, in which error) is neither read nor refused."""
    sent = [(topic, message) for topic, message in lorawan if topic.startswith("application/") and "/event/" in topic]
    fields = ["Soiltemperature", "Soilmoisture", "SensorTemperature", "RelativeHumidity", "OpenWindow", "ValveOpenness", "DI1_status", "AVI1_V", "CONTACT", "BAT_V", "OPEN_TIMES"]
    expected = [
        (f"{message['deviceInfo']['devEui']}/{field}", at(message["time"].removesuffix("+00:00")), value if isinstance(value := message["object"][field], str) else float(value))
        for _topic, message in sent for field in fields if field in message.get("object", {})
    ]  # fmt: skip
    found = DECODERS["mqtt.chirpstack"](packed(sent), values(*fields))
    assert (told(found), found.rejected) == (expected, ())
    moment = dt.datetime(2025, 2, 18, 14, 49, 19, 475813, tzinfo=dt.timezone.utc)
    assert [row for row in expected if row[0].startswith("a84041f621857cd2/")] == [("a84041f621857cd2/Soiltemperature", moment, -0.4), ("a84041f621857cd2/Soilmoisture", moment, 41.8)]
    assert len(sent) == 9 and len(expected) == 11
    told_of = found.described["a84041f621857cd2/Soilmoisture"]
    assert (told_of.thing.name, told_of.sensor.name) == ("Skimmer", "Dragino Feuchtesenor")
