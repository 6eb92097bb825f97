"""Sources that are read from brokers: one connection a broker and credential, each in a thread of its own; batches are stored, then acknowledged."""
from __future__ import annotations

import dataclasses
import hashlib
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckanext.tzc.common import outages

from tzc.sensors.batching import Batch, matches
from tzc.sensors.protocols import frames

from . import arrivals, sessions, store, writing
from .broker import BrokerError, Came, Connection, Place

log = logging.getLogger(__name__)

LOOK = 5.0
"""Seconds between two looks for other sources."""

IDLE = 0.25
PAUSES = (1.0, 60.0)
"""Seconds before another try: at first, at most."""

MOST_KNOWN = 100_000
"""Messages that are stored and could not be acknowledged, of which it is remembered."""


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What is read from one broker: which sources want which topics."""

    place: Place
    sources: tuple[tuple[str, tuple[str, ...], str], ...]
    """Each source's id, topics and the kind of its messages."""

    @property
    def topics(self) -> list[str]:
        """All that is subscribed to."""
        return sorted({topic for _id, topics, _kind in self.sources for topic in topics})


def wanted() -> tuple[dict[str, Wanted], set[tuple[str, str, str]]]:
    """What is to be read now, by the name of our session; and partner, address and credential of what cannot be, which is noted at its source. Commits."""
    found: dict[str, Wanted] = {}
    unsure = set()
    rows = model.Session.query(store.Source).filter_by(kind=sessions.KIND, paused=False, allowed=True).order_by(store.Source.id).all()
    for row in rows:
        try:
            place = sessions.place(row.partner, row.definition, internal=row.internal)
        except BrokerError as error:
            note(row.id, error)
            unsure.add((row.partner, str(row.definition["address"]), str(row.definition.get("credential") or "")))
            continue
        name = sessions.name(place, row.partner)
        source = (row.id, tuple(row.definition["topics"]), f"mqtt.{row.definition['format']}")
        before = found[name].sources if name in found else ()
        found[name] = Wanted(place, (*before, source))
    model.Session.commit()
    return found, unsure


def note(source: str, error: BrokerError | None) -> None:
    """Note at a source that it is in trouble, or is no more. Does not commit."""
    row = store.source(source)
    if row is None or row.trouble == (error.code if error else None):
        return
    row.trouble, row.parameters = (error.code, {"detail": error.detail}) if error else (None, None)
    row.since = store.now()


