"""A udata portal, such as data.gouv.fr: its API lists the datasets of an organisation, or of all, page by page."""
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from .. import words
from ..base import Harvester, Source
from ..http import Client, FetchError
from ..listing import Tally, Trail, once
from ..places import positions, rectangle
from ..record import Box, Item, Period, Record, RecordError, Resource
from ..themes import themes
from .rest import Notes, agent, lines, listed, mapping, opened, web, written

ROWS = 100
ORIGINS = ("remote_id", "remote_url", "uri", "dct_identifier", "doi")
"""What is said of the dataset of another portal that one was taken from."""

LEVELS = {"open": "open", "open_with_account": "registered", "restricted": "restricted"}
FREQUENCIES = {
    "continuous": "UPDATE_CONT", "oneminute": "1MIN", "fiveminutes": "5MIN", "tenminutes": "10MIN", "fifteenminutes": "15MIN", "thirtyminutes": "30MIN", "twelvehours": "12HRS",
    "severaltimesaday": "CONT", "fivetimesaweek": "WEEKLY_5", "semidaily": "DAILY_2", "threetimesaday": "CONT", "fourtimesaday": "CONT", "semiweekly": "WEEKLY_2",
    "threetimesaweek": "WEEKLY_3", "fourtimesaweek": "WEEKLY_3",
    "semimonthly": "MONTHLY_2", "threetimesamonth": "MONTHLY_3", "threetimesayear": "ANNUAL_3", "semiannual": "ANNUAL_2",
}  # fmt: skip
"""Codes of udata that the EU's vocabulary calls otherwise."""


class Udata(Harvester):
    """A udata portal."""

    settings: ClassVar[Mapping[str, type]] = {**Harvester.settings, "organization": str, "allow_hosts": list}

    def discover(self, client: Client, source: Source) -> Iterator[Item]:
        """All datasets."""
        return once(_pages(client, source))

    def parse(self, content: str, source: Source) -> Record:
        """A dataset as the API gives it."""
        return _read(opened(content))

    def record_address(self, source: Source, identifier: str) -> str:
        """The dataset in the API."""
        return f"{root(source.address)}/api/1/datasets/{quote(identifier, safe='')}/"


def root(address: str) -> str:
    """The portal's address, of which the API's are made."""
    parts = urlsplit(address)
    path = re.split(r"/(?:api/|(?:[a-z]{2}/)?(?:organizations|datasets)(?:/|$))", parts.path)[0]
    return urlunsplit((parts.scheme, parts.netloc, re.sub(r"/[a-z]{2}$", "", path.rstrip("/")), "", ""))


def _first(client: Client, source: Source) -> str:
    """The address of the first page, in an order that new datasets do not change."""
    asked = dict(parse_qsl(urlsplit(source.address).query))
    named = re.search(r"/organizations/([^/]+)", urlsplit(source.address).path)
    organization = source.settings.get("organization") or asked.get("organization") or (named[1] if named else "")
    if organization and not re.fullmatch(r"[0-9a-f]{24}", organization):
        answer = mapping(client.get(f"{root(source.address)}/api/1/organizations/{quote(organization, safe='')}/").json())
        organization = words.line(answer.get("id"))
        if not organization:
            raise FetchError("The portal does not know this organization.", "configuration")
    kept = {key: value for key, value in asked.items() if key not in {"page", "page_size", "sort", "organization"}} if "/api/" in urlsplit(source.address).path else {}
    question = {**kept, **({"organization": organization} if organization else {}), "sort": "created", "page_size": ROWS}
    return f"{root(source.address)}/api/1/datasets/?{urlencode(question)}"


def _pages(client: Client, source: Source) -> Iterator[list[Item]]:
    """Page by page, as each names the next."""
    url = _first(client, source)
    trail, tally, expected = Trail(source.address, source.settings.get("allow_hosts", [])), Tally(), None
    while url:
        trail.been(url)
        answer = client.get(url)
        page = mapping(answer.json())
        entries, total = page.get("data"), page.get("total")
        if not isinstance(entries, list) or not isinstance(total, int):
            raise FetchError("The answer is none of udata's API: it has no list (data) with its count (total).")
        expected = total if expected is None else max(expected, total)
        tally.add(words.line(mapping(entry).get("id")) for entry in entries)
        yield [_item(entry) for entry in entries]
        url = trail.follow(answer.url, lines(page.get("next_page"))[:1])
    tally.confirm(expected)


