"""Where runs stand, for programs and pages."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import sqlalchemy as sa
from ckanext.harvest.model import HarvestGatherError
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH

from ..bridge import telling as bridged
from . import reading, reasons, store

MOST = 1000
"""Entries that are told at once."""

EXAMPLES = 20
"""Records that are named of one cause."""

KINDS = ("new", "changed", "unchanged", "back", "missing", "left_out", "gone", "refused")

Values = dict[str, Any]


def status(run: store.Run) -> Values:
    """One run: `outdated` says that its plan waits and would be another by now; `found` counts what it found, `done` what became of that; `absent` are those that were missing
    before and are still kept.
    """
    found = {kind: run.counts.get(kind, 0) for kind in KINDS}
    listed = bridged.listed(run.id) if run.bridged else run.counts.get("listed", 0)
    told = sa.select(HarvestGatherError.message).where(HarvestGatherError.harvest_job_id == run.id).order_by(HarvestGatherError.created).limit(MOST)
    problems = model.Session.execute(told).scalars()
    moments = {name: value.isoformat() if value else None for name, value in (("begun", run.begun), ("planned", run.planned), ("approved", run.approved), ("ended", run.ended))}
    return {
        "run": run.id, "source": run.source_id, "state": run.state, "asks": run.asks, "dry": run.dry, "outdated": reading.is_outdated(run), "whole": run.whole, **moments,
        "listed": listed, "absent": run.counts.get("absent", 0), "found": found, "done": done(run), "problems": list(problems),
        "causes": causes(run), "repeats": run.repeats, "still_refused": sum(still(run).values()),
    }  # fmt: skip


def done(run: store.Run) -> dict[str, int]:
    """What became of the records of a run so far, by kind: `new`, `changed` and so on, `refused`, `failed`."""
    if run.bridged:
        return bridged.done(run.id)
    entry = store.Entry
    name = sa.case((entry.outcome == store.REFUSED, store.REFUSED), (entry.outcome == store.FAULT, store.FAULT), else_=entry.change)
    kinds = sa.select(name.label("kind")).where(entry.run_id == run.id, entry.outcome.is_not(None)).subquery()
    return dict(model.Session.execute(sa.select(kinds.c.kind, sa.func.count()).group_by(kinds.c.kind)).all())


def still(run: store.Run) -> dict[str, int]:
    """Records that were refused when the listing was read that a run found unchanged: how many, by cause."""
    return reasons.counted(run.repeats) if run.repeats else {}


def causes(run: store.Run) -> list[Values]:
    """Why not all went well: `[{"cause", "place", "count", "what", "todo", "still", "records"}]`; `place` is `listing` or `records`, `records` identifiers, the first ones.

    `still`: they were refused when the listing was read that this run found unchanged.
    """
    groups = [*((group, "listing", False) for group in reasons.listing(run.id)), *((group, "records", bool(run.repeats)) for group in reasons.records(run.repeats or run.id))]
    return [
        {
            **{name: group[name] for name in ("cause", "count", "what", "todo")}, "place": place, "still": again,
            "records": [row["guid"] for row in group.get("records", [])[:EXAMPLES]],
        }
        for group, place, again in groups
    ]


def summary(run: store.Run) -> Values:
    """A run in a line: `{"state", "new", "changed", "unchanged", "missing", "left_out", "deleted", "refused", "failed", "still_refused", "reasons", "problems", "causes"}`.

    Counts are of what was done, and of what would be done while the plan waits; `reasons` are also of what is still refused.
    """
    told = status(run)
    counts = told["found"] if run.state in {store.PLANNED, store.PLANNING, store.WAITING} else {"unchanged": told["found"]["unchanged"], **told["done"]}
    refused = (
        [{**reason, "cause": ""} for reason in bridged.reasons(run.id, MOST)]
        if run.bridged
        else [{"identifier": row["identifier"], "words": row["words"], "cause": row["cause"]} for row in entries(repeated(run), {"refused": True}, MOST, 0)[0]]
    )
    names = ("new", "changed", "unchanged", "missing", "left_out", "deleted", "refused", "failed")
    said = {name: counts.get("gone" if name == "deleted" else name, 0) for name in names}
    return {"run": run.id, "state": run.state, "asks": run.asks, **said, "reasons": refused, **{name: told[name] for name in ("still_refused", "problems", "causes")}}


def repeated(run: store.Run) -> store.Run:
    """The run that read the listing which this one found unchanged; itself where it read its own."""
    return (store.run(run.repeats) if run.repeats else None) or run


def entries(run: store.Run, wanted: Values, limit: int, offset: int) -> tuple[list[Values], int]:
    """Entries of a run, in their order, and how many there are in all. `wanted`: `change`, `outcome`, `cause`, `refused` (those that could not be taken, for whichever reason)."""
    entry = store.Entry
    conditions = [entry.run_id == run.id]
    conditions += [getattr(entry, name) == wanted[name] for name in ("change", "outcome", "cause") if wanted.get(name)]
    if wanted.get("refused"):
        conditions.append(reasons.refused())
    columns = (entry.identifier, entry.change, entry.title, entry.words, entry.cause, entry.differences, entry.notes, entry.package_id, entry.outcome, _new())
    found = model.Session.execute(sa.select(*columns).where(*conditions).order_by(entry.number).limit(limit).offset(offset)).all()
    count = model.Session.execute(sa.select(sa.func.count()).select_from(entry).where(*conditions)).scalar() or 0
    return [{**row._mapping, "outcome": store.DID if row.outcome == store.WRITTEN else row.outcome} for row in found], int(count)


def _new() -> Any:
    """What a dataset that is to be created would be, of all that is kept of it: `{"licence", "axis", "files", "formats"}`; null of others, and once it is done."""
    entry = store.Entry
    # the formats as the schema has them
    files = sa.func.jsonb_path_query_array(sa.func.coalesce(entry.ready, entry.given), sa.cast("$.resources[*]", JSONPATH))
    told = sa.func.jsonb_build_object(
        "licence", sa.func.coalesce(entry.given["license_id"].astext, ""),
        "axis", sa.func.coalesce(entry.given["axis"], sa.text("'[]'::jsonb")),
        "files", sa.func.jsonb_array_length(files),
        "formats", sa.func.jsonb_path_query_array(files, sa.cast("$[*].format", JSONPATH)),
        type_=JSONB,
    )  # fmt: skip
    return sa.case((sa.and_(entry.change == store.NEW, entry.given.is_not(None)), told), else_=None).label("new")
