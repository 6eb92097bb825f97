"""How a source of observations is asked: as any other (`..http`), with what it demands to be told, and its answers kept as they came."""
from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit, urlunsplit

from ..http import Answer, Client, FetchError, Limits, headers_of


class Asking(Client):
    """The client of one source. `secret`: what its credential holds (`user` and `password`, `token`, or `header` and `value`), told to the host of `home` only."""

    # Hub'Eau says 206 of each page but the last, and whoever is asked for a part of a file says so
    whole = frozenset({200, 206})

    def __init__(
        self, home: str, *, secret: Mapping[str, str] | None = None, now: dt.datetime | None = None, allow_internal: bool = False, limits: Limits | None = None
    ) -> None:
        self.secret = dict(secret or {})
        self.now = now or dt.datetime.now(dt.timezone.utc)
        super().__init__(allow_internal=allow_internal, limits=limits, headers=headers_of(self.secret), home=home)
        self._own = {_origin(home)}
        self._secret_names = {"authorization", self.secret.get("header", "").lower()}

    def question(self, url: str, asked: Mapping[str, object] | None = None, more: Mapping[str, str] | None = None) -> Answer:
        """The answer to a question by GET, whose words are added to those of the address; `more` are headers."""
        return self._ask("GET", with_words(url, asked or {}), None, "", more or {})

    def order(self, url: str, content: object) -> Answer:
        """The answer to JSON that is sent. It is asked again where that may help: nothing is changed by it."""
        return self._ask("POST", url, json.dumps(content).encode(), "application/json", {})

    def form(self, url: str, fields: Mapping[str, str]) -> Answer:
        """The answer to a form that is sent with the credential, such as a question for a token, to a server that is not named by anybody else."""
        self._own.add(_origin(url))
        told = headers_of(self.secret) if urlsplit(url).scheme == "https" or self.allow_internal else {}
        return self._ask("POST", url, urlencode(fields).encode(), "application/x-www-form-urlencoded", told)

    def _once(self, method: str, url: str, body: bytes | None, headers: dict[str, str]) -> tuple[Answer, Mapping[str, str]]:
        """One request. Wherever a redirect or a link leads, what lets us in is told to the source's own server only."""
        if _origin(url) not in self._own:
            if body is not None:
                raise FetchError("The source leads elsewhere with what is sent to it: nothing is sent there.", "redirect")
            headers = {name: value for name, value in headers.items() if name.lower() not in self._secret_names}
        return super()._once(method, url, body, headers)

    def _wanted(self, url: str) -> float:
        """What an interface wants stands in its own rules, which each kind keeps by its pace: a robots.txt beside it is for those who read pages."""
        return 0

    def onward(self, url: str) -> str:
        """An address that the source named, with the scheme and port that it is asked at: servers behind a proxy name their own."""
        home, named = urlsplit(self.home), urlsplit(urljoin(self.home, url))
        return urlunsplit(named._replace(scheme=home.scheme, netloc=home.netloc)) if named.hostname == home.hostname else urlunsplit(named)


def _origin(url: str) -> tuple[str, str, int | None]:
    """The server of an address."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port


def with_words(url: str, asked: Mapping[str, object]) -> str:
    """An address with more words in its question; what is None is left out, lists are joined by commas."""
    parts = urlsplit(url)
    words = [*parse_qsl(parts.query, keep_blank_values=True), *((name, _word(value)) for name, value in asked.items() if value is not None)]
    return urlunsplit(parts._replace(query=urlencode(words, quote_via=quote, safe=",:()$/'@*")))


def _word(value: object) -> str:
    if isinstance(value, dt.datetime):
        return iso(value)
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def iso(moment: dt.datetime) -> str:
    """A moment in UTC, as all sources read it."""
    return moment.astimezone(dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(written: object) -> dt.datetime | None:
    """A moment that `iso` wrote."""
    try:
        return dt.datetime.fromisoformat(str(written).replace("Z", "+00:00")) if written else None
    except ValueError:
        return None


def at(found: Any, *path: str | int) -> Any:
    """What lies at a path in JSON; None where there is nothing."""
    for step in path:
        if isinstance(step, int):
            found = found[step] if isinstance(found, list) and -len(found) <= step < len(found) else None
        else:
            found = found.get(step) if isinstance(found, dict) else None
    return found


def listed(found: Any, what: str) -> list[Any]:
    """A list that an answer has to hold. Raises FetchError."""
    if not isinstance(found, list):
        raise FetchError(f"The source answers without {what}.", "format")
    return found
