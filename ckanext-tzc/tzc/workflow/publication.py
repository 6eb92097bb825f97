"""The way of a dataset's description to the public: its states, and the moves from one to the next.

States and moves are data, so that every state, role and move can be tried: what the table does not allow raises an error that says what would be allowed. A steward publishes
alone, unless more keys are needed: those of the legal duty or of the data protection officer, each of another person.
"""
from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping

from .duties import Turners

DRAFT, IN_REVIEW, CHANGES_REQUESTED, PUBLISHED, ARCHIVED = STATES = ("draft", "in_review", "changes_requested", "published", "archived")

CONTRIBUTOR, STEWARD, LEGAL, OFFICER = ROLES = ("contributor", "steward", "legal", "officer")
"""Who moves: who writes; who publishes; who reviews licences; the data protection officer."""

REVIEWERS = frozenset({STEWARD, LEGAL, OFFICER})

FAST_LICENCES = frozenset({"lov2"})
"""Licence Ouverte 2.0: nobody else is asked."""


class PublicationError(Exception):
    """A move that cannot be made."""


class IllegalMoveError(PublicationError):
    """No such move leads out of this state; `possible` are those that do."""

    def __init__(self, state: str, move: str) -> None:
        self.state, self.move, self.possible = state, move, possible(state)
        super().__init__(f"{move} is not possible when {state}; possible: {', '.join(self.possible) or 'nothing'}")


class NotYoursError(PublicationError):
    """The move is made by others; `roles` are theirs."""

    def __init__(self, move: str, role: str, roles: Collection[str]) -> None:
        self.move, self.role, self.roles = move, role, frozenset(roles)
        super().__init__(f"{move} is not for a {role} but for: {', '.join(sorted(roles))}")


class SamePersonError(PublicationError):
    """One person would turn two keys."""


class ReasonNeededError(PublicationError):
    """Who sends something back says why."""


