"""DCAT feeds of the kind `tzc_dcat` become datasets that a citizen finds, and nothing is lost when a feed is not whole."""
from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest

from tests.domain.harvesters.speakers import answered, feed, turtle
from tests.sites import Reply, Site

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

Source = Callable[..., dict[str, Any]]
Run = Callable[[dict[str, Any]], dict[str, Any]]
TITLES = [(f"jeu-{number:02}", f"Comptage {number:02}") for number in range(12)]


def found(question: str = "*:*") -> list[dict[str, Any]]:
    return list(tk.get_action("package_search")({"user": ""}, {"q": question, "rows": 100, "sort": "title_string asc"})["results"])


def test_the_national_feed_is_taken_in(site: Site, source: Source, run: Run, reference: Path, partner: dict[str, Any]) -> None:
    body = (reference / "feeds" / "dcat-udata.xml").read_bytes()
    site.answer = lambda _: Reply(body, headers={"Content-Type": "application/rdf+xml"})
    made = source(f"{site.address}/catalog.rdf", "tzc_dcat")
    assert run(made) == {"counts": {"added": 2}, "problems": []}
    [taken] = found("bureaux de vote Vanves")
    assert (taken["title"], taken["owner_org"], taken["access_level"]) == ("Bureaux de vote - Vanves", partner["id"], "open")
    assert taken["url"] == taken["identifier"] == "https://vanves-seineouest.opendatasoft.com/explore/dataset/bureau-de-vote-vanves/"
    assert (taken["issued"], taken["publisher"][0]["name"]) == ("2019-04-19T12:21:56", "Vanves")
    assert taken["resources"][0]["name"] == "bureau-de-vote-vanves.csv"
    assert run(made) == {"counts": {"not modified": 2}, "problems": []}


def test_fields_of_the_schema(site: Site, source: Source, run: Run) -> None:
    more = """<http://jeu.example.org/1> a dcat:Dataset ; dct:title "Zones de bruit" ; <http://data.europa.eu/r5r/applicableLegislation> <http://data.europa.eu/eli/reg_impl/2023/138/oj> ;
      <http://data.europa.eu/r5r/hvdCategory> <http://data.europa.eu/bna/c_dd313021> ; dct:spatial <http://id.insee.fr/geo/commune/17300>, <http://id.insee.fr/geo/commune/99999>, [
      dcat:bbox "POLYGON((-1.3 46.1, -1.0 46.1, -1.0 46.3, -1.3 46.1))" ] ; dct:accessRights <http://publications.europa.eu/resource/authority/access-right/RESTRICTED> ."""
    site.answer = lambda _: answered(turtle(site, [], more), "text/turtle")
    assert run(source(site.address, "tzc_dcat"))["problems"] == []
    [taken] = found("zones de bruit")
    assert taken["access_level"] == "restricted"
    assert taken["communes"] == ["17300"]
    assert taken["hvd_category"] == ["http://data.europa.eu/bna/c_dd313021"]
    assert taken["applicable_legislation"] == ["http://data.europa.eu/eli/reg_impl/2023/138/oj"]
    assert json.loads(taken["spatial_coverage"][0]["bbox"])["coordinates"][0][0] == [-1.3, 46.1]


def test_what_a_dataset_was_made_of_is_kept(site: Site, source: Source, run: Run, partner: dict[str, Any]) -> None:
    """Stated by the source, it stands here; what somebody adds stays when the source changes something else."""
    more = '<http://jeu.example.org/1> a dcat:Dataset ; dct:title "Zones de bruit" ; dct:identifier "bruit" ; dct:source <http://ailleurs.example.org/bruit> .'
    site.answer = lambda _: answered(turtle(site, [], more), "text/turtle")
    made = source(site.address, "tzc_dcat", redistribute=True)
    assert run(made)["problems"] == []
    [taken] = found("zones de bruit")
    assert (taken["was_derived_from"], taken["identifier"], taken["alternate_identifier"]) == (["http://ailleurs.example.org/bruit"], "http://jeu.example.org/1", ["bruit"])
    described = tk.h.tzc_derived(taken)
    assert described and (described["status"], [one["url"] for one in described["sources"]]) == ("allowed", ["http://ailleurs.example.org/bruit"])
    tk.get_action("package_patch")({"user": partner["editor"]}, {"id": taken["id"], "was_derived_from": [*taken["was_derived_from"], "http://ailleurs.example.org/relief"]})
    site.answer = lambda _: answered(turtle(site, [], more.replace("de bruit", "de bruit la nuit")), "text/turtle")
    assert run(made)["counts"] == {"updated": 1}
    [after] = found("zones de bruit")
    assert (after["title"], after["was_derived_from"]) == ("Zones de bruit la nuit", ["http://ailleurs.example.org/bruit", "http://ailleurs.example.org/relief"])


@pytest.mark.parametrize("form", ["turtle", "xml", "json-ld", "nt"])
def test_all_forms_page_by_page(site: Site, source: Source, run: Run, form: str) -> None:
    site.answer = feed(form, 5)(site, TITLES)
    assert run(source(f"{site.address}/catalog", "tzc_dcat")) == {"counts": {"added": 12}, "problems": []}
    assert [entry["title"] for entry in found()] == [title for _, title in TITLES]
    assert {entry["license_id"] for entry in found()} == {"lov2"}
    assert len(site.asked) == 3


def test_a_feed_that_is_cut_off_or_emptied_deletes_nothing(site: Site, source: Source, run: Run) -> None:
    whole = feed("turtle", 5)(site, TITLES)
    site.answer = whole
    made = source(f"{site.address}/catalog", "tzc_dcat")
    run(made)
    site.answer = lambda asked: whole(asked) if "page" not in asked.question else Reply(b"Gone wrong", 500)
    assert "500" in run(made)["problems"][0] and len(found()) == 12
    site.answer = feed("turtle", 5)(site, [])
    assert run(made)["problems"] and len(found()) == 12
    site.answer = feed("turtle", 5)(site, TITLES[:11])
    assert run(made) == {"counts": {"not modified": 11, "deleted": 1}, "problems": []}
    assert len(found()) == 11


@pytest.mark.usefixtures("allowed")
def test_a_source_changes_its_kind_and_finds_its_datasets_again(site: Site, source: Source, run: Run) -> None:
    """From ckanext-dcat's to ours: the datasets keep their addresses."""
    site.answer = feed("xml", 100)(site, TITLES[:3])
    made = source(f"{site.address}/catalog", "dcat_rdf", {"allow_internal": True, "rdf_format": "xml"})
    assert run(made)["counts"] == {"added": 3}
    before = [(entry["id"], entry["name"]) for entry in found()]
    tk.get_action("harvest_source_update")({"ignore_auth": True, "user": found()[0]["creator_user_id"]}, {**made, "source_type": "tzc_dcat", "config": '{"allow_internal": true}'})
    model.Session.expire_all()
    assert run(made) == {"counts": {"updated": 3}, "problems": []}
    assert [(entry["id"], entry["name"]) for entry in found()] == before


@pytest.mark.parametrize(("config", "word"), [('{"rdf_format": "word"}', "turtle"), ('{"allow_hosts": [1]}', "allow_hosts"), ('{"allow_hosts": "a.org"}', "list")])
def test_a_configuration_is_looked_at(partner: dict[str, Any], config: str, word: str) -> None:
    wanted = {"url": "https://data.example.org/", "name": "une", "title": "Une", "source_type": "tzc_dcat", "owner_org": partner["id"], "config": config}
    with pytest.raises(tk.ValidationError, match=word):
        tk.get_action("harvest_source_create")({"user": partner["editor"]}, wanted)
