"""The life of a request: every state, role and move, allowed or refused; two keys; ends; appeals."""
from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tzc.rights import requests as life
from tzc.rights.requests import Act, Part

NOW = datetime(2026, 11, 28, 12, tzinfo=timezone.utc)
LATER = NOW + timedelta(days=365)
PEOPLE = {life.REQUESTER: "asker", life.DECIDER: "steward", life.OFFICER: "officer", life.REVIEWER: "judge", life.CLOCK: ""}

ALLOWED = {
    ("draft", "submit"): "requester", ("draft", "withdraw"): "requester", ("draft", "lapse"): "clock",
    ("submitted", "take_up"): "decider officer", ("submitted", "ask_changes"): "decider officer", ("submitted", "prolong"): "decider", ("submitted", "withdraw"): "requester",
    ("changes_requested", "submit"): "requester", ("changes_requested", "withdraw"): "requester", ("changes_requested", "lapse"): "clock",
    ("under_review", "approve"): "decider officer", ("under_review", "refuse"): "decider officer", ("under_review", "ask_changes"): "decider officer",
    ("under_review", "prolong"): "decider", ("under_review", "withdraw"): "requester",
    ("granted", "suspend"): "decider officer", ("granted", "revoke"): "decider officer", ("granted", "expire"): "clock", ("granted", "renew"): "clock",
    ("suspended", "resume"): "decider officer", ("suspended", "revoke"): "decider officer", ("suspended", "expire"): "clock",
    ("refused", "appeal"): "requester", ("revoked", "appeal"): "requester",
    ("appealed", "uphold"): "reviewer officer", ("appealed", "overturn"): "reviewer officer", ("appealed", "withdraw"): "requester",
}  # fmt: skip
"""Written down a second time, on purpose: a change of the table must be meant."""


def part(state: str, **more: object) -> Part:
    return dataclasses.replace(Part(state, "asker", ends=LATER, begins=NOW, decided_by=frozenset({"steward"}), before="refused"), **more)


def act(role: str, at: datetime = NOW, **more: object) -> Act:
    return dataclasses.replace(Act(PEOPLE[role], role, at), **more)


@pytest.mark.parametrize("state", life.STATES)
@pytest.mark.parametrize("move", life.MOVES)
@pytest.mark.parametrize("role", life.ROLES)
@pytest.mark.parametrize("personal", [False, True])
def test_every_state_role_and_move(state: str, move: str, role: str, personal: bool) -> None:
    at = LATER if move == "expire" else NOW
    allowed = ALLOWED.get((state, move))
    if allowed is None:
        with pytest.raises(life.IllegalMoveError) as refused:
            life.make(part(state, personal=personal), move, act(role, at))
        assert refused.value.possible == tuple(name for name in life.MOVES if (state, name) in ALLOWED)
    elif role not in allowed.split():
        with pytest.raises(life.NotYoursError):
            life.make(part(state, personal=personal), move, act(role, at))
        assert move not in life.possible(state, role)
    else:
        assert life.make(part(state, personal=personal), move, act(role, at)).state in life.STATES
        assert move in life.possible(state, role)


def test_personal_data_need_two_keys_of_two_persons() -> None:
    asked = part("under_review", personal=True)
    one = life.make(asked, "approve", act("decider"))
    assert (one.state, dict(one.keys)) == ("under_review", {"decider": "steward"})
    with pytest.raises(life.SamePersonError):
        life.make(one, "approve", dataclasses.replace(act("officer"), by="steward"))
    both = life.make(one, "approve", act("officer"))
    assert (both.state, both.decided_by) == ("granted", {"steward", "officer"})
    assert life.make(one, "refuse", act("officer")).state == "refused"


def test_an_appeal_about_personal_data_needs_two_keys_of_two_who_did_not_decide() -> None:
    for state in ("refused", "revoked"):
        heard = life.make(part(state, personal=True, keys={"decider": "steward", "officer": "officer"}), "appeal", act("requester"))
        assert not heard.keys
        for first, second in (("reviewer", "officer"), ("officer", "reviewer")):
            one = life.make(heard, "overturn", act(first, ends=NOW + timedelta(days=30)))
            assert (one.state, dict(one.keys)) == ("appealed", {first: PEOPLE[first]})
            with pytest.raises(life.SamePersonError):
                life.make(one, "overturn", dataclasses.replace(act(second), by=PEOPLE[first]))
            with pytest.raises(life.SamePersonError):
                life.make(one, "overturn", dataclasses.replace(act(second), by="steward"))
            both = life.make(one, "overturn", act(second, NOW + timedelta(days=5)))
            assert (both.state, both.decided_by, both.ends) == ("granted", {"judge", "officer"}, NOW + timedelta(days=35))
            upheld = life.make(one, "uphold", act(second))
            assert (upheld.state, upheld.keys) == (state, {})
        assert life.make(dataclasses.replace(heard, personal=False), "overturn", act("reviewer")).state == "granted"


def test_a_key_does_not_outlive_the_wording_that_it_was_turned_for() -> None:
    one = life.make(part("under_review", personal=True), "approve", act("decider"))
    again = life.make(life.make(one, "ask_changes", act("officer")), "submit", act("requester"))
    assert not again.keys
    taken = life.make(again, "take_up", act("officer"))
    assert life.make(taken, "approve", act("officer")).state == "under_review"


