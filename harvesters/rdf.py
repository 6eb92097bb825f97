"""RDF of strangers: whichever of its four forms it has, read with limits, nothing asked for elsewhere."""
from __future__ import annotations

import re
import time
from collections.abc import Iterable
from functools import lru_cache
from itertools import islice, takewhile
from urllib.parse import urlsplit, urlunsplit

from lxml import etree
from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, parse, serialize
from tzc.catalogue import addresses

from . import xml
from .http import Answer, FetchError

PREFIXES = {
    "adms": "http://www.w3.org/ns/adms#", "dcat": "http://www.w3.org/ns/dcat#", "dcatap": "http://data.europa.eu/r5r/", "dct": "http://purl.org/dc/terms/", "foaf": "http://xmlns.com/foaf/0.1/",
    "geo": "http://www.opengis.net/ont/geosparql#", "hydra": "http://www.w3.org/ns/hydra/core#", "locn": "http://www.w3.org/ns/locn#", "owl": "http://www.w3.org/2002/07/owl#",
    "prov": "http://www.w3.org/ns/prov#", "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#", "rdfs": "http://www.w3.org/2000/01/rdf-schema#", "schema": "http://schema.org/",
    "skos": "http://www.w3.org/2004/02/skos/core#", "time": "http://www.w3.org/2006/time#", "vcard": "http://www.w3.org/2006/vcard/ns#",
}  # fmt: skip

FORMS = {"turtle": RdfFormat.TURTLE, "xml": RdfFormat.RDF_XML, "json-ld": RdfFormat.JSON_LD, "nt": RdfFormat.N_TRIPLES, "n3": RdfFormat.N3}
"""The forms by the names that a source's configuration has for them."""

TYPES = {"text/turtle": "turtle", "application/x-turtle": "turtle", "application/rdf+xml": "xml", "application/ld+json": "json-ld", "application/n-triples": "nt", "text/n3": "n3"}
ENDINGS = {".ttl": "turtle", ".rdf": "xml", ".xml": "xml", ".owl": "xml", ".jsonld": "json-ld", ".json": "json-ld", ".nt": "nt", ".n3": "n3"}
MOST_STATEMENTS = 1_000_000
"""Statements of a page."""

SECONDS = 600.0
"""In which a page is read: blank nodes in blank nodes take the square of their number."""

KEY = re.compile(r"token|key|secret|signature|^sig$|pass(word|wd)?$|pwd|auth|credential", re.IGNORECASE)
"""What a word of a question is called that opens something."""

Node = NamedNode | BlankNode
Term = Node | Literal

DEEPEST = 5
"""Steps from a dataset to what is said of it: to a file, its service, that one's standard …"""


@lru_cache(maxsize=512)
def name(short: str) -> NamedNode:
    """`dct:title` as a term."""
    prefix, _, local = short.partition(":")
    return NamedNode(PREFIXES[prefix] + local)


AROUND = frozenset(name(short) for short in ("skos:inScheme", "skos:topConceptOf", "skos:hasTopConcept", "skos:broader", "skos:narrower", "skos:related", "rdf:type"))
"""What leads from a concept to all others of its vocabulary."""


class Graph:
    """Statements by subject. What is asked of it comes in an order of its own: RDF has none, and a server may give another each time."""

    def __init__(self, triples: Iterable[Triple]) -> None:
        self.about: dict[Node, dict[NamedNode, dict[Term, None]]] = {}
        self.typed: dict[Term, list[Node]] = {}
        for triple in triples:
            subject, value = triple.subject, triple.object
            if isinstance(subject, Triple) or isinstance(value, Triple):
                continue
            predicate = NamedNode(triple.predicate.value.replace("https://schema.org/", PREFIXES["schema"]))
            # a feed may say the same of a shared node once for each dataset
            self.about.setdefault(subject, {}).setdefault(predicate, {})[value] = None
            if predicate == name("rdf:type"):
                self.typed.setdefault(value, []).append(subject)

    def all(self, subject: Term, *shorts: str) -> list[Term]:
        """All that is stated by these names, each once."""
        stated = self.about.get(subject, {}) if not isinstance(subject, Literal) else {}
        found = dict.fromkeys(value for short in shorts for value in stated.get(name(short), ()))
        return sorted(found, key=_order)

    def of_type(self, *shorts: str) -> list[Node]:
        """What is of one of these classes, each once, as it came."""
        return list(dict.fromkeys(node for short in shorts for node in self.typed.get(name(short), ())))

    def within(self, root: Node, stops: frozenset[Node], most: int) -> list[Triple] | None:
        """What is said of a node and of what it leads to, but not of these others; blank nodes by numbers. None where it is too much."""
        numbers: dict[Node, Node] = {}
        waiting, found = [(root, 0)], list[Triple]()
        seen = {root}
        for subject, depth in waiting:
            about = _numbered(subject, numbers)
            for predicate, values in self.about.get(subject, {}).items():
                for value in values:
                    found.append(Triple(about, predicate, value if isinstance(value, Literal) else _numbered(value, numbers)))
                    if len(found) > most:
                        return None
                    if not isinstance(value, Literal) and depth < DEEPEST and predicate not in AROUND and value not in seen and value not in stops:
                        seen.add(value)
                        waiting.append((value, depth + 1))
        return found


