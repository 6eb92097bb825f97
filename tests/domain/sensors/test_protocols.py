"""What sources send, decoded: each good row as it is meant, each bad row with its place and its reason."""
from __future__ import annotations

import datetime as dt
import json
import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tzc.sensors import partitions
from tzc.sensors.faults import BatchError
from tzc.sensors.protocols import DECODERS, frames, tables
from tzc.sensors.readings import Decoded

from tests import arrows

T0 = "2026-05-06T12:00:00Z"


def at(text: str) -> int:
    return partitions.microseconds(dt.datetime.fromisoformat(text))


def decode(kind: str, body: Any, **mapping: Any) -> Decoded:
    content = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return DECODERS[kind](content, {"mapping": mapping} if mapping else {})


def rows(found: Decoded) -> list[tuple[str, str, Any]]:
    """Each observation: stream, time, result or word."""
    said = found.said.tolist() if found.said is not None else [-1] * len(found)
    results = [found.words[word] if word >= 0 else result for word, result in zip(said, found.results.tolist(), strict=True)]
    return [(found.names[index], partitions.shown(time), result) for index, time, result in zip(found.index.tolist(), found.times.tolist(), results, strict=True)]


def bad(found: Decoded) -> list[tuple[int, str]]:
    return [(row.row, row.code) for row in found.rejected]


NOON = "2026-05-06T12:00:00+00:00"

# --- CSV -----------------------------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [
    b"stream,time,result\nt,2026-05-06T12:00:00Z,21.5\n", b"\xef\xbb\xbfstream,time,result\r\nt,2026-05-06T12:00:00Z,21.5\r\n", b"stream;time;result\nt;2026-05-06T12:00:00Z;21,5\n",
    b"stream\ttime\tresult\nt\t2026-05-06T14:00:00+02:00\t21.5", "stream,time,result\nt,2026-05-06T12:00:00Z,21.5\n".encode("utf-16"),
    b"time|result|stream|more\n2026-05-06 12:00:00Z|21.5|t|x\n", b'"stream","time","result"\n"t","2026-05-06T12:00:00.000Z"," 21.5 "\n', b"\n\nstream,time,result\n\nt,2026-05-06T12:00:00Z,21.5\n\n",
])  # fmt: skip
def test_csv_however_it_is_written(body: bytes) -> None:
    found = decode("csv", body)
    assert rows(found) == [("t", NOON, 21.5)]
    assert found.rejected == ()


def test_csv_of_windows() -> None:
    found = decode("csv", "stream;time;result\ntempérature;06/05/2026 14:00;1 021,5\n".encode("cp1252"), zone="Europe/Paris", written="%d/%m/%Y %H:%M")
    assert rows(found) == [("température", NOON, 1021.5)]


def test_csv_bad_rows_are_listed_and_the_others_taken() -> None:
    lines = [
        "t,2026-05-06T12:00:00Z,1", "t,2026-05-06T12:01:00Z,", "t,,3", "t,hier,4", ",2026-05-06T12:04:00Z,5", "t,2026-05-06T12:05:00,6", "t,2026-05-06T12:06:00Z", "t,2026-05-06T12:07:00Z,8,9",
        "t,2026-02-30T12:00:00Z,9", "t,2026-05-06T12:09:00Z,10",
    ]  # fmt: skip
    found = decode("csv", "stream,time,result\n" + "\n".join(lines) + "\n")
    assert [result for _stream, _time, result in rows(found)] == [1.0, 10.0]
    assert found.rows.tolist() == [0, 9]
    assert bad(found) == [(1, "no_result"), (2, "no_time"), (3, "time"), (4, "stream"), (5, "zone"), (6, "shape"), (7, "shape"), (8, "time")]
    assert found.rejected[3].shown == " 2026-05-06T12:04:00Z 5"


def test_csv_words_and_what_is_no_number() -> None:
    found = decode("csv", "stream,time,result\n" + "".join(f"t,2026-05-06T12:0{place}:00Z,{text}\n" for place, text in enumerate(["NaN", "inf", "1e400", "-1e400", "ouvert", "1_000", "0x10"])))
    results = [result for _stream, _time, result in rows(found)]
    assert math.isnan(results[0]) and results[1] == math.inf
    assert results[2] == np.finfo(np.float64).max and results[3] == -np.finfo(np.float64).max
    assert results[4:] == ["ouvert", "1_000", "0x10"]


