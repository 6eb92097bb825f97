"""A source's mapping says what is wrong with it, and makes of the source's words ours."""
from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ckanext.tzc.harvesters import base
from ckanext.tzc.harvesters.record import Agent, Note, Record, Resource
from hypothesis import given
from hypothesis import strategies as st
from tzc.harvesting import mapping
from tzc.harvesting.mapping import Lists, Mapped, MappingError

from . import feeds

EU = "http://publications.europa.eu/resource/authority"
LISTS = Lists(
    licences=("lov2", "notspecified", "other-closed"), themes={code: f"{EU}/data-theme/{code}" for code in ("ENVI", "TRAN")}, languages={"FRA": f"{EU}/language/FRA"}, frequencies={"ANNUAL": f"{EU}/frequency/ANNUAL"},
    axes=("mobilite", "batiments"), communes={"17300": "La Rochelle", "17028": "Aytré"}, columns=("title", "licence"),
)  # fmt: skip
RECORD = Record(
    "x", "Comptages", keywords=("Déplacements", "vélo"), licence="other-closed", licence_stated="Licence de la ville", publisher=Agent("DSI", "dsi@example.org"), places=("Vieux-Port",),
    resources=(Resource("https://a.org/1", format="SHAPE-ZIP"), Resource("https://a.org/2", format="CSV")), notes=(Note("language not understood", "patois"),),
)  # fmt: skip
WHOLE: dict[str, Any] = {
    "licence": {"licence de la Ville": "lov2"}, "theme": {"deplacements": "TRAN"}, "axis": {"Vélo": "mobilite"}, "commune": {"Vieux Port": "17300"}, "publisher": {"DSI": "Ville de La Rochelle"},
    "language": {"patois": "FRA"}, "format": {"shape-zip": "Shapefile"}, "contact": {"name": "Le guichet", "email": "donnees@example.org"}, "filters": {"publishers": ["dsi"], "without_tags": ["interne"]},
    "defaults": {"theme": ["ENVI"], "frequency": "ANNUAL", "access_level": "registered", "axis": ["batiments"]}, "local_edits": {"title": "always"}, "redistribution": {"allowed": False, "why": "Convention"},
}  # fmt: skip


def made(given: dict[str, Any], record: Record = RECORD) -> Mapped:
    return mapping.mapped(dataclasses.asdict(record), mapping.checked(given, LISTS), LISTS)


def test_the_schema_is_one_and_knows_the_same_keys() -> None:
    jsonschema.Draft202012Validator.check_schema(mapping.schema())
    parts = mapping.schema()["properties"]
    assert set(parts) == {*mapping.TABLES, "columns", "defaults", "filters", "local_edits", "contact", "redistribution"}
    assert tuple(parts["defaults"]["properties"]) == mapping.DEFAULTS and tuple(parts["filters"]["properties"]) == mapping.FILTERS and tuple(parts["local_edits"]["properties"]) == mapping.EDITED


def test_every_part_does_its_work_and_says_so() -> None:
    told = made(WHOLE)
    record = told.record
    assert (record["licence"], record["themes"], record["languages"], record["communes"]) == ("lov2", (f"{EU}/data-theme/TRAN",), (f"{EU}/language/FRA",), ("17300",))
    assert (record["publisher"], record["contact"]) == ({"name": "Ville de La Rochelle", "email": "dsi@example.org", "url": ""}, {"name": "Le guichet", "email": "donnees@example.org", "url": ""})
    assert [file["format"] for file in record["resources"]] == ["Shapefile", "CSV"]
    assert (record["frequency"], record["access"], told.axes, told.left_out) == (f"{EU}/frequency/ANNUAL", "registered", ("mobilite",), "")
    assert {(reason.part, reason.came, reason.became) for reason in told.reasons} == {
        ("licence", "Licence de la ville", "lov2"), ("theme", "Déplacements", "TRAN"), ("language", "patois", "FRA"), ("commune", "Vieux-Port", "17300"), ("axis", "vélo", "mobilite"),
        ("publisher", "DSI", "Ville de La Rochelle"), ("format", "SHAPE-ZIP", "Shapefile"), ("contact", "", "Le guichet"), ("defaults.frequency", "", "ANNUAL"), ("defaults.access_level", "open", "registered"),
    }  # fmt: skip
    assert mapping.keeps(WHOLE) == {"title": "always"} and mapping.redistributed(WHOLE) is False and mapping.redistributed({}) is None
    assert record["identifier"] == "x" and set(record) == set(dataclasses.asdict(RECORD))


