"""The whole life of a request in a real browser: two partners, a data protection officer, a citizen and her colleague, and the mails of each step read from a mail server."""
from __future__ import annotations

import dataclasses
import gettext
import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.looks import check
from tests.people import PASSWORD, sign_in

from .conftest import Post

pytestmark = pytest.mark.browser

COUNTS = b"rue,logement,kwh\nrue de la Paix,A,12\nrue du Port,B,30\n"
HOMES = b"foyer,personnes\n1,4\n2,3\n"
PDF = b"%PDF-1.7\n%a letter of the laboratory\n"

words = gettext.translation("ckanext-tzc", Path(__file__).parents[2] / "ckanext-tzc" / "ckanext" / "tzc" / "i18n", ["fr"], fallback=True).gettext
"""What the portal's mails say, in its language."""


@dataclasses.dataclass
class Person:
    """Somebody with a browser of their own."""

    name: str
    screen: Any
    portal: Any
    full: str = ""

    @property
    def mail(self) -> str:
        """Their address."""
        return f"{self.name}@example.org"

    def enter(self) -> None:
        """Sign in, if they have not."""
        if not self.screen.context.cookies():
            sign_in(self.screen, self.portal.url, (self.name, PASSWORD))

    def go(self, path: str) -> str:
        """Open a page; what it says."""
        self.screen.goto(path if path.startswith("http") else f"{self.portal.url}{path}")
        return str(self.screen.locator("main").inner_text())

    def look(self) -> None:
        """The page shown is well made, on a desk and on a phone."""
        self.screen.wait_for_load_state()
        size = self.screen.viewport_size
        check(self.screen)
        self.screen.set_viewport_size(size)

    def push(self, button: str) -> None:
        """A button; the next page is there."""
        with self.screen.expect_navigation():
            self.screen.locator(button).first.click()

    def press(self, move: str, part: int = 0, reason: str = "") -> str:
        """A button of the thread; what the page says then."""
        section = self.screen.locator("section.tzc-request").nth(part)
        if reason:
            section.locator("textarea[name=reason]").fill(reason)
        with self.screen.expect_navigation():
            section.locator(f"button[name=move][value={move}]").click()
        assert self.screen.locator(".tzc-errors").count() == 0, self.screen.locator(".tzc-errors").inner_text()
        return str(self.screen.locator("main").inner_text())

    def has(self, address: str) -> tuple[int, bytes]:
        """What an address gives them."""
        answer = self.screen.request.get(address, max_redirects=0)
        return answer.status, answer.body()

    def rows(self, partner: str, dataset: str) -> dict[str, str]:
        """What the record shows them of who had a dataset: lines by their number."""
        self.go(f"/journal?partner={partner}&dataset={dataset}&kind=data")
        lines = self.screen.locator("main tr[id^=entry-]")
        return {str(line.get_attribute("id")): " ".join(line.inner_text().split()) for line in lines.all()}


@pytest.fixture
def meet(portal: Any, browser: Any) -> Iterator[Callable[..., Person]]:
    """A person with a browser, of a phone where it is said."""
    contexts = []

    def person(name: str, full: str = "", phone: bool = False) -> Person:
        size = {"width": 360, "height": 800} if phone else {"width": 1280, "height": 800}
        context = browser.new_context(viewport=size, locale="fr-FR", timezone_id="Europe/Paris")
        context.set_default_timeout(20_000)
        contexts.append(context)
        return Person(name, context.new_page(), portal, full)

    yield person
    for context in contexts:
        context.close()


