"""What is measured, where and by what, in the words of OGC SensorThings 1.1 (18-088): things, locations, sensors, observed properties, datastreams."""
from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

MEASUREMENT, COUNT, TRUTH, CATEGORY = KINDS = ("measurement", "count", "truth", "category")
"""What results are: numbers with a unit, counts, yes and no (1 and 0), words (kept as numbers of a list of the stream's own)."""

OBSERVATION_TYPES = {
    MEASUREMENT: "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
    COUNT: "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_CountObservation",
    TRUTH: "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_TruthObservation",
    CATEGORY: "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_CategoryObservation",
}
"""The standard's names of the kinds."""

NO_UNIT = "1"
"""Of what has none, and of what nobody told one."""

PUBLIC, CONSENTED, PRIVATE = VISIBILITIES = ("public", "consented", "private")
"""Who may be shown a stream: whom its dataset lets in; the person who consented and whom they consented to; the person alone."""


@dataclasses.dataclass(frozen=True)
class Thing:
    """What is observed or what carries sensors: a station, a building. `location`: a GeoJSON geometry in WGS 84, or None; `external`: what its source calls it."""

    external: str
    name: str
    description: str = ""
    location: Mapping[str, Any] | None = None
    place: str = ""
    """The location's name."""
    properties: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Sensor:
    """The device or method."""

    name: str = ""
    description: str = ""
    metadata: str = ""
    encoding: str = "text/plain"


@dataclasses.dataclass(frozen=True)
class Property:
    """An observed property: a concept. `code`: its name among the portal's (`schemas/sensors/properties.yaml`); `definition`: its IRI."""

    code: str
    name: str = ""
    definition: str = ""
    description: str = ""


@dataclasses.dataclass(frozen=True)
class Stream:
    """A datastream: one property of one thing. `unit`: UCUM; `interval`: seconds between two observations as expected, 0 where unknown; `period`: seconds that each
    observation covers, 0 at a moment; `forecast`: its times may lie ahead.
    """

    external: str
    thing: Thing
    property: Property
    name: str = ""
    description: str = ""
    sensor: Sensor = dataclasses.field(default_factory=Sensor)
    unit: str = NO_UNIT
    kind: str = MEASUREMENT
    interval: int = 0
    period: int = 0
    visibility: str = PUBLIC
    forecast: bool = False
    properties: Mapping[str, Any] = dataclasses.field(default_factory=dict)
