"""What catalogues of others really answer, read: CKAN of each version that is out in the world. How they were recorded: `recordings/README.md`; services that nobody can run here: `tests/peers`."""
from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from ckanext.tzc.harvesters import base
from ckanext.tzc.harvesters.base import Source, Taking
from ckanext.tzc.harvesters.http import Client, Limits
from ckanext.tzc.harvesters.partners import ckan_api
from ckanext.tzc.harvesters.record import Agent, Box, Period, Record

from tests.domain.harvesters.recordings.record_ckan import NAME, ROWS
from tests.sites import Asked, Reply, Site

RECORDINGS = Path(__file__).parent / "recordings"
CKANS = ["2.9.11", "2.10.11", "2.11.6", "2.12.0"]


def replayed(site: Site, version: str) -> None:
    """The server answers what that version did, and nothing else."""
    said: dict[str, Any] = json.loads((RECORDINGS / f"ckan-{version}.json").read_text(encoding="utf-8"))

    def answer(asked: Asked) -> Reply:
        found = said.get(f"{asked.path}?{urlencode(asked.question)}")
        return Reply(json.dumps(found).replace(NAME, site.address).encode(), headers={"Content-Type": "application/json;charset=utf-8"}) if found else Reply(b"Not found", 404)

    site.answer = answer


def harvested(site: Site) -> Taking:
    return base.taken(ckan_api.CkanApi(), Client(allow_internal=True, limits=Limits(tries=1)), Source(site.address))


@pytest.mark.parametrize("version", CKANS)
def test_a_ckan_of_each_version(version: str, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ckan_api, "ROWS", ROWS)
    replayed(site, version)
    found = harvested(site)
    assert (found.problems, found.refused, found.whole, len(site.asked)) == ([], {}, True, 2)
    records = {record.title: record for record in found.records.values()}
    assert sorted(records) == ["Arbres d’alignement — « inventaire »", "Comptages de vélos", "Photographies", "Un jeu sans rien d'autre qu'un titre"], "neither private ones nor drafts nor what is gone"
    cycles = records["Comptages de vélos"]
    assert cycles.description == "Passages par **heure** et par point.\n\n- 24 points\n- depuis 2019"
    assert (cycles.address, cycles.licence, cycles.version, cycles.access) == (f"{site.address}/dataset/comptages-velo", "lov2", "3", "open")
    assert (cycles.publisher, cycles.contact) == (Agent("Agglomération de Châtelaillon"), Agent("Équipe vélo", "velo@example.org"))
    assert cycles.keywords == ("Open-Data_17", "mobilité douce", "vélo")
    assert [iri.rpartition("/")[2] for iri in (*cycles.themes, *cycles.languages, cycles.frequency)] == ["TRAN", "FRA", "MONTHLY"]
    assert (cycles.box, cycles.periods) == (Box(-1.24, 46.14, -1.11, 46.18), (Period("2019-01-01", "2025-12-31"),))
    assert (cycles.extras, cycles.other_identifiers) == ((("Campagne", "Été & hiver"),), ("urn:uuid:7a7a1f5c-0c7f-4f0e-9a11-0e6f6a6c1b01",))
    assert [(file.url, file.name, file.format, file.size, file.modified) for file in cycles.resources] == [
        ("https://velo.example.org/comptages.csv", "Comptages", "CSV", 48213, ""), ("https://velo.example.org/points.geojson", "Points", "GeoJSON", None, "2025-11-03T08:15:00"),
    ]  # fmt: skip
    trees = records["Arbres d’alignement — « inventaire »"]
    assert (trees.description, trees.licence) == ("Essence, hauteur.\n\n- Relevé en 2024", "odbl")
    assert [(file.name, file.format) for file in trees.resources] == [("Arbres", "ZIP"), ("Service", "WFS")]
    assert records["Photographies"].licence == "other-closed" and records["Photographies"].licence_stated == "http://creativecommons.org/licenses/by-nc/2.0/"
    assert records["Un jeu sans rien d'autre qu'un titre"].resources == ()


def test_another_version_is_no_change_of_a_dataset(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A portal that is brought up to date says the same in another order."""
    monkeypatch.setattr(ckan_api, "ROWS", ROWS)

    def known(record: Record) -> str:
        files = tuple(dataclasses.replace(file, issued="") for file in record.resources)
        return base.fingerprint(dataclasses.replace(record, identifier="", issued="", modified="", resources=files))

    told = []
    for version in CKANS:
        replayed(site, version)
        told.append({record.title: known(record) for record in harvested(site).records.values()})
    assert told[0] and all(said == told[0] for said in told)
