"""What `kill -9` of the database and of the broker does to what comes meanwhile by HTTP and MQTT: each answer of 2xx and each PUBACK is kept, whole and once."""
# ruff: noqa: S608 -- statements are put together of names of these tests
from __future__ import annotations

import contextlib
import itertools
import json
import threading
from collections import defaultdict
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
import requests
from paho.mqtt.enums import CallbackAPIVersion

from tests import brokers
from tests.stack.test_sensor_kills import asked, kill, wrong_hours

pytestmark = pytest.mark.stack

START = 1_767_225_600
"""The first moment of what is sent, in seconds."""

BODIES, ROWS, SENDERS = 120, 40, 3
MESSAGES = 800
KILLED_AT = 30
"""So many bodies, and a hundred messages, are taken before something is killed."""

MAPPING = {"thing": "$topic.1", "time": "at", "written": "s", "create": True, "values": [{"path": "v", "name": "level"}]}


class Sender:
    """Programs that send bodies of rows, each overlapping half of the one before. A body that was not answered with 2xx is sent again, but for each fifth, which is given up."""

    def __init__(self, address: str, key: str) -> None:
        self.address, self.headers = address, {"Authorization": f"Bearer {key}", "Content-Type": "text/csv"}
        self.acknowledged: set[int] = set()
        self.refusals: dict[int, list[int]] = defaultdict(list)
        self._threads = [threading.Thread(target=self._run, args=(place,), daemon=True) for place in range(SENDERS)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join(300)
            assert not thread.is_alive()

    @staticmethod
    def rows(number: int) -> list[tuple[str, int, float]]:
        """Of which stream, when, what: a sender has a stream, so that bodies of two share nothing."""
        place, first = number % SENDERS, number // SENDERS * ROWS // 2
        return [(f"s{place}", START + 60 * (first + row), place + (first + row) / 8) for row in range(ROWS)]

    def _run(self, place: int) -> None:
        pause = threading.Event()
        for number in range(place, BODIES, SENDERS):
            lines = "".join(f"{stream},{time},{result}\n" for stream, time, result in self.rows(number))
            while number not in self.acknowledged:
                with contextlib.suppress(requests.ConnectionError, requests.Timeout):
                    status = requests.post(self.address, data=f"stream,time,result\n{lines}", headers=self.headers, timeout=30).status_code
                    if status in (200, 201):
                        self.acknowledged.add(number)
                        break
                    self.refusals[number].append(status)
                if number // SENDERS % 5 == 4:
                    break
                pause.wait(0.2)


class Publisher:
    """Publishes messages one after another, each until the broker has confirmed it; at first up to a `gate`."""

    def __init__(self, port: int, gate: int = MESSAGES) -> None:
        self.port, self.gate, self.confirmed = port, gate, 0
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._thread.join(300)
        assert not self._thread.is_alive() and self.confirmed == MESSAGES

    @staticmethod
    def message(number: int) -> tuple[str, str]:
        return f"port/quai-{number % 3}/up", json.dumps({"at": START + number, "v": number / 8})

    def _run(self) -> None:
        pause, client = threading.Event(), None
        while self.confirmed < MESSAGES:
            if self.confirmed >= self.gate:
                pause.wait(0.01)
                continue
            try:
                if client is None:
                    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="publisher")
                    client.connect("127.0.0.1", self.port)
                    client.loop_start()
                sent = client.publish(*self.message(self.confirmed), qos=1)
                sent.wait_for_publish(5)
                if not sent.is_published():
                    raise OSError("no PUBACK came")
                self.confirmed += 1
            except (OSError, ValueError, RuntimeError):
                if client is not None:
                    client.loop_stop()
                client = None
                pause.wait(0.2)
        if client is not None:
            client.disconnect()
            client.loop_stop()


def running(own: Any) -> None:
    own.eventually(lambda: all(state["statename"] == "RUNNING" for state in own.supervisor.states().values()))


def made(own: Any, dataset: dict[str, Any], name: str, **fields: Any) -> dict[str, Any]:
    return dict(own.action("tzc_sensor_source_create", dataset=dataset["id"], name=name, **fields))


def values(own: Any, source: dict[str, Any]) -> list[tuple[str, int, float]]:
    """What is stored of a source: stream, seconds, result."""
    return asked(own, f"""
        SELECT s.external, extract(epoch FROM o.time)::bigint, o.result FROM tzc_sensors_observation AS o JOIN tzc_sensors_stream AS s ON s.id = o.stream
        WHERE s.source = '{source["id"]}' ORDER BY 2, 1""")


