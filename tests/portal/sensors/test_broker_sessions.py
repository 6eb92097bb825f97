"""Our sessions at brokers: one lasts as long as something is read from it, over breaks and restarts; then it is ended there, so that no broker keeps messages for nobody."""
from __future__ import annotations

import datetime as dt
import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests import brokers
from tests.portal.sensors.test_listening import MAPPING, connect, expected, lasting, listening, messages, stored, subscribed, unread, until

__all__ = ["connect", "listening"]

pytestmark = [pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context"), lasting]

Make = Callable[..., dict[str, Any]]


def present(port: int, name: str) -> bool:
    """Whether the broker keeps a session of this name. It has none afterwards."""
    told: list[bool] = []
    for clean in (False, True):
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=clean, protocol=paho.MQTTv311)
        client.on_connect = lambda _client, _data, flags, _reason, _properties: told.append(flags.session_present)
        client.connect("127.0.0.1", port)
        count = len(told)
        while len(told) == count:
            client.loop(1)
        client.disconnect()
        client.loop(1)
    return told[0]


def sessions() -> dict[str, Any]:
    """Those that are written down, with their topics."""
    import ckan.model as model
    from ckanext.tzc.sensors.sessions import Session

    model.Session.rollback()
    model.Session.expire_all()
    return {row.name: row.topics for row in model.Session.query(Session)}


@pytest.fixture
def act(partner: dict[str, Any]) -> Callable[..., Any]:
    """Do something with a source, as the partner's editor."""
    import ckan.plugins.toolkit as tk

    def call(what: str, source: dict[str, Any], **data: Any) -> Any:
        return tk.get_action(f"tzc_sensor_source_{what}")({"user": partner["editor"]}, {"id": source["id"], **data})

    return call


def reading(source: dict[str, Any], listening: Any) -> tuple[Any, str]:
    """The source is read; who reads, and the name of the session."""
    unread(source)
    listeners = listening()
    until(lambda: subscribed(source))
    (name,) = listeners.running
    return listeners, name


def test_a_session_lasts_over_a_stop(connect: Make, listening: Any, tmp_path: Path) -> None:
    with brokers.running(tmp_path) as broker:
        source = connect(broker.port)
        listeners, name = reading(source, listening)
        listeners.stop()
        assert sessions() == {name: ["port/+/up"]}
        brokers.publish(broker.port, messages(30))
        listening()
        until(lambda: len(stored()) == 30)
        assert stored() == expected(30)


@pytest.mark.parametrize("how", ["remove", "pause", "forbid"])
def test_what_nothing_reads_any_more_is_ended(connect: Make, listening: Any, act: Any, tmp_path: Path, how: str) -> None:
    import ckan.plugins.toolkit as tk
    from ckan.tests import factories

    with brokers.running(tmp_path) as broker:
        source = connect(broker.port)
        listeners, name = reading(source, listening)
        if how == "forbid":
            tk.get_action("tzc_sensor_source_allow")({"user": factories.Sysadmin()["name"]}, {"id": source["id"], "allowed": False, "internal": True})
        else:
            act("remove", source) if how == "remove" else act("update", source, paused=True)
        listeners.look()
        assert (listeners.running, sessions()) == ({}, {})
        assert present(broker.port, name) is False
        if how == "pause":
            brokers.publish(broker.port, messages(10))
            act("update", source, paused=False)
            unread(source)
            listeners.look()
            until(lambda: subscribed(source))
            brokers.publish(broker.port, messages(5, 10))
            until(lambda: len(stored()) == 5)
            assert stored() == expected(15)[10:], "what is published during a pause is not kept for it"


def test_a_source_that_leads_elsewhere(connect: Make, listening: Any, tmp_path: Path) -> None:
    import ckan.plugins.toolkit as tk
    from ckan.tests import factories

    with brokers.running(tmp_path / "one") as one, brokers.running(tmp_path / "two") as two:
        source = connect(one.port)
        listeners, before = reading(source, listening)
        tk.get_action("tzc_sensor_source_update")({"user": factories.Sysadmin()["name"]}, {"id": source["id"], "address": f"mqtt://127.0.0.1:{two.port}"})
        unread(source)
        listeners.look()
        until(lambda: subscribed(source))
        (after,) = listeners.running
        assert sessions() == {after: ["port/+/up"]} and after != before
        assert present(one.port, before) is False
        brokers.publish(two.port, messages(3))
        until(lambda: stored() == expected(3))


