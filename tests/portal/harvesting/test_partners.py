"""Partners' catalogues of the kinds `tzc_ckan` and `tzc_csw` become datasets that a citizen finds."""
from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest

from tests.sites import Asked, Reply, Site, catalogue, csw, dkan, served

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

Source = Callable[..., dict[str, Any]]
Run = Callable[[dict[str, Any]], dict[str, Any]]


def found(question: str = "*:*") -> list[dict[str, Any]]:
    return list(tk.get_action("package_search")({"user": ""}, {"q": question, "rows": 100, "sort": "title_string asc"})["results"])


def packages(count: int) -> list[dict[str, Any]]:
    """Datasets of a plain CKAN."""
    return [
        {
            "id": f"jeu-{number:03}", "name": f"comptage-{number:03}", "title": f"Comptage {number}", "notes": "Passages par heure.", "license_id": "etalab-2.0", "state": "active", "type": "dataset",
            "private": False, "resources": [{"url": f"https://data.example.org/{number}.csv", "name": "Passages"}], "tags": [{"name": "vélo", "vocabulary_id": None}],
        }
        for number in range(count)
    ]  # fmt: skip


RECORD = (Path(__file__).parents[2] / "domain" / "harvesters" / "samples" / "record.xml").read_text(encoding="utf-8")


def records(count: int) -> list[str]:
    return [RECORD.replace("zone-001", f"zone-{number:03}").replace("Zones humides", f"Zones humides {number}") for number in range(count)]


@pytest.fixture
def dkan_packages(reference: Path) -> list[dict[str, Any]]:
    read: list[dict[str, Any]] = json.loads((reference / "feeds" / "ckan-data-dkan-french-w-license.json").read_bytes())["result"]
    return read


def test_a_dkan_is_taken_in_mended_and_found(site: Site, source: Source, run: Run, dkan_packages: list[dict[str, Any]], partner: dict[str, Any]) -> None:
    site.answer = dkan(dkan_packages)
    made = source(site.address, "tzc_ckan")
    assert run(made) == {"counts": {"added": 1}, "problems": []}
    [taken] = found("antennes régionales Hauts-de-France")
    assert taken["owner_org"] == partner["id"]
    assert (taken["license_id"], taken["access_level"]) == ("lov1", "open")
    assert (taken["issued"], taken["modified"]) == ("2019-12-10T09:23:00", "2019-10-01")
    assert taken["identifier"] == "04be6288-696d-4331-850d-a144871a7e3a"
    assert taken["url"].startswith("https://opendata.hautsdefrance.fr/?q=dataset/antennes-")
    [table, viewer] = taken["resources"]
    assert (table["format"], table["size"], table["modified"]) == ("XLSX", 42, "2019-12-19T03:00:00")
    assert viewer["url"].startswith("https://sig.hautsdefrance.fr/ext/mv/")
    assert "Services d utilité publique et services publics" in {tag["name"] for tag in taken["tags"]}
    written = taken["metadata_modified"]
    assert run(made) == {"counts": {"not modified": 1}, "problems": []}
    assert [entry["metadata_modified"] for entry in found()] == [written]


def test_a_catalogue_service_is_taken_in_page_by_page(site: Site, source: Source, run: Run, reference: Path) -> None:
    """The reference is page 1 of 3; the others are not at hand, so that the listing is not whole."""
    page = (reference / "feeds" / "csw_dcat-geonetwork-iso19139-page-1.xml").read_bytes()
    last = b'<csw:GetRecordsResponse xmlns:csw="http://www.opengis.net/cat/csw/2.0.2"><csw:SearchResults numberOfRecordsMatched="6" numberOfRecordsReturned="0" nextRecord="0"/></csw:GetRecordsResponse>'
    site.answer = lambda asked: Reply(page if b'startPosition="1"' in asked.body else last)
    made = source(f"{site.address}/csw?service=CSW&request=GetCapabilities", "tzc_csw")
    report = run(made)
    assert report["counts"] == {"added": 2}
    assert "says that it has 6 records, but gave 2" in report["problems"][0]
    [cartigny, flesselles] = found("plan local d'urbanisme")
    assert (cartigny["title"], flesselles["title"]) == ("Plan local d'urbanisme de la commune de Cartigny", "Plan local d'urbanisme de la commune de Flesselles")
    assert (cartigny["access_level"], flesselles["access_level"]) == ("restricted", "open")
    assert {entry["license_id"] for entry in (cartigny, flesselles)} == {"lov1"}
    assert json.loads(cartigny["spatial_coverage"][0]["bbox"])["coordinates"][0][0] == [1.31279111, 49.38547516]
    assert "document opposable" in cartigny["resources"][0]["rights"]
    assert run(made)["counts"] == {"not modified": 2}
    assert [asked.method for asked in site.asked] == ["POST"] * 4


