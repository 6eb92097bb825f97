"""Input that CKAN's actions and the database fail on, refused with a reason before it gets there."""
from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import ckan.plugins.toolkit as tk
from ckanext.datastore.blueprint import DUMP_FORMATS
from ckanext.tzc.common.numbers import whole_number
from flask import Blueprint, Response, request

from tzc.catalogue import arguments

from . import unanswerable
from .api_errors import refusal

odd_input = Blueprint("tzc_odd_input", __name__)

DEEPEST, LARGEST_SEARCHED = 40, 1024**2
"""Lists in lists, and bytes of a body in which every value is looked at: rows of a table come in larger ones, and the DataStore tells of those itself."""
LARGEST_NUMBER = 2**63
LISTS = {"dataset.search", "organization.index", "organization.read", "group.index", "group.read", "user.index"}
"""CKAN's pages that take a page and an order from the address as they come; its feeds do too."""
COUNTS = {"limit", "offset", "rows", "start", "facet.limit", "facet.mincount"}
BY_THE_INDEX = {"package_autocomplete", "current_package_list_with_resources"}
"""Actions that hand such a number to Solr as it is, which counts in 31 bits."""
GROUPS = {"group_list", "organization_list"}
"""Actions that read an order themselves, and fail on one that is none."""
OBJECTS = {"users", "packages", "extras", "tags"}
"""Values of a partner or axis that must be lists of objects. A dataset's are looked at where it is saved."""
TEXTS = {"package_search": {"q", "sort"}, "package_show": {"id"}, "group_list": {"groups", "sort"}, "organization_list": {"organizations", "sort"}}
"""Values of an action that must be texts, or lists of them."""


@odd_input.before_app_request
def refuse() -> Response | None:
    """Before any view of the API or of a table's download."""
    if request.endpoint == "datastore.dump":
        reason = _of_dump()
        return Response(f"{reason}\n", 400, content_type="text/plain; charset=utf-8") if reason else None
    # forms of descriptions mend it; CKAN's of accounts fail on it
    if request.blueprint == "user" and any("\x00" in value for values in request.form.listvalues() for value in values):
        tk.abort(400, tk._("A value holds a character that no text has (NUL)."))
    if request.endpoint == "user.edit" and request.method == "POST" and "save" in request.form and tk.current_user.is_authenticated:
        _refuse_account()
    if request.endpoint in LISTS or request.blueprint in {"feeds", "tzc_news"}:
        _refuse_list()
    if request.blueprint != "api":
        return None
    action = (request.view_args or {}).get("logic_function", "")
    reason = _of_api(action)
    if reason:
        return refusal(400, "Validation Error", reason)
    return unanswerable.refused(action, _given()) if action else None


def _given() -> dict[str, Any]:
    """The values of a question to the API, where CKAN finds them: fields of a form, a body, or the address."""
    form, body = request.form.to_dict(), None
    if len(form) == 1 and next(iter(form.values())) in ("", "1"):
        # a body that says it is a form
        body = _inner(next(iter(form)))
    elif request.data and not form:
        body = request.get_json(force=True, silent=True)
    return body if isinstance(body, dict) else form or request.args.to_dict()


@odd_input.app_errorhandler(tk.ValidationError)
def refuse_question(error: tk.ValidationError) -> Response:
    """A question to a table's download that the DataStore refuses, as of a column that is not there or not given: CKAN's view does not look. Elsewhere it stays a failure."""
    if request.endpoint != "datastore.dump":
        raise error
    reasons = [f"{name}: {'; '.join(str(one) for one in (told if isinstance(told, list) else [told]))}" for name, told in error.error_dict.items()]
    return Response("\n".join(reasons) + "\n", 400, content_type="text/plain; charset=utf-8", headers={"Cache-Control": "private, no-store"})


def _refuse_account() -> None:
    """CKAN's view takes for granted what the form of an account holds."""
    form = request.form
    if len(form.getlist("email")) != 1:
        tk.abort(400, tk._("{name} must be given.").format(name="email"))
    asks = form["email"] != tk.current_user.email or (form.get("password1") and form.get("password2"))
    if asks and len(form.getlist("old_password")) != 1:
        tk.abort(400, tk._("Whoever changes a password or an address of e-mail gives their own present password, too (old_password)."))


