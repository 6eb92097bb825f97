"""A decider invites somebody: nothing opens before it is accepted with its terms, and two keys stay two keys."""
from __future__ import annotations

from datetime import timedelta
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
from ckan.tests import factories
from ckanext.tzc.agreements import offers, store

from tests.people import Person

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

WORDS = {"purpose": "research", "words": "Une étude commune.", "days": 20}


def invite(scene: Any, **fields: Any) -> dict[str, Any]:
    wanted = {"dataset": scene.streets["name"], "account": scene.citizen, **WORDS, **fields}
    user = wanted.pop("user", scene.town["decider"])
    made: dict[str, Any] = scene.call("tzc_invitation_create", user, **{key: value for key, value in wanted.items() if value is not None})
    return made


def terms(scene: Any, dataset: dict[str, Any], user: str) -> list[str]:
    return [one["hash"] for one in scene.call("tzc_request_terms", user, datasets=[dataset["name"]])["terms"]]


def files(scene: Any, dataset: dict[str, Any], user: str) -> list[str]:
    return [file["url"] for file in scene.call("package_show", user, id=dataset["id"])["resources"] if "secret" in file["url"]]


def told(scene: Any) -> list[str]:
    return [one.kind for one in scene.told]


def test_accepted_with_its_terms_it_is_a_right_like_any_other(scene: Any) -> None:
    first = scene.streets["resources"][0]
    made = invite(scene, resources=[first["id"]])
    assert files(scene, scene.streets, scene.citizen) == [] and made["waits"] and not made["yours"]
    assert [one["id"] for one in scene.call("tzc_invitation_list", scene.citizen)] == [made["id"]]
    with pytest.raises(tk.ValidationError):
        scene.call("tzc_invitation_accept", scene.citizen, id=made["id"])
    assert scene.call("tzc_request_list", scene.citizen)["count"] == 0
    request = scene.call("tzc_invitation_accept", scene.citizen, id=made["id"], terms=terms(scene, scene.streets, scene.citizen))
    (part,) = request["parts"]
    assert part["state"] == "granted" and request["words"] == WORDS["words"] and part["datasets"][0]["resources"] == [first["id"]]
    assert files(scene, scene.streets, scene.citizen) == [first["url"]]
    assert told(scene) == ["invitation.created", "request.submitted", "request.taken_up", "request.granted", "invitation.accepted"]
    # with its agreement, and the terms as they were accepted
    (agreement,) = model.Session.query(store.Agreement).all()
    assert (agreement.ends - agreement.begins) == timedelta(days=20) and agreement.request == request["id"]
    # pressed twice it is one
    again = scene.call("tzc_invitation_accept", scene.citizen, id=made["id"], terms=terms(scene, scene.streets, scene.citizen))
    assert again["id"] == request["id"] and scene.call("tzc_grant_list", scene.citizen)["count"] == 1
    with pytest.raises(tk.ValidationError):
        scene.call("tzc_invitation_withdraw", scene.town["decider"], id=made["id"])
    scene.move(scene.town["decider"], request, "revoke", reason="Fini.")
    assert files(scene, scene.streets, scene.citizen) == []


def notified(user: str) -> list[str]:
    """The kinds of somebody's notices, the oldest first."""
    from ckanext.tzc.notices import store as notices

    return [row.kind for row in reversed(notices.notices(model.User.get(user).id, 100, 0))]


def test_who_accepted_is_told_what_came_of_it_and_no_step_between(scene: Any) -> None:
    made = invite(scene)
    scene.call("tzc_invitation_accept", scene.citizen, id=made["id"], terms=terms(scene, scene.streets, scene.citizen))
    assert notified(scene.citizen) == ["invitation.created", "request.granted"]
    assert notified(scene.town["decider"]) == ["invitation.accepted"] and notified(scene.town["second"]) == ["request.granted"]
    # of data that concern persons the officer is told that one key is turned
    made = invite(scene, dataset=scene.ships["name"], user=scene.port["decider"])
    scene.call("tzc_invitation_accept", scene.citizen, id=made["id"], terms=terms(scene, scene.ships, scene.citizen))
    assert notified(scene.citizen)[2:] == ["invitation.created", "request.approved"]
    assert notified(scene.port["officer"]) == ["request.approved"] and notified(scene.port["decider"]) == ["invitation.accepted"]
    # a request of one's own is acknowledged, as ever
    scene.ask(user=scene.other)
    assert notified(scene.other) == ["request.acknowledged"]


