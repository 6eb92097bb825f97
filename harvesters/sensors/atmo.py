"""Atmo France's index of air quality by commune or grouping, of yesterday, today and tomorrow: by its API, which wants a login, or by the WFS of a regional association.

A line is of a day by the local clock, which lasts 23 to 25 hours. It is told several times, first as a forecast; what was told last counts. Licence ODbL 1.0, with the
association named (`source`).
"""
from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from tzc.sensors.faults import BatchError
from tzc.sensors.model import Property, Sensor, Stream, Thing
from tzc.sensors.partitions import microseconds
from tzc.sensors.readings import Decoded

from ..http import FetchError
from . import rows
from .asking import Asking, at, iso, listed
from .base import Cursor, Definition, Kind, Page, opened, parsed, windows, zone

ADDRESS = "https://admindata.atmo-france.org"
INDICES: Mapping[str, str] = {"qual": "Indice Atmo", "no2": "NO₂", "o3": "O₃", "pm10": "PM10", "pm25": "PM2.5", "so2": "SO₂"}
"""The index, and those of its pollutants: fields `code_…`."""

API, WFS = "api", "wfs"
DAYS = 31
PAGE = 1000
MOST_PAGES = 1000
UNAVAILABLE = 0
"""The code of a day for which there is no index."""


class Atmo(Kind):
    """Definition: `zones`, INSEE codes of communes or SIREN of groupings; `way`, `api` (`user` and `password`) or `wfs` (`address` of the service and `layer`)."""

    name = "atmo"
    days = 7
    most_days = 366
    overlap = 3 * 86_400  # a forecast is told again until its day is over
    apart = 1

    def describe(self, client: Asking, definition: Definition) -> list[Stream]:
        """Each zone's indices."""
        today = client.now.astimezone(zone(definition)).date()
        names = {}
        for answer, _ in self._answers(client, definition, today - dt.timedelta(days=1), today + dt.timedelta(days=1), None):
            for feature in listed(at(answer, "features"), "features"):
                names[str(at(feature, "properties", "code_zone"))] = feature
        return [
            Stream(
                f"{code}/{index}", _thing(code, names.get(code)), Property("air_quality_index", name="" if index == "qual" else f"Indice {label}"), name=label,
                sensor=Sensor("Atmo France"), interval=86_400, period=86_400, forecast=True,
            )
            for code in definition["zones"] for index, label in INDICES.items()
        ]  # fmt: skip

    def collect(self, client: Asking, definition: Definition, cursor: Cursor | None) -> Iterator[Page]:
        """Month by month, up to the last day that is foretold."""
        cursor = cursor or {}
        begin = self.begin(definition, cursor.get("until"), client.now)
        onward = cursor.get("next")
        for first, after in windows(begin, client.now, DAYS):
            local = [moment.astimezone(zone(definition)).date() for moment in (first, after)]
            last = local[1] + dt.timedelta(days=2 if after >= client.now else 0)
            for answer, following in self._answers(client, definition, local[0], last, onward):
                where = {"until": iso(first + dt.timedelta(seconds=self.overlap)), "next": following} if following else {"until": iso(after)}
                yield self.page({}, answer["body"], definition, where)
            onward = None

    def _answers(self, client: Asking, definition: Definition, first: dt.date, last: dt.date, onward: object) -> Iterator[tuple[dict[str, Any], str]]:
        """Answers as JSON, each with its `body`, and where it is followed."""
        if definition.get("way") == WFS:
            yield from _by_wfs(client, definition, first, last, onward)
            return
        asked = {"format": "geojson", "date": last.isoformat(), "date_historique": first.isoformat(), "code_zone": definition["zones"]}
        answer = client.question(f"{_address(definition)}/api/v2/data/indices/atmo", asked, _login(client, definition))
        yield {**_collection(answer.json()), "body": answer.body}, ""

    def decode(self, body: bytes, definition: Definition) -> Decoded:
        """Features of days. One that was told later stands last."""
        features = at(parsed(opened(body)[1]), "features")
        if not isinstance(features, list):
            raise BatchError("unexpected", detail="features")
        where, wanted = zone(definition), set(definition["zones"])
        told = [(place, at(feature, "properties")) for place, feature in enumerate(features)]
        lines = [(place, properties) for place, properties in told if isinstance(properties, dict) and str(properties.get("code_zone")) in wanted]
        lines.sort(key=lambda line: (str(line[1].get("date_dif") or ""), str(line[1].get("date_maj") or "")))
        streams, written, lasts, values, places = [], [], [], [], []
        for place, properties in lines:
            begin, seconds = day(properties.get("date_ech"), where)
            for index in INDICES:
                value = properties.get(f"code_{index}")
                streams.append(f"{properties['code_zone']}/{index}")
                written.append(begin)
                lasts.append(seconds)
                values.append(None if value in (UNAVAILABLE, str(UNAVAILABLE)) else value)
                places.append(place)
        return rows.of(streams, written, values, seconds=lasts or 0, rows=places, lacking=True)


