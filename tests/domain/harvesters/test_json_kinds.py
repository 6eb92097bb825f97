"""What udata, Opendatasoft, data.json and tables say of a dataset, read as a record; and where they are asked."""
from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest
from ckanext.tzc.harvesters import base
from ckanext.tzc.harvesters.base import Harvester, Source, Taking
from ckanext.tzc.harvesters.http import Client, Limits
from ckanext.tzc.harvesters.partners import opendatasoft, udata
from ckanext.tzc.harvesters.partners.columns import filled
from ckanext.tzc.harvesters.partners.datajson import DataJson
from ckanext.tzc.harvesters.partners.opendatasoft import Opendatasoft
from ckanext.tzc.harvesters.partners.table import Table, sampled
from ckanext.tzc.harvesters.partners.udata import Udata
from ckanext.tzc.harvesters.record import Agent, Box, Period, Record, RecordError
from ckanext.tzc.schemas import vocabulary
from hypothesis import given, settings
from hypothesis import strategies as st
from tzc.harvesting import repair

from tests.domain.harvesters.speakers import of_datajson, of_opendatasoft, of_udata
from tests.sites import Asked, Reply, Site

SITE = Source("https://data.example.org/")
AIR = Agent("Service de l’air", "air@example.org")


def take(harvester: Harvester, address: str, **configured: object) -> Taking:
    source = Source(address, configured)
    return base.taken(harvester, Client(allow_internal=True, limits=Limits(tries=1), headers=harvester.headers(source)), source)


def read(harvester: Harvester, entry: object) -> Record:
    return base.record_of(harvester, json.dumps(entry), SITE)


def last(*iris: str) -> list[str]:
    return [iri.rpartition("/")[2] for iri in iris]


def test_a_dataset_of_udata() -> None:
    record = read(Udata(), of_udata("6" * 24, "Air"))
    assert (record.title, record.address, record.licence, record.access) == ("Air", f"https://www.data.gouv.fr/datasets/{'6' * 24}/", "lov2", "open")
    assert (record.publisher, record.contact) == (Agent("La ville", "", "https://www.data.gouv.fr/organizations/la-ville/"), AIR)
    assert (record.issued[:10], record.modified) == ("2023-01-02", "2024-05-06T07:08:09+00:00")
    assert last(record.frequency) == ["ANNUAL_2"] and record.communes == ("17300",) and record.periods == (Period("2020-01-01", "2023-12-31"),)
    assert [(file.name, file.format, file.size) for file in record.resources] == [("Mesures", "CSV", 1024), ("Notice", "PDF", None)]
    assert record.documentation == ("https://data.example.org/notice.pdf",)


@pytest.mark.parametrize("state", [{"private": True}, {"deleted": "2024-01-01"}, {"archived": "2024-01-01"}])
def test_what_is_not_public_at_udata(state: dict[str, Any]) -> None:
    with pytest.raises(RecordError, match=next(iter(state))):
        read(Udata(), {**of_udata("a", "Air"), **state})


def test_an_organization_of_udata_is_asked_by_its_identifier(site: Site) -> None:
    def answer(asked: Asked) -> Reply:
        if asked.path == "/api/1/organizations/la-ville/":
            return Reply(json.dumps({"id": "5" * 24}).encode())
        return Reply(json.dumps({"data": [of_udata("a", "Air")], "total": 1, "next_page": None}).encode())

    site.answer = answer
    assert list(take(Udata(), f"{site.address}/fr/organizations/la-ville/").records) == ["a"]
    assert site.asked[-1].question == {"organization": "5" * 24, "sort": "created", "page_size": "100"}
    take(Udata(), f"{site.address}/api/1/datasets/?organization={'7' * 24}&tag=air&page=3")
    assert site.asked[-1].question == {"organization": "7" * 24, "tag": "air", "sort": "created", "page_size": "100"}


def test_a_next_page_of_udata_at_another_server(site: Site) -> None:
    site.json({"data": [of_udata("a", "Air")], "total": 2, "next_page": "http://127.0.0.2:1/"})
    found = take(Udata(), site.address)
    assert "allow_hosts" in found.problems[0] and not found.whole


