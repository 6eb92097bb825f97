"""Periodic jobs, put into their queue by the scheduler. CKAN is imported when they run: the scheduler only needs their names."""
from __future__ import annotations


def run_due_harvests() -> None:
    """Start the harvest sources that are due, and mark the jobs that have ended."""
    import ckan.plugins.toolkit as tk

    from .engine import orders

    orders.begin_due()
    user = tk.get_action("get_site_user")({"ignore_auth": True}, {})
    try:
        tk.get_action("harvest_jobs_run")({"user": user["name"], "ignore_auth": True}, {})
    except tk.ObjectNotFound:
        # stock harvest says so when no job waits
        return


def look_into_files() -> int:
    """Look at files whose format is missing or contested, a few. Returns how many."""
    from . import contents

    return contents.look(contents.SECONDS)


def bring_to_index() -> int:
    """Bring into the index what was written while it did not answer, or before a crash. Returns how many datasets."""
    from .engine import unindexed

    return unindexed.bring_waiting(60)


def find_doubles() -> None:
    """Look for datasets that are perhaps there twice, and see to it that those that became one lately are found so."""
    from . import doubles

    doubles.find()
    bring_to_index()
