"""What a save of a dataset is: a publication, an edit of what is published, or neither. The same rules hold for forms and programs.

CKAN's own jobs and harvesters, which ask nobody's right (`ignore_auth`), are not held up. Everybody else is, an administrator of the portal too.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import happening
from flask import g, has_request_context

from tzc.workflow import publication
from tzc.workflow.publication import Act, Course

from . import courses, people, rules, store, words

Values = dict[str, Any]
Action = Callable[[Values, Values], Any]

SHOWN_FIELDS = {"metadata_modified", "metadata_created", "organization", "num_resources", "num_tags", "isopen", "license_title", "license_url", "archived"}


def _is_free(context: Values, kind: str | None) -> bool:
    """Whether a save is none of ours to judge; one that its caller commits is only tried by CKAN."""
    return bool(context.get("ignore_auth") or context.get("defer_commit")) or (kind or "dataset") != "dataset"


def _copy(data_dict: Values, **more: Any) -> Values:
    """What is to be saved, to be tried: CKAN writes into what it is given, and a try saves no upload."""
    files = data_dict.get("resources")
    if isinstance(files, list) and all(isinstance(file, Mapping) for file in files):
        more["resources"] = [{key: value for key, value in file.items() if key != "upload"} for file in files]
    return {**data_dict, **more}


def _tried(original: Action, context: Values, data_dict: Values) -> Values:
    """The dataset as it would be. Raises what saving it would."""
    inner = {key: value for key, value in context.items() if key not in {"package", courses.PLAN}}
    found: Values = original({**inner, "defer_commit": True, "return_id_only": False}, data_dict)
    model.Session.rollback()
    return found


def _say(outcome: str, value: object) -> None:
    """What became of a save, for the page that is drawn next."""
    if has_request_context():
        setattr(g, f"tzc_{outcome}", value)


def create(original: Action, context: Values, data_dict: Values) -> Any:
    """`package_create`: whoever may not publish alone asks for it, and the dataset is a draft meanwhile."""
    user = people.account(context)
    owner = model.Group.get(data_dict.get("owner_org")) if isinstance(data_dict.get("owner_org"), str) and data_dict.get("owner_org") else None
    if _is_free(context, data_dict.get("type")) or data_dict.get("state") in {"draft", "deleted"} or user is None or owner is None:
        return original(context, data_dict)
    at = people.At(owner.id)
    before = Course(publication.DRAFT, at.needs(str(data_dict.get("license_id") or ""), str(data_dict.get("personal_data") or "")))
    roles = at.roles(user, people.writes(user, owner.id))
    findings = []
    if not at.quiet:
        findings = rules.blocking(_tried(original, context, _copy(data_dict)), at.rules)
    plan = _planned(before, roles, user, findings, at)
    context[courses.PLAN] = plan
    if plan.after.state != publication.PUBLISHED:
        data_dict["state"] = "draft"
        context["allow_state_change"] = True
        _say("asked", True)
    return original(context, data_dict)


def _planned(before: Course, roles: frozenset[str], user: Any, findings: list[Any], at: people.At) -> courses.Plan:
    """The move that a publication is, for who saves: to publish, to turn a key, or to ask."""
    move = "ask_review"
    if before.state == publication.IN_REVIEW:
        move = "approve"
    elif publication.STEWARD in roles:
        move = "publish"
    act = publication.act_of(user.id, move, before, roles, at.turners(before), blocked=tuple(finding.rule for finding in findings))
    try:
        return courses.Plan(move, before, publication.make(before, move, act), act)
    except publication.PublicationError as error:
        if isinstance(error, publication.BlockedError):
            _say("blocked", True)
        raise courses.refused(error, findings) from error


def update(original: Action, context: Values, data_dict: Values) -> Any:
    """`package_update`: a publication, an edit of what is published, or a draft that is written on."""
    package = model.Package.get(data_dict.get("id") or data_dict.get("name"))
    user = people.account(context)
    if package is None or user is None or package.owner_org is None or _is_free(context, package.type):
        return original(context, data_dict)
    was, will = package.state, data_dict.get("state") or package.state
    if was == "active" and will == "active":
        return _edit(original, context, data_dict, package, user)
    if will == "active":
        return _publish(original, context, data_dict, package, user)
    if was == "active" and will == "draft":
        return _take_back(original, context, data_dict, package, user)
    package_id = package.id
    saved = original(context, data_dict)
    if was == "deleted":
        store.write(package_id, Course(publication.DRAFT), user.id, "")
        courses.note_state(model.Package.get(package_id), "restore", ("deleted", publication.DRAFT), user)
    else:
        store.forget_keys(package_id)
    model.Session.commit()
    return saved


def _publish(original: Action, context: Values, data_dict: Values, package: Any, user: Any) -> Any:
    tk.check_access("package_update", context, {"id": package.id})
    at = people.At(_owner(data_dict, package))
    findings = [] if at.quiet else rules.blocking(_tried(original, context, _copy(data_dict)), at.rules)
    store.lock(package.id)
    model.Session.refresh(package)
    if package.state == "active":
        # somebody else published it meanwhile
        return _edit(original, context, data_dict, package, user)
    before = courses.course_of(package, at, {"license_id": data_dict.get("license_id"), "personal_data": data_dict.get("personal_data")})
    if before.state == "deleted":
        before = Course(publication.DRAFT, before.needs)
    roles = at.roles(user, people.writes(user, at.id), before)
    plan = _planned(before, roles, user, findings, at)
    if plan.after.state == publication.PUBLISHED:
        context[courses.PLAN] = plan
        return original(context, data_dict)
    data_dict["state"] = "draft"
    saved = original(context, data_dict)
    courses.settle(model.Package.get(package.id), plan, at)
    model.Session.commit()
    _say("asked", True)
    return saved


def _take_back(original: Action, context: Values, data_dict: Values, package: Any, user: Any) -> Any:
    at = people.At(package.owner_org)
    before = courses.course_of(package, at)
    act = Act(user.id, publication.role_for("take_back", before, at.roles(user, people.writes(user, package.owner_org)), user.id))
    try:
        after = publication.make(before, "take_back", act)
    except publication.PublicationError as error:
        raise courses.refused(error, []) from error
    context[courses.PLAN] = courses.Plan("take_back", before, after, act)
    return original(context, data_dict)


def _owner(data_dict: Values, package: Any) -> str:
    """The partner that a dataset will belong to."""
    given = data_dict.get("owner_org")
    found = model.Group.get(given) if given and isinstance(given, str) else None
    return str(found.id if found else package.owner_org)


def _edit(original: Action, context: Values, data_dict: Values, package: Any, user: Any) -> Any:
    at = people.At(package.owner_org)
    other = people.At(_owner(data_dict, package))
    if other.id != at.id and other.governed and publication.STEWARD not in other.roles(user, people.writes(user, other.id)):
        raise tk.ValidationError({"owner_org": [tk._("That partner reviews what is published in its name: its steward brings the dataset there.")]})
    if at.quiet and other.quiet:
        return original(context, data_dict)
    tk.check_access("package_update", context, {"id": package.id})
    roles = at.roles(user, people.writes(user, package.owner_org))
    before = courses.shown(package.id)
    after = _tried(original, context, _copy(data_dict))
    new = {finding.rule: finding for finding in rules.blocking(after, other.rules)}
    for finding in rules.blocking(before, at.rules) if new else ():
        # what was so before is no fault of this edit: a raised bar would else stop every mending
        new.pop(finding.rule, None)
    if new:
        _say("blocked", True)
        raise rules.refusal(list(new.values()))
    if at.review and publication.STEWARD not in roles:
        return _propose(package, publication.STEWARD, user, before, after, at)
    licence = after.get("license_id") != before.get("license_id")
    if licence and publication.LEGAL in at.asked and publication.LEGAL not in roles:
        kept = {**data_dict, "license_id": before.get("license_id")}
        original(context, kept)
        return _propose(package, publication.LEGAL, user, before, {**before, "license_id": after.get("license_id")}, at)
    return original(context, data_dict)


def differing(before: Values, after: Values) -> list[str]:
    """The fields in which two descriptions differ, in the form's order."""
    names = ["tags" if field["field_name"] == "tag_string" else field["field_name"] for field in words.fields() if field["field_name"] not in SHOWN_FIELDS]
    return [name for name in [*names, "resources"] if _plain(name, before.get(name)) != _plain(name, after.get(name))]


