"""Who is named in a team accepts the terms themselves; until then their right does not open, and they have no agreement."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
import pytest

from .test_requests import addresses, kinds, refused

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


def opened(scene: Any) -> tuple[int, int]:
    """How many files, and how many rights."""
    return len(addresses(scene, scene.streets, scene.other)), scene.call("tzc_grant_list", scene.other)["count"]


def test_a_right_opens_when_its_holder_has_accepted_the_terms(scene: Any) -> None:
    request = scene.ask(team=[scene.other])
    with pytest.raises(tk.ObjectNotFound):
        scene.call("tzc_request_join_show", scene.other, id=request["id"])
    scene.move(scene.town["decider"], request, "take_up")
    scene.move(scene.town["decider"], request, "approve")
    assert opened(scene) == (0, 0) and len(addresses(scene, scene.streets, scene.citizen)) == 2
    shown = scene.call("tzc_request_join_show", scene.other, id=request["id"])
    assert shown["accepted"] is None and shown["words"] == "Une thèse sur les rues." and [one["hash"] for one in shown["terms"]] == [row["hash"] for row in request["accepted"]]
    for terms in ([], ["x"], None):
        assert "terms" in refused(scene.call, "tzc_request_join", scene.other, id=request["id"], terms=terms)
    # nobody does it for them, and whom it does not name finds nothing
    for user in (scene.citizen, scene.town["decider"], scene.port["decider"]):
        with pytest.raises(tk.ObjectNotFound):
            scene.join(user, request)
    scene.join(scene.other, request)
    scene.join(scene.other, request)
    assert opened(scene) == (2, 1) and kinds(scene).count("grant.accepted") == 1
    (grant,) = scene.call("tzc_grant_list", scene.other)["grants"]
    assert grant["terms_hash"] == request["accepted"][0]["hash"] and scene.call("tzc_agreement_show", scene.other, id=grant["id"])["yours"]
    # what who asked accepted is theirs alone
    assert len(scene.call("tzc_request_show", scene.citizen, id=request["id"])["accepted"]) == 1


def test_accepted_while_it_rests_it_opens_with_the_others(scene: Any) -> None:
    request = scene.ask(team=[scene.other])
    scene.move(scene.town["decider"], request, "take_up")
    scene.move(scene.town["decider"], request, "approve")
    scene.move(scene.town["decider"], request, "suspend", reason="Une question.")
    assert scene.join(scene.other, request)["parts"][0]["reason"] == "Une question." and opened(scene) == (0, 0)
    scene.move(scene.town["decider"], request, "resume")
    assert opened(scene) == (2, 1)
    scene.move(scene.town["decider"], request, "revoke", reason="Un abus.")
    assert opened(scene) == (0, 1)


def test_a_renewal_under_the_same_terms_goes_on(scene: Any) -> None:
    """Under others they are accepted anew."""
    old = scene.grant(team=[scene.other])
    for number, (texts, files) in enumerate(((None, 2), (None, 2), ({"fr": "D’autres conditions."}, 0))):
        if texts:
            scene.call("tzc_request_terms_set", scene.town["decider"], id=scene.town["id"], texts=texts)
        new = scene.ask(words=f"Encore {number}.", renews=old["id"], team=[scene.other])
        scene.move(scene.town["decider"], new, "take_up")
        scene.move(scene.town["decider"], new, "approve")
        assert len(addresses(scene, scene.streets, scene.other)) == files
        old = new
