"""Marks of quality, against a plain reading of their rules, one observation at a time."""
from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tzc.sensors import quality
from tzc.sensors.quality import Limits
from tzc.sensors.readings import SECOND, in_order, readings

LIMITS = {1: Limits(-10, 40, 5, 600, 180, 0.0), 2: Limits(), 3: Limits(jump=1.0, gap=60)}

ROWS = st.lists(st.tuples(st.sampled_from([1, 2, 3]), st.integers(0, 40), st.sampled_from([-11.0, 0.0, 3.0, 8.0, 8.5, 40.0, 41.0])), max_size=60)


def plainly(rows: list[tuple[int, int, float]]) -> list[int]:
    """The rules as they are told in the documentation."""
    found = []
    for place, (stream, time, result) in enumerate(rows):
        limit, flags = LIMITS[stream], 0
        earlier = [row for row in rows[:place] if row[0] == stream]
        if not limit.low <= result <= limit.high:
            flags |= quality.RANGE
        if earlier:
            since = time - earlier[-1][1]
            if since > limit.gap:
                flags |= quality.GAP
            elif abs(result - earlier[-1][2]) > limit.jump:
                flags |= quality.JUMP
        began = time
        for _stream, before, value in reversed(earlier):
            if value != result:
                break
            began = before
        if time - began >= limit.frozen and result != limit.ignore:
            flags |= quality.FROZEN
        found.append(flags)
    return found


@given(ROWS)
def test_rules_as_told(rows: list[tuple[int, int, float]]) -> None:
    once = sorted({(stream, time * 60): value for stream, time, value in rows}.items())
    plain = [(stream, time, value) for (stream, time), value in once]
    given_ = in_order(readings([row[0] for row in plain], [row[1] * SECOND for row in plain], [row[2] for row in plain]))
    assert quality.flags(given_, quality.table(LIMITS)).tolist() == plainly(plain)


@given(ROWS, st.integers(0, 40))
def test_what_came_before_suffices(rows: list[tuple[int, int, float]], cut: int) -> None:
    """Given from the beginning of the run of values before, and one more, the rest has the same marks."""
    once = sorted({(1, time * 60): value for _stream, time, value in rows}.items())
    given_ = readings([1] * len(once), [time * SECOND for (_s, time), _v in once], [value for _key, value in once])
    whole = quality.flags(given_, quality.table(LIMITS))
    place = min(cut, len(once))
    begin = place
    while begin > 0 and begin >= place - 1:
        begin -= 1
    while begin > 0 and given_.results[begin] == given_.results[begin - 1]:
        begin -= 1
    begin = max(0, begin - 1)
    part = given_.chosen(slice(begin, None))
    assert quality.flags(part, quality.table(LIMITS))[place - begin :].tolist() == whole[place:].tolist()


def test_a_value_that_may_stay_for_ever() -> None:
    """No rain, for hours; any other value that stays is stuck."""
    for value, mark in ((0.0, 0), (3.0, quality.FROZEN)):
        given_ = readings([1] * 13, [60 * minute * SECOND for minute in range(13)], [value] * 13)
        assert quality.flags(given_, quality.table(LIMITS)).tolist() == [0] * 10 + [mark] * 3


def test_limits_follow_the_unit() -> None:
    found = quality.limits({"range": [-40, 55], "jump": 15, "frozen": 24, "gap": 3, "ignore": 0}, 600, 1.0, 273.15)
    assert (found.low, found.high, found.jump, found.frozen, found.gap) == (233.14999999999998, 328.15, 15.0, 86400.0, 1800.0)
    assert found.ignore == 273.15
    nothing = quality.limits({}, 0)
    assert (nothing.low, nothing.high, nothing.jump, nothing.frozen, nothing.gap) == (-math.inf, math.inf, math.inf, math.inf, math.inf)


def test_no_gap_where_no_interval_is_expected() -> None:
    assert quality.limits({"gap": 3}, 0).gap == math.inf


def test_names() -> None:
    assert quality.named(quality.RANGE | quality.GAP | quality.ESTIMATED) == ["range", "gap", "estimated"]
    assert quality.named(0) == []
    assert quality.named(quality.LEFT_OUT) == ["range", "ahead", "suspect"], "what is in no sum, as docs and pages say"


def test_nothing_has_no_marks() -> None:
    assert quality.flags(readings([], [], []), quality.table({})).tolist() == []
    assert np.isinf(Limits().high)