def _order(term: Term) -> tuple[str, str, str]:
    return type(term).__name__, "" if isinstance(term, BlankNode) else term.value, term.language or "" if isinstance(term, Literal) else ""


def _numbered(term: Node, numbers: dict[Node, Node]) -> Node:
    return numbers.setdefault(term, BlankNode(f"b{len(numbers)}")) if isinstance(term, BlankNode) else term


def base_of(url: str, source: str = "") -> str:
    """What relative addresses in a document from there are read against. They become those of datasets, for all to see: it has no login, and of its question neither what the
    source's own address asks with nor what is called like a key.
    """
    parts, own = urlsplit(addresses.without_login(url.partition("#")[0])), set(urlsplit(source).query.split("&"))
    asked = "&".join(part for part in parts.query.split("&") if part not in own and not KEY.search(part.partition("=")[0]))
    return urlunsplit(parts._replace(query=asked))


def graph(answer: Answer, form: str = "", source: str = "") -> Graph:
    """The statements of an answer, for a source at this address; FetchError where it is no RDF, cut off, or too much."""
    answer.refuse_page("RDF")
    form = form or form_of(answer)
    shown = answer.shown
    try:
        body = _clean(answer.body, form)
        quads = parse(body, format=FORMS[form], base_iri=base_of(answer.url, source), lenient=True)
        ends = time.monotonic() + SECONDS
        triples = [quad.triple for quad in islice(takewhile(lambda _: time.monotonic() < ends, quads), MOST_STATEMENTS + 1)]
    except xml.XmlError as error:
        raise FetchError(f"{shown}: {error}", error.cause) from error
    except UnicodeDecodeError as error:
        raise FetchError(f"{shown} answers in another encoding than UTF-8.", "encoding") from error
    except (SyntaxError, ValueError) as error:
        why = "it names a context (@context) of another address, which is not asked for" if "LoadDocumentCallback" in str(error) else str(error)[:200]
        raise FetchError(f"{shown} answers with broken or cut off RDF ({form}): {why}", "cut_off") from error
    if time.monotonic() >= ends:
        raise FetchError(f"{shown} answers with RDF that takes longer than {SECONDS:g} seconds to read.", "timeout")
    if len(triples) > MOST_STATEMENTS:
        raise FetchError(f"{shown} answers with more than {MOST_STATEMENTS} statements.", "too_large")
    return Graph(triples)


def form_of(answer: Answer) -> str:
    """The form: what begins as XML is RDF/XML whatever the server calls it; else by its type, its ending, its first letter."""
    start = answer.body[:1000].lstrip(b"\xef\xbb\xbf \t\r\n")
    told = answer.kind.partition(";")[0].strip().lower()
    path = urlsplit(answer.url).path.lower()
    if start.startswith((b"<?xml", b"<rdf:", b"<!--", b"\xff\xfe", b"\xfe\xff")):
        return "xml"
    if re.match(rb"[{]\s*[\"}]|\[\s*[{\]]\s*[\"}]?\s*$|\[\s*\{", start) and told not in {"text/turtle", "text/n3"}:
        return "json-ld"
    return TYPES.get(told) or next((form for ending, form in ENDINGS.items() if path.endswith(ending)), "") or ("json-ld" if "json" in told else "turtle")


def _clean(body: bytes, form: str) -> bytes:
    """As UTF-8. XML is looked at first: without entities and document types, whole, in whatever encoding it says that it has."""
    if form == "xml":
        return bytes(etree.tostring(xml.parse(body), encoding="UTF-8"))
    return body.decode("utf-8-sig").encode()


def written(triples: Iterable[Triple]) -> str:
    """As N-Triples, as a database takes them."""
    return (serialize(triples, format=RdfFormat.N_TRIPLES) or b"").decode().replace("\x00", "")


def read_back(content: str) -> Graph:
    """What `written` wrote; ValueError where it is something else."""
    try:
        return Graph(quad.triple for quad in parse(content.encode(), format=RdfFormat.N_TRIPLES, lenient=True))
    except SyntaxError as error:
        raise ValueError(str(error)) from error
