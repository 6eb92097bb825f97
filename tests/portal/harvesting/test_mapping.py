"""A source's mapping by page and by API, and what is perhaps there twice."""
from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
import sqlalchemy as sa
from ckan.tests import factories
from ckanext.harvest.model import HarvestObjectExtra
from ckanext.tzc.harvesting import doubles, jobs
from ckanext.tzc.publishing import renewing, stored
from tzc.harvesting import repair
from werkzeug.datastructures import FileStorage

from tests.people import PASSWORD, Person
from tests.sites import Site, catalogue

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

EU = "http://publications.europa.eu/resource/authority"
Source = Callable[..., dict[str, Any]]
Run = Callable[[dict[str, Any]], dict[str, Any]]

ROAD = {
    "id": "jeu-1", "name": "comptages", "title": "Comptages horaires des vélos sur les pistes", "license_title": "Licence de la ville", "license_id": "ville", "state": "active", "type": "dataset",
    "private": False, "organization": {"title": "DSI"}, "tags": [{"name": "déplacements"}], "extras": [{"key": "spatial_text", "value": "Vieux-Port"}],
    "resources": [{"url": "https://data.example.org/fichiers/velos", "name": "Vélos", "format": "SHAPE-ZIP"}],
}  # fmt: skip
INSIDE = {**ROAD, "id": "jeu-2", "name": "interne", "title": "Comptages internes", "tags": [{"name": "interne"}]}


@pytest.fixture
def editor(app: Any, partner: dict[str, Any]) -> Person:
    user = factories.User(password=PASSWORD)
    tk.get_action("organization_member_create")({"ignore_auth": True, "user": partner["editor"]}, {"id": partner["id"], "username": user["name"], "role": "editor"})
    return Person(app, user["name"])


@pytest.fixture
def ran(site: Site, source: Source, run: Run) -> dict[str, Any]:
    """A source that ran once."""
    site.answer = catalogue([ROAD, INSIDE])
    made = source(site.address, "tzc_ckan")
    run(made)
    return made


def shown(title: str = ROAD["title"]) -> dict[str, Any]:
    package = model.Session.query(model.Package).filter_by(title=title, type="dataset").one()
    return dict(tk.get_action("package_show")({"ignore_auth": True}, {"id": package.id}))


def call(action: str, user: str = "", **asked: Any) -> Any:
    return tk.get_action(f"tzc_harvest_{action}")({"user": user}, asked)


def test_a_mapping_is_tried_saved_in_versions_and_used(editor: Person, ran: dict[str, Any], site: Site, run: Run) -> None:
    before = shown()
    assert (before["license_id"], before.get("theme") or [], before.get("axis") or []) == ("other-closed", [], [])
    page = "/harvest/une-source/correspondances"
    body = editor.visit(page)
    assert "Licence de la ville" in body and "SHAPE-ZIP" in body and "Vieux-Port" in body, "the words of the source are proposed"
    form: dict[str, Any] = {
        "licence__word": "Licence de la ville", "licence__ours": "lov2", "theme__word": "Déplacements", "theme__ours": "TRAN", "axis__word": "deplacements", "axis__ours": "mobilite",
        "commune__word": "Vieux-Port", "commune__ours": "17300", "publisher__word": "DSI", "publisher__ours": "Ville", "format__word": "SHAPE-ZIP", "format__ours": "Shapefile",
        "filters__without_tags": "interne\n", "defaults__frequency": "ANNUAL", "edits__title": "always", "redistribution": "no", "redistribution__why": "Convention",
    }  # fmt: skip
    editor.send(("try", ""), **form)
    tried = editor.page.xpath("//section[@aria-labelledby='tried-title']")[0]
    assert {"Shapefile", "La Rochelle", "Ville"} <= {cell.text_content() for cell in tried.xpath(".//strong")} and "DSI" in tried.text_content()
    assert call("mapping_show", editor.name, source="une-source")["version"] == 0
    editor.send(("save", ""))
    kept = call("mapping_show", editor.name, source="une-source")
    assert (kept["version"], kept["by"], kept["mapping"]["licence"], kept["mapping"]["redistribution"]) == (1, editor.name, {"Licence de la ville": "lov2"}, {"allowed": False, "why": "Convention"})
    body = editor.visit(page)
    assert editor.page.xpath("//select[@name='licence-ours']/option[@selected]/@value")[0] == "lov2" and editor.page.xpath("//select[@name='edits-title']/option[@selected]/@value") == ["always"]
    told = run(ran)
    after = shown()
    assert (after["license_id"], after["axis"], after["communes"], [iri[-4:] for iri in after["theme"]], after["publisher"][0]["name"]) == ("lov2", ["mobilite"], ["17300"], ["TRAN"], "Ville")
    assert after["resources"][0]["format"] == "SHP" and after["frequency"].endswith("/ANNUAL")
    assert told["counts"]["deleted"] == 1, "the other one is left out by the filter"
    versions = editor.visit(f"{page}/versions")
    assert "Licence de la ville → Licence Ouverte 2.0 (Etalab)" in versions and "deplacements → Mobilités douces" in versions, "ours is told in words"
    assert "lov2" not in versions and "False" not in versions and "always" not in versions


