"""Tables as programs send them: streams and files of Arrow's, files of Parquet's."""
from __future__ import annotations

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq


def stream(table: pa.Table, packed: str | None = None, chunk: int | None = None) -> bytes:
    """A stream, in batches of so many rows."""
    return _written(pa.ipc.new_stream, table, packed, chunk)


def file(table: pa.Table, packed: str | None = None, chunk: int | None = None) -> bytes:
    """Arrow's file, in batches of so many rows."""
    return _written(pa.ipc.new_file, table, packed, chunk)


def _written(new: Any, table: pa.Table, packed: str | None, chunk: int | None) -> bytes:
    out = io.BytesIO()
    with new(out, table.schema, options=pa.ipc.IpcWriteOptions(compression=packed)) as writer:
        writer.write_table(table, max_chunksize=chunk)
    return out.getvalue()


def parquet(table: pa.Table, packed: str = "snappy") -> bytes:
    """A file of Parquet's."""
    out = io.BytesIO()
    pq.write_table(table, out, compression=packed)
    return out.getvalue()
