"""Content that is a table in another form becomes CSV, where the feed's file is one: JSON by its own words, Parquet by DuckDB, which reaches nothing but the run's folder.

A few bytes of either may stand for very many of CSV, so those are counted as they are written.
"""
from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import ckan.plugins.toolkit as tk
import duckdb

from tzc.feeding.faults import FeedError

from . import counting

CONVERTED = frozenset({"json", "ndjson", "parquet"})
MEDIA_TYPES = {
    "text/csv": "csv", "application/json": "json", "application/x-ndjson": "ndjson", "application/vnd.apache.parquet": "parquet", "application/geo+json": "geojson",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx", "text/tab-separated-values": "tsv",
}  # fmt: skip
"""By what a program says that it sends; others are taken for what the feed's file is."""

MOST_JSON = 50 * 1024 * 1024
"""Bytes of JSON, which is read whole, into about ten times its size."""


BATCH = 1000
"""Rows of Parquet that are taken from DuckDB at once."""


def to_csv(source: Path, kind: str, folder: Path, most: int) -> Path:
    """The content as CSV of `most` bytes. Raises FeedError."""
    target = folder / "converted.csv"
    if kind == "parquet":
        _parquet(source, target, folder, most)
        return target
    if source.stat().st_size > MOST_JSON:
        raise FeedError("too_big", most=MOST_JSON)
    try:
        rows = list(_rows(source, kind))
        names = _names(rows)
        _write(target, names, ([_cell(row.get(name)) for name in names] for row in rows), "\r\n", most)
    except RecursionError as error:
        raise FeedError("kind", wanted="JSON", detail="too deep") from error
    except ValueError as error:
        raise FeedError("kind", wanted="JSON", detail=str(error)) from error
    return target


def _names(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Of the columns: as many as a table may have. Each row is as long as all names together, though none has more than one of them."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    _not_too_wide(names)
    return names


def _not_too_wide(names: Sequence[str]) -> None:
    most = tk.config["tzc.tables.max_columns"]
    if len(names) > most:
        raise FeedError("table", reason="too_wide", have=len(names), most=most)


def _write(target: Path, names: Sequence[str], rows: Iterable[Sequence[str | None]], ending: str, most: int) -> None:
    with target.open("wb") as out:
        counted = counting.Counted(out, most)
        writer = csv.writer(counted, lineterminator=ending)
        try:
            writer.writerow(names)
            writer.writerows(rows)
        except counting.FullError as error:
            raise FeedError("too_big", most=most) from error


def _rows(source: Path, kind: str) -> Iterator[Mapping[str, Any]]:
    """Objects, each a row: a list of them, or one on each line. Numbers stay as they are written."""
    text = source.read_text(encoding="utf-8-sig")
    if kind == "ndjson":
        found: Any = [_load(line) for line in text.split("\n") if line.strip()]
    else:
        found = _load(text)
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise FeedError("kind", wanted="JSON", detail="a list of objects is wanted, each of them a row")
    yield from found


def _load(text: str) -> Any:
    return json.loads(text, parse_float=_Number, parse_int=_Number, parse_constant=_refused)


class _Number(str):
    """A number as it is written."""


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is no number")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(value)
    return _nested(value)


def _nested(value: Any) -> str:
    """What is nested stays JSON, its numbers as they are written."""
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name, ensure_ascii=False)}: {_nested(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_nested(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _parquet(source: Path, target: Path, folder: Path, most: int) -> None:
    connection = duckdb.connect(":memory:", config={"memory_limit": tk.config["tzc.tables.memory"], "threads": "2", "temp_directory": str(folder / "spill")})
    try:
        connection.execute(f"SET allowed_directories=[{_literal(str(folder))}]")
        connection.execute("SET enable_external_access=false")
        connection.execute("SET lock_configuration=true")
        table, rows = f"read_parquet({_literal(str(source))})", tk.config["tzc.tables.max_rows"] + 1
        names = [name for name, *_ in connection.execute(f"DESCRIBE SELECT * FROM {table}").fetchall()]  # noqa: S608 -- a path of ours
        _not_too_wide(names)
        # looked at first without the texts: a text of megabytes that stands in each row is none of ours to hold a thousand times
        texts = ", ".join(f"strlen(CAST({_name(name)} AS VARCHAR))" for name in names)
        lengths = connection.execute(f"SELECT coalesce(list_sum([{texts}]), 0) FROM {table} LIMIT {rows}")  # noqa: S608 -- as above, and quoted names
        _not_too_long((length + len(names) for (length,) in _fetched(lengths)), most)
        found = connection.execute(f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM {table} LIMIT {rows}")  # noqa: S608 -- as above
        _write(target, names, _fetched(found), "\n", most)
    except duckdb.OutOfMemoryException as error:
        raise FeedError("too_big", most=most) from error
    except duckdb.Error as error:
        raise FeedError("kind", wanted="Parquet", detail=str(error).split("\n")[0].replace(str(folder), "")) from error
    finally:
        connection.close()


def _not_too_long(lengths: Iterable[int], most: int) -> None:
    left = most
    for length in lengths:
        left -= length
        if left < 0:
            raise FeedError("too_big", most=most)


def _fetched(found: Any) -> Iterator[tuple[Any, ...]]:
    while batch := found.fetchmany(BATCH):
        yield from batch


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