def _plain(name: str, value: Any) -> Any:
    if value in (None, "", [], {}):
        return None
    if name == "tags":
        return sorted(str(tag.get("name")) for tag in value)
    if name == "resources":
        return [{key: part for key, part in file.items() if part not in (None, "") and key not in {"metadata_modified", "position"}} for file in value]
    return value


def _propose(package: Any, duty: str, user: Any, before: Values, after: Values, at: people.At) -> Values:
    """Have a change wait; what is published stays as it is."""
    package_id = package.id
    names = differing(before, after)
    if names:
        made = store.propose(package_id, duty, user.id, {name: after.get(name) for name in names}, {name: before.get(name) for name in names})
        store.note(package_id, "propose", (publication.PUBLISHED, publication.PUBLISHED), Act(user.id, publication.CONTRIBUTOR))
        path = tk.h.url_for("tzc_workflow.dataset", name=before["name"], locale="default")
        concerned = tuple(sorted(at.holders(duty) - {user.id}))
        about = {"dataset": package_id, "partner": at.id, "proposal": str(made.id)}
        happening.tell(happening.Happening("dataset.change_proposed", user.id, about, {"fields": names, "title": before.get("title")}, concerned, path))
        model.Session.commit()
        _say("proposed", duty)
        return {**courses.shown(package_id), "tzc_proposed": made.id}
    return courses.shown(package_id)
