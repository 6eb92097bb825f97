"""A request to several partners that is completed for one of them: what another decided stays as it was decided, and who approved earlier words is told."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
from ckanext.tzc.agreements import store

from tests.people import Person
from tests.portal.rights.test_requests import refused
from tests.portal.rights.test_told import notices

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

OTHER = {"words": "Une tout autre chose.", "purpose": "development", "days": 90}


def parts(request: dict[str, Any]) -> dict[str, Any]:
    return {part["partner"]: part for part in request["parts"]}


def sent_back(scene: Any, *datasets: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A request that the port asks to complete; the town has its own part of it."""
    request = scene.ask(*(datasets or (scene.streets, scene.ships)), **fields)
    scene.move(scene.port["decider"], request, "ask_changes", part=parts(request)[scene.port["id"]]["id"], reason="Quelle thèse ?")
    return request


def test_what_is_decided_stays_as_it_was_decided(scene: Any, app: Any) -> None:
    request = sent_back(scene)
    town = parts(request)[scene.town["id"]]["id"]
    scene.move(scene.town["decider"], request, "take_up", part=town)
    scene.move(scene.town["decider"], request, "refuse", part=town, reason="Non.")
    scene.call("tzc_request_submit", scene.citizen, id=request["id"], team=[scene.other], **OTHER)
    seen = scene.call("tzc_request_show", scene.town["decider"], id=request["id"])
    assert (seen["words"], seen["purpose"], seen["days"], seen["team"]) == ("Une thèse sur les rues.", "research", 30, [])
    asked = scene.call("tzc_request_show", scene.port["decider"], id=request["id"])
    assert (asked["words"], asked["days"], len(asked["team"])) == (OTHER["words"], 90, 1) and asked["parts"][0]["asked"] is None
    mine = scene.call("tzc_request_show", scene.citizen, id=request["id"])
    assert mine["words"] == OTHER["words"] and parts(mine)[scene.town["id"]]["asked"]["words"] == "Une thèse sur les rues."
    assert OTHER["words"] not in Person(app, scene.town["decider"]).visit(f"/demandes/{request['id']}")
    page = Person(app, scene.citizen).visit(f"/demandes/{request['id']}")
    assert OTHER["words"] in page and "Une thèse sur les rues." in page
    assert scene.call("tzc_request_list", scene.town["decider"], decided=True)["requests"][0]["purpose"] != scene.call("tzc_request_list", scene.port["decider"], queue=True)["requests"][0]["purpose"]
    # given after an appeal, it is what was refused that is given, to those for whom it was asked
    scene.move(scene.citizen, request, "appeal", part=town, reason="Si.")
    scene.move(scene.town["second"], request, "overturn", part=town)
    (agreement,) = model.Session.query(store.Agreement)
    assert "Une thèse sur les rues." in agreement.document and (agreement.ends - agreement.begins).days == 30
    assert scene.call("tzc_grant_list", scene.other)["count"] == 0


def test_whoever_turned_a_key_for_other_words_is_told(scene: Any, app: Any, publish: Any) -> None:
    request = scene.ask(scene.streets, scene.ships)
    of = {partner: part["id"] for partner, part in parts(request).items()}
    scene.move(scene.port["decider"], request, "take_up")
    scene.move(scene.port["decider"], request, "approve")
    scene.move(scene.town["decider"], request, "ask_changes", part=of[scene.town["id"]], reason="Quelle thèse ?")
    scene.told.clear()
    scene.call("tzc_request_submit", scene.citizen, id=request["id"])
    assert "request.changed" not in [one.kind for one in scene.told], "sent again as it was, the key stays"
    scene.move(scene.town["decider"], request, "ask_changes", part=of[scene.town["id"]], reason="Quelle thèse ?")
    scene.call("tzc_request_submit", scene.citizen, id=request["id"], **OTHER)
    (changed,) = [one for one in scene.told if one.kind == "request.changed"]
    ids = {tk.get_action("user_show")({"ignore_auth": True}, {"id": scene.port[name]})["id"] for name in ("decider", "officer")}
    assert ids <= set(changed.tell) and changed.about["part"] == of[scene.port["id"]]
    assert notices(scene.port["decider"])[0]["words"].startswith("A request for data was changed")
    (entry,) = [message for message in scene.call("tzc_request_show", scene.port["officer"], id=request["id"])["messages"] if message["move"] == "keys_back"]
    assert entry["done"]
    assert [message for message in scene.call("tzc_request_show", scene.town["decider"], id=request["id"])["messages"] if message["move"] == "keys_back"] == []
    # the key can be turned anew
    scene.move(scene.port["decider"], request, "approve")
    assert "move" in refused(scene.move, scene.port["decider"], request, "approve")
    assert scene.move(scene.port["officer"], request, "approve")["parts"][0]["state"] == "granted"