def test_the_doubled_and_the_missing_hour() -> None:
    """Each stream by its own neighbours, however their rows are mixed."""
    clock = ["01:30", "02:00", "02:30", "02:00", "02:30", "03:00"]
    lines = [f"{stream},2026-10-25 {time},{place}" for place, time in enumerate(clock) for stream in ("a", "b")]
    found = decode("csv", "stream,time,result\n" + "\n".join([*lines, "c,2026-10-25 02:30,0", "d,2026-03-29 02:30,0"]), zone="Europe/Paris")
    of_a = [time for stream, time, _result in rows(found) if stream == "a"]
    assert of_a == [f"2026-10-{day}:00+00:00" for day in ("24T23:30", "25T00:00", "25T00:30", "25T01:00", "25T01:30", "25T02:00")]
    assert [time for stream, time, _result in rows(found) if stream == "b"] == of_a
    assert bad(found) == [(12, "doubled_hour"), (13, "missing_hour")]


def test_a_wide_csv() -> None:
    mapping = {
        "time": "Date", "thing": "Station", "zone": "UTC", "create": True, "longitude": "lon", "latitude": "lat",
        "values": [{"path": "T", "name": "temperature", "property": "air_temperature", "unit": "Cel"}, {"path": "HR", "name": "humidity", "property": "relative_humidity", "unit": "%"}],
    }
    body = "Station;Date;T;HR;lon;lat\nPort;2026-05-06 12:00;21,5;60;-1,15;46,16\nPort;2026-05-06 12:10;;61;-1,15;46,16\nGare;bad;20;;;\nGare;2026-05-06 12:10;20;x;;\n"
    found = decode("csv", body, **mapping)
    ten = "2026-05-06T12:10:00+00:00"
    assert rows(found) == [("Port/temperature", NOON, 21.5), ("Gare/temperature", ten, 20.0), ("Port/humidity", NOON, 60.0), ("Port/humidity", ten, 61.0), ("Gare/humidity", ten, "x")]
    assert bad(found) == [(2, "time")]
    port = found.described["Port/temperature"]
    assert (port.property.code, port.unit, port.thing.location) == ("air_temperature", "Cel", {"type": "Point", "coordinates": [-1.15, 46.16]})
    assert set(found.described) == {"Port/temperature", "Port/humidity", "Gare/temperature", "Gare/humidity"}
    assert found.units["Gare/temperature"] == "Cel"


@pytest.mark.parametrize("kind", ["csv", "json", "parquet", "arrow"])
def test_rows_that_name_their_stream_make_it_as_the_mapping_describes_it(kind: str) -> None:
    said = [{"stream": name, "time": T0, "result": 21.5} for name in ("quai-1/temperature", "quai-1/humidite", "temperature", "/x", "y/")]
    given_ = pa.Table.from_pylist(said)
    bodies = {"csv": "stream,time,result\n" + "".join(f"{row['stream']},{T0},21.5\n" for row in said), "json": said, "parquet": arrows.parquet(given_), "arrow": arrows.stream(given_)}
    values = [{"path": "temperature", "property": "air_temperature", "unit": "Cel", "interval": 600}]
    found = decode(kind, bodies[kind], stream="stream", time="time", result="result", values=values, create=True, places={"quai-1": {"name": "Quay", "longitude": -1.15, "latitude": 46.16}})
    assert [name for name, _time, _result in rows(found)] == [row["stream"] for row in said]
    assert not found.rejected
    told = {name: (stream.external, stream.thing.external, stream.thing.name, stream.property.code, stream.unit, stream.interval) for name, stream in found.described.items()}
    assert told == {
        "quai-1/temperature": ("quai-1/temperature", "quai-1", "Quay", "air_temperature", "Cel", 600), "quai-1/humidite": ("quai-1/humidite", "quai-1", "Quay", "other", "1", 0),
        "temperature": ("temperature", "temperature", "temperature", "air_temperature", "Cel", 600), "/x": ("/x", "/x", "/x", "other", "1", 0), "y/": ("y/", "y/", "y/", "other", "1", 0),
    }  # fmt: skip
    assert found.described["quai-1/humidite"].thing.location == {"type": "Point", "coordinates": [-1.15, 46.16]}
    assert found.units == {"quai-1/temperature": "Cel", "temperature": "Cel"}
    known = decode(kind, bodies[kind], stream="stream", time="time", result="result", values=values)
    assert (known.described, known.units) == ({}, found.units)


def test_rows_of_one_value_are_called_after_their_thing() -> None:
    found = decode("json", [{"c": "q9", "d": T0, "v": 4}], thing="c", time="d", result="v", create=True)
    assert rows(found) == [("q9", NOON, 4.0)]
    assert found.described["q9"].external == "q9"


