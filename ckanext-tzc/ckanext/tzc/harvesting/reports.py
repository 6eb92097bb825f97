"""What became of harvests, in words: where a source stands, what a run brought, what failed and why, when the next one is."""
from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckanext.harvest.model import HarvestGatherError, HarvestJob, HarvestObject, HarvestSource

from tzc.harvesting import repair, threeway

from . import contents, health, sources, values
from .engine import reading, reasons, scheduling, store, telling

SHOWN = 20_000
"""Characters of a record that its page shows."""

Run = dict[str, Any]


def listed() -> list[dict[str, Any]]:
    """The sources that the reader may look after, as `standing` gives them, by their titles."""
    packages = model.Session.query(model.Package).filter_by(type=sources.TYPE, state="active").order_by(sa.func.lower(model.Package.title))
    mine = [package for package in packages if tk.h.check_access("harvest_source_update", {"id": package.id})]
    found = {source.id: source for source in model.Session.query(HarvestSource).filter(HarvestSource.id.in_([package.id for package in mine]))}
    last = _last_runs(list(found))
    how = health.of({source_id: last.get(source_id) for source_id in found})
    return [_standing(package, found[package.id], last.get(package.id), how[package.id]) for package in mine if package.id in found]


def standing(package: Any) -> dict[str, Any] | None:
    """Where one source stands: `{"id", "name", "title", "notes", "active", "address", "kind", "ours", "barred", "partner", "by_hand", "frequency", "next", "last", "health"}`.

    `barred` says why it is not harvested, of a kind that is not allowed; `by_hand` whether it is only when somebody starts it;
    `partner` is `{"name", "title"}` or None, `last` the last run (see `run`) or None, `health` see there.
    """
    source = HarvestSource.get(package.id)
    if source is None:
        return None
    last = _last_runs([source.id]).get(source.id)
    return _standing(package, source, last, health.of({source.id: last})[source.id])


def _standing(package: Any, source: Any, last: Run | None, how: dict[str, Any]) -> dict[str, Any]:
    partner = model.Group.get(package.owner_org) if package.owner_org else None
    return {
        "id": source.id,
        "name": package.name,
        "title": package.title or package.name,
        "notes": package.notes or "",
        "active": package.state == "active",
        "address": sources.without_password(source.url),
        "kind": kinds().get(source.type, source.type),
        "ours": sources.is_ours(source.type),
        "barred": sources.barred(source.type),
        "partner": {"name": partner.name, "title": partner.title or partner.name} if partner else None,
        "by_hand": scheduling.by_hand(source),
        "frequency": tk._((source.frequency or "MANUAL").title()),
        "next": _next(source, package.state == "active", last),
        "last": last,
        "health": how,
    }


def kinds() -> dict[str, str]:
    """The kinds of sources that there are, and what each is called."""
    told = tk.get_action("harvesters_info_show")({"ignore_auth": True}, {})
    titles = {kind["name"]: kind["title"] for kind in told}
    return {name: tk._(title) for name, title in titles.items()}


def _next(source: Any, active: bool, last: Run | None) -> str:
    """When the next run is, in words. None begins while the last one waits for somebody."""
    if not active:
        return tk._("Never: the source is deleted")
    if sources.barred(source.type):
        return tk._("Never, as long as its kind is not allowed")
    if last and last["engine"] == store.PLANNED:
        return str(tk._("Once the plan that waits is approved or given up"))
    if last and last["engine"] == store.PAUSED:
        return str(tk._("Once the run that is paused goes on, or is ended"))
    # only ours have a schedule; the configuration of others may be anything
    settings = sources.settings(source.config) if sources.is_ours(source.type) else {}
    if isinstance(schedule := settings.get("schedule"), str) and scheduling.is_schedule(schedule):
        return str(tk.h.tzc_moment(scheduling.following(schedule, source.id, store.now()).replace(tzinfo=None), clock=True))
    if scheduling.by_hand(source):
        return tk._("When somebody starts it")
    if source.next_run is None or source.next_run <= store.stamp():
        return tk._("Within a few minutes")
    return str(tk.h.tzc_moment(source.next_run, clock=True))


def _last_runs(ids: list[str]) -> dict[str, Run]:
    """The last run of each source."""
    query = model.Session.query(HarvestJob).filter(HarvestJob.source_id.in_(ids)).distinct(HarvestJob.source_id)
    jobs = query.order_by(HarvestJob.source_id, HarvestJob.created.desc()).all()
    return {told["source"]: told for told in _told(jobs)}


