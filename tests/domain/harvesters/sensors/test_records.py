"""One real record of each source, as `samples/README.md` names it with its date: each observation of it, and no other."""
from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ckanext.tzc.harvesters.sensors import meteofrance
from ckanext.tzc.harvesters.sensors.asking import Asking
from ckanext.tzc.harvesters.sensors.base import kept
from ckanext.tzc.harvesters.sensors.kinds import KINDS
from tzc.sensors import model, partitions, units
from tzc.sensors.protocols import DECODERS
from tzc.sensors.readings import Decoded

from tests.sites import Reply, Site

SAMPLES = Path(__file__).parent / "samples"

Seen = list[tuple[str, str, int, float, int]]
"""Stream, moment (UTC), seconds that it lasts, value in the stream's unit, mark."""


def read(kind: str, name: str, *, told: Mapping[str, Any] | None = None, **wanted: Any) -> Decoded:
    return KINDS[kind].decode(kept(told or {}, (SAMPLES / name).read_bytes()), wanted)


def seen(found: Decoded, streams: Mapping[str, str] | None = None) -> Seen:
    """What was read; `streams`: units of the portal's streams, where the source has others. Nothing of a record is refused."""
    assert (found.rejected, found.left_out, list(found.words)) == ((), 0, [])
    rows = []
    for place, time, seconds, result, mark in zip(found.index.tolist(), found.times.tolist(), found.seconds.tolist(), found.results.tolist(), found.flags.tolist(), strict=True):
        name = found.names[place]
        value = units.convert(np.array([result]), units.code(found.units[name]), streams[name])[0] if streams else result
        rows.append((name, partitions.moment(time).isoformat().removesuffix("+00:00"), seconds, float(value), mark))
    return rows


def at(moment: str, seconds: int, thing: str, values: Mapping[str, float]) -> Seen:
    """What is expected of one thing at one moment, unmarked."""
    return [(f"{thing}/{name}", moment, seconds, value, 0) for name, value in values.items()]


def uplink(kind: str, name: str, values: Sequence[tuple[str, str]]) -> Decoded:
    """An uplink, of which values are wanted in units."""
    return DECODERS[kind]((SAMPLES / name).read_bytes(), {"mapping": {"create": True, "values": [{"path": path, "unit": unit} for path, unit in values]}})


def test_each_sample_is_listed() -> None:
    """With where it is from."""
    listed = (SAMPLES / "README.md").read_text()
    assert [path.name for path in SAMPLES.iterdir() if f"`{path.name}`" not in listed and path.name != "README.md"] == []


def test_meteofrance() -> None:
    """Six minutes of Arbent: rain is of the time before. An hour of Castellane, where little is measured."""
    found = read("meteofrance", "dpobs.json", stations=["01014002", "04039001"])
    portal = {f"{station}/{field}": about[1] for station in ("01014002", "04039001") for field, about in meteofrance.FIELDS.items()}
    assert (portal["01014002/t"], portal["01014002/rr_per"]) == ("Cel", "mm")
    assert sorted(seen(found, portal)) == sorted([
        *at("2026-05-17T08:30:00", 0, "01014002", {"t": 12.0, "td": 6.5, "u": 69.0, "dd": 340.0, "ff": 1.4, "fxi10": 3.8}), *at("2026-05-17T08:24:00", 360, "01014002", {"rr_per": 0.0}),
        *at("2026-08-18T08:00:00", 0, "04039001", {"t": 24.1}),
    ])  # fmt: skip


def test_atmo() -> None:
    """A day of Guadeloupe, which begins at four: by milliseconds, as the association there writes it."""
    found = read("atmo", "atmo_abymes.json", zones=["97101"], zone="America/Guadeloupe")
    assert seen(found) == at("2025-11-08T04:00:00", 86_400, "97101", dict.fromkeys(("qual", "no2", "o3", "pm10", "pm25", "so2"), 1.0))


def test_gbfs() -> None:
    """A station of Paris that is full, and one of Valognes that is empty."""
    assert seen(read("gbfs", "gbfs2_velib.json")) == at("2024-11-19T07:39:05", 0, "120827885", {"bikes": 9.0, "docks": 0.0})
    assert seen(read("gbfs", "gbfs3_cotentin.json")) == at("2024-12-27T12:11:41", 0, "stn_6fT32XhckLHoumBPq7i34s", {"bikes": 0.0, "docks": 11.0})


