"""The territory: all that belongs to one place, read from one YAML file and checked against a JSON Schema.

An error names the line, the key and what was expected there.
"""
from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytz  # type: ignore[import-untyped]  # -- CKAN looks time zones up in it
import yaml

from . import picture, siren

Texts = Mapping[str, str]
"""A text in each language, by language code."""


class TerritoryError(ValueError):
    """A territory file that cannot be used; the message holds one line a mistake."""


@dataclasses.dataclass(frozen=True)
class Axis:
    """A line of action of the territory (`axis`), or what serves them all (`lever`). Becomes a CKAN group named `id`."""

    id: str
    kind: str
    title: Texts
    description: Texts
    icon: str


@dataclasses.dataclass(frozen=True)
class Commune:
    """A municipality: its INSEE code, name and centre (longitude, latitude in degrees, WGS 84)."""

    code: str
    name: str
    centre: tuple[float, float]


@dataclasses.dataclass(frozen=True)
class Box:
    """A bounding box in degrees, WGS 84."""

    west: float
    south: float
    east: float
    north: float


@dataclasses.dataclass(frozen=True)
class Colours:
    """Colours as `#rrggbb`: the accent, and a second one for ornament."""

    accent: str
    second: str | None = None


@dataclasses.dataclass(frozen=True)
class Goal:
    """What the territory has promised for a year.

    Either `reduction` per cent less than in the year `baseline`, or `value` in a `unit`, or neither: the title says it all.
    """

    id: str
    title: Texts
    year: int
    source: str
    reduction: float | None = None
    baseline: int | None = None
    value: float | None = None
    unit: str | None = None


@dataclasses.dataclass(frozen=True)
class Factor:
    """An emission factor: grams of CO2 equivalent a kilowatt-hour, for a year, from a source (an address)."""

    value: float
    year: int
    source: str


@dataclasses.dataclass(frozen=True)
class Territory:
    """What the portal knows of the place it serves."""

    id: str
    name: Texts
    tagline: Texts
    about: Texts
    languages: Sequence[str]
    timezone: str
    projection: int
    colours: Colours
    contact: Mapping[str, Any]
    bounding_box: Box
    axes: Sequence[Axis]
    goals: Sequence[Goal]
    licences: Sequence[str]
    communes: Sequence[Commune]
    siren: str | None = None
    logo: picture.Picture | None = None
    electricity_factor: Factor | None = None

    def text(self, texts: Texts, language: str) -> str:
        """A text in this language, or in the territory's first one."""
        return texts.get(language) or texts[self.languages[0]]

    @cached_property
    def commune_names(self) -> dict[str, str]:
        """Names by INSEE code."""
        return {commune.code: commune.name for commune in self.communes}

    @property
    def axis_ids(self) -> list[str]:
        """Names of the axes and levers, in the file's order."""
        return [axis.id for axis in self.axes]


