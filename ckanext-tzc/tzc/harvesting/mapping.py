"""A source's mapping: its own words in ours, what is added, what is left out, and whose word counts where a field was edited here. Data with a schema, checked with clear mistakes.

It works on a record as the readers of `harvesters` make it (`dataclasses.asdict`), before it becomes a dataset, as there the source's own words still stand.
"""
from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args

import jsonschema
import yaml

from tzc.catalogue import addresses
from tzc.harvesting.identity import words

Table = Mapping[str, str]

TABLES = ("licence", "theme", "axis", "commune", "publisher", "language", "format")
"""Tables of the source's words and ours."""

DEFAULTS = ("licence", "theme", "axis", "communes", "publisher", "language", "frequency", "access_level")
"""What a dataset gets that says nothing itself."""

FILTERS = ("publishers", "tags", "without_tags")

EDITED = (
    "title", "notes", "tags", "theme", "axis", "communes", "license_id", "language", "frequency", "contact", "publisher", "spatial_coverage", "temporal_coverage", "provenance",
    "documentation", "access_level",
)  # fmt: skip
"""Fields of a dataset of which a mapping may say whose word counts."""

MAILBOX = re.compile(r"[^\s@<>\",;:]+@[^\s@<>\",;:]+\.[^\s@<>\",;:.]+")
"""An address of e-mail: one sign @, and a machine's name with a dot."""

Keep = Literal["unless_changed", "always", "never"]
KEEPS: tuple[Keep, ...] = get_args(Keep)


@dataclasses.dataclass(frozen=True)
class Mistake:
    """What is wrong: where, as `licence.Licence de la ville`, and what was expected. `code` names the sentence, `about` fills it."""

    key: str
    code: str
    about: str

    WORDS: ClassVar = {
        "unknown-key": ("there is no such key; there are: {}", "cette clé n’existe pas ; il y a : {}"),
        "kind": ("expected {}", "attendu : {}"),
        "value": ("none of ours; expected one of: {}", "hors de nos listes ; attendu : {}"),
        "long": ("at most {} entries or characters", "{} entrées ou caractères au plus"),
        "empty": ("the source's word is empty", "le mot de la source est vide"),
        "column": ("none of the fields; expected nothing, or one of: {}", "aucun de ces champs ; attendu : rien, ou l’un de : {}"),
        "twice": ("another column fills the same field: {}", "une autre colonne remplit le même champ : {}"),
        "mailbox": ("expected an address of e-mail, as name@example.org", "attendu : une adresse de courriel, comme nom@exemple.org"),
        "web": ("expected an address of the web, with https://", "attendu : une adresse web, avec https://"),
    }

    def text(self, language: str) -> str:
        """In words."""
        return self.WORDS[self.code][1 if language == "fr" else 0].format(self.about)

    def __str__(self) -> str:
        return f"{self.key}: {self.text('en')}"


class MappingError(ValueError):
    """A mapping that cannot be used; `mistakes` say why."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("; ".join(str(mistake) for mistake in self.mistakes))


@dataclasses.dataclass(frozen=True)
class Lists:
    """The portal's own lists, as codes; of themes, languages and frequencies also the addresses by code."""

    licences: Collection[str] = ()
    themes: Table = dataclasses.field(default_factory=dict)
    languages: Table = dataclasses.field(default_factory=dict)
    frequencies: Table = dataclasses.field(default_factory=dict)
    axes: Collection[str] = ()
    communes: Table = dataclasses.field(default_factory=dict)
    levels: Collection[str] = ("open", "registered", "restricted")
    columns: Collection[str] = ()
    """Fields that the columns of a table of datasets may fill."""

    def of(self, field: str) -> Collection[str] | None:
        """The codes that a field may have; None where it is free."""
        known: Mapping[str, Collection[str]] = {
            "licence": self.licences, "theme": self.themes, "language": self.languages, "frequency": self.frequencies, "axis": self.axes,
            "commune": self.communes, "communes": self.communes, "access_level": self.levels,
        }  # fmt: skip
        return known.get(field)


@lru_cache(maxsize=1)
def schema() -> dict[str, Any]:
    """The form of a mapping, as JSON Schema."""
    content: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "mapping.schema.yaml").read_text(encoding="utf-8"))
    return content


def checked(given: object, lists: Lists) -> dict[str, Any]:
    """The mapping, its empty parts left out; MappingError names every mistake, by its key."""
    mistakes = [_told(error) for error in jsonschema.Draft202012Validator(schema()).iter_errors(given)]
    if not mistakes:
        assert isinstance(given, dict)
        mistakes = list(_meaning(given, lists))
    if mistakes:
        raise MappingError(sorted(mistakes, key=lambda mistake: mistake.key))
    assert isinstance(given, dict)
    return {key: value for key, value in given.items() if value not in ({}, [], "")}