class Office:
    """The portal's administrator, who sets the scene."""

    def __init__(self, portal: Any, page: Any) -> None:
        self.portal, self.page = portal, page
        sign_in(page, portal.url, portal.administrator)
        self.token = str(page.locator("input[name=_csrf_token]").first.get_attribute("value"))

    def call(self, action: str, **data: Any) -> Any:
        """An action."""
        answer = self.page.request.post(f"{self.portal.url}/api/3/action/{action}", data=json.dumps(data), headers={"Content-Type": "application/json", "X-CSRFToken": self.token})
        assert answer.ok, answer.text()[:2000]
        return answer.json()["result"]

    def table(self, partner: str, name: str, title: str, content: bytes, **fields: Any) -> str:
        """A dataset that is given on request, with one file; the file's id, once it is loaded as a table."""
        self.call("package_create", name=name, title=title, notes="Par logement.", owner_org=partner, axis=["mobilite"], license_id="lov2", access_level="restricted", **fields)
        sent = {"package_id": name, "name": "Les relevés", "format": "CSV", "upload": {"name": "releves.csv", "mimeType": "text/csv", "buffer": content}}
        answer = self.page.request.post(f"{self.portal.url}/api/3/action/resource_create", multipart=sent, headers={"X-CSRFToken": self.token})
        assert answer.ok, answer.text()[:2000]
        file = str(answer.json()["result"]["id"])
        until = time.monotonic() + 120  # the demonstration may be loading still
        while self.call("tzc_table_status", id=file)["state"] != "loaded":
            assert time.monotonic() < until, self.call("tzc_table_status", id=file)
            time.sleep(0.2)
        return file


