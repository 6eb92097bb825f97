"""The room's jobs. CKAN is imported when they run: the scheduler only needs their names."""
from __future__ import annotations


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
