"""The DCAT feed carries what is published, in each format, and is valid against the official shapes."""
from __future__ import annotations

import gzip
import itertools
import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
import sqlalchemy as sa
import zstandard
from ckan.tests import factories
from ckanext.tzc.publishing import answers, renewing
from rdflib import Graph, Namespace, URIRef
from rdflib.namespace import DCAT, DCTERMS, RDF
from werkzeug.test import Client

from tests.hiding import WAYS, hide

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

FORMATS = {"ttl": "turtle", "rdf": "xml", "xml": "xml", "jsonld": "json-ld", "nt": "nt"}


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
    """Characters that XML has not, addresses that are none; the dataset stays in the feed."""
    publish(name="sain", title="Comptages sains", **FULL)
    made = publish(name="sale", **FULL)
    if field == "resources":
        spoilt = {name: value for name, value in SPOILT["resources"][0].items() if name not in {"id", "license"}}
        model.Session.query(model.Resource).filter_by(package_id=made["id"]).update({**spoilt, "extras": {"license": "relative"}})
    else:
        package = model.Package.get(made["id"])
        if field in {"version"}:
            package.version = SPOILT[field]
        else:
            package.extras[field] = SPOILT[field] if isinstance(SPOILT[field], str) else json.dumps(SPOILT[field])
    model.Session.commit()
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


NONSENSE = {
    "/catalog.foo": 404, "/dataset/velos.foo": 404, "/dataset/nobody.ttl": 404, "/catalog.ttl?page=999999": 404, "/catalog.ttl?page=abc": 400, "/catalog.ttl?page=0": 400,
    "/catalog.ttl?page=²": 400, "/catalog.ttl?page=99999999999999999999": 400, "/catalog.ttl?after=-1": 400, "/catalog.ttl?modified_since=hier": 400, "/catalog.ttl?q=velo": 400,
    "/catalog.ttl?fq=axis:(": 400, "/catalog/partner/nobody.ttl": 404, "/catalog/axis/nobody.ttl": 404, "/catalog/all.foo": 404,
}  # fmt: skip


@pytest.mark.parametrize("address", list(NONSENSE))
def test_a_question_without_an_answer_gets_a_reason(app: Any, publish: Publish, address: str) -> None:
    publish(name="velos", **FULL)
    answer = app.get(address, status=None)
    assert answer.status_code == NONSENSE[address]
    assert answer.content_type.startswith("text/plain")
    assert len(answer.body.strip()) > 10


def test_a_program_is_given_what_it_accepts(app: Any, publish: Publish) -> None:
    publish(name="velos", **FULL)
    for address in ("/", "/catalog", "/dataset/velos"):
        for media, kind in {"text/turtle": "turtle", "application/rdf+xml": "xml", "application/ld+json": "json-ld", "application/n-triples": "nt"}.items():
            answer = app.get(address, headers={"Accept": media}, status=200)
            assert answer.content_type.partition(";")[0] == media
            assert len(Graph().parse(data=answer.body, format=kind)) > 10
    assert app.get("/catalog", headers={"Accept": "image/png"}, status=None).status_code == 406
    for accept in ("text/html", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "*/*", ""):
        assert app.get("/dataset/velos", headers={"Accept": accept}, status=200).content_type.startswith("text/html"), accept


@pytest.mark.parametrize("address", ["/catalog.ttl", "/catalog/all.rdf", "/dataset/velos.jsonld", "/catalog/national.ttl?modified_since=2020-01-01"])
def test_what_is_known_already_is_not_sent_again(app: Any, publish: Publish, partner: dict[str, Any], address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "_past", bool)
    publish(name="velos", **FULL)
    first = app.get(address, status=200)
    assert first.headers["Access-Control-Allow-Origin"] == "*"
    assert "Last-Modified" in first.headers
    again = app.get(address, headers={"If-None-Match": first.headers["ETag"]}, status=304)
    assert again.body == ""
    assert again.headers["ETag"] == first.headers["ETag"]
    assert Client(app.app).head(address).headers["ETag"] == first.headers["ETag"]
    tk.get_action("package_patch")({"user": partner["editor"]}, {"id": "velos", "title": "Un autre titre"})
    changed = app.get(address, headers={"If-None-Match": first.headers["ETag"]}, status=200)
    assert "Un autre titre" in changed.body


