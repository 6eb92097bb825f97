"""`ckan tzc tables …`"""
from __future__ import annotations

import click
from ckanext.tzc.common.command import tzc

__all__ = ["tzc"]


@tzc.group()
def tables() -> None:
    """Uploaded files as tables."""


@tables.command("load")
@click.argument("resources", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Every upload whose table is missing or out of date.")
@click.option("--again", is_flag=True, help="With --all: those that are loaded already, too.")
def load(resources: tuple[str, ...], every: bool, again: bool) -> None:
    """Load the given resources, here and now."""
    import ckan.model as model

    from . import catching_up, loading, store

    if bool(resources) == every:
        raise click.UsageError("Name resources, or give --all.")
    if every:
        catching_up.mark_unseen(again=again)
    for resource_id in resources:
        resource = model.Resource.get(resource_id)
        if resource is None:
            raise click.ClickException(f"There is no resource {resource_id}.")
        store.ask(resource.id, store.fingerprint(resource))
    model.Session.commit()
    wanted = [(one, state) for one, state in store.waiting() if every or one in resources]
    for resource_id, state in wanted:
        ended = store.GONE if state == store.GONE else loading.load(resource_id)
        if state == store.GONE:
            loading.remove(resource_id)
        row = store.find(resource_id)
        click.echo(f"{resource_id}  {ended or 'left to another job'}  {row.rows if row and row.rows is not None else ''}{(row.reason or '') if row else ''}")
    click.echo(f"{len(wanted)} resources.")


@tables.command("catch-up")
def catch_up() -> None:
    """Send jobs for what waits: after Valkey was away, after a worker died, for files that were there before."""
    from . import jobs

    click.echo(f"{jobs.find_unseen()} jobs sent.")


@tables.command("status")
def status() -> None:
    """How many tables are in which state, and what was refused."""
    import ckan.model as model
    import sqlalchemy as sa

    from .store import REFUSED, TableState

    for state, count in model.Session.query(TableState.state, sa.func.count()).group_by(TableState.state).order_by(TableState.state):
        click.echo(f"{state:8} {count}")
    for row in model.Session.query(TableState).filter_by(state=REFUSED).order_by(TableState.ended):
        click.echo(f"refused  {row.resource_id}  {row.reason}  {row.parameters}")
