"""A dataset in DCAT, as statements, read as a record: DCAT-AP 1 to 3, GeoDCAT-AP, and what portals make of them.

One says `http://…/frequency/DAILY`, another `daily`; a publisher is a node, a name or an address that nothing is said of. So each value is asked
for its address and for its words, and what understands one of them is taken.
"""
from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable

from pyoxigraph import BlankNode, Literal
from tzc.catalogue import addresses, keywords
from tzc.harvesting import repair

from .. import geometry, words
from ..formats import Format, format_of
from ..licences import OWN_CONDITIONS, UNSTATED, licence_of
from ..rdf import Graph, Node, Term
from ..record import Agent, Box, Note, Period, Record, RecordError, Resource
from ..themes import themes

DATASET, SERIES = "dcat:Dataset", "dcat:DatasetSeries"
COMMUNE = re.compile(r"https?://id\.insee\.fr/geo/commune/(\d[\dAB]\d{3})(?:/|$)")
HIGH_VALUE = "http://data.europa.eu/bna/"
LIMITS = "inspire.ec.europa.eu/metadata-codelist/LimitationsOnPublicAccess/"
GENERATED = "/.well-known/genid/"
"""In addresses of what has none: they change each time."""

LABELS = ("skos:prefLabel", "rdfs:label", "dct:title", "foaf:name", "vcard:fn", "vcard:organization-name", "schema:name", "dct:description", "skos:notation", "rdf:value")
SHAPE = re.compile(
    r"\s*(<https?://[^>]*>\s*)?(SRID=\d+;)?(MULTI)?(POINT|POLYGON|LINESTRING|ENVELOPE|BOX|GEOMETRYCOLLECTION)\s*((Z|M|ZM)\s*)?\("
    r"|\s*\{|\s*<\w*:?(Envelope|Polygon|Point)\b",
    re.IGNORECASE,
)
"""How a geometry begins."""

MOST_ITEMS = 1000
PREFERRED = ("fr", "", "en")
"""Languages, the one that is liked best first."""


def identifier_of(graph: Graph, node: Node) -> str:
    """The node's address; where it has none that lasts, what is stated as its identifier, or its page's address."""
    if not isinstance(node, BlankNode) and GENERATED not in node.value:
        return node.value[:500]
    stated = [words.line(term.value) for name in ("dct:identifier", "dcat:landingPage") for term in graph.all(node, name) if not isinstance(term, BlankNode)]
    return next(filter(None, stated), "")[:500]


def read(graph: Graph) -> Record:
    """The record of the one dataset in a graph; RecordError where it cannot be one."""
    roots = graph.of_type(DATASET)
    if len(roots) != 1:
        raise RecordError(f"The record describes {len(roots)} datasets, where one was expected.")
    return _Reading(graph, roots[0]).record()


