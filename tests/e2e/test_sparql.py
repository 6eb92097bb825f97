"""The page of SPARQL in a real browser, and the portal while a query is too heavy."""
from __future__ import annotations

import threading
import time
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from tests.looks import check

pytestmark = pytest.mark.browser


def to(page: Any, selector: str) -> None:
    """Walk there by the tab key."""
    for _ in range(60):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the tab key never reaches {selector}")


def test_a_query_by_keyboard_from_the_help_to_a_table(portal: Any, page: Any) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(f"{portal.url}/aide/api")
    to(page, "main a[href$='/sparql']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/sparql")
    check(page)
    to(page, "a[href*='example=partners']")
    page.keyboard.press("Enter")
    page.wait_for_url("**example=partners**")
    assert "foaf:name" in page.locator("#query").input_value()
    page.locator("#query").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**query=**")
    assert page.locator("#answer th").all_inner_texts() == ["partner", "datasets"]
    assert page.locator("#answer tbody tr").count() >= 10
    assert "foaf:name" in page.locator("#query").input_value()
    check(page)
    page.locator("#query").fill("SELECT * {")
    page.locator(".tzc-query button").click()
    page.wait_for_load_state()
    assert page.locator("[role=alert]").is_visible()
    assert page.locator("#query").input_value() == "SELECT * {"
    check(page)
    assert [text for text in complaints if "400" not in text] == []


def test_the_page_works_without_script(portal: Any, browser: Any) -> None:
    context = browser.new_context(java_script_enabled=False, locale="fr-FR")
    page = context.new_page()
    page.goto(f"{portal.url}/sparql?example=formats")
    page.locator(".tzc-query button").click()
    page.wait_for_load_state()
    assert page.locator("#answer tbody tr").count() >= 1
    context.close()


def test_the_vocabulary_is_read_by_people(portal: Any, page: Any) -> None:
    page.goto(f"{portal.url}/vocabulary#accessLevel")
    assert page.locator("#accessLevel h3").is_visible()
    assert page.locator("html").get_attribute("lang") == "fr"
    check(page)


HEAVY = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"


def test_the_portal_stays_fast_while_queries_are_too_heavy(portal: Any) -> None:
    ended: list[int] = []

    def ask() -> None:
        try:
            urlopen(f"{portal.url}/sparql?{urlencode({'query': HEAVY})}", timeout=60)
        except OSError as error:
            ended.append(error.code)  # type: ignore[attr-defined]  -- it is an HTTPError

    askers = [threading.Thread(target=ask) for _ in range(8)]
    for asker in askers:
        asker.start()
    time.sleep(1)
    slowest = 0.0
    for number in range(20):
        begun = time.monotonic()
        # a page that is made, not one that is kept
        with urlopen(Request(f"{portal.url}/dataset/?q=velo&n={number}", headers={"Cookie": "a=b", "Accept": "text/html"}), timeout=60) as answer:
            answer.read()
        slowest = max(slowest, time.monotonic() - begun)
    assert any(asker.is_alive() for asker in askers), "the heavy queries ended too soon to show anything"
    for asker in askers:
        asker.join()
    assert ended == [503] * 8
    assert slowest < 3
