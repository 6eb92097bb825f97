"""Where runs of other programs' harvesters stand, and what their logs say."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import sqlalchemy as sa
from ckanext.harvest.model import HarvestObject, HarvestObjectError

from ..engine import store
from .line import Said

MOST = 5000
"""Lines that are kept of a run."""

RUNS = 10
"""Runs of a source whose logs are kept."""

NAMES = {"added": "new", "updated": "changed", "not modified": "unchanged", "deleted": "gone", "errored": "failed"}
"""What ckanext-harvest calls what became of a record, and what the engine does."""

Values = dict[str, Any]


def done(run_id: str) -> dict[str, int]:
    """What became of a run's records, so many of each kind."""
    query = sa.select(HarvestObject.report_status, sa.func.count()).where(HarvestObject.harvest_job_id == run_id, HarvestObject.report_status.in_(list(NAMES)))
    return {NAMES[status]: count for status, count in model.Session.execute(query.group_by(HarvestObject.report_status)).all()}


def listed(run_id: str) -> int:
    """How many records were listed."""
    return int(model.Session.execute(sa.select(sa.func.count()).where(HarvestObject.harvest_job_id == run_id)).scalar() or 0)


def reasons(run_id: str, limit: int) -> list[dict[str, str]]:
    """Records that failed: `[{"identifier", "words"}]`."""
    columns = (HarvestObject.guid, HarvestObjectError.message)
    query = sa.select(*columns).join(HarvestObjectError, HarvestObjectError.harvest_object_id == HarvestObject.id).where(HarvestObject.harvest_job_id == run_id)
    return [{"identifier": guid, "words": words or ""} for guid, words in model.Session.execute(query.order_by(HarvestObjectError.created).limit(limit)).all()]


def keep(run_id: str, said: list[Said]) -> None:
    """Lines for the log of a run, as far as it may grow."""
    if not said:
        return
    count = model.Session.execute(sa.select(sa.func.count()).select_from(store.LogLine).where(store.LogLine.run_id == run_id)).scalar() or 0
    rows = [{"run_id": run_id, "at": store.now(), "level": entry["level"], "words": entry["words"]} for entry in said[: max(MOST - count, 0)]]
    if rows:
        model.Session.execute(sa.insert(store.LogLine.__table__), rows)
    model.Session.commit()


def forget(source_id: str) -> None:
    """Logs of runs that are long over."""
    old = sa.select(store.Run.id).where(store.Run.source_id == source_id).order_by(store.Run.begun.desc()).offset(RUNS)
    model.Session.execute(sa.delete(store.LogLine).where(store.LogLine.run_id.in_(old)), execution_options={"synchronize_session": False})


def lines(run_id: str, limit: int, offset: int) -> tuple[list[Values], int]:
    """Lines of a run's log, in their order: `[{"at", "level", "words"}]`; and how many there are in all."""
    line = store.LogLine
    found = model.Session.execute(sa.select(line.at, line.level, line.words).where(line.run_id == run_id).order_by(line.number).limit(limit).offset(offset)).all()
    count = model.Session.execute(sa.select(sa.func.count()).select_from(line).where(line.run_id == run_id)).scalar() or 0
    return [{"at": row.at.isoformat(), "level": row.level, "words": row.words} for row in found], int(count)
