"""How any catalogue is taken in: one contract for all kinds, in six steps.

    discover   what the catalogue has, page by page                    asks, by `http.Client`
    fetch      what its listing only names                             asks
    parse      the record of what came, or why there is none           pure
    normalise  the same limits for whatever came, from wherever        pure
    compare    new, changed, as before, no longer there                pure
    apply      written to the portal: `harvesting/partners.py`, above

A kind of source is a `Harvester`. `tests/domain/harvesters/test_contract.py` asks the same of each.
"""
from __future__ import annotations

import abc
import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, ClassVar, Literal

from tzc.harvesting import repair

from . import words
from .http import Client, FetchError, ForbiddenError, headers_of
from .record import Agent, Item, Note, Record, RecordError, Resource
from .words import LONGEST

SHARE, COUNT = 0.1, 5
"""The share and the count of a source's datasets that may not be missing at once: more look like a fault of the source."""

MOST_FAILURES = 5
"""Datasets in a row that may not be had by themselves; then the server is away."""

LONGEST_TITLE, MOST_FILES, MOST_WORDS, MOST_NOTES = 500, 1000, 1000, 200

Change = Literal["new", "changed", "unchanged"]


@dataclasses.dataclass(frozen=True)
class Source:
    """Where a catalogue is, and what its configuration says; of a table of datasets also which field each column fills by the source's mapping (empty: none).
    `secret`: what its credential holds, while it is asked (`http.headers_of`).
    """

    address: str
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    columns: Mapping[str, str] = dataclasses.field(default_factory=dict)
    secret: Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False)


class Harvester(abc.ABC):
    """One way that catalogues speak. It keeps nothing between two calls."""

    settings: ClassVar[Mapping[str, type]] = {"allow_internal": bool, "accept_departures": bool, "redistribute": bool, "grace_days": int, "schedule": str, "credential": str}
    """Keys that a source's configuration may have, and what each is."""

    auth_scheme: ClassVar[str] = "Bearer "
    """What such a catalogue wants to read before a token."""

    accept: ClassVar[str] = ""
    """The forms that are wanted, in the words of HTTP; all, where it says nothing."""

    def headers(self, source: Source) -> dict[str, str]:
        """What is told to the source's own server with each request: its credential, or a key that was written into its configuration before credentials were kept."""
        key = source.settings.get("api_key")
        return headers_of(source.secret or ({"token": key} if key else {}), self.auth_scheme)

    def fault(self, settings: Mapping[str, Any]) -> str:
        """What is wrong with a configuration whose keys and kinds are right; nothing when it can be used."""
        return ""

    @abc.abstractmethod
    def discover(self, client: Client, source: Source) -> Iterator[Item]:
        """Each record of the catalogue once. FetchError where the listing breaks off or is not whole; what came before is good."""

    def fetch(self, client: Client, source: Source, item: Item) -> Item:
        """The record of an item that came without content. Most records come with the listing."""
        return item

    @abc.abstractmethod
    def parse(self, content: str, source: Source) -> Record:
        """The record of what came; RecordError where there is none. Asks nobody."""

    @abc.abstractmethod
    def record_address(self, source: Source, identifier: str) -> str:
        """Where one record can be looked at."""


def listing(harvester: Harvester, client: Client, source: Source) -> Iterator[Item]:
    """Discover and fetch: each item with its content or its problem. FetchError where the listing breaks off or is not whole."""
    failures = 0
    for item in harvester.discover(client, source):
        if item.problem or item.content:
            yield item
            continue
        try:
            yield harvester.fetch(client, source, item)
            failures = 0
        except ForbiddenError:
            raise
        except FetchError as error:
            failures += 1
            if failures == MOST_FAILURES:
                raise
            yield Item(problem=f"{item.identifier[:200]}: {error}", cause=error.cause)


def record_of(harvester: Harvester, content: str, source: Source) -> Record:
    """Parse and normalise."""
    return normalise(harvester.parse(content, source))


