"""Pages that strangers read, kept ready.

A page is kept for readers who send no cookie and no token, and only when its view is listed in `PAGES`. It holds no token itself and
sets no cookie. All kept pages are given up at once when a transaction that wrote something has ended: a number (the generation) goes
up, and pages of an older number are never given. A page that was being made meanwhile is kept under the old number, so it is not
given either. What no transaction tells (an index rebuilt by hand, "three days ago") is made good after `SECONDS`.
"""
from __future__ import annotations

import gzip
import hashlib
import json
import logging
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import ckan.plugins.toolkit as tk
import redis
import sqlalchemy as sa
from ckan.lib.redis import connect_to_redis
from flask import Response, request

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

PAGES = {
    "home.index", "home.about", "tzc_portal.accessibility", "tzc_portal.help_index", "tzc_portal.help_page", "tzc_portal.dataset_history", "tzc_portal.group_history",
    "tzc_portal.sitemap_index", "tzc_portal.sitemap_part", "dataset.search", "dataset.read", "dataset_resource.read",
    "dcat.read_catalog", "dcat.read_dataset", "organization.index", "organization.read", "organization.about", "group.index", "group.read", "group.about",
    "tzc_sensors.things", "tzc_sensors.embed",
}  # fmt: skip
"""Views whose page depends on the address alone, for a stranger. ckanext-dcat answers for home and datasets, as it negotiates RDF there."""

SECONDS = 300
LONGEST_QUESTION, LARGEST_PAGE = 500, 2 * 1024**2
"""Longer query strings (bytes) and larger pages (bytes) are made each time: a crawler must not fill the memory."""

KEEPABLE = "tzc.keepable"
"""In the WSGI environment: a list into which a view puts its name when its page may be kept. A list, as CKAN's middleware copies the environment."""

Headers = list[tuple[str, str]]


def mark(response: Response) -> Response:
    """Say whether the page that a view has just made may be kept (an `after_request` function)."""
    if request.endpoint in PAGES and response.status_code == 200 and response.mimetype in {"text/html", "application/xml"} and "Set-Cookie" not in response.headers:
        request.environ.get(KEEPABLE, []).append(request.endpoint)
    return response


class Generation:
    """The number that goes up when anything readers may see has changed; shared by all processes of a portal."""

    def __init__(self, server: redis.Redis, site: str) -> None:
        self.server = server
        self.prefix = f"tzc:page:{site}:"
        self.key = f"{self.prefix}generation"

    def advance(self) -> None:
        """Give up all kept pages."""
        try:
            self.server.incr(self.key)
        except redis.RedisError:
            log.warning("kept pages could not be given up; they end by themselves within %s seconds", SECONDS)


def generation() -> Generation:
    """The number of this portal."""
    return Generation(connect_to_redis(), tk.config["ckan.site_id"])


class PageCache:
    """WSGI middleware: gives kept pages, and keeps those that may be."""

    def __init__(self, app: WSGIApplication, generation: Generation, token_header: str) -> None:
        self.app = app
        self.generation = generation
        self.server = generation.server
        self.tokens = {"HTTP_COOKIE", "HTTP_AUTHORIZATION", "REMOTE_USER", "HTTP_X_CKAN_API_KEY", f"HTTP_{token_header.upper().replace('-', '_')}"}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        key = self._key(environ)
        if key is None:
            return self.app(environ, start_response)
        try:
            number, kept = self.server.mget(self.generation.key, key)
        except redis.RedisError:
            return self.app(environ, start_response)
        number = number or b"0"
        if kept and kept.partition(b"\n")[0] == number:
            return _give(kept, environ, start_response)
        return self._make(environ, start_response, key, number)

    def _key(self, environ: WSGIEnvironment) -> str | None:
        """The name under which this page is kept; None when the reader is known or the page is none to keep."""
        question = environ.get("QUERY_STRING", "")
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"} or len(question) > LONGEST_QUESTION or any(environ.get(name) for name in self.tokens):
            return None
        if any(name.startswith("HTTP_HX_") for name in environ):
            return None  # CKAN answers htmx with a part of the page
        if not re.match(r"\s*(text/html\b|\*/\*\s*$|$)", environ.get("HTTP_ACCEPT", "")):
            return None
        parts = (environ["wsgi.url_scheme"], environ.get("HTTP_HOST", ""), environ.get("SCRIPT_NAME", ""), environ.get("PATH_INFO", ""), question)
        return self.generation.prefix + hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()

    def _make(self, environ: WSGIEnvironment, start_response: StartResponse, key: str, number: bytes) -> Iterable[bytes]:
        told: list[Any] = []

        def hear(status: str, headers: Headers, exc_info: Any = None) -> Callable[[bytes], object]:
            told[:] = [status, headers]
            return start_response(status, headers, exc_info) if exc_info else lambda _: None

        keepable: list[str] = []
        body = self.app({**environ, KEEPABLE: keepable}, hear)
        status, headers = told
        # a session's cookie is written after the view has marked its page
        if not keepable or environ["REQUEST_METHOD"] == "HEAD" or any(name.lower() == "set-cookie" for name, _ in headers):
            start_response(status, headers)
            return body
        try:
            content = b"".join(body)
        finally:
            close = getattr(body, "close", None)
            if close:
                close()
        kept = _kept(number, headers, content)
        if len(content) <= LARGEST_PAGE:
            try:
                self.server.set(key, kept, ex=SECONDS)
            except redis.RedisError:
                log.warning("a page could not be kept")
        return _give(kept, environ, start_response)


