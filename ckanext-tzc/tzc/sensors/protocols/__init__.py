"""What sources send, decoded: bytes and a source's definition in, columns out (`readings.Decoded`). A row that is no observation is rejected with its place and its reason."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..readings import Decoded
from . import messages, sensorthings, tables, uplinks

Decoder = Callable[[bytes, Mapping[str, Any]], Decoded]

DECODERS: Mapping[str, Decoder] = {
    "csv": tables.csv, "arrow": tables.arrow, "parquet": tables.parquet, "json": messages.rows, "sensorthings": sensorthings.observations, "ttn": uplinks.ttn,
    "chirpstack": uplinks.chirpstack, "mqtt.json": uplinks.json_frames, "mqtt.ttn": uplinks.ttn_frames, "mqtt.chirpstack": uplinks.chirpstack_frames,
}  # fmt: skip
"""By the kind of what came."""

MEDIA_TYPES = {
    "text/csv": "csv", "application/csv": "csv", "text/plain": "csv", "application/json": "json", "application/vnd.apache.arrow.stream": "arrow",
    "application/vnd.apache.arrow.file": "arrow", "application/vnd.apache.parquet": "parquet", "application/x-parquet": "parquet",
}  # fmt: skip
"""What kind a body is that says so."""
