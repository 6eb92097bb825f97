"""A town of one to three persons is never deadlocked: whoever has which duties, and whoever comes first."""
from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from tzc.workflow import publication
from tzc.workflow.duties import Turners, turning
from tzc.workflow.publication import Course

DUTIES = ("steward", "officer", "legal")
PORTAL = frozenset({"portal-1", "portal-2", "portal-3"})

Own = dict[str, frozenset[str]]


def towns(persons: int, needs: tuple[str, ...]) -> Iterator[Own]:
    """All ways to give duties to so many persons; each key has somebody."""
    names = ("anne", "bruno", "chloe")[:persons]
    some = [frozenset(chosen) for count in range(1, persons + 1) for chosen in itertools.combinations(names, count)]
    for given in itertools.product(some, repeat=len(needs)):
        yield dict(zip(needs, given, strict=True))


def each_by_another(own: Own) -> bool:
    return any(len(set(chosen)) == len(own) for chosen in itertools.product(*own.values()))


def ends(course: Course, own: Own, pooled: Own, by: str = "") -> Iterator[Course]:
    """Where it may end: whoever of those who may approve comes next, in each order. `by`: who publishes first."""
    if course.state == "published":
        yield course
        return
    done = course.keys.values()
    able = {role: turning(done, own[role], pooled.get(role, frozenset()), PORTAL) - set(done) for role in course.missing}
    persons = {by} if by else frozenset().union(*able.values())
    assert persons, f"deadlocked: {dict(course.keys)} of {own}"
    for person in persons:
        roles = {role for role in course.missing if person in able[role]}
        move = "publish" if by else "approve"
        act = publication.act_of(person, move, course, roles, Turners(own, pooled))
        yield from ends(publication.make(course, move, act), own, pooled)


@pytest.mark.parametrize("persons", [1, 2, 3])
@pytest.mark.parametrize("needs", [DUTIES[:2], DUTIES], ids=["two keys", "three keys"])
def test_whoever_comes_first_it_is_published_and_by_the_town_alone_where_it_can_be(persons: int, needs: tuple[str, ...]) -> None:
    for own in towns(persons, needs):
        starts = [("in_review", ""), *(("draft", steward) for steward in own["steward"])]
        for state, by in starts:
            for end in ends(Course(state, frozenset(needs)), own, {}, by):
                assert len(set(end.keys.values())) == len(needs)
                assert not each_by_another(own) or not set(end.keys.values()) & PORTAL, f"{own}: {dict(end.keys)}"


@pytest.mark.parametrize("shared", DUTIES[:2])
def test_one_person_with_both_duties_leaves_to_the_pool_the_one_that_is_shared(shared: str) -> None:
    own = {"steward": frozenset({"anne"}), "officer": frozenset({"anne"})}
    for state, by in (("in_review", ""), ("draft", "anne")):
        for end in ends(Course(state, frozenset(own)), own, {shared: frozenset({"voisine"})}, by):
            assert end.keys[shared] == "voisine" and set(end.keys.values()) == {"anne", "voisine"}


def test_an_administrator_of_the_portal_turns_the_key_that_fewest_have() -> None:
    own = {"steward": frozenset({"anne", "bruno"}), "officer": frozenset({"anne"})}
    assert publication.role_for("approve", Course("in_review", frozenset(own)), publication.ROLES, "portal-1", Turners(own)) == "officer"
