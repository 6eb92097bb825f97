"""Requests for restricted data, by the API: from the form to the right and to its end."""
from __future__ import annotations

import contextvars
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import ckan.plugins.toolkit as tk
import pytest
from ckan.tests import factories

from tests.people import Person

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


def refused(function: Callable[..., Any], *arguments: Any, **named: Any) -> dict[str, list[str]]:
    """What is refused, by field."""
    with pytest.raises(tk.ValidationError) as caught:
        function(*arguments, **named)
    return dict(caught.value.error_dict)


def addresses(scene: Any, dataset: dict[str, Any], user: str) -> list[str]:
    """Which files' addresses somebody is told."""
    shown = scene.call("package_show", user, id=dataset["id"])
    return [file["url"] for file in shown["resources"] if "secret" in file["url"]]


def get(app: Any, address: str, user: str) -> Any:
    """An answer to somebody's token, which shares nothing with the test's own request."""
    token = factories.APIToken(user=user)["token"]
    return contextvars.Context().run(app.get, address, headers={"Authorization": token}, follow_redirects=False)


def kinds(scene: Any) -> list[str]:
    return [happening.kind for happening in scene.told]


def test_from_the_form_to_the_right_and_its_revocation(scene: Any) -> None:
    assert addresses(scene, scene.streets, scene.citizen) == []
    request = scene.ask()
    (part,) = request["parts"]
    assert (part["state"], part["title"], part["moves"]) == ("submitted", scene.town["title"], ["withdraw"])
    assert 60 < (datetime.fromisoformat(part["due"]) - datetime.fromisoformat(request["created"])).days <= 61
    queue = scene.call("tzc_request_list", scene.town["decider"], queue=True)
    assert [entry["id"] for entry in queue["requests"]] == [request["id"]]
    scene.move(scene.town["decider"], request, "take_up")
    granted = scene.move(scene.town["decider"], request, "approve")["parts"][0]
    assert granted["state"] == "granted"
    assert datetime.fromisoformat(granted["ends"]) - datetime.fromisoformat(granted["begins"]) == timedelta(days=30)
    assert len(addresses(scene, scene.streets, scene.citizen)) == 2
    assert addresses(scene, scene.streets, scene.other) == [] and addresses(scene, scene.ships, scene.citizen) == []
    (grant,) = scene.call("tzc_grant_list", scene.citizen)["grants"]
    assert grant["now"] and grant["dataset"] == scene.streets["id"] and grant["terms_hash"] == request["accepted"][0]["hash"]
    scene.move(scene.town["second"], request, "suspend", reason="Une question.")
    assert addresses(scene, scene.streets, scene.citizen) == []
    scene.move(scene.town["decider"], request, "resume")
    assert len(addresses(scene, scene.streets, scene.citizen)) == 2
    scene.move(scene.town["decider"], request, "revoke", reason="Les données ont été publiées.")
    assert addresses(scene, scene.streets, scene.citizen) == []
    assert kinds(scene) == ["request.submitted", "request.acknowledged", "request.taken_up", "request.granted", "grant.suspended", "grant.resumed", "grant.revoked"]
    citizen = tk.get_action("user_show")({"ignore_auth": True}, {"id": scene.citizen})["id"]
    # who asked is not told of what they did themselves, and so by the portal
    acknowledged = scene.told[1]
    assert (acknowledged.by, acknowledged.tell, acknowledged.content["due"]) == (None, (citizen,), part["due"]) and acknowledged.about["dataset"] == scene.streets["id"]
    assert all(citizen in happening.tell and happening.path == f"/demandes/{request['id']}" for happening in scene.told)


