"""Where data are about."""
from __future__ import annotations

from collections.abc import Callable, Iterable

from . import words
from .record import Box


def rectangle(corners: Iterable[float | None], note: Callable[[str, str], None]) -> Box | None:
    """The rectangle of west, south, east and north; sides that were exchanged are put right, one that is not on the earth is left out."""
    west, south, east, north = corners
    if west is None or south is None or east is None or north is None:
        return None
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= 90 and -90 <= north <= 90):
        note("rectangle that is not on the earth", f"{west} {south} {east} {north}")
        return None
    # one that crosses the date line goes more than half round the earth the other way
    if 0 < west - east < 180:
        note("west and east exchanged", f"{west} {east}")
        west, east = east, west
    if south > north:
        note("south and north exchanged", f"{south} {north}")
        south, north = north, south
    return Box(west, south, east, north)


def number(value: object) -> float | None:
    """A number of degrees; None for anything else."""
    try:
        read = float(words.line(value).replace(",", "."))
    except ValueError:
        return None
    return read if abs(read) < 1000 else None


def positions(coordinates: object) -> list[tuple[float, float]]:
    """All positions of a GeoJSON's coordinates, however deep (a shape of five levels is none)."""
    found: list[tuple[float, float]] = []
    waiting: list[tuple[object, int]] = [(coordinates, 0)]
    while waiting:
        part, depth = waiting.pop()
        if not isinstance(part, list) or depth > 4:
            continue
        numbers = [number(value) for value in part[:2]]
        if len(numbers) == 2 and numbers[0] is not None and numbers[1] is not None:
            found.append((numbers[0], numbers[1]))
        else:
            waiting += [(below, depth + 1) for below in part]
    return found

