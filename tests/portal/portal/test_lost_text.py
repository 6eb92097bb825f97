"""What was typed is not lost when a session ends, and no stranger's page is helped by that."""
from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
from ckan.tests import factories

from tests.people import PASSWORD, Person

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

Publish = Callable[..., dict[str, Any]]


def ours() -> dict[str, str]:
    return {"Origin": tk.config["ckan.site_url"]}


def test_a_session_that_ended_keeps_the_text(app: Any, editor: Person, publish: Publish) -> None:
    made = publish(title="Avant")
    address = f"/dataset/edit/{made['name']}"
    body = editor.visit(address)
    values: dict[str, Any] = {}
    for name, value in editor.page.xpath("//main//form[@method='post']")[0].form_values():
        values.setdefault(name, []).append(value)
    values.update(title="Un long travail", notes="Deux lignes,\r\n\r\nécrites avec soin.", save="")
    for cookie in list(editor._cookies or {}):
        editor._cookies.pop(cookie)
    answer = editor.post(address, data=values, headers=ours())
    body = editor._read(answer, 400)
    assert "CSRF" not in body
    assert "Un long travail" in editor.page.xpath("string(//main//dl)")
    assert editor.page.xpath("//main//a[contains(@href,'/user/login')][@target='_blank']")

    kept = {name: value for name, value in editor.page.xpath("//main//form")[0].form_values() if name != "_csrf_token"}
    again = Person(app, editor.name)  # the other tab
    editor._cookies = again._cookies
    body = editor._read(editor.post(address, data={**kept, "_csrf_token": "stale"}, headers=ours()), 400)
    sent: dict[str, Any] = {}
    for name, value in editor.page.xpath("//main//form")[0].form_values():
        sent.setdefault(name, []).append(value)
    editor._read(editor.post(address, data=sent, headers=ours(), follow_redirects=True), 200)
    stored = tk.get_action("package_show")({"ignore_auth": True}, {"id": made["id"]})
    assert stored["title"] == "Un long travail"
    assert stored["notes"].replace("\r\n", "\n") == "Deux lignes,\n\nécrites avec soin."


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Referer": "https://evil.example/x"}, {}])
def test_a_forged_form_is_not_given_back(editor: Person, headers: dict[str, str]) -> None:
    body = editor._read(editor.post("/dataset/new", data={"title": "Forgé"}, headers=headers), 400)
    assert "Forgé" not in body
    assert model.Session.query(model.Package).filter_by(title="Forgé").count() == 0


def test_what_only_acts_is_not_given_back(editor: Person, publish: Publish) -> None:
    made = publish()
    body = editor._read(editor.post(f"/dataset/delete/{made['name']}", data={"delete": "yes"}, headers=ours()), 400)
    assert not editor.page.xpath("//main//form[@method='post']")
    assert "CSRF" not in body


def test_passwords_are_never_given_back(editor: Person) -> None:
    body = editor._read(editor.post("/dataset/new", data={"title": "x", "password1": "geheim"}, headers=ours()), 400)
    assert "geheim" not in body


def test_a_picture_in_a_description_becomes_a_link(editor: Person, publish: Publish) -> None:
    words = 'Voir ![Le port & "vieux"](https://example.org/port.png) et <img src="https://example.org/b.png"> [![Plan](https://example.org/c.png)](https://example.org/plan)'
    made = publish(notes=words)
    editor.visit(f"/dataset/{made['name']}")
    prose = editor.page.xpath("//*[contains(@class,'tzc-prose')][.//a[@href='https://example.org/port.png']]")[0]
    assert not prose.xpath(".//img")
    links = {link.get("href"): link.text_content() for link in prose.xpath(".//a")}
    assert links["https://example.org/port.png"] == 'Le port & "vieux"'
    assert links["https://example.org/b.png"]
    assert links["https://example.org/plan"] == "Plan"
    assert not prose.xpath(".//a//a")


@pytest.mark.parametrize("form", ["/dataset/edit/{name}", "/organization/edit/{partner}", "/dataset/{name}/resource/new"])
def test_long_texts_say_where_they_end(app: Any, partner: dict[str, Any], publish: Publish, form: str) -> None:
    person = Person(app, factories.Sysadmin(password=PASSWORD)["name"])
    person.visit(form.format(name=publish()["name"], partner=partner["name"]))
    limited = person.page.xpath("//main//form[@method='post']//textarea")
    assert limited and {field.get("maxlength") for field in limited} == {"100000"}
    for title in person.page.xpath("//main//input[@name='title']"):
        assert title.get("maxlength") == "300"


def test_what_was_written_is_told_by_the_names_of_the_form(editor: Person, partner: dict[str, Any]) -> None:
    values = {"title": "Un titre", "owner_org": partner["id"], "license_id": "lov2", "temporal_coverage-0-start": "2024-01-01", "_ckan_phase": "dataset_new_1", "_csrf_token": "stale"}
    editor.visit("/dataset/new")
    editor._read(editor.post("/dataset/new", data=values, headers=ours()), 400)
    labels = [term.text_content() for term in editor.page.xpath("//main//dl/dt")]
    told = editor.page.xpath("string(//main//dl)")
    assert labels == ["Titre", "Partenaire", "Licence", "Période couverte – Début"]
    assert "Licence Ouverte" in told and "_ckan_phase" not in told


def test_who_goes_on_before_signing_in_gets_the_page_once_more(app: Any, editor: Person, partner: dict[str, Any]) -> None:
    stranger = Person(app, "nobody")
    stranger._read(stranger.post("/en/dataset/new", data={"title": "Un long travail", "owner_org": partner["id"], "_csrf_token": "stale"}, headers=ours()), 400)
    assert partner["id"] not in stranger.page.xpath("string(//main//dl)")
    for _time in range(2):
        sent = dict(stranger.page.xpath("//main//form")[0].form_values())
        stranger._read(stranger.post("/en/dataset/new", data=sent, headers=ours()), 400)
        assert "not signed in yet" in stranger.page.xpath("string(//main//h1)")
        assert sent["title"] == "Un long travail"
        ways = stranger.page.xpath("//a[contains(@href,'/user/login')]")
        assert len(ways) > 1 and {way.get("target") for way in ways} == {"_blank"}


def test_a_new_file_that_was_chosen_is_chosen_again_in_the_form(editor: Person, publish: Publish) -> None:
    address = f"/dataset/{publish(state='draft', resources=[{'url': 'https://example.org/a.csv'}])['name']}/resource/new"
    sent = {"id": "", "url": "", "save": "go-metadata", "_csrf_token": "stale", "upload": (io.BytesIO(b"a,b\n1,2\n"), "été 1.csv")}
    editor._read(editor.post(address, data=sent, headers=ours()), 400)
    form = editor.page.xpath("//main//form")[0]
    again = editor.post(address + form.get("action"), data=dict(form.form_values()), headers=ours())
    editor._read(again, 200)
    assert editor.page.xpath("//main//input[@type='file'][@name='upload']"), "nothing is published without the file"
    assert editor.page.xpath("//*[@id='field-url']/p[@class='tzc-field-error']")
