"""Our sessions at brokers. One outlives its connection, so that the broker keeps what we did not acknowledge; one that nothing reads any more is ended there, or the broker
would go on keeping messages for nobody. What is subscribed to in which is written down here, as no broker tells it.
"""
from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckanext.tzc.common import credentials
from sqlalchemy.dialects.postgresql import JSONB, insert

from tzc.hosts import host_of
from tzc.sensors import definition

from . import broker, store
from .broker import BrokerError, Place

log = logging.getLogger(__name__)

KIND = "mqtt"
TRIED = dt.timedelta(days=7)
"""For how long a broker is asked to end a session; one that is away for longer has most likely forgotten it."""

PAUSES = (dt.timedelta(minutes=1), dt.timedelta(hours=1))
"""Between two tries: at first, at most."""


class Session(tk.BaseModel):
    """A session at a broker, by the name that we have there. `credential`: of the partner; `topics`: all that may be subscribed to in it; `unwanted`: since when nothing reads
    it.
    """

    __tablename__ = "tzc_sensors_session"

    name = sa.Column(sa.UnicodeText, primary_key=True)
    partner = sa.Column(sa.UnicodeText, nullable=False)
    address = sa.Column(sa.UnicodeText, nullable=False)
    credential = sa.Column(sa.UnicodeText, nullable=False)
    ca = sa.Column(sa.UnicodeText, nullable=False)
    internal = sa.Column(sa.Boolean, nullable=False)
    topics = sa.Column(JSONB, nullable=False)
    unwanted = sa.Column(sa.DateTime(timezone=True))


def place(partner: str, told: Mapping[str, Any], *, internal: bool) -> Place:
    """The broker that a definition (`address`, `credential`, `ca`) leads to, and who reads it. Raises BrokerError: `credential`, `sealed`."""
    address = str(told["address"])
    parts, host = urlsplit(address), host_of(address)
    name, values = told.get("credential"), dict[str, str]()
    if name:
        try:
            values = dict(credentials.opened(partner, name, host, definition.KINDS[KIND].credentials)[1])
        except credentials.CredentialError as error:
            raise BrokerError(error.code) from error
    port, ca = int(host.rpartition(":")[2]), str(told.get("ca") or "")
    return Place(str(parts.hostname), port, parts.scheme == "mqtts", values.get("user", ""), values.get("password", ""), ca, internal)


def name(where: Place, partner: str) -> str:
    """What our session is called there."""
    return where.name(f"{tk.config['ckan.site_id']} {partner}")


def opens(named: str, source: store.Source, topics: Sequence[str]) -> list[str]:
    """A session is about to be opened for a source and others like it: written down before the broker hears of it. Topics that were subscribed to in it and are not wanted any
    more. Commits.
    """
    row = model.Session.get(Session, named, with_for_update=True)
    before = list(row.topics) if row is not None else []
    told = {field: str(source.definition.get(field) or "") for field in ("address", "credential", "ca")}
    values = {**told, "partner": source.partner, "internal": source.internal, "topics": sorted({*before, *topics}), "unwanted": None}
    model.Session.execute(insert(Session).values(name=named, **values).on_conflict_do_update(index_elements=["name"], set_=values))
    model.Session.commit()
    return sorted({*before} - {*topics})


def subscribed(named: str, topics: Sequence[str]) -> None:
    """The broker has said that these are what is subscribed to, and nothing else. Does not commit."""
    model.Session.execute(sa.update(Session).where(Session.name == named).values(topics=sorted(topics)))


def end(wanted: Collection[str], unsure: Collection[tuple[str, str, str]], due: dict[str, tuple[dt.datetime, dt.timedelta]]) -> None:
    """End the sessions that nothing reads. `wanted`: names of those that are read; `unsure`: partner, address and credential of sources that cannot be read now, whose sessions
    stay; `due`: when each is tried again, kept from one call to the next. Commits.
    """
    rows = [row for row in model.Session.query(Session).order_by(Session.name) if row.name not in wanted and (row.partner, row.address, row.credential) not in unsure]
    now = store.now()
    for row in rows:
        row.unwanted = row.unwanted or now
    model.Session.commit()
    for row in rows:
        at, pause = due.get(row.name, (now, PAUSES[0]))
        if at > now:
            continue
        due[row.name] = now + pause, min(2 * pause, PAUSES[1])
        if _ended(row) or now - row.unwanted > TRIED:
            due.pop(row.name, None)
            # a source may have come back meanwhile
            model.Session.execute(sa.delete(Session).where(Session.name == row.name, Session.unwanted.isnot(None)))
        model.Session.commit()


def _ended(row: Session) -> bool:
    """Whether the broker has ended a session."""
    told = {"address": row.address, "credential": row.credential, "ca": row.ca}
    try:
        # whose account it was may be another now, or gone: the name is what counts at most brokers
        where = _place_still(row.partner, told, internal=row.internal)
        model.Session.commit()
        broker.forget(where, row.name)
    except BrokerError as error:
        log.warning("The session %s at %s could not be ended: %s", row.name, host_of(row.address), error)
        return False
    log.info("The session %s at %s was ended", row.name, host_of(row.address))
    return True


def _place_still(partner: str, told: Mapping[str, Any], *, internal: bool) -> Place:
    try:
        return place(partner, told, internal=internal)
    except BrokerError:
        return place(partner, {**told, "credential": ""}, internal=internal)
