"""Repairs have names, mend what is broken, leave alone what is right, and are done once."""
from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

import ckanext.tzc.harvesters as harvesters
import pytest
from ckanext.tzc.harvesters import base, words
from ckanext.tzc.harvesters.record import Agent, Note, Record, Resource
from hypothesis import given
from hypothesis import strategies as st
from tzc.harvesting import repair

from . import feeds

COMMUNES = {"17300": "La Rochelle", "17028": "Aytré", "17414": "Saint-Xandre", "17413": "Saint-Vivien", "17193": "La Jarne", "17349": "Sainte-Soulle"}
FRENCH = "Comptages horaires des passages de vélos sur les pistes cyclables de l’agglomération, par capteur et par sens, avec la météo du jour. « Données brutes » — mises à jour chaque nuit, n° 3, 12 °C."
ENGLISH = "Hourly counts of bicycles on the cycle paths of the urban area, by sensor and direction, with the weather of that day."


@pytest.mark.parametrize(
    ("came", "meant"),
    [
        ("MobilitÃ©", "Mobilité"), ("lâ€™eau", "l’eau"), ("cÅ“ur", "cœur"), ("10 â‚¬", "10 €"), ("nÂ°\u00a03", "n°\u00a03"), ("Ã‰tÃ©", "Été"), ("Ã\x89tÃ©", "Été"), ("MobilitÃƒÂ©", "Mobilité"),
        ("Â«\u00a0eauÂ\u00a0Â»", "«\u00a0eau\u00a0»"), ("DÃ©jÃ  vu", "Déjà vu"), ("DÃ©jÃ vu", "Déjà vu"), ("DÃ vu", "DÃ vu"), ("Ã  la plage", "à la plage"), ("Ã la plage", "à la plage"), ("Ã\xa0 la plage", "à la plage"), ("ï»¿Titre", "Titre"), ("2020 â€“ 2024", "2020 – 2024"),
        *((text, text) for text in ("Mobilité", "« AMANHÃ»", "MARCHÉ\u00a0»", "l’été", "Âge", "Ångström", "São Tomé", "pâté", "naïf", "FORÊT’", "Â", "")),
    ],
)  # fmt: skip
def test_texts_in_the_wrong_charset(came: str, meant: str) -> None:
    assert repair.charset(came) == meant


@given(st.text(alphabet=st.characters(min_codepoint=0x20, max_codepoint=0x20AC, blacklist_categories=("Cs", "Cc"))) | st.text(alphabet="ÂÃÅâï»¿€™©\xa0 aA’°"))
def test_a_second_pass_changes_no_text(text: str) -> None:
    once = repair.charset(text)
    assert repair.charset(once) == once


@given(st.lists(st.sampled_from(["été", "à", "où", "œuvre", "L’Île", "12", "€", "n°", "«", "été", "»", "—", "ça", "Noël", "août", "Ÿ", "“été”", "…", "ÉCOLE", "ÂGE", "naïve"]), min_size=1).map(" ".join))
def test_what_was_broken_once_is_whole_again_and_what_is_whole_stays(text: str) -> None:
    assert repair.charset(text) == text
    assert repair.charset(text.encode().decode("latin-1")) == text


@pytest.mark.parametrize(("text", "spoken"), [(FRENCH, "fr"), (ENGLISH, "en"), ("Budget primitif 2024", ""), (f"{FRENCH} {ENGLISH}", ""), ("", ""), ("velo " * 50, "")])
def test_a_language_that_is_missing(text: str, spoken: str) -> None:
    assert repair.language(text) == spoken


@pytest.mark.parametrize(
    ("place", "codes"),
    [
        ("La Rochelle", ["17300"]), ("Ville de La Rochelle", ["17300"]), ("AYTRE", ["17028"]), ("Commune de St-Xandre", ["17414"]), ("La Rochelle (17000)", ["17300"]), ("17028", ["17028"]),
        ("Aytré, La Jarne et Ste Soulle", ["17028", "17193", "17349"]), ("Saint-Vivien (17)", ["17413"]), ("Saint-Vivien (24)", []), ("Pays de La Rochelle", []), ("Rochelle", []), ("France", []), ("33000", []),
        ("", []), ("La Rochelle-Ouest", []),
    ],
)  # fmt: skip
def test_communes_that_places_name(place: str, codes: list[str]) -> None:
    assert list(repair.communes([place], COMMUNES)) == codes


