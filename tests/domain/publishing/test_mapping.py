"""A dataset as triples: whatever a field holds, every syntax says the same and says it well."""
from __future__ import annotations

import dataclasses
import json
from datetime import datetime, timezone
from typing import Any

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdflib import Graph
from rdflib.compare import isomorphic
from tzc.publishing import documents, mapping
from tzc.publishing.terms import NAMES, clean, iri, moment

NOW = datetime(2026, 11, 28, 12, tzinfo=timezone.utc)
LICENCES = {
    "lov2": mapping.Licence("https://www.etalab.gouv.fr/licence-ouverte-open-licence", wider="http://publications.europa.eu/resource/authority/licence/CC_BY_4_0", permissions=("odrl:use",), duties=("odrl:attribute",)),
    "cc-by": mapping.Licence("http://creativecommons.org/licenses/by/4.0/", eu="http://publications.europa.eu/resource/authority/licence/CC_BY_4_0"),
}  # fmt: skip
RIGHTS = "http://publications.europa.eu/resource/authority/access-right/"
WORLD = mapping.World(
    base="https://portal.example", language="fr", communes={"17300": "La Rochelle"}, licences=LICENCES,
    levels={"open": f"{RIGHTS}PUBLIC", "registered": f"{RIGHTS}RESTRICTED", "restricted": f"{RIGHTS}RESTRICTED"},
    formats={"csv": mapping.Format("http://publications.europa.eu/resource/authority/file-type/CSV", "text/csv")},
    axes=frozenset({"mobilite"}), personal={"personal": "https://w3id.org/dpv#PersonalData"}, kinds={"entreprise": "d"}, persons=frozenset({"personal"}), boxes={"17300": (-1.25, 46.1, -1.1, 46.2)},
    whole=("Territoire", (-1.4, 46.0, -0.9, 46.4)),
)  # fmt: skip
ID = "0f6e1a10-0000-4000-8000-00000000000a"
PLAIN: dict[str, Any] = {
    "id": ID, "name": "velos", "title": "Vélos", "metadata_created": datetime(2024, 5, 1, 8), "metadata_modified": "2024-06-01T09:00:00.5",  # noqa: DTZ001 -- as CKAN stores it
    "organization": {"id": "o", "title": "Ville", "kind": "entreprise", "siren": "211703004"}, "license_id": "lov2", "access_level": "open", "resources": [], "tags": [],
}  # fmt: skip
FILE = {"id": "f1", "url": "https://example.org/velos.csv", "format": "CSV", "name": "Comptages"}


def described(**fields: Any) -> ox.Store:
    store = ox.Store()
    store.extend(ox.Quad(*triple) for triple in mapping.describe({**PLAIN, **fields}, WORLD, NOW).triples)
    return store


def objects(store: ox.Store, name: str) -> set[str]:
    return {quad.object.value for quad in store.quads_for_pattern(None, NAMES[name], None)}


# any value that the schema's fields may hold, or that an older release may have left in them

