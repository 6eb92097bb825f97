"""Mails of the running portal."""
from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest
from aiosmtpd.controller import Controller

from tests.mailbox import Mailbox

SECONDS = 20
"""That a mail may take: two jobs, one after the other."""


class Post:
    """The mails that the portal sends, as they come in."""

    def __init__(self, box: Mailbox) -> None:
        self._box = box
        self._read: set[tuple[int, str]] = set()

    def read(self, address: str, words: str) -> str:
        """The next mail to an address that says so, waited for; one that says several things is read once for each."""
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            for number, mail in enumerate(self._box.mails):
                if (text := self._text(number, address)) and words in text and (number, words) not in self._read:
                    self._read.add((number, words))
                    return f"{mail['Subject']}\n{text}"
            time.sleep(0.1)
        came = [self._text(number, address) for number in range(len(self._box.mails))]
        raise AssertionError(f"no mail to {address} says “{words}”, but: {[text for text in came if text]}")

    def _text(self, number: int, address: str) -> str:
        """What a mail says; nothing where it is for somebody else."""
        mail = self._box.mails[number]
        return str(mail.get_content()) if address in str(mail["To"]) else ""


@pytest.fixture(scope="session")
def post() -> Iterator[Post]:
    """The mail server of the running portal. Its mails wait until a test that reads them opens it."""
    address = os.environ.get("TZC_TEST_SMTP")
    if not address:
        pytest.skip("the stack has no mail server that tests may open")
    box = Mailbox()
    host, _, port = address.partition(":")
    server = Controller(box, hostname=host, port=int(port))
    server.start()
    yield Post(box)
    server.stop()
