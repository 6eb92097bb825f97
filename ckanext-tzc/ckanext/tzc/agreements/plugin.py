"""The agreements room's plugin."""
from __future__ import annotations

from typing import Any

import ckan.plugins as p
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import happening

from . import making
from .logic import action, giving


def every_action() -> dict[str, Any]:
    """The actions of agreements, and those of what partners offer."""
    return {name: function for module in (action, giving) for name, function in vars(module).items() if name.startswith("tzc_")}


@tk.blanket.actions(every_action)
@tk.blanket.auth_functions
@tk.blanket.blueprints
@tk.blanket.cli
@tk.blanket.config_declarations
@tk.blanket.helpers
class AgreementsPlugin(p.SingletonPlugin):
    """Agreements: what is agreed when a right is given, signed."""

    p.implements(p.IConfigurer)

    def update_config(self, config: Any) -> None:
        """Our templates; that rights are given and end is heard."""
        tk.add_template_directory(config, "templates")
        happening.listen(making.heard)
