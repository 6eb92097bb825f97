"""`ckan tzc mail …`"""
from __future__ import annotations

import click
from ckanext.tzc.common.command import tzc

__all__ = ["tzc"]


@tzc.group()
def mail() -> None:
    """Mails that the portal writes."""


@mail.command("status")
def status() -> None:
    """Mails that have not been sent: when, to whom, why not."""
    from .mail import waiting

    mails = waiting()
    for entry in mails:
        due = entry["due"].isoformat(" ", "minutes") if entry["due"] else "given up"
        words = (entry["id"], entry["created"].isoformat(" ", "minutes"), entry["recipient"], entry["subject"], f"attempts {entry['attempts']}, {due}", entry["error"] or "")
        click.echo("  ".join(map(str, words)).rstrip())
    click.echo(f"{len(mails)} mails wait.")


@mail.command("send")
@click.option("--again", is_flag=True, help="Those that were given up or wait for another attempt, too.")
def send(again: bool) -> None:
    """Send the mails that are due, here and now."""
    from .mail import send_due, try_again, works

    if not works():
        raise click.ClickException("There is no mail server. Give one: TZC_SMTP_URL=smtp://… ./portal up")
    if again:
        try_again()
    click.echo(f"{send_due()} mails sent.")
