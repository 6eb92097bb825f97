"""Which sums may be released."""
from __future__ import annotations

import itertools

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tzc.sensors import secrecy
from tzc.sensors.secrecy import Policy

from tests.house.test_house import ROOT

SMALL = Policy("small", 3, 2, 0.85)
HOUSES = {member: str(member) for member in range(40)}


def test_the_policy_names_its_sources() -> None:
    entries = yaml.safe_load((ROOT / "schemas/vocabularies/secrecy-policy.yaml").read_text(encoding="utf-8"))["entries"]
    assert secrecy.policies(entries)["energy-2020"] == Policy("energy-2020", 10, 3, 0.85)
    for entry in entries:
        assert all(one["source"] and one["year"] and one["unit"] for one in entry["thresholds"])


def test_too_few() -> None:
    assert secrecy.of_set(frozenset({1, 2}), HOUSES, SMALL) == "points"
    assert secrecy.of_set(frozenset({1, 2, 3}), dict.fromkeys((1, 2, 3), "a company"), SMALL) == "holders"
    assert secrecy.of_set(frozenset({1, 2, 3}), HOUSES, SMALL) == ""


def test_one_has_too_much() -> None:
    values = np.array([[1.0, 1.0, 1.0], [17.0, 2.0, 1.0], [17.1, 2.0, 1.0], [0.0, 0.0, 0.0], [9.0, 8.0, 1.0]])
    assert secrecy.dominated(values, ["a", "b", "c"], SMALL).tolist() == [False, False, True, True, False]
    assert secrecy.dominated(values, ["a", "a", "c"], SMALL).tolist() == [False, True, True, True, True], "sites of one holder count together"


@pytest.mark.parametrize(("released", "reason"), [
    ([], ""), ([{1, 2, 3, 4}], ""), ([{1, 2, 3}], "difference"), ([{1, 2, 3, 4, 5}], "difference"), ([{1, 2, 3, 5}], "difference"), ([{11, 12, 13}], ""), ([{1, 2, 3, 4, 5, 6, 7}], ""),
    # the last two together are the first with one more: it is told by subtraction of the sum of two
    ([{1, 2, 5, 6, 7}, {3, 8, 9, 10, 4, 20}, {5, 6, 7, 8, 9, 10}], "exposed"),
])  # fmt: skip
def test_beside_what_is_out(released: list[set[int]], reason: str) -> None:
    assert secrecy.beside(frozenset({1, 2, 3, 4}), [frozenset(one) for one in released], HOUSES, SMALL) == reason


def test_a_difference_that_is_of_one_holder() -> None:
    holders = {**HOUSES, 5: "a company", 6: "a company", 7: "a company"}
    assert secrecy.beside(frozenset(range(1, 8)), [frozenset({1, 2, 3, 4})], holders, SMALL) == "difference"


def test_more_sets_than_are_looked_at_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing new goes out beside them, however far apart it is; what is out already tells nothing new."""
    monkeypatch.setattr(secrecy, "MOST_RELEASED", 2)
    out = [frozenset({1, 2, 3}), frozenset({4, 5, 6})]
    assert secrecy.beside(frozenset({7, 8, 9}), out[:1], HOUSES, SMALL) == ""
    assert secrecy.beside(frozenset({7, 8, 9}), out, HOUSES, SMALL) == "exposed" and secrecy.beside(out[1], out, HOUSES, SMALL) == ""


def test_what_follows_of_sums() -> None:
    sets = [frozenset({1, 2, 3}), frozenset({3, 4, 5}), frozenset({1, 2, 4, 5})]
    assert secrecy.exposed(sets[:2], 3) == []
    assert frozenset({3}) in secrecy.exposed(sets, 3), "the first two less the third are twice the one that both hold"
    assert secrecy.exposed([], 3) == []


SETS = st.lists(st.frozensets(st.integers(0, 9), min_size=1, max_size=10), min_size=1, max_size=6)


def computable(released: list[frozenset[int]], part: frozenset[int]) -> bool:
    """Whether the sum of a part follows of sums: by the ranks of matrices, another way than the code's."""
    matrix = np.array([[float(member in one) for member in range(10)] for one in released])
    wanted = np.array([float(member in part) for member in range(10)])
    return bool(np.linalg.matrix_rank(matrix) == np.linalg.matrix_rank(np.vstack((matrix, wanted))))


