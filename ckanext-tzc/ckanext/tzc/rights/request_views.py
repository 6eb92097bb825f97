"""The pages of requests: the form, the thread, one's own, and what waits for one's decision."""
from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlsplit

import ckan.plugins.toolkit as tk
from ckanext.tzc.common import ways
from ckanext.tzc.common.numbers import whole_number
from flask import Blueprint, Response, request

from tzc.rights import requests

from . import life, single_columns, uploading
from .columns import tells

asking = Blueprint("tzc_requests", __name__, url_prefix="/demandes")

DAYS = (7, 30, 90, 180, 365, 730, 1096)
"""Choices of the form, as far as the portal allows them."""

USUAL_DAYS = "180"

PAGE = 50
"""Entries of a page."""

LISTS = ("datasets", "resources", "terms")


@asking.before_request
def only_with_an_account() -> Response | str | None:
    """Others sign in first, or come in by e-mail, and come back."""
    if tk.current_user.is_authenticated:
        return None
    if request.method == "GET" and "tzc_guests_open" in tk.h and tk.h.tzc_guests_open():
        page: str = tk.render("requests/ways.html", {"wanted": ways.here()})
        return page
    answer: Response = tk.redirect_to("user.login", came_from=ways.here())
    return answer


def _call(action: str, **data: Any) -> Any:
    return tk.get_action(action)({"user": tk.current_user.name}, data)


def _typed() -> dict[str, Any]:
    """What was sent by the form, as the actions take it."""
    typed: dict[str, Any] = {name: request.form.get(name, "") for name in ("purpose", "words", "project", "organisation", "days", "key", "renews")}
    typed.update({name: request.form.getlist(name) for name in LISTS})
    typed["columns"] = single_columns.typed(request.form.getlist("columns"))
    typed["datasets"] += [name for name in map(_name, request.form.get("more", "").replace(",", "\n").splitlines()) if name]
    typed["team"] = request.form.get("team", "").replace(",", "\n").split()
    return typed


def _other_data(typed: dict[str, Any]) -> bool:
    """Whether a button was pressed that adds a dataset or takes one out: files, columns and terms are to be seen before anything is sent."""
    out = request.form.get("without", "")
    typed["datasets"] = [name for name in typed["datasets"] if name != out]
    return bool(out) or "add" in request.form


def _name(line: str) -> str:
    """A dataset's name, of what somebody typed: the name, or the address of its page."""
    return urlsplit(line.strip()).path.rstrip("/").rpartition("/")[2]


@asking.route("/nouvelle", methods=["GET", "POST"])
def new() -> Any:
    """The form, one page."""
    if request.method == "GET":
        if request.args.get("renews"):
            return _renewal(request.args["renews"])
        names = [name for name in request.args.getlist("dataset") if name]
        return _form({"datasets": names, "resources": request.args.getlist("resource"), "days": USUAL_DAYS, "key": secrets.token_urlsafe(16)}, {})
    typed = _typed()
    if _other_data(typed):
        return _form(typed, {})
    submit = "keep" not in request.form
    try:
        made = uploading.with_files("tzc_request_create", **typed, submit=submit)
    except tk.ValidationError as error:
        return _form(typed, error.error_dict), 400
    sent = tk._("Your request is sent. The partner is told; you see here what becomes of it.")
    kept = tk._("Kept as a draft: nobody else sees it until you send it.")
    tk.h.flash_success(sent if submit else kept)
    return tk.redirect_to("tzc_requests.thread", id=made["id"])


def _renewal(id: str) -> Any:
    """The form filled in with what was asked before: the right that is there stays until the partner has decided."""
    shown = _shown(id)
    if shown["yours"] and (waiting := next((part["renewal"] for part in shown["parts"] if part["renewal"]), None)):
        tk.h.flash_notice(tk._("The renewal of this right is asked for already: here it is."))
        return tk.redirect_to("tzc_requests.thread", id=waiting)
    parts = [part for part in shown["parts"] if part["state"] == requests.GRANTED] if shown["yours"] else []
    datasets = [dataset for part in parts for dataset in part["datasets"]]
    kept = {name: shown[name] for name in ("purpose", "words", "project", "organisation", "days")}
    scope = _scope(datasets)
    return _form({**kept, **scope, "team": shown["team_names"], "key": secrets.token_urlsafe(16), "renews": id}, {})


def _scope(datasets: list[dict[str, Any]]) -> dict[str, Any]:
    """What a request was for, as the form takes it."""
    return {
        "datasets": [dataset["id"] for dataset in datasets],
        "resources": [file for dataset in datasets for file in dataset["resources"]],
        "columns": {file: names for dataset in datasets for file, names in dataset["columns"].items()},
    }


@asking.route("/<id>/completer", methods=["GET", "POST"])
def complete(id: str) -> Any:
    """The form of a draft, or of a request that was sent back."""
    shown = _shown(id)
    if not shown["yours"] or not any(part["state"] in (requests.DRAFT, requests.CHANGES_REQUESTED) for part in shown["parts"]):
        return tk.redirect_to("tzc_requests.thread", id=id)
    if request.method == "GET":
        scope = _scope([dataset for part in shown["parts"] if part["state"] in requests.OPEN for dataset in part["datasets"]])
        kept = {name: shown[name] for name in ("purpose", "words", "project", "organisation", "days")}
        kept["days"] = kept["days"] or USUAL_DAYS
        return _form({**kept, **scope, "team": shown["team_names"], "terms": [row["hash"] for row in shown["accepted"]]}, {}, shown)
    typed = _typed()
    if _other_data(typed):
        return _form(typed, {}, shown)
    try:
        uploading.with_files("tzc_request_submit", id=id, **{name: value for name, value in typed.items() if name not in ("key", "renews")})
    except tk.ValidationError as error:
        return _form(typed, error.error_dict, shown), 400
    tk.h.flash_success(tk._("Your request is sent. The partner is told; you see here what becomes of it."))
    return tk.redirect_to("tzc_requests.thread", id=id)


