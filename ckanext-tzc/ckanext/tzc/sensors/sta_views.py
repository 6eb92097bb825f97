"""`/sta/v1.1`: OGC SensorThings 1.1, for everybody to read what is open, and for who has a right what is theirs."""
from __future__ import annotations

import hashlib
import json
from typing import Any

import sqlalchemy as sa
from ckanext.tzc.common import headers
from flask import Response, g, jsonify, request

from tzc.sensors.sta import address as addresses
from tzc.sensors.sta.entities import KINDS, OBSERVATIONS, SELF
from tzc.sensors.sta.faults import Fault
from tzc.sensors.sta.options import CSV, DATA_ARRAY, GEO_JSON, Options, parse_options

from .answers import WrongError, answered, asker, missing
from .blueprint import sensors
from .sta import forms, listing, observations, observed, world
from .sta.arrays import key_of
from .sta.listing import Found
from .sta.words import wrong
from .sta.world import Seen

_REQUIREMENTS = (
    "datamodel/thing", "datamodel/location", "datamodel/historical-location", "datamodel/datastream", "datamodel/sensor", "datamodel/observed-property", "datamodel/observation",
    "datamodel/feature-of-interest", "resource-path/resource-path-to-entities", "request-data/filter", "request-data/expand", "request-data/select", "request-data/orderby",
    "request-data/top", "request-data/skip", "request-data/count", "request-data/pagination", "request-data/built-in-filter-operations",
    "request-data/built-in-query-functions", "data-array/data-array",
)  # fmt: skip
CONFORMANCE = [f"http://www.opengis.net/spec/iot_sensing/1.1/req/{name}" for name in _REQUIREMENTS]


def as_sensor_things(error: WrongError) -> Response:
    """As servers of this interface refuse."""
    return jsonify({"code": error.status, "type": "error", "message": error.words})


@sensors.route("/sta/v1.1", methods=["GET"])
@sensors.route("/sta/v1.1/", methods=["GET"])
@answered(as_sensor_things)
def root() -> Response:
    """What there is."""
    said = {
        "value": [{"name": name, "url": f"{world.base()}/{name}"} for name in KINDS],
        "serverSettings": {"conformance": CONFORMANCE, "http://www.opengis.net/spec/iot_sensing/1.1/req/data-array/data-array": {"endpoints": [f"{world.base()}/Observations"]}},
    }  # fmt: skip
    return _kept(_json(said))


@sensors.route("/sta/v1.1/<path:path>", methods=["GET"])
@answered(as_sensor_things)
def read(path: str) -> Response:
    """Entities, one or many, by their path. 304, 400, 404, 503 with words."""
    try:
        asked = addresses.parse(path)
        last = asked.steps[-1]
        options = parse_options({name: values[-1] for name, values in request.args.lists()}, last.kind)
        seen = world.seen(asker())
        # a text that no text of the database is, or a number that none is, shows when it is asked
        return _kept(_answer(asked, options, seen))
    except Fault as fault:
        raise wrong(fault) from fault
    except sa.exc.DataError as error:
        raise wrong(Fault("zero")) from error


def _answer(asked: addresses.Address, options: Options, seen: Seen) -> Response:
    parent: Found | None = None
    for step in asked.steps[:-1]:
        parent = _step(seen, parent, step)
    last = asked.steps[-1]
    if last.several:
        return _many(seen, _page(seen, parent, last, options), options, asked.ref)
    page = _step(seen, parent, last)
    if asked.ref:
        return _json({SELF: listing.written(seen, page, Options(select=(SELF,)))[0][SELF]})
    if asked.property:
        return _property(listing.written(seen, page, Options())[0], asked)
    return _json(listing.written(seen, page, options)[0])


