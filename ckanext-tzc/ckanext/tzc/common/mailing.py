"""Mails that a room has reason for. The accounts room keeps and sends them; without it there are none."""
from __future__ import annotations

from collections.abc import Callable, Mapping

Keep = Callable[[str, str, str, str, Mapping[str, str]], None]
Works = Callable[[], bool]

LANGUAGE = "tzc_language"
"""In `plugin_extras` of an account: the language of the pages by which it came, in which it is mailed until it says otherwise."""

_answer: list[tuple[Keep, Works]] = []


def works() -> bool:
    """Whether this portal has a mail server."""
    return bool(_answer) and _answer[-1][1]()


def keep(name: str, address: str, subject: str, body: str, headers: Mapping[str, str]) -> None:
    """In the transaction that has reason for it: once that is committed, the mail is sent by a job, however long the mail server is away."""
    if _answer:
        _answer[-1][0](name, address, subject, body, headers)


def answered_by(keep: Keep, works: Works) -> None:
    """Let a room answer; safe to call again."""
    _answer[:] = [(keep, works)]
