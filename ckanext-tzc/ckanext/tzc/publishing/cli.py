"""`ckan tzc publishing …`"""
from __future__ import annotations

import click
from ckanext.tzc.common.command import tzc

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