@pytest.mark.parametrize("address", ["https://a.org", "https://a.org/", "https://a.org/fr/", "https://a.org/fr/organizations/x/", "https://a.org/organizations/x", "https://a.org/api/1/datasets/?organization=x"])
def test_where_udata_is(address: str) -> None:
    assert udata.root(address) == "https://a.org"


def test_a_dataset_of_opendatasoft() -> None:
    record = read(Opendatasoft(), of_opendatasoft("air", "Air"))
    assert (record.title, record.description, record.licence, record.address) == ("Air", "Mesures horaires.", "lov2", "https://data.example.org/explore/dataset/air/")
    assert (record.publisher, record.contact, record.keywords) == (Agent("La ville"), AIR, ("air", "Cadre de vie"))
    assert last(*record.themes, *record.languages, record.frequency) == ["ENVI", "FRA", "ANNUAL"]
    assert (record.communes, record.places, record.other_identifiers) == (("17300",), ("La Rochelle",), ("da_air",))
    api = "https://data.example.org/api/explore/v2.1/catalog/datasets/air"
    assert [(file.format, file.url) for file in record.resources] == [
        ("CSV", f"{api}/exports/csv?use_labels=true"), ("XLSX", f"{api}/exports/xlsx"), ("JSON", f"{api}/exports/json"), ("GeoJSON", f"{api}/exports/geojson"), ("Shapefile", f"{api}/exports/shp"),
        ("PDF", f"{api}/attachments/notice_pdf"),
    ]  # fmt: skip
    assert [file.format for file in read(Opendatasoft(), {**of_opendatasoft("air", "Air"), "has_records": False}).resources] == ["PDF"]


def test_a_dataset_that_an_opendatasoft_repeats_from_another() -> None:
    """The facts of one that the network's own portal had of RTE, of September 2016 (a test of a crawler, which a search showed, without a name or commit), in the form of today."""
    said = {
        "title": "Evolutions régionales annuelles des longueurs de circuits", "publisher": "RTE", "license": "Licence Ouverte (Etalab)", "language": "fr", "records_count": 180, "theme": ["Réseau", "Territoires et régions"],
        "source_domain_address": "rte.opendatasoft.com", "source_domain": "rte", "source_dataset": "evolution_region_longueurs_circuits_files", "source_domain_title": "OPEN DATA RTE",
        "modified": "2016-07-04T12:28:31+00:00", "data_processed": "2016-09-02T11:52:15+00:00", "keyword": ["Région", "Bilan électrique"],
    }  # fmt: skip
    record = read(Opendatasoft(), {"dataset_id": "evolution_region_longueurs_circuits_files@rte", "has_records": True, "features": ["geo", "analyze", "timeserie"], "attachments": [], "metas": {"default": said}})
    assert record.other_identifiers == ("https://rte.opendatasoft.com/explore/dataset/evolution_region_longueurs_circuits_files/",)
    assert record.address == "https://data.example.org/explore/dataset/evolution_region_longueurs_circuits_files%40rte/"
    assert (record.licence, record.modified, [file.format for file in record.resources]) == ("lov1", "2016-07-04T12:28:31+00:00", ["CSV", "XLSX", "JSON", "GeoJSON", "Shapefile"])


