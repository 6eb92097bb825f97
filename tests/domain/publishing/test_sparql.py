"""SPARQL's protocol, the queries that are refused unasked, the store's way from one state to the next, and what a query's process may do."""
from __future__ import annotations

import contextlib
import dataclasses
import http.server
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
from tzc.publishing import graphs, sparql
from tzc.publishing.sparql import Fault, Form
from tzc.publishing.sparql_process import Task

from tests.sites import serving

ALL = "SELECT * { ?s ?p ?o }"
OF_GRAPH = "SELECT * FROM <GRAPH> { ?s ?p ?o }"
BASE = "https://donnees.example.org"


def values(**given: Any) -> Callable[[str], Sequence[str]]:
    return lambda name: [str(value) for value in given.get(name.replace("-", "_"), [])]


def asked(method: str = "GET", kind: str = "", body: bytes = b"", form: Any = None, **args: Any) -> Any:
    return sparql.asked(method, kind, values(**args), form or values(), lambda: body, 200)


def test_a_query_comes_in_three_ways() -> None:
    assert asked(query=[ALL]).query == ALL
    assert asked("POST", sparql.FORM, form=values(query=[ALL], default_graph_uri=["a:b"])).default_graphs == ("a:b",)
    question = asked("POST", sparql.QUERY, f"{ALL} # é".encode(), named_graph_uri=["a:b", "a:c"])
    assert question.query.endswith("é")
    assert question.named_graphs == ("a:b", "a:c")
    assert asked() is None
    assert asked(query=[" \n"]) is None


@pytest.mark.parametrize(("status", "code", "given"), [
    (400, "update", {"update": ["CLEAR ALL"]}),
    (400, "update", {"method": "POST", "kind": sparql.UPDATE, "body": b"CLEAR ALL"}),
    (400, "update", {"method": "POST", "kind": sparql.FORM, "form": values(update=["CLEAR ALL"])}),
    (400, "several", {"query": [ALL, ALL]}),
    (400, "nothing", {"method": "POST", "kind": sparql.FORM}),
    (400, "nothing", {"method": "POST", "kind": sparql.QUERY}),
    (400, "encoding", {"method": "POST", "kind": sparql.QUERY, "body": b"\xff"}),
    (415, "kind", {"method": "POST", "kind": "application/json", "body": b"{}"}),
    (413, "long", {"query": ["é" * 101]}),
    (413, "long", {"method": "POST", "kind": sparql.QUERY, "body": b"x" * 201}),
])  # fmt: skip
def test_what_is_no_question_is_refused(status: int, code: str, given: dict[str, Any]) -> None:
    with pytest.raises(Fault) as caught:
        asked(**given)
    assert (caught.value.status, caught.value.code) == (status, code)


def accepts(header: str) -> Callable[[Sequence[str]], str | None]:
    from werkzeug.datastructures import MIMEAccept
    from werkzeug.http import parse_accept_header

    return parse_accept_header(header, MIMEAccept).best_match


@pytest.mark.parametrize(("header", "form"), [
    ("*/*", Form("json", "ttl")),
    ("application/sparql-results+xml", Form("xml", None)),
    ("application/json", Form("json", "jsonld")),
    ("text/turtle", Form(None, "ttl")),
    ("text/csv, */*;q=0.1", Form("csv", "ttl")),
    ("text/tab-separated-values, application/n-triples", Form("tsv", "nt")),
    ("image/png", Form(None, None)),
    ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Form("html", "html")),
])  # fmt: skip
def test_the_form_that_a_reader_accepts(header: str, form: Form) -> None:
    assert sparql.wanted("", accepts(header)) == form


def test_the_form_that_is_stated_comes_first() -> None:
    assert sparql.wanted("csv", accepts("text/html")) == Form("csv", None)
    assert sparql.wanted("ttl", accepts("text/html")) == Form(None, "ttl")
    assert sparql.wanted("html", accepts("*/*")).page
    with pytest.raises(Fault, match="form"):
        sparql.wanted("docx", accepts("*/*"))


