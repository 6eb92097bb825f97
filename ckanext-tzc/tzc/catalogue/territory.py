"""The territory: all that belongs to one place, read from one YAML file and checked against a JSON Schema.

An error names the line, the key and what was expected there.
"""
from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Any

import jsonschema
import yaml

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
class Territory:
    """What the portal knows of the place it serves."""

    id: str
    name: Texts
    tagline: Texts
    about: Texts
    languages: Sequence[str]
    timezone: str
    colour: str
    contact: Mapping[str, Any]
    bounding_box: Box
    axes: Sequence[Axis]
    communes: Sequence[Commune]

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


def read_territory(text: str, source: str = "territory.yaml") -> Territory:
    """Read a territory from YAML text.

    Raises TerritoryError with every mistake found: `source`, line, key, what was expected.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise TerritoryError(f"{source}{line}: this is not YAML: {getattr(error, 'problem', None) or error}") from error
    if not isinstance(root, yaml.MappingNode):
        raise TerritoryError(f"{source}: the file must hold keys and values (id: …, name: …)")
    content = yaml.safe_load(text)
    mistakes = [*_doubled_keys(root), *_schema_mistakes(content, root)] or [*_meaning_mistakes(content, root)]
    if mistakes:
        raise TerritoryError("\n".join(f"{source}, line {line}: {words}" for line, words in sorted(mistakes)))
    return Territory(
        **{key: content[key] for key in ("id", "name", "tagline", "about", "languages", "timezone", "colour", "contact")},
        bounding_box=Box(**content["bounding_box"]),
        axes=[Axis(**axis) for axis in content["axes"]],
        communes=[Commune(commune["code"], commune["name"], (commune["centre"][0], commune["centre"][1])) for commune in content["communes"]],
    )


Mistake = tuple[int, str]


def _schema_mistakes(content: Any, root: yaml.Node) -> list[Mistake]:
    validator = jsonschema.Draft202012Validator(json_schema())
    return [(_line(root, error.absolute_path), f"{_key(error.absolute_path)}: {_words(error)}") for error in validator.iter_errors(content)]


def _words(error: jsonschema.ValidationError) -> str:
    """Say what was expected, in the schema's own words where it has some."""
    expected = error.schema.get("errorMessage") if isinstance(error.schema, dict) else None
    wanted: Any = error.validator_value
    given: Any = error.instance
    known: Any = error.schema
    if error.validator == "required":
        missing = [name for name in wanted if name not in given]
        return f"the key {', '.join(map(repr, missing))} is missing"
    if error.validator == "additionalProperties":
        return f"unknown key ({error.message.partition('(')[2].rstrip(')') or error.message}); known keys: {', '.join(sorted(known['properties']))}"
    shown = repr(error.instance)
    shown = shown if len(shown) < 60 else f"{shown[:57]}…"
    return f"{shown} is not usable; expected {expected}" if expected else error.message


def _meaning_mistakes(content: Any, root: yaml.Node) -> list[Mistake]:
    """Mistakes that a schema cannot see: something given twice, a text without the first language, a box turned round."""
    found: list[Mistake] = []
    for name, field in (("axes", "id"), ("communes", "code")):
        seen: set[str] = set()
        for index, entry in enumerate(content[name]):
            if entry[field] in seen:
                found.append((_line(root, [name, index, field]), f"{name}.{index}.{field}: {entry[field]!r} is given twice; each {field} once"))
            seen.add(entry[field])
    texts: list[tuple[list[Any], Any]] = [(["name"], content["name"]), (["tagline"], content["tagline"]), (["about"], content["about"])]
    texts += [(["axes", index, field], axis[field]) for index, axis in enumerate(content["axes"]) for field in ("title", "description")]
    for path, values in texts:
        for language in content["languages"]:
            if not values.get(language):
                found.append((_line(root, path), f"{_key(path)}: the text in {language!r} is missing; languages are {', '.join(content['languages'])}"))
    box = content["bounding_box"]
    if box["west"] >= box["east"] or box["south"] >= box["north"]:
        found.append((_line(root, ["bounding_box"]), "bounding_box: west must be below east and south below north"))
    return found


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
