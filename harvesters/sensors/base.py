"""How any source of observations is read: one contract for all kinds.

    describe   what the source observes                                         asks, by `asking.Asking`
    collect    what is new since a cursor, page by page, each with the next     asks
    decode     the observations of one page, as it was kept                     pure

A page is kept as it came, behind one line that says what the decoder has to know and the page does not say. So it can be decoded again, years later, without asking.
A cursor is JSON. Who stores it with the observations of its page and begins there again misses nothing, and what comes twice changes nothing.

`tests/domain/harvesters/sensors/test_contract.py` asks the same of each kind.
"""
from __future__ import annotations

import abc
import dataclasses
import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from ckanext.tzc.schemas import vocabulary
from tzc.sensors import times
from tzc.sensors.faults import BatchError
from tzc.sensors.model import Property, Stream
from tzc.sensors.readings import Decoded

from ..http import Answer, FetchError
from .asking import Asking, moment

Definition = Mapping[str, Any]
"""What the source's partner wrote: fields of `tzc.sensors.pulls.KINDS`."""

Cursor = Mapping[str, Any]

ZONE = "Europe/Paris"
OTHER = "other"


@dataclasses.dataclass(frozen=True)
class Page:
    """Some observations. `body`: as they came, to be kept; `cursor`: where to go on once they are stored."""

    body: bytes
    decoded: Decoded
    cursor: Cursor


class Kind(abc.ABC):
    """One way that sources speak. It keeps nothing between two calls."""

    name: ClassVar[str]
    days: ClassVar[float] = 1
    """How far back a first run goes where the definition does not say."""

    most_days: ClassVar[float] = 3660
    """How far back the source has anything."""

    overlap: ClassVar[float] = 3600
    """Seconds before the last moment that was read that are read again: sources correct what they said."""

    apart: ClassVar[float] = 0.1
    """Seconds between two questions."""

    @abc.abstractmethod
    def describe(self, client: Asking, definition: Definition) -> list[Stream]:
        """What the source observes now. Raises FetchError."""

    @abc.abstractmethod
    def collect(self, client: Asking, definition: Definition, cursor: Cursor | None) -> Iterator[Page]:
        """What is new, page by page; from the beginning where there is no cursor. The last page's cursor is where the next run begins. Raises FetchError and BatchError."""

    @abc.abstractmethod
    def decode(self, body: bytes, definition: Definition) -> Decoded:
        """A page that was kept. Raises BatchError."""

    def page(self, told: Mapping[str, Any], answer: bytes, definition: Definition, cursor: Cursor) -> Page:
        """A page of an answer."""
        body = kept(told, answer)
        return Page(body, self.decode(body, definition), cursor)

    def begin(self, definition: Definition, until: object, now: dt.datetime) -> dt.datetime:
        """From when on to ask: a little before what was read, or as far back as a first run goes."""
        read = moment(until)
        earliest = now - dt.timedelta(days=self.most_days)
        if read is not None:
            return max(min(read, now) - dt.timedelta(seconds=float(definition.get("overlap") or self.overlap)), earliest)
        return max(since(definition.get("from"), now) or now - dt.timedelta(days=self.days), earliest)


def resumed(client: Asking, onward: object, start: Callable[[], Answer]) -> Answer:
    """The page where a run broke off; the first one where the source does not know it any more."""
    if isinstance(onward, str) and onward:
        try:
            return client.question(client.onward(onward))
        except FetchError as error:
            if error.cause not in {"status", "not_found"}:
                raise
    return start()