def test_what_needs_a_decision_is_said_first_and_open(editor: Person, ran: dict[str, Any]) -> None:
    page = "/harvest/une-source/correspondances"

    def decisions() -> tuple[list[str], list[str]]:
        """The links on top, and the sections that are open."""
        links = editor.page.xpath("//main//div[contains(@class,'tzc-notice')]//a[starts-with(@href,'#part-')]")
        return [" ".join(link.text_content().split()) for link in links], [part.get("id") for part in editor.page.xpath("//main//details[@open]")]

    editor.visit(page)
    assert decisions() == ([f"{tk._('Licences')} (1)", f"{tk._('Themes')} (2)", f"{tk._('Formats')} (1)"], ["part-licence", "part-theme", "part-format"]), "publishers and axes are only proposed"
    assert "4 mots de la source demandent une décision" in editor.page.text_content()
    editor.send(("try", ""), licence__word="Licence de la ville", licence__ours="lov2", defaults__theme="TRAN")
    assert decisions()[0] == [f"{tk._('Formats')} (1)"], "what is typed counts before it is saved"
    call("mapping_update", editor.name, source="une-source", mapping={"licence": {"Licence de la ville": "lov2"}, "format": {"SHAPE-ZIP": "Plan de la ville"}, "defaults": {"theme": ["TRAN"]}})
    editor.visit(page)
    assert decisions() == ([], ["part-licence", "part-format", "part-defaults"])
    call("mapping_update", editor.name, source="une-source", mapping={"filters": {"tags": ["nulle part"]}})
    editor.visit(page)
    assert decisions()[0] == [], "what is left out needs nothing"


def test_mistakes_and_others_versions_are_told(editor: Person, ran: dict[str, Any]) -> None:
    with pytest.raises(tk.ValidationError) as refused:
        call("mapping_update", editor.name, source="une-source", mapping={"licence": {"x": "lov9"}, "licences": {}})
    assert any(words.startswith("licence") for words in refused.value.error_dict["mapping"])
    made = call("mapping_update", editor.name, source="une-source", mapping={"format": {"shape-zip": "Shapefile"}}, before=0)
    assert made["version"] == 1 and call("mapping_update", editor.name, source="une-source", mapping={"format": {"shape-zip": "Shapefile"}})["version"] == 1
    with pytest.raises(tk.ValidationError, match="before"):
        call("mapping_update", editor.name, source="une-source", mapping={}, before=0)
    for odd in ("", "un", -1, [], 1.5):
        with pytest.raises(tk.ValidationError) as unclear:
            call("mapping_update", editor.name, source="une-source", mapping={}, before=odd)
        assert unclear.value.error_dict["before"] != refused.value.error_dict.get("before") and "numéro" in unclear.value.error_dict["before"][0]
    assert call("mapping_update", editor.name, source="une-source", mapping={}, before=1)["version"] == 2
    assert [version["version"] for version in call("mapping_versions", editor.name, source="une-source")] == [2, 1]
    assert call("mapping_show", editor.name, source="une-source", version=1)["mapping"] == {"format": {"shape-zip": "Shapefile"}}
    given_on = {"redistribution": {"allowed": True}}
    identifier = shown()["id"]
    renewing.renew_waiting(9)
    assert stored.read([identifier], "")[identifier]["redistributed"] is False
    call("mapping_update", editor.name, source="une-source", mapping=given_on)
    assert stored.read([identifier], "")[identifier]["redistributed"] is True and identifier in model.Session.scalars(sa.text("SELECT package_id FROM tzc_publishing_change")).all()
    [line] = [line for one in call("mapping_try", editor.name, source="une-source", mapping={"format": {"shape-zip": "Shapefile"}})[:1] for line in one["lines"] if line[1] == "SHAPE-ZIP"]
    assert line[2] == "Shapefile"


