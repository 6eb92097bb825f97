"""Geometries in WGS 84: read from WKT, and compared with those of GeoJSON. Distances are in degrees, the unit of that system, as in the standard.

A geometry is points, lines and areas (rings: the outer one, then holes), each as arrays of longitude and latitude. What touches intersects; what touches from inside is within.
"""
from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .faults import Fault

Line = NDArray[np.float64]
MOST_POINTS = 5_000
AT_ONCE = 500
"""Points or sides that are compared with all others' at once: the memory is so many times those."""


@dataclasses.dataclass(frozen=True)
class Geometry:
    """`points`: an array of two columns; `lines`: such arrays; `areas`: lists of rings."""

    points: Line
    lines: tuple[Line, ...] = ()
    areas: tuple[tuple[Line, ...], ...] = ()

    def corners(self) -> Line:
        """All points that it is drawn by."""
        return np.concatenate([self.points, *self.lines, *(ring for area in self.areas for ring in area)])

    def edges(self) -> tuple[Line, Line]:
        """The beginnings and ends of all its sides."""
        drawn = [*self.lines, *(ring for area in self.areas for ring in area)]
        none = np.zeros((0, 2))
        return np.concatenate([none, *(line[:-1] for line in drawn)]), np.concatenate([none, *(line[1:] for line in drawn)])


def geometry(text: str) -> Geometry:
    """Of WKT: POINT, LINESTRING, POLYGON, their MULTI… and GEOMETRYCOLLECTION; heights are left out. Raises Fault."""
    tokens = re.findall(r"[A-Za-z]+|[(),]|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\S", re.sub(r"^\s*SRID=\d+;", "", text))
    if len(tokens) > 3 * MOST_POINTS:
        raise Fault("deep")
    reader = _Wkt(tokens, text)
    found = reader.one(0)
    if reader.place != len(tokens):
        raise reader.fault()
    return found


class _Wkt:
    def __init__(self, tokens: Sequence[str], text: str) -> None:
        self.tokens, self.place, self.text = tokens, 0, text

    def fault(self) -> Fault:
        return Fault("geometry", text=self.text[:60])

    def next(self) -> str:
        if self.place >= len(self.tokens):
            raise self.fault()
        self.place += 1
        return self.tokens[self.place - 1]

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def one(self, depth: int) -> Geometry:
        kind = self.next().upper()
        if self.peek().upper() in ("Z", "M", "ZM"):
            self.next()
        if depth > 3 or kind not in _KINDS:
            raise self.fault()
        if kind == "GEOMETRYCOLLECTION":
            self.expect("(")
            parts = [self.one(depth + 1)]
            while self.peek() == ",":
                self.next()
                parts.append(self.one(depth + 1))
            self.expect(")")
            return joined(parts)
        return of({"type": _KINDS[kind], "coordinates": self.bare() if kind == "POINT" else self.nested()}, self.fault)

    def expect(self, sign: str) -> None:
        if self.next() != sign:
            raise self.fault()

    def bare(self) -> Any:
        self.expect("(")
        found = self.numbers()
        self.expect(")")
        return found

    def nested(self, depth: int = 0) -> Any:
        if depth > 4:
            raise self.fault()
        self.expect("(")
        found = []
        while True:
            found.append(self.nested(depth + 1) if self.peek() == "(" else self.numbers())
            sign = self.next()
            if sign == ")":
                return found
            if sign != ",":
                raise self.fault()

    def numbers(self) -> list[float]:
        found = []
        while re.fullmatch(r"-?\d.*", self.peek()):
            found.append(float(self.next()))
        return found


_KINDS = {
    "POINT": "Point", "LINESTRING": "LineString", "POLYGON": "Polygon", "MULTIPOINT": "MultiPoint", "MULTILINESTRING": "MultiLineString", "MULTIPOLYGON": "MultiPolygon",
    "GEOMETRYCOLLECTION": "GeometryCollection",
}  # fmt: skip


