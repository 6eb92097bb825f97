"""Questions to Solr share one connection in each thread."""
from __future__ import annotations

import os
import threading
from typing import Any

import ckan.plugins.toolkit as tk
import pytest
from ckanext.tzc.catalogue import solr_connection

pytestmark = pytest.mark.usefixtures("with_plugins", "with_request_context")


def test_two_questions_use_one_connection() -> None:
    session = solr_connection.kept().session
    for _ in range(3):
        tk.get_action("package_search")({}, {"q": "port", "rows": 0, "mm": "1"})
    pools = session.adapters["http://"].poolmanager.pools
    [key] = pools.keys()
    pool = pools.get(key)
    assert pool.num_connections == 1
    assert pool.num_requests >= 3


def test_a_thread_and_a_forked_process_have_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, others = solr_connection.kept().session, list[Any]()
    thread = threading.Thread(target=lambda: others.append(solr_connection.kept().session))
    thread.start()
    thread.join()
    assert ours is solr_connection.kept().session
    assert others[0] is not ours
    monkeypatch.setattr(os, "getpid", lambda: 1)
    assert solr_connection.kept().session is not ours
