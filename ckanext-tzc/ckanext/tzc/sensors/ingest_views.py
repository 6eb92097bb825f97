"""Where programs, devices and networks send observations. What was answered with 2xx is on the disk; the same batch again changes nothing."""
from __future__ import annotations

import json
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import psycopg2
import sqlalchemy as sa
from ckan.config.middleware.flask_app import csrf
from ckanext.tzc.common import headers, outages
from flask import Response, jsonify, request

from tzc.sensors import definition, protocols
from tzc.sensors.faults import BatchError
from tzc.sensors.readings import Decoded

from . import arrivals, entering, source_words, sources, store, writing
from .blueprint import sensors

AGAIN = "10"
"""Seconds after which to come again where the queue is full, or the database away."""

SENSORTHINGS = "sensorthings"
WAYS_IN = ("/api/tzc/sensors/", "/sta/v1.1/")
"""How addresses begin that something is sent to."""

STATUS = {"too_many_bytes": 413, "too_many_rows": 413, "kind": 415}
"""Of answers that take nothing; others are 422."""


@sensors.errorhandler(sa.exc.DBAPIError)
@sensors.errorhandler(psycopg2.Error)
def away(error: Exception) -> Response:
    """Who sends while the database is away is told to come again, as nothing was taken."""
    if request.method != "POST" or not request.path.startswith(WAYS_IN) or not outages.is_outage(error):
        raise error
    model.Session.remove()
    answer = jsonify({"code": "away", "words": tk._("Nothing can be taken just now: send it again in a moment.")})
    answer.status_code = 503
    answer.headers["Retry-After"] = AGAIN
    return answer


@csrf.exempt  # a program brings its key, and no session
@sensors.route("/api/tzc/sensors/<source>/observations", methods=["POST"])
def push(source: str) -> Response:
    """Take CSV, JSON, Arrow or Parquet. 201 where something is new, 200 where nothing is; each with the rows that were not taken. 202 with `Prefer: respond-async`."""
    headers.keep_private()
    row = entering.asker(source)
    kind = _kind(row)
    return _taken(row, kind, entering.body(row.id))


@csrf.exempt  # a network brings its key, and no session
@sensors.route("/api/tzc/sensors/<source>/uplinks", methods=["POST"])
def uplink(source: str) -> Response:
    """Take an uplink of a network: 202 when it is in the queue, on the disk."""
    headers.keep_private()
    row = entering.asker(source)
    kind = definition.KINDS[row.kind].format if row.kind in definition.KINDS else ""
    if not kind:
        raise entering.refused(404, "kind", tk._("This source takes no uplinks: send to its other address."))
    content = entering.body(row.id)
    entering.signed(row, content)
    return _queued(row, kind, content)


@csrf.exempt  # a program brings its key, and no session
@sensors.route("/sta/v1.1/Observations", methods=["POST"])
def observation() -> Response:
    """SensorThings: one Observation. 201 with its address; 200 where it was there already; 422 with words."""
    return _one(None)


@csrf.exempt  # a program brings its key, and no session
@sensors.route("/sta/v1.1/Datastreams(<int:stream>)/Observations", methods=["POST"])
def observation_of(stream: int) -> Response:
    """SensorThings: one Observation of a Datastream."""
    return _one(stream)


def _one(stream: int | None) -> Response:
    headers.keep_private()
    row = entering.asker()
    content = _json(entering.body(row.id))
    if not isinstance(content, dict):
        raise _nothing("unexpected")
    if stream is not None:
        content["Datastream"] = {"@iot.id": stream}
    body = json.dumps(content).encode()
    arrival = _received(row, SENSORTHINGS, body)
    _refuse_nothing_taken(arrival)
    link = _links(row, body, arrival)[0]
    answer = jsonify({"@iot.id": link.rpartition("(")[2].strip("')"), "@iot.selfLink": link})
    answer.status_code, answer.headers["Location"] = (201 if arrival.new else 200), link
    return answer


