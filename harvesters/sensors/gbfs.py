"""GBFS 2 and 3 (General Bikeshare Feed Specification): how many bicycles and free docks each station of shared bicycles has.

Version 2 has seconds since 1970 and names as text, its feeds by language; version 3 has moments (RFC 3339) and names by language. A feed says by its `ttl` when it is worth
asking again.
"""
from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from tzc.sensors.model import COUNT, Property, Sensor, Stream, Thing
from tzc.sensors.readings import Decoded

from ..http import FetchError
from . import rows
from .asking import Asking, at, iso, listed
from .base import Cursor, Definition, Kind, Page, opened, parsed

COUNTS = {"bikes": ("bikes_available", ("num_vehicles_available", "num_bikes_available")), "docks": ("docks_available", ("num_docks_available",))}
"""What is counted: the property, and its names in the versions."""

MADE = ("last_updated", "lastUpdatedOther")
"""When a feed was made: as all say it, and as Paris does."""

EARLIEST = 1_420_070_400
"""2015: no feed is older; what says so was never set."""

LEAST_TTL, USUAL_TTL = 60, 300


class Gbfs(Kind):
    """Definition: `address` of gbfs.json; `language` where there are several; `stations`, some of them."""

    name = "gbfs"
    overlap = 0

    def describe(self, client: Asking, definition: Definition) -> list[Stream]:
        """Each station's counts, as `station_information` names them."""
        stations = listed(at(client.question(_feed(client, definition, "station_information")).json(), "data", "stations"), "stations")
        return [
            Stream(
                f"{station['station_id']}/{name}", _thing(station, str(definition.get("language") or "")), Property(code), kind=COUNT, sensor=Sensor("GBFS"),
                interval=int(definition.get("interval") or 0),
            )
            for station in stations if isinstance(station, dict) and station.get("station_id") is not None and _wanted(station, definition)
            for name, (code, _) in COUNTS.items()
        ]  # fmt: skip

    def collect(self, client: Asking, definition: Definition, cursor: Cursor | None) -> Iterator[Page]:
        """What is so now: there is no other."""
        answer = client.question(_feed(client, definition, "station_status"))
        found = answer.json()
        ttl = at(found, "ttl")
        again = max(LEAST_TTL, int(ttl)) if isinstance(ttl, (int, float)) and not isinstance(ttl, bool) else USUAL_TTL
        listed(at(found, "data", "stations"), "stations")
        yield self.page({}, answer.body, definition, {"until": iso(client.now), "again": again})

    def decode(self, body: bytes, definition: Definition) -> Decoded:
        """`station_status`: a station's counts hold at the moment that it last reported, else when the feed was made."""
        found = parsed(opened(body)[1])
        made = next((moment for name in MADE if (moment := at(found, name)) is not None), None)
        names, written, values, places = [], [], [], []
        for place, station in enumerate(at(found, "data", "stations") or []):
            if not isinstance(station, dict) or not _wanted(station, definition):
                continue
            told = next((text for text in map(_moment, (station.get("last_reported"), made)) if text), None)
            for name, (_, fields) in COUNTS.items():
                value = next((station[field] for field in fields if station.get(field) is not None), None)
                if value is not None:
                    names.append(f"{station.get('station_id')}/{name}")
                    written.append(told)
                    values.append(value)
                    places.append(place)
        return rows.of(names, written, values, rows=places)


def _feed(client: Asking, definition: Definition, name: str) -> str:
    """The address of a feed of the system."""
    data = at(client.question(definition["address"]).json(), "data")
    feeds = at(data, "feeds")
    if feeds is None and isinstance(data, dict) and data:
        feeds = at(data.get(str(definition.get("language") or ""), next(iter(data.values()))), "feeds")
    found = next((feed.get("url") for feed in listed(feeds, "feeds") if isinstance(feed, dict) and feed.get("name") == name), None)
    if not isinstance(found, str):
        raise FetchError(f"The system has no feed {name}.", "format")
    return client.onward(found)


def _moment(told: object) -> str:
    """A moment of either version, as text; empty where it was never set."""
    if isinstance(told, (int, float)) and not isinstance(told, bool):
        seconds = told / 1000 if told > 1e11 else told
        return iso(dt.datetime.fromtimestamp(seconds, dt.timezone.utc)) if EARLIEST <= seconds < 1e10 else ""
    return told if isinstance(told, str) and told[:4] >= "2015" else ""


def _wanted(station: dict[str, Any], definition: Definition) -> bool:
    wanted = definition.get("stations")
    return not wanted or str(station.get("station_id")) in wanted


def _thing(station: dict[str, Any], language: str) -> Thing:
    name = station.get("name")
    if isinstance(name, list):
        names = {str(one.get("language")): str(one.get("text")) for one in name if isinstance(one, dict)}
        name = names.get(language) or names.get("fr") or next(iter(names.values()), "")
    where = station.get("lon"), station.get("lat")
    point = {"type": "Point", "coordinates": list(where)} if all(isinstance(number, (int, float)) for number in where) else None
    about = {name: station[name] for name in ("capacity", "address", "post_code") if station.get(name) is not None}
    return Thing(str(station["station_id"]), str(name or station["station_id"]), location=point, properties=about)