def test_persons_need_the_officers_key_too(scene: Any) -> None:
    made = invite(scene, dataset=scene.ships["name"], user=scene.port["decider"])
    request = scene.call("tzc_invitation_accept", scene.citizen, id=made["id"], terms=terms(scene, scene.ships, scene.citizen))
    assert request["parts"][0]["state"] == "under_review" and files(scene, scene.ships, scene.citizen) == []
    with pytest.raises(tk.ValidationError):
        scene.move(scene.port["decider"], request, "approve")
    assert scene.move(scene.port["officer"], request, "approve")["parts"][0]["state"] == "granted"
    assert len(files(scene, scene.ships, scene.citizen)) == 1


def test_nobody_else_accepts_sees_or_makes_it(scene: Any) -> None:
    made = invite(scene)
    for name in (scene.other, scene.port["decider"]):
        for action in ("tzc_invitation_show", "tzc_invitation_accept", "tzc_invitation_decline", "tzc_invitation_withdraw"):
            with pytest.raises(tk.ObjectNotFound):
                scene.call(action, name, id=made["id"], terms=terms(scene, scene.streets, scene.other))
    # who decides sees it, and cannot accept for others
    assert scene.call("tzc_invitation_show", scene.town["second"], id=made["id"])["to"]
    with pytest.raises(tk.ObjectNotFound):
        scene.call("tzc_invitation_accept", scene.town["decider"], id=made["id"], terms=terms(scene, scene.streets, scene.other))
    with pytest.raises(tk.NotAuthorized):
        scene.call("tzc_invitation_withdraw", scene.citizen, id=made["id"])
    for name in (scene.citizen, scene.port["decider"], scene.town["editor"]):
        with pytest.raises(tk.ObjectNotFound):
            invite(scene, user=name)
        with pytest.raises(tk.ObjectNotFound):
            scene.call("tzc_invitation_list", name, dataset=scene.streets["name"])
    # an administrator only where the partner has nobody
    with pytest.raises(tk.ObjectNotFound):
        invite(scene, user=factories.Sysadmin()["name"])


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"account": "nobody-at-all"}, "account"), ({"account": None}, "email"), ({"email": "a@example.org"}, "email"), ({"account": None, "email": "a@b"}, "email"),
        ({"days": 0}, "days"), ({"days": 99999}, "days"), ({"purpose": "x"}, "purpose"), ({"words": " "}, "words"), ({"words": "x" * 5001}, "words"), ({"words": ["x"]}, "words"),
        ({"resources": ["x"]}, "resources"), ({"resources": {"a": 1}}, "resources"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_by_field(scene: Any, fields: dict[str, Any], wrong: str) -> None:
    with pytest.raises(tk.ValidationError) as caught:
        invite(scene, **fields)
    assert list(caught.value.error_dict) == [wrong]
    assert model.Session.query(offers.Invitation).count() == 0 and told(scene) == []


def test_a_purpose_is_named_by_its_words(scene: Any, app: Any) -> None:
    decider = Person(app, scene.town["decider"])
    decider.visit(f"/en/dataset/partage/{scene.streets['name']}")
    decider.send(button=("act", "invite"), status=400, account=scene.citizen, purpose="x", words="Pour voir.", days="5")
    assert "Scientific research (research)" in decider.faults()["field-invite-purpose"]


def test_members_oneself_and_open_data_are_not_invited(scene: Any, publish: Any) -> None:
    for account in (scene.town["decider"], scene.town["editor"]):
        with pytest.raises(tk.ValidationError):
            invite(scene, account=account)
    for level in ("open", "registered"):
        with pytest.raises(tk.ValidationError):
            invite(scene, dataset=publish(access_level=level)["name"])


def test_a_request_of_the_same_key_is_not_taken_for_it(scene: Any, publish: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is invited to the streets drafts a request for more, hoping that it is approved in their place."""
    wider = publish(access_level="restricted", title="Autres")
    made = invite(scene)
    for key in (f"invitation:{made['id']}", made["id"]):
        scene.ask(scene.streets, wider, key=key, submit=False, days=900)
    request = scene.call("tzc_invitation_accept", scene.citizen, id=made["id"], terms=terms(scene, scene.streets, scene.citizen))
    assert [dataset["id"] for dataset in request["parts"][0]["datasets"]] == [scene.streets["id"]]
    (grant,) = scene.call("tzc_grant_list", scene.citizen)["grants"]
    assert grant["dataset"] == scene.streets["id"]


def test_too_late_withdrawn_declined_or_by_one_who_decides_no_more(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    accepted = terms(scene, scene.streets, scene.citizen)

    def refused(made: dict[str, Any]) -> None:
        with pytest.raises(tk.ValidationError):
            scene.call("tzc_invitation_accept", scene.citizen, id=made["id"], terms=accepted)

    withdrawn, declined, late, orphan = (invite(scene) for _ in range(4))
    assert scene.call("tzc_invitation_withdraw", scene.town["second"], id=withdrawn["id"])["state"] == "withdrawn"
    assert scene.call("tzc_invitation_decline", scene.citizen, id=declined["id"])["state"] == "declined"
    refused(withdrawn)
    refused(declined)
    until = store.now() + timedelta(days=30, seconds=1)
    with monkeypatch.context() as later:
        later.setattr(store, "now", lambda: until)
        refused(late)
    tk.get_action("organization_member_delete")({"user": scene.town["second"]}, {"id": scene.town["id"], "username": scene.town["decider"]})
    refused(orphan)
    assert scene.call("tzc_grant_list", scene.citizen)["count"] == 0
    assert [row.state for row in model.Session.query(offers.Invitation).filter_by(id=orphan["id"])] == ["open"]


def test_by_an_address_only_who_has_it(scene: Any, app: Any) -> None:
    address = tk.get_action("user_show")({"ignore_auth": True}, {"id": scene.citizen})["email"]
    made = invite(scene, account=None, email=address.upper())
    assert scene.told[-1].mail == (address.upper(),) and scene.told[-1].path == f"/invitations/{made['id']}"
    with pytest.raises(tk.ObjectNotFound):
        scene.call("tzc_invitation_show", scene.other, id=made["id"])
    stranger = app.get(f"/invitations/{made['id']}")
    assert "Rues" not in stranger.text and "/user/login" in stranger.text
    citizen = Person(app, scene.citizen)
    assert "Une étude commune." in citizen.visit(f"/invitations/{made['id']}")
    citizen.send(button=("act", "accept"), status=400)
    assert citizen.faults()
    page = citizen.send(button=("act", "accept"), terms=citizen.page.xpath("//input[@name='terms']/@value"))
    assert citizen.address.startswith("/demandes/") and "Une étude commune." in page
    assert len(files(scene, scene.streets, scene.citizen)) == 2


def test_the_decider_invites_and_withdraws_on_the_page_of_the_dataset(scene: Any, app: Any) -> None:
    decider = Person(app, scene.town["decider"])
    decider.visit(f"/dataset/{scene.streets['name']}")
    (page,) = set(decider.page.xpath("//main//a[contains(@href, '/dataset/partage/')]/@href"))
    decider.visit(page)
    decider.send(button=("act", "invite"), status=400, account="nobody-at-all", purpose="research", words="Pour voir.", days="5")
    assert "field-invite-account" in decider.faults() and decider.value("words") == "Pour voir."
    decider.send(button=("act", "invite"), account=scene.citizen)
    assert model.Session.query(offers.Invitation).count() == 1
    decider.send(button=("act", "withdraw"), form=1)
    model.Session.rollback()
    assert model.Session.query(offers.Invitation).one().state == "withdrawn"
    for name in (scene.citizen, scene.port["decider"]):
        other = Person(app, name)
        other.visit(page, status=404)
        other.visit(f"/dataset/{scene.streets['name']}")
        assert not other.page.xpath("//main//a[contains(@href, '/dataset/partage/')]")
    assert "/user/login" in app.get(page, follow_redirects=False).headers["Location"]


def test_nobody_writes_to_very_many(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offers, "A_DAY", 3)
    for number in range(3):
        invite(scene, account=None, email=f"a{number}@example.org")
    with pytest.raises(tk.ValidationError):
        invite(scene, account=None, email="a4@example.org")


def test_invitations_stand_on_the_desk_and_with_the_requests_of_who_was_invited(scene: Any, app: Any) -> None:
    made = scene.call("tzc_invitation_create", scene.town["decider"], dataset=scene.streets["name"], account=scene.citizen, purpose="research", words="Une étude.", days=20)
    citizen, other = Person(app, scene.citizen), Person(app, scene.other)
    for page in ("/dashboard/datasets", "/demandes/"):
        assert f"/invitations/{made['id']}" in citizen.visit(page) and f"/invitations/{made['id']}" not in other.visit(page)
    scene.call("tzc_invitation_decline", scene.citizen, id=made["id"])
    assert f"/invitations/{made['id']}" not in citizen.visit("/demandes/")


def test_one_by_address_is_found_by_its_mail_alone(scene: Any, app: Any) -> None:
    """Whoever writes an address into their account has not proven it."""
    email = model.User.get(scene.citizen).email
    made = scene.call("tzc_invitation_create", scene.town["decider"], dataset=scene.streets["name"], email=email, purpose="research", words="Une étude.", days=20)
    assert f"/invitations/{made['id']}" not in Person(app, scene.citizen).visit("/demandes/")