def test_a_dataset_of_data_gouv_fr() -> None:
    """The facts of the register of companies as its API gave it on 1 September 2024 (a collection of questions and answers, which a search showed, without a name or commit): dates of two kinds, a zone without a name, no files where version 2 says how many."""
    site, name = "https://www.data.gouv.fr", "base-sirene-des-entreprises-et-de-leurs-etablissements-siren-siret"
    entry = {
        "id": "5b7ffc618b4c4169d30727e0", "title": "Base Sirene des entreprises et de leurs établissements (SIREN, SIRET)", "description": "**Fichiers stock**", "created_at": "2018-08-24T14:38:57.262000+00:00",
        "last_modified": "2024-09-01T06:41:23.766000+00:00", "last_update": "2024-09-01T06:41:18+00:00", "deleted": None, "private": False, "archived": None, "harvest": None, "owner": None, "license": "lov2",
        "tags": ["association", "companies", "entreprises", "hvd", "siren"], "frequency": "monthly", "frequency_date": "2018-10-03T18:00:00+00:00", "contact_point": None,
        "resources": {"rel": "subsection", "href": f"{site}/api/2/datasets/5b7ffc618b4c4169d30727e0/resources/?page=1&page_size=50", "type": "GET", "total": 18},
        "organization": {"name": "Institut National de la Statistique et des Etudes Economiques (Insee)", "acronym": None, "page": f"{site}/fr/organizations/institut-national-de-la-statistique-et-des-etudes-economiques-insee/"},
        "temporal_coverage": {"start": "1973-01-01", "end": "2023-12-31"}, "spatial": {"geom": None, "zones": ["country:fr"], "granularity": "other"},
        "uri": f"{site}/api/1/datasets/{name}/", "page": f"{site}/fr/datasets/{name}/",
    }  # fmt: skip
    record = read(Udata(), entry)
    assert (record.licence, record.issued, record.modified, last(record.frequency)) == ("lov2", "2018-08-24T14:38:57+00:00", "2024-09-01T06:41:18+00:00", ["MONTHLY"])
    assert (record.address, record.other_identifiers) == (f"{site}/fr/datasets/{name}/", (f"{site}/api/1/datasets/{name}/",))
    assert (record.periods, record.places, record.resources) == ((Period("1973-01-01", "2023-12-31"),), (), ())
    assert record.publisher == Agent("Institut National de la Statistique et des Etudes Economiques (Insee)", "", f"{site}/fr/organizations/institut-national-de-la-statistique-et-des-etudes-economiques-insee/")


def test_an_export_of_opendatasoft_that_is_short(site: Site) -> None:
    site.answer = lambda asked: Reply(json.dumps([of_opendatasoft("air", "Air")] if "exports" in asked.path else {"total_count": 2}).encode())
    found = take(Opendatasoft(), f"{site.address}/pages/accueil/", api_key="CLEF")
    assert found.problems == ["The catalogue says that it has 2 records, but gave 1."]
    assert {asked.headers["Authorization"] for asked in site.asked} == {"Apikey CLEF"}
    assert opendatasoft.root("https://a.org/explore/dataset/x/") == opendatasoft.root("https://a.org/api/explore/v2.1/") == "https://a.org"


def test_a_dataset_of_data_json() -> None:
    record = read(DataJson(), of_datajson("air", "Air"))
    assert (record.title, record.licence, record.modified, record.address) == ("Air", "lov2", "2024-05-06", "https://data.example.org/page")
    assert (record.publisher, record.contact, record.box) == (Agent("La ville"), AIR, Box(-1.3, 46.1, -1.0, 46.3))
    assert last(*record.themes, *record.languages, record.frequency) == ["ENVI", "FRA", "ANNUAL"]
    assert record.periods == (Period("2020-01-01", "2023-12-31"),)
    assert read(DataJson(), {**of_datajson("air", "Air"), "accessLevel": "non-public", "modified": "R/P1D"}).access == "restricted"


