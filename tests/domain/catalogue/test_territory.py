"""The territory file: what is read, and what each mistake is answered."""
from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tzc.catalogue.territory import TerritoryError, read_file, read_territory

ROOT = Path(__file__).resolve().parents[3]
HERE = (ROOT / "config/territory.yaml").read_text(encoding="utf-8")

OVERSEAS = """\
id: ile-du-sud
name: {fr: Île du Sud, en: South Island}
tagline: {fr: Vers 2045, en: Towards 2045}
about: {fr: Une île., en: An island.}
languages: [en, fr]
timezone: Indian/Reunion
colours: {accent: "#7a1f5c", second: "#1f7a6a"}
contact: {name: {fr: Équipe, en: Team}, email: data@example.org}
bounding_box: {west: 55.2, south: -21.4, east: 55.9, north: -20.8}
axes:
  - {id: lagon, kind: axis, title: {fr: Lagon, en: Lagoon}, description: {fr: Le lagon., en: The lagoon.}, icon: waves}
communes:
  - {code: "97411", name: Saint-Denis, centre: [55.448, -20.879]}
siren: "249740119"
projection: 2975
goals:
  - {id: climat, title: {fr: Émissions, en: Emissions}, year: 2045, reduction: 80, baseline: 2015, source: "https://example.org/plan"}
licences: [cc-by, odbl]
electricity_factor: {value: 780, year: 2017, source: "https://example.org/annexe"}
"""

LICENCES = ["lov2", "odbl", "cc-by", "cc-by-sa", "cc-zero", "other-closed", "notspecified"]


def test_our_territory_is_read() -> None:
    territory = read_territory(HERE, licences=LICENCES)
    assert territory.languages[0] == "fr"
    assert len(territory.communes) == 28
    assert territory.commune_names["17300"] == "La Rochelle"
    assert [axis.kind for axis in territory.axes].count("axis") == 5
    assert [axis.kind for axis in territory.axes].count("lever") == 2
    assert all(territory.bounding_box.west < commune.centre[0] < territory.bounding_box.east for commune in territory.communes)


def test_another_territory_is_read() -> None:
    territory = read_territory(OVERSEAS, licences=LICENCES)
    assert (territory.timezone, territory.projection, territory.siren) == ("Indian/Reunion", 2975, "249740119")
    assert (territory.colours.accent, territory.colours.second) == ("#7a1f5c", "#1f7a6a")
    assert territory.licences == ["cc-by", "odbl"]
    assert territory.electricity_factor is not None
    assert territory.electricity_factor.value == 780
    assert [(goal.year, goal.reduction, goal.baseline, goal.value) for goal in territory.goals] == [(2045, 80, 2015, None)]
    assert territory.text({"fr": "oui"}, "fr") == "oui"
    assert territory.text(territory.name, "de") == "South Island"