def runs(source_id: str, page: int, size: int) -> tuple[list[Run], int]:
    """One page of a source's runs, the newest first, and how many there are in all."""
    query = model.Session.query(HarvestJob).filter_by(source_id=source_id)
    return _told(query.order_by(HarvestJob.created.desc()).offset((page - 1) * size).limit(size).all()), query.count()


def run(job: Any) -> Run:
    """A run: `{"id", "source", "begun", "ended", "open", "rests", "tone", "words", "counts": [str], "problems"}`; `problems` is how many there are, `rests` whether nothing
    goes on: it ended, or waits for somebody.

    `failed` is how many records were not taken. Of our kinds also `engine`, the run's state, `asks`, why it waits, `plan`, whether it has one,
    `outdated`, whether that waits and would be another by now, and `repeats`, the run that read the listing which this one found unchanged, with `still`, how many records are
    refused since then.
    """
    return _told([job])[0]


def _told(jobs: list[Any]) -> list[Run]:
    ids = [job.id for job in jobs]
    became: dict[str, dict[str, int]] = {}
    waiting: dict[str, int] = {}
    engine = {run.id: run for run in model.Session.query(store.Run).options(sa.orm.defer(store.Run.pages)).filter(store.Run.id.in_(ids))}
    kinds = (HarvestObject.harvest_job_id, HarvestObject.state, HarvestObject.report_status)
    objects = sa.select(*kinds, sa.func.count()).where(HarvestObject.harvest_job_id.in_(ids)).group_by(*kinds)
    for job, state, status, count in model.Session.execute(objects):
        if state not in {"COMPLETE", "ERROR"}:
            waiting[job] = waiting.get(job, 0) + count
        kind = status or ("stopped" if state == "ERROR" else "")
        became.setdefault(job, {})[kind] = became.get(job, {}).get(kind, 0) + count
    gathered = sa.select(HarvestGatherError.harvest_job_id, sa.func.count()).where(HarvestGatherError.harvest_job_id.in_(ids))
    listing: dict[str, int] = dict(model.Session.execute(gathered.group_by(HarvestGatherError.harvest_job_id)).all())
    for run in engine.values():
        if unchanged := run.counts.get("unchanged"):
            became.setdefault(run.id, {})["not modified"] = unchanged
    return [_words(job, became.get(job.id, {}), waiting.get(job.id, 0), listing.get(job.id, 0), engine.get(job.id)) for job in jobs]


def _words(job: Any, became: dict[str, int], waiting: int, listing: int, engine: Any) -> Run:
    total, failed = sum(became.values()), became.get("errored", 0)
    tone, words = _of_engine(engine, total, waiting) if engine and engine.state != store.DONE else _state(job, total, waiting, listing, failed)
    return {
        "id": job.id,
        "source": job.source_id,
        "begun": job.gather_started or job.created,
        "ended": job.finished,
        "open": job.status in {"New", "Running"},
        "rests": engine.state not in store.WORKABLE if engine else job.status not in {"New", "Running"},
        "tone": tone,
        "words": words,
        "counts": counted(engine.counts) if engine and engine.state in {store.PLANNING, store.PLANNED} else list(_counts(became)),
        "problems": listing + failed,
        "failed": failed,
        "engine": engine.state if engine else "",
        "asks": engine.asks if engine else "",
        "plan": bool(engine and engine.planned and not engine.bridged),
        "repeats": engine.repeats if engine else None,
        "still": _still(engine) if engine else 0,
        "outdated": bool(engine and reading.is_outdated(engine)),
    }


def _still(run: Any) -> int:
    """How many records are refused since the listing was read that a run found unchanged; once it ended that is written down."""
    return int(run.done.get("still", 0) if run.done is not None else sum(telling.still(run).values()))


