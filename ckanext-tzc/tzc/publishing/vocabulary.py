"""The territory's own terms as an RDFS vocabulary."""
from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping

from pyoxigraph import NamedNode, Triple

from .terms import NAMES, TYPE, text

CLASSES = {"class": "rdfs:Class", "property": "rdf:Property", "metric": "dqv:Metric"}

TOTAL = "qualityScore"
"""The metric of all points together."""


def metrics(score: int, dimensions: Mapping[str, int]) -> dict[str, int]:
    """A score by the codes of our metrics."""
    return {TOTAL: score, **{f"{name}Score": points for name, points in dimensions.items()}}


@dataclasses.dataclass(frozen=True)
class Entry:
    """A term: `kind` is class, property, metric, or the code of the class that it is a value of; texts by language; `domain` and `range` by prefix, or `:` and a code."""

    code: str
    kind: str
    label: Mapping[str, str]
    help: Mapping[str, str]
    domain: str = ""
    range: str = ""


def triples(base: str, title: Mapping[str, str], entries: Iterable[Entry]) -> list[Triple]:
    """What a program reads at `base`/vocabulary."""
    return list(_triples(NamedNode(f"{base}/vocabulary"), title, entries))


def _triples(me: NamedNode, title: Mapping[str, str], entries: Iterable[Entry]) -> Iterator[Triple]:
    yield Triple(me, TYPE, NAMES["owl:Ontology"])
    yield from _words(me, "dct:title", title)
    for entry in entries:
        node = own(me, f":{entry.code}")
        yield Triple(node, TYPE, NAMES[CLASSES[entry.kind]] if entry.kind in CLASSES else own(me, f":{entry.kind}"))
        yield from _words(node, "rdfs:label", entry.label)
        yield from _words(node, "rdfs:comment", entry.help)
        for name, stated in (("rdfs:domain", entry.domain), ("dqv:expectedDataType" if entry.kind == "metric" else "rdfs:range", entry.range)):
            if stated:
                yield Triple(node, NAMES[name], own(me, stated))
        yield Triple(node, NAMES["rdfs:isDefinedBy"], me)


def own(me: NamedNode, name: str) -> NamedNode:
    """A name as it stands in the list, as an IRI."""
    return NamedNode(f"{me.value}#{name[1:]}") if name.startswith(":") else NAMES[name]


def _words(node: NamedNode, name: str, texts: Mapping[str, str]) -> Iterator[Triple]:
    for language, words in texts.items():
        if (value := text(words, language)) is not None:
            yield Triple(node, NAMES[name], value)
