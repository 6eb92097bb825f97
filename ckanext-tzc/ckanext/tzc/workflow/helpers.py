"""What templates may ask about duties and publishing."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk

from tzc.workflow import publication

from . import courses, people, queue, rules, store, words


def tzc_publication(package: dict[str, Any]) -> dict[str, Any] | None:
    """Where a dataset stands, for those who may change or review it; None for others.

    `{"state", "words", "why", "moves", "missing", "lines", "changes", "publish"}`: `moves` that they may make, `missing` keys in words, `lines` of the checklist that are not
    fulfilled, `changes` how many wait, `publish` what the button that publishes says.
    """
    user = tk.current_user if tk.current_user and tk.current_user.is_authenticated else None
    if user is None or package.get("type") != "dataset":
        return None
    try:
        tk.check_access("tzc_publication_show", {"user": user.name, "auth_user_obj": user}, {"id": package["id"]})
    except tk.NotAuthorized:
        return None
    stored = model.Package.get(package["id"])
    at = people.At(stored.owner_org or "")
    course, _, moves = courses.possible(stored, at, user)
    row = store.row(stored.id)
    return {
        "state": course.state,
        "words": words.state(course.state),
        "why": (row.why or "") if row and row.state == course.state else "",
        "moves": moves,
        "missing": [words.duty(role) for role in sorted(course.missing)],
        "lines": [line for line in rules.checklist(package, at.rules) if not line["ok"]],
        "changes": len(store.waiting(stored.id)),
        "publish": words.move("publish" if "publish" in moves else "ask_review"),
    }


def tzc_publish_words(name_or_id: str) -> str:
    """What the button that publishes a dataset says to who is signed in."""
    user = tk.current_user
    package = model.Package.get(name_or_id)
    partner = package.owner_org if package else None
    if not partner or not user.is_authenticated or publication.STEWARD in people.At(partner).roles(user, people.writes(user, partner)):
        return tk._("Publish")
    return words.move("ask_review")


def tzc_workflow_words(kind: str, code: str) -> str:
    """A duty, its help, a state, a move or a move that was made (`made`), in words."""
    say = {"duty": words.duty, "duty_help": words.duty_help, "state": words.state, "move": words.move, "made": words.made}
    return say[kind](code)


def tzc_account_name(user_id: str | None) -> str:
    """An account as its colleagues know it."""
    user = model.User.get(user_id) if user_id else None
    return str(user.display_name) if user else tk._("somebody")


def tzc_waiting_for_me() -> int:
    """How much waits for the review of who is signed in."""
    user = tk.current_user
    return queue.count(user) if user and user.is_authenticated else 0


def tzc_may_see_roles(partner: str) -> bool:
    """Whether who is signed in sees who does what at a partner."""
    user = tk.current_user
    try:
        return bool(user.is_authenticated and tk.check_access("tzc_duty_list", {"user": user.name, "auth_user_obj": user}, {"partner": partner}))
    except tk.NotAuthorized:
        return False


def tzc_partner_licence(partner: str | None) -> str:
    """The licence that a partner's datasets begin with; empty where it has none. Without a partner, that of the only one where who is signed in writes."""
    user = tk.current_user
    if not partner and user and user.is_authenticated:
        mine = model.Session.query(model.Member.group_id).filter_by(table_name="user", table_id=user.id, state="active").filter(model.Member.capacity.in_(["admin", "editor"]))
        partners = [group for (group,) in mine.join(model.Group, model.Group.id == model.Member.group_id).filter(model.Group.is_organization).limit(2)]
        partner = partners[0] if len(partners) == 1 else None
    return str(people.At(partner).extras.get("default_licence") or "") if partner else ""