def test_a_default_fills_gaps_and_makes_nothing_opener() -> None:
    told = made({"defaults": {"licence": "lov2", "access_level": "open", "axis": ["batiments"], "language": "FRA", "communes": ["17028"], "publisher": "Ville"}}, Record("x", "t", access="restricted"))
    assert (told.record["licence"], told.record["access"], told.axes, told.record["communes"]) == ("lov2", "restricted", ("batiments",), ("17028",)) and told.record["publisher"]["name"] == "Ville"
    assert made({"defaults": {"access_level": "registered"}}, Record("x", "t", access="restricted")).record["access"] == "restricted"
    kept = Record("x", "t", licence="odbl", languages=("l",), themes=("t",), frequency="f", publisher=Agent("P"), communes=("1",))
    assert made({"defaults": {"licence": "lov2", "theme": ["ENVI"], "language": "FRA", "frequency": "ANNUAL", "publisher": "V", "communes": ["17028"]}}, kept) == Mapped(dataclasses.asdict(kept))


@pytest.mark.parametrize(
    ("filters", "left_out"),
    [
        ({}, ""), ({"publishers": ["DSI", "Autre"]}, ""), ({"publishers": ["Autre"]}, "publishers"), ({"tags": ["velo"]}, ""), ({"tags": ["bus"]}, "tags"), ({"without_tags": ["Vélo"]}, "without_tags"),
        ({"publishers": []}, ""),
    ],
)  # fmt: skip
def test_filters(filters: dict[str, Any], left_out: str) -> None:
    assert made({"filters": filters}).left_out == left_out


@pytest.mark.parametrize(
    ("given", "key", "words"),
    [
        ([], "{ … }", "{ … }"), ({"licences": {}}, "licences", "there is no such key; there are: licence,"), ({"licence": []}, "licence", "expected { … }"), ({"licence": {"x": "lov9"}}, "licence.x", "one of: lov2"),
        ({"theme": {"x": 3}}, "theme.x", "expected text"), ({"defaults": {"axis": "mobilite"}}, "defaults.axis", "expected [ … ]"), ({"defaults": {"axis": ["vélo"]}}, "defaults.axis", "one of: mobilite, batiments"),
        ({"commune": {"x": "75056"}}, "commune.x", "17300"), ({"local_edits": {"title": "maybe"}}, "local_edits.title", "always"), ({"local_edits": {"id": "always"}}, "local_edits.id", "no such key"),
        ({"redistribution": {"allowed": "no"}}, "redistribution.allowed", "true / false"), ({"format": {" ": "CSV"}}, "format. ", "empty"), ({"filters": {"tags": ["x"] * 201}}, "filters.tags", "at most 200"),
        ({"defaults": {"access_level": "confidential"}}, "defaults.access_level", "open"), ({"publisher": {"x": ""}}, "publisher.x", "empty"),
        ({"columns": {"Titre": "titre"}}, "columns.Titre", "one of: title, licence"), ({"columns": {"A": "title", "B": "title", "C": ""}}, "columns.B", "fills the same field: A"),
        ({"columns": {"A": None}}, "columns.A", "expected text"), ({"columns": {"": "title"}}, "columns", "empty"),
        ({"contact": {"email": "le guichet"}}, "contact.email", "name@example.org"), ({"contact": {"url": "javascript:alert(1)"}}, "contact.url", "https://"),
    ],
)  # fmt: skip
def test_a_mistake_says_where_and_what_was_expected(given: Any, key: str, words: str) -> None:
    with pytest.raises(MappingError) as refused:
        mapping.checked(given, LISTS)
    assert refused.value.mistakes[0].key == key and words in str(refused.value), str(refused.value)
    assert refused.value.mistakes[0].text("fr") != refused.value.mistakes[0].text("en")


WORD = st.sampled_from(["Vélo", "velo", "lov2", "TRAN", "mobilite", "17300", "FRA", "x", "", "always"])


@given(st.recursive(WORD | st.booleans() | st.none(), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*mapping.schema()["properties"], *mapping.DEFAULTS, "x"]), inner, max_size=4), max_leaves=12))
def test_anything_is_taken_or_refused_with_mistakes(given_mapping: Any) -> None:
    try:
        usable = mapping.checked(given_mapping, LISTS)
    except MappingError as error:
        assert error.mistakes and all(mistake.text("fr") for mistake in error.mistakes)
        return
    told = mapping.mapped(dataclasses.asdict(RECORD), usable, LISTS)
    assert told.left_out or base.Record(**told.record).identifier == "x"


def test_no_mapping_changes_nothing(reference: Path) -> None:
    for record in feeds.normalised():
        assert made({}, record) == Mapped({**dataclasses.asdict(record)})
