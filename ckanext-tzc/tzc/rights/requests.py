"""The life of a request for data that are not for everybody: its states, and the moves from one to the next.

A request to several partners has one part for each, and each decides its own. States and moves are data, so that every state, role and move can be tried: what the table
does not allow raises an error that says what would be allowed. Where personal data are concerned, two keys open: a decider's and a data protection officer's, of two persons;
after an appeal those of who hears it and of an officer, neither of whom decided before.
"""
from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime, timedelta

from .policy import until

DRAFT, SUBMITTED, CHANGES_REQUESTED, UNDER_REVIEW = "draft", "submitted", "changes_requested", "under_review"
GRANTED, REFUSED, WITHDRAWN, LAPSED = "granted", "refused", "withdrawn", "lapsed"
SUSPENDED, REVOKED, EXPIRED, RENEWED, APPEALED = "suspended", "revoked", "expired", "renewed", "appealed"
STATES = (DRAFT, SUBMITTED, CHANGES_REQUESTED, UNDER_REVIEW, GRANTED, REFUSED, WITHDRAWN, LAPSED, SUSPENDED, REVOKED, EXPIRED, RENEWED, APPEALED)

OPEN = (DRAFT, SUBMITTED, CHANGES_REQUESTED, UNDER_REVIEW)
"""States of what is not decided: the words may change."""

PENDING = (SUBMITTED, CHANGES_REQUESTED, UNDER_REVIEW)
"""States of what was sent and is neither decided nor given up: a renewal keeps the right that it renews in these."""

REQUESTER, DECIDER, OFFICER, REVIEWER, CLOCK = ROLES = ("requester", "decider", "officer", "reviewer", "clock")
"""Who moves: who asked; the partner's steward; its data protection officer; who hears an appeal; time itself."""

TIME_TO_DECIDE, MORE_TIME = timedelta(days=61), timedelta(days=30)
"""Two months, and thirty days more with reasons (Data Governance Act, Regulation (EU) 2022/868, article 9)."""


class RequestError(Exception):
    """A move that cannot be made."""


class IllegalMoveError(RequestError):
    """No such move leads out of this state; `possible` are those that do."""

    def __init__(self, state: str, move: str) -> None:
        self.state, self.move, self.possible = state, move, possible(state)
        super().__init__(f"{move} is not possible when {state}; possible: {', '.join(self.possible) or 'nothing'}")


class NotYoursError(RequestError):
    """The move is made by others; `roles` are theirs."""

    def __init__(self, move: str, role: str, roles: frozenset[str]) -> None:
        self.move, self.role, self.roles = move, role, roles
        super().__init__(f"{move} is not for a {role} but for: {', '.join(sorted(roles))}")


class SamePersonError(RequestError):
    """One person would decide twice where two are needed: both keys, or an appeal against the own decision."""


class TooEarlyError(RequestError):
    """Time has not come."""


class BadTermError(RequestError):
    """A right that would end before it begins, or has ended already."""


@dataclasses.dataclass(frozen=True)
class Part:
    """One partner's part of a request. `keys`: who approved, by role; `decided_by`: who took the decision in force; `before`: the state that is appealed against;
    `final`: an appeal was heard; `due`: until when to decide; `begins`, `ends`: of the right, or while a key is missing of the days that the first one said; `kept`: until
    when a renewal keeps the right
    beyond its end; moments are UTC.
    """

    state: str
    requester: str
    personal: bool = False
    keys: Mapping[str, str] = dataclasses.field(default_factory=dict)
    decided_by: frozenset[str] = frozenset()
    before: str | None = None
    prolonged: bool = False
    final: bool = False
    due: datetime | None = None
    begins: datetime | None = None
    ends: datetime | None = None
    kept: datetime | None = None


@dataclasses.dataclass(frozen=True)
class Act:
    """Who makes a move, in which role, when; with the end of the right, where it is one that gives it."""

    by: str
    role: str
    at: datetime
    ends: datetime | None = None


