"""What the portals that harvest our feed make of it: taken, taken with loss, or refused."""
from __future__ import annotations

from .verdict import Reason, Verdict

PORTALS = ("data.gouv.fr", "data.europa.eu")
"""Whose rules are known."""

__all__ = ["PORTALS", "Reason", "Verdict"]