def _form(typed: dict[str, Any], errors: dict[str, Any], shown: dict[str, Any] | None = None) -> str:
    names, scope, terms = typed["datasets"], dict(errors), []
    datasets = []
    for name in dict.fromkeys(names):
        try:
            datasets.append(_call("package_show", id=name))
        except (tk.ObjectNotFound, tk.NotAuthorized):
            continue
    # a name that was mistyped is told, and not asked for again
    typed = {**typed, "datasets": [package["name"] for package in datasets]}
    # what is decided stays, and is not asked for again
    settled = [part for part in shown["parts"] if part["state"] not in requests.OPEN] if shown else []
    try:
        terms = _call("tzc_request_terms", datasets=names)["terms"]
    except tk.ValidationError as error:
        scope = {**error.error_dict, **scope}
    tables = single_columns.of_tables([file["id"] for package in datasets for file in package["resources"] if tells(file)])
    most = int(tk.config["tzc.rights.most_days"])
    choices = sorted({*(days for days in DAYS if days <= most), *([int(typed["days"])] if whole_number(typed.get("days"), least=1, digits=4) else [])})
    page: str = tk.render(
        "requests/form.html",
        {"typed": typed, "errors": scope, "datasets": datasets, "tables": tables, "terms": terms, "shown": shown, "settled": settled, "choices": choices},
    )
    return page


def _shown(id: str) -> Any:
    try:
        return _call("tzc_request_show", id=id)
    except tk.ObjectNotFound:
        return tk.abort(404, tk._("There is no such request."))


@asking.route("/<id>")
def thread(id: str) -> Any:
    """A request: where it stands, what can be done, what was said. For whom it names: what it gives them."""
    try:
        return _member(_call("tzc_request_join_show", id=id), {})
    except tk.ObjectNotFound:
        return _thread(_shown(id), {}, {})


def _member(joined: dict[str, Any], errors: dict[str, Any]) -> str:
    page: str = tk.render("requests/member.html", {"joined": joined, "errors": errors})
    return page


@asking.route("/<id>/rejoindre", methods=["POST"])
def join(id: str) -> Any:
    """One of the team accepts the terms."""
    try:
        _call("tzc_request_join", id=id, terms=request.form.getlist("terms"))
    except tk.ObjectNotFound:
        return tk.abort(404, tk._("There is no such request."))
    except tk.ValidationError as error:
        return _member(_call("tzc_request_join_show", id=id), error.error_dict), 400
    tk.h.flash_success(tk._("You have accepted the terms: your right is open."))
    return tk.redirect_to("tzc_requests.thread", id=id)


def _thread(shown: dict[str, Any], typed: dict[str, str], errors: dict[str, Any]) -> str:
    with_reason, with_days = life.WITH_REASON, life.GIVES_TERM
    page: str = tk.render("requests/thread.html", {"shown": shown, "typed": typed, "errors": errors, "with_reason": with_reason, "with_days": with_days})
    return page


@asking.route("/<id>/decision", methods=["POST"])
def move(id: str) -> Any:
    """A button of the thread."""
    typed = {name: request.form.get(name, "") for name in ("move", "part", "reason", "days")}
    try:
        _call("tzc_request_move", id=id, **typed)
    except tk.ObjectNotFound:
        return tk.abort(404, tk._("There is no such request."))
    except tk.ValidationError as error:
        return _thread(_shown(id), typed, error.error_dict), 400
    tk.h.flash_success(tk._("Done. Those concerned are told."))
    return tk.redirect_to("tzc_requests.thread", id=id)


@asking.route("/<id>/message", methods=["POST"])
def message(id: str) -> Any:
    """A message in the thread."""
    typed = {name: request.form.get(name, "") for name in ("text", "part")}
    try:
        uploading.with_files("tzc_request_message", id=id, **typed)
    except tk.ObjectNotFound:
        return tk.abort(404, tk._("There is no such request."))
    except tk.ValidationError as error:
        return _thread(_shown(id), typed, error.error_dict), 400
    return tk.redirect_to("tzc_requests.thread", id=id, _anchor="thread")


@asking.route("/")
def mine() -> Any:
    """One's own requests."""
    return _list("mine")


@asking.route("/a-decider")
def queue() -> Any:
    """What waits for one's decision, the earliest deadline first."""
    return _list("queue")


@asking.route("/decidees")
def decided() -> Any:
    """What does not wait any more."""
    return _list("decided")


@asking.route("/droits")
def rights() -> Any:
    """One's own rights."""
    return _list("rights")


def _list(kind: str) -> str:
    number = whole_number(request.args.get("page", "1"), least=1, digits=6) or 1
    bounds = {"offset": (number - 1) * PAGE, "limit": PAGE}
    if kind == "rights":
        found = _call("tzc_grant_list", **bounds)
        entries = found["grants"]
    else:
        found = _call("tzc_request_list", **bounds, **({kind: True} if kind != "mine" else {}))
        entries = found["requests"]
    waiting = found["count"] if kind == "queue" else _call("tzc_request_list", queue=True, limit=0)["count"]
    decides = kind in ("queue", "decided") or bool(waiting) or bool(_call("tzc_request_list", decided=True, limit=0)["count"])
    page: str = tk.render("requests/list.html", {"kind": kind, "entries": entries, "waiting": waiting, "decides": decides, "page": number, "older": found["count"] > number * PAGE})
    return page
