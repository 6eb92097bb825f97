"""How long observations are kept: rules for datasets and streams, and what follows from them.

Raw values older than a rule's days go, out of the tables and the lake; hours, days and months that came of them stay for as long as the rule says, for ever where it says
nothing. Since when a stream's raw values are gone is remembered: what comes later for a time before that is rejected, and nothing that came of it is made anew.
"""
from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import ckan.model as model
import ckan.plugins.toolkit as tk
import numpy as np
import sqlalchemy as sa
from ckanext.tzc.common.territory import territory

from tzc.sensors.partitions import PREFIX, microseconds

from . import settling, store, writing
from .lake import catalogue, erasing, files, making, moving, places

ROLLUPS = ("hour", "day", "month")
MOST_DAYS = 36_500

_DUE = """
    SELECT s.id, s.dataset, coalesce(own.raw_days, whole.raw_days, %(raw)s), coalesce(own.rollup_days, whole.rollup_days, %(rollup)s)
    FROM tzc_sensors_stream AS s LEFT JOIN tzc_sensors_rule AS own ON own.stream = s.id LEFT JOIN tzc_sensors_rule AS whole ON whole.dataset = s.dataset AND whole.stream IS NULL
    ORDER BY s.id
"""
_FORGET = """
    INSERT INTO tzc_sensors_forgotten AS f (stream, before) SELECT unnest(%s::integer[]), %s
    ON CONFLICT (stream) DO UPDATE SET before = greatest(f.before, EXCLUDED.before)
"""


class Rule(tk.BaseModel):
    """For how many days the raw values of a dataset, or of one of its streams, are kept, and what comes of them; 0: for ever."""

    __tablename__ = "tzc_sensors_rule"

    id = sa.Column(sa.BigInteger, primary_key=True, autoincrement=True)
    dataset = sa.Column(sa.UnicodeText, nullable=False)
    stream = sa.Column(sa.Integer)
    raw_days = sa.Column(sa.Integer, nullable=False)
    rollup_days = sa.Column(sa.Integer, nullable=False)
    by = sa.Column(sa.UnicodeText, nullable=False)
    made = sa.Column(sa.DateTime(timezone=True), nullable=False)


def rules(dataset: str) -> list[Rule]:
    """The rules of a dataset (its id), its own first."""
    found: list[Rule] = model.Session.query(Rule).filter_by(dataset=dataset).order_by(Rule.stream.nullsfirst()).all()
    return found


def set_rule(dataset: str, stream: int | None, raw_days: int, rollup_days: int, by: str) -> Rule:
    """Make or change a rule. Does not commit. Raises ValueError where what comes of raw values would go before them: it would be made of them again."""
    if rollup_days and (not raw_days or rollup_days < raw_days):
        raise ValueError("rollups are kept at least as long as what they are made of")
    rule = model.Session.query(Rule).filter_by(dataset=dataset, stream=stream).one_or_none() or Rule(dataset=dataset, stream=stream)
    rule.raw_days, rule.rollup_days, rule.by, rule.made = raw_days, rollup_days, by, store.now()
    model.Session.add(rule)
    model.Session.flush()
    return rule


def remove_rule(dataset: str, stream: int | None) -> bool:
    """Remove a rule; whether there was one. Does not commit."""
    rule = model.Session.query(Rule).filter_by(dataset=dataset, stream=stream).one_or_none()
    if rule is not None:
        model.Session.delete(rule)
        model.Session.flush()
    return rule is not None


@dataclasses.dataclass(frozen=True)
class Due:
    """What the rules remove of a dataset: raw values of streams before a moment, in the tables and in the lake; hours, days and months."""

    dataset: str
    streams: tuple[int, ...]
    raw_before: dt.datetime | None
    rollup_before: dt.datetime | None
    rows: int = 0
    lake_rows: int = 0
    rollups: int = 0


@dataclasses.dataclass(frozen=True)
class Retained:
    """What was removed, or would be: by dataset; and streams that are gone, of which rows are left."""

    due: tuple[Due, ...]
    strays: tuple[int, ...]


