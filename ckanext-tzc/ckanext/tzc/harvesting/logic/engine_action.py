"""Actions of the engine: what may be asked of a source and of its runs."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.harvest.logic import HarvestJobExists, HarvestSourceInactiveError
from ckanext.harvest.model import HarvestJob, HarvestSource

from .. import sources
from ..bridge import telling as bridged
from ..engine import orders, restoring, store, telling

Values = dict[str, Any]


def _source(data_dict: Values) -> Any:
    name = tk.get_or_bust(data_dict, "source")
    package = model.Package.get(name) if isinstance(name, str) and "\0" not in name else None
    if package is None or package.type != sources.TYPE:
        raise tk.ObjectNotFound(tk._("Harvest source not found"))
    return package


def _asked(name: str, context: Values, data_dict: Values) -> Any:
    """The source that is asked about, for somebody who may."""
    package = _source(data_dict)
    tk.check_access(name, context, {"source": package.id})
    return package


def _run_of(package: Any, data_dict: Values) -> store.Run:
    """The run that is asked about, else the source's last."""
    run = store.run(str(data_dict["run"])) if data_dict.get("run") else store.last_run(package.id)
    if run is None and not data_dict.get("run"):
        raise tk.ObjectNotFound(tk._("This source was never harvested: there is no run yet."))
    if run is None or run.source_id != package.id:
        raise tk.ObjectNotFound(tk._("There is no such run."))
    return run


def _order(work: Callable[[], store.Run]) -> Values:
    try:
        return telling.status(work())
    except orders.OrderError as error:
        raise tk.ValidationError({"source": [str(error)]}) from error


def _begin(context: Values, package: Any, *, dry: bool, approved_by: str | None) -> Values:
    asked = {"user": context.get("user", ""), "ignore_auth": True, "model": model, "session": model.Session}
    if dry and not sources.is_ours(HarvestSource.get(package.id).type):
        raise tk.ValidationError({"source": [tk._("Another program harvests sources of this kind: they have no dry run.")]})
    try:
        made = tk.get_action("harvest_job_create")(asked, {"source_id": package.id, "run": False})
    except HarvestSourceInactiveError as error:
        raise tk.ValidationError({"source": [tk._("The source is deleted. Take it back first, on the page that describes it.")]}) from error
    return telling.status(orders.begin(made["id"], dry=dry, approved_by=approved_by, by=context.get("user")))


def tzc_harvest_dry_run(context: Values, data_dict: Values) -> Values:
    """See what a run of `source` would do; nothing is written until it is approved. With `again` true a plan that waits is given up for it."""
    package = _asked("tzc_harvest_dry_run", context, data_dict)
    if tk.asbool(data_dict.get("again", False)):
        _order(lambda: orders.give_up(package.id))
    return _begin(context, package, dry=True, approved_by=None)


def tzc_harvest_run(context: Values, data_dict: Values) -> Values:
    """Run `source`. Its first run waits for approval, unless `approve` is true, or another program harvests it."""
    package = _asked("tzc_harvest_run", context, data_dict)
    approved = context.get("user", "") if tk.asbool(data_dict.get("approve", False)) else None
    return _begin(context, package, dry=False, approved_by=approved)


def tzc_harvest_approve(context: Values, data_dict: Values) -> Values:
    """Do the plan of `source` that waits, as it stands."""
    package = _asked("tzc_harvest_approve", context, data_dict)
    return _order(lambda: orders.approve(package.id, context.get("user", "")))


def tzc_harvest_pause(context: Values, data_dict: Values) -> Values:
    """Pause the run of `source`; with `resume` true go on with it."""
    package = _asked("tzc_harvest_pause", context, data_dict)
    act = orders.resume if tk.asbool(data_dict.get("resume", False)) else orders.pause
    return _order(lambda: act(package.id))


def tzc_harvest_stop(context: Values, data_dict: Values) -> Values:
    """End the run of `source`. What it did stays, what it planned is not done."""
    package = _asked("tzc_harvest_stop", context, data_dict)
    return _order(lambda: orders.stop(package.id))


def tzc_harvest_restore(context: Values, data_dict: Values) -> Values:
    """Take back what a `run` of `source` deleted (its last, where none is named).

    `{"restored", "run", "begun", "others": [{"run", "begun", "datasets"}]}`: how many datasets, of which run; other runs that have something to take back, the newest first. With
    `unindexed` true the index did not answer, and search shows them later.
    """
    package = _asked("tzc_harvest_restore", context, data_dict)
    run = _run_of(package, data_dict)
    back = restoring.restore(run)
    told: Values = {"restored": back.count, "run": run.id, "begun": run.begun.isoformat(), **({"unindexed": True} if back.unindexed else {})}
    return {**told, "others": [{**other._asdict(), "begun": other.begun.isoformat()} for other in restoring.left(package.id) if other.run != run.id]}


