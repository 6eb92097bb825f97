"""A CKAN's or a DKAN's dataset, as their API gives it, read as a record.

CKAN 2.9 to 2.12 say the same in the same places, but each portal has fields of its own, at the top or among the extras, under the names that
ckanext-dcat, ckanext-spatial or its own schema give them. A DKAN writes dates and sizes in words, in its users' language and for their eyes.
"""
from __future__ import annotations

import dataclasses
import html
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from tzc.catalogue import addresses, keywords
from tzc.harvesting import repair

from .. import words
from ..formats import Format, format_of
from ..licences import OWN_CONDITIONS, UNSTATED, licence_of
from ..places import number, positions, rectangle
from ..record import Agent, Box, Note, Period, Record, RecordError, Resource
from ..themes import themes

OTHER_KINDS = frozenset({"harvest", "showcase", "application", "organization", "group"})
"""Types of packages that are no datasets."""

LEVELS = {"open": "open", "registered": "registered", "restricted": "restricted"}
RIGHTS = {"RESTRICTED": "restricted", "NON_PUBLIC": "restricted", "PUBLIC": "open"}
"""Access levels by the last part of the EU's access rights. What a catalogue's own API gives to everybody is described in public at least."""

LONGEST_EXTRA, MOST_EXTRAS, MOST_ITEMS = 2000, 60, 1000

USED = frozenset({
    "id", "name", "title", "notes", "url", "author", "author_email", "maintainer", "maintainer_email", "license_id", "license_title", "license_url", "licence_url", "licence",
    "isopen", "state", "private", "type", "resources", "tags", "groups", "organization", "owner_org", "extras", "creator_user_id", "metadata_created", "metadata_modified",
    "num_resources", "num_tags", "relationships_as_subject", "relationships_as_object", "revision_id", "revision_timestamp", "tracking_summary", "version", "issued",
    "modified", "language", "frequency", "theme", "identifier", "provenance", "conforms_to", "documentation", "access_level", "access_rights", "publisher", "publisher_name",
    "publisher_email", "publisher_url", "publisher_uri", "contact", "contact_name", "contact_email", "contact_uri", "contact-email", "temporal_start", "temporal_end",
    "temporal-extent-begin", "temporal-extent-end", "temporal_coverage", "spatial", "spatial_text", "spatial_coverage", "bbox-east-long", "bbox-north-lat", "bbox-south-lat",
    "bbox-west-long", "dataset-reference-date", "frequency-of-update", "metadata-language", "metadata-date", "guid", "uri", "harvest_object_id", "harvest_source_id",
    "harvest_source_title", "spatial_harvester", "responsible-party", "tag_string", "plugin_data", "rating", "archiver", "qa",
})  # fmt: skip
"""Names that are read into a field, or say nothing of the data."""


def is_dataset(package: Mapping[str, Any]) -> bool:
    """Whether a package is a dataset: harvest sources and showcases are packages too."""
    return words.line(package.get("type")).lower() not in OTHER_KINDS


def identifier_of(package: object) -> str:
    """The identifier that a package keeps, or nothing."""
    return words.line(package.get("id") or package.get("name"))[:200] if isinstance(package, Mapping) else ""


def read(package: object, site: str = "") -> Record:
    """The record of a package; RecordError where it cannot be one. `site` is the catalogue's address, from which a page without address is known."""
    if not isinstance(package, Mapping):
        raise RecordError("The record is no dataset: an object was expected.")
    return _Reading(package, site).record()


