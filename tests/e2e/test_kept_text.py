"""What is half-filled into a form survives a wrong click, and is thrown away when it is saved."""
from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.people import sign_in

pytestmark = pytest.mark.browser


def kept(page: Any) -> list[str]:
    found: list[str] = page.evaluate("() => Object.keys(sessionStorage).filter(key => key.startsWith('tzc-'))")
    return found


def test_a_half_filled_form_survives_a_wrong_click(portal: Any, page: Any) -> None:
    sign_in(page, portal.url, portal.partner)
    title = f"À moitié {uuid.uuid4().hex[:8]}"
    page.goto(f"{portal.url}/dataset/new")
    page.fill("#field-title", title)
    page.fill("#field-notes", "Deux\nlignes")
    page.locator("input[name=axis]").first.check()
    page.goto(portal.url)
    page.goto(f"{portal.url}/dataset/new")
    assert page.input_value("#field-title") == title
    assert page.input_value("#field-notes") == "Deux\nlignes"
    assert page.locator("input[name=axis]").first.is_checked()
    notice = page.locator("form .tzc-notice[role=status]")
    assert notice.is_visible()

    notice.locator("button").click()
    page.wait_for_function("() => !document.querySelector('form .tzc-notice[role=status]')")
    assert page.input_value("#field-title") == ""
    assert kept(page) == []


def test_what_is_saved_is_not_kept(portal: Any, page: Any) -> None:
    sign_in(page, portal.url, portal.partner)
    page.goto(f"{portal.url}/dataset/new")
    page.fill("#field-title", f"Fini {uuid.uuid4().hex[:8]}")
    # first with a mistake: the page that comes back holds the text
    page.click(".form-actions button[name=save]")
    page.locator(".tzc-errors").wait_for()
    page.wait_for_load_state()
    assert len(kept(page)) == 1
    page.fill("#field-notes", "Court.")
    page.locator("input[name=axis]").first.check()
    page.click(".form-actions button[name=save]")
    page.wait_for_url("**/resource/new")
    assert kept(page) == []
    page.fill("#field-name", "Un nom")
    page.goto(portal.url)
    page.go_back()
    assert page.input_value("#field-name") == "Un nom"
    page.goto(f"{portal.url}/dataset/new")
    assert page.input_value("#field-title") == ""


def test_nothing_secret_is_kept(portal: Any, page: Any) -> None:
    sign_in(page, portal.url, portal.partner)
    page.goto(f"{portal.url}/dataset/new")
    page.fill("#field-title", "x")
    text = page.evaluate("() => JSON.stringify(Object.assign({}, sessionStorage))")
    assert "_csrf_token" not in text
    assert page.input_value("input[name=_csrf_token]") not in text