def _refuse_list() -> None:
    for page in request.args.getlist("page"):
        if not arguments.is_page(page):
            tk.abort(400, tk._("The number of a page is a whole number from 1 up, of at most {digits} digits.").format(digits=arguments.LAST_PAGE_DIGITS))
    for order in request.args.getlist("sort"):
        if not arguments.is_order(order):
            tk.abort(400, _no_order())


def _no_order() -> str:
    return tk._("An order is written as “title asc, metadata_modified desc”: names of fields, parted by commas, each with asc or desc.")


def _of_dump() -> str | None:
    if request.args.get("format", "csv") not in DUMP_FORMATS:
        return tk._("There is no such format. There are: {extensions}.").format(extensions=", ".join(sorted(DUMP_FORMATS)))
    wrong = next((name for name in ("limit", "offset") if request.args.get(name) and whole_number(request.args[name]) is None), None)
    return _no_count(wrong) if wrong else None


def _no_count(name: str) -> str:
    return tk._("{name} must be a whole number from {least} up.").format(name=name, least=0)


def _of_api(action: str) -> str | None:
    if action.startswith("package_collaborator_"):
        # CKAN's own refusal is a failure of its own
        return tk._("This portal gives no rights to single people: whoever works on a dataset is one of the members of its partner.")
    if any("\x00" in part for pair in request.args.items(multi=True) for part in pair):
        return tk._("A value holds a character that no text has (NUL).")
    if "callback" in request.args:
        # it would make any answer a script of this very address, which our policy lets run
        return tk._("JSONP is not offered: leave callback out, and read the answer as JSON.")
    wrong = _of_question(action)
    if wrong:
        return wrong
    try:
        body = request.get_json(silent=True) if request.is_json else None
    except RecursionError:
        return tk._("Lists stand in lists too deep.")
    if not isinstance(body, dict):
        return next(_faults(_inner(request.args.get("filters"))), None)
    wrong = _of_values(action, body)
    if wrong:
        return wrong
    return next(_faults([body, _inner(body.get("filters"))]), None) if (request.content_length or 0) <= LARGEST_SEARCHED else None


def _of_question(action: str) -> str | None:
    """What is wrong with the numbers and the order that stand in the address."""
    for name in COUNTS & set(request.args):
        given, most = request.args[name], 9 if action in BY_THE_INDEX else 18
        if not given.strip() or (len(given) > most and given.lstrip("+-").isdigit()):
            return _no_count(name)
    return _no_order() if action in GROUPS and not arguments.is_order(request.args.get("sort", "")) else None


def _of_values(action: str, body: dict[str, Any]) -> str | None:
    """What is wrong with the kinds of values in a body."""
    wrong = next((name for name in sorted(TEXTS.get(action, set())) if not _is_text(body.get(name))), None)
    if wrong:
        return tk._("{name} must be a text.").format(name=wrong)
    objects = OBJECTS & body.keys() if action.startswith(("organization_", "group_")) else set()
    wrong = next((name for name in sorted(objects) if not _is_objects(body[name])), None)
    if wrong:
        return tk._("{name} must be a list of objects.").format(name=wrong)
    order = body.get("sort") if action in GROUPS else None
    return _no_order() if isinstance(order, str) and not arguments.is_order(order) else None


def _is_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def _inner(value: Any) -> Any:
    """JSON in a text, as filters may come; None where it is none, as the action says."""
    try:
        return json.loads(value) if isinstance(value, str) else None
    except (ValueError, RecursionError):
        return None


def _is_text(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(one, str) for one in value)
    return value is None or isinstance(value, (str, int)) or (isinstance(value, float) and math.isfinite(value))


def _faults(body: Any) -> Iterator[str]:
    waiting = [(body, 0)]
    while waiting:
        value, depth = waiting.pop()
        if depth > DEEPEST:
            yield tk._("Lists stand in lists too deep.")
        elif isinstance(value, dict):
            waiting += [(part, depth + 1) for pair in value.items() for part in pair]
        elif isinstance(value, list):
            waiting += [(part, depth + 1) for part in value]
        elif isinstance(value, str) and "\x00" in value:
            yield tk._("A value holds a character that no text has (NUL).")
        elif isinstance(value, (int, float)) and not abs(value) < LARGEST_NUMBER:
            yield tk._("A number is too large.")
