"""`/sparql`: SPARQL 1.1's protocol for programs, and a page for people."""
from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from functools import lru_cache
from importlib.resources import files
from typing import IO, Any

import ckan.plugins.toolkit as tk
import yaml
from ckan.config.middleware.flask_app import csrf
from ckanext.tzc.common.territory import territory, text
from flask import Blueprint, Response, request
from pyoxigraph import NamedNode, Triple

from tzc.publishing import documents
from tzc.publishing.sparql import GRAPHS, PAGE, RESULTS, Fault, Form, asked, wanted
from tzc.publishing.terms import TYPE

from . import answers, asking
from .answers import CHUNK
from .sparql_words import AGAIN, reason
from .world import base

sparql = Blueprint("tzc_sparql", __name__)

DESCRIPTION = "http://www.w3.org/ns/sparql-service-description#"


@csrf.exempt  # type: ignore[untyped-decorator]  -- flask-wtf has no types; a query changes nothing
@sparql.route("/sparql", methods=["GET", "POST", "OPTIONS"])
def endpoint() -> Any:
    """Answer a query; without one, the page, or for a program what this service can do."""
    if request.method == "OPTIONS":
        return _open(Response(status=204))
    form = None
    try:
        form = wanted(request.values.get("format", ""), _choose)
        question = _question()
        if question is None:
            return _page() if answers.negotiated(request) is None or not answers.asks_for_rdf(request) else _service()
        if form.results is None and form.graph is None:
            raise Fault(406, "form", forms=", ".join((*RESULTS, *GRAPHS, PAGE)))
        answer = asking.ask(question, form)
    except Fault as fault:
        return _refused(fault, form)
    if form.page:
        with answer.content as content:
            return _page(question.query, json.load(content))
    media = (GRAPHS if answer.kind == "graph" else RESULTS)[answer.form][0]
    return _open(Response(_pieces(answer.content), content_type=f"{media}; charset=utf-8" if media.startswith("text/") else media))


def _choose(types: Sequence[str]) -> str | None:
    """What the reader likes best; one who says nothing takes anything."""
    accepted = request.accept_mimetypes
    return accepted.best_match(types) if accepted else types[0]


def _question() -> Any:
    longest = asking.limits().longest
    # what is longer even when each byte is written as %XX need not be read
    if (request.content_length or 0) > 3 * longest + 10_000:
        raise Fault(413, "long", most=longest)
    return asked(request.method, request.mimetype, request.args.getlist, request.form.getlist, request.get_data, longest)


def _pieces(content: IO[bytes]) -> Iterator[bytes]:
    with content:
        while piece := content.read(CHUNK):
            yield piece


def _open(response: Response) -> Response:
    """For programs of any page on the web."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
        response.headers["Access-Control-Allow-Headers"] = "Accept, Content-Type"
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Vary"] = "Accept"
    return response


def _refused(fault: Fault, form: Form | None) -> Any:
    """The reason, on the page or in plain text."""
    words = reason(fault)
    if form is not None and form.page:
        response = _page(request.values.get("query", "")[: asking.limits().longest], fault=words, status=fault.status)
    else:
        response = answers.refuse(fault.status, words)
    if fault.code in AGAIN:
        response.headers["Retry-After"] = str(AGAIN[fault.code])
    return response


def _page(query: str = "", found: dict[str, Any] | None = None, fault: str = "", status: int = 200) -> Response:
    examples = _examples()
    chosen = next((example["query"] for example in examples if example["name"] == request.args.get("example")), "")
    given = {
        "query": query or chosen or examples[0]["query"], "found": found, "fault": fault, "examples": examples, "chosen": request.args.get("example", ""),
        "limits": asking.limits(), "forms": RESULTS if found is None or found["kind"] != "graph" else GRAPHS,
    }  # fmt: skip
    response = Response(tk.render("publishing/sparql.html", given), status, content_type="text/html; charset=utf-8")
    response.headers["Vary"] = "Accept"
    return response


def _examples() -> list[dict[str, str]]:
    first = territory().axes[0].id if territory().axes else "axe"
    # values of the portal are put in by name; braces are SPARQL's
    return [
        {"name": name, "title": text(example["title"]), "query": example["query"].replace("BASE", base()).replace("AXIS", first)}
        for name, example in _written().items()
    ]  # fmt: skip


@lru_cache(maxsize=1)
def _written() -> dict[str, Any]:
    written: dict[str, Any] = yaml.safe_load((files("ckanext.tzc.publishing") / "examples.yaml").read_text(encoding="utf-8"))
    return written


def _service() -> Response:
    """What this service can do, in the words of SPARQL's own vocabulary for it."""
    syntax = answers.negotiated(request) or documents.TURTLE
    here = NamedNode(f"{base()}/sparql")

    def term(name: str) -> NamedNode:
        return NamedNode(DESCRIPTION + name)

    forms = "http://www.w3.org/ns/formats/"
    triples = [
        Triple(here, TYPE, term("Service")),
        Triple(here, term("endpoint"), here),
        Triple(here, term("supportedLanguage"), term("SPARQL11Query")),
        Triple(here, term("feature"), term("UnionDefaultGraph")),
        *(Triple(here, term("resultFormat"), NamedNode(forms + name)) for name in (
            "SPARQL_Results_JSON", "SPARQL_Results_XML", "SPARQL_Results_CSV", "SPARQL_Results_TSV", "Turtle", "N-Triples", "RDF_XML", "JSON-LD",
        )),
    ]  # fmt: skip
    content = documents.complete(triples, syntax)
    return answers.rdf(request, content, syntax.media, f"service-{len(content)}", datetime.now(timezone.utc))
