"""Actions of the harvesting room."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk


@tk.chained_action
@tk.side_effect_free
def harvest_source_list(next_action: Any, context: dict[str, Any], data_dict: dict[str, Any]) -> list[dict[str, Any]]:
    """Harvest sources with their configurations. Stock asks nobody's right here."""
    tk.check_access("harvest_source_list", context, data_dict)
    sources: list[dict[str, Any]] = next_action(context, data_dict)
    return sources
