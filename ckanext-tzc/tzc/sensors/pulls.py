"""Kinds of sources that are asked (`harvesters/sensors`): what the definition of each is made of. Importing this module adds them to the table of kinds."""
from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from . import times
from .definition import FIELDS, KINDS, Kind

Check = Callable[[Any], Any]

WEB = ("https", "http")
KEYS = frozenset({"basic", "bearer", "header"})
COMMON = ("address", "credential", "from", "overlap", "interval")
"""What each kind may be told: where it is, what lets us in, how far back the first run goes, which time is read again, how far apart observations are."""

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d))?")
_HOST_KEY = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")
_TENANT = re.compile(r"[A-Za-z0-9_./-]{1,100}")
MOST = 500
"""Stations of a source."""


def _text(most: int, pattern: re.Pattern[str] | None = None) -> Check:
    def check(value: Any) -> str:
        if not isinstance(value, str) or len(value) > most or any(ord(sign) < 32 for sign in value):
            raise ValueError("text")
        if pattern is not None and not pattern.fullmatch(value.strip()):
            raise ValueError("text")
        return value.strip()

    return check


def _list(most: int = MOST, allowed: tuple[str, ...] = (), pattern: re.Pattern[str] = _CODE) -> Check:
    """Codes, as a list or with spaces, commas or lines between."""

    def check(value: Any) -> list[str]:
        found = re.split(r"[\s,;]+", value.strip()) if isinstance(value, str) else value
        good = isinstance(found, list) and 0 < len(found) <= most
        if not good or not all(isinstance(code, str) and (code in allowed if allowed else pattern.fullmatch(code)) for code in found):
            raise ValueError("text")
        return list(dict.fromkeys(found))

    return check


def _names(value: Any) -> dict[str, str]:
    """The portal's codes of properties by the source's names."""
    if not isinstance(value, Mapping) or len(value) > 200 or not all(isinstance(text, str) and 0 < len(text) <= 200 for pair in value.items() for text in pair):
        raise ValueError("text")
    return dict(value)


def _attributes(value: Any) -> dict[str, str]:
    return dict.fromkeys(_list(100)(value), "") if isinstance(value, (str, list)) else _names(value)


def _among(*allowed: str) -> Check:
    def check(value: Any) -> str:
        if value not in allowed:
            raise ValueError("text")
        return str(value)

    return check


def _whole(most: int) -> Check:
    def check(value: Any) -> int:
        number = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10 else value
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= most:
            raise ValueError("text")
        return number

    return check


def _yes(value: Any) -> bool:
    return value in (True, "true", "1", "on")


def _since(value: Any) -> str:
    """A day or moment, or how long before the first run (`P30D`)."""
    if not isinstance(value, str) or not (_DAY.fullmatch(value) or times.period(value)):
        raise ValueError("text")
    return value


def _zone(value: Any) -> str:
    try:
        return ZoneInfo(str(value)).key
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("text") from error


MORE: Mapping[str, Check] = {
    "from": _since, "overlap": _whole(31 * 86_400), "interval": _whole(366 * 86_400), "filter": _text(2000), "properties": _names, "types": _list(50), "attributes": _attributes,
    "context": _text(500), "tenant": _text(100, _TENANT), "history": _yes, "stations": _list(), "quantities": _list(2, ("H", "Q")), "preset": _among("eco2mix", "eco2mix_regional"),
    "identifier": _text(200, _CODE), "fields": _list(20, ("t", "td", "u", "dd", "ff", "fxi10", "pres", "pmer", "rr_per")), "zones": _list(), "way": _among("api", "wfs"),
    "layer": _text(200, _CODE), "language": _text(10), "format": _among("csv", "parquet"), "host_key": _text(60, _HOST_KEY), "zone": _zone,
}  # fmt: skip
"""What each field holds, beside those of `definition.FIELDS`."""


def _opendatasoft(fields: Mapping[str, Any]) -> Mapping[str, str]:
    return {} if fields.get("preset") else {name: "needed" for name in ("address", "identifier", "mapping") if name not in fields}


def _atmo(fields: Mapping[str, Any]) -> Mapping[str, str]:
    if fields.get("way") == "wfs":
        return {name: "needed" for name in ("address", "layer") if name not in fields}
    return {} if fields.get("credential") else {"credential": "needed"}


def _file(fields: Mapping[str, Any]) -> Mapping[str, str]:
    if str(fields["address"]).startswith("sftp:"):
        return {name: "needed" for name in ("credential", "host_key") if name not in fields}
    return {}


def _coded(code: str, pattern: str) -> Callable[[Mapping[str, Any]], Mapping[str, str]]:
    """Stations that are named as the service names them; `code`: what is said where one is not."""
    return lambda fields: {} if all(re.fullmatch(pattern, station) for station in fields["stations"]) else {"stations": code}


def _kind(code: str, needs: tuple[str, ...], takes: tuple[str, ...] = (), **more: Any) -> Kind:
    known = {name for name in (*needs, *takes, *COMMON) if name in MORE}
    told = tuple(name for name in (*takes, *COMMON) if name not in needs)
    return Kind(code, needs, told, scheduled=True, schemes=more.pop("schemes", WEB), credentials=more.pop("credentials", KEYS), more={name: MORE[name] for name in known}, **more)


PULLED = (
    _kind("sensorthings", ("address",), ("filter", "properties", "zone")),
    _kind("ngsi_ld", ("address", "types"), ("attributes", "context", "tenant", "filter", "history", "zone")),
    _kind("hubeau", ("stations",), ("quantities",), credentials=frozenset(), check=_coded("hubeau", r"[A-Z0-9]\d{7}(\d\d)?")),
    _kind("opendatasoft", (), ("preset", "identifier", "mapping", "filter"), check=_opendatasoft),
    _kind("meteofrance", ("stations", "credential"), ("fields",), check=_coded("meteofrance", r"\d{8}")),
    _kind("atmo", ("zones",), ("way", "layer", "zone"), credentials=frozenset({"basic", "bearer"}), check=_atmo),
    _kind("gbfs", ("address",), ("language", "stations")),
    _kind("file", ("address", "mapping"), ("format", "host_key"), schemes=("https", "http", "sftp"), credentials=KEYS | {"key"}, check=_file),
)
USUAL: Mapping[str, str] = {
    "sensorthings": "*/15 * * * *", "ngsi_ld": "*/15 * * * *", "hubeau": "*/30 * * * *", "opendatasoft": "10 * * * *", "meteofrance": "5 * * * *", "atmo": "40 5-18/3 * * *",
    "gbfs": "*/5 * * * *", "file": "20 * * * *",
}  # fmt: skip
"""The schedule of each kind where its source has none, and says nothing of when it is worth asking."""

HOSTS: Mapping[str, str] = {
    "hubeau": "https://hubeau.eaufrance.fr", "opendatasoft": "https://odre.opendatasoft.com", "meteofrance": "https://public-api.meteofrance.fr", "atmo":
    "https://admindata.atmo-france.org",
}  # fmt: skip
"""Where those are that need no address."""

for _each in PULLED:
    KINDS[_each.code] = _each
assert set(FIELDS) >= {"mapping", "address", "credential"}
