"""Each is told whose turn it is, why, and what is to be done until when."""
from __future__ import annotations

from typing import Any

import pytest

from .test_told import notices

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


def words(user: str) -> str:
    """What somebody was told last."""
    return str(notices(user)[0]["words"])


def test_who_hears_an_appeal_is_told_that_it_is_theirs(scene: Any) -> None:
    decider, second = scene.town["decider"], scene.town["second"]
    request = scene.ask()
    scene.move(decider, request, "take_up")
    scene.move(decider, request, "refuse", reason="Non.")
    scene.move(scene.citizen, request, "appeal", reason="Si.")
    assert words(second) == "An appeal against a refusal is yours to decide." and notices(second)[0]["facts"]["To be decided by"]
    assert words(decider) == "A decision is appealed: somebody else decides."
    [mine] = [one for one in notices(scene.citizen) if "appeal" in one["words"]]
    assert mine["words"] == "Your appeal has come in: somebody who did not decide before hears it."
    assert mine["facts"]["To be decided by"] == notices(second)[0]["facts"]["To be decided by"]


def test_an_appeal_after_a_revocation_is_against_no_refusal(scene: Any) -> None:
    request = scene.grant()
    scene.move(scene.town["decider"], request, "revoke", reason="Fin.")
    scene.move(scene.citizen, request, "appeal", reason="Si.")
    assert words(scene.town["second"]) == "An appeal against a right that was taken back is yours to decide."
    assert words(scene.town["decider"]) == "That a right was taken back is appealed: somebody else decides."
    assert words(scene.citizen) == "Your appeal has come in: somebody who did not decide before hears it."