def _kept(number: bytes, headers: Headers, content: bytes) -> bytes:
    """What is stored: generation, headers (JSON), page (gzip); a line break after each of the first two."""
    own = [(name, value) for name, value in headers if name.lower() not in {"content-length", "vary", "cache-control", "date"}]
    own += [
        ("ETag", f'W/"{hashlib.sha256(content).hexdigest()[:20]}"'),
        ("Cache-Control", "private, no-cache"),
        ("Vary", "Cookie, Accept, Accept-Encoding"),
    ]
    return b"\n".join((number, json.dumps(own).encode(), gzip.compress(content, 5, mtime=0)))


def _give(kept: bytes, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    _, known, packed = kept.split(b"\n", 2)
    headers: Headers = [(name, value) for name, value in json.loads(known)]
    if dict(headers)["ETag"] in environ.get("HTTP_IF_NONE_MATCH", ""):
        start_response("304 Not Modified", [(name, value) for name, value in headers if name != "Content-Type"])
        return []
    content = packed
    if re.search(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))", environ.get("HTTP_ACCEPT_ENCODING", "")):
        headers.append(("Content-Encoding", "gzip"))
    else:
        content = gzip.decompress(packed)
    start_response("200 OK", [*headers, ("Content-Length", str(len(content)))])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [content]


READS = re.compile(
    r"\s*((SELECT|SHOW|SET|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|EXPLAIN|DECLARE|FETCH|CLOSE)\b|WITH\b(?!.*\b(INSERT|UPDATE|DELETE|MERGE)\b))", re.IGNORECASE | re.DOTALL
)
UNSEEN = re.compile(
    r'\s*(UPDATE ("user" SET last_active|api_token SET last_access)=\S+ WHERE|UPDATE tzc_quality_score SET changed=\S+ computed=\S+ WHERE|'
    r"UPDATE tzc_sensors_source SET seen=\S+ WHERE|"
    r"(DROP TABLE IF EXISTS|CREATE TEMP TABLE) _foo\b|"
    r"(INSERT INTO|UPDATE|DELETE FROM) (dashboard|tracking_raw|tzc_accounts_mail|tzc_agreements_\w+|tzc_audit_\w+|tzc_feeding_\w+|"
    r"tzc_harvesting_(run|entry|log|content)|tzc_sensors_(arrival|key|unsettled|use|retained)|tzc_quality_link|tzc_notices_\w+|tzc_publishing_\w+)\b)"
)
"""Writes that no reader of a page sees: when somebody was last here, how a file's address answered when it was tried, a score that stays what it was, whose a run of a
harvest is (asked each two seconds), what was found in a file, what sensors send (a chart asks for it anew), and the table by which the DataStore tries its rights whenever a worker
begins a job."""

WROTE = "tzc_wrote"


_watches: list[tuple[Any, str, Callable[..., None]]] = []


def watch(generation: Generation) -> None:
    """Give up kept pages whenever a transaction that wrote has ended, on any engine of this process; replaces an earlier watch.

    The connection's return to its pool is the moment: then the commit has been made, whichever way it came about.
    """

    def note(connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not READS.match(statement) and not UNSEEN.match(statement):
            connection.info[WROTE] = True

    def returned(_connection: Any, record: Any) -> None:
        if record.info.pop(WROTE, False):
            generation.advance()

    for earlier in _watches:
        sa.event.remove(*earlier)
    _watches[:] = [(sa.engine.Engine, "before_cursor_execute", note), (sa.pool.Pool, "checkin", returned)]
    for each in _watches:
        sa.event.listen(*each)