WORDS = st.text(max_size=40) | st.sampled_from(["", " ", "\x0b\ud800\uffff", "a\r\nb", "]]>", '"\\', "<b>&amp;", "مرحبا", "🚲", "﷐"])
ADDRESSES = st.sampled_from(["http://a b/<c>", "https://é.example/ù?q=1#x", "mailto:a@b.c", "urn:isbn:1", "relative", "http://", "http://[::1", "https://x/%zz", "javascript:alert(1)", "HTTPS://X/"]) | WORDS
DATES = st.sampled_from(["2024", "2024-02", "2024-02-30", "2024-02-29", "0000", "99999-01-01", "2024-01-01T25:00", "2024-01-01T10:00:00Z", "hier", "2030-01-01"]) | WORDS
ANY = WORDS | ADDRESSES | DATES | st.none() | st.integers() | st.floats() | st.booleans() | st.lists(WORDS | st.none() | st.integers(), max_size=3) | st.dictionaries(WORDS, WORDS, max_size=2)
FIELDS = [
    "title", "notes", "identifier", "guid", "uri", "url", "version", "version_notes", "frequency", "dcat_type", "temporal_resolution", "language", "theme", "conforms_to", "documentation",
    "has_version", "is_referenced_by", "applicable_legislation", "spatial_resolution_in_meters", "issued", "modified", "alternate_identifier", "provenance", "communes", "hvd_category",
    "access_level", "access_rights", "license_id", "axis", "personal_data", "late_after_days", "update_promise", "source_system", "harvest_source_id", "harvest_source_url",
    "was_derived_from", "embargo",
]  # fmt: skip
OF_FILES = [
    "url", "name", "description", "format", "mimetype", "size", "hash", "hash_algorithm", "rights", "availability", "status", "license", "access_url", "download_url", "issued", "modified",
    "language", "documentation", "conforms_to", "compress_format", "package_format", "temporal_resolution", "spatial_resolution_in_meters", "uri", "url_type", "datastore_active", "access_level",
]  # fmt: skip
AGENTS = st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(("name", "email", "url", "uri", "type", "identifier", "start", "end", "text", "geom", "bbox", "centroid"), ANY)), max_size=2)
DATASETS = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(FIELDS, ANY),
        **dict.fromkeys(("publisher", "creator", "contact", "temporal_coverage", "spatial_coverage"), AGENTS | ANY),
        "tags": st.lists(WORDS, max_size=3),
        "resources": st.lists(st.fixed_dictionaries({"id": st.sampled_from(["f1", "f2"])}, optional=dict.fromkeys(OF_FILES, ANY)), max_size=2),
    },
)
RDFLIB = {"turtle": "turtle", "rdf_xml": "xml", "json_ld": "json-ld", "n_triples": "nt"}


@given(DATASETS)
@settings(max_examples=150, deadline=None)
def test_any_dataset_is_written_and_read_back_the_same_in_every_syntax(fields: dict[str, Any]) -> None:
    told = mapping.describe({**PLAIN, **fields}, WORLD, NOW)
    bodies = documents.fragments(told.triples)
    expected = ox.Dataset(ox.Quad(*triple) for triple in told.triples)
    for syntax in documents.SYNTAXES:
        whole = b"".join(documents.document(syntax, [bodies[syntax.name].encode("utf-8")]))
        read = ox.Dataset(ox.Quad(*quad.triple) for quad in ox.parse(whole, format=syntax.format))
        expected.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
        read.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
        assert read == expected, syntax.name
    subjects = {triple.subject.value for triple in told.triples if triple.predicate == NAMES["rdf:type"] and triple.object == NAMES["dcat:Dataset"]}
    assert subjects == {told.subject.value}
    for name, least, most in (("dct:title", 1, 1), ("dct:description", 0, 1), ("dct:identifier", 1, 1), ("dct:modified", 1, 1), ("dct:accessRights", 0, 1), ("dct:publisher", 1, 1)):
        found = [triple for triple in told.triples if triple.subject == told.subject and triple.predicate == NAMES[name]]
        assert least <= len(found) <= most, name


@given(st.lists(DATASETS, min_size=2, max_size=3))
@settings(max_examples=20, deadline=None)
def test_fragments_stand_one_after_the_other(every: list[dict[str, Any]]) -> None:
    """Another program reads the whole; the datasets' blank nodes stay apart."""
    told = [mapping.describe({**PLAIN, **fields, "id": f"0f6e1a10-0000-4000-8000-00000000000{number}"}, WORLD, NOW) for number, fields in enumerate(every)]
    bodies = [documents.fragments(each.triples) for each in told]
    graphs = {syntax.name: Graph().parse(data=b"".join(documents.document(syntax, [body[syntax.name].encode("utf-8") for body in bodies])), format=RDFLIB[syntax.name]) for syntax in documents.SYNTAXES}
    blanks = [{term for triple in each.triples for term in (triple.subject, triple.object) if isinstance(term, ox.BlankNode)} for each in told]
    assert sum(len(each) for each in blanks) == len(set().union(*blanks))
    first = graphs.pop("n_triples")
    assert all(isomorphic(first, graph) for graph in graphs.values())


