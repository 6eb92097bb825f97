"""What a run deleted is taken back: which of it is still deleted, of one run and of all, and the way back."""
from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple

import ckan.model as model
import sqlalchemy as sa
from ckanext.harvest.model import HarvestObject

from .. import merges
from . import store, unindexed, writing

AT_ONCE = 100
"""Datasets that are taken back in one transaction."""

MOST = 20
"""Runs that are told of."""


class Left(NamedTuple):
    """A run of which something can be taken back: its id, when it began, how many datasets."""

    run: str
    begun: dt.datetime
    datasets: int


def _deleted() -> Any:
    """Rows of runs whose dataset was deleted, and still is; not of what a merge withdrew: its way back is to undo that."""
    entry = store.Entry
    gone = (entry.change == store.GONE, entry.outcome.is_not(None), model.Package.state == "deleted", ~merges.is_withdrawn(model.Package.id))
    return sa.select(entry.run_id, entry.identifier, entry.package_id).join(model.Package, model.Package.id == entry.package_id).where(*gone)


def count(run_id: str) -> int:
    """How many datasets can be taken back of what a run deleted."""
    rows = _deleted().where(store.Entry.run_id == run_id).subquery()
    return int(model.Session.execute(sa.select(sa.func.count()).select_from(rows)).scalar() or 0)


def left(source_id: str) -> list[Left]:
    """Runs of a source of which something can be taken back, the newest first."""
    rows, run = _deleted().subquery(), store.Run
    query = sa.select(run.id, run.begun, sa.func.count()).join(rows, rows.c.run_id == run.id).where(run.source_id == source_id)
    return [Left(*row) for row in model.Session.execute(query.group_by(run.id, run.begun).order_by(run.begun.desc()).limit(MOST))]


class Back(NamedTuple):
    """How many datasets were taken back, and whether search does not show all of them yet."""

    count: int
    unindexed: bool


def restore(run: store.Run) -> Back:
    """Take back what a run deleted, and keep it though the source does not list it."""
    source_id, rows = run.source_id, model.Session.execute(_deleted().where(store.Entry.run_id == run.id)).all()
    answers = True
    for first in range(0, len(rows), AT_ONCE):
        some = rows[first : first + AT_ONCE]
        _restore(source_id, some)
        # an index that was away for some of them is not waited for again; see `unindexed`
        answers = answers and unindexed.bring([row.package_id for row in some])
    return Back(len(rows), not answers)


def _restore(source_id: str, rows: Sequence[Any]) -> None:
    """Some of them, in one transaction."""
    writer, known = writing.Writer(model.Package.get(source_id).owner_org), store.items(source_id, [row.identifier for row in rows])
    for row in rows:
        state = store.comes_back_as(known.get(row.identifier))
        writer.update(model.Package.get(row.package_id), {**writing.shown(row.package_id, for_update=True), "state": state})
        last = model.Session.query(HarvestObject).filter_by(harvest_source_id=source_id, guid=row.identifier, package_id=row.package_id)
        shown = last.filter(HarvestObject.report_status != "deleted").order_by(HarvestObject.import_finished.desc().nulls_last()).first()
        if shown is not None:
            shown.current = True
        store.keep(source_id, [{"identifier": row.identifier, "package_id": row.package_id, "missing": store.now(), "kept": True}])
    unindexed.ask([row.package_id for row in rows])
    model.Session.commit()
