"""What arrives, kept as it came: decoded at once, or in a queue that is on the disk before anything is answered; read again when a decoder was wrong.

A body that came before from the same source changes nothing, even when later ones have changed the same observations; but after the source's mapping changed it is read anew. The
queue is bounded: who finds it full is told to come again.
"""
from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
import zstandard
from ckanext.tzc.common import outages
from ckanext.tzc.harvesters.sensors.kinds import KINDS

from tzc.sensors import partitions, protocols
from tzc.sensors.faults import BatchError
from tzc.sensors.readings import Decoded

from . import making, store, taking, writing

log = logging.getLogger(__name__)

Decoder = Callable[[bytes, Mapping[str, Any]], Decoded]
"""Of a body and what its source's definition says. Raises BatchError."""

PULLED = "pull."
"""Before the name of a kind that is asked, as what its pages are kept as."""

DECODERS: dict[str, Decoder] = {**protocols.DECODERS, **{f"{PULLED}{name}": kind.decode for name, kind in KINDS.items()}}
"""By the kind of what came; each way in may register its own."""

STREAMS: dict[str, Callable[[store.Source, Decoded], Mapping[str, store.Stream]]] = {"sensorthings": making.numbered}
"""How what a decoder calls streams is found, by the kind of what came; where nothing stands, by what the source calls them, and made where it may."""

MOST_ATTEMPTS = 5
HTTP, MQTT, FILE, PULL = WAYS = ("http", "mqtt", "file", "pull")


class FullError(Exception):
    """So much waits that nothing more is taken now."""


def receive(source: store.Source, way: str, kind: str, body: bytes) -> store.Arrival:
    """Keep a body and store what it says, in this transaction; nothing of it is stored when it is refused, which the arrival tells. Does not commit."""
    arrival, before = _kept(source, way, kind, body)
    if before is not None:
        arrival.state, arrival.ended = store.DONE, store.now()
        arrival.observations, arrival.rejected, arrival.listed = before.observations, before.rejected, before.listed
        return arrival
    _decode(source, arrival, body)
    return arrival


def queue(source: store.Source, way: str, kind: str, body: bytes) -> store.Arrival:
    """Keep a body for a worker. Does not commit. Raises FullError."""
    waits, size = model.Session.query(sa.func.count(), sa.func.coalesce(sa.func.sum(store.Arrival.bytes), 0)).filter(store.Arrival.state == store.WAITING).one()
    if waits >= tk.config["tzc.sensors.most_waiting"] or size + len(body) > tk.config["tzc.sensors.most_waiting_bytes"]:
        raise FullError
    arrival, before = _kept(source, way, kind, body)
    if before is not None:
        arrival.state, arrival.ended = store.DONE, store.now()
    return arrival


def _kept(source: store.Source, way: str, kind: str, body: bytes) -> tuple[store.Arrival, store.Arrival | None]:
    """The body, written down; and the arrival of before that was the same, if there is one that was taken."""
    definition = json.dumps(source.definition, sort_keys=True).encode()  # another mapping reads the same body otherwise
    digest = hashlib.sha256(b"\0".join((kind.encode(), definition, body))).digest()
    asked = model.Session.query(store.Arrival).filter_by(source=source.id, digest=digest, state=store.DONE)
    before: store.Arrival | None = asked.order_by(store.Arrival.id).first()
    arrival = store.Arrival(
        source=source.id, received=store.now(), way=way, kind=kind, body=b"" if before is not None else zstandard.compress(body), digest=digest, bytes=len(body),
        state=store.WAITING, attempts=0, observations=0, new=0, changed=0, rejected=0,
    )  # fmt: skip
    model.Session.add(arrival)
    model.Session.flush()
    source.seen = arrival.received
    return arrival, before


