"""Whom a request names who would have the data too: naming those who decide shuts nobody out."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
from ckan.tests import factories

from .test_requests import refused

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


def test_who_has_the_data_already_is_not_named(scene: Any) -> None:
    """Members, deciders, the officer and administrators of the portal, of the partner that is asked; each is said by name."""
    admin = factories.Sysadmin()["name"]
    for dataset, name in ((scene.streets, scene.town["decider"]), (scene.streets, scene.town["editor"]), (scene.ships, scene.port["officer"]), (scene.ships, admin)):
        (words,) = refused(scene.ask, dataset, team=[scene.other, name])["team"]
        assert name in words and scene.other not in words
    assert scene.call("tzc_request_list", scene.citizen)["count"] == 0
    # of another partner they are somebody like everybody
    assert scene.ask(scene.streets, team=[scene.port["decider"], scene.other])["parts"][0]["state"] == "submitted"


def test_nor_later_in_what_is_completed_for_another_partner(scene: Any) -> None:
    request = scene.ask(scene.streets, scene.ships)
    of = {part["partner"]: part["id"] for part in request["parts"]}
    scene.move(scene.port["decider"], request, "take_up")
    scene.move(scene.port["decider"], request, "refuse", reason="Non.")
    scene.move(scene.town["decider"], request, "ask_changes", reason="Avec qui ?", part=of[scene.town["id"]])
    shut_out = [scene.port["decider"], scene.port["officer"]]
    assert len(refused(scene.call, "tzc_request_submit", scene.citizen, id=request["id"], team=shut_out)["team"]) == 2
    draft = scene.ask(words="Un brouillon.", team=[scene.town["decider"]], submit=False)
    assert "team" in refused(scene.call, "tzc_request_submit", scene.citizen, id=draft["id"], terms=[row["hash"] for row in request["accepted"]])


def test_what_nobody_could_decide_on_is_not_sent(scene: Any) -> None:
    """A partner without anybody is stood in for by the portal's administrators: the only one of them asks in vain, until there is another."""
    site = tk.config["ckan.site_id"]
    others = model.Session.query(model.User).filter(model.User.sysadmin, model.User.name != site)
    others.update({"sysadmin": False}, synchronize_session="fetch")
    model.Session.query(model.Member).filter_by(group_id=scene.town["id"], table_name="user").update({"state": "deleted"})
    model.Session.commit()
    admin = factories.Sysadmin()["name"]
    assert "datasets" in refused(scene.ask, user=admin)
    # of two keys one person has one
    tk.get_action("organization_member_delete")({"user": admin}, {"id": scene.port["id"], "username": scene.port["decider"]})
    assert "datasets" in refused(scene.ask, scene.ships, user=admin)
    second = factories.Sysadmin()["name"]
    assert scene.ask(user=admin)["parts"][0]["state"] == "submitted"
    request = scene.ask(scene.ships, user=admin)
    scene.move(second, request, "take_up")
    scene.move(second, request, "approve")
    assert scene.move(scene.port["officer"], request, "approve")["parts"][0]["state"] == "granted"
