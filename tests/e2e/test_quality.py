"""The page of quality in a real browser: an editor follows a fix to its field, makes it, and the score goes up."""
from __future__ import annotations

import re
import time
from typing import Any

import pytest

from tests.looks import check
from tests.people import sign_in

pytestmark = pytest.mark.browser


def score(page: Any) -> int:
    return int(page.locator(".tzc-score strong").inner_text())


def test_an_editor_follows_a_fix_to_its_field_and_gains_what_was_said(portal: Any, page: Any) -> None:
    sign_in(page, portal.url, portal.partner)
    page.goto(f"{portal.url}/dataset/new")
    page.fill("#field-title", f"Bancs publics {int(time.time())}")
    page.fill("#field-notes", "Où sont les bancs.")
    page.check("input[name=axis][value=mobilite]")
    page.click("main button[name=save]")
    page.wait_for_load_state()
    name = re.search(r"/dataset/([^/]+)/resource/new", page.url)
    assert name
    # Where to begin: the dataset's page, whose button says the score
    page.goto(f"{portal.url}/dataset/{name[1]}")
    page.locator(f"a[href$='/dataset/quality/{name[1]}']").click()
    before = score(page)
    check(page)

    fix = page.locator(".tzc-fixes li", has=page.locator("a[href$='#field-tag_string']"))
    gain = re.search(r"\d+", fix.locator(".tzc-gain").inner_text())
    assert gain
    fix.locator("a").click()
    page.wait_for_load_state()
    # the field stands in a folded section, which has opened; writing goes into it
    assert page.evaluate("document.activeElement.id") == "field-tag_string"
    page.keyboard.type("banc, repos")
    page.click("main button[name=save]:not([value])")
    page.wait_for_load_state()
    page.goto(f"{portal.url}/dataset/quality/{name[1]}")
    assert score(page) == before + int(gain[0])


def test_the_field_of_several_boxes_is_led_to_as_well(portal: Any, page: Any) -> None:
    sign_in(page, portal.url, portal.partner)
    page.goto(f"{portal.url}/dataset/new#field-theme")
    assert page.evaluate("document.activeElement.name") == "theme"


def test_a_stranger_does_not_see_what_is_missing(portal: Any, page: Any) -> None:
    answer = page.goto(f"{portal.url}/dataset/quality/comptages-velo-horaires")
    assert answer.status == 403
    page.goto(f"{portal.url}/dataset/comptages-velo-horaires")
    assert page.locator("a[href*='/dataset/quality/']").count() == 0
