"""A record in ISO 19139 becomes ours, or is refused by name."""
from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from ckanext.tzc.harvesters import xml
from ckanext.tzc.harvesters.partners import iso19139
from ckanext.tzc.harvesters.record import Agent, Box, Period, Record, RecordError
from hypothesis import given
from hypothesis import strategies as st

SAMPLE = (Path(__file__).parent / "samples" / "record.xml").read_text(encoding="utf-8")


def read(text: str) -> Record:
    return iso19139.read(xml.parse(text.encode()))


def codes(*iris: str) -> list[str]:
    return [iri.rpartition("/")[2] for iri in iris]


def test_a_whole_record() -> None:
    record = read(SAMPLE)
    assert (record.identifier, record.title, record.version) == ("zone-001", "Zones humides", "3")
    assert record.address == "https://data.example.org/catalogue/zone-001"
    assert (record.issued, record.modified) == ("2020-05-06", "2024-11-30")
    assert (record.licence, record.access, codes(record.access_rights)) == ("lov2", "open", ["noLimitations"])
    assert record.limits == ("Échelle de saisie : 1/5000.", "Pas de restriction d'accès public", "Licence Ouverte version 2.0")
    assert record.publisher == Agent("Syndicat des marais", "marais@example.org")
    assert record.contact == Agent("Service des marais", "marais@example.org")
    assert codes(*record.themes, *record.languages, record.frequency) == ["ENVI", "AGRI", "FRA", "ANNUAL"]
    assert record.keywords == ("Habitats et biotopes", "marais littoral")
    assert record.box == Box(-1.3, 46.0, -0.9, 46.3) and record.places == ("Marais du littoral",)
    assert record.periods == (Period("2018-01-01", "2024-10-31"),)
    assert record.provenance == "Relevés de terrain."
    assert [(file.name, file.format) for file in record.resources] == [("zones", "WMS"), ("Toutes les zones", "Shapefile"), ("Zones", "GeoJSON")]
    assert {note.what for note in record.notes} == {"keyword made such that it is taken", "resource without an address of the web", "link to the record itself", "theme by that of INSPIRE or ISO 19115"}


@pytest.mark.parametrize(
    ("old", "new", "level", "limit"),
    [
        ("LimitationsOnPublicAccess/noLimitations", "LimitationsOnPublicAccess/INSPIRE_Directive_Article13_1b", "restricted", "INSPIRE_Directive_Article13_1b"),
        ("Pas de restriction d'accès public", "Directive 2007/2/CE (INSPIRE), Article 13.1.d", "restricted", "INSPIRE_Directive_Article13_1d"),
        ("Pas de restriction d'accès public", "Article 13(1)(f)", "restricted", "INSPIRE_Directive_Article13_1f"),
        ('accessConstraints><gmd:MD_RestrictionCode codeList="" codeListValue="otherRestrictions"', 'accessConstraints><gmd:MD_RestrictionCode codeList="" codeListValue="restricted"', "restricted", ""),
        ('accessConstraints><gmd:MD_RestrictionCode codeList="" codeListValue="otherRestrictions"', 'accessConstraints><gmd:MD_RestrictionCode codeList="" codeListValue="license"', "open", "noLimitations"),
    ],
)  # fmt: skip
def test_limits_of_access(old: str, new: str, level: str, limit: str) -> None:
    assert old in SAMPLE
    record = read(SAMPLE.replace(old, new))
    assert (record.access, codes(record.access_rights)[0]) == (level, limit)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [("<gco:CharacterString>zone-001</gco:CharacterString>", "", "identifier"), (">Zones humides<", "><", "title"), ("gmd:identificationInfo>", "gmd:autre>", "identification")],
)
def test_what_is_refused(old: str, new: str, reason: str) -> None:
    with pytest.raises(RecordError, match=reason):
        read(SAMPLE.replace(old, new))


OPTIONAL = ("extent", "distributionInfo", "dataQualityInfo", "pointOfContact", "descriptiveKeywords", "resourceConstraints", "abstract", "language", "topicCategory", "geographicElement")


@pytest.mark.parametrize("part", OPTIONAL)
def test_what_may_be_missing(part: str) -> None:
    root = xml.parse(SAMPLE.encode())
    found = root.xpath(f".//gmd:{part}", namespaces=iso19139.NAMES)
    for element in found:
        element.getparent().remove(element)
    assert found and iso19139.read(root).title == "Zones humides"


