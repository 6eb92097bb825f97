"""Rights that somebody was given. The rights room knows them; without it there are none."""
from __future__ import annotations

from collections.abc import Callable, Collection

from tzc.rights.policy import Grant

Grants = Callable[[str, Collection[str]], tuple[Grant, ...]]

_answer: list[Grants] = []


def grants(user: str, datasets: Collection[str]) -> tuple[Grant, ...]:
    """All that an account (its id) was ever given to these datasets (ids), in one query: what has ended is among them, the policy knows the time."""
    return _answer[-1](user, datasets) if _answer and user and datasets else ()


def answered_by(function: Grants) -> None:
    """Let a room answer; safe to call again."""
    _answer[:] = [function]
