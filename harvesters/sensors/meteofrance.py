"""Météo-France's observations, every six minutes: the package of a station's last day (`DPPaquetObs`), or moment by moment (`DPObs`). Kelvin, pascal, metres per second, UTC.

It wants a key (`apikey`), or a name and a password that it gives a token for; 50 questions a minute. Licence Ouverte 2.0.
"""
from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import io
from collections.abc import Iterator
from typing import Any

from tzc.sensors.faults import BatchError
from tzc.sensors.model import Property, Sensor, Stream, Thing
from tzc.sensors.protocols import reading
from tzc.sensors.readings import Decoded

from ..http import FetchError
from . import rows
from .asking import Asking, at, iso, moment, with_words
from .base import Cursor, Definition, Kind, Page, opened, parsed

ADDRESS = "https://public-api.meteofrance.fr/public/DPPaquetObs/v1"
TOKENS = "https://portail-api.meteofrance.fr/token"
STEP = 360
"""Seconds."""

FIELDS = {
    "t": ("air_temperature", "Cel", "K", 0, "Température"), "td": ("air_temperature", "Cel", "K", 0, "Point de rosée"), "u": ("relative_humidity", "%", "%", 0, "Humidité"),
    "dd": ("wind_direction", "deg", "deg", 0, "Direction du vent"), "ff": ("wind_speed", "m/s", "m/s", 0, "Vent moyen"), "fxi10": ("wind_speed", "m/s", "m/s", 0, "Rafale"),
    "pres": ("air_pressure", "hPa", "Pa", 0, "Pression"), "pmer": ("air_pressure", "hPa", "Pa", 0, "Pression au niveau de la mer"),
    "rr_per": ("rainfall", "mm", "mm", STEP, "Pluie en 6 minutes"),
}  # fmt: skip
"""Of each field: the property, the portal's unit, that of the source, the seconds before its moment that it sums up, and its name."""

ALSO = {"fxi10": "raf10"}
"""Fields that version 2 of the services calls otherwise."""


class MeteoFrance(Kind):
    """Definition: `stations`, their numbers of eight digits; `fields`, some of `FIELDS`; `address`, of one of the two services."""

    name = "meteofrance"
    days = 1
    most_days = 1
    overlap = 3600
    apart = 1.25  # 50 a minute

    def describe(self, client: Asking, definition: Definition) -> list[Stream]:
        """Each station's fields; where it stands, the service's list says."""
        answer = client.question(f"{_address(definition)}/liste-stations", None, _login(client, definition))
        known = {str(row.get("Id_station")).zfill(8): row for row in csv.DictReader(io.StringIO(reading.text_of(answer.body).decode()), delimiter=";")}
        return [
            Stream(
                f"{code}/{field}", _thing(code, known.get(code, {})), Property(FIELDS[field][0], name=FIELDS[field][4]), name=FIELDS[field][4], unit=FIELDS[field][1],
                sensor=Sensor("Météo-France"), interval=STEP, period=FIELDS[field][3],
            )
            for code in definition["stations"] for field in _fields(definition)
        ]  # fmt: skip

    def collect(self, client: Asking, definition: Definition, cursor: Cursor | None) -> Iterator[Page]:
        """Station by station. The cursor: `until`, and where a run broke off the `station` that was read."""
        cursor = cursor or {}
        begin, now = self.begin(definition, cursor.get("until"), client.now), moment(cursor.get("now")) or client.now
        until = cursor.get("until") or iso(begin)
        stations = list(definition["stations"])
        done = cursor.get("station")
        for code in stations[stations.index(done) + 1 if done in stations else 0 :]:
            for asked in self._questions(definition, code, begin, client.now):
                answer = _asked(client, definition, asked)
                if answer:
                    yield self.page({}, answer, definition, {"until": until, "now": iso(now), **({"station": done} if done else {})})
            done = code
            yield self.page({}, b"[]", definition, {"until": until, "now": iso(now), "station": done})
        yield self.page({}, b"[]", definition, {"until": iso(now)})

    def _questions(self, definition: Definition, code: str, begin: dt.datetime, now: dt.datetime) -> Iterator[str]:
        address = _address(definition)
        if "/DPObs/" not in f"{address}/":
            yield with_words(f"{address}/paquet/infrahoraire-6m", {"id_station": code, "format": "json"})
            return
        at_ = int(begin.timestamp()) // STEP * STEP
        while at_ <= now.timestamp():
            yield with_words(f"{address}/station/infrahoraire-6m", {"id_station": code, "date": dt.datetime.fromtimestamp(at_, dt.timezone.utc), "format": "json"})
            at_ += STEP

    def decode(self, body: bytes, definition: Definition) -> Decoded:
        """Lines of stations. What a station does not measure is nothing."""
        found = parsed(opened(body)[1])
        if not isinstance(found, list):
            raise BatchError("unexpected", detail="observations")
        fields = _fields(definition)
        lines = [(place, row) for place, row in enumerate(found) if isinstance(row, dict) and any(_told(row, field) is not None for field in fields)]
        streams = [f"{row.get('geo_id_insee')}/{field}" for _, row in lines for field in fields]
        lasts = [FIELDS[field][3] for _ in lines for field in fields]
        units = {name: FIELDS[name.rpartition("/")[2]][2] for name in streams}
        read = rows.of(
            streams, [row.get("validity_time") for _, row in lines for _ in fields], [_told(row, field) for _, row in lines for field in fields], seconds=lasts or 0, units=units,
            rows=[place for place, _ in lines for _ in fields], lacking=True,
        )  # fmt: skip
        # what is summed up is told at the end of its time
        return _from_its_begin(read)


def _told(row: dict[str, Any], field: str) -> Any:
    value = row.get(field)
    return row.get(ALSO[field]) if value is None and field in ALSO else value


def _from_its_begin(read: Decoded) -> Decoded:
    return dataclasses.replace(read, times=read.times - read.seconds.astype("int64") * 1_000_000)


def _asked(client: Asking, definition: Definition, url: str) -> bytes:
    """An answer; nothing where the station has nothing for this time."""
    try:
        answer = client.question(url, None, _login(client, definition))
    except FetchError as error:
        if error.cause == "not_found" or "status 204" in str(error):
            return b""
        raise
    answer.refuse_page("JSON")
    return answer.body


def _address(definition: Definition) -> str:
    return str(definition.get("address") or ADDRESS).rstrip("/")


def _fields(definition: Definition) -> list[str]:
    return [field for field in definition.get("fields") or FIELDS if field in FIELDS]


def _login(client: Asking, definition: Definition) -> dict[str, str]:
    """The token for the name and password of an application, asked for once a run, an hour long."""
    if "user" not in client.secret:
        return {}
    if "meteofrance" not in client.secret:
        answer = client.form(str(definition.get("tokens") or TOKENS), {"grant_type": "client_credentials"})
        token = at(answer.json(), "access_token")
        if not isinstance(token, str):
            raise FetchError("Météo-France let nobody in: there is no token in its answer.", "login")
        client.secret["meteofrance"] = token
    return {"Authorization": f"Bearer {client.secret['meteofrance']}"}


def _thing(code: str, row: dict[str, Any]) -> Thing:
    try:
        point = {"type": "Point", "coordinates": [float(row["Longitude"]), float(row["Latitude"])]}
    except (KeyError, TypeError, ValueError):
        point = None
    about = {name: row[name] for name in ("Altitude", "Id_omm", "Pack") if row.get(name)}
    return Thing(code, str(row.get("Nom_usuel") or code), location=point, properties=about)
