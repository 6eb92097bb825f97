"""Bringing a catalogue, in a browser: the source is added, its dry run looked at, a licence mapped, the plan made again and approved, watched, and a dataset found; and a table, whose
columns are chosen without a script."""
from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from tests.looks import check
from tests.people import sign_in
from tests.sites import Reply, Site, served

pytestmark = pytest.mark.browser

TERMS = "Conditions de la régie des eaux"
"""What the catalogue calls its licence: no other knows it."""


def feed(site: Site, word: str) -> bytes:
    lines = ["@prefix dcat: <http://www.w3.org/ns/dcat#> .", "@prefix dct: <http://purl.org/dc/terms/> .", f"<{site.address}/catalog.ttl> a dcat:Catalog ."]
    for number in range(12):
        node = f"https://eau.example.org/{word}-{number}"
        title = json.dumps(f"Nappe {word} {number}", ensure_ascii=False)
        lines.append(f"<{site.address}/catalog.ttl> dcat:dataset <{node}> . <{node}> a dcat:Dataset ; dct:title {title}@fr ; dct:description \"Niveau relevé chaque jour.\"@fr ;")
        lines.append(f"  dcat:distribution <{node}/1> . <{node}/1> a dcat:Distribution ; dcat:downloadURL <{node}.csv> ; dct:format \"CSV\" ; dct:license {json.dumps(TERMS, ensure_ascii=False)} .")
    return "\n".join(lines).encode()


def waits(page: Any) -> None:
    """Until the plan waits for somebody; the page moves by itself."""
    over = page.locator("[data-tzc-progress-over]")
    over.wait_for(timeout=60_000)
    over.locator("a").click()
    page.wait_for_load_state()


def test_a_catalogue_is_brought(portal: Any, page: Any) -> None:
    word = f"x{uuid.uuid4().hex[:6]}"
    name = f"eau-{word}"
    with served() as site:
        document = feed(site, word)
        site.answer = lambda _asked: Reply(document, headers={"Content-Type": "text/turtle"})
        sign_in(page, portal.url, portal.administrator)

        # add the source
        page.goto(f"{portal.url}/harvest/")
        page.click("main a[href$='/harvest/new']")
        page.wait_for_load_state()
        check(page)
        page.set_viewport_size({"width": 1280, "height": 900})
        page.check("input[name=source_type][value=tzc_dcat]")
        page.fill("input[name=url]", f"{site.address}/catalog.ttl")
        page.fill("input[name=title]", f"Régie des eaux {word}")
        page.fill("input[name=name]", name)
        page.select_option("select[name=owner_org]", index=0)
        page.fill("textarea[name=config]", json.dumps({"allow_internal": True}))
        page.locator("main [name=save]").first.click()
        page.wait_for_load_state()
        assert page.url.endswith(f"/harvest/{name}"), page.locator("main").inner_text()[:600]
        check(page)
        page.set_viewport_size({"width": 1280, "height": 900})

        # see the dry run
        page.click("main form[action$='/order/dry-run'] button")
        page.wait_for_load_state()
        waits(page)
        page.locator("main a[href$='/plan']").first.click()
        page.wait_for_load_state()
        assert page.locator("main details", has_text=f"Nappe {word}").count() == 12
        check(page)
        page.set_viewport_size({"width": 1280, "height": 900})
        assert page.request.get(f"{portal.url}/dataset/?q={word}").text().count(f"Nappe {word}") == 0, "a plan writes nothing"

        # map the licence
        page.goto(f"{portal.url}/harvest/{name}")
        page.locator("main a[href$='/mapping'], main a[href*='correspond']").first.click()
        page.wait_for_load_state()
        tried = page.locator("section[aria-labelledby=tried-title]")
        assert tried.locator("h3").count() == 3 and "Licence Ouverte" not in tried.inner_text()
        assert page.locator("main .tzc-notice a[href='#part-licence']").count() == 1, "what needs a decision is said first, and its section is open"
        page.locator("#part-licence input[name=licence-word]").last.fill(TERMS)
        page.locator("#part-licence select[name=licence-ours]").last.select_option("lov2")
        page.click("main button[name=try]")
        page.wait_for_load_state()
        assert tried.inner_text().count("Licence Ouverte 2.0") == 3
        check(page)
        page.set_viewport_size({"width": 1280, "height": 900})
        page.click("main button[name=save]")
        page.wait_for_load_state()

        # the old plan is none any more
        page.goto(f"{portal.url}/harvest/{name}")
        assert page.locator("form[action$='/order/approve']").count() == 0
        page.click("main form[action$='/order/plan-again'] button")
        page.wait_for_load_state()
        waits(page)

        # approve, and watch
        page.click("main form[action$='/order/approve'] button")
        page.wait_for_load_state()
        waits(page)
        assert "12 nouveaux" in page.locator("main").inner_text()
        check(page)

        # find a dataset
        page.goto(f"{portal.url}/dataset/?q={word}")
        links = page.locator("main a[href*='/dataset/nappe-']", has_text=f"Nappe {word}")
        assert links.count() == 12
        links.first.click()
        page.wait_for_load_state()
        assert "Licence Ouverte 2.0" in page.locator("main").inner_text()
        check(page)



def test_the_columns_of_a_table_are_chosen_without_a_script(portal: Any, page: Any, browser: Any) -> None:
    word = f"x{uuid.uuid4().hex[:6]}"
    with served() as site:
        table = f"Nom du jeu;À quoi il sert;Droits\nNappe {word};Niveau relevé chaque jour.;Licence Ouverte 2.0\nForage {word};Débit.;\n"
        site.answer = lambda _asked: Reply(table.encode(), headers={"Content-Type": "text/csv"})
        sign_in(page, portal.url, portal.administrator)
        page.goto(f"{portal.url}/harvest/new")
        page.check("input[name=source_type][value=tzc_table]")
        page.fill("input[name=url]", f"{site.address}/jeux.csv")
        page.fill("input[name=title]", f"Tableau {word}")
        page.fill("input[name=name]", f"tableau-{word}")
        page.select_option("select[name=owner_org]", index=0)
        page.fill("textarea[name=config]", json.dumps({"allow_internal": True}))
        page.locator("main [name=save]").first.click()
        page.wait_for_load_state()
        context = browser.new_context(java_script_enabled=False, locale="fr-FR", storage_state=page.context.storage_state(), viewport={"width": 360, "height": 800})
        plain = context.new_page()
        plain.goto(f"{portal.url}/harvest/tableau-{word}/correspondances")
        with plain.expect_navigation():
            plain.locator("main .form-actions button[name=ask]").click()
        part = plain.locator("#part-columns")
        assert part.get_attribute("open") is not None and part.locator("select").count() == 3 and "Forage" in part.inner_text()
        for label, field in (("Nom du jeu", "title"), ("À quoi il sert", "description"), ("Droits", "licence")):
            part.get_by_label(label).select_option(field)
        with plain.expect_navigation():
            plain.click("main button[name=try]")
        tried = plain.locator("section[aria-labelledby=tried-title]")
        assert tried.locator("h3").all_inner_texts() == [f"Nappe {word}", f"Forage {word}"] and "Licence Ouverte 2.0" in tried.inner_text()
        with plain.expect_navigation():
            plain.click("main button[name=save]")
        assert part.get_by_label("Nom du jeu").input_value() == "title"
        context.close()
        page.goto(f"{portal.url}/harvest/tableau-{word}/correspondances")
        page.locator("#part-columns > summary").click()
        check(page)
