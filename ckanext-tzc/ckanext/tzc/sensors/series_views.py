"""`/api/tzc/series`: series of observations for charts and programs."""
from __future__ import annotations

from flask import Response, request

from . import reading, seeing, series
from .answers import answered, as_the_api, asker, kept_by, known_already, mark_of, missing
from .blueprint import sensors
from .series_forms import FORMS, MEDIA


@sensors.route("/api/tzc/series", methods=["GET"])
@answered(as_the_api)
def show() -> Response:
    """Values of streams, as they were observed or by spans of time. 304, 400, 404, 503 with words."""
    wanted = series.asked(request.args.to_dict(flat=False))
    rows = seeing.visible_streams(asker(), wanted.streams)
    if len(rows) != len(wanted.streams):
        raise missing()
    first, next_ = (reading.EARLIEST if wanted.first is None else wanted.first), (reading.LATEST if wanted.next is None else wanted.next)
    mark = mark_of(list(rows.values()), first, next_, wanted)
    if known_already(mark):
        return kept_by(Response(status=304), list(rows.values()), mark)
    response = Response(FORMS[wanted.format](series.answer(wanted, rows)), content_type=MEDIA[wanted.format])
    if wanted.format != "json":
        name = f"series-{'-'.join(map(str, wanted.streams[:5]))}.{wanted.format}"
        response.headers.set("Content-Disposition", "attachment", filename=name)
    return kept_by(response, list(rows.values()), mark)
