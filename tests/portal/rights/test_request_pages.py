"""The pages of requests, as people fill them in without scripts."""
from __future__ import annotations

import re
from typing import Any

import ckan.plugins.toolkit as tk
import pytest

from tests.people import Person

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


def test_from_the_datasets_page_to_the_right(scene: Any, app: Any) -> None:
    citizen, decider = Person(app, scene.citizen), Person(app, scene.town["decider"])
    page = citizen.visit(f"/dataset/{scene.streets['name']}")
    assert f"/demandes/nouvelle?dataset={scene.streets['name']}" in page and "secret" not in page
    citizen.visit(f"/demandes/nouvelle?dataset={scene.streets['name']}")
    citizen.send(status=400, purpose="research", words="", days="30", team="nobody-at-all")
    assert {"field-words", "field-team", "field-terms"} <= set(citizen.faults())
    terms = citizen.page.xpath("//input[@name='terms']/@value")
    page = citizen.send(purpose="research", words="Une thèse <b>sur</b> les rues.", days="30", team=scene.other, terms=terms)
    assert citizen.address.startswith("/demandes/") and "&lt;b&gt;sur" in page
    thread = citizen.address
    citizen.visit(f"/dataset/{scene.streets['name']}")
    assert citizen.page.xpath("//main//a[@href=$thread]", thread=thread)
    # the decider
    assert thread in decider.visit("/demandes/a-decider")
    decider.visit(thread)
    decider.send(button=("move", "take_up"))
    page = decider.send(button=("move", "refuse"), status=400)
    assert decider.page.xpath("//*[contains(@class,'is-bad')]//textarea[@name='reason']")
    decider.visit(thread)
    decider.send(button=("move", "approve"), days="10")
    # the days that were given are said beside those that were asked for, and in the thread
    part, said = (decider.page.xpath(f"string(//main//section[{which}])") for which in ("contains(@class,'tzc-request')", "@id='thread'"))
    assert re.search(r"\b10\s(jours|days).*\b30\s(jours|days)", part, re.DOTALL) and re.search(r"\b10\s(jours|days)", said)
    assert "secret-rues" in citizen.visit(f"/dataset/{scene.streets['name']}")
    colleague = Person(app, scene.other)
    assert "secret-rues" not in colleague.visit(f"/dataset/{scene.streets['name']}")
    page = colleague.visit(thread)
    assert "&lt;b&gt;sur" in page and "id=\"thread\"" not in page
    colleague.send(status=400)
    colleague.send(terms=colleague.page.xpath("//input[@name='terms']/@value"))
    assert "secret-rues" in colleague.visit(f"/dataset/{scene.streets['name']}")
    assert scene.streets["title"] in citizen.visit("/demandes/droits") and thread in citizen.visit("/demandes/")
    # a message
    citizen.visit(thread)
    citizen.send(text="Merci !")
    assert "Merci !" in decider.visit(thread)
    decider.send(button=("move", "revoke"), reason="Un abus.")
    assert "secret-rues" not in citizen.visit(f"/dataset/{scene.streets['name']}")
    assert "Un abus." in colleague.visit(thread) and "Merci !" not in colleague.visit(thread)


def test_strangers_sign_in_and_others_find_nothing(scene: Any, app: Any) -> None:
    request = scene.ask()
    for address in (f"/demandes/{request['id']}", "/demandes/", "/demandes/nouvelle", "/demandes/a-decider"):
        answer = app.get(address, follow_redirects=False)
        assert answer.status_code == 302 and "/user/login" in answer.headers["Location"], address
    other = Person(app, scene.other)
    for end in ("", "/completer"):
        other.visit(f"/demandes/{request['id']}{end}", status=404)
    for end in ("message", "decision"):
        assert other.post(f"/demandes/{request['id']}/{end}", data={"text": "x", "move": "approve"}).status_code in (400, 404)
    assert scene.call("tzc_request_show", scene.citizen, id=request["id"])["parts"][0]["state"] == "submitted"


