"""The connection to Solr that each thread keeps: CKAN makes one, and gives it up, for each question."""
from __future__ import annotations

import os
import threading
from typing import Any

import requests
from ckan.lib.search import common, query

_held = threading.local()


def kept(decode_dates: bool = True) -> Any:
    """As CKAN's `make_connection`, on the thread's own HTTP session; a forked process begins anew."""
    connection = common.make_connection(decode_dates)
    if getattr(_held, "process", None) != os.getpid():
        _held.process, _held.session = os.getpid(), requests.Session()
    connection.session = _held.session
    return connection


def keep() -> None:
    """Let CKAN's searches use it (CKAN has no hook for it); what writes to the index stays as it is. Safe to call again."""
    query.make_connection = kept
