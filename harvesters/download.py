"""A whole file from the web, into a file: as the client of our harvesters asks, but kept on the disk, and not at all where it is as it was.

    FetchError
    └ TooLargeError     it is larger than it may be
    UnchangedError      the server says that it is as it was
"""
from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import packing
from .http import MOST_NUMBERS, Answer, Client, FetchError, ForbiddenError, Limits, is_public


class TooLargeError(FetchError):
    """It is larger than it may be."""

    cause = "too_large"


class UnchangedError(Exception):
    """It is as it was."""


class Download(Client):
    """Fetches one file into `target`. `etag` and `modified` are what its server said of it the last time; afterwards what it says now."""

    def __init__(
        self, target: Path, *, etag: str = "", modified: str = "", allow_internal: bool = False, limits: Limits | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        named = {"If-None-Match": etag} if etag else {"If-Modified-Since": modified} if modified else {}
        super().__init__(allow_internal=allow_internal, limits=limits, headers={**(headers or {}), **named})
        self.target = target
        self.etag = self.modified = ""

    def _once(self, method: str, url: str, body: bytes | None, headers: dict[str, str]) -> tuple[Answer, Mapping[str, str]]:
        answer, told = super()._once(method, url, body, headers)
        if answer.status == 304:
            raise UnchangedError
        if answer.status == 200:
            self.etag, self.modified = told.get("etag", ""), told.get("last-modified", "")
        return answer, told

    def _read(self, url: str, response: Any) -> bytes:
        length = 0
        with self.target.open("wb") as out:
            for part in packing.parts(response):
                length += len(part)
                if length > self.limits.size:
                    raise TooLargeError(f"The answer has more than {self.limits.size // 2**20} MB.")
                out.write(part)
        return b""


def public_numbers(host: str, port: int, *, allow_internal: bool = False) -> list[str]:
    """The numbers of a host that may be connected to, looked up once: whoever connects goes to one of these. Raises FetchError."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchError(f"The server {host} is not known: {error}", "unknown_host") from error
    numbers = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    allowed = [number for number in numbers if allow_internal or is_public(number)][:MOST_NUMBERS]
    if not allowed:
        raise ForbiddenError(f"{host} is an address of an internal network.")
    return allowed


def connect(host: str, port: int, *, allow_internal: bool = False, seconds: float = 10) -> socket.socket:
    """A connection to the first of them that answers. Raises FetchError."""
    last: OSError | None = None
    for number in public_numbers(host, port, allow_internal=allow_internal):
        try:
            return socket.create_connection((number, port), timeout=seconds)
        except OSError as error:
            last = error
    raise FetchError(f"{host} does not answer: {last}", "no_answer")