def test_a_draft_is_completed_later(scene: Any, app: Any) -> None:
    citizen = Person(app, scene.citizen)
    citizen.visit(f"/demandes/nouvelle?dataset={scene.streets['name']}&dataset={scene.ships['name']}")
    citizen.send(button=("keep", ""), purpose="education", words="Un cours.", days="90", terms=None, save=None)
    thread = citizen.address
    citizen.visit(f"{thread}/completer")
    assert citizen.value("words") == "Un cours."
    terms = citizen.page.xpath("//input[@name='terms']/@value")
    page = citizen.send(terms=terms, words="Un cours de licence.")
    assert "Un cours de licence." in page
    shown = scene.call("tzc_request_list", scene.citizen)
    assert {entry["state"] for entry in shown["requests"]} == {"submitted"} and shown["count"] == 2


def test_a_draft_may_lack_anything_and_is_sent_with_all(scene: Any, app: Any) -> None:
    citizen = Person(app, scene.citizen)
    citizen.visit(f"/demandes/nouvelle?dataset={scene.streets['name']}")
    citizen.send(button=("keep", ""), words="Un cours.", terms=None, save=None)
    thread = citizen.address
    assert "/nouvelle" not in thread and "Un cours." in citizen.visit(thread)
    citizen.visit(f"{thread}/completer")
    citizen.send(status=400, terms=citizen.page.xpath("//input[@name='terms']/@value"))
    assert set(citizen.faults()) == {"field-purpose"}
    bare = scene.call("tzc_request_create", scene.citizen, datasets=[scene.ships["id"]])
    assert bare["parts"][0]["state"] == "draft" and "Navires" in citizen.visit(f"/demandes/{bare['id']}") and "Navires" in citizen.visit("/demandes/")
    with pytest.raises(tk.ValidationError) as caught:
        scene.call("tzc_request_submit", scene.citizen, id=bare["id"])
    assert {"purpose", "words", "days"} <= set(caught.value.error_dict)
    # what there is is checked
    with pytest.raises(tk.ValidationError):
        scene.call("tzc_request_create", scene.citizen, datasets=[scene.ships["id"]], purpose="gossip")


def test_what_is_not_given_on_request_cannot_be_asked_for(scene: Any, app: Any) -> None:
    citizen = Person(app, scene.citizen)
    for query in ("", "?dataset=no-such-dataset", f"?dataset={scene.town['name']}"):
        page = citizen.visit(f"/demandes/nouvelle{query}")
        assert "tzc-errors" in page, query


def test_another_dataset_is_added_to_the_same_request(scene: Any, app: Any) -> None:
    """By its address or name, before anything is sent; a name that is mistyped is told once."""
    citizen = Person(app, scene.citizen)
    citizen.visit(f"/demandes/nouvelle?dataset={scene.streets['name']}")
    citizen.send(button=("add", ""), more="niemals-gesehen", words="Une thèse.")
    assert "field-datasets" in citizen.faults() and citizen.value("words") == "Une thèse."
    citizen.send(button=("add", ""), more=f"http://test.ckan.net/dataset/{scene.ships['name']}/\n")
    assert citizen.faults() == {} and citizen.value("words") == "Une thèse."
    assert citizen.page.xpath("//input[@name='datasets']/@value") == [scene.streets["name"], scene.ships["name"]]
    assert scene.call("tzc_request_list", scene.citizen)["count"] == 0
    # the Enter key presses the first button, which sends
    assert citizen.page.xpath("(//main//form[@method='post']//button)[1]/@name") == []
    citizen.send(purpose="research", days="30", terms=citizen.page.xpath("//input[@name='terms']/@value"))
    (request,) = {entry["id"] for entry in scene.call("tzc_request_list", scene.citizen)["requests"]}
    assert len(scene.call("tzc_request_show", scene.citizen, id=request)["parts"]) == 2
