"""What a form or program says of a feed, checked against the portal; and a feed as it is shown."""
from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import happening
from ckanext.tzc.common.asking import package
from ckanext.tzc.harvesters.http import is_inner

from tzc import schedule
from tzc.feeding import definition
from tzc.feeding.definition import Definition, DefinitionError
from tzc.feeding.faults import FeedError
from tzc.rights import policy

from . import credentials, filling, running, store, words

Errors = dict[str, list[str]]

MOST_FEEDS = 50
"""Of a dataset."""


def feed(id_: object) -> store.Feed:
    """A feed. Raises ObjectNotFound."""
    found = store.feed(id_)
    if found is None:
        raise tk.ObjectNotFound(tk._("There is no such feed."))
    return found


def read(data: dict[str, Any], partner: str, *, administrator: bool) -> tuple[Definition, str | None]:
    """The definition and the schedule. Raises ValidationError."""
    errors: Errors = {}
    try:
        wanted = definition.read(data)
    except DefinitionError as error:
        if data.get("kind") in definition.KINDS:
            _cron(data.get("cron"), str(data["kind"]), errors)
        raise tk.ValidationError({**{field: [words.fault(code)] for field, code in error.faults.items()}, **errors}) from error
    cron = _cron(data.get("cron"), wanted.kind, errors)
    ending = wanted.file.rpartition(".")[2].lower()
    if ending not in tk.config["tzc.uploads.types"]:
        errors["file"] = [tk._("Files of this kind are not taken.")]
    if wanted.kind == definition.SQL and ending != "csv":
        errors["file"] = [tk._("A query gives a CSV file.")]
    if wanted.kind == definition.SQL:
        _query(wanted.query, errors)
    if wanted.credential:
        row = credentials.find(partner, wanted.credential)
        if row is None or row.kind not in definition.CREDENTIALS[wanted.kind]:
            errors["credential"] = [tk._("Your partner has no credential of this name for such an address.")]
        elif row.host != wanted.host:
            errors["credential"] = [tk._("This credential is for {host} only.").format(host=row.host)]
    if wanted.kind not in (definition.PUSH, *definition.CLOSED) and not administrator and is_inner(wanted.host.rpartition(":")[0]):
        errors["address"] = [tk._("This address leads into an internal network: only an administrator of the portal makes such a feed.")]
    if errors:
        raise tk.ValidationError(errors)
    return wanted, cron


def _query(text: str, errors: Errors) -> None:
    from . import query

    try:
        query.copying(text, 1)
    except FeedError as error:
        errors["query"] = [words.reason(error.code, error.parameters)]


def _cron(given: Any, kind: str, errors: Errors) -> str | None:
    if kind == definition.PUSH:
        return None
    try:
        return schedule.checked(given if isinstance(given, str) else "", dt.timedelta(minutes=tk.config["tzc.feeding.least_minutes"]))
    except schedule.ScheduleError as error:
        least = tk.config["tzc.feeding.least_minutes"]
        errors["cron"] = [tk._("At most once in {least} minutes.").format(least=least) if error.code == "often" else words.fault("cron")]
        return None


def make(found: Any, resource: str | None, data: dict[str, Any], user: Any) -> store.Feed:
    """A new feed of a dataset, filling one of its files or a new one. Raises ValidationError. Does not commit."""
    wanted, cron = read(data, found.owner_org, administrator=user.sysadmin)
    if resource is not None:
        file = model.Resource.get(resource)
        if file is None or file.package_id != found.id or file.state != model.State.ACTIVE:
            raise tk.ValidationError({"resource": [tk._("This dataset has no such file.")]})
        if model.Session.query(store.Feed.id).filter_by(resource=file.id).first():
            raise tk.ValidationError({"resource": [tk._("This file is fed already.")]})
        resource = file.id
    if len(store.feeds_of(found.id)) >= MOST_FEEDS:
        raise tk.ValidationError({"dataset": [tk._("This dataset has very many feeds already.")]})
    made = store.Feed(
        id=secrets.token_hex(8), dataset=found.id, resource=resource, definition=wanted.as_dict(), cron=cron, paused=False,
        allowed=user.sysadmin or wanted.kind not in definition.CLOSED, internal=False, by=user.id, made=store.now(),
    )  # fmt: skip
    model.Session.add(made)
    running.schedule_on(made)
    model.Session.flush()
    _told("feed.made", made, user)
    return made


