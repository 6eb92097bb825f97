"""The options of a question: `$filter`, `$expand` with options of its own, `$select`, `$orderby`, `$top`, `$skip`, `$count`, `$resultFormat`."""
from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

from .entities import ID, SELF, Kind, lead
from .expressions import Node, parse
from .faults import Fault

USUAL, MOST, MOST_OBSERVATIONS = 100, 1_000, 10_000
"""Entities of a page: where nothing is said, at most, and of observations at most."""

MOST_EXPANDED, DEEPEST = 20, 6
"""Ways that one question may be expanded by, and how deep in one another."""

NAMES = ("$filter", "$expand", "$select", "$orderby", "$top", "$skip", "$count", "$resultFormat", "$skiptoken")
JSON, DATA_ARRAY, CSV, GEO_JSON = FORMATS = ("json", "dataArray", "CSV", "GeoJSON")


@dataclasses.dataclass(frozen=True)
class Order:
    """By what, and whether the greatest comes first."""

    by: Node
    falling: bool


@dataclasses.dataclass(frozen=True)
class Options:
    """What is asked of a set. `top`: None where nothing is said; `expand`: by the name of a way, its own options; `after`: the key after which a page begins."""

    filter: Node | None = None
    expand: Mapping[str, Options] = dataclasses.field(default_factory=dict)
    select: tuple[str, ...] = ()
    order: tuple[Order, ...] = ()
    top: int | None = None
    skip: int = 0
    count: bool = False
    format: str = JSON
    after: str = ""
    written: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """The options as they stood there, for the address of the next page."""


def parse_options(given: Mapping[str, str], kind: Kind) -> Options:
    """The options that stand in an address, of a question about a kind. Raises Fault."""
    return _options([(name, value) for name, value in given.items() if name.startswith("$")], kind, 0)


def _options(given: list[tuple[str, str]], kind: Kind, depth: int) -> Options:
    found: dict[str, str] = {}
    for name, value in given:
        if name not in NAMES or (depth and name in ("$resultFormat", "$skiptoken")):
            raise Fault("option", name=name[:40], names=", ".join(NAMES[:-1]))
        found[name] = value.strip()
    return Options(
        parse(found["$filter"]) if found.get("$filter") else None, _expand(found.get("$expand", ""), kind, depth), _select(found.get("$select", ""), kind),
        tuple(_orders(found.get("$orderby", ""))), _whole(found, "$top"), _whole(found, "$skip") or 0, _truth(found),
        _format(found.get("$resultFormat", ""), kind), found.get("$skiptoken", "")[:80],
        {name: value for name, value in found.items() if name not in ("$top", "$skip", "$skiptoken")},
    )  # fmt: skip


def _whole(found: Mapping[str, str], name: str) -> int | None:
    text = found.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise Fault("number", name=name)
    return int(text)


def _truth(found: Mapping[str, str]) -> bool:
    text = found.get("$count", "false").lower()
    if text not in ("true", "false"):
        raise Fault("syntax", near=f"$count={text[:30]}")
    return text == "true"


def _format(text: str, kind: Kind) -> str:
    known = {name.lower(): name for name in FORMATS}
    if not text:
        return JSON
    found = known.get(text.lower())
    if found is None or (found == DATA_ARRAY and kind.set != "Observations") or (found == GEO_JSON and kind.set not in ("Things", "Locations")):
        raise Fault("format", name=text[:40])
    return found


def _select(text: str, kind: Kind) -> tuple[str, ...]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in (*kind.properties, *kind.leads, ID, "id", SELF):
            raise Fault("property", name=name[:60], set=kind.set, names=", ".join((ID, *kind.properties, *kind.leads)))
    return tuple(dict.fromkeys(ID if name == "id" else name for name in names))


def _orders(text: str) -> Iterator[Order]:
    for part in _split(text, ","):
        words = part.rsplit(None, 1)
        falling = len(words) == 2 and words[1].lower() == "desc"
        node = parse(words[0] if len(words) == 2 and words[1].lower() in ("asc", "desc") else part)
        yield Order(node, falling)


def _expand(text: str, kind: Kind, depth: int) -> dict[str, Options]:
    parts = _split(text, ",")
    if depth >= DEEPEST or len(parts) > MOST_EXPANDED:
        raise Fault("deep")
    found: dict[str, Options] = {}
    for part in parts:
        way, bracket, rest = part.partition("(")
        first, _, more = way.strip().partition("/")
        target, _several = lead(kind, first)
        if more:
            # a way of several steps expands each of them
            inner = Options(expand=_expand(f"{more}{bracket}{rest}", target, depth + 1))
        elif bracket:
            if not rest.endswith(")"):
                raise Fault("syntax", near=part[-30:])
            inner = _options([_pair(one) for one in _split(rest[:-1], ";")], target, depth + 1)
        else:
            inner = Options()
        before = found.get(first)
        found[first] = inner if before is None else dataclasses.replace(before if more else inner, expand={**before.expand, **inner.expand})
    return found


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise Fault("syntax", near=text[:30])
    return name.strip(), value


def _split(text: str, sign: str) -> list[str]:
    """At a sign, but not within quotes and parentheses. Raises Fault where these do not end."""
    parts, start, depth, quoted = [], 0, 0, False
    for place, letter in enumerate(text):
        if letter == "'":
            quoted = not quoted
        elif not quoted and letter in "()":
            depth += 1 if letter == "(" else -1
        elif not quoted and depth == 0 and letter == sign:
            parts.append(text[start:place])
            start = place + 1
    if quoted or depth:
        raise Fault("syntax", near=text[-30:])
    return [part.strip() for part in (*parts, text[start:]) if part.strip()]
