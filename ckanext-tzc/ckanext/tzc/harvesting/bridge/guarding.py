"""What the process of a harvester may connect to. The harvester is somebody else's, and so is the address that its source, a redirect or an answer gives it.

The interpreter asks the guard of each connection (`sys.addaudithook`), whichever library makes it, and tells the number that is connected to, not the name that was
written: a name that is looked up twice gains nothing. A hook cannot be taken away again: such a process ends with its run. Not seen are connections of libraries in C,
such as libcurl; the database's is one.
"""
from __future__ import annotations

import _socket
import dataclasses
import functools
import ipaddress
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import ckan.plugins.toolkit as tk
from ckanext.tzc.harvesters.http import is_public

WEB = {"http", "https"}
CONNECTS = {"socket.connect", "socket.sendto", "socket.sendmsg"}
NAMED = {socket.AF_INET, socket.AF_INET6}
PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy")
PORTS = {"http": 80, "https": 443, "redis": 6379, "rediss": 6379, "smtp": 25, "smtps": 465}
OPENS_FILES = {"rdflib.parser"}
"""Modules that open a file where an address names one. What they parse comes from elsewhere."""

_scope = threading.local()


class RefusedError(OSError):
    """The harvester may not connect there. Libraries take it for a connection that failed."""


@dataclasses.dataclass(frozen=True)
class Guard:
    """`internal`: whether the source may lead into the internal network; `own`: the portal's servers, as `(host, port)`, which only its own clients reach."""

    internal: bool
    own: frozenset[tuple[str, int]]
    refused: Callable[[str], None]
    alive: Callable[[], None]

    def heard(self, event: str, values: tuple[Any, ...]) -> None:
        """Each thing that the interpreter tells of before it does it."""
        if event == "socket.getaddrinfo":
            _scope.name = values[0]
        elif event in CONNECTS:
            self.alive()
            self._connects(*values[:2])
        elif event == "urllib.Request":
            self._asks(str(values[0]))
        elif event == "open" and _caller() in OPENS_FILES:
            self._refuse(f"{values[0]} is a file of the portal, no address of the web.")

    def _asks(self, address: str) -> None:
        if urlsplit(address).scheme.lower() not in WEB:
            self._refuse(f"{address[:200]} is no address of the web.")

    def _connects(self, line: Any, address: Any) -> None:
        """`address` is None where a line that is connected is written to."""
        if self.internal or address is None:
            return
        if line.family not in NAMED:
            if not getattr(_scope, "own", False):
                self._refuse(f"{str(address)[:200]} is no address of the internet.")
            return
        number, port = str(address[0]), int(address[1])
        if not _is_number(number):
            self._refuse(f"{number[:200]} would be connected to without a look at its number.")
        elif not is_public(number) and not (getattr(_scope, "own", False) and self._is_own(number, port)):
            name = getattr(_scope, "name", None)
            shown = f"{name} ({number})" if isinstance(name, str) and name != number else number
            self._refuse(f"{shown} is an address of an internal network. Only a source for which an administrator allowed it (allow_internal) may lead there.")

    def _is_own(self, number: str, port: int) -> bool:
        hosts = [host for host, known in self.own if known == port]
        return any(number in _numbers(host) for host in hosts)

    def _refuse(self, words: str) -> None:
        self.refused(words)
        raise RefusedError(words)


def _caller() -> str:
    """The module that does what the hook hears of."""
    try:
        return str(sys._getframe(2).f_globals.get("__name__"))
    except ValueError:
        return ""


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _numbers(host: str) -> set[str]:
    name = getattr(_scope, "name", None)
    try:
        return {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except OSError:
        return set()
    finally:
        _scope.name = name


def _server(address: str) -> tuple[str, int] | None:
    parts = urlsplit(address)
    return (parts.hostname, parts.port or PORTS.get(parts.scheme, 0)) if parts.hostname else None


def own() -> frozenset[tuple[str, int]]:
    """The portal's own servers that are reached from Python: the index, Valkey, the mail server, the storage of files."""
    names = ("solr_url", "ckan.redis.url", "tzc.mail.url", "ckan.files.storage.default.endpoint")
    return frozenset(server for name in names if name in tk.config and (server := _server(str(tk.config[name] or ""))))


def install(guard: Guard) -> None:
    """Guard this process from now on."""
    for name in PROXIES:
        # a proxy would look up the name, and connect, elsewhere
        os.environ.pop(name, None)
        os.environ.pop(name.upper(), None)
    for name in ("connect", "connect_ex"):
        setattr(socket.socket, name, _by_number(getattr(_socket.socket, name)))
    for holder, name in _clients():
        setattr(holder, name, _as_the_portal(getattr(holder, name)))
    sys.addaudithook(guard.heard)


def _by_number(method: Callable[..., Any]) -> Callable[..., Any]:
    """Connect to a number: who gives a name has it looked up here, once."""

    @functools.wraps(method)
    def connect(line: Any, address: Any) -> Any:
        if line.family in NAMED and isinstance(address, tuple) and not _is_number(str(address[0])):
            address = socket.getaddrinfo(address[0], address[1], line.family, line.type)[0][4]
        return method(line, address)

    return connect


def _clients() -> Iterator[tuple[Any, str]]:
    """Where the portal's own clients connect to its servers."""
    import smtplib

    import pysolr
    import redis.connection

    yield pysolr.Solr, "_send_request"
    yield redis.connection.Connection, "_connect"
    yield redis.connection.UnixDomainSocketConnection, "_connect"
    yield smtplib.SMTP, "_get_socket"
    if "ckan.files.storage.default.endpoint" in tk.config:
        import botocore.httpsession

        yield botocore.httpsession.URLLib3Session, "send"


def _as_the_portal(function: Callable[..., Any]) -> Callable[..., Any]:
    """A client that may reach the portal's servers. A harvester that gives their addresses to a client of its own may not: it would show what they answer."""

    @functools.wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:
        before, _scope.own = getattr(_scope, "own", False), True
        try:
            return function(*arguments, **named)
        finally:
            _scope.own = before

    return call
