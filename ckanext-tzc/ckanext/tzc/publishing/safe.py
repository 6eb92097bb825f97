"""What keeps one dataset from spoiling documents that ckanext-dcat makes, for profiles other than ours: addresses in RDF, text in XML."""
from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlsplit

from rdflib import Graph, Literal, URIRef

from tzc.rights.things import is_for_all

from .world import base

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML 1.0 document may hold (https://www.w3.org/TR/xml/#charsets)."""

IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>\"{}|\\^`\ud800-\udfff]+")
"""An absolute IRI, as Turtle and XML can write it (RFC 3987, the characters that must be encoded left out)."""


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


def without_addresses(dataset: dict[str, Any]) -> dict[str, Any]:
    """A dataset without what leads to those of its files that not everybody may have."""
    moment = datetime.now(timezone.utc)
    page = f"{base()}/dataset/{dataset['name']}"
    closed = {"url": page, "access_url": page, "download_url": None, "hash": None, "access_services": None}
    return {**dataset, "resources": [resource if is_for_all(dataset, resource, moment) else {**resource, **closed} for resource in dataset.get("resources") or []]}


def guard() -> None:
    """Give ckanext-dcat's serializer that graph, and only what everybody may know; safe to call again."""
    from ckanext.dcat.processors import RDFSerializer

    original, describe = RDFSerializer.__init__, RDFSerializer.graph_from_dataset
    if hasattr(original, "original"):
        return

    def begin(self: Any, *arguments: Any, **named: Any) -> None:
        original(self, *arguments, **named)
        self.g = SafeGraph()

    def graph_from_dataset(self: Any, dataset_dict: dict[str, Any]) -> Any:
        return describe(self, without_addresses(dataset_dict))

    begin.original = original  # type: ignore[attr-defined]  # -- the mark that it is done
    RDFSerializer.__init__ = begin
    RDFSerializer.graph_from_dataset = graph_from_dataset


def address(dataset: dict[str, Any], stated: str) -> str:
    """The IRI of a dataset: the one stated, unless it is broken or is an address of ours that belongs to another."""
    own = f"{base()}/dataset/{dataset['id']}" if dataset.get("id") else stated
    ours = urlsplit(stated).netloc == urlsplit(base()).netloc if is_iri(stated) else True
    return own if ours else stated


class SafeFeeds:
    """What CKAN and ckanext-dcat ask the room's plugin about feeds."""

    def dataset_uri(self, dataset_dict: dict[str, Any], default_uri: str) -> str:
        """No dataset speaks in another's name."""
        return address(dataset_dict, default_uri)
