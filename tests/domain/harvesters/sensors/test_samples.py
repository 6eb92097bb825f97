"""Each kind's answers as they are published (`samples/README.md`), with exact results; the two nights when the clock is changed; what servers do at odd moments."""
from __future__ import annotations

import codecs
import datetime as dt
import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ckanext.tzc.harvesters.http import FetchError, Limits
from ckanext.tzc.harvesters.sensors import atmo, base, file, ngsi_ld, rows, sensorthings
from ckanext.tzc.harvesters.sensors.asking import Asking
from ckanext.tzc.harvesters.sensors.base import kept
from ckanext.tzc.harvesters.sensors.kinds import KINDS
from tzc.sensors import definition, model, partitions, pulls, quality
from tzc.sensors.faults import BatchError
from tzc.sensors.readings import Decoded

from tests.domain.harvesters.sensors.speakers import FILE_MAPPING, NOW, PARIS, SPEAKERS, answered, served_file
from tests.sftp import USER, WORD, Server
from tests.sites import Asked, Reply, Site

SAMPLES = Path(__file__).parent / "samples"


def read(kind: str, name: str, wanted: dict[str, Any]) -> Decoded:
    return KINDS[kind].decode(kept({}, (SAMPLES / name).read_bytes()), wanted)


def told(found: Decoded) -> list[tuple[str, str, float]]:
    return sorted(
        (found.names[index], partitions.moment(int(time)).strftime("%Y-%m-%dT%H:%M"), float(result)) for index, time, result in zip(found.index, found.times, found.results, strict=True)
    )  # fmt: skip


def refused(found: Decoded) -> list[tuple[int, str]]:
    return [(row.row, row.code) for row in found.rejected]


def test_hubeau() -> None:
    """Litres and millimetres; a doubtful level; a site's own line left out where its station was asked for; a result that is missing is named."""
    found = read("hubeau", "hubeau_observations.json", {"stations": ["F700000103"]})
    assert told(found) == [("F700000103/H", "2026-05-06T12:00", 1050.0), ("F700000103/Q", "2026-05-06T12:00", 348_000.0), ("F700000103/Q", "2026-05-06T12:10", 347_000.0)]
    assert found.units == {"F700000103/H": "mm", "F700000103/Q": "L/s"}
    assert found.flags.tolist() == [0, quality.SUSPECT, quality.ESTIMATED] and refused(found) == [(3, "no_result")]
    site = read("hubeau", "hubeau_observations.json", {"stations": ["F7000001"]})
    assert told(site) == [("F7000001/Q", "2026-05-06T12:00", 348_000.0)]


def test_hubeau_by_experts() -> None:
    """A value that an expert found good was measured; one that an expert made without a word of how good it is, was not."""
    row = {"code_site": "F7000001", "code_station": "F700000103", "grandeur_hydro": "H", "resultat_obs": -850.0, "code_methode_obs": 10, "libelle_methode_obs": "Expertisée"}
    data = [{**row, "date_obs": f"2026-05-06T0{hour}:00:00Z", "code_qualification_obs": code} for hour, code in enumerate((20, 16, 12))]
    found = KINDS["hubeau"].decode(kept({}, json.dumps({"data": data}).encode()), {"stations": ["F700000103"]})
    assert found.flags.tolist() == [0, quality.ESTIMATED, quality.ESTIMATED | quality.SUSPECT] and found.results.tolist() == [-850.0] * 3


def test_eco2mix() -> None:
    """Quarter-hours in UTC on both sides of the changes of the clock; those that are not known yet are not there."""
    found = read("opendatasoft", "eco2mix.csv", {"preset": "eco2mix"})
    assert [row for row in told(found) if row[0] == "taux_co2"] == [
        ("taux_co2", "2022-06-01T02:15", 55.0), ("taux_co2", "2026-03-29T00:45", 21.0), ("taux_co2", "2026-03-29T01:00", 22.0), ("taux_co2", "2026-10-25T00:45", 30.0),
        ("taux_co2", "2026-10-25T01:45", 31.0),
    ]  # fmt: skip
    assert ("ech_physiques", "2022-06-01T02:15", -2435.0) in told(found) and len(found) == 15 and refused(found) == []


def test_eco2mix_by_the_local_clock() -> None:
    """A portal that gives moments without a zone: the hour that is missing is named, of the one that is there twice the order tells which is meant."""
    local = {"address": "x", "identifier": "y", "mapping": {"time": "heure", "values": [{"path": "v"}]}}
    spring = "heure;v\n" + "".join(f"2026-03-29T{hour}:00;{hour}\n" for hour in ("01", "02", "03"))
    found = KINDS["opendatasoft"].decode(kept({}, spring.encode()), local)
    assert told(found) == [("v", "2026-03-29T00:00", 1.0), ("v", "2026-03-29T01:00", 3.0)] and refused(found) == [(1, "missing_hour")]
    autumn = "heure;v\n" + "".join(f"2026-10-25T{text};{number}\n" for number, text in enumerate(("01:30", "02:00", "02:30", "02:00", "02:30", "03:00")))
    found = KINDS["opendatasoft"].decode(kept({}, autumn.encode()), local)
    assert [(moment, value) for _, moment, value in told(found)] == [
        ("2026-10-24T23:30", 0.0), ("2026-10-25T00:00", 1.0), ("2026-10-25T00:30", 2.0), ("2026-10-25T01:00", 3.0), ("2026-10-25T01:30", 4.0), ("2026-10-25T02:00", 5.0),
    ]  # fmt: skip