@csrf.exempt  # a program brings its key, and no session
@sensors.route("/sta/v1.1/CreateObservations", methods=["POST"])
def observations() -> Response:
    """SensorThings: data arrays. 201 with an address for each row, or `error`, in their order."""
    headers.keep_private()
    row = entering.asker()
    body = entering.body(row.id)
    arrival = _received(row, SENSORTHINGS, body)
    if arrival.state == store.REFUSED:
        _refuse_nothing_taken(arrival)
    answer = jsonify(_links(row, body, arrival))
    answer.status_code = 201
    return answer


def _kind(row: store.Source) -> str:
    given = definition.KINDS.get(row.kind)
    if given is None or not given.keys or given.format:
        raise entering.refused(404, "kind", tk._("This source takes no tables: send to its other address."))
    kind = protocols.MEDIA_TYPES.get(request.mimetype)
    if kind is None:
        raise entering.refused(415, "kind", source_words.batch("kind", {}))
    return kind


def _json(body: bytes) -> Any:
    from tzc.sensors.protocols.reading import json_of

    try:
        return json_of(body)
    except BatchError as error:
        raise _nothing(error.code, error.parameters) from None


def _nothing(code: str, parameters: dict[str, Any] | None = None) -> Exception:
    return entering.refused(STATUS.get(code, 422), code, source_words.batch(code, parameters or {}), rows=[])


def _received(row: store.Source, kind: str, body: bytes) -> store.Arrival:
    """What became of a body, after the commit."""
    id_ = row.id
    for attempt in (1, 2):
        try:
            arrival = arrivals.receive(store.source(id_) or row, arrivals.HTTP, kind, body)
            model.Session.commit()
            return arrival
        except writing.UnknownStreamError:
            # a stream was removed meanwhile: looked for anew, it is not there
            model.Session.rollback()
            if attempt == 2:
                raise
    raise AssertionError("two attempts end above")


def _taken(row: store.Source, kind: str, body: bytes) -> Response:
    if "respond-async" in request.headers.get("Prefer", ""):
        return _queued(row, kind, body)
    arrival = _received(row, kind, body)
    _refuse_nothing_taken(arrival)
    answer = jsonify(_told(arrival))
    answer.status_code = 201 if arrival.new or arrival.changed else 200
    return answer


def _told(arrival: store.Arrival) -> dict[str, Any]:
    taken = arrival.observations - arrival.rejected
    return {
        "arrival": arrival.id, "observations": arrival.observations, "new": arrival.new, "changed": arrival.changed, "same": taken - arrival.new - arrival.changed,
        "rejected": arrival.rejected, "rows": sources.rows(arrival.listed or []),
    }  # fmt: skip


def _refuse_nothing_taken(arrival: store.Arrival) -> None:
    """End the request where nothing of it could be taken."""
    if arrival.state == store.REFUSED:
        raise _nothing(str(arrival.code), arrival.parameters)
    if arrival.rejected and arrival.rejected >= arrival.observations:
        told = _told(arrival)
        rows = told["rows"]
        said = rows[0]["words"] if len(rows) == 1 else source_words.batch("rows", {})
        raise entering.refused(422, "rows", said, **told)


def _queued(row: store.Source, kind: str, body: bytes) -> Response:
    """In the queue, on the disk."""
    try:
        arrival = arrivals.queue(row, arrivals.HTTP, kind, body)
    except arrivals.FullError:
        model.Session.rollback()
        raise entering.refused(503, "full", tk._("Very much waits to be taken: send it again in a moment."), {"Retry-After": AGAIN}) from None
    model.Session.commit()
    answer = jsonify({"arrival": arrival.id, "state": arrival.state})
    answer.status_code = 202
    return answer


def _links(row: store.Source, body: bytes, arrival: store.Arrival) -> list[str]:
    """The address of each row that was taken, `error` in place of each other, in their order."""
    decoded: Decoded = arrivals.DECODERS[SENSORTHINGS](body, row.definition)
    links = ["error"] * (len(decoded) + len(decoded.rejected) + decoded.left_out)
    root = tk.config["ckan.site_url"].rstrip("/")
    for place, index, time in zip(decoded.rows.tolist(), decoded.index.tolist(), decoded.times.tolist(), strict=True):
        links[place] = f"{root}/sta/v1.1/Observations('{decoded.names[index]}-{time}')"
    for listed in arrival.listed or []:
        links[listed["row"]] = "error"
    return links
