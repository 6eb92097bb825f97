"""A request made, sent, decided, taken away: each in one transaction together with the rights that it gives and the happening that is told. Nothing here commits."""
from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckan.model.types import make_uuid
from ckanext.tzc.common import changed, happening, levels, mailing

from tzc.rights import requests
from tzc.rights.requests import CHANGES_REQUESTED, CLOCK, DRAFT, GRANTED, REQUESTER, SUSPENDED, UNDER_REVIEW, Act

from . import delegates, form, joining, naming, records, renewals, request_words, rescoping, roles, terms

WITH_REASON = frozenset({"ask_changes", "prolong", "refuse", "suspend", "revoke", "appeal", "uphold"})
"""Moves that say why."""

GIVES_TERM = frozenset({"approve", "overturn"})
"""Moves that take a number of days."""

NOTHING_LEFT = (requests.WITHDRAWN, requests.LAPSED, requests.EXPIRED, requests.RENEWED)
"""States of parts in which nobody has anything to decide any more."""

KINDS = {
    "submit": "request.submitted", "take_up": "request.taken_up", "ask_changes": "request.changes_requested", "prolong": "request.prolonged", "approve": "request.approved",
    "refuse": "request.refused", "withdraw": "request.withdrawn", "lapse": "request.lapsed", "appeal": "request.appealed", "uphold": "request.upheld",
    "overturn": "request.approved",
    "expire": "grant.expired", "renew": "grant.renewed", "suspend": "grant.suspended", "resume": "grant.resumed", "revoke": "grant.revoked",
}  # fmt: skip
"""What is told of a move; an approval that gives the right is `request.granted`."""

APPEAL_WITHDRAWN = "appeal_withdrawn"
"""In the thread: the appeal is given up, and what it was against stands."""

ACKNOWLEDGED, APPEAL_ACKNOWLEDGED = "request.acknowledged", "request.appeal_acknowledged"

A_DAY = 3
"""Times the requests that may wait at once, that an account may write in 24 hours: deciders are told of each that is sent."""

MESSAGES_A_DAY = 200
"""Messages and moves of an account in 24 hours, after which it says no more."""


INVITED = "tzc_invited"
"""In the context of an action: the request is an invitation that is accepted just now."""

_invited: ContextVar[bool] = ContextVar("tzc_rights_invited", default=False)


@contextmanager
def invited(context: Any) -> Iterator[None]:
    """Where an invitation is accepted, nobody is told of the steps between: who accepted and who invited know, and hear at once what comes of it."""
    token = _invited.set(bool(context.get(INVITED)))
    try:
        yield
    finally:
        _invited.reset(token)


def address(request: str) -> str:
    """The page of a request."""
    return f"/demandes/{request}"


def invalid(key: str, words: str) -> tk.ValidationError:
    """A mistake."""
    return tk.ValidationError({key: [words]})


def create(user: Any, data: dict[str, Any]) -> tuple[records.Request, bool]:
    """A draft, and whether it is new: what is sent a second time is the request of the first time. Raises ValidationError."""
    records.one_at_a_time(user.id)
    mailing.spoken(user)
    waiting = records.open_requests(user.id)
    errors: form.Errors = {}
    content = form.content(data, user.id, errors, draft=not data.get("submit"))
    key = form.text(data.get("key"), errors, "key", form.SHORT) or _fingerprint(content, data)
    if again := next((request for request in waiting if request.key == key), None):
        return again, False
    asked = form.scope(data, user, errors)
    most = int(tk.config["tzc.rights.open_requests"])
    if len(waiting) >= most:
        errors.setdefault("datasets", []).append(tk._("You have {n} requests that wait; that is the most. Withdraw one, or wait for an answer.").format(n=len(waiting)))
    if records.of_last_day(records.Request, user.id, records.now()) >= A_DAY * most:
        errors.setdefault("datasets", []).append(tk._("You have written very many requests today. Go on tomorrow."))
    renews = renewals.wanted(user, data, errors)
    if data.get("submit") and asked:
        # told together with the other mistakes
        _accepted(set(), [one.partner for one in asked], data, errors)
        naming.already([one.partner for one in asked], content.team, errors)
    if errors:
        raise tk.ValidationError(errors)
    at = records.now()
    request = records.Request(id=make_uuid(), requester=user.id, key=key, renews=renews, created=at, changed=at, **_columns(content))
    model.Session.add(request)
    model.Session.flush()
    for partner in sorted({one.partner for one in asked}):
        own = [one for one in asked if one.partner == partner]
        _ask(request, partner, own, at)
    return request, True