@lru_cache(maxsize=1)
def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a territory file."""
    text = (files("tzc.catalogue") / "territory.schema.yaml").read_text(encoding="utf-8")
    schema: dict[str, Any] = yaml.safe_load(text)
    return schema


def read_file(file: Path, licences: Collection[str] | None = None) -> Territory:
    """Read a territory from its file, with the logo beside it; see `read_territory`."""
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise TerritoryError(f"{file}: this is not text in UTF-8 (byte {error.start + 1})") from error
    return read_territory(text, source=str(file), licences=licences, folder=file.parent)


def read_territory(text: str, source: str = "territory.yaml", licences: Collection[str] | None = None, folder: Path | None = None) -> Territory:
    """Read a territory from YAML text.

    `licences` are the codes that may be offered (any, without), `folder` is where its logo lies (it is not looked at, without).
    Raises TerritoryError with every mistake found: `source`, line, key, what was expected.
    """
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
            raise TerritoryError(f"{source}: write values out instead of pointing to them with *; a few lines of pointers could stand for more than any memory holds")
        root, content = yaml.compose(text, Loader=yaml.SafeLoader), yaml.safe_load(text)
    except RecursionError as error:
        raise TerritoryError(f"{source}: lists stand in lists too deep to be a territory; compare it with config/territory.yaml") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise TerritoryError(f"{source}{line}: this is not YAML: {getattr(error, 'problem', None) or error}") from error
    if not isinstance(root, yaml.MappingNode):
        raise TerritoryError(f"{source}: the file must hold keys and values (id: …, name: …)")
    mistakes = [*_doubled_keys(root), *_schema_mistakes(content, root)] or [*_meaning_mistakes(content, root), *_licence_mistakes(content, root, licences)]
    logo, wrong = _logo(content.get("logo"), folder) if not mistakes else (None, None)
    if wrong:
        mistakes = [(_line(root, ["logo"]), f"logo: {wrong}")]
    if mistakes:
        raise TerritoryError("\n".join(f"{source}, line {line}: {words}" for line, words in sorted(mistakes)))
    return Territory(
        **{key: content[key] for key in ("id", "name", "tagline", "about", "languages", "timezone", "projection", "contact", "licences")},
        siren=content.get("siren"),
        logo=logo,
        colours=Colours(**content["colours"]),
        bounding_box=Box(**content["bounding_box"]),
        axes=[Axis(**axis) for axis in content["axes"]],
        goals=[Goal(**goal) for goal in content["goals"]],
        electricity_factor=Factor(**content["electricity_factor"]) if "electricity_factor" in content else None,
        communes=[Commune(commune["code"], commune["name"], (commune["centre"][0], commune["centre"][1])) for commune in content["communes"]],
    )


def _logo(name: str | None, folder: Path | None) -> tuple[picture.Picture | None, str | None]:
    """The logo, and what is wrong with it."""
    if not name or folder is None:
        return None, None
    try:
        return picture.read(name, (folder / name).read_bytes()), None
    except OSError as error:
        return None, f"{name!r} cannot be read ({error.strerror}); it must lie beside this file"
    except picture.PictureError as error:
        return None, str(error)


Mistake = tuple[int, str]


def _schema_mistakes(content: Any, root: yaml.Node) -> list[Mistake]:
    validator = jsonschema.Draft202012Validator(json_schema())
    return [(_line(root, path), f"{_key(error.absolute_path)}: {words}") for error in validator.iter_errors(content) for path, words in _places(error)]


def _places(error: jsonschema.ValidationError) -> Iterator[tuple[list[Any], str]]:
    """Where a mistake stands, and in which words: each unknown key is one, on its own line."""
    path = list(error.absolute_path)
    if error.validator != "additionalProperties":
        yield path, _words(error)
        return
    instance: Any = error.instance
    known: Any = error.schema
    for name in [name for name in instance if name not in known["properties"]]:
        yield [*path, name], f"unknown key ({name!r}); known keys: {', '.join(sorted(known['properties']))}"


def _words(error: jsonschema.ValidationError) -> str:
    """Say what was expected, in the schema's own words where it has some."""
    expected = error.schema.get("errorMessage") if isinstance(error.schema, dict) else None
    wanted: Any = error.validator_value
    given: Any = error.instance
    if error.validator == "dependentRequired":
        key = next(key for key, others in wanted.items() if key in given and not set(others) <= set(given))
        return f"{key!r} needs {', '.join(repr(other) for other in wanted[key] if other not in given)} beside it"
    if error.validator == "required":
        missing = [name for name in wanted if name not in given]
        return f"the key {', '.join(map(repr, missing))} is missing"
    shown = repr(error.instance)
    shown = shown if len(shown) < 60 else f"{shown[:57]}…"
    return f"{shown} is not usable; expected {expected}" if expected else error.message


