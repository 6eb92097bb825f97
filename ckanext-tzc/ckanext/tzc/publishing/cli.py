"""`ckan tzc publishing …`"""
from __future__ import annotations

import click
from ckanext.tzc.common.command import tzc

from tzc.publishing.intake import PORTALS

__all__ = ["tzc"]


@tzc.group()
def publishing() -> None:
    """The catalogue as RDF."""


@publishing.command("rebuild")
def rebuild() -> None:
    """Make the RDF of all datasets anew, here and now."""
    import time

    from . import renewing

    begun = time.monotonic()
    done = renewing.rebuild(lambda done: click.echo(f"{done} datasets"))
    click.echo(f"{done} datasets in {time.monotonic() - begun:.1f} s.")


@publishing.command("check")
@click.pass_context
def check(ctx: click.Context) -> None:
    """Tell which datasets' RDF is not what would be made now; exit code 1 when there are any."""
    from . import renewing, store

    found = list(renewing.differences())
    for package_id, why in found:
        click.echo(f"{package_id}  {why}")
    click.echo(f"{len(found)} differ; {store.waiting()} changes wait for their job.")
    ctx.exit(1 if found else 0)


@publishing.command("dictionary")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, writable=True))
def dictionary(folder: str) -> None:
    """Make dictionaries for packing from the RDF that is there, one a syntax, as files in FOLDER (for developers, after the mapping has changed much)."""
    from pathlib import Path

    import zstandard

    from tzc.publishing import packing
    from tzc.publishing.documents import SYNTAXES

    from . import store

    first = packing.next_number()
    for number, syntax in enumerate(SYNTAXES, first):
        try:
            content = packing.trained(list(packing.unpacked(store.samples(syntax.name))), number)
        except zstandard.ZstdError as error:
            raise click.ClickException("There are too few published datasets to make a dictionary of: load the demonstration catalogue.") from error
        file = Path(folder) / f"{syntax.name}-{number}.zdict"
        file.write_bytes(content)
        click.echo(f"{file}: {len(content)} bytes")


@publishing.command("validate")
@click.argument("dataset", required=False)
@click.pass_context
def validate(ctx: click.Context, dataset: str | None) -> None:
    """Validate the RDF of all published datasets, or of one, where that was not done yet, and tell what is wrong; exit code 1 when anything is forbidden."""
    import math
    from collections import Counter

    import ckan.model as model

    from . import renewing, validating

    renewing.renew_waiting(math.inf)
    package_id = None
    if dataset:
        package = model.Package.get(dataset)
        if package is None or package.type != "dataset":
            raise click.ClickException(f"There is no dataset {dataset}.")
        package_id = package.id
        validating.validate_one(package_id)
    else:
        validating.validate_waiting(math.inf, lambda done: click.echo(f"{done} validated") if done % 1000 == 0 else None)
    said = validating.every(package_id)
    if dataset and not said:
        raise click.ClickException(f"The dataset {dataset} is not public: it has no RDF.")
    told = Counter((result["severity"], validating.words(result)) for one in said for result in one.results)
    # violations before warnings, the most frequent first
    for (severity, words), count in sorted(told.items(), key=lambda entry: (entry[0][0] != "violation", -entry[1], entry[0])):
        click.echo(f"{count:6} {severity:9} {words}")
    failed = [one.package_id for one in said if one.conforms is not True]
    for one in failed:
        click.echo(f"{one} is not valid")
    click.echo(f"{len(said)} datasets, {len(failed)} not valid.")
    ctx.exit(1 if failed else 0)


@publishing.command("intake")
@click.option("--feed", help="Another feed than our national one: an address, whose pages are followed, or a file.")
@click.option("--portal", "portals", type=click.Choice(PORTALS), multiple=True, default=PORTALS, help="Which portal's rules; both when not said.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document with every dataset and what is kept of it.")
@click.pass_context
def intake(ctx: click.Context, feed: str | None, portals: tuple[str, ...], as_json: bool) -> None:
    """What the portals that harvest us make of a feed; exit code 1 when they refuse any dataset, or find none."""
    import dataclasses
    import json

    from . import intake_words, received

    refused, empty, told = 0, False, {}
    for portal in portals:
        try:
            verdicts = list(received.of_feed(feed, portal)) if feed else [one.verdict for one in received.own(portal)]
        except (received.FeedRefusedError, OSError) as error:
            raise click.ClickException(f"{portal} takes nothing of it. {error}") from error
        counts = {status: sum(verdict.status == status for verdict in verdicts) for status in ("taken", "loss", "refused")}
        refused += counts["refused"]
        if not verdicts:
            # a portal that harvested datasets before takes them for deleted
            empty = True
            click.echo(f"{portal} would take nothing: no dataset stands in {feed or 'our national feed'}.", err=True)
        told[portal] = {"counts": counts, "datasets": [{"status": verdict.status, **dataclasses.asdict(verdict)} for verdict in verdicts]}
        if as_json:
            continue
        click.echo(f"{portal}: {counts['taken']} taken, {counts['loss']} with loss, {counts['refused']} refused")
        with ctx.meta["flask_app"].test_request_context():
            for verdict in verdicts:
                for reason in verdict.reasons:
                    said = " – ".join(part for part in (intake_words.reason(reason), reason.file, reason.value) if part)
                    click.echo(f"  {verdict.status:8} {verdict.identifier or verdict.subject}  {reason.code}: {said}")
    if not feed and (fault := received.address_fault()):
        click.echo(f"This portal's own address is not public ({fault}): no portal can harvest it here. Its own addresses were judged as if it were.", err=True)
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
    ctx.exit(1 if refused or empty else 0)
