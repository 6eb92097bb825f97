"""Fetching a file by SFTP: the server is known by its key before anything is said to it."""
from __future__ import annotations

import io
import stat
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import ckan.plugins.toolkit as tk
import paramiko
from ckanext.tzc.common.keeping import CHUNK
from ckanext.tzc.harvesters.download import connect

from tzc.feeding.faults import FeedError

SECONDS = 15
"""Of each step before the file is read."""


def fetch(address: str, host_key: str, values: dict[str, str], target: Path, *, internal: bool, most: int, seconds: float) -> None:
    """Write the file into `target`. Raises FeedError, and FetchError where the server cannot be reached."""
    parts = urlsplit(address)
    line = connect(parts.hostname or "", parts.port or 22, allow_internal=internal, seconds=SECONDS)
    transport = paramiko.Transport(line)
    watch = threading.Timer(seconds, transport.close)
    watch.daemon = True
    ends = time.monotonic() + seconds
    watch.start()
    try:
        _open(transport, host_key, values)
        _read(transport, unquote(parts.path), target, most)
    except (paramiko.SSHException, OSError, EOFError) as error:
        if time.monotonic() >= ends:
            raise FeedError("too_slow", most=int(seconds)) from error
        raise FeedError("unreachable", detail=str(error) or type(error).__name__) from error
    finally:
        watch.cancel()
        transport.close()


def _open(transport: Any, host_key: str, values: dict[str, str]) -> None:
    transport.banner_timeout = transport.handshake_timeout = transport.auth_timeout = SECONDS
    transport.start_client(timeout=SECONDS)
    shown = transport.get_remote_server_key().fingerprint
    if shown != host_key:
        raise FeedError("host_key", found=shown)
    try:
        if "private_key" in values:
            transport.auth_publickey(values["user"], _key(values["private_key"]))
        else:
            transport.auth_password(values["user"], values["password"], fallback=False)
    except paramiko.AuthenticationException as error:
        raise FeedError("login") from error
    if not transport.is_authenticated():
        raise FeedError("login")


def _key(text: str) -> paramiko.PKey:
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        with suppress(paramiko.SSHException, ValueError):
            found: paramiko.PKey = kind.from_private_key(io.StringIO(text.strip() + "\n"))
            return found
    raise FeedError("login")


def _read(transport: Any, path: str, target: Path, most: int) -> None:
    session = paramiko.SFTPClient.from_transport(transport)
    if session is None:
        raise FeedError("unreachable", detail=tk._("The server speaks no SFTP."))
    session.get_channel().settimeout(60)
    before = session.stat(path)
    if not stat.S_ISREG(before.st_mode or 0):
        raise FeedError("unreachable", detail=tk._("This is no file."))
    if (before.st_size or 0) > most:
        raise FeedError("too_big", most=most)
    length = 0
    with session.open(path, "rb") as source, target.open("wb") as out:
        source.prefetch(before.st_size, max_concurrent_requests=64)
        while chunk := source.read(CHUNK):
            length += len(chunk)
            if length > most:
                raise FeedError("too_big", most=most)
            out.write(chunk)
    after = session.stat(path)
    if (after.st_size, after.st_mtime) != (before.st_size, before.st_mtime) or length != before.st_size:
        raise FeedError("unreachable", detail=tk._("The file was changed while it was read; it is fetched again at the next time."))
