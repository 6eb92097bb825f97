"""How a source stands: well, or in trouble since when. Those concerned are told when that changes, and not again while it stays.

    failed      it could not be read, or not whole
    departures  suspiciously much is missing: a plan waits for somebody
    first       the plan of its first run waits for somebody
    records     it was read, and some records could not be taken, which nobody meant

`since` is when the trouble began, `well` when a run last ended without any.
"""
from __future__ import annotations

from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import duties, happening

from tzc.harvesting import causes

from . import reasons, store, telling

FAILED, DEPARTURES, FIRST, RECORDS = TROUBLES = ("failed", "departures", "first", "records")

KINDS = {FAILED: "harvest.failed", DEPARTURES: "harvest.waits", FIRST: "harvest.waits", RECORDS: "harvest.refused", "": "harvest.recovered"}
"""What is told when a source comes to stand so."""


def ended(run: store.Run, known: store.Known) -> None:
    """A run did all it planned: what it brought, and how its source stands now. Commits nothing."""
    run.done = _done(run)
    if run.bridged:
        # other programs' harvesters give no causes, and do not say that their listing is whole
        whole, refused = not reasons.listing(run.id), {"": run.done.get(store.FAULT, 0)}
    else:
        counted = (reasons.counted(run.id), telling.still(run))
        whole, refused = run.whole, {code: count for counts in counted for code, count in counts.items() if not _meant(code)}
    cause, count = max(refused.items(), key=lambda entry: entry[1], default=("", 0))
    if not whole:
        _become(run, known, FAILED, _why(run.id))
    elif count:
        _become(run, known, RECORDS, cause, sum(refused.values()))
    else:
        _become(run, known, "")


def failed(run: store.Run, known: store.Known) -> None:
    """A run could not go on. Commits nothing."""
    run.done = _done(run)
    _become(run, known, FAILED, _why(run.id))


def waits(run: store.Run, known: store.Known) -> None:
    """A plan waits for somebody, unless it was asked for as a dry run: who tries something out has not changed how the source stands. Commits nothing."""
    if not run.dry and run.asks in {DEPARTURES, FIRST}:
        _become(run, known, run.asks, doubted(run.id) if run.asks == DEPARTURES else "")


def doubted(run_id: str) -> str:
    """Why a plan waits in which suspiciously much leaves: `departures`, or `left_out` where all of that is left out by the source's own filter."""
    model.Session.flush()
    codes = {group["cause"] for group in reasons.listing(run_id)}
    return "left_out" if "left_out" in codes and DEPARTURES not in codes else DEPARTURES


def _meant(code: str) -> bool:
    cause = causes.of(code)
    return cause is not None and cause.meant


def _done(run: store.Run) -> dict[str, int]:
    """What became of the records, by kind: see `telling.done`; besides `unchanged`, and those `still` refused."""
    more = {"unchanged": run.counts.get("unchanged", 0), "still": sum(telling.still(run).values())}
    return {**telling.done(run), **{kind: count for kind, count in more.items() if count}}


def _why(run_id: str) -> str:
    """The cause of most problems of a listing."""
    model.Session.flush()
    found = (group["cause"] for group in reasons.listing(run_id) if group["cause"] and not group["follows"])
    return next(found, "")


def _become(run: store.Run, known: store.Known, trouble: str, cause: str = "", count: int = 0) -> None:
    """A source stands so from now on."""
    before, now = known.trouble, store.now()
    if not trouble:
        known.well = now
    if trouble == before:
        return
    known.trouble, known.since = trouble, now if trouble else None
    if trouble or before != FIRST:
        # that a first plan was approved is no news to who approved it
        _tell(run, trouble, cause, count)


def _tell(run: store.Run, trouble: str, cause: str, count: int) -> None:
    source = model.Package.get(run.source_id)
    who = model.User.get(run.approved_by or run.by) if run.approved_by or run.by else None
    by = who.id if who and who.name != tk.config["ckan.site_id"] else None
    people = duties.holders(source.owner_org, duties.CONTRIBUTOR) if source.owner_org else frozenset()
    content: dict[str, Any] = {"title": source.title or source.name, "trouble": trouble, "cause": cause, "count": count}
    if reasons.by_hand(run.id):
        content["by_hand"] = "yes"
    about = {"source": source.id, "run": run.id, **({"partner": source.owner_org} if source.owner_org else {})}
    told = tuple(sorted(people or duties.administrators()))
    kind, path = KINDS[trouble], f"/harvest/{source.name}/job/{run.id}"
    happening.tell(happening.Happening(kind, by, about, content, told, path, mail=_contact(source.owner_org, told)))


def _contact(partner_id: str | None, told: tuple[str, ...]) -> tuple[str, ...]:
    """The partner's address, unless it is that of somebody who is told anyway."""
    partner = model.Group.get(partner_id) if partner_id else None
    address = str(partner.extras.get("email") or "").strip() if partner else ""
    addresses = {str(user.email).lower() for user in model.Session.query(model.User).filter(model.User.id.in_(told))}
    return (address,) if address and address.lower() not in addresses else ()
