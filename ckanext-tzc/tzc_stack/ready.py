"""Waiting for parts: each is asked in its own protocol, and a part that will not come up says why."""
from __future__ import annotations

import base64
import json
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from .console import StackError
from .paths import Paths
from .settings import Settings

NEARLY_NOTHING = 16 * 1024**2
"""Free bytes below which a disk is called full."""

Probe = Callable[[], None]
"""Returns when the part answers; raises what the client library raises when it does not."""


def postgres(url: str) -> Probe:
    """A connection that answers a query."""

    def probe() -> None:
        import psycopg2

        with closing(psycopg2.connect(url, connect_timeout=5)) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT 1")

    return probe


def redis(url: str) -> Probe:
    """An answered PING."""

    def probe() -> None:
        from redis import Redis

        Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5).ping()

    return probe


def solr(settings: Settings) -> Probe:
    """An answered search, in a core that has the portal's fields."""

    def probe() -> None:
        name = ask_solr(settings, "schema/name?wt=json").get("name")
        if not str(name).startswith("ckan-"):
            raise ValueError(f"the core's schema is {name!r}, not CKAN's: give it the configuration set that ./portal makes in var/solr/configsets")

    return probe


def ask_solr(settings: Settings, path: str) -> dict[str, Any]:
    """The answer to a GET below the core's address."""
    request = urllib.request.Request(f"{settings.solr_url}/{path}")  # noqa: S310 -- checked to be http(s)
    if settings.solr_credentials:
        request.add_header("Authorization", "Basic " + base64.b64encode(":".join(settings.solr_credentials).encode()).decode())
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 -- checked to be http(s)
        content: dict[str, Any] = json.load(answer)
    return content


def web(settings: Settings) -> Probe:
    """CKAN's own status action, with its plugins loaded."""

    def probe() -> None:
        with urllib.request.urlopen(f"{settings.web_url}/api/3/action/status_show", timeout=20) as answer:  # noqa: S310 -- the loopback
            answer.read()

    return probe


def wait(title: str, probe: Probe, seconds: float, log: Path | None = None, gave_up: Callable[[], bool] = lambda: False) -> None:
    """Ask until it answers; StackError after `seconds`, or when `gave_up` says that it will never."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            probe()
            return
        except Exception as error:  # each client library has errors of its own; the last is reported
            if time.monotonic() > deadline or gave_up():
                raise StackError(f"{title} does not answer: {_brief(error)}{_last_lines(log)}", _mend(log)) from error
        time.sleep(0.1)


def once(title: str, variable: str, url: str, probe: Probe) -> None:
    """Ask a server that the person gave; it must answer at once."""
    try:
        probe()
    except Exception as error:  # each client library has errors of its own; it is reported
        parts = urlsplit(url)
        place = f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
        raise StackError(
            f"{title} at {place}, which {variable} gives, does not answer: {_without_password(_brief(error), url)}",
            f"check that it runs, lets this machine in, and that the name and password in {variable} are right; or forget it with {variable}= ./portal up",
        ) from error


def _without_password(text: str, url: str) -> str:
    """Client libraries quote an address they cannot read."""
    password = urlsplit(url).password or ""
    for secret in {password, unquote(password)} - {""}:
        text = text.replace(secret, "…")
    return text


def _brief(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text[:300] or type(error).__name__


def _last_lines(log: Path | None) -> str:
    if log is None or not log.exists():
        return ""
    # what a program said last, without where in its code it stood
    told = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip() and not line.startswith((" ", "Traceback", "The above", "During"))]
    lines = told[-6:]
    return "\n" + "\n".join(f"  | {line[:200]}" for line in lines)


def _mend(log: Path | None) -> str:
    if log is None:
        return "run ./portal doctor."
    if shutil.disk_usage(log.parent).free < NEARLY_NOTHING:
        return f"the disk of {log.parent} is full: free some space, then run ./portal up."
    return f"run ./portal doctor; the whole log is in {log}."


def check_given_servers(settings: Settings) -> None:
    """Ask each server that the person gave; the first that does not answer is named."""
    given = settings.given
    asked = [
        ("The database", "TZC_DATABASE_URL", postgres(given.get("TZC_DATABASE_URL", ""))),
        ("The DataStore's database", "TZC_DATASTORE_URL", postgres(given.get("TZC_DATASTORE_URL", ""))),
        ("The DataStore's database", "TZC_DATASTORE_READ_URL", postgres(given.get("TZC_DATASTORE_READ_URL", ""))),
        ("The Redis server", "TZC_REDIS_URL", redis(given.get("TZC_REDIS_URL", ""))),
        ("The Solr core", "TZC_SOLR_URL", solr(settings)),
    ]
    for title, variable, probe in asked:
        if given.get(variable):
            once(title, variable, given[variable], probe)


def await_given_servers(settings: Settings, seconds: float) -> None:
    """Ask until each answers; after `seconds`, the first that does not is named."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            check_given_servers(settings)
            return
        except StackError:
            if time.monotonic() > deadline:
                raise
        time.sleep(1)


def logs(paths: Paths, part: str) -> Path:
    """A part's log file."""
    return paths.log / f"{part}.log"
