"""Days of a duty, and who comes in where two persons are needed."""
from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Collection, Mapping
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


def turning(done: Collection[str], own: frozenset[str], pooled: frozenset[str], nobody: frozenset[str]) -> frozenset[str]:
    """Who may turn a key: those who have its duty, and where one of them turned another key already, who comes in."""
    return own if not set(done) & own else second(done, own, pooled, nobody)


@dataclasses.dataclass(frozen=True)
class Turners:
    """Who is there for each key: at the partner, and at those that share the duty."""

    own: Mapping[str, frozenset[str]]
    pooled: Mapping[str, frozenset[str]] = dataclasses.field(default_factory=dict)

    def best(self, keys: Collection[str], missing: Collection[str], by: str, done: Collection[str]) -> str:
        """Which of several keys (the first ones are liked best) somebody turns: one that leaves the others to other persons, of the partner before those of its pool;
        of these the one that fewest others could turn.
        """
        gone = {*done, by}
        near = {key: self.own.get(key, frozenset()) - gone for key in missing}
        far = {key: near[key] | (self.pooled.get(key, frozenset()) - gone) for key in missing}

        def rank(key: str) -> tuple[int, int]:
            rest = [other for other in missing if other != key]
            distance = 0 if _each_by_another(rest, near) else 1 if _each_by_another(rest, far) else 2
            return distance, len(near[key])

        return min(keys, key=rank)


def _each_by_another(keys: Collection[str], persons: Mapping[str, frozenset[str]]) -> bool:
    """Whether each key can be turned by a person of its own. Of any key no more than as many persons as there are keys need be looked at."""
    some = [sorted(persons[key])[: len(keys)] for key in keys]
    return any(len(set(chosen)) == len(keys) for chosen in itertools.product(*some))