def of(given: Mapping[str, Any], fault: Any = None) -> Geometry:
    """Of GeoJSON: a geometry or a feature. Raises Fault for what is none."""
    try:
        return _of(given)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError):
        raise (fault() if fault else Fault("geometry", text=str(given)[:60])) from None


def _of(given: Mapping[str, Any]) -> Geometry:
    kind = given["type"]
    if kind == "Feature":
        return _of(given["geometry"])
    if kind == "GeometryCollection":
        return joined([_of(part) for part in given["geometries"]])
    at, none = given["coordinates"], np.zeros((0, 2))
    if kind in ("Point", "MultiPoint"):
        # WKT writes several points with and without parentheses
        return Geometry(_line([at] if kind == "Point" else [point[0] if isinstance(point[0], list) else point for point in at]))
    if kind in ("LineString", "MultiLineString"):
        return Geometry(none, tuple(_line(line, 2) for line in ([at] if kind == "LineString" else at)))
    if kind in ("Polygon", "MultiPolygon"):
        return Geometry(none, (), tuple(tuple(_ring(ring) for ring in area) for area in ([at] if kind == "Polygon" else at)))
    raise ValueError(kind)


def _line(points: Any, least: int = 1) -> Line:
    found = np.array([point[:2] for point in points], dtype=np.float64)
    if found.ndim != 2 or found.shape[1] != 2 or len(found) < least or not np.isfinite(found).all():
        raise ValueError
    return found


def _ring(points: Any) -> Line:
    ring = _line(points, 3)
    return ring if (ring[0] == ring[-1]).all() else np.concatenate([ring, ring[:1]])


def joined(parts: Sequence[Geometry]) -> Geometry:
    """Several as one."""
    none = np.zeros((0, 2))
    lines, areas = tuple(line for part in parts for line in part.lines), tuple(area for part in parts for area in part.areas)
    return Geometry(np.concatenate([none, *(part.points for part in parts)]), lines, areas)


def inside(points: Line, areas: Sequence[Sequence[Line]]) -> NDArray[np.bool_]:
    """Which points lie in one of the areas, or on its border."""
    found = np.zeros(len(points), dtype=bool)
    for area in areas:
        odd = np.zeros(len(points), dtype=bool)
        border = np.zeros(len(points), dtype=bool)
        for ring in area:
            first, last = ring[:-1], ring[1:]
            x, y = points[:, :1], points[:, 1:]
            crosses = (first[:, 1] > y) != (last[:, 1] > y)
            with np.errstate(divide="ignore", invalid="ignore"):
                at = first[:, 0] + (y - first[:, 1]) * (last[:, 0] - first[:, 0]) / (last[:, 1] - first[:, 1])
            odd ^= ((crosses & (x < at)).sum(axis=1) % 2).astype(bool)
            border |= (_apart(points, first, last) == 0).any(axis=1)
        found |= odd | border
    return found


def _apart(points: Line, first: Line, last: Line) -> Line:
    """How far each point is from each side."""
    side = last - first
    length = (side**2).sum(axis=1)
    along = ((points[:, None, :] - first) * side).sum(axis=2) / np.where(length == 0, 1, length)
    nearest = first + np.clip(along, 0, 1)[:, :, None] * side
    found: Line = np.hypot(*np.moveaxis(points[:, None, :] - nearest, 2, 0))
    return found


def _cross(one: Geometry, other: Geometry) -> bool:
    """Whether any sides of the two meet."""
    (begins, ends), (c, d) = one.edges(), other.edges()
    if not len(begins) or not len(c):
        return False
    return any(_cross_some(begins[at : at + AT_ONCE], ends[at : at + AT_ONCE], c, d) for at in range(0, len(begins), AT_ONCE))


def _cross_some(a: Line, b: Line, c: Line, d: Line) -> bool:
    def turn(p: Line, q: Line, r: Line) -> Line:
        return (q[..., 0] - p[..., 0]) * (r[..., 1] - p[..., 1]) - (q[..., 1] - p[..., 1]) * (r[..., 0] - p[..., 0])

    a, b = a[:, None, :], b[:, None, :]
    proper = (turn(a, b, c[None]) * turn(a, b, d[None]) < 0) & (turn(c[None], d[None], a) * turn(c[None], d[None], b) < 0)
    return bool(proper.any())


