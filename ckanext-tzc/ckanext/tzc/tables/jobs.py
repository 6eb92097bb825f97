"""The room's jobs. CKAN is imported when they run: the scheduler only needs their names."""
from __future__ import annotations

QUEUE = "interactive"


def load(resource_id: str) -> None:
    """Load one resource's file when it waits; nothing otherwise."""
    from . import loading

    loading.load(resource_id)


def remove(resource_id: str) -> None:
    """Remove the table and the state of a resource that is gone."""
    from . import loading

    loading.remove(resource_id)


def load_waiting() -> int:
    """Send a job for everything that waits and for loads whose worker died. Returns how many.

    To be run periodically: a job that is sent twice finds nothing to do the second time.
    """
    from . import catching_up

    return catching_up.send_waiting()


def find_unseen() -> int:
    """As `load_waiting`, and for uploads never seen, which takes a look at every resource."""
    from . import catching_up

    catching_up.mark_unseen()
    return catching_up.send_waiting()
