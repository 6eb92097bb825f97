"""A `data.json`: the list of datasets of Project Open Data (DCAT-US 1.0 and 1.1), in one document."""
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from tzc.catalogue import addresses

from .. import geometry, words
from ..base import Harvester, Source
from ..http import Client, FetchError
from ..listing import once
from ..places import number, rectangle
from ..record import Agent, Box, Item, Period, Record, RecordError, Resource
from ..themes import themes
from .rest import Notes, agent, lines, listed, mapping, opened, web, written

LEVELS = {"public": "open", "restricted public": "restricted", "non-public": "restricted"}


class DataJson(Harvester):
    """A data.json."""

    def discover(self, client: Client, source: Source) -> Iterator[Item]:
        """All datasets."""
        return once(_pages(client, source))

    def parse(self, content: str, source: Source) -> Record:
        """A dataset of the list."""
        return _read(opened(content))

    def record_address(self, source: Source, identifier: str) -> str:
        """The dataset's own address, else the list's."""
        return identifier if addresses.leads_somewhere(identifier) else _address(source.address)


def _address(address: str) -> str:
    """The list's address; a site's leads to the place where it stands by rule."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/data.json")) if parts.path in {"", "/"} else address


def _pages(client: Client, source: Source) -> Iterator[list[Item]]:
    found = client.get(_address(source.address)).json()
    # 1.0 is a bare list
    entries = found if isinstance(found, list) else mapping(found).get("dataset")
    if not isinstance(entries, list):
        raise FetchError("The answer is no data.json: it has no list of datasets (dataset).")
    yield [_item(entry) for entry in entries]


def _item(entry: object) -> Item:
    identifier = words.line(mapping(entry).get("identifier"))[:500]
    return Item(identifier, written(entry)) if identifier else Item(problem=f"A dataset of the list has no identifier: {written(entry)[:100]}")


def _read(entry: Mapping[str, Any]) -> Record:
    note = Notes()
    identifier, title = words.line(entry.get("identifier"))[:500], words.line(entry.get("title"))
    if not identifier or not title:
        raise RecordError(f"The record has no {'title' if identifier else 'identifier'}.", "no_title" if identifier else "no_identifier")
    contact, publisher = entry.get("contactPoint"), entry.get("publisher")
    licence, stated = note.licence(entry.get("license"), *(one.get("license") for one in map(mapping, listed(entry.get("distribution")))))
    subjects = lines(entry.get("theme"))
    box, places = _place(entry.get("spatial"), note)
    period = _period(words.line(entry.get("temporal")))
    return Record(
        identifier=identifier,
        title=title,
        description=note.text(entry.get("description")),
        address=next(iter(web(entry.get("landingPage"))), ""),
        keywords=note.keywords([*lines(entry.get("keyword")), *(word for word in subjects if not themes((), [word], [word]))]),
        themes=note.themes(subjects),
        licence=licence,
        licence_stated=stated,
        access=LEVELS.get(words.line(entry.get("accessLevel")).lower(), "open"),
        limits=tuple(filter(None, [words.text(entry.get("rights"))])),
        publisher=agent(publisher.get("name")) if isinstance(publisher, Mapping) else agent(publisher),
        contact=_contact(contact, entry.get("mbox")),
        issued=note.date(entry.get("issued")),
        modified="" if words.line(entry.get("modified")).startswith("R/") else note.date(entry.get("modified")),
        languages=note.known("language", words.language, entry.get("language")),
        frequency=next(iter(note.known("frequency", words.frequency, entry.get("accrualPeriodicity"))), ""),
        places=places,
        box=box,
        periods=(period,) if period != Period() else (),
        conforms_to=web(entry.get("conformsTo")),
        documentation=web(entry.get("references"), entry.get("describedBy"), entry.get("dataDictionary")),
        resources=tuple(found for one in _files(entry) if (found := _resource(one, note))),
        notes=tuple(note.found),
    )


def _contact(contact: object, mail: object) -> Agent | None:
    """An object with a name (1.1), or a name beside an address (1.0)."""
    if isinstance(contact, Mapping):
        return agent(contact.get("fn"), contact.get("hasEmail"))
    return agent(contact, mail)


def _files(entry: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Distributions; of 1.0 what stands in the dataset itself."""
    return [*map(mapping, listed(entry.get("distribution"))), *({"accessURL": entry[key]} for key in ("accessURL", "webService") if entry.get(key))]


def _resource(one: Mapping[str, Any], note: Notes) -> Resource | None:
    address = one.get("downloadURL") or one.get("accessURL")
    return note.resource(address, one.get("title"), description=one.get("description"), form=one.get("format"), media=one.get("mediaType"), size=one.get("byteSize"))


def _place(stated: object, note: Notes) -> tuple[Box | None, tuple[str, ...]]:
    """`west,south,east,north`, a geometry, or names."""
    if isinstance(stated, Mapping):
        return geometry.box([written(stated)], note), ()
    said = words.line(stated)
    sides = [number(part) for part in said.split(",")]
    if len(sides) == 4 and None not in sides:
        return rectangle(sides, note), ()
    if said.startswith("{"):
        return geometry.box([said], note), ()
    return None, (said,) if said else ()


def _period(stated: str) -> Period:
    found = re.fullmatch(r"([^/]+)/([^/]+)", stated)
    return Period(*(words.date(part) for part in found.groups())) if found else Period()
