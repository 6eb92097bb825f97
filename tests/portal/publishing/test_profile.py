"""What the feeds hold is valid: our own profile and the official shapes, over whole catalogues at once, as one look takes as long as many."""
from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import ckan.plugins.toolkit as tk
import pytest
from ckanext.tzc.catalogue import demonstration
from ckanext.tzc.common import levels
from ckanext.tzc.common.checks import Partner
from ckanext.tzc.publishing import jobs
from ckanext.tzc.publishing.world import world
from ckanext.tzc.schemas import vocabulary
from ckanext.tzc.workflow import rules
from rdflib import Graph, Literal, Namespace, URIRef
from rdflib.namespace import DCAT, RDF
from tzc.publishing import documents, mapping

from tests.conftest import ROOT
from tests.portal.catalogue.test_harvest import harvest

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

SH = Namespace("http://www.w3.org/ns/shacl#")
PROFILE = ROOT / "schemas" / "shacl" / "tzc-ap.ttl"
OFFICIAL = ("dcat-ap-3.0.1-shapes.ttl", "dcat-ap-3.0.1-range.ttl")
"""Not the shapes of the EU's vocabularies: they look whether each IRI is described in the graph as a concept of its list, and a feed does not carry the lists."""
FEEDS = ("dcat-udata.xml", "dcat-bnodes.xml", "dcat-nested.jsonld", "paged/catalog.jsonld", "partial/catalog.jsonld")


def published(app: Any) -> Graph:
    jobs.renew()
    return Graph().parse(data=app.get("/catalog/all.nt", status=200).data, format="nt")


def violations(graph: Graph, *shapes: Path) -> list[str]:
    """What is forbidden, a line each; warnings are none."""
    from pyshacl import validate

    every = Graph()
    for file in shapes:
        every.parse(file, format="turtle")
    _, report, _ = validate(graph, shacl_graph=every, advanced=False, allow_warnings=True)
    assert isinstance(report, Graph)
    results = report.subjects(SH.resultSeverity, SH.Violation)
    return sorted({" ".join(str(report.value(result, SH[name])) for name in ("resultPath", "focusNode", "value", "resultMessage", "sourceConstraintComponent")) for result in results})


@pytest.fixture
def demonstrated(axes: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tk.config, "tzc.demo", str(ROOT / "config" / "demo"))
    demonstration.load(update=False)


def test_the_demonstration_is_valid(app: Any, demonstrated: None, reference: Path) -> None:
    graph = published(app)
    assert len(set(graph.subjects(RDF.type, DCAT.Dataset))) >= 10
    assert violations(graph, PROFILE) == []
    assert violations(graph, *(reference / "shacl" / name for name in OFFICIAL)) == []


def test_the_demonstration_fills_the_feeds_that_national_portals_take(app: Any, demonstrated: None) -> None:
    """A new portal shows what each is for."""
    jobs.renew()
    named = {feed: set(Graph().parse(data=app.get(f"/catalog/{feed}.nt", status=200).data, format="nt").subjects(RDF.type, DCAT.Dataset)) for feed in ("hvd", "partner/241700434", "partner/211703004", "partner/211700943")}
    assert all(named.values()), {feed: len(datasets) for feed, datasets in named.items()}
    assert named["hvd"] & named["partner/241700434"] and named["hvd"] & named["partner/211700943"]


