"""Catalogues of all kinds, as their servers would speak of the same datasets."""
from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from typing import Any
from xml.sax.saxutils import escape

from ckanext.tzc.harvesters import rdf
from ckanext.tzc.harvesters.base import Harvester
from ckanext.tzc.harvesters.partners import ckan_api, csw, dcat_feed
from pyoxigraph import RdfFormat, parse, serialize

from tests import sites
from tests.sites import Asked, Reply, Site

Datasets = list[tuple[str, str]]
"""Identifiers and titles."""

Answer = Callable[[Asked], Reply]


@dataclasses.dataclass(frozen=True)
class Speaker:
    """A harvester, and servers for it: one that says these datasets, and where it speaks page by page one that never ends."""

    name: str
    harvester: Harvester
    says: Callable[[Site, Datasets], Answer]
    endless: Callable[[Site, Datasets], Answer] | None = None
    path: str = ""
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def paged(self) -> bool:
        """Whether it speaks page by page."""
        return self.endless is not None


def answered(body: str, kind: str) -> Reply:
    return Reply(body.encode(), headers={"Content-Type": kind})


# CKAN


def package(identifier: str, title: str) -> dict[str, Any]:
    return {
        "id": identifier, "name": f"nom-{identifier}" if title else "", "title": title, "license_id": "etalab-2.0", "private": False, "state": "active", "type": "dataset",
        "resources": [{"url": f"https://data.example.org/{identifier}.csv", "name": "Le fichier"}],
    }  # fmt: skip


def searched(_site: Site, datasets: Datasets) -> Answer:
    """Four a page; one that is given twice is counted once."""
    return sites.catalogue([package(*dataset) for dataset in datasets], len(dict(datasets)), 4)


def same_page(_site: Site, datasets: Datasets) -> Answer:
    body = json.dumps({"success": True, "result": {"count": 10**9, "results": [package(*dataset) for dataset in datasets]}}, ensure_ascii=False)
    return lambda _: answered(body, "application/json")


def unescaped(says: Callable[[Site, Datasets], Answer]) -> Callable[[Site, Datasets], Answer]:
    """Letters as they are, not as numbers."""

    def answer(site: Site, datasets: Datasets) -> Answer:
        whole = says(site, datasets)

        def letters(asked: Asked) -> Reply:
            reply = whole(asked)
            return answered(json.dumps(json.loads(reply.body), ensure_ascii=False), "application/json") if reply.status == 200 else reply

        return letters

    return answer


# CSW


def iso(identifier: str, title: str) -> str:
    return (
        '<gmd:MD_Metadata xmlns:gmd="http://www.isotc211.org/2005/gmd" xmlns:gco="http://www.isotc211.org/2005/gco">'
        f"<gmd:fileIdentifier><gco:CharacterString>{escape(identifier)}</gco:CharacterString></gmd:fileIdentifier><gmd:identificationInfo><gmd:MD_DataIdentification>"
        f"<gmd:citation><gmd:CI_Citation><gmd:title><gco:CharacterString>{escape(title)}</gco:CharacterString></gmd:title></gmd:CI_Citation></gmd:citation>"
        "<gmd:resourceConstraints><gmd:MD_LegalConstraints><gmd:useLimitation><gco:CharacterString>Licence Ouverte 2.0</gco:CharacterString></gmd:useLimitation></gmd:MD_LegalConstraints></gmd:resourceConstraints>"
        "</gmd:MD_DataIdentification></gmd:identificationInfo><gmd:distributionInfo><gmd:MD_Distribution><gmd:transferOptions><gmd:MD_DigitalTransferOptions><gmd:onLine><gmd:CI_OnlineResource>"
        f"<gmd:linkage><gmd:URL>https://data.example.org/fichiers/{escape(identifier[::-1])}.csv</gmd:URL></gmd:linkage></gmd:CI_OnlineResource></gmd:onLine></gmd:MD_DigitalTransferOptions></gmd:transferOptions>"
        "</gmd:MD_Distribution></gmd:distributionInfo></gmd:MD_Metadata>"
    )


def service(_site: Site, datasets: Datasets) -> Answer:
    """Three records a page."""

    def says(asked: Asked) -> Reply:
        start = int(asked.question.get("startPosition") or asked.body.partition(b'startPosition="')[2].partition(b'"')[0])
        records = "".join(iso(*dataset) for dataset in datasets[start - 1 : start + 2])
        following = start + 3 if start + 3 <= len(datasets) else 0
        results = f'<csw:SearchResults numberOfRecordsMatched="{len(datasets)}" nextRecord="{following}">{records}</csw:SearchResults>'
        return answered(f'<csw:GetRecordsResponse xmlns:csw="http://www.opengis.net/cat/csw/2.0.2">{results}</csw:GetRecordsResponse>', "application/xml")

    return says


