"""Every state, role and move of a publication, and whose keys open."""
from __future__ import annotations

import itertools

import pytest
from tzc.workflow import publication
from tzc.workflow.publication import Act, Course

ALLOWED = {
    ("draft", "contributor", "ask_review"): "in_review",
    ("draft", "steward", "ask_review"): "in_review",
    ("draft", "steward", "publish"): "published",
    ("changes_requested", "contributor", "ask_review"): "in_review",
    ("changes_requested", "steward", "ask_review"): "in_review",
    ("changes_requested", "steward", "publish"): "published",
    ("changes_requested", "contributor", "withdraw"): "draft",
    ("changes_requested", "steward", "withdraw"): "draft",
    ("in_review", "steward", "approve"): "published",
    ("in_review", "steward", "request_changes"): "changes_requested",
    ("in_review", "legal", "request_changes"): "changes_requested",
    ("in_review", "officer", "request_changes"): "changes_requested",
    ("in_review", "contributor", "withdraw"): "draft",
    ("in_review", "steward", "withdraw"): "draft",
    ("published", "steward", "archive"): "archived",
    ("published", "steward", "take_back"): "draft",
    ("archived", "steward", "reopen"): "published",
    ("archived", "steward", "take_back"): "draft",
}
"""What may be done where one key opens, written out by hand: the table of the code is held against it."""


@pytest.mark.parametrize(("state", "role", "move"), list(itertools.product(publication.STATES, publication.ROLES, publication.MOVES)))
def test_every_state_role_and_move(state: str, role: str, move: str) -> None:
    wanted = ALLOWED.get((state, role, move))
    act = Act("anne", role, why="parce que")
    if wanted:
        assert publication.make(Course(state), move, act).state == wanted
        return
    with pytest.raises(publication.PublicationError) as caught:
        publication.make(Course(state), move, act)
    leads_out = any((state, other, move) in ALLOWED for other in publication.ROLES)
    assert isinstance(caught.value, publication.NotYoursError if leads_out else publication.IllegalMoveError)


def test_an_illegal_move_says_what_is_possible() -> None:
    with pytest.raises(publication.IllegalMoveError) as caught:
        publication.make(Course("published"), "publish", Act("anne", "steward"))
    assert caught.value.possible == ("take_back", "archive")


@pytest.mark.parametrize("move", [name for name, move in publication.MOVES.items() if move.obeys])
def test_rules_block_with_reasons(move: str) -> None:
    state = next(iter(publication.MOVES[move].starts))
    with pytest.raises(publication.BlockedError) as caught:
        publication.make(Course(state), move, Act("anne", "steward", blocked=("licence", "contact")))
    assert caught.value.reasons == ("licence", "contact")


@pytest.mark.parametrize("move", ["request_changes", "withdraw", "take_back", "archive"])
def test_what_leads_away_from_the_public_is_never_blocked(move: str) -> None:
    state = next(iter(publication.MOVES[move].starts))
    publication.make(Course(state), move, Act("anne", "steward", why="oui", blocked=("licence",)))


@pytest.mark.parametrize("move", ["request_changes", "archive"])
def test_some_moves_say_why(move: str) -> None:
    state = next(iter(publication.MOVES[move].starts))
    with pytest.raises(publication.ReasonNeededError):
        publication.make(Course(state), move, Act("anne", "steward", why="  "))


BOTH = frozenset({"steward", "officer"})


def test_two_keys_of_two_persons() -> None:
    first = publication.make(Course("draft", BOTH), "publish", Act("anne", "steward"))
    assert (first.state, dict(first.keys), first.missing) == ("in_review", {"steward": "anne"}, {"officer"})
    with pytest.raises(publication.SamePersonError):
        publication.make(first, "approve", Act("anne", "officer"))
    with pytest.raises(publication.SamePersonError):
        publication.make(first, "approve", Act("zoe", "steward"))
    second = publication.make(first, "approve", Act("bruno", "officer"))
    assert second.state == "published" and not second.missing


def test_the_officer_may_come_first() -> None:
    asked = publication.make(Course("draft", BOTH), "ask_review", Act("chloe", "contributor"))
    first = publication.make(asked, "approve", Act("bruno", "officer"))
    assert first.state == "in_review"
    assert publication.make(first, "approve", Act("anne", "steward")).state == "published"


def test_a_key_that_nobody_asked_for_opens_nothing() -> None:
    with pytest.raises(publication.NotYoursError):
        publication.make(Course("in_review"), "approve", Act("lea", "legal"))


def test_keys_are_gone_when_it_goes_back() -> None:
    first = publication.make(Course("draft", BOTH), "publish", Act("anne", "steward"))
    back = publication.make(first, "request_changes", Act("bruno", "officer", why="noms"))
    assert back.keys == {}
    assert publication.make(back, "ask_review", Act("chloe", "contributor")).missing == BOTH


@pytest.mark.parametrize(
    ("licence", "personal", "asked", "wanted"),
    [
        ("lov2", "none", {"legal", "officer", "steward"}, {"steward"}),
        ("lov2", "", {"legal", "officer"}, {"steward"}),
        ("odbl", "none", {"legal"}, {"steward", "legal"}),
        ("odbl", "none", set(), {"steward"}),
        ("", "none", {"legal"}, {"steward", "legal"}),
        ("lov2", "anonymised", {"officer"}, {"steward", "officer"}),
        ("lov2", "personal", set(), {"steward"}),
        ("odbl", "personal", {"legal", "officer"}, {"steward", "legal", "officer"}),
    ],
)
def test_whose_keys_are_needed(licence: str, personal: str, asked: set[str], wanted: set[str]) -> None:
    assert publication.needs(licence, personal, asked) == wanted


@pytest.mark.parametrize(
    ("move", "course", "roles", "wanted"),
    [
        ("publish", Course("draft"), {"contributor", "steward"}, "steward"),
        ("ask_review", Course("draft"), {"contributor"}, "contributor"),
        ("approve", Course("in_review", BOTH), {"officer", "steward"}, "steward"),
        ("approve", Course("in_review", BOTH, {"steward": "anne"}), {"officer", "steward"}, "officer"),
        ("approve", Course("in_review", BOTH), {"contributor"}, "contributor"),
    ],
)
def test_in_which_role_somebody_moves(move: str, course: Course, roles: set[str], wanted: str) -> None:
    assert publication.role_for(move, course, roles, "x") == wanted


@pytest.mark.parametrize(("decision", "author", "reviewer"), list(itertools.product(publication.DECISIONS, (True, False), (True, False))))
def test_every_decision_on_a_change(decision: str, author: bool, reviewer: bool) -> None:
    for state in publication.PROPOSAL_STATES:
        allowed = state == "waiting" and (author if decision == "withdraw" else reviewer)
        if allowed:
            assert publication.decide(state, decision, author, reviewer, "non") == {"accept": "accepted", "send_back": "sent_back", "withdraw": "withdrawn"}[decision]
        else:
            with pytest.raises(publication.PublicationError):
                publication.decide(state, decision, author, reviewer, "non")


def test_a_change_is_not_sent_back_without_a_word() -> None:
    with pytest.raises(publication.ReasonNeededError):
        publication.decide("waiting", "send_back", False, True, " ")