class Listener:
    """Reads one broker until it is told to stop. One that breaks is tried again after a pause that grows."""

    def __init__(self, name: str, what: Wanted) -> None:
        self.name, self.what = name, what
        self.stopped = threading.Event()
        self.stored = 0
        self._levels = {id_: [topic.split("/") for topic in topics] for id_, topics, _kind in what.sources}
        self._routes: dict[str, tuple[str, ...]] = {}
        self._batch = Batch(tk.config["tzc.sensors.batch_messages"], tk.config["tzc.sensors.batch_milliseconds"] / 1000)
        self._came: list[Came] = []
        self._kept: set[tuple[int, str, bytes]] = set()

    def run(self) -> None:
        """Read, in this thread."""
        pause = PAUSES[0]
        while not self.stopped.is_set():
            try:
                self._connected()
                pause = PAUSES[0]
            except BrokerError as error:
                log.warning("The broker %s cannot be read: %s", self.what.place.host, error)
                self._noted(error)
            except Exception as error:  # the thread must outlive a fault of one batch: what is not acknowledged comes again
                if not outages.is_outage(error):
                    log.exception("Messages of %s could not be stored", self.what.place.host)
            finally:
                model.Session.remove()
            self.stopped.wait(pause)
            pause = min(pause * 2, PAUSES[1])

    def _noted(self, error: BrokerError | None) -> None:
        try:
            for id_, _topics, _kind in self.what.sources:
                note(id_, error)
            model.Session.commit()
        except sa.exc.DBAPIError as broken:
            model.Session.rollback()
            log.warning("What became of the broker %s could not be noted: %s", self.what.place.host, broken)

    def _connected(self) -> None:
        self._came.clear()
        self._batch.empty()
        source = store.source(self.what.sources[0][0])
        if source is None:
            return  # it was removed just now: the next look ends this
        connection = Connection(self.what.place, self.name, self.what.topics, self._hear, sessions.opens(self.name, source, self.what.topics))
        try:
            connection.open()
            noted = False
            while not self.stopped.is_set():
                if connection.subscribed and not noted:
                    sessions.subscribed(self.name, self.what.topics)
                    self._noted(None)
                    noted = True
                connection.step(self._batch.wait(time.monotonic(), IDLE), self._batch.room)
                if self._batch.full(time.monotonic()):
                    self._store(connection)
            if self._came:
                self._store(connection)
        except BrokerError:
            # the broker may be gone with what it kept for us: what was read is not thrown away
            self._keep()
            raise
        finally:
            connection.close()

    def _keep(self) -> None:
        """Store what came and can no longer be acknowledged: it is known when it comes again."""
        messages = list(self._came)
        self._came.clear()
        keep(self._routed(self._fresh(messages)))
        self._known(messages)

    def _known(self, messages: Sequence[Came]) -> set[tuple[int, str, bytes]]:
        """Remember what is stored until the broker knows it, too; by what it is known again."""
        if len(self._kept) > MOST_KNOWN:
            self._kept.clear()
        marks = {_mark(message) for message in messages if message.qos}
        self._kept |= marks
        return marks

    def _fresh(self, messages: Sequence[Came]) -> list[Came]:
        """Without what is stored already, as it could not be acknowledged."""
        return [message for message in messages if not (message.again and _mark(message) in self._kept)]

    def _hear(self, message: Came) -> None:
        self._came.append(message)
        self._batch.add(len(message.payload), time.monotonic())

    def _store(self, connection: Connection) -> None:
        """Store what came, then acknowledge it. What cannot be stored is not: it comes again when the connection is made anew."""
        messages = list(self._came)
        keep(self._routed(self._fresh(messages)))
        marks = self._known(messages)
        self._came.clear()
        self._batch.empty()
        connection.acknowledge(messages)
        self._kept -= marks
        self.stored += len(messages)

    def _routed(self, messages: Sequence[Came]) -> dict[str, tuple[str, list[Came]]]:
        kinds = {id_: kind for id_, _topics, kind in self.what.sources}
        found: dict[str, tuple[str, list[Came]]] = {}
        for message in messages:
            for id_ in self._route(message.topic):
                found.setdefault(id_, (kinds[id_], []))[1].append(message)
        return found

    def _route(self, topic: str) -> tuple[str, ...]:
        """The sources that want a topic."""
        known = self._routes.get(topic)
        if known is None:
            levels = topic.split("/")
            known = tuple(id_ for id_, patterns in self._levels.items() if any(matches(pattern, levels) for pattern in patterns))
            if len(self._routes) < 100_000:
                self._routes[topic] = known
        return known


def _mark(message: Came) -> tuple[int, str, bytes]:
    """What tells a message that comes again from another one."""
    return message.mid, message.topic, hashlib.sha256(message.payload).digest()


Batches = Mapping[str, tuple[str, list[Came]]]
"""By source: the kind of its messages, and what came."""


def keep(batches: Batches) -> None:
    """Store messages, by their sources, all or none. What breaks its decoder is kept for `sensors-work`, which tries it by itself: it must not hold up what follows. Commits."""
    for attempt in (1, 2):
        try:
            _put(batches, arrivals.receive)
            return
        except writing.UnknownStreamError:
            # a stream was removed meanwhile: looked for anew, it is not there
            model.Session.rollback()
            if attempt == 2:
                raise
        except Exception as error:  # a fault of ours; where a server is away the broker keeps the messages
            model.Session.rollback()
            if outages.is_outage(error):
                raise
            log.exception("Messages could not be decoded")
            _put(batches, arrivals.queue)
            return


