"""One's notices; how one wants them; the end of mails by a link; a partner's webhook."""
from __future__ import annotations

from functools import partial
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckan.config.middleware.flask_app import csrf
from ckan.lib.helpers import Page
from ckanext.tzc.common import ways
from ckanext.tzc.common.numbers import whole_number
from ckanext.tzc.common.territory import language
from flask import Blueprint, request

from . import stopping, store, wishes

notices = Blueprint("tzc_notices", __name__)

PER_PAGE = 20


def _signed_in() -> Any:
    """The context of the reader's own actions; strangers sign in first and come back."""
    if not tk.current_user.is_authenticated:
        return None
    return {"user": tk.current_user.name}


def _sign_in_first() -> Any:
    return tk.redirect_to("user.login", came_from=tk.h.url_for(request.endpoint, **(request.view_args or {})))


@notices.route("/compte/notifications")
def inbox() -> Any:
    """One's notices, the newest first."""
    context = _signed_in()
    if context is None:
        return _sign_in_first()
    number = whole_number(request.args.get("page", 1), least=1, digits=6) or 1
    found = tk.get_action("tzc_notices_list")(context, {"limit": PER_PAGE, "offset": (number - 1) * PER_PAGE})
    url = partial(tk.h.url_for, "tzc_notices.inbox")
    pages = Page(found["notices"], page=number, item_count=found["count"], items_per_page=PER_PAGE, presliced_list=True, url=url)
    return tk.render("notices/inbox.html", {"found": found, "page": pages})


@notices.route("/compte/notifications/lues", methods=["POST"])
def read_all() -> Any:
    """All are read."""
    context = _signed_in()
    if context is None:
        return _sign_in_first()
    tk.get_action("tzc_notices_read")(context, {})
    return tk.redirect_to("tzc_notices.inbox")


@notices.route("/compte/notifications/<int:number>", methods=["POST"])
def open_one(number: int) -> Any:
    """One is read; to the page where it stands."""
    context = _signed_in()
    if context is None:
        return tk.redirect_to("user.login", came_from=tk.h.url_for("tzc_notices.inbox"))
    notice = model.Session.get(store.Notice, number) if number < 2**63 else None
    if notice is None or notice.user_id != tk.current_user.id:
        return tk.abort(404, tk._("There is no such notification of yours."))
    path = ways.within(language(), notice.path) if notice.path else ""
    tk.get_action("tzc_notices_read")(context, {"ids": [number]})
    return tk.redirect_to(path or "tzc_notices.inbox")


@notices.route("/compte/notifications/reglages", methods=["GET", "POST"])
def settings() -> Any:
    """What is mailed, and when."""
    context = _signed_in()
    if context is None:
        return _sign_in_first()
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        try:
            tk.get_action("tzc_notices_wish_update")(context, {key: request.form[key] for key in ("mail", "language") if key in request.form})
        except tk.ValidationError as error:
            errors = error.error_dict
        else:
            tk.h.flash_success(tk._("Saved."))
            return tk.redirect_to("tzc_notices.settings")
    wish = tk.get_action("tzc_notices_wish_show")(context, {})
    page = tk.render("notices/settings.html", {"wish": wish, "errors": errors})
    return (page, 400) if errors else page


@csrf.exempt  # the link itself proves who follows it, and mail programs that follow it have no session (RFC 8058)
@notices.route("/compte/notifications/arret/<token>", methods=["GET", "POST"])
def stop(token: str) -> Any:
    """The link of a mail: a page with a button; the button, or a mail program, ends such mails."""
    account = stopping.account(token)
    if account is None or (request.method == "POST" and not wishes.stop(account)):
        return tk.render("notices/stop.html", {"state": "unknown"}), 404
    if request.method == "POST":
        model.Session.commit()
    return tk.render("notices/stop.html", {"state": "done" if request.method == "POST" else "asked"})


@notices.route("/organization/webhook/<name>", methods=["GET", "POST"])
def webhook(name: str) -> Any:
    """Where a partner's program is called."""
    context, made, errors = {"user": tk.current_user.name}, None, {}
    partner = model.Group.get(name)
    if partner is None or not partner.is_organization or partner.state != "active":
        return tk.abort(404, tk._("There is no such partner."))
    try:
        if request.method == "POST" and request.form.get("delete"):
            tk.get_action("tzc_notices_webhook_delete")(context, {"partner": partner.id})
            tk.h.flash_success(tk._("The program is called no more."))
            return tk.redirect_to("tzc_notices.webhook", name=partner.name)
        if request.method == "POST":
            made = tk.get_action("tzc_notices_webhook_update")(context, {"partner": partner.id, "url": request.form.get("url", "")})
    except tk.ValidationError as error:
        errors = error.error_dict
    except tk.NotAuthorized:
        return tk.abort(403, tk._("Only those who administer a partner say where its program is called."))
    try:
        shown = tk.get_action("tzc_notices_webhook_show")(context, {"partner": partner.id})
    except tk.NotAuthorized:
        return tk.abort(403, tk._("Only those who administer a partner say where its program is called."))
    page = tk.render("notices/webhook.html", {"partner": partner, "webhook": shown, "made": made, "errors": errors, "typed": request.form.get("url", "")})
    return (page, 400) if errors else page
