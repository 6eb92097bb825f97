"""The rights room's plugin."""
from __future__ import annotations

from typing import Any

import ckan.plugins as p
import ckan.plugins.toolkit as tk


@tk.blanket.actions
@tk.blanket.auth_functions
@tk.blanket.blueprints
@tk.blanket.helpers
class RightsPlugin(p.SingletonPlugin):
    """Rights: the registry of licences, and under which of them data made of others may be published."""

    p.implements(p.IConfigurer)

    def update_config(self, config: Any) -> None:
        """Our templates."""
        tk.add_template_directory(config, "templates")
