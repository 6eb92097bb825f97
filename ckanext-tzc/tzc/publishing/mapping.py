"""One dataset as triples: DCAT-AP 3, its annex for high-value datasets, GeoDCAT-AP's places, ODRL's policies, and the territory's own terms.

What each field becomes: docs/publishing.md. Facts on the consumers stand there too.
"""
from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from geomet import InvalidGeoJSONException, wkt  # type: ignore[import-untyped]  # -- it has none
from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from tzc.rights.things import NEVER, embargo_of, is_for_all

from .terms import GEOJSON, MEDIA, NAMES, TYPE, Node, Term, clean, duration, entries, iri, length, mailbox, moment, number, parsed_moment, text, values

VERSION = 6
"""Of this mapping: one more whenever the same dataset gives other triples, so that all stored fragments are made anew."""

HVD_REGULATION = NamedNode("http://data.europa.eu/eli/reg_impl/2023/138/oj")
"""Commission Implementing Regulation (EU) 2023/138, which lists the high-value datasets."""
COMMUNE = "http://id.insee.fr/geo/commune/"
"""IRIs of the national statistics institute for communes, by INSEE code."""
LIMITATION = "http://inspire.ec.europa.eu/metadata-codelist/LimitationsOnPublicAccess/INSPIRE_Directive_Article13_1"
"""IRIs of INSPIRE's reasons for limiting access, by the letter of article 13(1) of Directive 2007/2/EC."""
OPEN, RESTRICTED = "open", "restricted"
FARTHEST_YEAR = 9999
SERVICE = {"fr": "Interface de programmation (API)\u00a0: {name}", "en": "Programming interface (API): {name}", "": "API – {name}"}
"""What the interface of a loaded table is called, by language."""
DATASTORE = NamedNode("https://docs.ckan.org/en/latest/maintaining/datastore.html")
"""What says how that interface is to be asked."""
OF_SERVICE = ("dct:publisher", "dcat:contactPoint", "dct:accessRights", "dcat:theme", "dcat:keyword", "dcatap:hvdCategory")
"""What is said of it as of its dataset."""
ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""A dataset's id."""

@dataclasses.dataclass(frozen=True)
class Licence:
    """A licence: its address, the EU's for the same or (`wider`) for one that is no narrower, and what ODRL says of it.

    `name`: by which data.gouv.fr knows it, where it does not know its address.
    """

    uri: str
    eu: str = ""
    wider: str = ""
    name: str = ""
    permissions: tuple[str, ...] = ()
    duties: tuple[str, ...] = ()
    prohibitions: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Format:
    """A format: its IRI and its media type's name, which may be empty."""

    uri: str
    media: str = ""


Box = tuple[float, float, float, float]


@dataclasses.dataclass(frozen=True)
class World:
    """What the mapping knows besides the dataset; `base` is the portal's address without a slash at its end.

    `personal`: IRIs of categories of personal data by code. `levels`: the EU's access right by access level. `kinds`: letters of INSPIRE's
    reasons by kind of partner, of `persons` when persons are concerned. `formats` by each name of a format in small letters.
    `boxes` of communes: west, south, east, north in degrees. `whole`: name and box of the territory. `labels` of vocabularies' terms by their IRI, by language. `language`:
    in which partners write; `languages`: in which the portal speaks.
    """

    base: str
    language: str
    communes: Mapping[str, str]
    licences: Mapping[str, Licence]
    levels: Mapping[str, str]
    formats: Mapping[str, Format]
    axes: frozenset[str]
    personal: Mapping[str, str]
    kinds: Mapping[str, str]
    persons: frozenset[str] = frozenset()
    boxes: Mapping[str, Box] = dataclasses.field(default_factory=dict)
    whole: tuple[str, Box] | None = None
    labels: Mapping[str, Mapping[str, str]] = dataclasses.field(default_factory=dict)
    languages: tuple[str, ...] = ()

    @cached_property
    def licences_by_uri(self) -> Mapping[str, Licence]:
        """Licences by their own address and the EU's, both without protocol and slash at the end."""
        return {_bare(uri): licence for licence in self.licences.values() for uri in (licence.uri, licence.eu) if uri}

    def term(self, name: str) -> NamedNode:
        """A term of the territory's vocabulary."""
        return NamedNode(f"{self.base}/vocabulary#{name}")


