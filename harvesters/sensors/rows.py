"""From rows of an answer in JSON to columns of observations: what the room's decoders read of texts and numbers (`tzc.sensors.protocols.columns`), told row by row."""
from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from tzc.sensors import mapping, times
from tzc.sensors.faults import shown
from tzc.sensors.protocols import columns
from tzc.sensors.readings import Decoded

EMPTY = frozenset({"", "ND", "null", "NaN", "NA", "-"})
"""What sources write where there is no value."""


def of(
    streams: Sequence[str], written: Sequence[object], values: Sequence[Any], *, zone: ZoneInfo | None = None, seconds: Any = 0, flags: Any = 0,
    units: Mapping[str, str] | None = None, rows: Sequence[int] | None = None, lacking: bool = False, show: Callable[[int], object] | None = None,
) -> Decoded:  # fmt: skip
    """The observations of rows: for each its stream as the source calls it, its moment or interval as written, its result. `lacking`: a row without a result is one that is not
    there yet, and no fault; `show`: a row as it came, by its place.
    """
    kept = [place for place, value in enumerate(values) if not (lacking and (value is None or (isinstance(value, str) and value.strip() in EMPTY)))]
    places = np.array(kept, dtype=np.int64)
    results, odd = columns.of_objects([values[place] for place in kept])
    index = np.unique([streams[place] for place in kept], return_inverse=True)[1].astype(np.int32)
    moments, lasts, codes = _moments([written[place] for place in kept], zone, index, np.broadcast_to(np.asarray(seconds, dtype=np.int32), len(values))[places])
    codes = np.where((codes == 0) & odd, columns.CODES.index("shape"), codes).astype(np.int8)
    results = pa.array([0.0] * len(kept)) if len(kept) and odd.all() else results
    told = show or (lambda place: f"{streams[place]} {written[place]} {values[place]}")
    given = columns.Given(
        pa.array([streams[place] for place in kept], pa.string()), pa.nulls(len(kept), pa.string()), results, rows=np.arange(len(kept), dtype=np.int32),
        shown=lambda place: shown(str(told(kept[place]))),
    )  # fmt: skip
    read = columns.decode(given, mapping.Mapping(zone=zone), units=units, found=(moments, lasts, codes))
    number = np.arange(len(values), dtype=np.int32) if rows is None else np.asarray(rows, dtype=np.int32)
    flagged = np.broadcast_to(np.asarray(flags, dtype=np.int16), len(values))
    back = places[read.rows]
    rejected = tuple(dataclasses.replace(row, row=int(number[places[row.row]])) for row in read.rejected)
    return dataclasses.replace(read, rows=number[back], flags=read.flags | flagged[back], rejected=rejected)


def _moments(written: list[object], zone: ZoneInfo | None, index: Any, lasts: Any) -> tuple[Any, Any, Any]:
    """Where observations begin, how many seconds they last, and why a moment is none."""
    texts = [text.encode("utf-8", "replace").decode() if isinstance(text, str) else None if text is None else repr(text) for text in written]
    if not any(text and "/" in text for text in texts):
        found, codes = columns.read_times(pa.array(texts, pa.string()), zone, groups=index)
        return found, lasts, codes
    each = [times.interval(text, zone) for text in texts]
    codes = np.array([columns.CODES.index(code) for _begin, _length, code in each], dtype=np.int8)
    return np.array([begin for begin, _length, _code in each], dtype=np.int64), np.array([length for _begin, length, _code in each], dtype=np.int32), codes
