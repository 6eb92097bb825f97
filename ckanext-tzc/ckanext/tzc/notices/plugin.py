"""The notices room's plugin."""
from __future__ import annotations

from typing import Any

import ckan.plugins as p
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import happening

from . import hearing, jobs


@tk.blanket.actions
@tk.blanket.auth_functions
@tk.blanket.blueprints
@tk.blanket.cli
@tk.blanket.config_declarations
@tk.blanket.helpers
class NoticesPlugin(p.SingletonPlugin):
    """Notices: in the portal, by mail, by calls to partners' programs."""

    p.implements(p.IConfigurer)

    def update_config(self, config: Any) -> None:
        """Our templates; what happens is heard, and sent after its commit."""
        tk.add_template_directory(config, "templates")
        happening.listen(hearing.heard)
        jobs.mailing_job().listen()
        jobs.calling_job().listen()
