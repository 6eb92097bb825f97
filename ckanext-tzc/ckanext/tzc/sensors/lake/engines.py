"""What runs the questions: DuckDB in this process, or an engine of several machines. One table for all: the lake's files, and the rows that are still in PostgreSQL."""
from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import ckan.plugins.toolkit as tk
import ibis
import pyarrow as pa
import pyarrow.dataset as pds
from ibis.config import Config, options

from tzc.sensors.partitions import PREFIX
from tzc.sensors.readings import Readings

from .. import columns, writing
from . import catalogue, files, places, queries, reading
from .making import KINDS

DUCKDB, PYSPARK = "duckdb", "pyspark"
DIALECTS = ("duckdb", "trino", "pyspark", "clickhouse")
"""Those that the questions are known to be written for."""


class EngineError(Exception):
    """The engine that the setting names is not there; the message says what to do."""


def connect(engine: str = "") -> Any:
    """A connection to the engine that the setting `tzc.sensors.lake_engine` names. Raises EngineError."""
    name = engine or str(tk.config.get("tzc.sensors.lake_engine") or DUCKDB)
    kind = name.partition(":")[0]
    if kind not in DIALECTS:
        raise EngineError(f"“{name}” is no engine: say duckdb, pyspark, or the address of a Trino (trino://…) or ClickHouse (clickhouse://…).")
    try:
        if name == DUCKDB:
            connection = ibis.duckdb.connect(threads=2)
            connection.raw_sql("SET TimeZone = 'UTC'")
            return connection
        return ibis.pyspark.connect() if name == PYSPARK else ibis.connect(name)
    except (ImportError, ModuleNotFoundError) as error:
        raise EngineError(f"The engine “{kind}” needs a package that is not installed ({error}): pip install 'ibis-framework[{kind}]'.") from error


class _Spark(Config):  # type: ignore[misc] -- ibis has no types here
    """What ibis asks before it writes for Spark, and only a connection to Spark tells otherwise."""

    treat_nan_as_null: bool = False


def written(expression: Any, dialect: str) -> str:
    """A question as SQL of one of `DIALECTS`. Nothing is connected to."""
    if dialect == PYSPARK and options.pyspark is None:
        options.pyspark = _Spark()
    return str(ibis.to_sql(expression, dialect=dialect))


def observations(connection: Any, streams: Sequence[int], first: dt.datetime, next: dt.datetime) -> Any:
    """All observations of streams from a moment up to another, as the logical table, wherever they lie."""
    back = reading.back(streams, first, next)
    table = _stored(streams, first, next)
    asked = {"streams": list(streams), "first": first, "next": next}
    pairs = catalogue.pairs(writing.cursor(), "m.stream = ANY(%(streams)s) AND m.last >= %(first)s AND m.first < %(next)s", asked)
    found = [pair for pair in pairs if (pair.stream, pair.file) not in back]
    stored = ibis.memtable(files.table(table), schema=queries.SCHEMA)
    if not found:
        return stored
    with _as_before():
        lake = _lake(connection, sorted({pair.path for pair in found})).cast(queries.SCHEMA)
    lake = queries.between(lake.filter(lake.stream.isin(sorted({pair.stream for pair in found}))), first, next)
    if stale := [pair for pair in pairs if (pair.stream, pair.file) in back]:
        # of these the tables have all, in files that are read for others
        gone = ibis.memtable(pa.table({
            "of": pa.array([pair.stream for pair in stale], pa.int32()), "first": pa.array([pair.first for pair in stale], pa.timestamp("us", "UTC")),
            "last": pa.array([pair.last for pair in stale], pa.timestamp("us", "UTC")),
        }))  # fmt: skip
        lake = lake.anti_join(gone, [lake.stream == gone["of"], lake.time >= gone["first"], lake.time <= gone["last"]])
    if not len(table):
        return lake
    if int(table.times.min()) <= max(pair.last for pair in found):
        # what is in both is the table's
        lake = lake.anti_join(stored, ["stream", "time"])
    return lake.union(stored)


def _stored(streams: Sequence[int], first: dt.datetime, next: dt.datetime) -> Readings:
    at = writing.cursor()
    query = f"SELECT stream, time, seconds, result, flags FROM {PREFIX} WHERE stream = ANY(%s) AND time >= %s AND time < %s ORDER BY stream, time"
    return Readings(*columns.read(at, at.mogrify(query, (list(streams), first, next)).decode(), KINDS))


def _lake(connection: Any, paths: Sequence[str]) -> Any:
    """Files as a table of an engine. An engine of others' reads its own table `observations`, which its operator has made over the lake's folder."""
    place = places.here()
    if connection.name == DUCKDB:
        if place.local:
            return connection.read_parquet([place.full(path) for path in paths])
        connection.con.register("lake", pds.dataset([place.full(path) for path in paths], filesystem=place.system.fs, format="parquet"))
        return connection.table("lake")
    if connection.name == PYSPARK:
        scheme = "file://" if place.local else "s3a://"
        # ibis reads one path
        connection._session.read.parquet(*(f"{scheme}{place.full(path)}" for path in paths)).createOrReplaceTempView("lake")
        return connection.table("lake")
    return connection.table(queries.NAME)


def arrow(expression: Any, connection: Any) -> pa.Table:
    """The answer."""
    with _as_before():
        return connection.to_pyarrow(expression)


@contextmanager
def _as_before() -> Iterator[None]:
    """ibis calls DuckDB by a name of before."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "fetch_arrow_table", DeprecationWarning)
        yield


__all__ = ["DIALECTS", "EngineError", "arrow", "connect", "observations"]