def test_a_large_catalogue_is_paged_by_a_key_that_stays(site: Site, source: Source, run: Run) -> None:
    site.answer = catalogue(packages(7), rows=3)
    assert run(source(site.address, "tzc_ckan")) == {"counts": {"added": 7}, "problems": []}
    assert [(asked.question["start"], asked.question["sort"]) for asked in site.asked] == [("0", "id asc"), ("3", "id asc"), ("6", "id asc")]
    assert len(found("vélo")) == 7


def test_what_changed_is_written_and_what_people_added_stays(site: Site, source: Source, run: Run) -> None:
    site.answer = catalogue(packages(2))
    made = source(site.address, "tzc_ckan")
    run(made)
    first = found()[0]
    tk.get_action("package_patch")({"user": first["creator_user_id"], "ignore_auth": True}, {"id": first["id"], "axis": ["mobilite"]})
    changed = packages(2)
    changed[0]["title"] = "Comptage devant la mairie"
    site.answer = catalogue(changed)
    assert run(made) == {"counts": {"updated": 1, "not modified": 1}, "problems": []}
    after = tk.get_action("package_show")({"user": ""}, {"id": first["id"]})
    assert (after["title"], after["name"], after["axis"]) == ("Comptage devant la mairie", first["name"], ["mobilite"])
    assert after["resources"][0]["id"] == first["resources"][0]["id"]


FRENCH = "Les comptages des vélos sur les pistes de la ville, relevés chaque jour par les agents et publiés dans le mois qui suit."
ENGLISH = "The counts of the bikes on the tracks of the town, which are taken each day by the agents and published in the month that follows."


def test_a_language_that_the_words_told_stays_until_they_tell_another(site: Site, source: Source, run: Run) -> None:
    [described] = packages(1)
    assert not described.get("language")
    made = source(site.address, "tzc_ckan")
    for notes, language in ((FRENCH, "FRA"), ("Bref.", "FRA"), ("Encore plus bref.", "FRA"), (ENGLISH, "ENG"), ("", "ENG")):
        site.answer = catalogue([{**described, "notes": notes}])
        assert run(made)["problems"] == []
        assert [iri.rpartition("/")[2] for iri in found()[0]["language"]] == [language], notes
    for stated, language in (("spa", ["SPA"]), ("", [])):
        site.answer = catalogue([{**described, "notes": "Breve.", "language": stated}])
        run(made)
        assert [iri.rpartition("/")[2] for iri in found()[0].get("language") or []] == language, "what the source said and takes back is not kept"


def test_what_was_hidden_here_stays_hidden(site: Site, source: Source, run: Run) -> None:
    site.answer = catalogue(packages(1))
    made = source(site.address, "tzc_ckan")
    run(made)
    [taken] = found()
    tk.get_action("package_patch")({"user": taken["creator_user_id"], "ignore_auth": True}, {"id": taken["id"], "access_level": "confidential"})
    site.answer = catalogue([{**packages(1)[0], "title": "Comptage devant la mairie"}])
    assert run(made)["counts"] == {"updated": 1}
    assert found() == []


def test_a_source_whose_history_was_cleared_finds_its_datasets_again(site: Site, source: Source, run: Run) -> None:
    site.answer = catalogue(packages(2))
    made = source(site.address, "tzc_ckan")
    run(made)
    before = [entry["id"] for entry in found()]
    tk.get_action("harvest_source_job_history_clear")({"ignore_auth": True, "model": model, "user": found()[0]["creator_user_id"]}, {"id": made["id"]})
    model.Session.remove()
    assert run(made)["problems"] == []
    assert [entry["id"] for entry in found()] == before


def forget(made: dict[str, Any], *, history: bool) -> None:
    """As if the source had been harvested before the engine kept rows; `history`: nor is there anything of ckanext-harvest's."""
    from ckanext.tzc.harvesting.engine import store

    if history:
        user = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
        tk.get_action("harvest_source_job_history_clear")({"ignore_auth": True, "model": model, "user": user}, {"id": made["id"]})
    for kept in (store.ItemRow, store.Known):
        model.Session.query(kept).filter_by(source_id=made["id"]).delete()
    model.Session.commit()
    model.Session.remove()


