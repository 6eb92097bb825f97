"""Tables: CSV, Arrow and Parquet. Either each row names its stream (columns `stream`, `time`, `result`, perhaps `seconds` and `quality`), or has a column for each of several
values; columns of other names are those of the source's mapping.
"""
from __future__ import annotations

import csv as text_tables
import dataclasses
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from .. import faults
from ..faults import BatchError
from ..mapping import DELIMITERS, Place, Value, external, parts, place, read, units_of
from ..mapping import Mapping as Written
from ..model import Stream
from ..readings import MOST_LISTED, Decoded, Rejected
from . import announced, columns
from .reading import column_of, text_of

MOST_ROWS = 5_000_000
MOST_BYTES = 1 << 30
"""Of a table as it lies in memory."""

BLOCK = 8 << 20
END = b"\xff\xff\xff\xff\0\0\0\0"
"""How a whole stream of Arrow's ends."""

ARROW = b"ARROW1"
"""How a file of Arrow's begins and ends; between stand some zeros, a stream, and an index of it that is not needed."""

BEFORE_THE_STREAM = 8

MAGIC = b"PAR1"
"""How a file of Parquet's begins and ends."""

BROKEN = (pa.ArrowException, OSError, ValueError, EOFError, KeyError)
NEEDED = ("stream", "time", "result")
LONG = (*NEEDED, "seconds", "quality")


def csv(body: bytes, definition: Mapping[str, Any]) -> Decoded:
    """A CSV with a line of names: UTF-8 with or without mark, UTF-16, or as the mapping says; comma, semicolon, tab or bar. With semicolons the decimal sign is the comma where the
    mapping says nothing.
    """
    written = read(definition.get("mapping"))
    text = text_of(body, written.encoding).lstrip(b"\r\n")
    head = next((line for line in io.StringIO(text[:65_536].decode("utf-8", "replace"), newline=None) if line.strip()), "")
    if not head:
        raise BatchError("empty")
    delimiter = written.delimiter or max(DELIMITERS, key=head.count)
    names = _names(next(text_tables.reader([head], delimiter=delimiter)))
    table, rows, bad, left_out = _csv(text, names, delimiter, set(_wanted(names, written)))
    table, rows = _without_empty(table, rows)
    if written.decimal == "" and delimiter == ";":
        written = _decimal(written, ",")
    return _decoded(table, written, rows, bad, left_out)


def _decimal(written: Written, sign: str) -> Written:
    return dataclasses.replace(written, decimal=sign)


def _names(head: Sequence[str]) -> list[str]:
    return [name.strip().lstrip("\ufeff") for name in head]


def _wanted(names: Sequence[str], written: Written) -> list[str]:
    """The columns that are read, all of which are there, once. Raises BatchError."""
    if _is_wide(written):
        needed = [column_of(written, "time"), *([column_of(written, "thing")] if "thing" in written.paths else [])]
        values = [".".join(value.path) for value in written.values]
        needed += [] if any(value in names for value in values) else values
        more = [*values, *(column_of(written, name) for name in ("name", "longitude", "latitude") if name in written.paths)]
    else:
        needed = [column_of(written, name) for name in NEEDED]
        more = [column_of(written, name) for name in ("seconds", "quality", "thing", "name", "longitude", "latitude") if name in written.paths or name in ("seconds", "quality")]
    missing = [name for name in needed if name not in names]
    twice = [name for name in (*needed, *more) if list(names).count(name) > 1]
    if missing or twice:
        raise BatchError("columns", columns=missing or twice)
    return list(dict.fromkeys(name for name in (*needed, *more) if name in names))


def _is_wide(written: Written) -> bool:
    """Whether rows have a column for each value. Where they name their stream, the values tell what streams of these names are."""
    return bool(written.values) and not {"stream", "result"} & set(written.paths)


