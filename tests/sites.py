"""A server on the loopback that answers as a test tells it: other people's catalogues, the unfriendly ones included."""
from __future__ import annotations

import contextlib
import dataclasses
import http.server
import json
import ssl
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from typing import Any


@dataclasses.dataclass
class Asked:
    """What was asked: the path, the question by its words, the body, the headers."""

    method: str
    path: str
    question: dict[str, str]
    body: bytes
    headers: dict[str, str]


@dataclasses.dataclass
class Reply:
    """An answer. `write` writes the body itself, with all the time it wants."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    write: Callable[[Any], None] | None = None


@dataclasses.dataclass
class Site:
    """The server's address, what was asked of it, and how it answers."""

    address: str
    asked: list[Asked] = dataclasses.field(default_factory=list)
    answer: Callable[[Asked], Reply] = lambda _: Reply(b"Not found", 404)

    def json(self, result: object) -> None:
        """Give this to every question."""
        self.answer = lambda _: Reply(json.dumps(result).encode(), headers={"Content-Type": "application/json"})


@contextlib.contextmanager
def serving(handler: Callable[..., http.server.BaseHTTPRequestHandler], host: str = "127.0.0.1", secure: ssl.SSLContext | None = None) -> Iterator[str]:
    """The address of a server with this handler while the test lasts. It waits for no answer that is still being written."""
    server = http.server.ThreadingHTTPServer((host, 0), handler)
    server.daemon_threads = True
    server.block_on_close = False
    if secure:
        server.socket = secure.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http{'s' if secure else ''}://{host}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def served(host: str = "127.0.0.1", secure: ssl.SSLContext | None = None) -> Iterator[Site]:
    """A site while the test lasts, at a number of the loopback."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urllib.parse.urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = Asked(self.command, parts.path, dict(urllib.parse.parse_qsl(parts.query)), body, dict(self.headers))
            site.asked.append(asked)
            reply = site.answer(asked)
            self.send_response(reply.status)
            if reply.write is None:
                reply.headers.setdefault("Content-Length", str(len(reply.body)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(OSError):
                (reply.write or (lambda out: out.write(reply.body)))(self.wfile)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *words: Any) -> None:
            """Say nothing."""

    site = Site("")
    with serving(Handler, host, secure) as site.address:
        yield site


def catalogue(packages: list[dict[str, Any]], count: int | None = None, rows: int = 100) -> Callable[[Asked], Reply]:
    """A CKAN that searches: `count` is how many it says it has, `rows` how many it gives at most."""

    def answer(asked: Asked) -> Reply:
        if asked.path != "/api/3/action/package_search":
            return Reply(b"Not found", 404)
        start = int(asked.question["start"])
        page = sorted(packages, key=lambda package: str(package.get("id")))[start : start + min(int(asked.question["rows"]), rows)]
        return Reply(json.dumps({"success": True, "result": {"count": len(packages) if count is None else count, "results": page}}).encode())

    return answer


def dkan(packages: list[dict[str, Any]]) -> Callable[[Asked], Reply]:
    """A DKAN that knows neither search nor lists with resources, and answers one dataset as a list of one."""

    def answer(asked: Asked) -> Reply:
        action = asked.path.removeprefix("/api/3/action/")
        if action == "package_list":
            return Reply(json.dumps({"success": True, "result": [package["id"] for package in packages]}).encode())
        if action == "package_show":
            found = [package for package in packages if package["id"] == asked.question["id"]]
            return Reply(json.dumps({"help": "…", "success": True, "result": found}).encode())
        return Reply(b"<!DOCTYPE html><html><body>Page not found</body></html>", 404)

    return answer


def csw(pages: list[str], matched: int) -> Callable[[Asked], Reply]:
    """A catalogue service that gives one record a page."""

    def answer(asked: Asked) -> Reply:
        start = int(asked.question.get("startPosition") or asked.body.partition(b'startPosition="')[2].partition(b'"')[0] or 1)
        record = pages[start - 1] if start <= len(pages) else ""
        following = start + 1 if start < matched else 0
        text = f'<csw:GetRecordsResponse xmlns:csw="http://www.opengis.net/cat/csw/2.0.2"><csw:SearchResults numberOfRecordsMatched="{matched}" numberOfRecordsReturned="1" nextRecord="{following}">{record}</csw:SearchResults></csw:GetRecordsResponse>'
        return Reply(text.encode(), headers={"Content-Type": "application/xml"})

    return answer