def _item(entry: object) -> Item:
    identifier = words.line(mapping(entry).get("id"))[:200]
    return Item(identifier, written(entry)) if identifier else Item(problem=f"A dataset of the list has no identifier: {written(entry)[:100]}")


def _read(entry: Mapping[str, Any]) -> Record:
    note = Notes()
    identifier, title = words.line(entry.get("id"))[:200], words.line(entry.get("title"))
    if not identifier or not title:
        raise RecordError(f"The record has no {'title' if identifier else 'identifier'}.", "no_title" if identifier else "no_identifier")
    for state in ("private", "deleted", "archived"):
        if entry.get(state):
            raise RecordError(f"The dataset is {state} in its catalogue.", "withheld")
    organization, owner = mapping(entry.get("organization")), mapping(entry.get("owner"))
    points = sorted(map(mapping, listed(entry.get("contact_points"))), key=lambda point: words.line(point.get("role")) not in {"", "contact"})
    contacts = (agent(point.get("name"), point.get("email"), point.get("contact_form")) for point in points)
    period, harvest = mapping(entry.get("temporal_coverage")), mapping(entry.get("harvest"))
    spatial = mapping(entry.get("spatial"))
    zones = [words.line(mapping(zone).get("id") if isinstance(zone, Mapping) else zone) for zone in listed(spatial.get("zones"))]
    names = [name for zone in listed(spatial.get("zones")) if (name := words.line(mapping(zone).get("name")))]
    licence, stated = note.licence(mapping(entry.get("license")).get("id") or entry.get("license"))
    subjects = lines(entry.get("tags"))
    periods = (Period(words.date(period.get("start")), words.date(period.get("end"))),) if period else ()
    return Record(
        identifier=identifier,
        title=title,
        description=note.text(entry.get("description")),
        address=next(iter(web(entry.get("page"))), ""),
        keywords=note.keywords(subjects),
        themes=themes((), (), subjects),
        licence=licence,
        licence_stated=stated,
        access=LEVELS.get(words.line(entry.get("access_type")), "open"),
        publisher=agent(organization.get("name") or " ".join(lines([owner.get("first_name"), owner.get("last_name")])), "", organization.get("page") or owner.get("page")),
        contact=next(filter(None, contacts), None),
        issued=note.date(harvest.get("created_at"), harvest.get("issued_at"), entry.get("created_at")),
        modified=note.date(harvest.get("modified_at"), entry.get("last_update"), entry.get("last_modified")),
        frequency=next(iter(note.known("frequency", _frequency, entry.get("frequency"))), ""),
        places=tuple(dict.fromkeys(names)),
        communes=tuple(dict.fromkeys(code[1] for zone in zones if (code := re.match(r"fr:commune:(\d[\dAB]\d{3})", zone)))),
        box=_box(spatial.get("geom"), note),
        periods=tuple(one for one in periods if one != Period()),
        conforms_to=web(*(mapping(one.get("schema")).get("url") for one in map(mapping, listed(entry.get("resources"))))),
        documentation=web(*(one.get("url") for one in map(mapping, listed(entry.get("resources"))) if one.get("type") == "documentation")),
        other_identifiers=_others(harvest, entry, identifier),
        resources=tuple(filter(None, (_resource(one, note) for one in map(mapping, listed(entry.get("resources")))))),
        notes=tuple(note.found),
    )


def _others(harvest: Mapping[str, Any], entry: Mapping[str, Any], own: str) -> tuple[str, ...]:
    stated = [*(harvest.get(name) for name in ORIGINS), entry.get("uri")]
    return tuple(said for said in dict.fromkeys(map(words.line, stated)) if said and said != own)


def _frequency(said: object) -> str:
    line = words.line(said)
    return words.frequency(FREQUENCIES.get(line.lower(), line))


def _box(shape: object, note: Notes) -> Box | None:
    points = positions(mapping(shape).get("coordinates"))
    return rectangle((min(x for x, _ in points), min(y for _, y in points), max(x for x, _ in points), max(y for _, y in points)), note) if points else None


def _resource(one: Mapping[str, Any], note: Notes) -> Resource | None:
    return note.resource(
        one.get("url"), one.get("title"), description=one.get("description"), form=one.get("format"), media=one.get("mime"), size=one.get("filesize"), issued=one.get("created_at"),
        modified=one.get("last_modified"),
    )  # fmt: skip
