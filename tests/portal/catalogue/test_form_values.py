"""Values that people and other catalogues write: what is refused with a way to mend it, what is kept, what reaches the index and the feeds."""
from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

import ckan.plugins.toolkit as tk
import pytest
import yaml
from ckan.tests import factories
from ckanext.dcat.processors import RDFSerializer
from ckanext.tzc.schemas import vocabulary
from rdflib import Graph, URIRef
from rdflib.namespace import DCAT, RDF

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

Publish = Callable[..., dict[str, Any]]
Errors = Callable[..., dict[str, Any]]
DCATAP = "http://data.europa.eu/r5r/"
LONG = "".join(hashlib.sha256(str(number).encode()).hexdigest() for number in range(50))
HVD = "http://data.europa.eu/eli/reg_impl/2023/138/oj"


def harvested(partner: dict[str, Any], **fields: Any) -> dict[str, Any]:
    given = {"title": "Venu d'ailleurs", "owner_org": partner["id"], "license_id": "lov2", "extras": [{"key": "guid", "value": "urn:x"}], **fields}
    made: dict[str, Any] = tk.get_action("package_create")({"user": partner["editor"], "ignore_auth": True}, given)
    return made


def feed(package: dict[str, Any]) -> Graph:
    graph = Graph()
    graph.parse(data=RDFSerializer(profiles=tk.config["ckanext.dcat.rdf.profiles"].split()).serialize_dataset(package, _format="ttl"), format="turtle")
    return graph


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [
        ("temporal_coverage", [{"start": "2027-05-01", "end": "2026-12-31"}], "2026-12-31"),
        ("contact", [{"url": "javascript:alert(1)"}], "javascript"),
        ("contact", [{"url": "example.org"}], "https://example.org"),
        ("contact", [{"uri": "javascript:alert(1)"}], "javascript"),
        ("publisher", [{"url": "javascript:alert(1)"}], "javascript"),
        ("documentation", ["https://example.org", "pas une adresse"], "pas une adresse"),
        ("applicable_legislation", ["xx"], "xx"),
        ("conforms_to", ["xx"], "xx"),
        ("uri", "data:text/html,x", "data"),
        ("publisher", [{"type": "vbscript:x"}], "vbscript"),
        ("creator", [{"identifier": "java\nscript:alert(1)"}], "script"),
        ("contact", [{"identifier": "javascript:alert(1)"}], "javascript"),
        ("identifier", "javascript:alert(1)", "javascript"),
        ("alternate_identifier", ["urn:x:1", "data:text/html,x"], "data"),
        ("is_referenced_by", ["javascript:alert(1)"], "javascript"),
        ("late_after_days", "0", "3650"),
        ("personal_data", "perhaps", "perhaps"),
        ("personal_data", "sensitive", "9"),
        ("hvd_category", ["http://example.org/hvd"], "example.org"),
        ("title", "x" * 301, "301"),
        ("title", "   ", "publi"),
        ("title", "\u00a0\u200b\t", "publi"),
        ("notes", " \n ", "publi"),
        ("title", {"a": 1}, "JSON"),
        ("title", ["x"], "JSON"),
        ("notes", True, "JSON"),
        ("provenance", ["x"], "JSON"),
        ("resources", [{"url": "https://example.org/a", "name": ["x"]}], "JSON"),
        ("name", "Vélos", "velos"),
        ("name", "new", "donnees-new"),
        ("resources", [{"url": "pas une adresse"}], "pas une adresse"),
        ("resources", [{"url": "http://"}], "http://"),
        ("resources", [{"url": f"https://example.org/{LONG[:2481]}"}], "2500"),
        ("identifier", LONG[:2501], "2500"),
        ("resources", [{"url": "https://example.org/a", "download_url": "javascript:alert(1)"}], "javascript"),
    ],
)
def test_a_wrong_value_is_refused_with_a_way_to_mend_it(errors: Errors, field: str, value: Any, word: str) -> None:
    found = errors(**{field: value})
    assert list(found) == [field]
    assert word in str(found[field])


