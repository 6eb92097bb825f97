"""The audit: what an entry adds to a transaction, alone and among others, and how fast the whole chain is verified; beside what is asked for.

See README.md for how to read the figures. There is no peer: CKAN records nothing of the kind.
"""
from __future__ import annotations

import os
import re
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import psycopg2
from tzc_stack import lifecycle
from tzc_stack.console import StackError, step
from tzc_stack.paths import Paths
from tzc_stack.settings import Settings

Figure = dict[str, Any]

ENTRIES, ROUNDS, WRITERS = 1_000_000, 600, 8
MOST_MILLISECONDS, LEAST_VERIFIED = 2.0, 50_000.0
"""What is asked for: added to a request, and entries a second."""

PAUSE = 0.05
"""Seconds between two transactions of a writer: the least that a request of CKAN takes. Eight of them are all that the web server answers at once."""

WORK = "UPDATE tzc_bench SET n = n + 1 WHERE id = %s"
"""Stands for what a request writes, so that its commit waits for the disk with and without the entry."""

ADD = """INSERT INTO tzc_audit_content (kind, content) VALUES ('data.queried', '{"about":{"dataset":"banc","partner":"banc"},"by":"banc","content":{"bytes":1234,"status":200}}')"""
FILL = """
INSERT INTO tzc_audit_content (kind, content)
SELECT 'data.queried', jsonb_build_object('about', jsonb_build_object('dataset', 'banc-' || mod(n, 1000), 'partner', 'banc-' || mod(n, 130)), 'by', 'banc-' || mod(n, 500),
                                          'content', jsonb_build_object('bytes', n, 'status', 200))::text FROM generate_series(%s, %s) AS n
"""


def figures(paths: Paths, settings: Settings, accounts: Sequence[lifecycle.Account]) -> Iterator[Figure]:
    """Measure; one figure after the other."""
    size = int(os.environ.get("TZC_BENCH_SIZE", ENTRIES))
    with closing(psycopg2.connect(settings.database_url)) as connection:
        with connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE tzc_bench (id int PRIMARY KEY, n int)")
            cursor.execute("INSERT INTO tzc_bench SELECT id, 0 FROM generate_series(1, 100) AS id")
        with step(f"{size} entries"):
            begun = time.perf_counter()
            for first in range(1, size + 1, 10_000):
                with connection, connection.cursor() as cursor:
                    cursor.execute(FILL, (first, min(first + 9_999, size)))
            filled = size / (time.perf_counter() - begun)
            connection.set_session(autocommit=True)
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")
        yield {"name": "entries added, 10,000 a transaction", "ours": round(filled), "unit": "entries/s", "size": {"entries": size}}
    with step("one entry more in a transaction"):
        without, with_it = _alone(settings)
        added = with_it - without
    yield _beside("an entry adds to a transaction", added, MOST_MILLISECONDS, added <= MOST_MILLISECONDS, "ms", without=round(without, 2), entries=size)
    with step(f"{WRITERS} writers at once"):
        (quiet, _rate), (busy, _rate) = (_together(settings, entry, PAUSE) for entry in (False, True))
        added = busy - quiet
        most = _together(settings, True, 0)[1]
    yield {"name": f"transactions with an entry, {WRITERS} writers without a pause", "ours": round(most), "unit": "transactions/s", "size": {"entries": size}}
    yield _beside(f"an entry adds, {WRITERS} writers at once", added, MOST_MILLISECONDS, added <= MOST_MILLISECONDS, "ms", without=round(quiet, 2), entries=size)
    with step("the whole chain verified"):
        printed = lifecycle.ckan(paths, ["tzc", "audit", "verify"])
        found = re.search(r"(\d+) links, \d+ with contents erased, in ([\d.]+) s: nothing was changed", printed)
        if not found or int(found[1]) < size:
            raise StackError("The chain is not whole after the benchmark.", f"look at what was printed: {printed[-500:]}")
        rate = int(found[1]) / max(float(found[2]), 0.1)
    yield _beside("the chain verified", rate, LEAST_VERIFIED, rate >= LEAST_VERIFIED, "entries/s", entries=int(found[1]))


def _beside(name: str, ours: float, asked: float, reached: bool, unit: str, **size: Any) -> Figure:
    return {"name": name, "ours": round(ours, 2), "asked": asked, "reached": reached, "unit": unit, "size": size}


def _transaction(connection: Any, entry: bool, row: int) -> float:
    """Milliseconds of one transaction."""
    begun = time.perf_counter()
    with connection, connection.cursor() as cursor:
        cursor.execute(WORK, (row,))
        if entry:
            cursor.execute(ADD)
    return (time.perf_counter() - begun) * 1000


def _alone(settings: Settings) -> tuple[float, float]:
    """Medians without and with an entry, in turns."""
    taken: dict[bool, list[float]] = {False: [], True: []}
    with closing(psycopg2.connect(settings.database_url)) as connection:
        for turn in range(ROUNDS):
            for entry in (bool(turn % 2), not turn % 2):
                taken[entry].append(_transaction(connection, entry, turn % 100 + 1))
    return statistics.median(taken[False]), statistics.median(taken[True])


def _together(settings: Settings, entry: bool, pause: float) -> tuple[float, float]:
    """The median of a transaction while others write, too, each resting for so many seconds in between; and how many all made in a second."""
    taken: list[float] = []
    begun = time.perf_counter()

    def write(number: int) -> None:
        with closing(psycopg2.connect(settings.database_url)) as connection:
            for turn in range(ROUNDS // WRITERS * 2):
                taken.append(_transaction(connection, entry, number * 10 + turn % 10 + 1))
                time.sleep(pause)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statistics.median(taken), len(taken) / (time.perf_counter() - begun)
