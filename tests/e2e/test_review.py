"""Review in a real browser: a partner asks for it, a contributor asks to publish, a steward sends back, then publishes; a change waits; the dataset is archived."""
from __future__ import annotations

import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.looks import check
from tests.people import sign_in

pytestmark = pytest.mark.browser


@pytest.fixture
def steward(portal: Any, browser: Any) -> Iterator[Any]:
    """The page of somebody who publishes: an administrator."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="fr-FR", timezone_id="Europe/Paris")
    context.set_default_timeout(20_000)
    page = context.new_page()
    sign_in(page, portal.url, portal.administrator)
    yield page
    context.close()


def looked_at(page: Any) -> None:
    """As every page must be, then back to a desk."""
    check(page)
    page.set_viewport_size({"width": 1280, "height": 800})


def ask_for_review(portal: Any, steward: Any, partner: str, wanted: str) -> None:
    steward.goto(f"{portal.url}/organization/edit/{partner}")
    steward.select_option("#field-publication_review", wanted)
    steward.click("main button[name=save]")
    steward.wait_for_load_state()
    assert steward.locator(".tzc-errors").count() == 0, steward.locator(".tzc-errors").inner_text()


def test_from_the_contributor_to_the_public(portal: Any, page: Any, steward: Any) -> None:
    sign_in(page, portal.url, portal.partner)
    page.goto(f"{portal.url}/dataset/new")
    partner_id = page.locator("[name=owner_org]").first.input_value()
    page.goto(f"{portal.url}/organization/{partner_id}")
    page.locator("main a[href*='/organization/about/']").first.click()
    partner = page.url.rsplit("/", 1)[1]
    ask_for_review(portal, steward, partner, "yes")
    try:
        _publish_with_review(portal, page, steward, partner)
    finally:
        ask_for_review(portal, steward, partner, "no")


def _publish_with_review(portal: Any, page: Any, steward: Any, partner: str) -> None:
    title = f"Bancs publics {int(time.time())}"
    steward.goto(f"{portal.url}/organization/roles/{partner}")
    looked_at(steward)
    page.goto(f"{portal.url}/dataset/new")
    page.fill("#field-title", title)
    page.fill("#field-notes", "Un essai.")
    page.check("input[name=axis][value=mobilite]")
    page.locator("details", has=page.locator("[name='contact-0-email']")).first.locator("summary").first.click()
    page.fill("[name='contact-0-email']", "donnees@example.org")
    page.click("main button[name=save]")
    page.wait_for_load_state()
    page.fill("input[name=url]", "https://example.org/bancs.csv")
    page.click("main button[value=go-metadata]")
    page.wait_for_load_state()
    address = page.url
    assert "/dataset/bancs-publics-" in address, page.locator("main").inner_text()[:800]
    name = address.rsplit("/", 1)[1]
    looked_at(page)

    # sent back, with a word
    steward.goto(f"{portal.url}/publication")
    looked_at(steward)
    steward.get_by_label(title, exact=True).check()
    steward.fill("#field-why", "Dites de quelle année.")
    steward.click("main button[value=no]")
    steward.wait_for_load_state()
    page.goto(address)
    assert "Dites de quelle année." in page.locator("main").inner_text()
    page.goto(f"{portal.url}/dataset/edit/{name}")
    page.fill("#field-notes", "Un essai de 2026.")
    page.click("main .form-actions button[name=save] >> nth=0")
    page.wait_for_load_state()
    page.goto(address)
    page.click("main .tzc-notice form button.tzc-button")
    page.wait_for_load_state()

    # published
    assert not _found(portal, name)
    steward.goto(f"{portal.url}/publication")
    steward.get_by_label(title, exact=True).check()
    steward.click("main button[value=yes]")
    steward.wait_for_load_state()
    assert _found(portal, name)

    # a change waits, and is accepted where it is shown
    page.goto(f"{portal.url}/dataset/edit/{name}")
    page.fill("#field-title", f"{title} bis")
    page.click("main .form-actions button[name=save] >> nth=0")
    page.wait_for_load_state()
    assert f"{title} bis" not in page.locator("h1").inner_text()
    steward.goto(f"{portal.url}/dataset/publication/{name}")
    assert f"{title} bis" in steward.locator("main table").inner_text()
    looked_at(steward)
    steward.click("main button[value=accept]")
    steward.wait_for_load_state()
    page.goto(address)
    assert f"{title} bis" in page.locator("h1").inner_text()

    # archived: the page stays, the search forgets it
    steward.goto(f"{portal.url}/dataset/publication/{name}")
    steward.fill("#field-why", "C'était un essai.")
    steward.click("main button[value=archive]")
    steward.wait_for_load_state()
    assert not _found(portal, name)
    page.goto(address)
    assert page.locator("h1").count() == 1
    looked_at(page)


def _found(portal: Any, name: str) -> bool:
    """Whether a stranger finds a dataset."""
    with urllib.request.urlopen(f"{portal.url}/api/3/action/package_search?fq=name:{name}&rows=0", timeout=20) as answer:
        return b'"count": 1' in answer.read()