class _Reading:
    """One package while it is read, with what was mended so far."""

    def __init__(self, package: Mapping[str, Any], site: str) -> None:
        self.package = package
        self.site = site.rstrip("/")
        self.extras = _pairs(package.get("extras"))
        self.notes: list[Note] = []

    def record(self) -> Record:
        """Everything, field by field."""
        identifier, title = identifier_of(self.package), self.line("title") or self.line("name")
        if not identifier or not title:
            raise RecordError(f"The record has no {'identifier' if not identifier else 'title'}.", "no_title" if identifier else "no_identifier")
        self.refuse_hidden()
        resources = self.resources()
        record = Record(
            identifier=identifier,
            title=title,
            description=self.description(),
            address=self.address(),
            keywords=self.keywords(),
            themes=self.themes(),
            publisher=self.publisher(),
            contact=self.contact(),
            issued=self.first_date("issued", ("dataset-reference-date", "publication"), "metadata_created"),
            modified=self.first_date("modified", ("dataset-reference-date", "revision"), "metadata_modified", "metadata-date"),
            languages=self.known("language", words.language, "language", "metadata-language"),
            frequency=next(iter(self.known("frequency", words.frequency, "frequency", "frequency-of-update")), ""),
            places=tuple(filter(None, [self.line("spatial_text")])),
            box=self.box(),
            periods=self.periods(),
            provenance=words.text(self.value("provenance")),
            version=self.line("version")[:100],
            conforms_to=_web(self.value("conforms_to")),
            documentation=_web(self.value("documentation")),
            other_identifiers=tuple(dict.fromkeys(name for key in ("identifier", "guid", "uri") if (name := self.line(key)) and name != identifier)),
            extras=self.other_extras(),
            resources=resources,
        )
        licence, stated = self.licence()
        access, rights = self.access()
        return dataclasses.replace(record, licence=licence, licence_stated=stated, access=access, access_rights=rights, notes=tuple(dict.fromkeys(self.notes)))

    def themes(self) -> tuple[str, ...]:
        """EU themes, of themes that are stated, and of groups that are called as one of the EU or of INSPIRE."""
        groups = _names(self.package.get("groups"))
        for name in groups:
            if themes((), [name]) and not themes((), (), [name]):
                self.note(repair.INSPIRE_THEME, name)
        return themes((), groups, [*_texts(self.value("theme")), *groups])

    def note(self, what: str, value: object = "") -> None:
        """Remember what was mended."""
        self.notes.append(Note(what, words.line(value)[:200]))

    def value(self, *names: str) -> Any:
        """The first of these fields that says something, at the top or among the extras; lists and objects written as JSON are read."""
        for name in names:
            for found in (self.package.get(name), self.extras.get(name)):
                read = _json(found)
                if read not in (None, "", [], {}):
                    return read
        return None

    def line(self, *names: str) -> str:
        """The same as one line."""
        return words.line(self.value(*names))

    def refuse_hidden(self) -> None:
        """What is not public, or not there any more, is not taken. A DKAN says `private` of what it publishes."""
        if (state := self.line("state").lower()) not in {"", "active"}:
            raise RecordError(f"The dataset is not active in its catalogue ({state[:30]}).", "withheld")
        if self.line("access_level") == "confidential":
            raise RecordError("The dataset is confidential in its catalogue.", "withheld")
        if self.package.get("private") is True:
            if self.package.get("type") != "Dataset":
                raise RecordError("The dataset is private in its catalogue.", "withheld")
            self.note("said to be private, though published")

    def description(self) -> str:
        given = self.value("notes", "description")
        plain = words.text(given)
        if isinstance(given, str) and words.MARKUP.search(given):
            self.note("description in HTML")
        return plain

    def address(self) -> str:
        """The page in the catalogue: stated, else by CKAN's way of making it."""
        if addresses.leads_somewhere(stated := self.line("url")) and urlsplit(stated).hostname == urlsplit(self.site).hostname:
            return stated
        name = self.line("name")
        if self.site and name and "/" not in name and self.package.get("type") != "Dataset":
            return f"{self.site}/dataset/{name}"
        return stated if addresses.leads_somewhere(stated) else ""

    def keywords(self) -> tuple[str, ...]:
        found: dict[str, str] = {}
        for stated in _names(self.package.get("tags")):
            if word := keywords.tamed(stated):
                found.setdefault(word.casefold(), word)
            if word != stated:
                self.note("keyword made such that it is taken", stated)
        return tuple(found.values())[:MOST_ITEMS]

    def publisher(self) -> Agent | None:
        """Stated, else the organisation; a DKAN has only groups."""
        stated = _first(self.value("publisher")) or {}
        name = words.line(stated.get("name")) if isinstance(stated, Mapping) else words.line(stated)
        if name := name or self.line("publisher_name"):
            named = stated if isinstance(stated, Mapping) else {}
            return _agent(name, named.get("email") or self.line("publisher_email"), named.get("url") or self.line("publisher_url"))
        for place in (self.package.get("organization"), self.package.get("groups") if self.package.get("type") == "Dataset" else None):
            for title in _names([place] if isinstance(place, Mapping) else place):
                return _agent(title)
        return None

    def contact(self) -> Agent | None:
        stated = _first(self.value("contact")) or {}
        named: Mapping[str, Any] = stated if isinstance(stated, Mapping) else {}
        name = words.line(named.get("name")) or self.line("contact_name", "maintainer", "author")
        return _agent(name, named.get("email") or self.line("contact_email", "contact-email", "maintainer_email", "author_email"), named.get("url"))

    def first_date(self, *places: str | tuple[str, str]) -> str:
        """The first date that is understood; a pair names a list of dated events and the kind that is meant."""
        for place in places:
            for stated in self.dates(place):
                if date := words.date(stated):
                    if date[:10] != words.line(stated)[:10]:
                        self.note("date written in words", stated)
                    return date
                self.note("date not understood", stated)
        return ""

    def dates(self, place: str | tuple[str, str]) -> list[str]:
        if isinstance(place, str):
            return [stated] if (stated := self.line(place)) else []
        events = self.value(place[0])
        return [words.line(event.get("value")) for event in _list(events) if isinstance(event, Mapping) and event.get("type") == place[1]]

    def known(self, what: str, read: Any, *names: str) -> tuple[str, ...]:
        """What a vocabulary knows of the values of a field."""
        found = []
        for stated in _texts(self.value(*names)):
            if iri := read(stated):
                found.append(iri)
            else:
                self.note(f"{what} not understood", stated)
        return tuple(dict.fromkeys(found))

    def box(self) -> Box | None:
        corners = [number(self.value(f"bbox-{side}")) for side in ("west-long", "south-lat", "east-long", "north-lat")]
        spatial = _first(self.value("spatial_coverage")) or {}
        shape = self.value("spatial") or (_json(spatial.get("bbox") or spatial.get("geom")) if isinstance(spatial, Mapping) else None)
        points = positions(shape.get("coordinates")) if isinstance(shape, Mapping) else []
        if None in corners and points:
            corners = [min(x for x, _ in points), min(y for _, y in points), max(x for x, _ in points), max(y for _, y in points)]
        return rectangle(corners, self.note)

    def periods(self) -> tuple[Period, ...]:
        stated = [(entry.get("start"), entry.get("end")) for entry in _list(self.value("temporal_coverage")) if isinstance(entry, Mapping)]
        stated = stated or [(self.value("temporal_start", "temporal-extent-begin"), self.value("temporal_end", "temporal-extent-end"))]
        read = (Period(words.date(start), words.date(end)) for start, end in stated[:MOST_ITEMS])
        return tuple(period for period in read if period.start or period.end)

    def licence(self) -> tuple[str, str]:
        """The licence's code, and how it was stated. A DKAN gives its address as its title; some state it of each resource only."""
        stated = [words.line(self.value(name)) for name in ("license_id", "license_url", "licence_url", "license_title", "licence")]
        if (code := licence_of(stated)) in {UNSTATED, OWN_CONDITIONS}:
            of_resources = [words.line(entry.get(key)) for entry in _list(self.package.get("resources")) if isinstance(entry, Mapping) for key in ("license", "license_url")]
            code = found if (found := licence_of([*of_resources, *stated])) not in {UNSTATED, OWN_CONDITIONS} else code
        said = next((word for word in stated[1:] if word and word != "[]"), "")
        if code == OWN_CONDITIONS:
            self.note("licence that is none of ours", said or stated[0])
        return code, said

    def access(self) -> tuple[str, str]:
        rights = self.line("access_rights")
        level = LEVELS.get(self.line("access_level")) or RIGHTS.get(rights.rpartition("/")[2].upper(), "open")
        return level, rights if addresses.leads_somewhere(rights) else ""

    def other_extras(self) -> tuple[tuple[str, str], ...]:
        """What the portal says besides."""
        other: dict[str, str] = {}
        for key, given in self.extras.items():
            name = key.removeprefix("dcat_")
            if name not in USED and (told := words.line(given)) and told not in {"[]", "{}"}:
                other[name[:100]] = told[:LONGEST_EXTRA]
        return tuple(sorted(other.items()))[:MOST_EXTRAS]

    def resources(self) -> tuple[Resource, ...]:
        found: dict[str, Resource] = {}
        for stated in _list(self.package.get("resources"))[:MOST_ITEMS]:
            if isinstance(stated, Mapping) and (resource := self.resource(stated)):
                found.setdefault(resource.url, resource)
        return tuple(found.values())

    def resource(self, stated: Mapping[str, Any]) -> Resource | None:
        if words.line(stated.get("state")).lower() in {"deleted", "draft"}:
            return None
        address = words.line(stated.get("url"))
        if not addresses.leads_somewhere(address, addresses.REMOTE):
            self.note("resource without an address of the web", address or stated.get("name"))
            return None
        kind = self.format(stated, address)
        size = words.size(stated.get("size"))
        if size is not None and not words.line(stated.get("size")).isdigit():
            self.note("size written in words", stated.get("size"))
        name, description = words.line(stated.get("name") or stated.get("title"))[:300], words.text(stated.get("description"))
        dates = [self.of_resource(stated, *keys) for keys in (("issued", "created"), ("modified", "last_modified"))]
        return Resource(address, name, description, kind.name, kind.media, size, *dates)

    def format(self, stated: Mapping[str, Any], address: str) -> Format:
        given = words.line(stated.get("format"))
        kind = format_of(given, words.line(stated.get("mimetype")), address)
        if kind.name and not given:
            self.note("format that was missing, by the address", address)
        return kind

    def of_resource(self, stated: Mapping[str, Any], *names: str) -> str:
        given = next((said for name in names if (said := words.line(stated.get(name)))), "")
        date = words.date(given)
        if given and date[:10] != given[:10]:
            self.note("date written in words" if date else "date not understood", given)
        return date


