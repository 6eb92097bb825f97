"""Whether the lake's files hold what the database says of them."""
from __future__ import annotations

import dataclasses

import ckan.model as model

from . import catalogue, files, places
from .files import pieces, together

MISSING, CHANGED, UNLIKE = ("missing", "changed", "unlike")


@dataclasses.dataclass(frozen=True)
class Fault:
    """A file that is not there (`missing`), has other bytes than were written (`changed`), or other rows than are known (`unlike`)."""

    path: str
    fault: str


@dataclasses.dataclass(frozen=True)
class Checked:
    """So many files with so many rows were read; what was found."""

    files: int
    rows: int
    bytes: int
    faults: tuple[Fault, ...] = ()


def check() -> Checked:
    """Read all files. Changes nothing."""
    place = places.here()
    with model.Session.get_bind().connect() as connection:
        at = connection.connection.cursor()
        kept = catalogue.kept(at)
        pairs: dict[int, dict[int, files.Piece]] = {}
        for pair in catalogue.pairs(at, "true", {}):
            pairs.setdefault(pair.file, {})[pair.stream] = pair.piece
    faults = [Fault(file.path, fault) for file in kept if (fault := _fault(place, file, pairs.get(file.id, {})))]
    return Checked(len(kept), sum(file.rows for file in kept), sum(file.bytes for file in kept), tuple(faults))


def _fault(place: places.Place, file: catalogue.File, known: dict[int, files.Piece]) -> str:
    try:
        if place.digest(file.path) != (file.bytes, file.digest):
            return CHANGED
        found = together(piece for group in files.groups(place, file.path) for piece in pieces(group))
    except FileNotFoundError:
        return MISSING
    return "" if found == known else UNLIKE
