"""Appeals: heard by who did not decide; about data that concern persons by two of them."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
import pytest
from ckan.tests import factories

from tests.people import Person

from .test_requests import addresses, kinds, refused

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


def member(scene: Any, name: str) -> str:
    """Another one who decides at the port."""
    made = str(factories.User(fullname=name)["name"])
    tk.get_action("organization_member_create")({"user": scene.port["decider"]}, {"id": scene.port["id"], "username": made, "role": "admin"})
    return made


def part(scene: Any, request: dict[str, Any], user: str = "") -> dict[str, Any]:
    found: dict[str, Any] = scene.call("tzc_request_show", user or scene.citizen, id=request["id"])["parts"][0]
    return found


def test_about_persons_it_takes_the_two_keys(scene: Any) -> None:
    """The officer refused: the one key is another decider's, the other one an administrator's, as there is no second officer."""
    judge, admin = member(scene, "Jules Juge"), factories.Sysadmin()["name"]
    request = scene.ask(scene.ships)
    scene.move(scene.port["officer"], request, "take_up")
    scene.move(scene.port["officer"], request, "refuse", reason="Non.")
    scene.move(scene.citizen, request, "appeal", reason="Si.")
    assert "overturn" not in part(scene, request, scene.port["officer"])["moves"]
    scene.move(judge, request, "overturn", days=20)
    half = part(scene, request)
    assert (half["state"], half["keys"]) == ("appealed", {"reviewer": "Jules Juge"}) and addresses(scene, scene.ships, scene.citizen) == []
    assert kinds(scene)[-1] == "request.approved" and scene.call("tzc_grant_list", scene.citizen)["count"] == 0
    assert scene.call("tzc_request_list", judge, queue=True)["count"] == 0 and scene.call("tzc_request_list", admin, queue=True)["count"] == 1
    assert "move" in refused(scene.move, judge, request, "overturn")
    with pytest.raises((tk.ValidationError, tk.NotAuthorized)):
        scene.move(scene.port["officer"], request, "overturn")
    assert "days" in refused(scene.move, admin, request, "overturn", days=21)
    scene.move(admin, request, "overturn")
    assert part(scene, request)["state"] == "granted" and len(addresses(scene, scene.ships, scene.citizen)) == 1 and kinds(scene)[-1] == "request.granted"


def test_keys_of_before_open_nothing_after_a_revocation_and_one_key_upholds(scene: Any) -> None:
    judge = member(scene, "Jules Juge")
    request = scene.ask(scene.ships)
    scene.move(scene.port["decider"], request, "take_up")
    scene.move(scene.port["decider"], request, "approve")
    scene.move(scene.port["officer"], request, "approve")
    scene.move(scene.port["decider"], request, "revoke", reason="Un abus.")
    scene.move(scene.citizen, request, "appeal", reason="Aucun abus.")
    assert scene.call("tzc_request_list", scene.port["officer"], queue=True)["count"] == 1
    scene.move(judge, request, "overturn")
    assert part(scene, request)["state"] == "appealed"
    assert part(scene, request, scene.port["officer"])["moves"] == ["uphold", "overturn"]
    scene.move(scene.port["officer"], request, "uphold", reason="Un abus.")
    assert (part(scene, request)["state"], part(scene, request)["keys"]) == ("revoked", {}) and addresses(scene, scene.ships, scene.citizen) == []


def test_withdrawn_it_leaves_the_right_revoked_and_what_was_attested_stays(scene: Any, app: Any) -> None:
    request = scene.grant()
    citizen = Person(app, scene.citizen)
    grant = scene.call("tzc_grant_list", scene.citizen)["grants"][0]["id"]
    scene.move(scene.town["decider"], request, "revoke", reason="Un abus.")
    scene.call("tzc_agreement_attest", scene.citizen, id=grant, words="Effacé au broyeur.")
    scene.move(scene.citizen, request, "appeal", reason="Aucun abus.")
    scene.move(scene.town["second"], request, "overturn")
    assert "Effacé au broyeur." in citizen.visit(f"/accords/{grant}")
    assert citizen.visit(f"/demandes/{request['id']}").count("attest") >= 1
    scene.move(scene.town["decider"], request, "revoke", reason="Encore un abus.")
    scene.move(scene.citizen, request, "appeal", reason="Aucun abus.")
    shown = scene.move(scene.citizen, request, "withdraw")
    assert (shown["parts"][0]["state"], shown["messages"][-1]["move"], kinds(scene)[-1]) == ("revoked", "appeal_withdrawn", "request.appeal_withdrawn")
    assert "appeal" not in shown["parts"][0]["moves"] and addresses(scene, scene.streets, scene.citizen) == []
