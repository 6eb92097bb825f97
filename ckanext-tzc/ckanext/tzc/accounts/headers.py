"""How headers of mails are written."""
from __future__ import annotations

from email.header import Header
from email.policy import EmailPolicy
from typing import Any

PLAIN = 66
"""Characters of a subject that needs no code, when it has one line with its name."""


class Policy(EmailPolicy):
    """As Python's, but for two headers.

    Python's code splits a subject at spaces and leaves them outside of the coded words, where readers must drop them (RFC 2047, section 6.2): here all of it stands in coded
    words. An address of `List-Unsubscribe` that is longer than a line is not written in code, which no mail program reads (RFC 8058).
    """

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        """A subject is words: what looks like code in it is not decoded."""
        return (name, str(value)) if name.lower() == "subject" else super().header_store_parse(name, value)

    def fold(self, name: str, value: Any) -> str:
        """One header."""
        return self._written(name, value) or super().fold(name, value)

    def fold_binary(self, name: str, value: Any) -> bytes:
        """The same, as it is sent."""
        own = self._written(name, value)
        return own.encode("ascii") if own else super().fold_binary(name, value)

    def _written(self, name: str, value: Any) -> str:
        if name.lower() == "list-unsubscribe":
            return f"{name}: {value}{self.linesep}"
        if name.lower() != "subject":
            return ""
        words = str(value)
        plain = words.isascii() and words.isprintable() and "=?" not in words and words == words.strip() and len(words) <= PLAIN
        return f"{name}: {words if plain else Header(words, 'utf-8', header_name=name).encode(linesep=self.linesep)}{self.linesep}"
