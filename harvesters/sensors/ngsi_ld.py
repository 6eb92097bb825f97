"""NGSI-LD brokers (ETSI GS CIM 009), such as Orion-LD, Scorpio or Stellio: entities of a type, 1,000 at most a page, each with its numbers of now or, where `history` is wanted,
with what they were (`/temporal/entities`).

The moment of a number is its own `observedAt`; where it has none, its entity's `dateObserved` or another of `MOMENTS`. Units are UN/CEFACT's common codes there.
"""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from tzc.sensors import times
from tzc.sensors.faults import BatchError
from tzc.sensors.model import Sensor, Stream, Thing
from tzc.sensors.readings import Decoded

from ..http import Answer, FetchError
from . import rows
from .asking import Asking, iso, listed
from .base import Cursor, Definition, Kind, Page, opened, parsed, property_of, unit_of, zone

MOST = 1000
MOST_PAGES = 1000
CORE = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld"
FROM, UNTIL = "dateObservedFrom", "dateObservedTo"
MOMENTS = ("dateObserved", FROM, "dateModified", "modifiedAt", "createdAt")
"""Where an entity says when it was observed, the first that it has. The first two may be of a time that lasts: a beginning and an end."""

UNITS = {
    "CEL": "Cel", "FAH": "[degF]", "KEL": "K", "P1": "%", "GQ": "ug/m3", "GP": "mg/m3", "59": "[ppm]", "61": "[ppb]", "HPA": "hPa", "A97": "hPa", "PAL": "Pa", "MBR": "mbar", "MTS":
    "m/s", "KMH": "km/h", "DD": "deg", "MMT": "mm", "CMT": "cm", "MTR": "m", "2N": "dB[SPL]", "LUX": "lx", "D54": "W/m2", "WTT": "W", "KWT": "kW", "MAW": "MW", "KWH": "kW.h",
    "WHR": "W.h", "MWH": "MW.h", "VLT": "V", "2Z": "mV", "AMP": "A", "MTQ": "m3", "LTR": "L", "MQS": "m3/s", "G51": "L/s", "MQH": "m3/h", "C62": "1", "E37": "1", "SEC": "s",
    "MIN": "min", "HUR": "h",
}  # fmt: skip
"""UN/CEFACT recommendation 20 to UCUM."""

NO_NUMBERS = frozenset({"id", "type", "@context", "location", "address", "owner", "dataProvider", "source", "name", "description", "scope", UNTIL, *MOMENTS})

PARTS = frozenset({"relativeHumidity"})
"""What the smart data models write as a part of one where no unit is named, and many brokers in per cent all the same. No air is as dry as one per cent."""


class NgsiLd(Kind):
    """Definition: `address` of the broker (up to `/ngsi-ld/v1`); `types` of entities; `attributes`, the portal's code by attribute, else all numbers; `context` and `tenant` as
    the broker demands; `filter` (`q`); `history`.
    """

    name = "ngsi_ld"
    days = 7

    def describe(self, client: Asking, definition: Definition) -> list[Stream]:
        """Each number of each entity."""
        found: dict[str, Stream] = {}
        for type_ in definition["types"]:
            for answer, _ in _pages(client, definition, type_, {}, "entities", 0):
                for entity in listed(answer.json(), "a list of entities"):
                    for name, instances in _numbers(entity, definition):
                        stream = _stream(entity, name, instances, definition)
                        found[stream.external] = stream
        return list(found.values())

    def collect(self, client: Asking, definition: Definition, cursor: Cursor | None) -> Iterator[Page]:
        """Type by type, page by page. The cursor: `until`, and where a run broke off its `type` and `offset`."""
        cursor = cursor or {}
        history = bool(definition.get("history"))
        begin = self.begin(definition, cursor.get("until"), client.now)
        until = cursor.get("until") or iso(begin)
        now = str(cursor.get("now") or iso(client.now))
        types, last = list(definition["types"]), cursor.get("type")
        for type_ in types[types.index(last) if last in types else 0 :]:
            asked = {"timerel": "after", "timeAt": begin, "timeproperty": "observedAt"} if history else {}
            offset = int(cursor.get("offset") or 0) if type_ == last else 0
            for answer, following in _pages(client, definition, type_, asked, "temporal/entities" if history else "entities", offset):
                yield self.page({}, answer.body, definition, {"until": until, "type": type_, "offset": following, "now": now})
        yield self.page({}, b"[]", definition, {"until": now})

    def decode(self, body: bytes, definition: Definition) -> Decoded:
        """Entities, of now or with their past."""
        found = parsed(opened(body)[1])
        if not isinstance(found, list):
            raise BatchError("unexpected", detail="entities")
        streams, written, values, places = [], [], [], []
        units: dict[str, str] = {}
        most: dict[str, float] = {}
        for place, entity in enumerate(found):
            for name, instances in _numbers(entity, definition):
                external = _external(entity, name)
                for instance in instances:
                    unit = UNITS.get(str(instance.get("unitCode") or "").upper())
                    if unit:
                        units[external] = unit
                    for value, moment in _values(instance):
                        streams.append(external)
                        written.append(moment or _moment(entity))
                        values.append(value)
                        places.append(place)
                        if name in PARTS and not unit and isinstance(value, (int, float)):
                            most[external] = max(most.get(external, 0), abs(value))
        units.update({external: "1" for external, value in most.items() if value <= 1 and external not in units})
        return rows.of(streams, written, values, zone=zone(definition), units=units, rows=places, lacking=True)


