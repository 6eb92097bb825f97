"""Messages and rows of JSON, each an object: what a mapping finds in them becomes columns."""
from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from .. import faults
from ..mapping import SKIP, ZERO, Place, Value, external, parts, place, read, units_of
from ..mapping import Mapping as Written
from ..model import MEASUREMENT, Stream
from ..readings import Decoded, Rejected
from . import columns, reading
from .reading import MISSING, at, json_of

TOPIC = "$topic"


@dataclasses.dataclass
class Message:
    """One of several: its place in what came and what a mapping's paths lead into. `thing`, `time`, `name`, `place`: as its protocol says, where it does; `received`: when it came,
    in microseconds; `absent`: what it means that a value is left out, where the mapping does not say.
    """

    row: int
    content: Any
    thing: str = ""
    name: str = ""
    time: Any = MISSING
    place: Place | None = None
    topic: str = ""
    received: int | None = None
    sensor: str = ""
    absent: str = SKIP


class Collected:
    """Columns that grow row by row."""

    def __init__(self) -> None:
        self.streams: list[str | None] = []
        self.times: list[Any] = []
        self.results: list[Any] = []
        self.seconds: list[Any] = []
        self.quality: list[Any] = []
        self.rows: list[int] = []
        self.rejected: list[Rejected] = []
        self.described: dict[str, Stream] = {}

    def add(self, message: Message, stream: str | None, time: Any, result: Any) -> None:
        """A value."""
        self.streams.append(stream)
        self.times.append(None if time is MISSING else time)
        self.results.append(None if result is MISSING else result)
        self.rows.append(message.row)

    def refuse(self, message: Message, code: str) -> None:
        """A message of which nothing is taken."""
        self.rejected.append(Rejected(message.row, code, {}, faults.shown(message.content)))


def collect(messages: Iterable[Message], written: Written, values: Sequence[Value] = ()) -> Decoded:
    """Observations of messages; `values`: those looked for, where the mapping says none."""
    found = Collected()
    untimed: list[int | None] = []
    wanted = written.values or tuple(values)
    for message in messages:
        before = len(found.rows)
        time = message.time if message.time is not MISSING and "time" not in written.paths else _at(message, written, "time")
        if "stream" in written.paths or "result" in written.paths:
            _named(message, written, found, time)
        else:
            _valued(message, written, found, time, wanted)
        if "time" not in written.paths and message.time is MISSING:
            untimed += [message.received] * (len(found.rows) - before)
        else:
            untimed += [None] * (len(found.rows) - before)
    return decode(found, written, untimed)


def decode(found: Collected, written: Written, untimed: Sequence[int | None] = ()) -> Decoded:
    """Columns that were collected, decoded."""
    results, odd = columns.of_objects(found.results)
    if odd.any():
        found.rejected += [Rejected(found.rows[at_], "shape", {}, faults.shown(found.results[at_])) for at_ in np.flatnonzero(odd).tolist()]
    kept = np.flatnonzero(~odd)
    streams, rows = pa.array(_clean(found.streams), pa.string()), np.array(found.rows, dtype=np.int32)
    times = _times(found.times)
    given = columns.Given(
        streams.take(pa.array(kept)), times.take(pa.array(kept)), results.take(pa.array(kept)), _optional(found.seconds, kept), _optional(found.quality, kept), rows[kept],
        lambda place: faults.shown(f"{found.streams[kept[place]]} {found.times[kept[place]]} {found.results[kept[place]]}"),
    )  # fmt: skip
    read = None
    if any(moment is not None for moment in untimed):
        _names, index = columns._streams(given.streams)
        moments, codes = columns.read_times(given.times, written.zone, written.written, index)
        came = np.array([-1 if moment is None else moment for moment in untimed], dtype=np.int64)[kept]
        moments, codes = np.where(came >= 0, came, moments), np.where(came >= 0, 0, codes).astype(np.int8)
        read = moments, np.zeros(len(kept), dtype=np.int32), codes
    return columns.decode(
        given, written, rejected=found.rejected, units=units_of(found.described), described=found.described if written.create else {}, found=read
    )  # fmt: skip


def _clean(names: Sequence[str | None]) -> list[str | None]:
    return [None if name is None else name.encode("utf-8", "replace").decode() for name in names]


def _optional(values: Sequence[Any], kept: Any) -> pa.Array | None:
    if not any(value is not None for value in values):
        return None
    column = columns.of_objects(values)[0] if not all(value is None or isinstance(value, str) for value in values) else pa.array(values, pa.string())
    return column.take(pa.array(kept))