def _step(seen: Seen, parent: Found | None, step: addresses.Step) -> Found:
    """The one entity that a step leads to; what is not there, or not for who asks, is missing."""
    if step.kind.set == OBSERVATIONS:
        key = key_of(step.id or "")
        rows, about = observed.one(seen, *key) if key else (None, None)
        if rows is None or not len(rows) or (parent is not None and key is not None and key[0] not in _streams(seen, parent)):
            raise missing()
        return Found(step.kind, (), rows, about)
    row = world.table(step.kind)
    where: list[Any] = [seen.of(step.kind, row)]
    if step.id is not None:
        if not (step.id.isascii() and step.id.isdigit() and len(step.id) < 10):
            raise missing()
        where.append(row.id == int(step.id))
    if parent is not None:
        column, value = _link(seen, parent, step.name)
        where.append(getattr(row, column) == value)
    rows = listing.model.Session.query(row).filter(*where).order_by(row.id).limit(1).all()
    if not rows:
        raise missing()
    return Found(step.kind, rows)


def _link(seen: Seen, parent: Found, way: str) -> listing.Link:
    if parent.columns is not None:
        stream = int(parent.columns.streams[0])
        return "id", stream if way == "Datastream" else listing.place_of(seen, stream)
    here, there = world.LINKS[parent.kind.set, way]
    return there, getattr(parent.rows[0], here)


def _streams(seen: Seen, parent: Found) -> list[int]:
    """The streams whose observations an entity leads to."""
    row = parent.rows[0]
    return [row.id] if parent.kind.set == "Datastreams" else listing.streams_at(seen, row.id)


def _page(seen: Seen, parent: Found | None, step: addresses.Step, options: Options) -> Found:
    if parent is None:
        return listing.found(seen, step.kind, options)
    if step.kind.set == OBSERVATIONS:
        return listing.found(seen, step.kind, options, streams=_streams(seen, parent))
    return listing.found(seen, step.kind, options, link=_link(seen, parent, step.name))


def _many(seen: Seen, page: Found, options: Options, ref: bool) -> Response:
    given = {name: values[-1] for name, values in request.args.lists() if name not in ("$skip", "$skiptoken")}
    more = f"{world.base()}/{request.path.partition('/sta/v1.1/')[2]}?{listing.question({**given, **page.next})}" if page.next else ""
    whole: dict[str, Any] = {"@iot.count": page.count} if page.count is not None else {}
    if more:
        whole["@iot.nextLink"] = more
    if ref:
        return _json({**whole, "value": listing.written(seen, page, Options(select=(SELF,)))})
    if options.format == DATA_ARRAY and page.columns is not None and page.about is not None:
        return _json({**whole, "value": observations.arrays(page.columns, page.about, options)})
    said = [] if options.format == CSV and page.columns is not None else listing.written(seen, page, options)
    if options.format == CSV:
        response = Response(forms.to_csv(page, said, options), content_type="text/csv; charset=utf-8")
        response.headers.set("Content-Disposition", "attachment", filename=f"{page.kind.set}.csv")
        if more:
            response.headers["Link"] = f'<{more}>; rel="next"'
        return response
    if options.format == GEO_JSON:
        return _json({**forms.to_geo_json(page, said), **whole}, "application/geo+json")
    return _json({**whole, "value": said})


def _property(whole: dict[str, Any], asked: addresses.Address) -> Response:
    """One property of an entity, or its bare value; what it has not is missing, and what is null has no content."""
    value: Any = whole
    for name in asked.property:
        if not isinstance(value, dict) or name not in value:
            raise missing()
        value = value[name]
    if value is None:
        return Response(status=204)
    if not asked.value:
        return _json({asked.property[-1]: value})
    if isinstance(value, (dict, list)):
        return _json(value)
    return Response(str(value).lower() if isinstance(value, bool) else str(value), content_type="text/plain; charset=utf-8")


def _json(said: Any, media: str = "application/json") -> Response:
    return Response(json.dumps(said, ensure_ascii=False, separators=(",", ":"), allow_nan=False), content_type=media)


def _kept(response: Response) -> Response:
    """With a mark of its content, by which it need not be sent again."""
    if not g.get(headers.PRIVATE):
        response.headers["Cache-Control"] = "public, no-cache"
    if response.status_code == 200:
        response.set_etag(hashlib.sha256(response.get_data()).hexdigest()[:32], weak=True)
        response.make_conditional(request)
    response.headers["Access-Control-Expose-Headers"] = "ETag, Link, Content-Disposition"
    return response
