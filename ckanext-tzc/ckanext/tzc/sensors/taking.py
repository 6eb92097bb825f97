"""From what a decoder gives to what is stored: streams by their numbers, results in their units, clocks checked. What cannot be taken is listed with its reason."""
from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import ckan.model as model
import numpy as np
from numpy.typing import NDArray

from tzc.sensors import partitions, quality, units
from tzc.sensors.model import CATEGORY
from tzc.sensors.readings import MOST_LISTED, SECOND, Decoded, Readings, Rejected

from . import retention, store, writing

EARLIEST = partitions.microseconds(partitions.Month(1970, 1).first)
AHEAD = 600 * SECOND
"""How far a clock may be ahead without a mark."""

YEARS_OFF = 86_400 * SECOND
"""How far a clock may be ahead at all, in streams that foretell nothing."""

FORETOLD = 400 * 86_400 * SECOND
BIGGEST = 1e15


@dataclasses.dataclass(frozen=True)
class Taken:
    """What became of a batch. `rejected`: the first of its rows that are not taken; `refused`: how many there are in all."""

    written: writing.Written
    rejected: tuple[Rejected, ...] = ()
    refused: int = 0


@dataclasses.dataclass(frozen=True)
class _Known:
    """A stream as this module needs it: `scale` and `shift` bring what comes to its unit."""

    number: int
    scale: float
    shift: float
    forecast: bool
    fault: str = ""


def take(source: store.Source, decoded: Decoded, received: int, streams: Mapping[str, store.Stream] | None = None) -> Taken:
    """Store what a source says, `received` at a moment in microseconds. Does not commit. Raises `writing.UnknownStreamError`."""
    rows = streams if streams is not None else store.streams_of(source.id, [name for name in decoded.names if "\0" not in name])
    known = [_known(rows.get(name), decoded.units.get(name)) for name in decoded.names]
    codes = _faults(decoded, known, received, retention.forgotten([stream.number for stream in known]))
    good = codes == 0
    numbers = np.array([stream.number for stream in known] or [0], dtype=np.int32)[decoded.index]
    scale, shift = (np.array([getattr(stream, name) for stream in known] or [0.0])[decoded.index] for name in ("scale", "shift"))
    ahead = (decoded.times > received + AHEAD) & ~np.array([stream.forecast for stream in known] or [False])[decoded.index]
    flags = (decoded.flags | np.where(ahead, quality.AHEAD, 0)).astype(np.int16)
    taken = Readings(numbers, decoded.times, decoded.seconds, decoded.results * scale + shift, flags).chosen(good)
    written = writing.write(taken)
    rejected = _rejected(decoded, codes)
    refused = int((~good).sum()) + len(decoded.rejected) + decoded.left_out
    return Taken(written, tuple(sorted((*decoded.rejected, *rejected), key=lambda row: row.row)[:MOST_LISTED]), refused)


CODES = ("", "stream", "unit", "not_a_number", "too_big", "clock", "period", "forgotten")


def _known(row: store.Stream | None, unit: str | None) -> _Known:
    if row is None:
        return _Known(0, 1.0, 0.0, False, "stream")
    if unit is None or row.kind == CATEGORY:
        return _Known(row.id, 1.0, 0.0, row.forecast)
    try:
        return _Known(row.id, *units.line(units.code(unit), row.unit), row.forecast)
    except units.UnitError:
        return _Known(row.id, 1.0, 0.0, row.forecast, "unit")


def _faults(decoded: Decoded, known: list[_Known], received: int, gone: Mapping[int, int]) -> NDArray[np.int8]:
    """For each observation the place of its fault in `CODES`; 0 where it has none. The first fault counts."""
    latest = np.array([FORETOLD if stream.forecast else YEARS_OFF for stream in known] or [0], dtype=np.int64)[decoded.index] + received
    checks = (
        (CODES.index("stream"), np.array([stream.fault == "stream" for stream in known] or [False])[decoded.index]),
        (CODES.index("unit"), np.array([stream.fault == "unit" for stream in known] or [False])[decoded.index]),
        (CODES.index("not_a_number"), ~np.isfinite(decoded.results)),
        (CODES.index("too_big"), np.abs(decoded.results) > BIGGEST),
        (CODES.index("clock"), (decoded.times < EARLIEST) | (decoded.times > latest)),
        (CODES.index("period"), decoded.seconds < 0),
        (CODES.index("forgotten"), decoded.times < np.array([gone.get(stream.number, EARLIEST) for stream in known] or [EARLIEST], dtype=np.int64)[decoded.index]),
    )
    found = np.zeros(len(decoded), dtype=np.int8)
    for code, wrong in checks:
        found[(found == 0) & wrong] = code
    return found


def _rejected(decoded: Decoded, codes: NDArray[np.int8]) -> list[Rejected]:
    return [
        Rejected(int(decoded.rows[place]), CODES[codes[place]], {}, f"{decoded.names[decoded.index[place]]} {partitions.shown(int(decoded.times[place]))} {decoded.results[place]}")
        for place in np.flatnonzero(codes)[:MOST_LISTED].tolist()
    ]


def words(stream: int, said: list[str]) -> dict[str, int]:
    """The numbers that words of a stream of words are kept as; new words get the next ones. Does not commit."""
    at = writing.cursor()
    at.execute("SELECT id FROM tzc_sensors_stream WHERE id = %s FOR NO KEY UPDATE", (stream,))
    rows = model.Session.query(store.Word).filter_by(stream=stream).all()
    known: dict[str, int] = {row.word: row.number for row in rows}
    for word in dict.fromkeys(said):
        if word not in known:
            known[word] = len(known)
            model.Session.add(store.Word(stream=stream, number=known[word], word=word))
    model.Session.flush()
    return known


Listed = list[dict[str, Any]]


def listed(rejected: tuple[Rejected, ...]) -> Listed:
    """Rejected rows as they are kept and answered."""
    return [{"row": row.row, "code": row.code, "parameters": dict(row.parameters), "shown": row.shown} for row in rejected]