def _ask(request: records.Request, partner: str, asked: list[form.Asked], at: datetime) -> None:
    """A part, not sent yet."""
    part = records.Part(id=make_uuid(), request=request.id, partner=partner, state=DRAFT, changed=at)
    model.Session.add(part)
    model.Session.flush()
    rescoping.store(part, asked)


def _columns(content: form.Content) -> dict[str, Any]:
    return {**dataclasses.asdict(content), "team": list(content.team)}


def _fingerprint(content: form.Content, data: dict[str, Any]) -> str:
    scope = [
        sorted(one if isinstance(one, str) else repr(one) for one in ([value] if isinstance(value, str) else value or []))
        for value in (data.get("datasets"), data.get("resources"))
    ]
    columns = data.get("columns") or {}
    return hashlib.sha256(json.dumps([dataclasses.asdict(content), scope, *([columns] if columns else [])], sort_keys=True, default=repr).encode()).hexdigest()


def submit(user: Any, request: records.Request, data: dict[str, Any]) -> None:
    """Send the parts that are written or were sent back, with the fields that are given anew: words, and what is asked for. Raises ValidationError."""
    parts = records.locked(request.id)
    mailing.spoken(user)
    model.Session.refresh(request, with_for_update=True)
    errors: form.Errors = {}
    change = rescoping.planned(user, parts, data, errors)
    going = [part for part in parts if part.state in (DRAFT, CHANGES_REQUESTED)]
    if not going:
        # sent already, by the other press of the button
        if any(part.state == requests.SUBMITTED for part in parts) and not errors and change == rescoping.Change({}, {}, []) and not _differs(request, data):
            return
        raise invalid("move", request_words.refusal(requests.IllegalMoveError(parts[0].state, "submit"), roles.moves(user.id, parts[0], request)))
    fields = {name: data[name] if name in data else getattr(request, name) for name in ("purpose", "words", "project", "organisation", "days", "team")}
    content = form.content(fields, request.requester, errors)
    before = {value for (value,) in model.Session.query(records.Accepted.hash).filter_by(request=request.id, by=request.requester)}
    accepted = _accepted(before, [*(part.partner for part in going if part not in change.gone), *change.new], data, errors)
    renewals.in_time(going, request, errors)
    naming.already([*(part.partner for part in parts if part not in change.gone and part.state not in NOTHING_LEFT), *change.new], content.team, errors)
    if errors:
        raise tk.ValidationError(errors)
    at = records.now()
    # what is given up is kept in the words that it was asked for in
    _rescope(user, request, parts, change, at)
    parts = records.locked(request.id)
    going = [part for part in parts if part.state in (DRAFT, CHANGES_REQUESTED)]
    names = [name for name, value in _columns(content).items() if value != getattr(request, name)]
    for name, value in _columns(content).items():
        setattr(request, name, value)
    request.changed = at
    naming.decidable((part for part in parts if part.state in requests.OPEN), request)
    for version in accepted:
        model.Session.add(records.Accepted(request=request.id, terms=version.id, hash=version.hash, by=user.id, at=at))
    for part in parts:
        if part in going:
            also = {COMPLETED: [*([changed.DATA] if part.id in change.other else []), *names]} if part.state == CHANGES_REQUESTED else None
            _apply(part, request, "submit", Act(user.id, REQUESTER, at), "", user.id, also)
        elif part.id in change.other or (names and part.state == UNDER_REVIEW and part.keys):
            # whoever approved what was asked did not approve this
            _changed(user, request, part, at)
    model.Session.flush()
    if going:
        _acknowledge(request, going)


