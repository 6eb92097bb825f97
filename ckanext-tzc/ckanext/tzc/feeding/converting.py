"""Content that is a table in another form becomes CSV, where the feed's file is one: JSON by its own words, Parquet by DuckDB, which reaches nothing but the run's folder."""
from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import ckan.plugins.toolkit as tk
import duckdb

from tzc.feeding.faults import FeedError

CONVERTED = frozenset({"json", "ndjson", "parquet"})
MEDIA_TYPES = {
    "text/csv": "csv", "application/json": "json", "application/x-ndjson": "ndjson", "application/vnd.apache.parquet": "parquet", "application/geo+json": "geojson",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx", "text/tab-separated-values": "tsv",
}  # fmt: skip
"""By what a program says that it sends; others are taken for what the feed's file is."""

MOST_JSON = 50 * 1024 * 1024
"""Bytes of JSON, which is read whole, into about ten times its size."""


def to_csv(source: Path, kind: str, folder: Path) -> Path:
    """The content as CSV. Raises FeedError."""
    target = folder / "converted.csv"
    if kind == "parquet":
        _parquet(source, target, folder)
        return target
    if source.stat().st_size > MOST_JSON:
        raise FeedError("too_big", most=MOST_JSON)
    try:
        rows = list(_rows(source, kind))
    except RecursionError as error:
        raise FeedError("kind", wanted="JSON", detail="too deep") from error
    except ValueError as error:
        raise FeedError("kind", wanted="JSON", detail=str(error)) from error
    names = list(dict.fromkeys(name for row in rows for name in row))
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(names)
        writer.writerows([_cell(row.get(name)) for name in names] for row in rows)
    return target


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
    # what is nested stays JSON
    return json.dumps(value, ensure_ascii=False)


def _parquet(source: Path, target: Path, folder: Path) -> None:
    connection = duckdb.connect(":memory:", config={"memory_limit": tk.config["tzc.tables.memory"], "threads": "2", "temp_directory": str(folder / "spill")})
    try:
        connection.execute(f"SET allowed_directories=[{_literal(str(folder))}]")
        connection.execute("SET enable_external_access=false")
        connection.execute("SET lock_configuration=true")
        most = tk.config["tzc.tables.max_rows"]
        chosen = f"SELECT * FROM read_parquet({_literal(str(source))}) LIMIT {most + 1}"  # noqa: S608 -- a path of ours
        connection.execute(f"COPY ({chosen}) TO {_literal(str(target))} (FORMAT csv, HEADER true)")
    except duckdb.Error as error:
        raise FeedError("kind", wanted="Parquet", detail=str(error).split("\n")[0].replace(str(folder), "")) from error
    finally:
        connection.close()


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