def _bare(uri: str) -> str:
    return uri.partition("://")[2].rstrip("/")


@dataclasses.dataclass(frozen=True)
class Description:
    """A dataset's triples in a fixed order, its IRI, and when time alone will change them."""

    subject: NamedNode
    triples: tuple[Triple, ...]
    changes: datetime | None = None


Make = Callable[[Any], Term | None]

CONCEPT = "skos:Concept"

# field, property, how its value is made, and the class of what it leads to
Row = tuple[str, str, Make, str]
DATASET: tuple[Row, ...] = (
    ("version", "dcat:version", text, ""),
    ("version_notes", "adms:versionNotes", text, ""),
    ("frequency", "dct:accrualPeriodicity", iri, "dct:Frequency"),
    ("dcat_type", "dct:type", iri, CONCEPT),
    ("temporal_resolution", "dcat:temporalResolution", duration, ""),
    ("language", "dct:language", iri, "dct:LinguisticSystem"),
    ("theme", "dcat:theme", iri, CONCEPT),
    ("conforms_to", "dct:conformsTo", iri, "dct:Standard"),
    ("documentation", "foaf:page", iri, "foaf:Document"),
    ("has_version", "dcat:hasVersion", iri, ""),
    ("is_referenced_by", "dct:isReferencedBy", iri, ""),
    ("applicable_legislation", "dcatap:applicableLegislation", iri, "eli:LegalResource"),
    ("spatial_resolution_in_meters", "dcat:spatialResolutionInMeters", length, ""),
)  # fmt: skip
DISTRIBUTION: tuple[Row, ...] = (
    ("status", "adms:status", iri, CONCEPT),
    ("availability", "dcatap:availability", iri, CONCEPT),
    ("compress_format", "dcat:compressFormat", iri, "dct:MediaType"),
    ("package_format", "dcat:packageFormat", iri, "dct:MediaType"),
    ("temporal_resolution", "dcat:temporalResolution", duration, ""),
    ("language", "dct:language", iri, "dct:LinguisticSystem"),
    ("documentation", "foaf:page", iri, "foaf:Document"),
    ("conforms_to", "dct:conformsTo", iri, "dct:Standard"),
    ("applicable_legislation", "dcatap:applicableLegislation", iri, "eli:LegalResource"),
    ("spatial_resolution_in_meters", "dcat:spatialResolutionInMeters", length, ""),
    ("size", "dcat:byteSize", number, ""),
)  # fmt: skip
ONE_ONLY = {"version", "frequency", "temporal_resolution", "status", "availability", "compress_format", "package_format", "size", "spatial_resolution_in_meters"}
"""Where DCAT-AP allows one value, the first counts."""


def describe(dataset: Mapping[str, Any], world: World, now: datetime) -> Description:
    """The triples of a published dataset.

    `dataset`: as `package_show` gives it, or as stored (lists as JSON); with `organization` (its own fields beside), for a harvested one `harvest_source_url`, and once it has a
    score `quality` (points by metric, see `vocabulary.metrics`). Never fails: what cannot be written is mended or left out.
    """
    return _Writer(dataset, world, now).written()


def subject_of(dataset: Mapping[str, Any], base: str) -> NamedNode:
    """The IRI of a dataset: the one stated, unless it is broken or an address of this portal, where each dataset has its own."""
    return _of_elsewhere(dataset.get("uri"), base) or NamedNode(f"{base}/dataset/{dataset['id']}")


def file_subject(resource: Mapping[str, Any], dataset_id: str, base: str) -> NamedNode:
    """The IRI of a file, by the same rule."""
    return _of_elsewhere(resource.get("uri"), base) or file_page(resource["id"], dataset_id, base)


def file_page(resource_id: str, dataset_id: str, base: str) -> NamedNode:
    """The address of a file's page here, which no new name changes."""
    return NamedNode(f"{base}/dataset/{dataset_id}/resource/{resource_id}")


