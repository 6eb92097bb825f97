"""What time does to requests. A right ends by itself, at the doors; here its part is closed and everybody told. One transaction a part, so that a cut leaves nothing half done."""
from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckanext.tzc.common import duties

from tzc.rights import requests
from tzc.rights.requests import APPEALED, CHANGES_REQUESTED, DRAFT, GRANTED, SUBMITTED, SUSPENDED, UNDER_REVIEW

from . import life, records, roles

log = logging.getLogger(__name__)

SECONDS = 240
"""Of a run; what is left over is for the next one."""

WAITING = (SUBMITTED, UNDER_REVIEW, APPEALED)
DUE_SOON, OVERDUE, ENDING = "request.due_soon", "request.overdue", "grant.ending"

Deed = Callable[[records.Part, records.Request, datetime], None]


def tick(seconds: float = SECONDS) -> int:
    """Do all that is due. Returns how many parts were touched."""
    until, done = time.monotonic() + seconds, 0
    for due, deed in ((_ended, _expire), (_forgotten, _lapse), (_late, _escalate), (_soon, _remind), (_near_end, _tell_end)):
        for part_id in _ids(due(records.now())):
            if time.monotonic() > until:
                return done
            done += _one(part_id, due, deed)
    return done


def _ids(condition: sa.ColumnElement[bool]) -> list[str]:
    found = [part for (part,) in model.Session.query(records.Part.id).filter(condition).order_by(records.Part.id)]
    model.Session.rollback()
    return found


def _one(part_id: str, due: Callable[[datetime], sa.ColumnElement[bool]], deed: Deed) -> int:
    """One part, if it is still due and nobody else has it in hand."""
    at = records.now()
    part = model.Session.query(records.Part).filter(records.Part.id == part_id, due(at)).with_for_update(skip_locked=True).populate_existing().one_or_none()
    if part is None:
        model.Session.rollback()
        return 0
    try:
        deed(part, model.Session.get(records.Request, part.request), at)
        model.Session.commit()
    except (tk.ValidationError, sa.exc.SQLAlchemyError):
        # the others go on; this one is tried again by the next run
        model.Session.rollback()
        log.exception("the part %s of a request could not be brought up to date", part_id)
        return 0
    return 1


def _days(name: str) -> timedelta:
    return timedelta(days=int(tk.config[f"tzc.rights.{name}_days"]))


def _untold(kind: str) -> sa.ColumnElement[bool]:
    return ~records.Part.told.contains([kind])


def _ended(at: datetime) -> sa.ColumnElement[bool]:
    """Not of a right that a renewal keeps."""
    return sa.and_(records.Part.state.in_((GRANTED, SUSPENDED)), records.Part.ends <= at, sa.func.coalesce(records.kept_until() <= at, sa.true()))


def _expire(part: records.Part, request: records.Request, at: datetime) -> None:
    life.tick(part, request, requests.Expire.name, at)


def _forgotten(at: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(records.Part.state.in_((DRAFT, CHANGES_REQUESTED)), records.Part.changed <= at - _days("lapse"))


def _lapse(part: records.Part, request: records.Request, at: datetime) -> None:
    life.tick(part, request, requests.Lapse.name, at)


def _late(at: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(records.Part.state.in_(WAITING), records.Part.due <= at, _untold(OVERDUE))


def _escalate(part: records.Part, request: records.Request, at: datetime) -> None:
    """The portal's administrators are told too, and who asked."""
    life.remind(OVERDUE, part, request, {request.requester, *roles.decide(part, request), *duties.administrators()})


def _soon(at: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(records.Part.state.in_(WAITING), records.Part.due > at, records.Part.due <= at + _days("remind"), _untold(DUE_SOON))


def _remind(part: records.Part, request: records.Request, at: datetime) -> None:
    life.remind(DUE_SOON, part, request, roles.decide(part, request))


def _near_end(at: datetime) -> sa.ColumnElement[bool]:
    """Not of a right that is shorter than the reminder's days: it would be told on its first day."""
    near = sa.and_(records.Part.ends > at, records.Part.ends <= at + _days("remind"), records.Part.ends > records.Part.begins + _days("remind"))
    return sa.and_(records.Part.state == GRANTED, near, _untold(ENDING))


def _tell_end(part: records.Part, request: records.Request, at: datetime) -> None:
    life.remind(ENDING, part, request, {request.requester, *records.asked(part, request).team})