def test_a_right_opens_and_closes_at_the_second(scene: Any, at: Any) -> None:
    granted = scene.grant()["parts"][0]
    begins, ends = datetime.fromisoformat(granted["begins"]), datetime.fromisoformat(granted["ends"])
    for moment, files in ((begins - timedelta(seconds=1), 0), (begins, 2), (ends - timedelta(seconds=1), 2), (ends, 0), (ends + timedelta(days=400), 0)):
        at(moment)
        assert len(addresses(scene, scene.streets, scene.citizen)) == files, moment
        file = scene.streets["resources"][0]["id"]
        may = tk.check_access if files else refused_access
        may("resource_show", {"user": scene.citizen}, {"id": file})


def refused_access(*arguments: Any) -> None:
    with pytest.raises(tk.NotAuthorized):
        tk.check_access(*arguments)


def test_a_right_to_one_file_opens_that_one_only(scene: Any, app: Any) -> None:
    first, second = scene.streets["resources"]
    scene.grant(resources=[first["id"]])
    assert addresses(scene, scene.streets, scene.citizen) == [first["url"]]
    shown = get(app, f"/api/3/action/package_show?id={scene.streets['id']}", scene.citizen)
    assert first["url"] in shown.text and second["url"] not in shown.text
    assert shown.headers["Cache-Control"] == "private, no-store"
    download = get(app, f"/dataset/{scene.streets['name']}/resource/{first['id']}/download", scene.citizen)
    assert (download.status_code, download.headers["Location"], download.headers["Cache-Control"]) == (302, first["url"], "private, no-store")
    other = get(app, f"/dataset/{scene.streets['name']}/resource/{second['id']}/download", scene.citizen)
    assert other.headers.get("Location") != second["url"]
    page = get(app, f"/dataset/{scene.streets['name']}", scene.citizen)
    assert first["url"] in page.text and second["url"] not in page.text
    found = scene.call("resource_search", scene.citizen, query="name:Ponts")
    assert found["count"] == 0 and scene.call("resource_search", scene.citizen, query="name:Rues")["count"] == 1


def test_each_partner_decides_its_part_and_persons_need_two_keys(scene: Any) -> None:
    request = scene.ask(scene.streets, scene.ships, team=[scene.other])
    of = {part["partner"]: part["id"] for part in request["parts"]}
    town, port = of[scene.town["id"]], of[scene.port["id"]]
    # a partner sees and moves its own part only
    seen = scene.call("tzc_request_show", scene.port["decider"], id=request["id"])
    assert [part["id"] for part in seen["parts"]] == [port] and seen["others"] == 1
    with pytest.raises(tk.ObjectNotFound):
        scene.move(scene.port["decider"], request, "take_up", part=town)
    scene.move(scene.port["decider"], request, "take_up")
    half = scene.move(scene.port["decider"], request, "approve")["parts"][0]
    assert half["state"] == "under_review" and "decider" in half["keys"] and addresses(scene, scene.ships, scene.citizen) == []
    assert "move" in refused(scene.move, scene.port["decider"], request, "approve")
    assert scene.call("tzc_request_list", scene.port["decider"], queue=True)["count"] == 0 and scene.call("tzc_request_list", scene.port["officer"], queue=True)["count"] == 1
    # the second key opens for no longer than the first
    assert "days" in refused(scene.move, scene.port["officer"], request, "approve", days=900)
    assert scene.move(scene.port["officer"], request, "approve")["parts"][0]["state"] == "granted"
    assert addresses(scene, scene.ships, scene.other) == []
    scene.join(scene.other, request)
    for user in (scene.citizen, scene.other):
        assert len(addresses(scene, scene.ships, user)) == 1 and addresses(scene, scene.streets, user) == []
    scene.move(scene.town["decider"], request, "take_up", part=town)
    scene.move(scene.town["decider"], request, "refuse", part=town, reason="La finalité n’est pas claire.")
    assert "move" in refused(scene.move, scene.citizen, request, "appeal", part=port, reason="Pourquoi ?")
    scene.move(scene.citizen, request, "appeal", part=town, reason="Elle l’est.")
    assert "move" in refused(scene.move, scene.town["decider"], request, "overturn")
    assert scene.move(scene.town["second"], request, "overturn")["parts"][0]["state"] == "granted"
    assert len(addresses(scene, scene.streets, scene.citizen)) == 2