BEFORE = ["", "?s ?p 1", "?s ?p 1.", "?s ?p 1e1", "?s ?p true", "{}", "?s ?p ?o.", "?s ?p ?o . ", "BIND(1 AS ?x)", "FILTER(true)", "VALUES ?x {1}", "?s ?p []", "?s ?p ()", "?s ?p 'x#'", '?s ?p "\\"" . ', "#x\n", "FILTER(?a<?b)", "?s <http://x/)'> ?o FILTER(?a<?b)", "?s ?p :.", "?s ?p ?oSERVICE\n", "?s ?p ?o\n"]
WORDS = ["SERVICE", "service ", "SeRvIcE SILENT ", "SERVICESILENT", "SERVICE#x\n", "SERVICE#'>\n", "SERVICE\t\n"]


SERVERS = ["<http://127.0.0.1:1/>", "?x", "ex:a", ":a", "service:a", ":\\#", "?x#{\n"]


def goes_nowhere(query: str) -> None:
    """It is refused, or is none: `<` and `>` may be signs to the store where the grammar sees an address."""
    with pytest.raises((Fault, SyntaxError)) as caught:
        ox.Store().query(sparql.staying(query))
    assert isinstance(caught.value, SyntaxError) or caught.value.code == "service"


@pytest.mark.parametrize("before", BEFORE)
def test_no_query_is_passed_on(before: str) -> None:
    """Ways of writing it that the store has been seen to understand."""
    for word, server in itertools.product(WORDS, SERVERS):
        goes_nowhere(f"PREFIX ex: <a:> SELECT * {{ {before}{word}{server} {{ ?a ?b ?c }} }}")