def _of_engine(run: Any, total: int, waiting: int) -> tuple[str, str]:
    """The same of a run of the engine that did not do all it planned, or not yet."""
    counts = run.counts
    if run.state == store.STOPPED and run.planned and total == counts.get("unchanged", 0):
        return "warning", str(tk._("Its plan was given up: nothing was done"))
    if run.ended is not None:
        return ("warning", str(tk._("It was stopped; what was done stays"))) if run.state == store.STOPPED else ("bad", str(tk._("It broke off, and could not go on")))
    planned = sum(counts.get(kind, 0) for kind in (store.NEW, store.CHANGED, store.GONE, store.REFUSED, "unchanged"))
    if run.state == store.PLANNED:
        return "warning", str(tk._("Its plan waits for approval"))
    if run.state == store.PAUSED:
        return "warning", str(tk._("It is paused"))
    if run.state == store.APPLYING:
        numbers = {"done": total - waiting, "all": total} if run.bridged else {"done": total, "all": planned}
        return "info", str(tk._("%(done)d of %(all)d records are taken in")) % numbers
    if listed := counts.get("listed"):
        return "info", str(tk.ungettext("The catalogue is being listed: %(num)d record so far", "The catalogue is being listed: %(num)d records so far", listed)) % {"num": listed}
    return "info", str(tk._("It waits for its turn") if run.state == store.WAITING else tk._("The catalogue is being listed"))


def _state(job: Any, total: int, waiting: int, listing: int, failed: int) -> tuple[str, str]:
    """How a run goes: `info`, `success`, `warning` or `bad`, and a sentence."""
    if job.status == "New" or (job.status == "Running" and job.gather_started is None):
        return "info", tk._("It waits for its turn")
    if job.status == "Running":
        if job.gather_finished is None:
            return "info", tk._("The catalogue is being listed")
        return "info", str(tk._("%(done)d of %(all)d records are taken in")) % {"done": total - waiting, "all": total}
    if listing and not total:
        return "bad", tk._("It failed: nothing came")
    if listing or failed:
        return "warning", tk._("It ended, and not all went well")
    return "success", tk._("It ended well") if total else tk._("It ended; the catalogue is empty")


def _counts(became: dict[str, int]) -> Iterable[str]:
    """What became of the records, the kinds that there are."""
    words = {
        "added": lambda n: tk.ungettext("%(num)d new dataset", "%(num)d new datasets", n),
        "updated": lambda n: tk.ungettext("%(num)d changed", "%(num)d changed", n),
        "not modified": lambda n: tk.ungettext("%(num)d as before", "%(num)d as before", n),
        "deleted": lambda n: tk.ungettext("%(num)d deleted", "%(num)d deleted", n),
        "errored": lambda n: tk.ungettext("%(num)d failed", "%(num)d failed", n),
        "stopped": lambda n: tk.ungettext("%(num)d not done", "%(num)d not done", n),
    }
    return (str(said(became[kind])) % {"num": became[kind]} for kind, said in words.items() if became.get(kind))


def counted(counts: Mapping[str, int]) -> list[str]:
    """What a plan holds, or what was done of it, the kinds that there are."""
    words = {
        "new": lambda n: tk.ungettext("%(num)d new dataset", "%(num)d new datasets", n),
        "changed": lambda n: tk.ungettext("%(num)d changed", "%(num)d changed", n),
        "unchanged": lambda n: tk.ungettext("%(num)d as before", "%(num)d as before", n),
        "back": lambda n: tk.ungettext("%(num)d there again", "%(num)d there again", n),
        "missing": lambda n: tk.ungettext("%(num)d no longer at the source", "%(num)d no longer at the source", n),
        "left_out": lambda n: tk.ungettext("%(num)d left out by the filter of the mapping", "%(num)d left out by the filter of the mapping", n),
        "gone": lambda n: tk.ungettext("%(num)d deleted", "%(num)d deleted", n),
        "refused": lambda n: tk.ungettext("%(num)d refused", "%(num)d refused", n),
        "failed": lambda n: tk.ungettext("%(num)d failed", "%(num)d failed", n),
    }
    return [str(said(counts[kind])) % {"num": counts[kind]} for kind, said in words.items() if counts.get(kind)]


def kinds_found(counts: Mapping[str, int]) -> list[tuple[str, str]]:
    """The kinds of records of a plan that have rows, each with how many there are in words."""
    return [(kind, counted({kind: counts[kind]})[0]) for kind in ("new", "changed", "back", "missing", "left_out", "gone", "refused") if counts.get(kind)]


def change(kind: str, outcome: str | None) -> str:
    """What a plan says of one record, or what became of that where it went wrong."""
    words = {
        store.NEW: tk._("new"),
        store.CHANGED: tk._("changed"),
        store.BACK: tk._("there again"),
        store.MISSING: tk._("no longer at the source, kept for now"),
        store.LEFT_OUT: tk._("left out by the filter of the mapping, kept for now"),
        store.GONE: tk._("deleted"),
        store.REFUSED: tk._("refused"),
    }
    if outcome in {store.REFUSED, store.FAULT}:
        return str(tk._("refused") if outcome == store.REFUSED else tk._("failed"))
    return str(words.get(kind, kind))


