"""A source's health at a glance: how it stands, since when, when it was last well, and how many of its datasets are here, refused, missing."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckanext.harvest.model import HarvestGatherError, HarvestJob, HarvestObject

from .engine import standing, store

Values = dict[str, Any]


def of(last: Mapping[str, Values | None]) -> dict[str, Values]:
    """How sources stand, by id, each given with its last run (see `reports.run`).

    `{"tone", "words", "since", "well", "datasets", "refused", "missing", "left_out", "kept", "facts"}`: `since` when it came to stand so and `well` when it was last well,
    or None; `facts` the counts in words. `missing` are no longer at the source, `left_out` are there and the mapping's filter leaves them out, `kept` were taken back by somebody.
    """
    ids = list(last)
    datasets, gone, known, done = _datasets(ids), _gone(ids), _known(ids), _done(ids)
    before = _well_before(ids)
    found = {}
    for source_id, run in last.items():
        mine = known.get(source_id)
        tone, words = _words(mine.trouble if mine else "", mine, run)
        missing, left_out, kept = gone.get(source_id, (0, 0, 0))
        refused = sum(done[source_id].get(kind, 0) for kind in (store.REFUSED, store.FAULT, "still")) if source_id in done else (run or {}).get("failed", 0)
        told = {"datasets": datasets.get(source_id, 0), "refused": refused, "missing": missing, "left_out": left_out, "kept": kept}
        well = mine.well.replace(tzinfo=None) if mine and mine.well else before.get(source_id)
        since = mine.since.replace(tzinfo=None) if mine and mine.since else None
        found[source_id] = {"tone": tone, "words": words, "since": since, "well": well, **told, "facts": _facts(told)}
    return found


def _words(trouble: str, known: Any, run: Values | None) -> tuple[str, str]:
    """How it stands: a tone and a sentence. Where the engine knows nothing of it, as its last run went."""
    by_trouble = {
        standing.FAILED: ("bad", tk._("It could not be read whole")),
        standing.DEPARTURES: ("warning", _doubted(run) if trouble == standing.DEPARTURES else ""),
        standing.FIRST: ("warning", tk._("Its first plan waits for approval")),
        standing.RECORDS: ("warning", tk._("Some records are refused")),
    }
    # what was asked is answered: the plan is being done, or the first one was given up
    answered = run is not None and run["engine"] != store.PLANNED and (trouble == standing.FIRST or (trouble == standing.DEPARTURES and run["open"]))
    if trouble in by_trouble and not answered:
        tone, words = by_trouble[trouble]
        return tone, str(words)
    if run is None:
        return "info", str(tk._("It was never harvested"))
    if known is not None and known.well:
        return "success", str(tk._("All is well"))
    return run["tone"], str(run["words"])


def _doubted(run: Values | None) -> str:
    """Whether suspiciously much is missing at the source, or is left out by its own filter."""
    filtered = run is not None and standing.doubted(run["id"]) == "left_out"
    return str(tk._("The filter of its mapping leaves out suspiciously much") if filtered else tk._("Suspiciously much is missing"))


def _facts(told: Values) -> list[str]:
    """The counts that are to be told."""
    words = {
        "datasets": lambda n: tk.ungettext("%(num)d dataset", "%(num)d datasets", n),
        "refused": lambda n: tk.ungettext("%(num)d record refused", "%(num)d records refused", n),
        "missing": lambda n: tk.ungettext("%(num)d no longer at the source, kept for now", "%(num)d no longer at the source, kept for now", n),
        "left_out": lambda n: tk.ungettext("%(num)d left out by the filter of the mapping, kept for now", "%(num)d left out by the filter of the mapping, kept for now", n),
        "kept": lambda n: tk.ungettext("%(num)d taken back by hand", "%(num)d taken back by hand", n),
    }
    return [str(said(told[name])) % {"num": told[name]} for name, said in words.items() if told[name] or name == "datasets"]


def _datasets(ids: list[str]) -> dict[str, int]:
    """How many datasets of each are there."""
    mine = (HarvestObject.harvest_source_id.in_(ids), HarvestObject.current.is_(True), model.Package.state == "active")
    query = sa.select(HarvestObject.harvest_source_id, sa.func.count(sa.distinct(HarvestObject.package_id))).join(model.Package, model.Package.id == HarvestObject.package_id)
    return dict(model.Session.execute(query.where(*mine).group_by(HarvestObject.harvest_source_id)).all())


def _gone(ids: list[str]) -> dict[str, tuple[int, int, int]]:
    """How many of each are missing at the source, how many are left out by its filter, and how many of all those somebody took back."""
    item = store.ItemRow
    left_out = item.left_out.is_not(None)
    counts = [sa.func.count().filter(sa.and_(item.kept.is_(False), one)) for one in (sa.not_(left_out), left_out)]
    counts.append(sa.func.count().filter(item.kept.is_(True)))
    mine = (item.source_id.in_(ids), item.missing.is_not(None), model.Package.state == "active")
    query = sa.select(item.source_id, *counts).join(model.Package, model.Package.id == item.package_id).where(*mine).group_by(item.source_id)
    return {source_id: (missing, filtered, kept) for source_id, missing, filtered, kept in model.Session.execute(query)}


def _known(ids: list[str]) -> dict[str, Any]:
    columns = (store.Known.source_id, store.Known.trouble, store.Known.since, store.Known.well)
    return {row.source_id: row for row in model.Session.execute(sa.select(*columns).where(store.Known.source_id.in_(ids)))}


def _done(ids: list[str]) -> dict[str, dict[str, int]]:
    """What the last run of each did that came to its end."""
    run = store.Run
    query = sa.select(run.source_id, run.done).where(run.source_id.in_(ids), run.state == store.DONE, run.done.is_not(None)).distinct(run.source_id)
    return dict(model.Session.execute(query.order_by(run.source_id, run.begun.desc())).all())


def _well_before(ids: list[str]) -> dict[str, Any]:
    """When the last job of each ended that had no problem, for sources of other programs' kinds."""
    job, came = HarvestJob, HarvestObject
    others = (
        sa.select(HarvestGatherError.id).where(HarvestGatherError.harvest_job_id == job.id).exists(),
        sa.select(came.id).where(came.harvest_job_id == job.id, came.report_status == "errored").exists(),
        sa.select(store.Run.id).where(store.Run.id == job.id).exists(),
    )
    query = sa.select(job.source_id, sa.func.max(job.finished)).where(job.source_id.in_(ids), job.finished.is_not(None), ~sa.or_(*others))
    return dict(model.Session.execute(query.group_by(job.source_id)).all())
