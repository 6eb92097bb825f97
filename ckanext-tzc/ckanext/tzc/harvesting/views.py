"""Pages of harvests: the sources, where each stands, its runs, and what became of each record.

They stand before ckanext-harvest's, whose addresses are the same: those start, stop and delete by a mere visit (GET).
"""
from __future__ import annotations

from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.harvest.logic import HarvestJobExists, HarvestSourceInactiveError
from ckanext.harvest.model import HarvestJob, HarvestObject
from flask import Blueprint, Response

from . import reports, sources
from .bridge import telling
from .engine import reasons

harvests = Blueprint("tzc_harvests", __name__)

Page = str | Response
RUNS, DATASETS, LINES = 20, 20, 1000
"""Runs and datasets on a page, and lines of a run's log."""


def _context() -> dict[str, Any]:
    # ckanext-harvest reads these from the context itself
    return {"user": tk.current_user.name, "auth_user_obj": tk.current_user, "model": model, "session": model.Session}


def _source(name: str) -> Any:
    """The package of a source, for somebody who looks after it; ends the request for anybody else."""
    package = model.Package.get(name)
    if package is None or package.type != sources.TYPE:
        tk.abort(404, tk._("Harvest source not found"))
    try:
        tk.check_access("harvest_source_update", _context(), {"id": package.id})
    except tk.NotAuthorized:
        tk.abort(403, tk._("Only those who edit a harvest source see this."))
    return package


def _page_asked() -> int:
    asked = tk.request.args.get("page", "1")
    return max(1, int(asked)) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 1


