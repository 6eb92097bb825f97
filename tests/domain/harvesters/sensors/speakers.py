"""Sources of all kinds, as their servers would tell of the same observations: stations, moments, values. Shapes and names are those of the samples beside (`samples/README.md`)."""
from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from ckanext.tzc.harvesters.sensors.asking import iso
from ckanext.tzc.harvesters.sensors.base import Kind
from ckanext.tzc.harvesters.sensors.kinds import KINDS

from tests.sites import Asked, Reply, Site

NOW = dt.datetime(2026, 11, 29, 12, tzinfo=dt.timezone.utc)
PAGE = 3
"""Rows of a page, whatever is asked for: servers have limits of their own."""

Told = list[tuple[str, dt.datetime, float]]
"""Station, moment, value."""

Seen = list[tuple[str, dt.datetime, float]]
"""What a reader should make of it: the stream, the moment, the value as the source measures it."""

Answer = Callable[[Asked], Reply]


@dataclasses.dataclass(frozen=True)
class Speaker:
    """A kind of source: its server, its definition at an address, and what is to be read of what is told."""

    name: str
    says: Callable[[Site, Told], Answer]
    definition: Callable[[str], dict[str, Any]]
    stations: tuple[str, ...]
    sees: Callable[[Told], Seen]
    step: dt.timedelta = dt.timedelta(minutes=30)
    secret: Mapping[str, str] = dataclasses.field(default_factory=dict)
    endless: Callable[[Site, Told], Answer] | None = None
    unit: str = "1"
    """Of the stream that the portal makes."""

    @property
    def kind(self) -> Kind:
        """The one that reads it."""
        return KINDS[self.name]

    def told(self, count: int = 12, until: dt.datetime = NOW - dt.timedelta(hours=1)) -> Told:
        """Observations of all stations, one after the other, up to a moment."""
        each = count // len(self.stations)
        return [(station, until - self.step * (each - 1 - number), float(number * 10 + place)) for number in range(each) for place, station in enumerate(self.stations)]


def answered(content: object, status: int = 200, **headers: str) -> Reply:
    return Reply(json.dumps(content).encode(), status, headers={"Content-Type": "application/json", **headers})


def after(told: Told, begin: str) -> Told:
    return [row for row in told if iso(row[1]) >= begin]


# Hub'Eau


def hubeau(site: Site, told: Told) -> Answer:
    def answer(asked: Asked) -> Reply:
        if asked.path == "/referentiel/stations":
            stations = [
                {"code_station": code, "libelle_station": f"Station {code}", "longitude_station": 2.36, "latitude_station": 48.84, "libelle_commune": "PARIS"}
                for code in asked.question["code_station"].split(",")
            ]  # fmt: skip
            return answered({"count": len(stations), "next": None, "data": stations})
        if asked.path != "/observations_tr":
            return Reply(b"Not found", 404)
        assert asked.question["sort"] == "asc" and int(asked.question["size"]) <= 20_000
        rows = after(told, asked.question["date_debut_obs"])
        start = int(asked.question.get("cursor") or 0)
        page = [
            {"code_site": code[:8], "code_station": code, "grandeur_hydro": "Q", "date_obs": iso(moment), "resultat_obs": value, "code_qualification_obs": 16}
            for code, moment, value in rows[start : start + PAGE]
        ]  # fmt: skip
        following = start + PAGE < len(rows)
        link = f"{site.address}/observations_tr?{'&'.join(f'{name}={value}' for name, value in {**asked.question, 'cursor': start + PAGE}.items())}"
        return answered({"count": len(rows), "next": link if following else None, "data": page}, 206 if following else 200)

    return answer


def hubeau_endless(site: Site, told: Told) -> Answer:
    return lambda asked: hubeau(site, told)(asked) if "stations" in asked.path else answered({"data": [], "next": f"{site.address}/observations_tr?cursor=1&date_debut_obs=x"}, 206)


# SensorThings