def test_others_learn_nothing_of_a_request(scene: Any) -> None:
    request = scene.ask()
    for user in (scene.other, scene.port["decider"], scene.town["editor"]):
        for action, more in (("tzc_request_show", {}), ("tzc_request_move", {"move": "take_up"}), ("tzc_request_message", {"text": "Bonjour"}), ("tzc_request_submit", {})):
            told = []
            for name in (request["id"], "0" * 8, "x\0y"):
                with pytest.raises(tk.ObjectNotFound) as caught:
                    scene.call(action, user, id=name, **more)
                told.append(str(caught.value))
            assert len(set(told)) == 1
    for action in ("tzc_request_create", "tzc_request_submit", "tzc_request_move", "tzc_request_message", "tzc_request_show", "tzc_request_list", "tzc_grant_list", "tzc_request_terms"):
        with pytest.raises(tk.NotAuthorized):
            tk.get_action(action)({"user": ""}, {"id": request["id"]})
    with pytest.raises(tk.ObjectNotFound):
        scene.call("tzc_grant_list", scene.other, dataset=scene.streets["id"])


def test_a_draft_is_its_writers_and_partners_do_not_decide_for_themselves(scene: Any) -> None:
    draft = scene.ask(submit=False)
    with pytest.raises(tk.ObjectNotFound):
        scene.call("tzc_request_show", scene.town["decider"], id=draft["id"])
    assert scene.call("tzc_request_list", scene.town["decider"], queue=True)["count"] == 0
    assert "datasets" in refused(scene.ask, user=scene.town["editor"], terms=[])
    # who would have the data decides nothing, whenever the duty was given to them
    request = scene.ask(words="Avec elle.", team=[scene.other])
    tk.get_action("organization_member_create")({"ignore_auth": True, "user": scene.town["editor"]}, {"id": scene.town["id"], "username": scene.other, "role": "admin"})
    with pytest.raises(tk.ObjectNotFound):
        scene.move(scene.other, request, "take_up")
    assert scene.move(scene.town["second"], request, "take_up")["parts"][0]["state"] == "under_review"


def test_a_second_sending_is_the_first(scene: Any) -> None:
    first, second = scene.ask(), scene.ask()
    assert first["id"] == second["id"] and kinds(scene) == ["request.submitted", "request.acknowledged"]
    by_key = [scene.ask(words=f"Version {n}", key="un-formulaire")["id"] for n in range(2)]
    assert len(set(by_key)) == 1 and by_key[0] != first["id"]
    assert scene.call("tzc_request_list", scene.citizen)["count"] == 2


def test_one_account_does_not_flood_the_deciders(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tk.config, "tzc.rights.open_requests", 2)
    for n in range(2):
        scene.ask(words=f"Demande {n}")
    assert "2" in refused(scene.ask, words="Encore une")["datasets"][0]
    scene.move(scene.citizen, scene.ask(words="Demande 0"), "withdraw")
    scene.ask(words="Encore une")


def test_renewal_keeps_the_old_right_until_it_is_decided(scene: Any, at: Any) -> None:
    old = scene.grant()
    ends = datetime.fromisoformat(old["parts"][0]["ends"])
    assert "renews" in refused(scene.ask, words="Encore", user=scene.other, renews=old["id"])
    again = scene.ask(words="Encore un mois.", renews=old["id"])
    at(ends - timedelta(days=1))
    scene.move(scene.town["decider"], again, "take_up")
    assert len(addresses(scene, scene.streets, scene.citizen)) == 2
    granted = scene.move(scene.town["decider"], again, "approve")["parts"][0]
    assert scene.call("tzc_request_show", scene.citizen, id=old["id"])["parts"][0]["state"] == "renewed"
    assert kinds(scene)[-2:] == ["request.granted", "grant.renewed"]
    at(ends + timedelta(days=1))
    assert len(addresses(scene, scene.streets, scene.citizen)) == 2
    at(datetime.fromisoformat(granted["ends"]))
    assert addresses(scene, scene.streets, scene.citizen) == []
    assert "renews" in refused(scene.ask, words="Trop tard", renews=old["id"])


