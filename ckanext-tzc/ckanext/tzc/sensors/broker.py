"""A connection to a broker of MQTT: read by hand, so that nothing is read while a batch is stored, and acknowledged by hand, after the commit.

The session outlives the connection (clean_session is off): what was not acknowledged is sent again, in its order. Names are looked up here once, and lead to the public internet
only where no administrator said otherwise; the certificate is checked for the name.
"""
from __future__ import annotations

import hashlib
import select
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import certifi
import paho.mqtt.client as paho
from ckanext.tzc.harvesters.http import is_public
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

CONNECT_SECONDS = 10
KEEPALIVE = 60


class BrokerError(Exception):
    """The broker cannot be read; `code` says why."""

    def __init__(self, code: str, detail: str = "") -> None:
        self.code, self.detail = code, detail[:300]
        super().__init__(f"{code} {detail}".strip())


class Came(NamedTuple):
    """A message as it came; `retained`: the broker had kept it from before the subscription; `again`: it says that it sent it before."""

    topic: str
    payload: bytes
    retained: bool
    received: int
    mid: int
    qos: int
    again: bool = False


class Place(NamedTuple):
    """A broker and who reads it. `ca`: a certificate as PEM; `internal`: whether it may be of an internal network."""

    host: str
    port: int
    tls: bool
    user: str = ""
    password: str = ""
    ca: str = ""
    internal: bool = False

    def name(self, site: str) -> str:
        """What our session is called there: the same after each start."""
        return "tzc-" + hashlib.sha256(f"{site} {self.host}:{self.port} {self.user}".encode()).hexdigest()[:19]


class _Client(paho.Client):
    """Connects to public numbers only, and reads as long as there is something and room."""

    internal = False

    def _create_socket_connection(self) -> socket.socket:
        try:
            found = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise BrokerError("unknown_host", str(error)) from error
        numbers = [number for number in dict.fromkeys(str(entry[4][0]) for entry in found) if self.internal or is_public(number)]
        if not numbers:
            raise BrokerError("inner")
        for number in numbers[:-1]:
            try:
                return socket.create_connection((number, self._port), timeout=CONNECT_SECONDS)
            except OSError:
                continue
        return socket.create_connection((numbers[-1], self._port), timeout=CONNECT_SECONDS)

    def take(self) -> MQTTErrorCode:
        """Read one packet, if a whole one is there."""
        return self._packet_read()


class Connection:
    """One, from `open` to `close`; what comes is given to `hear`. `dropped`: topics that the session is subscribed to and should not be; `clean`: whether the session is a new one,
    which ends with the connection.
    """

    def __init__(self, place: Place, name: str, topics: Sequence[str], hear: Callable[[Came], None], dropped: Sequence[str] = (), *, clean: bool = False) -> None:
        self.place, self.topics, self.dropped, self.hear = place, list(topics), list(dropped), hear
        client = _Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=clean, protocol=paho.MQTTv311, manual_ack=True)
        client.internal = place.internal
        client.on_connect, client.on_subscribe, client.on_message = self._connected, self._subscribed, self._heard
        client.on_unsubscribe = self._unsubscribed
        if place.user:
            client.username_pw_set(place.user, place.password or None)
        if place.tls:
            client.tls_set_context(ssl.create_default_context(cafile=None if place.ca else certifi.where(), cadata=place.ca or None))
        self.client = client
        self.connected = False
        self._waits = {"subscribe", *(["unsubscribe"] if dropped else [])}
        self._refused = ""

    @property
    def subscribed(self) -> bool:
        """Whether the broker has said that exactly the topics are subscribed to."""
        return not self._waits

    def open(self, timeout: float = 15.0) -> None:
        """Connect, and ask for the topics; `subscribed` when the broker has said yes, which may come after messages. Raises BrokerError."""
        try:
            self.client.connect(self.place.host, self.place.port, KEEPALIVE)
        except BrokerError:
            raise
        except ssl.SSLError as error:
            raise BrokerError("certificate", str(error)) from error
        except (OSError, ValueError) as error:
            raise BrokerError("no_answer", str(error)) from error
        until = time.monotonic() + timeout
        while not self.connected:
            if time.monotonic() > until:
                raise BrokerError("no_answer", "no answer to the connection")
            self.step(0.2, lambda: not self.connected)

    def step(self, wait: float, room: Callable[[], bool]) -> bool:
        """Wait for something to read, and read while there is more at once and `room`; send what is to be sent. Whether something came. Raises BrokerError."""
        sock: Any = self.client.socket()
        if sock is None:
            raise BrokerError(self._refused or "broken_off")
        pending = bool(getattr(sock, "pending", int)())
        readable = pending or bool(select.select([sock], [], [], wait)[0])
        came = False
        while readable and room():
            code = self.client.take()
            if code == MQTTErrorCode.MQTT_ERR_AGAIN:
                break
            if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
                raise BrokerError(self._refused or "broken_off", paho.error_string(code))
            came = True
        self.flush()
        if self._refused or self.client.loop_misc() != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise BrokerError(self._refused or "broken_off")
        return came

    def flush(self, seconds: float = 10.0) -> None:
        """Send what is to be sent. Raises BrokerError."""
        until = time.monotonic() + seconds
        while self.client.want_write():
            sock: Any = self.client.socket()
            if sock is None or self.client.loop_write() != MQTTErrorCode.MQTT_ERR_SUCCESS:
                raise BrokerError("broken_off")
            if self.client.want_write() and (time.monotonic() > until or not select.select([], [sock], [], 1.0)[1]):
                raise BrokerError("broken_off", "nothing more is taken")

    def acknowledge(self, messages: Sequence[Came]) -> None:
        """Tell the broker that messages are kept. Raises BrokerError."""
        for message in messages:
            if message.qos:
                self.client.ack(message.mid, message.qos)
        self.flush()

    def close(self) -> None:
        """End the connection, not the session."""
        self.client.disconnect()
        try:
            self.flush(1.0)
        except BrokerError:
            pass
        finally:
            self.client._sock_close()

    def _connected(self, client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._refused = "login" if "uthoriz" in str(reason) or "password" in str(reason).lower() else "refused"
            return
        self.connected = True
        # also where the session is there: topics may be others than before
        if self.topics:
            client.subscribe([(topic, 1) for topic in self.topics])
        if self.dropped:
            client.unsubscribe(self.dropped)

    def _subscribed(self, _client: Any, _data: Any, _mid: int, reasons: Any, _properties: Any) -> None:
        if any(reason.is_failure for reason in reasons):
            self._refused = "topics"
        else:
            self._waits.discard("subscribe")

    def _unsubscribed(self, _client: Any, _data: Any, _mid: int, _reasons: Any, _properties: Any) -> None:
        self._waits.discard("unsubscribe")

    def _heard(self, _client: Any, _data: Any, message: Any) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""
        self.hear(Came(topic, bytes(message.payload), bool(message.retain), time.time_ns() // 1000, message.mid, message.qos, bool(message.dup)))


def forget(place: Place, name: str) -> None:
    """End our session at a broker, with all that it keeps for it: a new one takes its place, and ends with its connection. Raises BrokerError."""
    connection = Connection(place, name, (), lambda _message: None, clean=True)
    try:
        connection.open()
    finally:
        connection.close()