def normalise(record: Record) -> Record:
    """What every portal can take: texts in the right charset, a title that is a line, each file and keyword once, nothing without end. Doing it again changes nothing."""
    record = mended(record)
    notes = dict.fromkeys(record.notes)
    title, description = record.title[:LONGEST_TITLE].strip(), record.description[:LONGEST]
    if not record.identifier or not title:
        raise RecordError(f"The record has no {'title' if record.identifier else 'identifier'}.", "no_title" if record.identifier else "no_identifier")
    if title != record.title:
        notes[Note("title cut off", record.title[:200])] = None
    files = {resource.url: resource for resource in reversed(record.resources)}
    keywords = {word.casefold(): word for word in reversed(record.keywords)}
    if len(files) > MOST_FILES:
        notes[Note("files left out: there are too many", str(len(files)))] = None
    return dataclasses.replace(
        record,
        title=title,
        description=description,
        resources=tuple(reversed(files.values()))[:MOST_FILES],
        keywords=tuple(reversed(keywords.values()))[:MOST_WORDS],
        notes=tuple(notes)[:MOST_NOTES],
    )


def mended(record: Record) -> Record:
    """The record after the repairs that are the same for every kind of catalogue (`tzc.harvesting.repair`)."""
    changed, notes = repair.mended(dataclasses.asdict(record))
    if not notes:
        return record
    for field in ("publisher", "contact"):
        if field in changed:
            changed[field] = Agent(**changed[field])
    if "resources" in changed:
        changed["resources"] = tuple(Resource(**file) for file in changed["resources"])
    if "languages" in changed:
        changed["languages"] = tuple(filter(None, map(words.language, changed["languages"])))
    return dataclasses.replace(record, **changed, notes=(*record.notes, *(Note(what, value) for what, value in dict.fromkeys(notes))))


def fingerprint(given: object) -> str:
    """What tells whether something changed: of a record, or of the dataset that is made of one."""
    plain = dataclasses.asdict(given) if dataclasses.is_dataclass(given) and not isinstance(given, type) else given
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def change(before: str | None, now: str, *, there: bool) -> Change:
    """What became of one record, by the fingerprints of the last time and of now; `there` says whether its dataset is."""
    if not there:
        return "new"
    return "unchanged" if before == now else "changed"


@dataclasses.dataclass(frozen=True)
class Departures:
    """What is no longer at the source: to be deleted, or so much at once that it is not believed."""

    gone: frozenset[str] = frozenset()
    doubted: frozenset[str] = frozenset()


def departures(known: AbstractSet[str], present: AbstractSet[str], *, whole: bool, accept: bool = False) -> Departures:
    """Compare what is known of a source with what it lists now. A listing that is not whole says of nothing that it is gone."""
    missing = frozenset(known - present)
    if not whole or not missing:
        return Departures()
    many = len(missing) >= COUNT and len(missing) > SHARE * len(known)
    return Departures(doubted=missing) if (many or not present) and not accept else Departures(gone=missing)


@dataclasses.dataclass
class Taking:
    """A catalogue as it stands, read and not written: records and refusals by identifier, and what went wrong with the listing."""

    records: dict[str, Record] = dataclasses.field(default_factory=dict)
    refused: dict[str, str] = dataclasses.field(default_factory=dict)
    problems: list[str] = dataclasses.field(default_factory=list)
    whole: bool = True


def taken(harvester: Harvester, client: Client, source: Source) -> Taking:
    """All steps but the last: what a run would find, in memory."""
    found = Taking()
    try:
        for item in listing(harvester, client, source):
            if item.problem:
                found.whole = False
                found.problems.append(item.problem)
                continue
            try:
                found.records[item.identifier] = record_of(harvester, item.content, source)
            except RecordError as error:
                found.refused[item.identifier] = str(error)
    except FetchError as error:
        found.whole = False
        found.problems.append(str(error))
    return found