def test_a_renewal_that_is_refused_takes_nothing_away(scene: Any) -> None:
    old = scene.grant()
    again = scene.ask(words="Encore un mois.", renews=old["id"])
    scene.move(scene.town["decider"], again, "take_up")
    scene.move(scene.town["decider"], again, "refuse", reason="Un mois suffit.")
    assert len(addresses(scene, scene.streets, scene.citizen)) == 2


def test_a_right_is_renewed_one_at_a_time_and_once(scene: Any, app: Any) -> None:
    old = scene.grant()
    first = scene.ask(words="Encore un mois.", renews=old["id"])
    assert first["id"] in refused(scene.ask, words="Et encore un.", renews=old["id"])["renews"][0]
    assert scene.ask(words="Encore un mois.", renews=old["id"])["id"] == first["id"]
    citizen = Person(app, scene.citizen)
    page = citizen.visit(f"/demandes/{old['id']}")
    assert f"/demandes/{first['id']}" in page and "renews=" not in page
    citizen.visit(f"/demandes/nouvelle?renews={old['id']}")
    assert citizen.address == f"/demandes/{first['id']}"
    # refused, it does not stand in the way of another; given after an appeal, it has renewed the right, and the other one renews nothing
    scene.move(scene.town["decider"], first, "take_up")
    scene.move(scene.town["decider"], first, "refuse", reason="Non.")
    second = scene.ask(words="Alors un autre.", renews=old["id"])
    scene.move(scene.town["decider"], second, "take_up")
    scene.move(scene.citizen, first, "appeal", reason="Si.")
    scene.move(scene.town["second"], first, "overturn")
    (part,) = scene.call("tzc_request_show", scene.citizen, id=old["id"])["parts"]
    assert (part["state"], part["successor"], part["renewal"]) == ("renewed", first["id"], None)
    assert f"/demandes/{first['id']}" in citizen.visit(f"/demandes/{old['id']}")
    assert "move" in refused(scene.move, scene.town["decider"], second, "approve")
    assert [grant["now"] for grant in scene.call("tzc_grant_list", scene.citizen)["grants"]].count(True) == 1


def test_who_sends_and_withdraws_without_end_is_stopped(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tk.config, "tzc.rights.open_requests", 2)
    for n in range(6):
        scene.move(scene.citizen, scene.ask(words=f"Demande {n}"), "withdraw")
    assert "datasets" in refused(scene.ask, words="Encore une")
    from ckanext.tzc.rights import life

    monkeypatch.setattr(life, "MESSAGES_A_DAY", 3)
    request = scene.call("tzc_request_list", scene.citizen)["requests"][0]
    assert "text" in refused(scene.call, "tzc_request_message", scene.citizen, id=request["id"], text="Encore moi")


def test_terms_that_were_replaced_are_told_and_nothing_is_lost(scene: Any) -> None:
    old = scene.call("tzc_request_terms", scene.citizen, datasets=[scene.streets["id"]])["terms"][0]
    draft = scene.ask(submit=False)
    assert "terms" in refused(scene.call, "tzc_request_submit", scene.citizen, id=draft["id"])
    with pytest.raises(tk.NotAuthorized):
        scene.call("tzc_request_terms_set", scene.other, id=scene.town["id"], texts={"fr": "Autre chose."})
    new = scene.call("tzc_request_terms_set", scene.town["decider"], id=scene.town["id"], texts={"fr": "Nos conditions."})
    told = refused(scene.call, "tzc_request_submit", scene.citizen, id=draft["id"], terms=[old["hash"]])["terms"][0]
    assert told != refused(scene.call, "tzc_request_submit", scene.citizen, id=draft["id"])["terms"][0]
    kept = scene.call("tzc_request_show", scene.citizen, id=draft["id"])
    assert (kept["words"], kept["parts"][0]["state"]) == ("Une thèse sur les rues.", "draft")
    sent = scene.call("tzc_request_submit", scene.citizen, id=draft["id"], terms=[new["hash"]])
    assert sent["parts"][0]["state"] == "submitted" and sent["accepted"][0]["hash"] == new["hash"]


