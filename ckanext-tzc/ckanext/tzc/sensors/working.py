"""What the process `sensors-work` does, round by round."""
from __future__ import annotations

import logging
import time

import ckan.model as model
from ckanext.tzc.common import outages

from . import arrivals, settling

log = logging.getLogger(__name__)

PAUSE = 2.0
"""Seconds before another try when the database does not answer."""


SETTLE = 5.0
"""Seconds between two looks at what changed: an hour into which observations come by and by is not made anew for each of them. Readers compute themselves what is not settled."""


class Worker:
    """Does what waits, round by round. `eager`: settles in each."""

    def __init__(self, *, eager: bool = False) -> None:
        self.eager = eager
        self._due = 0.0

    def round(self) -> bool:
        """Decode some of what waits and settle some of what changed; whether there was anything. A database that is away is waited for."""
        try:
            decoded, settled = arrivals.drain(), self.settle()
            model.Session.remove()
        except Exception as error:
            model.Session.remove()
            if not outages.is_outage(error):
                raise
            log.warning("The database does not answer (%s): trying again in %s s", error.__class__.__name__, PAUSE)
            time.sleep(PAUSE)
            return True
        return bool(decoded or settled.notes)

    def settle(self) -> settling.Settled:
        """Settle, when it is time."""
        if not self.eager and time.monotonic() < self._due:
            return settling.Settled()
        done = settling.settle()
        self._due = 0.0 if done.left else time.monotonic() + SETTLE
        return done