def _rescope(user: Any, request: records.Request, parts: list[records.Part], change: rescoping.Change, at: datetime) -> None:
    """Let each part ask for what it asks for from now on; one of which nothing is asked any more was withdrawn, or never was."""
    for part in change.gone:
        if part.state == DRAFT:
            model.Session.query(records.Part).filter_by(id=part.id).delete()
        else:
            _apply(part, request, "withdraw", Act(user.id, REQUESTER, at), "", user.id)
    for part in parts:
        if part.id in change.other:
            rescoping.store(part, change.other[part.id])
    for partner, asked in change.new.items():
        _ask(request, partner, asked, at)
    model.Session.flush()


COMPLETED = "completed"
"""A sending of what was sent back, in what is told and, with the fields that were changed, in the thread."""

KEYS_BACK = "keys_back"
"""In the thread: no move, but what a change of the request did."""

RESCOPED = "rescoped"
"""The same, where no key was turned: other data are asked for than were sent."""


def _changed(user: Any, request: records.Request, part: records.Part, at: datetime) -> None:
    """What waits was changed while another partner's part was completed: a key that was turned for it as it was is taken back, and those who decide are told."""
    concerned, keys = delegates.hands(part), sorted(part.keys)
    part.keys = {}
    model.Session.add(records.Message(request=request.id, part=part.id, by=user.id, at=at, move=KEYS_BACK if keys else RESCOPED, text=""))
    model.Session.flush()
    told = {*concerned, *roles.decide(part, request)}
    _tell("request.changed", user.id, request, part, records.covered([part.id]), {"state": part.state, "keys": keys, "due": _moment(part.due)}, told, [])


def _acknowledge(request: records.Request, sent: list[records.Part]) -> None:
    """Tell who asked, once for all partners, that it has come in and until when it is decided: who does something is not told of it otherwise."""
    if _invited.get():
        return
    datasets = [item.dataset for item in records.covered([part.id for part in sent])]
    about = {"request": request.id, **({"partner": sent[0].partner} if len(sent) == 1 else {}), **({"dataset": datasets[0]} if len(datasets) == 1 else {})}
    content = {"datasets": datasets, "due": _moment(max((part.due for part in sent if part.due), default=None))}
    happening.tell(happening.Happening(ACKNOWLEDGED, None, about, content, (request.requester,), address(request.id)))


def _differs(request: records.Request, data: dict[str, Any]) -> bool:
    return any(name in data and str(data[name]) != str(getattr(request, name)) for name in ("purpose", "words", "project", "organisation", "days"))


def _accepted(before: set[str], partners: Iterable[str], data: dict[str, Any], errors: form.Errors) -> list[records.Terms]:
    """The terms in force that are accepted now; those that were accepted for this request before (hashes) need not be again."""
    given = set(form.texts(data.get("terms"), errors, "terms", form.MOST_DATASETS))
    wanted = {version.hash: version for version in terms.for_partners(partners).values()}
    missing = set(wanted) - given - before
    if missing:
        replaced = terms.known(given - set(wanted)) or bool(before and not given)
        errors.setdefault("terms", []).append(
            tk._("The terms were replaced since you opened the form. Nothing that you wrote is lost: read the new ones and accept them.")
            if replaced
            else tk._("Read the terms and accept them.")
        )
    return [version for value, version in wanted.items() if value not in before]


