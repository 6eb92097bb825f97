"""Calls to a partner's program, written and signed as standardwebhooks.com says, so that its receivers' libraries check them."""
from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from urllib.parse import urlsplit

PREFIX = "whsec_"
LONGEST = 500


def new_secret() -> str:
    """A secret that the portal and one partner share."""
    return PREFIX + base64.b64encode(os.urandom(32)).decode()


def is_address(url: str, plain: bool = False) -> bool:
    """Whether calls can go there: an address of HTTPS (of HTTP only where `plain`) without a password in it."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    schemes = {"https", "http"} if plain else {"https"}
    return parts.scheme in schemes and bool(parts.hostname) and "@" not in parts.netloc and len(url) <= LONGEST and url.isascii() and not any(sign.isspace() for sign in url)


def body(kind: str, at: dt.datetime, about: Mapping[str, str], url: str) -> str:
    """What is sent: what happened, when, ids of what it is about, and the page where it stands. No words of anybody: those are read in the portal, by who may."""
    moment = at.astimezone(dt.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"type": kind, "timestamp": moment, "data": {"about": dict(about), "url": url}}, ensure_ascii=False, separators=(",", ":"))


def headers(secret: str, key: str, at: dt.datetime, content: str) -> dict[str, str]:
    """The headers that prove it: `key` stays the same in all attempts, so that a call that comes twice is known."""
    stamp = str(int(at.timestamp()))
    return {"webhook-id": key, "webhook-timestamp": stamp, "webhook-signature": signature(secret, key, stamp, content), "Content-Type": "application/json"}


def signature(secret: str, key: str, stamp: str, content: str) -> str:
    """HMAC-SHA256 over id, time and content. Raises ValueError for what is no secret."""
    try:
        known = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError as error:
        raise ValueError("no secret of a webhook") from error
    return "v1," + base64.b64encode(hmac.new(known, f"{key}.{stamp}.{content}".encode(), hashlib.sha256).digest()).decode()
