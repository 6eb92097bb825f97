"""Ways through the portal: help, sign-in before what needs it, addresses that programs guess, and what search engines are told."""
from __future__ import annotations

import contextvars
import json
import re
from collections.abc import Callable
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
from ckan.tests import factories
from lxml import etree

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

Publish = Callable[..., dict[str, Any]]
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def asked(app: Any, address: str, user: str = "", status: int = 200, follow: bool = True) -> Any:
    """An answer, in a context of its own, to a user or a stranger."""
    headers = {"Authorization": factories.APIToken(user=user)["token"]} if user else {}
    return contextvars.Context().run(app.get, address, headers=headers, status=status, follow_redirects=follow)


@pytest.mark.parametrize("page", ["comprendre", "publier", "api"])
def test_help_in_both_languages(app: Any, page: str) -> None:
    french, english = asked(app, f"/aide/{page}").body, asked(app, f"/en/aide/{page}").body
    assert re.search(r"<h1>(.*?)</h1>", french)[1] != re.search(r"<h1>(.*?)</h1>", english)[1]  # type: ignore[index] -- a page without heading fails
    for body in (french, english):
        assert "{site}" not in body and "{root}" not in body and "| ---" not in body
        for address in set(re.findall(r'href="(?:http://test\.ckan\.net)?(/(?:en/)?(?:group|aide|catalog|api|feeds|sitemap)[^"]*)"', body)):
            asked(app, address.replace("&amp;", "&"))
    assert 'href="/aide"' in asked(app, "/").body
    asked(app, "/aide/nulle-part", status=404)


def test_help_is_beside_the_work(app: Any, partner: dict[str, Any]) -> None:
    assert "/aide/publier" in asked(app, "/dataset/new", partner["editor"]).body
    assert "/aide/publier" in asked(app, "/dashboard/datasets", partner["editor"]).body


@pytest.mark.parametrize("address", ["/dataset/new", "/harvest", "/harvest/new"])
def test_strangers_are_asked_to_sign_in_where_that_helps(app: Any, address: str) -> None:
    answer = asked(app, address, status=302, follow=False)
    assert answer.headers["Location"].endswith(f"/user/login?came_from={address}")


def test_who_is_signed_in_is_told_what_is_missing(app: Any, axes: list[str]) -> None:
    body = asked(app, "/dataset/new", factories.User()["name"], status=403).body
    assert "/user/login?" not in body


@pytest.mark.parametrize(
    ("guessed", "found"), [("/about/", "/about"), ("/favicon.ico", "/tzc/favicon.svg"), ("/dataset/followers/quelque-chose", "/dataset/quelque-chose")]
)
def test_addresses_that_people_and_programs_guess(app: Any, guessed: str, found: str) -> None:
    answer = asked(app, guessed, status=302, follow=False)
    assert found in answer.headers["Location"]


def test_addresses_with_a_last_stroke(app: Any) -> None:
    for address in ("/aide/", "/aide/api/", "/accessibilite/"):
        asked(app, address)


def test_the_sitemap_holds_public_datasets_with_their_dates(app: Any, publish: Publish, partner: dict[str, Any]) -> None:
    public, hidden = publish(), publish(access_level="confidential")
    draft = publish()
    tk.get_action("package_patch")({"user": partner["editor"]}, {"id": draft["id"], "state": "draft"})
    answer = asked(app, "/sitemap.xml")
    assert answer.mimetype == "application/xml"
    urls = {url.findtext(f"{SITEMAP}loc"): url.findtext(f"{SITEMAP}lastmod") for url in etree.fromstring(answer.data)}
    shown = tk.get_action("package_show")({"ignore_auth": True, "user": ""}, {"id": public["id"]})
    assert urls[f"http://test.ckan.net/dataset/{public['name']}"] == shown["metadata_modified"][:19] + "Z"
    assert "http://test.ckan.net/" in urls
    assert not [address for address in urls if hidden["name"] in address or draft["name"] in address]
    assert "Sitemap: http://test.ckan.net/sitemap.xml" in asked(app, "/robots.txt").body


