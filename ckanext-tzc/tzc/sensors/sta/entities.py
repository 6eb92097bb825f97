"""The eight kinds of entities of SensorThings 1.1: what each says, and what it leads to."""
from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from .faults import Fault

ID, SELF = "@iot.id", "@iot.selfLink"


@dataclasses.dataclass(frozen=True)
class Kind:
    """`set`: the name of all of them; `one`: of one. `properties`: in their order; `leads`: by name the set that it leads to, and whether to several."""

    set: str
    one: str
    properties: tuple[str, ...]
    leads: Mapping[str, tuple[str, bool]]


_DESCRIBED = ("name", "description")
KINDS = {
    kind.set: kind
    for kind in (
        Kind(
            "Things", "Thing", (*_DESCRIBED, "properties"),
            {"Locations": ("Locations", True), "HistoricalLocations": ("HistoricalLocations", True), "Datastreams": ("Datastreams", True)},
        ),
        Kind("Locations", "Location", (*_DESCRIBED, "encodingType", "location", "properties"), {"Things": ("Things", True), "HistoricalLocations": ("HistoricalLocations", True)}),
        Kind("HistoricalLocations", "HistoricalLocation", ("time",), {"Thing": ("Things", False), "Locations": ("Locations", True)}),
        Kind(
            "Datastreams", "Datastream", (*_DESCRIBED, "observationType", "unitOfMeasurement", "observedArea", "phenomenonTime", "resultTime", "properties"),
            {"Thing": ("Things", False), "Sensor": ("Sensors", False), "ObservedProperty": ("ObservedProperties", False), "Observations": ("Observations", True)},
        ),
        Kind("Sensors", "Sensor", (*_DESCRIBED, "encodingType", "metadata", "properties"), {"Datastreams": ("Datastreams", True)}),
        Kind("ObservedProperties", "ObservedProperty", ("name", "definition", "description", "properties"), {"Datastreams": ("Datastreams", True)}),
        Kind(
            "Observations", "Observation", ("phenomenonTime", "resultTime", "result", "resultQuality", "validTime", "parameters"),
            {"Datastream": ("Datastreams", False), "FeatureOfInterest": ("FeaturesOfInterest", False)},
        ),
        Kind("FeaturesOfInterest", "FeatureOfInterest", (*_DESCRIBED, "encodingType", "feature", "properties"), {"Observations": ("Observations", True)}),
    )
}  # fmt: skip

OBSERVATIONS = "Observations"


def lead(kind: Kind, name: str) -> tuple[Kind, bool]:
    """Where a kind leads by a name, and whether to several. Raises Fault."""
    if name not in kind.leads:
        raise Fault("property", name=name[:60], set=kind.set, names=", ".join((*kind.properties, *kind.leads)))
    target, several = kind.leads[name]
    return KINDS[target], several
