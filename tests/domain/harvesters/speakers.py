"""Catalogues of all kinds, as their servers would speak of the same datasets."""
from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from typing import Any
from xml.sax.saxutils import escape

from ckanext.tzc.harvesters.base import Harvester
from ckanext.tzc.harvesters.partners import ckan_api, csw

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


SPEAKERS = [
    Speaker("ckan", ckan_api.CkanApi(), unescaped(searched), same_page),
    Speaker("csw", csw.Csw(), service, same_record, "/csw"),
]
