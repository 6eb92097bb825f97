"""What a form or program says of a source of observations, checked against the portal; and a source as it is shown."""
from __future__ import annotations

import dataclasses
import secrets
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import credentials, duties, happening
from ckanext.tzc.harvesters.http import is_inner
from ckanext.tzc.schemas import vocabulary

from tzc.hosts import host_of
from tzc.sensors import definition, mapping
from tzc.sensors.definition import Definition, DefinitionError

from . import erasing, reached, scheduling, source_words, store

Errors = dict[str, list[str]]

MOST_SOURCES = 50
"""Of a dataset."""

SIGNING = ("bearer",)
"""Kinds of credentials that a webhook may be signed with: their token."""

TRUE = (True, "true", "True", "1", "on", "yes")


def source(id_: object) -> store.Source:
    """A source. Raises ObjectNotFound."""
    found = store.source(id_)
    if found is None:
        raise tk.ObjectNotFound(tk._("There is no such source."))
    return found


def read(data: dict[str, Any], partner: str, *, administrator: bool) -> Definition:
    """The definition. Raises ValidationError."""
    try:
        wanted = definition.read(data)
    except DefinitionError as error:
        raise tk.ValidationError({field: [source_words.field(field, code, error.detail)] for field, code in error.faults.items()}) from error
    errors: Errors = {}
    known = {entry["code"] for entry in vocabulary("observed-property")}
    for place, value in enumerate(mapping.read(wanted.fields.get("mapping")).values):
        if value.property not in known:
            errors["mapping"] = [source_words.field("mapping", "mapping", f"values.{place}.property")]
    kind = definition.KINDS[wanted.kind]
    for field, kinds, host in (("credential", tuple(kind.credentials), wanted.host), ("signature", SIGNING, "")):
        name = wanted.fields.get(field)
        found = credentials.known(partner, name) if name else None
        if name and (found is None or found[0] not in kinds):
            errors[field] = [tk._("Your partner has no credential of this name for such an address.")]
        elif name and host and found is not None and found[1] != host:
            errors[field] = [tk._("This credential is for {host} only.").format(host=found[1])]
    if wanted.host and not administrator and is_inner(wanted.host.rpartition(":")[0]):
        errors["address"] = [tk._("This address leads into an internal network: only an administrator of the portal makes such a source.")]
    if errors:
        raise tk.ValidationError(errors)
    return wanted


def make(found: Any, data: dict[str, Any], user: Any) -> store.Source:
    """A new source of a dataset. Raises ValidationError. Does not commit."""
    wanted = read(data, found.owner_org, administrator=user.sysadmin)
    if len(store.sources_of(found.id)) >= MOST_SOURCES:
        raise tk.ValidationError({"dataset": [tk._("This dataset has very many sources already.")]})
    kind = definition.KINDS[wanted.kind]
    made = store.Source(
        id=secrets.token_hex(8), dataset=found.id, kind=wanted.kind, name=wanted.name, definition=dict(wanted.fields), paused=False,
        allowed=user.sysadmin or not kind.closed, internal=user.sysadmin and _leads_inside(wanted), by=user.id, made=store.now(),
    )  # fmt: skip
    scheduling.put(made, data)
    model.Session.add(made)
    model.Session.flush()
    told("sensor_source.made", made, user)
    return made


def _leads_inside(wanted: Definition) -> bool:
    return bool(wanted.host) and is_inner(wanted.host.rpartition(":")[0])


LEADS = ("address", "credential", "ca")
"""Fields of which an administrator said that they may be so."""


def change(row: store.Source, data: dict[str, Any], user: Any) -> None:
    """Change a source; fields not given stay, its kind always. Where it leads elsewhere an administrator allows it anew. Raises ValidationError. Does not commit."""
    if data.get("kind") not in (None, "", row.kind):
        raise tk.ValidationError({"kind": [tk._("The kind of a source stays: make another one.")]})
    before = dict(row.definition)
    merged = {**before, "name": row.name, **{field: value for field, value in data.items() if field not in ("id", "paused", "cron")}, "kind": row.kind}
    wanted = read(merged, row.partner, administrator=user.sysadmin or row.internal)
    if any(wanted.fields.get(field) != before.get(field) for field in LEADS):
        row.cursor = None
        reached.forget(row.id)
        if not user.sysadmin:
            row.internal, row.allowed = False, not definition.KINDS[row.kind].closed
            # what was allowed led elsewhere
            read(merged, row.partner, administrator=False)
        else:
            row.internal = row.internal or _leads_inside(wanted)
    row.name, row.definition = wanted.name, dict(wanted.fields)
    if "paused" in data:
        row.paused = data["paused"] in TRUE
    scheduling.put(row, data)
    model.Session.flush()
    told("sensor_source.changed", row, user)