def change(row: store.Feed, data: dict[str, Any], user: Any) -> None:
    """Change a feed. What an administrator allowed is allowed no more when it leads elsewhere. Raises ValidationError. Does not commit."""
    before = row.wanted
    merged = {**row.definition, "cron": row.cron, **{field: value for field, value in data.items() if field not in ("id", "paused")}}
    wanted, cron = read(merged, row.partner, administrator=user.sysadmin or row.internal)
    leads = ("kind", "address", "query", "credential", "host_key")
    if any(getattr(wanted, field) != getattr(before, field) for field in leads):
        row.etag = row.modified = row.digest = None
        if not user.sysadmin:
            _forbid(row, wanted.kind)
    if data.get("forget_columns") in (True, "true", "1", "on"):
        row.columns = row.digest = None
    row.definition, row.cron = wanted.as_dict(), cron
    if "paused" in data:
        row.paused = data["paused"] in (True, "true", "1", "on")
    running.schedule_on(row)
    model.Session.flush()
    _told("feed.changed", row, user)


def _forbid(row: store.Feed, kind: str) -> None:
    row.internal, row.allowed = False, kind not in definition.CLOSED


def shows_another(partner: str, credential: str, user: Any) -> None:
    """A credential was replaced or removed: what an administrator allowed of feeds that show it is allowed no more. Does not commit."""
    for row in store.feeds_showing(partner, credential):
        kind = row.wanted.kind
        if not user.sysadmin and (row.internal or (row.allowed and kind in definition.CLOSED)):
            _forbid(row, kind)
            model.Session.flush()
            _told("feed.changed", row, user)


def _told(kind: str, row: store.Feed, user: Any) -> None:
    """With what it leads to, but no address: a key may stand in one."""
    from ckanext.tzc.common import duties

    waits = kind in ("feed.made", "feed.changed") and not row.allowed
    content = {"title": filling.title(row), "kind": row.wanted.kind, "host": row.wanted.host, "allowed": row.allowed, "internal": row.internal}
    happening.tell(happening.Happening(kind, user.id, row.about, content, tuple(sorted(duties.administrators())) if waits else (), path=filling.path(row)))


def told(kind: str, row: store.Feed, user: Any) -> None:
    """Tell what was done with a feed. Does not commit."""
    _told(kind, row, user)


def new_dataset(data: dict[str, Any], context: Any, user: Any) -> Any:
    """A dataset made for a feed, of the fields in `new`, restricted where that is not said. Nothing is made for a feed that is none. Raises ValidationError, NotAuthorized."""
    fields = data["new"]
    if not isinstance(fields, dict):
        raise tk.ValidationError({"new": [tk._("Give the dataset's fields.")]})
    partner = model.Group.get(fields.get("owner_org")) if isinstance(fields.get("owner_org"), str) else None
    if partner is not None:
        read(data, partner.id, administrator=user.sysadmin)
    made = tk.get_action("package_create")({"user": context.get("user")}, {"access_level": policy.RESTRICTED, **fields})
    return package(made["id"], context)


def shown(row: store.Feed) -> dict[str, Any]:
    """A feed for a page or program."""
    return {
        "id": row.id, "dataset": row.dataset, "resource": row.resource, **row.definition, "title": filling.title(row), "cron": row.cron, "due": _moment(row.due),
        "paused": row.paused, "allowed": row.allowed, "internal": row.internal, "columns": row.columns, "filled": _moment(row.filled), "trouble": row.trouble,
        "since": _moment(row.since), "push": tk.h.url_for("tzc_feeding.push", id=row.id, qualified=True) if row.wanted.kind == definition.PUSH else None,
    }  # fmt: skip


def shown_run(row: store.Run) -> dict[str, Any]:
    """A run, with words."""
    return {
        "id": row.id, "at": _moment(row.at), "ended": _moment(row.ended), "times": row.times, "way": row.way, "outcome": row.outcome, "code": row.code,
        "words": words.outcome(row), "todo": words.todo(row.code) if row.code else "", "bytes": row.bytes, "rows": row.rows, "sha256": row.sha256,
        "difference": (row.parameters or {}).get("difference"),
    }  # fmt: skip


def shown_key(row: store.Key) -> dict[str, Any]:
    """A key, but for the key itself."""
    works = row.revoked is None and row.ends > store.now()
    return {"id": row.id, "prefix": row.prefix, "made": _moment(row.made), "ends": _moment(row.ends), "revoked": _moment(row.revoked), "used": _moment(row.used), "works": works}


def _moment(value: Any) -> str | None:
    return value.isoformat() if value else None