def day(told: object, where: ZoneInfo) -> tuple[str | None, int]:
    """The beginning of a day as it is told (a day, a moment within it, or milliseconds since 1970), and its seconds by the local clock."""
    date: dt.date | None
    try:
        if isinstance(told, (int, float)) and not isinstance(told, bool):
            date = dt.datetime.fromtimestamp(told / 1000, dt.timezone.utc).astimezone(where).date()
        elif isinstance(told, str) and len(told) > 10:
            moment = dt.datetime.fromisoformat(told.strip().replace("Z", "+00:00").replace("/", "-"))
            date = (moment.astimezone(where) if moment.tzinfo else moment).date()
        else:
            date = dt.date.fromisoformat(str(told)) if told else None
    except (ValueError, OverflowError, OSError):
        return str(told), 0
    if date is None:
        return None, 0
    begin, end = (dt.datetime.combine(date + dt.timedelta(days=more), dt.time(), where) for more in (0, 1))
    return iso(begin), (microseconds(end) - microseconds(begin)) // 1_000_000


def _address(definition: Definition) -> str:
    return str(definition.get("address") or ADDRESS).rstrip("/")


def _login(client: Asking, definition: Definition) -> dict[str, str]:
    """The token for a name and a password, asked for once a run; a token that was given is told as it is."""
    if "user" not in client.secret:
        return {}
    if "atmo" not in client.secret:
        token = at(client.order(f"{_address(definition)}/api/login", {"username": client.secret["user"], "password": client.secret["password"]}).json(), "token")
        if not isinstance(token, str):
            raise FetchError("Atmo France let nobody in: there is no token in its answer.", "login")
        client.secret["atmo"] = token
    return {"Authorization": f"Bearer {client.secret['atmo']}"}


def _by_wfs(client: Asking, definition: Definition, first: dt.date, last: dt.date, onward: object) -> Iterator[tuple[dict[str, Any], str]]:
    zones = ",".join(f"'{code}'" for code in definition["zones"])
    asked = {
        "service": "WFS", "version": "2.0.0", "request": "GetFeature", "typeNames": definition["layer"], "outputFormat": "application/json", "srsName": "EPSG:4326", "sortBy":
        "date_ech,code_zone", "CQL_FILTER": f"code_zone IN ({zones}) AND date_ech >= '{first}' AND date_ech < '{last + dt.timedelta(days=1)}'", "count": PAGE,
    }  # fmt: skip
    start = int(onward) if isinstance(onward, str) and onward.isdigit() else 0
    for _ in range(MOST_PAGES):
        answer = client.question(_address(definition), {**asked, "startIndex": start})
        found = _collection(answer.json())
        count = len(found["features"])
        start += count
        yield {**found, "body": answer.body}, str(start) if count == PAGE else ""
        if count < PAGE:
            return
    raise FetchError(f"The service has more than {MOST_PAGES} pages.", "paging")


def _collection(found: Any) -> dict[str, Any]:
    return {"features": listed(at(found, "features"), "features")}


def _thing(code: str, feature: Any) -> Thing:
    properties = at(feature, "properties") or {}
    where = [properties.get("x_wgs84"), properties.get("y_wgs84")]
    point: Any = {"type": "Point", "coordinates": where} if all(isinstance(number, (int, float)) for number in where) else at(feature, "geometry")
    about = {name: properties[name] for name in ("source", "type_zone", "aasqa") if properties.get(name)}
    return Thing(code, str(properties.get("lib_zone") or code), location=point if isinstance(point, dict) and point.get("type") else None, properties=about)
