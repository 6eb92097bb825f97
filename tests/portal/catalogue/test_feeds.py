"""The DCAT feed carries what is published, in each format, and is valid against the official shapes."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ckan.plugins.toolkit as tk
import pytest
from rdflib import Graph, URIRef
from rdflib.namespace import DCAT, DCTERMS

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

Publish = Callable[..., dict[str, Any]]

FULL: dict[str, Any] = {
    "communes": ["17300", "17028"],
    "theme": ["http://publications.europa.eu/resource/authority/data-theme/TRAN"],
    "frequency": "http://publications.europa.eu/resource/authority/frequency/DAILY",
    "language": ["http://publications.europa.eu/resource/authority/language/FRA"],
    "tags": [{"name": "vélo"}],
    "contact": [{"name": "Service des mobilités", "email": "velo@example.org"}],
    "temporal_coverage": [{"start": "2024-01-01", "end": "2024-12-31"}],
    "provenance": "Boucles au sol.",
    "resources": [{"url": "https://example.org/velos.csv", "name": "Comptages", "format": "CSV"}],
}

FORMATS = {"ttl": "turtle", "rdf": "xml", "xml": "xml", "jsonld": "json-ld"}


@pytest.mark.parametrize("extension", list(FORMATS))
def test_the_catalogue_carries_a_dataset_in_each_format(app: Any, publish: Publish, extension: str) -> None:
    publish(name="velos", title="Comptages des vélos", **FULL)
    graph = Graph().parse(data=app.get(f"/catalog.{extension}", status=200).body, format=FORMATS[extension])
    titles = {str(title) for dataset in graph.subjects(predicate=DCTERMS.title) for title in graph.objects(dataset, DCTERMS.title)}
    assert "Comptages des vélos" in titles


def test_a_dataset_says_what_the_form_asked(app: Any, publish: Publish) -> None:
    made = publish(name="velos", **FULL)
    graph = Graph().parse(data=app.get("/dataset/velos.ttl", status=200).body, format="turtle")
    dataset = next(graph.subjects(DCTERMS.identifier))
    assert {str(theme) for theme in graph.objects(dataset, DCAT.theme)} == set(made["theme"])
    assert str(graph.value(dataset, DCTERMS.accessRights)).endswith("/access-right/PUBLIC")
    assert {str(place).rpartition("/")[2] for place in graph.objects(dataset, DCTERMS.spatial)} == {"17300", "17028"}
    assert str(graph.value(dataset, DCTERMS.accrualPeriodicity)).endswith("/frequency/DAILY")
    distribution = graph.value(dataset, DCAT.distribution)
    assert graph.value(distribution, DCTERMS.license) == URIRef("https://www.etalab.gouv.fr/licence-ouverte-open-licence")
    assert graph.value(distribution, DCAT.accessURL) == URIRef("https://example.org/velos.csv")


def test_restricted_says_so(app: Any, publish: Publish) -> None:
    publish(name="velos", **{**FULL, "access_level": "restricted"})
    graph = Graph().parse(data=app.get("/dataset/velos.ttl", status=200).body, format="turtle")
    assert str(graph.value(next(graph.subjects(DCTERMS.identifier)), DCTERMS.accessRights)).endswith("/access-right/RESTRICTED")


def test_confidential_is_in_no_feed(app: Any, publish: Publish) -> None:
    publish(name="secret", title="Enquête confidentielle", access_level="confidential")
    assert "confidentielle" not in app.get("/catalog.ttl", status=200).body
    assert app.get("/dataset/secret.ttl", status=None).status_code in {403, 404}


def test_a_dataset_is_valid_against_the_official_shapes(app: Any, publish: Publish, reference: Path) -> None:
    from pyshacl import validate

    publish(name="velos", **FULL)
    graph = Graph().parse(data=app.get("/dataset/velos.ttl", status=200).body, format="turtle")
    shapes = Graph().parse(reference / "shacl" / "dcat-ap-3.0.1-shapes.ttl", format="turtle")
    _, _, text = validate(graph, shacl_graph=shapes, advanced=False, allow_warnings=True)
    # data services and catalogues are other classes; here the dataset and its distribution are looked at
    assert "Conforms: True" in text, text[:3000]


def test_our_feed_is_read_back(publish: Publish, app: Any) -> None:
    """What the profile writes, the profile reads: access level, communes and licence survive a harvest of our own feed."""
    from ckanext.dcat.processors import RDFParser

    publish(name="velos", **FULL)
    parser = RDFParser()
    parser.parse(app.get("/dataset/velos.ttl").body, _format="turtle")
    read = next(iter(parser.datasets()))
    assert read["access_level"] == "open"
    assert read["communes"] == ["17028", "17300"]
    assert read["license_id"] == "lov2"
    assert read["resources"][0]["format"] == "CSV"
    assert tk.asbool(read.get("demonstration", False)) is False


BROKEN = "Saut\x0bde ligne\uffff"
SPOILT: dict[str, Any] = {
    "uri": "http://x/a b", "provenance": BROKEN, "version": BROKEN, "identifier": BROKEN, "conforms_to": [BROKEN, "http://a b/<c>"],
    "contact": [{"name": BROKEN, "email": "a@example.org"}], "creator": [{"name": BROKEN}], "spatial_coverage": [{"text": BROKEN}],
    "resources": [{"id": "x", "url": "https://example.org/a b.csv", "name": BROKEN, "description": BROKEN, "license": "relative", "format": BROKEN}],
}  # fmt: skip
"""Fields as an older release, or a harvested catalogue, may have left them."""


@pytest.mark.parametrize("field", list(SPOILT))
def test_no_dataset_spoils_the_feed_of_all(app: Any, publish: Publish, field: str) -> None:
    """Characters that XML has not, addresses that are none."""
    import ckan.lib.search as search

    publish(name="sain", title="Comptages sains", **FULL)
    made = publish(name="sale", **FULL)
    spoilt = {**made, field: SPOILT[field]}
    search.index_for("Package").index_package({**made, "with_custom_schema": spoilt})
    assert tk.get_action("package_search")({"user": ""}, {"q": "name:sale"})["results"][0][field] == SPOILT[field]
    assert app.get("/catalog.n3", status=200).body
    for extension, kind in FORMATS.items():
        graph = Graph().parse(data=app.get(f"/catalog.{extension}", status=200).body, format=kind)
        assert len(set(graph.subjects(predicate=DCTERMS.accessRights))) == 2, extension


def test_no_dataset_speaks_in_another_s_name(app: Any, publish: Publish) -> None:
    victim = publish(name="victime", title="Le vrai titre", **FULL)
    publish(name="voleur", title="Un autre titre", uri=f"{tk.config['ckan.site_url']}/dataset/{victim['id']}", **FULL)
    graph = Graph().parse(data=app.get("/catalog.ttl", status=200).body, format="turtle")
    record = next(subject for subject in graph.subjects(DCTERMS.identifier) if str(subject).endswith(victim["id"]))
    assert [str(title) for title in graph.objects(record, DCTERMS.title)] == ["Le vrai titre"]
    assert len(list(graph.objects(record, DCTERMS.publisher))) == 1


def test_an_identifier_of_elsewhere_is_kept(app: Any, publish: Publish) -> None:
    publish(name="velos", uri="https://doi.org/10.5072/velos", **FULL)
    graph = Graph().parse(data=app.get("/catalog.ttl", status=200).body, format="turtle")
    assert URIRef("https://doi.org/10.5072/velos") in set(graph.subjects(DCTERMS.title))


def test_contact_and_period_stand_once(app: Any, publish: Publish) -> None:
    publish(name="velos", **FULL)
    graph = Graph().parse(data=app.get("/dataset/velos.ttl", status=200).body, format="turtle")
    dataset = next(graph.subjects(DCTERMS.identifier))
    assert len(list(graph.objects(dataset, DCAT.contactPoint))) == 1
    assert len(list(graph.objects(dataset, DCTERMS.temporal))) == 1
    assert str(graph.value(dataset, DCAT.landingPage)).endswith("/dataset/velos")


def test_the_catalogue_is_valid_against_the_official_shapes(app: Any, publish: Publish, reference: Path) -> None:
    from pyshacl import validate

    publish(name="velos", **FULL)
    graph = Graph().parse(data=app.get("/catalog.ttl", status=200).body, format="turtle")
    shapes = Graph().parse(reference / "shacl" / "dcat-ap-3.0.1-shapes.ttl", format="turtle")
    _, _, text = validate(graph, shacl_graph=shapes, advanced=False, allow_warnings=True)
    assert "Conforms: True" in text, text[:3000]
    catalogue = next(graph.subjects(DCAT.dataset))
    assert str(graph.value(catalogue, DCTERMS.language)).startswith("http://publications.europa.eu/")
    assert {title.language for title in graph.objects(catalogue, DCTERMS.title)} == {"fr", "en"}


@pytest.mark.parametrize("address", ["/catalog.foo", "/dataset/velos.foo", "/catalog.ttl?page=999999999999", "/catalog.ttl?page=abc", "/catalog.ttl?page=0", "/catalog.ttl?page=²"])
def test_a_feed_that_does_not_exist(app: Any, publish: Publish, address: str) -> None:
    publish(name="velos", **FULL)
    assert app.get(address, status=None).status_code == 404


def test_a_question_that_the_index_does_not_understand(app: Any) -> None:
    assert app.get("/catalog.ttl?fq=axis:(", status=None).status_code == 400
