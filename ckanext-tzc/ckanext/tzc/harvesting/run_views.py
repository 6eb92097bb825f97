"""Pages of the engine's runs: what a plan would do, and what may be asked of a run. Everything that changes something is a form."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
from ckanext.tzc.common.headers import keep_private
from flask import Blueprint, Response, jsonify

from . import reports, views
from .engine import restoring, store, telling, unindexed

runs = Blueprint("tzc_harvest_runs", __name__)

ENTRIES = 50
"""Entries of a plan on a page."""

ORDERS: dict[str, tuple[str, dict[str, Any]]] = {
    "dry-run": ("tzc_harvest_dry_run", {}),
    "plan-again": ("tzc_harvest_dry_run", {"again": True}),
    "approve": ("tzc_harvest_approve", {}),
    "give-up": ("tzc_harvest_stop", {}),
    "pause": ("tzc_harvest_pause", {}),
    "resume": ("tzc_harvest_pause", {"resume": True}),
}
"""What a button asks for, by the end of its address."""


@runs.route("/harvest/<name>/job/<identifier>/plan")
def plan(name: str, identifier: str) -> views.Page:
    """What a run would do, or what became of it, record by record."""
    package = views._source(name)
    run = store.run(identifier)
    if run is None or run.source_id != package.id:
        tk.abort(404, tk._("There is no such run."))
    kind = tk.request.args.get("kind", "")
    kind = kind if kind in telling.KINDS else ""
    number = views._page_asked()
    found, count = telling.entries(run, {"change": kind}, ENTRIES, (number - 1) * ENTRIES)
    told = {"run": telling.status(run), "kinds": reports.kinds_found(run.counts), "kind": kind, "entries": found, "page": views._pages(number, count, ENTRIES)}
    told["restorable"] = restoring.count(run.id)
    page: views.Page = tk.render("harvesting/plan.html", {"source": reports.standing(package), "begun": run.begun, **told})
    return page


@runs.route("/harvest/<name>/job/<identifier>/progress")
def progress(name: str, identifier: str) -> Response:
    """How a run goes, for the script of its page: `{"tone", "words", "counts", "rests"}`, see `reports.run`; kept by nobody."""
    package = views._source(name)
    told = reports.run(views._run(package, identifier))
    keep_private()
    return jsonify({key: told[key] for key in ("tone", "words", "counts", "rests")})


def _said(order: str) -> str:
    """What is told after an order."""
    words = {
        "dry-run": tk._("The catalogue is being listed. This page says when the plan is ready."),
        "plan-again": tk._("The plan is given up, and the catalogue is being listed again. This page says when the new plan is ready."),
        "approve": tk._("The plan is being done. This page says how it goes."),
        "give-up": tk._("It ends. What was done stays, what was planned is not done."),
        "pause": tk._("It is paused as soon as the datasets that are being written are done."),
        "resume": tk._("It goes on."),
    }
    return str(words[order])


@runs.route("/harvest/<name>/order/<order>", methods=["POST"])
def ask(name: str, order: str) -> Response:
    """One order to a source or its run."""
    package = views._source(name)
    if order not in ORDERS:
        tk.abort(404, tk._("There is no such page."))
    action, more = ORDERS[order]
    try:
        tk.get_action(action)(views._context(), {"source": package.id, **more})
    except tk.ValidationError as error:
        tk.h.flash_error("; ".join(str(words) for words in error.error_summary.values()))
    else:
        tk.h.flash_success(_said(order))
    return views._to_source(package)


@runs.route("/harvest/<name>/job/<identifier>/restore", methods=["POST"])
def restore(name: str, identifier: str) -> Response:
    """Take back what a run deleted."""
    package = views._source(name)
    told = tk.get_action("tzc_harvest_restore")(views._context(), {"source": package.id, "run": identifier})
    done = told["restored"]
    if told.get("unindexed"):
        tk.h.flash_notice(unindexed.words())
    tk.h.flash_success(str(tk.ungettext("%(num)d dataset is back.", "%(num)d datasets are back.", done)) % {"num": done})
    answer: Response = tk.h.redirect_to("tzc_harvest_runs.plan", name=package.name, identifier=identifier)
    return answer
