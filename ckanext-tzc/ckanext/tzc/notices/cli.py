"""`ckan tzc notices …`"""
from __future__ import annotations

import click
from ckanext.tzc.common.command import tzc

__all__ = ["tzc"]


@tzc.group()
def notices() -> None:
    """What people and partners' programs are told."""


@notices.command("status")
def status() -> None:
    """Notices to be mailed, and calls that were not taken."""
    import ckan.model as model

    from . import store

    mails = model.Session.query(store.Notice).filter(store.Notice.due.is_not(None))
    click.echo(f"{mails.count()} notices to be mailed, {mails.filter(store.Notice.due <= store.now()).count()} of them now.")
    for call in model.Session.query(store.Call).filter(store.Call.done.is_(None)).order_by(store.Call.id):
        due = call.due.isoformat(" ", "minutes") if call.due else "given up"
        click.echo(f"{call.key} {call.kind}: {call.attempts} attempts, next {due}. {call.error or ''}".rstrip())


@notices.command("send")
@click.option("--again", is_flag=True, help="Also calls that were given up.")
def send(again: bool) -> None:
    """Write the mails and make the calls that are due, now."""
    import math

    import ckan.model as model

    from . import letters, webhooks

    if again:
        webhooks.try_again()
        model.Session.commit()
    click.echo(f"{letters.write_due(math.inf)} mails written, {webhooks.call_due(math.inf)} calls taken.")