def test_every_commune_of_a_territory_is_known_by_its_own_name_and_no_other() -> None:
    for code, name in COMMUNES.items():
        assert list(repair.communes([name, name.upper(), f"Commune de {name}", f"{name} ({code})"], COMMUNES)) == [code]


@given(st.lists(st.text(max_size=30) | st.sampled_from(sorted(COMMUNES.values()))))
def test_any_place_names_only_communes_that_there_are(places: list[str]) -> None:
    assert set(repair.communes(places, COMMUNES)) <= COMMUNES.keys()


BROKEN = Record(
    "x", "MobilitÃ© Ã  vÃ©lo", FRENCH.encode().decode("cp1252"), keywords=("vÃ©lo", "eau"), publisher=Agent("MÃ©tropole", "a@example.org"), places=("AytrÃ©",),
    resources=(Resource("https://example.org/a.csv", "DonnÃ©es", "AnnÃ©e", "CSV"), Resource("https://example.org/b.csv", "Autre")),
)  # fmt: skip


def test_a_record_is_mended_and_says_by_which_rule() -> None:
    record = base.normalise(BROKEN)
    assert (record.title, record.description, record.keywords, record.places) == ("Mobilité à vélo", FRENCH, ("vélo", "eau"), ("Aytré",))
    assert record.publisher == Agent("Métropole", "a@example.org") and [file.name for file in record.resources] == ["Données", "Autre"]
    assert record.languages == (words.language("fr"),)
    assert {name: len(values) for name, values in repair.by_rule(dataclasses.astuple(note) for note in record.notes).items()} == {"mojibake": 7, "language-missing": 1}
    assert base.normalise(record) == record


def test_a_language_that_was_said_and_not_understood_is_not_guessed() -> None:
    assert base.normalise(Record("x", "Vélos", FRENCH, notes=(Note("language not understood", "occitan"),))).languages == ()
    assert base.normalise(Record("x", "Vélos", FRENCH, languages=(words.language("en"),))).languages == (words.language("en"),)


RECORDS = st.builds(
    Record, st.just("x"), st.text(min_size=1).filter(str.strip), st.text() | st.just(FRENCH), keywords=st.tuples(st.text(alphabet="Ã©Â°aé ")), publisher=st.none() | st.builds(Agent, st.text(alphabet="Ã©Â°aé ")),
    resources=st.tuples(st.builds(Resource, st.just("https://example.org/a"), st.text(alphabet="Ã©Â°aé "), st.text(alphabet="Ã©Â°aé "))),
)  # fmt: skip


@given(RECORDS)
def test_a_second_pass_changes_no_record(record: Record) -> None:
    once = base.normalise(record)
    assert base.normalise(once) == once
    assert repair.mended(dataclasses.asdict(once)) == ({}, [])


def test_texts_of_real_catalogues_are_left_alone(reference: Path) -> None:
    read = feeds.read()
    assert len(read) > 15
    for name, record in read:
        after = base.normalise(record)
        kept = dataclasses.replace(after, languages=record.languages, notes=record.notes)
        assert kept == dataclasses.replace(record, resources=kept.resources), name
        assert set(kept.resources) <= set(record.resources)
        assert record.languages or after.languages in {(), (words.language("fr"),)}, name
        assert base.normalise(after) == after


def test_every_note_of_a_reader_is_a_rule_with_words_in_both_languages() -> None:
    folder = Path(harvesters.__file__).parent
    text = "".join(file.read_text() for file in folder.rglob("*.py"))
    notes = set(re.findall(r'\b(?:note|Note|self\.note|self)\(\s*"([^"]+)"', text)) | {f"{what} not understood" for what in re.findall(r'known\("(\w+)"', text)}
    notes -= {note for note in notes if not re.match(r"[a-z]", note)}
    assert len(notes) > 15
    assert {note for note in notes if repair.rule_of(note) is None} == set()
    assert len({rule.note for rule in repair.RULES.values()}) == len(repair.RULES) and all(rule.text("fr") != rule.text("en") for rule in repair.RULES.values())



@pytest.mark.parametrize("again", [words.date, words.language, words.frequency, words.text, words.line])
@given(value=st.text() | st.sampled_from(["jeu, 19/12/2019 - 03:00", "fre", "annuelle", "<p>a <b>b</b></p>", "2019-05-06T01:02:03Z"]))
def test_what_readers_mend_is_mended_once(again: Callable[[object], str], value: str) -> None:
    if again is words.text and ("<" in value or "&" in value):
        return
    once = again(value)
    assert again(once) == once
