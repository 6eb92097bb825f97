"""Forms as somebody without scripts meets them: what is refused, what is asked, what each step says, and that nothing typed is lost."""
from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
from ckan.tests import factories
from lxml import html

from tests.people import PASSWORD, Person

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

Publish = Callable[..., dict[str, Any]]


def describe(person: Person, **fields: Any) -> str:
    person.visit("/dataset/new")
    return person.send(**{"title": "Vélos du port", "notes": "Passages par heure.", "axis": "mobilite", **fields})


def show(name: str) -> dict[str, Any]:
    found: dict[str, Any] = tk.get_action("package_show")({"ignore_auth": True}, {"id": name})
    return found


# publishing


def test_publishing_without_scripts(editor: Person) -> None:
    """The address follows the title; a file is asked for; each step says what it did."""
    describe(editor)
    assert editor.address == "/dataset/velos-du-port/resource/new"
    editor.send(("save", "go-metadata"), upload=(io.BytesIO(b"jour;passages\n2026-01-01;3\n"), "comptages.csv"), name="Comptages")
    assert editor.address == "/dataset/velos-du-port"
    assert "Vélos du port" in editor.said() and "publi" in editor.said()
    assert show("velos-du-port")["state"] == "active"


def test_publishing_without_a_file_is_asked_about(editor: Person) -> None:
    describe(editor)
    body = editor.send(("save", "go-metadata"))
    assert show("velos-du-port")["state"] == "draft"
    assert list(editor.faults()) == ["field-url"]
    assert "publish-without" in body
    editor.send(("save", "publish-without"))
    assert show("velos-du-port")["state"] == "active"
    assert "publi" in editor.said()


def test_the_second_button_is_offered_only_then(editor: Person) -> None:
    describe(editor)
    assert "publish-without" not in html.tostring(editor.page, encoding="unicode")
    assert "publish-without" not in editor.send(("save", "again"))


def test_a_name_without_a_file_is_no_file(editor: Person) -> None:
    describe(editor)
    editor.send(("save", "again"), name="Comptages", description="Par heure")
    assert list(editor.faults()) == ["field-url"]
    assert editor.value("name") == "Comptages"
    assert show("velos-du-port")["resources"] == []


@pytest.mark.parametrize(("button", "address"), [("go-metadata-preview", "/dataset/velos-du-port"), ("go-dataset", "/dataset/edit/velos-du-port")])
def test_who_typed_a_name_may_still_leave(editor: Person, button: str, address: str) -> None:
    """Asked once: what was typed stays until then."""
    describe(editor)
    editor.send(("save", button), name="Comptages", description="Par heure")
    assert list(editor.faults()) == ["field-url"]
    assert (editor.value("name"), editor.value("description")) == ("Comptages", "Par heure")
    editor.send(("save", button))
    assert editor.address == address
    assert show("velos-du-port")["state"] == "draft"


def test_who_goes_back_and_begins_again_is_told_of_the_draft(editor: Person) -> None:
    describe(editor)
    describe(editor, name="velos-du-port")
    assert "Mon bureau" in editor.faults()["field-name"]


def test_a_format_is_a_short_name(editor: Person) -> None:
    describe(editor)
    editor.send(("save", "go-metadata"), url="https://example.org/a.csv", format="x" * 61)
    assert "60" in editor.faults()["field-format"]


def test_a_draft_with_files_is_published_by_the_same_button(editor: Person) -> None:
    describe(editor)
    editor.send(("save", "again"), url="https://example.org/a.csv")
    editor.send(("save", "go-metadata"))
    made = show("velos-du-port")
    assert made["state"] == "active" and len(made["resources"]) == 1


def test_a_confidential_dataset_is_said_to_be_seen_by_few(editor: Person) -> None:
    describe(editor, access_level="confidential")
    editor.send(("save", "publish-without"), forged=True)
    assert "confidentiel" in editor.said().lower() or "confidential" in editor.said().lower()


def test_a_file_beside_an_address_is_told_of(editor: Person) -> None:
    describe(editor)
    editor.send(("save", "go-metadata"), url="https://example.org/a.csv", upload=(io.BytesIO(b"a;b\n1;2\n"), "a.csv"))
    assert "https://example.org/a.csv" in editor.said()
    assert show("velos-du-port")["resources"][0]["url_type"] == "upload"