def move(user: Any, request: records.Request, name: str, part_id: str, data: dict[str, Any]) -> list[records.Part]:
    """Make a move in one part, or in all that it is possible in when the requester names none. Raises ValidationError."""
    if name not in requests.MOVES or name == "submit" or requests.MOVES[name].roles == frozenset({CLOCK}):
        raise invalid("move", tk._("There is no move “{name}”.").format(name=name[:80]))
    errors: form.Errors = {}
    reason = form.text(data.get("reason"), errors, "reason", form.LONG, required=name in WITH_REASON)
    given = form.days(data["days"], errors) if name in GIVES_TERM and data.get("days") not in (None, "") else None
    if errors:
        raise tk.ValidationError(errors)
    parts = records.locked(request.id)
    chosen = _chosen(user, request, parts, name, part_id)
    at = records.now()
    for part in chosen:
        able = roles.of(user.id, part, request)
        part.personal = part.personal or _personal_now(part)
        role = roles.for_move(name, able, user.id, part, request) or able[0]
        first = part.ends - part.begins if name in GIVES_TERM and part.keys and part.begins and part.ends else None
        ends = at + timedelta(days=given or records.asked(part, request).days) if name in GIVES_TERM and (given or first is None) else None
        if first is not None and given and timedelta(days=given) > first:
            raise invalid("days", tk._("The first key was turned for a shorter time. Leave the days empty to agree to it, or ask for completion."))
        if name in GIVES_TERM and part.state in requests.MOVES[name].starts and delegates.turned(user.id, part, request):
            raise invalid("move", tk._("You have approved already: the other key is for somebody else."))
        _apply(part, request, name, Act(user.id, role, at, ends), reason, user.id)
    request.changed = at
    model.Session.flush()
    return chosen


def _chosen(user: Any, request: records.Request, parts: list[records.Part], name: str, part_id: str) -> list[records.Part]:
    if part_id:
        chosen = [part for part in parts if part.id == part_id and (user.id == request.requester or roles.of(user.id, part, request))]
        if not chosen:
            raise tk.ObjectNotFound(tk._("There is no such part of a request."))
        return chosen
    mine = [part for part in parts if roles.of(user.id, part, request)]
    if not mine:
        # administrators read it, and whoever decided in it once: that is no role
        raise tk.NotAuthorized(tk._("This is not yours to decide."))
    able = [part for part in mine if name in roles.moves(user.id, part, request)]
    if len(able) == 1 or (able and user.id == request.requester and name == "withdraw"):
        return able
    if not able and len(mine) == 1:
        return mine
    raise invalid("part", tk._("Say in which part: the request goes to several partners."))


def _personal_now(part: records.Part) -> bool:
    """Whether the data concern persons by what is said of them today."""
    ids = [item.dataset for item in records.covered([part.id])]
    return any(levels.concerns_persons((extras or {}).get("personal_data")) for (extras,) in model.Session.query(model.Package.extras).filter(model.Package.id.in_(ids)))


def lapses(part: records.Part) -> datetime | None:
    """When a part that is to be completed lapses if nobody goes on with it."""
    return part.changed + timedelta(days=int(tk.config["tzc.rights.lapse_days"])) if part.state == CHANGES_REQUESTED else None


def tick(part: records.Part, request: records.Request, name: str, at: datetime, renewed: records.Part | None = None) -> None:
    """A move that time makes; the part is held by the caller. `renewed`: the part whose right takes the place of this one's."""
    _apply(part, request, name, Act("", CLOCK, at), "", None, {"renewed": _moment(renewed.ends), "renewed_by": renewed.id} if renewed else {})
    request.changed = at