def test_edits_made_here_stay_until_the_source_changes_them(editor: Person, ran: dict[str, Any], site: Site, run: Run) -> None:
    before = shown()
    call("mapping_update", editor.name, source="une-source", mapping={"local_edits": {"frequency": "always"}})
    mine = tk.get_action("package_patch")(
        {"ignore_auth": True, "user": editor.name},
        {"id": before["id"], "notes": "Écrit ici.", "provenance": "Ajouté ici.", "frequency": f"{EU}/frequency/ANNUAL", "axis": ["mobilite"], "resources": [{**before["resources"][0], "description": "Ici aussi."}]},
    )
    site.answer = catalogue([{**ROAD, "license_id": "etalab-2.0", "license_title": "", "resources": [{**ROAD["resources"][0], "url": "https://autre.example.org/velos"}]}, INSIDE])
    run(ran)
    after = shown()
    assert (after["notes"], after["provenance"], after["frequency"], after["axis"], after["license_id"], after["name"]) == ("Écrit ici.", "Ajouté ici.", f"{EU}/frequency/ANNUAL", ["mobilite"], "lov2", mine["name"])
    [file] = after["resources"]
    assert (file["id"], file["url"], file["description"]) == (before["resources"][0]["id"], "https://autre.example.org/velos", "Ici aussi.")
    kept = json.loads(model.Session.query(HarvestObjectExtra.value).filter_by(key="edits").one()[0])["kept"]
    assert sorted(place for place, *_ in kept) == ["frequency", "notes", "provenance", "resources.https://autre.example.org/velos.description"], "what no catalogue says is no edit"
    site.answer = catalogue([{**ROAD, "notes": "Nouveau à la source.", "resources": []}, INSIDE])
    run(ran)
    last = shown()
    assert (last["notes"], last["provenance"], last["resources"]) == ("Nouveau à la source.", "Ajouté ici.", [])
    body = editor.visit(f"/dataset/harvest_object/{last['id']}")
    assert "Écrit ici." in body and "Ajouté ici." in body and "Nouveau à la source." in body


@pytest.mark.parametrize("uploaded", [False, True])
def test_a_file_that_was_put_elsewhere_here_stays_there_until_its_source_does_so(editor: Person, ran: dict[str, Any], site: Site, run: Run, uploaded: bool) -> None:
    [before] = shown()["resources"]
    upload = {"url": "velos.csv", "upload": FileStorage(io.BytesIO(b"a;b\n1;2\n"), filename="velos.csv")}
    tk.get_action("resource_patch")({"ignore_auth": True, "user": editor.name}, {"id": before["id"], **(upload if uploaded else {"url": "https://mieux.example.org/velos.csv"})})
    [ours] = shown()["resources"]
    site.answer = catalogue([{**ROAD, "notes": "Nouveau à la source."}, INSIDE])
    run(ran)
    after = shown()
    [file] = after["resources"]
    assert after["notes"] == "Nouveau à la source."
    assert [file.get(name) for name in ("id", "url", "url_type")] == [before["id"], ours["url"], "upload" if uploaded else ours.get("url_type")]
    assert ours["url"] in editor.visit(f"/dataset/harvest_object/{after['id']}"), "and it is said that it stayed"
    moved = {**ROAD["resources"][0], "url": "https://autre.example.org/velos"}
    site.answer = catalogue([{**ROAD, "resources": [moved]}, INSIDE])
    run(ran)
    [file] = shown()["resources"]
    assert [file.get(name) or None for name in ("id", "url", "url_type", "size")] == [before["id"], moved["url"], None, None]
    assert ours["url"] in editor.visit(f"/dataset/harvest_object/{after['id']}"), "and that it gave way"


def test_what_a_source_says_no_more_of_a_file_does_not_stay(editor: Person, site: Site, source: Source, run: Run) -> None:
    said = {"description": "Par heure.", "size": 12}
    site.answer = catalogue([{**ROAD, "resources": [{**ROAD["resources"][0], **said}]}])
    made = source(site.address, "tzc_ckan")
    run(made)
    assert {name: shown()["resources"][0].get(name) for name in said} == said
    site.answer = catalogue([ROAD])
    run(made)
    [file] = shown()["resources"]
    assert not {name: file[name] for name in said if file.get(name)}


