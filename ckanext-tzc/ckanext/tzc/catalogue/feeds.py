"""What keeps one dataset from spoiling the feed of all: addresses in RDF, text in XML, questions that make no sense."""
from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import ckan.plugins.toolkit as tk
from rdflib import Graph, Literal, URIRef

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML 1.0 document may hold (https://www.w3.org/TR/xml/#charsets)."""

IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>\"{}|\\^`\ud800-\udfff]+")
"""An absolute IRI, as Turtle and XML can write it (RFC 3987, the characters that must be encoded left out)."""

FORMATS = {"rdf", "xml", "n3", "ttl", "jsonld"}
LAST_PAGE = 100_000


def is_iri(value: str) -> bool:
    """Whether a feed can carry a text as an address."""
    return bool(IRI.fullmatch(value))


class SafeGraph(Graph):
    """A graph that takes nothing its serializers would fail on: statements with a broken address are left out, texts are cleaned."""

    def add(self, triple: tuple[Any, Any, Any]) -> SafeGraph:
        """Add a statement, if it can be written."""
        subject, predicate, value = triple
        if any(isinstance(term, URIRef) and not is_iri(term) for term in triple):
            return self
        if isinstance(value, Literal) and NOT_XML.search(value):
            value = Literal(NOT_XML.sub("", value), lang=value.language, datatype=value.datatype)
        super().add((subject, predicate, value))
        return self


def guard() -> None:
    """Give ckanext-dcat's serializer that graph; safe to call again."""
    from ckanext.dcat.processors import RDFSerializer

    original = RDFSerializer.__init__
    if hasattr(original, "original"):
        return

    def begin(self: Any, *arguments: Any, **named: Any) -> None:
        original(self, *arguments, **named)
        self.g = SafeGraph()

    begin.original = original  # type: ignore[attr-defined]  # -- the mark that it is done
    RDFSerializer.__init__ = begin


def address(dataset: dict[str, Any], stated: str) -> str:
    """The IRI of a dataset: the one stated, unless it is broken or is an address of ours that belongs to another."""
    base = tk.config["ckan.site_url"].rstrip("/")
    own = f"{base}/dataset/{dataset['id']}" if dataset.get("id") else stated
    ours = urlsplit(stated).netloc == urlsplit(base).netloc if is_iri(stated) else True
    return own if ours else stated


def refuse_nonsense() -> None:
    """Before a request for a feed: a format or page that does not exist is not found, instead of an error within ckanext-dcat."""
    if not (tk.request.endpoint or "").startswith("dcat.read_"):
        return
    wanted = (tk.request.view_args or {}).get("_format")
    page = tk.request.args.get("page", "1")
    exists = page.isascii() and page.isdigit() and 0 < int(page) <= LAST_PAGE
    if wanted and not (wanted in FORMATS and exists):
        tk.abort(404, tk._("There is no such feed. /catalog.ttl, .rdf, .xml, .jsonld and .n3 exist, page by page."))


class SafeFeeds:
    """What CKAN and ckanext-dcat ask the room's plugin about feeds."""

    def dataset_uri(self, dataset_dict: dict[str, Any], default_uri: str) -> str:
        """No dataset speaks in another's name."""
        return address(dataset_dict, default_uri)