def _apply(part: records.Part, request: records.Request, name: str, act: Act, reason: str, by: str | None, also: dict[str, Any] | None = None) -> None:
    """The move, the rights that it gives or takes, its entry in the thread, and what is told."""
    before = part.state
    concerned = roles.decide(part, request)
    acting_for = sorted(delegates.in_place_of(by, part, request)) if by and act.role in (requests.DECIDER, requests.REVIEWER) else []
    try:
        moved = requests.make(part.pure(request.requester), name, act)
    except requests.RequestError as error:
        raise invalid("move", request_words.refusal(error, roles.moves(by, part, request) if by else ())) from error
    part.take(moved, act.at)
    if before in requests.OPEN and part.state not in requests.OPEN:
        records.keep_asked(part, request)
    team = records.asked(part, request).team
    if by in part.decided_by:
        # whoever was replaced has decided too: an appeal is for others
        part.decided_by = sorted({*part.decided_by, *acting_for, *(delegates.hands(part) if name in GIVES_TERM else ())})
    datasets = records.covered([part.id])
    if part.state == GRANTED and name in GIVES_TERM:
        _still_theirs(part, datasets)
        renewals.still_to_renew(part, request)
    given: list[records.Grant] = []
    if part.state == GRANTED and name in GIVES_TERM:
        given = records.give(part, request, datasets, _hashes(request), act.at)
    elif before in (GRANTED, SUSPENDED) or part.state in (GRANTED, SUSPENDED):
        records.set_live(part.id, part.state == GRANTED)
    # a renewal that was sent, or decided, changes what the right that it renews opens
    records.forget_grants()
    given_up = name == requests.Withdraw.name and before == requests.APPEALED
    said = {"move": APPEAL_WITHDRAWN if given_up else step(name, also), "acting_for": acting_for, "days": _days(part, name), "text": reason}
    model.Session.add(records.Message(request=request.id, part=part.id, by=by, at=act.at, **said))
    model.Session.flush()
    kind = "request.granted" if given else "request.appeal_withdrawn" if given_up else KINDS[name]
    content = {"state": part.state, "before": before, "role": act.role, "reason": reason, "begins": _moment(part.begins), "ends": _moment(part.ends), "due": _moment(part.due)}
    told = {request.requester, *concerned, *roles.decide(part, request), *acting_for, *(team if given or before in (GRANTED, SUSPENDED) else ())}
    if before in (GRANTED, SUSPENDED) and team:
        content["team"] = sorted(team)
    if before == DRAFT and name != "submit":
        told = {request.requester}
    if name == "renew":
        # told as what was granted in its place
        told = set()
    _tell(kind, by, request, part, datasets, {**content, **_more(name, part, request), **(also or {}), **({"for": acting_for} if acting_for else {})}, told, given)
    if name == "appeal":
        # who does something is not told of it otherwise
        _tell(APPEAL_ACKNOWLEDGED, None, request, part, datasets, {"due": _moment(part.due)}, {request.requester}, [])
    _open_too(name, part, request, act.at)
    if given:
        # after it was told: what hangs on the right before goes over to this one
        _take_the_place(part, request, act.at)


def _open_too(name: str, part: records.Part, request: records.Request, at: datetime) -> None:
    """A right that rested is there again: also for those of the team who accepted the terms meanwhile."""
    team = set(records.asked(part, request).team) if name == requests.Resume.name else set()
    for account in sorted(team and team & records.accepted_by(request)):
        joining.give(part, request, account, at)


def step(name: str, also: dict[str, Any] | None) -> str:
    """A move as the thread keeps it: what was completed says which fields were changed."""
    return f"{COMPLETED}:{' '.join(also[COMPLETED])}" if also and COMPLETED in also else name


def _more(name: str, part: records.Part, request: records.Request) -> dict[str, Any]:
    """What is told of a move of its own."""
    if name == "ask_changes":
        return {"until": _moment(lapses(part))}
    if name == "appeal":
        return {"hear": sorted(roles.reviewers(part, request))}
    renews = request.renews and (name == "submit" or (part.state == GRANTED and name in GIVES_TERM and _renewed_by(part, request)))
    return {"renews": request.renews} if renews else {}


def _renewed_by(part: records.Part, request: records.Request) -> bool:
    """Whether there is a right of which a part takes the place."""
    there = model.Session.query(records.Part.id).filter_by(request=request.renews, partner=part.partner, state=GRANTED)
    return there.first() is not None


def _days(part: records.Part, name: str) -> int | None:
    """How many days a key was turned for."""
    return round((part.ends - part.begins) / timedelta(days=1)) if name in GIVES_TERM and part.begins and part.ends else None


def _still_theirs(part: records.Part, datasets: list[records.Covered]) -> None:
    """A partner gives what is its own now, whatever was its own when it was asked. Raises ValidationError."""
    wanted = {item.dataset for item in datasets}
    query = model.Session.query(model.Package.id).filter(model.Package.id.in_(wanted), model.Package.owner_org == part.partner, model.Package.state == model.State.ACTIVE)
    if wanted - {dataset for (dataset,) in query}:
        raise invalid("move", tk._("Data that are asked for were deleted, or belong to another partner now: refuse, and have them asked for anew."))