def test_another_form_is_refused() -> None:
    with pytest.raises(RecordError, match="not ISO 19139"):
        read('<csw:Record xmlns:csw="http://www.opengis.net/cat/csw/2.0.2"/>')


def test_services_are_no_data() -> None:
    assert iso19139.is_dataset(xml.parse(SAMPLE.encode()))
    assert not iso19139.is_dataset(xml.parse(SAMPLE.replace('codeListValue="dataset"', 'codeListValue="service"').encode()))


@pytest.mark.parametrize(("corners", "meant"), [(("3.2", "1.3", "49.3", "50.4"), Box(1.3, 49.3, 3.2, 50.4)), (("170", "-170", "0", "1"), Box(170, 0, -170, 1)), (("400", "1", "0", "1"), None), (("x", "1", "0", "1"), None)])  # fmt: skip
def test_rectangles(corners: tuple[str, ...], meant: Box | None) -> None:
    text = SAMPLE
    for old, new in zip(("-1.3", "-0.9", "46.0", "46.3"), corners, strict=True):
        text = text.replace(f">{old}<", f">{new}<")
    assert read(text).box == meant


@pytest.fixture
def records(reference: Path) -> list[Any]:
    root = xml.parse((reference / "feeds" / "csw_dcat-geonetwork-iso19139-page-1.xml").read_bytes())
    return list(root.iter("{http://www.isotc211.org/2005/gmd}MD_Metadata"))


def test_the_reference_records(records: list[Any]) -> None:
    first, second = (iso19139.read(element) for element in records)
    assert first.identifier == "fr-120066022-ldd-56fce164-04b2-41ae-be87-9f256f39dd44"
    assert second.identifier == "fr-120066022-ldd-777b1c6b-36a7-4650-befa-e4be638cd694"
    assert (first.title, second.title) == ("Plan local d'urbanisme de la commune de Cartigny", "Plan local d'urbanisme de la commune de Flesselles")
    assert (first.access, codes(first.access_rights)) == ("restricted", ["INSPIRE_Directive_Article13_1d"])
    assert (second.access, second.access_rights) == ("open", "")
    for record in (first, second):
        assert record.licence == "lov1"
        assert record.licence_stated == "Licence Ouverte 1.0 http://www.data.gouv.fr/Licence-Ouverte-Open-Licence."
        assert record.issued == "2017-10-07" and record.modified == ""
        assert record.box == Box(1.31279111, 49.38547516, 3.28133559, 50.48188019)
        assert record.contact == Agent("DDTM 80 (Direction Départementale des Territoires et de la Mer de la Somme)", "ddtm-sap-bsig@somme.gouv.fr")
        assert codes(*record.themes, *record.languages) == ["REGI", "FRA"]
        assert record.address.endswith(f"#/metadata/{record.identifier}")
        assert len(record.resources) == 9 and not any("GetRecordById" in file.url for file in record.resources)
        assert any("papier est aujourd'hui opposable" in limit for limit in record.limits)
    assert first.keywords == ("Aménagement Urbanisme/Zonages Planification", "Usage des sols", "cartigny", "document d'urbanisme", "plu", "données ouvertes")
    assert {note.what for note in first.notes} == {"limits of access that contradict each other: the stricter is taken", "west and east exchanged", "link to the record itself", "theme by that of INSPIRE or ISO 19115"}


ELEMENTS = list(xml.parse(SAMPLE.encode()).iter())


@given(st.lists(st.tuples(st.integers(1, len(ELEMENTS) - 1), st.sampled_from(["drop", "empty", "text"])), min_size=1, max_size=6))
def test_any_mutilated_record_is_read_or_refused_by_name(cuts: list[tuple[int, str]]) -> None:
    root = copy.deepcopy(ELEMENTS[0])
    elements = list(root.iter())
    for number, way in cuts:
        element = elements[number]
        if way == "drop" and element.getparent() is not None:
            element.getparent().remove(element)
        elif way == "empty":
            element.clear()
        else:
            element.text = "☃ < 12/34"
    try:
        iso19139.read(root)
    except RecordError as error:
        assert str(error)
