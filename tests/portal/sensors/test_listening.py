"""Brokers are read: what is acknowledged is stored, once, whatever is killed. With mosquitto, where it is on the machine; what needs sessions that last is skipped without it."""
from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import brokers
from tests.certificates import Authority

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

lasting = pytest.mark.skipif(brokers.mosquitto() is None, reason="mosquitto is not on this machine, and the wheel's broker keeps no sessions")
MAPPING = {"thing": "$topic.1", "time": "at", "written": "ms", "create": True, "values": [{"path": "v", "name": "level", "property": "water_level", "unit": "m"}]}
START = 1_778_068_800_000
Make = Callable[..., dict[str, Any]]


@pytest.fixture
def connect(dataset: dict[str, Any]) -> Make:
    """A source that reads a broker; made by an administrator, as it leads inside."""
    import ckan.plugins.toolkit as tk
    from ckan.tests import factories

    def make(port: int, **fields: Any) -> dict[str, Any]:
        given = {"kind": "mqtt", "name": "Port", "address": f"mqtt://127.0.0.1:{port}", "topics": ["port/+/up"], "format": "json", "mapping": MAPPING, "dataset": dataset["id"], **fields}
        made: dict[str, Any] = tk.get_action("tzc_sensor_source_create")({"user": factories.Sysadmin()["name"]}, given)
        return made

    return make


@pytest.fixture
def listening() -> Iterator[Callable[[], Any]]:
    """Read all brokers, in threads, until the test ends or stops it."""
    from ckanext.tzc.sensors.listening import Listeners

    running: list[Listeners] = []

    def start() -> Any:
        listeners = Listeners()
        listeners.look()
        running.append(listeners)
        return listeners

    yield start
    for listeners in running:
        listeners.stop()


def messages(count: int, first: int = 0) -> list[tuple[str, bytes]]:
    """Of three gauges, a second after another."""
    return [(f"port/quai-{number % 3}/up", json.dumps({"at": START + number * 1000, "v": number / 8}).encode()) for number in range(first, first + count)]


def stored() -> list[tuple[Any, ...]]:
    import ckan.model as model
    import sqlalchemy as sa

    model.Session.rollback()
    asked = "SELECT s.external, (extract(epoch FROM o.time) * 1000)::bigint, o.result FROM tzc_sensors_observation o JOIN tzc_sensors_stream s ON s.id = o.stream ORDER BY o.time, s.external"
    return [tuple(row) for row in model.Session.execute(sa.text(asked)).all()]


def expected(count: int) -> list[tuple[Any, ...]]:
    return [(f"quai-{number % 3}/level", START + number * 1000, number / 8) for number in range(count)]


def until(true: Callable[[], bool], seconds: float = 90) -> None:
    """Wait for something to come about."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.05)


def of(stream: str) -> Callable[[], bool]:
    """Whether something of a stream is stored."""
    return lambda: stream in {row[0] for row in stored()}


def subscribed(source: dict[str, Any]) -> bool:
    """Whether a listener has said that it reads."""
    import ckan.model as model
    from ckanext.tzc.sensors import store

    model.Session.rollback()
    model.Session.expire_all()
    row = store.source(source["id"])
    return row is not None and row.trouble is None


def unread(source: dict[str, Any]) -> None:
    """So that `subscribed` tells of the next listener."""
    import ckan.model as model
    from ckanext.tzc.sensors import store

    row = store.source(source["id"])
    assert row is not None
    row.trouble = "no_answer"
    model.Session.commit()


def test_messages_are_stored_and_what_is_odd_is_listed(connect: Make, listening: Any, tmp_path: Path) -> None:
    import ckan.model as model
    from ckanext.tzc.sensors import store

    with brokers.running(tmp_path) as broker:
        source = connect(broker.port)
        unread(source)
        listening()
        until(lambda: subscribed(source))
        brokers.publish(broker.port, [*messages(50), ("port/quai-1/up", b"{"), ("port/x/y/up", b"1"), *messages(50, 50)])
        until(lambda: len(stored()) == 100)
        assert stored() == expected(100)
        until(lambda: sum(len(row.listed or []) for row in model.Session.query(store.Arrival).all()) == 1)
        listed = [row for arrival in model.Session.query(store.Arrival).all() for row in arrival.listed or []]
        assert [(row["code"], row["shown"]) for row in listed] == [("shape", "port/quai-1/up {")]
        assert {arrival.way for arrival in model.Session.query(store.Arrival).all()} == {"mqtt"}


def test_a_kept_message_is_taken_once(connect: Make, listening: Any, tmp_path: Path) -> None:
    """It comes again at each subscription, without a time of its own."""
    untimed = {**MAPPING, "time": ""}
    with brokers.running(tmp_path) as broker:
        source = connect(broker.port, mapping=untimed)
        brokers.publish(broker.port, [("port/quai-1/up", b'{"v": 1}')], retain=True)
        for gauge in ("quai-2", "quai-3"):
            unread(source)
            listeners = listening()
            until(lambda: subscribed(source))
            until(lambda: len(stored()) >= 1)
            brokers.publish(broker.port, [(f"port/{gauge}/up", b'{"v": 2}')])
            until(of(f"{gauge}/level"))
            listeners.stop()
        assert [row[2] for row in stored() if row[0] == "quai-1/level"] == [1.0]


def test_a_message_that_is_kept_when_it_was_heard_is_taken_once(connect: Make, listening: Any, tmp_path: Path) -> None:
    """The broker does not say of what is published while it is listened to that it keeps it, and sends it again at the next subscription."""
    with brokers.running(tmp_path) as broker:
        source = connect(broker.port, mapping={**MAPPING, "time": ""})
        for gauge, values in (("quai-2", (1, 3)), ("quai-3", ())):
            unread(source)
            listeners = listening()
            until(lambda: subscribed(source))
            for value in values:
                brokers.publish(broker.port, [("port/quai-1/up", b'{"v": %d}' % value)], retain=True)
            brokers.publish(broker.port, [(f"port/{gauge}/up", b'{"v": 2}')])
            until(of(f"{gauge}/level"))
            listeners.stop()
        assert [row[2] for row in stored() if row[0] == "quai-1/level"] == [1.0, 3.0]


@lasting
def test_nothing_is_acknowledged_before_the_commit(connect: Make, listening: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit that fails leaves the messages with the broker: they come again, and are stored once."""
    from ckanext.tzc.sensors import listening as module

    with brokers.running(tmp_path) as broker:
        source = connect(broker.port)
        unread(source)
        right, failures = module.keep, []

        def breaking(batches: Any) -> None:
            if len(failures) < 2:
                failures.append(sum(len(each) for _kind, each in batches.values()))
                raise RuntimeError("the disk is full")
            right(batches)

        monkeypatch.setattr(module, "keep", breaking)
        listening()
        until(lambda: subscribed(source))
        brokers.publish(broker.port, messages(200))
        until(lambda: len(stored()) == 200)
        assert stored() == expected(200)
        assert len(failures) == 2 and all(failures)