@settings(max_examples=80, deadline=None)
@given(SETS)
def test_no_small_part_is_ever_computable(candidates: list[frozenset[int]]) -> None:
    """In whatever order sets come: of what goes out, no sum of fewer than three can be put together by adding and subtracting."""
    released: list[frozenset[int]] = []
    for one in candidates:
        if not secrecy.of_set(one, HOUSES, SMALL) and not secrecy.beside(one, released, HOUSES, SMALL):
            released.append(one)
    if released:
        small = [frozenset(part) for size in (1, 2) for part in itertools.combinations(range(10), size)]
        assert [part for part in small if computable(released, part)] == []


TABLE = st.lists(st.lists(st.one_of(st.none(), st.floats(0, 50, allow_nan=False)), min_size=6, max_size=6), min_size=1, max_size=6)


@settings(max_examples=80, deadline=None)
@given(TABLE, st.lists(st.frozensets(st.integers(0, 5), min_size=3, max_size=6), max_size=2))
def test_what_goes_out_is_right_and_allowed(table: list[list[float | None]], before: list[frozenset[int]]) -> None:
    values = np.array([[np.nan if value is None else value for value in row] for row in table])
    times, holders = np.arange(len(values), dtype=np.int64) * 3600, ["a", "b", "c", "d", "d", "f"]
    done = secrecy.decide(times, values, list(range(6)), holders, {int(time): before for time in times}, SMALL)
    whose = dict(enumerate(holders))
    for time, total, place in zip(done.times, done.sums, done.of, strict=True):
        row, one = values[list(times).index(time)], done.sets[int(place)]
        assert one == frozenset(np.flatnonzero(~np.isnan(row)).tolist()) and total == pytest.approx(np.nansum(row))
        assert secrecy.of_set(one, whose, SMALL) == "" and secrecy.beside(one, before, whose, SMALL) == ""
        most = max(np.nansum([row[member] for member in one if whose[member] == holder]) for holder in set(holders))
        assert 0 < most <= 0.85 * total * (1 + 1e-12)
    assert len(done.times) + sum(done.hidden.values()) == len(times)


def test_more_than_before_is_dominated() -> None:
    """What a new sum has more than the old one may not be one's own either, however little that one has of the whole."""
    values = np.array([[20.0] * 6 + [90.0, 1.0, 1.0, 1.0], [1.0] * 10])
    done = secrecy.decide(np.array([0, 1]), values, list(range(10)), [str(n) for n in range(10)], {0: [frozenset(range(6))], 1: [frozenset(range(6))]}, SMALL)
    assert done.times.tolist() == [1] and done.hidden == {"dominance": 1}


@pytest.mark.parametrize(("gone", "hidden"), [([1.0] * 4, {}), ([90.0, 1.0, 1.0, 1.0], {"dominance": 2}), ([np.nan, 1.0, 1.0, 1.0], {"dominance": 2}), (None, {"difference": 2})])
def test_less_than_before_is_not_ones_own_either(gone: list[float] | None, hidden: dict[str, int]) -> None:
    """Who left is no member any more; what they used, where it is known still, may not follow of the two sums. Where it is erased it cannot be seen, so it is not risked."""
    values = np.array([[20.0] * 6, [1.0] * 6])
    before = {time: [frozenset(range(10))] for time in (0, 1)}
    others = None if gone is None else secrecy.Others(range(6, 10), np.array([gone, gone]), [str(n) for n in range(6, 10)])
    done = secrecy.decide(np.array([0, 1]), values, list(range(6)), [str(n) for n in range(6)], before, SMALL, others)
    assert (len(done.times), done.hidden) == (0 if hidden else 2, hidden)


def test_a_month_of_a_thousand_members_is_decided_in_a_moment() -> None:
    values = np.random.default_rng(7).gamma(2.0, 0.3, (744, 1000))
    done = secrecy.decide(np.arange(744), values, list(range(1000)), [str(n) for n in range(1000)], {}, Policy("x", 10, 3, 0.85))
    assert len(done.times) == 744 and len(done.sets) == 1
