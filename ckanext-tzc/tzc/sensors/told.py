"""What others say of their things, as it can be kept: without signs that no text of the database has, no deeper and longer than anybody reads, places with numbers of degrees."""
from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from .sta import places
from .sta.faults import Fault

LONGEST = 2_000
"""Characters of a text."""

LARGEST, DEEPEST = 20_000, 10
"""Characters of a thing's properties as JSON, and how deep they may be."""


def text(given: str) -> str:
    """A text as it can be kept."""
    return given.replace("\0", "")[:LONGEST]


def properties(given: Mapping[str, Any]) -> dict[str, Any]:
    """Properties as they can be kept; none where they are too large."""
    kept = _plain(given, 0)
    return kept if isinstance(kept, dict) and len(json.dumps(kept, ensure_ascii=False)) <= LARGEST else {}


def _plain(given: Any, depth: int) -> Any:
    if isinstance(given, str):
        return text(given)
    if isinstance(given, float) and not math.isfinite(given):
        return None
    if isinstance(given, Mapping):
        return {text(str(name)): _plain(value, depth + 1) for name, value in given.items()} if depth < DEEPEST else None
    if isinstance(given, list | tuple):
        return [_plain(value, depth + 1) for value in given] if depth < DEEPEST else None
    return given if given is None or isinstance(given, bool | int | float) else text(str(given))


def place(given: Mapping[str, Any]) -> dict[str, Any] | None:
    """A geometry of GeoJSON in degrees, of nothing but numbers; None for what is none, or is drawn by more points than a map needs."""
    try:
        corners = places.of(given).corners()
    except Fault:
        return None
    within = len(corners) and (abs(corners[:, 0]) <= 180).all() and (abs(corners[:, 1]) <= 90).all()
    return _geometry(given) if within and len(corners) <= places.MOST_POINTS else None


def _geometry(given: Mapping[str, Any]) -> dict[str, Any]:
    if given["type"] == "Feature":
        return _geometry(given["geometry"])
    if given["type"] == "GeometryCollection":
        return {"type": "GeometryCollection", "geometries": [_geometry(part) for part in given["geometries"]]}
    return {"type": str(given["type"]), "coordinates": _numbers(given["coordinates"])}


def _numbers(given: Any) -> Any:
    return [_numbers(part) for part in given] if isinstance(given, list | tuple) else float(given)
