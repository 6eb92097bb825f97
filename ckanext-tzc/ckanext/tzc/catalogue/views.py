"""Answers to what CKAN's and its extensions' own views do not expect; the catalogue room has no page of its own."""
from __future__ import annotations

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckan.lib.search import SearchError
from flask import Blueprint, Response, g, request
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


@catalogue.after_app_request
def as_if_not_there(response: Response) -> Response:
    """A page about a dataset that the reader does not see is as unknown as one about none. CKAN's own handler of refusals goes before any of ours."""
    if response.status_code == Forbidden.code and response.mimetype == "text/html":
        named = [value for name, value in (request.view_args or {}).items() if name in {"id", "name", "resource_id"} and isinstance(value, str)]
        if any(map(_is_hidden, named)):
            g.pop("_webassets", None)  # the page of the refusal has asked for its files, and each is given once a request
            page, response.status_code = _page(NotFound())
            response.data = page
    return response


def _is_hidden(name: str) -> bool:
    file = model.Resource.get(name)
    package = model.Package.get(file.package_id if file else name)
    return package is not None and not tk.h.check_access("package_show", {"id": package.id})


def _page(error: HTTPException) -> Page:
    code = int(error.code or 500)
    shown = {"code": code, "name": error.name, "content": error.description, "show_login_redirect_link": code == Forbidden.code and tk.current_user.is_anonymous}
    return tk.render("error_document_template.html", shown), code