# drafts


def test_a_draft_waits_on_the_desk_and_is_published_from_its_page(editor: Person) -> None:
    describe(editor)
    editor.send(("save", "go-metadata-preview"))
    assert editor.address == "/dataset/velos-du-port"
    assert editor.said()
    assert show("velos-du-port")["state"] == "draft"
    editor.visit("/dashboard/datasets")
    link = editor.page.xpath("//main//a[contains(@href,'velos-du-port')]/@href")[0]
    body = editor.visit(link)
    assert "/dataset/publish/velos-du-port" in body
    editor.send(("without", "yes"))
    assert show("velos-du-port")["state"] == "active"
    assert "publi" in editor.said()


def test_a_draft_s_page_asks_for_a_file_too(editor: Person) -> None:
    describe(editor)
    editor.visit("/dataset/velos-du-port")
    editor.send(("x", ""))
    assert show("velos-du-port")["state"] == "draft"
    assert editor.address == "/dataset/velos-du-port/resource/new"


def test_a_draft_is_deleted_from_its_form_and_comes_back(editor: Person) -> None:
    describe(editor)
    body = editor.visit("/dataset/edit/velos-du-port")
    assert "/dataset/delete/" in body
    editor.visit("/dataset/delete/velos-du-port")
    editor.send(("delete", ""))
    assert editor.address == "/dashboard/datasets"
    assert "Vélos du port" in editor.said()
    assert show("velos-du-port")["state"] == "deleted"
    editor.visit("/dataset/velos-du-port")
    assert not editor.page.xpath("//a[contains(@href,'/dataset/edit/')]")
    editor.send(("x", ""))
    assert show("velos-du-port")["state"] == "draft"
    assert editor.said()


def test_a_published_dataset_goes_back_to_draft_with_a_word(editor: Person, publish: Publish) -> None:
    made = publish()
    editor.visit(f"/dataset/edit/{made['name']}")
    editor.send(("save", "go-metadata-unpublish"))
    assert editor.address == f"/dataset/{made['name']}"
    assert made["title"] in editor.said()
    assert show(made["name"])["state"] == "draft"


def test_strangers_neither_publish_nor_restore(app: Any, partner: dict[str, Any], publish: Publish) -> None:
    made = publish()
    tk.get_action("package_patch")({"user": partner["editor"]}, {"id": made["id"], "state": "draft"})
    stranger = Person(app, factories.User(password=PASSWORD)["name"])
    stranger.visit("/dataset/")
    token = stranger.page.xpath("//input[@name='_csrf_token']/@value")[0]
    for verb in ("publish", "restore"):
        # a draft is as unknown to them as what is not there
        assert stranger.post(f"/dataset/{verb}/{made['name']}", data={"_csrf_token": token, "without": "yes"}).status_code == 404
        assert stranger.get(f"/dataset/{verb}/{made['name']}").status_code in {404, 405}
    assert show(made["name"])["state"] == "draft"


def test_changes_are_said_to_be_saved(editor: Person, publish: Publish) -> None:
    made = publish()
    editor.visit(f"/dataset/edit/{made['name']}")
    editor.send(title="Autre titre")
    assert show(made["name"])["title"] == "Autre titre"
    assert editor.said()


def test_the_address_of_a_published_dataset_is_changed_with_a_warning(editor: Person, publish: Publish) -> None:
    made = publish()
    warning = "//*[@id='field-name']/ancestor::*[contains(@class,'tzc-field')]//*[@class='tzc-hint']"
    editor.visit(f"/dataset/edit/{made['name']}")
    assert len(editor.page.xpath(warning)) == 2
    describe(editor)
    editor.visit("/dataset/edit/velos-du-port")
    assert len(editor.page.xpath(warning)) == 1


