"""What harvesters make of what a real portal answered, as another's package has recorded it: data.economie.gouv.fr in November 2022, by its API and by its feed."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ckanext.tzc.harvesters import base
from ckanext.tzc.harvesters.base import Harvester, Source, Taking
from ckanext.tzc.harvesters.http import Client, Limits
from ckanext.tzc.harvesters.partners.dcat_feed import DcatFeed
from ckanext.tzc.harvesters.partners.opendatasoft import Opendatasoft
from ckanext.tzc.harvesters.record import Agent

from tests.peers import recorded
from tests.sites import Asked, Reply, Site

PORTAL = "https://data.economie.gouv.fr"


@pytest.fixture(scope="session")
def package() -> Path:
    return recorded.crates()


def kept(package: Path, name: str) -> bytes:
    return recorded.read(package, "opendatasoft-explore-api", f"tests/requests/{name}")


def taken(harvester: Harvester, address: str) -> Taking:
    return base.taken(harvester, Client(allow_internal=True, limits=Limits(tries=1, answer=60)), Source(address))


def test_its_api(package: Path, site: Site) -> None:
    """Four datasets as it told them by version 2.0 of its API: by 2.1 each object is the same, without the envelope around it."""
    listed = [entry["dataset"] for entry in json.loads(kept(package, "catalog_datasets.json"))["datasets"]]
    told: list[dict[str, Any]] = [*listed, json.loads(kept(package, "catalog_dataset_fantoir.json"))["dataset"]]

    def answer(asked: Asked) -> Reply:
        body: object = told if asked.path.endswith("/exports/json") else {"total_count": len(told), "results": told[:1]}
        return Reply(json.dumps(body, ensure_ascii=False).encode(), headers={"Content-Type": "application/json; charset=utf-8"})

    site.answer = answer
    found = taken(Opendatasoft(), f"{site.address}/explore/")
    assert (found.problems, found.refused, found.whole) == ([], {}, True)
    temporary, relaunch, cheques, streets = found.records.values()
    assert {record.licence for record in found.records.values()} == {"lov2"}
    assert [(record.title, record.modified, record.publisher) for record in (temporary, streets)] == [
        ("MEF - catalogue - temporaire", "2019-01-08T17:21:04+00:00", Agent("OpenDataSoft")), ("Fichier FANTOIR des voies et lieux-dits", "2022-11-04T09:03:03+00:00", Agent("DGFiP")),
    ]  # fmt: skip
    assert (streets.keywords, streets.places, streets.other_identifiers) == (("cadastre", "fantoir", "lieux-dits", "voies", "communes", "2022", "ADMINISTRATION"), ("France",), ("da_ui3fhc",))
    assert streets.documentation == ("https://www.data.gouv.fr/fr/datasets/fichier-fantoir-des-voies-et-lieux-dits/",)
    assert [file.format for file in streets.resources] == ["ZIP", "ZIP", "PDF", "ZIP", "ZIP"], "it has no records of its own, only what is attached"
    assert streets.resources[0].url == f"{site.address}/api/explore/v2.1/catalog/datasets/fichier-fantoir-des-voies-et-lieux-dits/attachments/fichier_national_fantoir_situation_janvier_2022_zip"
    assert [[file.format for file in record.resources] for record in (temporary, relaunch, cheques)] == [["CSV", "XLSX", "JSON"]] * 3
    assert relaunch.description.startswith("Le Gouvernement est pleinement mobilisé pour faire face et protéger le pays des conséquences économiques et sociales de la crise de la Covid-19.")
    assert relaunch.description.endswith("[à cette adresse](https://www.economie.gouv.fr/plan-de-relance/tableau-de-bord).") and relaunch.description.count("\n\n") == 3


def test_its_feed(package: Path, site: Site) -> None:
    """All 426 datasets: of most the licence is stated by an address that is gone since, of some by a name that is none of ours; of three nobody is named as publisher."""
    body = kept(package, "catalog_exports.rdf")
    site.answer = lambda _: Reply(body, headers={"Content-Type": "application/rdf+xml"})
    found = taken(DcatFeed(), f"{site.address}/catalog.rdf")
    assert (len(found.records), found.problems, found.refused, found.whole) == (426, [], {}, True)
    records = list(found.records.values())
    assert all(record.identifier.startswith(f"{PORTAL}/api/v2/catalog/datasets/") and record.identifier.endswith(record.other_identifiers[0]) for record in records)
    assert {licence: sum(record.licence == licence for record in records) for licence in ("lov1", "notspecified")} == {"lov1": 415, "notspecified": 7}
    assert sorted(record.licence_stated for record in records if record.licence == "other-closed") == ["CeCILL v2.1", "other-open", "other-open", "other-open"]
    assert sum(record.publisher is None for record in records) == 3
    forms = [sorted(file.format for file in record.resources) for record in records]
    assert (forms.count(["CSV", "JSON"]), forms.count(["CSV", "GeoJSON", "JSON", "Shapefile"])) == (401, 25)
    [pensions] = (record for record in records if record.title == "Retraite - Cube stock civil droit direct 2")
    assert pensions.description.startswith("Cube de données agrégées reprenant le stock au 01/01/N des pensions civiles de droit direct, liquidées par le Service des Retraites de l’État.\n\nIl propose")
    assert (pensions.publisher, len(pensions.keywords), "décotes" in pensions.keywords) == (Agent("DGFiP"), 28, True)
