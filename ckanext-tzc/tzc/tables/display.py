"""How a cell is shown to a reader: numbers and dates as the language writes them."""
from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import pytz  # type: ignore[import-untyped]  # -- CKAN looks time zones up in it

NUMBERS = frozenset({"int", "int2", "int4", "int8", "integer", "bigint", "smallint", "numeric", "float4", "float8", "float", "double precision"})
_CODE = re.compile(r"(^|[ _-])(id|code|insee|siren|siret|num|numero|n°|cp|postal|annee|année|an|year|ref|version)([ _-]|$)", re.IGNORECASE)
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}:\d{2})(?::(\d{2})(?:\.\d+)?)?)?")
_UNIVERSAL = re.compile(r"(^|[^a-zà-ÿ])(utc|gmt|tu)([^a-zà-ÿ]|$)", re.IGNORECASE)
NARROW = "\u202f"


def is_number(kind: str) -> bool:
    """Whether a PostgreSQL type is a number's, to be aligned right."""
    return kind in NUMBERS


def names_universal_time(name: str) -> bool:
    """Whether a column's own name says that its times are universal ones: shown otherwise, they would belie it."""
    return bool(_UNIVERSAL.search(name))


def shown(value: Any, kind: str, name: str, language: str, zone: str = "") -> str:
    """A cell in the reader's language: "" for nothing.

    `kind` is PostgreSQL's type, `name` the column's: numbers of columns that hold codes or years are not grouped. With a `zone` (Europe/Paris) the
    value is a moment in UTC, to be shown in that zone; without one a moment is shown as it is.
    """
    if value is None:
        return ""
    text = str(value)
    if is_number(kind):
        return _number(text, language, grouped=not _CODE.search(name))
    if kind == "bool":
        return _truth(text, language)
    if kind in {"date", "timestamp"}:
        return _moment(_local(text, zone) if zone else (text, ""), language)
    return text


def _truth(text: str, language: str) -> str:
    true = text.lower() in {"true", "t", "1"}
    return {"fr": ("oui", "non")}.get(language, ("yes", "no"))[0 if true else 1]


def _local(text: str, zone: str) -> tuple[str, str]:
    """A moment in UTC as the zone's clocks show it; and, in the hour that these show twice a year, which of the two it is."""
    place = pytz.timezone(zone)
    try:
        moment = pytz.utc.localize(datetime.fromisoformat(text)).astimezone(place)
    except ValueError:
        return text, ""
    wall = moment.replace(tzinfo=None)
    twice = place.localize(wall, is_dst=True).utcoffset() != place.localize(wall, is_dst=False).utcoffset()
    sign = moment.strftime("%z")
    return wall.isoformat(), f" (UTC{sign[:3]}:{sign[3:]})" if twice else ""


def _moment(told: tuple[str, str], language: str) -> str:
    text, offset = told
    found = _ISO.fullmatch(text)
    if not found:
        return text
    year, month, day, clock, seconds = found.groups()
    date = f"{day}/{month}/{year}" if language == "fr" else f"{year}-{month}-{day}"
    if clock is None:
        return date
    return f"{date} {clock}" + (f":{seconds}" if seconds and seconds != "00" else "") + offset


def _number(text: str, language: str, grouped: bool) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    if not number.is_finite():
        return text
    plain = f"{number:f}"
    sign, digits = ("−", plain[1:]) if plain.startswith("-") else ("", plain)
    whole, point, fraction = digits.partition(".")
    if grouped and len(whole) > 4:
        whole = f"{int(whole):,}".replace(",", NARROW if language == "fr" else ",")
    return sign + whole + ((("," if language == "fr" else ".") + fraction) if point else "")
