"""The one client of our harvesters: every request has an end, in time and size, and leads to the public internet only.

A source's address is written by an editor, and answers come from strangers. So the address that is *connected to* is checked, not the name that was
written, and again at each redirect; proxies of the environment are not used, as they would connect elsewhere.

    FetchError            what went wrong, in words for the job's report
    └ ForbiddenError      the address is of an internal network
"""
from __future__ import annotations

import base64
import contextlib
import dataclasses
import datetime as dt
import email.utils
import hashlib
import http.client
import ipaddress
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit, urlunsplit
from urllib.robotparser import RobotFileParser

import certifi
from tzc.harvesting import causes
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, DecodeError, HTTPError, NameResolutionError, NewConnectionError
from urllib3.exceptions import TimeoutError as WaitedError

from . import packing, xml

AGENT = "ckanext-tzc harvester"
AGAIN = frozenset({429, 502, 503, 504})
"""Answers after which one asks again."""

MOVED = frozenset({301, 302, 303, 307, 308})
BROKEN = (HTTPError, http.client.HTTPException, OSError)
"""What a connection ends with that breaks."""

BREAKS: tuple[tuple[type[Exception], str], ...] = (
    (DecodeError, "cut_off"), (ssl.SSLError, "certificate"), (NameResolutionError, "unknown_host"), (NewConnectionError, "no_answer"), (ConnectTimeoutError, "no_answer"),
    (WaitedError, "timeout"), (TimeoutError, "timeout"), (ConnectionRefusedError, "no_answer"), (Exception, "broken_off"),
)  # fmt: skip
"""Which cause each is, the first that fits."""

LONGEST_ROBOTS = 500 * 1024
"""Bytes of a robots.txt that are read (RFC 9309, 2.5)."""

MOST_PAGES = 1000
"""Pages of a listing that are remembered; one with more is read anew each time."""

MOST_KEPT = 16 * 1024 * 1024
"""Bytes of answers that are kept for a reader who will ask for them again."""

MOST_NUMBERS = 4
"""Numbers of a name that are tried, one after the other."""

NAT64 = ipaddress.ip_network("64:ff9b::/96")


class FetchError(Exception):
    """What was asked for could not be had; the message says why, `cause` is its code (`tzc.harvesting.causes`)."""

    cause = "format"

    def __init__(self, words: str, cause: str = "") -> None:
        super().__init__(words)
        self.cause = cause or self.cause


class ForbiddenError(FetchError):
    """The address leads into an internal network."""

    cause = "inner"


@dataclasses.dataclass(frozen=True)
class Limits:
    """Seconds, bytes and counts beyond which a source is given up."""

    connect: float = 10
    read: float = 60
    answer: float = 300
    run: float = 2 * 3600
    size: int = 50 * 1024 * 1024
    tries: int = 4
    pause: float = 2
    longest_pause: float = 120
    redirects: int = 5
    pace: float = 0
    """Seconds between two requests to one host; where it is above 0, what a host's robots.txt wants counts where it wants more."""
    longest_pace: float = 10