@pytest.mark.parametrize("history", [False, True])
def test_a_source_of_which_nothing_is_known_any_more_finds_its_datasets_again(site: Site, source: Source, run: Run, history: bool) -> None:
    site.answer = catalogue(packages(3))
    made = source(site.address, "tzc_ckan")
    run(made)
    before = {entry["title"]: entry["id"] for entry in found()}
    forget(made, history=history)
    changed = packages(3)
    changed[0]["title"] = "Comptage devant la mairie"
    site.answer = catalogue(changed)
    assert run(made)["problems"] == []
    assert {entry["title"]: entry["id"] for entry in found()} == {"Comptage devant la mairie": before["Comptage 0"], "Comptage 1": before["Comptage 1"], "Comptage 2": before["Comptage 2"]}


def test_a_dataset_of_another_source_or_partner_is_not_taken_for_its_own(site: Site, source: Source, run: Run) -> None:
    """Though it has the record's identifier."""
    from ckan.tests import factories

    made = source(site.address, "tzc_ckan")
    with served() as second, served() as third:
        for one in (site, second, third):
            one.answer = catalogue(packages(1))
        run(made)
        [first] = found()
        assert run(source(second.address, "tzc_ckan", name="deux"))["counts"] == {"added": 1} and len(found()) == 2
        forget(made, history=True)
        other = factories.Organization(image_url="")
        assert run(source(third.address, "tzc_ckan", name="trois", owner_org=other["id"]))["counts"] == {"added": 1}
    assert len(found()) == 3 and first["owner_org"] == next(entry["owner_org"] for entry in found() if entry["id"] == first["id"])


def test_what_is_no_longer_there_is_deleted_and_comes_back(site: Site, source: Source, run: Run) -> None:
    site.answer = catalogue(packages(12))
    made = source(site.address, "tzc_ckan")
    run(made)
    identifier = next(entry["id"] for entry in found() if entry["title"] == "Comptage 11")
    site.answer = catalogue(packages(11))
    assert run(made) == {"counts": {"not modified": 11, "deleted": 1}, "problems": []}
    assert len(found()) == 11
    assert run(made) == {"counts": {"not modified": 11}, "problems": []}
    site.answer = catalogue(packages(12))
    assert run(made)["problems"] == []
    assert next(entry["id"] for entry in found() if entry["title"] == "Comptage 11") == identifier


@pytest.mark.parametrize("left", [0, 6])
def test_many_departures_at_once_are_not_believed(site: Site, source: Source, run: Run, left: int) -> None:
    site.answer = catalogue(packages(12))
    made = source(site.address, "tzc_ckan")
    run(made)
    site.answer = catalogue(packages(left))
    [problem] = run(made)["problems"]
    assert problem.startswith(f"{12 - left} jeux de données sur 12 ")
    assert len(found()) == 12
    tk.get_action("harvest_source_update")({"ignore_auth": True, "user": found()[0]["creator_user_id"]}, {**made, "config": '{"allow_internal": true, "accept_departures": true}'})
    model.Session.expire_all()
    assert run(made)["counts"].get("deleted") == 12 - left
    assert len(found()) == left


def test_an_empty_answer_deletes_not_even_one(site: Site, source: Source, run: Run) -> None:
    site.answer = catalogue(packages(1))
    made = source(site.address, "tzc_ckan")
    run(made)
    site.answer = catalogue([])
    assert run(made)["problems"]
    assert len(found()) == 1


