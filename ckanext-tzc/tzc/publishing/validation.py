"""One dataset's triples held against SHACL shapes: what they forbid, what they miss, and the form's field that mends it.

pyshacl is loaded at the first look only: it takes half a second, and the web server never looks.
"""
from __future__ import annotations

import dataclasses
import hashlib
import importlib.metadata
from collections.abc import Iterator
from functools import cached_property

import pyoxigraph as ox
from rdflib import Graph, Literal, Namespace, URIRef
from rdflib.collection import Collection
from rdflib.namespace import RDF
from rdflib.term import Node

from . import for_rdflib
from .terms import NAMES

SH = Namespace("http://www.w3.org/ns/shacl#")
VIOLATION, WARNING, INFO = SEVERITIES = ("violation", "warning", "info")
_SEVERITIES: dict[Node | None, str] = {SH.Violation: VIOLATION, SH.Warning: WARNING, SH.Info: INFO}

FIELDS: dict[str, dict[str, str]] = {
    "Dataset": {
        "dct:title": "title", "dct:description": "notes", "dct:publisher": "owner_org", "dct:accessRights": "access_level", "dcat:theme": "theme",
        "dct:accrualPeriodicity": "frequency", "dct:issued": "issued", "dct:modified": "modified", "dcatap:hvdCategory": "hvd_category", "dcat:keyword": "tag_string",
        "dcat:contactPoint": "contact", "dcat:distribution": "url", "dct:spatial": "communes", "dct:temporal": "temporal_coverage",
    },
    "Distribution": {"dcat:accessURL": "url", "dcat:downloadURL": "url", "dct:format": "format", "dcat:mediaType": "format", "dct:license": "license_id"},
    "Kind": {"": "contact"},
    "PeriodOfTime": {"": "temporal_coverage"},
}  # fmt: skip
"""The form's field by the class of what is looked at and the property; `""` for any. What no form has a field for is not here."""
OF_FILE = {"url", "format"}
"""Fields of a file's form; all others are the dataset's."""


@dataclasses.dataclass(frozen=True)
class Violation:
    """One result: `path` is the property's IRI (several with `|` between), `focus` what was looked at, of class `kind`; `messages` by language.

    `file`: the IRI of the distribution, when it is one. `field`: of a form, empty where none mends it.
    """

    severity: str
    path: str
    focus: str
    kind: str
    value: str
    messages: dict[str, str]
    file: str = ""
    field: str = ""


class NotValidatedError(Exception):
    """The program that validates gave up."""


@dataclasses.dataclass(frozen=True)
class Shapes:
    """A document of shapes, in Turtle."""

    turtle: str

    @cached_property
    def fingerprint(self) -> str:
        """What tells shapes apart, and the release of the program that reads them."""
        return hashlib.sha256(f"{importlib.metadata.version('pyshacl')}\n{self.turtle}".encode()).hexdigest()[:16]

    @cached_property
    def graph(self) -> Graph:
        """The shapes, read."""
        return Graph().parse(data=self.turtle, format="turtle")

    @cached_property
    def kinds(self) -> dict[Node, str]:
        """By shape, the last part of the class that it is for; properties' shapes too."""
        found: dict[Node, str] = {}
        for shape, target in self.graph.subject_objects(SH.targetClass):
            found[shape] = str(target).replace("#", "/").rpartition("/")[2]
            found.update(dict.fromkeys(self.graph.objects(shape, SH.property), found[shape]))
        return found


def conforms(found: list[Violation]) -> bool:
    """Whether nothing is forbidden; what is only missed does not count."""
    return all(one.severity != VIOLATION for one in found)


def validate(n_triples: str, shapes: Shapes) -> list[Violation]:
    """What the shapes say of one dataset's triples, the worst first. Raises NotValidatedError."""
    from pyshacl import validate as look
    from pyshacl.errors import ReportableRuntimeError

    data = Graph()
    for quad in ox.parse(n_triples.encode("utf-8"), format=ox.RdfFormat.N_TRIPLES):
        subject, predicate, value = quad.triple
        data.add((for_rdflib.term(subject), for_rdflib.term(predicate), for_rdflib.term(value)))
    try:
        _, report, words = look(data, shacl_graph=shapes.graph, advanced=False, allow_warnings=True)
    except (ReportableRuntimeError, RecursionError) as error:
        raise NotValidatedError(str(error)) from error
    if not isinstance(report, Graph):
        raise NotValidatedError(words)
    return sorted(_results(report, data, shapes), key=lambda one: (SEVERITIES.index(one.severity), one.kind, one.path, one.focus, one.value))


def _results(report: Graph, data: Graph, shapes: Shapes) -> Iterator[Violation]:
    for result in report.objects(None, SH.result):
        focus, path = report.value(result, SH.focusNode), report.value(result, SH.resultPath)
        shape = report.value(result, SH.sourceShape)
        kind = shapes.kinds.get(shape, "") if shape is not None else ""
        paths = _paths(report, path)
        yield Violation(
            severity=_SEVERITIES.get(report.value(result, SH.resultSeverity), VIOLATION),
            path="|".join(paths),
            focus=str(focus or ""),
            kind=kind,
            value=str(report.value(result, SH.value) or ""),
            messages={message.language or "": str(message) for message in report.objects(result, SH.resultMessage) if isinstance(message, Literal)},
            file=str(focus) if (focus, RDF.type, URIRef(NAMES["dcat:Distribution"].value)) in data else "",
            field=field_of(kind, paths),
        )


def _paths(report: Graph, path: Node | None) -> list[str]:
    if path is None or isinstance(path, URIRef):
        return [str(path)] if path else []
    several = report.value(path, SH.alternativePath)
    return [str(part) for part in Collection(report, several)] if several is not None else []


def field_of(kind: str, paths: list[str]) -> str:
    """The form's field for properties of a class; empty where there is none."""
    fields = FIELDS.get(kind, {})
    known = {NAMES[name].value: field for name, field in fields.items() if name}
    return next((known[path] for path in paths if path in known), fields.get("", ""))
