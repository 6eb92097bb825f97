"""What the commands of harvests do: the actions, as the portal's own account, and what became of them in words or JSON."""
from __future__ import annotations

import datetime as dt
import json
import time
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import click
from ckanext.tzc.common import outages

from tzc.harvesting import causes

from .engine import orders, reasons, standing, store, telling

PAUSE = 1.0
"""Seconds between two looks at a run that another process works on."""


def _act(name: str, asked: dict[str, Any]) -> dict[str, Any]:
    context = {"ignore_auth": True, "user": tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]}
    try:
        answer: dict[str, Any] = tk.get_action(name)(context, asked)
    except tk.ObjectNotFound as error:
        raise click.ClickException(str(error.message or tk._("Harvest source not found"))) from error
    except tk.ValidationError as error:
        raise click.ClickException("; ".join(f"{words}" for words in error.error_summary.values())) from error
    return answer


def begin(source: str, *, dry: bool, approve: bool, with_departures: bool = False, again: bool = False, wait: bool, as_json: bool) -> None:
    """A run or a dry run. With `approve`, a plan of the source that waits already is done instead of making another; with `again` it is given up.

    A plan in which suspiciously much leaves is approved only with `with_departures`: a command that is repeated each night has not looked at it.
    """
    package = model.Package.get(source)
    there = store.open_run(package.id) if package else None
    waits = there is not None and there.state == store.PLANNED
    if waits and not approve and not again:
        raise click.ClickException("A plan of this source waits: --approve does it, `dry-run --again` plans anew, `stop` gives it up.")
    if with_departures and not approve:
        raise click.UsageError("--with-departures says what --approve is for: give both.")
    if with_departures and not wait and (again or not waits):
        raise click.UsageError("--with-departures is for a plan that is there: there is none that waits, so give --wait too.")
    if there is not None and approve and waits and not again:
        run_id = _act("tzc_harvest_approve", {"source": source})["run"] if _may_approve(there, with_departures) else there.id
    elif dry and approve and not wait:
        # nobody is here to approve it later
        if waits:
            _act("tzc_harvest_stop", {"source": source})
        run_id = _act("tzc_harvest_run", {"source": source, "approve": True})["run"]
    else:
        run_id = _act("tzc_harvest_dry_run", {"source": source, "again": again and waits})["run"] if dry else _act("tzc_harvest_run", {"source": source, "approve": approve})["run"]
    if wait:
        _until_it_rests(run_id)
        if approve and _may_approve(_run(run_id), with_departures):
            _act("tzc_harvest_approve", {"source": source})
            _until_it_rests(run_id)
    ran = _run(run_id)
    if approve and ran.state == store.PLANNED:
        _say(run_id, as_json, not_approved=HELD)
        raise click.exceptions.Exit(HELD_CODE)
    _say(run_id, as_json)
    if wait and (ran.state == store.FAILED or (ran.planned and not ran.whole)):
        raise click.exceptions.Exit(1)


HELD = "Not approved: suspiciously much is missing, or is left out by the source's filter. Look at the plan; --approve --with-departures does it, `stop` gives it up."
HELD_CODE = 3
"""The exit code of a command that was to approve what it did not."""


def _may_approve(run: store.Run, with_departures: bool) -> bool:
    """Whether --approve is for a run: for a plan that waits, unless suspiciously much leaves and nobody said that this is right."""
    return run.state == store.PLANNED and (with_departures or run.asks != standing.DEPARTURES)


def _run(run_id: str) -> store.Run:
    model.Session.rollback()
    found = store.run(run_id)
    if found is None:
        raise click.ClickException(tk._("There is no such run."))
    return found


def _until_it_rests(run_id: str) -> None:
    """Work on a run, here or by whoever does, until it ended or waits for somebody."""
    while _run(run_id).state in store.WORKABLE:
        try:
            orders.work_now(run_id)
        except outages.OutageError as error:
            raise click.ClickException(tk._("A server of the portal does not answer; the run goes on by itself when it does. %s") % error) from error
        if _run(run_id).state in store.WORKABLE:
            time.sleep(PAUSE)


def order(name: str, source: str, as_json: bool, **more: Any) -> None:
    """One action on the open run of a source."""
    _say(_act(name, {"source": source, **more})["run"], as_json)


def restore(source: str, run_id: str | None, as_json: bool) -> None:
    """Take back what a run deleted."""
    done = _act("tzc_harvest_restore", {"source": source, **({"run": run_id} if run_id else {})})
    if as_json:
        click.echo(json.dumps(done))
        return
    looked = f"{'Run' if run_id else 'The last run,'} {done['run']}{' of' if run_id else ', of'} {_moment(done['begun'])}"
    click.echo(f"{looked}: {_datasets(done['restored'])} back." if done["restored"] else f"{looked}: it deleted nothing that is still to be taken back.")
    if done.get("unindexed"):
        click.echo("The index does not answer: search shows them by itself as soon as it does.")
    if done["others"]:
        click.echo("Of other runs something can be taken back:")
    for other in done["others"]:
        click.echo(f"  ckan tzc harvest restore {source} --run {other['run']}   ({_moment(other['begun'])}, {_datasets(other['datasets'])})")


def _moment(written: str) -> str:
    return dt.datetime.fromisoformat(written).astimezone(dt.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


def _datasets(count: int) -> str:
    return "1 dataset" if count == 1 else f"{count} datasets"


def status(source: str, as_json: bool) -> None:
    """Where the last run stands."""
    _say(_act("tzc_harvest_status", {"source": source})["run"], as_json)


def _say(run_id: str, as_json: bool, **more: str) -> dict[str, Any]:
    """What became of a run; `more` is said besides, by name to programs."""
    told = {**telling.summary(_run(run_id)), **more}
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return told
    asks = {
        "first": "It is the source's first: look at it, then approve it.",
        "departures": "Suspiciously much is missing, or is left out by the source's filter: look at it, then approve or stop it.",
        "dry": "Approve it to have it done.",
    }
    counts = ", ".join(f"{told[name]} {name.replace('_', ' ')}" for name in ("new", "changed", "unchanged", "missing", "left_out", "deleted", "refused", "failed") if told[name])
    click.echo(f"{told['state']}: {counts or 'nothing'}. {asks.get(told['asks'], '') if told['state'] == store.PLANNED else ''}".rstrip())
    for group in told["causes"]:
        cause = causes.of(group["cause"])
        what, todo = (cause.what.en, cause.advice(by_hand=reasons.by_hand(run_id)).en) if cause else (group["what"], "")
        click.echo(f"{'Still refused' if group['still'] else group['place'].capitalize()}, {group['count']}: {what} {todo}".rstrip())
    for reason in told["reasons"]:
        click.echo(f"  {reason['identifier']}: {reason['words']}")
    for words in told["problems"]:
        click.echo(f"  {words}")
    for words in more.values():
        click.echo(words)
    return told
