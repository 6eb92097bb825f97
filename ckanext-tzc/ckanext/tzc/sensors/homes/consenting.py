"""Consents given and withdrawn, and what follows at once: nothing more is taken in; what no consent keeps is erased. Nothing here commits."""
from __future__ import annotations

import dataclasses
import datetime as dt
import secrets
from functools import lru_cache
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import happening
from ckanext.tzc.common.territory import territory
from ckanext.tzc.schemas import vocabulary

from tzc.sensors import consent, meters
from tzc.sensors.consent import ConsentError, Purpose

from .. import erasing
from .. import store as sensors
from . import groups, store
from .groups import Left

PATH = "/compte/compteurs"
MOST_METERS = 50
"""Of a person."""


@lru_cache(maxsize=1)
def purposes() -> dict[str, Purpose]:
    """What data are asked for."""
    return consent.purposes(vocabulary("consent-purpose"))


def homes() -> Any:
    """The dataset that meters' streams belong to; None: the portal asks nobody for any."""
    name = tk.config["tzc.sensors.homes"]
    found = model.Package.get(name) if name else None
    return found if found is not None and found.state == model.State.ACTIVE and found.owner_org else None


def secret() -> str:
    """What numbers are hashed with."""
    return str(tk.config["tzc.sensors.secret"])


def add_meter(person: str, energy: str, number: str, label: str, partner: str | None) -> store.Meter:
    """A meter of a person; the one that is there, where they have it already. `number`: as `meters.written` gives it."""
    hash_ = meters.fingerprint(secret(), energy, number)
    found: store.Meter | None = model.Session.query(store.Meter).filter_by(person=person, energy=energy, hash=hash_).one_or_none()
    if found is not None:
        return found
    dataset = homes()
    assert dataset is not None, "who asks has looked"
    # nothing in the source tells whose it is: it stands in lists of sources' tables
    source = sensors.Source(
        id=secrets.token_urlsafe(12), dataset=dataset.id, kind=sensors.METER, name=sensors.METER, definition={"energy": energy}, paused=False,
        allowed=True, internal=False, by="", made=sensors.now(),
    )  # fmt: skip
    model.Session.add(source)
    model.Session.flush()
    made = store.Meter(
        person=person, partner=partner, energy=energy, hash=hash_, last=meters.last(number), label=label, source=source.id, made=sensors.now()
    )  # fmt: skip
    model.Session.add(made)
    model.Session.flush()
    return made


def give(meter: store.Meter, purpose: str, until: dt.date | None, version: str, language: str, *, accepted: bool, group: store.Group | None = None) -> store.Consent:
    """A consent for a meter; one to the same that holds is replaced. Raises ConsentError."""
    wanted = purposes().get(purpose)
    if wanted is None:
        raise ConsentError("purpose")
    at = store.local_now()
    given = consent.give(
        meter.person, meter.id, wanted, at, until, version, accepted=accepted, group=group.id if group else None, latest=group.until if group else None
    )  # fmt: skip
    for before in store.holding(meter.id, at):
        if (before.purpose, before.group) == (given.purpose, given.group):
            _move(before, consent.end, at)
    read = next(one for one in (language, *territory().languages, *wanted.texts) if one in wanted.texts)
    row = store.Consent(
        id=secrets.token_urlsafe(12), person=given.person, meter=meter.id, purpose=given.purpose, group=given.group, given=at, until=given.until, version=version,
        language=read, digest=wanted.digest(read), state=given.state,
    )  # fmt: skip
    model.Session.add(row)
    model.Session.flush()
    _show_as_consented(meter)
    groups.touch(meter)
    tell("consent.given", row, meter.person)
    return row


@dataclasses.dataclass(frozen=True)
class Gone:
    """What the end of consents came to. `held`: what was erased of the meter, None where another consent keeps it; `groups`: what became of published sums."""

    held: erasing.Holding | None = None
    groups: tuple[Left, ...] = ()


def withdraw(row: store.Consent, by: str) -> Gone:
    """A consent holds no longer, by the person's will. Raises ConsentError."""
    _move(row, consent.withdraw, store.local_now())
    tell("consent.withdrawn", row, by)
    return _after(row)


def end(row: store.Consent) -> None:
    """A consent holds no longer, as its last day has passed. Raises ConsentError."""
    _move(row, consent.end, store.local_now())
    tell("consent.ended", row, None, tell=(row.person,))
    _after(row)


def end_passed() -> int:
    """All consents whose last day has passed. How many."""
    today = store.local_now().date()
    rows = model.Session.query(store.Consent).filter(store.Consent.state == consent.ACTIVE, store.Consent.until < today).with_for_update(skip_locked=True).all()
    for row in rows:
        end(row)
    return len(rows)


def forget(meter: store.Meter, by: str) -> Gone:
    """Withdraw all that holds of a meter; it is erased."""
    done = [withdraw(row, by) for row in store.consents_of(meter.id) if row.state == consent.ACTIVE]
    held = next((one.held for one in done if one.held is not None), None)
    return Gone(held or erase(meter), tuple(left for one in done for left in one.groups))


def _move(row: store.Consent, move: consent.Move, at: dt.datetime) -> None:
    after = move(row.pure, at)
    row.state, row.moved = after.state, after.moved
    model.Session.flush()


def _after(row: store.Consent) -> Gone:
    """What a consent that holds no longer leaves."""
    meter = store.meter(row.meter, lock=True) if row.meter is not None else None
    if meter is None:
        return Gone()
    left = groups.left(row.group, meter) if row.group else None
    told = (left,) if left is not None else ()
    if any(other.state == consent.ACTIVE for other in store.consents_of(meter.id)):
        _show_as_consented(meter)
        return Gone(groups=told)
    return Gone(erase(meter), told)


def erase(meter: store.Meter) -> erasing.Holding:
    """All of a meter: curves wherever they lie, raw files, what it was asked for with, its hash. What remains is that somebody consented, and to what. Returns what there was."""
    number, source = meter.id, meter.source
    held = erasing.holding(source)
    model.Session.query(store.Consent).filter_by(meter=number).update({"meter": None}, synchronize_session="fetch")
    model.Session.delete(meter)
    model.Session.flush()
    erasing.erase_source(source)
    model.Session.flush()
    return held


def _show_as_consented(meter: store.Meter) -> None:
    """Streams are the person's alone, or consented."""
    seen = consent.visibility([row.pure for row in store.consents_of(meter.id)], store.local_now())
    for stream in sensors.streams_of(meter.source).values():
        stream.visibility = seen


def tell(kind: str, row: store.Consent, by: str | None, tell: tuple[str, ...] = ()) -> None:
    """Audit and notices hear it; of the meter nothing is told."""
    about = {"consent": row.id, **({"group": row.group} if row.group else {})}
    content = {"purpose": row.purpose, "until": row.until.isoformat(), "version": row.version}
    happening.tell(happening.Happening(kind, by, about, content, tell=tell, path=PATH))