@tk.side_effect_free
def tzc_harvest_status(context: Values, data_dict: Values) -> Values:
    """Where a `run` of `source` stands (its last, where none is named)."""
    package = _asked("tzc_harvest_status", context, data_dict)
    return telling.status(_run_of(package, data_dict))


@tk.side_effect_free
def tzc_harvest_entries(context: Values, data_dict: Values) -> Values:
    """What a `run` of `source` found, record by record; all, or those of a `change`, an `outcome` or a `cause`.

    With `still` true those that are refused as things stand, also where the run found the listing unchanged. `limit` (100, at most 1000), `offset`.
    """
    package = _asked("tzc_harvest_entries", context, data_dict)
    limit, offset = (_number(data_dict, name, default) for name, default in (("limit", 100), ("offset", 0)))
    wanted = {name: str(data_dict[name]) for name in ("change", "outcome", "cause") if data_dict.get(name)}
    run = _run_of(package, data_dict)
    if tk.asbool(data_dict.get("still", False)):
        run, wanted["refused"] = telling.repeated(run), "yes"
    found, count = telling.entries(run, wanted, min(limit, telling.MOST), offset)
    return {"entries": found, "count": count}


@tk.side_effect_free
def tzc_harvest_log(context: Values, data_dict: Values) -> Values:
    """What another program's harvester logged in a `run` of `source` (its last, where none is named), line by line. `limit` (100, at most 1000), `offset`."""
    package = _asked("tzc_harvest_log", context, data_dict)
    limit, offset = (_number(data_dict, name, default) for name, default in (("limit", 100), ("offset", 0)))
    found, count = bridged.lines(_run_of(package, data_dict).id, min(limit, telling.MOST), offset)
    return {"lines": found, "count": count}


def _number(data_dict: Values, name: str, default: int) -> int:
    value = str(data_dict.get(name, default))
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        raise tk.ValidationError({name: [tk._("A whole number, 0 or more")]})
    return int(value)


@tk.chained_action
def harvest_send_job_to_gather_queue(next_action: Any, context: Values, data_dict: Values) -> Values:
    """Jobs are given to the engine: nothing works on ckanext-harvest's own queues."""
    job = HarvestJob.get(tk.get_or_bust(data_dict, "id"))
    if job is None:
        raise tk.ObjectNotFound(tk._("There is no such run."))
    tk.check_access("harvest_send_job_to_gather_queue", context, {"id": job.id, "source_id": job.source_id})
    if store.run(job.id) is None:
        orders.begin(job.id, by=context.get("user"))
    shown: Values = tk.get_action("harvest_job_show")({"user": context.get("user", ""), "ignore_auth": True, "model": model, "session": model.Session}, {"id": job.id})
    return shown


@tk.chained_action
def harvest_job_create(next_action: Any, context: Values, data_dict: Values) -> Values:
    """A job for a source, unless it is of another program's kind that no administrator has allowed, or a run of it waits or is under way."""
    tk.check_access("harvest_job_create", context, data_dict)
    sources.refuse_barred(data_dict.get("source_id"))
    try:
        made: Values = next_action(context, data_dict)
    except sources.UnderWayError:
        raise
    except HarvestJobExists as error:
        raise sources.UnderWayError from error
    return made


@tk.chained_action
def harvest_objects_import(next_action: Any, context: Values, data_dict: Values) -> int:
    """Other programs' harvesters work where they are watched only."""
    tk.check_access("harvest_objects_import", context, data_dict)
    raise tk.ValidationError({"source": [tk._("Harvesters write in a run of their source only: harvest it again.")]})


@tk.chained_action
def harvest_job_abort(next_action: Any, context: Values, data_dict: Values) -> Values:
    """A run of the engine is stopped; its job ends when its worker has let go of it."""
    tk.check_access("harvest_job_abort", context, data_dict)
    wanted = data_dict.get("source_id") or data_dict.get("id") or ""
    package = model.Package.get(wanted)
    run = store.open_run(package.id) if package else store.run(wanted)
    if run is not None and run.ended is None:
        orders.stop(run.source_id)
        shown: Values = tk.get_action("harvest_job_show")({"user": context.get("user", ""), "ignore_auth": True, "model": model, "session": model.Session}, {"id": run.id})
        return shown
    answer: Values = next_action(context, data_dict)
    return answer
