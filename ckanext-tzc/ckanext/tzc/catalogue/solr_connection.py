"""The connection to Solr that each thread keeps: CKAN makes one, and gives it up, for each question and each dataset that it writes."""
from __future__ import annotations

import os
import threading
from typing import Any

import pysolr
import requests
from ckan.lib.search import common, index, query

_held = threading.local()


def kept(decode_dates: bool = True) -> Any:
    """As CKAN's `make_connection`, on the thread's own HTTP session; a forked process begins anew."""
    connection = common.make_connection(decode_dates)
    connection.__class__ = Kept
    if getattr(_held, "process", None) != os.getpid():
        _held.process, _held.session = os.getpid(), requests.Session()
    connection.session = _held.session
    return connection


class Kept(pysolr.Solr):
    """A Solr that is starting is one that does not answer yet: CKAN would take it for a question that cannot be read, and show that nothing is found."""

    def _send_request(self, *arguments: Any, **more: Any) -> Any:
        try:
            return super()._send_request(*arguments, **more)
        except pysolr.SolrError as error:
            if "(HTTP 503)" in str(error):
                raise pysolr.SolrError(f"Failed to connect to server: {error}") from error
            raise


class Writing(Kept):
    """Writes to the index. What is written is found at once and lasts, but the index itself is brought to the disk later.

    A commit as CKAN asks for it does that for each dataset, which is half of the time it takes. Solr's log of updates is on the disk before it answers
    (`syncLevel` in `solrconfig.xml`), and is read again when Solr starts.
    """

    def add(self, docs: Any, commit: bool | None = None, **more: Any) -> Any:
        return super().add(docs, commit=False, softCommit=bool(commit), **more)

    def delete(self, commit: bool | None = None, **more: Any) -> Any:
        return super().delete(commit=False, softCommit=bool(commit), **more)


def writing() -> Any:
    """The thread's connection, to write."""
    connection = kept()
    connection.__class__ = Writing
    return connection


def keep() -> None:
    """Let CKAN use it (CKAN has no hook for it). Safe to call again."""
    query.make_connection = kept
    index.make_connection = writing
