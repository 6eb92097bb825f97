"""What comes after a right: whoever had the data is asked to attest that they were destroyed, and reminded; the partner's deciders are told."""
from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import ckan.model as model
import sqlalchemy as sa
from ckanext.tzc.common import duties, happening

from . import store

log = logging.getLogger(__name__)

OVER = (store.REVOKED, store.EXPIRED)
ASKED, REMINDED, ATTESTED = "agreement.attestation_asked", "agreement.attestation_due", "agreement.attested"

REMINDERS = (0, 7, 30)
"""Days after the end: asked, and reminded twice; with the last one the partner's deciders are told too."""


def deciders(agreement: store.Agreement) -> frozenset[str]:
    """Who decides for the partner, and its data protection officer."""
    return duties.holders(agreement.partner, duties.DECIDER) | duties.holders(agreement.partner, duties.OFFICER)


def tell(agreement: store.Agreement, kind: str, by: str | None, told: set[str], content: Mapping[str, Any]) -> None:
    """Tell of an agreement, in the transaction that did it."""
    about = {"grant": agreement.grant, "request": agreement.request, "part": agreement.part, "partner": agreement.partner, "dataset": agreement.dataset}
    happening.tell(happening.Happening(kind, by, about, {"person": agreement.account, **content}, tuple(sorted(told)), f"/accords/{agreement.grant}"))


def remind() -> int:
    """Ask and remind of what is not attested, each time once; how many. One transaction each, so that a cut leaves nothing half done."""
    done = 0
    # who was not asked for long, as the job was away, is told once
    for days in reversed(REMINDERS):
        for id_ in [id_ for (id_,) in model.Session.query(store.Agreement.id).filter(_due(days)).order_by(store.Agreement.id)]:
            done += _one(id_, days)
    return done


def _due(days: int) -> sa.ColumnElement[bool]:
    """Not of a right that was given anew since: that has another version."""
    mine, later = store.Agreement, sa.orm.aliased(store.Agreement)
    again = sa.exists().where(later.grant == mine.grant, later.version > mine.version)
    return sa.and_(mine.state.in_(OVER), mine.attested.is_(None), mine.ended <= store.now() - timedelta(days=days), ~mine.told.contains([days]), ~again)


def _one(id_: int, days: int) -> int:
    agreement = model.Session.query(store.Agreement).filter(store.Agreement.id == id_, _due(days)).with_for_update(skip_locked=True).populate_existing().one_or_none()
    if agreement is None:
        model.Session.rollback()
        return 0
    agreement.told = [*agreement.told, *(earlier for earlier in REMINDERS if earlier <= days and earlier not in agreement.told)]
    tell(agreement, REMINDED if days else ASKED, None, {agreement.account, *(deciders(agreement) if days == REMINDERS[-1] else ())}, {"days": days})
    try:
        model.Session.commit()
    except sa.exc.SQLAlchemyError:
        # the others go on; this one is tried again by the next run
        model.Session.rollback()
        log.exception("the reminder of the agreement %s could not be told", id_)
        return 0
    return 1