def sensorthings(site: Site, told: Told) -> Answer:
    root = f"{site.address}/v1.1"

    def stream(number: int, station: str) -> dict[str, Any]:
        rows = [row for row in told if row[0] == station]
        return {
            "@iot.id": number, "name": f"Air at {station}", "description": "", "observationType": "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
            "unitOfMeasurement": {"name": "degree Celsius", "symbol": "°C", "definition": "ucum:Cel"}, "Observations@iot.navigationLink": f"{root}/Datastreams({number})/Observations",
            **({"phenomenonTime": f"{iso(rows[0][1])}/{iso(rows[-1][1])}"} if rows else {}),
            "Thing": {"@iot.id": number, "name": station, "description": "", "Locations": [{"name": "Quay", "location": {"type": "Point", "coordinates": [-1.15, 46.16]}}]},
            "Sensor": {"name": "SHT31", "description": "", "encodingType": "application/pdf", "metadata": "https://example.org/sht31.pdf"},
            "ObservedProperty": {"name": "Air Temperature", "definition": "http://vocab.nerc.ac.uk/standard_name/air_temperature/"},
        }  # fmt: skip

    def answer(asked: Asked) -> Reply:
        start = int(asked.question.get("$skip") or 0)
        if asked.path == "/v1.1/Datastreams":
            streams = [stream(number, station) for number, station in enumerate(STATIONS, 1)]
            more = {"@iot.nextLink": f"{root}/Datastreams?$skip={start + 1}"} if start + 1 < len(streams) else {}
            return answered({"value": streams[start : start + 1], **more})
        found = re.fullmatch(r"/v1\.1/Datastreams\((\d+)\)/Observations", asked.path)
        if not found:
            return Reply(b"Not found", 404)
        begin = asked.question["$filter"].removeprefix("phenomenonTime ge ")
        rows = [row for row in after(told, begin) if row[0] == STATIONS[int(found[1]) - 1]]
        more = {"@iot.nextLink": f"{root}/Datastreams({found[1]})/Observations?$skip={start + PAGE}&$resultFormat=dataArray&$filter=phenomenonTime%20ge%20{begin}"}
        group = {
            "Datastream@iot.navigationLink": f"{root}/Datastreams({found[1]})", "components": ["id", "phenomenonTime", "resultTime", "result"],
            "dataArray": [[place, iso(moment).replace("Z", ".000Z"), None, value] for place, (_, moment, value) in enumerate(rows[start : start + PAGE])],
        }  # fmt: skip
        return answered({"value": [group], **(more if start + PAGE < len(rows) else {})})

    return answer


def sensorthings_endless(site: Site, told: Told) -> Answer:
    def answer(asked: Asked) -> Reply:
        reply = json.loads(sensorthings(site, told)(Asked("GET", asked.path, {"$filter": "phenomenonTime ge 2000", **asked.question, "$skip": "0"}, b"", {})).body)
        return answered({**reply, "@iot.nextLink": f"{site.address}{asked.path}?$skip=0&$filter=phenomenonTime%20ge%202000"})

    return answer


STATIONS = ("quai", "gare")

# NGSI-LD


def ngsi_ld(_site: Site, told: Told) -> Answer:
    """A broker that gives one entity a page and says where it goes on."""

    def answer(asked: Asked) -> Reply:
        assert 'rel="http://www.w3.org/ns/json-ld#context"' in asked.headers["Link"] and int(asked.question["limit"]) <= 1000
        ids = sorted({row[0] for row in told})
        start = int(asked.question["offset"])
        entities = []
        for station in ids[start : start + 1]:
            rows = after([row for row in told if row[0] == station], asked.question.get("timeAt", ""))
            instances = [{"type": "Property", "value": value, "observedAt": iso(moment), "unitCode": "GQ"} for _, moment, value in rows]
            entities.append({
                "id": f"urn:ngsi-ld:AirQualityObserved:{station}", "type": "AirQualityObserved", "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [-1.15, 46.16]}},
                "NO2": instances if "temporal" in asked.path else instances[-1],
            })  # fmt: skip
        link = {"Link": f'</ngsi-ld/v1/entities?offset={start + 1}>; rel="next"'} if start + 1 < len(ids) else {}
        return answered(entities, **link)

    return answer


# Opendatasoft


