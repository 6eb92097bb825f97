"""What must not lie open in the database, sealed by the feeding room, which keeps the keys. Without it nothing can be sealed, and nothing sealed is read.

    SealedError    nobody can seal or open this
"""
from __future__ import annotations

from collections.abc import Callable, Mapping

Values = Mapping[str, str]
Seal = Callable[[Values, tuple[str, ...]], bytes]
Open = Callable[[bytes, tuple[str, ...], str], dict[str, str]]
Anew = Callable[[bytes, tuple[str, ...]], "bytes | None"]
Keeper = Callable[[Anew], tuple[int, list[str]]]

_answer: list[tuple[Seal, Open]] = []
keepers: list[Keeper] = []
"""Rooms that keep sealed values: each seals all of its own anew by the function it is given (None: nothing opens them), and says how many, and which are lost."""


class SealedError(Exception):
    """Nobody can seal or open this."""


def seal(values: Values, *owner: str) -> bytes:
    """Some values, of an owner; they open for no other. Raises SealedError."""
    if not _answer:
        raise SealedError("nothing seals")
    return _answer[-1][0](values, owner)


def unseal(sealed: bytes, *owner: str) -> dict[str, str]:
    """The values. Raises SealedError."""
    if not _answer:
        raise SealedError("nothing opens")
    return _answer[-1][1](sealed, owner, "")


def answered_by(seal: Seal, open_: Open) -> None:
    """Let a room answer; safe to call again."""
    _answer[:] = [(seal, open_)]


def kept_by(keeper: Keeper) -> None:
    """Tell of a room that keeps sealed values; safe to call again."""
    if keeper not in keepers:
        keepers.append(keeper)