class BlockedError(PublicationError):
    """Rules are not fulfilled; `reasons` are their names."""

    def __init__(self, reasons: Collection[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__(f"not fulfilled: {', '.join(self.reasons)}")


@dataclasses.dataclass(frozen=True)
class Course:
    """Where a dataset stands. `needs`: the roles whose keys open; `keys`: who turned which."""

    state: str
    needs: frozenset[str] = frozenset({STEWARD})
    keys: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def missing(self) -> frozenset[str]:
        """The keys that are still to be turned."""
        return self.needs - set(self.keys)


@dataclasses.dataclass(frozen=True)
class Act:
    """Who makes a move, in which role, why; `blocked`: the rules that the dataset does not fulfil; `key`: what a steward who publishes turns, where it is not the own."""

    by: str
    role: str
    why: str = ""
    blocked: tuple[str, ...] = ()
    key: str = ""


class Move:
    """A move: from which states, by whom, to which state."""

    name: str
    starts: frozenset[str]
    roles: frozenset[str]
    end: str
    obeys = False
    """Whether the rules must be fulfilled."""
    explains = False
    """Whether it needs a reason."""

    def make(self, course: Course, act: Act) -> Course:
        """Where the dataset stands after the move. Raises a `PublicationError` when it cannot be made."""
        if course.state not in self.starts:
            raise IllegalMoveError(course.state, self.name)
        if act.role not in self.roles:
            raise NotYoursError(self.name, act.role, self.roles)
        if self.explains and not act.why.strip():
            raise ReasonNeededError(f"{self.name} needs a reason")
        if self.obeys and act.blocked:
            raise BlockedError(act.blocked)
        return self.moved(course, act)

    def moved(self, course: Course, act: Act) -> Course:
        """What the move changes, when it may be made."""
        return dataclasses.replace(course, state=self.end, keys={})


def _turned(course: Course, act: Act) -> Course:
    """With one more key; published when it was the last."""
    key = act.key or act.role
    if key not in course.needs:
        raise NotYoursError("approve", key, course.needs)
    if key in course.keys or act.by in course.keys.values():
        raise SamePersonError("each key is turned once, and by another person")
    turned = dataclasses.replace(course, state=IN_REVIEW, keys={**course.keys, key: act.by})
    return turned if turned.missing else dataclasses.replace(turned, state=PUBLISHED)


class AskReview(Move):
    """It is shown to those who publish."""

    name, starts, roles, end, obeys = "ask_review", frozenset({DRAFT, CHANGES_REQUESTED}), frozenset({CONTRIBUTOR, STEWARD}), IN_REVIEW, True


class Publish(Move):
    """A steward publishes: at once, or as the first of several keys."""

    name, starts, roles, end, obeys = "publish", frozenset({DRAFT, CHANGES_REQUESTED}), frozenset({STEWARD}), PUBLISHED, True

    def moved(self, course: Course, act: Act) -> Course:
        return _turned(dataclasses.replace(course, keys={}), act)


class Approve(Move):
    """A key is turned; with all that are needed it is published."""

    name, starts, roles, end, obeys = "approve", frozenset({IN_REVIEW}), REVIEWERS, PUBLISHED, True

    def moved(self, course: Course, act: Act) -> Course:
        return _turned(course, act)


class RequestChanges(Move):
    """It goes back with what is to be mended. One reviewer is enough."""

    name, starts, roles, end, explains = "request_changes", frozenset({IN_REVIEW}), REVIEWERS, CHANGES_REQUESTED, True


class Withdraw(Move):
    """Whoever asked wants it back."""

    name, starts, roles, end = "withdraw", frozenset({IN_REVIEW, CHANGES_REQUESTED}), frozenset({CONTRIBUTOR, STEWARD}), DRAFT


class TakeBack(Move):
    """It is a draft again, and nobody finds it."""

    name, starts, roles, end = "take_back", frozenset({PUBLISHED, ARCHIVED}), frozenset({STEWARD}), DRAFT


class Archive(Move):
    """It keeps its page and address, and leaves search and feeds."""

    name, starts, roles, end, explains = "archive", frozenset({PUBLISHED}), frozenset({STEWARD}), ARCHIVED, True


class Reopen(Move):
    """It is in search and feeds again."""

    name, starts, roles, end, obeys = "reopen", frozenset({ARCHIVED}), frozenset({STEWARD}), PUBLISHED, True


MOVES: dict[str, Move] = {kind.name: kind() for kind in (AskReview, Publish, Approve, RequestChanges, Withdraw, TakeBack, Archive, Reopen)}


def possible(state: str, role: str | None = None) -> tuple[str, ...]:
    """Names of the moves that lead out of a state; with `role` those that are its own."""
    return tuple(name for name, move in MOVES.items() if state in move.starts and (role is None or role in move.roles))


def make(course: Course, move: str, act: Act) -> Course:
    """Where a dataset stands after a move. Raises a `PublicationError` that says what is in the way, `KeyError` when there is no such move."""
    return MOVES[move].make(course, act)


def needs(licence: str, personal: str, asked: Collection[str]) -> frozenset[str]:
    """Whose keys a publication needs. `asked`: the duties that are asked here, as somebody was given them or the partner wants review."""
    wanted = {STEWARD}
    if LEGAL in asked and licence not in FAST_LICENCES:
        wanted.add(LEGAL)
    if OFFICER in asked and personal not in {"", "none"}:
        wanted.add(OFFICER)
    return frozenset(wanted)


def role_for(move: str, course: Course, roles: Collection[str], by: str, turners: Turners | None = None) -> str:
    """In which of their roles somebody makes a move: the first that it is for; of several whose keys they may still turn the one that leaves the others to other persons, as far as
    it is known who there is (`turners`). Without one, the first they have: the move then says who may.
    """
    known = MOVES[move].roles
    fitting = [role for role in (STEWARD, OFFICER, LEGAL, CONTRIBUTOR) if role in roles and role in known]
    if move == Approve.name:
        open_keys = [role for role in fitting if role in course.missing]
        if turners and len(open_keys) > 1:
            return turners.best(open_keys, course.missing, by, course.keys.values())
        return next(iter(open_keys or fitting), _first(roles))
    return next(iter(fitting), _first(roles))


def act_of(by: str, move: str, course: Course, roles: Collection[str], turners: Turners | None = None, why: str = "", blocked: tuple[str, ...] = ()) -> Act:
    """A move as somebody makes it. A steward who publishes and has other keys too turns the one that others do not have."""
    role = role_for(move, course, roles, by, turners)
    fresh = dataclasses.replace(course, keys={})
    key = role_for(Approve.name, fresh, roles, by, turners) if move == Publish.name and role == STEWARD else ""
    return Act(by, role, why, blocked, key)


def _first(roles: Collection[str]) -> str:
    return next((role for role in ROLES if role in roles), CONTRIBUTOR)


# changes of what is published

WAITING, ACCEPTED, SENT_BACK, WITHDRAWN = PROPOSAL_STATES = ("waiting", "accepted", "sent_back", "withdrawn")

DECISIONS: Mapping[str, tuple[str, str]] = {"accept": (ACCEPTED, "reviewer"), "send_back": (SENT_BACK, "reviewer"), "withdraw": (WITHDRAWN, "author")}
"""What may become of a proposed change that waits, and who decides it so: somebody with its duty, or who proposed it."""


def decide(state: str, decision: str, author: bool, reviewer: bool, why: str) -> str:
    """The state of a proposed change after a decision. Raises a `PublicationError`; `KeyError` when there is no such decision."""
    end, role = DECISIONS[decision]
    if state != WAITING:
        raise IllegalMoveError(state, decision)
    if not (author if role == "author" else reviewer):
        raise NotYoursError(decision, "reviewer" if reviewer else "author" if author else "stranger", {role})
    if end == SENT_BACK and not why.strip():
        raise ReasonNeededError(f"{decision} needs a reason")
    return end