def test_a_document_of_nothing_is_one() -> None:
    for syntax in documents.SYNTAXES:
        assert len(Graph().parse(data=b"".join(documents.document(syntax, [])), format=RDFLIB[syntax.name])) == 0


def test_the_same_dataset_gives_the_same_fragment() -> None:
    fields = {**PLAIN, "contact": [{"name": "A"}], "resources": [FILE], "tags": ["vélo", "eau"]}
    first, second = (documents.fragments(mapping.describe(fields, WORLD, NOW).triples) for _ in range(2))
    assert first["n_triples"] == second["n_triples"]
    assert documents.digest(first["n_triples"]) == documents.digest(second["n_triples"])


@pytest.mark.parametrize(
    ("stated", "written"),
    [
        ("https://example.org/a b", "https://example.org/a%20b"), (" https://example.org/ ", "https://example.org/"), ("https://example.org/100%", "https://example.org/100%25"),
        ("https://example.org/<é>", "https://example.org/%3Cé%3E"), ("relative/path", None), ("", None), (None, None), ("http://[::1", None), (["http://x"], None),
    ],
)  # fmt: skip
def test_addresses_are_mended_or_left_out(stated: Any, written: str | None) -> None:
    found = iri(stated)
    assert (found.value if found else None) == written


@pytest.mark.parametrize(
    ("stated", "kind"),
    [
        ("2024", "gYear"), ("2024-02", "gYearMonth"), ("2024-02-29", "date"), ("2024-02-29T10:00:00", "dateTime"), ("2024-02-29T10:00:00Z", "dateTime"),
        ("2024-13", None), ("2023-02-29", None), ("hier", None), ("29/02/2024", None), ("0000", None),
    ],
)  # fmt: skip
def test_dates_are_those_of_the_calendar(stated: str, kind: str | None) -> None:
    found = moment(stated)
    assert (found.datatype.value.rpartition("#")[2] if found else None) == kind


def test_texts_lose_what_no_document_can_carry() -> None:
    assert clean(" a\r\nb\rc\x0b\ud800\uffff ") == "a\nb\nc"


def test_a_closed_dataset_tells_no_address() -> None:
    secret = {**FILE, "url": "https://example.org/secret", "download_url": "https://example.org/secret2", "access_url": "https://example.org/secret3", "hash": "aa" * 16, "datastore_active": True}
    for level, personal, letter in (("restricted", "", "d"), ("registered", "", "d"), ("restricted", "personal", "f")):
        store = described(access_level=level, personal_data=personal, resources=[secret])
        assert "secret" not in str([str(quad) for quad in store])
        assert objects(store, "dcat:accessURL") == {f"https://portal.example/dataset/{ID}/resource/f1"}
        assert objects(store, "dcat:downloadURL") == objects(store, "dcat:accessService") == objects(store, "spdx:checksum") == set()
        assert {value.rpartition("1")[2] for value in objects(store, "dct:rights")} == {letter}
    assert objects(described(resources=[secret]), "dcat:downloadURL") == {"https://example.org/secret2"}


def test_under_embargo_nothing_leads_to_the_data_until_its_end() -> None:
    ends = "2027-03-01T00:00:00Z"
    store = described(embargo=ends, resources=[FILE])
    assert objects(store, "dcat:accessURL") == {f"https://portal.example/dataset/{ID}/resource/f1"}
    assert objects(store, "dct:available") == {"2027-03-01T00:00:00Z"}
    assert objects(store, "dct:accessRights") == {f"{RIGHTS}RESTRICTED"}
    told = mapping.describe({**PLAIN, "embargo": ends, "resources": [FILE]}, WORLD, NOW)
    assert told.changes == datetime(2027, 3, 1, tzinfo=timezone.utc)
    after = mapping.describe({**PLAIN, "embargo": ends, "resources": [FILE]}, WORLD, told.changes)
    assert set(after.triples) == set(mapping.describe({**PLAIN, "resources": [FILE]}, WORLD, NOW).triples)