def test_meteofrance() -> None:
    """Kelvin and pascal as they are told; rain is of the six minutes before; what is not measured is nothing; no rain is a value."""
    found = read("meteofrance", "dppaquetobs.json", {"stations": ["17300009"]})
    rows_ = told(found)
    assert ("17300009/t", "2026-11-29T10:00", 285.45) in rows_ and ("17300009/pres", "2026-11-29T10:00", 101_325.0) in rows_
    assert [row for row in rows_ if row[0] == "17300009/rr_per"] == [("17300009/rr_per", "2026-11-29T09:54", 0.2), ("17300009/rr_per", "2026-11-29T10:00", 0.0)]
    assert {found.names[index]: int(length) for index, length in zip(found.index, found.seconds, strict=True) if length} == {"17300009/rr_per": 360}
    assert (found.units["17300009/t"], found.units["17300009/pres"], found.units["17300009/rr_per"]) == ("K", "Pa", "mm")
    assert len([row for row in rows_ if row[0] == "17300009/fxi10"]) == 1 and refused(found) == []


def test_meteofrance_version_2() -> None:
    """The gust has another name there; its direction, and what else there is, is not asked for."""
    row = {"geo_id_insee": "17300009", "validity_time": "2026-11-29T10:00:00Z", "t": 285.45, "ddraf10": 220, "etat_sol": None}
    body = kept({}, json.dumps([{**row, "raf10": 9.8}, {**row, "raf10": None, "validity_time": "2026-11-29T10:06:00Z"}, {**row, "fxi10": 7, "raf10": 8, "validity_time": "2026-11-29T10:12:00Z"}]).encode())
    found = KINDS["meteofrance"].decode(body, {"stations": ["17300009"], "fields": ["fxi10"]})
    assert told(found) == [("17300009/fxi10", "2026-11-29T10:00", 9.8), ("17300009/fxi10", "2026-11-29T10:12", 7.0)] and found.units == {"17300009/fxi10": "m/s"}


def test_atmo() -> None:
    """Days by the local clock, of 23 and 25 hours; the index that was told last stands last; no index is nothing; other zones are left out."""
    found = read("atmo", "atmo_indices.json", {"zones": ["17300"]})
    index = [(moment, value) for name, moment, value in zip([found.names[place] for place in found.index], found.times.tolist(), found.results.tolist(), strict=True) if name == "17300/qual"]
    assert [(partitions.moment(moment).isoformat(), value) for moment, value in index] == [
        ("2026-03-28T23:00:00+00:00", 1.0), ("2026-10-24T22:00:00+00:00", 3.0), ("2026-10-24T22:00:00+00:00", 2.0),
    ]  # fmt: skip
    assert sorted(set(found.seconds.tolist())) == [23 * 3600, 25 * 3600]
    assert "17300/so2" not in {found.names[place] for place in found.index} and refused(found) == []


@pytest.mark.parametrize(("written", "begin", "seconds"), [
    ("2026-11-29", "2026-11-28T23:00:00Z", 86_400), ("2026-11-29T00:00:00Z", "2026-11-28T23:00:00Z", 86_400), ("2026-11-28T23:00:00Z", "2026-11-28T23:00:00Z", 86_400),
    (1_795_906_800_000, "2026-11-28T23:00:00Z", 86_400), ("2026/11/29 00:00:00", "2026-11-28T23:00:00Z", 86_400), ("2026-03-29", "2026-03-28T23:00:00Z", 82_800), (None, None, 0),
    ("demain", "demain", 0), (1e300, "1e+300", 0),
])  # fmt: skip
def test_days(written: object, begin: str | None, seconds: int) -> None:
    """As the services of the regions write them."""
    assert atmo.day(written, base.zone({})) == (begin, seconds)


@pytest.mark.parametrize("name", ["gbfs2_status.json", "gbfs3_status.json"])
def test_gbfs(name: str) -> None:
    """Both versions say the same; a station without bicycles has none; one that never reported has the feed's moment."""
    assert told(read("gbfs", name, {})) == [
        ("1/bikes", "2025-11-29T11:59", 0.0), ("1/docks", "2025-11-29T11:59", 12.0), ("2/bikes", "2025-11-29T12:00", 5.0), ("2/docks", "2025-11-29T12:00", 3.0)
    ]  # fmt: skip


def test_gbfs_3_with_parts_of_a_second() -> None:
    """As French systems write them: up to seven digits, and the local clock's offset; a station without docks has none free."""
    station = {"num_vehicles_available": 2, "num_docks_available": 0, "vehicle_types_available": [{"vehicle_type_id": "16", "count": 2}]}
    stations = [{**station, "station_id": name, "last_reported": moment} for name, moment in (("1", "2026-06-08T10:21:07.0381044+02:00"), ("2", "2026-02-19T12:17:45.933146+01:00"))]
    found = KINDS["gbfs"].decode(kept({}, json.dumps({"last_updated": "2026-08-12T14:43:39.145086+02:00", "ttl": 300, "version": "3.0", "data": {"stations": stations}}).encode()), {})
    assert told(found) == [("1/bikes", "2026-06-08T08:21", 2.0), ("1/docks", "2026-06-08T08:21", 0.0), ("2/bikes", "2026-02-19T11:17", 2.0), ("2/docks", "2026-02-19T11:17", 0.0)]
    assert found.times.tolist()[0] % 1_000_000 == 38104 and refused(found) == []