@pytest.mark.parametrize(("body", "code", "parameters"), [
    ("", "empty", {}), ("stream,time,result\n", "empty", {}), ("stream,time\nt,1\n", "columns", {"columns": ["result"]}), ("stream,time,result,time\n", "columns", {"columns": ["time"]}),
    ("\n\n", "empty", {}), ("{}", "columns", {"columns": ["stream", "time", "result"]}),
])  # fmt: skip
def test_no_csv(body: str, code: str, parameters: dict[str, Any]) -> None:
    with pytest.raises(BatchError) as caught:
        decode("csv", body)
    assert (caught.value.code, caught.value.parameters) == (code, parameters)


def test_a_million_rows_with_one_bad_one() -> None:
    times = (np.datetime64("2026-01-01T00:00:00") + np.arange(1_000_000)).astype(str)
    lines = [f"t{place % 50},{time}Z,{place % 300}.5" for place, time in enumerate(times.tolist())]
    lines[777_777] = "t7,2026-02-30T00:00:00Z,1"
    found = decode("csv", "stream,time,result\n" + "\n".join(lines))
    assert len(found) == 999_999
    assert bad(found) == [(777_777, "time")]
    assert found.results[-1] == 999_999 % 300 + 0.5


# --- Arrow and Parquet ---------------------------------------------------------------------------------------------------------------------------------------


def table(**more: Any) -> pa.Table:
    columns = {"stream": ["t", "t", "u"], "time": pa.array([at(NOON), at(NOON) + 60_000_000, None], pa.timestamp("us", "UTC")), "result": [1.5, None, 3.0]}
    return pa.table({**columns, **more})


@pytest.mark.parametrize(("kind", "write"), [("arrow", arrows.stream), ("parquet", arrows.parquet)])
def test_typed_tables(kind: str, write: Any) -> None:
    found = decode(kind, write(table()))
    assert rows(found) == [("t", NOON, 1.5)]
    assert bad(found) == [(1, "no_result"), (2, "no_time")]
    found = decode(kind, write(table(stream=pa.array(["t", "t", "t"]).dictionary_encode(), time=[1_000, 2_000, None], result=["1,5", "auf", None])), written="ms", decimal=",")
    assert rows(found) == [("t", "1970-01-01T00:00:01+00:00", 1.5), ("t", "1970-01-01T00:00:02+00:00", "auf")]
    assert bad(found) == [(2, "no_time")]
    found = decode(kind, write(table(stream=[7, 7, 8], seconds=[600, -1, 0], quality=["estimated", "good", "?"], result=[1, 2, 3])))
    assert (rows(found), found.seconds.tolist(), found.flags.tolist()) == ([("7", NOON, 1.0)], [600], [128])
    assert bad(found) == [(1, "period"), (2, "no_time")]


@pytest.mark.parametrize(("kind", "write"), [("arrow", arrows.stream), ("parquet", arrows.parquet)])
def test_truncated_tables(kind: str, write: Any) -> None:
    """Cut anywhere, it is refused in words."""
    whole = write(table())
    for length in range(0, len(whole), 7):
        with pytest.raises(BatchError) as caught:
            decode(kind, whole[:length])
        assert caught.value.code in ("broken", "empty"), length
        # shorter than its first mark it may be anything
        assert caught.value.parameters.get("cut", False) is (length > 4 or (kind == "arrow" and length > 0)), length


# --- JSON ----------------------------------------------------------------------------------------------------------------------------------------------------


def test_json_rows() -> None:
    body = '[{"stream": "t", "time": "2026-05-06T12:00:00Z", "result": 21.5}, {"stream": "t", "time": "2026-05-06T12:00:00", "result": 1}, {"stream": "t", "time": null, "result": 1},' \
        '{"stream": "t", "time": "2026-05-06T12:03:00Z", "result": null}, {"stream": "t", "time": "2026-05-06T12:04:00Z", "result": [1]}, 5, {},' \
        '{"stream": "t", "time": "2026-05-06T12:07:00Z", "result": NaN}, {"stream": "t", "time": "2026-05-06T12:08:00Z", "result": 1e400}, {"stream": "t", "time": 12, "result": 1},' \
        '{"stream": "t", "time": "2026-05-06T12:10:00Z", "result": true}, {"stream": "t", "time": "2026-05-06T12:11:00Z", "result": "13.25"}]'  # fmt: skip
    found = decode("json", body)
    assert bad(found) == [(1, "zone"), (2, "no_time"), (3, "no_result"), (4, "shape"), (5, "shape"), (6, "no_time"), (9, "time")]
    assert found.rows.tolist() == [0, 7, 8, 10, 11]
    results = found.results.tolist()
    assert results[0] == 21.5 and math.isnan(results[1]) and results[2] == np.finfo(np.float64).max and results[3:] == [1.0, 13.25]


