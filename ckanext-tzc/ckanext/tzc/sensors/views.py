"""All addresses of the room: each module hangs its own on the blueprint."""
from __future__ import annotations

from . import series_views, sta_views
from .blueprint import sensors

__all__ = ["sensors", "series_views", "sta_views"]