def test_a_closed_file_stands_beside_an_open_one() -> None:
    store = described(resources=[{**FILE, "access_level": "restricted", "url": "https://example.org/secret"}, {**FILE, "id": "f2"}])
    assert objects(store, "dcat:accessURL") == {f"https://portal.example/dataset/{ID}/resource/f1", FILE["url"]}
    closed, open_file = (ox.NamedNode(f"https://portal.example/dataset/{ID}/resource/{id}") for id in ("f1", "f2"))
    rights = {quad.subject: quad.object.value for quad in store.quads_for_pattern(None, NAMES["dct:accessRights"], None)}
    assert rights[closed] == f"{RIGHTS}RESTRICTED" and open_file not in rights
    limits = {quad.subject for quad in store.quads_for_pattern(None, NAMES["dct:rights"], None)}
    assert limits == {closed}


def test_high_value_is_said_where_each_consumer_looks() -> None:
    category = "http://data.europa.eu/bna/c_b79e35eb"
    store = described(hvd_category=[category], resources=[FILE])
    assert category in objects(store, "dcat:theme") & objects(store, "dcatap:hvdCategory")
    subjects = {quad.subject.value for quad in store.quads_for_pattern(None, NAMES["dcatap:applicableLegislation"], mapping.HVD_REGULATION)}
    assert subjects == {f"https://portal.example/dataset/{ID}", f"https://portal.example/dataset/{ID}/resource/f1"}


def test_licences_lead_to_those_of_the_eu_and_say_what_they_allow() -> None:
    store = described(resources=[FILE])
    assert objects(store, "dct:license") == {"https://www.etalab.gouv.fr/licence-ouverte-open-licence"}
    assert objects(store, "skos:broadMatch") == {"http://publications.europa.eu/resource/authority/licence/CC_BY_4_0"}
    assert objects(store, "odrl:hasPolicy") == {f"https://portal.example/dataset/{ID}/resource/f1#policy"}
    assert objects(store, "odrl:action") == {NAMES["odrl:use"].value, NAMES["odrl:attribute"].value}
    assert objects(described(license_id="cc-by", resources=[FILE]), "skos:exactMatch") == {"http://publications.europa.eu/resource/authority/licence/CC_BY_4_0"}
    own = described(resources=[{**FILE, "license": "https://creativecommons.org/licenses/by/4.0"}])
    assert objects(own, "dct:license") == {"http://creativecommons.org/licenses/by/4.0/"}
    assert objects(described(license_id="notspecified", resources=[FILE]), "dct:license") == set()


def test_what_a_licence_forbids_is_said_too() -> None:
    limited = mapping.Licence("http://creativecommons.org/licenses/by-nc/4.0/", permissions=("odrl:use",), prohibitions=("cc:CommercialUse",))
    told = mapping.describe({**PLAIN, "license_id": "cc-by-nc", "resources": [FILE]}, dataclasses.replace(WORLD, licences={"cc-by-nc": limited}), NOW)
    store = ox.Store()
    store.extend(ox.Quad(*triple) for triple in told.triples)
    [forbidden] = [quad.object for quad in store.quads_for_pattern(None, NAMES["odrl:prohibition"], None)]
    assert {quad.object for quad in store.quads_for_pattern(forbidden, NAMES["odrl:action"], None)} == {NAMES["cc:CommercialUse"]}
    assert objects(described(resources=[FILE]), "odrl:prohibition") == set()


