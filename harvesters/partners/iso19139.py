"""ISO 19139 (gmd:MD_Metadata), as geographic catalogues give it, read as a record.

owslib reads most of it; what it leaves out (limits outside of the legal ones, anchors, frequency) is looked up beside it.
"""
from __future__ import annotations

import re
from typing import Any

from lxml import etree
from owslib import iso
from tzc.catalogue import addresses, keywords
from tzc.harvesting import repair

from .. import words
from ..formats import Format, format_of
from ..licences import OWN_CONDITIONS, UNSTATED, licence_of
from ..places import rectangle
from ..record import Agent, Box, Note, Period, Record, RecordError, Resource
from ..themes import themes

NAMES = {
    "gmd": "http://www.isotc211.org/2005/gmd",
    "gco": "http://www.isotc211.org/2005/gco",
    "gmx": "http://www.isotc211.org/2005/gmx",
    "xlink": "http://www.w3.org/1999/xlink",
}
ROOTS = frozenset({f"{{{NAMES['gmd']}}}MD_Metadata", "{http://www.isotc211.org/2005/gmi}MI_Metadata"})
HOLDERS = (f"{{{NAMES['gco']}}}CharacterString", f"{{{NAMES['gmx']}}}Anchor")
OTHER_KINDS = frozenset({"service", "software", "model", "fieldsession", "collectionsession", "tile"})
"""What a record may describe that is no dataset (`gmd:hierarchyLevel`)."""

INSPIRE_LIMIT = "http://inspire.ec.europa.eu/metadata-codelist/LimitationsOnPublicAccess/"
ARTICLE = re.compile(r"article[ _]*13[ ._(]*1[ ._)(]*([a-h])\b", re.IGNORECASE)
"""Article 13(1) of the INSPIRE directive, with the letter of the reason for which access is limited."""

CLOSED = frozenset({"restricted", "confidential", "secret", "topsecret"})
"""Codes of restrictions and classifications that keep data from everybody; those of property (`copyright`, `license` …) limit use, not access."""

LICENCE_WORDS = re.compile(r"\b(licen[cs]e|odbl|creative commons|cc[ -]?(by|0)|creativecommons\.org|opendatacommons\.org)", re.IGNORECASE)
MOST_ITEMS = 1000


def is_dataset(element: Any) -> bool:
    """Whether a record describes data: services have records too."""
    kinds = _texts(element, "gmd:hierarchyLevel/gmd:MD_ScopeCode/@codeListValue")
    return not kinds or kinds[0].lower() not in OTHER_KINDS


def identifier_of(element: Any) -> str:
    """The identifier of the record itself, or nothing."""
    return next(iter(_words(element, "gmd:fileIdentifier")), "")[:200]


def read(element: Any) -> Record:
    """The record of an `MD_Metadata` element; RecordError where it cannot be one."""
    if element.tag not in ROOTS:
        raise RecordError(f"The record is not ISO 19139: it is {str(element.tag)[:100]}.")
    try:
        metadata = iso.MD_Metadata(element)
        if not metadata.identification:
            raise RecordError("The record has no identification (gmd:identificationInfo).")
        return _Reading(element, metadata).record()
    except RecordError:
        raise
    # what owslib trips over in a record that is formed otherwise
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        raise RecordError(f"The record is not formed as ISO 19139 is: {type(error).__name__}: {str(error)[:100]}") from error


