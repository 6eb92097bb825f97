"""Who has which duty: given with dates, taken back, shared, and what CKAN's capacities mean meanwhile."""
from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
from ckan.tests import factories
from ckanext.tzc.common import duties

from .conftest import Town, act, somebody, user_id

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


def later(**amount: int) -> str:
    return (datetime.now(timezone.utc) + timedelta(**amount)).isoformat()


def names(partner: str, duty: str) -> set[str]:
    return {model.User.get(user).name for user in duties.holders(partner, duty)}


def test_capacities_count_until_somebody_was_given_a_duty(town: Town, heard: list[Any]) -> None:
    assert names(town.id, "steward") == {town.admin} and names(town.id, "contributor") == {town.admin, town.editor, town.second}
    given = town.give("steward", town.editor)
    assert names(town.id, "steward") == {town.editor} and duties.has(user_id(town.editor), town.id, "steward")
    assert names(town.id, "officer") == {town.admin}
    act("tzc_duty_take", town.admin, id=given["id"])
    assert names(town.id, "steward") == {town.admin}
    assert [(told.kind, told.tell) for told in heard] == [("duty.given", (user_id(town.editor),)), ("duty.taken", (user_id(town.editor),))]


def test_a_duty_has_its_days(town: Town) -> None:
    town.give("steward", town.editor, begins=later(days=1), ends=later(days=9))
    assert names(town.id, "steward") == {town.admin}
    town.give("steward", town.editor, begins=later(days=-1), ends=later(days=9))
    assert names(town.id, "steward") == {town.editor}
    assert len(act("tzc_duty_list", town.admin, partner=town.id)["duties"]) == 1  # other days, not a second one
    from ckanext.tzc.workflow import store

    model.Session.query(store.Given).update({"ends": datetime.now(timezone.utc)})
    model.Session.commit()
    assert names(town.id, "steward") == {town.admin}


def test_a_last_day_counts_to_its_end(town: Town) -> None:
    today = datetime.now(timezone.utc).astimezone().date().isoformat()
    given = town.give("steward", town.editor, begins="2026-01-01", ends=(datetime.now(timezone.utc) + timedelta(days=1)).date().isoformat())
    assert given["now"] and names(town.id, "steward") == {town.editor}, today


def test_a_closed_account_has_no_duty(town: Town) -> None:
    gone = somebody()
    town.give("officer", gone)
    tk.get_action("user_delete")({"ignore_auth": True, "user": town.admin}, {"id": gone})
    assert names(town.id, "officer") == {town.admin}


def test_a_partner_without_anybody_falls_to_the_portal_s_administrators(town: Town) -> None:
    portal = factories.Sysadmin()["name"]
    empty = factories.Organization(image_url="", users=[])
    model.Session.query(model.Member).filter_by(group_id=empty["id"], table_name="user").delete()
    model.Session.commit()
    assert portal in names(empty["id"], "steward")


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"duty": "king"}, "duty"), ({"duty": ["steward"]}, "duty"), ({"user": "personne-de-ce-nom"}, "user"), ({"user": 7}, "user"), ({"ends": "hier"}, "ends"),
        ({"ends": "2020-01-01"}, "ends"), ({"begins": "2999-02-01", "ends": "2999-01-01"}, "ends"), ({"begins": "9999-99-99"}, "begins"), ({"ends": "9999-12-31"}, "ends"), ({"partner": ""}, "partner"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_in_words(town: Town, data: dict[str, Any], field: str) -> None:
    with pytest.raises(tk.ValidationError) as caught:
        act("tzc_duty_give", town.admin, **{"partner": town.id, "user": town.editor, "duty": "steward", **data})
    assert field in caught.value.error_dict


def test_who_cannot_write_is_made_no_contributor(town: Town) -> None:
    with pytest.raises(tk.ValidationError):
        town.give("contributor", somebody())


def test_only_administrators_of_the_partner_give_and_take(town: Town, make_town: Callable[[], Town]) -> None:
    other = make_town()
    given = town.give("steward", town.editor)
    for user in ("", somebody(), town.editor, other.admin):
        for action, data in (
            ("tzc_duty_give", {"partner": town.id, "user": town.second, "duty": "steward"}),
            ("tzc_duty_take", {"id": given["id"]}),
            ("tzc_duty_share", {"partner": town.id, "with": other.id, "duty": "officer"}),
            ("tzc_duty_unshare", {"partner": town.id, "id": 1}),
        ):
            with pytest.raises(tk.NotAuthorized):
                act(action, user, **data)
    for user in ("", somebody(), other.admin):
        with pytest.raises(tk.NotAuthorized):
            act("tzc_duty_list", user, partner=town.id)
    assert act("tzc_duty_list", town.second, partner=town.name)["holders"]["steward"] == [town.editor]


def test_a_duty_is_shared_when_both_agreed_and_ended_by_either(make_town: Callable[[], Town], heard: list[Any]) -> None:
    small, big = make_town(), make_town()
    big.give("officer", big.second)
    asked = act("tzc_duty_share", small.admin, partner=small.id, duty="officer", **{"with": big.name})
    assert not asked["agreed"] and asked["ours"]
    assert not act("tzc_duty_share", small.admin, partner=small.id, duty="officer", **{"with": big.id})["agreed"]  # asking twice agrees to nothing
    assert names(small.id, "officer") == {small.admin}
    assert act("tzc_duty_share", big.admin, partner=big.id, duty="officer", **{"with": small.id})["agreed"]
    assert names(small.id, "officer") == {big.second}
    assert names(small.id, "legal") == {small.admin}
    assert [told.kind for told in heard][-2:] == ["duty.sharing_asked", "duty.shared"]
    act("tzc_duty_unshare", big.admin, partner=big.id, id=asked["id"])
    assert names(small.id, "officer") == {small.admin}
    with pytest.raises(tk.ObjectNotFound):
        act("tzc_duty_unshare", small.admin, partner=small.id, id=asked["id"])


def test_somebody_else_s_agreement_is_not_ended(make_town: Callable[[], Town]) -> None:
    small, big, third = make_town(), make_town(), make_town()
    asked = act("tzc_duty_share", small.admin, partner=small.id, duty="officer", **{"with": big.id})
    with pytest.raises(tk.ObjectNotFound):
        act("tzc_duty_unshare", third.admin, partner=third.id, id=asked["id"])
    with pytest.raises(tk.ValidationError):
        act("tzc_duty_share", small.admin, partner=small.id, duty="officer", **{"with": small.id})