def opendatasoft(_site: Site, told: Told) -> Answer:
    def answer(asked: Asked) -> Reply:
        if asked.path != "/api/explore/v2.1/catalog/datasets/compteurs/exports/csv":
            return Reply(b'{"message": "Unknown dataset"}', 404)
        assert (asked.question["timezone"], asked.question["limit"]) == ("UTC", "-1")
        begin, end = re.findall(r"date'([^']+)'", asked.question["where"])
        rows = sorted((row for row in told if begin <= iso(row[1]) < end), key=lambda row: row[1])
        lines = ["date_heure;compteur;sum_counts", *(f"{iso(moment).replace('Z', '+00:00')};{station};{value:g}" for station, moment, value in rows)]
        return Reply("\r\n".join([*lines, ""]).encode(), headers={"Content-Type": "text/csv; charset=utf-8"})

    return answer


# Météo-France


def meteofrance(_site: Site, told: Told) -> Answer:
    def answer(asked: Asked) -> Reply:
        if asked.headers.get("apikey") != "clé":
            return Reply(b"{}", 401)
        if asked.path == "/public/DPPaquetObs/v1/liste-stations":
            lines = ["Id_station;Id_omm;Nom_usuel;Latitude;Longitude;Altitude;Date_ouverture;Pack", "17300009;;LA ROCHELLE-ILE DE RE;46.177500;-1.193333;20;1949-01-01;RADOME"]
            return Reply("\n".join(lines).encode())
        rows = [row for row in told if row[0] == asked.question["id_station"]]
        return answered([
            {"lat": 46.1775, "lon": -1.193333, "geo_id_insee": station, "reference_time": iso(moment), "insert_time": iso(moment), "validity_time": iso(moment), "t": value, "u": None}
            for station, moment, value in rows
        ])  # fmt: skip

    return answer


# Atmo


def atmo(_site: Site, told: Told) -> Answer:
    def answer(asked: Asked) -> Reply:
        if asked.path == "/api/login":
            return answered({"token": "jeton"} if json.loads(asked.body) == {"username": "ville", "password": "secret"} else {}, 200)
        if asked.path != "/api/v2/data/indices/atmo" or asked.headers.get("Authorization") != "Bearer jeton":
            return Reply(b"{}", 401)
        zones = asked.question["code_zone"].split(",")
        rows = [row for row in told if row[0] in zones and asked.question["date_historique"] <= row[1].date().isoformat() <= asked.question["date"]]
        return answered({"type": "FeatureCollection", "features": [
            {"type": "Feature", "geometry": None, "properties": {
                "code_zone": zone, "lib_zone": "La Rochelle", "type_zone": "commune", "source": "Atmo Nouvelle-Aquitaine", "date_ech": moment.date().isoformat(), "date_dif": "2026-11-29",
                "date_maj": "2026-11-29T10:00:00.000Z", "code_qual": int(value) % 6 + 1, "lib_qual": "Bon", "x_wgs84": -1.15, "y_wgs84": 46.16,
            }}
            for zone, moment, value in rows
        ]})  # fmt: skip

    return answer


# GBFS


def gbfs(site: Site, told: Told) -> Answer:
    def answer(asked: Asked) -> Reply:
        now = {"last_updated": iso(NOW), "ttl": 120, "version": "3.0"}
        if asked.path == "/gbfs.json":
            return answered({**now, "data": {"feeds": [{"name": name, "url": f"{site.address}/{name}.json"} for name in ("station_information", "station_status")]}})
        if asked.path == "/station_information.json":
            return answered({**now, "data": {"stations": [
                {"station_id": station, "name": [{"text": f"Place {station}", "language": "fr"}], "lat": 46.16, "lon": -1.15, "capacity": 20} for station in ("1", "2")
            ]}})  # fmt: skip
        last = {station: (moment, value) for station, moment, value in told}
        return answered({**now, "data": {"stations": [
            {"station_id": station, "num_vehicles_available": int(value), "num_docks_available": int(value) + 1, "is_installed": True, "is_renting": True, "is_returning": True, "last_reported":
             moment.astimezone(dt.timezone(dt.timedelta(hours=1))).isoformat()}
            for station, (moment, value) in last.items()
        ]}})  # fmt: skip

    return answer


