"""Who may have data: every level, every reader, at every moment."""
from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tzc.rights.policy import DATA, LEVELS, READ, Grant, Person, Thing, decide

NOW = datetime(2026, 11, 28, 12, tzinfo=timezone.utc)
DAY = timedelta(days=1)

STRANGER, SOMEBODY = Person(), Person("claude")
MEMBER, ADMINISTRATOR = Person("agent", partners=frozenset({"ville"})), Person("admin", administrator=True)
HOLDER = Person("jeanne", grants=(Grant("velos", NOW - DAY, NOW + DAY),))
READERS = {"stranger": STRANGER, "somebody": SOMEBODY, "holder": HOLDER, "member": MEMBER, "administrator": ADMINISTRATOR}

MAY = {
    "open": "stranger somebody holder member administrator", "registered": "somebody holder member administrator",
    "restricted": "holder member administrator", "confidential": "member administrator", "a word that nobody knows": "member administrator",
}  # fmt: skip


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("level", MAY)
def test_each_level_for_each_reader(level: str, reader: str) -> None:
    assert decide(READERS[reader], Thing("velos", "ville", level), DATA, NOW).allowed == (reader in MAY[level].split())


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("level", MAY)
def test_the_description_is_seen_by_all_but_of_what_is_confidential(level: str, reader: str) -> None:
    expected = level in {"open", "registered", "restricted"} or reader in {"member", "administrator"}
    assert decide(READERS[reader], Thing("velos", "ville", level), READ, NOW).allowed == expected


def test_a_file_may_be_stricter_than_its_dataset_and_never_laxer() -> None:
    assert decide(SOMEBODY, Thing("velos", "ville", "open", own_level="restricted", resource="a"), DATA, NOW).reason == "request"
    assert decide(SOMEBODY, Thing("velos", "ville", "restricted", own_level="open", resource="a"), DATA, NOW).reason == "request"


def test_an_embargo_ends_at_its_second() -> None:
    thing = Thing("velos", "ville", embargo=NOW)
    assert decide(STRANGER, thing, DATA, NOW - timedelta(microseconds=1)).reason == "embargo"
    assert decide(STRANGER, thing, DATA, NOW).allowed
    assert decide(MEMBER, thing, DATA, NOW - DAY).allowed
    assert decide(STRANGER, thing, READ, NOW - DAY).allowed


def test_terms_are_accepted_first() -> None:
    assert decide(Person("claude", terms=False), Thing("velos", "ville", "registered"), DATA, NOW).reason == "terms"


@pytest.mark.parametrize(
    ("grant", "reason"),
    [
        (Grant("velos", NOW, NOW + DAY), "grant"),
        (Grant("velos", NOW - DAY, NOW), "ended"),
        (Grant("velos", NOW + DAY, NOW + 2 * DAY), "ended"),
        (Grant("velos", NOW - DAY, NOW + DAY, live=False), "ended"),
        (Grant("autres", NOW - DAY, NOW + DAY), "request"),
        (Grant("velos", NOW - DAY, NOW + DAY, resources=frozenset({"b"})), "ended"),
        (Grant("velos", NOW - DAY, NOW + DAY, resources=frozenset({"a"})), "grant"),
    ],
)  # fmt: skip
def test_a_right_opens_what_it_names_from_its_beginning_to_its_end(grant: Grant, reason: str) -> None:
    thing = Thing("velos", "ville", "restricted", resource="a")
    assert decide(Person("jeanne", grants=(grant,)), thing, DATA, NOW).reason == reason


def test_columns_of_several_rights_add_up() -> None:
    def columns(*named: set[str]) -> frozenset[str] | None:
        grants = tuple(Grant("velos", NOW, NOW + DAY, columns=frozenset(each)) for each in named)
        return decide(Person("jeanne", grants=grants), Thing("velos", "ville", "restricted"), DATA, NOW).columns

    assert columns({"a"}, {"b"}) == {"a", "b"}
    assert columns({"a"}, set()) is None


@given(st.sampled_from(LEVELS), st.sampled_from(LEVELS), st.sampled_from(sorted(READERS)), st.integers(-3, 3))
def test_stricter_never_opens_more(level: str, other: str, reader: str, days: int) -> None:
    lax, strict = sorted((level, other), key=LEVELS.index)
    at = NOW + days * DAY
    if decide(READERS[reader], Thing("velos", "ville", strict), DATA, at).allowed:
        assert decide(READERS[reader], Thing("velos", "ville", lax), DATA, at).allowed