OTHERS = (
    "publications.europa.eu/resource/", "data.europa.eu/bna/", "data.europa.eu/eli/", "eurovoc.europa.eu/", "id.insee.fr/", "inspire.ec.europa.eu/", "spdx.org/", "schema.org/",
    "www.iana.org/", "www.w3.org/", "w3id.org/", "purl.org/", "xmlns.com/", "creativecommons.org/", "opendatacommons.org/", "www.etalab.gouv.fr/licence",
)  # fmt: skip
"""Where terms, licences and formats have their addresses: a dataset that takes one would be read as what others mean by it."""


def _of_elsewhere(stated: Any, base: str) -> NamedNode | None:
    address = iri(stated)
    if address is None or "://" not in address.value:
        return None
    place = _place(address.value)
    return None if place.startswith((_place(base), *OTHERS)) else address


def _place(address: str) -> str:
    """Host and path, as RFC 3986 (6.2.2, 6.2.3) makes equal addresses alike: small letters, no user, no usual port."""
    parts = urlsplit(address)
    host = (parts.hostname or "").rstrip(".")
    port = "" if parts.port in {None, 80, 443} else f":{parts.port}"
    return f"{host}{port}{parts.path or '/'}"


class _Writer:
    """Writes one dataset's triples, grouped by subject in the order of their first mention."""

    def __init__(self, dataset: Mapping[str, Any], world: World, now: datetime) -> None:
        self.dataset, self.world, self.now = dataset, world, now
        self.subject = subject_of(dataset, world.base)
        self.statements: dict[Node, dict[Triple, None]] = {}
        self.blanks = 0
        self.mark = "b" + str(dataset["id"]).replace("-", "")
        self.harvested = bool(dataset.get("harvest_source_id"))
        self.language = "" if self.harvested else world.language
        self.changes: datetime | None = None

    def written(self) -> Description:
        self.type(self.subject, "dcat:Dataset")
        self.names()
        self.rows(self.subject, self.dataset, DATASET)
        self.dates(self.subject, self.dataset, "metadata_created", "metadata_modified")
        self.people()
        self.time_and_place()
        self.high_value()
        self.access()
        self.territory()
        for resource in self.dataset.get("resources") or []:
            self.distribution(resource)
        self.measurements()
        return Description(self.subject, tuple(triple for statements in self.statements.values() for triple in statements), self.changes)

    # statements

    def add(self, subject: Node, name: str, value: Term | None, kind: str = "") -> None:
        """One statement, unless there is nothing to state; `kind` is the class of what it leads to."""
        if value is None:
            return
        self.statements.setdefault(subject, {})[Triple(subject, NAMES[name], value)] = None
        if kind and not isinstance(value, Literal):
            self.type(value, kind)
        if kind == CONCEPT and isinstance(value, NamedNode):
            self.label(value)

    def label(self, concept: NamedNode) -> None:
        """DCAT-AP wants a name of each term of a vocabulary; one that we do not know is called by the end of its address."""
        names = self.world.labels.get(concept.value) or {"": concept.value.rstrip("/#").replace("#", "/").rpartition("/")[2]}
        for language, name in names.items():
            self.add(concept, "skos:prefLabel", text(name, language) or text(concept.value))

    def type(self, subject: Node, kind: str) -> None:
        self.statements.setdefault(subject, {})[Triple(subject, TYPE, NAMES[kind])] = None

    def blank(self) -> BlankNode:
        self.blanks += 1
        return BlankNode(f"{self.mark}n{self.blanks}")

    def words(self, value: Any) -> Literal | None:
        return text(value, self.language)

    def rows(self, subject: Node, fields: Mapping[str, Any], table: tuple[Row, ...]) -> None:
        for field, name, make, kind in table:
            stated = fields.get(field)
            if not stated:
                continue
            made = [value for item in values(stated) if (value := make(item)) is not None]
            for value in made[:1] if field in ONE_ONLY else made:
                self.add(subject, name, value, kind)

    def statement(self, subject: Node, name: str, stated: Any, kind: str) -> None:
        """Something that DCAT-AP wants as a thing with a label, or by its address."""
        address, words = iri(stated), self.words(stated)
        if address is not None and " " not in clean(stated):
            self.add(subject, name, address, kind)
        elif words is not None:
            node = self.blank()
            self.add(subject, name, node, kind)
            self.add(node, "rdfs:label", words)

    # the dataset

    def names(self) -> None:
        dataset, me = self.dataset, self.subject
        self.add(me, "dct:title", self.words(dataset.get("title")) or self.words(dataset.get("name")))
        # DCAT-AP asks for a description; a source that gave none gets its title said again
        self.add(me, "dct:description", self.words(dataset.get("notes")) or self.words(dataset.get("title")))
        self.add(me, "dct:identifier", text(dataset.get("identifier")) or text(dataset.get("guid")) or text(dataset["id"]))
        for notation in dict.fromkeys(text(other) for other in values(dataset.get("alternate_identifier"))):
            if notation is not None:
                node = self.blank()
                self.add(me, "adms:identifier", node, "adms:Identifier")
                self.add(node, "skos:notation", notation)
        for tag in dataset.get("tags") or []:
            self.add(me, "dcat:keyword", self.words(tag.get("name") if isinstance(tag, Mapping) else tag))
        page = NamedNode(f"{self.world.base}/dataset/{dataset['name']}")
        self.add(me, "dcat:landingPage", iri(dataset.get("url")) or page, "foaf:Document")
        self.statement(me, "dct:provenance", dataset.get("provenance"), "dct:ProvenanceStatement")
        if self.harvested:
            # a source must be a dataset, and no dataset stands in the feed but those told in full; anything else is what it was derived from
            stated = iri(dataset.get("uri"))
            if stated == me:
                self.add(me, "dct:source", stated)
            else:
                self.add(me, "prov:wasDerivedFrom", stated or iri(dataset.get("url")) or iri(dataset.get("harvest_source_url")))
        for source in values(dataset.get("merged_from")):
            self.add(me, "prov:wasDerivedFrom", iri(source))
        for source in values(dataset.get("was_derived_from")):
            # one of this portal's is known by its id
            here = isinstance(source, str) and bool(ID.fullmatch(source))
            self.add(me, "prov:wasDerivedFrom", NamedNode(f"{self.world.base}/dataset/{source}") if here else iri(source))

    def dates(self, subject: Node, fields: Mapping[str, Any], created: str, modified: str) -> None:
        """A stated day counts; else the moment of ours. What is said to be in the future is not said to be so yet: national portals refuse it."""
        for name, field, otherwise in (("dct:issued", "issued", created), ("dct:modified", "modified", modified)):
            stated = moment(fields.get(field))
            future = stated is not None and self.in_future(clean(fields.get(field)))
            self.add(subject, name, (None if future else stated) or _utc(fields.get(otherwise)))

    def in_future(self, words: str) -> bool:
        full = {4: f"{words}-01-01", 7: f"{words}-01"}.get(len(words), words)
        parsed = parsed_moment(full)
        if parsed is None:
            return False
        when = parsed if isinstance(parsed, datetime) else datetime(parsed.year, parsed.month, parsed.day, tzinfo=timezone.utc)
        when = when.replace(tzinfo=timezone.utc) if when.tzinfo is None else when
        if when <= self.now:
            return False
        self.until(when)
        return True

    def until(self, when: datetime) -> None:
        """What is said now holds until then. Nobody waits for the end of the calendar, which other zones and the database put in another year."""
        if when.year < FARTHEST_YEAR:
            self.changes = min(when, self.changes or when)

    def people(self) -> None:
        publishers = [agent for agent in entries(self.dataset.get("publisher")) if clean(agent.get("name"))]
        organisation = self.dataset.get("organization")
        if publishers:
            self.agent("dct:publisher", publishers[0])
        elif organisation:
            self.organisation(organisation)
        for agent in entries(self.dataset.get("creator")):
            if clean(agent.get("name")):
                self.agent("dct:creator", agent)
        for contact in entries(self.dataset.get("contact")):
            node = _of_elsewhere(contact.get("uri"), self.world.base) or self.blank()
            self.add(self.subject, "dcat:contactPoint", node, "vcard:Kind")
            self.add(node, "vcard:fn", text(contact.get("name")))
            self.add(node, "vcard:hasEmail", mailbox(contact.get("email")))
            self.add(node, "vcard:hasURL", iri(contact.get("url")))
            self.add(node, "vcard:hasUID", iri(contact.get("identifier")) or text(contact.get("identifier")))

    def agent(self, name: str, agent: Mapping[str, Any]) -> None:
        # one of this portal's partners speaks for itself
        node = _of_elsewhere(agent.get("uri"), self.world.base) or self.blank()
        self.add(self.subject, name, node, "foaf:Agent")
        self.add(node, "foaf:name", text(agent.get("name")))
        self.add(node, "foaf:homepage", iri(agent.get("url")), "foaf:Document")
        self.add(node, "dct:type", iri(agent.get("type")), CONCEPT)
        self.add(node, "foaf:mbox", mailbox(agent.get("email")))
        self.add(node, "dct:identifier", text(agent.get("identifier")))

    def organisation(self, organisation: Mapping[str, Any]) -> None:
        node = iri(organisation.get("uri")) or NamedNode(f"{self.world.base}/organization/{organisation['id']}")
        self.add(self.subject, "dct:publisher", node, "foaf:Agent")
        self.add(node, "foaf:name", text(organisation.get("title")) or text(organisation.get("name")))
        self.add(node, "foaf:homepage", iri(organisation.get("url")), "foaf:Document")
        self.add(node, "dct:type", iri(organisation.get("dcat_type")), CONCEPT)
        self.add(node, "foaf:mbox", mailbox(organisation.get("email")))
        self.add(node, "dct:identifier", text(organisation.get("identifier")) or text(organisation.get("siren")))

    def time_and_place(self) -> None:
        for period in entries(self.dataset.get("temporal_coverage")):
            start, end = moment(period.get("start")), moment(period.get("end"))
            if start is not None or end is not None:
                node = self.blank()
                self.add(self.subject, "dct:temporal", node, "dct:PeriodOfTime")
                self.add(node, "dcat:startDate", start)
                self.add(node, "dcat:endDate", end)
        self.places()

    def places(self) -> None:
        """Communes and places stated; an own dataset that states none is about the whole territory, as its form says."""
        communes = [code for code in values(self.dataset.get("communes")) if isinstance(code, str) and code in self.world.communes]
        stated = list(entries(self.dataset.get("spatial_coverage")))
        for code in communes:
            box = self.world.boxes.get(code)
            self.place(NamedNode(COMMUNE + code), {"text": self.world.communes[code], "bbox": rectangle(*box) if box else None})
        for place in stated:
            self.place(iri(place.get("uri")) or self.blank(), place)
        if self.world.whole and not (communes or stated or self.harvested):
            name, box = self.world.whole
            self.place(self.blank(), {"text": name, "bbox": rectangle(*box)})

    def place(self, where: Node, stated: Mapping[str, Any]) -> None:
        self.add(self.subject, "dct:spatial", where, "dct:Location")
        self.add(where, "skos:prefLabel", text(stated.get("text")))
        self.outline(where, stated)

    def outline(self, where: Node, stated: Mapping[str, Any]) -> None:
        """Rectangle and centre as well-known text; a surface also as GeoJSON, which is all that data.gouv.fr reads."""
        self.add(where, "dcat:bbox", shape(stated.get("bbox")))
        self.add(where, "dcat:centroid", shape(stated.get("centroid")))
        self.add(where, "locn:geometry", surface(stated.get("geom")) or shape(stated.get("geom")) or surface(stated.get("bbox")))

    def high_value(self) -> None:
        categories = [category for item in values(self.dataset.get("hvd_category")) if (category := iri(item)) is not None]
        for category in categories:
            self.add(self.subject, "dcatap:hvdCategory", category, CONCEPT)
            # data.gouv.fr looks for it among the themes
            self.add(self.subject, "dcat:theme", category)
        self.laws = bool(categories)
        if self.laws:
            self.add(self.subject, "dcatap:applicableLegislation", HVD_REGULATION, "eli:LegalResource")

    def access(self) -> None:
        level = clean(self.dataset.get("access_level")) or OPEN
        embargo = embargo_of(self.dataset)
        if embargo and self.now < embargo:
            self.add(self.subject, "dct:available", moment(embargo.isoformat()) if embargo != NEVER else None)
            self.until(embargo)
            level = RESTRICTED if level == OPEN else level
        right = iri(self.world.levels.get(level)) or iri(self.dataset.get("access_rights"))
        self.add(self.subject, "dct:accessRights", right, "dct:RightsStatement")
        self.add(self.subject, "dct:rights", self.limitation(), "dct:RightsStatement")
        self.licence = self.world.licences.get(clean(self.dataset.get("license_id")))

    def limitation(self, resource: Mapping[str, Any] | None = None) -> NamedNode | None:
        """Why not everybody may have the data, in INSPIRE's words; None where everybody may."""
        return None if is_for_all(self.dataset, resource, self.now) else NamedNode(LIMITATION + self.reason())

    def reason(self) -> str:
        if clean(self.dataset.get("personal_data")) in self.world.persons:
            return "f"
        return self.world.kinds.get(clean((self.dataset.get("organization") or {}).get("kind")), "a")

    def territory(self) -> None:
        dataset, term, me = self.dataset, self.world.term, self.subject
        own = self.statements[me]
        for axis in values(dataset.get("axis")):
            if isinstance(axis, str) and axis in self.world.axes:
                own[Triple(me, term("axis"), NamedNode(f"{self.world.base}/group/{axis}"))] = None
        if (level := clean(dataset.get("access_level"))) in self.world.levels:
            own[Triple(me, term("accessLevel"), term(level))] = None
        personal = iri(self.world.personal.get(clean(dataset.get("personal_data"))))
        days, promise, system = number(dataset.get("late_after_days")), self.words(dataset.get("update_promise")), text(dataset.get("source_system"))
        for name, value in (("personalData", personal), ("lateAfterDays", days), ("updatePromise", promise), ("sourceSystem", system)):
            if value is not None:
                own[Triple(me, term(name), value)] = None

    def measurements(self) -> None:
        """The stored score of the description, by DQV: the whole and each dimension."""
        for metric, points in (self.dataset.get("quality") or {}).items():
            node = NamedNode(f"{self.world.base}/dataset/{self.dataset['id']}#{metric}")
            self.add(self.subject, "dqv:hasQualityMeasurement", node, "dqv:QualityMeasurement")
            self.statements[node][Triple(node, NAMES["dqv:isMeasurementOf"], self.world.term(metric))] = None
            self.add(node, "dqv:value", Literal(points))

    # its files

    def distribution(self, resource: Mapping[str, Any]) -> None:
        own = NamedNode(f"{self.world.base}/dataset/{self.dataset['id']}/resource/{resource['id']}")
        node = file_subject(resource, self.dataset["id"], self.world.base)
        self.add(self.subject, "dcat:distribution", node, "dcat:Distribution")
        self.add(node, "dct:title", self.words(resource.get("name")))
        self.add(node, "dct:description", self.words(resource.get("description")))
        limitation = self.limitation(resource)
        self.addresses(node, resource, own, limitation is None)
        self.formats(node, resource)
        self.rows(node, resource, DISTRIBUTION)
        self.dates(node, resource, "created", "metadata_modified")
        licence = self.terms_of_use(node, resource, own)
        self.access_of_file(node, resource, limitation)
        if self.laws:
            self.add(node, "dcatap:applicableLegislation", HVD_REGULATION, "eli:LegalResource")
        if limitation is None and resource.get("datastore_active"):
            self.service(node, resource, licence)

    def access_of_file(self, node: NamedNode, resource: Mapping[str, Any], limitation: NamedNode | None) -> None:
        """Who may have it, where it has a level of its own, and what limits that."""
        level = clean(resource.get("access_level"))
        if level in self.world.levels:
            self.add(node, "dct:accessRights", iri(self.world.levels[level]), "dct:RightsStatement")
            self.statements[node][Triple(node, self.world.term("accessLevel"), self.world.term(level))] = None
        self.add(node, "dct:rights", limitation, "dct:RightsStatement")
        if limitation is None:
            self.statement(node, "dct:rights", resource.get("rights"), "dct:RightsStatement")

    def addresses(self, node: Node, resource: Mapping[str, Any], own: NamedNode, for_all: bool) -> None:
        """Where the bytes are, for those who may have them; else the page that says how to ask for them."""
        if not for_all:
            # by ids, one a file: whoever harvests knows a file by its address, and names change
            self.add(node, "dcat:accessURL", file_page(resource["id"], self.dataset["id"], self.world.base))
            return
        url, download, access = iri(resource.get("url")), iri(resource.get("download_url")), iri(resource.get("access_url"))
        if resource.get("url_type") == "upload":
            download = download or url
        self.add(node, "dcat:accessURL", access or (url if url != download or resource.get("url_type") == "upload" else None) or url or download or own)
        self.add(node, "dcat:downloadURL", download)

    def formats(self, node: Node, resource: Mapping[str, Any]) -> None:
        """By the vocabularies, as DCAT-AP wants them; a format that none of them knows is left out."""
        names = [_short(resource.get("format")), _short(resource.get("mimetype"))]
        known = next((self.world.formats[name] for name in names if name in self.world.formats), None)
        if known:
            self.add(node, "dct:format", NamedNode(known.uri), "dct:MediaTypeOrExtent")
        media = known.media if known else names[1] if "/" in names[1] else ""
        if media:
            self.add(node, "dcat:mediaType", iri(MEDIA + media), "dct:MediaType")

    def terms_of_use(self, node: Node, resource: Mapping[str, Any], own: NamedNode) -> NamedNode | None:
        """Its licence: one that is known, with what it allows, or the address of another. Returns its address."""
        licence = self.world.licences_by_uri.get(_bare(clean(resource.get("license")))) or self.licence
        if licence and licence.uri:
            address = NamedNode(licence.uri)
            self.add(node, "dct:license", address, "dct:LicenseDocument")
            self.add(address, "skos:exactMatch", iri(licence.eu))
            self.add(address, "skos:broadMatch", iri(licence.wider))
            self.add(address, "rdfs:label", text(licence.name))
            self.policy(node, licence, NamedNode(f"{own.value}#policy"))
            return address
        other = iri(resource.get("license"))
        self.add(node, "dct:license", other, "dct:LicenseDocument")
        return other

    def policy(self, node: Node, licence: Licence, policy: NamedNode) -> None:
        """What the licence allows, as ODRL says it, for programs that decide by it."""
        if not licence.permissions:
            return
        permission = self.blank()
        self.add(node, "odrl:hasPolicy", policy, "odrl:Policy")
        self.type(policy, "odrl:Offer")
        self.add(policy, "odrl:permission", permission, "odrl:Permission")
        self.add(permission, "odrl:target", node)
        for action in licence.permissions:
            self.add(permission, "odrl:action", NAMES[action])
        for duty in licence.duties:
            task = self.blank()
            self.add(permission, "odrl:duty", task, "odrl:Duty")
            self.add(task, "odrl:action", NAMES[duty])
        for action in licence.prohibitions:
            forbidden = self.blank()
            self.add(policy, "odrl:prohibition", forbidden, "odrl:Prohibition")
            self.add(forbidden, "odrl:target", node)
            self.add(forbidden, "odrl:action", NAMES[action])
        self.add(policy, "dct:source", NamedNode(licence.uri))

    def service(self, node: NamedNode, resource: Mapping[str, Any], licence: NamedNode | None) -> None:
        """The interface that a loaded table has: what is known of the dataset and the file is true of it as well."""
        service = NamedNode(f"{self.world.base}/dataset/{self.dataset['id']}/resource/{resource['id']}#api")
        self.add(node, "dcat:accessService", service, "dcat:DataService")
        table = clean(resource.get("name")) or clean(self.dataset.get("title"))
        languages = [self.language, *(language for language in self.world.languages if language != self.language)] if self.language else [""]
        for language in languages:
            self.add(service, "dct:title", text(SERVICE.get(language, SERVICE[""]).format(name=table), language))
        self.add(service, "dcat:endpointURL", NamedNode(f"{self.world.base}/api/3/action/datastore_search?resource_id={resource['id']}"))
        self.add(service, "dcat:endpointDescription", NamedNode(f"{self.world.base}/aide/api"))
        self.add(service, "dct:conformsTo", DATASTORE, "dct:Standard")
        self.add(service, "dcat:servesDataset", self.subject)
        for name, said in self.of_services:
            self.add(service, name, said)
        self.add(service, "dct:license", licence)
        if self.laws:
            self.add(service, "dcatap:applicableLegislation", HVD_REGULATION)
            # the annex for high-value datasets wants it by this name
            self.add(service, "foaf:page", NamedNode(f"{self.world.base}/aide/api"), "foaf:Document")

    @cached_property
    def of_services(self) -> list[tuple[str, Term]]:
        """What each of them says as the dataset does."""
        names = {NAMES[name]: name for name in OF_SERVICE}
        return [(names[triple.predicate], triple.object) for triple in self.statements[self.subject] if triple.predicate in names and not isinstance(triple.object, Triple)]


