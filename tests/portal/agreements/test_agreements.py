"""What was agreed when a right was given: signed in the same transaction, shown to those concerned, checked without the portal."""
from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
from ckan.exceptions import CkanConfigurationException
from ckan.tests import factories
from ckanext.tzc.agreements import keys, store
from ckanext.tzc.agreements.cli import agreements as commands
from click.testing import CliRunner
from joserfc import jws
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet

from tests.people import Person

from .conftest import later

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


def granted(scene: Any, **fields: Any) -> str:
    """A right that was given; its id."""
    scene.grant(**fields)
    return str(scene.call("tzc_grant_list", scene.citizen)["grants"][0]["id"])


def test_a_right_has_its_agreement_which_a_plain_library_checks(scene: Any, app: Any) -> None:
    grant = granted(scene, words="Une thèse « sur » les rues.")
    citizen = Person(app, scene.citizen)
    document, signature = (citizen.get(f"/accords/{grant}.{kind}") for kind in ("jsonld", "jws"))
    assert document.headers["Cache-Control"] == signature.headers["Cache-Control"] == "private, no-store"
    assert document.content_type == "application/ld+json"
    published = app.get("/.well-known/jwks.json")
    assert published.content_type == "application/jwk-set+json"
    # from here on without the portal
    known = KeySet.import_key_set(json.loads(published.text))
    jws.deserialize_compact(signature.text, known, payload=document.get_data())
    with pytest.raises(BadSignatureError):
        jws.deserialize_compact(signature.text, known, payload=document.get_data() + b" ")
    agreed = json.loads(document.get_data())
    assert (agreed["type"], agreed["assigner"]["title"], agreed["uid"]) == ("Agreement", scene.town["title"], f"http://test.ckan.net/accords/{grant}?version=1")
    (right,) = scene.call("tzc_grant_list", scene.citizen)["grants"]
    assert [answer.headers["Content-Disposition"] for answer in (document, signature)] == ["attachment; filename=accord.jsonld", "attachment; filename=accord.jws"], "as the page of the check says"
    assert "Scientific research" in citizen.visit(f"/en/accords/{grant}") and "Recherche scientifique" in citizen.visit(f"/accords/{grant}")
    purpose = agreed["permission"][0]["constraint"][2]
    assert purpose["description"] == "Une thèse « sur » les rues." and purpose["rightOperand"] == {"uid": "https://w3id.org/dpv#AcademicResearch"}
    assert agreed["permission"][0]["constraint"][1]["rightOperand"]["@value"] == right["ends"].replace("+00:00", "Z")
    shown = scene.call("tzc_agreement_show", scene.citizen, id=grant)
    assert shown["document"] == agreed and shown["terms"] == right["terms_hash"].split() and shown["open"]


def test_each_file_and_person_has_one(scene: Any) -> None:
    first = scene.streets["resources"][0]
    scene.grant(team=[scene.other], resources=[first["id"]])
    rows = model.Session.query(store.Agreement).all()
    assert len(rows) == 2 and {row.files[0] for row in rows} == {first["id"]}
    (target,) = json.loads(rows[0].document)["permission"][0]["target"]
    assert target["uid"].endswith(f"/resource/{first['id']}") and target["title"] == "Rues" and target["partOf"].endswith(scene.streets["id"])


def test_with_two_keys_it_begins_when_the_last_is_turned(scene: Any, at: Any) -> None:
    request = scene.ask(scene.ships, days=30)
    scene.move(scene.port["decider"], request, "take_up")
    scene.move(scene.port["decider"], request, "approve")
    moment = later(45)
    at(moment)
    scene.move(scene.port["officer"], request, "approve")
    agreement = model.Session.query(store.Agreement).one()
    assert (agreement.begins, agreement.ends) == (moment, moment + timedelta(days=30))
    begins = json.loads(agreement.document)["permission"][0]["constraint"][0]
    assert (begins["operator"], begins["rightOperand"]["@value"]) == ("gteq", moment.isoformat().replace("+00:00", "Z"))


def test_who_sees_it(scene: Any, app: Any) -> None:
    grant = granted(scene, team=[scene.other])
    for name in (scene.citizen, scene.town["decider"], factories.Sysadmin()["name"]):
        assert scene.call("tzc_agreement_show", name, id=grant)["grant"] == grant
    for name in (scene.port["decider"], scene.town["editor"], factories.User()["name"]):
        with pytest.raises(tk.ObjectNotFound):
            scene.call("tzc_agreement_show", name, id=grant)
    for odd in ({"id": grant, "version": "7"}, {"id": grant, "version": "x"}, {"id": "a\0"}, {"id": ["a"]}, {}, {"id": grant, "version": "9" * 40}):
        with pytest.raises(tk.ObjectNotFound):
            scene.call("tzc_agreement_show", scene.citizen, **odd)
    with pytest.raises(tk.NotAuthorized):
        scene.call("tzc_agreement_show", "", id=grant)
    for kind in ("", ".jsonld", ".jws"):
        assert "/user/login" in app.get(f"/accords/{grant}{kind}", follow_redirects=False).headers["Location"]
        Person(app, scene.port["decider"]).visit(f"/accords/{grant}{kind}", status=404)


