"""Expressions of `$filter` and `$orderby`: OData's with SensorThings' functions, paths such as `Datastream/@iot.id`, geometries and intervals. Read into a small tree.

The parsers of the index do not know `@iot.id`, intervals and the functions of this standard, so this one is ours: an operator-precedence parser, bounded in length and depth.
"""
from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

from tzc.sensors import times

from . import places
from .faults import Fault

LONGEST, DEEPEST = 8_000, 40
"""Characters of an expression, and how deep parentheses and functions may stand in one another."""

NUMBER, TEXT, TRUTH, NOTHING, MOMENT, INTERVAL, DAY, CLOCK, PERIOD, GEOMETRY = (
    "number", "text", "truth", "nothing", "moment", "interval", "day", "clock", "period", "geometry",
)  # fmt: skip
"""Kinds of values. A moment is microseconds since 1970, an interval two of them, a day `YYYY-MM-DD`, a clock `HH:MM:SS`, a period microseconds."""


@dataclasses.dataclass(frozen=True)
class Literal:
    """A value."""

    kind: str
    value: Any


@dataclasses.dataclass(frozen=True)
class Path:
    """A property, by way of others: `("Datastream", "@iot.id")`."""

    names: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Call:
    """A function of values."""

    name: str
    arguments: tuple[Node, ...]


@dataclasses.dataclass(frozen=True)
class Binary:
    """Two values and what is between them: `or and eq ne gt ge lt le add sub mul div mod`."""

    operator: str
    left: Node
    right: Node


@dataclasses.dataclass(frozen=True)
class Unary:
    """`not`, or `-`."""

    operator: str
    operand: Node


Node = Literal | Path | Call | Binary | Unary

COMPARISONS = ("eq", "ne", "gt", "ge", "lt", "le")
ARITHMETIC = ("add", "sub", "mul", "div", "mod")
LEVELS = (("or",), ("and",), ("not",), ("eq", "ne", "gt", "ge", "lt", "le"), ("add", "sub"), ("mul", "div", "mod"))
"""From what binds loosest to what binds tightest."""

FUNCTIONS = {
    "substringof": (2, 2), "contains": (2, 2), "startswith": (2, 2), "endswith": (2, 2), "length": (1, 1), "indexof": (2, 2), "substring": (2, 3), "tolower": (1, 1),
    "toupper": (1, 1), "trim": (1, 1), "concat": (2, 2),
    "year": (1, 1), "month": (1, 1), "day": (1, 1), "hour": (1, 1), "minute": (1, 1), "second": (1, 1), "fractionalseconds": (1, 1), "date": (1, 1), "time": (1, 1),
    "totaloffsetminutes": (1, 1), "now": (0, 0), "mindatetime": (0, 0), "maxdatetime": (0, 0),
    "round": (1, 1), "floor": (1, 1), "ceiling": (1, 1),
    "geo.distance": (2, 2), "geo.intersects": (2, 2),
    "st_distance": (2, 2), "st_within": (2, 2), "st_intersects": (2, 2), "st_disjoint": (2, 2), "st_contains": (2, 2), "st_equals": (2, 2),
    "before": (2, 2), "after": (2, 2), "meets": (2, 2), "during": (2, 2), "overlaps": (2, 2), "starts": (2, 2), "finishes": (2, 2),
}  # fmt: skip
"""By name the fewest and most arguments."""

_MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,12})?)?(?:Z|z|[+ -]\d\d:?\d\d)?"
_TOKENS = re.compile(
    rf"""\s*(?:
        (?P<geometry>geo(?:graphy|metry)'(?:[^']|'')*') | (?P<period>duration'[^']*') | (?P<text>'(?:[^']|'')*')
        | (?P<interval>{_MOMENT}/{_MOMENT}) | (?P<moment>{_MOMENT}) | (?P<day>\d{{4}}-\d\d-\d\d) | (?P<clock>\d\d:\d\d(?::\d\d(?:\.\d+)?)?)
        | (?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?) | (?P<name>[A-Za-z_@][\w@.]*) | (?P<sign>[(),/-])
    )""",
    re.VERBOSE,
)


@dataclasses.dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int


def _tokens(text: str) -> Iterator[_Token]:
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _TOKENS.match(text, at)
        if found is None or found.end() > end or found.lastgroup is None:
            raise Fault("syntax", near=text[at : at + 30].strip())
        yield _Token(found.lastgroup, found[found.lastgroup], found.start(found.lastgroup))
        at = found.end()