@dataclasses.dataclass(frozen=True)
class Answer:
    """A whole answer: where it came from in the end, its type, its bytes."""

    url: str
    kind: str
    body: bytes
    status: int = 200
    etag: str = ""
    modified: str = ""
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """By their names in small letters."""

    def json(self) -> Any:
        """The JSON that it holds."""
        self.refuse_page("JSON")
        try:
            return json.loads(self.body)
        except UnicodeDecodeError as error:
            raise FetchError(f"{reported(self.url)} answers in another encoding than UTF-8.", "encoding") from error
        except (ValueError, RecursionError) as error:
            raise FetchError(f"{reported(self.url)} answers with broken or cut off JSON: {str(error)[:200]}", "cut_off") from error

    def xml(self) -> Any:
        """The root element of the XML that it holds."""
        self.refuse_page("XML")
        try:
            return xml.parse(self.body)
        except xml.XmlError as error:
            raise FetchError(f"{reported(self.url)}: {error}", error.cause) from error

    @property
    def shown(self) -> str:
        """Its address for a report."""
        return reported(self.url)

    def refuse_page(self, wanted: str) -> None:
        """FetchError for a page for readers, and for nothing."""
        start = self.body[:1000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
        if start.startswith((b"<!doctype html", b"<html")) or (wanted == "JSON" and start.startswith(b"<")):
            raise FetchError(f"{reported(self.url)} answers with a page ({self.kind or 'no type'}), not with {wanted}. Is this the address of the catalogue's API?", "page")
        if not start:
            raise FetchError(f"{reported(self.url)} answers with nothing, where {wanted} was expected.", "empty")


@dataclasses.dataclass(frozen=True)
class Page:
    """A question that was asked, and how its answer is known again: by what its server calls it, else by a hash of it."""

    method: str
    url: str
    body: str | None
    kind: str
    etag: str
    modified: str
    digest: str


def is_public(address: str) -> bool:
    """Whether a number is of the public internet, also when it is wrapped in one of IPv6."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        wrapped = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None) or (ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in NAT64 else None)
        if wrapped is not None:
            return is_public(str(wrapped))
    # addresses of sites (fec0::) are no longer in use, and still of inner networks
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and not (isinstance(ip, ipaddress.IPv6Address) and ip.is_site_local)


def is_inner(host: str) -> bool:
    """Whether a host, by its name or number, is known to be of an internal network. A name that cannot be looked up now is not: it is looked up again at each call."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return not any(is_public(str(entry[4][0])) for entry in found)


def _publicly(connection: HTTPConnection, connect: Callable[[], socket.socket]) -> socket.socket:
    """Connect to the first number of a host's name that is public and answers. The name is looked up once, here."""
    name = connection._dns_host
    try:
        found = socket.getaddrinfo(name, connection.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchError(f"The server {name} is not known: {error}", "unknown_host") from error
    numbers = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    public = [number for number in numbers if is_public(number)][:MOST_NUMBERS]
    if not public:
        raise ForbiddenError(f"{name} is an address of an internal network. Only a source for which an administrator allowed it may lead there.")
    try:
        for number in public[:-1]:
            connection._dns_host = number
            with contextlib.suppress(HTTPError):
                return connect()
        connection._dns_host = public[-1]
        return connect()
    finally:
        connection._dns_host = name


class _GuardedHTTP(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _publicly(self, super()._new_conn)


class _GuardedHTTPS(HTTPSConnection):
    """The name is what the certificate is checked for."""

    def _new_conn(self) -> socket.socket:
        return _publicly(self, super()._new_conn)


class Client:
    """Asks one source, within its limits. `headers` go to the source's own host only: that of `home`, else that of each question; `accept` goes to all."""

    whole: ClassVar[frozenset[int]] = frozenset({200})
    """Statuses of answers that are read."""

    def __init__(self, *, allow_internal: bool = False, limits: Limits | None = None, headers: Mapping[str, str] | None = None, home: str = "", accept: str = "") -> None:
        self.allow_internal = allow_internal
        self.home = home
        self.accept = accept
        self.limits = limits or Limits()
        self.headers = dict(headers or {})
        self.ends = time.monotonic() + self.limits.run
        self.pages: list[Page] = []
        """What was asked and answered, the first of it; `MOST_PAGES` and one more at most."""
        self.first_rows: list[list[str]] = []
        """Of a table that was read, its header and its first rows, also where nothing could be made of them."""
        self._kept: dict[tuple[str, str, bytes | None], Answer] = {}
        self._asked: dict[str, float] = {}
        self._paces: dict[str, float] = {}

    def is_unchanged(self, pages: Iterable[Page]) -> bool:
        """Whether all of these pages are as they were. What came that is new is kept, so that a reader who asks next gets it without another request."""
        kept = 0
        for page in pages:
            body = page.body.encode() if page.body is not None else None
            named = {"If-None-Match": page.etag, "If-Modified-Since": "" if page.etag else page.modified}
            answer = self._ask(page.method, page.url, body, page.kind, {name: value for name, value in named.items() if value})
            if answer.status == 200 and kept + len(answer.body) <= MOST_KEPT:
                kept += len(answer.body)
                self._kept[page.method, page.url, body] = answer
            if answer.status == 200 and _digest(answer.body) != page.digest:
                return False
        return True

    def get(self, url: str) -> Answer:
        """The answer to a question."""
        return self.ask("GET", url)

    def post(self, url: str, body: bytes, kind: str) -> Answer:
        """The answer to a question that is asked in a body. Nothing is changed by it, so that it is repeated as any other."""
        return self.ask("POST", url, body, kind)

    def ask(self, method: str, url: str, body: bytes | None = None, kind: str = "") -> Answer:
        """The answer, after redirects, and after having asked again where that may help."""
        answer = self._kept.pop((method, url, body), None) or self._ask(method, url, body, kind, {})
        if len(self.pages) <= MOST_PAGES:
            self.pages.append(Page(method, url, body.decode() if body is not None else None, kind, answer.etag, answer.modified, _digest(answer.body)))
        return answer

    def _ask(self, method: str, url: str, body: bytes | None, kind: str, more: Mapping[str, str]) -> Answer:
        for number in range(1, self.limits.tries + 1):
            last = number == self.limits.tries
            try:
                answer, pause = self._follow(method, url, body, kind, more)
            except BROKEN as error:
                if last or isinstance(error, ssl.SSLError):
                    raise FetchError(f"{reported(url)} cannot be had: {_reason(error)}", _cause(error)) from error
                pause, answer = None, None
            if answer and answer.status not in AGAIN:
                return answer
            if answer and last:
                break
            cause = causes.of_status(answer.status) if answer else "broken_off"
            self._wait(url, self.limits.pause * 2 ** (number - 1) if pause is None else pause, cause)
        status = answer.status if answer else 0
        raise FetchError(f"{reported(url)} answered {self.limits.tries} times that it is not available now (last with {status or 'nothing'}).", causes.of_status(status))

    def _wait(self, url: str, seconds: float, cause: str) -> None:
        if seconds > self.limits.longest_pause or time.monotonic() + seconds > self.ends:
            raise FetchError(f"{reported(url)} wants to be asked again in {seconds:.0f} seconds only; that is too long to wait. Harvest it again then.", cause)
        time.sleep(max(seconds, 0))

    def _follow(self, method: str, url: str, body: bytes | None, kind: str, more: Mapping[str, str]) -> tuple[Answer, float | None]:
        """The answer at the end of redirects, and how long its server asks to wait."""
        first = _split(self.home or url)
        for _ in range(self.limits.redirects + 1):
            here = _split(url)
            own = self.headers if (here.scheme, here.hostname, here.port) == (first.scheme, first.hostname, first.port) else {}
            asked = {"Accept": self.accept, "Content-Type": kind if body is not None else ""}
            told = {"User-Agent": AGENT, "Accept-Encoding": "gzip", **{name: word for name, word in asked.items() if word}, **_login(here), **own, **more}
            answer, headers = self._once(method, url, body, told)
            if answer.status in MOVED and headers.get("location"):
                url = _joined(url, headers["location"])
                if answer.status == 303:
                    method, body = "GET", None
                continue
            if answer.status in AGAIN:
                return answer, retry_after(headers.get("retry-after", ""))
            if answer.status not in self.whole and not (answer.status == 304 and more):
                raise FetchError(f"{reported(url)} answers with the status {answer.status}.", causes.of_status(answer.status))
            return answer, None
        raise FetchError(f"{reported(url)} redirects more than {self.limits.redirects} times.", "redirect")

    def _once(self, method: str, url: str, body: bytes | None, headers: dict[str, str]) -> tuple[Answer, Mapping[str, str]]:
        """One request and its whole answer. A watch ends it when its time is over, however slowly the server talks."""
        self._keep_pace(url)
        ends = min(time.monotonic() + self.limits.answer, self.ends)
        connection, target = self._connection(url)
        watch = _Watch(ends - time.monotonic())
        try:
            connection.connect()
            watch.over(connection.sock)
            connection.timeout = self.limits.read
            connection.request(method, target, body, headers, preload_content=False)
            with connection.getresponse() as response:
                told = {name.lower(): value for name, value in response.headers.items()}
                content = self._read(url, response) if response.status in self.whole else b""
                answer = Answer(url, told.get("content-type", ""), content, response.status, told.get("etag", ""), told.get("last-modified", ""), told)
        except BROKEN:
            if watch.rang:
                raise self._too_long(url) from None
            raise
        finally:
            watch.cancel()
            connection.close()
            self._asked[_host(url)] = time.monotonic()
        if watch.rang:
            raise self._too_long(url)
        return answer, told

    def _keep_pace(self, url: str) -> None:
        """Wait until this host may be asked again. What it wants itself is looked up before the second request: one that is asked once is not asked for that too."""
        host = _host(url)
        if not self.limits.pace or host not in self._asked:
            return
        if host not in self._paces:
            self._paces[host] = self.limits.pace
            self._paces[host] = min(max(self.limits.pace, self._wanted(url)), self.limits.longest_pace)
        pause = self._asked[host] + self._paces[host] - time.monotonic()
        if time.monotonic() + pause > self.ends:
            raise self._over()
        time.sleep(max(pause, 0))

    def _wanted(self, url: str) -> float:
        """Seconds between two requests that a host's robots.txt wants of us (`Crawl-delay`); 0 where it says nothing, or is not there."""
        parts = _split(url)
        try:
            answer, _told = self._once("GET", urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], "/robots.txt", "", "")), None, {"User-Agent": AGENT})
        except (FetchError, *BROKEN):
            return 0
        robots = RobotFileParser()
        try:
            robots.parse(answer.body[:LONGEST_ROBOTS].decode("utf-8", "replace").splitlines() if answer.status == 200 else [])
            robots.modified()
            return float(robots.crawl_delay(AGENT) or 0)
        except (ValueError, OverflowError):
            # digits that make no number, or none that a clock knows
            return 0

    def _too_long(self, url: str) -> FetchError:
        """Why an answer was hung up on."""
        return self._over() if time.monotonic() >= self.ends else FetchError(f"{reported(url)} takes longer than {self.limits.answer:g} seconds.", "timeout")

    def _over(self) -> FetchError:
        """Why nothing more is asked."""
        return FetchError(f"The catalogue takes longer than {self.limits.run:g} seconds in all; what was not listed until then is left out.", "timeout")

    def _connection(self, url: str) -> tuple[HTTPConnection, str]:
        """A connection that is not made yet, and what to ask there."""
        parts = _split(url)
        host, wait = parts.hostname or "", self.limits.connect
        if parts.scheme not in {"http", "https"} or not host:
            raise FetchError(f"{reported(url)} is no address of the web.", "address")
        # always given: without it the last part of an IPv6 number is taken for the port
        port = parts.port or (443 if parts.scheme == "https" else 80)
        target = quote(urlunsplit(("", "", parts.path or "/", parts.query, "")), safe="/%:=&?~+!$,;'@()*[]")
        if parts.scheme == "https":
            secure = HTTPSConnection if self.allow_internal else _GuardedHTTPS
            return secure(host, port, timeout=wait, cert_reqs="CERT_REQUIRED", ca_certs=certifi.where()), target
        plain = HTTPConnection if self.allow_internal else _GuardedHTTP
        return plain(host, port, timeout=wait), target

    def _read(self, url: str, response: Any) -> bytes:
        """The body, as long as it is not too long."""
        read, length = [], 0
        for part in packing.parts(response):
            length += len(part)
            if length > self.limits.size:
                raise FetchError(f"{reported(url)} answers with more than {self.limits.size // 2**20} MB.", "too_large")
            read.append(part)
        return b"".join(read)


