"""Groups whose sums are released: who may add files to a dataset makes them, and sees counts."""
from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import happening
from ckanext.tzc.common.asking import account as _account
from ckanext.tzc.common.asking import package as _package

from tzc.sensors import consent, meters

from .. import store as sensors
from . import groups, store

Answer = dict[str, Any]
_TRUE = (True, "true", "True", "1", "on", "yes")
USUAL_POLICY = "energy-2020"
MOST_GROUPS = 200
"""Of a dataset."""


def _words(data_dict: dict[str, Any], field: str, least: int, most: int, errors: dict[str, list[str]]) -> str:
    value = data_dict.get(field)
    text = value.strip() if isinstance(value, str) and "\0" not in value else ""
    if not least <= len(text) <= most:
        errors[field] = [tk._("Write between {least} and {most} characters.").format(least=least, most=most)]
    return text


def tzc_meter_group_create(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Collect consents for the sum of a group, which is released in a `dataset` (id or name).

    `title`; `about`: what the sum is for, which people read before they consent; `energy`: electricity (hours) or gas (days); `until`: the last day of the group; `rule`:
    recompute (sums that hold somebody who withdraws are taken down) or keep (they stay). Returns the group as `tzc_meter_group_list` does. Raises
    ObjectNotFound, NotAuthorized, ValidationError.
    """
    user = _account(context)
    package = _package(data_dict.get("dataset"), context)
    tk.check_access("tzc_meter_group_create", context, {"dataset": package.id})
    errors: dict[str, list[str]] = {}
    title, about = _words(data_dict, "title", 3, 120, errors), _words(data_dict, "about", 20, 2000, errors)
    energy, rule = data_dict.get("energy") or meters.ELECTRICITY, data_dict.get("rule") or consent.RECOMPUTE
    if energy not in meters.ENERGIES:
        errors["energy"] = [tk._("Say electricity or gas.")]
    if rule not in (consent.RECOMPUTE, consent.KEEP):
        errors["rule"] = [tk._("Say recompute or keep.")]
    until = _until(data_dict.get("until"), errors)
    if model.Session.query(store.Group).filter_by(dataset=package.id).count() >= MOST_GROUPS:
        errors["title"] = [tk._("This dataset has very many groups already.")]
    if errors:
        raise tk.ValidationError(errors)
    row = store.Group(
        id=secrets.token_urlsafe(9), dataset=package.id, partner=package.owner_org, title=title, about=about, energy=energy, policy=USUAL_POLICY, rule=rule, until=until, open=True,
        by=user.id, made=sensors.now(),
    )  # fmt: skip
    model.Session.add(row)
    _tell("meter_group.made", row, user)
    model.Session.commit()
    return shown(row)


def _until(given: object, errors: dict[str, list[str]]) -> dt.date:
    today = store.local_now().date()
    try:
        until = dt.date.fromisoformat(given) if isinstance(given, str) else today
    except ValueError:
        until = today
    if not today < until <= today + dt.timedelta(days=10 * 366):
        errors["until"] = [tk._("Give a day to come, as year-month-day, within ten years.")]
    return until


def tzc_meter_group_update(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Let a group (`id`) take new members, or not: `open`. What people consented to does not change. Returns it. Raises ObjectNotFound, NotAuthorized."""
    user = _account(context)
    row = store.group(data_dict.get("id"))
    try:
        if row is None:
            raise tk.ObjectNotFound
        _package(row.dataset, context)
        tk.check_access("tzc_meter_group_update", context, {"dataset": row.dataset})
    except (tk.ObjectNotFound, tk.NotAuthorized) as error:
        raise tk.ObjectNotFound(tk._("There is no such group.")) from error
    assert row is not None
    row.open = data_dict.get("open") in _TRUE
    _tell("meter_group.changed", row, user)
    model.Session.commit()
    return shown(row)


@tk.side_effect_free
def tzc_meter_group_list(context: Any, data_dict: dict[str, Any]) -> list[Answer]:
    """Groups that one may join; or all of a `dataset`, for who may add files to it.

    Each is `{"id", "dataset", "title", "about", "energy", "policy", "rule", "until", "open"}`; of a dataset also `{"meters", "released", "hidden", "computed"}`: how many
    delivery points count, how many sums stand, how many stay hidden and why. Nobody is named. Raises ObjectNotFound, NotAuthorized.
    """
    if data_dict.get("dataset") not in (None, ""):
        package = _package(data_dict["dataset"], context)
        tk.check_access("tzc_meter_group_list", context, {"dataset": package.id})
        rows = model.Session.query(store.Group).filter_by(dataset=package.id).order_by(store.Group.made, store.Group.id)
        return [shown(row) for row in rows]
    _account(context)
    today, found = store.local_now().date(), []
    for row in model.Session.query(store.Group).filter(store.Group.open.is_(True), store.Group.until >= today).order_by(store.Group.title, store.Group.id):
        try:
            package = _package(row.dataset, context)
        except tk.ObjectNotFound:
            continue
        partner = model.Group.get(row.partner)
        found.append(groups.shown(row, dataset_title=package.title or package.name, partner=partner.title or partner.name if partner else ""))
    return found


def shown(row: store.Group) -> Answer:
    """A group with its counts."""
    released = model.Session.query(store.Release).filter_by(group=row.id, current=True).count()
    return groups.shown(row, meters=len(groups.members(row)), released=released, hidden=row.hidden or {}, computed=row.computed.isoformat() if row.computed else None)


def _tell(kind: str, row: store.Group, user: Any) -> None:
    about = {"group": row.id, "dataset": row.dataset, "partner": row.partner}
    content = {"title": row.title, "policy": row.policy, "rule": row.rule, "until": row.until.isoformat(), "open": row.open}
    happening.tell(happening.Happening(kind, user.id, about, content))


__all__ = ["tzc_meter_group_create", "tzc_meter_group_list", "tzc_meter_group_update"]
