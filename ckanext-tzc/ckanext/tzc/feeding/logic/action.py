"""Feeds, their runs, old files and keys; partners' credentials."""
from __future__ import annotations

import datetime as dt
import re
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import happening
from ckanext.tzc.common.asking import account as _account
from ckanext.tzc.common.bounds import offset_and_limit
from ckanext.tzc.common.numbers import whole_number

from tzc.feeding import definition
from tzc.feeding import keys as pushing
from tzc.feeding.definition import DefinitionError
from tzc.hosts import host_of

from .. import credentials, defining, filling, jobs, running, sending, store, words

Answer = dict[str, Any]

MOST_KEY_DAYS = 730
MOST_RUNS = 200
MOST_CREDENTIALS = 100
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,99}")


def _feed(name: str, context: Any, data_dict: dict[str, Any]) -> store.Feed:
    """The feed that is asked for (`id`), for who may; to others it is as unknown as what is nobody's."""
    _account(context)
    row = defining.feed(data_dict.get("id"))
    try:
        tk.check_access(name, context, {"dataset": row.dataset})
    except tk.NotAuthorized as error:
        try:
            tk.check_access("package_update", tk.fresh_context(context), {"id": row.dataset})
        except tk.NotAuthorized:
            raise tk.ObjectNotFound(tk._("There is no such feed.")) from error
        raise
    return row


