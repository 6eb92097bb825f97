"""Actions of the publishing room."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk

from .. import feeds, store


@tk.side_effect_free
def tzc_publishing_status(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """How the feeds stand.

    Returns `{"datasets", "changed", "waiting"}`: how many public datasets they hold, when a fragment was last made (ISO 8601, None before the first), how many changes wait
    for their job.
    """
    tk.check_access("tzc_publishing_status", context, data_dict)
    changed = feeds.last_change()
    return {"datasets": feeds.count(feeds.WHOLE, settled=False), "changed": changed and changed.isoformat(), "waiting": store.waiting()}