def _csv(text: bytes, names: list[str], delimiter: str, wanted: set[str]) -> tuple[pa.Table, NDArray[np.int32], list[Rejected], int]:
    """The rows with as many fields as the line of names, their places, and the others."""
    odd: list[tuple[int, str]] = []

    def skip(row: Any) -> str:
        # an empty line is no row; of those beyond what is listed it is only known that they are there
        text = row.text if row.text.strip() else ""
        odd.append((row.number, text if len(odd) < MOST_LISTED else text[:1]))
        return "skip"

    try:
        table = pyarrow.csv.read_csv(
            pa.py_buffer(text),
            pyarrow.csv.ReadOptions(use_threads=False, block_size=min(max(len(text), 1), BLOCK)),
            pyarrow.csv.ParseOptions(delimiter=delimiter, newlines_in_values=b'"' in text, ignore_empty_lines=False, invalid_row_handler=skip),
            pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(wanted, pa.string()), include_columns=None, strings_can_be_null=False, check_utf8=False),
        )
    except BROKEN as error:
        raise BatchError("broken", detail=str(error)[:200]) from error
    table = table.rename_columns(names) if table.num_columns == len(names) else table
    places = _places(table.num_rows, [number for number, _text in odd])
    bad = [Rejected(number - 2, "shape", {}, faults.shown(row)) for number, row in odd if row]
    return table.select([name for name in names if name in wanted]), places, bad[:MOST_LISTED], max(0, len(bad) - MOST_LISTED)


def _without_empty(table: pa.Table, rows: NDArray[np.int32]) -> tuple[pa.Table, NDArray[np.int32]]:
    """Without the rows that say nothing at all: empty lines."""
    empty = np.ones(table.num_rows, dtype=bool)
    for column in table.columns:
        empty &= pc.equal(pc.binary_length(column), 0).to_numpy()
    return (table.filter(pa.array(~empty)), rows[~empty]) if empty.any() else (table, rows)


def _places(length: int, skipped: Sequence[int]) -> NDArray[np.int32]:
    """Where each row that was read stands among all, the first after the names being 0; `skipped` are numbers of rows, the line of names being 1."""
    whole = np.ones(length + len(skipped), dtype=bool)
    whole[np.array(skipped, dtype=np.int64) - 2] = False
    return np.flatnonzero(whole).astype(np.int32)


def arrow(body: bytes, definition: Mapping[str, Any]) -> Decoded:
    """A stream of Arrow's, whole to its end mark, or its file."""
    if not body:
        raise BatchError("empty")
    try:
        table = _batches(body)
    except BROKEN as error:
        raise BatchError("broken", detail=str(error)[:200]) from error
    return _typed(table, definition)


def _batches(body: bytes) -> pa.Table:
    content = pa.py_buffer(body)
    if body.startswith(ARROW):
        if not body.endswith(ARROW):
            raise BatchError("broken", detail="the file has no end", cut=True)
        content = content.slice(BEFORE_THE_STREAM)
    elif not body.endswith(END):
        raise BatchError("broken", detail="the stream has no end", cut=True)
    announced.look_at(content, MOST_BYTES, MOST_ROWS)
    stream = pa.ipc.open_stream(content)
    _look_at_words(stream.schema)
    return _within(stream.schema, stream)


def _look_at_words(schema: pa.Schema) -> None:
    """In which encoding names and zones are is found out when they are asked for. Raises UnicodeDecodeError."""
    kinds = [kind.value_type if pa.types.is_dictionary(kind) else kind for kind in schema.types]
    _ = schema.names, [kind.tz for kind in kinds if pa.types.is_timestamp(kind)]


def _within(schema: pa.Schema, batches: Any) -> pa.Table:
    """The batches together, as long as they are not too large."""
    kept, rows, size = [], 0, 0
    for batch in batches:
        batch.validate(full=True)  # before anything else is asked of it: what points out of its buffers ends the process
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if rows > MOST_ROWS or size > MOST_BYTES:
            raise BatchError("too_many_bytes", most=MOST_BYTES)
        kept.append(batch)
    return pa.Table.from_batches(kept, schema)


def parquet(body: bytes, definition: Mapping[str, Any]) -> Decoded:
    """A file of Parquet's."""
    if not body:
        raise BatchError("empty")
    if body.startswith(MAGIC) and not body.endswith(MAGIC):
        raise BatchError("broken", detail="the file has no end", cut=True)
    try:
        schema = pq.read_schema(pa.py_buffer(body))
        _look_at_words(schema)
        wanted = _wanted(schema.names, read(definition.get("mapping")))
        texts = _texts(schema, wanted)
        file = pq.ParquetFile(pa.py_buffer(body), read_dictionary=texts)
        groups = [file.metadata.row_group(place) for place in range(file.metadata.num_row_groups)]
        if file.metadata.num_rows > MOST_ROWS or sum(group.total_byte_size for group in groups) > MOST_BYTES:
            raise BatchError("too_many_bytes", most=MOST_BYTES)
        table = _spelled_out(file.read(columns=wanted, use_threads=False))
        table.validate(full=True)
    except BROKEN as error:
        raise BatchError("broken", detail=str(error)[:200]) from error
    return _typed(table, definition)


