"""How sources do, for those who look after them: which streams are late or silent, what was rejected, what is in trouble."""
from __future__ import annotations

import datetime as dt
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa

from tzc.sensors import liveness

from . import store

DAYS = 7
"""Over which rejected observations are counted."""

MOST_NAMED = 20
"""Streams that are late or silent and are named, of one source."""


def sources(user: str) -> list[dict[str, Any]]:
    """The sources of partners whose datasets an account may change, those in trouble first. Five queries, however many there are."""
    partners = {one["id"]: one["display_name"] for one in tk.get_action("organization_list_for_user")({"user": user}, {"permission": "update_dataset"})}
    rows = (
        model.Session.query(store.Source, model.Package)
        .join(model.Package, model.Package.id == store.Source.dataset)
        .filter(model.Package.owner_org.in_(list(partners)), model.Package.state != "deleted", store.Source.kind != store.METER)
        .order_by(store.Source.name, store.Source.id)
        .all()
    )
    numbers = [source.id for source, _package in rows]
    shares, streams = _shares(numbers), _streams(numbers)
    told = [_told(source, package, partners[source.partner], shares.get(source.id, liveness.Share()), streams.get(source.id, [])) for source, package in rows]
    return sorted(told, key=lambda one: (not one["trouble"], -one["silent"], -one["late"], one["name"]))


def _told(source: store.Source, package: Any, partner: str, share: liveness.Share, streams: list[dict[str, Any]]) -> dict[str, Any]:
    states = [one["state"] for one in streams]
    counted = {state: states.count(state) for state in liveness.STATES}
    bad = [one for one in streams if one["state"] in (liveness.LATE, liveness.SILENT, liveness.NEVER)]
    last = max((one["last"] for one in streams if one["last"]), default=None)
    return {
        "id": source.id, "name": source.name, "kind": source.kind, "dataset": {"id": package.id, "name": package.name, "title": package.title or package.name},
        "partner": {"id": source.partner, "title": partner}, "paused": source.paused, "allowed": source.allowed, "trouble": source.trouble, "since": _iso(source.since),
        "seen": _iso(source.seen), "last": _iso(last), "streams": len(streams), **counted,
        "days": DAYS, "observations": share.observations, "rejected": share.rejected, "rejected_percent": share.percent,
        "named": [{**one, "last": _iso(one["last"])} for one in bad[:MOST_NAMED]], "more": max(0, len(bad) - MOST_NAMED),
    }  # fmt: skip


def _shares(numbers: list[str]) -> dict[str, liveness.Share]:
    since = store.now() - dt.timedelta(days=DAYS)
    asked = (
        model.Session.query(store.Arrival.source, sa.func.sum(store.Arrival.observations), sa.func.sum(store.Arrival.rejected))
        .filter(store.Arrival.source.in_(numbers), store.Arrival.received >= since)
        .group_by(store.Arrival.source)
    )
    return {source: liveness.Share(int(observations or 0), int(rejected or 0)) for source, observations, rejected in asked}


def _streams(numbers: list[str]) -> dict[str, list[dict[str, Any]]]:
    """The public streams of each source, those that were silent longest first. What persons keep to themselves is theirs alone."""
    now = store.now()
    asked = (
        model.Session.query(store.Stream, store.State)
        .outerjoin(store.State, store.State.stream == store.Stream.id)
        .filter(store.Stream.source.in_(numbers), store.Stream.person.is_(None))
        .order_by(store.State.last.nulls_first(), store.Stream.id)
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for stream, state in asked:
        last = state.last if state else None
        told = liveness.UNKNOWN if stream.forecast else liveness.state(last, stream.interval, now)
        found.setdefault(stream.source, []).append({"id": stream.id, "name": stream.name, "state": told, "last": last})
    return found


def _iso(moment: dt.datetime | None) -> str | None:
    return moment.astimezone(dt.timezone.utc).isoformat().replace("+00:00", "Z") if moment else None
