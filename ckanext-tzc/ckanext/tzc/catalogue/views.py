"""Answers to what CKAN's and its extensions' own views do not expect; the catalogue room has no page of its own."""
from __future__ import annotations

import ckan.plugins.toolkit as tk
from ckan.lib.search import SearchError
from flask import Blueprint, request
from werkzeug.exceptions import BadRequest, Forbidden, HTTPException, NotFound

catalogue = Blueprint("tzc_catalogue", __name__)

Page = tuple[str, int]


@catalogue.before_app_request
def refuse_null_characters() -> None:
    """No address holds them; PostgreSQL fails on them."""
    if "\x00" in request.path or any("\x00" in value for values in request.args.listvalues() for value in values):
        tk.abort(404)


@catalogue.app_errorhandler(SearchError)
def question_refused(error: SearchError) -> Page:
    """A question that the index does not understand."""
    return _page(BadRequest(tk._("This question cannot be answered. Write it in other words, or take a filter away.")))


@catalogue.app_errorhandler(tk.ObjectNotFound)
def not_found(error: tk.ObjectNotFound) -> Page:
    """A dataset, file or partner that is not there, where a view did not look."""
    return _page(NotFound())


@catalogue.app_errorhandler(tk.NotAuthorized)
def not_allowed(error: tk.NotAuthorized) -> Page:
    """Something that the reader may not do, where a view did not look."""
    return _page(Forbidden(str(error.message or "")))


def _page(error: HTTPException) -> Page:
    code = int(error.code or 500)
    shown = {"code": code, "name": error.name, "content": error.description, "show_login_redirect_link": code == Forbidden.code and tk.current_user.is_anonymous}
    return tk.render("error_document_template.html", shown), code
