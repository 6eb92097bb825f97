"""The rights room's plugin."""
from __future__ import annotations

from typing import Any

import ckan.plugins as p
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import grants

from . import records
from .logic import action, columns, files, joining, requests, terms


def every_action() -> dict[str, Any]:
    """The actions of licences, of requests, and of what is seen before."""
    return {name: function for module in (action, requests, columns, files, joining, terms) for name, function in vars(module).items() if name.startswith("tzc_")}


@tk.blanket.actions(every_action)
@tk.blanket.auth_functions
@tk.blanket.blueprints
@tk.blanket.config_declarations
@tk.blanket.helpers
class RightsPlugin(p.SingletonPlugin):
    """Rights: the registry of licences, which of them data made of others may have, and requests for restricted data."""

    p.implements(p.IConfigurer)

    def update_config(self, config: Any) -> None:
        """Our templates; the rights that were given are known to the doors."""
        tk.add_template_directory(config, "templates")
        grants.answered_by(records.grants_of, records.kept_of_grant)
