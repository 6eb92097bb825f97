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


@sensors.command("pull")
@click.argument("source")
@click.option("--json", "as_json", is_flag=True, help="Say it as JSON.")
def pull(source: str, as_json: bool) -> None:
    """Ask a source now, here; exit code 1 when it could not be read."""
    import dataclasses
    import json

    from . import pulling

    done = pulling.pull(source)
    if done is None:
        raise click.ClickException("There is no such source that is asked, or it or its server is being asked.")
    told = dataclasses.asdict(done)
    click.echo(json.dumps(told) if as_json else ", ".join(f"{value} {name}" for name, value in told.items() if name not in ("whole", "code", "detail")))
    if done.code:
        click.echo(f"{done.code}: {done.detail}", err=True)
        raise click.exceptions.Exit(1)


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
