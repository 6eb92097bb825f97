"""Decisions in somebody's place: from a moment to a moment, as the replaced would, and told."""
from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
from ckanext.tzc.common import delegations, duties
from ckanext.tzc.workflow import store

from tests.people import Person

from .conftest import Town, act, somebody, user_id

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


def later(**amount: float) -> str:
    return (datetime.now(timezone.utc) + timedelta(**amount)).isoformat()


def decides(town: Town) -> set[str]:
    return {model.User.get(user).name for user in duties.holders(town.id, "decider")}


def delegate(town: Town, user: str, to: str, **days: Any) -> dict[str, Any]:
    made: dict[str, Any] = act("tzc_delegation_create", user, partner=town.id, to=to, **{"ends": later(days=3), **days})
    return made


def refused(*arguments: Any, **named: Any) -> set[str]:
    with pytest.raises(tk.ValidationError) as caught:
        delegate(*arguments, **named)
    return set(caught.value.error_dict)


@pytest.fixture
def decider(town: Town) -> str:
    """Who was given the duty, and has no other place at the partner."""
    name = somebody(fullname="Danielle Décide")
    town.give("decider", name)
    return name


def publish(town: Town, **fields: Any) -> dict[str, Any]:
    return town.create(user=town.admin, state="active", access_level="restricted", **fields)


def ask(town: Town, decider: str, data: Any = None, user: str = "") -> tuple[str, dict[str, Any]]:
    """A citizen's request, sent and taken up."""
    data = data or publish(town)
    citizen = user or somebody()
    terms = [one["hash"] for one in act("tzc_request_terms", citizen, datasets=[data["id"]])["terms"]]
    made = act("tzc_request_create", citizen, datasets=[data["id"]], purpose="research", words="Une thèse.", days=30, terms=terms, submit=True)
    act("tzc_request_move", decider, id=made["id"], move="take_up")
    return citizen, made


