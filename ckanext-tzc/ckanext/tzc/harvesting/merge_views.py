"""Pages of two datasets that are the same: which one stays, what comes along, the other partner's yes, and the way back. The old address leads to the one that stays."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from flask import Blueprint, Response, redirect, request

from . import merges, views
from .engine import unindexed

merged = Blueprint("tzc_merges", __name__)

SHOWN = 20
"""Merges on a page."""

OF_DATASET = {"dataset.read", "dcat.read_dataset"}
OF_FILE = {"dataset_resource.read", "dataset_resource.download"}
"""Pages whose address goes on to the dataset that stays."""


@merged.before_app_request
def leads_on() -> Response | None:
    """The address of a dataset that was withdrawn leads to the one that stays, for who may see that; of a file that came along, to the file there."""
    if request.method not in {"GET", "HEAD"} or request.endpoint not in OF_DATASET | OF_FILE:
        return None
    given = dict(request.view_args or {})
    key = "_id" if "_id" in given else "id"
    found = merges.leads_to(str(given.get(key, "")))
    if found is None:
        return None
    kept, files = model.Package.get(found[0]), found[1]
    if kept is None or kept.state != "active" or not tk.h.check_access("package_show", {"id": kept.id}):
        return None
    known = request.endpoint in OF_DATASET or given.get("resource_id") in files
    address = tk.url_for(request.endpoint, **{**given, key: kept.name}) if known else tk.url_for("dataset.read", id=kept.name)
    answer: Response = redirect(address, 301)  # type: ignore[assignment] -- Flask's own class of answers
    # the merge can be undone: who comes again asks again
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@merged.route("/doublons")
def index() -> views.Page:
    """Merges of one's datasets, and proposals that wait."""
    number = views._page_asked()
    try:
        found = tk.get_action("tzc_harvest_merges")(views._context(), {"limit": SHOWN, "offset": (number - 1) * SHOWN})
    except tk.NotAuthorized:
        return tk.abort(403, tk._("Sign in first."))
    page: views.Page = tk.render("harvesting/merges.html", {"found": found, "page": views._pages(number, found["count"], SHOWN)})
    return page


def _shown(one: str, other: str) -> dict[str, Any]:
    try:
        told: dict[str, Any] = tk.get_action("tzc_harvest_double_show")(views._context(), {"one": one, "other": other})
    except (tk.ObjectNotFound, tk.NotAuthorized):
        tk.abort(404, tk._("There is no such pair, or it is not for you to see."))
    return told


@merged.route("/doublons/<one>/<other>")
def pair(one: str, other: str) -> views.Page:
    """Two datasets that seem to be the same."""
    page: views.Page = tk.render("harvesting/merge.html", _shown(one, other))
    return page


def _said(order: str, state: str) -> str:
    merged = tk._("They are merged: the other address leads to the dataset that stays.")
    words = {
        "merge": tk._("The other partner is asked; nothing is done before the yes.") if state == merges.ASKED else merged,
        "agree": merged,
        "refuse": tk._("The proposal is dropped; both datasets stay."),
        "undo": tk._("The merge is taken back: both datasets are there again."),
    }
    return str(words[order])


@merged.route("/doublons/<one>/<other>", methods=["POST"])
def decide(one: str, other: str) -> Response:
    """Merge, answer, or take back."""
    _shown(one, other)
    sent, pair_of = request.form, {"one": one, "other": other}
    orders: dict[str, tuple[str, dict[str, Any]]] = {
        "merge": ("tzc_harvest_double_merge", {"keep": sent.get("keep", ""), "files": sent.getlist(f"files-{sent.get('keep', '')}")}),
        "agree": ("tzc_harvest_double_answer", {"agree": True}),
        "refuse": ("tzc_harvest_double_answer", {"agree": False}),
        "undo": ("tzc_harvest_double_undo", {}),
    }
    order = sent.get("order", "")
    if order not in orders:
        tk.abort(400, tk._("There is no such order."))
    action, more = orders[order]
    try:
        answer = tk.get_action(action)(views._context(), {**pair_of, **more})
    except tk.ValidationError as error:
        tk.h.flash_error("; ".join(str(words) for words in error.error_summary.values()))
    except tk.NotAuthorized as error:
        tk.abort(403, str(error.message or ""))
    else:
        tk.h.flash_success(_said(order, str(answer.get("state", ""))))
        if answer.get("unindexed"):
            tk.h.flash_notice(unindexed.words())
    try:
        tk.get_action("tzc_harvest_double_show")(views._context(), dict(pair_of))
        back: Response = tk.h.redirect_to("tzc_merges.pair", **pair_of)
    except tk.ObjectNotFound:  # a proposal was dropped whose other dataset is hidden by now
        back = tk.h.redirect_to("tzc_merges.index")
    return back
