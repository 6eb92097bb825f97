"""Pages of CKAN that this portal does without: each leads to the page that serves instead.

Why each: docs/pages.md. Some would undo what the portal decides elsewhere (a dataset's groups follow its axes, whether it is private its access level),
some offer what does not work or is not wanted here (following, views of kinds that need inline scripts), and some say again what another page says.
"""
from __future__ import annotations

from typing import Any

import ckan.lib.datapreview as datapreview
import ckan.plugins.toolkit as tk
from ckan.views import resource
from ckanext.tzc.common.numbers import whole_number
from flask import Blueprint, Response

closed = Blueprint("tzc_closed", __name__)

Page = str | Response

BOTH = ["GET", "POST"]


def _to(endpoint: str, **values: Any) -> Response:
    answer: Response = tk.h.redirect_to(endpoint, **values)
    return answer


@closed.route("/dataset/<name>/resource/<resource_id>/views")
@closed.route("/dataset/<name>/resource/<resource_id>/new_view", methods=BOTH)
@closed.route("/dataset/<name>/resource/<resource_id>/edit_view/<view_id>", methods=BOTH)
def previews(name: str, resource_id: str, view_id: str = "") -> Response:
    """Nobody chooses previews: a table gets its table and its map, a picture shows itself."""
    return _to("dataset_resource.read", id=name, resource_id=resource_id)


@closed.route("/dataset/<name>/resource/<resource_id>/view")
@closed.route("/dataset/<name>/resource/<resource_id>/view/<view_id>")
def preview_alone(name: str, resource_id: str, view_id: str = "") -> Page:
    """A preview without a page around it, for kinds of other extensions that stand in a frame; ours are on the file's page."""
    try:
        kind = tk.get_action("resource_view_show")({}, {"id": view_id})["view_type"] if view_id else ""
    except (tk.ObjectNotFound, tk.NotAuthorized):
        tk.abort(404)
    drawn = datapreview.get_view_plugin(kind)
    if drawn is not None and drawn.info().get("iframed", True):
        page: Page = resource.view("dataset", name, resource_id, view_id)
        return page
    return _to("dataset_resource.read", id=name, resource_id=resource_id, **({"view_id": view_id} if drawn is not None else {}))


@closed.route("/dataset/groups/<name>", methods=BOTH)
def groups(name: str) -> Response:
    """A dataset's axes say which groups it is in."""
    return _to("dataset.edit", id=name)


def of_a_group(name: str, kind: str) -> Response:
    """Datasets are hidden by their access level, one by one; members stand on their page; nobody follows."""
    return _to(f"{kind}.read", id=name)


for group_type in ("organization", "group"):
    for page in ("bulk_process", "followers", "admins"):
        # each with an endpoint of its own: of several with the same defaults Flask takes one for the right address, and leads there
        closed.add_url_rule(f"/{group_type}/{page}/<name>", endpoint=f"{group_type}_{page}", view_func=of_a_group, methods=BOTH, defaults={"kind": group_type})


@closed.before_app_request
def refuse_a_mistaken_limit() -> None:
    """CKAN fails on it in the list of accounts."""
    limit = tk.request.args.get("limit", "1")
    if tk.request.endpoint == "user.index" and whole_number(limit, least=1, digits=5) is None:
        tk.abort(400)


@closed.route("/user/<name>/organizations")
@closed.route("/user/<name>/groups")
@closed.route("/user/followers/<name>")
def of_a_person(name: str) -> Response:
    """A person's page says all."""
    return _to("user.read", id=name)


@closed.route("/user/register", methods=BOTH)
def new_account() -> Response:
    """An account begins with proving an address of e-mail."""
    return _to("tzc_accounts.sign_up")


@closed.route("/dashboard/", strict_slashes=False)
@closed.route("/dashboard/groups")
def desk() -> Response:
    """The desk begins with the datasets; there is no news of what one follows, as nobody follows."""
    return _to("dashboard.datasets")


@closed.route("/dataset/changes/<activity_id>")
@closed.route("/organization/changes/<activity_id>")
@closed.route("/group/changes/<activity_id>")
def changes(activity_id: str) -> Response:
    """What a change was is said in the history that it belongs to."""
    try:
        activity = tk.get_action("activity_show")({}, {"id": activity_id})
    except (tk.ObjectNotFound, tk.NotAuthorized):
        tk.abort(404)
    kind = activity["activity_type"].rpartition(" ")[2]
    if kind == "package":
        return _to("tzc_portal.dataset_history", name=activity["object_id"])
    return _to("tzc_portal.group_history", kind="organization" if kind == "organization" else "group", name=activity["object_id"])


@closed.route("/dataset/<name>/history/<activity_id>")
@closed.route("/dataset/<name>/resources/<resource_id>/history/<activity_id>")
def as_it_was(name: str, activity_id: str, resource_id: str = "") -> Response:
    """A description as it was: programs of those who may edit it get it from `activity_show`."""
    return _to("tzc_portal.dataset_history", name=name)


@closed.route("/dataset/changes_multiple")
@closed.route("/organization/changes_multiple")
@closed.route("/group/changes_multiple")
@closed.route("/testing/dashboard")
@closed.route("/testing/primer")
@closed.route("/testing/custom_form_fields")
@closed.route("/harvest/resources/<name>")
@closed.route("/harvest/groups/<name>", methods=BOTH)
@closed.route("/harvest/followers/<name>")
@closed.route("/harvest/<name>/resource/new", methods=BOTH)
@closed.route("/harvest/<name>/resource/<file>/edit_view/<view>", methods=BOTH)
@closed.route("/harvest/<name>/resource/<file>/view/<view>")
def nowhere(**_: str) -> Page:
    """Steps between CKAN's own pages, pages of its programmers, and files of a harvest source, which has none."""
    return tk.abort(404)


for step in ("edit", "delete", "views", "view", "new_view"):
    closed.add_url_rule(f"/harvest/<name>/resource/<file>/{step}", view_func=nowhere, methods=BOTH)
