"""Catalogues of all kinds, as their servers would speak of the same datasets."""
from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from typing import Any
from xml.sax.saxutils import escape

from ckanext.tzc.harvesters import rdf
from ckanext.tzc.harvesters.base import Harvester
from ckanext.tzc.harvesters.partners import ckan_api, csw, datajson, dcat_feed, opendatasoft, table, udata
from pyoxigraph import RdfFormat, parse, serialize

from tests import sites, workbooks
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
    text: bool = True
    """Whether what it says is text, which may be in another charset."""

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


# udata: the form of its API (udata 10, `DatasetPage`), fields that harvesting does not ask for left out


def of_udata(identifier: str, title: str) -> dict[str, Any]:
    return {
        "id": identifier, "title": title, "description": "Mesures *horaires*.", "slug": identifier, "page": f"https://www.data.gouv.fr/datasets/{identifier}/", "created_at": "2023-01-02T03:04:05.678000+00:00",
        "last_update": "2024-05-06T07:08:09.123000+00:00", "archived": None, "deleted": None, "private": False, "frequency": "semiannual", "license": "lov2", "tags": ["air", "ozone"],
        "organization": {"id": "5" * 24, "name": "La ville", "page": "https://www.data.gouv.fr/organizations/la-ville/"}, "owner": None, "access_type": "open",
        "contact_points": [{"name": "Service de l’air", "email": "air@example.org", "role": "contact"}],
        "spatial": {"zones": ["fr:commune:17300"], "geom": None, "granularity": "fr:commune"}, "temporal_coverage": {"start": "2020-01-01", "end": "2023-12-31"},
        "resources": [
            {"id": "r1", "title": "Mesures", "description": None, "format": "csv", "mime": "text/csv", "filesize": 1024, "type": "main", "url": f"https://data.example.org/{identifier}.csv", "created_at": "2023-01-02", "last_modified": "2024-05-06T00:00:00+00:00"},
            {"id": "r2", "title": "Notice", "format": "pdf", "type": "documentation", "url": "https://data.example.org/notice.pdf"},
        ],
    }  # fmt: skip


def udata_pages(site: Site, datasets: Datasets) -> Answer:
    """Four a page, of the size that the server likes."""

    def answer(asked: Asked) -> Reply:
        if asked.path != "/api/1/datasets/":
            return Reply(b"Not found", 404)
        page = int(asked.question.get("page", "1"))
        entries = [of_udata(*dataset) for dataset in datasets[(page - 1) * 4 : page * 4]]
        following = f"{site.address}/api/1/datasets/?page={page + 1}" if page * 4 < len(datasets) else None
        return as_json({"data": entries, "next_page": following, "page": page, "page_size": 4, "previous_page": None, "total": len(dict(datasets))})

    return answer


def udata_without_end(site: Site, datasets: Datasets) -> Answer:
    entries = [of_udata(*dataset) for dataset in datasets]
    return lambda asked: as_json({"data": entries, "next_page": f"{site.address}/api/1/datasets/?page={int(asked.question.get('page', '1')) + 1}", "total": 10**6})


def as_json(value: object) -> Reply:
    return answered(json.dumps(value, ensure_ascii=False), "application/json")


# Opendatasoft: the form of the Explore API v2.1 (`dataset` of its OpenAPI description, 2024)


def of_opendatasoft(identifier: str, title: str) -> dict[str, Any]:
    return {
        "dataset_id": identifier, "dataset_uid": f"da_{identifier}", "has_records": True, "data_visible": True, "features": ["analyze", "geo"], "fields": [],
        "attachments": [{"id": "notice_pdf", "mimetype": "application/pdf", "title": "notice.pdf", "url": "odsfile://notice.pdf"}],
        "metas": {
            "default": {
                "title": title, "description": "<p>Mesures <b>horaires</b>.</p>", "theme": ["Environnement", "Cadre de vie"], "keyword": ["air"], "license": "Licence Ouverte v2.0 (Etalab)", "language": "fr",
                "license_url": "https://www.etalab.gouv.fr/wp-content/uploads/2017/04/ETALAB-Licence-Ouverte-v2.0.pdf", "modified": "2024-05-06T07:08:09+00:00", "publisher": "La ville",
                "references": "https://data.example.org/notice", "records_count": 12, "territory": ["La Rochelle"], "geographic_reference": ["fr_40_17300"],
            },
            "dcat": {"issued": "2023-01-02", "accrualperiodicity": "Annuelle", "contact_name": "Service de l’air", "contact_email": "air@example.org"},
        },
    }  # fmt: skip


