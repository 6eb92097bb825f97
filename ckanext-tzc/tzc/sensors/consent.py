"""What a person consents to, as a machine: given, then withdrawn, ended or erased with the account. What was consented to stays on record; what it allowed stops at once.

    ConsentError            the code says why not
"""
from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

ACTIVE, WITHDRAWN, ENDED = STATES = ("active", "withdrawn", "ended")

ERASE, RECOMPUTE, KEEP = RULES = ("erase", "recompute", "keep")
"""What becomes of data when a consent no longer holds: all goes; sums are hidden or made anew without them; sums that were published stay, the curve goes."""

FAULTS = {
    "not_active": "this consent holds no longer",
    "text": "the text has changed since it was read",
    "until": "the end is no day to come",
    "too_long": "the end is later than this purpose allows",
    "not_accepted": "nothing was accepted",
    "meter": "no meter is meant",
    "purpose": "there is no such purpose",
    "group": "this purpose is of a group, and none is named",
}


class ConsentError(Exception):
    """A consent cannot be given or moved. `code`: one of `FAULTS`; `parameters`: what the words need."""

    def __init__(self, code: str, **parameters: Any) -> None:
        self.code, self.parameters = code, parameters
        super().__init__(FAULTS[code])


@dataclasses.dataclass(frozen=True)
class Purpose:
    """What data are asked for. `of_group`: whether it is of one group; `most_days`: how long at most; `version`: of its words, which people accept; `rule`: see `RULES`."""

    code: str
    version: str
    most_days: int
    rule: str
    of_group: bool = False
    texts: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def digest(self, language: str) -> str:
        """Which words exactly were read."""
        return hashlib.sha256(f"{self.code}\n{self.version}\n{self.texts[language]}".encode()).hexdigest()


def purposes(entries: Iterable[Mapping[str, Any]]) -> dict[str, Purpose]:
    """Of the vocabulary `consent-purpose`."""
    return {
        entry["code"]: Purpose(entry["code"], str(entry["version"]), int(entry["most_days"]), entry["rule"], bool(entry.get("of_group")), dict(entry["text"])) for entry in entries
    }  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Consent:
    """Who consented to what, for which meter, until when (the day is the last). `moved`: when it was withdrawn or ended."""

    person: str
    meter: int
    purpose: str
    given: dt.datetime
    until: dt.date
    version: str
    group: str | None = None
    state: str = ACTIVE
    moved: dt.datetime | None = None

    def holds(self, at: dt.datetime) -> bool:
        """Whether it allows anything at a moment; the last day is whole, by the clock of the moment."""
        return self.state == ACTIVE and self.given <= at and at.date() <= self.until


@dataclasses.dataclass(frozen=True)
class Move:
    """From which states to which."""

    name: str
    status_from: tuple[str, ...]
    status_to: str

    def __call__(self, consent: Consent, at: dt.datetime) -> Consent:
        """The consent after the move. Raises ConsentError."""
        if consent.state not in self.status_from:
            raise ConsentError("not_active")
        return dataclasses.replace(consent, state=self.status_to, moved=at)


withdraw = Move("withdraw", (ACTIVE,), WITHDRAWN)
end = Move("end", (ACTIVE,), ENDED)
MOVES = {move.name: move for move in (withdraw, end)}


def give(
    person: str, meter: int, purpose: Purpose, at: dt.datetime, until: dt.date | None, version: str, *, accepted: bool, group: str | None = None, latest: dt.date | None = None,
) -> Consent:  # fmt: skip
    """A consent. `accepted`: the box that was not ticked before; `latest`: when the group ends. Raises ConsentError."""
    if not accepted:
        raise ConsentError("not_accepted")
    if version != purpose.version:
        raise ConsentError("text")
    if purpose.of_group and not group:
        raise ConsentError("group")
    if until is None or until < at.date():
        raise ConsentError("until")
    most = at.date() + dt.timedelta(days=purpose.most_days)
    most = min(most, latest) if latest else most
    if until > most:
        raise ConsentError("too_long", most=most.isoformat())
    return Consent(person, meter, purpose.code, at, until, version, group if purpose.of_group else None)


def may_ingest(consents: Iterable[Consent], at: dt.datetime) -> bool:
    """Whether anything may be taken of a meter: some consent holds."""
    return any(consent.holds(at) for consent in consents)


def visibility(consents: Iterable[Consent], at: dt.datetime) -> str:
    """Of a meter's streams: `consented` where a group may count on them, else `private`."""
    from .model import CONSENTED, PRIVATE

    return CONSENTED if any(consent.group and consent.holds(at) for consent in consents) else PRIVATE