def test_gbfs_of_paris() -> None:
    """Numbers for names, counts under two names, and another word for when the feed was made."""
    station = {"station_id": 1, "num_bikes_available": 4, "numBikesAvailable": 4, "num_bikes_available_types": [{"mechanical": 3}, {"ebike": 1}], "num_docks_available": 12, "stationCode": "17300"}
    stations = [{**station, "last_reported": 1764417540}, {**station, "station_id": 2, "last_reported": None, "num_docks_available": 0}]
    found = KINDS["gbfs"].decode(kept({}, json.dumps({"lastUpdatedOther": 1764417600, "ttl": 3600, "data": {"stations": stations}}).encode()), {"stations": ["1", "2"]})
    assert told(found) == [
        ("1/bikes", "2025-11-29T11:59", 4.0), ("1/docks", "2025-11-29T11:59", 12.0), ("2/bikes", "2025-11-29T12:00", 4.0), ("2/docks", "2025-11-29T12:00", 0.0)
    ]  # fmt: skip


def test_ngsi_ld() -> None:
    """Full, with a past, in short, and simplified; a moment of its own goes before the entity's; without a zone it is the source's."""
    found = read("ngsi_ld", "ngsi_ld_entities.json", {"types": ["AirQualityObserved"], "address": "x", "zone": "Europe/Madrid"})
    prefix = "urn:ngsi-ld:AirQualityObserved:"
    madrid = f"{prefix}Madrid-AmbientObserved-28079004-2016-03-15T11:00:00"
    assert told(found) == [
        (f"{madrid}/NO2", "2016-03-15T11:00", 69.0), (f"{madrid}/SO2", "2016-03-15T11:00", 11.0), (f"{madrid}/temperature", "2016-03-15T10:55", 12.2),
        (f"{prefix}b/NO2", "2016-03-15T11:00", 1.0), (f"{prefix}b/NO2", "2016-03-15T12:00", 2.0), (f"{prefix}b/O3", "2016-03-15T11:00", 3.0), (f"{prefix}b/O3", "2016-03-15T12:00", 4.0),
        (f"{prefix}c/NO2", "2016-03-15T10:00", 7.5),
    ]  # fmt: skip
    assert found.units == {f"{madrid}/NO2": "ug/m3", f"{madrid}/SO2": "ug/m3", f"{madrid}/temperature": "Cel"}


@pytest.mark.parametrize(("about", "moment", "seconds"), [
    ({"dateObserved": "2016-03-15T11:00:00/2016-03-15T12:00:00"}, "2016-03-15T10:00", 3600), ({"dateObserved": {"type": "Property", "value": "2016-03-15T10:00:00Z/PT30M"}}, "2016-03-15T10:00", 1800),
    ({"dateObservedFrom": "2016-03-15T10:00:00Z", "dateObservedTo": {"type": "Property", "value": {"@type": "DateTime", "@value": "2016-03-15T10:15:00Z"}}}, "2016-03-15T10:00", 900),
    ({"dateObserved": "2016-03-15T10:00:00Z/"}, "2016-03-15T10:00", 0), ({"dateObserved": "2016-03-15T10:00:00Z/2016-03-15T09:00:00Z"}, "2016-03-15T10:00", 0),
    ({"dateObservedFrom": "2016-03-15T10:00:00Z"}, "2016-03-15T10:00", 0),
])  # fmt: skip
def test_an_entity_that_was_observed_for_a_while(about: dict[str, Any], moment: str, seconds: int) -> None:
    """As the smart data models write it: from, to. An end that is none leaves the beginning."""
    found = KINDS["ngsi_ld"].decode(kept({}, json.dumps([{"id": "urn:x", "type": "AirQualityObserved", "NO2": 69, **about}]).encode()), {"types": ["AirQualityObserved"], "address": "x"})
    assert (told(found), found.seconds.tolist()) == ([("urn:x/NO2", moment, 69.0)], [seconds])


@pytest.mark.parametrize(("values", "unit"), [([0.54], "1"), ([0.54, 1], "1"), ([0], "1"), ([54.0], ""), ([0.9, 54], ""), ([{"type": "Property", "value": 0.54, "unitCode": "P1"}], "%")])
def test_humidity_as_a_part_or_in_per_cent(values: list[Any], unit: str) -> None:
    """The smart data models have parts of one; what names its unit is what it says."""
    entities = [{"id": "urn:x", "type": "WeatherObserved", "dateObserved": "2016-03-15T10:00:00Z", "relativeHumidity": value, "reliability": 0.7} for value in values]
    found = KINDS["ngsi_ld"].decode(kept({}, json.dumps(entities).encode()), {"types": ["WeatherObserved"], "address": "x"})
    assert found.units.get("urn:x/relativeHumidity", "") == unit and "urn:x/reliability" not in found.units


COUNTED = "http://defs.opengis.net/elda-common/ogc-def/resource?uri=http://www.opengis.net/def/ogc-om/OM_CountObservation"
"""As the city of Hamburg's server writes it."""