def _utc(value: Any) -> Literal | None:
    """A moment of CKAN, which writes UTC without saying so."""
    words = value.isoformat() if isinstance(value, datetime) else clean(value)
    parsed = parsed_moment(words)
    return moment(words if not isinstance(parsed, datetime) or parsed.tzinfo else f"{words}Z")


def _short(stated: Any) -> str:
    return clean(stated).removeprefix(MEDIA).rpartition("/file-type/")[2].strip().lower()


def rectangle(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    """A bounding box as a polygon."""
    return {"type": "Polygon", "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]]}


def shape(stated: Any) -> Literal | None:
    """A geometry as well-known text, of GeoJSON or of well-known text; what is neither is None."""
    geometry = _geometry(stated)
    return Literal(wkt.dumps(geometry, decimals=5), datatype=NAMES["gsp:wktLiteral"]) if geometry else None


def surface(stated: Any) -> Literal | None:
    """A polygon or several as GeoJSON; anything else is None."""
    geometry = _geometry(stated)
    if not geometry or geometry["type"] not in {"Polygon", "MultiPolygon"}:
        return None
    return Literal(json.dumps({"type": geometry["type"], "coordinates": geometry["coordinates"]}, separators=(",", ":")), datatype=GEOJSON)


NOT_READ = (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, StopIteration, RuntimeError, NotImplementedError, InvalidGeoJSONException)
"""What geomet raises on what is no geometry."""


def _geometry(stated: Any) -> dict[str, Any] | None:
    """GeoJSON, of GeoJSON or of well-known text, that can be written both ways."""
    if not stated:
        return None
    try:
        geometry = stated if isinstance(stated, dict) else json.loads(stated)
        wkt.dumps(geometry, decimals=5)
    except NOT_READ:
        geometry = None
    if geometry is None:
        try:
            geometry = wkt.loads(stated)
            wkt.dumps(geometry, decimals=5)
            json.dumps(geometry, allow_nan=False)
        except NOT_READ:
            return None
    return geometry if isinstance(geometry, dict) and _finite(geometry.get("coordinates", [])) and _filled(geometry.get("coordinates", 0)) else None


def _filled(coordinates: Any) -> bool:
    """Whether no part of it is empty: a polygon without corners is no place."""
    return all(map(_filled, coordinates)) and bool(coordinates) if isinstance(coordinates, list | tuple) else True


def _finite(coordinates: Any) -> bool:
    try:
        json.dumps(coordinates, allow_nan=False)
    except NOT_READ:
        return False
    return True
