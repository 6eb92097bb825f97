"""Kinds of catalogues that end the process that reads them, or never end."""
from __future__ import annotations

import os
import re
from collections.abc import Iterator

from ckanext.tzc.harvesters.base import Harvester, Source
from ckanext.tzc.harvesters.http import Client
from ckanext.tzc.harvesters.record import Item, Record


class Endless(Harvester):
    """It looks for what it does not find."""

    def discover(self, client: Client, source: Source) -> Iterator[Item]:
        """Never."""
        self.end()
        yield Item()

    def end(self) -> None:
        """What happens."""
        re.match(r"(a*)*b", "a" * 60)

    def parse(self, content: str, source: Source) -> Record:
        """Nothing comes so far."""
        raise AssertionError

    def record_address(self, source: Source, identifier: str) -> str:
        """Nothing comes so far."""
        raise AssertionError


class Aborts(Endless):
    """As a library does that gets no more memory."""

    def end(self) -> None:
        """At once."""
        os.abort()


class Leaves(Endless):
    """For whatever reason."""

    def end(self) -> None:
        """At once."""
        os._exit(3)
