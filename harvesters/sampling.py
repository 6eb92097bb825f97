"""Some records of a source for somebody who waits, read in a process of its own: `python -m ckanext.tzc.harvesters.sampling`, which `tzc.apart` asks."""
from __future__ import annotations

import dataclasses
import importlib
import itertools
from collections.abc import Mapping
from typing import Any

from tzc import apart

from . import base
from .http import Client, FetchError, Limits
from .record import RecordError


@dataclasses.dataclass(frozen=True)
class Task:
    """What is wanted: of a source (`asked`; `shown` is it without what opens it) the first `samples` records that can be read, of `read`, each of `longest` characters at most."""

    harvester: str
    asked: dict[str, Any]
    shown: dict[str, Any]
    limits: dict[str, Any]
    samples: int
    read: int
    longest: int


def named(harvester: base.Harvester) -> str:
    """A harvester by the name that finds it in another process."""
    return f"{type(harvester).__module__}:{type(harvester).__qualname__}"


def _found(name: str) -> base.Harvester:
    module, _, kind = name.partition(":")
    made = getattr(importlib.import_module(module), kind)()
    if not isinstance(made, base.Harvester):
        raise TypeError(name)
    return made


def sampled(task: Mapping[str, Any]) -> dict[str, Any]:
    """`{"contents"}`, records as they came, or `{"fault", "cause"}` where none came; and `{"first_rows"}` of a table, else none."""
    wanted = Task(**task)
    harvester, asked, shown = _found(wanted.harvester), base.Source(**wanted.asked), base.Source(**wanted.shown)
    inside, limits = asked.settings.get("allow_internal") is True, Limits(**wanted.limits)
    client = Client(allow_internal=inside, limits=limits, headers=harvester.headers(asked), home=asked.address, accept=harvester.accept)
    found: list[str] = []
    try:
        for item in itertools.islice(base.listing(harvester, client, asked), wanted.read):
            if item.content and len(item.content) <= wanted.longest and _is_readable(harvester, item.content, shown):
                found.append(item.content)
            if len(found) == wanted.samples:
                break
    except FetchError as error:
        # what came before the listing broke off is good
        if not found:
            return {"fault": str(error), "cause": error.cause, "first_rows": client.first_rows}
    return {"contents": found, "first_rows": client.first_rows}


def _is_readable(harvester: base.Harvester, content: str, shown: base.Source) -> bool:
    try:
        base.record_of(harvester, content, shown)
    except RecordError:
        return False
    return True


if __name__ == "__main__":
    apart.answer(sampled)
