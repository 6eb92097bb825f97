"""What the portals that harvest our feed make of it: taken, taken with loss, or refused."""
from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

from .verdict import Reason, Verdict

PORTALS = ("data.gouv.fr", "data.europa.eu")
"""Whose rules are known."""

__all__ = ["PORTALS", "Reason", "Verdict", "each_once"]


def each_once(verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
    """Datasets that were judged one by one, as those of one feed: an identifier is taken once."""
    seen: set[str] = set()
    for verdict in verdicts:
        twice = bool(verdict.identifier) and verdict.identifier in seen
        if not any(reason.weight == "unreadable" for reason in verdict.reasons):
            seen.add(verdict.identifier)
        again = (*verdict.reasons, Reason("identifier_twice", "identifier", verdict.identifier, weight="invalid"))
        yield dataclasses.replace(verdict, reasons=again, stored={}) if twice else verdict
