"""Trying the addresses of files: in the background, one request at a time, and never into an internal network.

The portal's own files are looked for in its storage, without a request.
"""
from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import ckan.model as model
import ckan.plugins.toolkit as tk
import file_keeper as fk
from ckan.lib import files, uploader
from ckanext.tzc.harvesters import http

from . import scoring, store

SECONDS = 90
"""Of one periodic run: due harvests wait in the same queue."""

LIMITS = http.Limits(connect=5, read=10, answer=20, run=30, redirects=5)
REFUSE_HEAD = range(400, 600)
"""Some servers answer HEAD with an error and GET well."""

BUSY = {429, 503}
"""Not now: that says nothing about the file."""


class Outcome(NamedTuple):
    """How an address answered: `ok` None when it did not say; `reason` a code (see `words.reasons`); seconds after which it wants to be asked again."""

    ok: bool | None
    status: int | None = None
    reason: str = ""
    wait: float | None = None


class Prober(http.Client):
    """Asks for statuses, never for content."""

    def __init__(self, home: str, agent: str, allow_internal: bool) -> None:
        super().__init__(limits=LIMITS)
        self.home = _origin(home)
        self.agent = agent
        self.internal = allow_internal

    def outcome(self, url: str) -> Outcome:
        """How an address answers to HEAD, else to GET for its first byte."""
        self.ends = time.monotonic() + self.limits.run
        try:
            status, wait = self._status("HEAD", url)
            if status in REFUSE_HEAD and status not in BUSY:
                status, wait = self._status("GET", url)
        except http.ForbiddenError:
            return Outcome(False, reason="internal")
        except http.FetchError:
            return Outcome(False, reason="unknown")
        except http.BROKEN as error:
            return Outcome(False, reason="slow" if isinstance(error, TimeoutError) or "timed out" in str(error) else "broken")
        if status in BUSY:
            return Outcome(None, status, "busy", wait)
        return Outcome(200 <= status < 400, status, "" if status < 400 else "status")

    def _status(self, method: str, url: str) -> tuple[int, float | None]:
        """The status at the end of redirects, and how long the server asks to wait."""
        for _ in range(self.limits.redirects + 1):
            # our own pages may stand inside; where they lead is looked at anew
            self.allow_internal = self.internal or _origin(url) == self.home
            status, headers = self._ask(method, url)
            if status not in http.MOVED or not headers.get("location"):
                return status, http.retry_after(headers.get("retry-after", ""))
            url = http._joined(url, headers["location"])
        raise http.FetchError("too many redirects")

    def _ask(self, method: str, url: str) -> tuple[int, dict[str, str]]:
        connection, target = self._connection(url)
        watch = http._Watch(min(self.limits.answer, self.ends - time.monotonic()))
        try:
            connection.connect()
            watch.over(connection.sock)
            connection.timeout = self.limits.read
            told = {"User-Agent": self.agent, "Accept": "*/*", "Accept-Encoding": "identity", **({"Range": "bytes=0-0"} if method == "GET" else {})}
            connection.request(method, target, None, told, preload_content=False)
            with connection.getresponse() as response:
                # the body is not read: the connection is closed with it
                return response.status, {name.lower(): value for name, value in response.headers.items()}
        finally:
            watch.cancel()
            connection.close()


def _origin(url: str) -> tuple[str, str | None, int | None]:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port
    except ValueError:
        return "", None, None


def prober() -> Prober:
    """One for this portal, whose name it says."""
    home = tk.config["ckan.site_url"]
    name = str(tk.config["ckan.site_title"]).encode("ascii", "ignore").decode()
    return Prober(home, f"{name} (check of links; +{home})", tk.config["tzc.quality.internal_links"])


def check_due(seconds: float, told: Callable[[str, Outcome], None] | None = None) -> int:
    """Try what is due, as far as it can be done in so many seconds. Returns how many addresses were tried. Commits."""
    ends, pause = time.monotonic() + seconds, float(tk.config["tzc.quality.link_pause"])
    usual = timedelta(days=tk.config["tzc.quality.link_days"])
    asks, tried, concerned = prober(), 0, set()
    while time.monotonic() < ends and (rows := store.due(50)):
        # several files may have one address: it is tried once
        wanted = dict.fromkeys((row.url, row.resource_id if row.upload else None) for row in rows)
        model.Session.commit()
        for url, upload_of in wanted:
            if time.monotonic() >= ends:
                break
            found = _upload(upload_of) if upload_of else asks.outcome(url)
            wait = usual if found.wait is None else min(usual, max(timedelta(seconds=found.wait), timedelta(hours=1)))
            if found.ok is None and found.wait is None:
                wait = min(usual, timedelta(hours=6))
            concerned |= store.answered(url, upload_of, found.ok, found.status, found.reason, wait)
            model.Session.commit()
            tried += 1
            if told:
                told(url, found)
            if not upload_of:
                time.sleep(pause)
    for package_id in sorted(concerned):
        scoring.compute(package_id, reindex=True)
    return tried


def _upload(resource_id: str) -> Outcome:
    """Whether an upload lies in the storage."""
    resource = model.Resource.get(resource_id)
    if resource is None:
        return Outcome(False, reason="gone")
    upload: Any = uploader.get_resource_uploader({"id": resource.id, "package_id": resource.package_id, "url": resource.url, "url_type": "upload"})
    location, storage = upload.get_path(resource.id), getattr(upload, "storage", None)
    there = bool(storage.exists(files.FileData(files.Location(location)))) if isinstance(storage, fk.Storage) else Path(location).is_file()
    return Outcome(there, reason="" if there else "gone")