def test_the_interface_of_a_table_says_what_is_known_of_its_dataset() -> None:
    world = dataclasses.replace(WORLD, languages=("fr", "en"))
    told = mapping.describe(
        {
            **PLAIN, "theme": [f"{RIGHTS}x"], "tags": ["vélo", "eau"], "contact": [{"name": "A", "email": "a@example.org"}, {"name": "B"}], "hvd_category": ["http://data.europa.eu/bna/c_b79e35eb"],
            "resources": [{**FILE, "datastore_active": True, "license": "https://creativecommons.org/licenses/by/4.0"}, {**FILE, "id": "f2"}],
        }, world, NOW,
    )  # fmt: skip
    store = ox.Store()
    store.extend(ox.Quad(*triple) for triple in told.triples)
    [service] = [quad.subject for quad in store.quads_for_pattern(None, NAMES["rdf:type"], NAMES["dcat:DataService"])]

    def said(subject: Any, name: str) -> set[Any]:
        return {quad.object for quad in store.quads_for_pattern(subject, NAMES[name], None)}

    assert {(title.language, title.value.rpartition(" ")[2]) for title in said(service, "dct:title")} == {("fr", "Comptages"), ("en", "Comptages")}
    for name, count in (("dct:publisher", 1), ("dcat:contactPoint", 2), ("dcat:theme", 2), ("dcat:keyword", 2), ("dct:accessRights", 1), ("dcatap:applicableLegislation", 1)):
        assert said(service, name) == said(told.subject, name), name
        assert len(said(service, name)) == count, name
    assert {licence.value for licence in said(service, "dct:license")} == {"http://creativecommons.org/licenses/by/4.0/"}, "the file's own"
    assert said(service, "dcat:servesDataset") == {told.subject}
    assert all(len(said(service, name)) == 1 for name in ("dcat:endpointURL", "dcat:endpointDescription", "dct:conformsTo"))


def test_the_interface_of_a_harvested_table_is_named_in_no_language() -> None:
    store = described(harvest_source_id="s", resources=[{**FILE, "datastore_active": True}])
    [service] = [quad.subject for quad in store.quads_for_pattern(None, NAMES["rdf:type"], NAMES["dcat:DataService"])]
    assert [(quad.object.language, quad.object.value) for quad in store.quads_for_pattern(service, NAMES["dct:title"], None)] == [(None, "API – Comptages")]


def test_sources_are_datasets_here_or_addresses() -> None:
    store = described(was_derived_from=[ID.replace("1", "2"), "https://example.org/source", "relative"])
    assert objects(store, "prov:wasDerivedFrom") == {f"https://portal.example/dataset/{ID.replace('1', '2')}", "https://example.org/source"}


def test_nobody_speaks_in_anothers_name() -> None:
    assert mapping.subject_of({"id": ID, "uri": "https://portal.example/dataset/another"}, WORLD.base).value == f"https://portal.example/dataset/{ID}"
    assert mapping.subject_of({"id": ID, "uri": "http://portal.example/dataset/another"}, WORLD.base).value == f"https://portal.example/dataset/{ID}"
    assert mapping.subject_of({"id": ID, "uri": "https://doi.org/10.5072/x"}, WORLD.base).value == "https://doi.org/10.5072/x"


def test_texts_of_elsewhere_have_no_language_of_ours() -> None:
    def language(**fields: Any) -> str | None:
        return next(quad.object.language for quad in described(**fields).quads_for_pattern(None, NAMES["dct:title"], None))

    assert language() == "fr"
    assert language(harvest_source_id="s") is None


def test_a_place_is_well_known_text() -> None:
    square = {"type": "Polygon", "coordinates": [[[0, 1], [1, 1], [1, 2], [0, 1]]]}
    assert next(iter(objects(described(spatial_coverage=[{"bbox": square}]), "dcat:bbox"))).startswith("POLYGON ((0.")
    assert objects(described(spatial_coverage=[{"geom": "POINT (1 2)"}]), "locn:geometry") == {"POINT (1.00000 2.00000)"}
    # data.gouv.fr reads surfaces in GeoJSON only
    for stated in ({"bbox": square}, {"geom": json.dumps(square)}, {"geom": "POLYGON ((0 1, 1 1, 1 2, 0 1))"}):
        assert [json.loads(value)["coordinates"] for value in objects(described(spatial_coverage=[stated]), "locn:geometry")] == [square["coordinates"]]
    assert [json.loads(value)["type"] for value in objects(described(communes=["17300"]), "locn:geometry")] == ["Polygon"]
    for broken in ("POINT (", "[1,2]", '{"type": "Polygon"}', "nowhere"):
        assert objects(described(spatial_coverage=[{"text": "Là", "geom": broken}]), "locn:geometry") == set()


