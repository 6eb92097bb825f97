"""The page of a partner's own terms: what is in force, each version, and writing a new one; and that of terms as they were accepted."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
from ckanext.tzc.common import headers, ways
from flask import Blueprint, request

partner_terms = Blueprint("tzc_terms", __name__)


def _call(action: str, **data: Any) -> Any:
    return tk.get_action(action)({"user": tk.current_user.name}, data)


@partner_terms.route("/organization/conditions/<name>", methods=["GET", "POST"])
def page(name: str) -> Any:
    """What is in force, since when and by whom; a form with a preview."""
    if not tk.current_user.is_authenticated:
        return tk.redirect_to("user.login", came_from=ways.here())
    try:
        listed = _call("tzc_request_terms_list", id=name)
    except tk.ObjectNotFound:
        return tk.abort(404, tk._("There is no such partner."))
    except tk.NotAuthorized:
        return tk.abort(403, tk._("Only who decides for the partner, or reviews its licences, sets its terms."))
    if request.method == "GET":
        own = listed["in_force"]["texts"] if listed["own"] else {}
        return _page(listed, {**own, "before": listed["in_force"]["hash"]}, {})
    typed = {key: request.form.get(key, "") for key in ("fr", "en", "before")}
    if "preview" in request.form:
        return _page(listed, typed, {}, preview=True)
    texts = {} if "portal" in request.form else {language: typed[language] for language in ("fr", "en") if typed[language].strip()}
    if not texts and "portal" not in request.form:
        return _page(listed, typed, {"texts": [tk._("Please fill this in.")]}), 400
    try:
        _call("tzc_request_terms_set", id=listed["partner"], texts=texts, before=typed["before"])
    except tk.ValidationError as error:
        return _page(_call("tzc_request_terms_list", id=name), typed, error.error_dict), 400
    tk.h.flash_success(tk._("From now on the portal's terms count again.") if not texts else tk._("From now on these terms count: who asks reads and accepts them."))
    return tk.redirect_to("tzc_terms.page", name=name)


@partner_terms.route("/demandes/<id>/conditions/<hash>")
def accepted(id: str, hash: str) -> Any:
    """The terms that were accepted for a request, as they were."""
    if not tk.current_user.is_authenticated:
        return tk.redirect_to("user.login", came_from=ways.here())
    headers.keep_private()
    try:
        shown = _call("tzc_request_terms_show", id=id, hash=hash)
    except tk.ObjectNotFound as error:
        return tk.abort(404, str(error))
    return tk.render("requests/accepted.html", {"shown": shown})


def _page(listed: dict[str, Any], typed: dict[str, str], errors: dict[str, list[str]], preview: bool = False) -> str:
    partner = tk.get_action("organization_show")({"user": tk.current_user.name}, {"id": listed["partner"], "include_datasets": False, "include_users": False})
    if errors.get("before"):
        typed = {**typed, "before": listed["in_force"]["hash"]}
    variables = {"group_dict": partner, "group_type": "organization", "listed": listed, "typed": typed, "errors": errors, "preview": preview}
    rendered: str = tk.render("requests/terms.html", variables)
    return rendered
