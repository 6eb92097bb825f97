"""Licences in a real browser: anybody asks which one fits, and a partner is warned of one that its sources do not allow."""
from __future__ import annotations

import re
import time
from typing import Any

import pytest

from tests.looks import check
from tests.people import sign_in

pytestmark = pytest.mark.browser


def test_anybody_asks_which_licence_fits(portal: Any, page: Any) -> None:
    page.goto(portal.url)
    page.locator("footer a[href$='/licences']").click()
    check(page)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.locator("main a[href$='/licences/combine']").first.click()
    page.check("input[name=licence][value=lov2]")
    page.check("input[name=licence][value=odbl]")
    page.click("main form button[type=submit]")
    page.wait_for_load_state()
    assert page.url.endswith("licence=lov2&licence=odbl#answer")
    assert page.locator(".tzc-verdicts > .is-allowed strong").all_inner_texts() == ["ODbL 1.0 – partage à l'identique"]
    refused = page.locator("section[aria-labelledby=refused-title] .tzc-verdicts > li", has_text="Licence Ouverte 2.0")
    assert refused.locator("a").first.get_attribute("href") == "https://opendatacommons.org/licenses/odbl/1-0/"
    assert "4.4" in refused.first.inner_text()
    check(page)


def test_a_partner_is_warned_of_a_licence_that_a_source_forbids(portal: Any, page: Any) -> None:
    stamp = int(time.time())
    sign_in(page, portal.url, portal.partner)

    def draft(title: str, licence: str, source: str) -> str:
        page.goto(f"{portal.url}/dataset/new")
        page.fill("#field-title", title)
        page.fill("#field-notes", "Un essai.")
        page.check("input[name=axis][value=mobilite]")
        page.select_option("#field-license_id", licence)
        if source:
            page.locator("details", has=page.locator("#field-was_derived_from")).first.locator("summary").first.click()
            page.locator("input[name=was_derived_from]").first.fill(source)
        page.click("main button[name=save]")
        page.wait_for_load_state()
        found = re.search(r"/dataset/([^/]+)/resource/new", page.url)
        assert found, page.locator("main").inner_text()[:500]
        return found[1]

    source = draft(f"Rues {stamp}", "odbl", "")
    made = draft(f"Bancs {stamp}", "lov2", source)
    page.goto(f"{portal.url}/dataset/{made}")
    warning = page.locator(".tzc-panel .tzc-notice-bad")
    assert "4.4" in warning.inner_text()
    check(page)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{portal.url}/dataset/edit/{made}#field-was_derived_from")
    assert page.locator("input[name=was_derived_from]").first.input_value() == source
    check(page)
    page.goto(f"{portal.url}/dataset/{made}")
    warning.locator("a[href*='/licences/combine']").click()
    page.wait_for_load_state()
    assert page.locator(".tzc-verdicts > .is-allowed strong").all_inner_texts() == ["ODbL 1.0 – partage à l'identique"]