def test_json_by_mapping() -> None:
    body = {"data": [{"device": "d1", "at": 1778068800, "air": {"temp": 21.5, "states": ["open"]}}, {"device": "d2", "at": 1778068800, "air": {}}, {"at": 1778068800, "air": {"temp": 1}}]}
    found = decode("json", body, rows="data", thing="device", time="at", written="s", create=True, values=[
        {"path": "air.temp", "name": "temperature", "property": "air_temperature", "unit": "Cel"}, {"path": "air.states.0", "name": "door", "kind": "category"},
    ], places={"d1": {"name": "Quai", "longitude": -1.15, "latitude": 46.16}})  # fmt: skip
    assert rows(found) == [("d1/temperature", NOON, 21.5), ("d1/door", NOON, "open")]
    assert bad(found) == [(1, "shape"), (2, "stream")]
    assert (found.described["d1/door"].kind, found.described["d1/door"].thing.name) == ("category", "Quai")


@pytest.mark.parametrize("body", [b"", b"[", b"[]", b"5", b'{"a"', b"\xff\xfe[", b"[" * 100_000])
def test_no_json(body: bytes) -> None:
    with pytest.raises(BatchError):
        decode("json", body)


# --- SensorThings --------------------------------------------------------------------------------------------------------------------------------------------


def test_data_arrays() -> None:
    body = [
        {"Datastream": {"@iot.id": 1}, "components": ["phenomenonTime", "result", "FeatureOfInterest/id"], "dataArray@iot.count": 2, "dataArray": [[T0, 20, 1], ["2026-05-06T12:10:00Z", None, 1]]},
        {"Datastream": {"@iot.id": 2}, "components": ["resultTime", "result", "resultQuality"], "dataArray": [[T0, 65, "suspect"], [T0], ["x", 60, None]]},
        {"components": ["phenomenonTime", "result"], "dataArray": [["2026-05-06T12:00:00Z/2026-05-06T12:10:00Z", 5]]},
        {"Datastream": {"@iot.id": 3}, "components": ["phenomenonTime", "result"], "dataArray": [["2026-05-06T12:00:00Z/PT10M", 5], [None, 1], [T0, {}]]},
    ]
    found = decode("sensorthings", body)
    assert rows(found) == [("1", NOON, 20.0), ("2", NOON, 65.0), ("3", NOON, 5.0)]
    assert (found.rows.tolist(), found.seconds.tolist(), found.flags.tolist()) == ([0, 2, 6], [0, 0, 600], [0, 64, 0])
    assert bad(found) == [(1, "no_result"), (3, "shape"), (4, "time"), (5, "stream"), (7, "no_time"), (8, "shape")]


def test_one_observation() -> None:
    assert rows(decode("sensorthings", {"phenomenonTime": T0, "result": "wet", "Datastream": {"@iot.id": 7}})) == [("7", NOON, "wet")]
    assert bad(decode("sensorthings", {"phenomenonTime": T0, "result": 1})) == [(0, "stream")]
    assert bad(decode("sensorthings", {"phenomenonTime": T0, "result": {}, "Datastream": {"@iot.id": 7}})) == [(0, "shape")]
    for body, code in (([], "empty"), ("x", "unexpected"), ([{"dataArray": []}], "columns"), ([{"Datastream": {"@iot.id": 1}, "components": ["result"], "dataArray": [[1]] * 10_001}], "too_many_rows")):
        with pytest.raises(BatchError) as caught:
            decode("sensorthings", json.dumps(body))
        assert caught.value.code == code


# --- LoRaWAN networks ----------------------------------------------------------------------------------------------------------------------------------------

VALUES = [{"path": "air.temperature", "name": "temperature", "property": "air_temperature", "unit": "Cel"}, {"path": "air.relativeHumidity", "name": "humidity", "unit": "%"}]


def uplink(*normalized: Any, device: str = "quai-1", **more: Any) -> dict[str, Any]:
    """As The Things Stack v3 sends it (its documentation, “Data formats”), shortened."""
    return {
        "end_device_ids": {"device_id": device, "dev_eui": "0004A30B001C0530", "application_ids": {"application_id": "port"}}, "received_at": "2026-05-06T12:00:00.123456789Z",
        "uplink_message": {"f_port": 1, "f_cnt": 7, "normalized_payload": list(normalized), "received_at": T0, "locations": {"user": {"latitude": 46.16, "longitude": -1.15}}, **more},
    }  # fmt: skip


