"""`ckan tzc harvest …`."""
from __future__ import annotations

from typing import Any

import click
from ckanext.tzc.common.command import tzc

__all__ = ["tzc"]


@tzc.group()
def harvest() -> None:
    """Harvests of partners' catalogues."""


def _source_option(function: Any) -> Any:
    return click.argument("source")(click.option("--json", "as_json", is_flag=True, help="One object, for programs.")(function))


_waiting = click.option("--wait", is_flag=True, help="Work on it here and now, and say what became of it.")


_departures = click.option("--with-departures", is_flag=True, help="With --approve: also a plan in which suspiciously much leaves, which else waits (exit code 3).")


@harvest.command("dry-run")
@_source_option
@click.option("--approve", is_flag=True, help="Do it, as planned.")
@_departures
@click.option("--again", is_flag=True, help="Give up a plan that waits, and plan again.")
@_waiting
def dry_run(source: str, approve: bool, with_departures: bool, again: bool, wait: bool, as_json: bool) -> None:
    """See what a run of SOURCE (its name) would do."""
    from . import commanding

    commanding.begin(source, dry=True, approve=approve, with_departures=with_departures, again=again, wait=wait, as_json=as_json)


@harvest.command()
@_source_option
@click.option("--approve", is_flag=True, help="Also a first run, and a plan that waits for approval.")
@_departures
@_waiting
def run(source: str, approve: bool, with_departures: bool, wait: bool, as_json: bool) -> None:
    """Harvest SOURCE. Its first run waits for approval."""
    from . import commanding

    commanding.begin(source, dry=False, approve=approve, with_departures=with_departures, wait=wait, as_json=as_json)


@harvest.command()
@_source_option
@click.option("--resume", is_flag=True, help="Go on with what was paused.")
def pause(source: str, resume: bool, as_json: bool) -> None:
    """Pause the run of SOURCE."""
    from . import commanding

    commanding.order("tzc_harvest_pause", source, as_json, resume=resume)


@harvest.command()
@_source_option
def stop(source: str, as_json: bool) -> None:
    """End the run of SOURCE; what it did stays."""
    from . import commanding

    commanding.order("tzc_harvest_stop", source, as_json)


@harvest.command()
@_source_option
@click.option("--run", "run_id", help="The run; without it the last one.")
def restore(source: str, run_id: str | None, as_json: bool) -> None:
    """Take back what a run of SOURCE deleted."""
    from . import commanding

    commanding.restore(source, run_id, as_json)


@harvest.command()
@_source_option
def status(source: str, as_json: bool) -> None:
    """Where the last run of SOURCE stands."""
    from . import commanding

    commanding.status(source, as_json)


@harvest.command()
def work() -> None:
    """Work on all runs for ever; `up` runs one, supervised."""
    import ckan.plugins.toolkit as tk

    from .engine import serving

    serving.Service(tk.config["tzc.harvesting.at_once"], tk.config["tzc.harvesting.bridges_at_once"]).serve()