def settled(own: Any, source: dict[str, Any]) -> None:
    """Hours and counts are those of what is stored."""
    own.eventually(lambda: asked(own, "SELECT count(*) FROM tzc_sensors_unsettled") == [(0,)])
    of = f"stream IN (SELECT id FROM tzc_sensors_stream WHERE source = '{source['id']}')"
    assert wrong_hours(own, of) == 0
    assert asked(own, f"SELECT sum(observations) FROM tzc_sensors_state WHERE {of}") == asked(own, f"SELECT count(*) FROM tzc_sensors_observation WHERE {of}")


def expected_messages(count: int = MESSAGES) -> list[tuple[str, int, float]]:
    return [(f"quai-{number % 3}/level", START + number, number / 8) for number in range(count)]


@pytest.mark.parametrize("with_broker", [pytest.param(True, marks=pytest.mark.skipif(brokers.mosquitto() is None, reason="mosquitto is not on this machine")), False])
def test_the_database_is_killed_while_both_come(own: Any, dataset: dict[str, Any], tmp_path: Path, with_broker: bool) -> None:
    running(own)
    push = made(own, dataset, "sent", kind="push", mapping={"create": True, "written": "s"})
    key = own.action("tzc_sensor_key_create", id=push["id"])["key"]
    sender = Sender(f"{own.settings.web_url}/api/tzc/sensors/{push['id']}/observations", key)
    with brokers.running(tmp_path, inflight=50) if with_broker else contextlib.nullcontext() as broker:
        if broker is not None:
            read = made(own, dataset, "read", kind="mqtt", address=f"mqtt://127.0.0.1:{broker.port}", topics=["port/+/up"], format="json", mapping=MAPPING)
            own.eventually(lambda: asked(own, f"SELECT topics FROM tzc_sensors_session WHERE address LIKE '%:{broker.port}'") == [(["port/+/up"],)])
            brokers.publish(broker.port, [Publisher.message(0)])
            own.eventually(lambda: len(values(own, read)) == 1)
            publisher = Publisher(broker.port)
            publisher.start()
        sender.start()
        own.eventually(lambda: len(sender.acknowledged) >= KILLED_AT and (broker is None or len(values(own, read)) >= 100))
        kill(own, "postgres")
        sender.join()
        if broker is not None:
            publisher.join()
            own.eventually(lambda: len(values(own, read)) == MESSAGES)
            assert values(own, read) == expected_messages()
            settled(own, read)
            own.action("tzc_sensor_source_remove", id=read["id"])
            own.eventually(lambda: asked(own, "SELECT count(*) FROM tzc_sensors_session") == [(0,)])
    refused = {status for statuses in sender.refusals.values() for status in statuses}
    assert refused and min(refused) >= 500, "who sends is told to come again, not that it is wrong"
    assert refused <= {503}
    running(own)
    stored = set(values(own, push))
    owed = {row for number in sender.acknowledged for row in Sender.rows(number)}
    assert owed <= stored, "what was answered with 2xx is there"
    for number in set(range(BODIES)) - sender.acknowledged:
        mine = set(Sender.rows(number)) - owed
        assert mine <= stored or not mine & stored, "a body that was not answered is there as a whole, or not at all"
        owed |= mine & stored
    assert stored == owed
    settled(own, push)


@pytest.mark.skipif(brokers.mosquitto() is None, reason="mosquitto is not on this machine, and the wheel's broker keeps no sessions")
def test_the_broker_is_killed_in_mid_stream(own: Any, dataset: dict[str, Any], tmp_path: Path) -> None:
    running(own)
    with brokers.running(tmp_path, careful=True, inflight=50) as broker:
        read = made(own, dataset, "mid-stream", kind="mqtt", address=f"mqtt://127.0.0.1:{broker.port}", topics=["port/+/up"], format="json", mapping=MAPPING)
        brokers.publish(broker.port, [Publisher.message(0)], retain=True)
        own.eventually(lambda: len(values(own, read)) == 1)
        gates = [count // 5 for count in (MESSAGES, 2 * MESSAGES, 3 * MESSAGES)]
        publisher = Publisher(broker.port, gates[0])
        publisher.start()
        for gate, following in itertools.pairwise([*gates, MESSAGES]):
            own.eventually(lambda gate=gate: publisher.confirmed >= gate)
            # mosquitto confirms a message before it is on its disk: what it loses then is none of ours
            last, row = Publisher.message(gate - 1)[1].encode(), expected_messages(gate)[-1]
            broker.save()
            own.eventually(lambda last=last, row=row: last in (tmp_path / "mosquitto.db").read_bytes() or row in values(own, read))
            publisher.gate = following
            broker.kill()
            broker.start()
        publisher.join()
        own.eventually(lambda: len(values(own, read)) == MESSAGES)
        assert values(own, read) == expected_messages()
        settled(own, read)
        own.action("tzc_sensor_source_remove", id=read["id"])
        own.eventually(lambda: asked(own, "SELECT count(*) FROM tzc_sensors_session") == [(0,)])