def _decode(source: store.Source, arrival: store.Arrival, body: bytes) -> None:
    arrival.attempts += 1
    try:
        decoded = DECODERS[arrival.kind](body, source.definition)
        with model.Session.begin_nested():
            streams = STREAMS.get(arrival.kind, making.named)(source, decoded)
            taken = taking.take(source, decoded, partitions.microseconds(arrival.received), streams)
    except BatchError as error:
        arrival.state, arrival.ended, arrival.code, arrival.parameters = store.REFUSED, store.now(), error.code, error.parameters
        return
    arrival.observations = len(decoded) + len(decoded.rejected) + decoded.left_out
    arrival.new, arrival.changed = taken.written.new, taken.written.changed
    arrival.rejected, arrival.listed = taken.refused, taking.listed(taken.rejected)
    arrival.state, arrival.ended, arrival.code, arrival.parameters = store.DONE, store.now(), None, None


def pulled(source: store.Source, kind: str, body: bytes, decoded: Decoded) -> tuple[store.Arrival, writing.Written]:
    """Store what was asked for and is decoded already, and keep it as it came, in this transaction. What the source says again is taken again: it may have said something else
    meanwhile; its body is kept again only where that changed anything. Does not commit.
    """
    arrival, before = _kept(source, PULL, kind, body)
    taken = taking.take(source, decoded, partitions.microseconds(arrival.received), STREAMS.get(kind, making.named)(source, decoded))
    if before is not None and (taken.written.new or taken.written.changed):
        arrival.body = zstandard.compress(body)
    arrival.observations = len(decoded) + len(decoded.rejected) + decoded.left_out
    arrival.new, arrival.changed = taken.written.new, taken.written.changed
    arrival.rejected, arrival.listed = taken.refused, taking.listed(taken.rejected)
    arrival.attempts, arrival.state, arrival.ended = 1, store.DONE, store.now()
    return arrival, taken.written


def drain(most: int = 100) -> int:
    """Decode what waits, each by itself, the longest waiting first; how many. Commits."""
    done = 0
    while done < most:
        arrival = model.Session.query(store.Arrival).filter_by(state=store.WAITING).order_by(store.Arrival.id).with_for_update(skip_locked=True).first()
        if arrival is None:
            model.Session.rollback()
            break
        _drained(arrival)
        done += 1
    return done


def _drained(arrival: store.Arrival) -> None:
    """A body that breaks its decoder or the store is tried again some times, then shown as refused; the others go on."""
    id_ = arrival.id
    try:
        source = store.source(arrival.source)
        assert source is not None, "an arrival goes with its source"
        _decode(source, arrival, zstandard.decompress(arrival.body))
        model.Session.commit()
    except Exception as error:  # a fault of ours must not hold up other sources; where a server is away, what waits stays
        model.Session.rollback()
        if outages.is_outage(error):
            raise
        log.exception("Arrival %s could not be decoded", id_)
        row = model.Session.get(store.Arrival, id_)
        row.attempts += 1
        if row.attempts >= MOST_ATTEMPTS:
            row.state, row.ended, row.code = store.REFUSED, store.now(), "broken"
        model.Session.commit()


def replay(source: store.Source, since: dt.datetime, until: dt.datetime) -> int:
    """Decode again what came within a time, as it came; how many bodies. Does not commit."""
    within = (store.Arrival.received >= since, store.Arrival.received < until)
    rows = model.Session.query(store.Arrival).filter(store.Arrival.source == source.id, *within, store.Arrival.state != store.WAITING, sa.func.length(store.Arrival.body) > 0)
    count = 0
    for arrival in rows.order_by(store.Arrival.id).yield_per(50):
        _decode(source, arrival, zstandard.decompress(arrival.body))
        count += 1
    return count


def forget(days: int) -> int:
    """Remove what came longer ago and is decoded. How many. Does not commit."""
    old = sa.delete(store.Arrival).where(store.Arrival.received < store.now() - dt.timedelta(days=days), store.Arrival.state != store.WAITING)
    done: Any = model.Session.execute(old.execution_options(synchronize_session=False))
    return int(done.rowcount)


__all__ = ["DECODERS", "FILE", "HTTP", "MQTT", "PULL", "Decoder", "FullError", "drain", "forget", "pulled", "queue", "receive", "replay"]
