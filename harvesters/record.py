"""A dataset as any catalogue describes it: what our readers make, and what the portal is written from."""
from __future__ import annotations

import dataclasses


class RecordError(ValueError):
    """One record that cannot be taken; the message says why, `cause` is its code (`tzc.harvesting.causes`). The others are taken all the same."""

    def __init__(self, words: str, cause: str = "record") -> None:
        super().__init__(words)
        self.cause = cause


@dataclasses.dataclass(frozen=True)
class Note:
    """Something that was mended or left out: what, and the value as it came."""

    what: str
    value: str = ""


@dataclasses.dataclass(frozen=True)
class Agent:
    """A person, service or organisation."""

    name: str = ""
    email: str = ""
    url: str = ""


@dataclasses.dataclass(frozen=True)
class Period:
    """From when to when, each a year, a month, a day, a moment, or nothing."""

    start: str = ""
    end: str = ""


@dataclasses.dataclass(frozen=True)
class Box:
    """A rectangle in degrees; one that crosses the date line has its west east of its east."""

    west: float
    south: float
    east: float
    north: float


@dataclasses.dataclass(frozen=True)
class Resource:
    """A file, a service or a page where data are found."""

    url: str
    name: str = ""
    description: str = ""
    format: str = ""
    media: str = ""
    size: int | None = None
    issued: str = ""
    modified: str = ""


@dataclasses.dataclass(frozen=True)
class Record:
    """A dataset. Themes, languages and the frequency are IRIs of our vocabularies, the licence and the access level codes of them."""

    identifier: str
    title: str
    description: str = ""
    address: str = ""
    """Its page in the catalogue that it comes from."""

    keywords: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    licence: str = "notspecified"
    licence_stated: str = ""
    access: str = "open"
    access_rights: str = ""
    """The IRI of a stated limit of access."""

    limits: tuple[str, ...] = ()
    """Limits and conditions of use, in words."""

    publisher: Agent | None = None
    contact: Agent | None = None
    issued: str = ""
    modified: str = ""
    languages: tuple[str, ...] = ()
    frequency: str = ""
    places: tuple[str, ...] = ()
    communes: tuple[str, ...] = ()
    """Codes of the national statistics institute."""

    box: Box | None = None
    periods: tuple[Period, ...] = ()
    provenance: str = ""
    version: str = ""
    conforms_to: tuple[str, ...] = ()
    high_value: tuple[str, ...] = ()
    """Categories of high-value datasets, as IRIs."""

    legislation: tuple[str, ...] = ()
    """Addresses of what obliges to publish."""

    documentation: tuple[str, ...] = ()
    other_identifiers: tuple[str, ...] = ()
    derived_from: tuple[str, ...] = ()
    """Addresses of what it was made of, as the catalogue states them."""

    extras: tuple[tuple[str, str], ...] = ()
    """What the catalogue says besides, as (key, value)."""

    resources: tuple[Resource, ...] = ()
    notes: tuple[Note, ...] = ()


@dataclasses.dataclass(frozen=True)
class Item:
    """One entry of a catalogue's listing, as it came; with a problem it cannot be taken, and `cause` is the code of that."""

    identifier: str = ""
    content: str = ""
    problem: str = ""
    cause: str = "nameless"
