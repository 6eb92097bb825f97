"""The sensors room's plugin."""
from __future__ import annotations

from typing import Any

import ckan.plugins as p
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import measures, sealed

from . import erasing, measuring, reading
from .homes import connecting
from .lake import erasing as lake_erasing
from .lake import reading as lake
from .lake import recalling


@tk.blanket.actions
@tk.blanket.auth_functions
@tk.blanket.blueprints
@tk.blanket.cli
@tk.blanket.config_declarations
@tk.blanket.helpers
class SensorsPlugin(p.SingletonPlugin):
    """Sensors: observations of a territory."""

    p.implements(p.IConfigurer)

    def update_config(self, config: Any) -> None:
        """Our templates and assets."""
        tk.add_template_directory(config, "templates")
        reading.extended_by(lake.parts)
        measures.measured_by("sensors", measuring.measure)
        tk.add_resource("assets", "tzc_sensors")
        sealed.kept_by(connecting.seal_anew)
        erasing.reaches(lake_erasing.erase, recalling.recall)
