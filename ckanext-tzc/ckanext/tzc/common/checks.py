"""What a dataset must fulfil to be published: each room says what it knows, the workflow room asks them all."""
from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any


@dataclasses.dataclass(frozen=True)
class Partner:
    """What a partner asks of its datasets. `governed`: it has set up who reviews; `allowed_licences`: all, where empty; `quality_bar`: the least score."""

    governed: bool = False
    allowed_licences: tuple[str, ...] = ()
    quality_bar: int | None = None


@dataclasses.dataclass(frozen=True)
class Finding:
    """One line of the checklist. `rule`: its name; `ok`: whether it is fulfilled; `blocks`: whether nothing is published before; `words`: a sentence for whoever writes;
    `field`: the form's field that mends it, or `url` the page that does.
    """

    rule: str
    ok: bool
    words: str
    blocks: bool = True
    field: str = ""
    url: str = ""


def is_harvested(package: Mapping[str, Any]) -> bool:
    """Whether a dataset comes from another catalogue, by the mark that harvesters leave while they save: it comes by its source's rule, and nothing blocks it."""
    return any(extra.get("key") == "guid" for extra in package.get("extras") or [])


Check = Callable[[Mapping[str, Any], Partner], Iterable[Finding]]

_checks: dict[str, Check] = {}


def register(name: str, check: Check) -> None:
    """Let a room check too; safe to call again."""
    _checks[name] = check


def findings(package: Mapping[str, Any], partner: Partner) -> Iterator[Finding]:
    """All that the rooms say of a dataset (as `package_show` gives it)."""
    for check in _checks.values():
        yield from check(package, partner)