def test_two_partners_an_officer_and_a_citizen(portal: Any, page: Any, meet: Callable[..., Person], post: Post) -> None:
    stamp = str(int(time.time()))
    office = Office(portal, page)
    citizen = meet(f"citoyenne-{stamp}", "Claire Citoyenne", phone=True)
    colleague, decider, first, second, officer = (meet(f"{name}-{stamp}", full) for name, full in (
        ("collegue", "Karim Collègue"), ("decideuse", "Dalila Décide"), ("premier", "Paul Premier"), ("seconde", "Sonia Seconde"), ("deleguee", "Odile Protège"),
    ))  # fmt: skip
    for person in (citizen, colleague, decider, first, second, officer):
        office.call("user_create", name=person.name, fullname=person.full, email=person.mail, password=PASSWORD)
    town, port = f"ville-{stamp}", f"port-{stamp}"
    office.call("organization_create", name=town, title=f"Ville {stamp}")
    office.call("organization_create", name=port, title=f"Port {stamp}")
    meters, homes = f"compteurs-{stamp}", f"foyers-{stamp}"
    counted = office.table(town, meters, f"Compteurs {stamp}", COUNTS)
    listed = office.table(port, homes, f"Foyers {stamp}", HOMES, personal_data="pseudonymised")
    for partner, person, duty in ((town, decider, "decider"), (port, first, "decider"), (port, second, "decider"), (port, officer, "officer")):
        office.call("tzc_duty_give", partner=partner, user=person.name, duty=duty)

    # the citizen asks on her phone, for data of both in one request
    screen = citizen.screen
    citizen.go(f"/dataset/{meters}")
    citizen.look()
    screen.locator("main a.tzc-button[href*='/demandes/nouvelle']").click()
    if "user/login" not in screen.url:
        # without an account one may come in by e-mail; she has one
        citizen.look()
        screen.locator("main a[href*='/user/login']").first.click()
    screen.fill("input[name=login]", citizen.name)
    screen.fill("input[name=password]", PASSWORD)
    citizen.push("main button[type=submit]")
    assert "/demandes/nouvelle?dataset=" in screen.url
    screen.check("input[name=purpose][value=research]")
    screen.fill("#field-words", "Une thèse sur la sobriété.")
    screen.fill("#field-more", f"{portal.url}/dataset/{homes}")
    citizen.push("button[name=add]")
    # what was written is still there, and the other partner's data stand beside
    assert screen.input_value("#field-words") == "Une thèse sur la sobriété." and screen.locator(f"#field-datasets a[href$='/dataset/{homes}']").count() == 1
    screen.fill("#field-project", "Sobriété 2027")
    screen.fill("#field-organisation", "Université de Toulon")
    screen.select_option("#field-days", "30")
    screen.fill("#field-team", colleague.name)
    screen.locator("details", has=screen.locator(f"input[value='{counted}:rue']")).locator("summary").click()
    screen.check(f"input[name=columns][value='{counted}:rue']")
    screen.check(f"input[name=columns][value='{counted}:kwh']")
    for box in screen.locator("input[name=terms]").all():
        box.check()
    citizen.look()
    citizen.push("main button[name=save]")
    screen.wait_for_url(re.compile(r"/demandes/[0-9a-f-]{36}$"))
    thread = screen.url
    said = str(screen.locator("main").inner_text())
    assert said.count("Envoyée") == 2 and "rue, kwh" in said and "Sobriété 2027" in said and "Karim Collègue" in said
    citizen.look()

    # she has it in writing, and those who decide are told: each of their own partner
    assert thread in post.read(citizen.mail, words("Your request for data has come in; you are told what becomes of it."))
    came = words("A request for data has come in.")
    assert f"Compteurs {stamp}" in post.read(decider.mail, came)
    for person in (first, second, officer):
        assert f"Foyers {stamp}" in (letter := post.read(person.mail, came)) and f"Compteurs {stamp}" not in letter and thread in letter

    # the town asks back, she answers with a document and sends it again, the town grants
    decider.enter()
    assert f"Compteurs {stamp}" in decider.go("/demandes/a-decider")
    decider.look()
    decider.screen.click(f"main a[href$='{thread.rsplit('/', 1)[1]}']")
    decider.screen.wait_for_url(thread)
    assert f"Foyers {stamp}" not in decider.screen.locator("main").inner_text()
    decider.look()
    assert "À compléter" in decider.press("ask_changes", reason="Joignez la lettre du laboratoire.")
    assert thread in post.read(citizen.mail, words("Your request for data is to be completed."))
    assert "Joignez la lettre du laboratoire." in citizen.go(thread)
    citizen.look()
    screen.locator("#thread form").locator("select[name=part]").select_option(label=f"Ville {stamp}")
    screen.fill("#field-text", "La voici.")
    screen.locator("#thread input[type=file]").set_input_files({"name": "lettre.pdf", "mimeType": "application/pdf", "buffer": PDF})
    screen.locator("#thread form button[name=save]").click()
    screen.wait_for_url(f"{thread}#thread")
    assert thread in post.read(decider.mail, words("There is a new message about a request for data."))
    screen.locator("main a[href$='/completer']").click()
    screen.wait_for_url(f"{thread}/completer")
    citizen.look()
    screen.click("main button[name=save]")
    screen.wait_for_url(thread)
    assert thread in post.read(decider.mail, words("A request for data was completed: it waits for you again."))
    assert "La voici." in decider.go(thread)
    letter = decider.screen.locator("#thread a", has_text="lettre.pdf").get_attribute("href")
    assert letter and decider.has(f"{portal.url}{letter}" if letter.startswith("/") else letter) == (200, PDF)
    decider.press("take_up")
    assert "Accordée" in decider.press("approve")
    granted = words("Your request for data was granted.")
    assert f"Compteurs {stamp}" in post.read(citizen.mail, granted)
    assert thread in post.read(colleague.mail, words("A request for data was granted."))
    # whom she named accepts the terms too, on a page without the thread
    colleague.enter()
    assert "Une thèse sur la sobriété." in colleague.go(thread) and "Joignez la lettre" not in colleague.screen.locator("main").inner_text()
    colleague.look()
    for box in colleague.screen.locator("input[name=terms]").all():
        box.check()
    colleague.push("main button[name=save]")

    # the port: its decider turns his key, the officer refuses, she appeals, another decider grants
    first.enter()
    first.go(thread)
    first.press("take_up")
    assert "Paul Premier" in first.press("approve")
    assert thread in post.read(officer.mail, words("A request for data has one of the two approvals it needs."))
    officer.enter()
    assert f"Foyers {stamp}" in officer.go("/demandes/a-decider")
    officer.go(thread)
    officer.look()
    assert "Refusée" in officer.press("refuse", reason="La durée de conservation manque.")
    assert thread in post.read(citizen.mail, words("Your request for data was refused; the reasons stand with it."))
    assert "La durée de conservation manque." in citizen.go(thread)
    which = 0 if f"Port {stamp}" in screen.locator("section.tzc-request").nth(0).inner_text() else 1
    citizen.press("appeal", part=which, reason="Six mois, puis tout est effacé.")
    assert thread in post.read(second.mail, words("An appeal against a refusal is yours to decide."))
    # who refused does not hear the appeal
    officer.go("/demandes/a-decider")
    assert officer.screen.locator(f"main a[href$='{thread.rsplit('/', 1)[1]}']").count() == 0
    officer.go(thread)
    assert officer.screen.locator("button[name=move][value=overturn]").count() == 0
    second.enter()
    second.go("/demandes/a-decider")
    second.screen.click(f"main a[href$='{thread.rsplit('/', 1)[1]}']")
    second.screen.wait_for_url(thread)
    assert "Six mois, puis tout est effacé." in second.screen.locator("main").inner_text()
    assert "Accordée" not in second.press("overturn")
    # the data concern persons: hers is one key, and as the only officer refused, an administrator of the portal turns the other
    heard = office.call("tzc_request_move", id=thread.rsplit("/", 1)[1], move="overturn")
    assert {part["state"] for part in heard["parts"]} == {"granted"}
    assert f"Foyers {stamp}" in post.read(citizen.mail, words("After your appeal the right to data is given to you."))

    # what she and her colleague have is what was granted: these columns of the one, the whole of the other; strangers and the officer's colleague have nothing
    given = b"rue,kwh\nrue de la Paix,12\nrue du Port,30\n"
    download, whole = (f"{portal.url}/dataset/{name}/resource/{file}/download/releves.csv" for name, file in ((meters, counted), (homes, listed)))
    asked = f"{portal.url}/api/3/action/datastore_search?resource_id={counted}"
    for person in (citizen, colleague):
        assert person.has(download) == (200, given) and person.has(whole) == (200, HOMES)
        status, answer = person.has(asked)
        assert status == 200 and [field["id"] for field in json.loads(answer)["result"]["fields"]] == ["_id", "rue", "kwh"] and b'"logement"' not in answer
        assert person.has(f"{asked}&fields=logement")[0] == 409
    assert first.has(download)[0] in (302, 403) and first.has(asked)[0] == 403
    citizen.go("/demandes/droits")
    assert screen.locator("main .tzc-history li").count() == 2
    citizen.look()
    citizen.go(f"/dataset/{meters}/resource/{counted}")
    assert "logement" not in screen.locator("main table").first.inner_text() if screen.locator("main table").count() else True
    citizen.look()

    # the town takes its right back: the next question has nothing, in the sessions that are open; the port's right stays
    decider.go(thread)
    assert "Révoqué" in decider.press("revoke", reason="Les données ont été publiées.")
    for person in (citizen, colleague):
        assert person.has(download)[0] in (302, 403) and person.has(asked)[0] == 403 and person.has(whole) == (200, HOMES)
        post.read(person.mail, words("A right to data was taken back.") if person is colleague else words("Your right to data was taken back; the reasons stand with it."))

    # the officer reads who had what, and each of them reads the same of themselves
    mine, theirs, hers = citizen.rows(port, homes), colleague.rows(port, homes), officer.rows(port, homes)
    citizen.look()
    assert len(mine) == 2 and len(theirs) == 2 and hers == {**mine, **theirs}
    assert all("Claire Citoyenne" in line and f"Foyers {stamp}" in line for line in mine.values())
    officer.look()
    # of the other partner's data the officer reads nothing
    assert officer.rows(town, meters) == {} and len(decider.rows(town, meters)) >= 4