def test_a_record_of_a_real_data_json() -> None:
    """The facts of one of the ARM Data Center, of June 2019 (GSA/ckanext-datajson, `datajson-samples/arm.data.json`, 4c5b1fc9): a blank before the identifier, publishers within publishers, a format that says so."""
    within = {"name": "DOE Office of Science user facilities", "subOrganizationOf": {"name": "U.S. Government"}}
    entry = {
        "@type": "dcat:Dataset", "accessLevel": "public", "bureauCode": ["018:001"], "programCode": ["018:001"], "identifier": " 10.5439/1150252", "title": "Parsivel2 Laser Disdrometer",
        "description": "No description found", "license": "https://project-open-data.cio.gov/unknown-license", "modified": "2019-06-27 12:41:27",
        "contactPoint": {"fn": "ARM Data Center", "hasEmail": "mailto:adc@arm.gov"}, "keyword": ["ARM", "ORNL", "ldis", "Laser Disdrometer", "sfcmet"],
        "publisher": {"name": "Atmospheric Radiation Measurement Data Center", "subOrganizationOf": {"name": "DOE Biological and Environmental Research (BER)", "subOrganizationOf": within}},
        "distribution": [{"accessURL": "http://www.archive.arm.gov/discovery/#v/results/s/s::pars2", "format": "Undefined"}],
    }  # fmt: skip
    record = read(DataJson(), entry)
    assert (record.identifier, record.title, record.modified, record.access) == ("10.5439/1150252", "Parsivel2 Laser Disdrometer", "2019-06-27T12:41:27", "open")
    assert (record.publisher, record.contact) == (Agent("Atmospheric Radiation Measurement Data Center"), Agent("ARM Data Center", "adc@arm.gov"))
    assert [(file.url, file.format) for file in record.resources] == [("http://www.archive.arm.gov/discovery/#v/results/s/s::pars2", "")]
    assert record.keywords == ("ARM", "ORNL", "ldis", "Laser Disdrometer", "sfcmet") and record.licence_stated == "https://project-open-data.cio.gov/unknown-license"


def test_an_old_data_json(site: Site) -> None:
    site.json([{"identifier": "air", "title": "Air", "contactPoint": "Service de l’air", "mbox": "air@example.org", "publisher": "La ville", "accessURL": "https://data.example.org/a.csv"}])
    [record] = take(DataJson(), f"{site.address}/liste.json").records.values()
    assert (record.contact, record.publisher, [file.format for file in record.resources]) == (AIR, Agent("La ville"), ["CSV"])


# tables


def rows(site: Site, text: str, written: str = "utf-8", **configured: object) -> Taking:
    site.answer = lambda _: Reply(text.encode(written))
    return take(Table(), f"{site.address}/jeux.csv", **configured)


def test_a_catalogue_of_a_local_authority(site: Site) -> None:
    """In the form that OpenDataFrance has published; the facts are those of the example that its description gives."""
    text = (
        "COLL_NOM;COLL_SIRET;ID;TITRE;DESCRIPTION;THEME;PRODUCTEUR_NOM;PRODUCTEUR_SIRET;COUV_SPAT_MAILLE;COUV_SPAT_NOM;COUV_TEMP_DEBUT;COUV_TEMP_FIN;DATE_PUBL;FREQ_MAJ;DATE_MAJ;"
        "MOTS_CLES;LICENCE;NOMBRE_RESSOURCES;FORMAT_RESSOURCES;URL\n"
        "Rennes Métropole;24350013900189;prenoms;Prénoms des nouveaux-nés;Déclarés en mairie.;Administration locale;Ville de Rennes;21350238800019;Communale;Rennes;2017-01-01;2017-12-31;"
        '2017-06-01;Mensuelle ou plusieurs fois par mois;2018-01-14;"scdl;prenoms;etat-civil";Licence Ouverte-LO;3;"csv;xls;json";https://data.example.org/explore/dataset/prenoms\n'
    )
    [record] = rows(site, text).records.values()
    assert (record.identifier, record.title, record.description, record.licence) == ("prenoms", "Prénoms des nouveaux-nés", "Déclarés en mairie.", "lov1")
    assert (record.publisher, record.places, record.periods) == (Agent("Ville de Rennes"), ("Rennes",), (Period("2017-01-01", "2017-12-31"),))
    assert (record.issued, record.modified, record.keywords[:3], last(record.frequency)) == ("2017-06-01", "2018-01-14", ("scdl", "prenoms", "etat-civil"), ["MONTHLY"])
    assert (record.address, record.resources) == ("https://data.example.org/explore/dataset/prenoms", ()), "the address of a page is no file"
    assert rows(site, text, columns={"file_url": "URL"}).records["prenoms"].resources[0].url == record.address


