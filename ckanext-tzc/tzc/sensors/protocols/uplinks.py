"""Uplinks of LoRaWAN networks: The Things Network v3 and ChirpStack v4, as webhooks and MQTT bring them; and plain JSON that comes by MQTT.

The Things Network's JSON leaves out what is 0 or false of its own fields: where an object of normalized values was sent and a value is not in it, it is its zero. What a device's
own decoder says is sent whole, zeros and all: there, what is missing was not measured. ChirpStack may send an uplink again; those with one `deduplicationId` count once.
"""
from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .. import model
from ..faults import BatchError, shown
from ..mapping import SKIP, ZERO, Place, Value, place, read
from ..mapping import Mapping as Written
from ..readings import Decoded, Rejected
from . import frames
from .messages import Message, collect
from .reading import MISSING, at, json_of

NORMALIZED = (
    Value(("air", "temperature"), "air_temperature", "air_temperature", "Cel"), Value(("air", "relativeHumidity"), "relative_humidity", "relative_humidity", "%"),
    Value(("air", "pressure"), "air_pressure", "air_pressure", "hPa"), Value(("air", "co2"), "co2", "co2_concentration", "[ppm]"),
    Value(("air", "lightIntensity"), "light", "other", "lx"), Value(("wind", "speed"), "wind_speed", "wind_speed", "m/s"),
    Value(("wind", "direction"), "wind_direction", "wind_direction", "deg"), Value(("rain", "cumulative"), "rain_total", "other", "mm"),
    Value(("rain", "intensity"), "rain_intensity", "other", "mm/h"), Value(("soil", "temperature"), "soil_temperature", "soil_temperature", "Cel"),
    Value(("soil", "moisture"), "soil_moisture", "soil_moisture", "%"), Value(("soil", "ec"), "soil_conductivity", "other", "dS/m"),
    Value(("soil", "pH"), "soil_ph", "other", "[pH]"),
    Value(("water", "temperature", "current"), "water_temperature", "water_temperature", "Cel"), Value(("water", "leak"), "water_leak", "presence", "1", model.TRUTH),
    Value(("metering", "water", "total"), "water_total", "water_volume", "L"), Value(("action", "motion", "detected"), "motion", "presence", "1", model.TRUTH),
    Value(("action", "motion", "count"), "motion_count", "other", "1", model.COUNT), Value(("action", "contactState"), "contact", "other", "1", model.CATEGORY),
    Value(("battery",), "battery", "battery_voltage", "V"),
)  # fmt: skip
"""What the network's payload codecs agree on (The Things Stack, “Normalized payload”), as streams; taken where a source has no mapping."""

UPLINKS = ("uplink_message", "uplink_normalized")
"""Fields of an uplink: as it came, and its normalized values in a message of their own, which an application may be sent beside the other or alone."""

NORMALIZED_FIELD, DECODED_FIELD = "normalized_payload", "decoded_payload"


def ttn(body: bytes, definition: Mapping[str, Any]) -> Decoded:
    """One uplink of The Things Network v3."""
    return _ttn([(0, json_of(body), None)], definition, ())


def chirpstack(body: bytes, definition: Mapping[str, Any]) -> Decoded:
    """One uplink of ChirpStack v4."""
    return _chirpstack([(0, json_of(body), None)], definition, ())


def ttn_frames(body: bytes, definition: Mapping[str, Any]) -> Decoded:
    """Uplinks of The Things Network that MQTT brought."""
    good, bad = _parsed(body)
    return _ttn([(row, content, received) for row, content, _topic, received in good], definition, bad)


def chirpstack_frames(body: bytes, definition: Mapping[str, Any]) -> Decoded:
    """Uplinks of ChirpStack that MQTT brought."""
    good, bad = _parsed(body)
    return _chirpstack([(row, content, received) for row, content, _topic, received in good], definition, bad)


def json_frames(body: bytes, definition: Mapping[str, Any]) -> Decoded:
    """Messages of JSON that MQTT brought; a number or word alone is JSON, too."""
    good, bad = _parsed(body, plain=True)
    written = read(definition.get("mapping"))
    return _with(collect((Message(row, content, topic=topic, received=received) for row, content, topic, received in good), written), bad)


Parsed = list[tuple[int, Any, str, int]]


def _parsed(body: bytes, *, plain: bool = False) -> tuple[Parsed, list[Rejected]]:
    good: Parsed = []
    bad: list[Rejected] = []
    for row, frame in enumerate(frames.unpacked(body)):
        try:
            good.append((row, json_of(frame.payload), frame.topic, frame.received))
        except BatchError as error:
            text = frame.payload.decode("utf-8", "replace").strip()
            if plain and error.code == "broken" and text[:1] not in '{["' and len(text) <= 200:
                good.append((row, text, frame.topic, frame.received))
            else:
                bad.append(Rejected(row, "shape", {}, shown(f"{frame.topic} {text}")))
    return good, bad


