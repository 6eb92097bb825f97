"""What is no fault of a run or of what waits: the database, the index or the store of jobs does not answer. The run waits where it is and goes on when they do."""
from __future__ import annotations

import re

import psycopg2
import pysolr
import redis
import sqlalchemy as sa

STATES = ("08", "40", "53", "55P03", "57P")
"""What PostgreSQL's error codes begin with where another try may do: connection, deadlock, no room, a lock that was not had, stopped or starting."""

REFUSED = re.compile(r"\(HTTP 4(?!04|08|29)\d\d\)")
"""Solr's word on a document that it never takes. While it starts, it knows its own index as little (404) as anything else."""


class OutageError(Exception):
    """A server that a run needs is away; the message says which."""


def is_outage(error: BaseException) -> bool:
    """Whether an error, or one that led to it, says that a server is away, starting, or without room just now."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or cause.__context__
    return any(_says_so(one) for one in chain)


def _says_so(error: BaseException) -> bool:
    if isinstance(error, sa.exc.DBAPIError):
        return error.connection_invalidated or _says_so_of_the_database(error.orig)
    if isinstance(error, psycopg2.Error):
        # of columns that are copied past SQLAlchemy
        return _says_so_of_the_database(error)
    if isinstance(error, pysolr.SolrError):
        return not REFUSED.search(str(error))
    return isinstance(error, (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError, OutageError))


def _says_so_of_the_database(error: BaseException | None) -> bool:
    """A broken connection has no code, and at times no kind. Nor has it one when this process has no memory for an answer, which another try does not mend."""
    code = getattr(error, "pgcode", None)
    if code is None and "out of memory" in str(error):
        return False
    return code.startswith(STATES) if code else isinstance(error, (psycopg2.OperationalError, psycopg2.InterfaceError)) or type(error) is psycopg2.DatabaseError
