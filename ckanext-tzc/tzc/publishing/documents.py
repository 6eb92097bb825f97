"""RDF documents of any length, put together of pieces that were written once.

A fragment is the triples of one dataset in each syntax, without what stands around them in a document. As all documents have the same prefixes, and blank nodes
carry their dataset's id, fragments stand one after the other as they are.
"""
from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Iterator

from pyoxigraph import RdfFormat, Triple, serialize

from .terms import PREFIXES


@dataclasses.dataclass(frozen=True)
class Syntax:
    """A syntax of RDF: its name here, its media type, what stands before, between and after fragments."""

    name: str
    media: str
    format: RdfFormat
    before: str
    between: str
    after: str


_TURTLE_PREFIXES = "".join(f"@prefix {prefix}: <{namespace}> .\n" for prefix, namespace in PREFIXES.items())
_XML_PREFIXES = "".join(f'\n\txmlns:{prefix}="{namespace}"' for prefix, namespace in PREFIXES.items())

TURTLE = Syntax("turtle", "text/turtle", RdfFormat.TURTLE, _TURTLE_PREFIXES, "", "")
RDF_XML = Syntax("rdf_xml", "application/rdf+xml", RdfFormat.RDF_XML, f'<?xml version="1.0" encoding="UTF-8"?>\n<rdf:RDF{_XML_PREFIXES}>\n', "", "</rdf:RDF>\n")
JSON_LD = Syntax("json_ld", "application/ld+json", RdfFormat.JSON_LD, "[", ",\n", "]\n")
N_TRIPLES = Syntax("n_triples", "application/n-triples", RdfFormat.N_TRIPLES, "", "", "")
SYNTAXES = (TURTLE, RDF_XML, JSON_LD, N_TRIPLES)
BY_NAME = {syntax.name: syntax for syntax in SYNTAXES}

EXTENSIONS = {"ttl": TURTLE, "n3": TURTLE, "rdf": RDF_XML, "xml": RDF_XML, "jsonld": JSON_LD, "nt": N_TRIPLES}
"""Syntaxes by the ending of an address. Every Turtle document is an N3 document."""


def fragment(triples: Iterable[Triple], syntax: Syntax) -> str:
    """Triples without what stands around them in a document."""
    whole = (serialize(triples, format=syntax.format, prefixes=PREFIXES if syntax in (TURTLE, RDF_XML) else None) or b"").decode("utf-8")
    if syntax is TURTLE:
        return _without_prefixes(whole)
    if syntax is RDF_XML:
        begins = whole.index(">", whole.index("<rdf:RDF")) + 1
        return whole[begins : whole.rindex("</rdf:RDF>")].lstrip("\n") if "</rdf:RDF>" in whole else ""
    return whole[1:-1] if syntax is JSON_LD else whole


def _without_prefixes(document: str) -> str:
    begins = 0
    while document.startswith("@prefix", begins):
        begins = document.index("\n", begins) + 1
    return document[begins:].rstrip("\n") + "\n" if document[begins:].strip() else ""


def fragments(triples: Iterable[Triple]) -> dict[str, str]:
    """In each syntax, by its name."""
    every = list(triples)
    return {syntax.name: fragment(every, syntax) for syntax in SYNTAXES}


def digest(n_triples: str) -> str:
    """What tells two fragments apart: SHA-256 of the N-Triples, whose order and blank nodes are those of the mapping."""
    return hashlib.sha256(n_triples.encode("utf-8")).hexdigest()


def document(syntax: Syntax, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """A whole document in UTF-8, piece by piece; empty pieces are left out."""
    before, between, after = (part.encode("utf-8") for part in (syntax.before, syntax.between, syntax.after))
    yield before
    first = True
    for piece in pieces:
        if piece:
            if between and not first:
                yield between
            yield piece
            first = False
    yield after


def complete(triples: Iterable[Triple], syntax: Syntax) -> bytes:
    """A whole document of these triples, in UTF-8."""
    return b"".join(document(syntax, [fragment(triples, syntax).encode("utf-8")]))
