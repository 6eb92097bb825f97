"""Fixtures of tests of sources of observations."""
from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sites import Site, served


@pytest.fixture
def site() -> Iterator[Site]:
    """A source on the loopback."""
    with served() as made:
        yield made
