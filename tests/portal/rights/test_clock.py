"""What time does to requests, each once; and two who act at the same moment."""
from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest

from tests.portal.rights.conftest import later

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


def run() -> int:
    from ckanext.tzc.rights import jobs

    return jobs.follow_requests()


def kinds(scene: Any) -> list[str]:
    return [happening.kind for happening in scene.told]


def account(name: str) -> str:
    return str(model.User.get(name).id)


def test_a_deadline_is_reminded_of_and_escalated_once(scene: Any, at: Any) -> None:
    from ckan.tests import factories

    administrator = factories.Sysadmin()["id"]
    request = scene.ask()
    assert run() == 0
    at(later(50))
    assert (run(), run()) == (1, 0)
    told = set(scene.told[-1].tell)
    assert {account(scene.town["decider"]), account(scene.town["second"])} <= told and account(scene.citizen) not in told and kinds(scene)[-1] == "request.due_soon"
    # somebody looks at it: the deadline is the same, and was reminded of
    scene.move(scene.town["decider"], request, "take_up")
    assert run() == 0
    at(later(62))
    assert (run(), run()) == (1, 0)
    assert kinds(scene)[-1] == "request.overdue" and {administrator, account(scene.citizen)} <= set(scene.told[-1].tell)
    scene.move(scene.town["decider"], request, "prolong", reason="Une vacance de poste.")
    assert run() == 0
    at(later(85))
    assert run() == 1 and kinds(scene)[-1] == "request.due_soon"


def test_a_right_is_reminded_of_before_its_end_and_closed_after(scene: Any, at: Any) -> None:
    granted = scene.grant()
    ends = datetime.fromisoformat(granted["parts"][0]["ends"])
    at(ends - timedelta(days=3))
    assert (run(), run()) == (1, 0) and kinds(scene)[-1] == "grant.ending"
    at(ends)
    assert (run(), run()) == (1, 0) and kinds(scene)[-1] == "grant.expired" and scene.told[-1].by is None
    shown = scene.call("tzc_request_show", scene.citizen, id=granted["id"])
    assert shown["parts"][0]["state"] == "expired" and not scene.call("tzc_grant_list", scene.citizen)["grants"][0]["now"]


def test_what_nobody_goes_on_with_lapses(scene: Any, at: Any) -> None:
    draft = scene.ask(submit=False)
    at(later(89))
    assert run() == 0
    at(later(91))
    assert (run(), run()) == (1, 0)
    assert scene.told[-1].kind == "request.lapsed" and scene.told[-1].tell == (account(scene.citizen),)
    with pytest.raises(tk.ValidationError):
        scene.call("tzc_request_submit", scene.citizen, id=draft["id"])


def at_once(*deeds: Any) -> list[Any]:
    """What each of several threads got or was refused, all begun together."""
    ready, found = threading.Barrier(len(deeds)), [None] * len(deeds)

    def act(number: int) -> None:
        ready.wait()
        try:
            found[number] = deeds[number]()
        except (tk.ValidationError, tk.ObjectNotFound) as error:
            found[number] = error
        finally:
            model.Session.remove()

    threads = [threading.Thread(target=act, args=(number,)) for number in range(len(deeds))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return found


def in_context(app: Any, deed: Any) -> Any:
    def act() -> Any:
        with app.flask_app.test_request_context():
            return deed()

    return act


def test_two_who_decide_at_once_make_one_decision(scene: Any, app: Any) -> None:
    request = scene.ask()
    scene.move(scene.town["decider"], request, "take_up")
    model.Session.remove()
    yes = in_context(app, lambda: scene.move(scene.town["decider"], request, "approve"))
    no = in_context(app, lambda: scene.move(scene.town["second"], request, "refuse", reason="Non."))
    found = at_once(yes, no)
    assert sorted(isinstance(one, dict) for one in found) == [False, True], found
    shown = scene.call("tzc_request_show", scene.citizen, id=request["id"])["parts"][0]
    rights = scene.call("tzc_grant_list", scene.citizen)["count"]
    assert (shown["state"], rights) in {("granted", 1), ("refused", 0)}
    assert len([kind for kind in kinds(scene) if kind in ("request.granted", "request.refused")]) == 1


def test_a_form_sent_twice_at_once_is_one_request(scene: Any, app: Any) -> None:
    terms = [one["hash"] for one in scene.call("tzc_request_terms", scene.citizen, datasets=[scene.streets["id"]])["terms"]]
    model.Session.remove()
    found = at_once(*[in_context(app, lambda: scene.ask(terms=terms))] * 3)
    assert len({one["id"] for one in found}) == 1, found
    assert scene.call("tzc_request_list", scene.citizen)["count"] == 1 and kinds(scene) == ["request.submitted", "request.acknowledged"]


def test_what_cannot_be_told_is_not_done(scene: Any) -> None:
    from ckanext.tzc.common import happening

    request = scene.ask()
    scene.move(scene.town["decider"], request, "take_up")

    def broken(_happening: Any) -> None:
        raise tk.ValidationError({"audit": ["down"]})

    happening._happened.connect(broken, weak=False)
    try:
        with pytest.raises(tk.ValidationError):
            scene.move(scene.town["decider"], request, "approve")
    finally:
        happening._happened.disconnect(broken)
    assert scene.call("tzc_request_show", scene.citizen, id=request["id"])["parts"][0]["state"] == "under_review"
    assert scene.call("tzc_grant_list", scene.citizen)["count"] == 0