def _told(error: jsonschema.ValidationError) -> Mistake:
    """A mistake of the form, by its key and what was expected there."""
    key = ".".join(str(part) for part in error.absolute_path)
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
        unknown = sorted(set(error.instance) - set(known)) if isinstance(error.instance, dict) else []
        return Mistake(".".join(filter(None, (key, unknown[0] if unknown else ""))), "unknown-key", ", ".join(known))
    if error.validator in {"maxProperties", "maxItems", "maxLength"}:
        return Mistake(key, "long", str(error.validator_value))
    if error.validator in {"minLength", "propertyNames"}:
        return Mistake(key, "empty", "")
    if error.validator == "enum":
        return Mistake(key, "value", ", ".join(KEEPS))
    expected = {"object": "{ … }", "array": "[ … ]", "string": "text", "boolean": "true / false"}
    return Mistake(key or "{ … }", "kind", expected.get(str(error.validator_value), str(error.validator_value)))


def _meaning(given: Mapping[str, Any], lists: Lists) -> Iterator[Mistake]:
    """Values that are none of the portal's."""
    for table in TABLES:
        known = lists.of(table)
        for word, value in given.get(table, {}).items():
            if not words(word):
                yield Mistake(f"{table}.{word}", "empty", "")
            elif known is not None and value not in known:
                yield Mistake(f"{table}.{word}", "value", ", ".join(known))
    yield from _columns(given.get("columns", {}), lists)
    for field, value in given.get("defaults", {}).items():
        known = lists.of(field)
        for one in value if isinstance(value, list) else [value]:
            if known is not None and one not in known:
                yield Mistake(f"defaults.{field}", "value", ", ".join(known))
    contact = given.get("contact", {})
    if contact.get("email") and not MAILBOX.fullmatch(contact["email"]):
        yield Mistake("contact.email", "mailbox", "")
    if contact.get("url") and not addresses.leads_somewhere(contact["url"]):
        yield Mistake("contact.url", "web", "")


def _columns(given: Mapping[str, str], lists: Lists) -> Iterator[Mistake]:
    """Columns of a table that fill no field that there is, or one that another fills."""
    first: dict[str, str] = {}
    for column, field in given.items():
        if field and field not in lists.columns:
            yield Mistake(f"columns.{column}", "column", ", ".join(lists.columns))
        elif field and first.setdefault(field, column) != column:
            yield Mistake(f"columns.{column}", "twice", first[field])


# what it makes of a record


@dataclasses.dataclass(frozen=True)
class Reason:
    """What the mapping did: by which part of it (`licence`, `defaults.licence` …), the source's word, ours."""

    part: str
    came: str
    became: str


@dataclasses.dataclass(frozen=True)
class Mapped:
    """A record after the mapping: its changed fields, the axes, why, and which filter leaves it out, if one does."""

    record: dict[str, Any]
    axes: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    left_out: str = ""
    """`publishers`, `tags` or `without_tags`; empty for one that is taken."""


UNSTATED = ("notspecified", "other-closed")
"""Licences that a default or a table may replace: none is stated, or none of ours."""


def mapped(record: Mapping[str, Any], mapping: Mapping[str, Any], lists: Lists) -> Mapped:
    """Apply a mapping that was checked. Each word is looked up once: ours is not looked up again."""
    work = _Work(dict(record), mapping, lists)
    if left_out := work.filtered():
        return Mapped(dict(record), left_out=left_out)
    work.apply()
    return Mapped(work.record, tuple(dict.fromkeys(work.axes)), tuple(dict.fromkeys(work.reasons)))


