"""The audit room's plugin."""
from __future__ import annotations

from typing import Any

import ckan.plugins as p
import ckan.plugins.toolkit as tk

from . import hearing


@tk.blanket.actions
@tk.blanket.auth_functions
@tk.blanket.blueprints
@tk.blanket.cli
@tk.blanket.config_declarations
@tk.blanket.helpers
class AuditPlugin(p.SingletonPlugin):
    """Audit: what was done with rights and restricted data."""

    p.implements(p.IConfigurer)

    def update_config(self, config: Any) -> None:
        """Our templates; what rooms tell is heard."""
        tk.add_template_directory(config, "templates")
        hearing.begin()