def _texts(schema: pa.Schema, wanted: Sequence[str]) -> list[str]:
    """The columns of texts. Raises BatchError for columns that are no texts, numbers or moments: their cells may be of any size."""
    kinds = {name: schema.field(name).type for name in wanted}
    kinds = {name: kind.value_type if pa.types.is_dictionary(kind) else kind for name, kind in kinds.items()}
    odd = [name for name, kind in kinds.items() if pa.types.is_nested(kind) or pa.types.is_fixed_size_binary(kind) or pa.types.is_run_end_encoded(kind)]
    if odd:
        raise BatchError("columns", columns=odd)
    return [name for name, kind in kinds.items() if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind)]


def _look_at_texts(table: pa.Table) -> None:
    """A file says a text once, however many cells it stands in, and its own sizes are of that. Raises BatchError where the cells are too large together."""
    size = 0
    for column in table.columns:
        for chunk in column.chunks if pa.types.is_dictionary(column.type) else ():
            if not pa.types.is_primitive(chunk.dictionary.type):
                size += pc.sum(pc.cast(pc.binary_length(chunk.dictionary), pa.int64()).take(chunk.indices)).as_py() or 0
            if size > MOST_BYTES:
                raise BatchError("too_many_bytes", most=MOST_BYTES)


def _spelled_out(table: pa.Table) -> pa.Table:
    """A table with each text in each of its cells."""
    _look_at_texts(table)
    columns_ = [pc.cast(column, column.type.value_type) if pa.types.is_dictionary(column.type) else column for column in table.columns]
    return pa.table(columns_, names=table.column_names)


def _typed(table: pa.Table, definition: Mapping[str, Any]) -> Decoded:
    written = read(definition.get("mapping"))
    wanted = _wanted(table.column_names, written)
    if not table.num_rows:
        raise BatchError("empty")
    _texts(table.schema, wanted)
    _look_at_texts(table.select(wanted))
    return _decoded(table.select(wanted), written, np.arange(table.num_rows, dtype=np.int32))


def _decoded(table: pa.Table, written: Written, rows: NDArray[np.int32], bad: Sequence[Rejected] = (), left_out: int = 0) -> Decoded:
    if not table.num_rows and not bad:
        raise BatchError("empty")
    table = table.combine_chunks()
    cells = {name: _array(table.column(name)) for name in table.column_names}
    if _is_wide(written):
        return _wide(cells, written, rows, bad, left_out)
    return _long(cells, written, rows, bad, left_out)


def _array(column: Any) -> pa.Array:
    if column.num_chunks == 1:
        return column.chunk(0)
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


Cells = Mapping[str, pa.Array]


def _long(cells: Cells, written: Written, rows: NDArray[np.int32], bad: Sequence[Rejected], left_out: int) -> Decoded:
    """Each row names its stream."""
    streams = cells[column_of(written, "stream")]
    if "thing" in written.paths:
        streams = pc.binary_join_element_wise(columns._text(cells[column_of(written, "thing")]), columns._text(streams), "/")
    described = _described_long(streams, cells, written) if written.create or written.values else {}
    seconds, quality = (cells.get(column_of(written, name)) for name in ("seconds", "quality"))
    given = columns.Given(streams, cells[column_of(written, "time")], cells[column_of(written, "result")], seconds, quality, rows, _shown(cells))
    return columns.decode(given, written, rejected=bad, left_out=left_out, units=units_of(described), described=described if written.create else {})


def _described_long(streams: pa.Array, cells: Cells, written: Written) -> dict[str, Stream]:
    values = {value.name: value for value in written.values}
    described = {}
    for row, stream in _first_rows(streams):
        thing, name = parts(stream)
        value = values.get(name, Value((), name))
        described[stream] = written.stream(value, thing, *_about(cells, written, row))
    return described


