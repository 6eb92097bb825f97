"""Parquet files of observations: how they are written, so that a reader skips what it does not ask for, and how they are read."""
from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from tzc.sensors.readings import Readings, starts

if TYPE_CHECKING:
    from .places import Place

GROUP = 131_072
"""Rows of a group: what is read at once, and what the least and the most stream and time are known of."""

SCHEMA = pa.schema(
    [
        pa.field("stream", pa.int32(), nullable=False), pa.field("time", pa.timestamp("us", "UTC"), nullable=False), pa.field("result", pa.float64(), nullable=False),
        pa.field("seconds", pa.int32(), nullable=False), pa.field("flags", pa.int16(), nullable=False),
    ]
)  # fmt: skip
ABOUT = b"tzc.sensors"
"""In a file's metadata: what its streams are, as JSON."""

# encodings that Spark reads too: it knows no BYTE_STREAM_SPLIT (tests/soak)
_OPTIONS: dict[str, Any] = {
    "compression": "zstd", "compression_level": 3, "use_dictionary": ["stream", "result", "seconds", "flags"], "write_statistics": True, "write_page_index": True,
    "column_encoding": {"time": "DELTA_BINARY_PACKED"}, "store_schema": True,
    "sorting_columns": pq.SortingColumn.from_ordering(SCHEMA, [("stream", "ascending"), ("time", "ascending")]),
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Piece:
    """What a group holds of a stream: so many rows, from a moment up to and with another; their least, most and sum."""

    stream: int
    rows: int
    first: int
    last: int
    least: float
    most: float
    sum: float


class UnlikeError(Exception):
    """What was read back is not what was written."""


def table(given: Readings) -> pa.Table:
    """Observations as Arrow."""
    times = pa.array(given.times).view(pa.timestamp("us", "UTC"))
    return pa.table([pa.array(given.streams), times, pa.array(given.results), pa.array(given.seconds), pa.array(given.flags)], schema=SCHEMA)


def readings(given: pa.Table) -> Readings:
    """Arrow as observations."""
    def column(name: str, kind: Any = None) -> NDArray[Any]:
        whole = given.column(name).combine_chunks() if given.column(name).num_chunks != 1 else given.column(name).chunk(0)
        found: NDArray[Any] = (whole.view(kind) if kind is not None else whole).to_numpy(zero_copy_only=False)
        return found

    return Readings(column("stream"), column("time", pa.int64()), column("seconds"), column("result"), column("flags"))


def pieces(given: Readings) -> list[Piece]:
    """What some observations in order hold, by stream."""
    begins = starts(given.streams)
    if not len(begins):
        return []
    ends = np.concatenate((begins[1:], [len(given)]))
    columns = (
        given.streams[begins], ends - begins, given.times[begins], given.times[ends - 1], np.minimum.reduceat(given.results, begins), np.maximum.reduceat(given.results, begins),
        np.add.reduceat(given.results, begins),
    )  # fmt: skip
    return [Piece(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def together(found: Iterable[Piece]) -> dict[int, Piece]:
    """Pieces in the order of a file, one for each stream."""
    by_stream: dict[int, list[Piece]] = {}
    for piece in found:
        by_stream.setdefault(piece.stream, []).append(piece)
    return {
        stream: Piece(
            stream, sum(piece.rows for piece in mine), mine[0].first, mine[-1].last, min(piece.least for piece in mine), max(piece.most for piece in mine),
            math.fsum(piece.sum for piece in mine),
        )
        for stream, mine in by_stream.items()
    }  # fmt: skip


def write(place: Place, path: str, parts: Iterable[Readings], about: Mapping[str, Any]) -> list[Piece]:
    """Write a file of parts, which follow each other in order; what its groups hold. It is on the disk, and was read back."""
    with place.put(path) as handle:
        written = write_to(handle, parts, about)
    place.keep(path)
    read = [piece for group in groups(place, path) for piece in pieces(group)]
    if read != written:
        raise UnlikeError(f"{path}: what was read back is not what was written")
    return written


def write_to(handle: Any, parts: Iterable[Readings], about: Mapping[str, Any]) -> list[Piece]:
    """Write a file to where it is open; what its groups hold."""
    written: list[Piece] = []
    schema = SCHEMA.with_metadata({ABOUT: json.dumps(about, ensure_ascii=False, sort_keys=True).encode()})
    with pq.ParquetWriter(handle, schema, **_OPTIONS) as writer:
        for group in _groups(parts):
            writer.write_table(table(group).cast(schema), row_group_size=GROUP)
            written += pieces(group)
    return written


def _groups(parts: Iterable[Readings]) -> Iterator[Readings]:
    """Groups of the same length, whatever the parts' lengths; the last one is shorter."""
    left: list[Readings] = []
    for part in parts:
        left.append(part)
        if sum(len(one) for one in left) < GROUP:
            continue
        whole = concatenated(left)
        full = len(whole) - len(whole) % GROUP
        for begin in range(0, full, GROUP):
            yield whole.chosen(slice(begin, begin + GROUP))
        left = [whole.chosen(slice(full, None))]
    rest = concatenated(left)
    if len(rest):
        yield rest


def concatenated(parts: list[Readings]) -> Readings:
    """One after the other."""
    if len(parts) == 1:
        return parts[0]
    kinds = {"streams": np.int32, "times": np.int64, "seconds": np.int32, "results": np.float64, "flags": np.int16}
    return Readings(**{name: np.concatenate([getattr(part, name) for part in parts]) if parts else np.zeros(0, dtype=kind) for name, kind in kinds.items()})


def groups(place: Place, path: str) -> Iterator[Readings]:
    """All of a file, group by group."""
    with place.read(path) as handle, pq.ParquetFile(handle) as file:
        for number in range(file.num_row_groups):
            yield readings(file.read_row_group(number))


def read(place: Place, path: str, streams: NDArray[np.int32] | None = None, first: int | None = None, last: int | None = None) -> Readings:
    """Of a file the rows of some streams from a moment up to and with another; groups that hold none of them are not read. `streams` are in order."""
    with place.read(path) as handle, pq.ParquetFile(handle) as file:
        wanted = [number for number in range(file.num_row_groups) if _may_hold(file.metadata.row_group(number), streams, first, last)]
        found = readings(file.read_row_groups(wanted)) if wanted else concatenated([])
    keep = np.ones(len(found), dtype=bool)
    if streams is not None and len(streams):
        keep &= streams[np.minimum(np.searchsorted(streams, found.streams), len(streams) - 1)] == found.streams
    if first is not None:
        keep &= found.times >= first
    if last is not None:
        keep &= found.times <= last
    return found if keep.all() else found.chosen(keep)


def _may_hold(group: Any, streams: NDArray[np.int32] | None, first: int | None, last: int | None) -> bool:
    """Whether a group may hold rows that are asked for."""
    number, time = group.column(0).statistics, group.column(1).statistics
    if streams is not None and np.searchsorted(streams, number.min, "left") == np.searchsorted(streams, number.max, "right"):
        return False
    return bool((first is None or time.max_raw >= first) and (last is None or time.min_raw <= last))
