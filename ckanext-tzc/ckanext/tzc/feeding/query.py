"""Fetching the answer to a query of a PostgreSQL, as CSV: one SELECT, in a transaction that can only read, by an account that may not do everything."""
from __future__ import annotations

import os
import socket
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import certifi
import pglast
import psycopg2
from ckanext.tzc.harvesters.download import public_numbers

from tzc.feeding.faults import FeedError

from .counting import Counted

CONNECT = 10


def copying(query: str, most_rows: int) -> str:
    """The command that gives a query's answer. Raises FeedError for what is not one SELECT."""
    text = query.strip().rstrip(";").rstrip()
    found = _parsed(text)
    if len(found) != 1 or not isinstance(found[0].stmt, pglast.ast.SelectStmt) or found[0].stmt.intoClause is not None:
        raise FeedError("query", detail="one SELECT is wanted")
    # the line feed ends a comment
    command = f"COPY (SELECT * FROM (\n{text}\n) AS wanted LIMIT {most_rows + 1}) TO STDOUT WITH (FORMAT csv, HEADER true)"  # noqa: S608 -- parsed before and after
    whole = _parsed(command)
    if len(whole) != 1 or not isinstance(whole[0].stmt, pglast.ast.CopyStmt) or whole[0].stmt.is_program or whole[0].stmt.filename:
        raise FeedError("query", detail="one SELECT is wanted")
    return command


def _parsed(text: str) -> Any:
    try:
        return pglast.parse_sql(text)
    except pglast.Error as error:
        raise FeedError("query", detail=str(error)) from error


def fetch(address: str, query: str, values: dict[str, str], target: Path, *, internal: bool, most: int, most_rows: int, seconds: int) -> None:
    """Write the answer into `target`. Raises FeedError, and FetchError where the server cannot be reached."""
    command = copying(query, most_rows)
    parts = urlsplit(address)
    host, port = parts.hostname or "", parts.port or 5432
    number = public_numbers(host, port, allow_internal=internal)[0]
    safe = {"sslmode": "prefer"} if internal else {"sslmode": "verify-full", "sslrootcert": certifi.where()}
    options = f"-c default_transaction_read_only=on -c statement_timeout={seconds * 1000} -c lock_timeout=10000 -c client_encoding=UTF8"
    try:
        # libpq goes to the number that was looked at, and checks the certificate for the name
        line = psycopg2.connect(
            host=host, hostaddr=number, port=port, dbname=parts.path.lstrip("/"), user=values["user"], password=values["password"], connect_timeout=CONNECT,
            application_name="tzc", options=options, **safe,
        )  # fmt: skip
    except psycopg2.OperationalError as error:
        said = str(error).strip()
        raise FeedError("login") if "authentication failed" in said else FeedError("unreachable", detail=said) from error
    watch = _Watch(line, seconds + 5)
    try:
        line.set_session(readonly=True, autocommit=False)
        _ask(line, command, target, most, most_rows)
    except psycopg2.Error as error:
        if watch.rang or isinstance(error, psycopg2.errors.QueryCanceled):
            raise FeedError("too_slow", most=seconds) from error
        raise FeedError("query", detail=str(error).strip().split("\n")[0]) from error
    finally:
        watch.cancel()
        with suppress(psycopg2.Error):
            line.close()


def _ask(line: Any, command: str, target: Path, most: int, most_rows: int) -> None:
    with line.cursor() as cursor, target.open("wb") as out:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        if cursor.fetchone() == (True,):
            raise FeedError("superuser")
        counted = Counted(out, most)
        try:
            cursor.copy_expert(command, counted, size=1 << 16)
        except (psycopg2.Error, OSError) as error:
            if counted.full:
                raise FeedError("too_big", most=most) from error
            raise
        if cursor.rowcount > most_rows:
            raise FeedError("too_many_rows", most=most_rows)


class _Watch(threading.Timer):
    """Hangs up when the time is over, however the server talks."""

    def __init__(self, line: Any, seconds: float) -> None:
        super().__init__(seconds, self._ring)
        self.daemon = True
        self.rang = False
        self.line = line
        self.start()

    def _ring(self) -> None:
        self.rang = True
        with suppress(OSError, psycopg2.Error):
            copy = socket.socket(fileno=os.dup(self.line.fileno()))
            with copy:
                copy.shutdown(socket.SHUT_RDWR)
