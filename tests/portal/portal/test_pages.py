"""The pages of the portal room, as CKAN answers them: status, language, headings, the theme, the texts of all rooms."""
from __future__ import annotations

import re
from importlib.resources import files
from typing import Any

import ckan.plugins.toolkit as tk
import pytest
from ckan.tests import helpers
from ckanext.tzc.common.territory import territory
from ckanext.tzc.portal import helpers as portal

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index")


def headings(body: str) -> list[str]:
    return [re.sub(r"<[^>]+>", "", found).strip() for found in re.findall(r"<h1[^>]*>(.*?)</h1>", body, re.S)]


def dataset(partner: dict[str, Any], **fields: Any) -> dict[str, Any]:
    given = {"title": "Passages de vélos", "name": "passages", "notes": "Un premier fait. Un second.", "license_id": "lov2", "access_level": "open"}
    own = {"owner_org": partner["id"], "axis": ["mobilite"]}
    made: dict[str, Any] = helpers.call_action("package_create", context={"user": partner["editor"], "ignore_auth": False}, **{**given, **own, **fields})
    return made


@pytest.mark.parametrize("address", ["/", "/dataset/", "/organization/", "/group/", "/about", "/accessibilite", "/user/login", "/user/reset"])
def test_answers_in_french(app: Any, axes: list[str], address: str) -> None:
    body = app.get(address).body
    assert '<html lang="fr"' in body
    assert len(headings(body)) == 1


def test_english(app: Any, axes: list[str]) -> None:
    body = app.get("/en/about").body
    assert '<html lang="en"' in body
    assert headings(body) == ["About this portal"]


def test_not_found(app: Any) -> None:
    answer = app.get("/nulle-part", status=404)
    assert headings(answer.body) == ["Cette page n’existe pas"]


def test_theme_has_the_territorys_colour(app: Any) -> None:
    answer = app.get("/tzc/theme.css")
    assert territory().colours.accent.lower() in answer.body
    assert "max-age=2592000" in answer.headers["Cache-Control"]
    assert answer.headers["Content-Type"].startswith("text/css")


def test_home_shows_live_figures(app: Any, partner: dict[str, Any]) -> None:
    dataset(partner)
    body = app.get("/").body
    assert "Passages de vélos" in body
    assert "1 jeu de données" in body
    for axis in territory().axes:
        assert axis.title["fr"] in body


