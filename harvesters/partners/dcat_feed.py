"""How a DCAT feed is listed: one document or many, each of which names the next (Hydra)."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from .. import rdf
from ..base import Harvester, Source
from ..http import Client, FetchError
from ..listing import IncompleteError, Tally, Trail, once, plain
from ..rdf import Graph, Node
from ..record import Item, Record, RecordError
from . import dcat

ACCEPT = "text/turtle, application/rdf+xml;q=0.9, application/ld+json;q=0.8, application/n-triples;q=0.8, text/html;q=0.1, */*;q=0.1"
MOST_STATEMENTS = 20_000
"""Statements of one dataset."""

LONGEST, TOO_MUCH = 200 * 2**20, 2**20
"""Characters of the datasets of a page, each written by itself; as how many one counts of which too much is said."""

VIEWS = ("hydra:PartialCollectionView", "hydra:PagedCollection")
"""What says where the next page is; a node that is of neither may say so too."""


class DcatFeed(Harvester):
    """A feed in DCAT."""

    settings: ClassVar[Mapping[str, type]] = {**Harvester.settings, "rdf_format": str, "allow_hosts": list}
    # a catalogue may have a page for readers at the same address
    accept: ClassVar[str] = ACCEPT

    def fault(self, settings: Mapping[str, Any]) -> str:
        """Whether form and hosts are what they should be."""
        if settings.get("rdf_format", "turtle") not in rdf.FORMS:
            return f"rdf_format: {', '.join(rdf.FORMS)}"
        return "" if all(isinstance(host, str) for host in settings.get("allow_hosts", [])) else 'allow_hosts: ["data.example.org"]'

    def discover(self, client: Client, source: Source) -> Iterator[Item]:
        """All datasets."""
        return once(_pages(client, source))

    def parse(self, content: str, source: Source) -> Record:
        """The statements about one dataset."""
        try:
            return dcat.read(rdf.read_back(content))
        except ValueError as error:
            raise error if isinstance(error, RecordError) else RecordError(f"The record is no RDF: {str(error)[:200]}") from error

    def record_address(self, source: Source, identifier: str) -> str:
        """The dataset's own address, else the feed's."""
        return identifier if identifier.startswith(("https://", "http://")) else source.address


def _pages(client: Client, source: Source) -> Iterator[list[Item]]:
    """Page by page. At the end, what the catalogue says of itself is compared with what came."""
    url, trail = source.address, Trail(source.address, source.settings.get("allow_hosts", []))
    tally, expected = Tally(), 0
    promised: dict[Node, None] = {}
    described: set[Node] = set()
    while url:
        trail.been(url)
        answer = client.get(url)
        trail.been(answer.url)
        graph = rdf.graph(answer, source.settings.get("rdf_format", ""), source.address)
        datasets = _datasets(graph)
        if not datasets and not graph.of_type("dcat:Catalog", *VIEWS, "hydra:Collection"):
            raise FetchError(f"{answer.shown} holds neither a catalogue nor a dataset in DCAT.")
        series = set(graph.of_type(dcat.SERIES))
        stops = frozenset(datasets) | frozenset(graph.of_type("dcat:Catalog", "dcat:CatalogRecord"))
        yield _items(graph, [node for node in datasets if node not in series], stops, answer.shown)
        tally.add(dcat.identifier_of(graph, node) for node in datasets)
        described |= datasets.keys()
        promised |= {node: None for node in _listed(graph) if isinstance(node, NamedNode)}
        expected = max(expected, _total(graph))
        url = trail.follow(answer.url, _next(graph, {plain(answer.url), plain(rdf.base_of(answer.url, source.address))}))
    tally.confirm(expected)
    if missing := [node.value for node in promised if node not in described]:
        raise IncompleteError(f"The catalogue lists {len(missing)} datasets that it does not describe, such as {missing[0][:200]}.")


def _listed(graph: Graph) -> list[Node]:
    """What catalogues list as their datasets."""
    return [value for node in graph.about for value in graph.all(node, "dcat:dataset") if not isinstance(value, Literal)]


def _datasets(graph: Graph) -> dict[Node, None]:
    """What is described as a dataset, or is listed and described; as they came."""
    found = dict.fromkeys(graph.of_type(dcat.DATASET, dcat.SERIES))
    return found | dict.fromkeys(node for node in _listed(graph) if node in graph.about)


def _items(graph: Graph, nodes: list[Node], stops: frozenset[Node], shown: str) -> list[Item]:
    """The datasets of a page. What many of them lead to is said with each, so that little can become very much."""
    items: list[Item] = []
    weight = 0
    for node in nodes:
        item = _item(graph, node, stops)
        items.append(item)
        weight += TOO_MUCH if item.cause == "too_large" else len(item.content)
        if weight > LONGEST:
            raise FetchError(f"{shown}: what is said of its datasets, each by itself, is more than {LONGEST // 2**20} MB.", "too_large")
    return items


def _item(graph: Graph, node: Node, stops: frozenset[Node]) -> Item:
    """One dataset with what is said of it, but not of other datasets."""
    identifier = dcat.identifier_of(graph, node)
    if not identifier:
        title = next((term.value for term in graph.all(node, "dct:title") if isinstance(term, Literal)), "")
        return Item(problem=f"A dataset has neither an address nor an identifier (dct:identifier): {title[:100] or 'without a title'}.")
    triples = graph.within(node, stops, MOST_STATEMENTS)
    if triples is None:
        return Item(problem=f"{identifier[:200]}: more than {MOST_STATEMENTS} statements about one dataset.", cause="too_large")
    kind = Triple(triples[0].subject, rdf.name("rdf:type"), rdf.name(dcat.DATASET))
    return Item(identifier, rdf.written(triples if kind in triples else [kind, *triples]))


def _total(graph: Graph) -> int:
    """How many datasets the catalogue says it has; 0 where it says nothing."""
    stated = [term.value.strip() for node in graph.about for term in graph.all(node, "hydra:totalItems") if isinstance(term, Literal)]
    return max((int(value) for value in stated if value.isdecimal() and len(value) < 10), default=0)


def _next(graph: Graph, here: set[str]) -> list[str]:
    """Links to the next page, as addresses or as words; first what is said of this page, as a document may say of others too where the next one is."""
    views = [node for node in graph.about if graph.all(node, "hydra:next", "hydra:nextPage")]
    views.sort(key=lambda node: isinstance(node, NamedNode) and plain(node.value) in here, reverse=True)
    return [term.value for node in views for term in graph.all(node, "hydra:next", "hydra:nextPage") if not isinstance(term, BlankNode)]
