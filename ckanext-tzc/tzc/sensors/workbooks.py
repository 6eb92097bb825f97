"""What a workbook (xlsx) would become is looked at before it is read: a reader lays a sheet out up to its last cell, however few are filled."""
from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator

from .faults import BatchError

MOST_BYTES = 200_000_000
"""Of all that a workbook unpacks to."""

MOST_CELLS = 4_000_000
"""Of a sheet up to its last cell: six columns of five minutes over six years."""

CHUNK = 1 << 20
_PLACE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{0,3})(\d{1,9})["']""")
_OTHER = re.compile(r"content\.xml|.*\.bin", re.IGNORECASE)
"""What workbooks of other kinds hold, which the reader would read, too."""


def look(body: bytes) -> None:
    """Raises BatchError for what is no workbook (xlsx), or would become too large."""
    try:
        entries = zipfile.ZipFile(io.BytesIO(body)).infolist()
        names = [entry.filename for entry in entries]
        if len(set(names)) < len(names) or any(_OTHER.fullmatch(name.rpartition("/")[2]) and "printerSettings" not in name for name in names):
            raise BatchError("broken")
        size = 0
        for entry in entries:
            columns = lines = 0
            tail = b""
            for part in _unpacked(body, entry):
                size += len(part)
                for column, line in _PLACE.findall(tail + part):
                    columns, lines = max(columns, _number(column)), max(lines, int(line))
                tail = (tail + part)[-64:]
                if size > MOST_BYTES or max(columns, 1) * lines > MOST_CELLS:
                    raise BatchError("too_many_bytes", most=MOST_BYTES)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, ValueError, IndexError) as error:
        raise BatchError("broken") from error


def _unpacked(body: bytes, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """All that an entry unpacks to, whatever it says of its own length."""
    at = entry.header_offset
    at += 30 + int.from_bytes(body[at + 26 : at + 28], "little") + int.from_bytes(body[at + 28 : at + 30], "little")
    packed = body[at : at + entry.compress_size]
    if entry.compress_type == zipfile.ZIP_STORED:
        yield packed
        return
    if entry.compress_type != zipfile.ZIP_DEFLATED:
        raise BatchError("broken")
    unpack = zlib.decompressobj(-zlib.MAX_WBITS)
    while packed and not unpack.eof:
        yield unpack.decompress(packed, CHUNK)
        packed = unpack.unconsumed_tail


def _number(column: bytes) -> int:
    found = 0
    for letter in column.upper():
        found = found * 26 + letter - 64
    return found
