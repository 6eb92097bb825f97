"""What the path of an address asks for: `Things(1)/Datastreams(2)/Observations`, then perhaps a property, `$value` or `$ref`."""
from __future__ import annotations

import dataclasses
import re

from .entities import KINDS, Kind, lead
from .faults import Fault

LONGEST = 12
"""Steps of a path."""

_STEP = re.compile(r"(?P<name>[A-Za-z]+)(?:\((?P<id>'[^']{1,60}'|[\w.:-]{1,60})\))?")


@dataclasses.dataclass(frozen=True)
class Step:
    """A set, one of it (`id`), or what the step before leads to. `several`: whether it stands for many entities."""

    name: str
    kind: Kind
    id: str | None
    several: bool


@dataclasses.dataclass(frozen=True)
class Address:
    """`steps`: from a set on; `property`: the names of one, by way of objects; `value`: it alone; `ref`: links to the entities alone."""

    steps: tuple[Step, ...]
    property: tuple[str, ...] = ()
    value: bool = False
    ref: bool = False


def parse(path: str) -> Address:
    """Of a path behind the root. Raises Fault."""
    parts = [part for part in path.split("/") if part]
    if not 0 < len(parts) <= LONGEST:
        raise Fault("address", path=path[:80])
    steps = [_first(parts[0], path)]
    rest = parts[1:]
    while rest and not steps[-1].several and (found := _STEP.fullmatch(rest[0])) and found["name"] in steps[-1].kind.leads:
        kind, several = lead(steps[-1].kind, found["name"])
        if found["id"] is not None and not several:
            raise Fault("address", path=path[:80])
        steps.append(Step(found["name"], kind, _id(found["id"]), several and found["id"] is None))
        rest = rest[1:]
    last = steps[-1]
    if rest == ["$ref"]:
        return Address(tuple(steps), ref=True)
    if not rest:
        return Address(tuple(steps))
    value = rest[-1] == "$value"
    names = tuple(rest[:-1] if value else rest)
    if last.several or not names or names[0] not in last.kind.properties or any(name.startswith("$") for name in names):
        raise Fault("address", path=path[:80])
    return Address(tuple(steps), names, value)


def _first(part: str, path: str) -> Step:
    found = _STEP.fullmatch(part)
    if found is None or found["name"] not in KINDS:
        raise Fault("address", path=path[:80])
    return Step(found["name"], KINDS[found["name"]], _id(found["id"]), found["id"] is None)


def _id(written: str | None) -> str | None:
    return written.strip("'") if written is not None else None