def test_other_data_are_asked_for_where_nothing_is_decided(scene: Any, publish: Any) -> None:
    more = publish(title="Quais", access_level="restricted", owner_org=scene.port["id"], user=scene.port["officer"])
    request = sent_back(scene, scene.streets, scene.ships)
    town, first = parts(request)[scene.town["id"]]["id"], scene.streets["resources"][0]["id"]
    scene.move(scene.town["decider"], request, "take_up", part=town)
    # another dataset, fewer files at a partner who is at it
    scene.told.clear()
    again = scene.call("tzc_request_submit", scene.citizen, id=request["id"], datasets=[scene.streets["name"], scene.ships["id"], more["name"]], resources=[first])
    assert {dataset["id"] for dataset in parts(again)[scene.port["id"]]["datasets"]} == {scene.ships["id"], more["id"]}
    assert parts(again)[scene.town["id"]]["datasets"][0]["resources"] == [first] and parts(again)[scene.town["id"]]["state"] == "under_review"
    assert [one.about["part"] for one in scene.told if one.kind == "request.changed"] == [town]
    assert "rescoped" in [message["move"] for message in again["messages"]]
    # persons are concerned no more once the ships are out, and what is sent twice is sent once
    scene.move(scene.port["decider"], request, "ask_changes", part=parts(again)[scene.port["id"]]["id"], reason="Sans les navires.")
    for _ in range(2):
        again = scene.call("tzc_request_submit", scene.citizen, id=request["id"], datasets=[scene.streets["id"], more["id"]])
    port = parts(again)[scene.port["id"]]
    assert [dataset["id"] for dataset in port["datasets"]] == [more["id"]] and not port["personal"] and port["state"] == "submitted"
    assert parts(again)[scene.town["id"]]["datasets"][0]["resources"] == [first], "what is not said stays"


def test_a_partner_of_whom_nothing_is_asked_any_more_and_one_who_is_asked_now(scene: Any) -> None:
    request = sent_back(scene, scene.ships)
    again = scene.call("tzc_request_submit", scene.citizen, id=request["id"], datasets=[scene.streets["name"]], terms=[request["accepted"][0]["hash"]], words="Les rues.")
    assert {partner: part["state"] for partner, part in parts(again).items()} == {scene.port["id"]: "withdrawn", scene.town["id"]: "submitted"}
    # kept as it was asked
    assert scene.call("tzc_request_show", scene.port["decider"], id=request["id"])["words"] == "Une thèse sur les rues."
    # a draft of which a partner is taken out was never asked of it
    draft = scene.ask(scene.streets, scene.ships, submit=False, words="Autre chose.")
    sent = scene.call("tzc_request_submit", scene.citizen, id=draft["id"], datasets=[scene.streets["id"]], terms=[request["accepted"][0]["hash"]])
    assert [part["partner"] for part in sent["parts"]] == [scene.town["id"]]


def test_what_is_decided_is_changed_no_more(scene: Any, publish: Any) -> None:
    request = sent_back(scene)
    town = parts(request)[scene.town["id"]]["id"]
    scene.move(scene.town["decider"], request, "take_up", part=town)
    scene.move(scene.town["decider"], request, "approve", part=town)
    other = publish(title="Ponts", access_level="restricted")
    told = refused(scene.call, "tzc_request_submit", scene.citizen, id=request["id"], datasets=[scene.ships["id"], other["name"]])
    assert "Ponts" in told["datasets"][0] and len(parts(scene.call("tzc_request_show", scene.citizen, id=request["id"]))[scene.town["id"]]["datasets"]) == 1
    # left out or named, it stays
    for names in ([scene.ships["id"]], [scene.streets["id"], scene.ships["id"]]):
        again = scene.call("tzc_request_submit", scene.citizen, id=request["id"], datasets=names)
        assert parts(again)[scene.town["id"]]["state"] == "granted" and [one["id"] for one in parts(again)[scene.town["id"]]["datasets"]] == [scene.streets["id"]]


def test_in_the_form_datasets_are_added_and_taken_out(scene: Any, app: Any) -> None:
    citizen = Person(app, scene.citizen)
    citizen.visit(f"/demandes/nouvelle?dataset={scene.streets['name']}")
    assert not citizen.page.xpath("//button[@name='without']"), "there is nothing else"
    citizen.send(button=("add", ""), save=None, more=scene.ships["name"], words="Une thèse.")
    citizen.send(button=("without", scene.streets["name"]), save=None)
    assert citizen.page.xpath("//input[@name='datasets']/@value") == [scene.ships["name"]] and citizen.value("words") == "Une thèse."
    citizen.send(purpose="research", days="30", terms=citizen.page.xpath("//input[@name='terms']/@value"))
    (request,) = scene.call("tzc_request_list", scene.citizen)["requests"]
    scene.move(scene.port["decider"], request, "ask_changes", reason="Quelle thèse ?")
    citizen.visit(f"/demandes/{request['id']}/completer")
    citizen.send(button=("add", ""), save=None, more=scene.streets["name"])
    first = scene.streets["resources"][0]["id"]
    citizen.send(resources=[first], terms=citizen.page.xpath("//input[@name='terms']/@value"))
    shown = parts(scene.call("tzc_request_show", scene.citizen, id=request["id"]))
    assert shown[scene.town["id"]]["datasets"][0]["resources"] == [first] and shown[scene.town["id"]]["state"] == shown[scene.port["id"]]["state"] == "submitted"