def _times(values: Sequence[Any]) -> pa.Array:
    kinds = set(map(type, values))
    if kinds <= {str, type(None)}:
        return pa.array(_clean(values), pa.string())
    if kinds <= {int, float, type(None)}:
        try:
            return pa.array(values, pa.int64() if float not in kinds else pa.float64())
        except (pa.ArrowInvalid, OverflowError):
            pass
    return pa.array([None if value is None else str(value).encode("utf-8", "replace").decode() for value in values], pa.string())


def _at(message: Message, written: Written, name: str) -> Any:
    path = written.paths.get(name)
    if path is None:
        return MISSING
    if path[:1] == (TOPIC,):
        return at(message.topic.split("/"), path[1:])
    return at(message.content, path)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else ""


def _thing(message: Message, written: Written) -> str | None:
    """What the message is of; empty where nothing is meant to say so, None where it is not said."""
    if "thing" not in written.paths:
        return message.thing
    return _text(_at(message, written, "thing")) or None


def _about(message: Message, written: Written) -> tuple[str, Place | None]:
    where = place(_at(message, written, "longitude"), _at(message, written, "latitude")) if "longitude" in written.paths else None
    return _text(_at(message, written, "name")) or message.name, where or message.place


def _named(message: Message, written: Written, found: Collected, time: Any) -> None:
    """A row that names its stream."""
    thing, name = _thing(message, written), _text(_at(message, written, "stream"))
    stream = None if thing is None or ("stream" in written.paths and not name) else external(thing, name) if name else thing
    found.add(message, stream or None, time, _at(message, written, "result"))
    found.seconds.append(_or_none(_at(message, written, "seconds")))
    said = _or_none(_at(message, written, "quality"))
    found.quality.append(said if said is None else str(said))
    if stream and stream not in found.described:
        whose, called = (thing, name) if thing and name else parts(stream)
        value = next((value for value in written.values if value.name == called), Value((), called))
        found.described[stream] = written.stream(value, whose, *_about(message, written), message.sensor)


def _or_none(value: Any) -> Any:
    return None if value is MISSING else value


def _valued(message: Message, written: Written, found: Collected, time: Any, wanted: Sequence[Value]) -> None:
    """A row with several values."""
    thing = _thing(message, written)
    if thing is None:
        found.refuse(message, "stream")
        return
    count, content = len(found.rows), message.content
    plain = isinstance(content, dict)
    for value in wanted:
        if plain and len(value.path) > 1 and value.path[0] not in content:
            continue  # most messages have few of the values that are looked for
        result = at(content, value.path)
        if result is MISSING or result is None:
            left_out = (value.absent or message.absent) == ZERO and result is MISSING and isinstance(at(content, value.path[:-1]), dict)
            if not left_out:
                continue
            result = 0
        elif isinstance(result, str) and value.kind == MEASUREMENT:
            result = reading.measured(result, value.unit)
        stream = external(thing, value.name)
        found.add(message, stream, time, result)
        if stream not in found.described:
            found.described[stream] = written.stream(value, thing, *_about(message, written), message.sensor)
    if len(found.rows) == count:
        found.refuse(message, "shape")


def rows(body: bytes, definition: Mapping[str, Any]) -> Decoded:
    """JSON: a list of rows, at the top or where the mapping says, or one row."""
    written = read(definition.get("mapping"))
    content = at(json_of(body), written.paths.get("rows", ()))
    if content is MISSING or not isinstance(content, (list, dict)):
        raise faults.BatchError("columns", columns=[".".join(written.paths.get("rows", ("rows",)))])
    if not content:
        raise faults.BatchError("empty")
    if not written.values and not {"stream", "result"} & set(written.paths):
        written = dataclasses.replace(written, paths={**{name: (name,) for name in ("stream", "time", "result", "seconds", "quality")}, **written.paths})
    listed = content if isinstance(content, list) else [content]
    bad = [Message(row, each) for row, each in enumerate(listed) if not isinstance(each, (dict, list))]
    good = (Message(row, each) for row, each in enumerate(listed) if isinstance(each, (dict, list)))
    done = collect(good, written)
    more = [Rejected(message.row, "shape", {}, faults.shown(message.content)) for message in bad]
    return dataclasses.replace(done, rejected=tuple(sorted((*done.rejected, *more), key=lambda row: row.row))) if more else done
