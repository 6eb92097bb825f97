"""Administration: who administers the portal, and what was deleted. In the place of CKAN's pages at the same addresses.

The portal's name, colours and texts stand in the territory file: what CKAN's form of settings stored is shown here only to be given up.
"""
from __future__ import annotations

import time
from typing import Any

import ckan.lib.app_globals as app_globals
import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import duties
from flask import Blueprint, Response

administration = Blueprint("tzc_administration", __name__)

Page = str | Response

SETTINGS = ("ckan.site_title", "ckan.theme", "ckan.site_description", "ckan.site_logo", "ckan.site_about", "ckan.site_intro_text", "ckan.site_custom_css")
"""What CKAN's form of settings stores in the database, above the configuration."""

KINDS = ("dataset", "harvest", "organization", "group")
"""What lies in the trash."""
PURGES = {"dataset": "dataset_purge", "harvest": "dataset_purge", "organization": "organization_purge", "group": "group_purge"}

SHOWN = 200
"""Deleted things of one kind that the page names; the count is of all."""


@administration.before_request
def administrators_only() -> None:
    """End the request for anybody else."""
    try:
        tk.check_access("sysadmin", {"user": tk.current_user.name, "auth_user_obj": tk.current_user})
    except tk.NotAuthorized:
        tk.abort(403, tk._("Administration is for the portal’s administrators."))


def _context() -> dict[str, Any]:
    return {"user": tk.current_user.name, "auth_user_obj": tk.current_user}


def _to(endpoint: str) -> Response:
    answer: Response = tk.h.redirect_to(endpoint)
    return answer


@administration.route("/ckan-admin/", strict_slashes=False)
def index() -> Page:
    """Who administers the portal."""
    people = duties.administrator_accounts()
    page: Page = tk.render("admin/index.html", {"people": sorted(people, key=lambda person: str(person.display_name).casefold())})
    return page


@administration.route("/user/sysadmin", methods=["POST"])
def appoint() -> Response:
    """Make somebody an administrator, or one no longer."""
    asked, wanted = tk.request.form.get("username", "").strip(), tk.request.form.get("status") == "1"
    person = _person(asked)
    if person is None:
        tk.h.flash_error(tk._("Nobody here is called “%s”. Give a user name as it stands among the accounts, or an e-mail address.") % asked)
    elif person.id == tk.current_user.id and not wanted:
        tk.h.flash_error(tk._("You cannot take it from yourself: another administrator can."))
    else:
        tk.get_action("user_patch")(_context(), {"id": person.id, "sysadmin": wanted})
        words = tk._("“%s” administers the portal now.") if wanted else tk._("“%s” no longer administers the portal.")
        tk.h.flash_success(words % person.display_name)
    return _to("admin.index")