class _Work:
    """One record while it is mapped."""

    def __init__(self, record: dict[str, Any], mapping: Mapping[str, Any], lists: Lists) -> None:
        self.record, self.mapping, self.lists = record, mapping, lists
        self.tables = {name: {_key(word): value for word, value in mapping.get(name, {}).items()} for name in TABLES}
        self.defaults: Mapping[str, Any] = mapping.get("defaults", {})
        self.axes: list[str] = []
        self.reasons: list[Reason] = []

    def filtered(self) -> str:
        """Which filter leaves the record out."""
        filters = {name: {_key(word) for word in self.mapping.get("filters", {}).get(name, [])} for name in FILTERS}
        tags = {_key(word) for word in self.record.get("keywords") or ()}
        makers = {_key(agent["name"]) for agent in [self.record.get("publisher")] if agent}
        if filters["publishers"] and not makers & filters["publishers"]:
            return "publishers"
        if filters["tags"] and not tags & filters["tags"]:
            return "tags"
        return "without_tags" if tags & filters["without_tags"] else ""

    def apply(self) -> None:
        """Table by table; then what is still missing."""
        self.licence()
        self.several("themes", "theme", [*self.record.get("keywords", ()), *self.unread("theme")], self.lists.themes)
        self.several("languages", "language", self.unread("language"), self.lists.languages)
        self.several("communes", "commune", self.record.get("places") or (), {code: code for code in self.lists.communes})
        self.axis()
        self.publisher()
        self.formats()
        self.contact()
        self.missing()

    def said(self, table: str, came: str) -> str:
        """Our word for the source's, and the reason noted."""
        ours = self.tables[table].get(_key(came), "") if came else ""
        if ours and ours != came:
            self.reasons.append(Reason(table, came, ours))
        return ours

    def unread(self, what: str) -> list[str]:
        """Values that the reader did not understand."""
        return [note["value"] for note in self.record.get("notes") or () if note["what"] == f"{what} not understood"]

    def licence(self) -> None:
        stated = self.record.get("licence_stated") or ""
        if ours := self.said("licence", stated) or self.said("licence", self.record.get("licence") or ""):
            self.record["licence"] = ours

    def several(self, field: str, table: str, came: Iterable[str], addresses: Table) -> None:
        found = [addresses[code] for word in came if (code := self.tables[table].get(_key(word), "")) in addresses]
        kept = tuple(self.record.get(field) or ())
        more = [value for value in dict.fromkeys(found) if value not in kept]
        for word in came:
            if addresses.get(self.tables[table].get(_key(word), "")) in more:
                self.said(table, word)
        if more:
            self.record[field] = (*kept, *more)

    def axis(self) -> None:
        codes = {address: code for code, address in self.lists.themes.items()}
        maker = self.record.get("publisher")
        came = [*self.record.get("keywords", ()), *(codes.get(theme, "") for theme in self.record.get("themes") or ()), maker["name"] if maker else ""]
        self.axes += [axis for word in came if (axis := self.said("axis", word))]

    def publisher(self) -> None:
        maker = self.record.get("publisher")
        if maker and (ours := self.said("publisher", maker["name"])):
            self.record["publisher"] = {**maker, "name": ours}

    def formats(self) -> None:
        files = self.record.get("resources") or ()
        self.record["resources"] = tuple({**file, "format": self.said("format", file["format"]) or file["format"]} for file in files)

    def contact(self) -> None:
        given = {key: value for key, value in self.mapping.get("contact", {}).items() if value}
        if given and given != {key: value for key, value in (self.record.get("contact") or {}).items() if value}:
            self.reasons.append(Reason("contact", (self.record.get("contact") or {}).get("name") or "", given.get("name") or given.get("email") or given.get("url", "")))
            self.record["contact"] = {"name": "", "email": "", "url": "", **given}

    def missing(self) -> None:
        """Defaults, where nothing is said."""
        lists = self.lists
        self.default("licence", "licence", lambda code: code, UNSTATED)
        self.default("theme", "themes", lambda codes: tuple(lists.themes[code] for code in codes))
        self.default("language", "languages", lambda code: (lists.languages[code],))
        self.default("frequency", "frequency", lambda code: lists.frequencies[code])
        self.default("communes", "communes", tuple)
        self.default("publisher", "publisher", lambda name: {"name": name, "email": "", "url": ""})
        if self.defaults.get("access_level") in lists.levels and self.record.get("access") == "open" and self.defaults["access_level"] != "open":
            # a default may make stricter, never opener
            self.reasons.append(Reason("defaults.access_level", "open", self.defaults["access_level"]))
            self.record["access"] = self.defaults["access_level"]
        if not self.axes and self.defaults.get("axis"):
            self.axes += self.defaults["axis"]
            self.reasons.append(Reason("defaults.axis", "", ", ".join(self.axes)))

    def default(self, name: str, field: str, made: Any, empty: Collection[str] = ()) -> None:
        value = self.defaults.get(name)
        if value and (not self.record.get(field) or self.record[field] in empty) and self.record.get(field) != made(value):
            self.reasons.append(Reason(f"defaults.{name}", "", ", ".join(value) if isinstance(value, list) else value))
            self.record[field] = made(value)


def _key(word: str) -> str:
    """A word as it is looked up: without regard to capitals, accents and signs; its signs alone where it has nothing else."""
    return " ".join(words(word)) or word.strip().lower()


def keeps(mapping: Mapping[str, Any]) -> dict[str, Keep]:
    """Of each field whose word counts where it was edited here; fields that are not named: `unless_changed`."""
    found: dict[str, Keep] = dict(mapping.get("local_edits", {}))
    return found


def redistributed(mapping: Mapping[str, Any]) -> bool | None:
    """Whether the source's datasets go on to national portals; None where the mapping says nothing of it."""
    allowed: bool | None = mapping.get("redistribution", {}).get("allowed")
    return allowed