def retain(dry: bool = False) -> Retained:
    """Remove what the rules no longer keep. Commits, in steps that may each be the last: the next run goes on. A dry run changes nothing."""
    if not dry:
        settling.settle_all()
    at = writing.cursor()
    strays = tuple(erasing.strays(at))
    planned = tuple(due for due in (_counted(at, due) for due in _due(at)) if due.rows or due.lake_rows or due.rollups)
    model.Session.rollback()
    if not dry:
        if strays:
            erasing.erase(strays)
        for due in planned:
            _remove(due)
    return Retained(planned, strays)


def _due(at: Any) -> list[Due]:
    at.execute(_DUE, {"raw": tk.config["tzc.sensors.raw_days"], "rollup": tk.config["tzc.sensors.rollup_days"]})
    groups: dict[tuple[str, int, int], list[int]] = {}
    for stream, dataset, raw, rollup in at.fetchall():
        if raw or rollup:
            # what comes of values that are kept is kept, whatever a setting says: it would be made of them again
            groups.setdefault((dataset, raw, rollup if 0 < raw <= rollup else 0), []).append(stream)
    return [Due(dataset, tuple(streams), _raw_before(raw), _rollup_before(rollup)) for (dataset, raw, rollup), streams in sorted(groups.items())]


def _raw_before(days: int) -> dt.datetime | None:
    """Whole days (UTC): an hour keeps all that it was made of, or nothing."""
    return (store.now() - dt.timedelta(days=days)).replace(hour=0, minute=0, second=0, microsecond=0) if days else None


def _rollup_before(days: int) -> dt.datetime | None:
    """Whole months by the territory's clock: a month keeps all of its days, or goes with them."""
    if not days:
        return None
    local = (store.now() - dt.timedelta(days=days)).astimezone(ZoneInfo(territory().timezone))
    return local.replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0).astimezone(dt.timezone.utc)


def _counted(at: Any, due: Due) -> Due:
    streams, rows, lake_rows, rollups = list(due.streams), 0, 0, 0
    if due.raw_before:
        at.execute(f"SELECT count(*) FROM {PREFIX} WHERE stream = ANY(%s) AND time < %s", (streams, due.raw_before))
        rows = at.fetchone()[0]
        lake_rows = sum(_rows_before(pair, microseconds(due.raw_before)) for pair in _pairs(at, due))
    if due.rollup_before:
        for level in ROLLUPS:
            at.execute(f"SELECT count(*) FROM tzc_sensors_{level} WHERE stream = ANY(%s) AND time < %s", (streams, due.rollup_before))
            rollups += at.fetchone()[0]
    return dataclasses.replace(due, rows=rows, lake_rows=lake_rows, rollups=rollups)


def _pairs(at: Any, due: Due) -> Sequence[catalogue.Pair]:
    return catalogue.pairs(at, "m.stream = ANY(%(streams)s::integer[]) AND m.first < %(before)s", {"streams": list(due.streams), "before": due.raw_before})


def _rows_before(pair: catalogue.Pair, before: int) -> int:
    if pair.last < before:
        return pair.rows
    return len(files.read(places.here(), pair.path, np.array([pair.stream], dtype=np.int32), None, before - 1))


def _remove(due: Due) -> None:
    streams = list(due.streams)
    with moving.alone(wait=True) as connection:
        with connection.begin():
            at = connection.connection.cursor()
            if due.raw_before:
                # who writes holds its streams, so all that it wrote is seen
                at.execute("SELECT id FROM tzc_sensors_stream WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", (streams,))
                at.execute(_FORGET, (streams, due.raw_before))
                at.execute(f"DELETE FROM {PREFIX} WHERE stream = ANY(%s) AND time < %s", (streams, due.raw_before))
            for level in ROLLUPS if due.rollup_before else ():
                at.execute(f"DELETE FROM tzc_sensors_{level} WHERE stream = ANY(%s) AND time < %s", (streams, due.rollup_before))
        making.put_right(connection, due.dataset)


def forgotten(streams: Sequence[int]) -> dict[int, int]:
    """Of streams whose raw values before a moment are gone: that moment, in microseconds."""
    at = writing.cursor()
    at.execute("SELECT stream, (extract(epoch FROM before) * 1000000)::bigint FROM tzc_sensors_forgotten WHERE stream = ANY(%s)", (list(streams),))
    return dict(at.fetchall())
