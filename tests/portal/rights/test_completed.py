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
