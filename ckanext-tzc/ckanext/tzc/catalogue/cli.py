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

    from ckanext.tzc.common.territory import licence_codes

    from tzc.catalogue import outlines
    from tzc.catalogue.territory import TerritoryError, read_file

    try:
        read = read_file(Path(file), licence_codes())
        outlines.read_file(Path(file).parent / outlines.NAME, read.commune_names)
    except (TerritoryError, outlines.OutlinesError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{file}: {len(read.axes)} axes, {len(read.communes)} communes, languages {', '.join(read.languages)}")


@territory.command("draft")
@click.argument("siren")
@click.option("--output", type=click.Path(dir_okay=False), help="The file to write, which must not exist; without it, the draft is printed.")
def draft(siren: str, output: str | None) -> None:
    """Write a first territory file for the French inter-municipality with this SIREN, from the public géo API."""
    import datetime as dt
    from pathlib import Path

    from ckanext.tzc.common.territory import first_licences, licence_codes

    from tzc.catalogue.draft import AnswerError
    from tzc.catalogue.draft import draft as drafted
    from tzc.catalogue.siren import is_siren
    from tzc.catalogue.territory import TerritoryError, read_territory

    from . import geo_api

    number = siren.replace(" ", "")
    if not is_siren(number):
        raise click.ClickException(f"{siren} is no SIREN: nine digits, of which the last fits the others. Look for a digit mistyped.")
    if output and Path(output).exists():
        raise click.ClickException(f"{output} exists already. Give another name, or remove it first.")
    try:
        text = drafted(number, *geo_api.epci(number), first_licences(), dt.datetime.now(dt.timezone.utc).date().isoformat())
        read = read_territory(text, source="draft", licences=licence_codes())
    except geo_api.GeoApiError as error:
        raise click.ClickException(str(error)) from error
    except (AnswerError, TerritoryError) as error:
        raise click.ClickException(f"The géo API's answer cannot be used: {error}") from error
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        Path(output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{output} could not be written: {error.strerror}.") from error
    click.echo(f"{output}: {len(read.communes)} communes. Complete the lines marked TODO, then: ./portal ckan tzc territory check {output}")


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
