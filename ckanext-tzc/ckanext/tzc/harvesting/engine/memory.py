"""How much memory a run may take: a source that makes it grow without end ends its own run, which says why, and nothing else."""
from __future__ import annotations

import signal

import ckan.plugins.toolkit as tk
import psycopg2
import sqlalchemy as sa

from tzc import apart

CAUSE = "too_large"
RESERVE = 64 * apart.MEGABYTE
"""Bytes more for telling that there were too few."""

KILLED = {signal.SIGABRT.name, signal.SIGKILL.name}
"""How a process ends for want of memory that is not told so: by a library in C or Rust that ends it, or by the system."""


def confine() -> None:
    """From here on this process may take no more than a run may."""
    apart.confine(megabytes() * apart.MEGABYTE)


def megabytes() -> int:
    """What the setting says, and never so little that nothing could be read."""
    return max(int(tk.config["tzc.harvesting.memory"]), 64)


def is_short(error: BaseException) -> bool:
    """Whether an error says that this process has no memory left, in the words of whatever met that: Python, its threads, the database's library."""
    if isinstance(error, sa.exc.DBAPIError) and error.orig is not None:
        return is_short(error.orig)
    if isinstance(error, psycopg2.Error):
        return error.pgcode is None and "out of memory" in str(error)
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and "start new thread" in str(error))


def words() -> str:
    """What a report says of that."""
    return str(tk._("What the source gives needs more memory than a run may take (%d MB, tzc.harvesting.memory). It is not read any further.") % megabytes())


def of_ending(how: str) -> str:
    """What a report says of a process that ended so (a signal's name), where that is how processes end that get no more memory; else nothing."""
    if how not in KILLED:
        return ""
    told = tk._("Its process was ended each time (%(how)s), as happens where memory is short: a run may take %(most)d MB (tzc.harvesting.memory).")
    return str(told % {"how": how, "most": megabytes()})
