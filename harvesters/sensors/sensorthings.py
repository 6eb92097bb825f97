"""OGC SensorThings 1.0 and 1.1 (18-088): streams as the server describes them, observations as data arrays where it gives them, each page by the link to the next.

Which streams have anything new, the server says itself (`phenomenonTime` of a datastream), so only those are asked.
"""
from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from tzc.sensors import model, quality, times, units
from tzc.sensors.faults import BatchError
from tzc.sensors.model import Sensor, Stream, Thing
from tzc.sensors.readings import Decoded

from ..http import FetchError
from . import rows
from .asking import Asking, at, iso, listed, moment
from .base import OTHER, Cursor, Definition, Kind, Links, Page, opened, parsed, property_of, resumed, unit_of, zone

MOST_STREAMS = 20_000
PAGE = 1000
TYPES = {address.rpartition("/")[2]: kind for kind, address in model.OBSERVATION_TYPES.items()}
"""By the ends of their addresses: servers write them behind others, or alone."""

EXPANDED = "Thing($expand=Locations),Sensor,ObservedProperty"
_IN_LINK = re.compile(r"Datastreams\((.+?)\)(?:/|$)")


class SensorThings(Kind):
    """Definition: `address` of the service's root (it ends with its version); `filter` of its datastreams; `properties`, the portal's code by the name of theirs."""

    name = "sensorthings"
    days = 7

    def describe(self, client: Asking, definition: Definition) -> list[Stream]:
        """Each datastream."""
        return [_stream(row, definition) for row in _datastreams(client, definition, EXPANDED)]

    def collect(self, client: Asking, definition: Definition, cursor: Cursor | None) -> Iterator[Page]:
        """Stream by stream, from where each was read to. The cursor: `until` by stream, and of the one that a run broke off in the `next` page."""
        cursor = cursor or {}
        until: dict[str, str] = dict(cursor.get("until") or {})
        for row in _datastreams(client, definition, None):
            id_ = _id(row)
            if not _has_more(row, until.get(id_)):
                continue
            onward = cursor.get("next") if cursor.get("stream") == id_ else None
            reached = str((cursor.get("reached") if onward else None) or until.get(id_) or "")
            for answer, following in self._pages(client, definition, row, until.get(id_), onward):
                page = self.page({"stream": id_}, answer, definition, {})
                last = int(page.decoded.times.max()) if len(page.decoded) else times.NO_TIME
                reached = max(reached, _shown(last)) if last != times.NO_TIME else reached
                if not following and reached:
                    until[id_] = reached
                yield Page(page.body, page.decoded, {"until": dict(until), **({"stream": id_, "next": following, "reached": reached} if following else {})})
        yield self.page({"stream": ""}, b'{"value": []}', definition, {"until": until})

    def _pages(self, client: Asking, definition: Definition, row: dict[str, Any], until: str | None, onward: object) -> Iterator[tuple[bytes, str]]:
        begin = self.begin(definition, until, client.now)
        asked = {"$filter": f"phenomenonTime ge {iso(begin)}", "$orderby": "phenomenonTime asc", "$top": PAGE, "$resultFormat": "dataArray"}
        link = client.onward(str(row.get("Observations@iot.navigationLink") or f"{_root(definition)}/Datastreams({_key(row)})/Observations"))
        answer = resumed(client, onward, lambda: client.question(link, asked))
        links = Links()
        while True:
            following = at(answer.json(), "@iot.nextLink")
            yield answer.body, str(following or "")
            if not following:
                return
            answer = links.follow(client, following)

    def decode(self, body: bytes, definition: Definition) -> Decoded:
        """A page of observations, as data arrays or as entities."""
        told, answer = opened(body)
        found = at(parsed(answer), "value")
        if not isinstance(found, list):
            raise BatchError("unexpected", detail="value")
        streams, written, results, quality_told = [], [], [], []
        for group in found:
            components = at(group, "components")
            for row in at(group, "dataArray") or [] if isinstance(components, list) else [group]:
                cells = dict(zip(components, row, strict=False)) if isinstance(components, list) and isinstance(row, Sequence) else row if isinstance(row, dict) else {}
                streams.append(_of_group(group) or str(told.get("stream") or ""))
                written.append(cells.get("phenomenonTime") or cells.get("resultTime"))
                results.append(cells.get("result"))
                quality_told.append(_flag(cells.get("resultQuality")))
        return rows.of(streams, written, results, zone=zone(definition), flags=quality_told or 0)


