"""The feeding room's plugin."""
from __future__ import annotations

from typing import Any

import ckan.plugins as p
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import credentials as common_credentials
from ckanext.tzc.common import sealed

from . import credentials


@tk.blanket.actions
@tk.blanket.auth_functions
@tk.blanket.blueprints
@tk.blanket.cli
@tk.blanket.config_declarations
@tk.blanket.helpers
class FeedingPlugin(p.SingletonPlugin):
    """Feeding: files that are fetched by a schedule or pushed by programs."""

    p.implements(p.IConfigurer)

    def update_config(self, config: Any) -> None:
        """Our templates; what other rooms seal is sealed here."""
        tk.add_template_directory(config, "templates")
        common_credentials.answered_by(credentials.known_to_others, credentials.opened_for_others)
        sealed.answered_by(credentials.seal_for, credentials.open_for)