def _take_the_place(part: records.Part, request: records.Request, at: datetime) -> None:
    """The right that this one renews was there until now."""
    earlier = model.Session.get(records.Request, request.renews) if request.renews else None
    if earlier is None:
        return
    for old in records.locked(earlier.id):
        if old.partner == part.partner and old.state == GRANTED:
            tick(old, earlier, "renew", at, part)


def _hashes(request: records.Request) -> str:
    """The terms that were accepted for a request: their hashes, the latest last."""
    return " ".join(records.hashes(request))


def _moment(value: datetime | None) -> str | None:
    return value.isoformat() if value else None


def _tell(
    kind: str, by: str | None, request: records.Request, part: records.Part, datasets: list[records.Covered], content: dict[str, Any], told: set[str], given: list[records.Grant]
) -> None:
    if _invited.get() and kind in (KINDS["submit"], KINDS["take_up"]):
        told = set()
    asked = records.asked(part, request)
    about = {"request": request.id, "part": part.id, "partner": part.partner}
    if len(datasets) == 1:
        about["dataset"] = datasets[0].dataset
    if len(given) == 1:
        about["grant"] = given[0].id
    more: dict[str, Any] = {"datasets": [item.dataset for item in datasets], "requester": request.requester, "purpose": asked.purpose}
    if columns := {file: names for item in datasets for file, names in item.columns.items()}:
        more["columns"] = columns
    if given:
        more["grants"] = [{"id": grant.id, "account": grant.account, "dataset": grant.dataset, "resources": grant.resources, "columns": grant.columns} for grant in given]
        more["terms"] = given[0].terms_hash
    happening.tell(happening.Happening(kind, by, about, {**more, **content}, tuple(sorted(told)), address(request.id)))


def remind(kind: str, part: records.Part, request: records.Request, told: Iterable[str]) -> None:
    """Tell of a deadline or an end that is near or past, once: the part keeps that it was told."""
    part.told = [*part.told, kind]
    model.Session.flush()
    _tell(kind, None, request, part, records.covered([part.id]), {"state": part.state, "due": _moment(part.due), "ends": _moment(part.ends)}, set(told), [])


def say(user: Any, request: records.Request, parts: list[records.Part], part_id: str, words: Any) -> records.Message:
    """A message in the thread: the requester's to one partner or all, a partner's in its own part. Raises ValidationError."""
    errors: form.Errors = {}
    text = form.text(words, errors, "text", form.LONG, required=True)
    part_id = place(user, request, parts, part_id)
    if records.of_last_day(records.Message, user.id, records.now()) >= MESSAGES_A_DAY:
        errors.setdefault("text", []).append(tk._("You have written very many messages today. Go on tomorrow."))
    if errors:
        raise tk.ValidationError(errors)
    message = records.Message(request=request.id, part=part_id or None, by=user.id, at=records.now(), text=text)
    model.Session.add(message)
    model.Session.flush()
    for part in parts:
        if part_id in ("", part.id) and part.state != DRAFT:
            _tell("request.message", user.id, request, part, records.covered([part.id]), {"state": part.state, "text": text}, {request.requester, *roles.decide(part, request)}, [])
    return message


def place(user: Any, request: records.Request, parts: list[records.Part], part_id: str) -> str:
    """The part of the thread that somebody writes into: the requester's to one partner or all (empty), a partner's its own. Raises ObjectNotFound, ValidationError."""
    mine = [part for part in parts if user.id == request.requester or roles.of(user.id, part, request)]
    if part_id and part_id not in {part.id for part in mine}:
        raise tk.ObjectNotFound(tk._("There is no such part of a request."))
    if part_id or user.id == request.requester:
        return part_id
    if len(mine) != 1:
        raise invalid("part", tk._("Say in which part: the request goes to several partners."))
    return mine[0].id


def tell(kind: str, by: str, request: records.Request, part: records.Part, content: dict[str, Any]) -> None:
    """Tell of something in a part that is recorded and of which nobody is written to."""
    _tell(kind, by, request, part, records.covered([part.id]), content, set(), [])
