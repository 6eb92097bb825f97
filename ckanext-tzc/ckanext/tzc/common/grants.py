"""Rights that somebody was given. The rights room knows them; without it there are none."""
from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from tzc.rights.policy import Grant

Grants = Callable[[str, Collection[str]], tuple[Grant, ...]]

Kept = Callable[[str], datetime | None]

_answer: list[Grants] = []
_kept: list[Kept] = []


def grants(user: str, datasets: Collection[str]) -> tuple[Grant, ...]:
    """All that an account (its id) was ever given to these datasets (ids), in one query: what has ended is among them, the policy knows the time."""
    return _answer[-1](user, datasets) if _answer and user and datasets else ()


def kept(grant: str) -> datetime | None:
    """Until when at most a right (its id) is kept beyond its end, by a renewal that waits."""
    return _kept[-1](grant) if _kept else None


def answered_by(function: Grants, kept_by: Kept | None = None) -> None:
    """Let a room answer; safe to call again."""
    _answer[:] = [function]
    _kept[:] = [kept_by] if kept_by else []
