"""What operators watch of sensors: what waits, what comes, what is late, how large the lake is. Sources are told by their datasets' names and their own; nothing of a person."""
from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import ckan.model as model
import sqlalchemy as sa
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from tzc.sensors import liveness

from . import store

MINUTES = 5
"""Over which what comes is counted."""

_STREAMS = sa.text("""
    SELECT p.name AS dataset, o.id AS id, o.name AS source, o.paused, o.trouble, count(s.id) AS streams,
        count(*) FILTER (WHERE s.interval > 0 AND NOT s.forecast AND t.last < now() - make_interval(secs => s.interval * :late)
            AND t.last >= now() - make_interval(secs => s.interval * :silent)) AS late,
        count(*) FILTER (WHERE s.interval > 0 AND NOT s.forecast AND t.last < now() - make_interval(secs => s.interval * :silent)) AS silent,
        count(*) FILTER (WHERE s.id IS NOT NULL AND t.stream IS NULL) AS empty
    FROM tzc_sensors_source AS o JOIN package AS p ON p.id = o.dataset LEFT JOIN tzc_sensors_stream AS s ON s.source = o.id AND s.visibility = 'public'
    LEFT JOIN tzc_sensors_state AS t ON t.stream = s.id
    WHERE o.kind <> 'meter'
    GROUP BY p.name, o.id, o.name, o.paused, o.trouble ORDER BY p.name, o.id
""")
_CAME = sa.text("""
    SELECT coalesce(sum(observations), 0) AS observations, coalesce(sum(rejected), 0) AS rejected, count(*) AS bodies, count(*) FILTER (WHERE state = 'refused') AS refused
    FROM tzc_sensors_arrival WHERE received >= :since
""")


_LAKE = sa.text("SELECT count(*) AS files, coalesce(sum(rows), 0)::bigint AS rows, coalesce(sum(bytes), 0)::bigint AS bytes FROM tzc_sensors_file WHERE state = 'kept'")
_WAITING = sa.text("SELECT count(*) AS bodies, coalesce(sum(bytes), 0)::bigint AS bytes, min(received) AS since FROM tzc_sensors_arrival WHERE state = 'waiting'")


def numbers() -> dict[str, Any]:
    """All of it, as numbers."""
    waiting = model.Session.execute(_WAITING).one()
    came = model.Session.execute(_CAME, {"since": store.now() - dt.timedelta(minutes=MINUTES)}).one()
    notes = model.Session.execute(sa.text("SELECT count(*) FROM tzc_sensors_unsettled")).scalar_one()
    stored = model.Session.execute(sa.text("SELECT coalesce(sum(observations), 0)::bigint FROM tzc_sensors_state")).scalar_one()
    lake = model.Session.execute(_LAKE).one()
    sources = model.Session.execute(_STREAMS, {"late": liveness.LATE_AFTER, "silent": liveness.SILENT_AFTER})
    seconds = MINUTES * 60
    return {
        "waiting": waiting.bodies, "waiting_bytes": waiting.bytes, "unsettled": notes,
        "oldest_waiting_seconds": round((store.now() - waiting.since).total_seconds(), 3) if waiting.since else 0,
        "observations": stored, "received_per_second": float(came.observations) / seconds, "rejected_per_second": float(came.rejected) / seconds,
        "refused_bodies": came.refused, "lake": dict(lake._mapping), "sources": [dict(row._mapping) for row in sources],
    }  # fmt: skip


GAUGES = {
    "waiting": "Bodies of sensors' data that wait to be decoded.",
    "waiting_bytes": "Bytes of them.",
    "oldest_waiting_seconds": "For how long the oldest of them has waited; 0 where none does.",
    "unsettled": "Notes of what changed and is not settled yet: hours, days, months and marks of quality.",
    "observations": "Observations that were stored, each once.",
    "received_per_second": f"Observations that came in the last {MINUTES} minutes, by second.",
    "rejected_per_second": f"Rows that were rejected in the last {MINUTES} minutes, by second.",
    "refused_bodies": f"Bodies of which nothing could be taken in the last {MINUTES} minutes.",
}
LAKE = {"files": "Files of the lake.", "rows": "Observations in the lake's files.", "bytes": "Bytes of the lake's files."}


def measure() -> Iterable[Metric]:
    """The numbers, as they are now."""
    now = numbers()
    yield from (_gauge(f"tzc_sensors_{name}", words, now[name]) for name, words in GAUGES.items())
    yield from (_gauge(f"tzc_sensors_lake_{name}", words, now["lake"][name]) for name, words in LAKE.items())
    streams = GaugeMetricFamily("tzc_sensors_streams", "Public streams of a source, by how they stand: well, late, silent, or empty.", labels=["dataset", "source", "standing"])
    trouble = GaugeMetricFamily("tzc_sensors_source_trouble", "Whether a source is in trouble.", labels=["dataset", "source"])
    for row in now["sources"]:
        standing = {name: row[name] for name in ("late", "silent", "empty")}
        for name, count in {"well": row["streams"] - sum(standing.values()), **standing}.items():
            streams.add_metric([row["dataset"], row["id"], name], count)
        trouble.add_metric([row["dataset"], row["id"]], int(bool(row["trouble"])))
    yield from (streams, trouble)


def _gauge(name: str, words: str, value: float) -> Metric:
    gauge = GaugeMetricFamily(name, words)
    gauge.add_metric([], value)
    return gauge