def _pages(client: Asking, definition: Definition, type_: str, asked: dict[str, object], path: str, offset: int) -> Iterator[tuple[Answer, int]]:
    """Answers of the broker, and where each is followed."""
    limit = MOST
    attributes = list(definition.get("attributes") or {}) or None
    attributes = [*attributes, *MOMENTS[:2], UNTIL, "location", "name"] if attributes else None
    for _ in range(MOST_PAGES):
        words = {"type": type_, "attrs": attributes, "q": definition.get("filter") or None, "limit": limit, "offset": offset, **asked}
        answer = client.question(f"{str(definition['address']).rstrip('/')}/{path}", words, _headers(definition))
        count = len(listed(answer.json(), "a list of entities"))
        offset += count
        yield answer, offset
        # a broker that gives fewer than were asked for may have its own limit: it says where it goes on
        if not count or (count < limit and 'rel="next"' not in answer.headers.get("link", "")):
            return
    raise FetchError(f"The broker has more than {MOST_PAGES} pages of {type_}.", "paging")


def _headers(definition: Definition) -> dict[str, str]:
    context = str(definition.get("context") or CORE)
    told = {"Accept": "application/json", "Link": f'<{context}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'}
    return {**told, **({"NGSILD-Tenant": str(definition["tenant"])} if definition.get("tenant") else {})}


def _numbers(entity: Any, definition: Definition) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Attributes that are numbers, each with its instances: one, or one for each moment or sender."""
    wanted = definition.get("attributes") or {}
    for name, told in entity.items() if isinstance(entity, dict) else ():
        if name in NO_NUMBERS or (wanted and name not in wanted):
            continue
        instances = [one if isinstance(one, dict) else {"value": one} for one in (told if isinstance(told, list) else [told])]
        instances = [one for one in instances if one.get("type", "Property") == "Property"]
        if any(wanted or isinstance(value, (int, float)) for one in instances for value, _ in _values(one)):
            yield name, instances


def _values(instance: dict[str, Any]) -> list[tuple[Any, str]]:
    """Values with their moments; several where the past is told in short (`temporalValues`)."""
    many = instance.get("values")
    if isinstance(many, list):
        return [(pair[0], str(pair[1])) for pair in many if isinstance(pair, list) and len(pair) >= 2]
    return [(instance.get("value"), str(instance.get("observedAt") or ""))]


def _moment(entity: dict[str, Any]) -> str | None:
    """When an entity was observed: a moment, or `begin/end`."""
    for name in MOMENTS:
        told = _date(entity, name)
        if told:
            begin, _, end = told.partition("/")
            end = _date(entity, UNTIL) if name == FROM and not end else end
            whole = f"{begin}/{end}"
            # an end that is none does not cost the observation
            return whole if end and not times.interval(whole, _UTC)[2] else begin
    return None


_UTC = ZoneInfo("UTC")


def _date(entity: dict[str, Any], name: str) -> str:
    told = entity.get(name)
    told = told.get("value", told) if isinstance(told, dict) else told
    told = told.get("@value") if isinstance(told, dict) else told
    return told if isinstance(told, str) else ""


def _external(entity: dict[str, Any], name: str) -> str:
    return f"{entity.get('id')}/{name}"


def _stream(entity: dict[str, Any], name: str, instances: list[dict[str, Any]], definition: Definition) -> Stream:
    property_ = property_of(name, (definition.get("attributes") or {}).get(name))
    told = next((UNITS[code] for one in instances if (code := str(one.get("unitCode") or "").upper()) in UNITS), "")
    where = entity.get("location")
    where = where.get("value", where) if isinstance(where, dict) else None
    label = entity.get("name")
    label = label.get("value") if isinstance(label, dict) else label
    thing = Thing(str(entity.get("id")), str(label or str(entity.get("id")).rpartition(":")[2]), location=where if isinstance(where, dict) and where.get("type") else None)
    return Stream(
        _external(entity, name), thing, property_, name=f"{thing.name} – {name}", unit=told or unit_of(property_.code), sensor=Sensor("NGSI-LD"),
        interval=int(definition.get("interval") or 0),
    )  # fmt: skip