@pytest.mark.parametrize(("unit", "kind", "expected"), [
    ({"name": "Temperature in Degrees Celsius", "symbol": "C", "definition": "ucum:Cel"}, "OM_Measurement", ("Cel", model.MEASUREMENT)),
    ({"name": "degree Celsius", "symbol": "C", "definition": "http://www.qudt.org/qudt/owl/1.0.0/unit/Instances.html#DegreeCelsius"}, "", ("Cel", model.MEASUREMENT)),
    ({"name": "Practical Salinity Unit", "symbol": "PSU", "definition": "ucum:[ppth] approx."}, "OM_Measurement", ("1", model.MEASUREMENT)),
    ({"name": "Temperature", "symbol": "F", "definition": "ucum:[degF]"}, "", ("[degF]", model.MEASUREMENT)),
    ({"name": "Coulomb", "symbol": "C", "definition": ""}, "", ("C", model.MEASUREMENT)), ({"name": "Pressure in Millibar", "symbol": "mbar", "definition": "ucum:mbar"}, "", ("mbar", model.MEASUREMENT)),
    ({"name": "Anzahl", "symbol": None, "definition": None}, COUNTED, ("1", model.COUNT)), (None, "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_TruthObservation", ("1", model.TRUTH)),
    ({"name": "Watt", "symbol": "", "definition": "http://unitsofmeasure.org/ucum.html#kW"}, "", ("kW", model.MEASUREMENT)),
    ({"name": "Feet", "symbol": "ft", "definition": ""}, "Instantaneous", ("[ft_i]", model.MEASUREMENT)),
    ({"name": "Cubic Feet per Second", "symbol": "ft^3/s", "definition": ""}, "Instantaneous", ("[ft_i]3/s", model.MEASUREMENT)),
    ({"name": "Degrees Centigrade", "symbol": "degC", "definition": ""}, "Instantaneous", ("Cel", model.MEASUREMENT)),
])  # fmt: skip
def test_units_and_kinds_as_servers_write_them(site: Site, unit: Any, kind: str, expected: tuple[str, str]) -> None:
    """The Geological Survey of Britain says C and means Celsius, that of the United States ft and means feet; Hamburg's kinds stand at the end of another address."""
    row = {"@iot.id": 92, "name": "GGA01", "observationType": kind, "unitOfMeasurement": unit, "ObservedProperty": {"name": "x"}}
    site.answer = lambda _: answered({"value": [row]})
    [stream] = KINDS["sensorthings"].describe(Asking(site.address, now=NOW, allow_internal=True), {"address": f"{site.address}/v1.1"})
    assert (stream.unit, stream.kind) == expected


@pytest.mark.parametrize(("name", "unit", "expected"), [
    ("temperature", {"name": "Grad der Wärme", "symbol": "°Wä"}, ("other", "1")), ("temperature", {"name": "", "symbol": None}, ("air_temperature", "Cel")), ("temperature", None, ("air_temperature", "Cel")),
    ("vehicle count", {"name": "Fahrzeuge", "symbol": "Fz"}, ("vehicle_count", "1")), ("temperature", {"name": "kelvin", "symbol": "K"}, ("air_temperature", "K")),
])  # fmt: skip
def test_a_unit_that_nobody_knows_is_not_taken_for_the_portals_own(site: Site, name: str, unit: Any, expected: tuple[str, str]) -> None:
    row = {"@iot.id": 7, "name": "s", "unitOfMeasurement": unit, "ObservedProperty": {"name": name}}
    site.answer = lambda _: answered({"value": [row]})
    [stream] = KINDS["sensorthings"].describe(Asking(site.address, now=NOW, allow_internal=True), {"address": f"{site.address}/v1.1"})
    assert (stream.property.code, stream.unit) == expected


def test_sensorthings() -> None:
    """A moment, an hour, one of another zone with a number as text, one that only says when it was known, and one without a result."""
    found = read("sensorthings", "sensorthings_array.json", {"address": "x"})
    assert told(found) == [
        ("port 1", "2017-01-13T10:00", 91.5), ("port 1", "2017-01-13T10:20", 90.0), ("port 1", "2017-01-13T10:21", 92.0), ("port 1", "2017-01-13T10:22", 0.0)
    ]  # fmt: skip
    assert sorted(zip(found.seconds.tolist(), found.flags.tolist(), strict=True)) == [(0, 0), (0, 0), (0, quality.SUSPECT), (3600, 0)] and refused(found) == [(4, "no_result")]


def test_entities_where_a_server_knows_no_arrays() -> None:
    body = kept({"stream": "7"}, json.dumps({"value": [{"@iot.id": 1, "phenomenonTime": "2017-01-13T10:20:00Z", "result": 5}]}).encode())
    assert told(KINDS["sensorthings"].decode(body, {"address": "x"})) == [("7", "2017-01-13T10:20", 5.0)]


# files


TABLE = {"address": "", "mapping": FILE_MAPPING}


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file, "PART", 150)


def text(*lines: str) -> bytes:
    return "\n".join(["horodate;station;température", *lines, ""]).encode()


def line(hour: int, value: str = "1,5") -> str:
    return f"2026-11-29 {hour:02}:00;quai;{value}"


def run(site: Site, content: bytes, cursor: Any = None, kind: str = "csv", name: str = "releves.csv") -> tuple[list[float], Any]:
    """What is read of a file, and the cursor."""
    site.answer = lambda asked: served_file(content, asked)
    wanted = {**TABLE, "address": f"{site.address}/{name}", "format": kind}
    client = Asking(wanted["address"], now=NOW, allow_internal=True, limits=Limits(tries=1, answer=5))
    pages = list(KINDS["file"].collect(client, wanted, cursor))
    return [value for page in pages for value in page.decoded.results.tolist()], pages[-1].cursor if pages else cursor