def exported(_site: Site, datasets: Datasets) -> Answer:
    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("/catalog/exports/json"):
            return as_json([of_opendatasoft(*dataset) for dataset in datasets])
        return as_json({"total_count": len(dict(datasets)), "results": []}) if asked.path == "/api/explore/v2.1/catalog/datasets" else Reply(b"Not found", 404)

    return answer


# data.json: the form of the DCAT-US schema 1.1


def of_datajson(identifier: str, title: str) -> dict[str, Any]:
    return {
        "@type": "dcat:Dataset", "identifier": identifier, "title": title, "description": "Hourly.", "keyword": ["air"], "modified": "2024-05-06", "accessLevel": "public", "license": LICENCE,
        "publisher": {"@type": "org:Organization", "name": "La ville"}, "contactPoint": {"@type": "vcard:Contact", "fn": "Service de l’air", "hasEmail": "mailto:air@example.org"},
        "accrualPeriodicity": "R/P1Y", "temporal": "2020-01-01/2023-12-31", "spatial": "-1.3,46.1,-1.0,46.3", "language": ["fr"], "theme": ["Environment"], "landingPage": "https://data.example.org/page",
        "distribution": [{"@type": "dcat:Distribution", "downloadURL": f"https://data.example.org/{identifier}.csv", "mediaType": "text/csv", "title": "Le fichier"}],
    }  # fmt: skip


def document(_site: Site, datasets: Datasets) -> Answer:
    body = {"conformsTo": "https://project-open-data.cio.gov/v1.1/schema", "dataset": [of_datajson(*dataset) for dataset in datasets]}
    return lambda asked: as_json(body) if asked.path == "/data.json" else Reply(b"Not found", 404)


# a table

HEADER = ("Identifiant", "Intitulé", "Mots-clés", "Licence", "URL", "Format")


def semicolons(_site: Site, datasets: Datasets) -> Answer:
    rows = [HEADER, *((identifier, title, "air;ozone", "Licence Ouverte 2.0", f"https://data.example.org/{identifier}.csv", "CSV") for identifier, title in datasets)]
    return lambda _: answered("".join(";".join(f'"{cell}"' if ";" in cell else cell for cell in row) + "\r\n" for row in rows), "text/csv")


def workbook(_site: Site, datasets: Datasets) -> Answer:
    rows = [HEADER, *((identifier, title, "air;ozone", "Licence Ouverte 2.0", f"https://data.example.org/{identifier}.csv", "CSV") for identifier, title in datasets)]
    return lambda _: Reply(workbooks.workbook({"Données": rows}), headers={"Content-Type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"})


SPEAKERS = [
    Speaker("ckan", ckan_api.CkanApi(), unescaped(searched), same_page),
    Speaker("csw", csw.Csw(), service, same_record, "/csw"),
    Speaker("dcat-turtle", dcat_feed.DcatFeed(), feed("turtle"), circle, "/catalog"),
    Speaker("dcat-xml", dcat_feed.DcatFeed(), feed("xml", 4, "hydra:PagedCollection", "hydra:nextPage"), ever_more, "/catalog"),
    Speaker("dcat-json-ld", dcat_feed.DcatFeed(), feed("json-ld", 2, literal=True), ever_more, "/catalog?page=1"),
    Speaker("dcat-n-triples", dcat_feed.DcatFeed(), feed("nt", 100), None, "/catalog"),
    Speaker("udata", udata.Udata(), udata_pages, udata_without_end, "/fr/datasets/"),
    Speaker("opendatasoft", opendatasoft.Opendatasoft(), exported, None, "/explore/?sort=modified"),
    Speaker("data.json", datajson.DataJson(), document),
    Speaker("table-csv", table.Table(), semicolons, None, "/jeux.csv", {"columns": {"title": "Intitulé"}}),
    Speaker("table-xlsx", table.Table(), workbook, None, "/jeux.xlsx", {"columns": {"title": "Intitulé"}, "sheet": "Données"}, text=False),
]
