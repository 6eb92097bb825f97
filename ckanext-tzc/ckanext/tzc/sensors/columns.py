"""Columns of numbers between numpy and PostgreSQL, by its binary COPY: no row is ever a Python object.

The format is that of PostgreSQL's COPY (documentation, “Binary Format”): a header, then for each row the number of fields and for each field its length and its bytes, the
most significant first, then -1. A moment is counted in microseconds from 2000 there.
"""
from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

HEADER = b"PGCOPY\n\xff\r\n\0" + b"\0" * 8
END = b"\xff\xff"
FROM_2000 = 946_684_800_000_000
"""Microseconds from 1970 to 2000."""

CHUNK = 1 << 20

KINDS = {"int2": ">i2", "int4": ">i4", "int8": ">i8", "float8": ">f8", "timestamptz": ">i8"}
"""How each type of PostgreSQL's lies in a row."""


def _row(kinds: Sequence[str]) -> np.dtype[Any]:
    fields: list[tuple[str, str]] = [("fields", ">i2")]
    for place, kind in enumerate(kinds):
        fields += [(f"length{place}", ">i4"), (f"value{place}", KINDS[kind])]
    return np.dtype(fields)


def packed(columns: Mapping[str, tuple[str, NDArray[Any]]]) -> bytes:
    """Columns as COPY takes them: by name, the type and the values; none is missing."""
    kinds = [kind for kind, _values in columns.values()]
    length = len(next(iter(columns.values()))[1])
    rows = np.empty(length, dtype=_row(kinds))
    rows["fields"] = len(kinds)
    for place, (kind, values) in enumerate(columns.values()):
        rows[f"length{place}"] = np.dtype(KINDS[kind]).itemsize
        rows[f"value{place}"] = values - FROM_2000 if kind == "timestamptz" else values
    return HEADER + rows.tobytes() + END


def write(cursor: Any, table: str, columns: Mapping[str, tuple[str, NDArray[Any]]]) -> None:
    """Append rows to a table."""
    names = ", ".join(f'"{name}"' for name in columns)
    cursor.copy_expert(f"COPY {table} ({names}) FROM STDIN WITH (FORMAT binary)", io.BytesIO(packed(columns)), CHUNK)


def read(cursor: Any, query: str, kinds: Sequence[str]) -> list[NDArray[Any]]:
    """The columns of a query, whose types are these and where nothing is null."""
    out = io.BytesIO()
    cursor.copy_expert(f"COPY ({query}) TO STDOUT WITH (FORMAT binary)", out, CHUNK)
    rows = np.frombuffer(out.getbuffer(), dtype=_row(kinds), offset=len(HEADER), count=(out.tell() - len(HEADER) - len(END)) // _row(kinds).itemsize)
    found = []
    for place, kind in enumerate(kinds):
        values = rows[f"value{place}"].astype(np.dtype(KINDS[kind]).newbyteorder("="))
        found.append(values + FROM_2000 if kind == "timestamptz" else values)
    return found
