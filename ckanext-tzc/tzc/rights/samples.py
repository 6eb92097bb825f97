"""Rows that show what a table looks like and tell nothing of what is in it: made only of what is declared about its columns, never of a value that the table holds.

The same file gives the same rows each time, and another table with the same columns would give them too: what is in it has no way in.
"""
from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from typing import Any

ROWS = 5

WORDS = ("lorem", "ipsum", "dolor", "amet", "consectetur", "adipiscing", "elit", "tempor", "incididunt", "labore", "magna", "aliqua")
"""What stands in for texts: everybody sees that it says nothing."""

WHOLE, NUMBER, DAY, MOMENT, HOUR, TRUTH, TEXT = "whole", "number", "day", "moment", "hour", "truth", "text"

KINDS = {
    **dict.fromkeys(("int", "int2", "int4", "int8", "smallint", "integer", "bigint"), WHOLE),
    **dict.fromkeys(("numeric", "decimal", "float", "float4", "float8", "real", "double precision"), NUMBER),
    "date": DAY,
    **dict.fromkeys(("timestamp", "timestamptz", "timestamp without time zone", "timestamp with time zone"), MOMENT),
    "time": HOUR,
    **dict.fromkeys(("bool", "boolean"), TRUTH),
}
"""What a column holds, by the type that the DataStore names; any other is text."""

FIRST_DAY, DAYS = date(2001, 1, 1), 365
LEAST, MOST = 0.0, 100.0
"""Of columns for which nothing is declared."""


@dataclasses.dataclass(frozen=True)
class Column:
    """A column: its name and type, and what its owner typed into the dictionary: `values` that may stand there, or the `least` and the `most`."""

    name: str
    type: str = "text"
    values: tuple[str, ...] = ()
    least: str = ""
    most: str = ""


def declared(name: str, type: str, info: Mapping[str, Any]) -> Column:
    """A column of which the dictionary says this: `values` is a list, or one a line."""
    given = info.get("values") or ()
    lines = given.splitlines() if isinstance(given, str) else given if isinstance(given, list | tuple) else ()
    values = tuple(str(one).strip() for one in lines if str(one).strip())
    least, most = ("" if info.get(bound) is None else str(info[bound]).strip() for bound in ("least", "most"))
    return Column(name, type, values, least, most)


def rows(columns: Iterable[Column], seed: str, count: int = ROWS) -> list[dict[str, Any]]:
    """So many rows, each a value by column's name."""
    known = list(columns)
    return [{column.name: _value(column, _chance(seed, column.name, row), _chance(seed, column.name, row, "more")) for column in known} for row in range(count)]


def _chance(*parts: object) -> float:
    """A number from 0 to below 1 that depends on nothing else."""
    digest = hashlib.sha256("\0".join(str(part) for part in parts).encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def _value(column: Column, chance: float, other: float) -> Any:
    if column.values:
        return column.values[int(chance * len(column.values))]
    kind = KINDS.get(column.type.lower(), TEXT)
    if kind == WHOLE:
        least, most = _bounds(column)
        first, last = math.ceil(least), math.floor(most)
        return first + int(chance * (last - first + 1)) if first <= last else first
    if kind == NUMBER:
        least, most = _bounds(column)
        return min(max(round(least + chance * (most - least), 2), least), most)
    if kind == DAY:
        return _day(column, chance).isoformat()
    if kind == MOMENT:
        return datetime.combine(_day(column, chance), _hour(other)).isoformat()
    if kind == HOUR:
        return _hour(chance).isoformat()
    if kind == TRUTH:
        return chance < 0.5
    return f"{WORDS[int(chance * len(WORDS))]} {WORDS[int(other * len(WORDS))]}"


def _bounds(column: Column) -> tuple[float, float]:
    """The least and the most; one that is declared alone moves the other along. What cannot be read is not declared."""
    least, most = _number(column.least), _number(column.most)
    if least is None and most is None:
        return LEAST, MOST
    if least is None or most is None:
        return (most - MOST, most) if least is None and most is not None else (least or 0.0, (least or 0.0) + MOST)
    return (least, most) if least <= most else (most, least)


def _number(value: str) -> float | None:
    try:
        found = float(value.replace(",", "."))
    except ValueError:
        return None
    return found if math.isfinite(found) and abs(found) <= 1e15 else None


def _day(column: Column, chance: float) -> date:
    least, most = _date(column.least), _date(column.most)
    first = least.toordinal() if least else most.toordinal() - DAYS if most else FIRST_DAY.toordinal()
    last = most.toordinal() if most else first + DAYS - 1
    first, last = max(min(first, last), date.min.toordinal()), min(max(first, last), date.max.toordinal())
    return date.fromordinal(first + int(chance * (last - first + 1)))


def _date(value: str) -> date | None:
    try:
        return date.fromisoformat(value[:10])
    except ValueError:
        return None


def _hour(chance: float) -> time:
    hours, minutes = divmod(int(chance * 1440), 60)
    return time(hours, minutes)
