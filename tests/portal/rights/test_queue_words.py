"""What queues and pages say beside what is asked."""
from __future__ import annotations

from typing import Any

import pytest
from ckanext.tzc.notices import steps
from ckanext.tzc.portal import helpers

from tests.people import Person

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


def test_the_queue_marks_what_waits_for_the_second_key(scene: Any, app: Any) -> None:
    officer = Person(app, scene.port["officer"])
    request = scene.ask(scene.ships)
    scene.move(scene.port["decider"], request, "take_up")
    assert "Waits for the second key" not in officer.visit("/en/demandes/a-decider")
    scene.move(scene.port["decider"], request, "approve")
    assert "Waits for the second key" in officer.visit("/en/demandes/a-decider")
    assert scene.call("tzc_request_list", scene.port["officer"], queue=True)["requests"][0]["second"] is True


def test_of_what_was_refused_no_keys_are_told(scene: Any, app: Any) -> None:
    officer = Person(app, scene.port["officer"])
    request = scene.ask(scene.ships)
    assert "Two keys" in officer.visit(f"/en/demandes/{request['id']}")
    scene.move(scene.port["decider"], request, "take_up")
    scene.move(scene.port["decider"], request, "refuse", reason="Non.")
    assert "Two keys" not in officer.visit(f"/en/demandes/{request['id']}")


@pytest.mark.parametrize(("ends", "until"), [("2027-03-05T23:00:00", "5 mars 2027"), ("2027-03-05T22:30:00", "5 mars 2027, 23:30"), ("2027-07-05T22:00:00+00:00", "5 juillet 2027")])
def test_what_ends_at_midnight_lasts_until_the_day_before(ends: str, until: str) -> None:
    assert steps.end(ends, "fr") == until
    with_year = helpers.tzc_until(ends)
    assert with_year.split(" ")[0] == "5" and (", 23:30" in with_year) == (", 23:30" in until)
