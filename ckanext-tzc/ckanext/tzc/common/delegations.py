"""Who has a duty at a partner in somebody else's place. The workflow room knows them; without it there is nobody."""
from __future__ import annotations

from collections.abc import Callable

Delegates = Callable[[str, str], dict[str, frozenset[str]]]

_answer: list[Delegates] = []


def delegates(partner: str, duty: str) -> dict[str, frozenset[str]]:
    """Accounts that have a duty by delegation alone, each with those whom they replace: they are among the holders (`common.duties`) and can do what the replaced could."""
    return _answer[-1](partner, duty) if _answer else {}


def answered_by(function: Delegates) -> None:
    """Let a room answer; safe to call again."""
    _answer[:] = [function]
