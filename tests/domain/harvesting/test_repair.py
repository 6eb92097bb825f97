"""Repairs have names, mend what is broken, leave alone what is right, and are done once."""
from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from pathlib import Path

import ckanext.tzc.harvesters as harvesters
import pytest
from ckanext.tzc.harvesters import base, words
from ckanext.tzc.harvesters.partners.ckan_api import CkanApi
from ckanext.tzc.harvesters.partners.csw import Csw
from ckanext.tzc.harvesters.partners.datajson import DataJson
from ckanext.tzc.harvesters.partners.dcat_feed import DcatFeed
from ckanext.tzc.harvesters.partners.opendatasoft import Opendatasoft
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


ISO = """<gmd:MD_Metadata xmlns:gmd="http://www.isotc211.org/2005/gmd" xmlns:gco="http://www.isotc211.org/2005/gco">
<gmd:fileIdentifier><gco:CharacterString>x</gco:CharacterString></gmd:fileIdentifier><gmd:identificationInfo><gmd:MD_DataIdentification>
<gmd:citation><gmd:CI_Citation><gmd:title><gco:CharacterString>Rivières</gco:CharacterString></gmd:title></gmd:CI_Citation></gmd:citation>
<gmd:topicCategory><gmd:MD_TopicCategoryCode>inlandWaters</gmd:MD_TopicCategoryCode></gmd:topicCategory></gmd:MD_DataIdentification></gmd:identificationInfo></gmd:MD_Metadata>"""
DKAN = {"id": "x", "title": "Budget", "notes": "Texte", "private": False, "state": "active", "resources": [{"url": "https://a.org/b.csv", "name": "b"}]}
US = {"identifier": "x", "title": "Budget", "description": "Texte", "distribution": [{"downloadURL": "https://a.org/b", "format": "CSV"}]}
ODS = {"dataset_id": "x", "has_records": True, "metas": {"default": {"title": "Budget", "description": "Texte"}}}
SITE = base.Source("https://data.example.org/")
DCT, DCAT = "http://purl.org/dc/terms/", "http://www.w3.org/ns/dcat#"


def triples(said: str) -> str:
    """A dataset as the engine keeps one of a DCAT feed."""
    named = (f"<http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{DCAT}Dataset>", f'<{DCT}title> "Budget"', said)
    return "".join(f"<https://a.org/1> {line} .\n" for line in named)


@pytest.mark.parametrize(
    ("rule", "harvester", "content", "field", "value"),
    [
        ("date-in-words", CkanApi(), json.dumps({**DKAN, "metadata_modified": "jeu, 19/12/2019 - 03:00"}), "modified", "2019-12-19T03:00:00"),
        ("date-unknown", DataJson(), json.dumps({**US, "modified": "un jour"}), "modified", ""),
        ("html", CkanApi(), json.dumps({**DKAN, "notes": "<p>Un <b>texte</b> &amp; un <script>autre()</script></p>"}), "description", "Un texte & un"),
        ("html", DataJson(), json.dumps({**US, "description": "<p>Un <b>texte</b></p>"}), "description", "Un texte"),
        ("html", DcatFeed(), triples(f'<{DCT}description> "<p>Un <b>texte</b></p>"'), "description", "Un texte"),
        ("mojibake", CkanApi(), json.dumps({**DKAN, "title": "MobilitÃ©"}), "title", "Mobilité"),
        ("mojibake", DcatFeed(), triples(f'<{DCT}description> "lâ€™eau"'), "description", "l’eau"),
        ("language-missing", DataJson(), json.dumps({**US, "description": FRENCH}), "languages", (words.language("fr"),)),
        ("language-unknown", DataJson(), json.dumps({**US, "language": ["volapük"]}), "languages", ()),
        ("format-missing", CkanApi(), json.dumps(DKAN), "resources", (Resource("https://a.org/b.csv", "b", format="CSV", media="text/csv"),)),
        ("theme-crosswalk", Csw(), ISO, "themes", ("ENVI",)),
        ("theme-crosswalk", DcatFeed(), triples(f"<{DCAT}theme> <http://inspire.ec.europa.eu/theme/tn>"), "themes", ("TRAN",)),
        ("theme-crosswalk", CkanApi(), json.dumps({**DKAN, "groups": [{"title": "Réseaux de transport"}]}), "themes", ("TRAN",)),
        ("theme-crosswalk", DataJson(), json.dumps({**US, "theme": ["Hydrography"]}), "themes", ("ENVI",)),
        ("theme-crosswalk", Opendatasoft(), json.dumps({**ODS, "metas": {"default": {"title": "Budget", "theme": ["Sites protégés"]}}}), "themes", ("ENVI",)),
    ],
)  # fmt: skip
def test_each_repair_is_done_and_noted_by_its_name(rule: str, harvester: base.Harvester, content: str, field: str, value: object) -> None:
    record = base.record_of(harvester, content, SITE)
    found = getattr(record, field)
    assert (tuple(iri.rpartition("/")[2] for iri in found) if field == "themes" else found) == value
    assert rule in repair.by_rule(dataclasses.astuple(note) for note in record.notes)


@pytest.mark.parametrize("theme", ["Environnement", "ENVI", "http://publications.europa.eu/resource/authority/data-theme/ENVI"])
def test_a_theme_of_the_eu_needs_no_repair(theme: str) -> None:
    for harvester, entry in ((DataJson(), {**US, "theme": [theme]}), (CkanApi(), {**DKAN, "groups": [{"title": theme}]})):
        record = base.record_of(harvester, json.dumps(entry), SITE)
        assert len(record.themes) == 1 and "theme-crosswalk" not in repair.by_rule(dataclasses.astuple(note) for note in record.notes)


def test_the_repairs_that_are_promised_have_names() -> None:
    assert {"date-in-words", "mojibake", "html", "language-missing", "format-missing", "format-by-content", "theme-crosswalk", "commune-named"} <= set(repair.RULES)


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
