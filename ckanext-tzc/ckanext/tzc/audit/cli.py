"""`ckan tzc audit …`"""
from __future__ import annotations

import csv
import json
import sys
import time
from datetime import timedelta
from typing import Any

import ckan.plugins.toolkit as tk
import click
from ckanext.tzc.common import cells
from ckanext.tzc.common.command import tzc

__all__ = ["tzc"]

FAULTS = {
    "gap": "a link is missing here, or stands here that does not belong",
    "link": "this link was changed",
    "content": "what was recorded at this link was changed",
    "missing": "what was recorded at this link is gone, and no erasure says so",
    "loose": "this content has no link",
    "cut": "the chain does not hold the link that was known: it was cut off or written anew",
}


@tzc.group()
def audit() -> None:
    """What was recorded of rights and restricted data."""


@audit.command("verify")
@click.option("--known", help="A link that was written down earlier, as NUMBER:HASH; without it nobody sees that the end was cut off.")
def verify(known: str | None) -> None:
    """Look at the whole chain; exit code 1 when something was changed, and where."""
    from . import store

    number, _, hashed = (known or "").partition(":")
    if known and not (number.isdigit() and hashed):
        raise click.ClickException("--known is written NUMBER:HASH, as this command prints it at its end.")
    begun = time.monotonic()
    verdict = store.verify((int(number), hashed) if known else None, lambda count: click.echo(f"  {count} links …", err=True) if not count % 100_000 else None)
    if verdict.fault:
        thing = "Content" if verdict.fault.code == "loose" else "Link"
        raise click.ClickException(f"{thing} {verdict.fault.link}: {FAULTS[verdict.fault.code]}. {verdict.links} links are as they were written.")
    click.echo(f"{verdict.links} links, {verdict.erased} with contents erased, in {time.monotonic() - begun:.1f} s: nothing was changed.")
    click.echo(f"Write this down elsewhere: {verdict.head[0]}:{verdict.head[1]}")


@audit.command("export")
@click.option("--dataset", help="Of a dataset (name or id).")
@click.option("--partner", help="Of a partner.")
@click.option("--person", help="Of an account (name or id), or of an address of e-mail: of who has no account.")
@click.option("--from", "since", help="From this day or moment (UTC).")
@click.option("--to", "until", help="Up to this day, included, or moment.")
@click.option("--format", "kind", type=click.Choice(["csv", "jsonl"]), default="csv", show_default=True)
def export(dataset: str | None, partner: str | None, person: str | None, since: str | None, until: str | None, kind: str) -> None:
    """Write entries, oldest first, with their place in the chain. That they were exported is recorded."""
    import ckan.model as model

    from . import addresses, seeing, store

    address = person if person and addresses.is_one(person) else ""
    given = {"dataset": dataset, "partner": partner, "person": None if address else person}
    try:
        wanted = {name: seeing.identify(name, value) for name, value in given.items() if value}
    except (tk.ObjectNotFound, ValueError) as error:
        raise click.ClickException(str(error)) from error
    query = store.between(**wanted, since=_moment("--from", since), until=_moment("--to", until, end=True))
    if address:
        query = query.filter(addresses.holding(address))
    columns = ("link", "hash", "at", "kind", "by", "dataset", "partner", "about", "content")
    writer: Any = csv.DictWriter(sys.stdout, columns)
    if kind == "csv":
        writer.writeheader()
    for some in store.exported(query):
        places = store.links(some)
        for entry in some:
            row = _row(entry, *places.get(entry.id, (None, None)))
            if kind == "csv":
                writer.writerow({name: cells.plain(json.dumps(value, ensure_ascii=False, sort_keys=True) if isinstance(value, dict) else value) for name, value in row.items()})
            else:
                click.echo(json.dumps(row, ensure_ascii=False, sort_keys=True))
    store.add(model.Session, [("audit.exported", store.fact(None, wanted, {"from": since or "", "to": until or "", **({"address": True} if address else {})}))])
    model.Session.commit()


def _moment(option: str, stated: str | None, end: bool = False) -> Any:
    from . import store

    try:
        return store.moment(stated, end) if stated else None
    except (ValueError, OverflowError) as error:
        form = "a day, as 2026-05-01, or a moment, as 2026-05-01T14:30 (UTC) or 2026-05-01T14:30+02:00"
        raise click.ClickException(f"{option} is {form}; “{stated}” is neither.") from error


def _row(entry: Any, link: int | None, hashed: str | None) -> dict[str, Any]:
    whole = json.loads(entry.content)
    return {
        "link": link, "hash": hashed, "at": entry.at.isoformat(), "kind": entry.kind, "by": whole.get("by"), "dataset": entry.dataset, "partner": entry.partner,
        "about": whole.get("about") or {}, "content": whole.get("content") or {},
    }  # fmt: skip


@audit.command("erase")
@click.option("--older-than", "days", type=click.IntRange(min=1), help="Days; without it, tzc.audit.keep_days.")
@click.option("--person", help="Only what concerns this account (name or id), or holds this address of e-mail, whatever its age.")
@click.option("--reason", default="", help="Recorded with the erasure.")
def erase(days: int | None, person: str | None, reason: str) -> None:
    """Erase contents by the rule of retention, or of one person. The chain stays whole, and says that they were erased."""
    from . import addresses, seeing, store

    address = person if person and addresses.is_one(person) else ""
    try:
        who = seeing.identify("person", person) if person and not address else None
    except tk.ObjectNotFound as error:
        raise click.ClickException(str(error)) from error
    rule = days or (0 if person else tk.config["tzc.audit.keep_days"])
    if not (rule or person):
        raise click.ClickException("tzc.audit.keep_days is 0: nothing is erased by age. Give --older-than or --person.")
    older = timedelta(days=rule) if rule else None
    words = reason or ("asked for by a person" if person else f"older than {older.days if older else 0} days")
    click.echo(f"{store.erase(words, None, older, who, addresses.holding(address) if address else None)} contents erased.")
