"""Where runs stand, for programs and pages."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import sqlalchemy as sa
from ckanext.harvest.model import HarvestGatherError

from . import store

MOST = 1000
"""Entries that are told at once."""

KINDS = ("new", "changed", "unchanged", "back", "missing", "gone", "refused")

Values = dict[str, Any]


def status(run: store.Run) -> Values:
    """One run: `planned` counts what it found, `done` what became of that; `absent` are those that were missing before and are still kept."""
    found = {kind: run.counts.get(kind, 0) for kind in KINDS}
    entry = store.Entry
    query = sa.select(entry.change, entry.outcome, sa.func.count()).where(entry.run_id == run.id, entry.outcome.is_not(None)).group_by(entry.change, entry.outcome)
    done: dict[str, int] = {}
    for change, outcome, count in model.Session.execute(query):
        name = "refused" if outcome == store.REFUSED else "failed" if outcome == store.FAULT else change
        done[name] = done.get(name, 0) + count
    told = sa.select(HarvestGatherError.message).where(HarvestGatherError.harvest_job_id == run.id).order_by(HarvestGatherError.created).limit(MOST)
    problems = model.Session.execute(told).scalars()
    moments = {name: value.isoformat() if value else None for name, value in (("begun", run.begun), ("planned", run.planned), ("approved", run.approved), ("ended", run.ended))}
    return {
        "run": run.id, "source": run.source_id, "state": run.state, "asks": run.asks, "dry": run.dry, "whole": run.whole, **moments, "listed": run.counts.get("listed", 0),
        "absent": run.counts.get("absent", 0), "found": found, "done": done, "problems": list(problems),
    }  # fmt: skip


def summary(run: store.Run) -> Values:
    """A run in a line: `{"state", "new", "changed", "unchanged", "missing", "deleted", "refused", "failed", "reasons", "problems"}`.

    Counts are of what was done, and of what would be done while the plan waits.
    """
    told = status(run)
    counts = told["found"] if run.state in {store.PLANNED, store.PLANNING, store.WAITING} else {"unchanged": told["found"]["unchanged"], **told["done"]}
    reasons = [{"identifier": row["identifier"], "words": row["words"]} for row in entries(run, {"refused": True}, MOST, 0)[0]]
    names = {"new": "new", "changed": "changed", "unchanged": "unchanged", "missing": "missing", "deleted": "gone", "refused": "refused", "failed": "failed"}
    said = {name: counts.get(kind, 0) for name, kind in names.items()}
    return {"run": run.id, "state": run.state, "asks": run.asks, **said, "reasons": reasons, "problems": told["problems"]}


def entries(run: store.Run, wanted: Values, limit: int, offset: int) -> tuple[list[Values], int]:
    """Entries of a run, in their order, and how many there are in all. `wanted`: `change`, `outcome`, `refused` (those that could not be taken, for whichever reason)."""
    entry = store.Entry
    conditions = [entry.run_id == run.id]
    if wanted.get("change"):
        conditions.append(entry.change == wanted["change"])
    if wanted.get("outcome"):
        conditions.append(entry.outcome == wanted["outcome"])
    if wanted.get("refused"):
        conditions.append(sa.or_(entry.change == store.REFUSED, entry.outcome.in_((store.REFUSED, store.FAULT))))
    columns = (entry.identifier, entry.change, entry.title, entry.words, entry.differences, entry.notes, entry.package_id, entry.outcome)
    found = model.Session.execute(sa.select(*columns).where(*conditions).order_by(entry.number).limit(limit).offset(offset)).all()
    count = model.Session.execute(sa.select(sa.func.count()).select_from(entry).where(*conditions)).scalar() or 0
    return [{**row._mapping, "outcome": store.DID if row.outcome == store.WRITTEN else row.outcome} for row in found], int(count)
