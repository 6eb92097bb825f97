"""An Opendatasoft portal: the export of its catalogue (Explore API v2.1) has all datasets in one answer, each of which can be had in several forms."""
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

from .. import words
from ..base import Harvester, Source
from ..http import Client, FetchError
from ..listing import Tally, once
from ..record import Item, Period, Record, RecordError, Resource
from ..themes import themes
from .rest import Notes, agent, lines, listed, mapping, opened, web, written

EXPORTS = (("csv", "CSV"), ("xlsx", "XLSX"), ("json", "JSON"))
SHAPES = (("geojson", "GeoJSON"), ("shp", "SHP"))
"""Forms in which every dataset can be had, and those that have places."""


class Opendatasoft(Harvester):
    """An Opendatasoft portal."""

    settings: ClassVar[Mapping[str, type]] = {**Harvester.settings, "api_key": str}
    auth_scheme: ClassVar[str] = "Apikey "

    def discover(self, client: Client, source: Source) -> Iterator[Item]:
        """All datasets."""
        return once(_pages(client, source))

    def parse(self, content: str, source: Source) -> Record:
        """A dataset as the catalogue's export gives it."""
        return _read(opened(content), root(source.address))

    def record_address(self, source: Source, identifier: str) -> str:
        """The dataset in the API."""
        return f"{_api(root(source.address))}/datasets/{quote(identifier, safe='')}"


def root(address: str) -> str:
    """The portal's address, of which the API's are made."""
    parts = urlsplit(address)
    path = re.split(r"/(?:api|explore|pages?)(?:/|$)", parts.path)[0].rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path}"


def _api(site: str) -> str:
    return f"{site}/api/explore/v2.1/catalog"


def _pages(client: Client, source: Source) -> Iterator[list[Item]]:
    """One page: the export. How many there are is asked beforehand: an export that is cut off after a dataset would not tell."""
    site, tally = root(source.address), Tally()
    count = mapping(client.get(f"{_api(site)}/datasets?limit=1").json()).get("total_count")
    entries = client.get(f"{_api(site)}/exports/json").json()
    if not isinstance(entries, list) or not isinstance(count, int):
        raise FetchError("The answer is none of Opendatasoft's API (Explore v2.1): a list of datasets and their count (total_count) were expected.")
    tally.add(words.line(mapping(entry).get("dataset_id")) for entry in entries)
    yield [_item(entry) for entry in entries]
    tally.confirm(count)


def _item(entry: object) -> Item:
    identifier = words.line(mapping(entry).get("dataset_id"))[:200]
    return Item(identifier, written(entry)) if identifier else Item(problem=f"A dataset of the list has no identifier: {written(entry)[:100]}")


def _read(entry: Mapping[str, Any], site: str) -> Record:
    note = Notes()
    metas = mapping(entry.get("metas"))
    said, dcat = mapping(metas.get("default")), mapping(metas.get("dcat"))
    identifier, title = words.line(entry.get("dataset_id"))[:200], words.line(said.get("title"))
    if not identifier or not title:
        raise RecordError(f"The record has no {'title' if identifier else 'identifier'}.", "no_title" if identifier else "no_identifier")
    if words.line(entry.get("visibility")) in {"restricted", "private"}:
        raise RecordError("The dataset is private in its catalogue.", "withheld")
    licence, stated = note.licence(said.get("license_url"), said.get("license"))
    subjects = lines(said.get("theme"))
    period = Period(*(words.date(dcat.get(name)) for name in ("temporal_coverage_start", "temporal_coverage_end")))
    codes = [found[1] for place in lines(said.get("geographic_reference")) if (found := re.fullmatch(r"fr_40_(\d[\dAB]\d{3})", place))]
    return Record(
        identifier=identifier,
        title=title,
        description=note.text(said.get("description")),
        address=f"{site}/explore/dataset/{quote(identifier, safe='')}/",
        keywords=note.keywords([*lines(said.get("keyword")), *(word for word in subjects if not themes((), [word], [word]))]),
        themes=note.themes(subjects),
        licence=licence,
        licence_stated=stated,
        publisher=agent(said.get("publisher") or dcat.get("creator")),
        contact=agent(dcat.get("contact_name"), dcat.get("contact_email")),
        issued=note.date(dcat.get("issued"), dcat.get("created")),
        modified=note.date(said.get("modified"), said.get("data_processed")),
        languages=note.known("language", words.language, said.get("language") or lines(said.get("metadata_languages"))[:1]),
        frequency=next(iter(note.known("frequency", words.frequency, dcat.get("accrualperiodicity"))), ""),
        places=tuple(dict.fromkeys(lines(said.get("territory")) or lines(dcat.get("spatial")))),
        communes=tuple(dict.fromkeys(codes)),
        periods=(period,) if period != Period() else (),
        documentation=web(said.get("references")),
        other_identifiers=tuple(filter(None, [words.line(entry.get("dataset_uid")), _origin(said)])),
        resources=_resources(entry, f"{_api(site)}/datasets/{quote(identifier, safe='')}", note),
        notes=tuple(note.found),
    )


def _origin(said: Mapping[str, Any]) -> str:
    """The page of the portal's dataset that this one repeats; nothing for one of its own."""
    host, name = words.line(said.get("source_domain_address")), words.line(said.get("source_dataset"))
    return f"https://{host}/explore/dataset/{quote(name, safe='')}/" if name and re.fullmatch(r"[a-z0-9.-]+", host) else ""


def _resources(entry: Mapping[str, Any], address: str, note: Notes) -> tuple[Resource, ...]:
    """The dataset in each form, forms that its publisher made, and what is attached to it."""
    found: list[Resource | None] = []
    forms = (*EXPORTS, *(SHAPES if "geo" in lines(entry.get("features")) else ())) if entry.get("has_records") is not False else ()
    for code, name in forms:
        found.append(note.resource(f"{address}/exports/{code}{'?use_labels=true' if code == 'csv' else ''}", name, form=code))
    for kind in ("alternative_exports", "attachments"):
        for one in map(mapping, listed(entry.get(kind))):
            own = {**one, **mapping(one.get("metas"))}
            url = words.line(own.get("url"))
            identifier = words.line(own.get("id"))
            if not url.startswith(("https://", "http://")) and identifier:
                url = f"{address}/{kind}/{quote(identifier, safe='')}"
            found.append(note.resource(url, own.get("title") or identifier, description=own.get("description"), media=own.get("mime-type") or own.get("mimetype")))
    return tuple(resource for resource in found if resource)