def test_the_things_network() -> None:
    found = decode("ttn", uplink({"air": {"relativeHumidity": 44.5, "temperature": 25.3}, "battery": 3.026}))
    assert rows(found) == [("quai-1/air_temperature", NOON, 25.3), ("quai-1/relative_humidity", NOON, 44.5), ("quai-1/battery", NOON, 3.026)]
    told = found.described["quai-1/air_temperature"]
    assert (told.property.code, told.unit, told.thing.location) == ("air_temperature", "Cel", {"type": "Point", "coordinates": [-1.15, 46.16]})


def test_zero_is_left_out_by_the_things_network() -> None:
    assert rows(decode("ttn", uplink({"air": {"relativeHumidity": 44.5}}), values=VALUES)) == [("quai-1/temperature", NOON, 0.0), ("quai-1/humidity", NOON, 44.5)]
    assert rows(decode("ttn", uplink({"air": {}}), values=VALUES)) == [("quai-1/temperature", NOON, 0.0), ("quai-1/humidity", NOON, 0.0)]
    # where its object was not sent, nothing was measured
    assert bad(decode("ttn", uplink({"soil": {"moisture": 5}}), values=VALUES)) == [(0, "shape")]
    assert rows(decode("ttn", uplink({"air": {"relativeHumidity": 44.5}}), values=[{**VALUES[0], "absent": "skip"}, VALUES[1]])) == [("quai-1/humidity", NOON, 44.5)]
    # nor where nothing is said of it, or the object that it would be in is left out within one that is there
    assert rows(decode("ttn", uplink({"air": {"temperature": None, "relativeHumidity": 44.5}}), values=VALUES)) == [("quai-1/humidity", NOON, 44.5)]
    water = [{"path": "water.leak", "name": "leak", "kind": "truth"}, {"path": "water.temperature.current", "name": "temperature", "unit": "Cel"}]
    assert rows(decode("ttn", uplink({"water": {"leak": True}}), values=water)) == [("quai-1/leak", NOON, 1.0)]
    assert rows(decode("ttn", uplink({"water": {"temperature": {}}}), values=water)) == [("quai-1/leak", NOON, 0.0), ("quai-1/temperature", NOON, 0.0)]


def test_nothing_is_left_out_of_what_a_device_decodes() -> None:
    """As recordings show (`tests/peers`): a weather station without rain says 0. So a device that has no such value, or a message of another kind, makes up none."""
    given = [{"path": "temperature"}, {"path": "rain"}, {"path": "soil.moisture"}, {"path": "door", "kind": "truth"}]
    sent = {"end_device_ids": {"device_id": "quai-1"}, "uplink_message": {"received_at": T0, "decoded_payload": {"rain": 0, "door": False, "soil": {}, "battery": 3.6}}}
    for more in ({}, {"payload": "decoded_payload"}):
        assert rows(decode("ttn", sent, values=given, **more)) == [("quai-1/rain", NOON, 0.0), ("quai-1/door", NOON, 0.0)]
    assert rows(decode("ttn", sent, values=[{**given[0], "absent": "zero"}])) == [("quai-1/temperature", NOON, 0.0)]
    normalized = uplink({"air": {"relativeHumidity": 44.5}})
    assert len(decode("ttn", normalized, values=VALUES, payload="normalized_payload")) == len(decode("ttn", normalized, values=VALUES)) == 2


def test_normalized_values_in_a_message_of_their_own() -> None:
    sent = {"end_device_ids": {"device_id": "quai-1"}, "uplink_normalized": {"received_at": T0, "normalized_payload": {"air": {"temperature": 21.5}}}}
    assert rows(decode("ttn", sent)) == [("quai-1/air_temperature", NOON, 21.5)]


def test_several_normalized_payloads_each_with_its_time() -> None:
    found = decode("ttn", uplink({"air": {"temperature": 1}, "time": "2026-05-06T11:50:00Z"}, {"air": {"temperature": 2}}))
    assert rows(found) == [("quai-1/air_temperature", "2026-05-06T11:50:00+00:00", 1.0), ("quai-1/air_temperature", NOON, 2.0)]


def test_what_is_no_uplink() -> None:
    joined = {"end_device_ids": {"device_id": "quai-1"}, "join_accept": {"session_key_id": "x"}, "received_at": T0}
    assert (len(decode("ttn", joined)), decode("ttn", joined).rejected) == (0, ())
    assert bad(decode("ttn", {"hello": 1})) == [(0, "shape")]
    assert bad(decode("ttn", uplink())) == [(0, "shape")]


