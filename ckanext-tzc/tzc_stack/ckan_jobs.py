"""A worker's job begins with what the worker has loaded.

CKAN's worker loads every plugin once more in the process that it forks for a job: a second of a processor, for a job that mostly finds nothing to do. Nothing of it is
needed: the forked process has all that its worker loaded, the worker closes its connections to the databases before it forks, and those to Valkey and Solr are made anew
by the process that uses them. Only settings that an administrator may change on a page are read again.
"""
from __future__ import annotations

import os
from typing import Any

from ckan.lib import app_globals, jobs

NICENESS = 15
"""Of workers for whose jobs nobody waits: on a machine that has much to do pages go first, then harvests (10), then these."""


def mend(queues: list[str]) -> None:
    """Let a job begin at once; called before a worker of these queues starts."""
    jobs.load_environment = _read_again
    if "interactive" not in queues:
        os.nice(NICENESS)


def _read_again(_configuration: Any) -> None:
    app_globals.reset()
