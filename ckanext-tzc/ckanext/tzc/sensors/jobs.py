"""The room's jobs. CKAN is imported when they run: the scheduler only needs their names."""
from __future__ import annotations

QUEUE = "long"
SECONDS = 1800
"""Of a run of a source; its own limits are shorter (`tzc.sensors.pull_seconds`)."""


def follow_consents() -> int:
    """End consents whose last day has passed, erase what is of accounts that are gone, sum groups up anew where something changed. Returns how many of all."""
    from .homes import following

    return following.follow()


def pull_meters() -> int:
    """Ask the grid operator for what is new. Returns how many answers were taken."""
    from .homes import connecting

    return connecting.pull_all()


def forget() -> int:
    """Remove what came long ago. Returns how many."""
    import ckan.model as model
    import ckan.plugins.toolkit as tk

    from . import arrivals

    count = arrivals.forget(tk.config["tzc.sensors.arrival_days"])
    model.Session.commit()
    return count


def offer() -> int:
    """Keep the files that stand for datasets' streams up to date. Returns how many changed."""
    from . import offering

    return offering.offer_all()


def retain() -> int:
    """Remove what the rules no longer keep, and rows of streams that are gone. Returns how many rows."""
    from . import retention

    done = retention.retain()
    return sum(due.rows + due.lake_rows + due.rollups for due in done.due)


def move() -> int:
    """Move months long ago to the lake. Returns how many; none where another run is at work."""
    from .lake import moving

    try:
        return sum(not month.left for month in moving.move())
    except moving.BusyError:
        return 0


def send_due() -> int:
    """Send a job for each source that is due to be asked and has none. Returns how many."""
    from . import scheduling

    return scheduling.send_due()


def pull(source: str) -> None:
    """Ask a source that is due; nothing otherwise."""
    from . import pulling

    pulling.pull(source, scheduled=True)


def pull_now(source: str, by: str) -> None:
    """Ask a source because somebody wants it."""
    from . import pulling

    pulling.pull(source, by=by)