def event(number: str = "a", device: str = "24e124", **values: Any) -> dict[str, Any]:
    """As ChirpStack v4 sends it (its documentation, “Event types”), shortened."""
    return {
        "deduplicationId": number, "time": "2026-05-06T12:00:00.000000+00:00", "deviceInfo": {"devEui": device, "deviceName": "Sol 1", "deviceProfileName": "LSE01"}, "fPort": 2, "data": "AA==",
        "object": values, "rxInfo": [{"gatewayId": "x"}],
    }  # fmt: skip


SOIL = {"values": [{"path": "temp_SOIL", "property": "soil_temperature", "unit": "Cel"}, {"path": "BatV", "name": "battery", "property": "battery_voltage", "unit": "V"}], "create": True}


def test_chirpstack() -> None:
    found = decode("chirpstack", event(BatV=3.301, temp_SOIL="13.25"), **SOIL)
    assert rows(found) == [("24e124/temp_SOIL", NOON, 13.25), ("24e124/battery", NOON, 3.301)]
    assert (found.described["24e124/battery"].thing.name, found.described["24e124/battery"].sensor.name) == ("Sol 1", "LSE01")
    assert len(decode("chirpstack", {"deduplicationId": "b", "time": T0, "deviceInfo": {"devEui": "x"}, "devAddr": "00"}, **SOIL)) == 0


def test_a_device_that_writes_units() -> None:
    """As decoders of soil sensors do on both networks: “18.25 °C”, some values as numbers, some as texts."""
    values = [
        {"path": "temp_SOIL", "property": "soil_temperature", "unit": "Cel"}, {"path": "water_SOIL", "unit": "%"}, {"path": "conduct_SOIL", "unit": "uS/cm"}, {"path": "Bat", "unit": "mV"},
        {"path": "Mod"}, {"path": "state", "kind": "category", "unit": "V"},
    ]  # fmt: skip
    given = {"Bat": "3.25 V", "conduct_SOIL": "40 uS/cm", "temp_SOIL": "-7,5 °C", "water_SOIL": "31.5%", "Mod": "1 x", "state": "5 V"}
    expected = [("temp_SOIL", -7.5), ("water_SOIL", 31.5), ("conduct_SOIL", 40.0), ("Bat", 3250.0), ("Mod", "1 x"), ("state", "5 V")]
    sent = {**uplink(), "uplink_message": {"received_at": T0, "decoded_payload": given}}
    for found in (decode("ttn", sent, values=values, create=True), decode("chirpstack", event(device="quai-1", **given), values=values, create=True)):
        assert rows(found) == [(f"quai-1/{name}", NOON, value) for name, value in expected]
    assert rows(decode("json", {"t": "20 kg", "time": T0}, time="time", thing="t", values=[{"path": "t", "name": "t", "unit": "Cel"}]))[0][2] == "20 kg"


def test_what_another_integration_says_is_no_uplink() -> None:
    """ChirpStack sends it on, with an object of its own."""
    told = {"deduplicationId": "c", "time": T0, "deviceInfo": {"devEui": "x"}, "integrationName": "loracloud", "eventType": "modem_uplinkResponse", "object": {"result": {"position": None}}}
    found = decode("chirpstack", told, **SOIL)
    assert (len(found), found.rejected) == (0, ())


# --- MQTT ----------------------------------------------------------------------------------------------------------------------------------------------------


def packed(*messages: tuple[str, Any]) -> bytes:
    return frames.packed([frames.Frame(topic, body if isinstance(body, bytes) else json.dumps(body).encode(), at(NOON) + place) for place, (topic, body) in enumerate(messages)])


def test_repeats_of_chirpstack_are_dropped() -> None:
    found = decode("mqtt.chirpstack", packed(("x", event("a", temp_SOIL=1)), ("x", event("a", temp_SOIL=1)), ("x", event("b", device="other", temp_SOIL=2)), ("x", b"{")), **SOIL)
    assert [(stream, result) for stream, _time, result in rows(found)] == [("24e124/temp_SOIL", 1.0), ("other/temp_SOIL", 2.0)]
    assert bad(found) == [(3, "shape")]


def test_plain_messages_of_mqtt() -> None:
    """A topic says the thing, the message is the value, and the time is when it came."""
    found = decode("mqtt.json", packed(("port/quai-1/temperature", b"21.5"), ("port/quai-2/temperature", b"on"), ("port", b"3"), ("port/quai-3/t", b"")), thing="$topic.1", values=[{"path": "$", "name": "t"}])
    assert [(stream, result) for stream, _time, result in rows(found)] == [("quai-1/t", 21.5), ("quai-2/t", "on")]
    assert found.times.tolist() == [at(NOON), at(NOON) + 1]
    assert bad(found) == [(2, "stream"), (3, "shape")]