class _Reading:
    """One dataset while it is read, with what was mended so far."""

    def __init__(self, graph: Graph, root: Node) -> None:
        self.graph = graph
        self.root = root
        self.notes: list[Note] = []
        self.distributions = [term for term in graph.all(root, "dcat:distribution")[:MOST_ITEMS] if not isinstance(term, Literal)]

    def record(self) -> Record:
        """Everything, field by field."""
        identifier, title = identifier_of(self.graph, self.root), self.said(self.root, "dct:title", "rdfs:label", "skos:prefLabel")
        if not identifier or not title:
            lacks = "title (dct:title)" if identifier else "identifier (an address, or dct:identifier)"
            raise RecordError(f"The record has no {lacks}.", "no_title" if identifier else "no_identifier")
        access, rights = self.access()
        licence, stated = self.licence()
        communes, places = self.places()
        subjects, other = self.subjects()
        page = self.web("dcat:landingPage")
        return Record(
            identifier=identifier,
            title=title,
            description=self.description(),
            address=next(iter(page), ""),
            keywords=self.keywords(other),
            themes=subjects,
            licence=licence,
            licence_stated=stated,
            access=access,
            access_rights=rights,
            limits=self.limits(stated),
            publisher=self.agent("dct:publisher") or self.agent("dct:creator") or self.attributed(),
            contact=self.agent("dcat:contactPoint", "adms:contactPoint"),
            issued=self.date(self.root, "dct:issued") or self.date(self.root, "dct:created"),
            modified=self.date(self.root, "dct:modified"),
            languages=self.known("language", words.language, "dct:language"),
            frequency=next(iter(self.known("frequency", _frequency, "dct:accrualPeriodicity")), ""),
            places=places,
            communes=communes,
            box=self.box(),
            periods=self.periods(),
            provenance="\n\n".join(self.labels("dct:provenance")),
            version=self.said(self.root, "dcat:version", "owl:versionInfo", "adms:version")[:100],
            conforms_to=self.web("dct:conformsTo"),
            high_value=tuple(iri for term in self.graph.all(self.root, "dcatap:hvdCategory", "dcat:theme") if (iri := term_text(term)).startswith(HIGH_VALUE)),
            legislation=self.web("dcatap:applicableLegislation"),
            documentation=self.web("foaf:page"),
            other_identifiers=self.identifiers(identifier),
            derived_from=tuple(address for address in self.web("dct:source", "prov:wasDerivedFrom") if address not in {identifier, *page}),
            resources=self.resources(),
            notes=tuple(sorted(set(self.notes), key=dataclasses.astuple)),
        )

    def note(self, what: str, value: object = "") -> None:
        """Remember what was mended."""
        self.notes.append(Note(what, words.line(value)[:200]))

    # what a node says

    def text(self, node: Term, *names: str) -> str:
        """The literal of the first of these names that says something, in the language that is liked best."""
        for name in names:
            literals = [term for term in self.graph.all(node, name) if isinstance(term, Literal) and term.value.strip()]
            literals.sort(key=lambda term: next((place for place, code in enumerate(PREFERRED) if (term.language or "").split("-")[0] == code), len(PREFERRED)))
            if literals:
                return literals[0].value
        return ""

    def said(self, node: Term, *names: str) -> str:
        """The same as one line."""
        return words.line(self.text(node, *names))

    def label(self, term: Term) -> str:
        """How something is called: its words, or its label."""
        return words.text(term.value) if isinstance(term, Literal) else words.text(self.text(term, *LABELS))

    def labels(self, *names: str) -> tuple[str, ...]:
        """How all that is stated is called; of words in several languages those that are liked best."""
        terms = self.graph.all(self.root, *names)[:MOST_ITEMS]
        told = [term for term in terms if isinstance(term, Literal)]
        liked = next((code for code in PREFERRED if any((term.language or "").split("-")[0] == code for term in told)), None)
        kept = [term for term in terms if not isinstance(term, Literal) or not term.language or liked is None or term.language.split("-")[0] in {liked, ""}]
        return tuple(sorted({said for term in kept if (said := self.label(term))}))

    def words_of(self, term: Term) -> list[str]:
        """What may be understood of a value: its address or words, its label, what it is the same as."""
        same = map(term_text, self.graph.all(term, "skos:exactMatch", "owl:sameAs", "foaf:page", "dct:identifier"))
        return list(dict.fromkeys(filter(None, [term_text(term), words.line(self.label(term)), *same])))

    def web(self, *names: str) -> tuple[str, ...]:
        """Addresses of the web that are stated, as such or as words."""
        found = (address for term in self.graph.all(self.root, *names)[:MOST_ITEMS] for address in (term_text(term), self.page_of(term)))
        return tuple(sorted({address for address in found if addresses.leads_somewhere(address)}))

    def page_of(self, term: Term) -> str:
        return next(filter(None, map(term_text, self.graph.all(term, "foaf:page", "schema:url"))), "") if isinstance(term, BlankNode) else ""

    def known(self, what: str, understand: Callable[[object], str], *names: str) -> tuple[str, ...]:
        """What a vocabulary knows of the values of a property."""
        found = []
        for term in self.graph.all(self.root, *names)[:MOST_ITEMS]:
            said = self.words_of(term)
            if iri := next(filter(None, map(understand, said)), ""):
                found.append(iri)
            elif said:
                self.note(f"{what} not understood", said[0])
        return tuple(sorted(set(found)))

    def date(self, node: Term, name: str) -> str:
        stated = [words.line(term.value) for term in self.graph.all(node, name) if not isinstance(term, BlankNode)]
        dates = [words.date(word) for word in stated]
        for word in (word for word, date in zip(stated, dates, strict=True) if word and not date):
            self.note("date not understood", word)
        return max(dates, default="")

    # the fields

    def description(self) -> str:
        given = self.text(self.root, "dct:description", "dct:abstract", "rdfs:comment", "schema:description")
        if words.MARKUP.search(given):
            self.note("description in HTML")
        return words.text(given)

    def subjects(self) -> tuple[tuple[str, ...], list[str]]:
        """EU themes, of themes of the EU, of INSPIRE or of ISO 19115; and the words of others, which become keywords."""
        read: list[str] = []
        other: list[str] = []
        for term in self.graph.all(self.root, "dcat:theme", "dct:subject")[:MOST_ITEMS]:
            said = self.words_of(term)
            found = themes([word.rpartition("/")[2] for word in said if "topiccategory" in word.lower()], said, said)
            read += found
            if found and not themes((), (), said):
                self.note(repair.INSPIRE_THEME, said[0])
            if not found and not term_text(term).startswith(HIGH_VALUE):
                other += [self.label(term)]
        return themes((), (), read), sorted(word for word in other if 0 < len(word) <= keywords.LONGEST)

    def keywords(self, more: list[str]) -> tuple[str, ...]:
        found: dict[str, str] = {}
        for stated in (*self.labels("dcat:keyword", "schema:keywords"), *more):
            if word := keywords.tamed(stated):
                found.setdefault(word.casefold(), word)
            if word != stated:
                self.note("keyword made such that it is taken", stated)
        return tuple(found.values())[:MOST_ITEMS]

    def identifiers(self, own: str) -> tuple[str, ...]:
        stated = [word for term in self.graph.all(self.root, "dct:identifier") for word in [term_text(term)]]
        stated += [word for term in self.graph.all(self.root, "adms:identifier") for word in (term_text(term), self.said(term, "skos:notation"))]
        return tuple(sorted({word for word in stated if word and word != own}))

    def access(self) -> tuple[str, str]:
        """The access level, and the address of a stated limit. Of several statements, of the dataset or of all its files, the strictest counts."""
        stated = [word for name in ("dct:accessRights", "dct:rights") for term in self.graph.all(self.root, name) for word in self.words_of(term)]
        if self.distributions:
            each = [{word for name in ("dct:accessRights", "dct:rights") for term in self.graph.all(node, name) for word in self.words_of(term)} for node in self.distributions]
            stated += sorted(set.intersection(*each))
        stated.sort()
        closed = [word for word in stated if LIMITS in word and not word.lower().endswith("nolimitations")]
        rights = {word.rpartition("/")[2].upper().replace("-", "_"): word for word in stated}
        if "CONFIDENTIAL" in rights:
            raise RecordError("The dataset is confidential in its catalogue.", "withheld")
        limited = closed or [rights[code] for code in ("NON_PUBLIC", "RESTRICTED", "SENSITIVE", "NONPUBLIC") if code in rights]
        address = next((word for word in (*limited, *stated) if addresses.leads_somewhere(word) and ("access-right" in word or LIMITS in word)), "")
        return "restricted" if limited else "open", address

    def licence(self) -> tuple[str, str]:
        """The licence's code, and how it was stated: of the dataset or of its files."""
        nodes: list[Term] = [self.root, *self.distributions]
        # the dataset's before its files'
        every = [[word for node in part for term in self.graph.all(node, "dct:license", "schema:license") for word in self.words_of(term)] for part in (nodes[:1], nodes[1:])]
        stated = [word for part in every for word in sorted(set(part))]
        rights = sorted(word for node in nodes for term in self.graph.all(node, "dct:rights") for word in self.words_of(term))
        code = licence_of(stated)
        for word in (*stated, *rights):
            if code in {UNSTATED, OWN_CONDITIONS} and (found := licence_of([word])) not in {UNSTATED, OWN_CONDITIONS}:
                return found, word[:300]
        said = next((word for word in stated if licence_of([word]) == code), "")
        if code == OWN_CONDITIONS:
            said = next((word for word in stated if not word.startswith("http")), said)
            self.note("licence that is none of ours", said)
        return code, said[:300]

    def limits(self, licence: str) -> tuple[str, ...]:
        """Conditions in words."""
        nodes: list[Term] = [self.root, *self.distributions]
        found = sorted({self.label(term) for node in nodes for term in self.graph.all(node, "dct:rights")})
        return tuple(word for word in found if word and word != licence and not addresses.leads_somewhere(word) and licence_of([word]) == OWN_CONDITIONS)[:20]

    def agent(self, *names: str) -> Agent | None:
        """Who is named first, of those that say something."""
        agents = []
        for term in self.graph.all(self.root, *names):
            if isinstance(term, Literal):
                found = _agent(words.line(term.value))
            else:
                mail = next((said for said in self.values(term, "vcard:hasEmail", "vcard:email", "foaf:mbox", "schema:email") if "@" in said), "")
                page = next(iter(self.values(term, "vcard:hasURL", "vcard:url", "foaf:homepage", "foaf:page", "schema:url")), "")
                found = _agent(self.said(term, "foaf:name", "vcard:fn", "vcard:organization-name", *LABELS), mail, page)
            agents += [found] if found else []
        return min(agents, key=dataclasses.astuple, default=None)

    def values(self, term: Term, *names: str) -> list[str]:
        """Addresses and words by these names; vCard sometimes puts them one level deeper."""
        stated = self.graph.all(term, *names)
        return [said for value in stated for inner in (value, *self.graph.all(value, "vcard:value")) if (said := term_text(inner))]

    def attributed(self) -> Agent | None:
        """Of GeoDCAT-AP: one to whom the dataset is attributed."""
        for attribution in self.graph.all(self.root, "prov:qualifiedAttribution"):
            for term in self.graph.all(attribution, "prov:agent"):
                if name := self.label(term):
                    return _agent(words.line(name))
        return None

    def places(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Codes of communes, and names of other places."""
        communes, names = [], []
        for term in self.graph.all(self.root, "dct:spatial")[:MOST_ITEMS]:
            if not isinstance(term, Literal) and (found := COMMUNE.match(term_text(term))):
                communes.append(found[1])
            elif (name := words.line(self.label(term))) and not _is_shape(name):
                names.append(name[:300])
            elif term_text(term) and not isinstance(term, Literal) and not self.shapes(term):
                self.note("place without a name", term.value)
        return tuple(sorted(set(communes))), tuple(sorted(set(names)))

    def shapes(self, term: Term) -> list[str]:
        """Geometries of a place: one is enough, a rectangle before an outline."""
        if isinstance(term, Literal):
            return [term.value] if _is_shape(term.value) else []
        for name in ("dcat:bbox", "locn:geometry", "geo:asWKT", "geo:asGeoJSON", "geo:hasGeometry"):
            found: list[str] = []
            for value in self.graph.all(term, name):
                below = [] if isinstance(value, Literal) else self.graph.all(value, "geo:asWKT", "geo:asGeoJSON", "geo:asGML", "locn:geometry")
                found += [inner.value for inner in (value, *below) if isinstance(inner, Literal)]
            if found:
                # the same is often said in several ways: GeoJSON needs no system of coordinates
                return [next((text for text in found if text.strip().startswith("{")), found[0])]
        return []

    def box(self) -> Box | None:
        return geometry.box([shape for term in self.graph.all(self.root, "dct:spatial")[:MOST_ITEMS] for shape in self.shapes(term)], self.note)

    def periods(self) -> tuple[Period, ...]:
        found = []
        for term in self.graph.all(self.root, "dct:temporal")[:MOST_ITEMS]:
            ends = [self.end(term, names) for names in STARTS_AND_ENDS]
            period = Period(*ends) if any(ends) else _period(term_text(term) or words.line(self.label(term)))
            if period == Period():
                self.note("period not understood", term_text(term))
            else:
                found.append(period)
        return tuple(sorted(set(found), key=dataclasses.astuple))

    def end(self, term: Term, names: tuple[str, ...]) -> str:
        """The start or the end of a period: said of it, or of an instant."""
        for value in self.graph.all(term, *names):
            inner = self.graph.all(value, "time:inXSDDateTimeStamp", "time:inXSDDateTime", "time:inXSDDate", "time:inXSDgYearMonth", "time:inXSDgYear")
            for stated in inner or [value]:
                if date := words.date(words.line(term_text(stated))):
                    return date
        return ""

    def resources(self) -> tuple[Resource, ...]:
        found = [resource for node in self.distributions if (resource := self.resource(node))]
        found.sort(key=lambda resource: (_natural(resource.name), resource.url, str(resource)))
        return tuple({resource.url: resource for resource in reversed(found)}.values())[::-1]

    def resource(self, node: Term) -> Resource | None:
        """A file by where it is had, else where it is told of, else the service that gives it."""
        services = self.graph.all(node, "dcat:accessService")
        stated = [*self.graph.all(node, "dcat:downloadURL"), *self.graph.all(node, "dcat:accessURL")]
        stated += [value for term in services for value in self.graph.all(term, "dcat:endpointURL")]
        address = next((text for term in stated if addresses.leads_somewhere(text := term_text(term), addresses.REMOTE)), "")
        name = self.said(node, "dct:title", "rdfs:label")[:300]
        if not address:
            self.note("resource without an address of the web", name or term_text(node))
            return None
        kind = self.format(node, address, services)
        size = next((value for term in self.graph.all(node, "dcat:byteSize") if (value := words.size(re.sub(r"\.0+$", "", term_text(term)))) is not None), None)
        description = words.text(self.text(node, "dct:description"))
        return Resource(address, name, description, kind.name, kind.media, size, self.date(node, "dct:issued"), self.date(node, "dct:modified"))

    def format(self, node: Term, address: str, services: list[Term]) -> Format:
        """By the format, the media type, the kind of service that it conforms to, or the address."""
        stated = [word for name in ("dct:format", "dcat:mediaType") for term in self.graph.all(node, name) for word in self.words_of(term)]
        for word in stated:
            if (kind := format_of(word.replace("https://www.iana", "http://www.iana"), "", "")).media:
                return kind
        standards = [word for term in (node, *services) for standard in self.graph.all(term, "dct:conformsTo") for word in self.words_of(standard)]
        protocol = next((found[1] for word in standards if (found := re.search(r"opengis\.net/def/(?:serviceType|interface)/ogc/(\w+)", word, re.IGNORECASE))), "")
        first = next((word for word in stated if not addresses.leads_somewhere(word)), "")
        return format_of(f"OGC:{protocol.upper()}" if protocol else first, "", address)


STARTS_AND_ENDS: tuple[tuple[str, ...], tuple[str, ...]] = (("dcat:startDate", "schema:startDate", "time:hasBeginning"), ("dcat:endDate", "schema:endDate", "time:hasEnd"))
CLOUD = {"semiannual": "ANNUAL_2", "threetimesayear": "ANNUAL_3", "semimonthly": "MONTHLY_2", "semiweekly": "WEEKLY_2", "threetimesaweek": "WEEKLY_3"}
"""Codes of purl.org/cld/freq that the EU's vocabulary calls otherwise."""


def term_text(term: Term) -> str:
    """An address, or words on one line; nothing of a blank node, whose name says nothing."""
    return "" if isinstance(term, BlankNode) or GENERATED in term.value else words.line(term.value)


def _frequency(said: object) -> str:
    last = words.line(said).rpartition("/")[2].rpartition("#")[2]
    return words.frequency(said) or words.frequency(last) or words.frequency(CLOUD.get(last.lower(), ""))


def _agent(name: str, mail: str = "", page: str = "") -> Agent | None:
    """Nothing where nothing is known; an address is no name."""
    mailbox = re.sub(r"^mailto:", "", mail, flags=re.IGNORECASE)
    known = Agent("" if addresses.leads_somewhere(name) else name[:300], mailbox if "@" in mailbox else "", page if addresses.leads_somewhere(page) else "")
    return known if known != Agent() else None


def _is_shape(text: str) -> bool:
    """Whether words are a geometry."""
    return bool(SHAPE.match(text))


def _period(stated: str) -> Period:
    """`2019-01-01/2020-12-31`, `start=2019; end=2020`, a year, or the address of a year."""
    if found := re.search(r"start=([^;]*)", stated):
        end = re.search(r"end=([^;]*)", stated)
        return Period(words.date(found[1]), words.date(end[1]) if end else "")
    if not addresses.leads_somewhere(stated) and stated.count("/") == 1:
        start, _, end_said = stated.partition("/")
        return Period(words.date(start), words.date(end_said))
    year = re.search(r"(?:/|^)(\d{4})$", stated)
    return Period(year[1], year[1]) if year else Period()


def _natural(name: str) -> tuple[str, ...]:
    """For an order in which 2 comes before 10."""
    return tuple(part.zfill(12) if part.isdigit() else part.casefold() for part in re.split(r"(\d+)", name))
