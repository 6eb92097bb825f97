"""What all listings of catalogues share: each record once, an end in any case, and knowing whether it was all."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import urljoin, urlsplit, urlunsplit

from .http import FetchError, reported
from .record import Item

MOST_RECORDS = 100_000
"""Records that are taken of one catalogue."""


MOST_CHARACTERS = 4 * 2**30
"""Characters of all records of a catalogue: they are kept while they wait for approval."""

MOST_PROBLEMS = 200
"""Records without identifier, and such, that are told of one by one."""


class IncompleteError(FetchError):
    """The listing is not whole, though nothing failed. What came is good; what did not come may still be there."""

    cause = "incomplete"


def once(pages: Iterable[list[Item]]) -> Iterator[Item]:
    """The items of the pages, each once. A page that brings nothing new is a sign of a listing that never ends; another record of the same identifier is a problem to tell of."""
    seen: dict[str, int] = {}
    problems = weight = 0
    for number, page in enumerate(pages, 1):
        bad, new, doubles = [], [], []
        for item in page:
            content = hash(item.content)
            if item.problem:
                bad.append(item)
            elif item.identifier not in seen:
                seen[item.identifier] = content
                new.append(item)
            elif seen[item.identifier] != content:
                words = f"The identifier {item.identifier[:200]} is given to several records that are not the same; the first of them is taken."
                doubles.append(Item(problem=words, cause="double"))
        yield from (*bad, *new)
        if len(page) > len(bad) and not new:
            raise IncompleteError(f"Page {number} of the listing brings nothing new: its paging does not work.", "paging")
        yield from doubles
        problems += len(bad) + len(doubles)
        weight += sum(len(item.content) for item in new)
        if weight > MOST_CHARACTERS:
            raise IncompleteError(f"The records of the listing have more than {MOST_CHARACTERS // 2**20} MB.", "too_large")
        if problems > MOST_PROBLEMS:
            raise IncompleteError(f"More than {MOST_PROBLEMS} records cannot be taken; the listing is given up.", "broken_record")
        if len(seen) > MOST_RECORDS or number > MOST_RECORDS:
            raise IncompleteError(f"The listing has more than {MOST_RECORDS} records.", "too_large")


class Tally:
    """How many records came, each counted once: one that is given twice may stand in another's place."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.nameless = 0

    def add(self, identifiers: Iterable[str]) -> None:
        """Count the records of a page; those without identifier too."""
        for identifier in identifiers:
            self.seen.add(identifier)
            self.nameless += not identifier

    def confirm(self, expected: int | None) -> None:
        """Fail where fewer came than the catalogue says it has."""
        came = len(self.seen - {""}) + self.nameless
        if expected is not None and came < expected:
            raise IncompleteError(f"The catalogue says that it has {expected} records, but gave {came}.")


class Trail:
    """The pages that a listing leads to by links: none twice, none at another server unless that is allowed."""

    def __init__(self, first: str, allowed: Iterable[str] = ()) -> None:
        self.first = first
        self.asked: set[str] = set()
        self.hosts = {host(first), *allowed}

    def been(self, url: str) -> None:
        """Remember a page that was asked for, or where a redirect led."""
        self.asked.add(plain(url))
        self.hosts.add(host(url))

    def follow(self, here: str, links: Iterable[str]) -> str:
        """The first link that leads on; nothing where there is none."""
        stated = [_joined(here, link.strip()) for link in links]
        if not stated:
            return ""
        url = next((address for address in stated if plain(address) not in self.asked), "")
        if not url:
            raise IncompleteError(f"The next page is one that was read before ({reported(stated[0])}): the paging goes round in circles.", "paging")
        if not url.startswith(("https://", "http://")) or host(url) not in self.hosts:
            words = f'The next page is at another server ({host(url) or url[:100]}). If that is right, name it in the configuration: {{"allow_hosts": ["{host(url)}"]}}.'
            raise FetchError(words, "other_server")
        parts, first = urlsplit(url), urlsplit(self.first)
        login, _, server = first.netloc.rpartition("@")
        return urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc}")) if login and (first.scheme, server) == (parts.scheme, parts.netloc) else url


def _joined(url: str, link: str) -> str:
    """Where a link of a page leads."""
    try:
        return urljoin(url, link)
    except ValueError:
        return link


def host(url: str) -> str:
    """The server, with a port that is not the usual one."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    return f"{parts.hostname or ''}{f':{port}' if port not in {None, 80, 443} else ''}"


def plain(url: str) -> str:
    """An address as it is compared: without scheme, password and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return urlunsplit(parts._replace(scheme="", netloc=parts.netloc.rpartition("@")[2], fragment=""))