def test_only_new_lines_are_fetched(site: Site) -> None:
    before = [line(hour, f"{hour},5") for hour in range(10)]
    values, cursor = run(site, text(*before))
    assert values == [hour + 0.5 for hour in range(10)]
    site.asked.clear()
    values, cursor = run(site, text(*before, line(10, "10,5"), line(11, "11,5")), cursor)
    assert values == [10.5, 11.5]
    assert all(int(asked.headers["Range"].partition("=")[2].partition("-")[0]) > 0 for asked in site.asked), "the beginning is not asked for again"
    assert run(site, text(*before, line(10, "10,5"), line(11, "11,5")), cursor)[0] == []


def test_a_file_that_was_replaced_is_read_from_its_beginning(site: Site) -> None:
    _, cursor = run(site, text(line(1), line(2)))
    assert run(site, text(line(1, "9"), line(2), line(3)), cursor)[0] == [9.0, 1.5, 1.5]
    assert run(site, text(line(7)), cursor)[0] == [1.5], "shorter than before"
    assert run(site, b"", cursor)[0] == []


def test_a_line_that_is_being_written_waits_for_its_end(site: Site) -> None:
    whole = text(line(1, "1,25"), line(2, "2,25"))
    for cut in range(len(text(line(1, "1,25"))), len(whole)):
        values, cursor = run(site, whole[:cut])
        assert values == [1.25]
        assert run(site, whole, cursor)[0] == [2.25]


def test_a_last_line_without_an_end(site: Site) -> None:
    """It is taken when the file has stayed as it was; and read again when it went on all the same."""
    short = text(line(1, "1,25"), line(2, "2,2")).rstrip(b"\n")
    values, cursor = run(site, short)
    assert values == [1.25]
    values, cursor = run(site, short, cursor)
    assert values == [2.2]
    assert run(site, short, cursor)[0] == []
    assert run(site, short + b"5\n" + line(3, "3,25").encode() + b"\n", cursor)[0] == [2.25, 3.25]
    assert run(site, short + b"\n" + line(3, "3,25").encode() + b"\n", cursor)[0] == [3.25]