@settings(max_examples=60, deadline=None)
@given(messages=st.lists(st.tuples(st.text(max_size=20), st.binary(max_size=40), st.integers(-(2**62), 2**62)), max_size=8))
def test_frames_are_what_they_were(messages: list[tuple[str, bytes, int]]) -> None:
    given_ = [frames.Frame(topic.encode("utf-8", "replace").decode(), payload, received) for topic, payload, received in messages]
    body = frames.packed(given_)
    assert list(frames.unpacked(body)) == given_
    for cut in (body[:-1], body[:10], b""):
        with pytest.raises(BatchError):
            list(frames.unpacked(cut))


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["stream", "time", "result", "object", "uplink_message", "end_device_ids", "device_id", "normalized_payload", "air", "temperature", "deviceInfo", "devEui", "Datastream", "@iot.id", "components", "dataArray", "phenomenonTime"]), inner, max_size=5), max_leaves=25)


@settings(max_examples=150, deadline=None)
@given(content=JSON, kind=st.sampled_from(["json", "ttn", "chirpstack", "sensorthings", "mqtt.json", "mqtt.ttn"]))
def test_whatever_is_sent(content: Any, kind: str) -> None:
    """Each row is taken or listed; nothing else is raised than what a batch is refused with."""
    body = json.dumps(content).encode()
    try:
        found = decode(kind, packed(("a/b", body)) if kind.startswith("mqtt") else body, **({} if kind in ("ttn", "mqtt.ttn", "json") else {"values": [{"path": "temperature"}]}))
    except BatchError:
        return
    assert len(found.index) == len(found.times) == len(found.results) == len(found.rows)
    json.dumps([row.shown for row in found.rejected]).encode()


@settings(max_examples=100, deadline=None)
@given(body=st.binary(max_size=200), kind=st.sampled_from(["csv", "json", "arrow", "parquet", "sensorthings", "mqtt.json", "ttn"]))
def test_whatever_bytes_are_sent(body: bytes, kind: str) -> None:
    try:
        decode(kind, body)
        decode(kind, b"stream,time,result\n" + body)
    except BatchError:
        return


def zstd(table: pa.Table) -> bytes:
    return arrows.parquet(table, "zstd")


@pytest.mark.parametrize(("write", "read", "most"), [(zstd, tables.parquet, 10_000), (arrows.stream, tables.arrow, 400_000)])
def test_a_small_file_of_long_texts(write: Any, read: Any, most: int) -> None:
    """A text of 100,000 signs that stands in 12,000 cells is a kilobyte in a file, and more than a gigabyte beside it."""
    length = 12_000
    body = write(pa.table({"stream": pa.DictionaryArray.from_arrays(pa.array([0] * length, pa.int32()), ["a" * 100_000]), "time": pa.array([0] * length, pa.timestamp("us", "UTC")), "result": pa.array([1.0] * length)}))
    assert len(body) < most
    with pytest.raises(BatchError) as told:
        read(body, {})
    assert told.value.code == "too_many_bytes"


@pytest.mark.parametrize("odd", [pa.array([[1.0, 2.0]]), pa.array([b"ab"], pa.binary(2)), pa.array([{"a": 1}])])
def test_a_parquet_whose_cells_are_no_values(odd: pa.Array) -> None:
    body = zstd(pa.table({"stream": ["t"], "time": pa.array([0], pa.timestamp("us", "UTC")), "result": odd}))
    with pytest.raises(BatchError) as told:
        tables.parquet(body, {})
    assert (told.value.code, told.value.parameters) == ("columns", {"columns": ["result"]})


def test_a_parquet_of_categories_is_read() -> None:
    streams = pa.array(["t", "u", None, "t"]).dictionary_encode()
    results = pa.array(["1", "2", "3", "on"]).dictionary_encode()
    body = zstd(pa.table({"stream": streams, "time": pa.array([0, 1, 2, 3], pa.timestamp("us", "UTC")), "result": results}))
    found = tables.parquet(body, {})
    assert ([found.names[at] for at in found.index], [row.row for row in found.rejected]) == (["t", "u", "t"], [2])