def test_what_was_sent_back_is_sent_again_with_other_words(scene: Any) -> None:
    request = scene.ask(scene.streets, scene.ships)
    of = {part["partner"]: part["id"] for part in request["parts"]}
    scene.move(scene.port["decider"], request, "take_up")
    scene.move(scene.port["decider"], request, "approve")
    assert "reason" in refused(scene.move, scene.town["decider"], request, "ask_changes")
    scene.move(scene.town["decider"], request, "ask_changes", reason="Quelle thèse ?")
    again = scene.call("tzc_request_submit", scene.citizen, id=request["id"], words="Une thèse de géographie.", days=10)
    parts = {part["partner"]: part for part in again["parts"]}
    assert parts[scene.town["id"]]["state"] == "submitted"
    # who turned a key for other words did not turn it for these
    assert parts[scene.port["id"]]["state"] == "under_review" and parts[scene.port["id"]]["keys"] == {}
    assert [message["text"] for message in again["messages"] if message["text"]] == ["Quelle thèse ?"] and of


def test_a_decision_comes_too_late(scene: Any) -> None:
    request = scene.ask()
    scene.move(scene.town["decider"], request, "take_up")
    scene.move(scene.citizen, request, "withdraw")
    told = refused(scene.move, scene.town["decider"], request, "approve")["move"][0]
    assert "Retirée" in told or "Withdrawn" in told
    assert scene.call("tzc_grant_list", scene.citizen)["count"] == 0
    assert "move" in refused(scene.move, scene.citizen, request, "fly") and "move" in refused(scene.move, scene.citizen, request, "expire")


def test_a_partner_gives_what_is_its_own_now(scene: Any) -> None:
    request = scene.ask()
    scene.move(scene.town["decider"], request, "take_up")
    administrator = factories.Sysadmin()["name"]
    tk.get_action("package_patch")({"user": administrator}, {"id": scene.streets["id"], "owner_org": scene.port["id"]})
    assert "move" in refused(scene.move, scene.town["decider"], request, "approve")
    assert scene.call("tzc_grant_list", scene.citizen)["count"] == 0
    assert scene.call("tzc_request_show", scene.citizen, id=request["id"])["parts"][0]["state"] == "under_review"


BAD = [
    ({"datasets": []}, "datasets"), ({"datasets": ["no-such"]}, "datasets"), ({"datasets": {"a": 1}}, "datasets"), ({"purpose": "gossip"}, "purpose"), ({"purpose": None}, "purpose"), ({"words": " \n"}, "words"),
    ({"words": ["x"]}, "words"), ({"words": "x" * 5001}, "words"), ({"days": 0}, "days"), ({"days": 100000}, "days"), ({"days": "1.5"}, "days"), ({"days": None}, "days"), ({"team": ["nobody-at-all"]}, "team"),
    ({"team": [1]}, "team"), ({"resources": ["no-such"]}, "resources"), ({"columns": ["nom"]}, "columns"), ({"terms": []}, "terms"), ({"submit": "perhaps"}, "submit"), ({"project": "x" * 301}, "project"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "field"), BAD)
def test_what_is_wrong_is_told_by_field(scene: Any, fields: dict[str, Any], field: str) -> None:
    assert field in refused(scene.ask, **{"terms": [], **fields})
    assert scene.call("tzc_request_list", scene.citizen)["count"] == 0


def test_only_what_is_given_on_request_is_asked_for(scene: Any, publish: Callable[..., dict[str, Any]]) -> None:
    for level in ("open", "registered", "confidential"):
        assert "datasets" in refused(scene.ask, publish(access_level=level), terms=[])