class Move:
    """A move: from which states, by whom, to which state."""

    name: str
    starts: frozenset[str]
    roles: frozenset[str]
    end: str

    def make(self, part: Part, act: Act) -> Part:
        """The part after the move. Raises a `RequestError` when it cannot be made."""
        if part.state not in self.starts:
            raise IllegalMoveError(part.state, self.name)
        if act.role not in self.roles or (act.role == REQUESTER) != (act.by == part.requester):
            raise NotYoursError(self.name, act.role, self.roles)
        return self.moved(part, act)

    def moved(self, part: Part, act: Act) -> Part:
        """What the move changes, when it may be made."""
        return dataclasses.replace(part, state=self.end)


class Submit(Move):
    """It is sent; the time to decide begins, and whoever approved an earlier wording did not approve this one."""

    name, starts, roles, end = "submit", frozenset({DRAFT, CHANGES_REQUESTED}), frozenset({REQUESTER}), SUBMITTED

    def moved(self, part: Part, act: Act) -> Part:
        return dataclasses.replace(part, state=self.end, keys={}, due=act.at + TIME_TO_DECIDE)


class TakeUp(Move):
    """Somebody looks at it."""

    name, starts, roles, end = "take_up", frozenset({SUBMITTED}), frozenset({DECIDER, OFFICER}), UNDER_REVIEW


class AskChanges(Move):
    """It goes back with a question; meanwhile the clock of the decision stands."""

    name, starts, roles, end = "ask_changes", frozenset({SUBMITTED, UNDER_REVIEW}), frozenset({DECIDER, OFFICER}), CHANGES_REQUESTED

    def moved(self, part: Part, act: Act) -> Part:
        return dataclasses.replace(part, state=self.end, keys={}, due=None)


class Prolong(Move):
    """Thirty days more, once."""

    name, starts, roles, end = "prolong", frozenset({SUBMITTED, UNDER_REVIEW}), frozenset({DECIDER}), UNDER_REVIEW

    def moved(self, part: Part, act: Act) -> Part:
        if part.prolonged:
            raise IllegalMoveError(part.state, self.name)
        return dataclasses.replace(part, state=self.end, due=(part.due or act.at) + MORE_TIME, prolonged=True)


def _term(part: Part, act: Act) -> tuple[datetime, datetime]:
    """A right begins when it is given, by the last key; the days that the first key said are counted from then."""
    ends = act.ends or part.ends
    if act.ends is None and part.keys and part.begins and part.ends:
        ends = act.at + (part.ends - part.begins)
    if ends is None or ends <= act.at:
        raise BadTermError("a right needs an end that is still to come")
    return act.at, ends


def _turned(part: Part, act: Act, first: str) -> Part:
    """A key is turned: `first`, or the officer's; with all that are needed the right is given."""
    begins, ends = _term(part, act)
    keys = {**part.keys, act.role: act.by}
    needed = {first, OFFICER} if part.personal else {first}
    if part.personal and len(keys) > len(set(keys.values())):
        raise SamePersonError("the two keys are turned by two persons")
    if not needed <= set(keys):
        return dataclasses.replace(part, keys=keys, begins=begins, ends=ends)
    return dataclasses.replace(part, state=GRANTED, keys=keys, begins=begins, ends=ends, decided_by=frozenset(keys.values()), due=None)


class Approve(Move):
    """A key is turned; with all that are needed the right is given."""

    name, starts, roles, end = "approve", frozenset({UNDER_REVIEW}), frozenset({DECIDER, OFFICER}), GRANTED

    def moved(self, part: Part, act: Act) -> Part:
        return _turned(part, act, DECIDER)


class _Against(Move):
    """A decision against the requester, which may be appealed."""

    def moved(self, part: Part, act: Act) -> Part:
        return dataclasses.replace(part, state=self.end, decided_by=frozenset({act.by}), due=None)


class Refuse(_Against):
    """No, with reasons. One key is enough to refuse."""

    name, starts, roles, end = "refuse", frozenset({UNDER_REVIEW}), frozenset({DECIDER, OFFICER}), REFUSED


class Revoke(_Against):
    """The right is taken away, for good."""

    name, starts, roles, end = "revoke", frozenset({GRANTED, SUSPENDED}), frozenset({DECIDER, OFFICER}), REVOKED


class Suspend(Move):
    """The right rests."""

    name, starts, roles, end = "suspend", frozenset({GRANTED}), frozenset({DECIDER, OFFICER}), SUSPENDED


