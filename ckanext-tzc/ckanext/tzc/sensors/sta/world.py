"""Where the entities of SensorThings lie in the room's tables, which of them somebody may be shown, and how one leads to the other."""
from __future__ import annotations

import dataclasses
from typing import Any

import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from sqlalchemy.orm import aliased

from tzc.sensors.sta.entities import Kind

from .. import seeing, store

ROWS: dict[str, Any] = {
    "Things": store.Thing, "Locations": store.Location, "HistoricalLocations": store.Place, "Datastreams": store.Stream, "Sensors": store.Sensor,
    "ObservedProperties": store.Property, "FeaturesOfInterest": store.Location,
}  # fmt: skip

LINKS = {
    ("Things", "Locations"): ("location", "id"), ("Things", "HistoricalLocations"): ("id", "thing"), ("Things", "Datastreams"): ("id", "thing"),
    ("Locations", "Things"): ("id", "location"), ("Locations", "HistoricalLocations"): ("id", "location"),
    ("HistoricalLocations", "Thing"): ("thing", "id"), ("HistoricalLocations", "Locations"): ("location", "id"),
    ("Datastreams", "Thing"): ("thing", "id"), ("Datastreams", "Sensor"): ("sensor", "id"), ("Datastreams", "ObservedProperty"): ("property", "id"),
    ("Sensors", "Datastreams"): ("id", "sensor"), ("ObservedProperties", "Datastreams"): ("id", "property"),
}  # fmt: skip
"""By set and way: which column of the one is which of the other. Observations lie elsewhere (`observed`)."""


def base() -> str:
    """The root's address."""
    return f"{tk.config['ckan.site_url'].rstrip('/')}/sta/v1.1"


def table(kind: Kind) -> Any:
    """A table of entities, to be asked; each time another name for it."""
    return aliased(ROWS[kind.set])


@dataclasses.dataclass(frozen=True)
class Seen:
    """What an account (its name, empty for a stranger) may be shown, decided once for an answer. `condition`: on `store.Stream`."""

    user: str
    condition: sa.ColumnElement[bool]

    def streams(self, column: Any = store.Stream.id) -> sa.Select[Any]:
        """A column of the streams."""
        return sa.select(column).where(self.condition)

    def of(self, kind: Kind, row: Any) -> sa.ColumnElement[bool]:
        """Which rows of a table may be shown: what a stream that may be shown leads to."""
        things = self.streams(store.Stream.thing)
        current = sa.select(store.Thing.location).where(store.Thing.id.in_(things))
        conditions: dict[str, Any] = {
            "Datastreams": lambda: row.id.in_(self.streams()), "Things": lambda: row.id.in_(things), "Sensors": lambda: row.id.in_(self.streams(store.Stream.sensor)),
            "ObservedProperties": lambda: row.id.in_(self.streams(store.Stream.property)), "HistoricalLocations": lambda: row.thing.in_(things),
            "FeaturesOfInterest": lambda: row.id.in_(current),
            "Locations": lambda: row.id.in_(current.union(sa.select(store.Place.location).where(store.Place.thing.in_(things)))),
        }  # fmt: skip
        found: sa.ColumnElement[bool] = conditions[kind.set]()
        return found


def seen(user: str) -> Seen:
    """What an account may be shown now."""
    return Seen(user, seeing.visible(user))
