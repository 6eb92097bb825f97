"""What data.europa.eu makes of a feed: it converts to DCAT-AP 2.1.1 and knows things by the EU's vocabularies.

Its rules are those of its published documentation (docs/publishing.md); there is no program of its own to compare with.
"""
from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from pyoxigraph import Literal

from ..terms import Node, Term
from .graph import Graph, is_blank, plain, stated
from .verdict import Reason, Verdict, Weight

AUTHORITY = "http://publications.europa.eu/resource/authority/"
MEDIA = ("http://www.iana.org/assignments/media-types/", "https://www.iana.org/assignments/media-types/")

LISTS = (
    ("dcat:theme", "data-theme/", "theme"),
    ("dct:accrualPeriodicity", "frequency/", "frequency"),
    ("dct:language", "language/", "language"),
    ("dct:accessRights", "access-right/", "access_level"),
)
"""Properties whose values the portal knows by a list of the EU's, and the field of the form."""
HIGH_VALUE = "http://data.europa.eu/bna/"


def judge(graph: Graph, seen: set[str] | None = None) -> Iterator[Verdict]:
    """A verdict on each dataset of a page; `seen`: identifiers of pages before, which is added to."""
    seen = set() if seen is None else seen
    for node in graph.of_type("dcat:Dataset"):
        yield _Intake(graph, node, seen).verdict()


@dataclasses.dataclass
class _Intake:
    graph: Graph
    node: Node
    seen: set[str]
    reasons: dict[Reason, None] = dataclasses.field(default_factory=dict)
    file: str = ""

    def verdict(self) -> Verdict:
        identifier = self.identifier()
        title, description = self.words("dct:title"), self.words("dct:description")
        # what DCAT-AP demands of a dataset
        if not title:
            self.note("title_missing", "title", weight="invalid")
        if not description:
            self.note("description_missing", "notes", weight="invalid")
        for name, authority, field in LISTS:
            self.listed(name, authority, field)
        files = [file for node in self.graph.all(self.node, "dcat:distribution") if (file := self.one_file(node))]
        self.file = ""
        if not files:
            self.note("files_none", "resources")
        stored: dict[str, Any] = {"title": title, "description": bool(description), "files": files}
        reasons = tuple(self.reasons)
        return Verdict(self.node.value, identifier, reasons, {} if any(reason.weight != "lost" for reason in reasons) else stored)

    def note(self, code: str, field: str, value: str = "", weight: Weight = "lost") -> None:
        self.reasons[Reason(code, field, value[:200], self.file, weight)] = None

    def words(self, name: str) -> str:
        term = self.graph.said(self.node, name, "fr")
        return str(plain(term)).strip() if isinstance(term, Literal) else ""

    def identifier(self) -> str:
        """By which it is found again: the stated one, else its address."""
        term = self.graph.first(self.node, "dct:identifier")
        found = term.value.strip() if term is not None and stated(term) else ""
        found = found or ("" if is_blank(self.node) else self.node.value)
        if not found:
            self.note("identifier_missing", "identifier", weight="unreadable")
        elif found in self.seen:
            self.note("identifier_twice", "identifier", found, "invalid")
        self.seen.add(found)
        return found

    def listed(self, name: str, authority: str, field: str) -> None:
        for term in self.graph.all(self.node, name):
            if not term.value.startswith((AUTHORITY + authority, HIGH_VALUE)):
                self.note(f"{field}_unknown", field, term.value if not is_blank(term) else "")

    def one_file(self, node: Term) -> dict[str, Any] | None:
        self.file = str(plain(title)) if (title := self.graph.said(node, "dct:title", "fr")) is not None else ""
        address = self.graph.first(node, "dcat:accessURL")
        if address is None or isinstance(address, Literal) or is_blank(address) or "://" not in address.value:
            # DCAT-AP demands it of each file
            self.note("file_no_address", "url")
            return None
        for name, known, code in (("dct:format", (AUTHORITY + "file-type/",), "format_unknown"), ("dcat:mediaType", MEDIA, "media_unknown")):
            term = self.graph.first(node, name)
            if term is not None and not term.value.startswith(known):
                self.note(code, "format", term.value if not is_blank(term) else "")
        self.licence(node)
        return {"url": address.value}

    def licence(self, node: Term) -> None:
        term = self.graph.first(node, "dct:license") or self.graph.first(self.node, "dct:license")
        if term is None:
            if not self.limited():
                self.note("licence_missing", "license_id")
            return
        matches = [match.value for name in ("skos:exactMatch", "skos:broadMatch") for match in self.graph.all(term, name)]
        if not any(address.startswith(AUTHORITY + "licence/") for address in (term.value, *matches)):
            self.note("licence_unknown", "license_id", term.value if not is_blank(term) else "")

    def limited(self) -> bool:
        """Data that are not for everybody need no licence."""
        return any(not term.value.endswith("/PUBLIC") for term in self.graph.all(self.node, "dct:accessRights"))
