"""What catalogues that answer in JSON of their own share: fields of any kind, read without trusting them."""
from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from tzc.catalogue import addresses, keywords
from tzc.harvesting import repair

from .. import words
from ..formats import format_of
from ..licences import OWN_CONDITIONS, UNSTATED, licence_of
from ..record import Agent, Note, RecordError, Resource
from ..themes import themes as crosswalk

MOST_ITEMS = 1000


def written(entry: object) -> str:
    """As text that a database takes."""
    return json.dumps(entry, ensure_ascii=False, sort_keys=True).encode(errors="replace").decode()


def opened(content: str) -> Mapping[str, Any]:
    """The object that was written; RecordError where it is none."""
    try:
        entry = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise RecordError(f"The record is no JSON: {str(error)[:100]}") from error
    if not isinstance(entry, Mapping):
        raise RecordError("The record is no dataset: an object was expected.")
    return entry


def mapping(value: object) -> Mapping[str, Any]:
    """An object, or an empty one."""
    return value if isinstance(value, Mapping) else {}


def listed(value: object) -> list[Any]:
    """A list; one value is a list of one, nothing an empty one."""
    found = value if isinstance(value, list) else [] if value in (None, "") else [value]
    return found[:MOST_ITEMS]


def lines(value: object) -> list[str]:
    """One value or several, as lines."""
    return [said for entry in listed(value) if (said := words.line(entry))]


def web(*values: object) -> tuple[str, ...]:
    """Those that are addresses of the web, each once."""
    return tuple(dict.fromkeys(said for value in values for said in lines(value) if addresses.leads_somewhere(said)))


def agent(name: object, mail: object = "", page: object = "") -> Agent | None:
    """Nothing where nothing is known."""
    mailbox, address = words.line(mail).removeprefix("mailto:"), words.line(page)
    known = Agent(words.line(name)[:300], mailbox if "@" in mailbox else "", address if addresses.leads_somewhere(address) else "")
    return known if known != Agent() else None


class Notes:
    """What was mended so far, and the readings that mend."""

    def __init__(self) -> None:
        self.found: dict[Note, None] = {}

    def __call__(self, what: str, value: object = "") -> None:
        self.found[Note(what, words.line(value)[:200])] = None

    def text(self, value: object) -> str:
        """A description."""
        if isinstance(value, str) and words.MARKUP.search(value):
            self("description in HTML")
        return words.text(value)

    def date(self, *values: object) -> str:
        """The first date that is understood."""
        for value in values:
            if said := words.line(value):
                if date := words.date(said):
                    return date
                self("date not understood", said)
        return ""

    def known(self, what: str, read: Callable[[object], str], value: object) -> tuple[str, ...]:
        """What a vocabulary knows of one value or several."""
        found = {said: read(said) for said in lines(value)}
        for said in (said for said, iri in found.items() if not iri):
            self(f"{what} not understood", said)
        return tuple(dict.fromkeys(filter(None, found.values())))

    def keywords(self, stated: Iterable[str]) -> tuple[str, ...]:
        """Keywords that the portal takes."""
        found: dict[str, str] = {}
        for said in stated:
            if word := keywords.tamed(said):
                found.setdefault(word.casefold(), word)
            if word != said:
                self("keyword made such that it is taken", said)
        return tuple(found.values())

    def themes(self, stated: Collection[str]) -> tuple[str, ...]:
        """EU themes, of themes of the EU or of INSPIRE by name, code or address."""
        for said in stated:
            if crosswalk((), [said]) and not crosswalk((), (), [said]):
                self(repair.INSPIRE_THEME, said)
        return crosswalk((), stated, stated)

    def licence(self, *stated: object) -> tuple[str, str]:
        """The licence's code, and how it was stated."""
        said = [line for value in stated for line in lines(value)]
        known = next((word for word in said if licence_of([word]) not in {UNSTATED, OWN_CONDITIONS}), "")
        code = licence_of([known] if known else said)
        if code == OWN_CONDITIONS:
            known = next((word for word in said if licence_of([word]) == code), "")
            self("licence that is none of ours", known)
        return code, known[:300]

    def resource(
        self, address: object, name: object, *, description: object = "", form: object = "", media: object = "", size: object = None, issued: object = "", modified: object = ""
    ) -> Resource | None:
        """A file; None for one without an address of the web."""
        url = words.line(address)
        if not addresses.leads_somewhere(url, addresses.REMOTE):
            self("resource without an address of the web", url or name)
            return None
        kind = format_of(words.line(form), words.line(media), url)
        if kind.name and not words.line(form) and not words.line(media):
            self("format that was missing, by the address", url)
        return Resource(url, words.line(name)[:300], words.text(description), kind.name, kind.media, words.size(size), self.date(issued), self.date(modified))
