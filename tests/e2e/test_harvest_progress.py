"""A run's page moves by itself while it stands open, and stops asking when somebody has to look."""
from __future__ import annotations

import re
import threading
import uuid
from typing import Any

import pytest

from tests.people import sign_in
from tests.sites import Asked, Reply, catalogue, served

pytestmark = pytest.mark.browser


def test_a_run_is_watched(portal: Any, page: Any) -> None:
    """The catalogue gives its pages one by one, as the test lets it."""
    name, gates = f"moisson-{uuid.uuid4().hex[:6]}", {start: threading.Event() for start in (200, 400)}
    whole = catalogue([{"id": f"jeu-{number:03}", "name": f"jeu-{number:03}-{name}", "title": f"Comptage {number}"} for number in range(450)], rows=100)

    def answer(asked: Asked) -> Reply:
        if gate := gates.get(int(asked.question.get("start", "0"))):
            gate.wait(60)
        return whole(asked)

    with served() as site:
        site.answer = answer
        sign_in(page, portal.url, portal.administrator)
        page.goto(f"{portal.url}/harvest/new")
        page.fill("input[name=url]", site.address)
        page.fill("input[name=title]", name)
        page.evaluate(f"document.querySelector('input[name=name]').value = '{name}'")
        page.check("input[name=source_type][value=tzc_ckan]", force=True)
        page.evaluate("document.querySelector('[name=owner_org]').selectedIndex = 1")
        page.evaluate("document.querySelector('textarea[name=config]').value = '{\"allow_internal\": true}'")
        page.locator("input[name=save], button[name=save]").first.click(force=True)
        page.wait_for_load_state()
        page.goto(f"{portal.url}/harvest/{name}")
        page.click("main button[name=start]")
        page.evaluate("window.loadedOnce = true")
        box = page.locator("[data-tzc-progress]")
        over = page.locator("[data-tzc-progress-over]")
        for start, listed in ((200, 200), (400, 400)):
            box.get_by_text(re.compile(f"{listed} fiches")).first.wait_for(timeout=60_000)
            assert not over.is_visible() and not box.locator("[data-tzc-progress-reload]").is_visible()
            gates[start].set()
        over.wait_for(timeout=60_000)
        assert "attend" in box.locator(".tzc-badge").inner_text() and "450 nouveaux" in box.inner_text()
        assert box.locator(".tzc-badge").get_attribute("class") == "tzc-badge tzc-tone-warning"
        assert "attend" in box.locator("[aria-live=polite]").inner_text()
        assert page.evaluate("window.loadedOnce") is True, "the page was not loaded again"
        over.locator("a").click()
        page.wait_for_load_state()
        assert page.locator("form[action$='/order/give-up'] button").count() == 1
        page.locator("form[action$='/order/give-up'] button").click()
        page.wait_for_load_state()
        assert page.locator("[data-tzc-progress]").count() == 0
