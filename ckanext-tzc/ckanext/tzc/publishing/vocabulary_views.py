"""`/vocabulary`: the territory's own terms, for people and for programs."""
from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

import ckan.plugins.toolkit as tk
from ckanext.tzc.common.territory import territory, text
from ckanext.tzc.schemas import vocabulary as listed
from flask import Blueprint, Response, request
from pyoxigraph import NamedNode

from tzc.publishing import documents
from tzc.publishing.documents import EXTENSIONS, Syntax
from tzc.publishing.vocabulary import CLASSES, Entry, own, triples

from . import answers
from .world import base

vocabulary = Blueprint("tzc_vocabulary", __name__)


@dataclasses.dataclass(frozen=True)
class Term:
    """A term in the reader's language."""

    code: str
    uri: str
    label: str
    definition: str
    domain: str
    range: str


def entries() -> list[Entry]:
    """All terms: those of the list, each class with its values behind it."""
    found = []
    for entry in listed("territory-terms"):
        found.append(Entry(entry["code"], entry["kind"], entry["label"], entry["help"], entry.get("domain", ""), entry.get("range", "")))
        values = entry.get("values") or {"codes": ()}
        found += [Entry(value["code"], entry["code"], value["label"], value["help"]) for code in values["codes"] for value in listed(values["vocabulary"]) if value["code"] == code]
    return found


@vocabulary.route("/vocabulary")
def page() -> Any:
    """The terms, in the form that the reader likes best."""
    if answers.asks_for_rdf(request):
        return _document(answers.negotiated(request) or documents.TURTLE, answers.ending(request))
    kinds = {"property": tk._("Properties"), "metric": tk._("Measures"), "class": tk._("Classes"), "": tk._("Values")}
    groups = [(heading, [_term(entry) for entry in entries() if (entry.kind if entry.kind in CLASSES else "") == kind]) for kind, heading in kinds.items()]
    extensions = [("ttl", "Turtle"), ("rdf", "RDF/XML"), ("jsonld", "JSON-LD"), ("nt", "N-Triples")]
    response = Response(tk.render("publishing/vocabulary.html", {"groups": groups, "extensions": extensions}), content_type="text/html; charset=utf-8")
    response.headers["Vary"] = "Accept"
    return response


@vocabulary.route("/vocabulary.<extension>")
def document(extension: str) -> Response:
    """The terms in one syntax."""
    if extension not in EXTENSIONS:
        return answers.refuse(404, tk._("There is no such format. There are: {extensions}.").format(extensions=", ".join(EXTENSIONS)))
    return _document(EXTENSIONS[extension], extension)


def _document(syntax: Syntax, extension: str) -> Response:
    content = documents.complete(triples(base(), territory().name, entries()), syntax)
    etag = hashlib.sha256(content).hexdigest()[:24]
    return answers.fresh(request, etag) or answers.rdf(request, content, answers.media_of(extension, syntax), etag, None)


def _term(entry: Entry) -> Term:
    me = NamedNode(f"{base()}/vocabulary")
    return Term(entry.code, own(me, f":{entry.code}").value, text(dict(entry.label)), text(dict(entry.help)), entry.domain.lstrip(":"), entry.range.lstrip(":"))