# mistakes


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"temporal_coverage__0__start": "2027-05-01", "temporal_coverage__0__end": "2026-12-31"}, "field-temporal_coverage-0-end"),
        ({"contact__0__url": "javascript:alert(1)"}, "field-contact-0-url"),
        ({"documentation": "pas une adresse"}, "field-documentation"),
        ({"applicable_legislation": "xx"}, "field-applicable_legislation"),
        ({"tag_string": "mer, <b>, x"}, "field-tag_string"),
        ({"late_after_days": "bientôt"}, "field-late_after_days"),
        ({"name": "Vélos du port"}, "field-name"),
        ({"personal_data": "sensitive"}, "field-personal_data"),
        ({"notes": "  \u200b "}, "field-notes"),
    ],
)
def test_a_mistake_is_told_at_its_field_and_nothing_is_lost(editor: Person, fields: dict[str, Any], fault: str) -> None:
    describe(editor, **fields)
    assert list(editor.faults()) == [fault]
    assert editor.value("title") == "Vélos du port"
    for name, value in fields.items():
        if name != "personal_data":
            assert editor.value(name.replace("__", "-")) == value
    assert model.Session.query(model.Package).filter_by(title="Vélos du port").count() == 0


def test_what_was_typed_stays_when_a_published_dataset_is_edited(editor: Person, publish: Publish) -> None:
    made = publish(contact=[{"name": "Service", "email": "service@example.org"}], documentation=["https://example.org/a"])
    editor.visit(f"/dataset/edit/{made['name']}")
    editor.send(contact__0__email="faux", documentation=["https://example.org/b", "faux aussi"], title="Neuf")
    assert set(editor.faults()) == {"field-contact-0-email", "field-documentation"}
    assert editor.value("contact-0-email") == "faux"
    assert editor.value("title") == "Neuf"
    assert "faux aussi" in html.tostring(editor.page, encoding="unicode")


@pytest.mark.parametrize("address", ["pas une adresse", "http://", "javascript:alert(1)", "example.org/donnees.csv"])
def test_a_wrong_file_address_is_refused(editor: Person, address: str) -> None:
    describe(editor)
    editor.send(("save", "go-metadata"), url=address)
    assert list(editor.faults()) == ["field-url"]
    assert editor.value("url") == address
    assert show("velos-du-port")["resources"] == []


def test_the_address_that_was_meant_is_offered(editor: Person) -> None:
    describe(editor)
    editor.send(("save", "go-metadata"), url="example.org/donnees.csv")
    assert "https://example.org/donnees.csv" in editor.faults()["field-url"]


def test_a_refused_file_is_told_at_its_field(editor: Person) -> None:
    describe(editor)
    body = editor.send(("save", "go-metadata"), upload=(io.BytesIO(b"MZ\x90\x00" + b"\0" * 60), "a.exe"), name="Programme")
    assert list(editor.faults()) == ["field-url"]
    assert editor.value("name") == "Programme"
    assert "with the mistakes below" not in body and "avec les erreurs" not in body


