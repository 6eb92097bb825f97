"""What SensorThings 1.1 (OGC 18-088) sends: an Observation, or data arrays (CreateObservations). Streams are called by their numbers (`@iot.id`).

`phenomenonTime` is a moment or an interval; without one, `resultTime` is meant. With neither the row is not taken: a moment of ours would be another at each repeat.
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from .. import faults, times
from ..faults import BatchError
from ..mapping import Mapping as Written
from ..readings import Decoded, Rejected
from . import columns
from .reading import json_of

TIME, RESULT_TIME, RESULT, QUALITY = "phenomenonTime", "resultTime", "result", "resultQuality"
MOST_ROWS = 10_000
"""Of one body, as each is answered."""


class _Rows:
    def __init__(self) -> None:
        self.streams: list[str | None] = []
        self.times: list[Any] = []
        self.results: list[Any] = []
        self.quality: list[str] = []
        self.places: list[int] = []
        self.rejected: list[Rejected] = []
        self.count = 0

    def add(self, stream: str | None, time: Any, result: Any, quality: Any) -> None:
        self.places.append(self.count)
        self.count += 1
        self.streams.append(stream)
        self.times.append(time)
        self.results.append(result)
        self.quality.append(_quality(quality))

    def refuse(self, row: Any) -> None:
        self.rejected.append(Rejected(self.count, "shape", {}, faults.shown(row)))
        self.count += 1


def observations(body: bytes, definition: Mapping[str, Any]) -> Decoded:
    """One Observation, or a list of data arrays. Rows are counted across all arrays."""
    content = json_of(body)
    rows = _Rows()
    if isinstance(content, dict):
        rows.add(_stream(content), _time(content.get(TIME), content.get(RESULT_TIME)), content.get(RESULT), content.get(QUALITY))
    elif isinstance(content, list) and content:
        for part in content:
            _array(part, rows)
    else:
        raise BatchError("unexpected" if not isinstance(content, list) else "empty")
    if rows.count > MOST_ROWS:
        raise BatchError("too_many_rows", most=MOST_ROWS)
    return _decoded(rows)


def _array(part: Any, rows: _Rows) -> None:
    components, listed = (part.get(name) for name in ("components", "dataArray")) if isinstance(part, dict) else (None, None)
    if not isinstance(components, list) or not isinstance(listed, list) or RESULT not in components:
        raise BatchError("columns", columns=["Datastream", "components", "dataArray", RESULT])
    stream = _stream(part)
    place = {name: components.index(name) for name in (TIME, RESULT_TIME, RESULT, QUALITY) if name in components}
    for row in listed:
        if not isinstance(row, list) or len(row) != len(components):
            rows.refuse(row)
            continue
        told = {name: row[at] for name, at in place.items()}
        rows.add(stream, _time(told.get(TIME), told.get(RESULT_TIME)), told.get(RESULT), told.get(QUALITY))


def _time(phenomenon: Any, result: Any) -> Any:
    return result if phenomenon is None else phenomenon


def _stream(part: Mapping[str, Any]) -> str | None:
    linked = part.get("Datastream")
    number = linked.get("@iot.id") if isinstance(linked, dict) else None
    return str(number) if isinstance(number, (int, str)) and not isinstance(number, bool) and str(number).isascii() and str(number).isdigit() and len(str(number)) < 10 else None


def _quality(told: Any) -> str:
    """A flag's name, wherever it stands."""
    text = repr(told).lower() if told is not None else ""
    return next((word for word in ("suspect", "bad", "estimated") if word in text), "")


def _decoded(rows: _Rows) -> Decoded:
    moments, seconds, codes = _moments(rows.times)
    results, odd = columns.of_objects(rows.results)
    codes = np.where((codes == 0) & odd, columns.CODES.index("shape"), codes).astype(np.int8)
    # what is a list or an object has no result, and says so by its shape
    results = pa.array(np.where(odd, 0, 0.0)) if odd.all() and len(odd) else results
    given = columns.Given(
        pa.array(rows.streams, pa.string()), pa.nulls(len(rows.times), pa.string()), results, quality=pa.array(rows.quality, pa.string()),
        rows=np.array(rows.places, dtype=np.int32), shown=lambda at: faults.shown(f"{rows.streams[at]} {rows.times[at]} {rows.results[at]}"),
    )  # fmt: skip
    return columns.decode(given, Written(), rejected=rows.rejected, found=(moments, seconds, codes))


def _moments(written: list[Any]) -> tuple[Any, Any, Any]:
    """Moments and intervals: where they begin, how long they are, and why they are none."""
    plain = all(isinstance(text, str) and "/" not in text for text in written)
    if plain:
        found, codes = columns.read_times(pa.array([text.encode("utf-8", "replace").decode() for text in written], pa.string()), None)
        return found, np.zeros(len(written), dtype=np.int32), codes
    each = [times.interval(text) for text in written]
    codes = np.array([columns.CODES.index(code) for _time, _seconds, code in each], dtype=np.int8)
    return np.array([time for time, _seconds, _code in each], dtype=np.int64), np.array([seconds for _time, seconds, _code in each], dtype=np.int32), codes
