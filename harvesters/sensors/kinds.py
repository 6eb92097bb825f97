"""All kinds of sources that are asked, by name."""
from __future__ import annotations

from collections.abc import Mapping

from .atmo import Atmo
from .base import Kind
from .file import File
from .gbfs import Gbfs
from .hubeau import HubEau
from .meteofrance import MeteoFrance
from .ngsi_ld import NgsiLd
from .opendatasoft import Opendatasoft
from .sensorthings import SensorThings

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (SensorThings(), NgsiLd(), HubEau(), Opendatasoft(), MeteoFrance(), Atmo(), Gbfs(), File())}
