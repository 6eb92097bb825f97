"""The questions of the lake on Spark in local-cluster mode, over Parquet files as the portal writes them, compared with DuckDB's answers. See README.md."""
from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, BinaryIO

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "ckanext-tzc"))

import ibis  # noqa: E402 -- the path above comes first
import numpy as np  # noqa: E402 -- as above
from ckanext.tzc.sensors.lake import files, queries  # noqa: E402 -- as above
from tzc.sensors import quality  # noqa: E402 -- as above
from tzc.sensors.partitions import Month  # noqa: E402 -- as above
from tzc.sensors.readings import Readings, readings  # noqa: E402 -- as above

SECONDS = 600
NEAR = 1e-9


class Folder:
    """A lake in a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, path: str) -> BinaryIO:
        return (self.root / path).open("wb")

    def read(self, path: str) -> BinaryIO:
        return (self.root / path).open("rb")

    def keep(self, path: str) -> None:
        """It is gone when this ends."""


def made(folder: Path, streams: int, months: int) -> list[str]:
    """Files of so many months."""
    place, month, paths = Folder(folder), Month(2023, 1), []
    for number in range(months):
        paths.append(f"{month.year:04d}-{month.month:02d}.parquet")
        files.write(place, paths[-1], (part(month, stream, number) for stream in range(1, streams + 1)), {})  # type: ignore[arg-type] -- a place of these tests
        month = month.next
    return [str(folder / path) for path in paths]


def part(month: Month, stream: int, seed: int) -> Readings:
    """A month of one stream: a day's wave with noise, gaps, and values that are out of range."""
    chance = np.random.default_rng(seed * 100_003 + stream)
    times = np.arange(month.begins, month.ends, SECONDS * 1_000_000)
    times = times[chance.random(len(times)) > 0.03]
    values = np.round(12 + 6 * np.sin(times / 86_400e6 * 2 * np.pi) + chance.normal(0, 1, len(times)), 2)
    odd = chance.random(len(times)) < 0.001
    return readings(np.full(len(times), stream), times, np.where(odd, 99.0, values), flags=np.where(odd, quality.RANGE, 0))


def questions(table: Any, first: dt.datetime, next: dt.datetime) -> dict[str, Any]:
    """All of them."""
    half = first + (next - first) / 2
    return {
        "series": queries.series(queries.between(table, first, first + dt.timedelta(days=30)), 3600), "statistics": queries.statistics(table),
        "completeness": queries.completeness(table, first, next, SECONDS), "compare": queries.compare(table, (first, half), (half, next)), "profile": queries.profile(table),
        "above": queries.above(table, 15.0),
    }  # fmt: skip


def same(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> bool:
    """Whether two answers say the same, row by row."""
    return len(one) == len(other) > 0 and all(a.keys() == b.keys() and all(near(a[name], b[name]) for name in a) for a, b in zip(one, other, strict=True))


def near(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= NEAR * max(abs(one), abs(other), 1)
    if isinstance(one, dt.datetime) and isinstance(other, dt.datetime):
        return utc(one) == utc(other)
    return bool(one == other)


def utc(moment: dt.datetime) -> dt.datetime:
    """Engines give moments with or without their zone."""
    return moment.replace(tzinfo=dt.timezone.utc) if moment.tzinfo is None else moment.astimezone(dt.timezone.utc)


def spark(folder: Path) -> Any:
    """A cluster of two workers, each a process of its own, on the loopback."""
    from pyspark.sql import SparkSession

    os.environ.update(SPARK_LOCAL_IP="127.0.0.1", PYSPARK_PYTHON=sys.executable, TZ="UTC")
    builder = SparkSession.builder.master("local-cluster[2,1,1024]").appName("lake")
    settings = {
        "spark.sql.session.timeZone": "UTC", "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1",
        "spark.local.dir": str(folder / "spark"), "spark.sql.shuffle.partitions": "4", "spark.worker.dir": str(folder / "work"), "spark.executor.memory": "1g",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
    }  # fmt: skip
    for name, value in settings.items():
        builder = builder.config(name, value)
    return ibis.pyspark.connect(builder.getOrCreate())


def main() -> int:
    """Ask both, and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=50)
    parser.add_argument("--months", type=int, default=12)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        paths = made(folder, asked.streams, asked.months)
        first = Month(2023, 1).first
        month = Month(2023, 1)
        for _month in range(asked.months):
            month = month.next
        duck = ibis.duckdb.connect()
        duck.raw_sql("SET TimeZone = 'UTC'")
        engines = {"duckdb": (duck, duck.read_parquet(paths).cast(queries.SCHEMA))}
        cluster = spark(folder)
        # ibis reads one path
        cluster._session.read.parquet(*paths).createOrReplaceTempView("lake")
        engines["pyspark"] = (cluster, cluster.table("lake").cast(queries.SCHEMA))
        wrong = 0
        for name in questions(queries.logical(), first, month.first):
            answers, seconds = {}, {}
            for engine, (connection, table) in engines.items():
                began = time.perf_counter()
                answers[engine] = connection.to_pyarrow(questions(table, first, month.first)[name]).to_pylist()
                seconds[engine] = round(time.perf_counter() - began, 3)
            alike = same(answers["duckdb"], answers["pyspark"])
            wrong += not alike
            print(json.dumps({"question": name, "rows": len(answers["duckdb"]), "seconds": seconds, "same": alike}), flush=True)
            if not alike:
                print(next(((a, b) for a, b in zip(answers["duckdb"], answers["pyspark"], strict=False) if not same([a], [b])), "different numbers of rows"), file=sys.stderr)
        cluster.disconnect()
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