def test_the_longest_address_and_identifier(publish: Publish) -> None:
    """What the database's indexes take, however little it can be packed."""
    address, identifier = f"https://example.org/{LONG[:2480]}", LONG[:2500]
    made = publish(resources=[{"url": address, "name": "a"}], identifier=identifier)
    shown = tk.get_action("package_show")({"ignore_auth": True, "use_cache": False}, {"id": made["id"]})
    assert (shown["resources"][0]["url"], shown["identifier"]) == (address, identifier)


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ({"contact": [{"name": "A", "url": "javascript:alert(1)"}]}, {"contact": [{"name": "A", "url": ""}]}),
        ({"contact": [{"name": "A", "url": "example", "email": "a at example.org"}]}, {"contact": [{"name": "A", "url": "example", "email": "a at example.org"}]}),
        ({"documentation": ["javascript:alert(1)", "voir la mairie"]}, {"documentation": ["voir la mairie"]}),
        ({"is_referenced_by": ["javascript:alert(1)", "Un livre"]}, {"is_referenced_by": ["Un livre"]}),
        ({"temporal_coverage": [{"start": "2027-05-01", "end": "2026-12-31"}]}, {"temporal_coverage": [{"start": "2027-05-01", "end": "2026-12-31"}]}),
        ({"personal_data": "sensitive"}, {"personal_data": "sensitive"}),
        ({"title": "x" * 40_000}, {"title": "x" * 299 + "…"}),
    ],
)
def test_of_a_harvested_dataset_only_dangerous_addresses_are_dropped(partner: dict[str, Any], fields: dict[str, Any], kept: dict[str, Any]) -> None:
    made = harvested(partner, **fields)
    for field, value in kept.items():
        assert made[field] == value


@pytest.mark.parametrize("address", ["javascript:alert(1)", "java\tscript:alert(1)", "data:image/png;base64,x"])
def test_a_picture_is_no_address_that_a_browser_runs(partner: dict[str, Any], axes: list[str], address: str) -> None:
    person = factories.User()
    known = {"user": person["name"]}
    admin = {"user": factories.Sysadmin()["name"]}
    for action, context, given in (
        ("user_patch", known, {"id": person["id"]}), ("user_create", admin, {"name": "autre", "email": "autre@example.org", "password": "assez-long-pour-tous"}),
        ("group_patch", admin, {"id": axes[0]}), ("organization_patch", admin, {"id": partner["id"]}),
    ):  # fmt: skip
        with pytest.raises(tk.ValidationError) as refused:
            tk.get_action(action)({**context}, {**given, "image_url": address})
        assert refused.value.error_dict["image_url"], action
    assert tk.get_action("user_patch")({**known}, {"id": person["id"], "fullname": "Une autre"})["fullname"] == "Une autre"


def test_a_harvested_file_keeps_an_odd_address_but_no_script(partner: dict[str, Any]) -> None:
    made = harvested(partner, resources=[{"url": "ftp://example.org/a", "name": "a"}, {"url": "javascript:alert(1)", "name": "b", "download_url": "data:text/html,x"}])
    assert [resource["url"] for resource in made["resources"]] == ["ftp://example.org/a", ""]
    assert "javascript" not in str(feed(made).serialize()) and "data:text" not in str(feed(made).serialize())


def test_a_name_is_made_of_the_title(publish: Publish) -> None:
    names = [publish(name=None, title="L’été à la mer")["name"] for _ in range(3)]
    assert names == ["l-ete-a-la-mer", "l-ete-a-la-mer-2", "l-ete-a-la-mer-3"]


def test_a_deleted_dataset_keeps_its_name(publish: Publish, partner: dict[str, Any]) -> None:
    first = publish(name=None)
    tk.get_action("package_delete")({"user": partner["editor"]}, {"id": first["id"]})
    assert publish(name=None)["name"] == f"{first['name']}-2"


def test_an_emptied_name_leaves_the_stored_one(publish: Publish, partner: dict[str, Any]) -> None:
    made = publish()
    changed = tk.get_action("package_patch")({"user": partner["editor"]}, {"id": made["id"], "name": "", "title": "Tout autre"})
    assert changed["name"] == made["name"]


def test_a_taken_name_is_told_with_a_free_one(publish: Publish, errors: Errors) -> None:
    publish(name="velos")
    assert "velos-2" in errors(name="velos")["name"][0]


def test_keywords_with_apostrophes_reach_the_index_and_the_feed(publish: Publish) -> None:
    made = publish(tag_string="l’été, déchets/recyclage, R&D, l'été")
    assert sorted(tag["name"] for tag in made["tags"]) == ["R&D", "déchets/recyclage", "l'été"]
    for word in ("l'été", "déchets/recyclage", "R&D"):
        found = tk.get_action("package_search")({"ignore_auth": True}, {"fq": f'tags:"{word}"'})
        assert found["count"] == 1, word
    assert {str(word) for word in feed(made).objects(None, DCAT.keyword)} == {"l'été", "déchets/recyclage", "R&D"}