def _first_rows(column: pa.Array) -> list[tuple[int, str]]:
    """Each value of a column but nothing, and the first row that has it."""
    text = columns._text(column) if not pa.types.is_string(column.type) else column
    names, index = columns._streams(text)
    known, first = np.unique(index, return_index=True)
    return [(int(row), names[place]) for place, row in zip(known.tolist(), first.tolist(), strict=True) if place >= 0]


def _about(cells: Cells, written: Written, row: int) -> tuple[str, Place | None]:
    name = cells.get(column_of(written, "name")) if "name" in written.paths else None
    where = [cells.get(column_of(written, side)) for side in ("longitude", "latitude")] if "longitude" in written.paths else [None, None]
    degrees = [None if side is None else str(side[row].as_py()).replace(",", ".") for side in where]
    return ("" if name is None else str(name[row].as_py() or "")), place(*degrees)


def _wide(cells: Cells, written: Written, rows: NDArray[np.int32], bad: Sequence[Rejected], left_out: int) -> Decoded:
    """A column for each value: a row's time and thing are read once, and an empty cell is nothing."""
    moments_of = cells[column_of(written, "time")]
    things = columns._text(cells[column_of(written, "thing")]) if "thing" in written.paths else None
    index = columns._streams(things)[1] if things is not None else np.zeros(len(moments_of), dtype=np.int32)
    moments, codes = columns.read_times(moments_of, written.zone, written.written, index)
    codes[(codes == 0) & (index < 0)] = columns.CODES.index("stream")
    wrong = np.flatnonzero(codes)
    shown = _shown(cells)
    rejected = [*bad, *(Rejected(int(rows[row]), columns.CODES[codes[row]], {}, shown(row)) for row in wrong[:MOST_LISTED].tolist())]
    left_out += max(0, len(wrong) - MOST_LISTED)
    parts: list[tuple[pa.Array, pa.Array, NDArray[np.int64]]] = []
    described: dict[str, Stream] = {}
    firsts = _first_rows(things) if things is not None else [(0, "")]
    for value in written.values:
        cell = cells.get(".".join(value.path))
        if cell is None:
            continue
        kept = np.flatnonzero((codes == 0) & ~_empty(cell))
        took = pa.array(kept)
        streams = pc.binary_join_element_wise(things.take(took), value.name, "/") if things is not None else pa.DictionaryArray.from_arrays(
            pa.array(np.zeros(len(kept), dtype=np.int32)), pa.array([value.name])
        ).dictionary_decode()  # fmt: skip
        parts.append((streams, _as_text(cell.take(took)), kept))
        for row, thing in firsts:
            described[external(thing, value.name)] = written.stream(value, thing, *_about(cells, written, row))
    if all(pa.types.is_string(part.type) for _streams, part, _kept in parts):
        results = pa.concat_arrays([part for _streams, part, _kept in parts])
    else:
        results = pa.concat_arrays([pc.cast(part, pa.float64(), safe=False) if not pa.types.is_string(part.type) else _numbers(part, written) for _streams, part, _kept in parts])
    kept = np.concatenate([part for _streams, _part, part in parts])
    streams = pa.concat_arrays([part for part, _results, _kept in parts])
    given = columns.Given(streams, moments_of, results, rows=rows[kept], shown=lambda at: shown(int(kept[at])))
    found = moments[kept], np.zeros(len(kept), dtype=np.int32), np.zeros(len(kept), dtype=np.int8)
    return columns.decode(given, written, rejected=rejected, left_out=left_out, units=units_of(described), described=described if written.create else {}, found=found)


def _numbers(part: pa.Array, written: Written) -> pa.Array:
    return pa.array(columns.read_results(part, written.decimal)[0])


def _as_text(cell: pa.Array) -> pa.Array:
    return pc.cast(cell, pa.string()) if pa.types.is_large_string(cell.type) or pa.types.is_dictionary(cell.type) else cell


def _empty(cell: pa.Array) -> NDArray[np.bool_]:
    empty = pc.is_null(cell)
    if pa.types.is_string(cell.type):
        empty = pc.or_(empty, pc.fill_null(pc.equal(pc.utf8_trim_whitespace(cell), ""), False))
    found: NDArray[np.bool_] = empty.to_numpy(zero_copy_only=False)
    return found


def _shown(cells: Cells) -> columns.Shown:
    def shown(row: int) -> str:
        return faults.shown(" ".join(str(cell[row].as_py()) for cell in cells.values()))

    return shown