def _person(asked: str) -> Any:
    """The one person in use with this user name or address."""
    if "@" not in asked:
        found = [model.User.by_name(asked)]
    else:
        found = model.Session.query(model.User).filter(model.User.email.ilike(asked.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_"))).all()
    active = [person for person in found if person is not None and person.state == "active" and person.name != tk.config["ckan.site_id"]]
    return active[0] if len(active) == 1 else None


def _deleted(kind: str) -> Any:
    """What was deleted of one kind, by title."""
    if kind in {"dataset", "harvest"}:
        return model.Session.query(model.Package).filter_by(state="deleted", type=kind).order_by(model.Package.title)
    return model.Session.query(model.Group).filter_by(state="deleted", is_organization=kind == "organization").order_by(model.Group.title)


@administration.route("/ckan-admin/trash", methods=["GET"])
def trash() -> Page:
    """What was deleted; with `name`, the question before it is gone for good."""
    kind = tk.request.args.get("name", "")
    counts = {kind: _deleted(kind).count() for kind in KINDS}
    if kind in KINDS:
        question: Page = tk.render("admin/purge.html", {"kind": kind, "count": counts[kind]})
        return question
    page: Page = tk.render("admin/trash.html", {"counts": counts, "found": {kind: _deleted(kind).limit(SHOWN).all() for kind in KINDS}})
    return page


@administration.route("/ckan-admin/trash", methods=["POST"])
def purge() -> Response:
    """Remove for good what was deleted of one kind."""
    kind = tk.request.form.get("action", "")
    if kind not in KINDS:
        tk.abort(400)
    ids = [thing.id for thing in _deleted(kind)]
    kept = 0
    for identifier in ids:
        try:
            tk.get_action(PURGES[kind])(_context(), {"id": identifier})
        except tk.ValidationError:
            # a partner whose datasets are still there
            model.Session.rollback()
            kept += 1
    gone = len(ids) - kept
    if gone:
        tk.h.flash_success(tk.ungettext("%(num)d is gone for good.", "%(num)d are gone for good.", gone) % {"num": gone})
    if kept:
        tk.h.flash_error(tk.ungettext("%(num)d stays: it still has datasets.", "%(num)d stay: they still have datasets.", kept) % {"num": kept})
    return _to("admin.trash")


@administration.route("/ckan-admin/trash/restore", methods=["POST"])
def restore() -> Response:
    """Take a partner or an axis out of the trash. A dataset's page and a source's form do that for these."""
    group = model.Group.get(tk.request.form.get("id", ""))
    if group is None or group.state != "deleted":
        tk.abort(404)
    tk.get_action("organization_patch" if group.is_organization else "group_patch")(_context(), {"id": group.id, "state": "active"})
    tk.h.flash_success(tk._("“%s” is back.") % (group.title or group.name))
    return _to("admin.trash")


@administration.route("/ckan-admin/config", methods=["GET"])
def settings() -> Page:
    """Where what the portal says and how it looks is set."""
    page: Page = tk.render("admin/config.html", {"stored": _stored(), "file": tk.config["tzc.territory"]})
    return page


@administration.route("/ckan-admin/config", methods=["POST"])
def settings_elsewhere() -> Response:
    """CKAN's form is not answered: the next start would not know what it stored."""
    return _to("admin.config")


@administration.route("/ckan-admin/reset_config", methods=["GET"])
def ask_to_give_up() -> Response:
    """The question stands on the page of settings."""
    return _to("admin.config")


@administration.route("/ckan-admin/reset_config", methods=["POST"])
def give_up() -> Response:
    """Give up what was stored by CKAN's form."""
    for key in _stored():
        model.delete_system_info(key)
    app_globals.reset()
    # the other processes look whether this changed
    model.set_system_info("ckan.config_update", str(time.time()))
    tk.h.flash_success(tk._("The territory file alone decides now."))
    return _to("admin.config")


def _stored() -> dict[str, str]:
    """Settings that CKAN's form stored once, and their values."""
    found = model.Session.query(model.SystemInfo).filter(model.SystemInfo.key.in_(SETTINGS), model.SystemInfo.state == "active")
    return {entry.key: str(entry.value) for entry in found if entry.value}


AGES = {"365": 365, "30": 30, "all": None}
"""From which age on, in days, entries of histories may be removed."""


@administration.route("/ckan-admin/activities", methods=["GET"])
def histories() -> Page:
    """How much histories hold; with `age`, the question before a part of it is removed for good."""
    counts = tk.get_action("activity_delete_counts")(_context(), {})
    told = {"365": counts["older_than_365_days"], "30": counts["older_than_30_days"], "all": counts["total"]}
    age = tk.request.args.get("age", "")
    if age in AGES:
        question: Page = tk.render("admin/forget.html", {"age": age, "count": told[age]})
        return question
    page: Page = tk.render("admin/histories.html", {"counts": told})
    return page


@administration.route("/ckan-admin/activities", methods=["POST"])
def forget() -> Response:
    """Remove the older entries of all histories for good."""
    age = tk.request.form.get("age", "")
    if age not in AGES:
        tk.abort(400)
    context, most = {**_context(), "session": model.Session}, {"batch_size": 50_000}
    if AGES[age] is None:
        tk.get_action("activity_delete_all")(context, most)
    else:
        tk.get_action("activity_delete")(context, {**most, "offset_days": AGES[age]})
    tk.h.flash_success(tk._("These entries are gone."))
    return _to("activity.admin_activities")