def distance(one: Geometry, other: Geometry) -> float:
    """The shortest way between the two, in degrees; 0 where they meet."""
    if intersects(one, other):
        return 0.0
    least = np.inf
    for here, there in ((one, other), (other, one)):
        corners, (first, last) = here.corners(), there.edges()
        if len(first):
            least = min(least, float(_apart(corners, first, last).min()))
        if len(there.points):
            least = min(least, float(np.hypot(*np.moveaxis(corners[:, None, :] - there.points, 2, 0)).min()))
    return least


def intersects(one: Geometry, other: Geometry) -> bool:
    """Whether they have a point in common."""
    for here, there in ((one, other), (other, one)):
        corners, (first, last) = here.corners(), there.edges()
        if inside(corners, there.areas).any() or (len(first) and (_apart(corners, first, last) == 0).any()):
            return True
        if len(there.points) and (corners[:, None, :] == there.points).all(axis=2).any():
            return True
    return _cross(one, other)


def within(one: Geometry, other: Geometry) -> bool:
    """Whether the first lies in the second, or on its border."""
    corners, (first, last) = one.corners(), other.edges()
    on = inside(corners, other.areas)
    if len(first):
        on |= (_apart(corners, first, last) == 0).any(axis=1)
    if len(other.points):
        on |= (corners[:, None, :] == other.points).all(axis=2).any(axis=1)
    begins, ends = one.edges()
    if not on.all() or _cross(one, other):
        return False
    # a side between two corners inside may lead through a hole or out of a bay without crossing a side at a point between: its middle tells
    return not len(begins) or not other.areas or bool(inside((begins + ends) / 2, other.areas).all())


def equals(one: Geometry, other: Geometry) -> bool:
    """Whether each lies in the other."""
    return within(one, other) and within(other, one)


RELATIONS = {
    "st_within": within, "st_intersects": intersects, "geo.intersects": intersects, "st_contains": lambda one, other: within(other, one),
    "st_disjoint": lambda one, other: not intersects(one, other), "st_equals": equals,
}  # fmt: skip
DISTANCES = {"st_distance": distance, "geo.distance": distance}


def related(name: str, given: Sequence[Mapping[str, Any]], other: Geometry, turned: bool = False) -> list[Any]:
    """What a relation or distance says of each of some geometries of GeoJSON and another; `turned`: of the other and each. None for what is no geometry."""
    points = [place for place, one in enumerate(given) if one.get("type") == "Point" and len(one.get("coordinates") or ()) >= 2]
    found: list[Any] = [None] * len(given)
    at = np.array([given[place]["coordinates"][:2] for place in points], dtype=np.float64)
    parts = [_of_points(name, at[begin : begin + AT_ONCE], other, turned) for begin in range(0, len(at), AT_ONCE)]
    fast = np.concatenate([part for part in parts if part is not None]) if parts and parts[0] is not None else None
    if fast is not None:
        for place, value in zip(points, fast.tolist(), strict=True):
            found[place] = value
    done = set(points) if fast is not None else set()
    function: Any = RELATIONS.get(name) or DISTANCES[name]
    for place in sorted(set(range(len(given))) - done):
        try:
            one = of(given[place])
        except Fault:
            continue
        found[place] = function(other, one) if turned else function(one, other)
    return found


def _of_points(name: str, points: Line, other: Geometry, turned: bool) -> NDArray[Any] | None:
    """The same of many points and areas, or a point, at once; None where it is not offered."""
    if other.areas and not other.lines and not len(other.points) and (name in ("st_intersects", "geo.intersects") or (name == "st_within" and not turned)):
        return inside(points, other.areas)
    if name in DISTANCES and len(other.points) == 1 and not other.areas and not other.lines:
        ways: Line = np.hypot(*(points - other.points[0]).T)
        return ways
    return None