def tzc_feed_create(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Say how a file of a dataset is fed.

    `dataset`: id or name; or `new`: the fields of a dataset that is made for it, restricted unless `access_level` says otherwise. `resource`: the file that is fed; without it the
    first content makes one. `kind`: http, s3, sftp, sql or push; `file`: the file's name with its ending; `title`; `address`; `credential`: a name (`tzc_credential_set`);
    `cron`: five words, by the territory's clock (all but push); `keys`: columns that tell rows apart; `changes`: refuse, add or allow other columns than the first file's;
    `empty`: refuse or allow files without rows; `keep`: `{"last": n}` or `{"days": n}` old files; `query` (sql), `host_key` (sftp), `region` (s3).
    Returns the feed (`tzc_feed_show`). Raises ObjectNotFound, NotAuthorized, ValidationError.
    """
    user = _account(context)
    package = defining.new_dataset(data_dict, context, user) if data_dict.get("new") is not None else defining.package(data_dict.get("dataset"), context)
    tk.check_access("tzc_feed_create", context, {"dataset": package.id})
    resource = data_dict.get("resource") or None
    if resource is not None and not isinstance(resource, str):
        raise tk.ValidationError({"resource": [tk._("This dataset has no such file.")]})
    try:
        row = defining.make(package, resource, data_dict, user)
    except tk.ValidationError:
        model.Session.rollback()
        raise
    model.Session.commit()
    return defining.shown(row)


def tzc_feed_update(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Change a feed (`id`): the fields of `tzc_feed_create`, `paused`, and `forget_columns`: the next table's columns are expected from then on. Fields not given stay.

    Where it leads elsewhere, an administrator allows it anew. Returns the feed. Raises ObjectNotFound, NotAuthorized, ValidationError.
    """
    row, user = _feed("tzc_feed_update", context, data_dict), _account(context)
    try:
        defining.change(row, data_dict, user)
    except tk.ValidationError:
        model.Session.rollback()
        raise
    model.Session.commit()
    return defining.shown(row)


def tzc_feed_remove(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Feed a file no more (`id`): the file stays as it is, its old versions go. Raises ObjectNotFound, NotAuthorized."""
    row, user = _feed("tzc_feed_remove", context, data_dict), _account(context)
    defining.told("feed.removed", row, user)
    gone = store.versions(row.id)
    model.Session.delete(row)
    filling.drop(gone)
    model.Session.commit()
    return {}


@tk.side_effect_free
def tzc_feed_show(context: Any, data_dict: dict[str, Any]) -> Answer:
    """A feed (`id`), for who may change the dataset's files.

    Returns its fields and `{"due", "paused", "allowed", "internal", "columns", "filled", "trouble", "since", "push", "keys"}`: `columns` are expected, `trouble` a code, `push` the
    address to push to. Raises ObjectNotFound, NotAuthorized.
    """
    row = _feed("tzc_feed_show", context, data_dict)
    return {**defining.shown(row), "push_keys": [defining.shown_key(key) for key in store.keys(row.id)]}


@tk.side_effect_free
def tzc_feed_list(context: Any, data_dict: dict[str, Any]) -> list[Answer]:
    """The feeds of a `dataset` (id or name), for who may change its files. Raises ObjectNotFound, NotAuthorized."""
    package = defining.package(data_dict.get("dataset"), context)
    tk.check_access("tzc_feed_list", context, {"dataset": package.id})
    return [defining.shown(row) for row in store.feeds_of(package.id)]


@tk.side_effect_free
def tzc_feed_run_list(context: Any, data_dict: dict[str, Any]) -> list[Answer]:
    """The runs of a feed (`id`), the newest first: `limit` (20, at most 200), `offset`.

    Each is `{"id", "at", "ended", "times", "way", "outcome", "code", "words", "todo", "bytes", "rows", "sha256", "difference"}`: `way` is schedule, hand or push; `outcome`
    running, new, unchanged, refused or failed. Raises ObjectNotFound, NotAuthorized, ValidationError.
    """
    row = _feed("tzc_feed_run_list", context, data_dict)
    offset, limit = offset_and_limit(data_dict, 20)
    return [defining.shown_run(run) for run in store.runs(row.id, min(limit, MOST_RUNS), offset)]


@tk.side_effect_free
def tzc_feed_version_list(context: Any, data_dict: dict[str, Any]) -> list[Answer]:
    """The old files of a feed (`id`) that are kept: `{"id", "name", "size", "sha256", "replaced", "url"}`, the newest first. Raises ObjectNotFound, NotAuthorized."""
    row = _feed("tzc_feed_version_list", context, data_dict)
    return [
        {
            "id": one.id, "name": one.name, "size": one.size, "sha256": one.sha256, "replaced": one.replaced.isoformat(),
            "url": tk.h.url_for("tzc_feeding.version", id=row.id, version=one.id, qualified=True),
        }
        for one in store.versions(row.id)
    ]  # fmt: skip


def tzc_feed_run(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Fetch a feed's content now (`id`), by a job; with `wait` before this answers. Returns `{"sent"}`, or the run as `tzc_feed_run_list` does. Raises ObjectNotFound,
    NotAuthorized, ValidationError.
    """
    row, user = _feed("tzc_feed_run", context, data_dict), _account(context)
    if row.wanted.kind == definition.PUSH:
        raise tk.ValidationError({"id": [tk._("This feed is pushed; there is nothing to fetch.")]})
    if data_dict.get("wait") and user.sysadmin:
        run = running.run(row.id, store.BY_HAND, user.id)
        if run is None:
            raise tk.ValidationError({"id": [tk._("This feed is being filled right now.")]})
        return defining.shown_run(run)
    if not sending.send(jobs.fetch_now, row.id, user.id):
        raise tk.ValidationError({"id": [tk._("The queue does not answer: try again later.")]})
    return {"sent": True}


def tzc_feed_allow(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Allow a feed (`id`) that only an administrator may: `allowed` true or false; `internal`: whether it may lead into an internal network. Returns the feed. Raises
    ObjectNotFound, NotAuthorized.
    """
    tk.check_access("tzc_feed_allow", context, data_dict)
    row, user = defining.feed(data_dict.get("id")), _account(context)
    row.allowed, row.internal = data_dict.get("allowed") in _TRUE, data_dict.get("internal") in _TRUE
    defining.told("feed.allowed", row, user)
    model.Session.commit()
    return defining.shown(row)


_TRUE = (True, "true", "True", "1", "on", "yes")


def tzc_feed_key_create(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Make a key to push to a feed (`id`) with, for `days` (365, at most 730). Returns it as `key`, this once, with `{"id", "prefix", "ends"}`. Raises ObjectNotFound,
    NotAuthorized, ValidationError.
    """
    row, user = _feed("tzc_feed_key_create", context, data_dict), _account(context)
    days = whole_number(data_dict.get("days") or 365, least=1, digits=4)
    if row.wanted.kind != definition.PUSH:
        raise tk.ValidationError({"id": [tk._("Only a feed that is pushed has keys.")]})
    if days is None or days > MOST_KEY_DAYS:
        raise tk.ValidationError({"days": [tk._("Give a number of days, at most {most}.").format(most=MOST_KEY_DAYS)]})
    key, at = pushing.new(), store.now()
    made = store.Key(feed=row.id, hash=pushing.fingerprint(key), prefix=pushing.prefix(key), by=user.id, made=at, ends=at + dt.timedelta(days=days))
    model.Session.add(made)
    model.Session.flush()
    defining.told("feed.key_made", row, user)
    model.Session.commit()
    return {**defining.shown_key(made), "key": key}


def tzc_feed_key_revoke(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Take a key back: `id` the feed's, `key` the key's number. Returns it. Raises ObjectNotFound, NotAuthorized."""
    row, user = _feed("tzc_feed_key_revoke", context, data_dict), _account(context)
    number = whole_number(data_dict.get("key"))
    key = model.Session.get(store.Key, number) if number is not None else None
    if key is None or key.feed != row.id:
        raise tk.ObjectNotFound(tk._("There is no such key."))
    key.revoked = key.revoked or store.now()
    defining.told("feed.key_revoked", row, user)
    model.Session.commit()
    return defining.shown_key(key)


def _partner(name: str, context: Any, data_dict: dict[str, Any]) -> Any:
    _account(context)
    given = data_dict.get("partner")
    found = model.Group.get(given) if isinstance(given, str) and given and "\0" not in given else None
    if found is None or not found.is_organization or found.state != model.State.ACTIVE:
        raise tk.ObjectNotFound(tk._("There is no such partner."))
    tk.check_access(name, context, {"partner": found.id})
    return found


def tzc_credential_set(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Keep what a partner's feeds show a server; it is sealed, and never shown again. One of this name is replaced; an administrator allows anew what only they allow of feeds that
    show it.

    `partner`: id or name; `name`; `host`: the only server that it is shown to, with its port (or an address of it); `kind`: basic (`user`, `password`), bearer (`token`), header
    (`header`, `value`), s3 (`key`, `secret`) or key (`user`, `private_key`). Returns it as `tzc_credential_list` does. Raises ObjectNotFound, NotAuthorized, ValidationError.
    """
    partner, user = _partner("tzc_credential_set", context, data_dict), _account(context)
    errors: dict[str, list[str]] = {}
    name, given = data_dict.get("name"), data_dict.get("host")
    host = host_of(given) if isinstance(given, str) and len(given) <= 300 else ""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        errors["name"] = [tk._("Give a name of letters, digits, dots and dashes.")]
    if not host:
        errors["host"] = [tk._("Give the server with its port, such as data.example.org:443.")]
    if not errors and credentials.find(partner.id, name) is None and model.Session.query(store.Credential).filter_by(partner=partner.id).count() >= MOST_CREDENTIALS:
        errors["name"] = [tk._("Your partner has very many credentials already.")]
    values: dict[str, str] = {}
    try:
        values = definition.credential(data_dict.get("kind"), data_dict)
    except DefinitionError as error:
        errors.update({field: [words.fault(code)] for field, code in error.faults.items()})
    if errors:
        raise tk.ValidationError(errors)
    row = credentials.put(partner.id, str(name), str(data_dict["kind"]), host, values, user.id)
    happening.tell(happening.Happening("credential.set", user.id, {"partner": partner.id}, {"name": row.name, "kind": row.kind, "host": row.host}))
    defining.shows_another(partner.id, row.name, user)
    model.Session.commit()
    return _credential(row)


@tk.side_effect_free
def tzc_credential_list(context: Any, data_dict: dict[str, Any]) -> list[Answer]:
    """The credentials of a `partner` (id or name): `{"name", "kind", "host", "made"}`, nothing of what they are. Raises ObjectNotFound, NotAuthorized."""
    partner = _partner("tzc_credential_list", context, data_dict)
    return [_credential(row) for row in model.Session.query(store.Credential).filter_by(partner=partner.id).order_by(store.Credential.name)]


def _credential(row: Any) -> Answer:
    return {"name": row.name, "kind": row.kind, "host": row.host, "made": row.made.isoformat()}


def tzc_credential_remove(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Keep a credential no more: `partner`, `name`. Raises ObjectNotFound, NotAuthorized."""
    partner, user = _partner("tzc_credential_remove", context, data_dict), _account(context)
    name = data_dict.get("name")
    row = credentials.find(partner.id, name) if isinstance(name, str) and "\0" not in name else None
    if row is None:
        raise tk.ObjectNotFound(tk._("There is no such credential."))
    happening.tell(happening.Happening("credential.removed", user.id, {"partner": partner.id}, {"name": row.name, "kind": row.kind, "host": row.host}))
    defining.shows_another(partner.id, row.name, user)
    model.Session.delete(row)
    model.Session.commit()
    return {}
