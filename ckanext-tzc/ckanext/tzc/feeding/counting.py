"""Files that take so many bytes, however much a source says."""
from __future__ import annotations

from typing import IO


class FullError(OSError):
    """There was more."""


class Counted:
    """A file that takes so many bytes. `full`: there was more."""

    def __init__(self, target: IO[bytes], most: int) -> None:
        self.target, self.left = target, most
        self.full = False

    def write(self, content: bytes | str) -> int:
        """As a file does. Raises FullError."""
        given = content.encode() if isinstance(content, str) else content
        self.left -= len(given)
        if self.left < 0:
            self.full = True
            raise FullError("too much")
        return self.target.write(given)