def test_a_table_with_its_usual_names(site: Site) -> None:
    text = (
        "Identifiant;Titre;Résumé;Mots-clés;Thématique;Licence;Accès;Producteur;Contact;Courriel;Mis à jour le;Fréquence;Code INSEE;Territoire;Lien;Format\n"
        "air;Air;<p>Mesures.</p>;air|ozone;Environnement|Cadre de vie;Licence Ouverte 2.0;restreint;La ville;Service de l’air;air@example.org;06/05/2024;mensuelle;17300|abc;La ville;https://a.org/1.csv;CSV\n"
        "air;;;;;;;;;;;;;;https://a.org/2.geojson;\n"
    )
    [record] = rows(site, text, separator="|").records.values()
    assert (record.identifier, record.title, record.description, record.licence, record.access) == ("air", "Air", "Mesures.", "lov2", "restricted")
    assert (record.publisher, record.contact, record.modified) == (Agent("La ville"), AIR, "2024-05-06")
    assert (record.keywords, record.communes, record.places) == (("air", "ozone", "Cadre de vie"), ("17300",), ("La ville",))
    assert last(*record.themes, record.frequency) == ["ENVI", "MONTHLY"]
    assert [file.format for file in record.resources] == ["CSV", "GeoJSON"]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_table_says_who_may_have_the_data_in_the_portals_own_words(site: Site, language: str) -> None:
    levels = {entry["code"]: entry["label"][language] for entry in vocabulary("access-level")}
    found = rows(site, "Titre;Accès\n" + "".join(f"Jeu {code};{words.upper()}\n" for code, words in levels.items()))
    assert {record.title: (record.access, record.notes) for record in found.records.values()} == {f"Jeu {code}": (code, ()) for code in levels if code != "confidential"}
    assert ["confidential" in words for words in found.refused.values()] == [True], "it is not for others to see, nor its description"


def test_keywords_of_a_table(site: Site) -> None:
    found = rows(site, 'Titre;Mots-clés\nA;"mobilité, secteur 1"\nB;"mobilité; eau, air"\n')
    assert [record.keywords[0] for record in found.records.values()] == ["mobilité", "mobilité"]
    assert [len(record.keywords) for record in found.records.values()] == [2, 2]


@pytest.mark.parametrize(("text", "reason"), [("", "nothing"), ("a;b\n1;2\n", "no column for the title"), ("Titre;id\nx;\n", "no identifier"), ("Titre;id\nx\n", "cut off"), ('Titre;id\n"x;1\n', "cut off"), ("\x00", "neither")])
def test_tables_that_are_none(site: Site, text: str, reason: str) -> None:
    found = rows(site, text)
    assert reason in found.problems[0] and not found.whole


@pytest.mark.parametrize(("separator", "encoding"), [(",", "utf-8-sig"), ("\t", "cp1252"), (";", "utf-8"), ("|", "utf-8")])
def test_separators_and_encodings(site: Site, separator: str, encoding: str) -> None:
    assert [record.title for record in rows(site, f"Titre{separator}Lien\nÉté{separator}https://a.org/1\n", encoding).records.values()] == ["Été"]


def test_columns_that_the_configuration_names(site: Site) -> None:
    assert list(rows(site, "Nom du jeu;Lien\nAir;https://a.org/1\n", columns={"title": "nom du jeu"}).records) == ["Air"]
    assert "no column Sujet" in rows(site, "Titre\nAir\n", columns={"title": "Sujet"}).problems[0]
    assert [record.title for record in rows(site, "Titre\nÉté\n", "mac_roman", encoding="mac_roman").records.values()] == ["Été"]


def chosen(site: Site, text: str, choice: dict[str, str], **configured: object) -> Taking:
    """A table with a choice of its columns."""
    site.answer = lambda _: Reply(text.encode())
    source = Source(f"{site.address}/jeux.csv", configured, choice)
    return base.taken(Table(), Client(allow_internal=True, limits=Limits(tries=1)), source)


