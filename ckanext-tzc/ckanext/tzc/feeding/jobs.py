"""The room's jobs. CKAN is imported when they run: the scheduler only needs their names."""
from __future__ import annotations

QUEUE = "long"
SECONDS = 1800
"""Of a run; the source's own limits are shorter."""


def fetch(feed_id: str) -> None:
    """Fetch a feed that is due, or whose run broke off; nothing otherwise."""
    from . import running, store

    running.run(feed_id, store.BY_SCHEDULE)


def fetch_now(feed_id: str, by: str) -> None:
    """Fetch a feed because somebody asked for it."""
    from . import running, store

    running.run(feed_id, store.BY_HAND, by)


def send_due() -> int:
    """Send a job for each feed that is due, or whose run broke off, and has none. Returns how many."""
    from . import sending

    return sending.send_due()


def forget() -> int:
    """Remove old runs, and old files that no rule keeps. Returns how many."""
    from . import sending

    return sending.forget()