def test_topics_that_nobody_wants_are_unsubscribed(connect: Make, listening: Any, act: Any, tmp_path: Path) -> None:
    """Of one session that two sources share: the broker sends no more of the topics of the one that is paused."""
    with brokers.running(tmp_path) as broker:
        source, other = connect(broker.port), connect(broker.port, topics=["marais/+/up", "port/+/extra"])
        listeners, name = reading(source, listening)
        until(lambda: sessions() == {name: ["marais/+/up", "port/+/extra", "port/+/up"]})
        act("update", other, paused=True)
        unread(source)
        listeners.look()
        until(lambda: subscribed(source))
        assert sessions() == {name: ["port/+/up"]}
        ((listener, _thread),) = listeners.running.values()
        brokers.publish(broker.port, [("marais/a/up", b"1"), ("port/a/extra", b"1"), *messages(2)])
        until(lambda: len(stored()) == 2)
        until(lambda: listener.stored >= 2)
        assert listener.stored == 2


def test_a_source_in_trouble_keeps_its_session(connect: Make, listening: Any, partner: dict[str, Any], tmp_path: Path) -> None:
    """Its credential was taken away by mistake: what comes meanwhile is there when it is given again."""
    import ckan.plugins.toolkit as tk

    with brokers.running(tmp_path, user=("port", "a password")) as broker:
        given = {"partner": partner["id"], "name": "broker", "host": f"127.0.0.1:{broker.port}", "kind": "basic", "user": "port", "password": "a password"}
        tk.get_action("tzc_credential_set")({"user": partner["editor"]}, given)
        source = connect(broker.port, credential="broker")
        listeners, name = reading(source, listening)
        tk.get_action("tzc_credential_remove")({"user": partner["editor"]}, {"partner": partner["id"], "name": "broker"})
        listeners.look()
        assert listeners.running == {} and list(sessions()) == [name] and not subscribed(source)
        tk.get_action("tzc_credential_set")({"user": partner["editor"]}, given)
        listeners.look()
        until(lambda: subscribed(source))
        assert list(sessions()) == [name]


def test_a_broker_that_is_away_is_asked_again(connect: Make, listening: Any, act: Any, tmp_path: Path) -> None:
    import ckan.model as model
    from ckanext.tzc.sensors import store
    from ckanext.tzc.sensors.sessions import TRIED, Session

    with brokers.running(tmp_path, careful=True) as broker:
        source = connect(broker.port)
        listeners, name = reading(source, listening)
        brokers.publish(broker.port, messages(1))
        until(lambda: len(stored()) == 1)
        broker.kill()
        act("remove", source)
        listeners.look()
        assert list(sessions()) == [name]
        assert listeners._due[name][0] > store.now()
        broker.start()
        listeners.look()
        assert list(sessions()) == [name], "not before its pause is over"
        listeners._due.clear()
        listeners.look()
        assert sessions() == {} and listeners._due == {}
        assert present(broker.port, name) is False
        broker.kill()
        row = Session(name=name, partner="p", address=f"mqtt://127.0.0.1:{broker.port}", credential="", ca="", internal=True, topics=[], unwanted=store.now() - TRIED - dt.timedelta(seconds=1))
        model.Session.add(row)
        model.Session.commit()
        listeners.look()
        assert sessions() == {}, "after a week it is given up"


@pytest.mark.parametrize("careful", [True, False])
def test_what_was_read_when_a_broker_is_killed_is_stored_once(connect: Make, listening: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, careful: bool) -> None:
    """Messages without a time of their own, read and not yet acknowledged: a broker that forgets them has not lost them; one that sends them again does not double them."""
    import ckan.plugins.toolkit as tk
    from ckanext.tzc.sensors import listening as module

    # a silence ends no batch here
    monkeypatch.setattr(module, "Batch", functools.partial(module.Batch, idle=600))
    monkeypatch.setitem(tk.config, "tzc.sensors.batch_messages", 21)
    monkeypatch.setitem(tk.config, "tzc.sensors.batch_milliseconds", 600_000)
    with brokers.running(tmp_path, careful=careful) as broker:
        source = connect(broker.port, mapping={**MAPPING, "time": ""})
        listeners, _name = reading(source, listening)
        ((listener, _thread),) = listeners.running.values()
        brokers.publish(broker.port, [(f"port/quai-{number}/up", json.dumps({"v": number}).encode()) for number in range(20)])
        until(lambda: len(listener._came) == 20)
        assert stored() == []
        if careful:
            broker.save()
            until(lambda: b"quai-19" in (tmp_path / "mosquitto.db").read_bytes())
        broker.kill()
        until(lambda: len(stored()) == 20)
        first = stored()
        unread(source)
        broker.start()
        until(lambda: subscribed(source))
        if careful:
            brokers.publish(broker.port, [("port/quai-20/up", b'{"v": 20}')])
            until(lambda: len(stored()) == 21)
            assert [row for row in stored() if row[0] != "quai-20/level"] == first
            until(lambda: listener._kept == set())
