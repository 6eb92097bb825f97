"""A chain of hashes: each link holds the hash of what was recorded and of the link before, so that no entry can be changed, taken out, put in or moved unseen.

Contents stand beside the chain and can be erased; the hash of one that is gone says nothing of it, as it was made with a secret that went with it.
The database makes links by the same rule (migration `tzc_audit_0001`); what is here checks them.
"""
from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from typing import Any, NamedTuple

ERASED = "audit.erased"
"""The kind of an entry that says which contents were erased; it is never erased itself."""


class Link(NamedTuple):
    """One link. `id` counts from 1 without a gap; `entry`: its content's number; `at`: microseconds since 1970 (UTC); hashes in hexadecimal, `before` empty for the first."""

    id: int
    entry: int
    at: int
    kind: str
    content: str
    before: str
    hash: str


class Content(NamedTuple):
    """What was recorded: the text as it was written, and its salt."""

    salt: str
    text: str


class Fault(NamedTuple):
    """The first place that is not as it was written.

    `code`: `gap` (a link is missing before this one, or stands here that does not belong), `link` (it was changed), `content` (what was recorded was changed),
    `missing` (a content is gone that nobody says to have erased), `loose` (a content that has no link), `cut` (the chain does not hold the link that was known).
    """

    link: int
    code: str


class Verdict(NamedTuple):
    """What a look at the whole chain found: how many links, how many contents were erased, the last link's number and hash, and the first fault."""

    links: int
    erased: int
    head: tuple[int, str]
    fault: Fault | None


def canonical(value: Mapping[str, Any]) -> str:
    """JSON in one spelling: sorted keys, no blanks, letters as they are (RFC 8785 as long as there are no fractions and no keys beyond U+FFFF; ours have none)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def content_hash(salt: str, text: str) -> str:
    """The hash of what was recorded."""
    return sha256(f"{salt}\n{text}".encode()).hexdigest()


def link_hash(id: int, entry: int, at: int, kind: str, content: str, before: str) -> str:
    """The hash of a link."""
    return sha256(f"{id}\n{entry}\n{at}\n{kind}\n{content}\n{before}".encode()).hexdigest()


def following(last: Link | None, entry: int, at: int, kind: str, content: Content) -> Link:
    """The link that comes after another, or the first."""
    number, before, hashed = (last.id + 1 if last else 1), (last.hash if last else ""), content_hash(*content)
    return Link(number, entry, at, kind, hashed, before, link_hash(number, entry, at, kind, hashed, before))


def ranges(numbers: Iterable[int]) -> list[list[int]]:
    """Rising numbers as `[[first, last], …]`."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return found


def verify(
    rows: Iterable[tuple[Link, Content | None]], known: tuple[int, str] | None = None, loose: Callable[[], int | None] = lambda: None, told: Callable[[int], None] | None = None
) -> Verdict:
    """Look at the whole chain, in its order; ends at the first fault.

    `known`: number and hash of a link that was written down earlier, elsewhere: only so is it seen that the end was cut off. `loose` gives the number of a content without a link,
    if there is one. `told` hears how many were looked at.
    """
    before, count, met = "", 0, known is None or known[0] == 0
    gone: list[tuple[int, int]] = []
    erased: list[list[int]] = []
    for link, content in rows:
        number, entry, at, kind, hashed, prior, own = link
        if number != count + 1 or prior != before:
            return Verdict(count, len(gone), (count, before), Fault(count + 1, "gap"))
        if own != link_hash(number, entry, at, kind, hashed, prior):
            return Verdict(count, len(gone), (count, before), Fault(number, "link"))
        if content is None:
            gone.append((number, entry))
        elif hashed != content_hash(content[0], content[1]):
            return Verdict(count, len(gone), (count, before), Fault(number, "content"))
        elif kind == ERASED:
            erased += json.loads(content.text)["content"]["entries"]
        before, count = own, number
        if known and known[0] == count:
            met = known[1] == before
            if not met:
                return Verdict(count, len(gone), (count, before), Fault(count, "cut"))
        if told and not count % 10_000:
            told(count)
    return Verdict(count, len(gone), (count, before), _of_all(gone, erased, met, count, loose))


def _of_all(gone: list[tuple[int, int]], erased: list[list[int]], met: bool, count: int, loose: Callable[[], int | None]) -> Fault | None:
    """What can only be said once all links were seen."""
    if not met:
        return Fault(count + 1, "cut")
    allowed = sorted(erased)
    place = 0
    reached = -1
    for link, entry in sorted(gone, key=lambda pair: pair[1]):
        while place < len(allowed) and allowed[place][0] <= entry:
            reached = max(reached, allowed[place][1])
            place += 1
        if entry > reached:
            return Fault(link, "missing")
    unlinked = loose()
    return None if unlinked is None else Fault(unlinked, "loose")