class _Watch(threading.Timer):
    """Hangs up when the time of an answer is over: a server that sends a byte now and then is never late for a single read."""

    def __init__(self, seconds: float) -> None:
        super().__init__(max(seconds, 0), self._ring)
        self.daemon = True
        self.rang = False
        self.line: socket.socket | None = None
        self.start()

    def over(self, line: socket.socket | None) -> None:
        """Watch this connection."""
        self.line = line
        if self.rang:
            self._ring()

    def _ring(self) -> None:
        self.rang = True
        if self.line is not None:
            with contextlib.suppress(OSError):
                # below TLS, whose own end would wait for the other side
                socket.socket.shutdown(self.line, socket.SHUT_RDWR)


def retry_after(value: str) -> float | None:
    """Seconds of a `Retry-After`, given as a number or a moment; None where it says nothing."""
    if value.strip().isdecimal():
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except (TypeError, ValueError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.timezone.utc)
    return max((moment - dt.datetime.now(dt.timezone.utc)).total_seconds(), 0)


def _split(url: str) -> SplitResult:
    """The parts of an address, its port looked at."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise FetchError("The address is not written as one of the web is.", "address") from error
    return parts


def _host(url: str) -> str:
    """The server that an address is of, for the pace at which it is asked."""
    parts = _split(url)
    return f"{parts.hostname}:{parts.port or parts.scheme}"


def _joined(url: str, location: str) -> str:
    """Where a redirect leads."""
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise FetchError(f"{reported(url)} redirects to what is no address.", "redirect") from error


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _login(parts: SplitResult) -> dict[str, str]:
    """The header for a name and a password that stand in an address."""
    if not parts.username:
        return {}
    return headers_of({"user": unquote(parts.username), "password": unquote(parts.password or "")})


def headers_of(secret: Mapping[str, str], scheme: str = "Bearer ") -> dict[str, str]:
    """What a credential says with each question: `header` and `value`, `token` (with the word that stands before it), or `user` and `password`."""
    if "header" in secret:
        return {secret["header"]: secret["value"]}
    if "token" in secret:
        return {"Authorization": f"{scheme}{secret['token']}"}
    if "user" in secret and "password" in secret:
        # in UTF-8 (RFC 7617, 2.1), as a password may have any sign
        return {"Authorization": "Basic " + base64.b64encode(f"{secret['user']}:{secret['password']}".encode()).decode()}
    return {}


def reported(url: str) -> str:
    """An address for a report: without a password, and without a question, in which a key may stand."""
    parts = _split(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment=""))[:300]


def _cause(error: Exception) -> str:
    """What it is that a connection broke for."""
    return next(cause for kind, cause in BREAKS if isinstance(error, kind))


def _reason(error: Exception) -> str:
    """What urllib3 says, without the objects in it."""
    return f"{type(error).__name__}: {str(error).rpartition('>')[2].strip(' :,)')[:200] or str(error)[:200]}"

