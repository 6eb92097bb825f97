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


def fact(user: str, name: str = "What to do") -> str:
    """What somebody was told last about it."""
    return str(notices(user)[0]["facts"].get(name, ""))


def test_a_decision_against_somebody_says_why_and_what_is_next(scene: Any, app: Any) -> None:
    import ckan.plugins.toolkit as tk

    from tests.people import Person

    decider = scene.town["decider"]
    request = scene.ask(team=[scene.other])
    part = scene.move(decider, request, "ask_changes", reason="Quelles  rues ?")["parts"][0]
    assert fact(scene.citizen, "Reason") == "Quelles rues ?"
    page = Person(app, scene.citizen).visit(f"/demandes/{request['id']}")
    assert tk.h.tzc_moment(part["lapses"], clock=True) in page
    assert fact(scene.citizen).startswith("Complete it") and tk.h.tzc_moment(part["lapses"], clock=True)[-5:] in fact(scene.citizen)
    assert fact(scene.town["second"], "Reason") == "Quelles rues ?" and not fact(scene.town["second"])
    scene.call("tzc_request_submit", scene.citizen, id=request["id"], words="La rue du Port.")
    scene.move(decider, request, "take_up")
    scene.move(decider, request, "refuse", reason="Trop.")
    assert fact(scene.citizen, "Reason") == "Trop." and "appeal" in fact(scene.citizen) and "ttest" not in fact(scene.citizen)
    scene.move(scene.citizen, request, "appeal", reason="Si.")
    scene.move(scene.town["second"], request, "uphold", reason="Non, vraiment.")
    assert fact(scene.citizen, "Reason") == "Non, vraiment." and "final" in fact(scene.citizen)


def test_a_right_that_rests_or_was_taken_back_says_why_to_the_team_too(scene: Any) -> None:
    request = scene.grant(team=[scene.other])
    scene.move(scene.town["decider"], request, "suspend", reason="Une question.")
    assert {fact(user, "Reason") for user in (scene.citizen, scene.other)} == {"Une question."} and "until" in fact(scene.other)
    scene.move(scene.town["decider"], request, "revoke", reason="Fin.")
    assert fact(scene.citizen).startswith("Destroy") and "appeal" in fact(scene.citizen)
    assert fact(scene.other).startswith("Destroy") and "appeal" not in fact(scene.other) and fact(scene.other, "Reason") == "Fin."


def test_a_completed_request_says_so_and_what_was_changed(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from ckanext.tzc.rights import request_words

    decider = scene.town["decider"]
    request = scene.ask()
    assert words(decider) == "A request for data has come in."
    monkeypatch.setattr(request_words.tk, "_", str)
    told = []
    for given in ({"words": "La rue du Port.", "days": 10}, {}, {"datasets": [scene.streets["name"]], "resources": [scene.streets["resources"][0]["id"]]}):
        scene.move(decider, request, "ask_changes", reason="Pourquoi ?")
        shown = scene.call("tzc_request_submit", scene.citizen, id=request["id"], **given)
        assert words(decider) == "A request for data was completed: it waits for you again." and shown["messages"][-1]["move"] == "completed"
        told.append((fact(decider, "Changed"), shown["messages"][-1]["done"]))
    assert told == [
        ("What you want to do, For how long", "The request was completed. Changed: What you want to do, For how long."),
        ("nothing of the form; see the thread", "The request was completed; its form was not changed."),
        ("Data", "The request was completed. Changed: Data."),
    ]
