"""A renewal that was asked for in time keeps the right beyond its end, until it is decided or given up, and at most until it has to be decided."""
from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import ckan.plugins.toolkit as tk
import pytest
from ckanext.tzc.agreements import store
from ckanext.tzc.rights import clock

from tests.people import Person

from .test_requests import addresses, refused

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


@pytest.fixture
def renewing(scene: Any) -> dict[str, Any]:
    """A right, and the request to renew it, taken up."""
    old = scene.grant()
    again = scene.ask(words="Encore un mois.", renews=old["id"])
    scene.move(scene.town["decider"], again, "take_up")
    return {"old": old, "again": again, "ends": datetime.fromisoformat(old["parts"][0]["ends"]), "due": datetime.fromisoformat(again["parts"][0]["due"])}


def open_files(scene: Any) -> int:
    """What the doors and the list of rights say, alike."""
    found = len(addresses(scene, scene.streets, scene.citizen))
    assert any(grant["now"] for grant in scene.call("tzc_grant_list", scene.citizen)["grants"]) == bool(found)
    return found


def state(scene: Any, request: dict[str, Any]) -> str:
    return str(scene.call("tzc_request_show", scene.citizen, id=request["id"])["parts"][0]["state"])


def test_it_is_kept_until_the_deadline_and_no_longer(scene: Any, app: Any, at: Any, renewing: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    old, ends, due = renewing["old"], renewing["ends"], renewing["due"]
    grant = scene.call("tzc_grant_list", scene.citizen)["grants"][0]["id"]
    said = "jusqu’au|until|dans les temps|in time"
    for moment, files in ((ends - timedelta(seconds=1), 2), (ends, 2), (due - timedelta(seconds=1), 2), (due, 0)):
        at(moment)
        monkeypatch.setattr(store, "now", lambda moment=moment: moment)
        assert open_files(scene) == files, moment
        clock.tick()
        assert state(scene, old) == ("granted" if files else "expired")
        agreement = scene.call("tzc_agreement_show", scene.citizen, id=grant)
        assert (agreement["open"], agreement["to_attest"], agreement["kept"]) == (bool(files), not files, due.isoformat() if files else None)
        page = Person(app, scene.citizen).visit(f"/demandes/{renewing['again']['id']}")
        assert (any(words in page for words in ("il court jusqu", "lasts until the partner"))) == bool(files), said
    # granted late, it is a right of its own
    scene.move(scene.town["decider"], renewing["again"], "approve")
    assert open_files(scene) == 2


@pytest.mark.parametrize("move", ["refuse", "withdraw"])
def test_decided_or_given_up_it_keeps_nothing(scene: Any, at: Any, renewing: dict[str, Any], move: str) -> None:
    at(renewing["ends"] + timedelta(days=1))
    assert open_files(scene) == 2
    scene.move(scene.citizen if move == "withdraw" else scene.town["decider"], renewing["again"], move, reason="Non.")
    assert open_files(scene) == 0
    clock.tick()
    assert state(scene, renewing["old"]) == "expired"


def test_completed_by_who_asked_it_lapses(scene: Any, at: Any, renewing: dict[str, Any]) -> None:
    scene.move(scene.town["decider"], renewing["again"], "ask_changes", reason="Pourquoi ?")
    at(renewing["ends"])
    assert open_files(scene) == 2
    at(renewing["ends"] + timedelta(days=int(tk.config["tzc.rights.lapse_days"])))
    assert open_files(scene) == 0


def test_what_was_not_sent_in_time_or_asks_for_other_data_keeps_nothing(scene: Any, at: Any) -> None:
    old = scene.grant()
    ends = datetime.fromisoformat(old["parts"][0]["ends"])
    draft = scene.ask(words="Encore un mois.", renews=old["id"], submit=False)
    at(ends)
    assert open_files(scene) == 0
    assert "renews" in refused(scene.call, "tzc_request_submit", scene.citizen, id=draft["id"], terms=[row["hash"] for row in old["accepted"]])
    scene.move(scene.citizen, draft, "withdraw")
    assert "renews" in refused(scene.ask, words="Trop tard.", renews=old["id"])


def test_of_other_data_it_keeps_nothing(scene: Any, at: Any) -> None:
    old = scene.grant()
    scene.ask(scene.ships, words="Autre chose.", renews=old["id"])
    at(datetime.fromisoformat(old["parts"][0]["ends"]))
    assert open_files(scene) == 0
