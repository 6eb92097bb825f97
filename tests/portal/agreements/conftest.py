"""The people and data of tests about requests."""
from __future__ import annotations

from tests.portal.rights.conftest import Scene, at, later, scene

__all__ = ["Scene", "at", "later", "scene"]
