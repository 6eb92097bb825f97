"""What operators watch of harvests: how runs of our kinds of sources go, and which sources are in trouble. Sources that were deleted are left out."""
from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import ckan.model as model
import sqlalchemy as sa
from ckanext.harvest.model import HarvestJob, HarvestSource
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from .engine import standing, store
from .sources import OF_OUR_KINDS

OURS = (HarvestSource.active.is_(True), OF_OUR_KINDS)


def measure() -> Iterable[Metric]:
    """The numbers, as they are now."""
    sources = _sources()
    yield _runs()
    yield from _last(sources)
    yield _waiting()
    yield from _standing(sources)


def _sources() -> dict[str, list[str]]:
    """Name and kind of each source, by id."""
    query = sa.select(HarvestSource.id, model.Package.name, HarvestSource.type).join(model.Package, model.Package.id == HarvestSource.id).where(*OURS)
    return {source_id: [name, kind] for source_id, name, kind in model.Session.execute(query.order_by(model.Package.name))}


def _runs() -> Metric:
    runs = GaugeMetricFamily("tzc_harvest_runs", "Runs of harvests that are known, by their state and the kind of their source.", labels=["state", "kind"])
    query = sa.select(store.Run.state, HarvestSource.type, sa.func.count()).join(HarvestSource, HarvestSource.id == store.Run.source_id).where(*OURS)
    for state, kind, count in model.Session.execute(query.group_by(store.Run.state, HarvestSource.type).order_by(store.Run.state, HarvestSource.type)):
        runs.add_metric([state, kind], count)
    return runs


def _last(sources: dict[str, list[str]]) -> Iterable[Metric]:
    """Of the last run of each source that ended: how long its steps took, without waiting for a turn or for somebody, and what became of the records."""
    seconds = GaugeMetricFamily("tzc_harvest_last_run_seconds", "How long the steps of a source's last run that ended took.", labels=["source", "kind", "step"])
    records = GaugeMetricFamily("tzc_harvest_last_run_records", "What became of the records in a source's last run that ended.", labels=["source", "kind", "outcome"])
    run = store.Run
    query = sa.select(run.source_id, HarvestJob.gather_started, run.planned, run.approved, run.ended, run.done).join(HarvestJob, HarvestJob.id == run.id, isouter=True)
    for row in model.Session.execute(query.where(run.ended.is_not(None)).distinct(run.source_id).order_by(run.source_id, run.begun.desc())):
        if row.source_id not in sources:
            continue
        labels = sources[row.source_id]
        for step, begun, ended in _steps(row):
            seconds.add_metric([*labels, step], (ended - begun).total_seconds())
        for outcome, count in sorted((row.done or {}).items()):
            records.add_metric([*labels, outcome], count)
    return seconds, records


def _steps(row: Any) -> list[tuple[str, dt.datetime, dt.datetime]]:
    """The steps of a run, from when to when."""
    begun = row.gather_started.replace(tzinfo=dt.timezone.utc) if row.gather_started else None
    steps = [("plan", begun, row.planned), ("apply", max(row.planned, row.approved or row.planned) if row.planned else None, row.ended)]
    return [(step, since, until) for step, since, until in steps if since and until]


def _waiting() -> Metric:
    oldest = GaugeMetricFamily("tzc_harvest_oldest_waiting_seconds", "For how long the oldest run that waits for its turn has waited; 0 where none does.")
    since = model.Session.query(sa.func.min(store.Run.begun)).filter(store.Run.state == store.WAITING).scalar()
    oldest.add_metric([], (store.now() - since).total_seconds() if since else 0)
    return oldest


def _standing(sources: dict[str, list[str]]) -> Iterable[Metric]:
    trouble = GaugeMetricFamily("tzc_harvest_source_trouble", "Whether a source stands so: 1 for the trouble it is in.", labels=["source", "kind", "trouble"])
    good = GaugeMetricFamily("tzc_harvest_seconds_since_good_run", "Since a run of a source last ended without trouble; +Inf where none ever did.", labels=["source", "kind"])
    columns = (store.Known.source_id, store.Known.trouble, store.Known.well)
    known = {row.source_id: row for row in model.Session.execute(sa.select(*columns))}
    now = store.now()
    for source_id, labels in sources.items():
        mine = known.get(source_id)
        for name in standing.TROUBLES:
            trouble.add_metric([*labels, name], int(bool(mine and mine.trouble == name)))
        good.add_metric(labels, (now - mine.well).total_seconds() if mine and mine.well else float("inf"))
    return trouble, good
