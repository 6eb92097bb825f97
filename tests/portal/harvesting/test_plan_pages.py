"""The pages of a plan: what a run would do, the buttons, and that nothing is done by a mere visit."""
from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

import ckan.plugins.toolkit as tk
import pytest
from ckanext.tzc.harvesting.engine import orders, store

from tests.domain.harvesters.speakers import answered, package, turtle
from tests.people import Person
from tests.sites import Site, catalogue

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context", "impatient")

TITLES = [(f"jeu-{number:02}", f"Comptage {number:02}") for number in range(12)]


@pytest.fixture
def made(site: Site, source: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """A source that was never harvested."""
    site.answer = lambda _: answered(turtle(site, TITLES), "text/turtle")
    return source(f"{site.address}/catalog", "tzc_dcat")


def worked(made: dict[str, Any]) -> store.Run:
    """The run that waits, worked on."""
    run = store.open_run(made["id"])
    assert run is not None
    orders.work_now(run.id)
    found = store.run(run.id)
    assert found is not None
    return found


def count() -> int:
    return int(tk.get_action("package_search")({"user": ""}, {"q": "*:*", "rows": 0})["count"])


def press(editor: Person, order: str) -> None:
    """Send the form of an order, of the page that was visited last."""
    forms = [form for form in editor.page.forms if (form.action or "").endswith(f"/order/{order}")]
    assert len(forms) == 1, (order, [form.action for form in editor.page.forms])
    answer = editor.post(forms[0].action, data=dict(forms[0].fields), base_url=editor.site, follow_redirects=False)
    assert answer.status_code == 302


def test_a_first_run_is_looked_at_and_approved(editor: Person, site: Site, made: dict[str, Any]) -> None:
    site.answer = lambda _: answered(turtle(site, TITLES, '<jeu-11> dct:issued "bientôt" .'), "text/turtle")
    editor.visit("/harvest/une-source")
    press(editor, "dry-run")
    run = worked(made)
    assert run.state == store.PLANNED and count() == 0
    plan = f"/harvest/une-source/job/{run.id}/plan"
    body = editor.visit(plan)
    assert "Comptage 11" in body and "date non comprise" in body, "what was mended is told in the reader's language"
    press(editor, "approve")
    assert worked(made).state == store.DONE
    assert count() == 12
    site.answer = lambda _: answered(turtle(site, [("jeu-00", "Un autre nom"), *TITLES[1:11]]), "text/turtle")
    editor.visit("/harvest/une-source")
    press(editor, "dry-run")
    run = worked(made)
    body = editor.visit(f"/harvest/une-source/job/{run.id}/plan?kind=changed")
    assert "Un autre nom" in body and "Comptage 00" in body and "Comptage 11" not in body
    assert "Comptage 11" in editor.visit(f"/harvest/une-source/job/{run.id}/plan?kind=gone")
    press(editor, "approve")
    run = worked(made)
    assert count() == 11
    editor.visit(f"/harvest/une-source/job/{run.id}/plan")
    [form] = [form for form in editor.page.forms if (form.action or "").endswith("/restore")]
    assert "(1)" in form.text_content()
    editor.post(form.action, data=dict(form.fields), base_url=editor.site, follow_redirects=False)
    assert count() == 12
    editor.visit(f"/harvest/une-source/job/{run.id}/plan")
    assert [form for form in editor.page.forms if (form.action or "").endswith("/restore")] == [], "there is nothing left to take back"
    assert tk._("Nothing is left to take back of what this run deleted.") in editor.page.text_content()


def test_a_plan_is_in_words_and_tells_of_edits_made_here(editor: Person, site: Site, source: Callable[..., dict[str, Any]]) -> None:
    of_city = {**package("jeu-1", "Comptages"), "license_id": "ville", "license_title": "Licence de la ville", "notes": "Dit là-bas.", "language": "fra", "maintainer": "Le guichet"}
    site.answer = catalogue([of_city])
    made = source(site.address, "tzc_ckan")
    tk.get_action("tzc_harvest_mapping_update")({"user": editor.name}, {"source": made["id"], "mapping": {"licence": {"Licence de la ville": "lov2"}}})
    tk.get_action("tzc_harvest_run")({"user": editor.name}, {"source": made["id"], "approve": True})
    run = worked(made)
    body = editor.visit(f"/harvest/une-source/job/{run.id}/plan")
    assert "Licence de la ville → Licence Ouverte 2.0 (Etalab)" in body and "lov2" not in body
    [found] = tk.get_action("package_search")({"user": ""}, {"q": "*:*"})["results"]
    tk.get_action("package_patch")({"ignore_auth": True, "user": editor.name}, {"id": found["id"], "notes": "Écrit ici."})
    site.answer = catalogue([{**of_city, "notes": "Dit autrement.", "language": "eng", "maintainer": "Un autre guichet", "license_id": "odc-odbl", "license_title": ""}])
    editor.visit("/harvest/une-source")
    press(editor, "dry-run")
    run = worked(made)
    body = editor.visit(f"/harvest/une-source/job/{run.id}/plan")
    [table] = editor.page.xpath("//div[@class='tzc-table-wrap']/table")
    rows = {cells[0]: cells[1:] for row in table.xpath("tbody/tr") if (cells := [" ".join(cell.text_content().split()) for cell in row])}
    assert rows["Langue"] == ["Français", "Anglais"] and rows["Contact"] == ["Le guichet", "Un autre guichet"]
    assert rows["Licence"] == ["Licence Ouverte 2.0 (Etalab)", "ODbL 1.0 – partage à l'identique"]
    assert rows["Description"][0] == "Dit là-bas." and rows["Description"][1].startswith("Dit autrement.") and rows["Description"][1].endswith("Écrit ici.")
    assert "publications.europa.eu" not in table.text_content() and "{" not in table.text_content()
    [entry] = tk.get_action("tzc_harvest_entries")({"user": editor.name}, {"source": made["id"], "run": run.id})["entries"]
    assert [(one["field"], one["edit"], one["here"]) for one in entry["differences"] if "edit" in one] == [("notes", "overwritten", "Écrit ici.")]


def test_new_datasets_tell_their_licence_axes_and_files(editor: Person, site: Site, source: Callable[..., dict[str, Any]]) -> None:
    """Before they are approved; what is missing is told too."""
    files = [{"url": f"https://data.example.org/velos.{ending}", "name": ending} for ending in ("csv", "geojson")]
    whole = {**package("jeu-1", "Vélos"), "tags": [{"name": "vélo"}], "resources": [*files, {"url": "https://data.example.org/encore.csv", "name": "encore"}]}
    site.answer = catalogue([whole, {**package("jeu-2", "Rien de dit"), "license_id": "", "resources": []}])
    made = source(site.address, "tzc_ckan")
    tk.get_action("tzc_harvest_mapping_update")({"user": editor.name}, {"source": made["id"], "mapping": {"axis": {"vélo": "mobilite"}}})
    tk.get_action("tzc_harvest_dry_run")({"user": editor.name}, {"source": made["id"]})
    run = worked(made)
    entries = {entry["title"]: entry["new"] for entry in tk.get_action("tzc_harvest_entries")({"user": editor.name}, {"source": made["id"]})["entries"]}
    assert entries == {"Vélos": {"licence": "lov2", "axis": ["mobilite"], "files": 3, "formats": ["CSV", "GeoJSON", "CSV"]}, "Rien de dit": {"licence": "notspecified", "axis": [], "files": 0, "formats": []}}
    editor.visit(f"/harvest/une-source/job/{run.id}/plan")
    told = {line.xpath("string(strong)"): " ".join(line.xpath("string(small)").split()) for line in editor.page.xpath("//main//details/summary")}
    assert told == {
        "Vélos": "Licence : Licence Ouverte 2.0 (Etalab) · Axes : Mobilités douces · 3 fichiers : CSV, GeoJSON",
        "Rien de dit": " · ".join(map(tk._, ("no licence", "no axis", "no file"))),
    }
    tk.get_action("tzc_harvest_approve")({"user": editor.name}, {"source": made["id"]})
    worked(made)
    assert [entry["new"] for entry in tk.get_action("tzc_harvest_entries")({"user": editor.name}, {"source": made["id"]})["entries"]] == [None, None]


def test_a_run_is_paused_gone_on_with_and_given_up(editor: Person, made: dict[str, Any]) -> None:
    tk.get_action("tzc_harvest_run")({"user": editor.name}, {"source": made["id"]})
    assert tk._("Once the plan that waits is approved or given up") not in editor.visit("/harvest/une-source")
    for order, state in (("pause", store.PAUSED), ("resume", store.WAITING)):
        editor.visit("/harvest/une-source")
        press(editor, order)
        run = store.open_run(made["id"])
        assert run is not None and run.state == state
        assert (tk._("Once the run that is paused goes on, or is ended") in editor.visit("/harvest/une-source")) is (state == store.PAUSED)
    worked(made)
    assert tk._("Once the plan that waits is approved or given up") in editor.visit("/harvest/une-source"), "nothing begins before"
    editor.visit("/harvest/une-source/job/last")
    editor.visit("/harvest/une-source")
    press(editor, "give-up")
    assert store.open_run(made["id"]) is None and count() == 0
    run = store.last_run(made["id"])
    assert run is not None
    for page in ("/harvest/une-source", f"/harvest/une-source/job/{run.id}", f"/harvest/une-source/job/{run.id}/plan"):
        body = editor.visit(page)
        assert tk._("What this run did") not in body and tk._("What it did, record by record") not in body, "nothing was done"
    assert body.count(html.escape(tk._("%(what)s: not done") % {"what": tk._("new")}, quote=False)) == 12
    assert tk._("Its plan was given up: nothing was done") in editor.visit("/harvest/une-source")


def test_a_visit_does_nothing_and_others_may_not(person: Callable[[str], Person], made: dict[str, Any]) -> None:
    editor, member = person("editor"), person("member")
    for order in ("dry-run", "approve", "give-up", "pause", "resume"):
        assert editor.get(f"/harvest/une-source/order/{order}", base_url=editor.site).status_code in {404, 405}
    editor.visit("/harvest/une-source/order/autre", status=404)
    tk.get_action("tzc_harvest_run")({"user": editor.name}, {"source": made["id"]})
    run = worked(made)
    assert member.get(f"/harvest/une-source/job/{run.id}/plan", base_url=member.site).status_code == 403
    assert editor.get(f"/harvest/une-source/job/{run.id}/restore", base_url=editor.site).status_code in {404, 405}
    member.visit("/user/edit")
    token = member.page.xpath("//input[@name='_csrf_token']/@value")[0]
    assert member.post("/harvest/une-source/order/approve", data={"_csrf_token": token}, base_url=member.site).status_code == 403
    again = store.open_run(made["id"])
    assert again is not None and again.state == store.PLANNED