def gbfs_sees(told: Told) -> Seen:
    last = {station: (moment, value) for station, moment, value in told}
    return [(f"{station}/{name}", moment, value + more) for station, (moment, value) in last.items() for name, more in (("bikes", 0), ("docks", 1))]


# a file


def served_file(content: bytes, asked: Asked) -> Reply:
    """As a server of files does."""
    wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", asked.headers.get("Range", ""))
    if not wanted:
        return Reply(content)
    first, last = int(wanted[1]), min(int(wanted[2]), len(content) - 1)
    if first >= len(content):
        return Reply(b"", 416, {"Content-Range": f"bytes */{len(content)}"})
    return Reply(content[first : last + 1], 206, {"Content-Range": f"bytes {first}-{last}/{len(content)}"})


def file(_site: Site, told: Told) -> Answer:
    lines = ["horodate;station;température", *(f"{moment.astimezone(PARIS):%Y-%m-%d %H:%M};{station};{value:.1f}".replace(".", ",") for station, moment, value in told)]
    return lambda asked: served_file("\n".join([*lines, ""]).encode(), asked)


PARIS = dt.timezone(dt.timedelta(hours=1))
FILE_MAPPING = {
    "time": "horodate", "zone": "Europe/Paris", "thing": "station", "delimiter": ";", "decimal": ",", "create": True, "places": {"quai": {"name": "Le quai"}, "gare": {}},
    "values": [{"path": "température", "name": "temperature", "property": "air_temperature", "unit": "Cel"}],
}  # fmt: skip


def named(suffix: str = "", prefix: str = "") -> Callable[[Told], Seen]:
    return lambda told: [(f"{prefix}{station}{suffix}", moment, value) for station, moment, value in told]


def local_day(moment: dt.datetime) -> dt.datetime:
    return dt.datetime.combine(moment.date(), dt.time(), PARIS).astimezone(dt.timezone.utc)


SPEAKERS = [
    Speaker("hubeau", hubeau, lambda address: {"address": address, "stations": ["F700000103", "N603201001"], "quantities": ["Q"]}, ("F700000103", "N603201001"), named("/Q"), unit="m3/s",
            endless=hubeau_endless),
    Speaker("sensorthings", sensorthings, lambda address: {"address": f"{address}/v1.1"}, STATIONS,
            lambda told: [(str(STATIONS.index(station) + 1), moment, value) for station, moment, value in told], unit="Cel", endless=sensorthings_endless),
    Speaker("ngsi_ld", ngsi_ld, lambda address: {"address": f"{address}/ngsi-ld/v1", "types": ["AirQualityObserved"], "history": True}, ("a", "b", "c"),
            named("/NO2", "urn:ngsi-ld:AirQualityObserved:"), unit="ug/m3"),
    Speaker("opendatasoft", opendatasoft, lambda address: {"address": address, "identifier": "compteurs", "mapping": {
                "time": "date_heure", "thing": "compteur", "create": True, "places": {"nord": {}, "sud": {}}, "values": [{"path": "sum_counts", "name": "counts", "property": "bike_count"}]}},
            ("nord", "sud"), named("/counts")),
    Speaker("meteofrance", meteofrance, lambda address: {"address": f"{address}/public/DPPaquetObs/v1", "stations": ["17300009", "17323001"], "fields": ["t", "u"]},
            ("17300009", "17323001"), named("/t"), dt.timedelta(minutes=6), {"header": "apikey", "value": "clé"}, unit="Cel"),
    Speaker("atmo", atmo, lambda address: {"address": address, "zones": ["17300", "17010"]}, ("17300", "17010"),
            lambda told: [(f"{zone}/qual", local_day(moment), float(int(value) % 6 + 1)) for zone, moment, value in told], dt.timedelta(days=1), {"user": "ville", "password": "secret"}),
    Speaker("gbfs", gbfs, lambda address: {"address": f"{address}/gbfs.json"}, ("1", "2"), gbfs_sees),
    Speaker("file", file, lambda address: {"address": f"{address}/releves.csv", "mapping": FILE_MAPPING}, STATIONS, named("/temperature"), unit="Cel"),
]  # fmt: skip
