"""Who has a duty at a partner in somebody else's place. The workflow room knows them; without it there is nobody."""
from __future__ import annotations

from collections.abc import Callable, Collection

Delegates = Callable[[str, str], dict[str, frozenset[str]]]
DelegatesOfMany = Callable[[Collection[str], str], dict[str, dict[str, frozenset[str]]]]

_answer: list[Delegates] = []
_many: list[DelegatesOfMany] = []


def delegates(partner: str, duty: str) -> dict[str, frozenset[str]]:
    """Accounts that have a duty by delegation alone, each with those whom they replace: they are among the holders (`common.duties`) and can do what the replaced could."""
    return _answer[-1](partner, duty) if _answer else {}


def delegates_of(partners: Collection[str], duty: str) -> dict[str, dict[str, frozenset[str]]]:
    """The same at many partners, those that have some; in a few questions to the database, and in one where there is none."""
    return _many[-1](partners, duty) if _many and partners else {}


def answered_by(function: Delegates, many: DelegatesOfMany) -> None:
    """Let a room answer, about many partners at once too; safe to call again."""
    _answer[:] = [function]
    _many[:] = [many]
