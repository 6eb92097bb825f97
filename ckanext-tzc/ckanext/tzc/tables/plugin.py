"""The tables room's plugin."""
from __future__ import annotations

import ckan.plugins as p


class TablesPlugin(p.SingletonPlugin):
    """Uploaded tables become rows."""
