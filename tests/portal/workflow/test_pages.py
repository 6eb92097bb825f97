"""The same by forms, without scripts."""
from __future__ import annotations

import io
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
from ckan.tests import factories
from ckanext.tzc.common import duties

from tests.people import PASSWORD, Person

from .conftest import Town, act, show, somebody, state

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


@pytest.fixture
def reviewed(town: Town) -> Town:
    """The partner wants review."""
    town.set(publication_review="yes", email="donnees@example.org")
    return town


def test_publishing_from_the_form_asks_for_review_and_the_queue_publishes(app: Any, reviewed: Town) -> None:
    editor, admin = Person(app, reviewed.editor), Person(app, reviewed.admin)
    editor.visit("/dataset/new")
    editor.send(title="Vélos du port", notes="Passages par heure.", axis="mobilite")
    editor.send(("save", "go-metadata"), upload=(io.BytesIO(b"jour;passages\n2026-01-01;3\n"), "comptages.csv"), name="Comptages")
    assert editor.address == "/dataset/velos-du-port"
    assert state("velos-du-port") == "in_review"
    assert "Vélos du port" in editor.said()
    assert not editor.page.xpath("//main//button[@type='submit' and normalize-space()='Publier']")
    assert "/publication" in admin.visit("/dashboard/datasets")
    admin.visit("/publication")
    dataset = admin.page.xpath("//input[@name='dataset']/@value")
    admin.send(("decision", "yes"), dataset=dataset)
    assert state("velos-du-port") == "published" and admin.said()
    assert "velos-du-port" not in admin.visit("/publication")


def test_several_are_decided_at_once_and_each_answers_for_itself(app: Any, reviewed: Town) -> None:
    admin = Person(app, reviewed.admin)
    made = [reviewed.create(title=f"Jeu {number}") for number in range(3)]
    published = reviewed.create(user=reviewed.admin)
    act("package_patch", reviewed.editor, id=published["id"], title="Autre titre")
    admin.visit("/publication")
    admin.send(("decision", "no"), dataset=[made[0]["id"]])
    assert state(made[0]) == "in_review"  # nobody said why
    admin.send(("decision", "no"), dataset=[made[0]["id"]], why="Pas d'heure.")
    assert state(made[0]) == "changes_requested"
    admin.visit("/publication")
    change = admin.page.xpath("//input[@name='change']/@value")
    act("tzc_publication_move", reviewed.editor, id=made[1]["id"], move="withdraw")
    admin.send(("decision", "yes"), dataset=[made[1]["id"], made[2]["id"]], change=change)
    assert [state(one) for one in made[1:]] == ["draft", "published"]
    assert show(published)["title"] == "Autre titre"


def test_a_draft_s_page_lists_what_blocks_with_links_to_the_fields(app: Any, town: Town) -> None:
    town.set(publication_review="yes", allowed_licences=["lov2"])
    made = town.draft(license_id="odbl")
    editor = Person(app, town.editor)
    editor.visit(f"/dataset/{made['name']}")
    links = editor.page.xpath("//main//*[contains(@class,'tzc-checks')]//a/@href")
    assert links == [f"/dataset/edit/{made['name']}#field-license_id", f"/dataset/edit/{made['name']}#field-contact"]
    editor.visit(f"/dataset/edit/{made['name']}")
    for field in ("field-license_id", "field-contact", "field-personal_data_report"):
        assert editor.page.xpath("//*[@id=$id]", id=field), field
    editor.visit(f"/dataset/{made['name']}")
    editor.send(("without", "yes"))
    assert editor.address == f"/dataset/edit/{made['name']}" and editor.said()
    assert state(made) == "draft"


