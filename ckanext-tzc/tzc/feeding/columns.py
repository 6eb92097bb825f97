"""What the columns of a feed's file may become: those that came first are expected ever after."""
from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

REFUSE, ADD, ALLOW = CHANGES = ("refuse", "add", "allow")
"""Any change is refused; new columns are taken; all is taken."""

WIDER: Mapping[str, frozenset[str]] = {
    "integer": frozenset({"bigint", "numeric"}),
    "bigint": frozenset({"integer", "numeric"}),
    "numeric": frozenset({"integer", "bigint"}),
    "date": frozenset({"timestamp"}),
    "timestamp": frozenset({"date"}),
}
"""Kinds that one file has and the next has not, though nothing changed: a column of numbers is whole by chance."""


@dataclasses.dataclass(frozen=True)
class Column:
    """A column: its name, the kind of its values (PostgreSQL's word), and whether it holds any."""

    name: str
    kind: str
    filled: bool = True


@dataclasses.dataclass(frozen=True)
class Difference:
    """What is missing, what is new, and what has other kinds: `(name, before, now)`."""

    missing: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    changed: tuple[tuple[str, str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.missing or self.new or self.changed)

    def as_dict(self) -> dict[str, list[object]]:
        """For a program."""
        return {"missing": list(self.missing), "new": list(self.new), "changed": [{"name": name, "expected": before, "found": now} for name, before, now in self.changed]}


def compare(expected: Iterable[Column], found: Iterable[Column]) -> Difference:
    """How columns differ from those expected. A column without any value has whatever kind it had."""
    before, now = {column.name: column for column in expected}, {column.name: column for column in found}
    changed = [
        (name, column.kind, now[name].kind)
        for name, column in before.items()
        if name in now and column.filled and now[name].filled and now[name].kind != column.kind and now[name].kind not in WIDER.get(column.kind, ())
    ]
    return Difference(tuple(name for name in before if name not in now), tuple(name for name in now if name not in before), tuple(changed))


def refused(difference: Difference, rule: str) -> bool:
    """Whether a difference is refused under a rule."""
    if rule == ALLOW:
        return False
    return bool(difference.missing or difference.changed or (difference.new and rule != ADD))


def expected_next(expected: Sequence[Column], found: Sequence[Column]) -> list[Column]:
    """What is expected after a file was taken: its columns, each with the kind that it once had while it holds nothing."""
    before = {column.name: column for column in expected}
    return [column if column.filled else before.get(column.name, column) for column in found]
