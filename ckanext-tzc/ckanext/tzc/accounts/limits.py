"""How often somebody may try to sign in, or have a mail sent. Counted in Valkey, for all processes together."""
from __future__ import annotations

import hashlib
import ipaddress
import logging
from functools import lru_cache

import ckan.model as model
import ckan.plugins.toolkit as tk
import redis
import sqlalchemy as sa
from flask import Response, request
from limits import RateLimitItem, parse
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter

log = logging.getLogger(__name__)

SIGN_IN, MAIL = "sign_in", "mail"
LIMITED = {
    "user.login": (SIGN_IN, "login"),
    "user.request_reset": (MAIL, "user"),
    "tzc_accounts.sign_up": (MAIL, "email"),
    "tzc_guests.ask": (MAIL, "email"),
}
"""Forms that are limited: what their posts count as, and the field that names the account."""


@lru_cache(maxsize=2)
def _limiter(url: str, site: str) -> MovingWindowRateLimiter:
    return MovingWindowRateLimiter(storage_from_string(url, key_prefix=f"tzc:limit:{site}"))


def _counters(kind: str, account: str) -> list[tuple[RateLimitItem, str]]:
    """What a try is counted against: the account that is named, and the reader's address where it is known."""
    found = [(parse(tk.config[f"tzc.accounts.{kind}_limit"]), hashlib.sha256(_meant(account).encode()).hexdigest())]
    address = request.remote_addr or ""
    if tk.config["tzc.trusted_proxies"] or not _is_near(address):
        found.append((parse(tk.config[f"tzc.accounts.{kind}_limit_address"]), address))
    return found


def _meant(typed: str) -> str:
    """The account that is meant, by its name or by its address of e-mail, as signing in finds it; what was typed, where there is none."""
    named = typed.strip().casefold()
    if "\x00" in named:
        return named
    query = model.Session.query(model.User.id).order_by(model.User.state, model.User.created, model.User.id)
    user = query.filter_by(name=named).first() or query.filter(sa.func.lower(model.User.email) == named).first()
    return user.id if user else named


def _is_near(address: str) -> bool:
    """Whether the address is this machine's: then a proxy that was not declared may stand there, and all readers would share one count."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return True


def refuse() -> tuple[str, int, dict[str, str]] | None:
    """Before a request: the page that says to wait, when the form was sent too often."""
    if request.method != "POST" or request.endpoint not in LIMITED:
        return None
    kind, field = LIMITED[request.endpoint]
    limiter = _limiter(tk.config["ckan.redis.url"], tk.config["ckan.site_id"])
    try:
        late = [limit for limit, name in _counters(kind, request.form.get(field, "")) if not limiter.hit(limit, kind, name)]
    except redis.RedisError:
        log.warning("tries are not counted, as Redis does not answer")
        return None
    if not late:
        return None
    seconds = max(limit.get_expiry() for limit in late)
    return tk.render("accounts/wait.html", {"minutes": -(-seconds // 60), "kind": kind}), 429, {"Retry-After": str(seconds)}


def forget(response: Response) -> Response:
    """After a sign-in that succeeded: the account's count begins anew, so that mistakes of the past do not lock anybody out."""
    if request.method == "POST" and request.endpoint == "user.login" and response.status_code == 302:
        limit, name = _counters(SIGN_IN, request.form.get("login", ""))[0]
        try:
            _limiter(tk.config["ckan.redis.url"], tk.config["ckan.site_id"]).clear(limit, SIGN_IN, name)
        except redis.RedisError:
            log.warning("a count was not taken back, as Redis does not answer")
    return response