def _pages(number: int, count: int, size: int) -> dict[str, int]:
    """What the links to other pages of a list are made of."""
    return {"page": number, "page_count": max(1, -(-count // size))}


def _to_source(package: Any) -> Response:
    answer: Response = tk.h.redirect_to("harvest.read", id=package.name)
    return answer


def _ask(package: Any, question: str, **more: Any) -> Page:
    """A question before something is lost."""
    page: Page = tk.render("harvesting/question.html", {"source": reports.standing(package), "question": question, **more})
    return page


@harvests.route("/harvest/", strict_slashes=False)
def index() -> Page:
    """The sources that the reader looks after."""
    if not tk.h.tzc_may_harvest():
        tk.abort(403, tk._("Catalogues are harvested by those who publish for a partner."))
    page: Page = tk.render("harvesting/index.html", {"found": reports.listed()})
    return page


@harvests.route("/harvest/<name>")
def source(name: str) -> Page:
    """Where a source stands, and its datasets."""
    package = _source(name)
    number = _page_asked()
    asked = {"fq": f'+harvest_source_id:"{package.id}"', "rows": DATASETS, "start": (number - 1) * DATASETS, "sort": "metadata_modified desc", "include_private": True}
    found = tk.get_action("package_search")(_context(), asked)
    more = {"datasets": found["results"], "count": found["count"], "page": _pages(number, found["count"], DATASETS), "may_stop": tk.h.check_access("harvest_job_abort")}
    page: Page = tk.render("harvesting/source.html", {"source": reports.standing(package), **more})
    return page


@harvests.route("/harvest/admin/<name>")
@harvests.route("/harvest/about/<name>")
def of_old(name: str) -> Response:
    """ckanext-harvest's pages of this: one page says it all here."""
    return _to_source(_source(name))


@harvests.route("/harvest/<name>/job")
def runs(name: str) -> Page:
    """The runs of a source."""
    package = _source(name)
    number = _page_asked()
    told, count = reports.runs(package.id, number, RUNS)
    page: Page = tk.render("harvesting/runs.html", {"source": reports.standing(package), "runs": told, "page": _pages(number, count, RUNS)})
    return page


def _run(package: Any, identifier: str) -> Any:
    job = HarvestJob.get(identifier)
    if job is None or job.source_id != package.id:
        tk.abort(404, tk._("There is no such run."))
    return job


@harvests.route("/harvest/<name>/job/last")
def last_run(name: str) -> Response:
    """The last run's report."""
    package = _source(name)
    told, _count = reports.runs(package.id, 1, 1)
    if not told:
        tk.abort(404, tk._("There was no run yet."))
    answer: Response = tk.h.redirect_to("tzc_harvests.run", name=package.name, identifier=told[0]["id"])
    return answer


@harvests.route("/harvest/<name>/job/<identifier>")
def run(name: str, identifier: str) -> Page:
    """A run's report: what came, what failed and why."""
    package = _source(name)
    job = _run(package, identifier)
    told = reports.run(job)
    why = {"listing": reasons.listing(job.id), "records": reasons.records(job.id), "still": reasons.records(told["repeats"]) if told["repeats"] else [], "most": reasons.MOST}
    page: Page = tk.render("harvesting/run.html", {"source": reports.standing(package), "run": told, "log": telling.lines(job.id, LINES, 0)[0], **why})
    return page


def _record(identifier: str) -> tuple[Any, Any]:
    """A record and the package of its source."""
    return _of_source(HarvestObject.get(identifier))


def _of_source(found: Any) -> tuple[Any, Any]:
    """The same of a record, or of none; to who does not look after its source it is as unknown as one that is not there."""
    if found is None or not tk.h.check_access("harvest_source_update", {"id": found.harvest_source_id}):
        tk.abort(404, tk._("There is no such record."))
    return found, _source(found.harvest_source_id)


@harvests.route("/harvest/object/<identifier>")
def record(identifier: str) -> Page:
    """A record as it came, and what became of it."""
    found, package = _record(identifier)
    job = reports.run(HarvestJob.get(found.harvest_job_id))
    page: Page = tk.render("harvesting/record.html", {"source": reports.standing(package), "run": job, "record": reports.record(found)})
    return page


@harvests.route("/harvest/object/<identifier>/fichier")
def record_file(identifier: str) -> Response:
    """The same to save. It came from elsewhere: browsers show it in no page of the portal."""
    found, _package = _record(identifier)
    answer = Response(reports.whole(found), mimetype="text/plain")
    answer.headers["Content-Disposition"] = f'attachment; filename="{found.id}.txt"'
    return answer


@harvests.route("/dataset/harvest_object/<identifier>")
def record_of_dataset(identifier: str) -> Response:
    """The record that a dataset was written from."""
    found, _package = _of_source(HarvestObject.filter(package_id=identifier, current=True).first())
    answer: Response = tk.h.redirect_to("tzc_harvests.record", identifier=found.id)
    return answer


@harvests.route("/harvest/refresh/<name>", methods=["GET", "POST"])
def start(name: str) -> Page:
    """Start a run."""
    package = _source(name)
    if tk.request.method == "GET":
        return _ask(package, "start")
    try:
        tk.get_action("harvest_job_create")(_context(), {"source_id": package.id, "run": True})
    except sources.BarredError as error:
        tk.h.flash_error("; ".join(str(words) for words in error.error_summary.values()))
    except HarvestJobExists:
        tk.h.flash_notice(tk._("A run waits or is under way already."))
    except HarvestSourceInactiveError:
        tk.h.flash_error(tk._("The source is deleted. Take it back first, on the page that describes it."))
    else:
        tk.h.flash_success(tk._("The harvest begins in a moment. This page says how it goes."))
    return _to_source(package)


@harvests.route("/harvest/<name>/job/<identifier>/abort", methods=["GET", "POST"])
def stop(name: str, identifier: str) -> Page:
    """Stop a run."""
    package = _source(name)
    job = _run(package, identifier)
    try:
        tk.check_access("harvest_job_abort", _context(), {"id": job.id})
    except tk.NotAuthorized:
        tk.abort(403, tk._("Only administrators stop a run."))
    if tk.request.method == "GET":
        return _ask(package, "stop", run=reports.run(job))
    tk.get_action("harvest_job_abort")(_context(), {"id": job.id})
    tk.h.flash_success(tk._("The run is stopped. What it had taken in stays."))
    return _to_source(package)


@harvests.route("/harvest/clear/<name>", methods=["GET", "POST"])
def clear(name: str) -> Page:
    """Remove for good what a source brought, and the reports of its runs."""
    package = _source(name)
    if tk.request.method == "GET":
        return _ask(package, "clear", count=_taken(package))
    tk.get_action("harvest_source_clear")(_context(), {"id": package.id})
    tk.h.flash_success(tk._("All that “%s” brought is removed.") % package.title)
    return _to_source(package)


@harvests.route("/harvest/delete/<name>", methods=["GET", "POST"])
def delete(name: str) -> Page:
    """Delete a source; with `clear` also what it brought."""
    package = _source(name)
    title, identifier = package.title, package.id
    cleared = (tk.request.values.get("clear") or "").lower() in {"true", "1"}
    if tk.request.method == "GET":
        return _ask(package, "delete", cleared=cleared, count=_taken(package))
    if cleared:
        tk.get_action("harvest_source_clear")(_context(), {"id": identifier})
    tk.get_action("harvest_source_delete")(_context(), {"id": identifier})
    tk.h.flash_success((tk._("“%s” is deleted, with all that it brought.") if cleared else tk._("“%s” is deleted. Its datasets stay.")) % title)
    answer: Response = tk.h.redirect_to("harvest.search")
    return answer


def _taken(package: Any) -> int:
    """How many datasets a source brought that are there now."""
    query = model.Session.query(HarvestObject.package_id).join(model.Package, model.Package.id == HarvestObject.package_id)
    return int(query.filter(HarvestObject.harvest_source_id == package.id, HarvestObject.current.is_(True), model.Package.state != "deleted").distinct().count())


from .access_views import access  # noqa: E402, F401 -- it uses what stands above; CKAN looks for blueprints here
from .mapping_views import mapped  # noqa: E402, F401 -- it uses what stands above; CKAN looks for blueprints here
from .merge_views import merged  # noqa: E402, F401 -- it uses what stands above; CKAN looks for blueprints here
from .run_views import runs as engine_runs  # noqa: E402, F401 -- it uses what stands above; CKAN looks for blueprints here
