"""An answer about series as JSON, CSV, Parquet or Arrow."""
from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from ckanext.tzc.common import cells

from tzc.sensors import partitions, quality
from tzc.sensors.model import CATEGORY

from .series import MARKS, RAW, Answer, Series

MEDIA = {
    "json": "application/json", "csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet", "arrow": "application/vnd.apache.arrow.stream",
}  # fmt: skip
MILLISECOND = 1_000


def iso(microseconds: int | None) -> str | None:
    """A moment in ISO 8601 (UTC); None of none."""
    return None if microseconds is None else partitions.shown(microseconds).replace("+00:00", "Z")


def to_json(answer: Answer) -> bytes:
    """`docs/series-api.md` tells the shape."""
    whole = {"from": iso(answer.first), "to": iso(answer.next), "every": answer.every, "streams": [_stream(one, answer) for one in answer.series]}
    if answer.every == RAW:
        whole["marks"] = MARKS
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _stream(one: Series, answer: Answer) -> dict[str, Any]:
    row = one.stream
    told: dict[str, Any] = {
        "id": row.id, "name": row.name, "unit": row.unit, "property": answer.properties[row.id], "kind": row.kind, "dataset": row.dataset, "interval": row.interval,
        "times": (one.times // MILLISECOND).tolist(), "values": _values(one), "flags": one.flags.tolist(),
    }  # fmt: skip
    if answer.every != RAW:
        told["aggregate"] = one.aggregate
        for name in ("least", "most", "sums"):
            told[name] = _numbers(getattr(one, name))
        for name in ("counts", "left_out"):
            told[name] = [] if getattr(one, name) is None else getattr(one, name).tolist()
    return told


def _values(one: Series) -> list[Any]:
    if one.stream.kind == CATEGORY:
        return [None if value is None else one.words.get(int(value), "") for value in _numbers(one.values)]
    return _numbers(one.values)


def _numbers(values: Any) -> list[Any]:
    if values is None:
        return []
    found: list[Any] = values.tolist()
    return [None if value != value else value for value in found]


def _table(answer: Answer) -> pa.Table:
    """A line a value, without the breaks: where nothing was measured there is no line."""
    kept = [(one, ~one.breaks) for one in answer.series]

    def together(name: str, kind: Any) -> Any:
        parts = [getattr(one, name)[which] for one, which in kept if getattr(one, name) is not None]
        return np.concatenate(parts).astype(kind) if parts else np.zeros(0, dtype=kind)

    streams = np.concatenate([np.full(int(which.sum()), one.stream.id, dtype=np.int32) for one, which in kept])
    columns: dict[str, pa.Array] = {
        "stream": pa.array(streams), "time": pa.array(together("times", np.int64)).cast(pa.timestamp("us", tz="UTC")),
        "value": pa.array(together("values", np.float64), from_pandas=True),
    }  # fmt: skip
    if any(one.stream.kind == CATEGORY for one in answer.series):
        words = [word if one.stream.kind == CATEGORY else None for one, which in kept for word in np.array(_values(one), dtype=object)[which]]
        columns["word"] = pa.array(words, pa.string())
    if answer.every == RAW:
        columns["flags"] = pa.array(together("flags", np.int16))
    else:
        for name in ("least", "most", "sums"):
            columns[name] = pa.array(together(name, np.float64), from_pandas=True)
        for name in ("counts", "left_out"):
            columns[name] = pa.array(together(name, np.int64))
    told = {
        one.stream.id: {"name": one.stream.name, "unit": one.stream.unit, "property": answer.properties[one.stream.id], "aggregate": one.aggregate} for one in answer.series
    }  # fmt: skip
    about = {"every": answer.every, "streams": json.dumps(told, ensure_ascii=False)}
    return pa.table(columns).replace_schema_metadata(about)


def to_parquet(answer: Answer) -> bytes:
    """Compressed by Zstandard; names and units stand in the metadata of the schema."""
    out = io.BytesIO()
    pq.write_table(_table(answer), out, compression="zstd")
    return out.getvalue()


def to_arrow(answer: Answer) -> bytes:
    """A stream of Arrow's IPC format."""
    table, out = _table(answer), io.BytesIO()
    with pa.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table)
    return out.getvalue()


def to_csv(answer: Answer) -> bytes:
    """A line a value; marks by their names, with a blank between."""
    table, out = _table(answer), io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = {one.stream.id: one.stream.name for one in answer.series}
    units = {one.stream.id: one.stream.unit for one in answer.series}
    told = {number: " ".join(quality.named(number)) for number in set(table["flags"].to_pylist())} if "flags" in table.column_names else {}
    rest = [name for name in table.column_names if name not in ("stream", "time", "flags")]
    writer.writerow(["stream", "name", "unit", "time", *rest, *(["marks"] if told or answer.every == RAW else [])])
    moments = [f"{text}Z" for text in np.asarray(table["time"]).astype("datetime64[ms]").astype(str).tolist()]
    streams = table["stream"].to_pylist()
    lists = [[names[number] for number in streams], [units[number] for number in streams], moments, *(table[name].to_pylist() for name in rest)]
    if answer.every == RAW:
        lists.append([told[number] for number in table["flags"].to_pylist()])
    writer.writerows(zip(streams, *(map(cells.plain, column) for column in lists), strict=True))
    return out.getvalue().encode()


FORMS: dict[str, Callable[[Answer], bytes]] = {"json": to_json, "csv": to_csv, "parquet": to_parquet, "arrow": to_arrow}