def test_a_server_that_knows_no_parts(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    content = text(*(line(hour, f"{hour}") for hour in range(12)))
    site.answer = lambda _: Reply(content)
    wanted = {**TABLE, "address": f"{site.address}/releves.csv"}
    client = Asking(wanted["address"], now=NOW, allow_internal=True, limits=Limits(tries=1, answer=5))
    pages = list(KINDS["file"].collect(client, wanted, None))
    assert [value for page in pages for value in page.decoded.results.tolist()] == [float(hour) for hour in range(12)]
    monkeypatch.setattr(file, "TAIL", 20)
    cursor = list(KINDS["file"].collect(client, wanted, None))[-1].cursor
    site.answer = lambda _: Reply(content + line(12, "12,5").encode() + b"\n")
    pages = list(KINDS["file"].collect(client, wanted, cursor))
    assert [value for page in pages for value in page.decoded.results.tolist()] == [12.5], "what it sends again is passed over"


def test_marks_and_encodings(site: Site) -> None:
    """A mark at the beginning; text of Windows; a table whose lines end as there."""
    content = text(line(1), line(2)).decode()
    assert run(site, b"\xef\xbb\xbf" + content.encode())[0] == [1.5, 1.5]
    assert run(site, content.replace("\n", "\r\n").encode("cp1252"))[0] == [1.5, 1.5]


@pytest.mark.parametrize("charset", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_read_like_other_text(site: Site, monkeypatch: pytest.MonkeyPatch, charset: str) -> None:
    """As a mark at the beginning tells: in parts, only what is new, a line without an end as in other files; signs whose bytes look like a line's end are none."""
    mark = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}[charset]

    def whole(*lines: str) -> bytes:
        return mark + text(*lines).decode().replace("\n", "\r\n").encode(charset)

    one, two, three = line(1, "1,25"), line(2, "2,5"), line(3, "3,75")
    values, cursor = run(site, whole(one))
    assert values == [1.25] and cursor["charset"] == charset
    assert run(site, whole(one), cursor)[0] == []
    values, cursor = run(site, whole(one, two), cursor)
    assert values == [2.5] and run(site, whole(one, line(2, "9")), cursor)[0] == [1.25, 9.0]
    # half a sign, then a line without an end: it is taken when the file has stayed as it was, and again when it goes on
    assert run(site, whole(one, two, three)[:-5], cursor)[0] == []
    values, cursor = run(site, whole(one, two)[:-4])
    assert values == [1.25]
    assert run(site, whole(one, two)[:-5], {**cursor, "size": len(whole(one, two)) - 5})[0] == [], "half a sign is none"
    values, cursor = run(site, whole(one, two)[:-4], cursor)
    assert values == [2.5]
    assert run(site, whole(one, two, three), cursor)[0] == [3.75]
    assert run(site, whole(one, line(2, "2,55"), three), cursor)[0] == [2.55, 3.75]
    odd = whole(one)[:-4] + "\u0a0a\u0a00\u000b".encode(charset)
    assert file._ended(odd, charset) == len(whole()), "signs whose bytes look like a line's end are none"
    monkeypatch.setattr(file, "PART", 64)
    assert run(site, whole(*(line(hour, f"{hour}") for hour in range(12))))[0] == [float(hour) for hour in range(12)]
    with pytest.raises(BatchError):
        run(site, mark + "horodate;station;température\n".encode(charset) + b"\xdc\xdc\xdc\xdc" + "\n".encode(charset))
    without = {**TABLE["mapping"], "encoding": charset}
    monkeypatch.setitem(TABLE, "mapping", without)
    assert run(site, whole(one, two).removeprefix(mark))[0] == [1.25, 2.5], "as the mapping says, where there is no mark"


def test_rows_that_cannot_be_read_are_named(site: Site) -> None:
    site.answer = lambda asked: served_file(text(line(1), "2026-03-29 02:30;quai;2", "hier;quai;3", "1;2;3;4", line(2, "beaucoup"), line(3, ""), line(4)), asked)
    wanted = {**TABLE, "address": f"{site.address}/releves.csv"}
    pages = list(KINDS["file"].collect(Asking(wanted["address"], now=NOW, allow_internal=True), wanted, None))
    assert [value for page in pages for value in page.decoded.results.tolist() if value == value] == [1.5, 1.5]
    assert [row.code for page in pages for row in page.decoded.rejected] == ["missing_hour", "time", "shape"]


def test_parquet_is_read_where_it_changed(site: Site, tmp_path: Path) -> None:
    moments = pa.array([dt.datetime(2026, 11, 29, hour, tzinfo=PARIS) for hour in range(3)], pa.timestamp("us", "UTC"))
    table = pa.table({"horodate": moments, "station": ["quai"] * 3, "température": [1.0, None, 3.0]})
    pq.write_table(table, tmp_path / "a.parquet")
    content = (tmp_path / "a.parquet").read_bytes()
    values, cursor = run(site, content, None, "parquet", "a.parquet")
    assert values == [1.0, 3.0] and cursor["digest"] == hashlib.sha256(content).hexdigest()
    assert run(site, content, cursor, "parquet", "a.parquet")[0] == []
    with pytest.raises(BatchError) as caught:
        run(site, content[: len(content) // 2], None, "parquet", "a.parquet")
    assert caught.value.code == "broken"


def test_parquet_that_a_server_knows_by_its_mark(site: Site, tmp_path: Path) -> None:
    """What the server says is as it was is not sent again; what it only calls otherwise is sent, and is no other file."""
    pq.write_table(pa.table({"horodate": ["2026-11-29T10:00:00Z"], "station": ["quai"], "température": [4.5]}), tmp_path / "a.parquet")
    content, mark = (tmp_path / "a.parquet").read_bytes(), ['"a"']

    def answer(asked: Asked) -> Reply:
        known = asked.headers.get("If-None-Match") == mark[0]
        return Reply(b"" if known else content, 304 if known else 200, {"ETag": mark[0]})

    site.answer = answer
    wanted = {**TABLE, "address": f"{site.address}/a.parquet"}

    def collect(cursor: Any) -> tuple[list[float], Any]:
        pages = list(KINDS["file"].collect(Asking(wanted["address"], now=NOW, allow_internal=True, limits=Limits(tries=1, answer=5)), wanted, cursor))
        return [value for page in pages for value in page.decoded.results.tolist()], pages[-1].cursor if pages else cursor

    values, cursor = collect(None)
    assert values == [4.5] and cursor["etag"] == '"a"'
    assert collect(cursor) == ([], cursor)
    assert [asked.headers.get("If-None-Match") for asked in site.asked] == [None, '"a"']
    mark[0] = '"b"'
    assert collect(cursor)[0] == []
    assert site.asked[-1].headers["If-None-Match"] == '"a"'


def test_a_file_by_sftp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only new lines are read; the server is known by its key before anything is said to it; an address inside wants its permission."""
    monkeypatch.setattr(file, "TAIL", 20)
    (tmp_path / "releves.csv").write_bytes(text(line(1), line(2)))
    server = Server(tmp_path)
    wanted = {**TABLE, "address": f"sftp://{server.address}/releves.csv", "host_key": server.key.fingerprint}

    def collect(cursor: Any = None, secret: Any = None, internal: bool = True, size: int = 2**20, **more: Any) -> tuple[list[float], Any]:
        client = Asking(wanted["address"], secret=secret or {"user": USER, "password": WORD}, now=NOW, allow_internal=internal, limits=Limits(size=size))
        pages = list(KINDS["file"].collect(client, {**wanted, **more}, cursor))
        return [value for page in pages for value in page.decoded.results.tolist()], pages[-1].cursor if pages else cursor

    try:
        values, cursor = collect()
        assert values == [1.5, 1.5]
        (tmp_path / "releves.csv").write_bytes(text(line(1), line(2), line(3, "3,5")))
        assert collect(cursor)[0] == [3.5]
        server.tried.clear()
        for cause, more in (("certificate", {"host_key": "SHA256:" + "A" * 43}), ("inner", {"internal": False})):
            with pytest.raises(FetchError) as caught:
                collect(**more)
            assert caught.value.cause == cause and server.tried == []
        with pytest.raises(FetchError) as caught:
            collect(secret={"user": USER, "password": "faux"})
        assert caught.value.cause == "login"
        with pytest.raises(FetchError) as caught:
            collect(address=f"sftp://{server.address}/autre.csv")
        assert caught.value.cause == "not_found"
        pq.write_table(pa.table({"horodate": ["2026-11-29T10:00:00Z"], "station": ["quai"], "température": [4.5]}), tmp_path / "b.parquet")
        values, cursor = collect(address=f"sftp://{server.address}/b.parquet")
        assert values == [4.5] and collect(cursor, address=f"sftp://{server.address}/b.parquet")[0] == []
        with pytest.raises(FetchError) as caught:
            collect(address=f"sftp://{server.address}/b.parquet", size=(tmp_path / "b.parquet").stat().st_size - 1)
        assert caught.value.cause == "too_large"
    finally:
        server.close()


# servers at odd moments


def test_a_broker_that_goes_on_for_ever(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not know where it is asked to go on, and says each time that there is more."""
    monkeypatch.setattr(ngsi_ld, "MOST_PAGES", 5)
    entity = {"id": "urn:x", "type": "AirQualityObserved", "NO2": {"type": "Property", "value": 1, "observedAt": "2026-11-29T10:00:00Z"}}
    site.answer = lambda _: answered([entity], Link='</ngsi-ld/v1/entities?offset=1>; rel="next"')
    wanted = {"address": f"{site.address}/ngsi-ld/v1", "types": ["AirQualityObserved"]}
    with pytest.raises(FetchError) as caught:
        list(KINDS["ngsi_ld"].collect(Asking(wanted["address"], now=NOW, allow_internal=True), wanted, None))
    assert caught.value.cause == "paging" and [asked.question["offset"] for asked in site.asked] == ["0", "1", "2", "3", "4"]


def test_a_server_that_lists_streams_for_ever(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each page is another one, as far as anybody asks here."""
    monkeypatch.setattr(sensorthings, "MOST_STREAMS", 3)

    def answer(asked: Asked) -> Reply:
        number = int(asked.question.get("$skip") or 0)
        more = {"@iot.nextLink": f"{site.address}/v1.1/Datastreams?$skip={number + 1}"} if number < 20 else {}
        return answered({"value": [{"@iot.id": number, "name": "x"}], **more})

    site.answer = answer
    with pytest.raises(FetchError) as caught:
        KINDS["sensorthings"].describe(Asking(site.address, now=NOW, allow_internal=True), {"address": f"{site.address}/v1.1"})
    assert caught.value.cause == "paging" and len(site.asked) == 4


@pytest.mark.parametrize(("ttl", "again"), [(120, 120), (0, 60), (-1, 60), (59.9, 60), ("120", 300), (True, 300), (None, 300)])
def test_a_feed_that_says_when_it_is_worth_asking(site: Site, ttl: Any, again: int) -> None:
    """Never more than once a minute; what is no number says nothing."""
    station = {"station_id": "1", "num_vehicles_available": 2, "last_reported": "2026-11-29T10:00:00Z"}
    feeds = {"data": {"feeds": [{"name": "station_status", "url": f"{site.address}/status"}]}}
    site.answer = lambda asked: answered(feeds if asked.path == "/gbfs.json" else {"ttl": ttl, "last_updated": "2026-11-29T10:00:00Z", "data": {"stations": [station]}})
    [page] = KINDS["gbfs"].collect(Asking(site.address, now=NOW, allow_internal=True), {"address": f"{site.address}/gbfs.json"}, None)
    assert page.cursor["again"] == again


def test_a_feed_whose_moments_were_never_set(site: Site) -> None:
    """A station that last reported in 1970 counts when the feed was made; where that was not set either, there is no time."""
    told_ = {"ttl": 60, "data": {"stations": [{"station_id": "1", "num_vehicles_available": 2, "last_reported": 0}]}}
    assert told(KINDS["gbfs"].decode(kept({}, json.dumps({**told_, "last_updated": 1764417600}).encode()), {})) == [("1/bikes", "2025-11-29T12:00", 2.0)]
    assert refused(KINDS["gbfs"].decode(kept({}, json.dumps({**told_, "last_updated": 0}).encode()), {})) == [(0, "no_time")]


def test_a_page_that_the_source_has_forgotten(site: Site) -> None:
    """A run goes on at a link that no longer works: it begins where the last whole one ended."""
    speaker = next(speaker for speaker in SPEAKERS if speaker.name == "hubeau")
    whole = speaker.says(site, speaker.told())
    site.answer = lambda asked: Reply(b"{}", 400) if asked.question.get("cursor") == "alt" else whole(asked)
    wanted = speaker.definition(site.address)
    cursor = {"until": "2026-11-28T00:00:00Z", "next": f"{site.address}/observations_tr?cursor=alt"}
    pages = list(speaker.kind.collect(Asking(site.address, now=NOW, allow_internal=True), wanted, cursor))
    assert sum(len(page.decoded) for page in pages) == 12


def test_links_of_a_server_behind_a_proxy(site: Site) -> None:
    """It names itself by http; it is asked as the source's address says."""
    client = Asking("https://frost.example.org/v1.1", secret={"token": "x"})
    assert client.onward("http://frost.example.org:8080/v1.1/Datastreams?$skip=100") == "https://frost.example.org/v1.1/Datastreams?$skip=100"
    assert client.onward("/v1.1/Things") == "https://frost.example.org/v1.1/Things"
    assert client.onward("https://other.example.org/x") == "https://other.example.org/x"


def test_dpobs_is_asked_moment_by_moment(site: Site) -> None:
    asked_for: list[str] = []

    def answer(asked: Asked) -> Reply:
        asked_for.append(asked.question["date"])
        if len(asked_for) == 2:
            return Reply(b"", 404)
        return answered([{"geo_id_insee": "17300009", "validity_time": asked.question["date"], "t": 280.0}])

    site.answer = answer
    wanted = {"address": f"{site.address}/public/DPObs/v1", "stations": ["17300009"], "fields": ["t"]}
    pages = list(KINDS["meteofrance"].collect(Asking(wanted["address"], now=NOW, allow_internal=True), wanted, {"until": "2026-11-29T12:48:00Z"}))
    assert asked_for == [f"2026-11-29T11:{minute:02}:00Z" for minute in range(0, 60, 6)] + ["2026-11-29T12:00:00Z"]
    assert sum(len(page.decoded) for page in pages) == 10


def test_atmo_by_wfs(site: Site) -> None:
    features = json.loads((SAMPLES / "atmo_indices.json").read_bytes())

    def answer(asked: Asked) -> Reply:
        assert (asked.question["request"], asked.question["typeNames"]) == ("GetFeature", "ind:ind_na") and "code_zone IN ('17300')" in asked.question["CQL_FILTER"]
        return answered(features)

    site.answer = answer
    wanted = {"address": f"{site.address}/geoserver/ind/ows", "zones": ["17300"], "way": "wfs", "layer": "ind:ind_na"}
    pages = list(KINDS["atmo"].collect(Asking(wanted["address"], now=NOW, allow_internal=True), wanted, None))
    assert sum(len(page.decoded) for page in pages) == 3 * 5


def test_a_first_run_goes_back_as_far_as_is_said(site: Site) -> None:
    speaker = next(speaker for speaker in SPEAKERS if speaker.name == "hubeau")
    for given, begin in (("P3D", "2026-11-26T12:00:00Z"), ("2026-11-20", "2026-11-19T23:00:00Z"), ("2026-11-20T06:00Z", "2026-11-20T06:00:00Z"), ("2001-01-01", "2026-10-30T12:00:00Z")):
        site.asked.clear()
        site.answer = speaker.says(site, [])
        list(speaker.kind.collect(Asking(site.address, now=NOW, allow_internal=True), {**speaker.definition(site.address), "from": given}, None))
        assert [asked.question["date_debut_obs"] for asked in site.asked] == [begin]


def test_a_login_that_is_refused(site: Site) -> None:
    speaker = next(speaker for speaker in SPEAKERS if speaker.name == "atmo")
    site.answer = speaker.says(site, speaker.told())
    with pytest.raises(FetchError) as caught:
        list(speaker.kind.collect(Asking(site.address, secret={"user": "ville", "password": "falsch"}, now=NOW, allow_internal=True), speaker.definition(site.address), None))
    assert caught.value.cause == "login"


# definitions


@pytest.mark.parametrize(("given", "faults"), [
    ({"kind": "hubeau", "stations": "F700000103, N603201001"}, {}),
    ({"kind": "hubeau", "stations": []}, {"stations": "needed"}),
    ({"kind": "hubeau", "stations": ["a b"]}, {"stations": "text"}),
    ({"kind": "hubeau", "stations": ["F7"], "quantities": ["T"]}, {"quantities": "text"}),
    ({"kind": "hubeau", "stations": ["F7"], "from": "hier"}, {"from": "text"}),
    ({"kind": "hubeau", "stations": ["F700000103"], "from": "P30D", "overlap": "3600"}, {}),
    ({"kind": "opendatasoft"}, {"address": "needed", "identifier": "needed", "mapping": "needed"}),
    ({"kind": "opendatasoft", "preset": "eco2mix"}, {}),
    ({"kind": "opendatasoft", "preset": "autre"}, {"preset": "text"}),
    ({"kind": "atmo", "zones": ["17300"]}, {"credential": "needed"}),
    ({"kind": "atmo", "zones": ["17300"], "way": "wfs"}, {"address": "needed", "layer": "needed"}),
    ({"kind": "gbfs", "address": "ftp://x.example.org/gbfs.json"}, {"address": "address"}),
    ({"kind": "gbfs", "address": "https://a:b@x.example.org/gbfs.json"}, {"address": "address"}),
    ({"kind": "file", "address": "sftp://x.example.org/a.csv", "mapping": {}}, {"mapping": "needed"}),
    ({"kind": "file", "address": "sftp://x.example.org/a.csv", "mapping": {"create": True}}, {"credential": "needed", "host_key": "needed"}),
    ({"kind": "meteofrance", "stations": ["17300009"], "credential": "clé", "fields": ["t", "neige"]}, {"fields": "text"}),
    ({"kind": "sensorthings", "address": "https://x.example.org/v1.1", "zone": "Europe/Rochelle"}, {"zone": "text"}),
])  # fmt: skip
def test_definitions(given: dict[str, Any], faults: dict[str, str]) -> None:
    if faults:
        with pytest.raises(definition.DefinitionError) as caught:
            definition.read({"name": "x", **given})
        assert caught.value.faults == faults
    else:
        assert json.loads(json.dumps(definition.read({"name": "x", **given}).fields))


def test_each_kind_is_scheduled() -> None:
    assert all(kind.scheduled and not kind.keys and set(kind.more) <= set(pulls.MORE) for kind in pulls.PULLED)


def test_rows_of_odd_values() -> None:
    """Lists and objects are none, huge numbers are too big for the store, words are kept as words, yes is 1."""
    found = rows.of(["a"] * 6, ["2026-01-01T00:00:00Z"] * 6, [[1], {"a": 1}, 10**400, "ouvert", True, None])
    assert refused(found) == [(0, "shape"), (1, "shape"), (5, "no_result")]
    assert (len(found), found.words, found.rows.tolist()) == (3, ["ouvert"], [2, 3, 4])
