"""Many messages of MQTT as one body, so that they are kept, compressed and decoded together.

    TZCM 1, how many (8 bytes); for each how long its topic and its payload are (4 bytes each) and when it came (8 bytes, microseconds); then all topics and payloads.
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..faults import BatchError

MARK = b"TZCM\x01\0\0\0"
_HEAD = np.dtype([("topic", "<u4"), ("payload", "<u4"), ("received", "<i8")])


class Frame(NamedTuple):
    """A message."""

    topic: str
    payload: bytes
    received: int


def packed(messages: Sequence[Frame]) -> bytes:
    """Messages as a body."""
    topics = [message.topic.encode("utf-8", "replace") for message in messages]
    heads = np.empty(len(messages), dtype=_HEAD)
    heads["topic"] = [len(topic) for topic in topics]
    heads["payload"] = [len(message.payload) for message in messages]
    heads["received"] = [message.received for message in messages]
    parts: list[Any] = [MARK, len(messages).to_bytes(8, "little"), heads.tobytes()]
    for topic, message in zip(topics, messages, strict=True):
        parts += (topic, message.payload)
    return b"".join(parts)


def unpacked(body: bytes) -> Iterator[Frame]:
    """The messages of a body. Raises BatchError."""
    count = int.from_bytes(body[8:16], "little")
    start = 16 + count * _HEAD.itemsize
    if body[:8] != MARK or len(body) < start:
        raise BatchError("broken", detail="no messages")
    heads = np.frombuffer(body, dtype=_HEAD, count=count, offset=16)
    if start + int(heads["topic"].sum(dtype=np.int64) + heads["payload"].sum(dtype=np.int64)) != len(body):
        raise BatchError("broken", detail="cut off")
    at = start
    for topic, payload, received in heads.tolist():
        yield Frame(body[at : at + topic].decode("utf-8", "replace"), body[at + topic : at + topic + payload], received)
        at += topic + payload
