"""Files and answers of meters are taken in: looked at, of the right meter, kept with the number covered, stored. Only while a consent holds. Nothing here commits."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import ckan.model as model
import numpy as np
from ckanext.tzc.common.territory import territory

from tzc.sensors import consent, load_curves, meters
from tzc.sensors.faults import BatchError
from tzc.sensors.load_curves import MeterFile
from tzc.sensors.readings import Decoded

from .. import arrivals, describing
from .. import store as sensors
from . import consenting, curves, groups, store

FILE, ANSWER = KINDS = ("load_curve", "data_connect")
"""Kinds of what arrives."""


class NoConsentError(Exception):
    """No consent holds: nothing is taken."""


def zone() -> ZoneInfo:
    """Of times without one."""
    return ZoneInfo(territory().timezone)


def _read(kind: str, body: bytes) -> MeterFile:
    return load_curves.file(body, zone()) if kind == FILE else load_curves.answer(body, zone())


def take(meter: store.Meter, kind: str, body: bytes) -> sensors.Arrival:
    """Take a file of the customer account or an answer. Raises NoConsentError, and BatchError where nothing of it can be taken."""
    locked = store.meter(meter.id, lock=True)
    if locked is None or not store.holding(meter.id):
        raise NoConsentError
    read = _read(kind, body)
    if read.energy != meter.energy or (read.number and meters.fingerprint(consenting.secret(), meter.energy, read.number) != meter.hash):
        raise BatchError("other_meter")
    if not len(read.decoded) and not read.decoded.rejected:
        raise BatchError("empty")
    source = sensors.source(meter.source, personal=True)
    assert source is not None, "a meter goes with its source"
    _describe(meter, source, read.decoded)
    arrival = arrivals.receive(source, arrivals.FILE if kind == FILE else arrivals.PULL, kind, read.kept)
    if arrival.state == sensors.REFUSED:
        raise BatchError(arrival.code or "broken", **(arrival.parameters or {}))
    groups.touch(meter)
    return arrival


def _describe(meter: store.Meter, source: sensors.Source, found: Decoded) -> None:
    seconds, counts = np.unique(found.seconds[found.seconds < load_curves.DAY], return_counts=True)
    period = int(seconds[counts.argmax()]) if len(seconds) else load_curves.USUAL_STEP
    seen = consent.visibility([row.pure for row in store.consents_of(meter.id)], store.local_now())
    for stream in describing.describe(source, curves.described(list(found.names), period, seen)).values():
        stream.person = meter.person
    model.Session.flush()


def _decoder(kind: str) -> arrivals.Decoder:
    def decode(body: bytes, _definition: Mapping[str, Any]) -> Decoded:
        return _read(kind, body).decoded

    return decode


for _kind in KINDS:
    arrivals.DECODERS[_kind] = _decoder(_kind)
