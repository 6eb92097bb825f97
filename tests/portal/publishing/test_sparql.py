"""`/sparql` answers from what the feeds hold at that moment, changes nothing, asks nobody, and gives its reasons."""
from __future__ import annotations

import html
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
from ckan.tests import factories
from ckanext.tzc.publishing import asking, renewing, sparql_views
from rdflib import Graph, URIRef
from tzc.publishing import graphs

from tests.hiding import WAYS, hide

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context", "own_folder")

Publish = Callable[..., dict[str, Any]]

PREFIXES = "PREFIX dcat: <http://www.w3.org/ns/dcat#> PREFIX dct: <http://purl.org/dc/terms/> "
TITLES = PREFIXES + "SELECT ?title { ?dataset a dcat:Dataset ; dct:title ?title } ORDER BY ?title"
EVERYTHING = "SELECT * { ?s ?p ?o }"
OF_GRAPH = "SELECT * FROM <GRAPH> { ?s ?p ?o }"
HIDDEN = "Enquête sous secret"


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setitem(tk.config, "tzc.publishing.sparql_folder", str(tmp_path / "sparql"))
    return tmp_path / "sparql"


def ask(app: Any, query: str, status: int | None = 200, accept: str = "*/*", **more: str) -> Any:
    return app.get(f"/sparql?{urlencode({'query': query, **more})}", headers={"Accept": accept}, status=status)


def found(app: Any, query: str) -> list[list[str]]:
    told = json.loads(ask(app, query).body)
    return [[row[name]["value"] for name in told["head"]["vars"] if name in row] for row in told["results"]["bindings"]]


def titles(app: Any) -> list[str]:
    return [row[0] for row in found(app, TITLES)]


def test_it_answers_from_what_the_feeds_hold(app: Any, publish: Publish) -> None:
    publish(title="Pistes", resources=[{"url": "https://example.org/a.csv", "format": "CSV"}])
    publish(title="Bancs")
    assert titles(app) == ["Bancs", "Pistes"]
    feed = Graph().parse(data=app.get("/catalog/all.nt").body, format="nt")
    stored = Graph().parse(data=ask(app, "CONSTRUCT WHERE { ?s ?p ?o }", format="nt").body, format="nt")
    assert len(stored) == len(feed)
    assert {triple for triple in stored if all(isinstance(term, URIRef) for term in triple)} == {triple for triple in feed if all(isinstance(term, URIRef) for term in triple)}


def test_each_change_is_seen_by_the_next_query(app: Any, publish: Publish, partner: dict[str, Any]) -> None:
    made = publish(title="Pistes")
    assert titles(app) == ["Pistes"]
    tk.get_action("package_patch")({"user": partner["editor"]}, {"id": made["id"], "title": "Pistes cyclables"})
    assert titles(app) == ["Pistes cyclables"]
    publish(title="Bancs")
    assert titles(app) == ["Bancs", "Pistes cyclables"]
    tk.get_action("organization_patch")({"ignore_auth": True, "user": partner["editor"]}, {"id": partner["id"], "title": "Ville de La Rochelle"})
    assert {row[0] for row in found(app, "SELECT DISTINCT ?name { ?dataset <http://purl.org/dc/terms/publisher>/<http://xmlns.com/foaf/0.1/name> ?name . ?dataset a <http://www.w3.org/ns/dcat#Dataset> }")} == {
        "Ville de La Rochelle"
    }


