"""Where programs push a feed's content: the answer comes when all is written, or nothing is."""
from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckan.config.middleware.flask_app import csrf
from ckanext.tzc.common import headers
from ckanext.tzc.common.keeping import CHUNK
from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from tzc.feeding import definition
from tzc.feeding import keys as pushing

from . import converting, fetching, running, store, words

feeding = Blueprint("tzc_feeding", __name__)

STATUS = {"columns": 409, "too_big": 413, "gone": 410, "internal": 500}
"""Of answers that take nothing; others are 422."""

AGAIN = 10
"""Seconds after which to push again where somebody else is at it."""


@csrf.exempt  # a program brings its key, and no session
@feeding.route("/api/tzc/feeds/<id>", methods=["PUT"])
def push(id: str) -> Response:
    """Take a feed's content. 200 with `state` new or unchanged; 401, 403, 404, 409, 410, 413, 415, 422, 429 with words, and nothing is changed."""
    headers.keep_private()
    feed, key = _asker(id)
    _within_quota(feed)
    ending = feed.wanted.file.rpartition(".")[2].lower()
    kind = _kind(ending)
    by = key.by
    key.used = store.now()
    model.Session.commit()
    with tempfile.TemporaryDirectory(prefix="tzc-push-") as folder:
        content = Path(folder) / "content"
        _received(content)
        try:
            run, error = running.push(feed, content, kind, by)
        except running.BusyError:
            raise _refused(429, "busy", tk._("Somebody is filling this feed right now: push again in a moment."), {"Retry-After": str(AGAIN)}) from None
    told = {"feed": id, "run": run.id, "state": run.outcome, "rows": run.rows, "bytes": run.bytes, "sha256": run.sha256}
    if error is None:
        return jsonify(told)
    difference = (run.parameters or {}).get("difference")
    more = {"difference": difference} if difference else {}
    answer = jsonify({**told, "code": error.code, "words": words.reason(error.code, run.parameters or {}), "todo": words.todo(error.code), **more})
    answer.status_code = STATUS.get(error.code, 422)
    return answer


def _asker(id_: str) -> tuple[store.Feed, store.Key]:
    """The feed, and the key that opens it now. A key of another feed is no key here."""
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    value = value.strip() if kind.lower() == "bearer" else request.headers.get("X-Feed-Key", "").strip()
    found = model.Session.query(store.Key).filter_by(hash=pushing.fingerprint(value), feed=id_).one_or_none() if value.startswith(pushing.MARK) and "\0" not in id_ else None
    if found is None:
        raise _refused(401, "key", tk._("Give the key of this feed, as “Authorization: Bearer …”."), {"WWW-Authenticate": "Bearer"})
    if found.revoked is not None or found.ends <= store.now():
        raise _refused(403, "ended", tk._("This key has ended: make another one on the page of the dataset's feeds."))
    feed = store.feed(id_)
    if feed is None or feed.wanted.kind != definition.PUSH:
        raise _refused(404, "feed", tk._("There is no such feed."))
    if feed.paused:
        raise _refused(403, "paused", tk._("This feed is paused."))
    return feed, found


def _within_quota(feed: store.Feed) -> None:
    at = store.now()
    count, _ = store.pushed(feed.id, at - dt.timedelta(hours=1))
    _, size = store.pushed(feed.id, at - dt.timedelta(days=1))
    if count >= tk.config["tzc.feeding.pushes_an_hour"]:
        raise _refused(429, "often", tk._("This feed was pushed very often within the last hour."), {"Retry-After": "600"})
    if size >= tk.config["tzc.feeding.bytes_a_day"]:
        raise _refused(429, "much", tk._("Very much was pushed to this feed within the last day."), {"Retry-After": "3600"})


def _kind(ending: str) -> str:
    kind = converting.MEDIA_TYPES.get(request.mimetype, ending)
    if kind != ending and not (ending == "csv" and kind in converting.CONVERTED):
        raise _refused(415, "kind", tk._("The file of this feed is of the kind {ending}: send that.").format(ending=ending))
    return kind


def _received(target: Path) -> None:
    """The body, in a file."""
    most, length = fetching.most_bytes(), 0
    if (request.content_length or 0) > most:
        raise _too_big(most)
    try:
        with target.open("wb") as out:
            while chunk := request.stream.read(CHUNK):
                length += len(chunk)
                if length > most:
                    raise _too_big(most)
                out.write(chunk)
    except RequestEntityTooLarge:
        raise _too_big(most) from None


def _too_big(most: int) -> HTTPException:
    return _refused(413, "too_big", words.reason("too_big", {"most": most}))


def _refused(status: int, code: str, said: str, more: dict[str, str] | None = None) -> HTTPException:
    answer: Any = jsonify({"code": code, "words": said})
    answer.status_code = status
    answer.headers.update(more or {})
    return HTTPException(response=answer)
