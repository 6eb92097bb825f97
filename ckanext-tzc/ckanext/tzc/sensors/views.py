"""All addresses of the room: each module hangs its own on the blueprint."""
from __future__ import annotations

from . import downloads, ingest_views, series_views, source_views, sta_views, thing_views
from .blueprint import sensors
from .homes import views as homes_views

MODULES = (
    downloads,
    ingest_views,
    homes_views,
    series_views,
    source_views,
    sta_views,
    thing_views,
)  # fmt: skip
"""Named here so that they are imported: CKAN takes every name in `__all__` for a blueprint."""

__all__ = ["sensors"]
