"""A CKAN's or a DKAN's package becomes a record, or is refused by name."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ckanext.tzc.harvesters.partners import ckan
from ckanext.tzc.harvesters.partners.ckan_api import root
from ckanext.tzc.harvesters.record import Agent, Box, Period, Record, RecordError
from hypothesis import given, settings
from hypothesis import strategies as st

PLAIN: dict[str, Any] = {
    "id": "5d3b", "name": "comptages", "title": "Comptages des vélos", "notes": "Passages par heure.", "license_id": "etalab-2.0", "private": False, "state": "active", "type": "dataset",
    "organization": {"name": "ville", "title": "La ville"}, "maintainer": "Service des mobilités", "maintainer_email": "velos@example.org",
    "metadata_created": "2025-01-02T03:04:05.678901", "metadata_modified": "2025-06-07T08:09:10.111213",
    "tags": [{"name": "velo", "display_name": "vélo", "vocabulary_id": "x"}, {"name": "Vélo"}, {"name": "a"}],
    "extras": [
        {"key": "theme", "value": '["http://publications.europa.eu/resource/authority/data-theme/TRAN"]'},
        {"key": "language", "value": "fr"}, {"key": "frequency", "value": "quotidienne"}, {"key": "temporal_start", "value": "2024-01-01"},
        {"key": "spatial", "value": '{"type": "Polygon", "coordinates": [[[-1.3, 46.1], [-1.0, 46.1], [-1.0, 46.3], [-1.3, 46.1]]]}'},
        {"key": "capteur", "value": "boucle"}, {"key": "guid", "value": "urn:ancien"}, {"key": "harvest_object_id", "value": "x"}, {"key": "title", "value": "autre"},
    ],
    "resources": [
        {"url": "https://data.example.org/a.csv", "name": "Passages", "size": 12, "last_modified": "2025-06-01T00:00:00", "format": ""},
        {"url": "https://data.example.org/a.csv", "name": "Encore"}, {"url": "javascript:alert(1)"}, {"url": ""},
    ],
}  # fmt: skip


def said(record: Record) -> set[str]:
    return {note.what for note in record.notes}


def test_a_plain_dataset() -> None:
    record = ckan.read(PLAIN, "https://data.example.org")
    assert (record.identifier, record.title, record.address) == ("5d3b", "Comptages des vélos", "https://data.example.org/dataset/comptages")
    assert (record.licence, record.access) == ("lov2", "open")
    assert (record.issued, record.modified) == ("2025-01-02T03:04:05", "2025-06-07T08:09:10")
    assert (record.publisher, record.contact) == (Agent("La ville"), Agent("Service des mobilités", "velos@example.org"))
    assert record.keywords == ("vélo",)
    assert [iri.rpartition("/")[2] for iri in (*record.themes, *record.languages, record.frequency)] == ["TRAN", "FRA", "DAILY"]
    assert record.periods == (Period("2024-01-01", ""),)
    assert record.box == Box(-1.3, 46.1, -1.0, 46.3)
    assert record.extras == (("capteur", "boucle"),)
    assert record.other_identifiers == ("urn:ancien",)
    [file] = record.resources
    assert (file.format, file.media, file.size, file.modified) == ("CSV", "text/csv", 12, "2025-06-01T00:00:00")
    assert said(record) == {"keyword made such that it is taken", "resource without an address of the web", "format that was missing, by the address"}


@pytest.mark.parametrize(
    ("package", "reason"),
    [
        ({**PLAIN, "private": True}, "private"), ({**PLAIN, "state": "draft"}, "not active"), ({**PLAIN, "access_level": "confidential"}, "confidential"),
        ({**PLAIN, "id": "", "name": None}, "identifier"), ({**PLAIN, "title": " ", "name": ""}, "title"), (["x"], "object"), (None, "object"),
    ],
)  # fmt: skip
def test_what_is_refused(package: object, reason: str) -> None:
    with pytest.raises(RecordError, match=reason):
        ckan.read(package)


@pytest.mark.parametrize(("fields", "level"), [({"access_level": "registered"}, "registered"), ({"access_rights": "http://publications.europa.eu/resource/authority/access-right/RESTRICTED"}, "restricted"), ({}, "open")])  # fmt: skip
def test_access(fields: dict[str, str], level: str) -> None:
    assert ckan.read({**PLAIN, **fields}).access == level


def test_a_licence_that_is_stated_of_the_files_only() -> None:
    files = [{"url": "https://example.org/a", "license": "http://opendatacommons.org/licenses/odbl/1-0/"}]
    assert ckan.read({**PLAIN, "license_id": "", "resources": files}).licence == "odbl"


def test_a_licence_that_is_none_of_ours_is_told() -> None:
    record = ckan.read({**PLAIN, "license_id": "cc-nc", "license_title": "Creative Commons NC"})
    assert (record.licence, record.licence_stated) == ("other-closed", "Creative Commons NC")


def test_the_reference_dkan(reference: Path) -> None:
    [package] = json.loads((reference / "feeds" / "ckan-data-dkan-french-w-license.json").read_bytes())["result"]
    record = ckan.read(package, "https://opendata.hautsdefrance.fr")
    assert record.identifier == "04be6288-696d-4331-850d-a144871a7e3a"
    assert record.title == "Antennes régionales de la Région Hauts-de-France (au 01/10/2019)"
    assert record.description == "Liste et coordonnées des antennes de proximité du conseil régional Hauts-de-France."
    assert record.address == "https://opendata.hautsdefrance.fr/?q=dataset/antennes-regionales-de-la-region-hauts-de-france-au-01102019-0"
    assert (record.licence, record.licence_stated) == ("lov1", "http://www.etalab.gouv.fr/pages/Licence_ouverte_Open_licence-5899923.html")
    assert (record.issued, record.modified) == ("2019-12-10T09:23:00", "2019-10-01")
    assert record.publisher == Agent("Région Hauts-de-France")
    assert record.contact == Agent("Opendata de la Région Hauts-de-France", "sig@hautsdefrance.fr")
    assert record.box == Box(1.18652344, 48.80546301, 4.65820313, 51.16423318)
    assert [iri.rpartition("/")[2] for iri in (*record.languages, record.frequency)] == ["FRA", "AS_NEEDED"]
    assert record.other_identifiers == ("4b5f8e1b-de37-47cd-9203-37a59f318b09",)
    assert len(record.keywords) == 13 and record.keywords[0] == "ADMINISTRATION"
    assert [(file.name, file.format, file.size, file.modified) for file in record.resources] == [
        ("coordonnees_antennes.xlsx", "XLSX", 42, "2019-12-19T03:00:00"),
        ("Visionneuse mviewer", "", None, "2019-12-19T03:00:00"),
    ]
    assert said(record) == {"said to be private, though published", "description in HTML", "date written in words", "size written in words"}


VALUES = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20), lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=8), below, max_size=3), max_leaves=8)
FIELDS = sorted(ckan.USED | {"extras", "resources", "tags", "groups"})
ENTRIES = st.lists(st.dictionaries(st.sampled_from(["key", "value", "name", "title", "url", "format", "size", "created", "state", "license", "type", "start", "end", "email"]), VALUES, max_size=5), max_size=3)


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from(FIELDS), VALUES | ENTRIES | ENTRIES.map(json.dumps), max_size=8).map(lambda fields: {**fields, "id": "x", "title": "y"}))
def test_any_package_is_read_or_refused_by_name(package: dict[str, Any]) -> None:
    try:
        record = ckan.read(package)
    except RecordError:
        return
    assert record.identifier == "x"
    json.dumps([record.title, record.description, record.extras, [file.url for file in record.resources]]).encode()


@given(st.dictionaries(st.text(max_size=10), VALUES, max_size=5))
def test_any_object_is_read_or_refused_by_name(package: dict[str, Any]) -> None:
    try:
        ckan.read(package)
    except RecordError as error:
        assert str(error)


@pytest.mark.parametrize("address", ["https://data.example.org/", "https://data.example.org/api/3/action/package_search?q=x", "https://data.example.org/dataset", "https://data.example.org/dataset/?q=x"])
def test_where_the_api_is(address: str) -> None:
    assert root(address) == "https://data.example.org"
    assert root("https://data.example.org/fr/portail/") == "https://data.example.org/fr/portail"
