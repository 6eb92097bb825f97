"""`ckan tzc sensors …`"""
from __future__ import annotations

import time

import click
from ckanext.tzc.common.command import tzc

__all__ = ["tzc"]

PAUSE = 1.0
"""Seconds between two looks for work."""


@tzc.group()
def sensors() -> None:
    """Observations of sensors."""


@sensors.command("work")
@click.option("--once", is_flag=True, help="Do what waits now, then end.")
def work(once: bool) -> None:
    """Decode what waits, and bring hours, days, months and marks of quality up to date where observations changed."""
    from . import working

    while True:
        done = working.round()
        if once and not done:
            return
        if not done:
            time.sleep(PAUSE)


@sensors.command("listen")
def listen() -> None:
    """Read what brokers (MQTT) send to sources, until it is stopped."""
    import signal
    import threading

    from . import listening

    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stopped.set())
    listening.listen(stopped)
