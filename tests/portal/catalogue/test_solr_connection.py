"""Questions to Solr share one connection in each thread."""
from __future__ import annotations

import os
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import ckan.plugins.toolkit as tk
import pysolr
import pytest
from ckan.lib.search import SolrConnectionError
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


def test_what_is_written_is_found_at_once_without_a_commit_of_the_index(app: object, publish: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    request = pysolr.Solr._send_request

    def heard(self: Any, method: str, path: str = "", *more: Any, **others: Any) -> Any:
        sent.append(path)
        return request(self, method, path, *more, **others)

    monkeypatch.setattr(pysolr.Solr, "_send_request", heard)
    made = publish()
    written = [path for path in sent if path.startswith("update")]
    assert written and all("softCommit=true" in path for path in written) and not any("commit=true" in path.replace("softCommit", "") for path in written)
    assert tk.get_action("package_search")({}, {"fq": f"id:{made['id']}"})["count"] == 1
    tk.get_action("package_delete")({"user": tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]}, {"id": made["id"]})
    assert tk.get_action("package_search")({}, {"fq": f"id:{made['id']}"})["count"] == 0


def test_an_index_that_is_starting_is_one_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    class Starting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(503, "SolrCore is loading")

    with HTTPServer(("127.0.0.1", 0), Starting) as server:
        threading.Thread(target=server.serve_forever).start()
        monkeypatch.setitem(tk.config, "solr_url", f"http://127.0.0.1:{server.server_port}/solr/ckan")
        try:
            with pytest.raises(SolrConnectionError):
                tk.get_action("package_search")({}, {"q": "port"})
        finally:
            server.shutdown()
