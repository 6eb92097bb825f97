"""How fast uplinks of MQTT come in, from the socket to the commit and the acknowledgement: one JSON line.

    measure MESSAGES DEVICES    read so many uplinks of The Things Network (three values each), from a flood
    flood MESSAGES DEVICES      what sends them, in a process of its own: the part of a broker that is needed, with packets made before, so that it is not what is measured

The flood keeps at most `INFLIGHT` messages unacknowledged, as a broker does; the clock begins when it sends the first and ends when the last is acknowledged.
"""
from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from typing import Any

INFLIGHT = 5_000
START = 1_767_225_600
"""The first of January 2026."""


def uplink(number: int, devices: int) -> bytes:
    """An uplink as the network sends it, shortened by what no decoder looks at."""
    device, turn = number % devices, number // devices
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(START + turn * 60)) + f".{device:06d}Z"
    payload = {"air": {"temperature": 10 + number % 200 / 10, "relativeHumidity": 40 + number % 50}, "battery": 3 + number % 7 / 10}
    return json.dumps({
        "end_device_ids": {"device_id": f"dev-{device}", "dev_eui": f"{device:016X}", "application_ids": {"application_id": "bench"}}, "received_at": moment,
        "uplink_message": {"f_port": 1, "f_cnt": turn, "frm_payload": "AQIDBAUGBwg=", "normalized_payload": [payload], "received_at": moment,
                           "rx_metadata": [{"gateway_ids": {"gateway_id": "gw-1"}, "rssi": -60, "snr": 9}]},
    }).encode()  # fmt: skip


def packet(number: int, devices: int) -> bytes:
    """PUBLISH with QoS 1."""
    topic = f"v3/bench@ttn/devices/dev-{number % devices}/up".encode()
    body = len(topic).to_bytes(2, "big") + topic + (number % 65_535 + 1).to_bytes(2, "big") + uplink(number, devices)
    length, left = b"", len(body)
    while True:
        left, digit = left >> 7, left & 127
        length += bytes([digit | (128 if left else 0)])
        if not left:
            return b"\x32" + length + body


def flood(messages: int, devices: int) -> dict[str, Any]:
    """Wait for who subscribes, and send."""
    packets = [packet(number, devices) for number in range(messages)]
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        at, _address = server.accept()
        at.recv(4096)
        at.sendall(b"\x20\x02\x00\x00")
        asked = at.recv(4096)
        at.sendall(b"\x90\x03" + asked[2:4] + b"\x01")
        return _sent(at, packets)


def _sent(at: socket.socket, packets: list[bytes]) -> dict[str, Any]:
    begun = time.perf_counter()
    sent = acknowledged = 0
    while acknowledged < 4 * len(packets):
        room = min(INFLIGHT - (sent - acknowledged // 4), len(packets) - sent)
        if room > 0:
            at.sendall(b"".join(packets[sent : sent + min(room, 500)]))
            sent += min(room, 500)
            at.settimeout(0.0005 if sent < len(packets) and room > 500 else 60)
        else:
            at.settimeout(60)
        try:
            heard = at.recv(65_536)
        except TimeoutError:
            continue
        if not heard:
            raise SystemExit("the reader went away")
        acknowledged += len(heard)  # each PUBACK has four bytes; a ping comes after a minute
    return {"seconds": time.perf_counter() - begun}


def measure(messages: int, devices: int) -> dict[str, Any]:
    """Read a flood."""
    import threading

    import _sensors_store
    import ckan.model as model
    import sqlalchemy as sa
    from ckanext.tzc.sensors import listening, store
    from ckanext.tzc.sensors.broker import Place

    bench, _names = _sensors_store.streams(1)
    source = store.source("bench-mqtt")
    if source is None:
        source = store.Source(
            id="bench-mqtt", dataset=bench.dataset, partner=bench.partner, kind="mqtt", name="bench", definition={}, paused=True, allowed=True, internal=True, by="", made=store.now(),
        )  # fmt: skip
        model.Session.add(source)
        model.Session.commit()
    helper = subprocess.Popen([sys.executable, __file__, "flood", str(messages), str(devices)], stdout=subprocess.PIPE, text=True)
    assert helper.stdout is not None
    port = int(helper.stdout.readline())
    listener = listening.Listener("bench", listening.Wanted(Place("127.0.0.1", port, tls=False, internal=True), (("bench-mqtt", ("v3/#",), "mqtt.ttn"),)))
    thread = threading.Thread(target=listener.run)
    thread.start()
    told = json.loads(helper.stdout.readline())
    listener.stopped.set()
    thread.join()
    model.Session.rollback()
    asked = "SELECT count(*) FROM tzc_sensors_observation o JOIN tzc_sensors_stream s ON s.id = o.stream WHERE s.source = 'bench-mqtt'"
    stored = model.Session.execute(sa.text(asked)).scalar()
    assert stored == 3 * messages, f"{stored} of {3 * messages} observations are stored"
    return {"rate": messages / told["seconds"], "seconds": told["seconds"], "observations": stored, "memory": _sensors_store.memory()}


if __name__ == "__main__":
    name, *numbers = sys.argv[1:]
    if name == "flood":
        print(json.dumps(flood(*map(int, numbers))), flush=True)
    else:
        from ckan.cli import load_config
        from ckan.config.middleware import make_app

        with make_app(load_config(os.environ["CKAN_INI"]))._wsgi_app.test_request_context():
            print(json.dumps(measure(*map(int, numbers))))