def _datastreams(client: Asking, definition: Definition, expand: str | None) -> Iterator[dict[str, Any]]:
    asked = {"$expand": expand, "$filter": definition.get("filter") or None, "$orderby": "id", "$top": 500 if expand else PAGE}
    answer, count, links = client.question(f"{_root(definition)}/Datastreams", asked), 0, Links()
    while True:
        found = answer.json()
        for row in listed(at(found, "value"), "“value”"):
            if isinstance(row, dict) and _id(row):
                count += 1
                yield row
        following = at(found, "@iot.nextLink")
        if not following:
            return
        if count > MOST_STREAMS:
            raise FetchError(f"The source lists more than {MOST_STREAMS} streams. Give a filter.", "paging")
        answer = links.follow(client, following)


def _root(definition: Definition) -> str:
    return str(definition["address"]).rstrip("/")


def _id(row: dict[str, Any]) -> str:
    return str(row["@iot.id"]) if row.get("@iot.id") is not None else ""


def _key(row: dict[str, Any]) -> str:
    """An id as it is written in an address: text in quotes."""
    id_ = row["@iot.id"]
    return str(id_) if isinstance(id_, int) else "'" + str(id_).replace("'", "''") + "'"


def _of_group(group: Any) -> str:
    """The stream that a data array is of."""
    told = at(group, "Datastream", "@iot.id")
    if told is not None:
        return str(told)
    found = _IN_LINK.search(urlsplit(str(at(group, "Datastream@iot.navigationLink") or "")).path)
    return found[1].strip("'").replace("''", "'") if found else ""


def _has_more(row: dict[str, Any], until: str | None) -> bool:
    """Whether the server says of a stream that it goes on after what was read. A server that says nothing is asked."""
    end = moment(str(row.get("phenomenonTime") or "").partition("/")[2])
    read = moment(until)
    return end is None or read is None or end.tzinfo is None or end > read


def _shown(microseconds: int) -> str:
    return f"{np.datetime64(microseconds, 'us')}Z"


def _flag(told: object) -> int:
    """What a result's quality says: only what is surely bad or estimated."""
    text = str(told).lower() if told else ""
    return (quality.SUSPECT if any(word in text for word in ("bad", "suspect", "invalid", "doubtful")) else 0) | (quality.ESTIMATED if "estimat" in text else 0)


def _stream(row: dict[str, Any], definition: Definition) -> Stream:
    seen = row.get("ObservedProperty") or {}
    name, iri = str(at(seen, "name") or ""), str(at(seen, "definition") or "")
    property_ = property_of(name, (definition.get("properties") or {}).get(at(seen, "name")), iri)
    unit = _unit(row, property_.code)
    if not unit:  # numbers of nobody knows what are no degrees and no micrograms; “vehicles” is a number
        property_, unit = property_ if unit_of(property_.code) == "1" else model.Property(OTHER, name=name, definition=iri), "1"
    kind = TYPES.get(re.split("[/#]", str(row.get("observationType")))[-1], model.MEASUREMENT)
    return Stream(
        _id(row), _thing(row.get("Thing") or {}), property_, name=str(row.get("name") or ""), description=str(row.get("description") or ""),
        sensor=Sensor(*(str(at(row, "Sensor", key) or "") for key in ("name", "description", "metadata", "encodingType"))), unit=unit, kind=kind,
        interval=int(definition.get("interval") or 0),
    )  # fmt: skip


def _unit(row: dict[str, Any], code: str) -> str:
    """The server's unit, in UCUM: as its definition says where that is of UCUM, else by its symbol, its name or the end of its definition; without one the property's own;
    empty where it names one that is not known.
    """
    symbol, name, definition = (str(at(row.get("unitOfMeasurement"), key) or "").strip() for key in ("symbol", "name", "definition"))
    ends = [definition.rpartition(mark)[2] for mark in (":", "#", "/")]
    of_ucum = ends[:1] if definition.lower().startswith("ucum:") else ends[1:] if "unitsofmeasure.org" in definition else []
    # C is a coulomb, but not where degrees are named
    degrees = ["Cel"] if symbol in ("C", "") and any("celsius" in text.lower() for text in (name, definition)) else []
    for written in (*of_ucum, *degrees, symbol, name, *ends):
        if written:
            try:
                return units.code(written)
            except units.UnitError:
                continue
    return "" if symbol or name or definition else unit_of(code)


def _thing(row: dict[str, Any]) -> Thing:
    place = at(row, "Locations", 0) or {}
    where = at(place, "location")
    where = at(where, "geometry") if at(where, "type") == "Feature" else where
    properties = row.get("properties")
    return Thing(
        str(row.get("@iot.id") if row.get("@iot.id") is not None else row.get("name") or "thing"), str(row.get("name") or ""), str(row.get("description") or ""),
        where if isinstance(where, dict) and where.get("type") else None, str(at(place, "name") or ""), properties if isinstance(properties, dict) else {},
    )  # fmt: skip
