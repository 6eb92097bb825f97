"""After a right: whoever had the data attests that they were destroyed, and is reminded until then."""
from __future__ import annotations

from datetime import timedelta
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
from ckanext.tzc.agreements import ending, store
from ckanext.tzc.notices import store as notices
from ckanext.tzc.notices import words

from tests.people import Person

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


def id_of(name: str) -> str:
    return str(tk.get_action("user_show")({"ignore_auth": True}, {"id": name})["id"])


def about_endings(scene: Any) -> list[tuple[str, set[str]]]:
    return [(one.kind, set(one.tell)) for one in scene.told if one.kind.startswith("agreement.")]


def test_asked_reminded_twice_and_attested(scene: Any, app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    request = scene.grant(team=[scene.other])
    grants = {name: scene.call("tzc_grant_list", name)["grants"][0]["id"] for name in (scene.citizen, scene.other)}
    with pytest.raises(tk.ValidationError):
        scene.call("tzc_agreement_attest", scene.citizen, id=grants[scene.citizen])
    assert ending.remind() == 0
    scene.move(scene.town["decider"], request, "revoke", reason="Un abus.")
    assert (ending.remind(), ending.remind()) == (2, 0)
    assert sorted(about_endings(scene)) == sorted([(ending.ASKED, {id_of(scene.citizen)}), (ending.ASKED, {id_of(scene.other)})])
    assert all(one.path == f"/accords/{one.about['grant']}" for one in scene.told if one.kind == ending.ASKED)
    # it stands in their inbox, in a sentence of its own
    notice = model.Session.query(notices.Notice).filter_by(user_id=id_of(scene.other), kind=ending.ASKED).one()
    assert notice.path == f"/accords/{grants[scene.other]}" and words.sentence(notice.kind, str, {}) != words.sentence("agreement.something", str, {})
    # the citizen attests, and is reminded no more; the other one is
    citizen = Person(app, scene.citizen)
    citizen.visit(f"/demandes/{request['id']}")
    (button,) = citizen.page.xpath("//main//a[contains(@class,'tzc-button') and contains(@href, '/accords/')]/@href")
    assert button.startswith(f"/accords/{grants[scene.citizen]}")
    citizen.visit(f"/accords/{grants[scene.citizen]}")
    page = citizen.send(words="Les disques sont <b>effacés</b>.")
    assert "&lt;b&gt;effacés" in page
    model.Session.rollback()
    kind, told = about_endings(scene)[-1]
    assert kind == ending.ATTESTED and {id_of(scene.town["decider"]), id_of(scene.town["second"])} <= told
    decider = Person(app, scene.town["decider"])
    assert "effacés" in decider.visit(f"/accords/{grants[scene.citizen]}")
    assert "effacés" not in decider.visit(f"/accords/{grants[scene.other]}") and not decider.page.xpath("//textarea[@name='words']")
    now = store.now()
    for days, count, deciders in ((6.9, 0, False), (7.1, 1, False), (29, 0, False), (30.1, 1, True), (90, 0, False)):
        monkeypatch.setattr(store, "now", lambda days=days: now + timedelta(days=days))
        scene.told.clear()
        assert ending.remind() == count, days
        for kind, told in about_endings(scene):
            assert kind == ending.REMINDED and id_of(scene.other) in told and (id_of(scene.town["decider"]) in told) == deciders
    with pytest.raises(tk.NotAuthorized):
        scene.call("tzc_agreement_attest", scene.town["decider"], id=grants[scene.other])
    with pytest.raises(tk.ValidationError):
        scene.call("tzc_agreement_attest", scene.other, id=grants[scene.other], words="x" * 6000)
    shown = scene.call("tzc_agreement_attest", scene.other, id=grants[scene.other])
    # said twice, it was said the first time
    assert scene.call("tzc_agreement_attest", scene.other, id=grants[scene.other], words="Encore.")["attested"] == shown["attested"]
    assert not shown["to_attest"]


def test_who_was_not_asked_for_long_is_told_once(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    request = scene.grant()
    scene.move(scene.town["decider"], request, "revoke", reason="Un abus.")
    now = store.now()
    monkeypatch.setattr(store, "now", lambda: now + timedelta(days=40))
    assert (ending.remind(), ending.remind()) == (1, 0)


def test_a_right_that_goes_on_is_not_attested(scene: Any) -> None:
    first = scene.grant()
    second = scene.ask(words="Encore.", renews=first["id"])
    scene.move(scene.town["decider"], second, "take_up")
    scene.move(scene.town["decider"], second, "approve")
    states = [row.state for row in model.Session.query(store.Agreement).order_by(store.Agreement.id)]
    assert sorted(states) == ["live", "renewed"] and ending.remind() == 0
    # nor one that was given anew after an appeal
    scene.move(scene.town["decider"], second, "revoke", reason="Un abus.")
    scene.move(scene.citizen, second, "appeal", reason="Non.")
    scene.move(scene.town["second"], second, "overturn")
    assert ending.remind() == 0


def test_at_the_date_it_may_be_attested_before_any_job_ran(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.grant()
    agreement = model.Session.query(store.Agreement).one()
    end = agreement.ends
    monkeypatch.setattr(store, "now", lambda: end)
    assert scene.call("tzc_agreement_attest", scene.citizen, id=agreement.grant)["attested"]
