"""Days of a duty, and who comes in where two persons are needed."""
from __future__ import annotations

import dataclasses
from collections.abc import Collection
from datetime import datetime


@dataclasses.dataclass(frozen=True)
class Term:
    """From when to when somebody has a duty; None: at once, without end. Moments are UTC."""

    begins: datetime | None = None
    ends: datetime | None = None

    def holds(self, moment: datetime) -> bool:
        """Whether it holds at a moment: its beginning belongs to it, its end does not."""
        return (self.begins is None or self.begins <= moment) and (self.ends is None or moment < self.ends)


def second(first: Collection[str], own: frozenset[str], pooled: frozenset[str], nobody: frozenset[str]) -> frozenset[str]:
    """Who may turn a further key where those in `first` turned one already: others of the partner, else of the pool, else the portal's administrators."""
    done = set(first)
    return (own - done) or (pooled - done) or (nobody - done)
