"""When mails are due, and what proves who calls a partner's program."""
from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tzc.notices import calls, times

PARIS = ZoneInfo("Europe/Paris")
UTC = dt.timezone.utc


def test_at_once_and_never() -> None:
    now = dt.datetime(2026, 11, 28, 10, tzinfo=UTC)
    assert times.due("at_once", now, PARIS, 7) == now
    assert times.due("none", now, PARIS, 7) is None


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-11-28T05:59", "2026-11-28T06:00"), ("2026-11-28T06:00", "2026-11-29T06:00"), ("2026-11-28T22:59", "2026-11-29T06:00"), ("2026-11-28T23:30", "2026-11-29T06:00"),
        ("2026-03-28T12:00", "2026-03-29T05:00"), ("2026-10-24T12:00", "2026-10-25T06:00"), ("2026-12-31T12:00", "2027-01-01T06:00"),
    ],
)  # fmt: skip
def test_the_digest_goes_by_the_territorys_clock(now: str, due: str) -> None:
    """Also on the days on which it is changed."""
    found = times.due("digest", dt.datetime.fromisoformat(now).replace(tzinfo=UTC), PARIS, 7)
    assert found == dt.datetime.fromisoformat(due).replace(tzinfo=UTC)


@given(st.integers(1_780_000_000, 1_900_000_000), st.integers(0, 23))
def test_a_digest_is_never_late_nor_past(second: int, hour: int) -> None:
    now = dt.datetime.fromtimestamp(second, UTC)
    found = times.due("digest", now, PARIS, hour)
    assert found is not None and now < found <= now + dt.timedelta(hours=25)


def test_a_call_is_given_up_after_two_days() -> None:
    now = dt.datetime(2026, 11, 28, tzinfo=UTC)
    waits = [times.again(attempts, now) for attempts in range(1, 10)]
    assert waits[0] == now + dt.timedelta(minutes=1) and waits[-1] is None and None not in waits[:-1]
    assert dt.timedelta(hours=40) < sum((wait - now for wait in waits if wait), dt.timedelta()) < dt.timedelta(hours=56)


def test_the_example_of_the_standard() -> None:
    """From its specification."""
    secret, key, stamp, content = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", '{"test": 2432232314}'
    assert calls.signature(secret, key, stamp, content) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_receiver_can_check_a_call() -> None:
    secret, at = calls.new_secret(), dt.datetime(2026, 11, 28, 10, 0, 0, 5000, tzinfo=UTC)
    content = calls.body("request.submitted", at, {"request": "é"}, "https://portail.example.org/x")
    assert json.loads(content) == {"type": "request.submitted", "timestamp": "2026-11-28T10:00:00.005Z", "data": {"about": {"request": "é"}, "url": "https://portail.example.org/x"}}
    sent = calls.headers(secret, "msg_1", at, content)
    proof = hmac.new(base64.b64decode(secret[6:]), f"msg_1.{sent['webhook-timestamp']}.{content}".encode(), hashlib.sha256).digest()
    assert sent["webhook-signature"] == "v1," + base64.b64encode(proof).decode()
    assert sent["webhook-timestamp"] == str(int(at.timestamp()))
    assert calls.new_secret() != secret


def test_what_is_no_secret() -> None:
    with pytest.raises(ValueError, match="no secret"):
        calls.signature("whsec_é", "msg_1", "1", "")


@pytest.mark.parametrize("url", ["https://ville.example.org/hook?x=1", "https://ville.example.org:8443/"])
def test_addresses_to_call(url: str) -> None:
    assert calls.is_address(url)


@pytest.mark.parametrize(
    "url", ["", "http://ville.example.org/", "ftp://x/", "https://", "https://jean:secret@ville.example.org/", "https://@x/", "https://x:y/", "https://[", "https://é.fr/", "https://x/ y", "https://x/\n", "https://x/" + "a" * 500]
)  # fmt: skip
def test_what_is_no_address_to_call(url: str) -> None:
    assert not calls.is_address(url)
    assert calls.is_address("http://127.0.0.1:1/", plain=True)
