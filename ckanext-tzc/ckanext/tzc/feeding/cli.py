"""`ckan tzc feeding …`"""
from __future__ import annotations

from pathlib import Path

import click
from ckanext.tzc.common.command import tzc

__all__ = ["tzc"]


@tzc.group()
def feeding() -> None:
    """Files that are fetched by a schedule or pushed by programs."""


@feeding.command("status")
def status() -> None:
    """Feeds in trouble, and those that wait for an administrator."""
    import ckan.model as model

    from . import filling, store

    rows = model.Session.query(store.Feed).order_by(store.Feed.made).all()
    click.echo(f"{len(rows)} feeds.")
    for row in rows:
        if row.trouble or not row.allowed:
            click.echo(f"{row.id}  {filling.title(row)}  {row.trouble or 'waits for an administrator'}")


@feeding.command("run")
@click.argument("feed")
def run(feed: str) -> None:
    """Fetch a feed now; exit code 1 when nothing could be taken."""
    from . import running, store

    done = running.run(feed, store.BY_HAND)
    if done is None:
        raise click.ClickException("There is no such feed, or it is being filled.")
    click.echo(f"{done.outcome} {done.code or ''}".strip())
    if done.outcome in (store.REFUSED, store.FAILED):
        raise click.exceptions.Exit(1)


@feeding.command("rotate-key")
@click.option("--former", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A file that holds the secret of before, where it was changed.")
def rotate_key(former: Path | None) -> None:
    """Seal all credentials with another key."""
    import ckan.model as model

    from . import credentials

    count, lost = credentials.rotate(former.read_text(encoding="utf-8").strip() if former else "")
    model.Session.commit()
    click.echo(f"{count} credentials are sealed with another key.")
    if lost:
        raise click.ClickException(f"Nothing opens {', '.join(lost)}: they have to be given anew.")