def test_layers_of_one_service_keep_their_ids_and_what_was_written_of_each(editor: Person, site: Site, source: Source, run: Run) -> None:
    def layers(letters: str, session: int) -> list[dict[str, str]]:
        """A service whose addresses say who asks."""
        return [{"url": f"https://geo.example.org/wfs?session={session}{letter}", "name": f"Couche {letter}", "format": "WFS"} for letter in letters]

    site.answer = catalogue([{**ROAD, "resources": layers("ABC", 1)}])
    made = source(site.address, "tzc_ckan")
    run(made)
    before = [file["id"] for file in shown()["resources"]]
    for number, identifier in enumerate(before):
        tk.get_action("resource_patch")({"ignore_auth": True, "user": editor.name}, {"id": identifier, "description": f"Ici {number}"})
    site.answer = catalogue([{**ROAD, "resources": layers("BC", 2)}])
    run(made)
    assert [(file["id"], file["name"], file["description"]) for file in shown()["resources"]] == [(before[1], "Couche B", "Ici 1"), (before[2], "Couche C", "Ici 2")]


@pytest.mark.parametrize("keep", ["unless_changed", "always"])
def test_a_contact_that_nobody_edited_is_the_sources(editor: Person, site: Site, source: Source, run: Run, keep: str) -> None:
    """Each store gives the parts of a contact in an order of its own."""
    called = {"key": "contact_name", "value": "Service des mobilités"}
    site.answer = catalogue([{**ROAD, "extras": [called, {"key": "contact_email", "value": "ancien@example.org"}]}])
    made = source(site.address, "tzc_ckan")
    run(made)
    assert shown()["contact"][0]["email"] == "ancien@example.org"
    call("mapping_update", editor.name, source="une-source", mapping={"local_edits": {"contact": keep}})
    site.answer = catalogue([{**ROAD, "extras": [called, {"key": "contact_email", "value": "nouveau@example.org"}]}])
    run(made)
    assert [(agent["name"], agent["email"]) for agent in shown()["contact"]] == [("Service des mobilités", "nouveau@example.org")]
    told = json.loads(model.Session.query(HarvestObjectExtra.value).filter_by(key="edits").one()[0])
    assert told == {"kept": [], "overwritten": []}


def test_whose_word_counts_is_what_the_mapping_says(editor: Person, ran: dict[str, Any], site: Site, run: Run) -> None:
    """Always what is written here, or never; but what was hidden here is not shown because its source says so."""
    before = shown()
    call("mapping_update", editor.name, source="une-source", mapping={"local_edits": {"notes": "always", "title": "never", "access_level": "never", "axis": "never"}})
    user = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    tk.get_action("package_patch")({"ignore_auth": True, "user": user}, {"id": before["id"], "notes": "Écrit ici.", "title": "Titre d’ici", "access_level": "confidential", "axis": ["mobilite"]})
    site.answer = catalogue([{**ROAD, "notes": "Nouveau à la source."}, INSIDE])
    run(ran)
    after = tk.get_action("package_show")({"ignore_auth": True, "user": user}, {"id": before["id"]})
    assert (after["notes"], after["title"], after["access_level"]) == ("Écrit ici.", before["title"], "confidential")
    assert after.get("axis") == ["mobilite"], "the source says nothing of it, and so takes nothing away"


def test_communes_that_places_name_are_given_and_noted(editor: Person, site: Site, source: Source, run: Run) -> None:
    named = {**ROAD, "extras": [{"key": "spatial_text", "value": "Ville de La Rochelle"}]}
    corners = [[7.7, 48.5], [7.8, 48.5], [7.8, 48.6], [7.7, 48.6], [7.7, 48.5]]
    far = [*named["extras"], {"key": "spatial", "value": json.dumps({"type": "Polygon", "coordinates": [corners]})}]
    others = [{**ROAD, "id": "jeu-2", "name": "ailleurs", "title": "Ailleurs", "extras": [{"key": "spatial_text", "value": "Pays de La Rochelle"}]}, {**ROAD, "id": "jeu-3", "name": "loin", "title": "Loin", "extras": far}]
    site.answer = catalogue([named, *others])
    run(source(site.address, "tzc_ckan"))
    assert shown()["communes"] == ["17300"] and not shown("Ailleurs").get("communes")
    assert "bbox" in shown("Loin")["spatial_coverage"][0] and not shown("Loin").get("communes"), "a place of this name that is elsewhere"
    told = repair.RULES["commune-named"].text("fr")
    assert told in editor.visit(f"/dataset/harvest_object/{shown()['id']}") and told not in editor.visit(f"/dataset/harvest_object/{shown('Ailleurs')['id']}")


