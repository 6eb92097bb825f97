"""Bytes as JSON or text, and values at a path."""
from __future__ import annotations

import codecs
import json
import math
import re
from typing import Any

from .. import units
from ..faults import BatchError
from ..mapping import Mapping, Path

MISSING: Any = object()
"""Nothing stands there."""

_JSON = json.JSONDecoder(parse_constant=lambda _name: math.nan)

MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def json_of(body: bytes) -> Any:
    """The JSON that a body holds; what is no number (NaN, Infinity) is not a number. Raises BatchError."""
    if not body.strip():
        raise BatchError("empty")
    try:
        return _JSON.decode(body.decode(json.detect_encoding(body)))
    except (ValueError, RecursionError) as error:
        raise BatchError("broken", detail=str(error)[:200]) from error


def text_of(body: bytes, encoding: str = "") -> bytes:
    """A text's bytes in UTF-8 without a mark: as is said, as its mark says, as UTF-8 where it is such, as Windows-1252 else."""
    for mark, name in MARKS:
        if body.startswith(mark):
            encoding = name
    try:
        if encoding not in ("", "utf-8"):
            return body.decode(encoding).encode()
        body.decode()
    except UnicodeDecodeError as error:
        if encoding:
            raise BatchError("broken", detail=str(error)[:200]) from error
        return body.decode("cp1252", "replace").encode()
    return body


def at(value: Any, path: Path) -> Any:
    """What stands at a path; MISSING where nothing does."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(step, MISSING)
        elif isinstance(value, list) and step.isascii() and step.isdigit() and len(step) < 6 and int(step) < len(value):
            value = value[int(step)]
        else:
            return MISSING
    return value


_WITH_UNIT = re.compile(r"\s*([+-]?\d+(?:[.,]\d+)?)\s*([^\s\d.,+-]\S{0,19})\s*")


def measured(text: str, unit: str) -> float | str:
    """The number of a text that says its unit, too (“18.25 °C”), in the unit that is wanted; the text where it is no such one."""
    found = _WITH_UNIT.fullmatch(text) if len(text) < 60 else None
    if found is None:
        return text
    try:
        times, plus, over = units.exact(units.code(found[2]), unit)
    except units.UnitError:
        return text
    return (float(found[1].replace(",", ".")) * times + plus) / over


def column_of(mapping: Mapping, name: str) -> str:
    """The column of a table that holds this; the same name where nothing is said."""
    return ".".join(mapping.paths[name]) if name in mapping.paths else name