def test_a_large_sitemap_is_in_parts(app: Any, publish: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    from ckanext.tzc.portal import sitemap

    monkeypatch.setattr(sitemap, "PAGE", 2)
    names = {publish()["name"] for _ in range(3)}
    parts = [part.findtext(f"{SITEMAP}loc") for part in etree.fromstring(asked(app, "/sitemap.xml").data)]
    assert parts == ["http://test.ckan.net/sitemap-1.xml", "http://test.ckan.net/sitemap-2.xml"]
    found = "".join(asked(app, part.removeprefix("http://test.ckan.net")).body for part in parts)
    assert all(found.count(f"/dataset/{name}<") == 1 for name in names)
    asked(app, "/sitemap-3.xml", status=404)


def test_a_mistaken_address_is_not_taken_for_a_form(app: Any) -> None:
    body = asked(app, "/en/dataset/?page=abc", status=400).body
    assert "what you typed" not in body
    assert "Something in this address" in body


def test_beyond_the_last_page_of_partners(app: Any, partner: dict[str, Any]) -> None:
    body = asked(app, "/en/organization/?page=9").body
    assert "will be listed here" not in body
    assert "The list does not go that far." in body


def test_a_datasets_place_is_drawn_and_said(app: Any, publish: Publish) -> None:
    body = asked(app, f"/en/dataset/{publish(communes=['17010', '17028'])['name']}").body
    drawing = re.search(r'<svg class="tzc-where".*?</svg>', body, re.S)
    assert drawing is not None
    assert drawing[0].count("<path") == 28
    assert drawing[0].count('class="is-in"') == 2
    assert 'role="img" aria-label="Map of the communes; in colour: Angoulins, Aytré"' in drawing[0]
    assert "IGN, Admin Express" in body


def test_the_ground_of_maps(app: Any) -> None:
    answer = asked(app, tk.h.tzc_ground_url())
    features = answer.json["features"]
    assert len(features) == 28
    assert all(feature["geometry"] and len(feature["properties"]["centre"]) == 2 for feature in features)
    assert "immutable" in answer.headers["Cache-Control"]
    assert len(answer.data) < 60_000


def test_a_file_that_is_no_table_offers_no_look_inside(app: Any, publish: Publish, partner: dict[str, Any]) -> None:
    made = publish()
    tk.get_action("resource_create")({"user": partner["editor"]}, {"package_id": made["id"], "name": "Un lien", "url": "https://example.org/a.pdf", "format": "PDF"})
    body = asked(app, f"/en/dataset/{made['name']}").body
    assert "Look inside" not in body
    assert "No preview" in body


def test_what_a_harvest_left_without_a_name_is_not_shown(app: Any, publish: Publish) -> None:
    from ckan.lib import search

    blank, made = "Nff56af0123456789abcdef0123456789", publish()
    # as a harvest without our checks left it
    package = model.Package.get(made["id"])
    values = {"conforms_to": json.dumps([blank, "https://example.org/norme"]), "theme": json.dumps(["http://example.org/themes/Climat"])}
    if isinstance(package.extras, dict):
        package.extras = {**package.extras, **values}
    else:
        package.extras.update(values)
    model.Session.commit()
    search.rebuild(made["id"])
    body = asked(app, f"/en/dataset/{made['name']}").body
    assert blank not in body
    assert "https://example.org/norme" in body
    assert '<a href="http://example.org/themes/Climat">Climat</a>' in body


def test_a_harvested_dataset_says_where_it_comes_from(app: Any, publish: Publish, partner: dict[str, Any]) -> None:
    from ckanext.harvest.model import HarvestJob, HarvestObject, HarvestSource

    made, other = publish(), publish()
    source = HarvestSource(id="source", url="https://secret@catalogue.example.org:8443/data.rdf?token=hidden", title="Le catalogue du port", type="dcat_rdf")
    job = HarvestJob(id="job", source=source)
    for entry in (source, job, HarvestObject(guid="g", source=source, job=job, package_id=made["id"], current=True)):
        model.Session.add(entry)
    model.Session.commit()
    body = asked(app, f"/en/dataset/{made['name']}").body
    assert "Harvested from the catalogue “Le catalogue du port”" in body
    assert "https://catalogue.example.org:8443/" in body
    assert "hidden" not in re.search(r"Harvested from.*?</p>", body, re.S)[0]  # type: ignore[index] -- was found just above
    assert "Harvested from" not in asked(app, f"/en/dataset/{other['name']}").body
    assert "The next harvest overwrites" in asked(app, f"/en/dataset/edit/{made['name']}", partner["editor"]).body


def test_the_account_form_keeps_what_is_typed_and_asks_no_picture(app: Any, partner: dict[str, Any]) -> None:
    body = asked(app, f"/en/user/edit/{partner['editor']}", partner["editor"]).body
    assert 'class="tzc-light"' in body
    assert "picture" not in body.lower()
    for field in ("fullname", "email", "about", "old_password", "password1", "password2"):
        assert f'name="{field}"' in body


@pytest.mark.parametrize("server", ["", "smtp://localhost:25"])
def test_reset_says_whom_to_write_to_where_no_mail_can_be_sent(app: Any, monkeypatch: pytest.MonkeyPatch, server: str) -> None:
    monkeypatch.setitem(tk.config, "tzc.mail.url", server)
    body = asked(app, "/en/user/reset").body
    assert ('name="user"' in body) is bool(server)
    assert ("This portal cannot send mail yet." in body) is not bool(server)
    assert 'class="tzc-light"' in body


def test_a_partner_and_a_dataset_say_what_was_filled_in(app: Any, publish: Any, partner: dict[str, Any]) -> None:
    given = {"legal_name": "Régie d'essai", "siren": "552100554", "dpo_name": "Une déléguée", "dpo_email": "dpo@example.org"}
    tk.get_action("organization_patch")({"ignore_auth": True, "user": partner["editor"]}, {"id": partner["id"], **given})
    page = app.get(f"/organization/about/{partner['name']}").body
    for words in ("Régie d&#39;essai", "552100554", "Une déléguée", "dpo@example.org"):
        assert words in page
    made = publish(update_promise="Chaque lundi", source_system="Le logiciel des compteurs")
    page = app.get(f"/dataset/{made['name']}").body
    assert "Chaque lundi" in page and "Le logiciel des compteurs" in page


def test_ckans_address_of_a_new_account_leads_to_ours(app: Any) -> None:
    assert app.get("/user/register", follow_redirects=False).headers["Location"].endswith("/compte/nouveau")