def test_home_asks_the_index_twice_at_most(app: Any, partner: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """However many datasets there are."""
    from ckan.lib.search.query import PackageSearchQuery

    for number in range(3):
        dataset(partner, name=f"passages-{number}")
    asked: list[Any] = []
    stock = PackageSearchQuery.run
    monkeypatch.setattr(PackageSearchQuery, "run", lambda self, query, **more: (asked.append(query), stock(self, query, **more))[1])
    app.get("/")
    assert len(asked) <= 2
    assert len([query for query in asked if query.get("facet") != "false" or query.get("rows")]) == 1, "what CKAN asks for besides is not shown, and only counted"
    asked.clear()
    app.get("/dataset/")
    assert len(asked) == 1


def test_dataset_page(app: Any, partner: dict[str, Any]) -> None:
    made = dataset(partner, communes=["17028"], temporal_coverage=[{"start": "2026-01-01", "end": "2026-02-01"}])
    body = app.get(f"/dataset/{made['name']}").body
    assert headings(body) == ["Passages de vélos"]
    assert "Aytré" in body
    assert "Du 1er janvier 2026 au 1er février 2026" in body
    assert "Citer la source" in body
    assert "Additional Info" not in body
    assert "publications.europa.eu" not in body


def test_no_page_names_a_user_to_a_stranger(app: Any, partner: dict[str, Any]) -> None:
    made = dataset(partner)
    user = partner["editor"]
    assert user not in app.get(f"/dataset/{made['name']}").body


@pytest.mark.usefixtures("with_request_context")
class TestWords:
    """Helpers that say things in words."""

    def test_summary_is_one_or_two_sentences_without_markdown(self) -> None:
        words = portal.tzc_summary({"notes": "**Où** garer [son vélo](https://example.org) ? " + "Une phrase assez longue pour dépasser la place donnée. " * 6})
        assert words.startswith("Où garer son vélo ?")
        assert "*" not in words
        assert len(words) <= portal.SUMMARY_LIMIT

    def test_place(self) -> None:
        codes = [commune.code for commune in territory().communes]
        assert portal.tzc_place({"communes": []}) == portal.tzc_place({"communes": codes})
        assert portal.tzc_place({"communes": codes[:2]}).count(",") == 1

    def test_pages_leave_out_the_middle(self) -> None:
        assert portal.tzc_pages(1, 1) == [1]
        assert portal.tzc_pages(5, 9) == [1, None, 4, 5, 6, None, 9]

    def test_a_value_may_come_as_text_list_or_json(self) -> None:
        assert portal.tzc_list("a") == portal.tzc_list(["a"]) == portal.tzc_list('["a"]') == ["a"]
        assert portal.tzc_list("") == portal.tzc_list(None) == []

    def test_sections_open_where_a_mistake_is(self) -> None:
        kept = {"field_name": "kept", "section": "more", "form_snippet": None}
        fields = [{"field_name": "title", "section": "essentials"}, {"field_name": "contact", "section": "trusted"}, kept]
        sections = {section["id"]: section["open"] for section in portal.tzc_sections(fields, {"contact": ["mistake"]})}
        assert sections == {"essentials": True, "trusted": True}


def test_every_text_has_its_french() -> None:
    """Each message of each room has a French text in the catalogue that is shipped, and its compiled form is up to date (docs/pages.md)."""
    from babel.messages.extract import extract_from_dir
    from babel.messages.mofile import read_mo
    from babel.messages.pofile import read_po

    folder = files("ckanext.tzc") / "i18n"
    keywords = {"_": None, "gettext": None, "ngettext": (1, 2), "ungettext": (1, 2)}
    found = extract_from_dir(str(files("ckanext.tzc") / "."), [("**.py", "python"), ("**/templates/**.html", "ckan")], keywords=keywords)
    wanted = {message for _file, _line, message, _comments, _context in found if message}
    with (folder / "fr" / "LC_MESSAGES" / "ckanext-tzc.po").open("rb") as source:
        french = {message.id: message.string for message in read_po(source) if message.id}
    missing = [message for message in wanted if not french.get(message) or (isinstance(message, tuple) and not all(french[message]))]
    assert missing == []
    with (folder / "fr" / "LC_MESSAGES" / "ckanext-tzc.mo").open("rb") as source:
        compiled = {_first(message.id): _texts(message.string) for message in read_mo(source) if message.id}
    assert compiled == {_first(message): _texts(text) for message, text in french.items()}


def _first(message: Any) -> str:
    return message if isinstance(message, str) else str(message[0])


def _texts(text: Any) -> list[str]:
    return [text] if isinstance(text, str) else list(text)


def test_no_template_of_a_room_has_an_inline_script() -> None:
    for template in (files("ckanext.tzc") / "portal" / "templates").rglob("*.html"):  # type: ignore[attr-defined]  # -- a folder of the checkout is a Path
        text = template.read_text(encoding="utf-8")
        # what a search engine reads is data: no browser runs it
        assert not re.search(r"<script\b(?! type=\"application/ld\+json\")|<style\b|\son\w+=\"|javascript:", text), template


def test_toolkit_has_the_helpers(app: Any) -> None:
    with app.flask_app.test_request_context():
        assert tk.h.tzc_territory().id == territory().id


def test_what_is_written_in_another_language_than_the_page_says_so(app: Any, partner: dict[str, Any]) -> None:
    file = {"name": "Un lien", "url": "https://example.org/a.csv", "format": "CSV"}
    dataset(partner, resources=[file])
    dataset(partner, name="english", title="Bike counts", language=["http://publications.europa.eu/resource/authority/language/ENG"])
    page, listed = app.get("/en/dataset/passages").body, app.get("/en/dataset/").body
    assert '<h1><span lang="fr">Passages de vélos</span>' in page
    assert '<div class="tzc-prose" lang="fr">' in page
    assert re.search(r'<h3><a lang="fr"[^>]*>Un lien', page)
    assert re.search(r'<a lang="fr" href="/en/dataset/passages">', listed)
    assert '<p class="tzc-summary" lang="fr">' in listed
    assert '<a href="/en/dataset/english">' in listed
    assert re.search(r'<h1 lang="fr">', app.get(f"/en/organization/{partner['name']}").body)
    assert "<h1><span>Passages" in app.get("/dataset/passages").body
    assert '<h1><span lang="en">Bike counts</span>' in app.get("/dataset/english").body


@pytest.mark.parametrize("contact", [[], [{"name": "", "email": "", "url": ""}], [{"identifier": "x"}]])
def test_there_is_always_somebody_to_ask(app: Any, partner: dict[str, Any], contact: list[dict[str, str]]) -> None:
    dataset(partner, contact=contact)
    asked = app.get("/dataset/passages").body.partition("Une question")[2].partition("</section>")[0]
    assert "mailto:" in asked
    helpers.call_action("organization_patch", context={"user": partner["editor"], "ignore_auth": True}, id=partner["id"], email="partenaire@example.org")
    asked = app.get("/dataset/passages").body.partition("Une question")[2].partition("</section>")[0]
    assert "mailto:partenaire@example.org" in asked