def cut_off(site: Site) -> None:
    whole = site.answer

    def half(asked: Asked) -> Reply:
        reply = whole(asked)
        return Reply(reply.body[: len(reply.body) // 2], headers={"Content-Length": str(len(reply.body))})

    site.answer = half


def cut_off_unsaid(site: Site) -> None:
    whole = site.answer
    site.answer = lambda asked: Reply(whole(asked).body[:-40])


def second_page_fails(site: Site) -> None:
    whole = site.answer
    site.answer = lambda asked: whole(asked) if asked.question.get("start") == "0" or b'startPosition="1"' in asked.body else Reply(b"Gone wrong", 500)


def a_page_instead(site: Site) -> None:
    site.answer = lambda _: Reply(b"<!DOCTYPE html><html><title>Maintenance</title></html>", headers={"Content-Type": "text/html"})


@pytest.mark.parametrize("fault", [cut_off, cut_off_unsaid, second_page_fails, a_page_instead])
@pytest.mark.parametrize("kind", ["tzc_ckan", "tzc_csw"])
def test_an_answer_that_is_not_whole_deletes_nothing(site: Site, source: Source, run: Run, kind: str, fault: Callable[[Site], None]) -> None:
    site.answer = catalogue(packages(3), rows=2) if kind == "tzc_ckan" else csw(records(3), 3)
    made = source(site.address, kind)
    assert run(made) == {"counts": {"added": 3}, "problems": []}
    site.answer = catalogue(packages(2), rows=1) if kind == "tzc_ckan" else csw(records(2), 2)
    fault(site)
    report = run(made)
    assert report["problems"] and "rien n’est supprimé" in report["problems"][-1]
    assert len(found()) == 3 and "deleted" not in report["counts"]


def test_what_a_listing_that_broke_off_did_not_bring_comes_the_next_time(site: Site, source: Source, run: Run) -> None:
    """Though the pages that came are as they were."""
    site.answer = whole = catalogue(packages(3), rows=2)
    second_page_fails(site)
    made = source(site.address, "tzc_ckan")
    assert run(made)["counts"] == {"added": 2}
    site.answer = whole
    assert run(made) == {"counts": {"not modified": 2, "added": 1}, "problems": []}


def test_a_truncated_listing_is_told_by_its_count(site: Site, source: Source, run: Run) -> None:
    site.answer = catalogue(packages(3))
    made = source(site.address, "tzc_ckan")
    run(made)
    site.answer = catalogue(packages(2), count=3)
    assert "says that it has 3 records, but gave 2" in run(made)["problems"][0]
    assert len(found()) == 3


def test_one_bad_record_fails_alone(site: Site, source: Source, run: Run) -> None:
    bad = [{"id": "sans-titre"}, {"title": "Sans identifiant"}, {**packages(1)[0], "id": "brouillon", "state": "draft"}, {"id": "moisson", "type": "harvest", "title": "Une source"}]
    site.answer = catalogue([*packages(2), *bad])
    report = run(source(site.address, "tzc_ckan"))
    assert report["counts"] == {"added": 2, "errored": 2}
    assert [word for word in ("no identifier", "has no title", "not active") if not any(word in problem for problem in report["problems"])] == []
    assert len(found()) == 2


def test_what_was_mended_is_kept_with_the_record(site: Site, source: Source, run: Run, dkan_packages: list[dict[str, Any]]) -> None:
    from ckanext.harvest.model import HarvestObjectExtra

    site.answer = dkan(dkan_packages)
    run(source(site.address, "tzc_ckan"))
    mended = json.loads(model.Session.query(HarvestObjectExtra).filter_by(key="mended").one().value)
    assert ["size written in words", "42 octets"] in mended


def test_listings_without_end_end(site: Site, source: Source, run: Run) -> None:
    """A server that ignores where to begin, and one that always has a next page."""
    site.answer = lambda _: Reply(json.dumps({"success": True, "result": {"count": 10**9, "results": packages(2)}}).encode())
    assert any("paging does not work" in problem for problem in run(source(site.address, "tzc_ckan"))["problems"])
    assert len(site.asked) < 5
    site.asked.clear()
    page = csw(records(1), 10**9)(Asked("POST", "/", {}, b'startPosition="1"', {}))
    site.answer = lambda _: page
    assert any("paging does not work" in problem for problem in run(source(f"{site.address}/csw", "tzc_csw", name="deux"))["problems"])
    assert len(site.asked) < 5


BOMB = b"""<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY c "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">
<!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;"><!ENTITY f "&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;">]><b>&f;&f;&f;&f;&f;&f;&f;&f;</b>"""
READS_A_FILE = b"""<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a SYSTEM "file:///etc/passwd">]><b>&a;</b>"""


@pytest.mark.parametrize("body", [BOMB, READS_A_FILE])
def test_entities_are_not_read(site: Site, source: Source, run: Run, body: bytes) -> None:
    site.answer = lambda _: Reply(body, headers={"Content-Type": "application/xml"})
    report = run(source(site.address, "tzc_csw"))
    assert any(reason in report["problems"][0] for reason in ("DOCTYPE", "amplification")) and "root:" not in json.dumps(report)


@pytest.mark.parametrize("kind", ["tzc_ckan", "tzc_csw"])
def test_the_internal_network_is_closed(site: Site, source: Source, run: Run, kind: str) -> None:
    report = run(source(site.address, kind, {}))
    assert "internal network" in report["problems"][0]
    assert site.asked == []


def test_only_administrators_allow_the_internal_network(site: Site, source: Source, partner: dict[str, Any]) -> None:
    editor = {"user": partner["editor"]}
    wanted = {"url": "https://data.example.org/", "name": "une", "title": "Une", "source_type": "tzc_ckan", "owner_org": partner["id"]}
    allowing = '{"allow_internal": true}'
    with pytest.raises(tk.ValidationError, match="administrateur"):
        tk.get_action("harvest_source_create")(dict(editor), {**wanted, "config": allowing})
    with pytest.raises(tk.ValidationError):
        tk.get_action("harvest_source_create")(dict(editor), {**wanted, "extras": [{"key": "config", "value": allowing}]})
    plain = source("https://data.example.org/", "tzc_ckan", {}, user=partner["editor"])
    with pytest.raises(tk.ValidationError, match="administrateur"):
        tk.get_action("package_patch")(dict(editor), {"id": plain["id"], "config": allowing})
    allowed = source(site.address, "tzc_ckan", name="interne")
    with pytest.raises(tk.ValidationError, match="administrateur"):
        tk.get_action("harvest_source_update")(dict(editor), {**allowed, "url": "http://127.0.0.1:1/"})
    with pytest.raises(tk.ValidationError, match="administrateur"):
        tk.get_action("harvest_source_update")(dict(editor), {**allowed, "url": "http://127.0.0.1:1/", "config": "{}"})
    from ckanext.harvest.model import HarvestSource

    model.Session.expire_all()
    assert HarvestSource.get(allowed["id"]).url == site.address
    assert "allow_internal" not in (HarvestSource.get(plain["id"]).config or "")


@pytest.mark.parametrize(("config", "word"), [('{"allow": true}', "allow"), ('{"allow_internal": "yes"}', "bool"), ("[1]", "JSON"), ("{", "JSON"),
     ('{"grace_days": -1}', "3650"), ('{"grace_days": 99999999999999}', "3650"), ('{"grace_days": true}', "3650"),
     ('{"schedule": "0 0 30 2 *"}', "schedule"), ('{"schedule": "0 0 31 4 *"}', "schedule"), ('{"api_key": "a\\nb"}', "api_key"), ('{"api_key": "clé"}', "api_key")])  # fmt: skip
def test_a_configuration_is_looked_at(source: Source, partner: dict[str, Any], config: str, word: str) -> None:
    with pytest.raises(tk.ValidationError, match=word):
        tk.get_action("harvest_source_create")(
            {"user": partner["editor"]}, {"url": "https://data.example.org/", "name": "une", "title": "Une", "source_type": "tzc_ckan", "owner_org": partner["id"], "config": config}
        )


def test_whether_another_partner_harvests_a_catalogue_is_not_told(source: Source, partner: dict[str, Any]) -> None:
    from ckan.tests import factories

    stranger = factories.User()["name"]
    other = factories.Organization(image_url="", users=[{"name": stranger, "capacity": "editor"}])
    source("https://data.example.org/", "tzc_ckan", {}, user=partner["editor"])
    with pytest.raises(tk.ValidationError, match="« Source » moissonne déjà"):
        source("https://data.example.org", "tzc_ckan", {}, user=partner["editor"], name="encore")
    assert source("https://data.example.org/", "tzc_ckan", {}, user=stranger, name="la-sienne", owner_org=other["id"])["owner_org"] == other["id"]


def test_the_form_names_the_kinds() -> None:
    from ckan.plugins import PluginImplementations
    from ckanext.harvest.interfaces import IHarvester

    kinds = {entry["name"]: entry for entry in (harvester.info() for harvester in PluginImplementations(IHarvester))}
    assert "DKAN" in kinds["tzc_ckan"]["title"] and "CSW" in kinds["tzc_csw"]["title"] and "DCAT" in kinds["tzc_dcat"]["title"]
    assert {"tzc_udata", "tzc_opendatasoft", "tzc_datajson", "tzc_table"} <= kinds.keys()
