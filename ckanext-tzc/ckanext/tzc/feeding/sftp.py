"""Fetching a file by SFTP: the server is known by its key before anything is said to it."""
from __future__ import annotations

import stat
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import ckan.plugins.toolkit as tk
from ckanext.tzc.common.keeping import CHUNK
from ckanext.tzc.harvesters.sftp import SftpError, session

from tzc.feeding.faults import FeedError


def fetch(address: str, host_key: str, values: dict[str, str], target: Path, *, internal: bool, most: int, seconds: float) -> None:
    """Write the file into `target`. Raises FeedError, and FetchError where the server cannot be reached."""
    parts = urlsplit(address)
    try:
        with session(parts.hostname or "", parts.port or 22, host_key, values, internal=internal, seconds=seconds) as client:
            _read(client, unquote(parts.path), target, most)
    except SftpError as error:
        if error.found:
            raise FeedError("host_key", found=error.found) from error
        if error.cause == "login":
            raise FeedError("login") from error
        if error.cause == "timeout":
            raise FeedError("too_slow", most=int(seconds)) from error
        raise FeedError("unreachable", detail=str(error)) from error


def _read(client: Any, path: str, target: Path, most: int) -> None:
    before = client.stat(path)
    if not stat.S_ISREG(before.st_mode or 0):
        raise FeedError("unreachable", detail=tk._("This is no file."))
    if (before.st_size or 0) > most:
        raise FeedError("too_big", most=most)
    length = 0
    with client.open(path, "rb") as source, target.open("wb") as out:
        source.prefetch(before.st_size, max_concurrent_requests=64)
        while chunk := source.read(CHUNK):
            length += len(chunk)
            if length > most:
                raise FeedError("too_big", most=most)
            out.write(chunk)
    after = client.stat(path)
    if (after.st_size, after.st_mtime) != (before.st_size, before.st_mtime) or length != before.st_size:
        raise FeedError("unreachable", detail=tk._("The file was changed while it was read; it is fetched again at the next time."))
