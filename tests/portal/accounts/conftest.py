"""A real mail server, and a browser that keeps cookies."""
from __future__ import annotations

import contextvars
import re
import socket
from collections.abc import Iterator
from typing import Any

import ckan.plugins.toolkit as tk
import pytest
from aiosmtpd.controller import Controller
from ckan.lib.redis import connect_to_redis
from werkzeug.test import Client

from tests.mailbox import Mailbox

PASSWORD = "un-long-mot-de-passe"


def free_port() -> int:
    """A port of the loopback that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    """A mail server on the loopback, which the portal is told to use."""
    box = Mailbox()
    port = free_port()
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    monkeypatch.setitem(tk.config, "tzc.mail.url", f"smtp://127.0.0.1:{port}")
    monkeypatch.setitem(tk.config, "smtp.mail_from", "portail@example.org")
    yield box
    server.stop()


class Reader(Client):
    """A browser: keeps cookies, takes the form's token along, shares nothing with the test's own request context."""

    def open(self, *arguments: Any, **named: Any) -> Any:
        """One request."""
        return contextvars.Context().run(super().open, *arguments, **named)

    def send(self, address: str, to: str = "", **fields: str) -> Any:
        """Open a page and send its form, as a person does."""
        page = self.get(address)
        assert page.status_code == 200, page.status
        token = re.search(r'name="_csrf_token"[^>]*value="([^"]+)"', page.text)
        assert token, "the page has no form"
        return self.post(to or address, data={"_csrf_token": token[1], **fields})


@pytest.fixture
def reader(app: Any) -> Reader:
    return Reader(app.app)


@pytest.fixture(autouse=True)
def _no_tries_yet() -> None:
    """Counts of earlier tests are forgotten."""
    server = connect_to_redis()
    for key in server.scan_iter("*tzc:limit:*"):
        server.delete(key)
