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


def round() -> bool:
    """Decode some of what waits and settle some of what changed; whether there was anything. A database that is away is waited for."""
    try:
        decoded, settled = arrivals.drain(), settling.settle()
        model.Session.remove()
    except Exception as error:
        model.Session.remove()
        if not outages.is_outage(error):
            raise
        log.warning("The database does not answer (%s): trying again in %s s", error.__class__.__name__, PAUSE)
        time.sleep(PAUSE)
        return True
    return bool(decoded or settled.notes)
