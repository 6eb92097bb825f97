"""The harvesting room's plugin."""
from __future__ import annotations

import ckan.plugins as p
import ckan.plugins.toolkit as tk


@tk.blanket.actions
@tk.blanket.auth_functions
@tk.blanket.cli
class HarvestingPlugin(p.SingletonPlugin):
    """Who sees what of a harvest, and the processes that do it."""
