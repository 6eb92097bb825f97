"""Brokers of MQTT on the loopback, real ones, in processes of their own; and who publishes to them."""
from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def mosquitto() -> str | None:
    """Debian's broker, where it is on the machine."""
    return os.environ.get("TZC_TEST_MOSQUITTO") or shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin")


class Broker:
    """A broker: mosquitto where it is there, else amqtt (which keeps no sessions). `tls`: a file with its key and certificate; `user`: a name and password, without which everybody may;
    `inflight`: how many messages it sends before they are acknowledged; `careful`: whether all is on the disk at once, so that nothing is lost when it is killed.
    """

    def __init__(self, folder: Path, tls: Path | None = None, user: tuple[str, str] | None = None, inflight: int = 1000, *, careful: bool = False) -> None:
        self.port, self.folder = free_port(), folder
        self.process: subprocess.Popen[bytes] | None = None
        program = mosquitto()
        self.file = folder / "broker.conf"
        self.command = [program or str(Path(sys.executable).parent / "amqtt"), "-c", str(self.file)]
        self.file.write_text(self._of_mosquitto(tls, user, inflight, careful) if program else self._of_amqtt(tls, user))

    def _of_mosquitto(self, tls: Path | None, user: tuple[str, str] | None, inflight: int, careful: bool) -> str:
        lines = [f"listener {self.port} 127.0.0.1", f"allow_anonymous {'false' if user else 'true'}", f"max_inflight_messages {inflight}", "max_queued_messages 0", "log_dest none", "user root"]
        if tls:
            lines += [f"certfile {tls}", f"keyfile {tls}"]
        if user:
            users = self.folder / "users"
            salt = os.urandom(12)
            digest = hashlib.pbkdf2_hmac("sha512", user[1].encode(), salt, 101)
            users.write_text(f"{user[0]}:$7$101${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}\n")
            lines.append(f"password_file {users}")
        if careful:
            lines += ["persistence true", f"persistence_location {self.folder}/", "autosave_on_changes true", "autosave_interval 1"]
        return "\n".join(lines) + "\n"

    def _of_amqtt(self, tls: Path | None, user: tuple[str, str] | None) -> str:
        listener: dict[str, Any] = {"type": "tcp", "bind": f"127.0.0.1:{self.port}"}
        if tls:
            listener |= {"ssl": True, "certfile": str(tls), "keyfile": str(tls)}
        plugins: dict[str, Any] = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": user is None}}
        return json.dumps({"listeners": {"default": listener}, "plugins": plugins})  # JSON is YAML, too

    def start(self) -> None:
        """Start it, and wait until it answers."""
        log = (self.folder / "broker.log").open("ab")
        self.process = subprocess.Popen(self.command, stdout=log, stderr=log)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
                continue
            return
        raise AssertionError((self.folder / "broker.log").read_text()[-2000:])

    def save(self) -> None:
        """Have mosquitto write what it keeps to its disk (in `careful`); it does so a moment later."""
        assert self.process is not None
        self.process.send_signal(signal.SIGUSR1)

    def kill(self) -> None:
        """End it at once, as a power cut does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@contextmanager
def running(folder: Path, **more: Any) -> Iterator[Broker]:
    """A broker while the block runs."""
    folder.mkdir(parents=True, exist_ok=True)
    broker = Broker(folder, **more)
    broker.start()
    try:
        yield broker
    finally:
        broker.kill()


def publish(port: int, messages: Iterable[tuple[str, bytes]], *, retain: bool = False, seconds: float = 60) -> None:
    """Publish messages, and wait until the broker has confirmed each."""
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"publisher-{time.time_ns()}")
    client.max_queued_messages_set(0)
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        sent = [client.publish(topic, payload, qos=1, retain=retain) for topic, payload in messages]
        for one in sent:
            one.wait_for_publish(seconds)
            assert one.is_published()
    finally:
        client.disconnect()
        client.loop_stop()
