"""Pages of the workflow: where a dataset stands, what waits for a reviewer, who does what at a partner."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import duties
from flask import Blueprint, request

from . import archive, delegations, people, store, words

workflow = Blueprint("tzc_workflow", __name__)


def _context() -> dict[str, Any]:
    return {"user": tk.current_user.name, "auth_user_obj": tk.current_user}


def _told(error: tk.ValidationError) -> str:
    return " ".join(str(message) for messages in error.error_dict.values() for message in (messages if isinstance(messages, list) else [messages]))


def _do(action: str, data: dict[str, Any], done: str) -> bool:
    """Run an action for a form, and say how it went."""
    try:
        tk.get_action(action)(_context(), data)
    except tk.ValidationError as error:
        tk.h.flash_error(_told(error))
    except tk.NotAuthorized as error:
        tk.h.flash_error(str(error) or tk._("That is done by others."))
    except tk.ObjectNotFound as error:
        tk.h.flash_error(str(error))
    else:
        if done:
            tk.h.flash_success(done)
        return True
    return False


@workflow.route("/dataset/publication/<name>", methods=["GET", "POST"])
def dataset(name: str) -> Any:
    """Where a dataset stands, what it lacks, and what can be done with it."""
    if not tk.current_user.is_authenticated:
        return tk.h.redirect_to("user.login", came_from=tk.h.url_for("tzc_workflow.dataset", name=name))
    try:
        package = tk.get_action("package_show")({**_context(), "for_view": True}, {"id": name})
    except (tk.ObjectNotFound, tk.NotAuthorized):
        return tk.abort(404, tk._("Dataset not found"))
    try:
        standing = tk.get_action("tzc_publication_show")(_context(), {"id": package["id"]})
    except tk.ObjectNotFound:
        return tk.abort(404, tk._("Dataset not found"))
    except tk.NotAuthorized:
        return tk.abort(403, tk._("Only those who may edit or review a dataset see where it stands."))
    if request.method == "POST":
        why = request.form.get("why", "")
        if request.form.get("change"):
            data = {"change": request.form["change"], "decision": request.form.get("decision"), "why": why, "even_so": request.form.get("even_so") or ""}
            _do("tzc_publication_decide", data, tk._("Done: the change is decided."))
        else:
            move = request.form.get("move", "")
            _do("tzc_publication_move", {"id": package["id"], "move": move, "why": why}, f"{words.made(move)}.")
        return tk.h.redirect_to("tzc_workflow.dataset", name=package["name"])
    at = people.At(package.get("owner_org") or "")
    user = tk.current_user
    mine = {change["id"]: {"review": user.sysadmin or user.id in at.holders(change["duty"]), "own": change["by"] == user.id} for change in standing["changes"]}
    return tk.render("workflow/dataset.html", {"pkg": package, "pkg_dict": package, "standing": standing, "mine": mine})


@workflow.route("/publication", methods=["GET", "POST"])
def queue() -> Any:
    """What waits for who is signed in, decided one by one or several at once."""
    if not tk.current_user.is_authenticated:
        return tk.h.redirect_to("user.login", came_from=tk.h.url_for("tzc_workflow.queue"))
    if request.method == "POST":
        _decide_several()
        return tk.h.redirect_to("tzc_workflow.queue")
    waiting = tk.get_action("tzc_publication_queue")(_context(), {})
    partners = {group.id: group for group in model.Session.query(model.Group).filter(model.Group.id.in_([entry["partner"] for entry in waiting["datasets"]]))}
    return tk.render("workflow/queue.html", {**waiting, "partners": partners, "archived": archive.of(tk.current_user)})


def _decide_several() -> None:
    yes, why, done = request.form.get("decision") == "yes", request.form.get("why", ""), 0
    chosen = [("dataset", value) for value in request.form.getlist("dataset")] + [("change", value) for value in request.form.getlist("change")]
    if not chosen:
        tk.h.flash_error(tk._("Tick what you decide on."))
    for kind, value in chosen:
        if kind == "dataset":
            done += _do("tzc_publication_move", {"id": value, "move": "approve" if yes else "request_changes", "why": why}, "")
        else:
            done += _do("tzc_publication_decide", {"change": value, "decision": "accept" if yes else "send_back", "why": why}, "")
    if done:
        tk.h.flash_success(tk.ungettext("{n} decision is made.", "{n} decisions are made.", done).format(n=done))


@workflow.route("/organization/roles/<name>", methods=["GET", "POST"])
def roles(name: str) -> Any:
    """Who does what at a partner."""
    if not tk.current_user.is_authenticated:
        return tk.h.redirect_to("user.login", came_from=tk.h.url_for("tzc_workflow.roles", name=name))
    try:
        listed = tk.get_action("tzc_duty_list")(_context(), {"partner": name})
    except tk.ObjectNotFound:
        return tk.abort(404, tk._("There is no such partner."))
    except tk.NotAuthorized:
        return tk.abort(403, tk._("Only members of a partner see who does what there."))
    partner = model.Group.get(listed["partner"])
    if request.method == "POST":
        _change_roles(partner)
        return tk.h.redirect_to("tzc_workflow.roles", name=partner.name)
    at = people.At(partner.id)
    group_dict = tk.get_action("organization_show")(_context(), {"id": partner.id, "include_datasets": False, "include_users": False})
    others = model.Session.query(model.Group).filter_by(is_organization=True, type="organization", state="active").filter(model.Group.id != partner.id).order_by(model.Group.title)
    return tk.render(
        "workflow/roles.html",
        {
            "group_dict": group_dict, "group_type": "organization", "listed": listed, "duties": duties.DUTIES, "may_manage": people.may_manage(tk.current_user, partner.id),
            "others": [(other.name, other.title or other.name) for other in others] if people.may_manage(tk.current_user, partner.id) else [],
            "delegations": delegations.listed(partner.id, tk.current_user), "deciders": delegations.names(partner.id),
            "may_delegate": delegations.may_delegate(tk.current_user, partner.id),
            "explicit": {row.duty for row in store.given(partner.id)}, "governed": at.governed, "asked": at.asked | ({duties.OFFICER} if at.review else frozenset()),
        },
    )  # fmt: skip


def _change_roles(partner: Any) -> None:
    act = request.form.get("act")
    data = {key: request.form.get(key, "").strip() for key in ("user", "duty", "begins", "ends", "id", "with", "from", "to")}
    data["partner"] = partner.id
    actions = {
        "give": ("tzc_duty_give", tk._("The duty is given.")),
        "take": ("tzc_duty_take", tk._("The duty is taken back.")),
        "share": ("tzc_duty_share", tk._("Noted: a duty is shared when both partners have agreed.")),
        "delegate": ("tzc_delegation_create", tk._("Delegated: it ends by itself.")),
        "end": ("tzc_delegation_end", tk._("The delegation is ended.")),
        "unshare": ("tzc_duty_unshare", tk._("The duty is shared no more.")),
    }
    if act not in actions:
        tk.abort(400)
    _do(actions[act][0], data, actions[act][1])