def test_a_too_large_file_is_told_of_in_megabytes(editor: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    describe(editor)
    monkeypatch.setitem(tk.config, "ckan.max_resource_size", 1)
    editor.visit("/dataset/velos-du-port/resource/new")
    assert editor.page.xpath("//@data-most") == ["1048576"]
    editor.send(("save", "go-metadata"), upload=(io.BytesIO(b"a;b\n" * 300_000), "a.csv"))
    assert re.search(r"1,2\s?Mo|1.2\s?MB", editor.faults()["field-url"])


def test_a_file_without_a_name_is_called_by_its_address(editor: Person) -> None:
    describe(editor)
    body = editor.send(("save", "go-metadata"), url="https://example.org/dossier/comptages%202026.csv")
    assert "comptages 2026.csv" in body
    assert "sans nom" not in body


def test_a_new_file_of_the_same_kind_keeps_the_address(editor: Person) -> None:
    """National portals know a file by its address: another name would be another file."""
    describe(editor)
    editor.send(("save", "go-metadata"), upload=(io.BytesIO(b"a;b\n1;2\n"), "comptages-2025.csv"))
    before = show("velos-du-port")["resources"][0]
    form = f"/dataset/velos-du-port/resource/{before['id']}/edit"
    editor.visit(form)
    editor.send(("save", "go-dataset-complete"), upload=(io.BytesIO(b"a;b\n3;4\n5;6\n"), "comptages-2026.csv"))
    after = show("velos-du-port")["resources"][0]
    assert after["url"] == before["url"]
    assert after["size"] != before["size"]
    assert "comptages-2025.csv" in editor.said()
    # another kind cannot have the same name: it is asked about
    editor.visit(form)
    editor.send(("save", "go-dataset-complete"), upload=(io.BytesIO(b'{"type":"FeatureCollection","features":[]}'), "comptages.geojson"))
    assert list(editor.faults()) == ["field-url"]
    assert before["url"] in editor.faults()["field-url"]
    assert show("velos-du-port")["resources"][0]["url"] == before["url"]
    editor.send(("save", "new-address"), upload=(io.BytesIO(b'{"type":"FeatureCollection","features":[]}'), "comptages.geojson"))
    assert show("velos-du-port")["resources"][0]["url"].endswith("/comptages.geojson")


def test_another_address_of_a_published_file_is_asked_about(editor: Person) -> None:
    describe(editor)
    editor.send(("save", "go-metadata"), url="https://example.org/a.csv", name="Comptages")
    form = f"/dataset/velos-du-port/resource/{show('velos-du-port')['resources'][0]['id']}/edit"
    editor.visit(form)
    editor.send(("save", "go-dataset-complete"), name="Un autre nom")
    assert show("velos-du-port")["resources"][0]["name"] == "Un autre nom"
    editor.visit(form)
    editor.send(("save", "go-dataset-complete"), url="https://example.org/b.csv", name="Encore un")
    assert "https://example.org/a.csv" in editor.faults()["field-url"]
    assert (editor.value("name"), editor.value("url")) == ("Encore un", "https://example.org/b.csv")
    assert show("velos-du-port")["resources"][0]["url"] == "https://example.org/a.csv"
    editor.send(("save", "new-address"))
    assert show("velos-du-port")["resources"][0]["url"] == "https://example.org/b.csv"


def test_a_mistaken_password_keeps_the_name(app: Any) -> None:
    person = Person(app, factories.User(password=PASSWORD)["name"], "un-autre-mot-de-passe")
    assert person.value("login")
    assert "Mauvais login" not in person.page.text_content() and "Login failed" not in person.page.text_content()
    assert person.page.xpath("//form//*[contains(@class,'tzc-errors')]")


# bad input


def test_a_script_in_every_field_is_shown_as_text(editor: Person) -> None:
    script = "<script>window.ran = 1</script>"
    body = describe(editor, title=script, notes=script, provenance=script, version="1<script>", update_promise=script, source_system=script, contact__0__name=script)
    editor.send(("save", "go-metadata"), url="https://example.org/a.csv", name=script, description=script)
    name = model.Session.query(model.Package.name).scalar()
    for address in (f"/dataset/{name}", f"/dataset/edit/{name}", "/dataset/", "/", "/dashboard/datasets"):
        body = editor.visit(address)
        assert "<script>window" not in body, address
    assert "&lt;script&gt;" in editor.visit(f"/dataset/{name}")


def test_ten_megabytes_of_text_are_answered(editor: Person) -> None:
    """Refused with a page of ours and a reason; nothing is stored, and the portal lives on."""
    editor.visit("/dataset/new")
    body = editor.send(title="Long", notes="x" * 10_000_000, axis="mobilite", status=413)
    assert "<h1" in body
    assert model.Session.query(model.Package).filter_by(title="Long").count() == 0
    editor.visit("/dataset/new")
    body = editor.send(title="Long", notes="x" * 100_001, axis="mobilite")
    assert "100001" in re.sub(r"\s", "", editor.faults()["field-notes"])


def test_long_text_in_any_field_does_not_break_the_index(editor: Person, publish: Publish) -> None:
    made = publish(provenance="é" * 40_000, update_promise="é" * 40_000, version_notes="é" * 40_000)
    found = tk.get_action("package_search")({"ignore_auth": True}, {"q": "*:*", "fq": f"name:{made['name']}"})
    assert found["count"] == 1


def test_control_characters_are_left_out(editor: Person) -> None:
    describe(editor, title="Vélos\x07 du\x1b port", contact__0__name="Ser\x00vice")
    made = show("velos-du-port")
    assert made["title"] == "Vélos du port"
    assert made["contact"][0]["name"] == "Service"


def test_an_unknown_commune_is_named(editor: Person) -> None:
    describe(editor, communes=["17300", "99999"])
    assert "99999" in editor.faults()["field-communes"]


# two people


def test_the_second_of_two_is_told_and_loses_nothing(editor: Person, second: Person, publish: Publish) -> None:
    made = publish(notes="Ancien.", version="1", update_promise="")
    for person in (editor, second):
        person.visit(f"/dataset/edit/{made['name']}")
    editor.send(notes="De la première.", version="2")
    body = second.send(notes="De la seconde.", update_promise="Chaque lundi")
    stored = show(made["name"])
    assert (stored["notes"], stored["version"]) == ("De la première.", "2"), "nothing is saved yet"
    assert set(second.faults()) == {"field-notes", "field-version"}
    assert "De la première." in body
    assert second.value("notes") == "De la seconde."
    assert second.value("version") == "2", "what the second did not touch is taken over"
    assert second.value("update_promise") == "Chaque lundi"
    second.send()
    stored = show(made["name"])
    assert (stored["notes"], stored["version"], stored["update_promise"]) == ("De la seconde.", "2", "Chaque lundi")


def test_lists_and_groups_of_fields_count_too(editor: Person, second: Person, publish: Publish) -> None:
    made = publish(tags=[{"name": "mer"}], contact=[{"name": "A", "email": "a@example.org"}], communes=["17300"])
    for person in (editor, second):
        person.visit(f"/dataset/edit/{made['name']}")
    editor.send(tag_string="mer, été", contact__0__name="B", communes=["17300", "17028"])
    second.send(title="Autre")
    assert set(second.faults()) == {"field-tag_string", "field-contact", "field-communes"}
    second.send()
    stored = show(made["name"])
    assert stored["title"] == "Autre"
    assert sorted(tag["name"] for tag in stored["tags"]) == ["mer", "été"]
    assert stored["contact"][0]["name"] == "B"
    assert sorted(stored["communes"]) == ["17028", "17300"]


def test_the_second_at_one_file_is_told_and_loses_nothing(editor: Person, second: Person) -> None:
    describe(editor)
    editor.send(("save", "go-metadata"), name="Comptages", upload=(io.BytesIO(b"a;b\n1;2\n"), "comptages.csv"))
    file = show("velos-du-port")["resources"][0]
    form = f"/dataset/velos-du-port/resource/{file['id']}/edit"
    for person in (editor, second):
        person.visit(form)
    editor.send(("save", "go-dataset-complete"), description="De la première.", upload=(io.BytesIO(b"a;b\n3;4\n5;6\n"), "comptages.csv"))
    size = show("velos-du-port")["resources"][0]["size"]
    assert size != file["size"]
    body = second.send(("save", "go-dataset-complete"), name="Comptages de la seconde")
    assert set(second.faults()) == {"field-description"}, "new data under the same name are not undone by who brings none"
    assert "De la première." in body
    assert show("velos-du-port")["resources"][0]["name"] == "Comptages", "nothing is saved yet"
    second.send(("save", "go-dataset-complete"))
    stored = show("velos-du-port")["resources"][0]
    assert (stored["name"], stored["description"], stored["size"], stored["url"]) == ("Comptages de la seconde", "De la première.", size, file["url"])


def test_two_people_write_the_same_field_of_a_file(editor: Person, second: Person, publish: Publish) -> None:
    made = publish(resources=[{"name": "A", "url": "https://example.org/a.csv", "format": "CSV"}])
    form = f"/dataset/{made['name']}/resource/{made['resources'][0]['id']}/edit"
    for person in (editor, second):
        person.visit(form)
    editor.send(("save", "go-dataset-complete"), name="De la première")
    second.send(("save", "go-dataset-complete"), name="De la seconde")
    assert set(second.faults()) == {"field-name"}
    assert second.value("name") == "De la seconde"
    second.send(("save", "go-dataset-complete"))
    assert show(made["name"])["resources"][0]["name"] == "De la seconde"


@pytest.mark.parametrize("empty", ["   ", "\n\t", "\u00a0 \u3000"])
def test_what_is_only_blank_is_not_filled_in(editor: Person, empty: str) -> None:
    editor.visit("/dataset/new")
    editor.send(title=empty, notes=empty, axis="mobilite")
    assert {"field-title", "field-notes"} <= set(editor.faults())


def test_the_same_change_by_two_is_none(editor: Person, second: Person, publish: Publish) -> None:
    made = publish()
    for person in (editor, second):
        person.visit(f"/dataset/edit/{made['name']}")
    editor.send(title="Le même")
    second.send(title="Le même", version="3")
    assert second.faults() == {}
    assert show(made["name"])["version"] == "3"


def test_a_file_added_meanwhile_is_kept_without_a_word(editor: Person, second: Person, publish: Publish) -> None:
    made = publish()
    second.visit(f"/dataset/edit/{made['name']}")
    editor.visit(f"/dataset/{made['name']}/resource/new")
    editor.send(("save", "go-dataset-complete"), url="https://example.org/a.csv")
    second.send(title="Autre")
    assert second.faults() == {}
    assert len(show(made["name"])["resources"]) == 1


def test_a_draft_published_meanwhile_stays_published(editor: Person, second: Person) -> None:
    describe(editor)
    second.visit("/dataset/edit/velos-du-port")
    editor.send(("save", "publish-without"), forged=True)
    second.send(title="Vélos du vieux port")
    stored = show("velos-du-port")
    assert (stored["state"], stored["title"]) == ("active", "Vélos du vieux port")


@pytest.mark.parametrize("opened", ["{", "[]", "3"])
def test_a_mark_that_no_form_sends_is_refused(editor: Person, publish: Publish, opened: str) -> None:
    made = publish()
    editor.visit(f"/dataset/edit/{made['name']}")
    editor.send(opened=opened, status=400)
    assert json.dumps(show(made["name"])["title"])


# partners


@pytest.fixture
def administrator(app: Any, axes: list[str]) -> Person:
    return Person(app, factories.Sysadmin(password=PASSWORD)["name"])


def test_a_partner_s_address_follows_its_name(administrator: Person) -> None:
    for wanted in ("la-mer-et-l-ete", "la-mer-et-l-ete-2"):
        administrator.visit("/organization/new")
        administrator.send(title="La mer et l’été")
        assert administrator.address == f"/organization/{wanted}"


def test_a_partner_without_a_name_is_asked_for_it(administrator: Person) -> None:
    administrator.visit("/organization/new")
    administrator.send(description="x")
    assert list(administrator.faults()) == ["field-title"]


def test_a_partner_describes_itself(administrator: Person) -> None:
    administrator.visit("/organization/new")
    administrator.send(title="Port", legal_name="Grand port", siren="356 000 000", siret="356 000 000 00048", kind="port", sector="http://data.europa.eu/ux2/nace2/H", dpo_email="dpo@example.org")
    stored = tk.get_action("organization_show")({"ignore_auth": True}, {"id": "port"})
    assert (stored["siren"], stored["siret"], stored["college"]) == ("356000000", "35600000000048", "public")


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"siren": "356000001"}, "field-siren"), ({"siret": "35600000000049"}, "field-siret"), ({"siren": "732829320", "siret": "35600000000048"}, "field-siret"),
        ({"college": "lune"}, "field-college"), ({"dpo_email": "x"}, "field-dpo_email"), ({"url": "xx"}, "field-url"), ({"image_url": "https://example.org/logo.png"}, "field-image_url"),
    ],
)  # fmt: skip
def test_a_partner_s_mistakes(administrator: Person, fields: dict[str, Any], fault: str) -> None:
    administrator.visit("/organization/new")
    administrator.send(title="Port", **fields)
    assert list(administrator.faults()) == [fault]
    assert administrator.value("title") == "Port"