def test_it_holds_from_its_beginning_until_its_end(town: Town, decider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    other = somebody()
    begins = datetime.now(timezone.utc) + timedelta(hours=2)
    ends = begins + timedelta(days=1)
    delegate(town, decider, other, begins=begins.isoformat(), ends=ends.isoformat())
    for moment, holds in ((begins - timedelta(seconds=1), False), (begins, True), (ends - timedelta(seconds=1), True), (ends, False)):
        monkeypatch.setattr(store, "now", lambda moment=moment: moment)
        assert decides(town) == ({decider, other} if holds else {decider}), moment
        assert (user_id(other) in delegations.delegates(town.id, "decider")) == holds
    assert act("tzc_delegation_list", town.admin, partner=town.id) == []


def test_a_delegate_decides_and_the_record_says_for_whom(town: Town, decider: str, heard: list[Any]) -> None:
    other = somebody(fullname="Rémi Remplace")
    delegate(town, decider, other)
    _citizen, request = ask(town, decider)
    assert [entry["id"] for entry in act("tzc_request_list", other, queue=True)["requests"]] == [request["id"]]
    moved = act("tzc_request_move", other, id=request["id"], move="approve")
    assert moved["parts"][0]["state"] == "granted"
    last = moved["messages"][-1]
    assert (last["by"], last["for"]) == ("Rémi Remplace", ["Danielle Décide"])
    assert next(message for message in moved["messages"] if message["move"] == "take_up")["for"] == []
    told = next(one for one in heard if one.kind == "request.granted")
    assert told.content["for"] == [user_id(decider)] and user_id(decider) in told.tell
    assert [one.kind for one in heard if one.kind.startswith("delegation.")] == ["delegation.created"]


def test_ended_it_opens_nothing(town: Town, decider: str, heard: list[Any]) -> None:
    other, stranger = somebody(), somebody()
    made = delegate(town, decider, other)
    _citizen, request = ask(town, decider)
    with pytest.raises(tk.NotAuthorized):
        act("tzc_delegation_end", stranger, id=made["id"])
    act("tzc_delegation_end", other, id=made["id"])
    with pytest.raises(tk.ObjectNotFound):
        act("tzc_request_move", other, id=request["id"], move="approve")
    with pytest.raises(tk.ObjectNotFound):
        act("tzc_delegation_end", decider, id=made["id"])
    assert decides(town) == {decider} and heard[-1].kind != "delegation.created"


def test_it_counts_as_long_as_the_replaced_has_the_duty(town: Town, decider: str) -> None:
    other = somebody()
    delegate(town, decider, other)
    (given,) = act("tzc_duty_list", town.admin, partner=town.id)["duties"]
    act("tzc_duty_take", town.admin, id=given["id"])
    assert decides(town) == {town.admin}


def test_it_is_not_passed_on(town: Town, decider: str) -> None:
    first, second = somebody(), somebody()
    delegate(town, decider, first)
    with pytest.raises(tk.NotAuthorized):
        delegate(town, first, second)
    assert refused(town, town.admin, second, **{"from": first}) == {"from"}


def test_one_person_turns_one_key(town: Town, decider: str) -> None:
    """Of personal data: the delegate's key is the replaced one's, whichever is turned first."""
    other, officer, data = somebody(), somebody(), publish(town, personal_data="pseudonymised")
    for name in (decider, officer):
        town.give("officer", name)
    delegate(town, decider, other)
    _citizen, request = ask(town, decider, data)
    act("tzc_request_move", other, id=request["id"], move="approve")
    assert "approve" not in act("tzc_request_show", decider, id=request["id"])["parts"][0]["moves"]
    with pytest.raises(tk.ValidationError):
        act("tzc_request_move", decider, id=request["id"], move="approve")
    assert act("tzc_request_move", officer, id=request["id"], move="approve")["parts"][0]["state"] == "granted"
    _citizen, request = ask(town, decider, data)
    act("tzc_request_move", decider, id=request["id"], move="approve")
    with pytest.raises(tk.ValidationError):
        act("tzc_request_move", other, id=request["id"], move="approve")


def test_the_only_officer_who_is_delegate_too_turns_the_own_key_and_leaves_the_other(town: Town, decider: str) -> None:
    officer, data = somebody(), publish(town, personal_data="pseudonymised")
    town.give("officer", officer)
    delegate(town, decider, officer)
    _citizen, request = ask(town, decider, data)
    half = act("tzc_request_move", officer, id=request["id"], move="approve")
    assert set(half["parts"][0]["keys"]) == {"officer"} and half["messages"][-1]["for"] == []
    with pytest.raises(tk.ValidationError):
        act("tzc_request_move", officer, id=request["id"], move="approve")
    assert act("tzc_request_list", decider, queue=True)["count"] == 1
    assert act("tzc_request_move", decider, id=request["id"], move="approve")["parts"][0]["state"] == "granted"
    # where another officer is there, the key is turned in the place of who delegated
    other = somebody()
    town.give("officer", other)
    _citizen, request = ask(town, decider, data)
    half = act("tzc_request_move", officer, id=request["id"], move="approve")
    assert set(half["parts"][0]["keys"]) == {"decider"}
    assert act("tzc_request_move", other, id=request["id"], move="approve")["parts"][0]["state"] == "granted"


def test_an_appeal_is_heard_by_neither_of_them(town: Town, decider: str) -> None:
    other, third = somebody(), somebody()
    town.give("decider", third)
    delegate(town, decider, other)
    citizen, request = ask(town, decider)
    act("tzc_request_move", other, id=request["id"], move="refuse", reason="Non.")
    act("tzc_request_move", citizen, id=request["id"], move="appeal", reason="Si.")
    for user in (decider, other):
        assert "overturn" not in act("tzc_request_show", user, id=request["id"])["parts"][0]["moves"]
    assert act("tzc_request_move", third, id=request["id"], move="overturn")["parts"][0]["state"] == "granted"


def test_nobody_decides_for_who_would_have_the_data(town: Town, decider: str) -> None:
    other, third = somebody(), somebody()
    town.give("decider", third)
    delegate(town, decider, other)
    _asker, request = ask(town, third, user=decider)
    with pytest.raises(tk.ObjectNotFound):
        act("tzc_request_move", other, id=request["id"], move="approve")
    assert act("tzc_request_move", third, id=request["id"], move="approve")["parts"][0]["state"] == "granted"


def test_what_is_asked_of_a_delegation(town: Town, decider: str) -> None:
    other = somebody()
    assert refused(town, decider, decider) == {"to"}
    assert refused(town, decider, "nobody-at-all") == {"to"}
    assert refused(town, decider, other, ends=None) == {"ends"}
    assert refused(town, decider, other, ends=later(days=-1)) == {"ends"}
    assert refused(town, decider, other, begins=later(days=9)) == {"ends"}
    assert refused(town, decider, other, ends=later(days=400)) == {"ends"}
    assert refused(town, decider, other, ends="bald") == {"ends"}
    delegate(town, decider, other)
    assert refused(town, decider, other, begins=later(days=1), ends=later(days=9)) == {"begins"}
    delegate(town, decider, other, begins=later(days=4), ends=later(days=9))
    with pytest.raises(tk.NotAuthorized):
        delegate(town, other, decider)
    with pytest.raises(tk.NotAuthorized):
        delegate(town, decider, somebody(), **{"from": town.admin})


def test_on_the_page(town: Town, decider: str, app: Any) -> None:
    other = somebody(fullname="Rémi Remplace")
    admin, address = Person(app, town.admin), f"/organization/roles/{town.name}"
    admin.visit(address)
    forms = admin.page.xpath("//main//form[@method='post']")
    number = next(index for index, form in enumerate(forms) if form.xpath(".//input[@value='delegate']"))
    page = admin.send(button=("", ""), form=number, **{"from": decider, "to": other, "ends": "2027-03-01T10:30"})
    assert "Rémi Remplace" in page and "Danielle Décide" in page and "10:30" in page
    # who is replaced sees it too, and ends it; the delegate may read the page
    assert "Rémi Remplace" in Person(app, other).visit(address)
    person = Person(app, decider)
    person.visit(address)
    number = next(index for index, form in enumerate(person.page.xpath("//main//form[@method='post']")) if form.xpath(".//input[@value='end']"))
    assert "Rémi Remplace" not in person.send(button=("", ""), form=number)
