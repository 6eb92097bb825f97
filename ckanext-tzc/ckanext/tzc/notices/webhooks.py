"""Calling partners' programs: in the background, signed, tried again for two days, and never into an internal network."""
from __future__ import annotations

import logging
import time
from typing import Any
from urllib.parse import urlsplit

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.harvesters import http

from tzc.notices import calls, times

from . import store

log = logging.getLogger(__name__)

LIMITS = http.Limits(connect=5, read=10, answer=15, run=20)


class _Caller(http.Client):
    """Makes one request and reads the status of its answer; a redirect is none that takes a call."""

    def status(self, url: str, body: str, headers: dict[str, str]) -> int:
        """What the program answers. Raises FetchError or one of BROKEN."""
        answer, _ = self._once("POST", url, body.encode(), headers)
        return answer.status

    def _read(self, url: str, response: Any) -> bytes:
        return b""


def allow_internal() -> bool:
    """Whether internal networks and plain HTTP are allowed."""
    return bool(tk.config["tzc.notices.internal_webhooks"])


def is_inner(url: str) -> bool:
    """Whether an address is known to lead into an internal network."""
    return http.is_inner(urlsplit(url).hostname or "")


def call_due(seconds: float) -> int:
    """Make the calls that are due, each in a transaction of its own. How many were taken. Commits."""
    ends, taken = time.monotonic() + seconds, 0
    while time.monotonic() < ends:
        asked = model.Session.query(store.Call, store.Webhook).join(store.Webhook, store.Webhook.partner_id == store.Call.partner_id).filter(store.Call.due <= store.now())
        found = asked.order_by(store.Call.due, store.Call.id).with_for_update(of=store.Call, skip_locked=True).first()
        if found is None:
            break
        taken += _call(*found)
        model.Session.commit()
    model.Session.rollback()
    return taken


def _call(call: store.Call, webhook: store.Webhook) -> bool:
    call.attempts += 1
    error = _try(webhook, call)
    call.error = error or None
    call.due = times.again(call.attempts, store.now()) if error else None
    if not error:
        call.done = store.now()
    else:
        log.warning("call %s was not taken: %s", call.key, error)
    return not error


def _try(webhook: store.Webhook, call: store.Call) -> str:
    """Why a call was not taken; nothing when it was."""
    told = {"User-Agent": "ckanext-tzc notices", **calls.headers(webhook.secret, call.key, store.now(), call.body)}
    try:
        status = _Caller(allow_internal=allow_internal(), limits=LIMITS).status(webhook.url, call.body, told)
    except http.ForbiddenError:
        return "internal network"
    except (http.FetchError, *http.BROKEN) as error:
        return str(error)[:300] or type(error).__name__
    return "" if 200 <= status < 300 else f"status {status}"


def try_again(partner_id: str | None = None) -> int:
    """Make due now what waits or was given up; how many. Commits nothing."""
    waiting = model.Session.query(store.Call).filter(store.Call.done.is_(None))
    return int((waiting.filter_by(partner_id=partner_id) if partner_id else waiting).update({"due": store.now(), "attempts": 0}))
