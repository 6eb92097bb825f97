"""Fill an empty CKAN of any version through its own API, and record what it answers when it is harvested: `record_ckan.py ADDRESS TOKEN FILE`, the token of an administrator of its.

All content is made up. Each dataset holds what another does not: `test_recordings.py` says what must be read of it. The file holds each question, without the server's address, and its
answer, in which the server is called `https://catalogue.example.org`.
"""
from __future__ import annotations

import json
import sys
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ckanext.tzc.harvesters import base
from ckanext.tzc.harvesters.base import Source
from ckanext.tzc.harvesters.http import Answer, Client
from ckanext.tzc.harvesters.partners import ckan_api

NAME = "https://catalogue.example.org"
ROWS = 2
"""Datasets on a page: there are several."""

AREA = {"type": "Polygon", "coordinates": [[[-1.24, 46.14], [-1.11, 46.14], [-1.11, 46.18], [-1.24, 46.18], [-1.24, 46.14]]]}
DATASETS: list[dict[str, Any]] = [
    {
        "name": "comptages-velo", "title": "Comptages de vélos", "notes": "Passages par **heure** et par point.\n\n- 24 points\n- depuis 2019", "license_id": "etalab-2.0", "version": "3",
        "author": "Pôle mobilités", "author_email": "mobilites@example.org", "maintainer": "Équipe vélo", "maintainer_email": "velo@example.org", "url": "https://velo.example.org/comptages",
        "tags": [{"name": "vélo"}, {"name": "mobilité douce"}, {"name": "Open-Data_17"}], "groups": [{"name": "deplacements"}],
        "extras": [
            {"key": "spatial", "value": json.dumps(AREA)}, {"key": "theme", "value": '["http://publications.europa.eu/resource/authority/data-theme/TRAN"]'}, {"key": "frequency", "value": "Mensuelle"},
            {"key": "temporal_start", "value": "2019-01-01"}, {"key": "temporal_end", "value": "2025-12-31"}, {"key": "language", "value": "fr"}, {"key": "Campagne", "value": "Été & hiver"},
            {"key": "guid", "value": "urn:uuid:7a7a1f5c-0c7f-4f0e-9a11-0e6f6a6c1b01"},
        ],
        "resources": [
            {"url": "https://velo.example.org/comptages.csv", "name": "Comptages", "format": "csv", "mimetype": "text/csv", "size": 48213, "description": "Séparateur : point-virgule", "hash": "ab12"},
            {"url": "https://velo.example.org/points.geojson", "name": "Points", "format": "GeoJSON", "last_modified": "2025-11-03T08:15:00"},
        ],
    },
    {"name": "sans-rien", "title": "Un jeu sans rien d'autre qu'un titre"},
    {
        "name": "arbres", "title": "Arbres d’alignement — « inventaire »", "notes": "<p>Essence, hauteur.</p>\n<ul><li>Relevé en 2024</li></ul>", "license_id": "odc-odbl",
        "resources": [
            {"url": "/fichiers/arbres.zip", "name": "Adresse sans hôte", "format": "SHP"}, {"url": "https://arbres.example.org/a.zip", "name": "Arbres", "format": ".ZIP", "size": 0},
            {"url": "https://arbres.example.org/wfs?service=WFS&request=GetCapabilities", "name": "Service", "format": "wfs"},
        ],
    },
    {"name": "cc-non-commercial", "title": "Photographies", "license_id": "cc-nc", "notes": "Vues du port.", "resources": [{"url": "https://photos.example.org/1.tif"}]},
    {"name": "entre-nous", "title": "Un jeu privé", "private": True, "resources": [{"url": "https://prive.example.org/a.csv"}]},
    {"name": "brouillon", "title": "Un brouillon", "state": "draft"},
    {"name": "retire", "title": "Un jeu retiré"},
]


def fill(address: str, token: str) -> None:
    """Everything, as a partner would write it."""

    def asked(action: str, **given: Any) -> None:
        request = urllib.request.Request(f"{address}/api/3/action/{action}", json.dumps(given).encode(), {"Authorization": token, "Content-Type": "application/json"})
        urllib.request.urlopen(request).close()

    asked("organization_create", name="agglomeration", title="Agglomération de Châtelaillon", description="Vingt-huit communes.", image_url="https://agglo.example.org/logo.png")
    asked("group_create", name="deplacements", title="Déplacements", description="")
    for dataset in DATASETS:
        asked("package_create", owner_org="agglomeration", **dataset)
    asked("package_delete", id="retire")


class Recorder(Client):
    """A client that keeps what it was told."""

    def __init__(self) -> None:
        super().__init__(allow_internal=True)
        self.said: dict[str, object] = {}

    def ask(self, method: str, url: str, body: bytes | None = None, kind: str = "") -> Answer:
        """The answer, kept by its question."""
        answer = super().ask(method, url, body, kind)
        parts = urlsplit(url)
        self.said[f"{parts.path}?{parts.query}"] = json.loads(answer.body.decode().replace(f"{parts.scheme}://{parts.netloc}", NAME))
        return answer


def main(address: str, token: str, file: str) -> None:
    """Fill and record."""
    fill(address, token)
    ckan_api.ROWS = ROWS
    client = Recorder()
    found = base.taken(ckan_api.CkanApi(), client, Source(address))
    if not found.whole or found.problems:
        raise SystemExit(f"not recorded: {found.problems}")
    Path(file).write_text(json.dumps(client.said, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
