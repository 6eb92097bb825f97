"""Which files a partner may upload: by name, by what is in them, by size."""
from __future__ import annotations

import dataclasses
from collections.abc import Collection

from tzc.web_page import begins_as_page

DANGEROUS = (
    "text/html", "application/xhtml", "image/svg", "text/javascript", "application/javascript", "application/x-dosexec", "application/x-msdownload",
    "application/vnd.microsoft.portable-executable", "application/x-executable", "application/x-pie-executable", "application/x-sharedlib", "application/x-mach-binary",
    "application/x-elf", "text/x-shellscript", "text/x-php", "text/x-python", "text/x-perl", "application/java-archive", "application/x-java-applet",
)  # fmt: skip
"""Beginnings of media types that a browser or a computer would run."""

PAGES = ("text/html", "application/xhtml", "image/svg", "text/javascript", "application/javascript")
"""Those that are also guessed of data in which a tag stands somewhere."""
TEXTS = frozenset({"csv", "tsv", "tab", "txt", "json", "geojson"})
"""Extensions of data written as text: a tag in a value is data."""


@dataclasses.dataclass(frozen=True)
class Refusal:
    """Why a file is not taken: `code` is `type`, `content`, `size` or `empty`; `stated` is the extension, media type or size in bytes."""

    code: str
    stated: str


def extension(name: str) -> str:
    """The end of a file name, in small letters, without its dot; empty where there is none."""
    stem, dot, end = name.rpartition(".")
    return end.lower() if dot and stem else ""


def refusal(name: str, media_type: str, size: int, allowed: Collection[str], most: int, head: bytes = b"") -> Refusal | None:
    """Why the file is refused, or None.

    `media_type` is what its first bytes, `head`, look like, `size` the bytes received, `allowed` the extensions taken, `most` a number of bytes.
    """
    if size > most:
        return Refusal("size", str(size))
    if size == 0:
        return Refusal("empty", "0")
    if extension(name) not in allowed:
        return Refusal("type", extension(name) or name)
    if media_type.startswith(PAGES) and extension(name) in TEXTS and head and not begins_as_page(head):
        return None
    if media_type.startswith(DANGEROUS):
        return Refusal("content", media_type)
    return None
