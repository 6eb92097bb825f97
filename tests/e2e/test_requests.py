"""Restricted data in a real browser: asked for on a phone, decided at a desk, downloaded, taken away."""
from __future__ import annotations

import json
import time
import urllib.request
from typing import Any

import pytest

from tests.looks import check
from tests.people import PASSWORD, sign_in, sign_in_on_the_way

pytestmark = pytest.mark.browser


def call(portal: Any, page: Any, action: str, **data: Any) -> Any:
    """An action as the portal's administrator, whose token is made by the browser's session."""
    answer = page.request.post(f"{portal.url}/api/3/action/{action}", data=json.dumps(data), headers={"Content-Type": "application/json", "X-CSRFToken": token(page)})
    assert answer.ok, answer.text()[:2000]
    return answer.json()["result"]


def token(page: Any) -> str:
    return str(page.locator("input[name=_csrf_token]").first.get_attribute("value"))


def fetched(address: str) -> int:
    try:
        with urllib.request.urlopen(address) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return int(error.code)


def test_asked_for_decided_and_taken_away(portal: Any, page: Any, phone: Any) -> None:
    stamp = int(time.time())
    name, citizen = f"compteurs-{stamp}", f"citoyenne-{stamp}"
    sign_in(page, portal.url, portal.administrator)
    partner = call(portal, page, "organization_list_for_user", permission="create_dataset")[0]["name"]
    call(portal, page, "user_create", name=citizen, email=f"{citizen}@example.org", password=PASSWORD)
    decider = f"decideuse-{stamp}"
    call(portal, page, "user_create", name=decider, email=f"{decider}@example.org", password=PASSWORD)
    call(portal, page, "organization_member_create", id=partner, username=decider, role="admin")
    call(portal, page, "package_create", name=name, title=f"Compteurs {stamp}", notes="Par logement.", owner_org=partner, axis=["mobilite"], license_id="lov2", access_level="restricted")
    page.goto(f"{portal.url}/dataset/{name}/resource/new")
    page.locator("input[type=file]").first.set_input_files({"name": "compteurs.csv", "mimeType": "text/csv", "buffer": b"logement,kwh\nA,12\nB,30\n"})
    page.locator("#field-name").fill("Les relevés")
    page.click("main button[name=save][value=go-metadata], main form button[type=submit] >> nth=0")
    page.wait_for_load_state()

    # a citizen, on a phone: sign in on the way
    phone.goto(f"{portal.url}/dataset/{name}")
    check(phone)
    phone.set_viewport_size({"width": 360, "height": 800})
    phone.locator("main a.tzc-button[href*='/demandes/nouvelle']").click()
    sign_in_on_the_way(phone, (citizen, PASSWORD))
    phone.wait_for_url("**/demandes/nouvelle?dataset=*")
    phone.check("input[name=purpose][value=research]")
    phone.fill("#field-words", "Une thèse sur la sobriété.")
    phone.select_option("#field-days", "30")
    phone.check("input[name=terms]")
    check(phone)
    phone.set_viewport_size({"width": 360, "height": 800})
    phone.click("main button[name=save]")
    phone.wait_for_url("**/demandes/*-*")
    thread = phone.url
    assert "Envoyée" in phone.locator("main").inner_text()
    check(phone)
    phone.set_viewport_size({"width": 360, "height": 800})

    # the decider, at a desk
    page.context.clear_cookies()
    sign_in(page, portal.url, (decider, PASSWORD))
    page.goto(f"{portal.url}/demandes/a-decider")
    check(page)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.click(f"main a[href$='{thread.rsplit('/', 1)[1]}']")
    page.click("button[name=move][value=take_up]")
    page.wait_for_load_state()
    page.click("button[name=move][value=refuse]")
    page.wait_for_load_state()
    assert page.locator(".tzc-errors").count() == 1
    check(page)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.click("button[name=move][value=approve]")
    page.wait_for_load_state()
    assert "Accordée" in page.locator("main").inner_text()
    check(page)

    # the data, for her and nobody else
    phone.goto(f"{portal.url}/dataset/{name}")
    address = phone.locator("main .tzc-files a.tzc-button").first.get_attribute("href")
    assert address is not None
    answer = phone.request.get(address)
    assert answer.text().startswith("logement,kwh") and "no-store" in answer.headers["cache-control"]
    assert fetched(address) != 200 or b"kwh" not in urllib.request.urlopen(address).read()

    # taken away: closed for the session that is open
    page.goto(thread)
    page.locator("textarea[name=reason]").first.fill("Les données ont été diffusées.")
    page.click("button[name=move][value=revoke]")
    page.wait_for_load_state()
    assert "logement,kwh" not in phone.request.get(address).text()
    phone.goto(thread)
    assert "Révoqué" in phone.locator("main").inner_text()