def test_columns_that_the_mapping_chooses(site: Site) -> None:
    text = "Titre;Nom du jeu;Adresse;Remarques;Contact\nT1;Air;https://a.org/1.csv;à revoir;Service\n"
    [record] = chosen(site, text, {"titre": "", "Nom  du jeu": "title", "Adresse": "file_url", "REMARQUES": "", "Contact": ""}).records.values()
    assert (record.identifier, record.title, record.contact, [file.url for file in record.resources]) == ("Air", "Air", None, ["https://a.org/1.csv"])
    assert not any("column" in note.what for note in record.notes), "what is chosen to be left out is not told of"
    [record] = chosen(site, text, {"Contact": ""}, columns={"title": "Nom du jeu", "contact_name": "Contact", "file_url": "Adresse"}).records.values()
    assert (record.title, record.contact, len(record.resources)) == ("Air", None, 1), "the configuration counts for what the mapping says nothing of"
    assert [note.value for note in record.notes if "column" in note.what] == ["Titre", "Remarques"]
    assert list(chosen(site, text, {"Contact": "title"}, columns={"title": "Nom du jeu"}).records) == ["Service"], "the mapping counts before the configuration"


def test_chosen_columns_that_are_gone_stop_the_listing(site: Site) -> None:
    found = chosen(site, "Titre;Lien\nAir;https://a.org/1\n", {"Sujet": "keywords", "Remarques": ""})
    assert (found.records, found.whole) == ({}, False) and found.problems == ["The table has no column Sujet; it has: Titre, Lien."]


def test_the_first_rows_of_a_table_are_kept_whatever_becomes_of_it(site: Site) -> None:
    site.answer = lambda _: Reply(("a;b\n" + "".join(f"{number};{'x' * 3000}\n" for number in range(50))).encode())
    client = Client(allow_internal=True, limits=Limits(tries=1))
    assert not base.taken(Table(), client, Source(f"{site.address}/jeux.csv")).whole
    assert len(client.first_rows) == 41 and client.first_rows[:2] == [["a", "b"], ["0", "x" * 2000]]
    before = Source(f"{site.address}/jeux.csv")
    after = dataclasses.replace(before, columns={"a": "title"})
    assert filled(["a", "Titre", "", "titre", "Licence"], after) == {"a": "title", "Titre": "", "Licence": "licence"}
    assert filled(["a", "Titre", "", "titre", "Licence"], before) == {"a": "", "Titre": "title", "Licence": "licence"}
    assert sampled(client.first_rows, before, after) == []
    pairs = sampled(client.first_rows, after, before)
    assert len(pairs) == 40 and Table().parse(pairs[7][0], after).title == "7"
    with pytest.raises(RecordError):
        Table().parse(pairs[7][1], before)


def test_columns_that_are_not_understood_are_told(site: Site) -> None:
    unread, read = (next(iter(rows(site, f"Titre;{header};URL\nAir;restreint;https://a.org/1\n").records.values())) for header in ("Niveau d’ouverture", "Accès"))
    assert [(note.what, note.value) for note in unread.notes if repair.rule_of(note.what) is repair.RULES["column-unknown"]] == [("column of the table not understood", "Niveau d’ouverture")]
    assert read.access == "restricted" and not any("column" in note.what for note in read.notes)


def test_a_level_of_access_that_is_not_understood_is_the_stricter(site: Site) -> None:
    [record] = rows(site, "Titre;Accès\nAir;selon le cas\n").records.values()
    assert record.access == "restricted" and record.notes


VALUES = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20), lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=8), below, max_size=3), max_leaves=8)


@pytest.mark.parametrize(("harvester", "whole"), [(Udata(), of_udata), (Opendatasoft(), of_opendatasoft), (DataJson(), of_datajson), (Table(), lambda name, title: {"identifier": name, "rows": [{"title": title, "file_url": "x"}]})])
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_any_entry_is_read_or_refused_by_name(harvester: Harvester, whole: Callable[[str, str], dict[str, Any]], data: st.DataObject) -> None:
    """A value, or one below it, is of any kind."""
    entry = whole("a", "Air")
    places: list[Any] = [entry]
    for place in places:
        places += [value for value in (place.values() if isinstance(place, dict) else place) if isinstance(value, (dict, list)) and value]
    place = data.draw(st.sampled_from(places))
    place[data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else list(range(len(place)))))] = data.draw(VALUES)
    try:
        record = read(harvester, entry)
    except RecordError as error:
        assert str(error)
        return
    assert record.identifier and record.title