def test_the_interface_of_a_table_has_what_is_recommended(app: Any, partner: dict[str, Any], reference: Path) -> None:
    """Of any dataset, and of one of high value."""
    from pyshacl import validate

    for more in ({}, {"hvd_category": [vocabulary("hvd-category")[0]["uri"]]}):
        dataset = {
            "id": "0f6e1a10-0000-4000-8000-00000000000a", "name": "velos", "title": "Vélos", "notes": "Vélos", "access_level": "open", "license_id": "lov2", "tags": ["vélo"], "organization": partner,
            "theme": [vocabulary("data-theme")[0]["uri"]], "contact": [{"name": "Service", "email": "a@example.org"}], "metadata_created": "2026-01-01", "metadata_modified": "2026-01-01",
            "resources": [{"id": "0f6e1a10-0000-4000-8000-00000000000b", "url": "https://example.org/a.csv", "name": "a", "datastore_active": True, "created": "2026-01-01"}], **more,
        }  # fmt: skip
        told = documents.complete(mapping.describe(dataset, world(), datetime.now(timezone.utc)).triples, documents.N_TRIPLES)
        graph, shapes = Graph().parse(data=told, format="nt"), Graph()
        services = set(graph.subjects(RDF.type, DCAT.DataService))
        assert len(services) == 1
        for name in (*OFFICIAL, "dcat-ap-3.0.1-shapes_recommended.ttl"):
            shapes.parse(reference / "shacl" / name, format="turtle")
        _, report, _ = validate(graph, shacl_graph=shapes, advanced=False, allow_warnings=True)
        assert isinstance(report, Graph)
        assert [str(report.value(result, SH.resultPath)) for result in report.subjects(SH.focusNode) if report.value(result, SH.focusNode) in services] == []
        assert violations(graph, PROFILE) == violations(graph, *(reference / "shacl" / name for name in OFFICIAL)) == []


def test_the_demonstration_s_data_on_persons_ask_the_officer_and_have_a_report(demonstrated: None) -> None:
    """Of such data a request needs two keys; here both say so, and a partner that reviews would publish them too."""
    for name in ("enquete-deplacements-menages", "confort-ete-logements-suivis"):
        made = tk.get_action("package_show")({"ignore_auth": True}, {"id": name})
        assert made["state"] == "active" and levels.concerns_persons(made["personal_data"])
        assert made["personal_data"] == "pseudonymised" and made["personal_data_report"].startswith("https://example.org/")
        assert rules.blocking(made, Partner(governed=True)) == []


@pytest.mark.parametrize("feed", FEEDS)
@pytest.mark.usefixtures("allowed")
def test_what_is_harvested_is_given_on_valid(app: Any, partner: dict[str, Any], feeds: str, reference: Path, feed: str) -> None:
    harvest(partner, f"{feeds}/{feed}", "dcat_rdf")
    graph = published(app)
    assert set(graph.subjects(RDF.type, DCAT.Dataset))
    assert violations(graph, *(reference / "shacl" / name for name in OFFICIAL)) == []
    assert violations(graph, PROFILE) == []


SPOILT = {
    "http://www.w3.org/ns/dcat#Dataset": ("http://purl.org/dc/terms/identifier", "http://purl.org/dc/terms/publisher", "http://purl.org/dc/terms/title", "http://purl.org/dc/terms/accessRights"),
    "http://www.w3.org/ns/dcat#Distribution": ("http://www.w3.org/ns/dcat#accessURL",),
    "http://www.w3.org/ns/dcat#DataService": ("http://www.w3.org/ns/dcat#endpointURL",),
    "http://xmlns.com/foaf/0.1/Agent": ("http://xmlns.com/foaf/0.1/name",),
    "http://spdx.org/rdf/terms#Checksum": ("http://spdx.org/rdf/terms#algorithm",),
}  # fmt: skip
"""What each class must have."""


@pytest.mark.parametrize(("kind", "path"), [(kind, path) for kind, paths in SPOILT.items() for path in paths])
def test_what_misses_is_found_and_told_in_both_languages(kind: str, path: str) -> None:
    from pyshacl import validate

    graph, thing = Graph(), URIRef("https://portal.example/thing")
    graph.add((thing, RDF.type, URIRef(kind)))
    conforms, report, _ = validate(graph, shacl_graph=Graph().parse(PROFILE, format="turtle"), advanced=False, allow_warnings=True)
    assert not conforms
    assert isinstance(report, Graph)
    told = {message.language for result in report.subjects(SH.resultPath, URIRef(path)) for message in report.objects(result, SH.resultMessage) if isinstance(message, Literal)}
    assert told == {"fr", "en"}