@pytest.mark.parametrize("action", ["mapping_show", "mapping_versions", "mapping_try", "mapping_update", "doubles", "double_decide"])
def test_only_those_who_edit_the_source(action: str, ran: dict[str, Any]) -> None:
    for user in ("", factories.User()["name"]):
        with pytest.raises(tk.NotAuthorized):
            call(action, user, source="une-source", mapping={}, one="a", other="b")


def test_what_is_there_twice_is_proposed_and_the_answer_stays(editor: Person, ran: dict[str, Any], partner: dict[str, Any]) -> None:
    mine = shown()
    copied = copy(partner)
    jobs.find_doubles()
    found = call("doubles", editor.name, source="une-source")
    assert (found["count"], found["open"], found["doubles"][0]["mine"]["id"], found["doubles"][0]["other"]["name"], found["doubles"][0]["reason"]) == (1, 1, mine["id"], "copie", "files")
    body = editor.visit("/harvest/une-source/doublons")
    assert "la plupart de leurs fichiers" in body
    [pair] = editor.page.xpath("//main//ul[@class='tzc-history']/li")
    sides = [" ".join(line.text_content().split()) for line in pair.xpath("p[@class='tzc-meta']")]
    assert "moissonné depuis « Source »" in sides[0] and f"{mine['name']}" in sides[1] and "jeu-1" in sides[1], "what tells the two apart"
    assert "décrit ici" in sides[2] and "copie" in sides[3] and all("1 fichier" in line for line in (sides[0], sides[2]))
    assert [found["doubles"][0][side]["source"] for side in ("mine", "other")] == ["Source", ""] and found["doubles"][0]["mine"]["identifier"] == "jeu-1"
    editor.send(("decision", "different"))
    jobs.find_doubles()
    [kept] = call("doubles", editor.name, source="une-source")["doubles"]
    assert (kept["decision"], kept["by"]) == ("different", editor.name)
    call("double_decide", editor.name, source="une-source", one=copied["id"], other=mine["id"], decision="")
    tk.get_action("package_delete")({"ignore_auth": True, "user": partner["editor"]}, {"id": copied["id"]})
    assert call("doubles", editor.name, source="une-source")["count"] == 0
    jobs.find_doubles()
    assert model.Session.query(doubles.Double).count() == 0
    with pytest.raises(tk.ObjectNotFound):
        call("double_decide", editor.name, source="une-source", one=copied["id"], other=mine["id"], decision="same")


def copy(partner: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A dataset that somebody described here as the harvested one is."""
    mine = shown()
    fields = {"title": mine["title"], "publisher": mine["publisher"], "resources": [{key: file[key] for key in ("url", "name", "format")} for file in mine["resources"]]}
    return dict(tk.get_action("package_create")({"ignore_auth": True, "user": partner["editor"]}, {**whole(partner), **fields, "name": "copie", **more}))


def test_an_answer_outlives_a_likeness_that_comes_and_goes(editor: Person, ran: dict[str, Any], partner: dict[str, Any]) -> None:
    mine, copied = shown(), copy(partner)
    jobs.find_doubles()
    call("double_decide", editor.name, source="une-source", one=copied["id"], other=mine["id"], decision="different")
    as_editor = {"ignore_auth": True, "user": partner["editor"]}
    tk.get_action("package_patch")(dict(as_editor), {"id": copied["id"], "title": "Budget primitif", "publisher": [], "resources": []})
    jobs.find_doubles()
    tk.get_action("package_patch")(dict(as_editor), {"id": copied["id"], "title": copied["title"], "publisher": copied["publisher"], "resources": copied["resources"]})
    jobs.find_doubles()
    found = call("doubles", editor.name, source="une-source")
    assert (found["count"], found["open"], found["doubles"][0]["decision"]) == (1, 0, "different"), "who said so is not asked again"


@pytest.mark.parametrize("hidden", [{"access_level": "confidential"}, {"private": True}], ids=["confidential", "private"])
def test_what_is_hidden_is_proposed_to_nobody(ran: dict[str, Any], partner: dict[str, Any], hidden: dict[str, Any]) -> None:
    copy(partner, **hidden)
    jobs.find_doubles()
    assert model.Session.query(doubles.Double).count() == 0


def whole(partner: dict[str, Any]) -> dict[str, Any]:
    """What a person must give."""
    return {"notes": "Comptages.", "owner_org": partner["id"], "license_id": "lov2", "access_level": "open", "axis": ["mobilite"], "contact": [{"name": "Service", "email": "a@example.org"}], "tags": [{"name": "velo"}]}
