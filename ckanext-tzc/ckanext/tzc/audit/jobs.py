"""The room's job. CKAN is imported when it runs: the scheduler only needs its name."""
from __future__ import annotations


def erase_old() -> int:
    """Erase contents by the rule of retention. Returns how many."""
    from datetime import timedelta

    import ckan.plugins.toolkit as tk

    from . import store

    days: int = tk.config["tzc.audit.keep_days"]
    return store.erase(f"older than {days} days", None, timedelta(days=days)) if days else 0