def _agent(name: str, email: object = "", url: object = "") -> Agent | None:
    """Nothing where nothing is known."""
    mailbox, page = words.line(email).removeprefix("mailto:"), words.line(url)
    known = Agent(name[:300], mailbox if "@" in mailbox else "", page if addresses.leads_somewhere(page) else "")
    return known if known != Agent() else None


def _pairs(extras: object) -> dict[str, Any]:
    """Extras as CKAN gives them (`[{"key", "value"}]`), or as an object."""
    if isinstance(extras, Mapping):
        return {str(key): value for key, value in extras.items()}
    return {words.line(entry.get("key")): entry.get("value") for entry in _list(extras) if isinstance(entry, Mapping) and words.line(entry.get("key"))}


def _json(value: Any) -> Any:
    """A value, or what it holds written as JSON (a DKAN writes it with the signs of HTML)."""
    if not isinstance(value, str) or not value.strip().startswith(("[", "{")):
        return value
    try:
        return json.loads(html.unescape(value))
    except (ValueError, RecursionError):
        return value


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _first(value: Any) -> Any:
    return next(iter(value), None) if isinstance(value, list) else value


def _texts(value: object) -> list[str]:
    """One value or several, as lines."""
    return [said for entry in (value if isinstance(value, list) else [value]) if (said := words.line(entry))][:MOST_ITEMS]


def _names(entries: object) -> list[str]:
    """How tags, groups or organisations are called."""
    named = (entry.get("display_name") or entry.get("title") or entry.get("name") if isinstance(entry, Mapping) else entry for entry in _list(entries)[:MOST_ITEMS])
    return [name for entry in named if (name := words.line(entry))]


def _web(value: object) -> tuple[str, ...]:
    return tuple(dict.fromkeys(said for said in _texts(value) if addresses.leads_somewhere(said)))