def parse(text: str) -> Node:
    """An expression. Raises Fault."""
    if len(text) > LONGEST:
        raise Fault("deep")
    parser = _Parser(text)
    node = parser.level(0, 0)
    parser.end()
    return node


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(_tokens(text))
        self.place = 0

    def peek(self) -> _Token | None:
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def next(self) -> _Token:
        token = self.peek()
        if token is None:
            raise self.fault()
        self.place += 1
        return token

    def fault(self) -> Fault:
        token = self.peek()
        return Fault("syntax", near=self.text[token.at : token.at + 30] if token else "")

    def end(self) -> None:
        if self.peek() is not None:
            raise self.fault()

    def operator(self, among: tuple[str, ...]) -> str | None:
        token = self.peek()
        if token is None or token.kind != "name" or token.text not in among:
            return None
        self.place += 1
        return token.text

    def sign(self, text: str) -> bool:
        token = self.peek()
        if token is None or token.kind != "sign" or token.text != text:
            return False
        self.place += 1
        return True

    def level(self, level: int, depth: int) -> Node:
        if depth > DEEPEST:
            raise Fault("deep")
        if level == len(LEVELS):
            return self.one(depth)
        if LEVELS[level] == ("not",):
            return Unary("not", self.level(level, depth + 1)) if self.operator(("not",)) else self.level(level + 1, depth)
        left, count = self.level(level + 1, depth), 0
        while operator := self.operator(LEVELS[level]):
            left, count = Binary(operator, left, self.level(level + 1, depth)), count + 1
            # a chain leans to the left, as deep as it is long
            if count > 200:
                raise Fault("deep")
        return left

    def one(self, depth: int) -> Node:
        if self.sign("("):
            node = self.level(0, depth + 1)
            if not self.sign(")"):
                raise self.fault()
            return node
        if self.sign("-"):
            return Unary("-", self.one(depth + 1) if depth < DEEPEST else self.level(0, depth + 1))
        token = self.next()
        if token.kind == "sign":
            self.place -= 1
            raise self.fault()
        if token.kind != "name":
            return literal(token.kind, token.text)
        if token.text in ("true", "false"):
            return Literal(TRUTH, token.text == "true")
        if token.text == "null":
            return Literal(NOTHING, None)
        return self.call(token.text, depth) if self.sign("(") else self.path(token.text)

    def path(self, first: str) -> Path:
        names = [first]
        while self.sign("/"):
            token = self.next()
            if token.kind != "name":
                self.place -= 1
                raise self.fault()
            names.append(token.text)
        if len(names) > 10:
            raise Fault("deep")
        return Path(tuple(names))

    def call(self, name: str, depth: int) -> Call:
        wanted = FUNCTIONS.get(name.lower())
        if wanted is None:
            raise Fault("function", name=name[:40], names=", ".join(FUNCTIONS))
        arguments: list[Node] = []
        while not self.sign(")"):
            if arguments and not self.sign(","):
                raise self.fault()
            arguments.append(self.level(0, depth + 1))
        if not wanted[0] <= len(arguments) <= wanted[1]:
            raise Fault("arguments", name=name)
        return Call(name.lower(), tuple(arguments))


def literal(kind: str, text: str) -> Literal:
    """A value as it is written. Raises Fault."""
    if kind == "text":
        return Literal(TEXT, text[1:-1].replace("''", "'"))
    if kind == "number":
        return Literal(NUMBER, float(text) if any(sign in text for sign in ".eE") or len(text) > 15 else int(text))
    if kind == "geometry":
        return Literal(GEOMETRY, places.geometry(text[text.index("'") + 1 : -1].replace("''", "'")))
    if kind == "interval":
        first, _, last = text.partition("/")
        return Literal(INTERVAL, (_moment(first), _moment(last)))
    if kind == "moment":
        return Literal(MOMENT, _moment(text))
    if kind == "period":
        seconds = times.period(text[text.index("'") + 1 : -1])
        if seconds is None:
            raise Fault("syntax", near=text)
        return Literal(PERIOD, seconds * 1_000_000)
    return Literal(kind, text if kind == DAY or text.count(":") == 2 else f"{text}:00")


def _moment(text: str) -> int:
    # a plus sign that was not encoded arrives as a blank; a moment without a zone is UTC's
    written = re.sub(r"(T[\d:.]+) (\d\d:?\d\d)$", r"\1+\2", text)
    time, code = times.moment(written if re.search(r"(Z|z|[+-]\d\d:?\d\d)$", written[10:]) else f"{written}Z")
    if code:
        raise Fault("syntax", near=text)
    return time


def paths(node: Node) -> Iterator[Path]:
    """All paths in a tree."""
    if isinstance(node, Path):
        yield node
    for child in children(node):
        yield from paths(child)


def children(node: Node) -> tuple[Node, ...]:
    """The nodes right below."""
    if isinstance(node, Call):
        return node.arguments
    if isinstance(node, Binary):
        return node.left, node.right
    return (node.operand,) if isinstance(node, Unary) else ()


def conjuncts(node: Node | None) -> list[Node]:
    """What must all be true for it to be."""
    if node is None:
        return []
    return [*conjuncts(node.left), *conjuncts(node.right)] if isinstance(node, Binary) and node.operator == "and" else [node]
