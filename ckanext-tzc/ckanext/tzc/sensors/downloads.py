"""The lake's files for who may have their dataset's data: listed, given whole or in parts, and any time of a dataset's public streams as one Parquet file."""
from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from datetime import timezone
from typing import Any
from zoneinfo import ZoneInfo

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import headers
from ckanext.tzc.common.territory import territory
from flask import Response, request, url_for
from werkzeug.wsgi import wrap_file

from tzc.sensors import times
from tzc.sensors.model import PUBLIC
from tzc.sensors.partitions import Month
from tzc.sensors.readings import Readings

from . import reading, seeing, store, writing
from .answers import WrongError, answered, as_the_api, asker, missing
from .blueprint import sensors
from .lake import catalogue, files, making, places
from .lake.catalogue import File

KIND = "application/vnd.apache.parquet"
CHUNK = 1 << 16
MOST_DAYS = 400
"""That one export may hold."""

STREAMS_AT_ONCE = 8

# no file is given before rows that it should not hold are out of it: of streams that are gone, or that are back in the tables and may be changed there
_BACK = "EXISTS (SELECT FROM tzc_sensors_moved AS m WHERE m.file = f.id AND m.back)"
_OPEN = f"NOT f.personal AND f.dataset = %(dataset)s AND NOT ({making.ODD}) AND NOT {_BACK}"


def files_of(dataset: str) -> list[File]:
    """The files of a dataset (its id) that anybody may have who may have its data."""
    return catalogue.kept(writing.cursor(), _OPEN, {"dataset": dataset})


def listed(dataset: str) -> list[dict[str, Any]]:
    """As they are told."""
    return [
        {
            "month": _name(file.month), "rows": file.rows, "bytes": file.bytes, "sha256": file.digest, "made": file.made.astimezone(timezone.utc).isoformat(),
            "url": url_for("tzc_sensors.lake_file", dataset=dataset, file=f"{_name(file.month)}.parquet", _external=True),
        }
        for file in files_of(dataset)
    ]  # fmt: skip


def _name(month: Month) -> str:
    return f"{month.year:04d}-{month.month:02d}"


def may(user: str, named: object) -> str:
    """The id of a dataset, by its id or name, whose data an account may have. Raises ObjectNotFound for any other."""
    found = model.Package.get(named) if isinstance(named, str) and "\0" not in named else None
    if found is None or found.state != "active" or not seeing.may_read(user, {found.id}):
        raise tk.ObjectNotFound(tk._("There is nothing of this name, or it is not for you to see."))
    return str(found.id)


@sensors.route("/api/tzc/sensors/lake/<dataset>/<file>", methods=["GET"], endpoint="lake_file")
@answered(as_the_api)
def give(dataset: str, file: str) -> Response:
    """A month as a Parquet file: `2025-01.parquet`, or `export.parquet?from=…&to=…` for any time. 206 and 304 as asked; 400, 404 with words."""
    of = _allowed(dataset)
    if file == "export.parquet":
        return _export(of)
    found = next((one for one in files_of(of) if f"{_name(one.month)}.parquet" == file), None)
    if found is None:
        raise missing()
    try:
        handle = places.here().read(found.path)
    except FileNotFoundError as error:
        raise missing() from error
    response = Response(wrap_file(request.environ, handle, CHUNK), content_type=KIND, direct_passthrough=True)
    response.content_length = found.bytes
    response.last_modified = found.made
    response.set_etag(found.digest)
    _tell_caches(response, of)
    _as_file(response, f"{_name(found.month)}.parquet")
    return response.make_conditional(request.environ, accept_ranges=True, complete_length=found.bytes)


def _allowed(dataset: str) -> str:
    try:
        return may(asker(), dataset)
    except tk.ObjectNotFound as error:
        raise missing() from error


def _tell_caches(response: Response, dataset: str) -> None:
    if dataset in seeing.may_read("", {dataset}):
        response.headers["Cache-Control"] = "public, no-cache"
    else:
        headers.keep_private()
    response.headers["Access-Control-Expose-Headers"] = "ETag, Content-Disposition, Content-Range, Accept-Ranges"


def _as_file(response: Response, name: str) -> None:
    response.headers.set("Content-Disposition", "attachment", filename=name)


def _export(dataset: str) -> Response:
    first, next = _moment("from"), _moment("to")
    if not first < next <= first + MOST_DAYS * 86_400_000_000:
        raise WrongError(400, tk._("Ask for a time of at most {days} days: “to” lies after “from”.").format(days=MOST_DAYS))
    rows = model.Session.query(store.Stream).filter_by(dataset=dataset, visibility=PUBLIC).order_by(store.Stream.id).all()
    about = {"dataset": dataset, "streams": {str(row.id): {"external": row.external, "name": row.name, "unit": row.unit, "kind": row.kind} for row in rows}}
    target = tempfile.TemporaryFile()  # noqa: SIM115 -- it is given to who reads, and goes when it is closed
    files.write_to(target, _parts([row.id for row in rows], first, next), about)
    size = target.tell()
    target.seek(0)
    response = Response(wrap_file(request.environ, target, CHUNK), content_type=KIND, direct_passthrough=True)
    response.content_length = size
    _tell_caches(response, dataset)
    _as_file(response, "export.parquet")
    return response


def _moment(name: str) -> int:
    # a plus sign that was not encoded arrives as a blank
    written = re.sub(r"(T[\d:.,]+) (\d\d:?\d\d)$", r"\1+\2", request.args.get(name, "").strip())
    time, code = times.moment(written, ZoneInfo(territory().timezone))
    if code:
        raise WrongError(400, tk._("“{name}” must be a moment such as 2026-11-01 or 2026-11-01T08:00:00Z.").format(name=name))
    return time


def _parts(streams: list[int], first: int, next: int) -> Iterator[Readings]:
    for begin in range(0, len(streams), STREAMS_AT_ONCE):
        yield reading.raw(streams[begin : begin + STREAMS_AT_ONCE], first, next)