def test_nobody_decides_on_the_own_request() -> None:
    for state, move, role in (("submitted", "take_up", "decider"), ("under_review", "approve", "decider"), ("under_review", "approve", "officer"), ("appealed", "overturn", "reviewer")):
        with pytest.raises(life.NotYoursError):
            life.make(part(state), move, dataclasses.replace(act(role), by="asker"))


def test_a_right_ends_at_its_second_and_not_before() -> None:
    granted = part("granted")
    with pytest.raises(life.TooEarlyError):
        life.make(granted, "expire", act("clock", LATER - timedelta(microseconds=1)))
    kept = part("granted", kept=LATER + timedelta(days=1))
    with pytest.raises(life.TooEarlyError):
        life.make(kept, "expire", act("clock", LATER))
    assert life.make(kept, "expire", act("clock", LATER + timedelta(days=1))).state == "expired"
    assert life.make(granted, "expire", act("clock", LATER)).state == "expired"
    with pytest.raises(life.BadTermError):
        life.make(part("suspended"), "resume", act("decider", LATER))


def test_a_right_of_two_keys_begins_with_the_last_and_lasts_as_long_as_the_first_said() -> None:
    days, waited = timedelta(days=30), timedelta(days=45)
    asked = part("under_review", personal=True, begins=None, ends=None)
    one = life.make(asked, "approve", act("decider", ends=NOW + days))
    both = life.make(one, "approve", act("officer", NOW + waited))
    assert (both.state, both.begins, both.ends) == ("granted", NOW + waited, NOW + waited + days)
    fewer = life.make(one, "approve", act("officer", NOW + waited, ends=NOW + waited + timedelta(days=7)))
    assert (fewer.begins, fewer.ends) == (NOW + waited, NOW + waited + timedelta(days=7))
    # given anew after an appeal, it begins anew
    again = life.make(part("appealed"), "overturn", act("reviewer", NOW + waited, ends=NOW + waited + days))
    assert (again.begins, again.ends) == (NOW + waited, NOW + waited + days)


@pytest.mark.parametrize("days", [-1, 0])
def test_a_right_ends_after_it_begins(days: int) -> None:
    with pytest.raises(life.BadTermError):
        life.make(part("under_review"), "approve", act("decider", ends=NOW + timedelta(days=days)))
    with pytest.raises(life.BadTermError):
        life.make(part("under_review", ends=None), "approve", act("decider"))


def test_an_appeal_is_heard_once_and_by_somebody_else() -> None:
    for state in ("refused", "revoked"):
        heard = life.make(part(state), "appeal", act("requester"))
        with pytest.raises(life.SamePersonError):
            life.make(heard, "overturn", dataclasses.replace(act("reviewer"), by="steward"))
        upheld = life.make(heard, "uphold", act("reviewer"))
        assert upheld.state == state
        with pytest.raises(life.IllegalMoveError):
            life.make(upheld, "appeal", act("requester"))
        assert life.make(heard, "overturn", act("reviewer")).state == "granted"


def test_each_decision_is_appealed_once_and_stands_when_the_appeal_is_withdrawn() -> None:
    heard = life.make(part("revoked"), "appeal", act("requester"))
    again = life.make(life.make(heard, "overturn", act("reviewer")), "revoke", act("decider"))
    assert life.make(again, "appeal", act("requester")).state == "appealed"
    for state in ("refused", "revoked"):
        left = life.make(life.make(part(state), "appeal", act("requester")), "withdraw", act("requester"))
        assert (left.state, left.due) == (state, None)
        with pytest.raises(life.IllegalMoveError):
            life.make(left, "appeal", act("requester"))


def test_the_time_to_decide_is_prolonged_once_and_stands_while_it_is_the_others_turn() -> None:
    sent = life.make(part("draft"), "submit", act("requester"))
    assert sent.due == NOW + life.TIME_TO_DECIDE
    longer = life.make(sent, "prolong", act("decider"))
    assert longer.due == NOW + life.TIME_TO_DECIDE + life.MORE_TIME
    with pytest.raises(life.IllegalMoveError):
        life.make(longer, "prolong", act("decider"))
    assert life.make(longer, "ask_changes", act("decider")).due is None


@given(st.lists(st.tuples(st.sampled_from(sorted(life.MOVES)), st.sampled_from(life.ROLES), st.integers(0, 500)), max_size=40), st.booleans())
def test_no_way_leads_to_a_right_without_its_keys_or_past_its_end(moves: list[tuple[str, str, int]], personal: bool) -> None:
    now, at = Part("draft", "asker", personal=personal, ends=LATER), NOW
    for move, role, days in moves:
        at += timedelta(days=days)
        try:
            now = life.make(now, move, act(role, at))
        except life.RequestError:
            continue
        if move in {"approve", "overturn", "resume"} and now.state == "granted":
            assert now.ends is not None
            assert at < now.ends
            assert now.decided_by
            assert move != "approve" or not personal or {"steward", "officer"} <= now.decided_by
            assert move != "overturn" or not personal or {"judge", "officer"} <= now.decided_by
            assert "asker" not in now.decided_by
