"""Bodies of the actions on sources, their keys and what came."""
from __future__ import annotations

import datetime as dt
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common.asking import account
from ckanext.tzc.common.asking import package as asked_package
from ckanext.tzc.common.bounds import offset_and_limit
from ckanext.tzc.common.numbers import whole_number

from tzc.feeding import keys
from tzc.sensors import definition

from . import erasing, scheduling, sources, store

Answer = dict[str, Any]

MARK = "tzcs_"
"""How keys begin."""

MOST_KEY_DAYS = 1825
MOST_KEYS = 100
MOST_ARRIVALS = 200
MOST_ROWS = 100
"""Rejected rows of an arrival that are shown in a list."""


def asked(name: str, context: Any, data_dict: dict[str, Any]) -> store.Source:
    """The source that is asked for (`id`), for who may; to others it is as unknown as what is nobody's."""
    account(context)
    row = sources.source(data_dict.get("id"))
    try:
        tk.check_access(name, context, {"dataset": row.dataset})
    except tk.NotAuthorized as error:
        try:
            tk.check_access("package_update", tk.fresh_context(context), {"id": row.dataset})
        except tk.NotAuthorized:
            raise tk.ObjectNotFound(tk._("There is no such source.")) from error
        raise
    return row


def create(context: Any, data_dict: dict[str, Any]) -> Answer:
    """See `tzc_sensor_source_create`."""
    user, package = account(context), asked_package(data_dict.get("dataset"), context)
    tk.check_access("tzc_sensor_source_create", context, {"dataset": package.id})
    try:
        row = sources.make(package, data_dict, user)
    except tk.ValidationError:
        model.Session.rollback()
        raise
    model.Session.commit()
    return sources.shown(row)


def update(context: Any, data_dict: dict[str, Any]) -> Answer:
    """See `tzc_sensor_source_update`."""
    row, user = asked("tzc_sensor_source_update", context, data_dict), account(context)
    try:
        sources.change(row, data_dict, user)
    except tk.ValidationError:
        model.Session.rollback()
        raise
    model.Session.commit()
    return sources.shown(row)


def pull(context: Any, data_dict: dict[str, Any]) -> Answer:
    """See `tzc_sensor_source_pull`."""
    row, user = asked("tzc_sensor_source_pull", context, data_dict), account(context)
    if not scheduling.is_asked(row):
        raise tk.ValidationError({"id": [tk._("This source is not asked: it sends by itself.")]})
    if not scheduling.send(row.id, user.id):
        raise tk.ValidationError({"id": [tk._("The queue does not answer: try again in a minute.")]})
    return sources.shown(row)


def remove(context: Any, data_dict: dict[str, Any]) -> Answer:
    """See `tzc_sensor_source_remove`."""
    row, user = asked("tzc_sensor_source_remove", context, data_dict), account(context)
    sources.told("sensor_source.removed", row, user)
    sources.remove(row)
    erasing.commit()
    return {}


def show(context: Any, data_dict: dict[str, Any]) -> Answer:
    """See `tzc_sensor_source_show`."""
    row = asked("tzc_sensor_source_show", context, data_dict)
    found = model.Session.query(store.Key).filter_by(source=row.id).order_by(store.Key.id.desc())
    streams = model.Session.query(store.Stream).filter_by(source=row.id).count()
    return {**sources.shown(row), "streams": streams, "keys": [sources.shown_key(key) for key in found], "holds": sources.shown_holding(erasing.holding(row.id))}


def listed(context: Any, data_dict: dict[str, Any]) -> list[Answer]:
    """See `tzc_sensor_source_list`."""
    package = asked_package(data_dict.get("dataset"), context)
    tk.check_access("tzc_sensor_source_list", context, {"dataset": package.id})
    return [sources.shown(row) for row in store.sources_of(package.id)]


def allow(context: Any, data_dict: dict[str, Any]) -> Answer:
    """See `tzc_sensor_source_allow`."""
    tk.check_access("tzc_sensor_source_allow", context, data_dict)
    row, user = sources.source(data_dict.get("id")), account(context)
    row.allowed, row.internal = data_dict.get("allowed") in sources.TRUE, data_dict.get("internal") in sources.TRUE
    sources.told("sensor_source.allowed", row, user)
    model.Session.commit()
    return sources.shown(row)


def arrivals(context: Any, data_dict: dict[str, Any]) -> list[Answer]:
    """See `tzc_sensor_arrival_list`."""
    row = asked("tzc_sensor_arrival_list", context, data_dict)
    offset, limit = offset_and_limit(data_dict, 20)
    found = model.Session.query(store.Arrival).filter_by(source=row.id).order_by(store.Arrival.id.desc()).offset(offset).limit(min(limit, MOST_ARRIVALS))
    return [sources.shown_arrival(arrival, MOST_ROWS) for arrival in found]


def key_create(context: Any, data_dict: dict[str, Any]) -> Answer:
    """See `tzc_sensor_key_create`."""
    row, user = asked("tzc_sensor_key_create", context, data_dict), account(context)
    days = whole_number(data_dict.get("days") or 365, least=1, digits=4)
    kind = definition.KINDS.get(row.kind)
    if kind is None or not kind.keys:
        raise tk.ValidationError({"id": [tk._("Nothing is sent to a source of this kind: it has no keys.")]})
    if days is None or days > MOST_KEY_DAYS:
        raise tk.ValidationError({"days": [tk._("Give a number of days, at most {most}.").format(most=MOST_KEY_DAYS)]})
    if model.Session.query(store.Key).filter_by(source=row.id).count() >= MOST_KEYS:
        raise tk.ValidationError({"id": [tk._("This source has very many keys already.")]})
    key, at = keys.new(MARK), store.now()
    made = store.Key(source=row.id, hash=keys.fingerprint(key), prefix=keys.prefix(key), by=user.id, made=at, ends=at + dt.timedelta(days=days))
    model.Session.add(made)
    model.Session.flush()
    sources.told("sensor_source.key_made", row, user)
    model.Session.commit()
    return {**sources.shown_key(made), "key": key}


def key_revoke(context: Any, data_dict: dict[str, Any]) -> Answer:
    """See `tzc_sensor_key_revoke`."""
    row, user = asked("tzc_sensor_key_revoke", context, data_dict), account(context)
    number = whole_number(data_dict.get("key"))
    key = model.Session.get(store.Key, number) if number is not None else None
    if key is None or key.source != row.id:
        raise tk.ObjectNotFound(tk._("There is no such key."))
    key.revoked = key.revoked or store.now()
    sources.told("sensor_source.key_revoked", row, user)
    model.Session.commit()
    return sources.shown_key(key)
