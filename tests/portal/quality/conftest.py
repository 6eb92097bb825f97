"""What the tests of quality share: a server whose answers they choose."""
from __future__ import annotations

import http.server
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sites import serving


class Elsewhere:
    """A server on the loopback: `answers[method, path]` are status and headers, 200 for what is not said; `asked` is what was asked of it."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.answers: dict[tuple[str, str], tuple[int, dict[str, str]]] = {}
        self.asked: list[tuple[str, str, dict[str, str]]] = []


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    """Another's server."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            held.asked.append((self.command, self.path, {name.lower(): value for name, value in self.headers.items()}))
            status, headers = held.answers.get((self.command, self.path), (200, {}))
            self.send_response(status)
            for name, value in {"Content-Length": "0", **headers}.items():
                self.send_header(name, value)
            self.end_headers()

        do_HEAD = answer  # noqa: N815 -- the name that http.server calls
        do_GET = answer  # noqa: N815 -- as above

        def log_message(self, *words: Any) -> None:
            """Say nothing."""

    held = Elsewhere("")
    with serving(Handler) as held.address:
        yield held
