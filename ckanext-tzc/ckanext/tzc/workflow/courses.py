"""Moves of datasets: who may make which, what is in the way, and what each writes down and tells."""
from __future__ import annotations

import dataclasses
from datetime import datetime, timezone
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckan.lib.search import rebuild
from ckanext.tzc.common import happening

from tzc.workflow import publication
from tzc.workflow.publication import Act, Course

from . import people, rules, store, words

PLAN = "tzc_plan"
"""In the context of a save: the move that it is."""

TOLD = {
    publication.IN_REVIEW: "dataset.review_asked",
    publication.PUBLISHED: "dataset.published",
    publication.CHANGES_REQUESTED: "dataset.changes_requested",
    publication.ARCHIVED: "dataset.archived",
    publication.DRAFT: "dataset.taken_back",
}
"""What a move is told as, by the state that it ends in."""

TOLD_FROM = {
    (publication.ARCHIVED, publication.PUBLISHED): "dataset.reopened",
    (publication.IN_REVIEW, publication.DRAFT): "dataset.review_withdrawn",
    (publication.CHANGES_REQUESTED, publication.DRAFT): "dataset.review_withdrawn",
}
"""The same, where it matters whence."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """A move that is to be written down when its dataset is saved."""

    move: str
    before: Course
    after: Course
    act: Act


def course_of(package: Any, at: people.At, told: dict[str, Any] | None = None, row: store.Course | None = None) -> Course:
    """Where a dataset (CKAN's model) stands. `told`: what it is about to say; `row`: its row, where it was read already."""
    found = row or store.row(package.id)
    state = store.stands(package.state, package.extras.get("archived"), found)
    said = told or {"license_id": package.license_id, "personal_data": package.extras.get("personal_data")}
    keys = dict(found.keys) if found and state == publication.IN_REVIEW else {}
    return Course(state, at.needs(str(said.get("license_id") or ""), str(said.get("personal_data") or "")), keys)


def shown(package_id: str) -> dict[str, Any]:
    """A dataset as the database has it, whoever asks."""
    found: dict[str, Any] = tk.get_action("package_show")({"user": "", "ignore_auth": True, "use_cache": False}, {"id": package_id})
    return found


def possible(package: Any, at: people.At, user: Any) -> tuple[Course, frozenset[str], list[str]]:
    """Where a dataset stands, the roles of an account at it, and the moves that it may make (rules apart)."""
    course = course_of(package, at)
    roles = at.roles(user, people.writes(user, package.owner_org), course)
    turners, found = at.turners(course), []
    for name in publication.possible(course.state):
        try:
            publication.make(course, name, publication.act_of(user.id, name, course, roles, turners, why="?"))
        except publication.PublicationError:
            continue
        found.append(name)
    # who publishes alone asks nobody; who does not see the button that publishes asks
    return course, roles, [name for name in found if not (name == "ask_review" and "publish" in found)]


def tell(package: Any, before: Course, after: Course, act: Act, at: people.At) -> None:
    """Tell a move, to whom it concerns."""
    row = store.row(package.id) if before.state in {publication.IN_REVIEW, publication.CHANGES_REQUESTED} else None
    concerned = {package.creator_user_id, row.asked_by if row else None}
    if after.state == publication.IN_REVIEW:
        # those whose keys are still to be turned: of each key that is, the next ones are told
        concerned = _asked(after, at)
        if before.state == publication.IN_REVIEW:
            # whom it waited for already was told then
            concerned -= _asked(before, at)
    kind = TOLD_FROM.get((before.state, after.state)) or TOLD[after.state]
    path = tk.h.url_for("tzc_workflow.dataset", name=package.name, locale="default")
    about = {"dataset": package.id, "partner": package.owner_org or ""}
    content = {"why": act.why, "role": act.role, "before": before.state, "after": after.state, "title": package.title or package.name}
    people_told = tuple(sorted(person for person in concerned if person and person != act.by))
    happening.tell(happening.Happening(kind, act.by, about, content, people_told, path))


def _asked(course: Course, at: people.At) -> set[str]:
    """Those who may turn a key that is still to be turned."""
    return set().union(*(at.turning(role, course.keys.values()) for role in course.missing))


def settle(package: Any, plan: Plan, at: people.At) -> None:
    """Write down and tell a move, in the transaction that makes it."""
    tell_first = plan.after.state != publication.IN_REVIEW
    if tell_first:
        tell(package, plan.before, plan.after, plan.act, at)
    store.write(package.id, plan.after, plan.act.by, plan.act.why)
    store.note(package.id, plan.move, (plan.before.state, plan.after.state), plan.act)
    if not tell_first:
        tell(package, plan.before, plan.after, plan.act, at)


def saved(context: dict[str, Any], package_id: str, state: str = "") -> None:
    """A dataset is about to be committed: where that is a move, write it down with it. A draft (`state`) that changed, by whomever, is not the one that was approved."""
    plan = context.pop(PLAN, None)
    if plan:
        package = model.Package.get(package_id)
        settle(package, plan, people.At(package.owner_org or ""))
    elif state.startswith("draft"):
        store.forget_keys(package_id)


def deleted(context: dict[str, Any], package_id: str) -> None:
    """A dataset is about to be deleted: write it down with it."""
    package, user = model.Package.get(package_id), people.account(context)
    if package is not None and user is not None and package.owner_org and package.type == "dataset":
        note_state(package, "delete", ("", "deleted"), user)


def note_state(package: Any, move: str, states: tuple[str, str], user: Any) -> None:
    """Write down what CKAN does without a course of ours: to delete, to bring back."""
    roles = people.At(package.owner_org).roles(user, people.writes(user, package.owner_org))
    store.note(package.id, move, states, Act(user.id, publication.STEWARD if publication.STEWARD in roles else publication.CONTRIBUTOR))


def refused(error: publication.PublicationError, findings: list[Any]) -> Exception:
    """CKAN's error for ours."""
    if isinstance(error, publication.BlockedError):
        return rules.refusal(findings)
    if isinstance(error, publication.NotYoursError):
        return tk.NotAuthorized(words.fault(error))
    field = "why" if isinstance(error, publication.ReasonNeededError) else "move"
    return tk.ValidationError({field: [words.fault(error)]})


def make(package_id: str, move: str, why: str, user: Any) -> str:
    """Make a move as an account. Returns the state after it. Commits; raises ValidationError or NotAuthorized."""
    store.lock(package_id)
    package = model.Session.query(model.Package).filter_by(id=package_id).populate_existing().one()
    at = people.At(package.owner_org or "")
    before = course_of(package, at)
    roles = at.roles(user, people.writes(user, package.owner_org), before)
    findings = rules.blocking(shown(package_id), at.rules) if publication.MOVES[move].obeys and before.state in publication.MOVES[move].starts else []
    act = publication.act_of(user.id, move, before, roles, at.turners(before), why.strip(), tuple(finding.rule for finding in findings))
    try:
        after = publication.make(before, move, act)
    except publication.PublicationError as error:
        model.Session.rollback()
        raise refused(error, findings) from error
    _carry_out(package, Plan(move, before, after, act), at, user)
    return after.state


def _carry_out(package: Any, plan: Plan, at: people.At, user: Any) -> None:
    before, after = plan.before.state, plan.after.state
    if publication.ARCHIVED in (before, after) and after != publication.DRAFT:
        extras = {name: value for name, value in package.extras.items() if name != "archived"}
        package.extras = {**extras, "archived": datetime.now(timezone.utc).isoformat(timespec="seconds")} if after == publication.ARCHIVED else extras
        settle(package, plan, at)
        model.Session.commit()
        rebuild(package.id)
        return
    state = "active" if after == publication.PUBLISHED else "draft"
    if package.state == state:
        settle(package, plan, at)
        model.Session.commit()
        return
    context = {"user": user.name, "auth_user_obj": user, "ignore_auth": True, PLAN: plan}
    if before == publication.ARCHIVED:
        package.extras = {name: value for name, value in package.extras.items() if name != "archived"}
        model.Session.flush()
    tk.get_action("package_patch")(context, {"id": package.id, "state": state})
