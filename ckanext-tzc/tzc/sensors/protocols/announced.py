"""How large a stream of Arrow's is once unpacked, as it says itself, before anything is unpacked: a hundred kilobytes may become gigabytes.

Source of the layout: Apache Arrow columnar format 1.5, `Message.fbs` and “Compression”; FlatBuffers internals (tables, vtables, vectors).
"""
from __future__ import annotations

import struct
from typing import Any

import pyarrow as pa

from ..faults import BatchError

DICTIONARY, RECORDS = 2, 3
"""Kinds of messages that have a body."""

HEADER_TYPE, HEADER = 1, 2
"""Fields of a message, by their place in its table."""

DATA = 1
"""The records of a dictionary."""

LENGTH, BUFFERS, COMPRESSION = 0, 2, 3
"""Fields of records."""

AS_IT_IS = -1
"""The size of a buffer that was not worth packing."""


def look_at(body: pa.Buffer, most_bytes: int, most_rows: int) -> None:
    """Go through a stream's messages without unpacking. Raises BatchError where they say that they are too large together, or nothing; ArrowException where they are broken."""
    messages, size, rows = pa.ipc.MessageReader.open_stream(body), 0, 0
    while (message := _next(messages)) is not None:
        try:
            records, bytes_ = _announced(memoryview(message.metadata), message.body)
        except (struct.error, IndexError) as error:
            raise BatchError("broken", detail="a message does not say how large it is") from error
        size, rows = size + bytes_, rows + records
        if size > most_bytes or rows > most_rows:
            raise BatchError("too_many_bytes", most=most_bytes)


def _next(messages: Any) -> Any:
    try:
        return messages.read_next_message()
    except StopIteration:
        return None


def _announced(flat: memoryview, body: pa.Buffer | None) -> tuple[int, int]:
    """Rows and bytes of a message."""
    message = struct.unpack_from("<I", flat, 0)[0]
    kind_at, header = _field(flat, message, HEADER_TYPE), _table(flat, message, HEADER)
    kind = flat[kind_at] if kind_at else 0
    if kind == DICTIONARY and header:
        header = _table(flat, header, DATA)
    if kind not in (DICTIONARY, RECORDS) or not header:
        return 0, 0
    rows_at = _field(flat, header, LENGTH)
    rows = struct.unpack_from("<q", flat, rows_at)[0] if rows_at and kind == RECORDS else 0
    vector = _table(flat, header, BUFFERS)
    if not vector:
        return rows, 0
    packed = bool(_field(flat, header, COMPRESSION))
    content = memoryview(body or b"")
    buffers = struct.iter_unpack("<qq", flat[vector + 4 : vector + 4 + 16 * struct.unpack_from("<I", flat, vector)[0]])
    return rows, sum(_size(content, place, length, packed) for place, length in buffers)


def _size(content: memoryview, place: int, length: int, packed: bool) -> int:
    """Of one buffer; before a packed one stands how large it is."""
    if not packed or not length:
        return length
    size: int = struct.unpack_from("<q", content, place)[0]
    if size < AS_IT_IS:
        raise BatchError("broken", detail="a message says that it has less than nothing")
    return length if size == AS_IT_IS else size


def _field(flat: memoryview, table: int, number: int) -> int:
    """Where a field of a table stands; 0 where it is not given."""
    vtable = table - struct.unpack_from("<i", flat, table)[0]
    if 4 + 2 * number >= struct.unpack_from("<H", flat, vtable)[0]:
        return 0
    offset: int = struct.unpack_from("<H", flat, vtable + 4 + 2 * number)[0]
    return table + offset if offset else 0


def _table(flat: memoryview, table: int, number: int) -> int:
    """Where the table or vector stands that a field points to; 0 where it is not given."""
    at = _field(flat, table, number)
    return at + int(struct.unpack_from("<I", flat, at)[0]) if at else 0