@lasting
def test_the_database_goes_away(connect: Make, listening: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections end in the middle of a batch, again and again: each message is stored, once."""
    import ckan.model as model
    import ckan.plugins.toolkit as tk
    import sqlalchemy as sa
    from ckanext.tzc.sensors import listening as module

    monkeypatch.setitem(tk.config, "tzc.sensors.batch_messages", 50)
    right, rounds = module.arrivals.receive, []

    def cut(*given: Any) -> Any:
        done = right(*given)
        rounds.append(1)
        if len(rounds) in (2, 3, 5):
            pid = model.Session.execute(sa.text("SELECT pg_backend_pid()")).scalar()
            with model.meta.engine.connect() as other:
                other.execute(sa.text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        return done

    monkeypatch.setattr(module.arrivals, "receive", cut)
    with brokers.running(tmp_path) as broker:
        source = connect(broker.port)
        unread(source)
        listening()
        until(lambda: subscribed(source))
        brokers.publish(broker.port, messages(400))
        until(lambda: len(stored()) == 400)
    assert stored() == expected(400)
    assert len(rounds) > 8


@lasting
def test_a_flood_is_held_back(connect: Make, listening: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much comes, no more than a batch is held at once; what waits is the broker's."""
    import ckan.plugins.toolkit as tk
    from ckanext.tzc.sensors import listening as module

    monkeypatch.setitem(tk.config, "tzc.sensors.batch_messages", 100)
    held: list[int] = []
    right = module.Listener._store

    def noting(self: Any, connection: Any) -> None:
        held.append(len(self._came))
        right(self, connection)

    monkeypatch.setattr(module.Listener, "_store", noting)
    with brokers.running(tmp_path, inflight=0) as broker:
        source = connect(broker.port)
        unread(source)
        listening()
        until(lambda: subscribed(source))
        brokers.publish(broker.port, messages(3000))
        until(lambda: len(stored()) == 3000)
    assert stored() == expected(3000)
    assert max(held) == 100


@lasting
def test_with_a_password_and_a_certificate(connect: Make, listening: Any, partner: dict[str, Any], tmp_path: Path) -> None:
    import ckan.model as model
    import ckan.plugins.toolkit as tk
    from ckanext.tzc.sensors import store

    authority = Authority(tmp_path / "authority")
    certificate = authority.certificate("127.0.0.1", 30)
    with brokers.running(tmp_path / "broker", tls=certificate, user=("port", "a password")) as broker:
        tk.get_action("tzc_credential_set")({"user": partner["editor"]}, {"partner": partner["id"], "name": "broker", "host": f"127.0.0.1:{broker.port}", "kind": "basic", "user": "port", "password": "a password"})
        secure = {"address": f"mqtts://127.0.0.1:{broker.port}", "ca": authority.file.read_text()}
        unknown = connect(broker.port, address=secure["address"], credential="broker", topics=["a"])
        listeners = listening()
        until(lambda: not subscribed(unknown))
        assert model.Session.get(store.Source, unknown["id"]).trouble == "certificate"
        listeners.stop()
        tk.get_action("tzc_sensor_source_remove")({"user": partner["editor"]}, {"id": unknown["id"]})
        nobody = connect(broker.port, **secure)
        listeners = listening()
        until(lambda: not subscribed(nobody))
        assert model.Session.get(store.Source, nobody["id"]).trouble == "login"
        listeners.stop()
        tk.get_action("tzc_sensor_source_update")({"user": partner["editor"]}, {"id": nobody["id"], "paused": True})
        source = connect(broker.port, credential="broker", **secure)
        unread(source)
        listening()
        until(lambda: subscribed(source))


def test_what_breaks_its_decoder_holds_up_nobody(connect: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits in the queue, as it came, and is stored when the decoder was mended; what was kept at the broker counts as taken."""
    from ckanext.tzc.sensors import arrivals
    from ckanext.tzc.sensors.broker import Came
    from ckanext.tzc.sensors.listening import keep

    source = connect(1883)
    came = [Came(topic, payload, number == 1, 0, number, 1) for number, (topic, payload) in enumerate(messages(3))]
    right = arrivals.DECODERS["mqtt.json"]
    monkeypatch.setitem(arrivals.DECODERS, "mqtt.json", lambda *_given: 1 // 0)
    keep({source["id"]: ("mqtt.json", came)})
    assert stored() == []
    monkeypatch.setitem(arrivals.DECODERS, "mqtt.json", right)
    assert arrivals.drain() == 1
    assert stored() == expected(3)
    keep({source["id"]: ("mqtt.json", came[1:2])})
    assert arrivals.drain() == 0 and stored() == expected(3)


def test_an_internal_address_needs_an_administrator(connect: Make, listening: Any, partner: dict[str, Any], dataset: dict[str, Any], tmp_path: Path) -> None:
    import ckan.model as model
    import ckan.plugins.toolkit as tk
    from ckanext.tzc.sensors import store

    given = {"kind": "mqtt", "name": "Port", "address": "mqtt://127.0.0.1:1883", "topics": ["a"], "format": "json", "mapping": MAPPING, "dataset": dataset["id"]}
    with pytest.raises(tk.ValidationError) as caught:
        tk.get_action("tzc_sensor_source_create")({"user": partner["editor"]}, given)
    assert list(caught.value.error_dict) == ["address"]
    with brokers.running(tmp_path) as broker:
        source = connect(broker.port)
        row = store.source(source["id"])
        assert row is not None and row.internal
        row.internal = False
        model.Session.commit()
        listening()
        until(lambda: not subscribed(source))
        assert model.Session.get(store.Source, source["id"]).trouble == "inner"


def test_sources_come_and_go(connect: Make, listening: Any, partner: dict[str, Any], tmp_path: Path) -> None:
    import ckan.plugins.toolkit as tk

    with brokers.running(tmp_path) as broker:
        source = connect(broker.port)
        listeners = listening()
        assert len(listeners.running) == 1
        tk.get_action("tzc_sensor_source_update")({"user": partner["editor"]}, {"id": source["id"], "paused": True})
        listeners.look()
        assert listeners.running == {}
        tk.get_action("tzc_sensor_source_update")({"user": partner["editor"]}, {"id": source["id"], "paused": False, "topics": ["port/quai-1/up"]})
        listeners.look()
        (listener, _thread), = listeners.running.values()
        assert listener.what.topics == ["port/quai-1/up"]


@lasting
def test_whoever_is_killed(connect: Make, tmp_path: Path) -> None:
    """kill −9 of the listener and of the broker, in the middle: what was published and confirmed is there, once."""
    command = [sys.executable, "-m", "tzc_stack.ckan_command", "tzc", "sensors", "listen"]

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, env=dict(os.environ), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    with brokers.running(tmp_path, careful=True, inflight=50) as broker:
        source = connect(broker.port)
        unread(source)
        listener = start()
        try:
            until(lambda: subscribed(source))
            publisher = threading.Thread(target=brokers.publish, args=(broker.port, messages(600)))
            publisher.start()
            until(lambda: len(stored()) > 50)
            listener.kill()
            listener.wait()
            publisher.join()
            listener = start()
            until(lambda: len(stored()) == 600)
            broker.kill()
            broker.start()
            unread(source)
            until(lambda: subscribed(source))
            brokers.publish(broker.port, messages(200, 600))
            until(lambda: len(stored()) == 800)
        finally:
            listener.kill()
            listener.wait()
    assert stored() == expected(800)