@pytest.mark.parametrize(
    ("name", "content"),
    [("logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"), ("logo.png", b"<script>alert(1)</script>"), ("logo.png", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>")],
)
def test_a_logo_that_is_a_script_is_refused(administrator: Person, name: str, content: bytes) -> None:
    administrator.visit("/organization/new")
    body = administrator.send(title="Port", image_upload=(io.BytesIO(content), name))
    assert list(administrator.faults()) == ["field-image_url"]
    assert "Unsupported" not in body
    assert model.Group.get("port") is None


def test_a_logo_is_taken(administrator: Person) -> None:
    picture = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010806000000 1f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082".replace(" ", ""))
    administrator.visit("/organization/new")
    administrator.send(title="Port", image_upload=(io.BytesIO(picture), "logo.png"))
    stored = tk.get_action("organization_show")({"ignore_auth": True}, {"id": "port"})
    assert stored["image_url"].endswith(".png")
    administrator.visit("/organization/edit/port")
    administrator.send(description="Le port.")
    assert tk.get_action("organization_show")({"ignore_auth": True}, {"id": "port"})["image_url"] == stored["image_url"]


def test_the_second_at_a_file_is_told_and_loses_nothing(editor: Person, second: Person, publish: Publish) -> None:
    made = publish(resources=[{"url": "https://example.org/a.csv", "name": "Ancien", "description": "Avant."}])
    form = f"/dataset/{made['name']}/resource/{made['resources'][0]['id']}/edit"
    for person in (editor, second):
        person.visit(form)
    editor.send(("save", "go-dataset-complete"), name="De la première", description="De la première.")
    body = second.send(("save", "go-dataset-complete"), description="De la seconde.")
    assert show(made["name"])["resources"][0]["description"] == "De la première.", "nothing is saved yet"
    assert set(second.faults()) == {"field-name", "field-description"}
    assert "De la première." in body
    assert (second.value("name"), second.value("description")) == ("De la première", "De la seconde.")
    second.send(("save", "go-dataset-complete"))
    stored = show(made["name"])["resources"][0]
    assert (stored["name"], stored["description"]) == ("De la première", "De la seconde.")
    assert "opened" not in stored


def test_new_data_of_two_under_one_name_are_told_of(editor: Person, second: Person) -> None:
    describe(editor)
    editor.send(("save", "go-metadata"), upload=(io.BytesIO(b"a;b\n1;2\n"), "a.csv"))
    form = f"/dataset/velos-du-port/resource/{show('velos-du-port')['resources'][0]['id']}/edit"
    for person in (editor, second):
        person.visit(form)
    editor.send(("save", "go-dataset-complete"), upload=(io.BytesIO(b"a;b\n3;4\n5;6\n"), "a.csv"))
    size = show("velos-du-port")["resources"][0]["size"]
    second.send(("save", "go-dataset-complete"), upload=(io.BytesIO(b"a;b\n7;8\n9;9\n9;9\n"), "a.csv"))
    assert set(second.faults()) == {"field-url"}
    assert show("velos-du-port")["resources"][0]["size"] == size


def test_two_at_a_draft_s_file(editor: Person, second: Person) -> None:
    describe(editor)
    editor.send(("save", "again"), url="https://example.org/a.csv", name="Ancien")
    form = f"/dataset/velos-du-port/resource/{show('velos-du-port')['resources'][0]['id']}/edit"
    for person in (editor, second):
        person.visit(form)
    editor.send(("save", "again"), name="De la première")
    second.send(("save", "again"), description="De la seconde.")
    assert set(second.faults()) == {"field-name"}
    second.send(("save", "again"))
    stored = show("velos-du-port")["resources"][0]
    assert (stored["name"], stored["description"]) == ("De la première", "De la seconde.")


def test_a_file_deleted_meanwhile_gives_the_text_back(editor: Person, second: Person, publish: Publish) -> None:
    made = publish(resources=[{"url": "https://example.org/a.csv", "name": "Ancien"}])
    second.visit(f"/dataset/{made['name']}/resource/{made['resources'][0]['id']}/edit")
    tk.get_action("resource_delete")({"user": editor.name}, {"id": made["resources"][0]["id"]})
    second.send(("save", "go-dataset-complete"), description="Un long travail.")
    assert second.value("description") == "Un long travail."
    assert second.page.xpath("//*[contains(@class,'tzc-errors')]")
    second.send(("save", "go-dataset-complete"))
    assert show(made["name"])["resources"][0]["description"] == "Un long travail."


def test_two_administrators_of_a_partner(app: Any, administrator: Person) -> None:
    administrator.visit("/organization/new")
    administrator.send(title="Port", description="Avant.")
    other = Person(app, factories.Sysadmin(password=PASSWORD)["name"])
    for person in (administrator, other):
        person.visit("/organization/edit/port")
    administrator.send(description="De la première.", contact_name="Accueil")
    other.send(description="De la seconde.")
    assert set(other.faults()) == {"field-description", "field-contact_name"}
    assert (other.value("description"), other.value("contact_name")) == ("De la seconde.", "Accueil")
    other.send()
    stored = tk.get_action("organization_show")({"ignore_auth": True}, {"id": "port"})
    assert (stored["description"], stored["contact_name"]) == ("De la seconde.", "Accueil")


def test_a_partner_s_mistakes_are_told_at_once(administrator: Person) -> None:
    wrong = {"siren": "356000001", "siret": "35600000000049"}
    logo = lambda: (io.BytesIO(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "logo.svg")  # noqa: E731 -- each sending reads its own
    administrator.visit("/organization/new")
    administrator.send(title="Port", **wrong, image_upload=logo())
    assert set(administrator.faults()) == {"field-siren", "field-siret", "field-image_url"}
    administrator.visit("/organization/new")
    administrator.send(title="Port")
    administrator.visit("/organization/edit/port")
    administrator.send(**wrong, image_upload=logo())
    assert set(administrator.faults()) == {"field-siren", "field-siret", "field-image_url"}


def test_a_dataset_deleted_meanwhile_keeps_what_was_typed(editor: Person, publish: Publish, partner: dict[str, Any]) -> None:
    made = publish()
    editor.visit(f"/dataset/edit/{made['name']}")
    tk.get_action("package_delete")({"user": partner["editor"]}, {"id": made["id"]})
    body = editor.send(title="Écrit trop tard")
    assert "a supprimé" in body and "Écrit trop tard" in body
    stored = show(made["name"])
    assert (stored["state"], stored["title"]) == ("deleted", "Écrit trop tard")


def test_a_form_tells_that_the_dataset_became_a_draft_meanwhile_and_stays_an_edit(editor: Person, second: Person, publish: Publish) -> None:
    made = publish()
    for person in (editor, second):
        person.visit(f"/en/dataset/edit/{made['name']}")
    editor.send(("save", "go-metadata-unpublish"))
    second.send(title="Un autre titre")
    assert "a draft again" in second.page.xpath("string(//*[contains(@class,'tzc-errors')])")
    assert show(made["name"])["title"] != "Un autre titre", "nothing is saved yet"
    second.send()
    stored = show(made["name"])
    assert (stored["title"], stored["state"]) == ("Un autre titre", "draft")
    assert second.address.endswith(f"/dataset/{made['name']}"), "an edit leads to the dataset, not to the next step"


def test_days_as_they_are_written_in_france(editor: Person, publish: Publish) -> None:
    made = publish()
    editor.visit(f"/dataset/edit/{made['name']}")
    editor.send(issued="12/05/2025")
    assert show(made["name"])["issued"] == "2025-05-12"
    editor.visit(f"/dataset/edit/{made['name']}")
    editor.send(issued="31/02/2025", modified="hier", embargo="demain")
    faults = editor.faults()
    for field, typed in (("issued", "31/02/2025"), ("modified", "hier"), ("embargo", "demain")):
        assert typed in faults[f"field-{field}"] and "2026-11-28" in faults[f"field-{field}"]
        assert editor.value(field) == typed
        assert editor.page.xpath("string(//input[@name=$name]/@type)", name=field) == "text", "a field of days would drop it"


def test_what_only_data_that_are_asked_for_need_is_folded_for_open_ones(editor: Person, publish: Publish) -> None:
    for level, folded in (("open", 2), ("restricted", 0)):
        editor.visit(f"/dataset/{publish(access_level=level)['name']}/resource/new")
        assert len(editor.page.xpath("//details//select[@name='columns_before' or @name='sample_rows']")) == folded


def test_a_form_that_came_back_says_which_file_was_chosen(editor: Person, publish: Publish) -> None:
    """The name that nobody typed follows the next file by it (`form.js`)."""
    editor.visit(f"/dataset/{publish(state='draft')['name']}/resource/new")
    editor.send(("save", "go-metadata"), name="page", upload=(io.BytesIO(b"<!DOCTYPE html><html><body><h1>Page</h1></body></html>"), "page.csv"))
    assert editor.page.xpath("//*[@data-drop]/@data-before") == ["page.csv"]
    assert editor.value("name") == "page"
