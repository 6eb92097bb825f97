"""Who sends: the key, how much was sent already, the body within its limits, the signature. What is not right ends the request with an answer in words."""
from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckanext.tzc.common import credentials
from flask import Response, jsonify, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from tzc.feeding import keys

from . import source_words, store
from .source_actions import MARK
from .sources import SIGNING

CHUNK = 1 << 20
SIGNATURES = ("X-Hub-Signature-256", "X-Tzc-Signature")
"""Headers that say `sha256=` and the HMAC of the body, in hexadecimal digits."""


def refused(status: int, code: str, said: str, more: dict[str, str] | None = None, **also: Any) -> HTTPException:
    """The end of a request, as an exception."""
    answer: Response = jsonify({"code": code, "words": said, **also})
    answer.status_code = status
    answer.headers.update(more or {})
    return HTTPException(response=answer)


def asker(source: str | None = None) -> store.Source:
    """The source whose key was shown, which must be this one where one is named. Counts the request, and notes that the key was used; commits."""
    found = _key()
    if found is None or (source is not None and found.source != source):
        raise refused(401, "key", tk._("Give the key of this source, as “Authorization: Bearer …”."), {"WWW-Authenticate": "Bearer"})
    if found.revoked is not None or found.ends <= store.now():
        raise refused(403, "ended", tk._("This key has ended: make another one on the page of the dataset's sensors."))
    row = store.source(found.source)
    assert row is not None, "a key goes with its source"
    if row.paused:
        raise refused(403, "paused", tk._("This source is paused."))
    if not row.allowed:
        raise refused(403, "not_allowed", tk._("An administrator of the portal has not allowed this source yet."))
    _count(row, request.content_length or 0)
    if found.used is None or store.now() - found.used > dt.timedelta(minutes=1):
        found.used = store.now()
    model.Session.commit()
    return row


def _key() -> store.Key | None:
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    value = (value.strip() if kind.lower() == "bearer" else "") or request.headers.get("X-Sensor-Key", "").strip()
    if not value.startswith(MARK):
        return None
    found: store.Key | None = model.Session.query(store.Key).filter_by(hash=keys.fingerprint(value)).one_or_none()
    return found


_USE = sa.text(
    "INSERT INTO tzc_sensors_use AS u (source, hour, requests, bytes) VALUES (:source, date_trunc('hour', now()), 1, :bytes) "
    "ON CONFLICT (source, hour) DO UPDATE SET requests = u.requests + 1, bytes = u.bytes + EXCLUDED.bytes RETURNING requests, "
    "(SELECT coalesce(sum(d.bytes), 0) FROM tzc_sensors_use d WHERE d.source = :source AND d.hour > now() - interval '24 hours')"
)


_FORGET = sa.text("DELETE FROM tzc_sensors_use WHERE source = :source AND hour < now() - interval '25 hours'")


def _count(row: store.Source, size: int) -> None:
    """Count a request. More than is allowed in this hour or day is told to come again, and is counted, too."""
    requests, before = model.Session.execute(_USE, {"source": row.id, "bytes": size}).one()
    if requests == 1:
        model.Session.execute(_FORGET, {"source": row.id})
    if requests > tk.config["tzc.sensors.requests_an_hour"]:
        model.Session.commit()
        left = 3600 - int(store.now().timestamp()) % 3600
        raise refused(429, "often", tk._("Very much was sent to this source within this hour: send more rows at once, and less often."), {"Retry-After": str(left)})
    if before + size > tk.config["tzc.sensors.bytes_a_day"]:
        model.Session.rollback()
        raise refused(429, "much", tk._("Very much was sent to this source within the last day."), {"Retry-After": "3600"})


_MORE = sa.text("UPDATE tzc_sensors_use SET bytes = bytes + :bytes WHERE source = :source AND hour = date_trunc('hour', now())")


def body(source: str) -> bytes:
    """What was sent, within the limit; what came in parts, which say no length before, is counted when it is there. Commits."""
    content = _body()
    if request.content_length is None and content:
        model.Session.execute(_MORE, {"source": source, "bytes": len(content)})
        model.Session.commit()
    return content


def _body() -> bytes:
    most: int = tk.config["tzc.sensors.most_bytes"]
    if (request.content_length or 0) > most:
        raise _too_large(most)
    parts, length = [], 0
    try:
        while chunk := request.stream.read(CHUNK):
            length += len(chunk)
            if length > most:
                raise _too_large(most)
            parts.append(chunk)
    except RequestEntityTooLarge:
        raise _too_large(most) from None
    return b"".join(parts)


def _too_large(most: int) -> HTTPException:
    return refused(413, "too_many_bytes", source_words.batch("too_many_bytes", {"most": most}))


def signed(row: store.Source, content: bytes) -> None:
    """Look whether a body is signed with the secret of its source, where it has one."""
    name = (row.definition or {}).get("signature")
    if not name:
        return
    try:
        _kind, values = credentials.opened(row.partner, name, "", SIGNING)
    except credentials.CredentialError:
        raise refused(403, "signature", tk._("The secret of this source cannot be opened: give its credential anew.")) from None
    given = next((request.headers[header] for header in SIGNATURES if header in request.headers), "").removeprefix("sha256=").strip().lower()
    if not hmac.compare_digest(given.encode("utf-8", "replace"), hmac.new(values["token"].encode(), content, hashlib.sha256).hexdigest().encode()):
        raise refused(401, "signature", tk._("The body is not signed with the secret of this source."))
