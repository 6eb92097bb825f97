"""How fields of what a source sends become streams: paths, property, unit, thing, place; and how its times and numbers are written.

    {"thing": "device", "time": "at", "zone": "Europe/Paris", "create": true,
     "values": [{"path": "air.temp", "name": "temperature", "property": "air_temperature", "unit": "Cel"}]}

A *path* leads into an object: keys and places joined by dots; `$` is the whole, `$topic.2` a level of the topic that a message came under. Rows of a table have one step: the
column. Either each row has several values (`values`), or it names its stream (`stream`) and has one (`result`). Streams are called after their thing and value,
`<thing>/<name>`, or as the row calls them.
"""
from __future__ import annotations

import codecs
import dataclasses
import re
from collections.abc import Mapping as Map
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from . import model, units
from .model import Property, Sensor, Stream, Thing

ISO, SECONDS, MILLISECONDS, MICROSECONDS = WRITTEN = ("iso", "s", "ms", "us")
"""How times are written, but for what is a pattern of `strftime`."""

PATHS = ("rows", "stream", "time", "result", "seconds", "quality", "thing", "name", "longitude", "latitude", "payload")
DELIMITERS = (",", ";", "\t", "|")
SKIP, ZERO = ABSENT = ("skip", "zero")
"""What it means that a value is not there although what it stands in is: nothing, or its zero, which protobuf's JSON leaves out."""

MOST_VALUES = 200
LONGEST = 200
_NAME = re.compile(r"[^/\x00-\x1f]{1,100}")
_PATTERN = re.compile(r"(%[YmdHMSyjz]|[^%])+")

Path = tuple[str, ...]


class MappingError(ValueError):
    """The place in a mapping that is wrong."""


class Place(NamedTuple):
    """Where a thing is; degrees in WGS 84."""

    longitude: float
    latitude: float


@dataclasses.dataclass(frozen=True)
class Value:
    """A value of a row: where it stands, and the stream that it goes into."""

    path: Path
    name: str
    property: str = "other"
    unit: str = model.NO_UNIT
    kind: str = model.MEASUREMENT
    interval: int = 0
    period: int = 0
    absent: str = ""


@dataclasses.dataclass(frozen=True)
class Mapping:
    """See the module. `places`: names and places of things that the payload says nothing of; `create`: whether what is not known yet becomes a stream."""

    paths: Map[str, Path] = dataclasses.field(default_factory=dict)
    values: tuple[Value, ...] = ()
    places: Map[str, tuple[str, Place | None]] = dataclasses.field(default_factory=dict)
    zone: ZoneInfo | None = None
    written: str = ISO
    delimiter: str = ""
    decimal: str = ""
    encoding: str = ""
    create: bool = False

    def stream(self, value: Value, thing: str = "", name: str = "", place: Place | None = None, sensor: str = "") -> Stream:
        """The stream of a value of a thing."""
        told, fixed = self.places.get(thing, ("", None))
        place = fixed or place
        where = {"type": "Point", "coordinates": [place.longitude, place.latitude]} if place else None
        whose = Thing(thing or value.name, told or name or thing or value.name, location=where)
        title = f"{whose.name} – {value.name}" if thing else value.name
        return Stream(
            external(thing, value.name), whose, Property(value.property), title, sensor=Sensor(sensor), unit=value.unit, kind=value.kind, interval=value.interval,
            period=value.period,
        )  # fmt: skip


def external(thing: str, name: str) -> str:
    """What a source calls the stream of a thing's value."""
    return f"{thing}/{name}" if thing else name


def parts(stream: str) -> tuple[str, str]:
    """The thing, empty where none is told, and the value that a source means by what it calls a stream."""
    thing, _, name = stream.rpartition("/")
    return (thing, name) if thing and name else ("", stream)


def units_of(described: Map[str, Stream]) -> dict[str, str]:
    """The unit in which each stream is told, where the mapping says one: what is stored in another one is converted to that."""
    return {name: stream.unit for name, stream in described.items() if stream.unit != model.NO_UNIT}