def test_a_blocked_publication_keeps_the_file(app: Any, town: Town) -> None:
    town.set(publication_review="yes")
    editor = Person(app, town.editor)
    editor.visit("/dataset/new")
    editor.send(title="Vélos du port", notes="Passages par heure.", axis="mobilite")
    editor.send(("save", "go-metadata"), url="https://example.org/a.csv")
    assert editor.address == "/dataset/edit/velos-du-port" and editor.said()
    assert state("velos-du-port") == "draft" and len(show({"id": "velos-du-port"})["resources"]) == 1


def test_an_edit_waits_is_shown_field_by_field_and_accepted(app: Any, reviewed: Town) -> None:
    made = reviewed.create(user=reviewed.admin)
    editor, admin = Person(app, reviewed.editor), Person(app, reviewed.admin)
    editor.visit(f"/dataset/edit/{made['name']}")
    editor.send(title="Autre titre", tag_string="vélo, port")
    assert show(made)["title"] == made["title"]
    assert editor.said() and "/dataset/publication/" in editor.visit(f"/dataset/{made['name']}")
    admin.visit(f"/dataset/publication/{made['name']}")
    cells = [" ".join(cell.split()) for cell in admin.page.xpath("//main//table//td/text()")]
    assert made["title"] in cells and "Autre titre" in cells
    form = next(number for number, one in enumerate(admin.page.xpath("//main//form[@method='post']")) if one.xpath(".//button[@value='accept']"))
    admin.send(("decision", "accept"), form=form)
    assert show(made)["title"] == "Autre titre" and {tag["name"] for tag in show(made)["tags"]} == {"vélo", "port"}


def test_who_may_not_change_files_is_not_offered_it(app: Any, reviewed: Town) -> None:
    made = reviewed.create(user=reviewed.admin)
    editor = Person(app, reviewed.editor)
    file = act("resource_create", reviewed.admin, package_id=made["id"], url="https://example.org/a.csv")
    second = act("resource_create", reviewed.admin, package_id=made["id"], url="https://example.org/b.csv")
    page = editor.visit(f"/dataset/{made['name']}")
    assert "/resource/new" not in page and f"/resource/{file['id']}/edit" not in page
    for path in (f"/dataset/{made['name']}/resource/new", f"/dataset/{made['name']}/resource/{file['id']}/edit"):
        assert editor.get(path).status_code == 403
    with pytest.raises(tk.NotAuthorized):
        act("package_resource_reorder", reviewed.editor, id=made["id"], order=[second["id"], file["id"]])
    assert [one["id"] for one in show(made)["resources"]] == [file["id"], second["id"]]


def test_the_page_of_a_dataset_moves_it(app: Any, town: Town) -> None:
    made = town.create()
    editor = Person(app, town.editor)
    editor.visit(f"/dataset/publication/{made['name']}")
    editor.send(("move", "archive"), why="Remplacé.")
    assert state(made) == "archived" and "Remplacé." in editor.page.text_content()
    editor.send(("move", "reopen"))
    assert state(made) == "published"
    editor.send(("move", "fly"), forged=True)
    assert state(made) == "published" and editor.said()


def test_what_waits_for_another_key_is_not_said_to_be_published(app: Any, town: Town) -> None:
    officer = somebody()
    town.give("officer", officer)
    town.give("steward", town.second)
    made = town.create(user=town.second, personal_data="anonymised", personal_data_report="https://example.org/rapport.pdf", contact=[{"email": "a@example.org"}])
    assert state(made) == "in_review"
    person = Person(app, town.second)
    person.visit(f"/dataset/publication/{made['name']}")
    said = " ".join(person.page.xpath("//section[@aria-labelledby='past-title']//text()"))
    assert tk._("Approved, and given to the others to approve") in said and f"{tk._('Published')}{tk._(': ')}" not in said