def test_looking_for_it_takes_no_time() -> None:
    begun = time.monotonic()
    for piece in ("SERVICE", "service:", "SERVICE ", "SERVICE<", "SERVICE#\n", ":a", "SERVICE:a\\"):
        for query in (piece * (20_000 // len(piece)), piece * 49 + "a" * 19_500, "a" * 19_000 + piece * 49):
            with contextlib.suppress(Fault):
                sparql.staying(query)
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize("query", [
    "PREFIX dcat: <http://www.w3.org/ns/dcat#> SELECT * { ?s dcat:accessService ?service . ?service a dcat:DataService ; dcat:servesDataset ?s }",
    "SELECT * { ?s ?p 'SERVICE <http://x/>' }", 'SELECT * { ?s ?p """a " SERVICE """ }', "SELECT * { ?s <http://x.org/SERVICE> $service { ?a ?b ?c } }", "SELECT * { ?s dcat:accessService ?x { ?x ?y ?z } }", "SELECT * { ?d ?p ?t FILTER(CONTAINS(?t, 'service')) { ?t ?x ?y } }", "SELECT * { ?s ?p ?o } # SERVICE <x>",
])  # fmt: skip
def test_the_word_elsewhere_is_no_offence(query: str) -> None:
    assert sparql.staying(query) == query


SAID = "x SERVICE <http://127.0.0.1:1/> { ?a ?b ?c } y"
PLACES = {
    "a remark": f"SELECT ?o {{ GRAPH <http://x/g> {{ ?s ?p ?o }} }} # {SAID}",
    "a remark's line": f"SELECT ?o #{SAID}\n{{ GRAPH <http://x/g> {{ ?s ?p ?o }} }}",
    "a text": f"SELECT ?o {{ GRAPH <http://x/g> {{ ?s ?p ?o FILTER(?o = '{SAID}') }} }}",
    "a long text": f'SELECT ?o {{ GRAPH <http://x/g> {{ ?s ?p """{SAID}""", ?o }} }}',
    "a text with signs": f"SELECT ?o {{ GRAPH <http://x/g> {{ ?s ?p ?o FILTER('\\\\{SAID}\\'#' != '{SAID}') }} }}",
    "an address": "SELECT ?o { GRAPH <http://x/SERVICE:a> { ?s ?p ?o } }",
    "a prefix": "PREFIX service: <http://x/SERVICE:> SELECT ?o { GRAPH service:a { ?s ?p ?o } }",
    "two prefixes": "PREFIX aservice: <http://y/> PREFIX Service: <http://x/SERVICE:> SELECT ?o { GRAPH Service:a { ?s ?p ?o } }",
    "a name with signs": "PREFIX x: <http://x/> PREFIX service: <http://x/SERVICE:> SELECT ?o { GRAPH service:a { ?s ?p ?o FILTER(?s != x:a\\#b) } }",
    "many texts": f"SELECT ?o {{ GRAPH <http://x/g> {{ ?s ?p ?o FILTER(?o IN ({', '.join([repr(SAID)] * 60)})) }} }}",
}


@pytest.mark.parametrize("place", PLACES)
def test_the_whole_clause_in_a_text_an_address_or_a_remark_is_no_offence(place: str) -> None:
    """It is answered as if the word stood nowhere."""
    told = ox.Store()
    for graph in ("http://x/g", "http://x/SERVICE:a"):
        told.add(ox.Quad(ox.NamedNode("http://x/s"), ox.NamedNode("http://x/p"), ox.Literal(SAID), ox.NamedNode(graph)))
    assert [row["o"].value for row in told.query(sparql.staying(PLACES[place]))] == [SAID]


@pytest.mark.parametrize("hiding", [
    "'{SAID}' {CLAUSE}", "#{SAID}\n{CLAUSE}", "#'\n{CLAUSE} #'", "FILTER(?a<?b) {CLAUSE} FILTER(?a>?b)", "FILTER(?a<'#') {CLAUSE}", "?s :a\\#b ?o . {CLAUSE}", "?s ?p '\\'' . {CLAUSE} '",
    '?s ?p """a"" ""\\"""" . {CLAUSE}', "GRAPH <http://x/SERVICE:a> {{ {CLAUSE} }}", "?s ?p <#> . {CLAUSE}", "{{ SELECT ?GRAPH {{ ?GRAPH SERVICE:a {{ }} }} }} {CLAUSE}",
])  # fmt: skip
def test_no_text_hides_the_clause(hiding: str) -> None:
    for server in SERVERS:
        body = hiding.replace("{SAID}", SAID).replace("{CLAUSE}", f"SERVICE {server} {{ ?a ?b ?c }}").replace("{{", "{").replace("}}", "}")
        goes_nowhere(f"PREFIX ex: <a:> PREFIX : <b:> PREFIX service: <c:> SELECT * {{ {body} }}")


def test_updates_and_named_graphs_are_known() -> None:
    assert sparql.changes("PREFIX a: <b:> INSERT DATA { a:a a:b 1 }")
    assert sparql.changes("# SELECT\nBASE <http://x/INSERT> PREFIX load: <b:> LOAD <a:b> INTO GRAPH load:a")
    assert sparql.changes("WITH <a:b> DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }")
    assert not sparql.changes("SELECT * { ?insert ?p 'DELETE' } # DROP")
    assert not sparql.changes("SELECT * { ?s ?p 'never closed: LOAD }")
    assert not sparql.changes("PREFIX load: <b:> SELECT * { load:a DELETE:b LOAD }")
    assert sparql.names_graphs("SELECT * FROM <a:b> { ?s ?p ?o }")
    assert not sparql.names_graphs("SELECT * { ?from ?p 'FROM' }")


def test_a_parser_s_reason_is_told_in_short() -> None:
    with pytest.raises(SyntaxError) as caught:
        ox.Store().query("SELECT * {\n ?s ?p")
    told = sparql.reason(str(caught.value))
    assert told["line"] == "2"
    assert '"?"' in told["expected"]
    assert "u{" not in told["expected"]
    assert len(told["expected"]) < 200
    assert sparql.reason("Something else") == {"reason": "Something else"}
    assert sparql.reason("error at 1:2: expected CONSTRUCT")["expected"] == "CONSTRUCT"


# the store


def triples(name: str, count: int = 1) -> str:
    return "".join(f'<{BASE}/dataset/{name}> <http://purl.org/dc/terms/title> "Titre {name} {number}"@fr .\n' for number in range(count))


def fill(folder: Path, name: str, datasets: dict[str, str], texts: Callable[[list[str]], dict[str, str]] | None = None) -> Path:
    filler = graphs.Filler(folder, BASE)
    filler.fill(name, {key: str(hash(text)) for key, text in datasets.items()}, triples("catalogue"), texts or (lambda ids: {key: datasets[key] for key in ids}))
    return folder / "snapshots" / name


def titles(snapshot: Path) -> set[str]:
    return {row["o"].value for row in ox.Store.read_only(str(snapshot)).query("SELECT ?o { ?s ?p ?o }")}


def test_the_store_holds_what_it_is_told_and_no_more(tmp_path: Path) -> None:
    first = {"a": triples("a"), "b": triples("b"), "c": triples("c")}
    assert titles(fill(tmp_path, "one", first)) == {"Titre catalogue 0", "Titre a 0", "Titre b 0", "Titre c 0"}
    asked_for: list[str] = []

    def texts(ids: list[str]) -> dict[str, str]:
        asked_for.extend(ids)
        return {key: second[key] for key in ids}

    second = {"a": triples("a"), "b": triples("b", 2), "d": triples("d")}
    assert titles(fill(tmp_path, "two", second, texts)) == {"Titre catalogue 0", "Titre a 0", "Titre b 0", "Titre b 1", "Titre d 0"}
    assert sorted(asked_for) == ["b", "d"]
    assert not (tmp_path / "snapshots" / "one").exists()


def test_a_snapshot_that_is_read_stays(tmp_path: Path) -> None:
    fill(tmp_path, "one", {"a": triples("a")})
    with graphs.snapshot(tmp_path, "one") as found:
        assert found is not None
        fill(tmp_path, "two", {})
        assert titles(found[0]) == {"Titre catalogue 0", "Titre a 0"}
    fill(tmp_path, "three", {"b": triples("b")})
    assert [path.name for path in (tmp_path / "snapshots").iterdir()] == ["three"]
    with graphs.snapshot(tmp_path, "one") as found:
        assert found is None


def test_what_was_cut_short_is_made_good(tmp_path: Path) -> None:
    datasets = {"a": triples("a"), "b": triples("b")}

    def cut(_ids: list[str]) -> dict[str, str]:
        raise KeyboardInterrupt

    fill(tmp_path, "one", {"a": triples("a")})
    # killed after the old graph went and before the list said so
    known = json.loads((tmp_path / "graphs.json").read_text())
    known["graphs"]["a"] = ""
    (tmp_path / "graphs.json").write_text(json.dumps(known))
    store = ox.Store(str(tmp_path / "main"))
    store.clear()
    store.flush()
    del store
    with pytest.raises(KeyboardInterrupt):
        fill(tmp_path, "two", datasets, cut)
    assert {"Titre a 0", "Titre b 0"} <= titles(fill(tmp_path, "two", datasets))


def test_a_store_that_cannot_be_read_is_made_anew(tmp_path: Path) -> None:
    datasets = {"a": triples("a")}
    fill(tmp_path, "one", datasets)
    for file in (tmp_path / "main").glob("MANIFEST*"):
        file.write_bytes(b"nonsense")
    assert titles(fill(tmp_path, "two", datasets)) == {"Titre catalogue 0", "Titre a 0"}


def test_many_datasets_are_written_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphs, "BATCH", 20)
    datasets = {f"d{number}": triples(f"d{number}") for number in range(101)}
    parts: list[int] = []

    def texts(ids: list[str]) -> dict[str, str]:
        parts.append(len(ids))
        return {key: datasets[key] for key in ids}

    assert len(titles(fill(tmp_path, "one", datasets, texts))) == 102
    assert max(parts) <= 20
    datasets = {key: text.replace("Titre", "Autre") for key, text in datasets.items()}
    assert len({title for title in titles(fill(tmp_path, "two", datasets, texts)) if title.startswith("Autre")}) == 101


def test_so_many_places_and_no_more(tmp_path: Path) -> None:
    with graphs.slot(tmp_path, 2) as one, graphs.slot(tmp_path, 2) as two, graphs.slot(tmp_path, 2) as three:
        assert one is not None
        assert two is not None
        assert three is None
    with graphs.slot(tmp_path, 1) as again:
        assert again is not None


# the process


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(fill(tmp_path_factory.mktemp("store"), "one", {"a": triples("a", 2000)}))


def run(store: str, query: str, **more: Any) -> tuple[bytes, dict[str, str], int]:
    task = Task(store, query, [], [], "json", "nt", 5, 1024**3, 10**6)
    task = dataclasses.replace(task, **more)
    done = subprocess.run([sys.executable, "-m", "tzc.publishing.sparql_process"], input=json.dumps(dataclasses.asdict(task)).encode(), capture_output=True, check=False, timeout=30)
    last = done.stderr.decode().strip().rpartition("\n")[2]
    return done.stdout, json.loads(last) if last.startswith("{") else {}, done.returncode


def test_a_process_answers_and_says_what(store: str) -> None:
    content, ended, _ = run(store, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }")
    assert json.loads(content)["results"]["bindings"][0]["n"]["value"] == "2001"
    assert ended == {"kind": "table", "form": "json"}
    assert run(store, "ASK {}", results="csv")[:2] == (b"true", {"kind": "boolean", "form": "csv"})
    content, ended, _ = run(store, "CONSTRUCT { <a:b> <a:b> ?o } WHERE { ?s ?p ?o } LIMIT 3")
    assert len(content.splitlines()) == 3
    assert ended == {"kind": "graph", "form": "nt"}
    assert run(store, "DESCRIBE <a:b>", graph=None)[1] == {"fault": "kind-graph"}
    assert "expected" in run(store, "SELECT * {")[1]["reason"]
    assert run(store, "INSERT DATA { <a:b> <a:b> 1 }")[1] == {"fault": "update"}
    assert run(store, OF_GRAPH.replace("GRAPH", f"{BASE}/catalog"))[0].count(b"Titre") == 1
    assert run(store, "SELECT * { ?s ?p ?o }", default_graphs=[f"{BASE}/catalog"])[0].count(b"Titre") == 1


def test_a_page_gets_the_first_rows(store: str) -> None:
    content, _, _ = run(store, "SELECT ?o ?nothing { ?s ?p ?o }", results="html")
    told = json.loads(content)
    assert (len(told["rows"]), told["more"], told["variables"]) == (500, True, ["o", "nothing"])
    assert told["rows"][0][0]["language"] == "fr"
    assert told["rows"][0][1] is None


CROSS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"


def test_a_process_ends_by_itself_when_it_computes_too_long(store: str) -> None:
    _, ended, code = run(store, CROSS, seconds=1)
    assert ended == {}
    assert code < 0


def test_a_process_takes_no_more_memory_than_allowed(store: str) -> None:
    heavy = "SELECT (GROUP_CONCAT(CONCAT(?c, ?f)) AS ?all) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
    _, ended, code = run(store, heavy, memory=700 * 1024**2, seconds=20)
    assert ended in ({}, {"fault": "memory"})
    assert code != 0 or ended


def test_an_answer_is_no_larger_than_allowed(store: str) -> None:
    for form in ("json", "csv", "tsv", "xml"):
        content, ended, _ = run(store, "SELECT * { ?s ?p ?o }", results=form, largest=5000)
        assert ended == {"fault": "large"}, form
        assert len(content) <= 5000


@pytest.fixture
def server() -> Iterator[tuple[str, list[str]]]:
    met: list[str] = []

    class Server(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            met.append(self.path)
            self.send_response(500)
            self.end_headers()

        do_GET = do_POST  # noqa: N815 -- http.server's name

        def log_message(self, *words: Any) -> None:
            """Say nothing."""

    with serving(Server) as address:
        yield f"{address}/", met


def test_a_process_reaches_no_other_server(store: str, server: tuple[str, list[str]]) -> None:
    """Also when a query gets past the refusal."""
    address, met = server
    query = f"SELECT * {{ SERVICE SILENT <{address}> {{ ?a ?b ?c }} }}"
    list(ox.Store().query(query))
    assert met, "this store asks other servers when it is let"
    met.clear()
    run(store, query)
    run(store, OF_GRAPH.replace("GRAPH", address))
    assert met == []


def test_a_triple_that_two_datasets_say_stands_once(tmp_path: Path) -> None:
    shared = f'<{BASE}/organization/o> <http://xmlns.com/foaf/0.1/name> "Ville" .\n'

    def names(snapshot: Path) -> list[str]:
        return [row["o"].value for row in ox.Store.read_only(str(snapshot)).query("SELECT ?o { ?s <http://xmlns.com/foaf/0.1/name> ?o }")]

    assert names(fill(tmp_path, "one", {"a": triples("a") + shared, "b": triples("b") + shared})) == ["Ville"]
    snapshot = fill(tmp_path, "two", {"a": triples("a"), "b": triples("b") + shared})
    assert names(snapshot) == ["Ville"], "one of them still says it"
    assert titles(snapshot) >= {"Titre a 0", "Titre b 0"}
    assert names(fill(tmp_path, "three", {"a": triples("a"), "b": triples("b")})) == []
    assert names(fill(tmp_path, "four", {"a": triples("a") + shared})) == ["Ville"]
    assert titles(fill(tmp_path, "five", {"a": triples("a")})) == {"Titre catalogue 0", "Titre a 0"}
