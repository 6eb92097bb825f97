"""Changes of published datasets that wait: shown field by field, and decided."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import duties, happening

from tzc.workflow import publication
from tzc.workflow.publication import Act

from . import courses, people, rules, store, words


def shown(proposal: store.Proposal, package: Any) -> dict[str, Any]:
    """A change that waits, with the difference field by field."""
    now = courses.shown(package.id)
    return {
        "id": proposal.id, "dataset": package.id, "name": package.name, "title": package.title or package.name, "duty": proposal.duty, "state": proposal.state, "by": proposal.by,
        "at": proposal.at.isoformat(),
        "changes": [
            {
                "field": name, "label": words.label("tag_string" if name == "tags" else name), "before": words.value(name, now.get(name)),
                "after": words.value(name, proposal.fields[name]), "meanwhile": now.get(name) != proposal.before.get(name),
            }
            for name in proposal.fields
        ],
    }  # fmt: skip


def reviewers(proposal: store.Proposal, at: people.At) -> frozenset[str]:
    """Who may decide: those with its duty, and the portal's administrators."""
    return at.holders(proposal.duty) | duties.administrators()


def decide(number: int, decision: str, why: str, even_so: bool, user: Any) -> str:
    """Accept, send back or withdraw a change. Returns its state then. Commits; raises ObjectNotFound, NotAuthorized or ValidationError."""
    proposal = store.proposal(number)
    package = model.Package.get(proposal.package_id) if proposal else None
    if proposal is None or package is None:
        raise tk.ObjectNotFound(tk._("There is no such change."))
    at = people.At(package.owner_org or "")
    author, reviewer = proposal.by == user.id, user.id in reviewers(proposal, at)
    if not (author or reviewer):
        raise tk.NotAuthorized(tk._("That is done by: {roles}.").format(roles=words.duty(proposal.duty)))
    try:
        state = publication.decide(proposal.state, decision, author, reviewer, why)
    except publication.PublicationError as error:
        model.Session.rollback()
        raise courses.refused(error, []) from error
    if state == publication.ACCEPTED:
        _check(proposal, package, at, even_so)
    proposal.state, proposal.decided_by, proposal.decided_at, proposal.why = state, user.id, store.now(), why.strip()
    name, author_id, fields = package.name, proposal.by, dict(proposal.fields)
    move = "withdraw_change" if decision == "withdraw" else decision
    role = proposal.duty if reviewer else publication.CONTRIBUTOR
    store.note(package.id, move, (publication.PUBLISHED, publication.PUBLISHED), Act(user.id, role, why.strip()))
    about = {"dataset": package.id, "partner": at.id, "proposal": str(number)}
    path = tk.h.url_for("tzc_workflow.dataset", name=name, locale="default")
    concerned = () if author_id == user.id else (author_id,)
    content = {"why": why.strip(), "fields": list(fields), "title": package.title}
    happening.tell(happening.Happening(f"dataset.change_{state}", user.id, about, content, concerned, path))
    if state == publication.ACCEPTED:
        # in one transaction with what is written above: CKAN commits it
        tk.get_action("package_patch")({"user": user.name, "auth_user_obj": user, "ignore_auth": True}, {"id": package.id, **fields})
    model.Session.commit()
    return state


def _check(proposal: store.Proposal, package: Any, at: people.At, even_so: bool) -> None:
    now = courses.shown(package.id)
    changed = [name for name in proposal.fields if now.get(name) != proposal.before.get(name)]
    if changed and not even_so:
        labels = ", ".join(words.label("tag_string" if name == "tags" else name) for name in changed)
        raise tk.ValidationError({"even_so": [tk._("These fields were changed meanwhile: {fields}. Look at them, then accept all the same.").format(fields=labels)]})
    before = {finding.rule for finding in rules.blocking(now, at.rules)}
    new = [finding for finding in rules.blocking({**now, **proposal.fields}, at.rules) if finding.rule not in before]
    if new:
        raise rules.refusal(new)
