"""A session of SFTP: the server is known by its key before anything is said to it, and its address is looked at as any other's.

    SftpError    a FetchError; `found`: the key that a server showed instead of its own
"""
from __future__ import annotations

import contextlib
import io
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

import paramiko

from .download import connect
from .http import FetchError

SECONDS = 15
"""Of each step before a file is read."""


class SftpError(FetchError):
    """The session could not be had, or broke."""

    def __init__(self, words: str, cause: str, found: str = "") -> None:
        super().__init__(words, cause)
        self.found = found


@contextlib.contextmanager
def session(host: str, port: int, host_key: str, values: Mapping[str, str], *, internal: bool = False, seconds: float = 300) -> Iterator[Any]:
    """A client of SFTP, for `seconds` at most. `values`: `user`, and `password` or `private_key`. Raises SftpError, and FetchError where the server cannot be reached."""
    line = connect(host, port, allow_internal=internal, seconds=SECONDS)
    transport = paramiko.Transport(line)
    watch = threading.Timer(seconds, transport.close)
    watch.daemon = True
    ends = time.monotonic() + seconds
    watch.start()
    try:
        _open(transport, host_key, values)
        client = paramiko.SFTPClient.from_transport(transport)
        if client is None:
            raise SftpError(f"{host} speaks no SFTP.", "format")
        channel = client.get_channel()
        if channel is not None:
            channel.settimeout(60)
        yield client
    except (paramiko.SSHException, OSError, EOFError) as error:
        late = time.monotonic() >= ends
        cause = "timeout" if late else "not_found" if isinstance(error, FileNotFoundError) else "forbidden" if isinstance(error, PermissionError) else "broken_off"
        raise SftpError(f"{host}: {error or type(error).__name__}", cause) from error
    finally:
        watch.cancel()
        transport.close()


def _open(transport: Any, host_key: str, values: Mapping[str, str]) -> None:
    transport.banner_timeout = transport.handshake_timeout = transport.auth_timeout = SECONDS
    transport.start_client(timeout=SECONDS)
    shown = transport.get_remote_server_key().fingerprint
    if shown != host_key:
        raise SftpError(f"The server showed the key {shown}, not the one that is written in the source. Nothing was sent to it.", "certificate", shown)
    try:
        if "private_key" in values:
            transport.auth_publickey(values["user"], _key(values["private_key"]))
        else:
            transport.auth_password(values["user"], values["password"], fallback=False)
    except (paramiko.AuthenticationException, KeyError) as error:
        raise SftpError("The server does not let the credential in.", "login") from error
    if not transport.is_authenticated():
        raise SftpError("The server does not let the credential in.", "login")


def _key(text: str) -> paramiko.PKey:
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        with contextlib.suppress(paramiko.SSHException, ValueError):
            found: paramiko.PKey = kind.from_private_key(io.StringIO(text.strip() + "\n"))
            return found
    raise SftpError("The private key cannot be read.", "login")