def same_record(_site: Site, datasets: Datasets) -> Answer:
    page = sites.csw([iso(*datasets[0])], 10**9)(Asked("GET", "/", {"startPosition": "1"}, b"", {}))
    return lambda _: page


# DCAT

LICENCE = "https://www.etalab.gouv.fr/licence-ouverte-open-licence"
FORMS = {"turtle": (RdfFormat.TURTLE, "text/turtle"), "xml": (RdfFormat.RDF_XML, "application/rdf+xml"), "json-ld": (RdfFormat.JSON_LD, "application/ld+json"), "nt": (RdfFormat.N_TRIPLES, "application/n-triples")}
PREFIXES = {name: rdf.PREFIXES[name] for name in ("dcat", "dct", "hydra", "rdf")}


def turtle(site: Site, datasets: Datasets, more: str = "") -> str:
    """A feed; one dataset is a blank node, as some portals write all of them."""
    lines = [f"@prefix {name}: <{iri}> ." for name, iri in PREFIXES.items()]
    catalogue = f"{site.address}/catalog"
    lines.append(f"<{catalogue}> a dcat:Catalog .")
    for number, (identifier, title) in enumerate(datasets):
        node = f"_:jeu{number}" if identifier.endswith("4") else f"<{identifier}>"
        lines.append(f"<{catalogue}> dcat:dataset {node} . {node} a dcat:Dataset ; dct:identifier {json.dumps(identifier)} ; dct:relation <{catalogue}> ; dcat:distribution _:fichier{number} .")
        lines.append(f"_:fichier{number} a dcat:Distribution ; dcat:downloadURL <https://data.example.org/{identifier}.csv> ; dct:license <{LICENCE}> .")
        lines.append(f"{node} dct:title {json.dumps(title, ensure_ascii=False)}@fr ." if title else "")
    return "\n".join([*lines, more])


def feed(form: str, rows: int = 3, view: str = "hydra:PartialCollectionView", link: str = "hydra:next", literal: bool = False) -> Callable[[Site, Datasets], Answer]:
    """Page by page, in one of its forms."""

    def says(site: Site, datasets: Datasets) -> Answer:
        def answer(asked: Asked) -> Reply:
            page = int(asked.question.get("page", "1"))
            following = f"{site.address}/catalog?page={page + 1}"
            written = json.dumps(following) if literal else f"<{following}>"
            more = f"<{site.address}/catalog?page={page}> a {view} ; hydra:totalItems {len(dict(datasets))} ." if datasets else ""
            more += f" <{site.address}/catalog?page={page}> {link} {written} ." if page * rows < len(datasets) else ""
            return answered(as_form(turtle(site, datasets[(page - 1) * rows : page * rows], more), form, site), FORMS[form][1])

        return answer

    return says


def as_form(text: str, form: str, site: Site) -> str:
    if form == "turtle":
        return text
    quads = parse(text.encode(), format=RdfFormat.TURTLE, base_iri=f"{site.address}/")
    return (serialize([quad.triple for quad in quads], format=FORMS[form][0], prefixes=PREFIXES) or b"").decode()


def circle(site: Site, datasets: Datasets) -> Answer:
    """Two pages that name each other."""

    def answer(asked: Asked) -> Reply:
        page = asked.question.get("page", "1")
        half = datasets[: len(datasets) // 2] if page == "1" else datasets[len(datasets) // 2 :]
        other = "2" if page == "1" else "1"
        return answered(turtle(site, half, f"<{site.address}/catalog?page={page}> hydra:next <{site.address}/catalog?page={other}> ."), "text/turtle")

    return answer


def ever_more(site: Site, datasets: Datasets) -> Answer:
    """Pages that always name another one, with the same datasets."""
    return lambda asked: answered(turtle(site, datasets, f'[] hydra:nextPage "{site.address}/catalog?page={int(asked.question.get("page", "1")) + 1}" .'), "text/turtle")


SPEAKERS = [
    Speaker("ckan", ckan_api.CkanApi(), unescaped(searched), same_page),
    Speaker("csw", csw.Csw(), service, same_record, "/csw"),
    Speaker("dcat-turtle", dcat_feed.DcatFeed(), feed("turtle"), circle, "/catalog"),
    Speaker("dcat-xml", dcat_feed.DcatFeed(), feed("xml", 4, "hydra:PagedCollection", "hydra:nextPage"), ever_more, "/catalog"),
    Speaker("dcat-json-ld", dcat_feed.DcatFeed(), feed("json-ld", 2, literal=True), ever_more, "/catalog?page=1"),
    Speaker("dcat-n-triples", dcat_feed.DcatFeed(), feed("nt", 100), None, "/catalog"),
]
