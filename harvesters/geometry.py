"""Rectangles of the geometries that feeds write: WKT, GeoJSON, GML."""
from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from . import xml
from .places import number, positions, rectangle
from .record import Box

LONGEST = 2_000_000
"""Characters of a geometry; more is not read."""

LATITUDE_FIRST = re.compile(r"EPSG(/0/|/|::?|:[\d.]+:)(4326|4258|4171)\b", re.IGNORECASE)
"""Names of systems in which latitude comes first: WGS 84, ETRS89, RGF93. A bare `EPSG:4326` is mostly written by those who put longitude first."""

Point = tuple[float, float]


def box(stated: Iterable[str], note: Callable[[str, str], None]) -> Box | None:
    """The rectangle around these geometries; one that is not understood is noted."""
    points: list[Point] = []
    for text in stated:
        found = _points(text.strip())
        if not found:
            note("geometry not understood", text)
        points += found
    if not points:
        return None
    return rectangle((min(x for x, _ in points), min(y for _, y in points), max(x for x, _ in points), max(y for _, y in points)), note)


def _points(text: str) -> list[Point]:
    if len(text) > LONGEST:
        return []
    if text.startswith("{"):
        return _geojson(text)
    if text.startswith("<") and not re.match(r"<https?://", text):
        return _gml(text)
    return _wkt(text)


def _geojson(text: str) -> list[Point]:
    try:
        shape = json.loads(text)
    except (ValueError, RecursionError):
        return []
    shape = shape.get("geometry") or shape if isinstance(shape, dict) else {}
    return positions(shape.get("coordinates")) if isinstance(shape, dict) else []


def _wkt(text: str) -> list[Point]:
    """`POLYGON((…))`, `ENVELOPE(west, east, north, south)`, `BOX(…)`; before it the system in brackets or `SRID=4326;`."""
    found = re.match(r"(?:<([^>]*)>|SRID=\d+;)?\s*([A-Z]+)\s*(?:(?:Z|M|ZM)\s*)?(\(.*\))\s*$", text, re.DOTALL | re.IGNORECASE)
    if not found:
        return []
    if found[2].upper() == "ENVELOPE":
        sides = [value for part in found[3].strip("() ").split(",") if (value := number(part)) is not None]
        return [(sides[0], sides[3]), (sides[1], sides[2])] if len(sides) == 4 else []
    return _pairs((part.split() for part in re.split(r"[(),]+", found[3])), turned=bool(found[1] and _turned(found[1])))


def _gml(text: str) -> list[Point]:
    """Corners and lists of positions of GML."""
    try:
        root = xml.parse(text.encode())
    except xml.XmlError:
        return []
    system = next((value for element in root.iter() if isinstance(element.tag, str) and (value := element.get("srsName"))), "")
    found = [element for element in root.iter() if isinstance(element.tag, str) and element.tag.rpartition("}")[2] in {"lowerCorner", "upperCorner", "pos", "posList"}]
    numbers = [((element.text or "").split(), _dimensions(element)) for element in found]
    return _pairs((line[at : at + 2] for line, step in numbers for at in range(0, len(line), step)), turned=_turned(system))


def _dimensions(element: Any) -> int:
    """How many numbers a position has, as it or something around it says."""
    stated = next((said for around in (element, *element.iterancestors()) if (said := around.get("srsDimension"))), "")
    return 3 if stated == "3" else 2


def _turned(system: str) -> bool:
    return bool(LATITUDE_FIRST.search(system)) and not re.fullmatch(r"EPSG:\d+", system, re.IGNORECASE)


def _pairs(parts: Iterable[list[str]], *, turned: bool) -> list[Point]:
    found = []
    for part in parts:
        pair = [number(value) for value in part[:2]]
        if len(pair) == 2 and pair[0] is not None and pair[1] is not None:
            found.append((pair[1], pair[0]) if turned else (pair[0], pair[1]))
    return found
