"""`ckan tzc demo …` and `ckan tzc territory …`."""
from __future__ import annotations

import click
from ckanext.tzc.common.command import tzc

__all__ = ["tzc"]


@tzc.group()
def territory() -> None:
    """The territory file."""


@territory.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
def check(file: str) -> None:
    """Read a territory file and say what is wrong in it."""
    from pathlib import Path

    from tzc.catalogue.territory import TerritoryError, read_territory

    try:
        read = read_territory(Path(file).read_text(encoding="utf-8"), source=file)
    except (TerritoryError, UnicodeDecodeError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{file}: {len(read.axes)} axes, {len(read.communes)} communes, languages {', '.join(read.languages)}")


@tzc.group()
def demo() -> None:
    """The demonstration catalogue."""


@demo.command("load")
@click.option("--once", is_flag=True, help="Leave alone what is there already; without it, descriptions are brought up to date.")
@click.option("--json", "as_json", is_flag=True, help="Print a summary for programs, with the account made for the demonstration.")
def load(once: bool, as_json: bool) -> None:
    """Load the demonstration catalogue through the actions that a partner's page uses."""
    import json

    from . import demonstration

    report = demonstration.load(update=not once)
    click.echo(json.dumps(report) if as_json else f"{report['datasets']} datasets of {report['partners']} partners are in place.")
