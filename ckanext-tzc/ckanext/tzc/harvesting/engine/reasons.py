"""Why not all of a run went well, by cause: how often, what is to be done, which records it concerns."""
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import ckan.model as model
import sqlalchemy as sa
from ckanext.harvest.model import HarvestGatherError, HarvestJob, HarvestObject, HarvestObjectError
from ckanext.tzc.common.territory import language

from tzc.harvesting import causes

from . import scheduling, store

MOST = 100
"""Records, and words of problems, that are told of one cause; the count is of all."""

Values = dict[str, Any]


def told(code: str, words: str = "", *, by_hand: bool = False) -> Values:
    """A cause for a reader: `{"cause", "what", "todo"}` and what `causes.Cause` says besides. Where the code is none of ours, what happened are the words.

    `by_hand`: its source is harvested only when somebody starts it.
    """
    cause = causes.of(code)
    if cause is None:
        return {"cause": "", "what": words, "todo": "", "meant": False, "follows": False, "plain": True}
    kind = {name: getattr(cause, name) for name in ("meant", "follows", "plain")}
    return {"cause": code, "what": cause.what.text(language()), "todo": cause.advice(by_hand=by_hand).text(language()), **kind}


def by_hand(run_id: str) -> bool:
    """Whether the source of a run is harvested only when somebody starts it."""
    job = HarvestJob.get(run_id)
    return job is not None and scheduling.by_hand(job.source)


def listing(run_id: str) -> list[Values]:
    """What went wrong with the listing, the most frequent cause first, and last what comes of it: `[{…, "count", "details": [{"words", "count"}]}]`, each as `told` has it."""
    error, cause = HarvestGatherError, sa.func.coalesce(store.Problem.cause, "")
    query = sa.select(cause, error.message, sa.func.count()).outerjoin(store.Problem, store.Problem.id == error.id).where(error.harvest_job_id == run_id)
    rows = model.Session.execute(query.group_by(cause, error.message).order_by(sa.func.count().desc(), error.message)).all()
    groups: dict[str, Values] = {}
    hand = by_hand(run_id)
    for code, words, count in rows:
        group = groups.setdefault(code or words, {**told(code, words or "", by_hand=hand), "count": 0, "details": []})
        group["count"] += count
        if not group["plain"] and len(group["details"]) < MOST:
            group["details"].append({"words": words or "", "count": count})
    return _by_count(groups.values())


def records(run_id: str) -> list[Values]:
    """Records that were not taken, the most frequent cause first: `[{…, "count", "records": [{"id", "guid", "title", "words"}]}]`, each with what `told` gives.

    `id` is that of the record as it came (see `HarvestObject`), empty while the plan waits.
    """
    run = store.run(run_id)
    return _grouped(_of_entries(run_id) if run is not None and not run.bridged else _of_objects(run_id), by_hand(run_id))


def _of_entries(run_id: str) -> Any:
    """Rows of a run of the engine."""
    entry, came = store.Entry, HarvestObject
    # what another version refused has no cause, and is told apart by its words
    group = sa.case((entry.cause != "", entry.cause), else_=entry.words)
    place = sa.func.row_number().over(partition_by=group, order_by=entry.number)
    count = sa.func.count().over(partition_by=group)
    join = sa.and_(came.harvest_job_id == entry.run_id, came.guid == entry.identifier)
    columns = (entry.cause, entry.words, entry.identifier.label("guid"), entry.title, came.id, place.label("place"), count.label("count"))
    return sa.select(*columns).select_from(entry).outerjoin(came, join).where(entry.run_id == run_id, refused()).subquery()


def _of_objects(run_id: str) -> Any:
    """Rows of a job of another program."""
    error, came = HarvestObjectError, HarvestObject
    place = sa.func.row_number().over(partition_by=error.message, order_by=(error.created, came.id))
    count = sa.func.count().over(partition_by=error.message)
    nothing = sa.literal("")
    columns = (nothing.label("cause"), error.message.label("words"), came.guid, nothing.label("title"), came.id, place.label("place"), count.label("count"))
    return sa.select(*columns).select_from(error).join(came, came.id == error.harvest_object_id).where(came.harvest_job_id == run_id).subquery()


def refused() -> Any:
    """Entries that were not taken, or would not be."""
    return sa.or_(store.Entry.change == store.REFUSED, store.Entry.outcome.in_((store.REFUSED, store.FAULT)))


def _grouped(found: Any, hand: bool) -> list[Values]:
    groups: dict[str, Values] = {}
    for row in model.Session.execute(sa.select(found).where(found.c.place <= MOST).order_by(found.c.place)):
        group = groups.setdefault(row.cause or row.words, {**told(row.cause, row.words or "", by_hand=hand), "count": row.count, "records": []})
        group["records"].append({"id": row.id or "", "guid": row.guid or row.id, "title": row.title or "", "words": "" if group["plain"] else row.words})
    return _by_count(groups.values())


def _by_count(groups: Iterable[Values]) -> list[Values]:
    return sorted(groups, key=lambda group: (group["follows"], -group["count"], group["what"]))


def counted(run_id: str) -> dict[str, int]:
    """How many records of a run were not taken, by cause."""
    query = sa.select(store.Entry.cause, sa.func.count()).where(store.Entry.run_id == run_id, refused()).group_by(store.Entry.cause)
    return dict(model.Session.execute(query).all())