def record(found: Any) -> dict[str, Any]:
    """A record as it came, and what became of it: `{"id", "guid", "words", "dataset", "errors", "why", "mended", "edits", "content", "cut"}`.

    `dataset` is `{"name", "title"}` or None; `why` see `engine.reasons.told`, or None; `mended` what was put right (see `_mended`),
    `edits` what became of edits made here (see `_edits`); `cut` whether more came than is shown.
    """
    extras = {extra.key: extra.value for extra in found.extras}
    content = whole(found)
    package = model.Package.get(found.package_id) if found.package_id else None
    return {
        "id": found.id,
        "guid": found.guid or found.id,
        "words": _became(found),
        "dataset": {"name": package.name, "title": package.title or package.name} if package and package.state != "deleted" else None,
        "errors": [error.message or "" for error in found.errors],
        "why": reasons.told(entry.cause, by_hand=scheduling.by_hand(found.source)) if (entry := store.entry(found.harvest_job_id, found.guid)) and entry.cause else None,
        "mended": _all_mended(json.loads(extras.get("mended") or "[]"), package),
        "edits": _edits(extras.get("edits")),
        "content": content[:SHOWN],
        "cut": len(content) > SHOWN,
    }


def _edits(kept: str | None) -> dict[str, list[dict[str, str]]]:
    """Edits made here that were kept, and those that gave way to the source: `{"kept", "overwritten"}`, each `[{"field", "ours", "theirs"}]`."""
    told = json.loads(kept or "{}")
    lists = {name: told.get(name, []) for name in ("kept", "overwritten")}
    return {name: [{"field": field, "ours": _short(field, ours), "theirs": _short(field, theirs)} for field, ours, theirs in edits] for name, edits in lists.items()}


def of_edits(merged: threeway.Merged) -> dict[str, list[list[Any]]]:
    """What is kept with a record of edits made here; `_edits` reads it."""
    return {name: [[edit.place, edit.ours, edit.theirs] for edit in edits] for name, edits in (("kept", merged.kept), ("overwritten", merged.overwritten))}


def _short(field: str, value: Any) -> str:
    """What a field says, on a line."""
    words = values.said(field.rpartition(".")[2], value)
    return words if len(words) <= 200 else f"{words[:199]}…"


def _all_mended(noted: list[list[str]], package: Any) -> list[dict[str, str]]:
    """What was mended while the record was read, and formats that were found in its files afterwards."""
    later = contents.found_here(package.id).values() if package and not any(what == repair.FORMAT for what, _value in noted) else ()
    return [_mended(what, value) for what, value in [*noted, *([repair.FORMAT, words] for words in later)]]


def _mended(what: str, value: str) -> dict[str, str]:
    """What a note tells, in the reader's language: `{"rule", "what", "value"}`; `rule` is empty for the words of another harvester."""
    rule = repair.rule_of(what)
    return {"rule": rule.name if rule else "", "what": note(what), "value": noted(what, value)}


def note(what: str) -> str:
    """What a note tells, in the reader's language; the words of another harvester stay as they are."""
    rule = repair.rule_of(what)
    return rule.text(str(tk.h.lang())[:2]) if rule else what


def noted(what: str, value: str) -> str:
    """What a note is about, in the reader's words: of a mapping its part, the source's word, ours."""
    part, _, words = value.partition(": ")
    came, arrow, ours = words.rpartition(" → ")
    if what != repair.MAPPED or not arrow:
        return value
    name = part.removeprefix("defaults.")
    became = ", ".join(values.said(name, one) for one in ours.split(", ")) if name in {"theme", "axis", "communes"} else values.said(name, ours)
    return f"{values.part(name)}{tk._(': ')}{f'{came} → ' if came else ''}{became}"


def _became(found: Any) -> str:
    """What became of one record."""
    words = {
        "added": tk._("A new dataset"),
        "updated": tk._("Its dataset was changed"),
        "not modified": tk._("As before: nothing was written"),
        "deleted": tk._("Its dataset was deleted"),
        "errored": tk._("Failed"),
    }
    return str(words.get(found.report_status or "", tk._("Not done")))


def whole(found: Any) -> str:
    """A record as it came, whole."""
    return found.content or next((extra.value for extra in found.extras if extra.key == "original_document"), "") or ""