def test_nothing_is_called_known_while_changes_wait(app: Any, publish: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change that is committed later may have the lower number: the highest alone does not tell what a reader has seen."""
    made = publish(name="velos", **FULL)
    app.get("/catalog.ttl", status=200)
    monkeypatch.setattr(renewing, "renew_before_reading", lambda: False)
    note = sa.text("INSERT INTO tzc_publishing_change (id, package_id) VALUES (:number, :id)")
    with model.meta.engine.begin() as connection:
        connection.execute(note, {"number": 10**9, "id": made["id"]})
    first = {address: app.get(address, status=200) for address in ("/catalog.ttl", "/catalog/all.ttl")}
    with model.meta.engine.begin() as connection:
        connection.execute(sa.text("UPDATE package SET private = true WHERE id = :id"), {"id": made["id"]})
    for address, before in first.items():
        assert made["id"] in before.body
        assert made["id"] not in app.get(address, headers={"If-None-Match": before.headers["ETag"]}, status=200).body
    assert 'totalItems "0"' in app.get("/catalog.ttl", status=200).body


def test_packed_for_who_can_unpack(app: Any, publish: Publish) -> None:
    publish(name="velos", **FULL)
    plain = app.get("/catalog/all.nt").data
    assert gzip.decompress(app.get("/catalog/all.nt", headers={"Accept-Encoding": "gzip"}).data) == plain
    packed = app.get("/catalog/all.nt", headers={"Accept-Encoding": "zstd, gzip"})
    assert packed.headers["Content-Encoding"] == "zstd"
    assert zstandard.ZstdDecompressor().decompressobj().decompress(packed.data) == plain
    page = app.get("/catalog.nt", headers={"Accept-Encoding": "gzip"})
    assert int(page.headers["Content-Length"]) == len(page.data)


def _crawl(app: Any, address: str, meanwhile: Callable[[int], object] = lambda _page: None) -> list[str]:
    """The datasets that a harvester meets who follows `hydra:next`, as data.gouv.fr's does."""
    found, page = [], 0
    while address:
        graph = Graph().parse(data=app.get(address, status=200).body, format="turtle")
        found += [str(dataset) for catalogue in graph.subjects(RDF.type, DCAT.Catalog) for dataset in graph.objects(catalogue, DCAT.dataset)]
        links = {link for name in ("next", "nextPage") for link in graph.objects(None, URIRef(f"http://www.w3.org/ns/hydra/core#{name}"))}
        assert len(links) <= 1
        assert all(isinstance(link, URIRef) for link in links)
        address = next((str(link).removeprefix("http://test.ckan.net") for link in links), "")
        page += 1
        meanwhile(page)
    return found


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tk.config, "ckanext.dcat.datasets_per_page", 3)


def test_a_crawl_during_changes_neither_skips_nor_repeats(app: Any, publish: Publish, partner: dict[str, Any], small_pages: None) -> None:
    made = [publish(name=f"jeu-{number}") for number in range(10)]
    stays = {f"http://test.ckan.net/dataset/{dataset['id']}" for number, dataset in enumerate(made) if number not in {1, 8}}

    def meanwhile(page: int) -> None:
        tk.get_action("package_patch")({"user": partner["editor"]}, {"id": f"jeu-{page + 2}", "title": f"Changé à la page {page}"})
        if page == 1:
            publish(name="nouveau")
            tk.get_action("package_delete")({"user": partner["editor"]}, {"id": "jeu-1"})
        if page == 2:
            tk.get_action("package_patch")({"user": partner["editor"]}, {"id": "jeu-8", "access_level": "confidential"})

    found = _crawl(app, "/catalog.ttl", meanwhile)
    assert len(found) == len(set(found))
    assert stays <= set(found)
    assert f"http://test.ckan.net/dataset/{made[8]['id']}" not in found


