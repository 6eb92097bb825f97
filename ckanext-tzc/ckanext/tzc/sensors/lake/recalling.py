"""Rows of the lake come back into their month's table when something may touch them.

That is when rows come late, which may be there already, and when marks of quality are made anew that depend on neighbours.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from tzc.sensors.partitions import PREFIX, Month
from tzc.sensors.readings import Readings, Span

from .. import columns, months
from . import catalogue, files, places
from .catalogue import Pair

ASIDE = "tzc_sensors_recalled"
_ASIDE = (
    f"CREATE TEMPORARY TABLE IF NOT EXISTS {ASIDE} (time timestamptz NOT NULL, result double precision NOT NULL, stream integer NOT NULL, seconds integer NOT NULL, "
    "flags smallint NOT NULL) ON COMMIT DELETE ROWS"
)
_PUT = f"INSERT INTO {PREFIX} (time, result, stream, seconds, flags) SELECT time, result, stream, seconds, flags FROM {ASIDE} ON CONFLICT (stream, time) DO NOTHING"
_AMONG = "NOT m.back AND (m.stream, m.month) IN (SELECT * FROM unnest(%(streams)s::integer[], %(months)s::date[]))"
_BACK = """
    UPDATE tzc_sensors_moved AS m SET back = true FROM unnest(%(streams)s::integer[], %(months)s::date[]) AS p (stream, month)
    WHERE m.stream = p.stream AND m.month = p.month
"""
_AROUND = f"""
    SELECT DISTINCT m.stream, m.month
    FROM unnest(%(streams)s::integer[], %(firsts)s::timestamptz[], %(nexts)s::timestamptz[], %(frozen)s::float8[]) AS span (stream, first, next, frozen)
    CROSS JOIN LATERAL (
        SELECT b.stream, b.month FROM (
            SELECT stream, month, last FROM tzc_sensors_moved WHERE stream = span.stream AND NOT back AND first < span.next ORDER BY month DESC LIMIT 1
        ) AS b
        WHERE b.last >= span.first OR NOT EXISTS (
            SELECT FROM {PREFIX} AS o WHERE o.stream = span.stream AND o.time > b.last + make_interval(secs => span.frozen) AND o.time < span.first)
        UNION ALL
        SELECT a.stream, a.month FROM (
            SELECT stream, month, first FROM tzc_sensors_moved WHERE stream = span.stream AND NOT back AND last >= span.first ORDER BY month LIMIT 1
        ) AS a
        WHERE a.first < span.next OR NOT EXISTS (
            SELECT FROM {PREFIX} AS o WHERE o.stream = span.stream AND o.time >= span.next AND o.time < a.first - make_interval(secs => span.frozen))
    ) AS m
"""
"""Months of streams that are in the lake, which a span overlaps, or which hold the row before or after it or those within which a value may stay the same."""


def recall(at: Any, wanted: Iterable[tuple[int, Month]]) -> int:
    """Bring months of streams back where they are in the lake; how many there were. The caller holds the streams. Does not commit."""
    asked = sorted(set(wanted))
    if not asked:
        return 0
    values = {"streams": [stream for stream, _month in asked], "months": [catalogue.day(month) for _stream, month in asked]}
    found = catalogue.pairs(at, _AMONG, values)
    if not found:
        return 0
    there = sorted({pair.month for pair in found})
    months.ensure(there)
    months.hold(at, there)
    # a run may have moved them anew before they were held
    found = catalogue.pairs(at, _AMONG, values)
    place = places.here()
    for path, mine in _by_file(found).items():
        _put(at, files.read(place, path, np.array([pair.stream for pair in mine], dtype=np.int32)))
    at.execute(_BACK, values)
    return len(found)


def recall_around(at: Any, spans: Sequence[Span], frozen: Mapping[int, float]) -> int:
    """Bring back what the marks of spans depend on; `last` of a span is the first moment that is no longer in it, `frozen` for how many seconds each stream may stay the same."""
    from ..writing import moments

    streams = [span.stream for span in spans]
    at.execute("SELECT DISTINCT stream FROM tzc_sensors_moved WHERE stream = ANY(%s) AND NOT back", (sorted(set(streams)),))
    moved = {row[0] for row in at.fetchall()}
    spans = [span for span in spans if span.stream in moved]
    if not spans:
        return 0
    asked = {
        "streams": [span.stream for span in spans], "firsts": moments([span.first for span in spans]), "nexts": moments([span.last for span in spans]),
        "frozen": [frozen[span.stream] for span in spans],
    }  # fmt: skip
    count = 0
    while True:
        at.execute(_AROUND, asked)
        wanted = [(row[0], Month(row[1].year, row[1].month)) for row in at.fetchall()]
        if not wanted:
            return count
        count += recall(at, wanted)


def _by_file(found: Sequence[Pair]) -> dict[str, list[Pair]]:
    by_file: dict[str, list[Pair]] = {}
    for pair in found:
        by_file.setdefault(pair.path, []).append(pair)
    return by_file


def _put(at: Any, rows: Readings) -> None:
    at.execute(_ASIDE)
    columns.write(at, ASIDE, {
        "time": ("timestamptz", rows.times), "result": ("float8", rows.results), "stream": ("int4", rows.streams), "seconds": ("int4", rows.seconds), "flags": ("int2", rows.flags),
    })  # fmt: skip
    at.execute(_PUT)
    at.execute(f"TRUNCATE {ASIDE}")
