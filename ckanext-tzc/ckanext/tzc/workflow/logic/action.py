"""Duties of a partner; publishing by moves; the rules hold for every save."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common.numbers import whole_number

from tzc.workflow import publication

from .. import courses, delegations, giving, people, proposals, queue, rules, store, words, writing

Values = dict[str, Any]
Action = Callable[[Values, Values], Any]

MOST_WORDS = 5000
"""Characters of a reason."""


@tk.chained_action
def package_create(original: Action, context: Values, data_dict: Values) -> Any:
    """As CKAN's; where the partner has said who publishes, others' datasets stay drafts and wait for a review."""
    return writing.create(original, context, data_dict)


@tk.chained_action
def package_update(original: Action, context: Values, data_dict: Values) -> Any:
    """As CKAN's; publishing by others than stewards asks for a review, and where the partner wants review an edit of what is published waits: the answer is then the dataset as it
    is, with `tzc_proposed`, the change's number.
    """
    return writing.update(original, context, data_dict)


def tzc_publication_move(context: Values, data_dict: Values) -> Values:
    """Make a move of a dataset on its way to the public.

    `id`: the dataset; `move`: ask_review, publish, approve, request_changes, withdraw, take_back, archive or reopen; `why`: needed to send back and to archive. A steward's publish
    of a dataset that needs more keys turns the first. Returns `{"id", "state"}`: draft, in_review, changes_requested, published or archived. Raises ObjectNotFound, NotAuthorized,
    ValidationError (by field, what is to be mended; `move` where it cannot be made now).
    """
    package = _package(data_dict)
    move = data_dict.get("move")
    if not isinstance(move, str) or move not in publication.MOVES:
        raise tk.ValidationError({"move": [tk._("A move is one of: {moves}.").format(moves=", ".join(f"{words.move(one)} ({one})" for one in publication.MOVES))]})
    tk.check_access("tzc_publication_move", context, {"id": package.id})
    return {"id": package.id, "state": courses.make(package.id, move, _words(data_dict, "why"), people.account(context))}


@tk.side_effect_free
def tzc_publication_show(context: Values, data_dict: Values) -> Values:
    """Where a dataset stands, for those who may change or review it.

    `id`: the dataset. Returns `{"id", "state", "needs", "keys", "missing", "awaited", "roles", "moves", "checklist", "history", "changes", "why"}`: `needs` are the roles whose
    keys open, `awaited` who may turn each that is missing, `keys` who turned which, `roles` and `moves` those of who asks; a line of `checklist` is `{"rule", "ok", "blocks",
    "words", "url"}`, of `history` `{"move", "before", "after", "role", "by", "at", "why"}`, the newest first; `changes` wait (see `tzc_publication_queue`). Accounts are ids.
    Raises ObjectNotFound, NotAuthorized.
    """
    package = _package(data_dict)
    tk.check_access("tzc_publication_show", context, {"id": package.id})
    at = people.At(package.owner_org or "")
    course, roles, moves = courses.possible(package, at, people.account(context))
    found = store.row(package.id)
    return {
        "id": package.id,
        "state": course.state,
        "needs": sorted(course.needs),
        "keys": dict(course.keys),
        "missing": sorted(course.missing) if course.state == publication.IN_REVIEW else [],
        "awaited": at.awaited(course) if course.state == publication.IN_REVIEW else {},
        "roles": sorted(roles),
        "moves": moves,
        "checklist": rules.checklist(courses.shown(package.id), at.rules),
        "history": [
            {"move": row.move, "before": row.before, "after": row.after, "role": row.role, "by": row.by, "at": row.at.isoformat(), "why": row.why}
            for row in store.moves(package.id)
        ],
        "changes": [proposals.shown(proposal, package) for proposal, package in store.waiting(package.id)],
        "why": found.why if found and course.state == found.state else "",
    }


@tk.side_effect_free
def tzc_publication_queue(context: Values, data_dict: Values) -> Values:
    """What waits for who asks: datasets in review, and changes of published ones.

    Returns `{"datasets", "changes", "count"}`, longest waiting first, 100 of each at most; `count` is how many there are. A dataset is `{"id", "name", "title", "partner",
    "asked_by", "asked_at", "missing", "roles", "blocked"}`: `missing` keys, `roles` of them that are the asker's, `blocked` what is not fulfilled. A change is `{"id", "dataset",
    "name", "title", "duty", "state", "by", "at", "changes"}`, of which each is `{"field", "label", "before", "after", "meanwhile"}`, `before` as it is now and `meanwhile` whether
    that was changed since. Raises NotAuthorized.
    """
    tk.check_access("tzc_publication_queue", context, data_dict)
    return queue.waiting_for(people.account(context))


def tzc_publication_decide(context: Values, data_dict: Values) -> Values:
    """Decide on a change that waits.

    `change`: its number; `decision`: accept, send_back, or withdraw (who proposed it); `why`: needed to send back; `even_so`: true accepts although its fields were changed
    meanwhile. Returns `{"change", "state"}`. Raises ObjectNotFound, NotAuthorized, ValidationError.
    """
    tk.check_access("tzc_publication_decide", context, data_dict)
    number = whole_number(data_dict.get("change") or "")
    if number is None:
        raise tk.ValidationError({"change": [tk._("Give the number of a change.")]})
    decision = data_dict.get("decision")
    if not isinstance(decision, str) or decision not in publication.DECISIONS:
        known = ", ".join(f"{words.decision(one)} ({one})" for one in publication.DECISIONS)
        raise tk.ValidationError({"decision": [tk._("A decision is one of: {decisions}.").format(decisions=known)]})
    even_so = data_dict.get("even_so") in (True, 1, "true", "True", "1", "yes", "on")
    return {"change": number, "state": proposals.decide(number, decision, _words(data_dict, "why"), even_so, people.account(context))}


def tzc_duty_give(context: Values, data_dict: Values) -> Values:
    """Give somebody a duty at a partner, or change its days.

    `partner`, `user`: ids or names; `duty`: contributor, steward, legal, officer or decider; `begins`, `ends`: days (the last one counts) or moments, or nothing. Until somebody
    has a duty, CKAN's capacities count. Returns the duty as `tzc_duty_list` does. Raises ObjectNotFound, NotAuthorized, ValidationError.
    """
    partner = giving.partner(data_dict.get("partner"))
    tk.check_access("tzc_duty_give", context, {"partner": partner.id})
    return giving.give(partner, data_dict, people.account(context))


def tzc_duty_take(context: Values, data_dict: Values) -> Values:
    """Take a duty back. `id`: its number. Returns it. Raises ObjectNotFound, NotAuthorized."""
    row = giving.duty(data_dict.get("id"))
    tk.check_access("tzc_duty_take", context, {"partner": row.partner_id})
    return giving.take(row, people.account(context))


@tk.side_effect_free
def tzc_duty_list(context: Values, data_dict: Values) -> Values:
    """Who has which duty at a partner.

    `partner`: id or name. Returns `{"partner", "duties", "holders", "shared"}`: a duty is `{"id", "user", "name", "duty", "begins", "ends", "now"}`; `holders` are names by duty,
    those who have it now however they came to it; `shared` are agreements, `{"id", "duty", "partner", "title", "agreed", "ours"}`: `ours` says whether we
    asked. Raises ObjectNotFound, NotAuthorized.
    """
    partner = giving.partner(data_dict.get("partner"))
    tk.check_access("tzc_duty_list", context, {"partner": partner.id})
    return giving.listed(partner)


def tzc_duty_share(context: Values, data_dict: Values) -> Values:
    """Propose to another partner to share a duty, or agree to what it proposed.

    `partner`: ours; `with`: the other one; `duty`. It counts when an administrator of each has agreed. Returns the agreement as `tzc_duty_list` does. Raises ObjectNotFound,
    NotAuthorized, ValidationError.
    """
    partner = giving.partner(data_dict.get("partner"))
    tk.check_access("tzc_duty_share", context, {"partner": partner.id})
    return giving.share(partner, giving.partner(data_dict.get("with"), "with"), data_dict.get("duty"), people.account(context))


def tzc_duty_unshare(context: Values, data_dict: Values) -> Values:
    """End an agreement, or refuse a proposed one; either side may. `partner`: ours; `id`: the agreement's number. Returns it. Raises ObjectNotFound, NotAuthorized."""
    partner = giving.partner(data_dict.get("partner"))
    tk.check_access("tzc_duty_unshare", context, {"partner": partner.id})
    return giving.unshare(partner, data_dict.get("id"), people.account(context))


def tzc_delegation_create(context: Values, data_dict: Values) -> Values:
    """Let somebody decide on requests in one's place, from a moment to a moment; it ends by itself.

    `partner`; `to`: who shall decide; `begins` (at once without), `ends`: days (the last one counts) or moments, a year at most; `from`: by the partner's administrators, who is
    replaced. The delegate can do what the other could, and records say for whom. Returns it as `tzc_delegation_list` does. Raises ObjectNotFound, NotAuthorized,
    ValidationError.
    """
    partner = giving.partner(data_dict.get("partner"))
    tk.check_access("tzc_delegation_create", context, {"partner": partner.id})
    return delegations.create(partner, data_dict, people.account(context))


def tzc_delegation_end(context: Values, data_dict: Values) -> Values:
    """End a delegation now; either side may, and the partner's administrators. `id`: its number. Returns it. Raises ObjectNotFound, NotAuthorized."""
    row = delegations.find(data_dict.get("id"))
    tk.check_access("tzc_delegation_end", context, {"row": row})
    return delegations.end(row, people.account(context))


@tk.side_effect_free
def tzc_delegation_list(context: Values, data_dict: Values) -> list[Values]:
    """Delegations of a partner that hold or are still to come, the first to begin first.

    `partner`: id or name. Each is `{"id", "duty", "from", "from_name", "to", "to_name", "begins", "ends", "now", "endable"}`; `endable`: whether the asker may end it. Raises
    ObjectNotFound, NotAuthorized.
    """
    partner = giving.partner(data_dict.get("partner"))
    tk.check_access("tzc_delegation_list", context, {"partner": partner.id})
    return delegations.listed(partner.id, people.account(context))


def _package(data_dict: Values) -> Any:
    found = model.Package.get(str(tk.get_or_bust(data_dict, "id")))
    if found is None or found.type != "dataset":
        raise tk.ObjectNotFound(tk._("Dataset not found"))
    return found


def _words(data_dict: Values, key: str) -> str:
    given = data_dict.get(key) or ""
    if not isinstance(given, str) or len(given) > MOST_WORDS:
        raise tk.ValidationError({key: [tk._("Please write a text of at most {most} characters.").format(most=MOST_WORDS)]})
    return given.replace("\x00", "")