def test_numbered_pages_hold_still_too(app: Any, publish: Publish, partner: dict[str, Any], small_pages: None) -> None:
    """ckanext-dcat's own harvester counts pages up."""
    made = [publish(name=f"jeu-{number}")["id"] for number in range(8)]
    found: list[str] = []
    for number in itertools.count(1):
        answer = app.get(f"/catalog.ttl?page={number}", status=None)
        if answer.status_code == 404:
            break
        graph = Graph().parse(data=answer.body, format="turtle")
        found += [str(dataset).rpartition("/")[2] for dataset in graph.objects(None, DCAT.dataset)]
        tk.get_action("package_delete")({"user": partner["editor"]}, {"id": made[number - 1]})
    assert [dataset for dataset in found if dataset in made[3:]] == made[3:]
    assert number == 4


def test_counts_and_last_pages_are_told(app: Any, publish: Publish, small_pages: None) -> None:
    for number in range(7):
        publish(name=f"jeu-{number}")
    graph = Graph().parse(data=app.get("/catalog.ttl").body, format="turtle")
    hydra = Namespace("http://www.w3.org/ns/hydra/core#")
    assert {int(value) for value in graph.objects(None, hydra.totalItems)} == {7}
    assert {str(value) for value in graph.objects(None, hydra.last)} == {"http://test.ckan.net/catalog.ttl?page=3"}
    assert set(graph.subjects(RDF.type, hydra.PagedCollection)) == set(graph.subjects(RDF.type, hydra.PartialCollectionView))


HIDDEN = "Enquête sous secret"