def test_a_keyword_is_found_by_its_page(app: Any, publish: Publish) -> None:
    made = publish(tag_string="l’été")
    assert made["title"] in app.get("/dataset/?tags=l%27%C3%A9t%C3%A9").body


def test_all_bad_keywords_are_named_at_once(errors: Errors) -> None:
    found = str(errors(tag_string="mer, <b>, x, " + "y" * 101))
    assert "<b>" in found and "« x »" in found and "yyy" in found and "mer" not in found


def test_keywords_given_as_a_list_are_looked_at_too(errors: Errors) -> None:
    assert "<b>" in str(errors(tags=[{"name": "mer"}, {"name": "<b>"}])["tags"])


def test_harvested_keywords_are_made_such_that_they_are_taken(partner: dict[str, Any]) -> None:
    made = harvested(partner, tags=[{"name": "l’eau <potable>"}, {"name": "mer"}])
    assert sorted(tag["name"] for tag in made["tags"]) == ["l'eau potable", "mer"]


def test_a_high_value_dataset_says_so_in_its_feed(publish: Publish) -> None:
    category = vocabulary("hvd-category")[0]["uri"]
    graph = feed(publish(hvd_category=[category], resources=[{"url": "https://example.org/a.csv", "name": "a"}]))
    subjects = [*graph.subjects(RDF.type, DCAT.Dataset), *graph.subjects(RDF.type, DCAT.Distribution)]
    assert len(subjects) == 2
    assert (subjects[0], URIRef(f"{DCATAP}hvdCategory"), URIRef(category)) in graph
    for subject in subjects:
        assert (subject, URIRef(f"{DCATAP}applicableLegislation"), URIRef(HVD)) in graph


@pytest.mark.parametrize("level", ["restricted", "confidential"])
def test_sensitive_data_have_a_level_that_keeps_them(publish: Publish, level: str) -> None:
    assert publish(personal_data="sensitive", access_level=level)["personal_data"] == "sensitive"


def test_what_a_partner_promises(publish: Publish) -> None:
    made = publish(late_after_days=" 40 ", update_promise="Chaque lundi", source_system="Un logiciel", personal_data="none")
    assert (made["late_after_days"], made["update_promise"], made["source_system"], made["personal_data"]) == ("40", "Chaque lundi", "Un logiciel", "none")


@pytest.mark.parametrize("name", ["access-level", "college", "data-theme", "file-type", "frequency", "hvd-category", "language", "licence", "partner-kind", "personal-data", "sector"])
def test_every_entry_has_labels_and_one_code(name: str) -> None:
    entries = vocabulary(name)
    assert all(entry["label"]["fr"] and entry["label"]["en"] for entry in entries)
    assert len({entry["code"] for entry in entries}) == len(entries)


@pytest.mark.parametrize(
    ("name", "file", "key"),
    [("data-theme", "data-theme-skos.rdf", "uri"), ("file-type", "filetypes-skos.rdf", "uri"), ("licence", "licences-skos.rdf", "eu")],
)
def test_every_iri_stands_in_the_official_table(reference: Any, name: str, file: str, key: str) -> None:
    official = set(re.findall(r'rdf:about="([^"]+)"', (reference / "vocabularies" / file).read_text(encoding="utf-8")))
    ours = {entry[key] for entry in vocabulary(name) if entry.get(key)}
    assert ours and ours <= official
    if name == "data-theme":
        assert {iri for iri in official if re.search(r"/data-theme/[A-Z]{4}$", iri)} == ours


def test_a_kind_of_partner_names_a_college() -> None:
    assert {entry["college"] for entry in vocabulary("partner-kind")} <= {entry["code"] for entry in vocabulary("college")}


def test_a_given_college_stays(partner: dict[str, Any]) -> None:
    made = factories.Organization(kind="port", college="company")
    assert made["college"] == "company"


def test_every_vocabulary_names_its_source() -> None:
    from importlib.resources import files

    folder = files("ckanext.tzc.schemas") / "vocabularies"
    for file in folder.iterdir():
        head = file.read_text(encoding="utf-8")
        assert head.startswith("# "), file.name
        content = yaml.safe_load(head)
        assert content.get("entries") or content["names"], file.name
