"""Which files a partner may upload: by name, by what is in them, by size."""
from __future__ import annotations

import dataclasses
from collections.abc import Collection

DANGEROUS = (
    "text/html", "application/xhtml", "image/svg", "text/javascript", "application/javascript", "application/x-dosexec", "application/x-msdownload",
    "application/vnd.microsoft.portable-executable", "application/x-executable", "application/x-pie-executable", "application/x-sharedlib", "application/x-mach-binary",
    "application/x-elf", "text/x-shellscript", "text/x-php", "text/x-python", "text/x-perl", "application/java-archive", "application/x-java-applet",
)  # fmt: skip
"""Beginnings of media types that a browser or a computer would run."""


@dataclasses.dataclass(frozen=True)
class Refusal:
    """Why a file is not taken: `code` is `type`, `content`, `size` or `empty`; `stated` is the extension, media type or size in bytes."""

    code: str
    stated: str


def extension(name: str) -> str:
    """The end of a file name, in small letters, without its dot; empty where there is none."""
    stem, dot, end = name.rpartition(".")
    return end.lower() if dot and stem else ""


def refusal(name: str, media_type: str, size: int, allowed: Collection[str], most: int) -> Refusal | None:
    """Why the file is refused, or None.

    `media_type` is what its first bytes look like, `size` the bytes received, `allowed` the extensions taken, `most` a number of bytes.
    """
    if size > most:
        return Refusal("size", str(size))
    if size == 0:
        return Refusal("empty", "0")
    if extension(name) not in allowed:
        return Refusal("type", extension(name) or name)
    if media_type.startswith(DANGEROUS):
        return Refusal("content", media_type)
    return None