def remove(row: store.Source) -> None:
    """Remove a source with all that ever came from it. Does not commit: `erasing.commit` does, and erases elsewhere too."""
    erasing.erase_source(row.id)


def told(kind: str, row: store.Source, user: Any) -> None:
    """Tell what was done with a source, with what it leads to but no address; by nobody where a command did it. Does not commit."""
    waits = kind in ("sensor_source.made", "sensor_source.changed") and not row.allowed
    host = host_of(str((row.definition or {}).get("address", "")))
    content = {"title": row.name, "kind": row.kind, "host": host, "allowed": row.allowed, "internal": row.internal}
    about = {"sensor_source": row.id, "dataset": row.dataset, "partner": row.partner}
    happening.tell(happening.Happening(kind, user.id if user else None, about, content, tuple(sorted(duties.administrators())) if waits else (), path=path(row)))


def path(row: store.Source) -> str:
    """Where its partner sees it."""
    found = model.Package.get(row.dataset)
    return str(tk.h.url_for("tzc_sensors.sources", name=found.name if found else row.dataset, _anchor=f"source-{row.id}"))


def _words(row: store.Source) -> str:
    """Why a source cannot be read, and what to do."""
    if not row.trouble:
        return ""
    return source_words.not_read(row.trouble, row.parameters or {}) if scheduling.is_asked(row) else source_words.trouble(row.trouble)


def shown(row: store.Source) -> dict[str, Any]:
    """A source for a page or program."""
    kind = definition.KINDS.get(row.kind)
    way = {"push": "tzc_sensors.push"}.get(row.kind, "tzc_sensors.uplink") if kind is not None and kind.keys else ""
    return {
        "id": row.id, "dataset": row.dataset, "kind": row.kind, "name": row.name, **row.definition, "cron": row.cron, "due": moment(row.due), "paused": row.paused,
        "allowed": row.allowed, "internal": row.internal, "trouble": row.trouble, "words": _words(row), "since": moment(row.since), "seen": moment(row.seen),
        "made": moment(row.made),
        "send": tk.h.url_for(way, source=row.id, qualified=True) if way else None,
    }  # fmt: skip


def shown_holding(held: erasing.Holding) -> dict[str, Any]:
    """What goes with a source, for a page or program."""
    return {**dataclasses.asdict(held), "first": moment(held.first), "last": moment(held.last)}


def shown_key(row: store.Key) -> dict[str, Any]:
    """A key, but for the key itself."""
    works = row.revoked is None and row.ends > store.now()
    return {"id": row.id, "prefix": row.prefix, "made": moment(row.made), "ends": moment(row.ends), "revoked": moment(row.revoked), "used": moment(row.used), "works": works}


def shown_arrival(row: store.Arrival, most: int) -> dict[str, Any]:
    """What came and what became of it, with words."""
    listed = (row.listed or [])[:most]
    return {
        "id": row.id, "received": moment(row.received), "ended": moment(row.ended), "way": row.way, "kind": row.kind, "bytes": row.bytes, "state": row.state,
        "observations": row.observations, "new": row.new, "changed": row.changed, "rejected": row.rejected, "code": row.code,
        "words": source_words.batch(row.code, row.parameters or {}) if row.code else "", "rows": rows(listed),
    }  # fmt: skip


def rows(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rejected rows with words."""
    return [{"row": row["row"], "code": row["code"], "words": source_words.row(row["code"]), "shown": row["shown"]} for row in listed]


def moment(value: Any) -> str | None:
    """A moment for a program."""
    return value.isoformat() if value else None