def test_ngsi_ld() -> None:
    """An hour of the Plaza de España by Madrid's clock; humidity is a part of one."""
    thing = "urn:ngsi-ld:AirQualityObserved:Madrid-AmbientObserved-28079004-2016-03-15T11:00:00"
    found = read("ngsi_ld", "ngsi_ld_madrid.json", types=["AirQualityObserved"], address="x", zone="Europe/Madrid")
    assert seen(found) == at("2016-03-15T10:00:00", 3600, thing, {
        "CO": 500.0, "NO": 45.0, "NO2": 69.0, "NOx": 139.0, "SO2": 11.0, "airQualityIndex": 65.0, "precipitation": 0.0, "relativeHumidity": 0.54, "reliability": 0.7, "temperature": 12.2,
        "windDirection": 186.0, "windSpeed": 0.64,
    })  # fmt: skip
    assert found.units == {f"{thing}/relativeHumidity": "1"}


def test_sensorthings(site: Site) -> None:
    """Air pressure at Glasgow, in the unit that its datastream says; “Good” is no mark."""
    site.answer = lambda _: Reply((SAMPLES / "sensorthings_datastreams.json").read_bytes(), headers={"Content-Type": "application/json"})
    [stream] = KINDS["sensorthings"].describe(Asking(site.address, allow_internal=True), {"address": f"{site.address}/v1.1"})
    assert (stream.external, stream.name, stream.unit, stream.kind) == ("1", "GGERFS_01 Barometric Pressure", "mbar", model.MEASUREMENT)
    found = read("sensorthings", "sensorthings_observations.json", told={"stream": "1"}, address="x")
    assert seen(found) == [("1", "2023-03-28T10:30:00", 0, 1009.86, 0), ("1", "2023-03-28T12:15:00", 0, 1008.17, 0), ("1", "2023-03-28T18:15:00", 0, 1005.7, 0)]
    assert found.units == {}


def test_the_things_network() -> None:
    """A soil sensor in the air: numbers that bring their units, and zeros, which its decoder sends."""
    wanted = [("Bat", "V"), ("TempC_DS18B20", "Cel"), ("conduct_SOIL", "uS/cm"), ("temp_SOIL", "Cel"), ("water_SOIL", "%")]
    found = uplink("ttn", "ttn_uplink.json", wanted)
    values = {"Bat": 3.384, "TempC_DS18B20": 0.0, "conduct_SOIL": 0.0, "temp_SOIL": 30.11, "water_SOIL": 0.0}
    assert seen(found) == at("2023-06-20T14:34:32.656299", 0, "eui-a8404194a1875ff3", values)
    assert found.units == {f"eui-a8404194a1875ff3/{path}": unit for path, unit in wanted}


def test_chirpstack() -> None:
    """A soil sensor in frost."""
    wanted = [("Soiltemperature", "Cel"), ("Soilmoisture", "%"), ("Soilconductivity", "uS/cm"), ("Volt", "V")]
    found = uplink("chirpstack", "chirpstack_uplink.json", wanted)
    assert seen(found) == at("2025-02-18T14:49:19.475813", 0, "a84041f621857cd2", {"Soiltemperature": -0.4, "Soilmoisture": 41.8, "Soilconductivity": 61.0, "Volt": 3.318})
    assert found.units == {f"a84041f621857cd2/{path}": unit for path, unit in wanted}
    told_of = found.described["a84041f621857cd2/Soilmoisture"]
    assert (told_of.thing.name, told_of.sensor.name) == ("Skimmer", "Dragino Feuchtesenor")


def test_hubeau() -> None:
    """The Seine at Paris: litres a second there, cubic metres here."""
    first = json.loads((SAMPLES / "hubeau_observations.json").read_bytes())["data"][:1]
    found = KINDS["hubeau"].decode(kept({}, json.dumps({"data": first}).encode()), {"stations": ["F700000103"]})
    assert seen(found, {"F700000103/Q": "m3/s"}) == at("2026-05-06T12:00:00", 0, "F700000103", {"Q": 348.0})


def test_eco2mix() -> None:
    """A quarter of an hour of the country's, in the night."""
    told = [row for row in seen(read("opendatasoft", "eco2mix.csv", preset="eco2mix")) if row[1].startswith("2022")]
    assert sorted(told) == [("consommation", "2022-06-01T02:15:00", 0, 36414.0, 0), ("ech_physiques", "2022-06-01T02:15:00", 0, -2435.0, 0), ("taux_co2", "2022-06-01T02:15:00", 0, 55.0, 0)]
