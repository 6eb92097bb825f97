"""Giving access in a real browser: a link for a recipient, an invitation accepted on a phone, its signed agreement, a token for a program, the attestation at the end."""
from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import KeySet

from tests.looks import check
from tests.people import PASSWORD, sign_in, sign_in_on_the_way

pytestmark = pytest.mark.browser

CONTENT = b"logement,kwh\nA,12\nB,30\n"


def call(portal: Any, page: Any, action: str, **data: Any) -> Any:
    """An action as whoever is signed in."""
    token = str(page.locator("input[name=_csrf_token]").first.get_attribute("value"))
    answer = page.request.post(f"{portal.url}/api/3/action/{action}", data=json.dumps(data), headers={"Content-Type": "application/json", "X-CSRFToken": token})
    assert answer.ok, answer.text()[:2000]
    return answer.json()["result"]


def seen(page: Any, width: int = 1280) -> None:
    """Looked at on a desk and on a phone."""
    page.wait_for_load_state()
    check(page)
    page.set_viewport_size({"width": width, "height": 800})


def uncut(page: Any, rows: int) -> None:
    """On a phone each cell of the tables is seen, with the name of its column."""
    page.set_viewport_size({"width": 360, "height": 800})
    cells = page.locator("main .tzc-table tbody td")
    assert cells.count() == rows
    for cell in cells.all():
        box = cell.bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 360, cell.inner_text()
        assert cell.get_attribute("data-label")
    assert page.evaluate("[...document.querySelectorAll('.tzc-table-wrap')].every(one => one.scrollWidth <= one.clientWidth)")
    page.set_viewport_size({"width": 1280, "height": 800})


def test_given_signed_downloaded_and_attested(portal: Any, page: Any, phone: Any) -> None:
    stamp = int(time.time())
    name, citizen, decider = f"releves-{stamp}", f"chercheuse-{stamp}", f"decideur-{stamp}"
    sign_in(page, portal.url, portal.administrator)
    partner = call(portal, page, "organization_list_for_user", permission="create_dataset")[0]["name"]
    for account in (citizen, decider):
        call(portal, page, "user_create", name=account, email=f"{account}@example.org", password=PASSWORD)
    call(portal, page, "organization_member_create", id=partner, username=decider, role="admin")
    call(portal, page, "package_create", name=name, title=f"Relevés {stamp}", notes="Par logement.", owner_org=partner, axis=["mobilite"], license_id="lov2", access_level="restricted")
    page.goto(f"{portal.url}/dataset/{name}/resource/new")
    page.locator("input[type=file]").first.set_input_files({"name": "releves.csv", "mimeType": "text/csv", "buffer": CONTENT})
    page.locator("#field-name").fill("Les relevés")
    page.click("main button[name=save][value=go-metadata], main form button[type=submit] >> nth=0")
    page.wait_for_load_state()

    # the decider, at a desk: a link, which a recipient without an account opens
    page.context.clear_cookies()
    sign_in(page, portal.url, (decider, PASSWORD))
    page.goto(f"{portal.url}/dataset/{name}")
    page.locator("main a[href*='/dataset/partage/']").first.click()
    seen(page)
    page.fill("#field-link-email", "jeanne@example.org")
    page.fill("#field-link-days", "3")
    page.fill("#field-link-count", "1")
    page.click("button[name=act][value=link]")
    link = page.locator("#link-url").inner_text()
    seen(page)
    uncut(page, 5)
    phone.goto(link)
    seen(phone, 360)
    with phone.expect_download() as download:
        phone.click("main form button[type=submit]")
    assert download.value.path().read_bytes() == CONTENT
    assert phone.goto(link).status == 410
    seen(phone, 360)

    # an invitation, accepted on a phone
    page.fill("#field-invite-account", citizen)
    page.select_option("#field-invite-purpose", "research")
    page.fill("#field-invite-words", "Une étude commune.")
    page.fill("#field-invite-days", "30")
    page.click("button[name=act][value=invite]")
    page.wait_for_load_state()
    uncut(page, 9)
    (invitation,) = call(portal, page, "tzc_invitation_list", dataset=name)
    phone.goto(f"{portal.url}/invitations/{invitation['id']}")
    seen(phone, 360)
    sign_in_on_the_way(phone, (citizen, PASSWORD))
    phone.wait_for_url("**/invitations/*")
    phone.check("input[name=terms]")
    seen(phone, 360)
    phone.click("button[name=act][value=accept]")
    phone.wait_for_url("**/demandes/*")
    thread = phone.url

    # its agreement, which a program checks with the published key
    phone.locator("main a[href*='/accords/']").first.click()
    seen(phone, 360)
    agreement = phone.url
    document, signature = (phone.request.get(f"{agreement}.{kind}").body() for kind in ("jsonld", "jws"))
    with urllib.request.urlopen(f"{portal.url}/.well-known/jwks.json") as answer:
        published = KeySet.import_key_set(json.load(answer))
    jws.deserialize_compact(signature.decode(), published, payload=document)
    phone.goto(f"{portal.url}/accords/verifier")
    seen(phone, 360)

    # a token, by which a program has the frozen file
    phone.goto(agreement)
    phone.locator("form[action$='/jeton'] button").click()
    seen(phone, 360)
    token, file = phone.locator("#token").inner_text(), phone.locator("main a[href*='/donnees/']").first.get_attribute("href")
    assert file is not None
    asked = urllib.request.Request(file, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(asked) as answer:
        assert answer.read() == CONTENT and answer.headers["Cache-Control"] == "private, no-store"
    phone.locator("main a[href*='/versions/']").first.click()
    seen(phone, 360)

    # the end: the token opens nothing, the destruction is attested, the decider reads it
    page.goto(thread)
    page.locator("textarea[name=reason]").first.fill("L’étude est finie.")
    page.click("button[name=move][value=revoke]")
    page.wait_for_load_state()
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(asked)
    phone.goto(agreement)
    phone.fill("#field-words", "Tout est effacé.")
    seen(phone, 360)
    phone.locator("form[action$='/attestation'] button").click()
    phone.wait_for_load_state()
    page.goto(agreement)
    assert "Tout est effacé." in page.locator("main").inner_text()
    seen(page)
