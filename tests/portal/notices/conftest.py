"""A real mail server, and a partner's program that is called."""
from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.portal.accounts.conftest import Mailbox, mailbox
from tests.sites import Site, served

__all__ = ["Mailbox", "mailbox"]


@pytest.fixture
def program() -> Iterator[Site]:
    """A partner's program."""
    with served() as site:
        yield site
