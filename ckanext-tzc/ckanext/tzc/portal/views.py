"""Pages of the portal room."""
from __future__ import annotations

import re
from typing import Any

import ckan.plugins.toolkit as tk
from ckanext.tzc.common import ways
from ckanext.tzc.common.headers import Kept
from ckanext.tzc.common.territory import territory
from flask import Blueprint, Response
from flask_wtf.csrf import CSRFError

from . import broken_text, cross_site, ground, guide, history, lost_session, page_cache, refusals, sitemap, theme
from .administration import administration as administration
from .closed import closed as closed
from .forms import forms as forms
from .headers import protect
from .metrics import metrics as metrics
from .news import news as news
from .odd_input import odd_input as odd_input
from .partner_forms import partner_forms as partner_forms
from .unseen import unseen as unseen

portal = Blueprint("tzc_portal", __name__)
portal.before_app_request(broken_text.refuse)
portal.before_app_request(lost_session.not_signed_in_yet)
portal.app_errorhandler(CSRFError)(lost_session.answer)
portal.after_app_request(protect)
portal.after_app_request(cross_site.let_read)
portal.after_app_request(refusals.in_words)
portal.after_app_request(page_cache.mark)

FOR_ACCOUNTS = re.compile(r"/dataset/new|/dataset/resources/[^/]+|/dataset/[^/]+/resource/new|/harvest/?|/harvest/(?!.*/download(/|$)).*|/ckan-admin(/.*)?|/user/?")
"""Pages that a stranger can only use after signing in: better asked at once than refused. By address, as several plugins answer for CKAN's."""


@portal.before_app_request
def ask_to_sign_in() -> Any:
    """Send strangers to the page of signing in, which leads back."""
    if tk.request.method == "GET" and FOR_ACCOUNTS.fullmatch(tk.request.path) and not tk.current_user.is_authenticated:
        return tk.redirect_to("user.login", came_from=ways.here())
    return None


@portal.route("/tzc/theme.css")
def theme_css() -> Response:
    """The territory's colours as custom properties, so that no page needs an inline style."""
    return Kept(theme.stylesheet(territory().colours), mimetype="text/css")


@portal.route("/tzc/favicon.svg")
def favicon() -> Response:
    """The portal's icon in the territory's colour."""
    return Kept(theme.icon(territory().colours), mimetype="image/svg+xml")


@portal.route("/tzc/logo")
def logo() -> Response:
    """The territory's logo. It was looked at when the territory was read; opened by itself it could still run nothing."""
    picture = territory().logo
    if picture is None:
        return tk.abort(404)
    answer = Kept(picture.content, mimetype=picture.media)
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; style-src 'unsafe-inline'"
    return answer


@portal.route("/tzc/communes.geojson")
def communes() -> Response:
    """The communes' outlines and names: the ground of maps."""
    return Kept(ground.geojson(), mimetype="application/geo+json")


@portal.route("/dataset/activity/<name>")
def dataset_history(name: str) -> str:
    """What changed in a dataset and when; replaces CKAN's page, which names people and offers what only editors may see."""
    try:
        package = tk.get_action("package_show")({"for_view": True}, {"id": name})
    except (tk.ObjectNotFound, tk.NotAuthorized):
        return tk.abort(404, tk._("Dataset not found"))
    page = _page_asked()
    changes, older = history.changes(package, page)
    return tk.render("tzc/history.html", {"pkg": package, "changes": changes, "page": page, "older": older})


def _page_asked() -> int:
    asked = tk.request.args.get("page", "1")
    return min(int(asked), 1000) if asked.isascii() and asked.isdigit() and len(asked) < 6 and int(asked) else 1


@portal.route("/organization/activity/<name>", defaults={"kind": "organization"})
@portal.route("/group/activity/<name>", defaults={"kind": "group"})
def group_history(kind: str, name: str) -> str:
    """What changed at a partner or an axis, and in its datasets; in the place of CKAN's page, as above."""
    try:
        group = tk.get_action(f"{kind}_show")({"for_view": True}, {"id": name, "include_datasets": False})
    except (tk.ObjectNotFound, tk.NotAuthorized):
        return tk.abort(404, tk._("Not found"))
    page = _page_asked()
    changes, older = history.of_group(group, kind, page)
    return tk.render("tzc/group_history.html", {"group_dict": group, "group_type": kind, "changes": changes, "page": page, "older": older})


@portal.route("/user/activity/<name>")
def person_history(name: str) -> str:
    """What somebody did here: for themselves, and for who may change their account."""
    try:
        person = tk.get_action("user_show")({}, {"id": name})
        tk.check_access("user_update", {}, {"id": person["id"]})
    except tk.ObjectNotFound:
        return tk.abort(404, tk._("Not found"))
    except tk.NotAuthorized:
        return tk.abort(403, tk._("What somebody did here is for themselves."))
    page = _page_asked()
    changes, older = history.of_person(person, page)
    return tk.render("user/activity_stream.html", {"user_dict": person, "changes": changes, "page": page, "older": older})


@portal.route("/dataset/followers/<name>")
def dataset_followers(name: str) -> Any:
    """Nobody follows datasets here: the dataset instead of CKAN's page on it."""
    return tk.redirect_to("dataset.read", id=name)


@portal.route("/accessibilite", strict_slashes=False)
def accessibility() -> str:
    """The accessibility statement."""
    return tk.render("tzc/accessibility.html")


@portal.route("/about/")
def about() -> Any:
    """CKAN knows this page without the last stroke only."""
    return tk.redirect_to("home.about")


@portal.route("/aide", strict_slashes=False)
def help_index() -> str:
    """The help pages."""
    return tk.render("tzc/help.html", {"help": None, "pages": guide.pages()})


@portal.route("/aide/<name>", strict_slashes=False)
def help_page(name: str) -> str:
    """One help page."""
    found = guide.page(name)
    return tk.render("tzc/help.html", {"help": found, "pages": guide.pages()}) if found else tk.abort(404)


@portal.route("/favicon.ico")
def favicon_of_old() -> Any:
    """Where programs look that have read no page."""
    return tk.redirect_to(tk.h.tzc_favicon_url())


@portal.route("/sitemap.xml")
def sitemap_index() -> Response:
    """The public datasets with their dates, for search engines."""
    return Response(sitemap.index(), mimetype="application/xml")


@portal.route("/sitemap-<int:number>.xml")
def sitemap_part(number: int) -> Response:
    """A part of a sitemap that one file does not hold."""
    found = sitemap.part(number) if 0 < number < 100_000 else None
    return Response(found, mimetype="application/xml") if found else tk.abort(404)
