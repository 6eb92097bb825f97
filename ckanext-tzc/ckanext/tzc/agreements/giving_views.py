"""The pages of what partners offer by themselves: giving access to a dataset, an invitation, a link for one recipient."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
from ckanext.tzc.common import headers, ways
from flask import Blueprint, Response, request

from . import linking

giving = Blueprint("tzc_giving", __name__)

ACTS = {"invite": "tzc_invitation_create", "withdraw": "tzc_invitation_withdraw", "link": "tzc_link_create", "revoke": "tzc_link_revoke"}
"""Buttons of the page of a dataset."""

FIELDS = ("account", "email", "purpose", "words", "days", "file", "count", "id")


@giving.before_request
def keep_private() -> None:
    """All these pages are for one reader."""
    headers.keep_private()


def _sign_in() -> Response:
    answer: Response = tk.redirect_to("user.login", came_from=ways.here())
    return answer


def _call(action: str, **data: Any) -> Any:
    try:
        return tk.get_action(action)({"user": tk.current_user.name}, data)
    except tk.ObjectNotFound as error:
        return tk.abort(404, str(error))
    except tk.NotAuthorized as error:
        return tk.abort(403, str(error))


@giving.route("/dataset/partage/<name>", methods=["GET", "POST"])
def dataset(name: str) -> Any:
    """Invitations and links to a dataset, for who decides on it."""
    if not tk.current_user.is_authenticated:
        return _sign_in()
    invitations = _call("tzc_invitation_list", dataset=name)
    typed, errors, made, act = {field: request.form.get(field, "") for field in FIELDS}, {}, None, request.form.get("act", "")
    if request.method == "POST" and act in ACTS:
        given = {field: value for field, value in typed.items() if value}
        try:
            made = _call(ACTS[act], **given, dataset=name, resources=request.form.getlist("resources"))
        except tk.ValidationError as error:
            errors = error.error_dict
        if act != "link" and not errors:
            tk.h.flash_success(tk._("Done. Those concerned are told."))
            return tk.redirect_to("tzc_giving.dataset", name=name)
        if made:
            typed = dict.fromkeys(FIELDS, "")
        invitations = _call("tzc_invitation_list", dataset=name)
    package = _call("package_show", id=name)
    files, no_link = linking.choices(package["id"])
    page = tk.render(
        "agreements/giving.html",
        {
            "pkg_dict": package, "pkg": package, "invitations": invitations, "links": _call("tzc_link_list", dataset=name), "typed": typed, "errors": errors, "act": act,
            "link": made if act == "link" else None, "files": files, "no_link": no_link, "most_days": linking.MOST_DAYS, "most_downloads": linking.MOST_DOWNLOADS,
        },
    )  # fmt: skip
    return page, 400 if errors else 200


@giving.route("/invitations/<id>", methods=["GET", "POST"])
def invitation(id: str) -> Any:
    """An invitation: its terms, and two buttons."""
    if not tk.current_user.is_authenticated:
        return tk.render("agreements/invitation.html", {"shown": None, "errors": {}, "terms": []})
    shown, errors = _call("tzc_invitation_show", id=id), {}
    if request.method == "POST":
        try:
            if request.form.get("act") == "decline":
                _call("tzc_invitation_decline", id=id)
                tk.h.flash_success(tk._("Done. Those concerned are told."))
                return tk.redirect_to("tzc_giving.invitation", id=id)
            made = _call("tzc_invitation_accept", id=id, terms=request.form.getlist("terms"))
            return tk.redirect_to("tzc_requests.thread", id=made["id"])
        except tk.ValidationError as error:
            errors = error.error_dict
    terms = []
    if shown["yours"] and shown["waits"]:
        try:
            terms = _call("tzc_request_terms", datasets=[shown["dataset"]["id"]])["terms"]
        except tk.ValidationError as error:
            errors = {**errors, **error.error_dict}
    return tk.render("agreements/invitation.html", {"shown": shown, "errors": errors, "terms": terms}), 400 if request.method == "POST" else 200


@giving.route("/liens/<secret>", methods=["GET", "POST"])
def link(secret: str) -> Any:
    """A link for one recipient: a page with a button, and the file once it is pressed."""
    found, why, status = linking.of_secret(secret), "", 200
    if found is None:
        return tk.abort(404, tk._("There is no such link."))
    if request.method == "POST":
        answer, why = linking.take(secret)
        if answer is not None:
            return _alone(answer)
        status = 410
    shown = linking.shown(found)
    page = tk.render("agreements/link.html", {"shown": shown, "why": why or shown["why"]})
    return _alone(Response(page, status=410 if shown["why"] else status))


def _alone(answer: Response) -> Response:
    """Its address is the key: no other page and no search engine learns it."""
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer
