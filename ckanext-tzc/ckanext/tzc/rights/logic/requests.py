"""Asking for restricted data, and deciding on it."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import duties
from ckanext.tzc.common.bounds import offset_and_limit
from ckanext.tzc.common.territory import text

from tzc.rights import policy, requests

from .. import attachments, form, life, queues, records, renewals, request_words, rescoping, roles, second_key, single_columns, terms

MOST = 100
"""Entries of one answer."""

HAD = (requests.GRANTED, requests.SUSPENDED, requests.EXPIRED, requests.RENEWED)
"""States of a right that nobody took away."""

GIVEN = (requests.GRANTED, requests.SUSPENDED, requests.REVOKED, requests.EXPIRED, requests.RENEWED)
"""States of a part that became a right."""

Answer = dict[str, Any]


def _asker(context: Any, name: str) -> Any:
    """The account that asks, never one that is named in the data. Raises NotAuthorized."""
    tk.check_access(name, context, {})
    user = model.User.get(context.get("user") or "")
    if user is None or user.state != model.State.ACTIVE:
        raise tk.NotAuthorized(tk._("Sign in to ask for data."))
    return user


def _find(user: Any, data_dict: dict[str, Any]) -> tuple[records.Request, list[records.Part]]:
    """A request that somebody may see, with its parts; what others asked is as unknown as what nobody asked. Raises ObjectNotFound."""
    name = tk.get_or_bust(data_dict, "id")
    request = model.Session.get(records.Request, name) if isinstance(name, str) and "\0" not in name else None
    parts = _parts(request) if request else []
    if request is None or not (user.id == request.requester or any(_sees(user, part, request) for part in parts)):
        raise tk.ObjectNotFound(tk._("There is no such request."))
    return request, parts


def _sees(user: Any, part: records.Part, request: records.Request) -> bool:
    """Who decides sees what was sent; a draft is its writer's."""
    return part.state != requests.DRAFT and (bool(user.sysadmin) or bool(roles.of(user.id, part, request)) or user.id in part.decided_by)


def _one(data_dict: dict[str, Any], key: str) -> str:
    value = data_dict.get(key)
    return value.replace("\0", "") if isinstance(value, str) else ""


def _flag(data_dict: dict[str, Any], key: str) -> bool:
    """Yes or no, as programs write it. Raises ValidationError."""
    try:
        return bool(tk.asbool(data_dict.get(key) or False))
    except ValueError as error:
        raise tk.ValidationError({key: [tk._("Write true or false.")]}) from error


@contextmanager
def _all_or_nothing() -> Iterator[None]:
    """What is refused leaves nothing behind."""
    try:
        yield
    except (tk.ValidationError, tk.ObjectNotFound):
        model.Session.rollback()
        raise


def _done(context: Any) -> None:
    if not context.get("defer_commit"):
        model.Session.commit()


def tzc_request_create(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Write a request for restricted data; with `submit` it is sent at once.

    `datasets`: ids or names, of one or several partners; `resources`: ids of files among theirs, none for all; `columns`: `{file id: [column, …]}`, of files of
    which only some columns are asked for; `purpose`: a code of the list; `words`: what for; `project`,
    `organisation`; `days`: how long; `team`: names of other accounts who would work with the data; `terms`: hashes of the terms accepted (`tzc_request_terms`); `key`: any text by
    which a second sending is known; `renews`: id of an own request whose right this one shall take the place of. Who asks is the account. Returns the request
    (`tzc_request_show`). Raises NotAuthorized, ValidationError.
    """
    user = _asker(context, "tzc_request_create")
    submit = _flag(data_dict, "submit")
    with _all_or_nothing(), life.invited(context):
        request, new = life.create(user, {**data_dict, "submit": submit})
        if submit and (new or _parts(request)[0].state == requests.DRAFT):
            # what a new one asks for was looked at just now
            life.submit(user, request, {name: value for name, value in data_dict.items() if not (new and name in rescoping.FIELDS)})
    _done(context)
    return _shown(request, _parts(request), user)


def tzc_request_submit(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Send a draft, or a request that was sent back, again.

    `id`; `terms`: hashes of the terms accepted; and what changes of `purpose`, `words`, `project`, `organisation`, `days`, `team`, `datasets`, `resources`, `columns`: of what is
    not decided, a dataset that `datasets` leaves out is asked for no more. Returns the request. Raises ObjectNotFound, NotAuthorized, ValidationError.
    """
    user = _asker(context, "tzc_request_submit")
    request, _parts_before = _find(user, data_dict)
    if user.id != request.requester:
        raise tk.NotAuthorized(tk._("Only who asked sends the request."))
    with _all_or_nothing():
        life.submit(user, request, data_dict)
    _done(context)
    return _shown(request, _parts(request), user)


def tzc_request_move(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Decide, suspend, revoke, withdraw, appeal: any move of the table but the sending.

    `id`; `move`: take_up, ask_changes, prolong, approve, refuse, withdraw, suspend, resume, revoke, appeal, uphold or overturn; `part`: id of the partner's part, where there are
    several; `reason`: where the move is against somebody; `days`: of the right, at an approval (what was asked for, when left out). Returns the request. Raises ObjectNotFound,
    NotAuthorized, ValidationError.
    """
    user = _asker(context, "tzc_request_move")
    request, _parts_before = _find(user, data_dict)
    with _all_or_nothing(), life.invited(context):
        life.move(user, request, _one(data_dict, "move"), _one(data_dict, "part"), data_dict)
    _done(context)
    return _shown(request, _parts(request), user)


def tzc_request_message(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Write into the thread of a request: `id`, `text`, and `part` where it is for one partner only. Returns the message. Raises ObjectNotFound, NotAuthorized, ValidationError."""
    user = _asker(context, "tzc_request_message")
    request, parts = _find(user, data_dict)
    message = life.say(user, request, parts, _one(data_dict, "part"), data_dict.get("text"))
    _done(context)
    return _message(message, {user.id: user.display_name})


@tk.side_effect_free
def tzc_request_show(context: Any, data_dict: dict[str, Any]) -> Answer:
    """A request (`id`) as far as it is the asker's: who asked sees all, a partner its own part.

    Returns `{"id", "requester", "purpose", "words", "project", "organisation", "days", "team", "created", "changed", "parts", "messages", "files", "accepted", "guest",
    "renewed"}`; `guest` is the proven address of who asks without a password; `renewed` `{"id", "ends", "keeps"}` of the request whose right this one takes the place of, and
    whether it keeps it until it is decided. A part is `{"id",
    "partner", "title", "state", "label", "personal", "keys", "second", "decided_by", "after_appeal", "due", "begins", "ends", "lapses", "datasets", "columns", "moves", "roles",
    "asked", "days", "kept", "renewal", "successor"}`; `days`: that the right was given for; `kept`: until when at most a renewal keeps it beyond its end; `renewal`: the request
    that waits to renew this right, `successor`: the one that did; `lapses`: until when it is to be completed; `moves`
    are those that the asker can make now; `second` names who may turn the other key of two, for who decides: empty where nobody can, null where that is not the question;
    `decided_by` who decided; `asked`: the words that the part was decided on, where the request says others since, completed for another partner; who sees this part only has
    them as the request's. Raises ObjectNotFound, NotAuthorized.
    """
    user = _asker(context, "tzc_request_show")
    request, parts = _find(user, data_dict)
    return _shown(request, parts, user)


@tk.side_effect_free
def tzc_request_list(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Requests of the account, newest first; with `queue` those that wait for its decision, the earliest deadline first; with `decided` what it decided or could have.

    `offset`, `limit` (100 at most). Returns `{"count", "requests"}`: entries are `{"id", "part", "partner", "title", "state", "label", "due", "ends", "created", "requester",
    "purpose", "datasets", "columns"}`, one a part, in the queue also `second` (the other key was turned) and `for` (in whose place the asker decides);
    `columns`: how many columns are asked for, where not all of a file are. Raises NotAuthorized, ValidationError.
    """
    user = _asker(context, "tzc_request_list")
    offset, limit = offset_and_limit(data_dict, MOST)
    limit = min(limit, MOST)
    if _flag(data_dict, "queue"):
        count, rows = queues.waiting(user, offset, limit)
    elif _flag(data_dict, "decided"):
        count, rows = queues.decided(user, offset, limit)
    else:
        count, rows = queues.own(user, offset, limit)
    entries = _entries(rows)
    if _flag(data_dict, "queue"):
        second_key.mark(user, rows, entries)
    return {"count": count, "requests": entries}


@tk.side_effect_free
def tzc_grant_list(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Rights of the account, or, with `dataset`, those to a dataset, for who decides on it; the latest end first.

    `offset`, `limit` (100 at most). Returns `{"count", "grants"}`: `{"id", "request", "part", "account", "dataset", "title", "resources", "columns", "begins", "ends", "live",
    "now", "kept", "label", "terms_hash"}`; `kept`: until when at most a renewal that waits keeps it beyond its end; `columns` by file, where only some were given; `now` says
    whether it opens the data at this moment, `label` why, in words.
    Raises NotAuthorized, ObjectNotFound, ValidationError.
    """
    user = _asker(context, "tzc_grant_list")
    offset, limit = offset_and_limit(data_dict, MOST)
    limit = min(limit, MOST)
    wanted = (records.Grant, records.Part.request, records.Part.state, records.kept_until(records.Grant.dataset))
    query = model.Session.query(*wanted).join(records.Part, records.Part.id == records.Grant.part)
    if name := _one(data_dict, "dataset"):
        package = model.Package.get(name)
        partner = package.owner_org if package else None
        if not partner or not (user.sysadmin or duties.has(user.id, partner, duties.DECIDER) or duties.has(user.id, partner, duties.OFFICER)):
            raise tk.ObjectNotFound(tk._("Dataset not found"))
        query = query.filter(records.Grant.dataset == package.id)
    else:
        query = query.filter(records.Grant.account == user.id)
    rows = query.order_by(records.Grant.ends.desc(), records.Grant.id).offset(offset).limit(limit).all()
    titles, names, at = _titles(row[0].dataset for row in rows), _names(row[0].account for row in rows), records.now()
    return {
        "count": query.count(),
        "grants": [
            {
                "id": grant.id, "request": request, "part": grant.part, "account": names.get(grant.account, ""), "dataset": grant.dataset,
                "title": titles.get(grant.dataset, ("", ""))[1],
                "resources": grant.resources, "columns": grant.columns,
                "begins": _utc(grant.begins), "ends": _utc(grant.ends), "live": grant.live, "now": grant.live and grant.begins <= at < policy.until(grant.ends, kept),
                "kept": _utc(kept) if kept and kept > max(grant.ends, at) else None, "label": request_words.right(grant, state, at, kept), "terms_hash": grant.terms_hash,
            }
            for grant, request, state, kept in rows
        ],
    }  # fmt: skip


@tk.side_effect_free
def tzc_request_terms(context: Any, data_dict: dict[str, Any]) -> Answer:
    """The terms that asking for `datasets` means accepting: `{"terms": [{"hash", "text", "texts", "since", "partners"}]}`, each once. Raises ValidationError."""
    user = _asker(context, "tzc_request_terms")
    errors: form.Errors = {}
    asked = form.scope(data_dict, user, errors)
    if errors:
        raise tk.ValidationError(errors)
    found: dict[str, Answer] = {}
    for partner, version in terms.for_partners(sorted({one.partner for one in asked})).items():
        entry = found.setdefault(version.hash, {"hash": version.hash, "text": text(version.texts), "texts": version.texts, "since": _utc(version.since), "partners": []})
        entry["partners"].append(_partner_title(partner))
    _done(context)
    return {"terms": list(found.values())}


def tzc_request_terms_set(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Give a partner (`id`) terms of its own: `texts`, by language (fr at least); empty for the portal's again. Earlier versions stay. Returns `{"hash", "texts", "since"}`.

    `before`: hash of the terms that the writer knows to be in force, or nothing; where others are, nothing is changed. Raises NotAuthorized, ObjectNotFound, ValidationError.
    """
    user = _asker(context, "tzc_request_terms_set")
    partner = terms.partner_for(user, _one(data_dict, "id"))
    given, errors = data_dict.get("texts") or {}, {}
    if not isinstance(given, dict) or not set(given) <= {"fr", "en"} or (given and not given.get("fr")):
        raise tk.ValidationError({"texts": [tk._("Give texts by language: fr, and en if there is one.")]})
    clean = {language: form.text(words, errors, "texts", 4 * form.LONG, required=True) for language, words in given.items()}
    if errors:
        raise tk.ValidationError(errors)
    with _all_or_nothing():
        written = terms.replace(partner, clean, user, _one(data_dict, "before"))
    _done(context)
    return {"hash": written.hash, "texts": written.texts, "since": _utc(written.since)}


def _parts(request: records.Request) -> list[records.Part]:
    found: list[records.Part] = model.Session.query(records.Part).filter_by(request=request.id).order_by(records.Part.id).all()
    return found


def _utc(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _names(accounts: Iterable[str]) -> dict[str, str]:
    wanted = set(accounts)
    return {user.id: user.display_name for user in model.Session.query(model.User).filter(model.User.id.in_(wanted))} if wanted else {}


def _user_names(accounts: list[str]) -> list[str]:
    return [name for (name,) in model.Session.query(model.User.name).filter(model.User.id.in_(accounts))] if accounts else []


def _titles(datasets: Iterable[str]) -> dict[str, tuple[str, str]]:
    wanted = set(datasets)
    rows = model.Session.query(model.Package.id, model.Package.name, model.Package.title).filter(model.Package.id.in_(wanted)) if wanted else ()
    return {id_: (name, title or name) for id_, name, title in rows}


def _partner_title(partner: str) -> str:
    group = model.Session.get(model.Group, partner)
    return (group.title or group.name) if group else partner


def _entries(rows: list[Any]) -> list[Answer]:
    items, decided = records.covered([part.id for part, _request in rows]), records.decided([part.id for part, _request in rows])
    titles, names = _titles(item.dataset for item in items), _names(request.requester for _part, request in rows)
    partners = (
        {group.id: group.title or group.name for group in model.Session.query(model.Group).filter(model.Group.id.in_({part.partner for part, _request in rows}))} if rows else {}
    )
    return [
        {
            "id": request.id, "part": part.id, "partner": part.partner, "title": partners.get(part.partner, ""), "state": part.state, "label": request_words.state(part.state),
            "due": _utc(part.due), "ends": _utc(part.ends), "created": _utc(request.created), "requester": names.get(request.requester, ""),
            "purpose": request_words.purpose(decided.get(part.id, request).purpose),
            "datasets": [titles.get(item.dataset, ("", ""))[1] for item in items if item.part == part.id],
            "columns": sum(len(names) for item in items if item.part == part.id for names in item.columns.values()),
        }
        for part, request in rows
    ]  # fmt: skip


def _shown(request: records.Request, parts: list[records.Part], user: Any) -> Answer:
    mine = [part for part in parts if user.id == request.requester or _sees(user, part, request)]
    items = records.covered([part.id for part in mine])
    titles = _titles(item.dataset for item in items)
    messages = model.Session.query(records.Message).filter_by(request=request.id).order_by(records.Message.id).all()
    seen = [message for message in messages if message.part is None or message.part in {part.id for part in mine}]
    keys = {account for part in mine for account in (*part.keys.values(), *part.decided_by)}
    second = {part.id: roles.second(part, request) if user.id != request.requester else None for part in mine}
    able = {account for accounts in second.values() for account in accounts or ()}
    decided = records.decided([part.id for part in mine])
    # a partner reads what it decided on, whatever others asked to be completed since
    content = decided.get(mine[0].id, request) if len(mine) == 1 and user.id != request.requester else request
    said = {part.id: row for part in mine if (row := decided.get(part.id)) and _differ(row, content)}
    teams = {account for row in (content, *said.values()) for account in row.team}
    names = _names({request.requester, *teams, *keys, *able, *(account for message in seen for account in (message.by, *message.acting_for) if account)})
    accepted = model.Session.query(records.Accepted).filter_by(request=request.id, by=request.requester).order_by(records.Accepted.id)
    return {
        "guest": tk.h.tzc_guest_address(request.requester) if "tzc_guest_address" in tk.h else "",
        "id": request.id, "requester": names.get(request.requester, ""), "yours": user.id == request.requester, **_said(content, names), "team_names": _user_names(content.team),
        "created": _utc(request.created), "changed": _utc(request.changed), "renews": request.renews, "renewed": _renewed(request, mine),
        "accepted": [{"hash": row.hash, "at": _utc(row.at)} for row in accepted],
        "parts": [
            {
                **_part(part, request, user, [item for item in items if item.part == part.id], titles, names, second[part.id]),
                "asked": _said(said[part.id], names) if part.id in said else None,
            }
            for part in mine
        ],
        "files": [attachments.shown(row, user, parts) for row in attachments.of(request, mine)],
        "others": len(parts) - len(mine), "messages": [_message(message, names) for message in seen],
    }  # fmt: skip


def _differ(one: Any, other: Any) -> bool:
    return any(getattr(one, name) != getattr(other, name) for name in records.ASKED)


def _said(content: Any, names: dict[str, str]) -> Answer:
    """What a request says, or said when a part of it was decided."""
    return {
        "purpose": content.purpose, "purpose_label": request_words.purpose(content.purpose), "words": content.words, "project": content.project,
        "organisation": content.organisation, "days": content.days, "team": [names.get(account, "") for account in content.team],
    }  # fmt: skip


def _renewed(request: records.Request, mine: list[records.Part]) -> Answer | None:
    """The request that this one renews, for who reads these parts: of the same partners, which have it too."""
    if not request.renews:
        return None
    partners = {part.partner for part in mine}
    there = model.Session.query(records.Part.ends).filter(records.Part.request == request.renews, records.Part.partner.in_(partners))
    ends = [end for (end,) in there]
    return {"id": request.renews, "ends": _utc(max((end for end in ends if end), default=None)), "keeps": renewals.keeps(request, mine)} if ends else None


def _part(
    part: records.Part, request: records.Request, user: Any, items: list[records.Covered], titles: dict[str, tuple[str, str]], names: dict[str, str], second: frozenset[str] | None
) -> Answer:
    return {
        "id": part.id, "partner": part.partner, "title": _partner_title(part.partner), "state": part.state, "label": request_words.state(part.state), "personal": part.personal,
        "keys": {role: names.get(account, "") for role, account in part.keys.items()},
        "second": None if second is None else sorted(names.get(account, "") for account in second),
        "decided_by": sorted(names.get(account, "") for account in part.decided_by), "after_appeal": bool(part.before) and part.state in HAD,
        "due": _utc(part.due), "begins": _utc(part.begins), "ends": _utc(part.ends),
        "datasets": [
            {"id": item.dataset, **dict(zip(("name", "title"), titles.get(item.dataset, ("", "")), strict=True)), "resources": item.resources, "columns": item.columns}
            for item in items
        ],
        "lapses": _utc(life.lapses(part)),
        "columns": single_columns.told([item.columns for item in items]),
        "moves": roles.moves(user.id, part, request), "roles": list(roles.of(user.id, part, request)),
        "days": round((part.ends - part.begins).total_seconds() / 86400) if part.state in GIVEN and part.begins and part.ends else None,
        "kept": _utc(renewals.kept(part)), "renewal": renewals.shown(part, user.id == request.requester), "successor": renewals.successor(part),
    }  # fmt: skip


def _message(message: records.Message, names: dict[str, str]) -> Answer:
    words = " ".join(filter(None, (request_words.done(message.move), request_words.given(message.days)))) if message.move else ""
    return {
        "id": message.id, "part": message.part, "by": names.get(message.by or "", ""), "at": _utc(message.at),
        "move": message.move and message.move.partition(":")[0], "done": words, "text": message.text,
        "for": [names.get(account, "") for account in message.acting_for],
    }  # fmt: skip
