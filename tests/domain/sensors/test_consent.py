"""Consents: what may be given, how they end."""
from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tzc.sensors import consent
from tzc.sensors.consent import ACTIVE, ENDED, MOVES, STATES, WITHDRAWN, ConsentError, Purpose

from tests.house.test_house import ROOT

AT = dt.datetime(2026, 11, 29, 10, tzinfo=dt.timezone(dt.timedelta(hours=1)))
OWN = Purpose("own", "1", 30, consent.ERASE, texts={"fr": "J’accepte.", "en": "I agree."})
GROUP = Purpose("group", "2", 30, consent.RECOMPUTE, of_group=True, texts={"fr": "J’accepte."})


def give(purpose: Purpose = OWN, **more: Any) -> consent.Consent:
    return consent.give(**{"person": "p", "meter": 1, "purpose": purpose, "at": AT, "until": AT.date(), "version": purpose.version, "accepted": True, **more})


@pytest.mark.parametrize(("more", "code"), [
    ({"accepted": False}, "not_accepted"), ({"version": "0"}, "text"), ({"until": None}, "until"), ({"until": dt.date(2026, 11, 28)}, "until"), ({"until": dt.date(2026, 12, 30)}, "too_long"),
    ({"purpose": GROUP, "version": "2"}, "group"), ({"purpose": GROUP, "version": "2", "group": "g", "until": dt.date(2026, 12, 5), "latest": dt.date(2026, 12, 4)}, "too_long"),
])  # fmt: skip
def test_not_given(more: dict[str, Any], code: str) -> None:
    with pytest.raises(ConsentError) as caught:
        give(**more)
    assert caught.value.code == code


def test_it_holds_to_the_end_of_its_last_day() -> None:
    made = give()
    assert made.holds(AT) and made.holds(AT.replace(hour=23, minute=59)) and not made.holds(AT + dt.timedelta(days=1)) and not made.holds(AT - dt.timedelta(seconds=1))
    assert give(group="g").group is None, "a purpose that is of no group has none"
    assert give(GROUP, group="g").group == "g"


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", sorted(MOVES))
def test_each_move_from_each_state(state: str, name: str) -> None:
    import dataclasses

    before = dataclasses.replace(give(), state=state)
    if state == ACTIVE:
        after = MOVES[name](before, AT)
        assert (after.state, after.moved) == ({"withdraw": WITHDRAWN, "end": ENDED}[name], AT) and not after.holds(AT)
    else:
        with pytest.raises(ConsentError):
            MOVES[name](before, AT)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(sorted(MOVES)), max_size=4), st.integers(-2, 40))
def test_what_was_withdrawn_never_holds_again(moves: list[str], days: int) -> None:
    made = give(until=AT.date() + dt.timedelta(days=20))
    for name in moves:
        try:
            made = MOVES[name](made, AT)
        except ConsentError:
            continue
    assert made.holds(AT + dt.timedelta(days=days)) == (not moves and 0 <= days <= 20)
    assert consent.may_ingest([made], AT) == (not moves)


def test_who_may_see_streams() -> None:
    own, group = give(), give(GROUP, group="g")
    assert consent.visibility([own], AT) == "private"
    assert consent.visibility([own, group], AT) == "consented"
    assert consent.visibility([own, consent.withdraw(group, AT)], AT) == "private"


def test_the_words_that_were_read_are_known() -> None:
    assert OWN.digest("fr") != OWN.digest("en") and OWN.digest("fr") == OWN.digest("fr")
    entries = yaml.safe_load((ROOT / "schemas/vocabularies/consent-purpose.yaml").read_text(encoding="utf-8"))["entries"]
    for purpose in consent.purposes(entries).values():
        assert set(purpose.texts) == {"fr", "en"} and purpose.rule in consent.RULES and purpose.most_days > 0
