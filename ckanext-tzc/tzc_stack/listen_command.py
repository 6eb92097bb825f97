"""Waits, in a few megabytes, until a source of sensors' data is one that a broker sends to, or a session is to be ended at one; then becomes the program that listens to brokers.

Run as `python -m tzc_stack.listen_command`; the portal's folder is in `TZC_VAR`.
"""
from __future__ import annotations

import os
import sys
import time

import psycopg2

from .paths import here
from .settings import load

PAUSE = 10.0
"""Seconds between two looks."""

WANTED = "SELECT EXISTS (SELECT FROM tzc_sensors_source WHERE kind = 'mqtt' AND NOT paused AND allowed) OR EXISTS (SELECT FROM tzc_sensors_session)"


def is_wanted(database_url: str) -> bool:
    """Whether there is such a source or session. A database that is away, or has no such table yet, is asked again later."""
    try:
        connection = psycopg2.connect(database_url)
    except psycopg2.Error:
        return False
    try:
        with connection.cursor() as cursor:
            cursor.execute(WANTED)
            row = cursor.fetchone()
            return bool(row and row[0])
    except psycopg2.Error:
        return False
    finally:
        connection.close()


def main() -> int:
    """Wait, then listen."""
    url = load(here()).database_url
    while not is_wanted(url):
        time.sleep(PAUSE)
    os.execv(sys.executable, [sys.executable, "-m", "tzc_stack.ckan_command", "tzc", "sensors", "listen"])  # noqa: S606 -- a command of ours, without anybody's words


if __name__ == "__main__":
    sys.exit(main())