class Links:
    """Links from page to page, each followed once."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def follow(self, client: Asking, onward: object) -> Answer:
        """The next page. Raises FetchError, also for a page that was read already."""
        link = client.onward(str(onward))
        if link in self._seen:
            raise FetchError("The source's next page is one that was read already.", "paging")
        self._seen.add(link)
        return client.question(link)


def kept(told: Mapping[str, Any], answer: bytes) -> bytes:
    """An answer as it is kept."""
    return json.dumps(told, ensure_ascii=False, sort_keys=True).encode() + b"\n" + answer


def opened(body: bytes) -> tuple[dict[str, Any], bytes]:
    """What was told, and the answer. Raises BatchError."""
    line, _, answer = body.partition(b"\n")
    try:
        told = json.loads(line)
    except ValueError as error:
        raise BatchError("broken") from error
    if not isinstance(told, dict):
        raise BatchError("broken")
    return told, answer


def parsed(answer: bytes) -> Any:
    """JSON of an answer. Raises BatchError."""
    try:
        return json.loads(answer)
    except (ValueError, RecursionError) as error:
        raise BatchError("broken", detail=str(error)[:200]) from error


def since(written: object, now: dt.datetime) -> dt.datetime | None:
    """A moment or day, or how long ago (`P30D`)."""
    if not isinstance(written, str) or not written:
        return None
    length = times.period(written)
    if length is not None:
        return now - dt.timedelta(seconds=length)
    found = moment(written)
    return found if found is None or found.tzinfo else found.replace(tzinfo=ZoneInfo(ZONE))


def zone(definition: Definition) -> ZoneInfo:
    """The zone of moments that have none."""
    return ZoneInfo(str(definition.get("zone") or ZONE))


def windows(begin: dt.datetime, end: dt.datetime, days: float) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """A long time in parts, so that a run that breaks off has come somewhere."""
    while begin < end:
        after = min(begin + dt.timedelta(days=days), end)
        yield begin, after
        begin = after


@lru_cache(maxsize=1)
def _properties() -> dict[str, dict[str, Any]]:
    return {entry["code"]: entry for entry in vocabulary("observed-property")}


@lru_cache(maxsize=1)
def _concepts() -> dict[str, str]:
    """Codes by IRI; an IRI of several tells none."""
    found: dict[str, str] = {}
    for code, entry in _properties().items():
        found[entry["uri"]] = OTHER if entry["uri"] in found else code
    return found


def known(code: str) -> bool:
    """Whether the portal knows this code of a property."""
    return code in _properties()


def unit_of(code: str) -> str:
    """The portal's unit for a property."""
    return str(_properties().get(code, {}).get("unit", "1"))


def property_of(name: str, wanted: object = None, iri: str = "") -> Property:
    """The portal's property for a source's: as the definition says, by its IRI, or by its name; else another one of that name."""
    plain = name.strip().lower().replace("-", "_").replace(" ", "_").replace(".", "_")
    codes = (wanted if isinstance(wanted, str) else "", _concepts().get(iri, ""), plain, NAMES.get(plain.replace("_", ""), ""))
    code = next((code for code in codes if code and code != OTHER and known(code)), "")
    return Property(code) if code else Property(OTHER, name=name, definition=iri)


NAMES = {
    "temperature": "air_temperature", "airtemperature": "air_temperature", "lufttemperatur": "air_temperature", "humidity": "relative_humidity",
    "relativehumidity": "relative_humidity", "pressure": "air_pressure", "atmosphericpressure": "air_pressure", "windspeed": "wind_speed", "winddirection": "wind_direction",
    "precipitation": "rainfall", "rain": "rainfall", "no2": "no2", "o3": "o3", "so2": "so2", "pm10": "pm10", "pm25": "pm2_5", "co2": "co2_concentration", "laeq": "sound_level",
    "noiselevel": "sound_level", "solarradiation": "solar_irradiance", "availablebikenumber": "bikes_available", "freeslotnumber": "docks_available",
    "soilmoisture": "soil_moisture", "soiltemperature": "soil_temperature", "watertemperature": "water_temperature", "batteryvoltage": "battery_voltage",
    "vehiclecount": "vehicle_count", "intensity": "vehicle_count", "averagevehiclespeed": "vehicle_speed", "airqualityindex": "air_quality_index", "waterlevel": "water_level",
    "tauxco2": "carbon_intensity",
}  # fmt: skip
"""How sources name what we know, in small letters and without signs (names of FIWARE's smart data models among them)."""
