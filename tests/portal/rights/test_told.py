"""What those concerned are told of a request: whose it is, where they see it, of which data."""
from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


def notices(user: str) -> list[dict[str, Any]]:
    """What somebody is told in English, the newest first."""
    import ckan.model as model
    from ckanext.tzc.notices import store, words

    rows = store.notices(model.User.get(user).id, 100, 0)
    return [{"words": words.sentence(row.kind, str, bool(row.content.get("yours")), bool(row.content.get("renews"))), "facts": dict(words.facts(row, user, "en", str)), "path": row.path} for row in rows]


def test_who_asked_and_the_team_are_told_what_is_theirs(scene: Any) -> None:
    request = scene.grant(team=[scene.other])
    scene.move(scene.town["decider"], request, "suspend", reason="Une question.")
    [suspended, granted] = notices(scene.other)
    # the request is not for them to see
    assert {suspended["path"], granted["path"]} == {"/demandes/droits"}
    assert granted["words"] == "A request for data was granted." and granted["facts"]["Dataset"] == "Rues" and "Until" in granted["facts"]
    mine = notices(scene.citizen)
    assert [one["words"] for one in mine[:2]] == ["Your right to data is suspended; the reasons stand with it.", "Your request for data was granted."]
    assert {one["path"] for one in mine} == {f"/demandes/{request['id']}"}
    assert "Until" not in mine[0]["facts"] and "Until" not in suspended["facts"], "what rests lasts until no day"
    [came] = notices(scene.town["second"])[-1:]
    assert came["words"] == "A request for data has come in." and came["path"] == f"/demandes/{request['id']}"


def test_each_dataset_of_a_part_is_named_to_who_may_see_it(scene: Any, publish: Any) -> None:
    bridges, wells = (publish(title=title, access_level="restricted", resources=[{"url": "https://files.example.org/x.csv", "name": "x", "format": "CSV"}]) for title in ("Ponts", "Puits"))
    scene.ask(scene.streets, bridges)
    assert notices(scene.town["decider"])[0]["facts"]["Datasets"] == "Rues and Ponts"
    scene.ask(scene.streets, bridges, wells, words="Encore une.")
    assert notices(scene.town["decider"])[0]["facts"]["Datasets"] == "Rues and 2 others"


def test_a_renewal_is_told_and_shown_as_one(scene: Any, app: Any) -> None:
    import ckan.plugins.toolkit as tk
    from ckanext.tzc.notices import words

    from tests.people import Person

    old = scene.grant()
    again = scene.ask(words="Encore un mois.", days=90, renews=old["id"])
    assert notices(scene.town["decider"])[0]["words"] == "A request to renew a right to data has come in."
    page = Person(app, scene.town["decider"]).visit(f"/demandes/{again['id']}")
    assert f"/demandes/{old['id']}" in page and tk.h.tzc_moment(old["parts"][0]["ends"]) in page
    assert f"/demandes/{again['id']}" not in Person(app, scene.town["decider"]).visit(f"/demandes/{old['id']}")
    scene.move(scene.town["decider"], again, "take_up")
    new = scene.move(scene.town["decider"], again, "approve")
    told = next(one for one in notices(scene.citizen) if one["words"] == "Your right to data was renewed.")
    assert told["facts"]["Until"] == words._day(new["parts"][0]["ends"], "en") != words._day(old["parts"][0]["ends"], "en")
