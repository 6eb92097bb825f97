"""A document's statements as harvesters meet them: by subject and property, in the order in which they stand."""
from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, parse

from ..terms import NAMES, TYPE, Node, Term

Value = str | int | float | bool | Decimal | date | bytes
"""What a program makes of a term: an address is its text."""

BASE = "relative:///"
"""Where an address that is not absolute leads while a document is read: nowhere, so that it is seen to be broken."""
XSD = "http://www.w3.org/2001/XMLSchema#"
WHOLE = {
    f"{XSD}{kind}"
    for kind in (
        "integer", "int", "long", "short", "byte", "nonNegativeInteger", "positiveInteger", "nonPositiveInteger", "negativeInteger",
        "unsignedInt", "unsignedLong", "unsignedShort", "unsignedByte",
    )
}  # fmt: skip
DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:Z|[+-]\d\d:\d\d)?")
MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d+))?(Z|[+-]\d\d:?\d\d)?")


MORE_PREFIXES = {
    "geodcat": "http://data.europa.eu/930/",
    "schema": "http://schema.org/",
    "scv": "http://purl.org/NET/scovo#",
}
"""Of what others write and we do not."""


@lru_cache(maxsize=256)
def name(short: str) -> NamedNode:
    """An IRI by its short name."""
    prefix, _, local = short.partition(":")
    return NamedNode(MORE_PREFIXES[prefix] + local) if prefix in MORE_PREFIXES else NAMES[short]


class Graph:
    """Statements, looked up by subject and property; what is asked for first comes first."""

    def __init__(self, triples: Iterable[Triple]) -> None:
        self.about: dict[Term, dict[NamedNode, dict[Term, None]]] = {}
        self.leading: dict[Term, list[NamedNode]] = {}
        self.typed: dict[Term, dict[Node, None]] = {}
        for subject, predicate, value in triples:
            values = self.about.setdefault(subject, {}).setdefault(predicate, {})
            if value in values:
                continue
            values[value] = None
            self.leading.setdefault(value, []).append(predicate)
            if predicate == TYPE:
                self.typed.setdefault(value, {})[subject] = None

    def all(self, subject: Term, short: str) -> list[Term]:
        """All that is stated."""
        return list(self.about.get(subject, {}).get(name(short), ()))

    def first(self, subject: Term, short: str) -> Term | None:
        """What is stated first."""
        return next(iter(self.about.get(subject, {}).get(name(short), ())), None)

    def said(self, subject: Term, short: str, language: str) -> Term | None:
        """What is stated in a language, else what is stated first."""
        every = self.all(subject, short)
        return next((term for term in every if isinstance(term, Literal) and term.language == language), every[0] if every else None)

    def of_type(self, *classes: str) -> list[Node]:
        """What is of one of these classes, each once."""
        return list(dict.fromkeys(node for short in classes for node in self.typed.get(name(short), ())))


def read(document: bytes, syntax: RdfFormat) -> Graph:
    """The statements of a document. SyntaxError (which pyoxigraph raises) says why there is none."""
    try:
        return Graph(quad.triple for quad in parse(document, format=syntax, base_iri=BASE, lenient=True))
    except ValueError as error:
        raise SyntaxError(str(error)) from error


def plain(term: Term) -> Value:
    """A term as a program holds it: numbers, days and moments by their datatype where they are well formed, everything else as text."""
    if not isinstance(term, Literal):
        return term.value
    kind, words = term.datatype.value, term.value
    try:
        return _typed(kind, words)
    except (ValueError, InvalidOperation):
        return words


def _typed(kind: str, words: str) -> Value:
    if kind in WHOLE:
        return int(words)
    if kind == f"{XSD}decimal":
        return Decimal(words)
    if kind in {f"{XSD}double", f"{XSD}float"}:
        return float(words)
    if kind == f"{XSD}boolean":
        return {"true": True, "1": True, "false": False, "0": False}.get(words.lower(), words)
    if kind == f"{XSD}hexBinary":
        return bytes.fromhex(words)
    if kind == f"{XSD}date" and (day := DAY.fullmatch(words)):
        return date(*(int(part) for part in day.groups()))
    if kind == f"{XSD}dateTime":
        return moment(words) or words
    return words


def moment(words: str) -> datetime | None:
    """A moment as XML writes it, with its zone where it has one."""
    if not (found := MOMENT.fullmatch(words)):
        return None
    day, clock, fraction, zone = found.groups()
    parsed = datetime.fromisoformat(f"{day}T{clock}").replace(microsecond=int((fraction or "0")[:6].ljust(6, "0")))
    if zone is None:
        return parsed
    if zone == "Z":
        return parsed.replace(tzinfo=timezone.utc)
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    return parsed.replace(tzinfo=timezone(timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)))


def stated(term: Term | None) -> bool:
    """Whether something is said: an empty text, nought and no are not."""
    if term is None:
        return False
    value = plain(term)
    return bool(value) if not isinstance(value, date) else True


def is_blank(term: Term) -> bool:
    """Whether it has no address."""
    return isinstance(term, BlankNode)
