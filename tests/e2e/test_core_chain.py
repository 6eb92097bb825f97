"""The mission's core chain in a real browser: publish, find, preview, feed; harvest, find."""
from __future__ import annotations

import contextlib
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rdflib import Graph
from rdflib.namespace import DCTERMS

pytestmark = pytest.mark.browser

TABLE = """\
date;commune;code_commune;passages;temperature
2024-05-01;La Rochelle;17300;1250;14,5
2024-05-02;La Rochelle;17300;1310;15,2
2024-05-03;Aytré;17028;;13,9
"""


def sign_in(page: Any, url: str, account: tuple[str, str]) -> None:
    page.goto(f"{url}/user/login")
    page.fill("input[name=login]", account[0])
    page.fill("input[name=password]", account[1])
    page.click("main button[type=submit]")
    page.wait_for_load_state()


def until(true: Callable[[], bool], seconds: float = 90) -> None:
    """Wait for work that is done behind the page."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(1)


def fetch(address: str) -> str:
    with urllib.request.urlopen(address, timeout=60) as answer:
        return str(answer.read().decode())


def test_a_partner_publishes_and_a_citizen_finds(portal: Any, page: Any, browser: Any, tmp_path: Path) -> None:
    file = tmp_path / "passages.csv"
    file.write_text(TABLE, encoding="utf-8")
    title = f"Passages de trottinettes {int(time.time())}"

    sign_in(page, portal.url, portal.partner)
    page.goto(f"{portal.url}/dataset/new")
    page.fill("#field-title", title)
    page.fill("#field-notes", "Passages par jour devant deux compteurs d'essai.")
    page.check("input[name=axis][value=mobilite]")
    page.click("#section-trusted > summary")
    page.fill("input[name='contact-0-email']", "pas une adresse")
    page.click("main button[name=save]")

    # one mistake, told beside its field; nothing typed is lost
    assert "adresse" in page.locator(".tzc-errors").inner_text()
    assert page.locator("#field-title").input_value() == title
    page.fill("input[name='contact-0-email']", "mobilites@example.org")
    page.click("main button[name=save]")

    page.set_input_files("input[type=file]", str(file))
    page.click("button[value=go-metadata]")
    page.wait_for_load_state()
    assert page.locator("h1").inner_text().strip() == title
    address = page.url.split("?")[0]
    name = address.rpartition("/")[2]

    # the citizen is somebody else, without a session
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="fr-FR")
    citizen = context.new_page()
    citizen.goto(f"{portal.url}/dataset/?q=trottinette")
    assert title in citizen.locator("main").inner_text()
    citizen.get_by_role("link", name=title).first.click()

    def previewed() -> bool:
        citizen.reload()
        return "1250" in _all_text(citizen) or "1 250" in _all_text(citizen)

    # the demonstration's own tables may stand before it in the queue
    until(previewed, 300)
    assert "Aytré" in _all_text(citizen)
    context.close()

    for extension, kind in {"ttl": "turtle", "rdf": "xml", "jsonld": "json-ld"}.items():
        graph = Graph().parse(data=fetch(f"{portal.url}/dataset/{name}.{extension}"), format=kind)
        assert title in {str(value) for value in graph.objects(None, DCTERMS.title)}
        assert title in fetch(f"{portal.url}/catalog/all.{extension}")


def _all_text(page: Any) -> str:
    """The page's text with that of its frames, in plain spaces."""
    texts = []
    for frame in page.frames:
        with contextlib.suppress(Exception):
            texts.append(frame.locator("body").inner_text())
    return "\n".join(texts).replace("\u202f", " ").replace("\xa0", " ")


def test_a_real_catalogue_is_harvested_and_found(portal: Any, page: Any, browser: Any, feeds: str) -> None:
    """Through the portal's pages and its worker."""
    graph = Graph().parse(data=fetch(f"{feeds}/dcat-udata.xml"), format="xml")
    titles = {str(title) for dataset in graph.subjects(predicate=DCTERMS.identifier) for title in graph.objects(dataset, DCTERMS.title)}
    assert titles

    sign_in(page, portal.url, portal.administrator)
    page.goto(f"{portal.url}/harvest/new")
    page.fill("input[name=url]", f"{feeds}/dcat-udata.xml")
    page.fill("input[name=title]", "Catalogue d'un partenaire")
    page.evaluate("document.querySelector('input[name=name]').value = 'catalogue-d-un-partenaire'")
    page.check("input[name=source_type][value=dcat_rdf]", force=True)
    page.fill("textarea[name=config]", '{"allow_internal": true}')
    page.evaluate("document.querySelector('[name=owner_org]').selectedIndex = 1")
    page.locator("input[name=save], button[name=save]").first.click(force=True)
    page.wait_for_load_state()
    page.goto(f"{portal.url}/harvest/catalogue-d-un-partenaire")
    page.click("main button[name=start]")

    context = browser.new_context(locale="fr-FR")
    citizen = context.new_page()

    def found() -> bool:
        for title in titles:
            citizen.goto(f"{portal.url}/dataset/?q={urllib.parse.quote(title)}")
            if title in citizen.locator("main").inner_text():
                return True
        return False

    until(found, 120)
    context.close()
