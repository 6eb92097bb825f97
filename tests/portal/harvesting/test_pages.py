"""The pages of harvests: what they tell to whom, and that nothing is started, stopped or deleted by a mere visit."""
from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
from ckan.tests import factories
from ckanext.harvest.model import HarvestJob, HarvestObject, HarvestSource

from tests.people import Person
from tests.portal.harvesting.conftest import as_before
from tests.sites import Site, catalogue

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

Source = Callable[..., dict[str, Any]]
Run = Callable[[dict[str, Any]], dict[str, Any]]


def packages(count: int) -> list[dict[str, Any]]:
    """Datasets of a plain CKAN."""
    return [
        {"id": f"jeu-{number}", "name": f"comptage-{number}", "title": f"Comptage {number}", "notes": "<p>Passages</p>", "license_id": "etalab-2.0", "state": "active", "type": "dataset", "private": False}
        for number in range(count)
    ]


def count() -> int:
    number: int = tk.get_action("package_search")({"user": ""}, {"q": "*:*", "rows": 0})["count"]
    return number


@pytest.fixture
def ran(site: Site, source: Source, run: Run) -> dict[str, Any]:
    """A source that ran once: two datasets, and a record that failed."""
    site.answer = catalogue([*packages(2), {"id": "sans-titre"}])
    made = source(site.address, "tzc_ckan", frequency="WEEKLY")
    run(made)
    return made


def test_the_list_and_the_source_say_how_it_went(editor: Person, ran: dict[str, Any]) -> None:
    for address in ("/harvest", "/harvest/une-source"):
        body = editor.visit(address)
        for words in ("avec des problèmes", "2 nouveaux jeux de données", "1 en échec", "Prochaine moisson"):
            assert words in body, (address, words)
    body = editor.visit("/harvest/une-source")
    assert "2 jeux de données viennent d’ici" in body and "Comptage 1" in body
    assert "1 problème" in body


def test_a_program_changes_one_setting_of_a_source(editor: Person, source: Source, site: Site) -> None:
    made = source("https://data.example.org", "tzc_ckan", {"grace_days": 1})
    token = tk.get_action("api_token_create")({"ignore_auth": True, "user": editor.name}, {"user": editor.name, "name": "programme"})["token"]
    asked = {"id": made["id"], "config": '{"grace_days": 3}'}
    answer = editor.post("/api/3/action/harvest_source_patch", json=asked, headers={"Authorization": token})
    model.Session.expire_all()
    assert answer.status_code == 200 and answer.json["result"]["title"] == made["title"] and HarvestSource.get(made["id"]).config == '{"grace_days": 3}'


def test_no_two_labels_of_the_form_read_alike(person: Callable[[str], Person]) -> None:
    administrator = person("sysadmin")
    administrator.visit("/harvest/new")
    labels = [" ".join(label.xpath("string()").split("(")[0].split()) for label in administrator.page.xpath("//form[@id='source-new']//label[@for]")]
    assert len(labels) == 7 and [(one, other) for one in labels for other in labels if one is not other and other.startswith(one)] == []
    kinds = [span.text.strip() for span in administrator.page.xpath("//form[@id='source-new']//input[@name='source_type']/following-sibling::span")]
    assert all(("d’un autre programme" in title) is (not kind.startswith("tzc_")) for title, kind in zip(kinds, administrator.page.xpath("//input[@name='source_type']/@value"), strict=True))


def test_mistakes_of_a_new_source_lead_to_their_fields(editor: Person) -> None:
    editor.visit("/harvest/new")
    editor.send(url="", title="Le tableau", name="", source_type="tzc_table", config="titre = Nom")
    faults = editor.faults()
    assert set(faults) == {"field-url", "field-name", "field-config"}
    assert faults["field-url"].startswith("Adresse du catalogue : ") and faults["field-config"] == "Réglages : Les réglages ne sont pas du JSON."
    assert "Error parsing" not in editor.page.text_content()