@pytest.mark.parametrize("file", [False, True])
@pytest.mark.parametrize("packed", [None, "lz4", "zstd"])
def test_arrow_however_it_is_packed(packed: str | None, file: bool) -> None:
    for streams in (pa.array(["t", "u"] * 200), pa.array(["t", "u"] * 200).dictionary_encode()):
        given_ = pa.table({"stream": streams, "time": pa.array(range(400), pa.timestamp("s", "UTC")), "result": pa.array([float(value) for value in range(400)])})
        found = tables.arrow((arrows.file if file else arrows.stream)(given_, packed), {})
        assert (found.results.tolist(), [found.names[at] for at in found.index[:2]]) == ([float(value) for value in range(400)], ["t", "u"])


@pytest.mark.parametrize("file", [False, True])
@pytest.mark.parametrize("packed", ["lz4", "zstd"])
def test_what_says_that_it_is_too_large_is_not_unpacked(packed: str, file: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A megabyte of zeros is some hundred bytes when it is packed: so a body within the limit could fill the memory."""
    monkeypatch.setattr(tables, "MOST_BYTES", 1_000_000)
    before = pa.total_allocated_bytes()
    body = (arrows.file if file else arrows.stream)(table(pad=pa.array([bytes(1_000_000)] * 3)), packed)
    assert len(body) < 20_000
    pa.default_memory_pool().release_unused()
    opened: list[object] = []
    monkeypatch.setattr(pa.ipc, "open_stream", lambda *given: opened.append(given))
    with pytest.raises(BatchError) as told:
        tables.arrow(body, {})
    assert (told.value.code, opened, pa.total_allocated_bytes() - before < 1_000_000) == ("too_many_bytes", [], True)


def mutations() -> list[tuple[Any, bytes]]:
    plain = pa.table({"stream": ["a/b", "c"] * 20, "time": [f"2026-01-01T00:{minute:02}:00Z" for minute in range(40)], "result": [float(value) for value in range(40)], "quality": ["good"] * 40})
    coded = plain.set_column(0, "stream", plain["stream"].dictionary_encode()).set_column(1, "time", pa.array(range(40), pa.timestamp("ms", "UTC")))
    whole = [(tables.arrow, (arrows.file if file else arrows.stream)(each, packed)) for each in (plain, coded) for packed in (None, "lz4", "zstd") for file in (False, True)]
    return [*whole, (tables.parquet, zstd(plain)), (tables.parquet, zstd(coded))]


@settings(max_examples=600, deadline=None)
@given(whole=st.sampled_from(mutations()), changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=3))
def test_damaged_tables(whole: tuple[Any, bytes], changes: list[tuple[float, int]]) -> None:
    """What points out of its own buffers ended the process."""
    read, body = whole
    damaged = bytearray(body)
    for where, value in changes:
        damaged[int(where * len(body))] = value
    try:
        found = read(bytes(damaged), {})
    except BatchError:
        return
    assert len(found.index) == len(found.times) == len(found.results) == len(found.rows)


@pytest.mark.parametrize("kind", [pa.uint8(), pa.uint32(), pa.int8(), pa.int64()])
def test_streams_in_categories_of_any_numbers(kind: pa.DataType) -> None:
    """Some programs count them without a sign."""
    streams = pa.DictionaryArray.from_arrays(pa.array([1, None, 0], kind), pa.array(["t", "u"]))
    found = tables.arrow(arrows.stream(table(stream=streams, time=pa.array([1, 2, 3], pa.timestamp("s", "UTC")), result=[1.0, 2.0, 3.0])), {})
    assert ([found.names[at] for at in found.index], bad(found)) == (["u", "t"], [(1, "stream")])


@pytest.mark.parametrize(("kind", "write"), [("arrow", arrows.stream), ("parquet", arrows.parquet), ("csv", lambda given_: "\n".join(["stream,time,result,quality", *(f"t,{T0},1,{word or ''}" for word in given_["quality"].to_pylist())])), ("json", lambda given_: [{"stream": "t", "time": T0, "result": 1, "quality": word} for word in given_["quality"].to_pylist()])])  # fmt: skip
def test_what_is_said_of_the_quality(kind: str, write: Any) -> None:
    """A word that nobody knows may say that the value is wrong: it is not taken for a good one."""
    words = ["good", "Suspect", "bad", " estimated ", None, "", "invalid", "0"]
    for said in (pa.array(words), pa.array(words).dictionary_encode()):
        found = decode(kind, write(pa.table({"stream": ["t"] * 8, "time": pa.array([at(NOON)] * 8, pa.timestamp("us", "UTC")), "result": [1.0] * 8, "quality": said})))
        assert (found.flags.tolist(), bad(found)) == ([0, 64, 64, 128, 0, 0], [(6, "quality"), (7, "quality")])
