"""Data that were given: downloads of files, and rows out of the DataStore, of datasets that are not open to everybody.

Noted where they are given, recorded when the answer is made and before it leaves: one that cannot be recorded is not given. Of an answer that is sent while it is made
(a whole table as CSV) a second entry says how many bytes it became.
"""
from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

import ckan.model as model
import sqlalchemy as sa
from ckanext.datastore.backend import DatastoreBackend
from ckanext.tzc.common import grants
from flask import Response, g, has_request_context, request

from tzc.rights import policy, things

from . import hearing, store

DOWNLOADED, QUERIED, SENT = "data.downloaded", "data.queried", "data.sent"
GIVEN = (DOWNLOADED, QUERIED, SENT)
ASKED = ("fields", "filters", "q", "distinct", "offset", "limit")
"""What of a question to the DataStore says which rows and columns were had; 500 characters of each."""

PLACE = sa.text(
    "SELECT r.id, r.package_id, p.owner_org, p.private, p.extras ->> 'access_level' AS level, p.extras ->> 'embargo' AS embargo, r.extras AS own "
    "FROM resource r JOIN package p ON p.id = r.package_id WHERE r.id = ANY(:ids)"
)


def searched(next_action: Any, context: Any, data_dict: dict[str, Any]) -> Any:
    """After a question to the DataStore was answered within a request: note it."""
    answer = next_action(context, data_dict)
    if has_request_context():
        asked = {name: _short(data_dict[name]) for name in ASKED if data_dict.get(name) not in (None, "", [], {})}
        asked["rows"] = _rows(answer)
        g.setdefault("tzc_taken", []).append((data_dict.get("resource_id") or data_dict.get("id"), asked))
    return answer


def _rows(answer: dict[str, Any]) -> int | None:
    """How many rows an answer holds. CKAN gives them as text that it does not count."""
    if isinstance(answer.get("records"), list):
        return len(answer["records"])
    total, limit = answer.get("total"), answer.get("limit")
    return max(0, min(limit, total - (answer.get("offset") or 0))) if isinstance(total, int) and isinstance(limit, int) else None


def _short(value: Any) -> Any:
    return value if isinstance(value, int) else str(value)[:500]


def record(response: Response) -> Response:
    """Record what this answer gives (an `after_request` function)."""
    if response.status_code >= 400 or response.status_code == 304 or request.method == "HEAD":
        return response
    taken: list[tuple[str, dict[str, Any]]] = g.get("tzc_taken", [])
    kind = QUERIED
    if request.endpoint and request.endpoint.endswith("resource.download"):
        kind, taken = DOWNLOADED, [((request.view_args or {}).get("resource_id", ""), {"range": response.headers.get("Content-Range", "")})]
    elif request.endpoint == "datastore.dump":
        # the rows are asked for while they are sent: what is asked for is in the address
        taken = [((request.view_args or {}).get("resource_id", ""), {name: _short(value) for name, value in request.args.items() if name in ASKED})]
    if not taken:
        return response
    size = _size(response)
    facts = list(_facts(taken, {"bytes": size, "status": response.status_code}))
    if not facts:
        return response
    with model.meta.engine.begin() as connection:
        store.add(connection, [(kind, content) for content in facts])
    if size is None and response.status_code == 200:
        _count(response, facts)
    return response


def _size(response: Response) -> int | None:
    """How many bytes an answer has; None when it is sent while it is made, or leads elsewhere."""
    if response.status_code >= 300:
        return None
    return response.content_length if response.content_length is not None or response.is_streamed else response.calculate_content_length()


def _facts(taken: list[tuple[str, dict[str, Any]]], answer: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The content of an entry for each file that is not open; several questions of one request about one file are told together."""
    by = hearing.asker()
    asked: dict[str, list[dict[str, Any]]] = {}
    for name, question in taken:
        asked.setdefault(str(name), []).append(question)
    rows = {row.id: row for row in model.Session.execute(PLACE, {"ids": list(asked)})}
    for name in set(asked) - set(rows):
        exists, real = DatastoreBackend.get_active_backend().resource_id_from_alias(name)
        if exists and real:
            rows[name] = model.Session.execute(PLACE, {"ids": [real]}).one()
    now = datetime.now(timezone.utc)
    for name, row in rows.items():
        dataset, file = _known(row)
        if not things.is_for_all(dataset, file, now):
            level = things.level_of(dataset, file)
            about = {"dataset": row.package_id, "partner": row.owner_org or "", "file": row.id}
            given = _grants(by, things.thing_of(dataset, file), now)
            yield store.fact(by, about, {**answer, "level": level, "grants": given, "scope": asked[name][:20], "path": request.path[:500]})


def _known(row: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The dataset and the file as the one decision sees them; a private dataset is for its partner alone."""
    level = policy.CONFIDENTIAL if row.private else row.level
    dataset = {"id": row.package_id, "owner_org": row.owner_org, "access_level": level, "embargo": row.embargo}
    return dataset, {**(json.loads(row.own or "{}") or {}), "id": row.id}


def _grants(by: str, thing: policy.Thing, now: datetime) -> list[dict[str, Any]]:
    """What opened it, where somebody was given a right: from when to when, and which columns of the file (None: all)."""
    given = [grant for grant in grants.grants(by, [thing.dataset]) if grant.covers(thing, now)]
    return [
        {"id": str(getattr(grant, "id", "")), "begins": grant.begins.isoformat(), "ends": grant.ends.isoformat(), "columns": _sorted(grant.columns_of(thing.resource))}
        for grant in given
    ]  # fmt: skip


def _sorted(columns: frozenset[str] | None) -> list[str] | None:
    return None if columns is None else sorted(columns)


def _count(response: Response, facts: list[dict[str, Any]]) -> None:
    """Count the bytes of an answer that is made while it is sent, and record them at its end, also when the reader goes away before it."""
    parts, sent = response.response, 0

    def counted() -> Iterator[Any]:
        nonlocal sent
        for part in parts:
            sent += len(part if isinstance(part, bytes) else part.encode())
            yield part

    def ended() -> None:
        with model.meta.engine.begin() as connection:
            store.add(connection, [(SENT, {**fact, "content": {**fact["content"], "bytes": sent}}) for fact in facts])

    response.response = counted()
    response.call_on_close(ended)