class Resume(Move):
    """It is there again, until the end that it had."""

    name, starts, roles, end = "resume", frozenset({SUSPENDED}), frozenset({DECIDER, OFFICER}), GRANTED

    def moved(self, part: Part, act: Act) -> Part:
        if part.ends is not None and part.ends <= act.at:
            raise BadTermError("the right has ended meanwhile")
        return dataclasses.replace(part, state=self.end)


class Withdraw(Move):
    """The requester wants it no more. Of an appeal: the decision that it was against stands, and is not appealed again."""

    name, starts, roles, end = "withdraw", frozenset({DRAFT, SUBMITTED, CHANGES_REQUESTED, UNDER_REVIEW, APPEALED}), frozenset({REQUESTER}), WITHDRAWN

    def moved(self, part: Part, act: Act) -> Part:
        if part.state == APPEALED:
            return dataclasses.replace(part, state=part.before or self.end, final=True, keys={}, due=None)
        return dataclasses.replace(part, state=self.end, due=None)


class Lapse(Move):
    """Nobody went on with it."""

    name, starts, roles, end = "lapse", frozenset({DRAFT, CHANGES_REQUESTED}), frozenset({CLOCK}), LAPSED


class Expire(Move):
    """The right has come to its end."""

    name, starts, roles, end = "expire", frozenset({GRANTED, SUSPENDED}), frozenset({CLOCK}), EXPIRED

    def moved(self, part: Part, act: Act) -> Part:
        if part.ends is None or act.at < until(part.ends, part.kept):
            raise TooEarlyError("the right has not ended yet")
        return dataclasses.replace(part, state=self.end)


class Renew(Move):
    """Another request took its place: until that was granted, this one stayed as it was."""

    name, starts, roles, end = "renew", frozenset({GRANTED}), frozenset({CLOCK}), RENEWED


class Appeal(Move):
    """Somebody else shall decide: once against each decision."""

    name, starts, roles, end = "appeal", frozenset({REFUSED, REVOKED}), frozenset({REQUESTER}), APPEALED

    def moved(self, part: Part, act: Act) -> Part:
        if part.final:
            raise IllegalMoveError(part.state, self.name)
        # keys that opened a right which was taken away open it no more
        return dataclasses.replace(part, state=self.end, before=part.state, keys={}, due=act.at + TIME_TO_DECIDE)


class _Heard(Move):
    """An appeal is decided, by who did not decide before."""

    def make(self, part: Part, act: Act) -> Part:
        if part.state == APPEALED and act.role in self.roles and act.by in part.decided_by:
            raise SamePersonError("an appeal is heard by somebody who did not decide")
        return super().make(part, act)


class Uphold(_Heard):
    """The decision stands, and cannot be appealed again here. One key is enough."""

    name, starts, roles, end = "uphold", frozenset({APPEALED}), frozenset({REVIEWER, OFFICER}), REFUSED

    def moved(self, part: Part, act: Act) -> Part:
        return dataclasses.replace(part, state=part.before or self.end, final=True, keys={}, decided_by=part.decided_by | {act.by}, due=None)


class Overturn(_Heard):
    """The right is given: where data concern persons, by two keys as the first time."""

    name, starts, roles, end = "overturn", frozenset({APPEALED}), frozenset({REVIEWER, OFFICER}), GRANTED

    def moved(self, part: Part, act: Act) -> Part:
        return _turned(part, act, REVIEWER)


MOVES: dict[str, Move] = {
    kind.name: kind()
    for kind in (Submit, TakeUp, AskChanges, Prolong, Approve, Refuse, Withdraw, Lapse, Expire, Renew, Suspend, Resume, Revoke, Appeal, Uphold, Overturn)
}


def possible(state: str, role: str | None = None) -> tuple[str, ...]:
    """Names of the moves that lead out of a state; with `role` those that are its own."""
    return tuple(name for name, move in MOVES.items() if state in move.starts and (role is None or role in move.roles))


def make(part: Part, move: str, act: Act) -> Part:
    """The part after a move. Raises a `RequestError` that says what is in the way, `KeyError` when there is no such move."""
    return MOVES[move].make(part, act)