def test_a_dataset_without_a_place_is_about_the_whole_territory() -> None:
    assert "Territoire" in objects(described(), "skos:prefLabel")
    assert objects(described(), "dcat:bbox") == {"POLYGON ((-1.40000 46.00000, -0.90000 46.00000, -0.90000 46.40000, -1.40000 46.40000, -1.40000 46.00000))"}
    for place in ({"communes": ["17300"]}, {"spatial_coverage": [{"text": "Le port"}]}, {"harvest_source_id": "s"}):
        assert "Territoire" not in objects(described(**place), "skos:prefLabel"), place


@pytest.mark.parametrize("empty", ['{"type":"Polygon","coordinates":[]}', '{"type":"Polygon","coordinates":[[]]}', '{"type":"MultiPolygon","coordinates":[[[]]]}'])
def test_a_surface_without_corners_is_no_place(empty: str) -> None:
    store = described(spatial_coverage=[{"text": "Là", "geom": empty}])
    assert objects(store, "locn:geometry") == set() and "Là" in objects(store, "skos:prefLabel")


def test_a_host_that_is_none_makes_no_address() -> None:
    assert iri("http://exa mple/<x>") is None
    assert iri("http://example.org/a b<x>").value == "http://example.org/a%20b%3Cx%3E"  # type: ignore[union-attr]  -- it is one


@pytest.mark.parametrize(
    "stated",
    [
        "https://portal.example/dataset/other", "HTTPS://PORTAL.EXAMPLE/dataset/other", "https://user@portal.example/dataset/other", "https://portal.example:443/dataset/other", "http://portal.example/x",
        f"{RIGHTS}PUBLIC", "http://publications.europa.eu/resource/authority/language/FRA", "http://id.insee.fr/geo/commune/17300", "http://www.w3.org/ns/dcat#Dataset",
    ],
)  # fmt: skip
def test_no_dataset_file_partner_or_contact_speaks_in_anothers_name(stated: str) -> None:
    """Not by an address of this portal, however it is written, nor by a term that others point to."""
    told = described(uri=stated, publisher=[{"name": "Faux nom", "uri": stated}], creator=[{"name": "Faux", "uri": stated}], contact=[{"name": "Faux", "uri": stated}], resources=[{**FILE, "uri": stated}])
    kinds = {name: {quad.subject.value for quad in told.quads_for_pattern(None, NAMES["rdf:type"], NAMES[name])} for name in ("dcat:Dataset", "dcat:Distribution", "foaf:Agent", "vcard:Kind")}
    assert kinds["dcat:Dataset"] == {f"https://portal.example/dataset/{ID}"}
    assert all(stated not in subjects for subjects in kinds.values())


def test_what_is_to_come_is_not_said_to_be_so() -> None:
    told = mapping.describe({**PLAIN, "issued": "2027-01-01", "modified": "2027-02-01", "spatial_resolution_in_meters": "-1"}, WORLD, NOW)
    store = described(issued="2027-01-01", modified="2027-02-01", spatial_resolution_in_meters="-1", alternate_identifier=["a", "a"])
    assert not any(value.startswith("2027") for name in ("dct:issued", "dct:modified") for value in objects(store, name))
    assert told.changes == datetime(2027, 1, 1, tzinfo=timezone.utc)
    assert objects(store, "dcat:spatialResolutionInMeters") == set()
    assert len(list(store.quads_for_pattern(None, NAMES["adms:identifier"], None))) == 1