def test_the_pages_lead_there(scene: Any, app: Any) -> None:
    request = scene.grant(team=[scene.other])
    shown = scene.call("tzc_grant_list", scene.citizen)["grants"][0]
    citizen, decider, other = (Person(app, name) for name in (scene.citizen, scene.town["decider"], scene.other))
    for person, pages in ((citizen, (f"/demandes/{request['id']}", "/demandes/droits")), (decider, (f"/demandes/{request['id']}",))):
        for page in pages:
            person.visit(page)
            assert person.page.xpath("//main//a[@href=$address]", address=f"/accords/{shown['id']}"), page
    other.visit("/demandes/droits")
    (own,) = other.page.xpath("//main//a[starts-with(@href, '/accords/')]/@href")
    assert own != f"/accords/{shown['id']}" and "Rues" in other.visit(own)
    # who is of the team and did not ask reads the terms, and is not sent to a request that they may not see
    assert not other.page.xpath("//main//a[starts-with(@href, '/demandes/') and contains(@href, '-') and not(contains(@href, '/conditions/'))]")
    assert citizen.visit(f"/accords/{shown['id']}").count(request["id"]) >= 1
    assert "jwks.json" in app.get("/accords/verifier").text


def test_what_cannot_be_signed_is_not_given(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    request = scene.ask()
    scene.move(scene.town["decider"], request, "take_up")
    monkeypatch.setitem(tk.config, "tzc.agreements.signing_secret", "short")
    with pytest.raises(CkanConfigurationException):
        scene.move(scene.town["decider"], request, "approve")
    model.Session.rollback()
    assert scene.call("tzc_request_show", scene.citizen, id=request["id"])["parts"][0]["state"] == "under_review"
    assert scene.call("tzc_grant_list", scene.citizen)["count"] == 0 and model.Session.query(store.Agreement).count() == 0


def test_it_follows_the_right_and_a_right_given_anew_has_another_version(scene: Any) -> None:
    request = scene.grant()
    grant = scene.call("tzc_grant_list", scene.citizen)["grants"][0]["id"]

    def state() -> str:
        shown = scene.call("tzc_agreement_show", scene.citizen, id=grant)
        return f"{shown['version']} {shown['state']} {shown['open']}"

    scene.move(scene.town["decider"], request, "suspend", reason="Une question.")
    assert state() == "1 suspended False"
    scene.move(scene.town["decider"], request, "resume")
    assert state() == "1 live True"
    scene.move(scene.town["decider"], request, "revoke", reason="Un abus.")
    assert state() == "1 revoked False"
    scene.move(scene.citizen, request, "appeal", reason="Ce n’est pas vrai.")
    scene.move(scene.town["second"], request, "overturn")
    assert state() == "2 live True"
    first = scene.call("tzc_agreement_show", scene.citizen, id=grant, version=1)
    assert first["state"] == "revoked" and first["document"]["uid"].endswith("?version=1") and first["versions"] == 2


def test_another_key_signs_from_now_on_and_the_old_one_still_checks(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.grant()
    before = keys.public()
    assert len(before) == 1 and "d" not in before[0]
    done = CliRunner().invoke(commands, ["rotate-key"])
    assert done.exit_code == 0, done.output
    scene.grant(words="Une autre.")
    first, second = model.Session.query(store.Agreement).order_by(store.Agreement.id)
    published = keys.public()
    assert [key["kid"] for key in published] == [second.kid, first.kid] and first.kid == before[0]["kid"]
    assert CliRunner().invoke(commands, ["verify"]).exit_code == 0
    # a secret that was changed is another key too, and loses nothing
    monkeypatch.setitem(tk.config, "tzc.agreements.signing_secret", "another secret of sufficient length")
    scene.grant(words="Une troisième.")
    assert len(keys.public()) == 3
    assert CliRunner().invoke(commands, ["verify"]).exit_code == 0
    # what somebody changes in the database is found
    first = model.Session.query(store.Agreement).order_by(store.Agreement.id).first()
    first.document = first.document.replace("Une thèse sur les rues.", "Une thèse sur les rues!")
    model.Session.commit()
    done = CliRunner().invoke(commands, ["verify"])
    assert done.exit_code == 1 and first.grant in done.output and "1 of 3" in done.output


def test_a_request_of_an_account_that_is_gone_can_be_decided(scene: Any) -> None:
    request = scene.ask(team=[scene.other])
    scene.move(scene.town["decider"], request, "take_up")
    tk.get_action("user_delete")({"ignore_auth": True}, {"id": scene.citizen})
    assert scene.move(scene.town["decider"], request, "approve")["parts"][0]["state"] == "granted"
    # who worked with them has the right still, and its agreement
    scene.join(scene.other, request)
    grant = scene.call("tzc_grant_list", scene.other)["grants"][0]["id"]
    assert "description" not in scene.call("tzc_agreement_show", scene.other, id=grant)["document"]["permission"][0]["constraint"][2]