def _with(decoded: Decoded, bad: Sequence[Rejected]) -> Decoded:
    return dataclasses.replace(decoded, rejected=tuple(sorted((*decoded.rejected, *bad), key=lambda row: row.row))) if bad else decoded


Uplinks = Sequence[tuple[int, Any, int | None]]


def _ttn(uplinks: Uplinks, definition: Mapping[str, Any], bad: Sequence[Rejected]) -> Decoded:
    given = definition.get("mapping")
    # without a mapping the network's own names are streams, and those that are not there yet are made
    written = read(given) if given else dataclasses.replace(Written(), create=True)
    refused: list[Rejected] = []
    messages = list(_of_ttn(uplinks, written, refused))
    return _with(collect(messages, written, NORMALIZED), (*bad, *refused))


def _of_ttn(uplinks: Uplinks, written: Written, refused: list[Rejected]) -> Iterable[Message]:
    for row, content, _received in uplinks:
        device = at(content, ("end_device_ids", "device_id"))
        if not isinstance(content, dict) or not isinstance(device, str):
            refused.append(Rejected(row, "shape", {}, shown(content)))
            continue
        uplink = next((content[name] for name in UPLINKS if isinstance(content.get(name), dict)), None)
        if uplink is None:
            continue  # that a device has joined, or took a downlink, is no observation
        field, payloads = _payloads(uplink, written)
        if not payloads:
            refused.append(Rejected(row, "shape", {}, shown(uplink)))
        name = at(content, ("end_device_ids", "dev_eui"))
        absent = ZERO if written.values and field == NORMALIZED_FIELD else SKIP
        for payload in payloads:
            own = payload.get("time") if isinstance(payload, dict) else None
            time = own or uplink.get("received_at") or content.get("received_at") or None
            yield Message(row, payload, device, "", time, _place(uplink), sensor=name if isinstance(name, str) else "", absent=absent)


def _payloads(uplink: Mapping[str, Any], written: Written) -> tuple[str, list[Any]]:
    """The field of values and what paths lead into: what the mapping says, else the normalized payloads, else the decoded one."""
    if "payload" in written.paths:
        path = written.paths["payload"]
        found = at(uplink, path)
        return path[0] if path else "", [] if found is MISSING or found is None else found if isinstance(found, list) else [found]
    normalized = uplink.get(NORMALIZED_FIELD)
    if isinstance(normalized, dict):
        return NORMALIZED_FIELD, [normalized]
    if isinstance(normalized, list) and normalized:
        return NORMALIZED_FIELD, [each for each in normalized if isinstance(each, dict)]
    decoded = uplink.get(DECODED_FIELD)
    return DECODED_FIELD, [decoded] if isinstance(decoded, dict) else []


def _place(uplink: Mapping[str, Any]) -> Place | None:
    known = uplink.get("locations")
    for where in known.values() if isinstance(known, dict) else ():
        if isinstance(where, dict):
            return place(where.get("longitude"), where.get("latitude"))
    return None


def _chirpstack(uplinks: Uplinks, definition: Mapping[str, Any], bad: Sequence[Rejected]) -> Decoded:
    written = read(definition.get("mapping"))
    refused: list[Rejected] = []
    return _with(collect(list(_of_chirpstack(uplinks, written, refused)), written), (*bad, *refused))


def _of_chirpstack(uplinks: Uplinks, written: Written, refused: list[Rejected]) -> Iterable[Message]:
    seen: set[str] = set()
    for row, content, _received in uplinks:
        device = at(content, ("deviceInfo", "devEui"))
        if not isinstance(content, dict) or not isinstance(device, str):
            refused.append(Rejected(row, "shape", {}, shown(content)))
            continue
        number = content.get("deduplicationId")
        if isinstance(number, str) and number:
            if number in seen:
                continue
            seen.add(number)
        if "integrationName" in content or not {"fPort", "object", "data"} & set(content):
            continue  # that a device has joined, its state, or what another integration says, is no observation
        payload = at(content, written.paths.get("payload", ("object",)))
        if not isinstance(payload, dict):
            refused.append(Rejected(row, "shape", {}, shown(content)))
            continue
        name, profile = (at(content, ("deviceInfo", field)) for field in ("deviceName", "deviceProfileName"))
        yield Message(row, payload, device, name if isinstance(name, str) else "", content.get("time"), sensor=profile if isinstance(profile, str) else "")