def test_a_run_says_what_failed_and_why_and_the_record_what_came(editor: Person, ran: dict[str, Any]) -> None:
    editor.visit("/harvest/une-source/job")
    body = editor.visit(editor.page.xpath("//main//ol//a/@href")[0])
    assert "La fiche n’a pas de titre." in body and "sans-titre" in body
    body = editor.visit(editor.page.xpath("//main//details//li/a/@href")[0])
    assert "Raison de l’échec" in body and "has no title" in body and "{&#34;id&#34;: &#34;sans-titre&#34;" in body
    answer = editor.get(editor.page.xpath("//main//a[contains(@href, '/fichier')]/@href")[0], base_url=editor.site)
    assert answer.mimetype == "text/plain" and answer.headers["Content-Disposition"].startswith("attachment")
    written = model.Session.query(HarvestObject).filter(HarvestObject.package_id.is_not(None)).first()
    body = editor.visit(f"/harvest/object/{written.id}")
    assert "description en HTML" in body and f"/dataset/{model.Package.get(written.package_id).name}" in body


@pytest.mark.parametrize(
    ("frequency", "next_run", "words"),
    [
        ("MANUAL", None, "quand quelqu’un la lance"),
        ("DAILY", None, "dans quelques minutes"),
        ("DAILY", dt.datetime(2020, 1, 1), "dans quelques minutes"),  # noqa: DTZ001 -- as the database holds it
        ("DAILY", dt.datetime(2090, 1, 1, 11), "1er janvier 2090"),  # noqa: DTZ001 -- as above
    ],
)
def test_when_the_next_run_is(editor: Person, source: Source, frequency: str, next_run: dt.datetime | None, words: str) -> None:
    made = source("https://catalogue.example.org/", "tzc_ckan", frequency=frequency)
    model.Session.query(HarvestSource).filter_by(id=made["id"]).update({"next_run": next_run})
    model.Session.commit()
    assert words in editor.visit("/harvest/une-source")


@pytest.mark.parametrize(
    ("status", "begun", "listed", "states", "words"),
    [
        ("New", False, False, [], "En attente de son tour"),
        ("Running", True, False, [], "en cours de lecture"),
        ("Running", True, True, ["COMPLETE", "WAITING", "WAITING"], "1 fiches sur 3"),
        ("Finished", True, True, [], "le catalogue est vide"),
        ("Finished", True, True, ["COMPLETE"], "Terminée sans problème"),
    ],
)
def test_how_a_run_goes(editor: Person, source: Source, status: str, begun: bool, listed: bool, states: list[str], words: str) -> None:
    made = source("https://catalogue.example.org/", "tzc_ckan")
    now = dt.datetime(2026, 1, 1)  # noqa: DTZ001 -- as the database holds it
    job = HarvestJob(source_id=made["id"], status=status, gather_started=now if begun else None, gather_finished=now if listed else None)
    job.save()
    for number, state in enumerate(states):
        HarvestObject(job=job, guid=str(number), state=state, report_status="added" if state == "COMPLETE" else None).save()
    body = editor.visit("/harvest/une-source")
    assert words in body
    assert bool(editor.page.xpath("//main//form[contains(@action, '/harvest/refresh/')]")) is (status == "Finished")


def test_a_listing_that_failed_says_so(editor: Person, site: Site, source: Source, run: Run) -> None:
    run(source(site.address, "tzc_ckan"))
    assert "Échec" in editor.visit("/harvest/une-source")


@pytest.mark.filterwarnings("ignore:The 'warn' method is deprecated")  # ckanext-harvest's
def test_a_run_is_started_by_a_button_only(editor: Person, source: Source) -> None:
    made = source("https://catalogue.example.org/", "tzc_ckan")

    def runs() -> int:
        number: int = model.Session.query(HarvestJob).filter_by(source_id=made["id"]).count()
        return number

    editor.visit("/harvest/refresh/une-source")
    assert runs() == 0
    editor.visit("/harvest/une-source")
    editor.send(("start", ""))
    assert runs() == 1
    assert "commence" in editor.said()
    editor.visit("/harvest/refresh/une-source")
    editor.send(("start", ""))
    assert runs() == 1
    assert "déjà en cours" in editor.said()


