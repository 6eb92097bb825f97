"""`ckan tzc sensors …`"""
from __future__ import annotations

import json
import time
from typing import Any

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

    worker = working.Worker(eager=once)
    while True:
        done = worker.round()
        if once and not done:
            return
        if not done:
            time.sleep(PAUSE)


@sensors.command("status")
@click.option("--json", "as_json", is_flag=True, help="All of it, as JSON.")
def status(as_json: bool) -> None:
    """What waits, what came, what is late, and the lake."""
    from . import operating

    _told(operating.status(), operating.said, as_json)


@sensors.command("replay")
@click.argument("source")
@click.option("--from", "since", required=True, help="The first moment, as 2026-11-01 or 2026-11-01T08:00:00Z.")
@click.option("--to", "until", required=True, help="The first moment that is not meant any more.")
def replay(source: str, since: str, until: str) -> None:
    """Decode again what came from a source within a time, as it came."""
    from . import operating

    with _in_words():
        click.echo(f"{operating.replay(source, since, until)} bodies were decoded again.")


@sensors.command("remove")
@click.argument("source")
@click.option("--yes", is_flag=True, help="Do it; without this only what would be erased is said.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def remove(source: str, yes: bool, as_json: bool) -> None:
    """Remove a source with all that ever came from it; nothing brings it back."""
    from . import operating

    with _in_words():
        _told(operating.remove(source, yes), operating.said, as_json)


@sensors.command("retain")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def retain(dry_run: bool, as_json: bool) -> None:
    """Remove what the rules no longer keep, and rows of streams that are gone."""
    from . import operating

    _told(operating.retain(dry_run), operating.said, as_json)


@sensors.command("rule")
@click.argument("dataset")
@click.option("--stream", type=int, help="Of this stream alone.")
@click.option("--raw-days", type=click.IntRange(0, 36_500), help="Days for which raw values are kept; 0 for ever.")
@click.option("--rollup-days", type=click.IntRange(0, 36_500), default=0, show_default=True, help="Days for which hours, days and months are kept; 0 for ever.")
@click.option("--remove", is_flag=True, help="Remove the rule.")
def rule(dataset: str, stream: int | None, raw_days: int | None, rollup_days: int, remove: bool) -> None:
    """Say how long observations of a dataset are kept; without options, the rules there are."""
    from . import operating

    with _in_words():
        _told(operating.rule(dataset, stream, raw_days, rollup_days, remove), operating.said, as_json=False)


@sensors.group("lake")
def lake() -> None:
    """The lake: months long ago, as Parquet files."""


@lake.command("move")
@click.option("--before", help="Move all months before this one, such as 2026-01; by the setting without it.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def move(before: str | None, as_json: bool) -> None:
    """Move months long ago to the lake; exit code 1 when some are left as they are."""
    from . import operating

    with _in_words():
        told = operating.move(before)
    _told(told, operating.said, as_json)
    if any(month["left"] for month in told["months"]):
        raise click.exceptions.Exit(1)


@lake.command("check")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def check(as_json: bool) -> None:
    """Read all files of the lake and compare them with what is known of them; exit code 1 when one is not as it should be."""
    from . import operating

    told = operating.check()
    _told(told, operating.said, as_json)
    if told["faults"]:
        raise click.exceptions.Exit(1)


@lake.command("ask")
@click.argument("question", type=click.Choice(["series", "statistics", "completeness", "compare", "profile", "above"]))
@click.argument("dataset")
@click.option("--from", "since", required=True, help="The first moment.")
@click.option("--to", "until", required=True, help="The first moment that is not meant any more.")
@click.option("--every", type=click.IntRange(1), default=3600, show_default=True, help="Seconds of a bucket, or of an expected interval.")
@click.option("--limit", type=float, default=0.0, help="For above: the limit.")
@click.option("--sql", type=click.Choice(["duckdb", "trino", "pyspark", "clickhouse"]), help="Ask nothing: write the question as SQL of this engine.")
@click.option("--json", "as_json", is_flag=True, help="As JSON; CSV without it.")
def ask(question: str, dataset: str, since: str, until: str, every: int, limit: float, sql: str | None, as_json: bool) -> None:
    """Ask the lake and the database together; compare: the first half of the time and the second."""
    from . import operating

    with _in_words():
        click.echo(operating.ask(question, dataset, since, until, every, limit, sql, as_json))


def _told(told: dict[str, Any], said: Any, as_json: bool) -> None:
    click.echo(json.dumps(told, ensure_ascii=False, indent=1, default=str) if as_json else said(told))


def _in_words() -> Any:
    from . import operating

    return operating.in_words()


@sensors.command("demo")
def demo() -> None:
    """Load the demonstration's measurements, up to now; its datasets must be there (`ckan tzc demo load`)."""
    from . import demonstration

    done = demonstration.load()
    click.echo(f"{done['observations']} new observations of {done['streams']} streams of {done['sources']} sources.")




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


@sensors.command("consents")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def consents(as_json: bool) -> None:
    """Count consents by purpose, for the register: nobody is named."""
    import json

    from .homes import actions

    entries = actions.register()
    if as_json:
        click.echo(json.dumps(entries, ensure_ascii=False))
        return
    for one in entries:
        click.echo(f"{one['code']} {one['version']}: {one['active']} hold, {one['withdrawn']} withdrawn, {one['ended']} ended; {one['meters']} meters")


@sensors.command("groups")
def groups_() -> None:
    """End consents whose last day has passed, and sum groups up anew where something changed."""
    from .homes import following

    click.echo(f"{following.follow()} done.")


@sensors.command("pull-meters")
def pull_meters() -> None:
    """Ask the grid operator for what is new of connected meters."""
    from .homes import connecting

    click.echo(f"{connecting.pull_all()} answers taken.")
