"""What sources observe, as rows: things, places, devices, properties, streams. What is told again changes nothing; what is told otherwise is changed. Nothing here commits."""
from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckanext.tzc.schemas import vocabulary
from sqlalchemy.dialects.postgresql import insert

from tzc.sensors import told as kept
from tzc.sensors import units
from tzc.sensors.model import KINDS, NO_UNIT, VISIBILITIES, Property, Sensor, Stream, Thing

from . import store

LONGEST = 600
"""Characters of what a source calls a stream or thing."""


def changed(told: Mapping[str, Stream], rows: Mapping[str, store.Stream]) -> list[Stream]:
    """Of streams that are there, those of which their source says something else now: another name, place, property or interval, or a unit where it told none."""
    known = {row.id: row for name, row in rows.items() if name in told}
    if not known:
        return []
    asked = (
        model.Session.query(store.Stream.id, store.Property.code, store.Thing.name, store.Location.geometry)
        .join(store.Property, store.Property.id == store.Stream.property)
        .join(store.Thing, store.Thing.id == store.Stream.thing)
        .outerjoin(store.Location, store.Location.id == store.Thing.location)
    )
    kept_ = asked.filter(store.Stream.id.in_(known)).order_by(store.Stream.id)
    return [told[known[id_].external] for id_, *about in kept_ if _differs(told[known[id_].external], known[id_], *about)]


def _differs(told: Stream, row: store.Stream, code: str, thing: str, geometry: Mapping[str, Any] | None) -> bool:
    where = kept.place(told.thing.location) if told.thing.location else None
    is_moved = where is not None and geometry != where
    is_measured = told.unit != NO_UNIT and row.unit == NO_UNIT
    said = (kept.text(told.name or told.external), told.interval, told.period, told.property.code, kept.text(told.thing.name or told.thing.external))
    return is_moved or is_measured or said != (row.name, row.interval, row.period, code, thing)


def describe(source: store.Source, streams: Iterable[Stream]) -> dict[str, store.Stream]:
    """Make or change the streams of a source and what they hang on; by what it calls them. What no index takes for a name is passed over. Raises ValidationError for a unit, kind
    or visibility that is none.
    """
    known = store.streams_of(source.id)
    things: dict[str, int] = {}
    for told in streams:
        if any(kept.text(name)[:LONGEST] != name for name in (told.external, told.thing.external)):
            continue
        if told.thing.external not in things:
            things[told.thing.external] = _thing(source, told.thing)
        known[told.external] = _stream(source, told, things[told.thing.external], known.get(told.external))
    model.Session.flush()
    return known


def _stream(source: store.Source, told: Stream, thing: int, row: store.Stream | None) -> store.Stream:
    values = {
        "thing": thing, "sensor": _sensor(told.sensor), "property": _property(told.property), "name": kept.text(told.name or told.external),
        "description": kept.text(told.description), "unit": _unit(told.unit), "kind": _among(told.kind, KINDS), "interval": told.interval, "period": told.period,
        "visibility": _among(told.visibility, VISIBILITIES), "forecast": told.forecast, "properties": kept.properties(told.properties),
    }  # fmt: skip
    if row is None:
        row = store.Stream(source=source.id, dataset=source.dataset, external=told.external, made=store.now(), **values)
        model.Session.add(row)
        return row
    if (row.unit, row.kind) != (values["unit"], values["kind"]) and model.Session.get(store.State, row.id) is not None:
        # what is stored is in the unit of before, where one was told: what comes is converted to it
        values["unit"] = values["unit"] if row.unit == NO_UNIT else row.unit
        values["kind"] = row.kind
    for name, value in values.items():
        if getattr(row, name) != value:
            setattr(row, name, value)
    return row


def _unit(written: str) -> str:
    try:
        return units.code(written)
    except units.UnitError as error:
        raise tk.ValidationError({"unit": [tk._("“{unit}” is no unit: give its UCUM code, such as Cel, ug/m3 or kW.h.").format(unit=written)]}) from error


def _among(value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise tk.ValidationError({"kind": [tk._("“{value}” is none of {allowed}.").format(value=value, allowed=", ".join(allowed))]})
    return value


def _thing(source: store.Source, told: Thing) -> int:
    row = model.Session.query(store.Thing).filter_by(source=source.id, external=told.external).one_or_none()
    values = {"name": kept.text(told.name or told.external), "description": kept.text(told.description), "properties": kept.properties(told.properties)}
    if row is None:
        row = store.Thing(source=source.id, external=told.external, **values)
        model.Session.add(row)
        model.Session.flush()
    for name, value in values.items():
        if getattr(row, name) != value:
            setattr(row, name, value)
    where = kept.place(told.location) if told.location else None
    place = _location(told, where) if where is not None else None
    if place is not None and place != row.location:
        row.location, row.moved = place, store.now()
        model.Session.add(store.Place(thing=row.id, location=place, time=row.moved))
    return int(row.id)


def _location(told: Thing, where: Mapping[str, Any]) -> int:
    return _once(store.Location, name=kept.text(told.place or told.name or told.external), geometry=where)


def _sensor(told: Sensor) -> int:
    return _once(store.Sensor, name=kept.text(told.name) or "–", description=kept.text(told.description), metadata=kept.text(told.metadata), encoding=kept.text(told.encoding))


def _property(told: Property) -> int:
    entry = next((entry for entry in vocabulary("observed-property") if entry["code"] == told.code), None)
    name = told.name or (entry["label"]["en"] if entry else told.code)
    definition = kept.text(told.definition) or (entry["uri"] if entry else "")
    return _once(store.Property, code=told.code, name=kept.text(name), definition=definition, description=kept.text(told.description))


def _once(kind: Any, **values: Any) -> int:
    """The row that says just this; made where there is none."""
    digest = hashlib.sha256(json.dumps(values, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    table: sa.Table = kind.__table__
    found = model.Session.execute(sa.select(table.c.id).where(table.c.hash == digest)).scalar()
    if found is None:
        model.Session.execute(insert(table).values(**values, hash=digest).on_conflict_do_nothing(index_elements=["hash"]))
        found = model.Session.execute(sa.select(table.c.id).where(table.c.hash == digest)).scalar()
    assert found is not None, "made just now"
    return int(found)


Described = Mapping[str, store.Stream]