def _meaning_mistakes(content: Any, root: yaml.Node) -> list[Mistake]:
    """Mistakes that a schema cannot see."""
    found = [*_given_twice(content), *_missing_texts(content), *_wrong_facts(content), *_wrong_places(content)]
    return [(_line(root, path), f"{_key(path)}: {words}") for path, words in found]


Found = Iterator[tuple[list[Any], str]]
"""Mistakes: where, and what was expected."""


def _given_twice(content: Any) -> Found:
    for name, field in (("axes", "id"), ("goals", "id"), ("communes", "code")):
        seen: set[str] = set()
        for index, entry in enumerate(content[name]):
            if entry[field] in seen:
                yield [name, index, field], f"{entry[field]!r} is given twice; each {field} once"
            seen.add(entry[field])


def _missing_texts(content: Any) -> Found:
    for path, values in _texts(content):
        for language in content["languages"]:
            if not values.get(language):
                yield path, f"the text in {language!r} is missing; languages are {', '.join(content['languages'])}"


def _wrong_facts(content: Any) -> Found:
    if content["timezone"] not in pytz.all_timezones_set:
        yield ["timezone"], f"{content['timezone']!r} is no time zone; expected a name of the time zone database, such as Europe/Paris"
    if "siren" in content and not siren.is_siren(content["siren"]):
        yield ["siren"], f"{content['siren']!r} is no SIREN: its last digit does not fit the others; look for a digit mistyped"
    for index, goal in enumerate(content["goals"]):
        if goal.get("baseline", 0) >= goal["year"]:
            yield ["goals", index, "baseline"], f"the year of reference, {goal['baseline']}, must be before the goal's, {goal['year']}"


def _wrong_places(content: Any) -> Found:
    box = content["bounding_box"]
    endless = next((name for name, degrees in box.items() if not math.isfinite(degrees)), None)
    if endless:
        yield ["bounding_box", endless], f"{box[endless]} is not usable; expected decimal degrees"
        return
    if box["west"] >= box["east"] or box["south"] >= box["north"]:
        yield ["bounding_box"], "west must be below east and south below north"
        return
    for index, commune in enumerate(content["communes"]):
        east, north = commune["centre"]
        if not (box["west"] <= east <= box["east"] and box["south"] <= north <= box["north"]):
            yield ["communes", index, "centre"], f"{commune['name']} lies outside bounding_box; centres are [longitude, latitude]"


def _texts(content: Any) -> list[tuple[list[Any], Any]]:
    """Every text of the file, with its path."""
    single = [(["name"], content["name"]), (["tagline"], content["tagline"]), (["about"], content["about"]), (["contact", "name"], content["contact"]["name"])]
    axes = [(["axes", index, field], axis[field]) for index, axis in enumerate(content["axes"]) for field in ("title", "description")]
    return [*single, *axes, *[(["goals", index, "title"], goal["title"]) for index, goal in enumerate(content["goals"])]]


def _licence_mistakes(content: Any, root: yaml.Node, known: Collection[str] | None) -> list[Mistake]:
    return [
        (_line(root, ["licences", index]), f"licences.{index}: {code!r} is not usable; expected one of {', '.join(known)}")
        for index, code in enumerate(content["licences"])
        if known is not None and code not in known
    ]


def _doubled_keys(node: yaml.Node) -> list[Mistake]:
    found: list[Mistake] = []
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                found.append((key.start_mark.line + 1, f"{key.value}: this key is given twice; YAML keeps only one of them"))
            seen.add(key.value)
            found += _doubled_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            found += _doubled_keys(value)
    return found


def _key(path: Sequence[Any]) -> str:
    return ".".join(str(part) for part in path) or "the file"


def _line(node: yaml.Node, path: Sequence[Any]) -> int:
    """The line (from 1) of the value at `path`, or of the deepest key on the way that exists."""
    line = node.start_mark.line + 1
    for part in path:
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode):
            node = node.value[int(part)]
            line = node.start_mark.line + 1
    return line
