"""Rows as SensorThings writes them."""
from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk

from tzc.sensors.model import OBSERVATION_TYPES
from tzc.sensors.sta.entities import ID, SELF, Kind
from tzc.sensors.sta.options import Options

from .. import store, telling
from .conditions import UNITS
from .world import base

Shown = dict[str, Any]
GEO_JSON = "application/geo+json"


def moment(at: dt.datetime) -> str:
    """In ISO 8601, UTC."""
    at = at.astimezone(dt.timezone.utc)
    return at.isoformat(timespec="microseconds" if at.microsecond % 1000 else "milliseconds").replace("+00:00", "Z")


def rows(kind: Kind, given: Sequence[Any], options: Options) -> list[Shown]:
    """Entities of a kind other than observations, with links to where they lead; what is not selected is left out."""
    root = base()
    about = _datastreams(given) if kind.set == "Datastreams" else None

    def whole(row: Any) -> Shown:
        here = f"{root}/{kind.set}({row.id})"
        return {SELF: here, ID: row.id, **(about(row) if about else PROPERTIES[kind.set](row)), **links(kind, here)}

    return [chosen(kind, whole(row), options) for row in given]


def links(kind: Kind, here: str) -> Shown:
    """To where an entity leads."""
    return {f"{way}@iot.navigationLink": f"{here}/{way}" for way in kind.leads}


def chosen(kind: Kind, whole: Shown, options: Options) -> Shown:
    """What is selected of an entity."""
    if not options.select:
        return whole
    return {name: said for name, said in whole.items() if name.removesuffix("@iot.navigationLink") in options.select}


def _place(row: Any) -> Shown:
    return {"name": row.name, "description": row.name, "encodingType": GEO_JSON, "location": row.geometry, "properties": {}}


def _feature(row: Any) -> Shown:
    return {"name": row.name, "description": row.name, "encodingType": GEO_JSON, "feature": row.geometry, "properties": {}}


PROPERTIES: dict[str, Callable[[Any], Shown]] = {
    "Things": lambda row: {"name": row.name, "description": row.description, "properties": row.properties},
    "Locations": _place,
    "HistoricalLocations": lambda row: {"time": moment(row.time)},
    "Sensors": lambda row: {"name": row.name, "description": row.description, "encodingType": row.encoding, "metadata": row.about, "properties": {}},
    "ObservedProperties": lambda row: {"name": row.name, "definition": row.definition, "description": row.description, "properties": {"code": row.code}},
    "FeaturesOfInterest": _feature,
}


def _datastreams(given: Sequence[Any]) -> Callable[[Any], Shown]:
    tells = telling.of(given) if given else {}
    things = {row.thing for row in given}
    asked = model.Session.query(store.Thing.id, store.Location.geometry).join(store.Location, store.Location.id == store.Thing.location).filter(store.Thing.id.in_(things))
    areas = dict(asked.tuples()) if things else {}

    def known(row: Any) -> Shown:
        told = tells.get(row.id)
        return {"observations": told.observations, "completeness": told.completeness} if told else {}

    def said(row: Any) -> Shown:
        told = tells.get(row.id)
        return {
            "name": row.name, "description": row.description, "observationType": OBSERVATION_TYPES[row.kind],
            "unitOfMeasurement": {"name": row.unit, "symbol": row.unit, "definition": f"{UNITS}{row.unit}"},
            **({"observedArea": areas[row.thing]} if row.thing in areas else {}),
            "phenomenonTime": f"{moment(told.first)}/{moment(told.last)}" if told else None, "resultTime": None,
            "properties": {
                **row.properties, "dataset": f"{tk.config['ckan.site_url'].rstrip('/')}/dataset/{row.dataset}", "interval": row.interval, "period": row.period, **known(row),
            },
        }  # fmt: skip

    return said