def _put(batches: Batches, put: Callable[[store.Source, str, str, bytes], store.Arrival]) -> None:
    for id_, (kind, messages) in sorted(batches.items()):
        source = store.source(id_)
        if source is None:
            continue  # it was removed meanwhile: nobody wants them
        fresh = [message for message in messages if not message.retained or _first(id_, message)]
        if fresh:
            put(source, arrivals.MQTT, kind, frames.packed([frames.Frame(each.topic, each.payload, each.received) for each in fresh]))
            if kind == "mqtt.json" and not (source.definition.get("mapping") or {}).get("time"):
                _remember(id_, fresh)
    model.Session.commit()


_RETAINED = sa.text(
    "INSERT INTO tzc_sensors_retained AS r (source, topic, digest) VALUES (:source, :topic, :digest) ON CONFLICT (source, topic) DO UPDATE SET digest = EXCLUDED.digest "
    "WHERE r.digest <> EXCLUDED.digest RETURNING topic"
)


_LAST = sa.text(
    "INSERT INTO tzc_sensors_retained AS r (source, topic, digest) SELECT :source, * FROM unnest(CAST(:topics AS text[]), CAST(:digests AS bytea[])) "
    "ON CONFLICT (source, topic) DO UPDATE SET digest = EXCLUDED.digest WHERE r.digest <> EXCLUDED.digest"
)


def _first(source: str, message: Came) -> bool:
    """Whether a message that the broker had kept was not taken yet: it comes at each subscription."""
    return model.Session.execute(_RETAINED, {"source": source, "topic": _topic(message), "digest": _digest(message)}).first() is not None


def _remember(source: str, messages: Sequence[Came]) -> None:
    """Which message of each topic was the last: what comes as it is published does not say that the broker keeps it, and comes again at the next subscription, where without a
    time of its own it would be another observation.
    """
    last = {_topic(message): _digest(message) for message in messages if not message.retained}
    if last:
        model.Session.execute(_LAST, {"source": source, "topics": list(last), "digests": list(last.values())})


def _topic(message: Came) -> str:
    return message.topic.replace("\0", "")


def _digest(message: Came) -> bytes:
    return hashlib.sha256(message.payload).digest()


class Listeners:
    """One for each broker that is to be read; they come and go with the sources."""

    def __init__(self) -> None:
        self.running: dict[str, tuple[Listener, threading.Thread]] = {}
        self._due: dict[str, Any] = {}

    def look(self) -> None:
        """Bring them up to date with the sources; sessions that nothing reads any more are ended."""
        now, unsure = wanted()
        for name, (listener, thread) in list(self.running.items()):
            if listener.what != now.get(name) or not thread.is_alive():
                self._stop(name)
        for name, what in now.items():
            if name not in self.running:
                listener = Listener(name, what)
                thread = threading.Thread(target=listener.run, name=f"mqtt {what.place.host}", daemon=True)
                self.running[name] = listener, thread
                thread.start()
        sessions.end(now, unsure, self._due)

    def _stop(self, name: str) -> None:
        listener, thread = self.running.pop(name)
        listener.stopped.set()
        thread.join(30)

    def stop(self) -> None:
        """Store what came, and end."""
        for listener, _thread in self.running.values():
            listener.stopped.set()
        for name in list(self.running):
            self._stop(name)


def listen(stopped: threading.Event, look: float = LOOK) -> None:
    """Until it is told to stop."""
    listeners = Listeners()
    try:
        while not stopped.is_set():
            try:
                listeners.look()
            except Exception as error:  # the database may be away: who listens goes on
                model.Session.rollback()
                if not outages.is_outage(error):
                    raise
                log.warning("The database does not answer: %s", error)
            finally:
                model.Session.remove()
            stopped.wait(look)
    finally:
        listeners.stop()

