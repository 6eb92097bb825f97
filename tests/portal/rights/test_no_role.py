"""Who may read a request without deciding in it (administrators, who decided once) moves nothing, however the part is named."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
from ckan.tests import factories
from tzc.rights import requests

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


def states(scene: Any, request: dict[str, Any]) -> list[tuple[str, list[str]]]:
    shown = scene.call("tzc_request_show", scene.citizen, id=request["id"])
    return [(part["state"], sorted(part["keys"])) for part in shown["parts"]]


def moves_nothing(scene: Any, user: str, request: dict[str, Any]) -> None:
    """None of all moves, whichever way the part is said."""
    before = states(scene, request)
    for name in sorted(set(requests.MOVES) - {"submit"}):
        for named in ({}, {"part": ""}, {"part": request["parts"][0]["id"]}):
            with pytest.raises((tk.NotAuthorized, tk.ObjectNotFound, tk.ValidationError)) as caught:
                scene.move(user, request, name, reason="Parce que.", **named)
            # only moves of time, which nobody names, are refused by their name
            assert not isinstance(caught.value, tk.ValidationError) or requests.MOVES[name].roles == frozenset({requests.CLOCK}), (name, named)
    assert states(scene, request) == before


@pytest.mark.parametrize("stage", ["submitted", "under review", "granted", "refused", "appealed"])
def test_an_administrator_of_the_portal_where_the_partner_has_deciders(scene: Any, stage: str) -> None:
    admin, decider = factories.Sysadmin()["name"], scene.town["decider"]
    request = scene.ask()
    if stage != "submitted":
        scene.move(decider, request, "take_up")
    if stage in ("granted", "refused", "appealed"):
        scene.move(decider, request, "approve" if stage == "granted" else "refuse", reason="Non.")
    if stage == "appealed":
        scene.move(scene.citizen, request, "appeal", reason="Si.")
    assert scene.call("tzc_request_show", admin, id=request["id"])["parts"][0]["moves"] == []
    moves_nothing(scene, admin, request)


def test_an_administrator_of_the_team_turns_no_key(scene: Any) -> None:
    admin = factories.User()["name"]
    request = scene.ask(scene.ships, team=[admin])
    model.Session.query(model.User).filter_by(name=admin).update({"sysadmin": True})
    model.Session.commit()
    moves_nothing(scene, admin, request)
    scene.move(scene.port["decider"], request, "take_up")
    scene.move(scene.port["decider"], request, "approve")
    moves_nothing(scene, admin, request)


def test_an_administrator_where_both_keys_are_turned(scene: Any) -> None:
    admin = factories.Sysadmin()["name"]
    request = scene.ask(scene.ships)
    scene.move(scene.port["decider"], request, "take_up")
    scene.move(scene.port["decider"], request, "approve")
    scene.move(scene.port["officer"], request, "approve")
    assert scene.call("tzc_request_show", admin, id=request["id"])["parts"][0]["moves"] == []
    moves_nothing(scene, admin, request)
    assert scene.move(scene.port["officer"], request, "suspend", reason="Une question.")["parts"][0]["state"] == "suspended"


def test_who_decided_and_has_the_duty_no_more(scene: Any) -> None:
    decider = scene.town["decider"]
    request = scene.grant()
    tk.get_action("organization_member_delete")({"user": factories.Sysadmin()["name"]}, {"id": scene.town["id"], "username": decider})
    assert scene.call("tzc_request_show", decider, id=request["id"])["parts"][0]["moves"] == []
    moves_nothing(scene, decider, request)


def test_who_asked_makes_no_move_of_who_decides(scene: Any) -> None:
    request = scene.ask()
    for name in ("take_up", "approve", "refuse", "prolong", "ask_changes"):
        with pytest.raises(tk.ValidationError):
            scene.move(scene.citizen, request, name, reason="Parce que.", part="")
    assert states(scene, request) == [("submitted", [])]
