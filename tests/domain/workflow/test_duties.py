"""Days of a duty, and who comes in where nobody else can."""
from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from tzc.workflow.duties import Term, second

NOON = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)
TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("begins", "ends", "holds"),
    [
        (None, None, True), (NOON, None, True), (NOON + TICK, None, False), (None, NOON, False), (None, NOON + TICK, True), (NOON, NOON + TICK, True), (NOON - TICK, NOON, False),
    ],
)  # fmt: skip
def test_the_first_moment_counts_and_the_last_does_not(begins: datetime | None, ends: datetime | None, holds: bool) -> None:
    assert Term(begins, ends).holds(NOON) is holds


@pytest.mark.parametrize(
    ("own", "pooled", "wanted"),
    [
        ({"anne", "bruno"}, {"zoe"}, {"bruno"}),
        ({"anne"}, {"zoe"}, {"zoe"}),
        ({"anne"}, {"anne"}, {"admin"}),
        (set(), set(), {"admin"}),
    ],
)
def test_the_second_key_is_never_the_first_person_s(own: set[str], pooled: set[str], wanted: set[str]) -> None:
    assert second(["anne"], frozenset(own), frozenset(pooled), frozenset({"admin", "anne"})) == wanted
