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


@sensors.command("demo")
def demo() -> None:
    """Load the demonstration's measurements, up to now; its datasets must be there (`ckan tzc demo load`)."""
    from . import demonstration

    done = demonstration.load()
    click.echo(f"{done['observations']} new observations of {done['streams']} streams of {done['sources']} sources.")
