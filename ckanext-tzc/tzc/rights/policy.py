"""Who may have data: the one function that every door of the portal asks.

It knows nothing of CKAN. Whoever asks brings what the answer depends on, as it is at this moment; nothing is remembered between two questions, so that a right that has
ended, or was taken away, opens nothing from that second on.
"""
from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from datetime import datetime

OPEN, REGISTERED, RESTRICTED, CONFIDENTIAL = LEVELS = ("open", "registered", "restricted", "confidential")
"""Who may have the data, from everybody to the partner's members: each is stricter than the one before."""

READ, DATA = ACTIONS = ("read", "data")
"""To read the description; to have the data themselves."""


def until(ends: datetime, kept: datetime | None) -> datetime:
    """When a right ends, with the renewal that keeps it, if there is one."""
    return max(ends, kept or ends)


@dataclasses.dataclass(frozen=True)
class Grant:
    """A right that somebody was given. `begins` ≤ moment < `ends` (UTC); no `resources`: all files. `columns`: by file, the only ones that it opens;
    a file that is not named has all. `live`: neither suspended nor revoked. `kept`: until when at most a renewal that was asked for in time and is not decided keeps it beyond
    its end.
    """

    dataset: str
    begins: datetime
    ends: datetime
    live: bool = True
    resources: frozenset[str] = frozenset()
    columns: Mapping[str, frozenset[str]] = dataclasses.field(default_factory=dict)
    kept: datetime | None = None

    def covers(self, thing: Thing, at: datetime) -> bool:
        """Whether it opens this at that moment."""
        here = self.dataset == thing.dataset and (not self.resources or thing.resource in self.resources)
        return here and self.live and self.begins <= at < until(self.ends, self.kept)

    def columns_of(self, file: str | None) -> frozenset[str] | None:
        """The columns of a file that it opens; None: all. Of the dataset as a whole: as little as of any file."""
        if file is None:
            return frozenset().union(*self.columns.values()) if self.columns else None
        return self.columns.get(file)


@dataclasses.dataclass(frozen=True)
class Person:
    """Who asks. `name` is empty for a stranger; `partners`: those that the account is a member of; `terms`: whether the terms of use in force were accepted."""

    name: str = ""
    administrator: bool = False
    partners: frozenset[str] = frozenset()
    grants: tuple[Grant, ...] = ()
    terms: bool = True


@dataclasses.dataclass(frozen=True)
class Thing:
    """What is asked for: a dataset, or one of its files. `own_level`: stricter than the dataset's, where a file has one; `embargo`: until when only members have it (UTC)."""

    dataset: str
    partner: str | None
    level: str = OPEN
    own_level: str | None = None
    resource: str | None = None
    embargo: datetime | None = None

    def strictest(self) -> str:
        """The level that counts. One that is not known counts as the strictest: a mistake must close, not open."""
        return max((level if level in LEVELS else CONFIDENTIAL for level in (self.level, self.own_level or OPEN)), key=LEVELS.index)


@dataclasses.dataclass(frozen=True)
class Decision:
    """The answer: whether, why (a code), and which columns (None: all)."""

    allowed: bool
    reason: str
    columns: frozenset[str] | None = None


def decide(person: Person, thing: Thing, action: str, at: datetime) -> Decision:
    """Whether somebody may do something now.

    Reasons: `administrator`, `member`, `public`, `account`, `grant`; refusals `sign_in`, `terms`, `embargo`, `request`, `ended` (a right that was there is over), `unseen`.
    """
    if person.administrator:
        return Decision(True, "administrator")
    if thing.partner is not None and thing.partner in person.partners:
        return Decision(True, "member")
    level = thing.strictest()
    if action == READ:
        seen = thing.level in (OPEN, REGISTERED, RESTRICTED)
        return Decision(seen, "public" if seen else "unseen")
    if level == CONFIDENTIAL:
        return Decision(False, "unseen")
    if thing.embargo is not None and at < thing.embargo:
        return Decision(False, "embargo")
    if level == OPEN:
        return Decision(True, "public")
    if not person.name:
        return Decision(False, "sign_in")
    if level == REGISTERED:
        return Decision(True, "account") if person.terms else Decision(False, "terms")
    return _by_grant(person.grants, thing, at)


def _by_grant(grants: Iterable[Grant], thing: Thing, at: datetime) -> Decision:
    """Columns of several grants add up; one that opens the whole file gives all."""
    here = [grant for grant in grants if grant.dataset == thing.dataset]
    live = [grant for grant in here if grant.covers(thing, at)]
    if not live:
        return Decision(False, "ended" if here else "request")
    opened = [grant.columns_of(thing.resource) for grant in live]
    named = [columns for columns in opened if columns is not None]
    return Decision(True, "grant", frozenset().union(*named) if len(named) == len(opened) else None)