@pytest.mark.parametrize("renewed", [True, False])
@pytest.mark.parametrize("how", WAYS)
def test_what_is_hidden_is_in_no_answer_at_once(app: Any, publish: Publish, partner: dict[str, Any], how: str, renewed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also while its fragment waits to be renewed, and whoever asks."""
    made = publish(name="secret", title=HIDDEN, resources=[{"url": "https://example.org/secret.csv"}])
    publish(title="Pistes")
    assert titles(app) == [HIDDEN, "Pistes"]
    hide(how, made["id"], partner["editor"])
    if not renewed:
        monkeypatch.setattr(renewing, "renew_before_reading", lambda: False)
    token = {"Authorization": factories.UserWithToken(sysadmin=True)["token"]}
    queries = [EVERYTHING, "SELECT * { GRAPH ?g { ?s ?p ?o } }", f"DESCRIBE <http://test.ckan.net/dataset/{made['id']}>", OF_GRAPH.replace("GRAPH", f"http://test.ckan.net/dataset/{made['id']}")]
    for headers in ({}, token):
        for query in queries:
            body = app.get(f"/sparql?{urlencode({'query': query})}", headers=headers, status=200).body
            assert made["id"] not in body, query
            assert HIDDEN not in body, query
    assert titles(app) == ["Pistes"]


def test_what_is_shown_again_is_there_again(app: Any, publish: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hidden and shown without its fragment having been renewed in between: it is there when that is made up for, and not before."""
    made = publish(title=HIDDEN)
    assert titles(app) == [HIDDEN]
    with monkeypatch.context() as patched:
        patched.setattr(renewing, "renew_before_reading", lambda: False)
        for state in ("draft", "active"):
            model.Session.query(model.Package).filter_by(id=made["id"]).update({"state": state})
            model.Session.commit()
            assert titles(app) == []
    assert titles(app) == [HIDDEN]


def test_what_is_closed_gives_no_address(app: Any, publish: Publish, partner: dict[str, Any]) -> None:
    publish(name="velos", title="Vélos", resources=[{"url": "https://example.org/secret-path.csv", "name": "Comptages", "format": "CSV"}])
    assert "secret-path" in ask(app, EVERYTHING).body
    tk.get_action("package_patch")({"user": partner["editor"]}, {"id": "velos", "access_level": "restricted"})
    body = ask(app, EVERYTHING).body
    assert "secret-path" not in body
    assert "Comptages" in body
    assert found(app, "SELECT ?d { ?d <http://test.ckan.net/vocabulary#accessLevel> <http://test.ckan.net/vocabulary#restricted> }")


FORMS = {
    "application/sparql-results+json": "json", "application/json": "json", "application/sparql-results+xml": "xml", "text/csv": "csv", "text/tab-separated-values": "tsv",
}  # fmt: skip


@pytest.mark.parametrize("media", list(FORMS))
def test_a_table_in_each_format(app: Any, publish: Publish, media: str) -> None:
    publish(title="Bancs, été")
    by_accept, by_name = ask(app, TITLES, accept=media), ask(app, TITLES, format=FORMS[media])
    assert by_accept.body == by_name.body
    assert "été" in by_accept.body
    assert by_accept.content_type == by_name.content_type
    assert by_accept.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(("media", "kind"), [("text/turtle", "turtle"), ("application/n-triples", "nt"), ("application/rdf+xml", "xml"), ("application/ld+json", "json-ld")])
def test_a_graph_in_each_format(app: Any, publish: Publish, media: str, kind: str) -> None:
    made = publish()
    answer = ask(app, f"DESCRIBE <http://test.ckan.net/dataset/{made['id']}>", accept=media)
    assert answer.content_type.partition(";")[0] == media
    assert len(Graph().parse(data=answer.body, format=kind)) > 5


def test_a_query_may_be_posted(app: Any, publish: Publish) -> None:
    publish(title="Bancs")
    for answer in (
        app.post("/sparql", data={"query": TITLES}, headers={"Accept": "text/csv"}, status=200),
        app.post("/sparql", data=TITLES, headers={"Accept": "text/csv", "Content-Type": "application/sparql-query"}, status=200),
    ):
        assert answer.body == "title\r\nBancs\r\n"
    named = app.post("/sparql", data={"query": EVERYTHING, "default-graph-uri": "http://test.ckan.net/catalog"}, headers={"Accept": "text/csv"}, status=200)
    assert "Bancs" not in named.body
    assert "http://www.w3.org/ns/dcat#Catalog" in named.body


def test_a_program_of_another_page_may_ask(app: Any) -> None:
    answer = app.options("/sparql", headers={"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}, status=204)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Content-Type" in answer.headers["Access-Control-Allow-Headers"]


UPDATES = ["INSERT DATA { <a:b> <a:b> 1 }", "DELETE WHERE { ?s ?p ?o }", "LOAD <http://127.0.0.1/x>", "CLEAR ALL", "DROP ALL", "PREFIX a: <b:> INSERT { ?s ?p 1 } WHERE { ?s ?p ?o }"]


@pytest.mark.parametrize("update", UPDATES)
def test_updates_are_refused(app: Any, publish: Publish, update: str) -> None:
    publish(title="Bancs")
    for answer in (
        ask(app, update, status=400),
        app.post("/sparql", data={"query": update}, status=400),
        app.post("/sparql", data={"update": update}, status=400),
        app.post("/sparql", data=update, headers={"Content-Type": "application/sparql-update"}, status=400),
        app.get(f"/sparql?{urlencode({'update': update})}", status=400),
    ):
        assert "ne fait que se lire" in answer.body
    assert titles(app) == ["Bancs"]


REFUSED = [
    ("SELECT * {", {}, 400, "ligne 1, colonne 11"), ("", {"format": "csv", "x": "1"}, 200, ""), ("SELECT * { SERVICE <http://127.0.0.1/x> { ?s ?p ?o } }", {}, 400, "SERVICE"),
    (EVERYTHING, {"format": "docx"}, 400, "csv"), (EVERYTHING, {"format": "ttl"}, 406, "json"), ("DESCRIBE <a:b>", {"format": "csv"}, 406, "ttl"),
    (EVERYTHING, {"default-graph-uri": "no address"}, 400, "lue"), ("SELECT * { ?s ?p ?o } #" + "x" * 20_000, {}, 413, "20000"), ("é\ud800".encode("utf-8", "replace").decode(), {}, 400, "lue"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "more", "status", "words"), REFUSED)
def test_a_question_without_an_answer_gets_a_reason(app: Any, query: str, more: dict[str, str], status: int, words: str) -> None:
    answer = ask(app, query, status=status, **more)
    assert words in answer.body
    if status != 200:
        assert answer.content_type.startswith("text/plain")
        page = ask(app, query, status=None, accept="text/html", **{name: value for name, value in more.items() if name != "format"})
        if "format" not in more:
            assert page.status_code == status
            assert page.content_type.startswith("text/html")


def test_what_is_posted_at_length_is_not_read(app: Any) -> None:
    assert app.post("/sparql", data="x" * 200_000, headers={"Content-Type": "application/sparql-query"}, status=413)
    assert app.post("/sparql", data="{}", headers={"Content-Type": "application/json"}, status=415)
    assert app.post("/sparql", data=b"\xff", headers={"Content-Type": "application/sparql-query"}, status=400)
    assert ask(app, EVERYTHING, accept="image/png", status=406)


CROSS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n ?o . ?p ?q ?r }"


def test_what_is_too_heavy_is_broken_off(app: Any, publish: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    publish()
    assert titles(app)
    monkeypatch.setitem(tk.config, "tzc.publishing.sparql_seconds", 1)
    begun = time.monotonic()
    answer = ask(app, CROSS, status=503)
    assert "1 secondes" in answer.body
    assert time.monotonic() - begun < 5
    # nothing of it goes on, and its place is free
    assert titles(app)


def test_too_large_an_answer_is_refused(app: Any, publish: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    publish()
    monkeypatch.setitem(tk.config, "tzc.publishing.sparql_answer", 1)
    assert "1 Mo" in ask(app, "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }", status=503).body


def test_when_all_places_are_taken_one_comes_back(app: Any, own_folder: Path) -> None:
    with graphs.slot(own_folder, 1), graphs.slot(own_folder, 2):
        answer = ask(app, EVERYTHING, status=503)
        assert int(answer.headers["Retry-After"]) > 0
    assert ask(app, EVERYTHING)


def test_a_store_that_takes_long_to_make_is_not_waited_for(app: Any, publish: Publish, monkeypatch: pytest.MonkeyPatch, own_folder: Path) -> None:
    publish(title="Bancs")
    monkeypatch.setitem(tk.config, "tzc.publishing.sparql_seconds", 1)
    own_folder.mkdir(mode=0o700)
    with graphs.locked(own_folder / "filling"):
        answer = ask(app, EVERYTHING, status=503)
        assert int(answer.headers["Retry-After"]) > 0
    # the process that was begun makes it meanwhile
    ends = time.monotonic() + 20
    while not (own_folder / "snapshots").exists() or not [path for path in (own_folder / "snapshots").iterdir() if path.name != "making"]:
        assert time.monotonic() < ends
        time.sleep(0.1)
    assert titles(app) == ["Bancs"]


def test_the_database_is_not_held_while_a_query_runs(app: Any, publish: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    publish()
    held: list[bool] = []
    run = asking._run

    def watched(*arguments: Any) -> Any:
        held.append(model.Session().in_transaction())
        return run(*arguments)

    monkeypatch.setattr(asking, "_run", watched)
    ask(app, EVERYTHING)
    assert held == [False]


def test_the_page_shows_a_table(app: Any, publish: Publish) -> None:
    publish(title="<script>alert(1)</script> & bancs")
    page = app.get("/sparql", headers={"Accept": "text/html"}, status=200)
    assert "Set-Cookie" not in page.headers
    assert "<textarea" in page.body
    body = ask(app, TITLES, accept="text/html").body
    assert "<script>alert(1)" not in body
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; bancs" in body
    assert "unsafe" not in ask(app, TITLES, accept="text/html").headers["Content-Security-Policy"]
    assert 'href="javascript:' not in ask(app, "SELECT (<javascript:alert(1)> AS ?x) {}", accept="text/html").body
    assert "</textarea><b>" not in ask(app, "</textarea><b>", accept="text/html", status=400).body


def test_each_example_finds_something(app: Any, publish: Publish) -> None:
    files = [{"url": "https://example.org/a.csv", "format": "CSV"}]
    publish(title="Bancs", axis=["mobilite"], resources=files)
    publish(title="Relevés", access_level="restricted", resources=files)
    examples = sparql_views._examples()
    assert len(examples) >= 5
    for example in examples:
        assert example["query"].strip() in html.unescape(app.get(f"/sparql?example={example['name']}", headers={"Accept": "text/html"}).body)
        query = example["query"].replace(_examples_axis(example["query"]), "/group/mobilite>")
        assert found(app, query), example["name"]


def _examples_axis(query: str) -> str:
    begins = query.find("/group/")
    return query[begins : query.index(">", begins) + 1] if begins >= 0 else "\0"


def test_a_program_that_asks_nothing_is_told_what_it_may_ask(app: Any) -> None:
    answer = app.get("/sparql", headers={"Accept": "text/turtle"}, status=200)
    graph = Graph().parse(data=answer.body, format="turtle")
    assert (None, None, URIRef("http://www.w3.org/ns/sparql-service-description#SPARQL11Query")) in graph


# the vocabulary


def test_each_term_of_the_feeds_is_explained(app: Any, publish: Publish) -> None:
    publish(access_level="registered", personal_data="none", late_after_days=30, update_promise="Chaque mois", source_system="Boucles")
    base = "http://test.ckan.net/vocabulary#"
    feed = Graph().parse(data=app.get("/catalog/all.ttl").body, format="turtle")
    used = {str(term) for triple in feed for term in triple if str(term).startswith(base)}
    assert {"axis", "accessLevel", "registered", "personalData", "lateAfterDays", "updatePromise", "sourceSystem"} <= {term.removeprefix(base) for term in used}
    label = URIRef("http://www.w3.org/2000/01/rdf-schema#label")
    for address in ("/vocabulary.ttl", "/vocabulary.rdf", "/vocabulary.jsonld", "/vocabulary.nt"):
        kind = {"ttl": "turtle", "rdf": "xml", "jsonld": "json-ld", "nt": "nt"}[address.rpartition(".")[2]]
        graph = Graph().parse(data=app.get(address, status=200).body, format=kind)
        for term in used | {base + "open", base + "restricted"}:
            assert {text.language for text in graph.objects(URIRef(term), label)} == {"fr", "en"}, term
    body = app.get("/vocabulary", headers={"Accept": "text/html"}, status=200).body
    for term in used:
        assert f'id="{term.removeprefix(base)}"' in body
    assert app.get("/vocabulary", headers={"Accept": "text/turtle"}).content_type.startswith("text/turtle")
    assert app.get("/vocabulary.docx", status=404)
    assert "confidential" not in app.get("/vocabulary.ttl").body
    first = app.get("/vocabulary.ttl")
    assert app.get("/vocabulary.ttl", headers={"If-None-Match": first.headers["ETag"]}, status=304)