def test_administrators_stop_a_run(person: Callable[[str], Person], source: Source) -> None:
    made = source("https://catalogue.example.org/", "tzc_ckan")
    job = HarvestJob(source_id=made["id"], status="Running")
    job.save()
    address = f"/harvest/une-source/job/{job.id}/abort"
    person("editor").visit(address, status=403)
    administrator = person("sysadmin")
    administrator.visit(address)
    assert HarvestJob.get(job.id).status == "Running"
    administrator.send(("stop", ""))
    model.Session.expire_all()
    assert HarvestJob.get(job.id).status == "Finished"


def test_what_a_source_brought_is_removed_after_a_question(editor: Person, ran: dict[str, Any]) -> None:
    body = editor.visit("/harvest/clear/une-source")
    assert "2 jeux de données sont effacés" in body
    assert count() == 2
    editor.send(("clear", ""))
    assert count() == 0
    assert "Aucune moisson" in editor.visit("/harvest/une-source")


def test_what_is_removed_while_a_job_brings_it_back_into_the_index_is_not_found(ran: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The job puts it there between stock's look at the index and the end of its transaction."""
    from ckanext.harvest.logic.action import update

    assert count() == 2
    monkeypatch.setattr(update, "harvest_source_index_clear", lambda *_: None)
    user = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    tk.get_action("harvest_source_clear")({"user": user, "model": model, "session": model.Session}, {"id": ran["id"]})
    assert count() == 0


@pytest.mark.parametrize(("cleared", "left"), [("", 2), ("?clear=True", 0)])
def test_a_source_is_deleted_after_a_question(editor: Person, ran: dict[str, Any], cleared: str, left: int) -> None:
    editor.visit(f"/harvest/delete/une-source{cleared}")
    assert model.Package.get(ran["id"]).state == "active"
    editor.send(("delete", ""))
    model.Session.expire_all()
    assert model.Package.get(ran["id"]).state == "deleted"
    assert HarvestSource.get(ran["id"]).active is False
    assert count() == left
    assert "une-source" not in editor.visit("/harvest")


def test_a_deleted_source_is_taken_back(person: Callable[[str], Person], source: Source) -> None:
    made = source("https://catalogue.example.org/", "tzc_ckan")
    administrator = person("sysadmin")
    administrator.visit("/harvest/delete/une-source")
    administrator.send(("delete", ""))
    administrator.visit("/ckan-admin/trash")
    administrator.visit(administrator.page.xpath("//main//a[contains(@href, '/harvest/edit/')]/@href")[0])
    administrator.send(("save", "Save"), state="active")
    model.Session.expire_all()
    assert model.Package.get(made["id"]).state == "active" and HarvestSource.get(made["id"]).active is True


PAGES = ["/harvest/une-source", "/harvest/une-source/job", "/harvest/une-source/job/{job}", "/harvest/object/{record}", "/harvest/object/{record}/fichier", "/harvest/clear/une-source", "/harvest/edit/une-source"]


@pytest.mark.parametrize("address", PAGES)
def test_a_source_is_for_those_who_edit_it(app: Any, person: Callable[[str], Person], ran: dict[str, Any], address: str) -> None:
    job, record = model.Session.query(HarvestJob.id).first()[0], model.Session.query(HarvestObject.id).first()[0]
    path = address.format(job=job, record=record)
    for role in ("member", "nobody"):
        who = person(role)
        assert who.get(path, base_url=who.site).status_code in {403, 404}, role
    assert "/user/login" in app.get(path, status=302, follow_redirects=False).headers["Location"]


@pytest.mark.parametrize("address", ["/harvest/object/{}", "/harvest/object/{}/fichier", "/dataset/harvest_object/{}"])
def test_a_record_is_as_unknown_as_none_to_those_who_do_not_edit_its_source(person: Callable[[str], Person], ran: dict[str, Any], address: str) -> None:
    there = model.Session.query(HarvestObject.package_id if "dataset" in address else HarvestObject.id).filter(HarvestObject.package_id.is_not(None)).first()[0]
    who, missing = person("nobody"), "0" * 8 + there[8:]
    answers = [who.get(address.format(name), base_url=who.site) for name in (there, missing)]
    assert [answer.status_code for answer in answers] == [404, 404]
    told = [re.sub(r'name="_csrf_token"[^>]*>', "", answer.text).replace(there, missing) for answer in answers]
    assert told[0] == told[1]


@pytest.mark.parametrize(
    "action", ["harvest_source_show", "harvest_source_show_status", "harvest_source_list", "harvest_job_show", "harvest_job_report", "harvest_job_list", "harvest_object_show", "harvest_object_list"]
)
def test_a_program_reads_of_a_harvest_what_its_editor_may(partner: dict[str, Any], ran: dict[str, Any], action: str) -> None:
    """Stock lets everybody read records and configurations, and a partner's members its sources."""
    job, record = model.Session.query(HarvestJob.id).first()[0], model.Session.query(HarvestObject.id).first()[0]
    asked = {"harvest_source_list": {"organization_id": partner["id"]}, "harvest_job_list": {"source_id": ran["id"]}, "harvest_object_list": {"source_id": ran["id"]}, "harvest_object_show": {"id": record}}
    asked |= {"harvest_job_show": {"id": job}, "harvest_job_report": {"id": job}}

    def read(user: str) -> Any:
        return tk.get_action(action)({"user": user, "model": model, "session": model.Session}, dict(asked.get(action, {"id": ran["id"]})))

    member, elsewhere = factories.User()["name"], factories.User()["name"]
    tk.get_action("organization_member_create")({"ignore_auth": True, "user": partner["editor"]}, {"id": partner["id"], "username": member, "role": "member"})
    factories.Organization(image_url="", users=[{"name": elsewhere, "capacity": "editor"}])
    for user in ("", factories.User()["name"], member, elsewhere):
        with pytest.raises(tk.NotAuthorized):
            read(user)
    told = read(partner["editor"])
    assert [source["id"] for source in told] == [ran["id"]] if action == "harvest_source_list" else told


def test_the_log_of_all_harvests_is_for_administrators(partner: dict[str, Any], ran: dict[str, Any]) -> None:
    for user in ("", partner["editor"]):
        with pytest.raises(tk.NotAuthorized):
            tk.get_action("harvest_log_list")({"user": user, "model": model, "session": model.Session}, {})
    assert isinstance(tk.get_action("harvest_log_list")({"user": factories.Sysadmin()["name"], "model": model, "session": model.Session}, {}), list)


def test_nothing_is_done_for_those_who_do_not_edit_it(person: Callable[[str], Person], ran: dict[str, Any]) -> None:
    who = person("member")
    who.visit("/user/edit")
    token = who.page.xpath("//input[@name='_csrf_token']/@value")[0]
    for action in ("refresh", "clear", "delete"):
        assert who.post(f"/harvest/{action}/une-source", data={"_csrf_token": token}, base_url=who.site).status_code == 403
    assert count() == 2


def test_a_password_in_an_address_is_not_shown(editor: Person, source: Source) -> None:
    as_before(source("https://catalogue.example.org/", "tzc_ckan"), {}, "https://moi:motdepasse@catalogue.example.org/?cle=secrete")
    for address in ("/harvest", "/harvest/une-source"):
        body = editor.visit(address)
        assert "motdepasse" not in body and "secrete" not in body


def test_another_sources_run_is_not_found(editor: Person, ran: dict[str, Any], source: Source) -> None:
    source("https://autre.example.org/", "tzc_ckan", name="une-autre")
    job = model.Session.query(HarvestJob.id).first()[0]
    editor.visit(f"/harvest/une-autre/job/{job}", status=404)
    editor.visit("/harvest/nulle-part", status=404)
    editor.visit("/harvest/object/nulle-part", status=404)


def test_a_source_made_by_command_is_told_without_a_traceback(partner: dict[str, Any]) -> None:
    """Stock's command fails on printing what it made."""
    from ckanext.harvest import utils

    told = utils.create_harvest_source("une-source", "https://catalogue.example.org/", "tzc_ckan", owner_org=partner["name"])
    assert "Created new harvest source" in told and "jobs: 0" in told
    assert model.Package.get("une-source").state == "active"
