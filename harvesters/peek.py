"""The first bytes of a file of the web, and the last ones of an archive: one short request each, and no more is read than was asked for."""
from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Mapping
from typing import Any

from tzc.harvesting.content import HEAD

from .http import AGENT, MOVED, Client, FetchError, Limits, _joined, _Watch, reported, retry_after

LIMITS = Limits(connect=5, read=10, answer=15, run=30, redirects=5)


@dataclasses.dataclass(frozen=True)
class Peek:
    """What a server said of a file: its status, its ETag, when it changed; bytes from its beginning and from its end (empty where it gives no parts); whether the first are all.

    `wait`: seconds after which a server that is busy wants to be asked again. With status 304 it is as it was, and nothing else is told.
    """

    status: int
    etag: str = ""
    modified: str = ""
    head: bytes = b""
    tail: bytes = b""
    whole: bool = False
    wait: float | None = None


class Peeker(Client):
    """Looks at files of any host, as a stranger: no key of a source is sent."""

    def __init__(self, *, allow_internal: bool = False, limits: Limits | None = None) -> None:
        super().__init__(allow_internal=allow_internal, limits=limits or LIMITS)

    def peek(self, url: str, etag: str = "", modified: str = "") -> Peek:
        """Look at a file; `etag` and `modified` are what its server said the last time. Raises FetchError, and what a connection breaks with (`http.BROKEN`)."""
        self.ends = time.monotonic() + self.limits.run
        known = {"If-None-Match": etag} if etag else {"If-Modified-Since": modified} if modified else {}
        last, status, told, head = self._part(url, f"bytes=0-{HEAD - 1}", known)
        if status not in {200, 206}:
            return Peek(status, etag, modified, wait=retry_after(told.get("retry-after", "")))
        whole = len(head) < HEAD
        tail = b""
        if status == 206 and not whole and head.startswith(b"PK\x03\x04"):
            _, again, _, content = self._part(last, f"bytes=-{HEAD}", {})
            tail = content if again == 206 else b""
        return Peek(200, told.get("etag", ""), told.get("last-modified", ""), head, tail, whole)

    def _part(self, url: str, part: str, more: Mapping[str, str]) -> tuple[str, int, Mapping[str, str], bytes]:
        """Where the answer stood in the end, its status and headers, and its first bytes."""
        for _ in range(self.limits.redirects + 1):
            status, told, content = self._beginning(url, {"Range": part, **more})
            if status not in MOVED or not told.get("location"):
                return url, status, told, content
            url = _joined(url, told["location"])
        raise FetchError(f"{reported(url)} redirects more than {self.limits.redirects} times.")

    def _beginning(self, url: str, more: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
        connection, target = self._connection(url)
        watch = _Watch(min(self.limits.answer, self.ends - time.monotonic()))
        try:
            connection.connect()
            watch.over(connection.sock)
            connection.timeout = self.limits.read
            headers = {"User-Agent": f"{AGENT} (formats)", "Accept": "*/*", "Accept-Encoding": "identity", **more}
            connection.request("GET", target, None, headers, preload_content=False)
            response = connection.getresponse()
            told = {name.lower(): value for name, value in response.headers.items()}
            return response.status, told, _some(response) if response.status in {200, 206} else b""
        finally:
            watch.cancel()
            # what is left of the answer is not read
            with contextlib.suppress(OSError):
                connection.close()


def _some(response: Any) -> bytes:
    parts, left = [], HEAD
    while left and (chunk := response.read1(left)):
        parts.append(chunk)
        left -= len(chunk)
    return b"".join(parts)
