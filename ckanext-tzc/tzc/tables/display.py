"""How a cell is shown to a reader: numbers and dates as the language writes them."""
from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

NUMBERS = frozenset({"int", "int2", "int4", "int8", "integer", "bigint", "smallint", "numeric", "float4", "float8", "float", "double precision"})
_CODE = re.compile(r"(^|[ _-])(id|code|insee|siren|siret|num|numero|n°|cp|postal|annee|année|an|year|ref|version)([ _-]|$)", re.IGNORECASE)
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}:\d{2})(?::(\d{2})(?:\.\d+)?)?)?")
NARROW = "\u202f"


def is_number(kind: str) -> bool:
    """Whether a PostgreSQL type is a number's, to be aligned right."""
    return kind in NUMBERS


def shown(value: Any, kind: str, name: str, language: str) -> str:
    """A cell in the reader's language: "" for nothing.

    `kind` is PostgreSQL's type, `name` the column's: numbers of columns that hold codes or years are not grouped.
    """
    if value is None:
        return ""
    text = str(value)
    if is_number(kind):
        return _number(text, language, grouped=not _CODE.search(name))
    if kind == "bool":
        return _truth(text, language)
    if kind in {"date", "timestamp"}:
        return _moment(text, language)
    return text


def _truth(text: str, language: str) -> str:
    true = text.lower() in {"true", "t", "1"}
    return {"fr": ("oui", "non")}.get(language, ("yes", "no"))[0 if true else 1]


def _moment(text: str, language: str) -> str:
    found = _ISO.fullmatch(text)
    if not found:
        return text
    year, month, day, clock, seconds = found.groups()
    date = f"{day}/{month}/{year}" if language == "fr" else f"{year}-{month}-{day}"
    if clock is None:
        return date
    return f"{date} {clock}" + (f":{seconds}" if seconds and seconds != "00" else "")


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
