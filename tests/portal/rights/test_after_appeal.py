"""What remains after an appeal that was granted: pages, mails, agreement and journal say the new state."""
from __future__ import annotations

from typing import Any

import pytest
from ckan.tests import factories

from tests.people import Person
from tests.portal.rights.test_told import notices

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


def words(person: Person, address: str) -> str:
    """What a page says to somebody, in English."""
    person.visit(f"/en{address}")
    return " ".join(person.page.xpath("string(//main)").split())


def said(scene: Any, app: Any, request: dict[str, Any]) -> None:
    """All that is said once the right is given."""
    citizen, decider, hears = (Person(app, name) for name in (scene.citizen, scene.town["decider"], scene.town["second"]))
    address = f"/demandes/{request['id']}"
    for person in (citizen, decider, hears):
        thread = words(person, address)
        assert "Granted" in thread.split("What is asked")[0] and "given after an appeal, by" in thread and "Approved after appeal." in thread
        assert "To be decided until" not in thread and person.page.xpath("//main//button[@value='overturn' or @value='uphold' or @value='appeal']") == []
    assert "Granted" in words(citizen, "/demandes/") and "Open to you" in words(citizen, "/demandes/droits")
    assert "You have a right to these data" in words(citizen, f"/dataset/{scene.streets['name']}")
    assert scene.streets["title"] in words(hears, "/demandes/decidees") and scene.streets["title"] not in words(hears, "/demandes/a-decider")
    (grant,) = scene.call("tzc_grant_list", scene.citizen)["grants"]
    assert grant["now"]
    agreement = words(citizen, f"/accords/{grant['id']}")
    assert "In force" in agreement and "Taken back on" not in agreement and "attest that the data" not in agreement
    assert notices(scene.citizen)[0]["words"] == "After your appeal the right to data is given to you." and "Until" in notices(scene.citizen)[0]["facts"]
    assert notices(scene.town["decider"])[0]["words"] == "After an appeal a right to data is given."
    for person in (citizen, decider):
        journal = person.visit("/en/journal") and person.page.xpath("//main//tbody/tr[1]/td[2]")[0].text_content()
        assert " ".join(journal.split()) == "A request was granted after an appeal"


def test_a_refusal_that_is_overturned(scene: Any, app: Any) -> None:
    request = scene.ask()
    scene.move(scene.town["decider"], request, "take_up")
    scene.move(scene.town["decider"], request, "refuse", reason="Non.")
    scene.move(scene.citizen, request, "appeal", reason="Si.")
    assert notices(scene.town["second"])[0]["words"] == "An appeal against a refusal is yours to decide."
    hears = Person(app, scene.town["second"])
    hears.visit(f"/demandes/{request['id']}")
    hears.send(button=("move", "overturn"), days="12")
    said(scene, app, request)


def test_a_revocation_that_is_overturned(scene: Any, app: Any) -> None:
    request = scene.grant()
    scene.move(scene.town["decider"], request, "revoke", reason="Un abus.")
    citizen = Person(app, scene.citizen)
    assert "Right revoked" in words(citizen, "/demandes/droits")
    scene.move(scene.citizen, request, "appeal", reason="Non.")
    assert "Right revoked" in words(citizen, "/demandes/droits")
    hears = Person(app, scene.town["second"])
    hears.visit(f"/demandes/{request['id']}")
    hears.send(button=("move", "overturn"))
    said(scene, app, request)
    # the agreement of before stays, and says what came after it
    (grant,) = scene.call("tzc_grant_list", scene.citizen)["grants"]
    assert "the right was given anew since" in words(citizen, f"/accords/{grant['id']}?version=1")


def test_a_revocation_whose_appeal_is_given_up_stays_one(scene: Any) -> None:
    request = scene.grant()
    scene.move(scene.town["decider"], request, "revoke", reason="Un abus.")
    scene.move(scene.citizen, request, "appeal", reason="Non.")
    scene.move(scene.citizen, request, "withdraw")
    (grant,) = scene.call("tzc_grant_list", scene.citizen)["grants"]
    assert grant["label"] in ("Right revoked", "Droit révoqué") and not grant["now"]


def test_an_appeal_about_persons_shows_its_two_keys(scene: Any, app: Any) -> None:
    request = scene.ask(scene.ships)
    scene.move(scene.port["officer"], request, "take_up")
    scene.move(scene.port["officer"], request, "approve")
    scene.move(scene.port["decider"], request, "refuse", reason="Non.")
    scene.move(scene.citizen, request, "appeal", reason="Si.")
    scene.move(factories.Sysadmin()["name"], request, "overturn")
    page = words(Person(app, scene.citizen), f"/demandes/{request['id']}")
    assert "the first was turned by" in page and "given after an appeal" not in page
    scene.move(scene.port["officer"], request, "overturn")
    page = words(Person(app, scene.citizen), f"/demandes/{request['id']}")
    assert "both turned:" in page and "given after an appeal" in page