def read(given: object) -> Mapping:
    """A mapping as a form or program wrote it. Raises MappingError."""
    if given is None or given == "":
        return Mapping()
    if not isinstance(given, Map):
        raise MappingError("mapping")
    unknown = set(given) - {*PATHS, "values", "places", "zone", "written", "delimiter", "decimal", "encoding", "create"}
    if unknown:
        raise MappingError(sorted(map(str, unknown))[0])
    paths = {name: _path(given[name], name) for name in PATHS if given.get(name) not in (None, "")}
    values = _list(given.get("values"), "values")
    if len(values) > MOST_VALUES:
        raise MappingError("values")
    found = tuple(_value(value, f"values.{place}") for place, value in enumerate(values))
    if len({value.name for value in found}) < len(found):
        raise MappingError("values: name")
    return Mapping(
        paths, found, _places(given.get("places")), _zone(given.get("zone")), _written(given.get("written") or ISO), _among(given, "delimiter", DELIMITERS),
        _among(given, "decimal", (".", ",")), _encoding(given.get("encoding") or ""), given.get("create") in (True, "true", "1", "on"),
    )  # fmt: skip


def _list(given: object, name: str) -> list[Any]:
    if given in (None, ""):
        return []
    if not isinstance(given, list):
        raise MappingError(name)
    return given


def _path(given: object, name: str) -> Path:
    if not isinstance(given, str) or not 0 < len(given) <= LONGEST or "\0" in given:
        raise MappingError(name)
    return tuple(given.split(".")) if given != "$" else ()


def _value(given: object, name: str) -> Value:
    if not isinstance(given, Map) or set(given) - {"path", "name", "property", "unit", "kind", "interval", "period", "absent"}:
        raise MappingError(name)
    path = _path(given.get("path"), f"{name}.path")
    called = given.get("name") or (path[-1] if path else "")
    code = given.get("property") or "other"
    if not isinstance(called, str) or not _NAME.fullmatch(called):
        raise MappingError(f"{name}.name")
    if not isinstance(code, str) or not re.fullmatch(r"[a-z0-9_]{1,60}", code):
        raise MappingError(f"{name}.property")
    try:
        unit = units.code(str(given.get("unit") or model.NO_UNIT))
    except units.UnitError as error:
        raise MappingError(f"{name}.unit") from error
    kind = given.get("kind") or model.MEASUREMENT
    if kind not in model.KINDS:
        raise MappingError(f"{name}.kind")
    interval, period = (given.get(field) or 0 for field in ("interval", "period"))
    if not all(isinstance(number, int) and 0 <= number < 2**31 for number in (interval, period)):
        raise MappingError(f"{name}.interval")
    absent = given.get("absent") or ""
    if absent not in ("", *ABSENT):
        raise MappingError(f"{name}.absent")
    return Value(path, called, code, unit, kind, interval, period, absent)


def _places(given: object) -> dict[str, tuple[str, Place | None]]:
    if given in (None, ""):
        return {}
    if not isinstance(given, Map) or len(given) > 10_000:
        raise MappingError("places")
    found: dict[str, tuple[str, Place | None]] = {}
    for thing, told in given.items():
        if not isinstance(told, Map) or not isinstance(told.get("name") or "", str):
            raise MappingError(f"places.{thing}")
        where = place(told.get("longitude"), told.get("latitude"))
        if where is None and "longitude" in told:
            raise MappingError(f"places.{thing}")
        found[str(thing)] = ((told.get("name") or "")[:LONGEST], where)
    return found


def place(longitude: Any, latitude: Any) -> Place | None:
    """A place, where both are numbers of degrees."""
    try:
        found = Place(float(longitude), float(latitude))
    except (TypeError, ValueError):
        return None
    return found if abs(found.longitude) <= 180 and abs(found.latitude) <= 90 else None


def _zone(given: object) -> ZoneInfo | None:
    if given in (None, ""):
        return None
    try:
        return ZoneInfo(str(given))
    except (ValueError, OSError, KeyError) as error:
        raise MappingError("zone") from error


def _written(given: object) -> str:
    if not isinstance(given, str) or len(given) > 60 or not (given in WRITTEN or ("%" in given and _PATTERN.fullmatch(given))):
        raise MappingError("written")
    return given


def _among(given: Map[str, Any], name: str, allowed: tuple[str, ...]) -> str:
    value = given.get(name) or ""
    if value not in ("", *allowed):
        raise MappingError(name)
    return str(value)


def _encoding(given: object) -> str:
    if given == "":
        return ""
    try:
        name = codecs.lookup(str(given)).name
    except (LookupError, ValueError) as error:
        raise MappingError("encoding") from error
    if name not in ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "iso8859-1", "iso8859-15"):
        raise MappingError("encoding")
    return name
