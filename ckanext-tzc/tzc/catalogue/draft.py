"""A first territory file for a French inter-municipality, from what the public géo API says of it.

What nobody but the territory can say is marked TODO; the file is valid all the same.
"""
from __future__ import annotations

import dataclasses
import json
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml

PADDING = 0.05
"""Degrees around a commune's centre, where its own box is not known: some five kilometres."""


class AnswerError(ValueError):
    """An answer of the API that is not of the shape its documentation gives."""


@dataclasses.dataclass(frozen=True)
class Place:
    """A commune as the API gives it: centre (longitude, latitude), corners of its box."""

    code: str
    name: str
    centre: tuple[float, float]
    corners: Sequence[tuple[float, float]]


def draft(siren: str, epci: Any, communes: Any, licences: Sequence[str], today: str) -> str:
    """Make a territory file's text.

    `epci` and `communes` are the API's answers for `/epcis/SIREN` and `/epcis/SIREN/communes`. Raises AnswerError.
    """
    name = epci.get("nom") if isinstance(epci, dict) else None
    if not isinstance(name, str) or not name.strip():
        raise AnswerError("the inter-municipality has no name")
    if not isinstance(communes, list) or not communes:
        raise AnswerError("the inter-municipality has no communes")
    places = sorted((_place(commune) for commune in communes), key=lambda place: place.code)
    facts = _facts(places)
    return TEMPLATE.format(
        siren=siren,
        today=today,
        id=_slug(name) or f"epci-{siren}",
        name=_quoted(name.strip()),
        timezone=facts["timezone"],
        projection=facts["projection"],
        box="".join(f"  {side}: {value:.2f}\n" for side, value in _box(places).items()),
        licences=", ".join(licences),
        factor=_factor(facts),
        communes="".join(f'  - {{code: "{place.code}", name: {_quoted(place.name)}, centre: [{place.centre[0]:.3f}, {place.centre[1]:.3f}]}}\n' for place in places),
    )


def _place(commune: Any) -> Place:
    try:
        code, name = commune["code"], commune["nom"]
        centre = _point(commune["centre"]["coordinates"])
        # a Polygon: one ring of corners
        box = commune.get("bbox")
        corners = [_point(corner) for corner in box["coordinates"][0]] if box else _around(centre)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise AnswerError(f"a commune is not given as expected: {str(commune)[:120]}") from error
    if not isinstance(code, str) or not isinstance(name, str) or not name.strip():
        raise AnswerError(f"a commune has no code or name: {str(commune)[:120]}")
    return Place(code, name.strip(), centre, [*corners, centre])


def _point(coordinates: Any) -> tuple[float, float]:
    east, north = (float(number) for number in coordinates)
    if not (abs(east) <= 180 and abs(north) <= 90):
        raise ValueError(coordinates)
    return east, north


def _around(centre: tuple[float, float]) -> list[tuple[float, float]]:
    return [(centre[0] + east, centre[1] + north) for east in (-PADDING, PADDING) for north in (-PADDING, PADDING)]


def _box(places: Sequence[Place]) -> dict[str, float]:
    """The box of all communes, rounded outwards to a hundredth of a degree."""
    easts, norths = zip(*(corner for place in places for corner in place.corners), strict=True)
    low, high = [math.floor(min(values) * 100) / 100 for values in (easts, norths)], [math.ceil(max(values) * 100) / 100 for values in (easts, norths)]
    return {"west": low[0], "south": low[1], "east": high[0], "north": high[1]}


def _facts(places: Sequence[Place]) -> dict[str, Any]:
    """What follows from the department most communes lie in."""
    codes = Counter(place.code[:3] if place.code.startswith("97") else place.code[:2] for place in places)
    table = _departments()
    return {**table["departments"].get(codes.most_common(1)[0][0], table["default"]), "source": table["source"]}


@lru_cache(maxsize=1)
def _departments() -> dict[str, Any]:
    table: dict[str, Any] = yaml.safe_load((files("tzc.catalogue") / "departments.yaml").read_text(encoding="utf-8"))
    return table


def _factor(facts: dict[str, Any]) -> str:
    if "electricity" not in facts:
        return ""
    source = facts["source"]
    return f"\n# TODO: look for a younger figure.\nelectricity_factor:\n  value: {facts['electricity']}\n  year: {source['year']}\n  source: {source['address']}\n"


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    # "CA ", "CC ", "Métropole " and the like name the kind of body, not the place
    plain = re.sub(r"^(ca|cc|cu|met69|metropole)\b(\s+(de|du|des|d')\b)?", "", plain.strip())
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


TEMPLATE = """\
# A first draft of a territory file. Complete every line marked TODO, then look it over:
#
#     ./portal ckan tzc territory check THIS-FILE
#     TZC_TERRITORY=THIS-FILE ./portal up
#
# Each key: docs/territory.md. Name, communes, centres and box: the public géo API (geo.api.gouv.fr), SIREN {siren}, read on {today}.

id: {id}

# TODO: the names that people use
name:
  fr: {name}
  en: {name}

tagline:
  fr: "TODO – ce que vise le territoire, en une phrase."
  en: "TODO – what the territory aims at, in one sentence."

about:
  fr: "TODO – qui porte ce portail, pour qui, et ce qu’on y trouve (Markdown)."
  en: "TODO – who runs this portal, for whom, and what it holds (Markdown)."

languages: [fr, en]
timezone: {timezone}
siren: "{siren}"
projection: {projection}

# TODO: the territory's colours; a logo beside this file is named with `logo: logo.svg`
colours:
  accent: "#1d5b78"

# TODO: a real address
contact:
  name:
    fr: "TODO – équipe du portail"
    en: "TODO – portal team"
  email: donnees@example.org

# The communes' own boxes together, decimal degrees (WGS 84), rounded outwards to a hundredth.
bounding_box:
{box}
# TODO: the territory's lines of action (`axis`) and what serves them all (`lever`). Their `id` becomes an address: choose it well, it is
# not changed later. Icons: building, bike, sun, recycle, waves, database, people.
axes:
  - id: axe-1
    kind: axis
    title: {{fr: "TODO – premier axe", en: "TODO – first axis"}}
    description: {{fr: "TODO – ce qu’on y fait.", en: "TODO – what is done there."}}
    icon: building
  - id: axe-2
    kind: axis
    title: {{fr: "TODO – deuxième axe", en: "TODO – second axis"}}
    description: {{fr: "TODO – ce qu’on y fait.", en: "TODO – what is done there."}}
    icon: bike

# TODO: what was promised, with its source, such as
#   - {{id: climat, title: {{fr: Émissions de gaz à effet de serre, en: Greenhouse gas emissions}}, year: 2030, reduction: 40, baseline: 2015, source: "https://…"}}
goals: []

# The first one is what the form begins with.
licences: [{licences}]
{factor}
communes:
{communes}"""
