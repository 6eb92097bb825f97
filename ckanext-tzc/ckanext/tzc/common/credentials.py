"""What partners show other servers, or have them show: kept sealed by the feeding room, opened for their own host only. Without that room there is none.

    CredentialError    it is not there, of another host or kind, or cannot be opened; `code` says which
"""
from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

Known = Callable[[str, str], "tuple[str, str] | None"]
Opened = Callable[[str, str, str, Collection[str]], "tuple[str, Mapping[str, str]]"]

LONGEST = 100
"""Characters of a name."""

_answer: list[tuple[Known, Opened]] = []


class CredentialError(Exception):
    """`code`: credential or sealed."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def known(partner: str, name: str) -> tuple[str, str] | None:
    """The kind and the host (`host:port`) of a partner's credential; None where there is none of this name."""
    return _answer[-1][0](partner, name) if _answer and name.isprintable() and len(name) <= LONGEST else None


def opened(partner: str, name: str, host: str, kinds: Collection[str]) -> tuple[str, Mapping[str, str]]:
    """The kind and the values of a credential for a host; an empty `host` for what is shown to nobody. Raises CredentialError."""
    if not _answer:
        raise CredentialError("credential")
    return _answer[-1][1](partner, name, host, kinds)


def answered_by(known: Known, opened: Opened) -> None:
    """Let a room answer; safe to call again."""
    _answer[:] = [(known, opened)]
