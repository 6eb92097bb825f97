"""The territory file: what is read, and what each mistake is answered."""
from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tzc.catalogue.territory import TerritoryError, read_territory

ROOT = Path(__file__).resolve().parents[3]
HERE = (ROOT / "config/territory.yaml").read_text(encoding="utf-8")

OVERSEAS = """\
id: ile-du-sud
name: {fr: Île du Sud, en: South Island}
tagline: {fr: Vers 2045, en: Towards 2045}
about: {fr: Une île., en: An island.}
languages: [en, fr]
timezone: Indian/Reunion
colour: "#7a1f5c"
contact: {name: {fr: Équipe, en: Team}, email: data@example.org}
bounding_box: {west: 55.2, south: -21.4, east: 55.9, north: -20.8}
axes:
  - {id: lagon, kind: axis, title: {fr: Lagon, en: Lagoon}, description: {fr: Le lagon., en: The lagoon.}, icon: waves}
communes:
  - {code: "97411", name: Saint-Denis, centre: [55.448, -20.879]}
"""


def test_our_territory_is_read() -> None:
    territory = read_territory(HERE)
    assert territory.languages[0] == "fr"
    assert len(territory.communes) == 28
    assert territory.commune_names["17300"] == "La Rochelle"
    assert [axis.kind for axis in territory.axes].count("axis") == 5
    assert [axis.kind for axis in territory.axes].count("lever") == 2
    assert all(territory.bounding_box.west < commune.centre[0] < territory.bounding_box.east for commune in territory.communes)


def test_another_territory_is_read() -> None:
    territory = read_territory(OVERSEAS)
    assert territory.timezone == "Indian/Reunion"
    assert territory.text({"fr": "oui"}, "fr") == "oui"
    assert territory.text(territory.name, "de") == "South Island"


@pytest.mark.parametrize(
    ("change", "line", "words"),
    [
        (("colour: \"#7a1f5c\"", "colour: green"), 7, ["colour", "'green'", "a colour in quotes"]),
        (("timezone: Indian/Reunion", "timezon: Indian/Reunion"), 1, ["'timezone' is missing"]),
        (("timezone: Indian/Reunion", "timezone: Indian/Reunion\nmotto: x"), 1, ["unknown key", "motto"]),
        (("icon: waves", "icon: fish"), 11, ["axes.0.icon", "'fish'", "building"]),
        (("code: \"97411\"", "code: 97411"), 13, ["communes.0.code", "97411", "in quotes"]),
        (("[55.448, -20.879]", "[-20.879, 155448]"), 13, ["communes.0.centre.1", "from -90 to 90"]),
        (("languages: [en, fr]", "languages: [en, de]"), 2, ["name", "'de' is missing"]),
        (("west: 55.2", "west: 56.2"), 9, ["west must be below east"]),
        (("id: ile-du-sud", "id: Île du Sud"), 1, ["id", "small letters"]),
        (("id: ile-du-sud", "id: ile-du-sud\nid: autre"), 2, ["id", "given twice"]),
        (("communes:\n", "  - {id: lagon, kind: lever, title: {fr: L, en: L}, description: {fr: L, en: L}, icon: waves}\ncommunes:\n"), 12, ["axes.1.id", "'lagon' is given twice"]),
        (("name: {fr: Île du Sud, en: South Island}", "name: {fr: Île du Sud, en: South Island"), 3, ["not YAML"]),
        (("data@example.org", "data at example"), 8, ["contact.email", "e-mail address"]),
    ],
)
def test_a_mistake_names_the_line_the_key_and_what_was_expected(change: tuple[str, str], line: int, words: list[str]) -> None:
    text = OVERSEAS.replace(*change)
    assert text != OVERSEAS
    with pytest.raises(TerritoryError) as caught:
        read_territory(text, source="ours.yaml")
    message = str(caught.value)
    assert f"ours.yaml, line {line}:" in message
    for word in words:
        assert word in message


@given(st.recursive(st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3), max_leaves=8))
def test_any_yaml_is_read_or_refused_in_words(content: object) -> None:
    text = yaml.safe_dump(content, allow_unicode=True)
    with pytest.raises(TerritoryError):
        read_territory(text)


@given(st.text(max_size=200))
def test_any_text_is_refused_in_words(text: str) -> None:
    with pytest.raises(TerritoryError):
        read_territory(text)
