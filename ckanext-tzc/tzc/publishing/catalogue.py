"""The catalogue itself as triples, and the pages of its feed."""
from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from datetime import date

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from .terms import NAMES, TYPE, Term, iri, mailbox, moment, number, text

THEMES = NamedNode("http://publications.europa.eu/resource/authority/data-theme")


@dataclasses.dataclass(frozen=True)
class Catalogue:
    """What a catalogue says of itself; texts by language. `corners`: west, south, east, north in degrees, WGS 84."""

    base: str
    title: Mapping[str, str]
    description: Mapping[str, str]
    publisher: Mapping[str, str]
    email: str
    licence: str
    languages: tuple[str, ...]
    corners: tuple[float, float, float, float]
    first: date | None = None
    changed: date | None = None

    @property
    def subject(self) -> NamedNode:
        """Its IRI, the same for every feed of it."""
        return NamedNode(self.base)


@dataclasses.dataclass(frozen=True)
class Page:
    """One page of a feed, by its addresses; `last` is None where there is but one."""

    address: str
    collection: str
    first: str
    next: str | None
    last: str | None
    total: int
    size: int


def catalogue_triples(catalogue: Catalogue) -> list[Triple]:
    """What DCAT-AP asks of a catalogue."""
    return [Triple(subject, predicate, value) for subject, predicate, value in _statements(catalogue) if value is not None]


def _statements(catalogue: Catalogue) -> Iterator[tuple[NamedNode | BlankNode, NamedNode, Term | None]]:
    me, where = catalogue.subject, BlankNode("catalogueplace")
    publisher, home, licence = NamedNode(f"{catalogue.base}/about#publisher"), NamedNode(f"{catalogue.base}/"), iri(catalogue.licence)
    languages = [address for language in catalogue.languages if (address := iri(language)) is not None]
    yield me, TYPE, NAMES["dcat:Catalog"]
    for name, texts in (("dct:title", catalogue.title), ("dct:description", catalogue.description)):
        for language, words in texts.items():
            yield me, NAMES[name], text(words, language)
    yield me, NAMES["foaf:homepage"], home
    yield me, NAMES["dct:publisher"], publisher
    for address in languages:
        yield me, NAMES["dct:language"], address
    yield me, NAMES["dct:license"], licence
    yield me, NAMES["dct:issued"], moment(catalogue.first)
    yield me, NAMES["dct:modified"], moment(catalogue.changed)
    yield me, NAMES["dcat:themeTaxonomy"], THEMES
    yield me, NAMES["dct:spatial"], where
    yield home, TYPE, NAMES["foaf:Document"]
    yield publisher, TYPE, NAMES["foaf:Agent"]
    for language, words in catalogue.publisher.items():
        yield publisher, NAMES["foaf:name"], text(words, language)
    yield publisher, NAMES["foaf:mbox"], mailbox(catalogue.email)
    for address in languages:
        yield address, TYPE, NAMES["dct:LinguisticSystem"]
    if isinstance(licence, NamedNode):
        yield licence, TYPE, NAMES["dct:LicenseDocument"]
    yield THEMES, TYPE, NAMES["skos:ConceptScheme"]
    yield THEMES, NAMES["dct:title"], text("Data theme", "en")
    west, south, east, north = catalogue.corners
    corners = ", ".join(f"{x} {y}" for x, y in ((west, south), (east, south), (east, north), (west, north), (west, south)))
    yield where, TYPE, NAMES["dct:Location"]
    yield where, NAMES["dcat:bbox"], Literal(f"POLYGON(({corners}))", datatype=NAMES["gsp:wktLiteral"])


def page_triples(page: Page) -> list[Triple]:
    """Both of Hydra's vocabularies for pages, with links that are IRIs: each is the only one that some harvester knows."""
    view, collection = NamedNode(page.address), NamedNode(page.collection)
    every: list[tuple[NamedNode, str, Term | None]] = [
        (collection, "hydra:view", view if view != collection else None),
        (collection, "hydra:totalItems", number(page.total)),
        (view, "hydra:first", NamedNode(page.first)),
        (view, "hydra:firstPage", NamedNode(page.first)),
        (view, "hydra:itemsPerPage", number(page.size)),
    ]
    if view != collection:
        every.append((view, "hydra:totalItems", number(page.total)))
    for address, names in ((page.next, ("hydra:next", "hydra:nextPage")), (page.last, ("hydra:last", "hydra:lastPage"))):
        if address:
            every += [(view, name, NamedNode(address)) for name in names]
    kinds = [(collection, TYPE, NAMES["hydra:Collection"]), (view, TYPE, NAMES["hydra:PartialCollectionView"]), (view, TYPE, NAMES["hydra:PagedCollection"])]
    return [Triple(*kind) for kind in kinds] + [Triple(subject, NAMES[name], value) for subject, name, value in every if value is not None]


def membership(catalogue: NamedNode, datasets: list[str]) -> list[Triple]:
    """That these datasets are in the catalogue."""
    return [Triple(catalogue, NAMES["dcat:dataset"], NamedNode(dataset)) for dataset in datasets]
