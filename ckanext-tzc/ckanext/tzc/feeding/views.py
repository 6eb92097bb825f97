"""The pages of feeds, and where programs push."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import happening, headers
from flask import request

from tzc.feeding import columns, definition

from . import defining, filling, store
from .pushing_views import feeding

__all__ = ["feeding"]

ACTS = {
    "make": "tzc_feed_create", "change": "tzc_feed_update", "remove": "tzc_feed_remove", "run": "tzc_feed_run", "allow": "tzc_feed_allow", "key": "tzc_feed_key_create",
    "revoke": "tzc_feed_key_revoke", "credential": "tzc_credential_set", "forget": "tzc_credential_remove",
}  # fmt: skip
"""Buttons of the page."""

TEXTS = (
    "id", "kind", "resource", "file", "title", "address", "credential", "cron", "changes", "empty", "query", "host_key", "region", "days", "key", "allowed", "internal",
    "name", "host",
)  # fmt: skip
SECRETS = ("user", "password", "token", "header", "value", "secret", "access_key", "private_key")
"""Fields that are never written back into the form."""

RUNS = 10


def _call(action: str, **data: Any) -> Any:
    try:
        return tk.get_action(action)({"user": tk.current_user.name}, data)
    except tk.ObjectNotFound as error:
        return tk.abort(404, str(error))
    except tk.NotAuthorized as error:
        return tk.abort(403, str(error))


def _given(act: str) -> dict[str, Any]:
    """What the form says, as the action reads it."""
    given: dict[str, Any] = {field: request.form[field] for field in TEXTS if request.form.get(field)}
    if act == "change":
        # what is emptied is empty, and a box that is not ticked says no
        given |= {field: request.form[field] for field in TEXTS if field in request.form}
        given |= {"paused": "paused" in request.form, "forget_columns": "forget_columns" in request.form}
    if act in ("make", "change"):
        given["keys"] = [key.strip() for key in request.form.get("keys", "").split(",") if key.strip()]
        number = request.form.get("keep", "5")
        given["keep"] = {request.form.get("keep_by", "last"): int(number) if number.isascii() and number.isdigit() and len(number) < 6 else -1}
    if act == "credential":
        given |= {field: request.form[field] for field in SECRETS if request.form.get(field)}
        if given.get("kind") == "s3":
            given["key"] = given.get("access_key", "")
    return given


@feeding.route("/dataset/alimentation/<name>", methods=["GET", "POST"])
def dataset(name: str) -> Any:
    """How the files of a dataset are fed, for who may change them."""
    headers.keep_private()
    if not tk.current_user.is_authenticated:
        return tk.redirect_to("user.login", came_from=tk.h.current_url())
    feeds = _call("tzc_feed_list", dataset=name)
    package = _call("package_show", id=name)
    act, errors, made = request.form.get("act", ""), {}, None
    if request.method == "POST" and act in ACTS:
        try:
            made = _call(ACTS[act], **{"dataset": package["id"], "partner": package["owner_org"], **_given(act)})
        except tk.ValidationError as error:
            errors = {"access_key" if act == "credential" and field == "key" else field: messages for field, messages in error.error_dict.items()}
        if not errors and act != "key":
            tk.h.flash_success(tk._("The content is fetched now. Look again in a moment.") if act == "run" else tk._("Saved."))
            return tk.redirect_to("tzc_feeding.dataset", name=name)
    feeds = [_whole(feed) for feed in _call("tzc_feed_list", dataset=name)]
    page = tk.render(
        "feeding/dataset.html",
        {
            "pkg_dict": package, "pkg": package, "feeds": feeds, "errors": errors, "act": act, "which": request.form.get("id", ""),
            "made": made if act == "key" and not errors else None, "credentials": _call("tzc_credential_list", partner=package["owner_org"]),
            "typed": {field: request.form.get(field, "") for field in (*TEXTS, "keys", "keep", "keep_by")},
            "kinds": definition.KINDS, "changes": columns.CHANGES, "administrator": tk.current_user.sysadmin,
            "files": [file for file in package["resources"] if file["id"] not in {feed["resource"] for feed in feeds}],
        },
    )  # fmt: skip
    return page, 400 if errors else 200


def _whole(feed: dict[str, Any]) -> dict[str, Any]:
    """A feed with its runs, old files and keys."""
    return {
        **_call("tzc_feed_show", id=feed["id"]), "runs": _call("tzc_feed_run_list", id=feed["id"], limit=RUNS), "versions": _call("tzc_feed_version_list", id=feed["id"])
    }  # fmt: skip


@feeding.route("/alimentations/<id>/versions/<version>")
def version(id: str, version: str) -> Any:
    """An old file, for who may change the dataset's files."""
    headers.keep_private()
    if not tk.current_user.is_authenticated:
        return tk.redirect_to("user.login", came_from=tk.h.current_url())
    _call("tzc_feed_show", id=id)
    feed = defining.feed(id)
    found = model.Session.get(store.Version, version) if "\0" not in version else None
    if found is None or found.feed != feed.id:
        return tk.abort(404, tk._("This old file is not kept any more."))
    try:
        answer = filling.shelf.answer(found.sha256, found.name, found.kind)
    except filling.MissingError:
        return tk.abort(410, tk._("This old file is not kept any more."))
    if request.method == "GET" and answer.status_code in (200, 206):
        user = model.User.get(tk.current_user.name)
        content = {"bytes": answer.content_length, "status": answer.status_code, "version": found.id, "path": request.path[:500]}
        happening.tell(happening.Happening("data.downloaded", user.id, feed.about, content))
        model.Session.commit()
    return answer