class _Reading:
    """One record while it is read, with what was mended so far."""

    def __init__(self, element: Any, metadata: Any) -> None:
        self.element = element
        self.metadata = metadata
        self.data = metadata.identification[0]
        self.notes: list[Note] = []
        self.links = metadata.distribution.online if metadata.distribution else []
        self.identifier = identifier_of(element)

    def record(self) -> Record:
        """Everything, field by field."""
        title = next(iter(_words(self.element, "gmd:identificationInfo/*/gmd:citation/gmd:CI_Citation/gmd:title")), "")
        if not self.identifier or not title:
            raise RecordError(f"The record has no {'identifier (gmd:fileIdentifier)' if not self.identifier else 'title'}.", "no_title" if self.identifier else "no_identifier")
        limits = self.limits()
        access, rights = self.access()
        licence, stated = self.licence(limits)
        return Record(
            identifier=self.identifier,
            title=title,
            description=words.text(self.data.abstract),
            address=self.address(),
            keywords=self.keywords(),
            themes=self.themes(),
            licence=licence,
            licence_stated=stated,
            access=access,
            access_rights=rights,
            limits=limits,
            publisher=self.agent("publisher", "owner", "custodian", "pointOfContact", organisation=True),
            contact=self.agent("pointOfContact", "custodian", "owner", "publisher"),
            issued=self.dated("publication") or self.dated("creation"),
            modified=self.dated("revision"),
            languages=self.languages(),
            frequency=next(filter(None, map(words.frequency, _texts(self.element, ".//gmd:MD_MaintenanceFrequencyCode/@codeListValue"))), ""),
            places=tuple(dict.fromkeys(_words(self.element, "gmd:identificationInfo//gmd:EX_Extent/gmd:description"))),
            box=self.box(),
            periods=self.periods(),
            provenance=words.text(self.metadata.dataquality.lineage if self.metadata.dataquality else ""),
            version=words.line(self.data.edition)[:100],
            conforms_to=self.standards(),
            other_identifiers=tuple(dict.fromkeys(code for entry in self.data.uricode if (code := words.line(entry)) and code != self.identifier)),
            resources=self.resources(),
            notes=tuple(dict.fromkeys(self.notes)),
        )

    def note(self, what: str, value: object = "") -> None:
        """Remember what was mended."""
        self.notes.append(Note(what, words.line(value)[:200]))

    def keywords(self) -> tuple[str, ...]:
        found: dict[str, str] = {}
        for stated in _words(self.element, "gmd:identificationInfo//gmd:descriptiveKeywords//gmd:keyword"):
            if word := keywords.tamed(stated):
                found.setdefault(word.casefold(), word)
            if word != stated:
                self.note("keyword made such that it is taken", stated)
        return tuple(found.values())[:MOST_ITEMS]

    def inspire(self) -> list[str]:
        """Keywords of the INSPIRE thesaurus, and addresses of its themes."""
        found = []
        for group in self.data.keywords:
            if "inspire" in words.plain(words.line((group.thesaurus or {}).get("title"))):
                found += [words.line(word.name) for word in group.keywords]
            found += [word.url for word in group.keywords if word.url]
        return found

    def limits(self) -> tuple[str, ...]:
        """Limits of use and other constraints in words, of whatever kind of constraint, each once."""
        return tuple(dict.fromkeys(_words(self.element, "gmd:identificationInfo/*/gmd:resourceConstraints/*/*[self::gmd:useLimitation or self::gmd:otherConstraints]", long=True)))

    def access(self) -> tuple[str, str]:
        """The access level, and the INSPIRE limit's IRI where one is named. Of two statements that contradict each other the stricter counts."""
        other = "gmd:identificationInfo/*/gmd:resourceConstraints/*/gmd:otherConstraints"
        said = [*_words(self.element, other, long=True), *_texts(self.element, f"{other}/gmx:Anchor/@xlink:href")]
        if letter := next((found[1].lower() for text in said if (found := ARTICLE.search(text))), ""):
            if any(re.search(r"aucun.{0,20}article|pas de restriction|nolimitations|no limitations", words.plain(limit)) for limit in [*self.limits(), *said]):
                self.note("limits of access that contradict each other: the stricter is taken", f"INSPIRE article 13(1)({letter})")
            return "restricted", f"{INSPIRE_LIMIT}INSPIRE_Directive_Article13_1{letter}"
        codes = _texts(self.element, ".//gmd:accessConstraints/gmd:MD_RestrictionCode/@codeListValue | .//gmd:classification/gmd:MD_ClassificationCode/@codeListValue")
        if closed := next((code for code in codes if code.lower() in CLOSED), ""):
            self.note("access is limited by a code", closed)
            return "restricted", ""
        return "open", f"{INSPIRE_LIMIT}noLimitations" if any("noLimitations" in text for text in said) else ""

    def licence(self, limits: tuple[str, ...]) -> tuple[str, str]:
        """The licence that one of the limits names, or its anchor leads to."""
        anchors = _texts(self.element, "gmd:identificationInfo/*/gmd:resourceConstraints/*/*/gmx:Anchor/@xlink:href")
        for stated in (*limits, *anchors):
            if LICENCE_WORDS.search(stated) and (code := licence_of([stated])) not in {OWN_CONDITIONS, UNSTATED}:
                return code, stated[:300]
        stated = next((limit for limit in limits if LICENCE_WORDS.search(limit) and len(limit) < 300), "")
        return (OWN_CONDITIONS, stated) if stated else (UNSTATED, "")

    def agent(self, *roles: str, organisation: bool = False) -> Agent | None:
        """The first of those responsible, by role in this order, else whoever is named; an organisation, or a person or service with it."""
        people = [*self.data.publisher, *self.data.contact, *self.metadata.contact]
        people.sort(key=lambda person: roles.index(person.role) if person.role in roles else len(roles))
        for person in people:
            name = words.line(person.organization if organisation else person.name or person.organization) or words.line(person.organization or person.name)
            mailbox = words.line(person.email).removeprefix("mailto:")
            page = words.line(person.onlineresource.url) if person.onlineresource else ""
            if name or "@" in mailbox:
                return Agent(name[:300], mailbox if "@" in mailbox else "", page if addresses.leads_somewhere(page) else "")
        return None

    def dated(self, kind: str) -> str:
        """The last date of this kind that is understood."""
        dates = []
        for event in self.data.date:
            if event.type == kind and (stated := words.line(event.date)):
                dates.append(words.date(stated))
                if not dates[-1]:
                    self.note("date not understood", stated)
        return max(dates, default="")

    def languages(self) -> tuple[str, ...]:
        stated = [word for word in (*self.data.resourcelanguagecode, *self.data.resourcelanguage) if word] or [self.metadata.languagecode or self.metadata.language]
        found = {word: words.language(word) for word in stated if words.line(word)}
        for word in [word for word, iri in found.items() if not iri]:
            self.note("language not understood", word)
        return tuple(dict.fromkeys(iri for iri in found.values() if iri))

    def box(self) -> Box | None:
        # owslib leaves this out where there is no extent, as below
        sides = getattr(self.data, "bbox", None)
        return rectangle([_number(value) for value in (sides.minx, sides.miny, sides.maxx, sides.maxy)], self.note) if sides else None

    def themes(self) -> tuple[str, ...]:
        """EU themes, of topic categories and INSPIRE themes."""
        topics, inspire = _texts(self.element, ".//gmd:MD_TopicCategoryCode/text()"), self.inspire()
        if found := themes(topics, inspire):
            self.note(repair.INSPIRE_THEME, ", ".join([*topics, *inspire]))
        return found

    def periods(self) -> tuple[Period, ...]:
        period = Period(*(words.date(getattr(self.data, f"temporalextent_{end}", None)) for end in ("start", "end")))
        return (period,) if period != Period() else ()

    def standards(self) -> tuple[str, ...]:
        """Addresses of what the data conform to."""
        quality = self.metadata.dataquality
        return tuple(dict.fromkeys(address for address in (quality.conformancetitle_url if quality else []) if address and addresses.leads_somewhere(address)))

    def address(self) -> str:
        """The record's page: a link for readers that names the record."""
        found = (words.line(link.url) for link in self.links)
        return next((url for url in found if self.identifier in url and not _is_record(url) and addresses.leads_somewhere(url)), "")

    def resources(self) -> tuple[Resource, ...]:
        """Links to data; those to the record itself are none."""
        found: dict[str, Resource] = {}
        for link in self.links[:MOST_ITEMS]:
            url = words.line(link.url)
            if not addresses.leads_somewhere(url, addresses.REMOTE):
                self.note("resource without an address of the web", url or link.name)
            elif _is_record(url) or url == self.address():
                self.note("link to the record itself", url)
            else:
                name, kind = words.line(link.name), self.format(link, url)
                description = words.text(link.description)
                found.setdefault(url, Resource(url, (name or words.line(description))[:300], description if name else "", kind.name, kind.media))
        return tuple(found.values())

    def format(self, link: Any, url: str) -> Format:
        """By the protocol or the address; a download that says nothing has the format of the whole distribution, where that is one."""
        kind = format_of("", "", url)
        protocol = words.line(link.protocol)
        kind = kind if kind.name else format_of(protocol, "", url) if not protocol.upper().startswith("WWW:") else Format()
        formats = list(dict.fromkeys(_words(self.element, "gmd:distributionInfo//gmd:MD_Format/gmd:name")))
        download = link.function == "download" or "DOWNLOAD" in protocol.upper()
        return format_of(formats[0], "", "") if not kind.name and download and len(formats) == 1 else kind


def _is_record(url: str) -> bool:
    """Whether an address is a request for a record of a catalogue."""
    return "request=getrecordbyid" in url.lower()


def _texts(element: Any, path: str) -> list[str]:
    """What an XPath finds, as lines."""
    return [said for found in element.xpath(path, namespaces=NAMES)[:MOST_ITEMS] if (said := words.line(str(found)))]


def _words(element: Any, path: str, long: bool = False) -> list[str]:
    """The texts of elements that hold a CharacterString or an Anchor."""
    clean = words.text if long else words.line
    return [said for found in element.xpath(path, namespaces=NAMES)[:MOST_ITEMS] for inner in found.iterchildren(*HOLDERS) if (said := clean("".join(inner.itertext())))]


def _number(value: object) -> float | None:
    try:
        return float(words.line(value).replace(",", "."))
    except ValueError:
        return None


def written(element: Any) -> str:
    """One record by itself, as text."""
    return str(etree.tostring(element, encoding="unicode", with_tail=False))
