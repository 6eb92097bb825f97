"""The outlines of the territory's communes, from the GeoJSON file beside the territory's: the ground of maps.

Each feature is a commune, named by its code (`code` in its properties), with a Polygon or MultiPolygon in degrees (WGS 84). The
collection's `attribution` says in a few words whose outlines these are; it is shown with every map.
"""
from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

NAME = "communes.geojson"
"""What the file is called; a territory may do without."""
LARGEST = 500_000
"""Bytes: every reader of a map loads the file."""

Geometry = dict[str, Any]


class OutlinesError(ValueError):
    """A file of outlines that cannot be used."""


@dataclasses.dataclass(frozen=True)
class Outlines:
    """The geometry of each commune by its code, none without a file; and whose they are."""

    geometries: Mapping[str, Geometry]
    attribution: str


@dataclasses.dataclass(frozen=True)
class Drawing:
    """Outlines as an SVG shows them: the view box, and the path of each commune by its code."""

    box: str
    paths: Mapping[str, str]


def read_file(file: Path, codes: Collection[str]) -> Outlines:
    """The outlines of the communes with these codes; none when there is no such file.

    Raises OutlinesError when the file is no GeoJSON of these communes, or is too large.
    """
    if not file.is_file():
        return Outlines({}, "")
    if file.stat().st_size > LARGEST:
        raise OutlinesError(f"{file}: {file.stat().st_size} bytes, where {LARGEST} is the most; simplify the outlines")
    try:
        collection = json.loads(file.read_text(encoding="utf-8"))
        attribution = str(collection["attribution"])
        found = {str(feature["properties"]["code"]): feature["geometry"] for feature in collection["features"]}
        for geometry in found.values():
            for ring in _rings(geometry):
                _check(ring)
    except (ValueError, KeyError, TypeError) as error:
        raise OutlinesError(f"{file}: this is no FeatureCollection with an `attribution` and polygons with a `code` each ({type(error).__name__}: {error})") from error
    unknown = sorted(set(found) - set(codes))
    if unknown:
        raise OutlinesError(f"{file}: the territory has no commune {', '.join(unknown)}")
    return Outlines(found, attribution)


def draw(outlines: Mapping[str, Geometry], width: int) -> Drawing | None:
    """The outlines in an SVG of this width, north above; None without any. Whole numbers are fine enough and short."""
    points = [point for geometry in outlines.values() for ring in _rings(geometry) for point in ring]
    if not points:
        return None
    west, east = min(point[0] for point in points), max(point[0] for point in points)
    south, north = min(point[1] for point in points), max(point[1] for point in points)
    # a degree of longitude is shorter than one of latitude, by the cosine of the latitude
    across = math.cos(math.radians((south + north) / 2))
    scale = width / ((east - west) * across)
    height = round((north - south) * scale)

    def place(point: list[float]) -> tuple[int, int]:
        return round((point[0] - west) * across * scale), round((north - point[1]) * scale)

    paths = {code: "".join(_path(map(place, ring)) for ring in _rings(geometry)) for code, geometry in outlines.items()}
    return Drawing(f"0 0 {width} {height}", paths)


def _path(points: Iterable[tuple[int, int]]) -> str:
    kept: list[tuple[int, int]] = []
    for point in points:
        if not kept or kept[-1] != point:
            kept.append(point)
    return "M" + "L".join(f"{x} {y}" for x, y in kept) + "Z"


def _rings(geometry: Geometry) -> list[list[list[float]]]:
    polygons = {"Polygon": [geometry["coordinates"]], "MultiPolygon": geometry["coordinates"]}[geometry["type"]]
    return [ring for polygon in polygons for ring in polygon]


def bounds(geometry: Geometry) -> tuple[float, float, float, float]:
    """West, south, east and north of a geometry, in degrees."""
    points = [point for ring in _rings(geometry) for point in ring]
    east, north = [point[0] for point in points], [point[1] for point in points]
    return min(east), min(north), max(east), max(north)


def _check(ring: list[list[float]]) -> None:
    for east, north, *_height in ring:
        if not (abs(east) <= 180 and abs(north) <= 90):
            raise ValueError(f"{east}, {north} is no place on earth")