@pytest.mark.parametrize("how", WAYS)
def test_what_is_hidden_leaves_every_feed_at_once(app: Any, publish: Publish, partner: dict[str, Any], how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also while its fragment waits to be renewed, and whoever asks."""
    made = publish(name="secret", title=HIDDEN, hvd_category=["http://data.europa.eu/bna/c_b79e35eb"], resources=[{"url": "https://example.org/secret.csv"}])
    publish(name="velos", **FULL)
    addresses = [
        *(f"/catalog{kind}.{extension}" for kind in ("", "/all", "/national", "/hvd", f"/partner/{partner['name']}", "/axis/mobilite") for extension in FORMATS),
        *(f"/dataset/secret.{extension}" for extension in FORMATS),
    ]
    for address in addresses:
        assert made["id"] in app.get(address, status=200).body, address
    hide(how, made["id"], partner["editor"])
    monkeypatch.setattr(renewing, "renew_before_reading", lambda: False)
    editor = {"Authorization": factories.UserWithToken(sysadmin=True)["token"]}
    for headers in ({}, editor):
        for address in addresses:
            answer = app.get(address, headers=headers, status=None)
            assert made["id"] not in answer.body, address
            assert HIDDEN not in answer.body, address


def test_what_is_closed_keeps_its_description_and_gives_no_address(app: Any, publish: Publish, partner: dict[str, Any]) -> None:
    publish(name="velos", **{**FULL, "resources": [{"url": "https://example.org/secret-path.csv", "name": "Comptages", "format": "CSV", "hash": "d41d8cd98f00b204e9800998ecf8427e"}]})
    assert "secret-path" in app.get("/catalog.ttl").body
    for level in ("registered", "restricted"):
        tk.get_action("package_patch")({"user": partner["editor"]}, {"id": "velos", "access_level": level})
        for address in ("/catalog.ttl", "/catalog/all.nt", "/dataset/velos.rdf", "/dataset/velos.jsonld?profiles=schemaorg"):
            body = app.get(address, status=200).body
            assert "secret-path" not in body, (level, address)
            assert "d41d8cd98f00b204e9800998ecf8427e" not in body
            assert "Comptages" in body
        graph = Graph().parse(data=app.get("/dataset/velos.ttl").body, format="turtle")
        distribution = graph.value(predicate=RDF.type, object=DCAT.Distribution)
        page = str(graph.value(distribution, DCAT.accessURL)).removeprefix("http://test.ckan.net")
        assert re.fullmatch(r"/dataset/[0-9a-f-]{36}/resource/[0-9a-f-]{36}", page)
        assert "Comptages" in app.get(page, status=200).body
        assert list(graph.objects(distribution, DCAT.downloadURL)) == []
        assert "INSPIRE_Directive_Article13_1" in str(graph.value(distribution, DCTERMS.rights))


def test_a_partner_has_a_feed_by_its_siren_and_an_axis_by_its_name(app: Any, publish: Publish, partner: dict[str, Any]) -> None:
    tk.get_action("organization_patch")({"ignore_auth": True, "user": partner["editor"]}, {"id": partner["id"], "siren": "241700434"})
    made = publish(name="velos", **FULL)
    other = factories.Organization(image_url="")
    elsewhere = publish(name="autre", owner_org=other["id"], user=factories.Sysadmin()["name"])
    for address in ("/catalog/partner/241700434.ttl", f"/catalog/partner/{partner['name']}.ttl"):
        body = app.get(address, status=200).body
        assert made["id"] in body
        assert elsewhere["id"] not in body
    assert "241700434" in app.get("/catalog.ttl").body
    assert made["id"] in app.get("/catalog/axis/mobilite.ttl").body


def test_what_changed_since(app: Any, publish: Publish) -> None:
    old, new = publish(name="vieux"), publish(name="neuf")
    model.Session.query(model.Package).filter_by(id=old["id"]).update({"metadata_modified": datetime(2020, 1, 1)})  # noqa: DTZ001 -- as CKAN stores it
    model.Session.commit()
    body = app.get("/catalog.ttl?modified_since=2021-01-01", status=200).body
    assert new["id"] in body
    assert old["id"] not in body
    assert old["id"] in app.get("/catalog.ttl?modified_since=2019-12-31T23:00:00Z", status=200).body


def test_other_profiles_are_still_ckanext_dcats(app: Any, publish: Publish) -> None:
    publish(name="velos", **FULL)
    graph = Graph().parse(data=app.get("/dataset/velos.ttl?profiles=schemaorg", status=200).body, format="turtle")
    assert (None, RDF.type, URIRef("http://schema.org/Dataset")) in graph or (None, RDF.type, URIRef("https://schema.org/Dataset")) in graph


def test_search_engines_read_the_dataset_in_its_page(app: Any, publish: Publish, partner: dict[str, Any]) -> None:
    wild = "Vélos </script><script>alert(1)</script> & autres"
    made = publish(name="velos", title=wild, **FULL)

    def told() -> Any:
        found = re.search(r'<script type="application/ld\+json">(.*?)</script>', app.get("/dataset/velos").body)
        return json.loads(found[1]) if found else None

    data = told()
    assert (data["@type"], data["name"], data["identifier"]) == ("Dataset", wild, made["id"])
    assert data["temporalCoverage"] == ["2024-01-01/2024-12-31"]
    assert data["distribution"][0]["contentUrl"] == "https://example.org/velos.csv"
    tk.get_action("package_patch")({"user": partner["editor"]}, {"id": "velos", "access_level": "restricted"})
    assert "distribution" not in told()
    assert told()["isAccessibleForFree"] is False


def test_another_portal_of_this_kind_harvests_all_of_it(app: Any, publish: Publish, partner: dict[str, Any]) -> None:
    """Round trip: published, harvested into an empty catalogue, published again with the same metadata."""
    from ckanext.dcat.processors import RDFParser

    rich = {
        **FULL, "personal_data": "anonymised", "late_after_days": "40", "update_promise": "Chaque lundi", "source_system": "Boucles", "version": "2", "documentation": ["https://example.org/doc"],
        "conforms_to": ["https://example.org/schema"], "hvd_category": ["http://data.europa.eu/bna/c_b79e35eb"], "axis": ["mobilite", "donnees"], "issued": "2024-01-05", "modified": "2024-06-01",
    }  # fmt: skip
    made = publish(name="velos", title="Comptages des vélos", **rich)
    closed = publish(name="ferme", title="Sur demande", **{**rich, "access_level": "restricted"})
    feed = app.get("/catalog.ttl").body
    for name in ("velos", "ferme"):
        tk.get_action("dataset_purge")({"ignore_auth": True, "user": partner["editor"]}, {"id": name})
    parser = RDFParser()
    parser.parse(feed, _format="turtle")
    for read in parser.datasets():
        read.pop("extras", None)
        tk.get_action("package_create")({"ignore_auth": True, "user": partner["editor"]}, {**read, "name": f"moissonne-{read['identifier']}", "owner_org": partner["id"]})
    kept = set(rich) | {"title", "notes", "license_id", "access_level", "identifier"}
    for before in (made, closed):
        after = tk.get_action("package_show")({"ignore_auth": True, "user": ""}, {"id": f"moissonne-{before['id']}"})
        assert after["identifier"] == before["id"]
        for field in sorted(kept - {"resources", "tags", "identifier"}):
            assert _plain(after.get(field)) == _plain(before.get(field)), field
        assert [tag["name"] for tag in after["tags"]] == [tag["name"] for tag in before["tags"]]
        file, own = after["resources"][0], before["resources"][0]
        assert (file["name"], file["format"]) == (own["name"], own["format"])
        assert file["url"] == (own["url"] if before is made else f"http://test.ckan.net/dataset/{before['id']}/resource/{own['id']}")
        assert "rights" not in file


def _plain(value: Any) -> Any:
    """Lists in any order; subfields without what is empty."""
    if isinstance(value, list):
        return sorted((json.dumps({name: part for name, part in item.items() if part}, sort_keys=True) if isinstance(item, dict) else str(item)) for item in value)
    return value or None


def test_what_is_known_by_its_date_is_not_sent_again(app: Any, publish: Publish, partner: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    publish(name="velos", **FULL)
    first = app.get("/catalog.ttl", status=200)
    assert "Last-Modified" not in first.headers, "another change may come in the same second"
    monkeypatch.setattr(answers, "_past", bool)
    day = app.get("/catalog.ttl", status=200).headers["Last-Modified"]
    for address in ("/catalog.ttl", "/catalog/national.rdf", "/catalog/all.nt", "/catalog.ttl?modified_since=2020-01-01"):
        assert app.get(address, headers={"If-Modified-Since": day}, status=304).data == b"", address
        assert app.get(address, headers={"If-Modified-Since": "Mon, 02 Jan 2023 10:00:00 GMT"}, status=200).data
        assert app.get(address, headers={"If-Modified-Since": day, "If-None-Match": '"autre"'}, status=200).data, "a mark goes before a date"
    tk.get_action("package_patch")({"user": partner["editor"]}, {"id": "velos", "notes": "Autrement"})
    assert "Autrement" in app.get("/catalog.ttl", status=200).body
    with model.meta.engine.begin() as connection:
        connection.execute(sa.text("UPDATE tzc_publishing_fragment SET made = made + interval '2 seconds'"))
    assert "Autrement" in app.get("/catalog.ttl", headers={"If-Modified-Since": day}, status=200).body


def test_head_tells_no_length_that_nobody_knows(app: Any, publish: Publish) -> None:
    publish(name="velos", **FULL)
    client = app.test_client()
    assert client.head("/catalog/all.nt").headers.get("Content-Length") is None
    assert int(client.head("/catalog.nt").headers["Content-Length"]) > 1000


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/turtle; charset=utf-8", "text/turtle"), ('application/ld+json;profile="http://www.w3.org/ns/json-ld#expanded"', "application/ld+json"),
        ("application/rdf+xml;q=0.5, text/turtle;q=0.1", "application/rdf+xml"),
    ],
)  # fmt: skip
def test_parameters_make_no_other_type(app: Any, publish: Publish, accept: str, kind: str) -> None:
    publish(name="velos", **FULL)
    for address in ("/", "/catalog", "/dataset/velos"):
        assert app.get(address, headers={"Accept": accept}, status=200).content_type.partition(";")[0] == kind


def test_what_is_refused_is_not_given(app: Any, publish: Publish) -> None:
    publish(name="velos", **FULL)
    for address in ("/", "/dataset/velos"):
        assert app.get(address, headers={"Accept": "text/turtle;q=0, */*;q=0.1"}, status=200).content_type.startswith("text/html")


ODD = {
    "/catalog.ttl?profiles=foo": 404, "/catalog.ttl?profiles=dcat_us_3": 404, "/dataset/velos.ttl?profiles=euro_dcat_ap_2,schemaorg": 404, "/catalog/all.ttl?modified_since=2020-01-01": 400,
    "/catalog/all.ttl?page=2": 400, "/catalog/all.ttl?q=velo": 400, "/catalog.ttl?changed-since=hier": 400,
}  # fmt: skip


@pytest.mark.parametrize("address", list(ODD))
def test_what_would_be_left_out_silently_is_refused(app: Any, publish: Publish, address: str) -> None:
    publish(name="velos", **FULL)
    answer = app.get(address, status=None)
    assert (answer.status_code, answer.content_type.partition(";")[0]) == (ODD[address], "text/plain")


def test_other_names_of_a_question_and_of_a_partner(app: Any, publish: Publish, partner: dict[str, Any]) -> None:
    publish(name="velos", **FULL)
    for name in ("modified_since", "changed_since", "changed-since"):
        assert "/dataset/" in app.get(f"/catalog.ttl?{name}=2020-01-01", status=200).body
        assert "dcat:Distribution" not in app.get(f"/catalog.ttl?{name}=2099-01-01", status=200).body
    tk.get_action("organization_patch")({"user": factories.Sysadmin()["name"]}, {"id": partner["id"], "siren": "211703004"})
    for siren in ("211703004", "211%20703%20004", "21170300400013"):
        assert "dcat:Distribution" in app.get(f"/catalog/partner/{siren}.ttl", status=200).body, siren


def test_scripts_of_other_sites_may_ask(app: Any, publish: Publish) -> None:
    publish(name="velos", **FULL)
    for address in ("/catalog.ttl", "/catalog/all.nt", "/dataset/velos.ttl"):
        answer = app.test_client().options(address, headers={"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "if-none-match"})
        assert answer.headers["Access-Control-Allow-Origin"] == "*" and "If-None-Match" in answer.headers["Access-Control-Allow-Headers"], address


def test_an_identifier_is_one_datasets(app: Any, publish: Publish, partner: dict[str, Any]) -> None:
    """To take another's is refused; of two that came by another way the first keeps it."""
    first = publish(name="premier", identifier="essai-1")
    for stated in (first["id"], "essai-1"):
        with pytest.raises(tk.ValidationError) as refused:
            publish(identifier=stated)
        assert list(refused.value.error_dict) == ["identifier"]
    second = publish(name="second", identifier="essai-2")
    tk.get_action("package_patch")({"user": partner["editor"]}, {"id": second["id"], "title": "Encore le mien"})
    for stated in (first["id"], "essai-1"):
        with model.meta.engine.begin() as connection:
            connection.execute(sa.text("UPDATE package SET extras = extras || jsonb_build_object('identifier', CAST(:stated AS text)) WHERE id = :id"), {"stated": stated, "id": second["id"]})
        told = Graph().parse(data=app.get("/catalog/all.ttl").body, format="turtle")
        assert sorted(str(value) for value in told.objects(None, DCTERMS.identifier)) == sorted({"essai-1", second["id"]})


def test_partners_with_one_siren_share_a_feed(app: Any, publish: Publish, partner: dict[str, Any]) -> None:
    other = factories.Organization(image_url="", siren="241700434", users=[{"name": partner["editor"], "capacity": "editor"}])
    tk.get_action("organization_patch")({"ignore_auth": True, "user": partner["editor"]}, {"id": partner["id"], "siren": "241700434"})
    made = {publish(name="un")["id"], publish(name="deux", owner_org=other["id"])["id"]}
    told = app.get("/catalog/partner/241700434.nt", status=200).body
    assert all(f"/dataset/{one}>" in told for one in made)


@pytest.mark.parametrize(
    ("question", "status"),
    [
        ("modified_since=0001-01-01T00:00:00%2B14:00", 400), ("modified_since=9999-12-31T23:59:59-14:00", 400), ("page=1&after=0", 400), ("page=1&page=2", 400),
        ("modified_since=2026-11-01&changed-since=2026-11-02", 400), ("modified_since=2026-11-01T00:00:00+01:00", 200), ("modified-since=2026-11-01", 200),
    ],
)  # fmt: skip
def test_odd_questions_to_a_feed(app: Any, publish: Publish, question: str, status: int) -> None:
    publish()
    for feed in ("/catalog.ttl", "/catalog/national.rdf", "/catalog/hvd.nt"):
        answer = app.get(f"{feed}?{question}", status=status)
        assert status == 200 or answer.headers["Content-Type"].startswith("text/plain")


def test_a_dataset_is_known_by_its_date_too(app: Any, publish: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(name="velos")
    app.get("/dataset/velos.ttl", status=200)
    monkeypatch.setattr(answers, "_past", bool)
    day = app.get("/dataset/velos.ttl", status=200).headers["Last-Modified"]
    assert app.get("/dataset/velos.ttl", headers={"If-Modified-Since": day}, status=304).data == b""


@pytest.mark.parametrize("accepted", ["application/xml", "text/xml", "application/json"])
def test_other_names_of_our_types(app: Any, publish: Publish, accepted: str) -> None:
    publish(name="velos")
    for address in ("/catalog/national", "/catalog/hvd", "/dataset/velos"):
        assert app.get(address, headers={"Accept": accepted}, status=200).headers["Content-Type"].startswith("application/")


CONTROLS = "".join(chr(code) for code in (*range(1, 0x20), *range(0x7F, 0xA0))) + "\ufffe\uffff\u2028"


def test_characters_that_no_document_holds_spoil_none(app: Any, publish: Publish) -> None:
    """As the database keeps them: put there by an older release, or by whoever the form does not ask."""
    made = publish(name="velos", **{**FULL, "resources": [{"url": "https://example.org/velos.csv", "name": "Comptages", "description": "d", "format": "CSV"}]})
    package, partner = model.Package.get("velos"), model.Group.get(made["owner_org"])
    package.title, package.notes, package.url, package.extras = f"V{CONTROLS}élos", f"{CONTROLS}n", f"https://example.org/{CONTROLS}", {**package.extras, "provenance": f"p{CONTROLS}", "update_promise": f"u{CONTROLS}", "source_system": CONTROLS}
    file = package.resources[0]
    file.name, file.description, file.url, file.format = f"C{CONTROLS}", f"{CONTROLS}d", f"https://example.org/{CONTROLS}velos.csv", f"CSV{CONTROLS}"
    partner.title = f"{CONTROLS}Ville"
    package.get_tags()[0].name = f"vé{CONTROLS}lo"
    model.repo.commit_and_remove()
    renewing.rebuild()
    for extension, syntax in FORMATS.items():
        for address in (f"/catalog.{extension}", f"/catalog/all.{extension}", f"/dataset/velos.{extension}"):
            graph = Graph().parse(data=app.get(address, status=200).data, format=syntax)
            assert any(str(title).endswith("élos") for title in graph.objects(None, DCTERMS.title)), address
            assert not re.search("[\x00-\x08\x0b-\x1f\ufffe\uffff]", "".join(str(term) for triple in graph for term in triple)), address
    sitemap = ElementTree.fromstring(app.get("/sitemap.xml", status=200).data)  # noqa: S314 -- our own
    assert any("/dataset/velos" in (location.text or "") for location in sitemap.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc"))
    assert ElementTree.fromstring(app.get("/catalog.rdf?profiles=schemaorg", status=200).data) is not None  # noqa: S314 -- our own


def test_a_reader_who_does_not_say_what_it_takes_gets_turtle(app: Any, publish: Publish) -> None:
    """Some programs send no `Accept`: that is to take anything (RFC 9110, 12.5.1)."""
    publish(name="velos")
    for address in ("/catalog", "/catalog/national", "/catalog/hvd", "/catalog/axis/mobilite"):
        for headers in ({}, {"Accept": ""}, {"Accept": "*/*"}):
            answer = app.get(address, headers=headers, status=200)
            assert answer.mimetype == "text/turtle", (address, headers)
    assert app.get("/dataset/velos", headers={}, status=200).mimetype == "text/html"


def test_the_type_that_is_asked_for_is_the_type_that_is_sent(app: Any, publish: Publish) -> None:
    publish(name="velos")
    for media in ("text/turtle", "text/n3", "application/rdf+xml", "application/ld+json", "application/n-triples"):
        for address in ("/", "/catalog", "/catalog/national", "/dataset/velos", "/vocabulary"):
            assert app.get(address, headers={"Accept": media}, status=200).mimetype == media, address
    assert app.get("/catalog", headers={"Accept": "text/n3;q=0.5, text/turtle"}, status=200).mimetype == "text/turtle"
