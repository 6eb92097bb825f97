"""Who may have data: every level, every reader, at every moment."""
from __future__ import annotations

import dataclasses
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


def scoped(*named: dict[str, set[str]], resources: frozenset[str] = frozenset()) -> Person:
    """Somebody with a right for each scope of columns, by file."""
    return Person("jeanne", grants=tuple(Grant("velos", NOW, NOW + DAY, resources=resources, columns={file: frozenset(names) for file, names in each.items()}) for each in named))


def columns(person: Person, file: str | None, at: datetime = NOW) -> frozenset[str] | None:
    decision = decide(person, Thing("velos", "ville", "restricted", resource=file), DATA, at)
    assert decision.allowed
    return decision.columns


def test_columns_of_several_rights_add_up() -> None:
    assert columns(scoped({"f": {"a"}}, {"f": {"b"}}), "f") == {"a", "b"}
    assert columns(scoped({"f": {"a"}}, {}), "f") is None


def test_columns_are_those_of_the_file() -> None:
    person = scoped({"f": {"a"}, "g": {"b"}})
    assert (columns(person, "f"), columns(person, "g"), columns(person, "h")) == ({"a"}, {"b"}, None)
    # one right names columns of f, the other opens it whole
    assert columns(scoped({"f": {"a"}}, {"g": {"b"}}), "f") is None
    # nobody who asks about the dataset as a whole is told that all is open
    assert columns(person, None) == {"a", "b"}


def test_a_file_named_without_columns_opens_none() -> None:
    assert columns(scoped({"f": set()}), "f") == frozenset()


def test_columns_end_with_their_right() -> None:
    whole, part = Grant("velos", NOW - DAY, NOW), Grant("velos", NOW - DAY, NOW + DAY, columns={"f": frozenset("a")})
    person = Person("jeanne", grants=(whole, part))
    assert columns(person, "f", NOW - timedelta(microseconds=1)) is None
    assert columns(person, "f") == {"a"}
    for rests in (dataclasses.replace(part, live=False), dataclasses.replace(part, resources=frozenset("g"))):
        assert not decide(Person("jeanne", grants=(rests,)), Thing("velos", "ville", "restricted", resource="f"), DATA, NOW).allowed


SCOPES = st.dictionaries(st.sampled_from("fgh"), st.frozensets(st.sampled_from("abc"), min_size=1), max_size=3)
GRANTS = st.builds(
    Grant, dataset=st.sampled_from(["velos", "autres"]), begins=st.sampled_from([NOW - DAY, NOW, NOW + DAY]), ends=st.sampled_from([NOW, NOW + DAY, NOW + 2 * DAY]),
    live=st.booleans(), resources=st.frozensets(st.sampled_from("fgh"), max_size=2), columns=SCOPES,
)  # fmt: skip


@given(st.lists(GRANTS, max_size=5), st.sampled_from("fgh"))
def test_each_column_comes_from_a_live_right_and_no_live_right_is_forgotten(grants: list[Grant], file: str) -> None:
    """Against the rule said in other words: a column may be had when one right that counts now opens it."""
    decision = decide(Person("jeanne", grants=tuple(grants)), Thing("velos", "ville", "restricted", resource=file), DATA, NOW)
    counting = [grant for grant in grants if grant.dataset == "velos" and grant.live and grant.begins <= NOW < grant.ends and (not grant.resources or file in grant.resources)]
    assert decision.allowed == bool(counting)
    for column in "abcd":
        may = any(file not in grant.columns or column in grant.columns[file] for grant in counting)
        assert (decision.allowed and (decision.columns is None or column in decision.columns)) == may


@given(st.lists(GRANTS, max_size=4), GRANTS, st.sampled_from("fgh"))
def test_a_right_more_never_takes_a_column(grants: list[Grant], more: Grant, file: str) -> None:
    thing = Thing("velos", "ville", "restricted", resource=file)
    before, after = (decide(Person("jeanne", grants=tuple(each)), thing, DATA, NOW) for each in (grants, [*grants, more]))
    if before.allowed:
        assert after.allowed
        assert after.columns is None or (before.columns is not None and before.columns <= after.columns)


@given(st.sampled_from(sorted(READERS)), st.sampled_from(LEVELS), SCOPES)
def test_who_has_the_data_otherwise_has_all_columns(reader: str, level: str, scope: dict[str, frozenset[str]]) -> None:
    person = dataclasses.replace(READERS[reader], grants=(Grant("velos", NOW, NOW + DAY, columns=scope),))
    decision = decide(person, Thing("velos", "ville", level, resource="f"), DATA, NOW)
    if decision.reason != "grant":
        assert decision.columns is None


@given(st.sampled_from(LEVELS), st.sampled_from(LEVELS), st.sampled_from(sorted(READERS)), st.integers(-3, 3))
def test_stricter_never_opens_more(level: str, other: str, reader: str, days: int) -> None:
    lax, strict = sorted((level, other), key=LEVELS.index)
    at = NOW + days * DAY
    if decide(READERS[reader], Thing("velos", "ville", strict), DATA, at).allowed:
        assert decide(READERS[reader], Thing("velos", "ville", lax), DATA, at).allowed


def test_a_renewal_that_waits_keeps_a_right_until_its_own_deadline_at_most() -> None:
    """And shortens none, nor opens one that rests."""
    thing = Thing("velos", "ville", "restricted")
    for kept, end in ((None, NOW), (NOW + DAY, NOW + DAY), (NOW - DAY, NOW)):
        grant = Grant("velos", NOW - 30 * DAY, NOW, kept=kept)
        for moment, allowed in ((end - timedelta(seconds=1), True), (end, False)):
            assert decide(Person("jeanne", grants=(grant,)), thing, DATA, moment).allowed is allowed, (kept, moment)
            assert not decide(Person("jeanne", grants=(dataclasses.replace(grant, live=False),)), thing, DATA, moment).allowed