def test_roles_are_given_and_taken_on_the_partner_s_page(app: Any, town: Town) -> None:
    admin, editor = Person(app, town.admin), Person(app, town.editor)
    assert f"/organization/roles/{town.name}" in admin.visit(f"/organization/{town.name}")
    admin.visit(f"/organization/roles/{town.name}")
    give = next(number for number, one in enumerate(admin.page.xpath("//main//form[@method='post']")) if one.xpath(".//input[@name='user']"))
    admin.send(("x", ""), form=give, user=town.editor, duty="officer", ends="2999-12-31")
    listed = act("tzc_duty_list", town.admin, partner=town.id)
    assert [(given["user"], given["duty"]) for given in listed["duties"]] == [(town.editor, "officer")]
    admin.send(("x", ""), form=give + 1, user="personne-de-ce-nom", duty="officer")
    assert admin.said()
    assert not editor.visit(f"/organization/roles/{town.name}").count('name="act"')
    admin.visit(f"/organization/roles/{town.name}")
    admin.send(("x", ""), form=0)
    assert act("tzc_duty_list", town.admin, partner=town.id)["duties"] == []


def test_strangers_are_sent_to_sign_in_and_others_see_nothing(app: Any, reviewed: Town) -> None:
    made = reviewed.create()
    other = Person(app, somebody())
    for path, status in ((f"/dataset/publication/{made['name']}", 404), (f"/organization/roles/{reviewed.name}", 403), ("/dataset/publication/rien", 404), ("/organization/roles/rien", 404)):
        assert app.get(path, follow_redirects=False).status_code == 302
        assert other.get(path).status_code == status
    assert app.get("/publication", follow_redirects=False).status_code == 302
    assert made["title"] not in other.visit("/publication")


def test_where_nobody_is_left_for_the_second_key_the_page_says_what_to_do(app: Any, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = model.User.get(factories.Sysadmin(password=PASSWORD)["name"])
    monkeypatch.setattr(duties, "administrator_accounts", lambda: [alone])
    town.set(publication_review="yes")
    for duty in ("steward", "officer"):
        town.give(duty, alone.name)
    made = town.create(personal_data="anonymised", personal_data_report="https://example.org/r.pdf", contact=[{"email": "a@example.org"}])
    person, page = Person(app, alone.name), f"/en/dataset/publication/{made['name']}"
    assert "nobody else can yet" not in person.visit(page)
    person.send(("move", "approve"))
    assert "nobody else can yet" in (said := person.visit(page)) and "have a second administrator of the portal named" in said
    second = somebody(fullname="Une Seconde")
    town.give("officer", second)
    town.give("steward", second)
    assert "nobody else can yet" not in (said := person.visit(page)) and "Une Seconde" in said


def test_the_form_begins_with_the_partner_s_usual_licence(app: Any, town: Town) -> None:
    editor = Person(app, town.editor)
    editor.visit("/dataset/new")
    assert editor.value("license_id") == "lov2"
    town.set(default_licence="odbl")
    editor.visit("/dataset/new")
    assert editor.value("license_id") == "odbl"


def test_a_partner_s_form_keeps_what_it_asks_of_datasets(app: Any, town: Town) -> None:
    admin = Person(app, town.admin)
    admin.visit(f"/organization/edit/{town.name}")
    admin.send(publication_review="yes", allowed_licences=["lov2", "odbl"], quality_bar="120")
    admin.visit(f"/organization/edit/{town.name}")
    assert (admin.value("publication_review"), admin.value("quality_bar")) == ("yes", "120")
    assert sorted(box.get("value") for box in admin.page.xpath("//input[@name='allowed_licences' and @checked]")) == ["lov2", "odbl"]


def test_an_officer_from_elsewhere_finds_what_waits(app: Any, town: Town) -> None:
    officer = factories.User(password=PASSWORD)["name"]
    town.give("officer", officer)
    made = town.create(personal_data="anonymised")
    person = Person(app, officer)
    assert person.visit("/dashboard/datasets").count('href="/publication"') == 1
    assert made["title"] in person.visit("/publication")
    assert made["title"] in person.visit(f"/dataset/{made['name']}")
    person.visit(f"/dataset/publication/{made['name']}")
    person.send(("move", "approve"))
    assert state(made) == "published"
