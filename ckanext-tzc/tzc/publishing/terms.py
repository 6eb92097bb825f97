"""Namespaces, and values that RDF can carry: what is broken is repaired by a written rule, or left out.

The rules: docs/publishing.md, "What is mended and what is left out".
"""
from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote

from pyoxigraph import BlankNode, Literal, NamedNode

Node = NamedNode | BlankNode
Term = NamedNode | BlankNode | Literal

PREFIXES = {
    "adms": "http://www.w3.org/ns/adms#",
    "cc": "http://creativecommons.org/ns#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcatap": "http://data.europa.eu/r5r/",
    "dct": "http://purl.org/dc/terms/",
    "dqv": "http://www.w3.org/ns/dqv#",
    "eli": "http://data.europa.eu/eli/ontology#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "gsp": "http://www.opengis.net/ont/geosparql#",
    "hydra": "http://www.w3.org/ns/hydra/core#",
    "locn": "http://www.w3.org/ns/locn#",
    "odrl": "http://www.w3.org/ns/odrl/2/",
    "owl": "http://www.w3.org/2002/07/owl#",
    "prov": "http://www.w3.org/ns/prov#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
"""Of every document we write."""


class _Names(dict[str, NamedNode]):
    def __missing__(self, short: str) -> NamedNode:
        prefix, name = short.split(":", 1)
        node = self[short] = NamedNode(PREFIXES[prefix] + name)
        return node


NAMES = _Names()
"""IRIs by their short names, made once: `NAMES["dct:title"]`."""

TYPE = NAMES["rdf:type"]
MEDIA = "http://www.iana.org/assignments/media-types/"
"""IRIs of media types, by name."""
GEOJSON = NamedNode("https://www.iana.org/assignments/media-types/application/vnd.geo+json")

NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML 1.0 document may hold (https://www.w3.org/TR/xml/#charsets), and the carriage return, which XML reads as a line's end."""
FORBIDDEN = re.compile(r"[\x00-\x20<>\"{}|\\^`\x7f-\x9f\u2028\u2029\ufffe\uffff]")
"""Characters that an IRI may hold encoded only (RFC 3987)."""
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?=.)")
HOST = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
YEAR, MONTH = re.compile(r"[0-9]{4}"), re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
ZONE = r"(?P<zone>Z|[+-][0-9]{2}(?::?[0-9]{2})?)?"
DAY = re.compile(rf"(?P<day>[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}){ZONE}", re.IGNORECASE)
MOMENT = re.compile(
    rf"(?P<day>[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})[T ](?P<hour>[0-9]{{2}})(?::?(?P<minute>[0-9]{{2}})(?::?(?P<second>[0-9]{{2}})(?:[.,](?P<part>[0-9]+))?)?)? ?{ZONE}", re.IGNORECASE
)
"""A moment as people and programs write it."""
HOURS, MINUTES = 24, 60
FARTHEST_ZONE = timedelta(hours=14)
"""From universal time: XML Schema knows no zone beyond it."""
DURATION = re.compile(r"-?P(?=.)(\d+Y)?(\d+M)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?", re.ASCII)
EMAIL = re.compile(r"(mailto:)?([^\s@<>\"]+@[^\s@<>\"]+)", re.IGNORECASE)
LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


def clean(value: Any) -> str:
    """A text that every format can carry: lines end in one way, what no XML may hold is left out, nothing stands around it."""
    if value is None or isinstance(value, (bool, dict, list)):
        return ""
    return NOT_XML.sub("", str(value).replace("\r\n", "\n").replace("\r", "\n")).strip()


def text(value: Any, language: str = "") -> Literal | None:
    """A text, in a language when that is one."""
    words = clean(value)
    if not words:
        return None
    return Literal(words, language=language.lower()) if LANGUAGE.fullmatch(language) else Literal(words)


def iri(value: Any) -> NamedNode | None:
    """An absolute address. Characters that must be encoded are encoded; what is none even then, is None."""
    words = clean(value)
    if not SCHEME.match(words):
        return None
    host = HOST.match(words)
    if host and FORBIDDEN.search(host[0]):
        return None  # a host with such a character is none, however it is written
    encoded = FORBIDDEN.sub(lambda found: quote(found[0]), BARE_PERCENT.sub("%25", words))
    try:
        return NamedNode(encoded)
    except ValueError:
        return None


def mailbox(value: Any) -> NamedNode | None:
    """An address of e-mail as an IRI."""
    found = EMAIL.fullmatch(clean(value))
    return iri(f"mailto:{found[2]}") if found else None


def moment(value: Any) -> Literal | None:
    """A year, month, day or moment that the calendar has, as XML Schema writes it; anything else is None. A moment without a zone stays without."""
    words = clean(value)
    if YEAR.fullmatch(words) and words != "0000":
        return Literal(words, datatype=NAMES["xsd:gYear"])
    if MONTH.fullmatch(words) and not words.startswith("0000"):
        return Literal(words, datatype=NAMES["xsd:gYearMonth"])
    parsed = parsed_moment(words)
    if parsed is None:
        return None
    if isinstance(parsed, datetime):
        return Literal(parsed.isoformat(), datatype=NAMES["xsd:dateTime"])
    return Literal(parsed.isoformat(), datatype=NAMES["xsd:date"])


def parsed_moment(words: str) -> date | datetime | None:
    """A day, or a day and time, of ISO 8601. A day's zone is left out, 24:00 is the next day's beginning."""
    try:
        if found := DAY.fullmatch(words):
            return date.fromisoformat(found["day"])
        if found := MOMENT.fullmatch(words):
            return _moment_of(found)
    except (ValueError, OverflowError):  # not in the calendar, or beyond its end
        pass
    return None


def _moment_of(found: re.Match[str]) -> datetime | None:
    day, hour = datetime.fromisoformat(found["day"]), int(found["hour"])
    minute, second, part = (int(found[name] or 0) for name in ("minute", "second", "part"))
    if hour == HOURS and not (minute or second or part):
        return (day + timedelta(days=1)).replace(tzinfo=_zone(found["zone"]))
    micro = int((found["part"] or "0")[:6].ljust(6, "0"))
    return day.replace(hour=hour, minute=minute, second=second, microsecond=micro, tzinfo=_zone(found["zone"]))


def _zone(stated: str | None) -> timezone | None:
    if not stated:
        return None
    if stated in {"Z", "z"}:
        return timezone.utc
    digits = stated[1:].replace(":", "")
    away = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    if away > FARTHEST_ZONE or int(digits[2:] or 0) >= MINUTES:
        raise ValueError(stated)
    return timezone(-away if stated[0] == "-" else away)


def number(value: Any) -> Literal | None:
    """A whole number from zero up."""
    try:
        found = int(clean(value))
    except ValueError:
        return None
    return Literal(str(found), datatype=NAMES["xsd:nonNegativeInteger"]) if found >= 0 else None


MOST_DIGITS = 30
"""Of a decimal number before or after its point."""


def decimal(value: Any) -> Literal | None:
    """A decimal number."""
    try:
        found = Decimal(clean(value))
    except InvalidOperation:
        return None
    return Literal(f"{found:f}", datatype=NAMES["xsd:decimal"]) if found.is_finite() and abs(found.adjusted()) < MOST_DIGITS else None


def length(value: Any) -> Literal | None:
    """A length in metres, more than nothing."""
    found = decimal(value)
    return found if found is not None and float(found.value) > 0 else None


def duration(value: Any) -> Literal | None:
    """A duration of ISO 8601."""
    words = clean(value)
    return Literal(words, datatype=NAMES["xsd:duration"]) if DURATION.fullmatch(words) else None


def values(stated: Any) -> list[Any]:
    """What stands in a field that may hold several: a list, a list written as JSON, or one value."""
    if isinstance(stated, str):
        if not stated.startswith("["):
            return [stated] if stated else []
        try:
            stated = json.loads(stated)
        except ValueError:
            return [stated]
    if isinstance(stated, list):
        return stated
    return [] if stated is None else [stated]


def entries(stated: Any) -> Iterator[Mapping[str, Any]]:
    """What stands in a field of subfields; entries that hold nothing are left out."""
    for entry in values(stated):
        if isinstance(entry, Mapping) and any(entry.values()):
            yield entry