@pytest.mark.parametrize(
    ("change", "line", "words"),
    [
        # keys
        (("timezone: Indian/Reunion", "timezon: Indian/Reunion"), 1, ["'timezone' is missing"]),
        (("timezone: Indian/Reunion", "timezone: Indian/Reunion\nmotto: x"), 7, ["unknown key", "motto"]),
        (("colours: {accent: \"#7a1f5c\", second: \"#1f7a6a\"}", "colour: \"#7a1f5c\""), 1, ["unknown key", "colour", "known keys", "colours"]),
        (("west: 55.2", "west: .nan"), 9, ["bounding_box.west", "decimal degrees"]),
        (("id: ile-du-sud", "id: ile-du-sud\nid: autre"), 2, ["id", "given twice"]),
        (("id: ile-du-sud", "id: Île du Sud"), 1, ["id", "small letters"]),
        (("name: {fr: Île du Sud, en: South Island}", "name: {fr: Île du Sud, en: South Island"), 3, ["not YAML"]),
        # colours
        (("accent: \"#7a1f5c\"", "accent: green"), 7, ["colours.accent", "'green'", "a colour in quotes"]),
        (("accent: \"#7a1f5c\"", "accent: #7a1f5c"), 8, ["not YAML"]),
        (("second: \"#1f7a6a\"", "second: \"#1f7a6\""), 7, ["colours.second", "a colour in quotes"]),
        (("accent: \"#7a1f5c\", ", ""), 7, ["colours", "'accent' is missing"]),
        # codes
        (("code: \"97411\"", "code: 97411"), 13, ["communes.0.code", "97411", "in quotes"]),
        (("code: \"97411\"", "code: \"9741\""), 13, ["communes.0.code", "INSEE code"]),
        (("code: \"97411\"", "code: \"1A411\""), 13, ["communes.0.code", "INSEE code"]),
        (("siren: \"249740119\"", "siren: \"249740118\""), 14, ["siren", "mistyped"]),
        (("siren: \"249740119\"", "siren: 249740119"), 14, ["siren", "in quotes"]),
        (("projection: 2975", "projection: EPSG:2975"), 15, ["projection", "EPSG code", "2154"]),
        (("[cc-by, odbl]", "[cc-by, cc-bye]"), 18, ["licences.1", "'cc-bye'", "lov2"]),
        (("[cc-by, odbl]", "[odbl, odbl]"), 18, ["licences", "each once"]),
        (("[cc-by, odbl]", "[]"), 18, ["licences"]),
        # languages
        (("languages: [en, fr]", "languages: [en, de]"), 2, ["name", "'de' is missing"]),
        (("languages: [en, fr]", "languages: [en, xx]"), 5, ["languages.1", "'xx'", "the code of a language that CKAN's pages exist in"]),
        (("languages: [en, fr]", "languages: [en, no]"), 5, ["languages.1", "False"]),
        (("languages: [en, fr]", "languages: [en, en]"), 5, ["languages", "each once"]),
        (("languages: [en, fr]", "languages: []"), 5, ["languages"]),
        (("{fr: Équipe, en: Team}", "{fr: Équipe}"), 8, ["contact.name", "'en' is missing"]),
        (("{fr: Émissions, en: Emissions}", "{en: Emissions}"), 17, ["goals.0.title", "'fr' is missing"]),
        (("{fr: Vers 2045, en: Towards 2045}", "{français: Vers 2045, en: Towards 2045}"), 3, ["tagline", "'français'", "the code of a language"]),
        # axes
        (("icon: waves", "icon: fish"), 11, ["axes.0.icon", "'fish'", "building"]),
        (("id: lagon", "id: new"), 11, ["axes.0.id", "'new'"]),
        (("communes:\n", "  - {id: lagon, kind: lever, title: {fr: L, en: L}, description: {fr: L, en: L}, icon: waves}\ncommunes:\n"), 12, ["axes.1.id", "'lagon' is given twice"]),
        # goals and the factor
        (("baseline: 2015", "baseline: 2045"), 17, ["goals.0.baseline", "must be before"]),
        ((", baseline: 2015", ""), 17, ["goals.0", "'reduction' needs 'baseline'"]),
        (("reduction: 80, baseline: 2015", "value: 12"), 17, ["goals.0", "'value' needs 'unit'"]),
        (("baseline: 2015", "baseline: 2015, value: 12, unit: GWh"), 17, ["goals.0.value", "no value beside a reduction"]),
        (("reduction: 80", "reduction: 180"), 17, ["goals.0.reduction", "above 0 to 100"]),
        ((", source: \"https://example.org/plan\"", ""), 17, ["goals.0", "'source' is missing"]),
        (("value: 780", "value: 0.78 kg"), 19, ["electricity_factor.value", "grams"]),
        ((", source: \"https://example.org/annexe\"", ""), 19, ["electricity_factor", "'source' is missing"]),
        # places, time, contact
        (("[55.448, -20.879]", "[-20.879, 155448]"), 13, ["communes.0.centre.1", "from -90 to 90"]),
        (("[55.448, -20.879]", "[-20.879, 55.448]"), 13, ["communes.0.centre", "Saint-Denis lies outside bounding_box"]),
        (("west: 55.2", "west: 56.2"), 9, ["west must be below east"]),
        (("Indian/Reunion", "Indian/Atlantis"), 6, ["timezone", "'Indian/Atlantis'", "Europe/Paris"]),
        (("data@example.org", "data at example"), 8, ["contact.email", "e-mail address"]),
        (("email: data@example.org", "email: data@example.org, url: \"javascript:alert(1)\""), 8, ["contact.url", "https://"]),
        # the logo's name
        (("siren:", "logo: ../../etc/logo.png\nsiren:"), 14, ["logo", "beside this file"]),
        (("siren:", "logo: logo.html\nsiren:"), 14, ["logo", ".svg"]),
    ],
)
def test_a_mistake_names_the_line_the_key_and_what_was_expected(change: tuple[str, str], line: int, words: list[str]) -> None:
    text = OVERSEAS.replace(*change)
    assert text != OVERSEAS
    with pytest.raises(TerritoryError) as caught:
        read_territory(text, source="ours.yaml", licences=LICENCES)
    message = str(caught.value)
    assert f"ours.yaml, line {line}:" in message
    for word in words:
        assert word in message


def test_every_mistake_is_told_at_once() -> None:
    wrong = OVERSEAS.replace("#7a1f5c", "green").replace('"97411"', '"9741"').replace("[cc-by, odbl]", "[]")
    with pytest.raises(TerritoryError) as caught:
        read_territory(wrong)
    assert [line.partition(":")[0] for line in str(caught.value).splitlines()] == [f"territory.yaml, line {number}" for number in (7, 13, 18)]


@pytest.mark.parametrize("code", ["01004", "2A004", "2B033", "97105", "97411", "97611"])
def test_a_communes_code_may_be_of_any_department(code: str) -> None:
    assert read_territory(OVERSEAS.replace("97411", code)).communes[0].code == code


def test_the_logo_lies_beside_the_file(tmp_path: Path) -> None:
    file = tmp_path / "ours.yaml"
    file.write_text(f"{OVERSEAS}logo: ours.png\n", encoding="utf-8")
    with pytest.raises(TerritoryError, match=r"line 20: logo: 'ours.png' cannot be read .* beside this file"):
        read_file(file)
    (tmp_path / "ours.png").write_bytes(b"<script>alert(1)</script>")
    with pytest.raises(TerritoryError, match=r"line 20: logo: 'ours.png' is no picture"):
        read_file(file)
    (tmp_path / "ours.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    logo = read_file(file).logo
    assert logo is not None
    assert logo.media == "image/png"


def test_a_file_in_another_encoding_is_told(tmp_path: Path) -> None:
    file = tmp_path / "ours.yaml"
    file.write_bytes(OVERSEAS.encode("latin-1"))
    with pytest.raises(TerritoryError, match="UTF-8"):
        read_file(file)


@given(st.recursive(st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3), max_leaves=8))
def test_any_yaml_is_read_or_refused_in_words(content: object) -> None:
    text = yaml.safe_dump(content, allow_unicode=True)
    with pytest.raises(TerritoryError):
        read_territory(text)


@given(st.text(max_size=200))
def test_any_text_is_refused_in_words(text: str) -> None:
    with pytest.raises(TerritoryError):
        read_territory(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('id: !!python/object/apply:os.system ["id"]', "not YAML"),
        ("a: " + "[" * 5000 + "]" * 5000, "too deep"),
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", "pointing"),
    ],
)
def test_a_file_that_would_harm_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(TerritoryError, match=words):
        read_territory(text)
