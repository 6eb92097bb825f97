"""When messages that come one by one are stored together: when there are enough, or the first has waited long enough, or no more come for a moment.

Nothing more is read while a batch is stored, and none is acknowledged before: what a broker has not been told stays with it.
"""
from __future__ import annotations

import dataclasses
from collections.abc import Sequence


@dataclasses.dataclass
class Batch:
    """`most` messages or `most_bytes` at most; `seconds`: how long the first may wait; `idle`: after how long a silence it is full."""

    most: int
    seconds: float
    most_bytes: int = 8 << 20
    idle: float = 0.01
    count: int = 0
    bytes: int = 0
    first: float = 0.0
    last: float = 0.0

    def add(self, size: int, at: float) -> None:
        """A message of so many bytes has come."""
        if not self.count:
            self.first = at
        self.count, self.bytes, self.last = self.count + 1, self.bytes + size, at

    def full(self, at: float) -> bool:
        """Whether it is to be stored now."""
        return bool(self.count) and (self.count >= self.most or self.bytes >= self.most_bytes or at - self.first >= self.seconds or at - self.last >= self.idle)

    def room(self) -> bool:
        """Whether another message may be read."""
        return self.count < self.most and self.bytes < self.most_bytes

    def wait(self, at: float, otherwise: float) -> float:
        """Seconds until it is full if nothing more comes."""
        return otherwise if not self.count else max(0.0, min(self.first + self.seconds, self.last + self.idle) - at)

    def empty(self) -> None:
        """It was stored."""
        self.count = self.bytes = 0


def matches(pattern: Sequence[str], topic: Sequence[str]) -> bool:
    """Whether a topic, by its levels, is one of those that a pattern stands for. What begins with $ is not meant by a pattern that begins otherwise."""
    if topic[0].startswith("$") and pattern[0] in ("+", "#"):
        return False
    for place, level in enumerate(pattern):
        if level == "#":
            return True
        if place >= len(topic) or level not in ("+", topic[place]):
            return False
    return len(pattern) == len(topic)
