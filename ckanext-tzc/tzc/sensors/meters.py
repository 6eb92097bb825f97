"""The number of a delivery point: fourteen digits that name a home. It is kept as a keyed hash and its last four digits, never as it is; where it is needed to ask for
data, it is sealed (`common.sealed`).
"""
from __future__ import annotations

import hashlib
import hmac
import re

ELECTRICITY, GAS = ENERGIES = ("electricity", "gas")

_NUMBERS = {ELECTRICITY: re.compile(r"\d{14}"), GAS: re.compile(r"\d{14}|GI\d{6}")}
"""Electricity: the PRM (or PDL) of the grid operator; gas: the PCE, of large consumers `GI` and six digits."""

SHOWN = 4


def written(number: object, energy: str) -> str:
    """A number as people type it, without the spaces between; empty where it is none."""
    text = re.sub(r"[\s.\-\u202f\u00a0]", "", number).upper() if isinstance(number, str) and len(number) < 60 else ""
    return text if _NUMBERS[energy].fullmatch(text) else ""


def fingerprint(secret: str, energy: str, number: str) -> str:
    """What a number is found again by. Without the secret all numbers would be tried in an hour."""
    return hmac.new(secret.encode(), f"tzc meter {energy} {number}".encode(), hashlib.sha256).hexdigest()


def last(number: str) -> str:
    """What is shown of a number."""
    return number[-SHOWN:]


def masked(body: bytes, number: str) -> bytes:
    """A file in which the number is covered, but for what is shown of it; as long as before."""
    return body.replace(number.encode(), b"*" * (len(number) - SHOWN) + last(number).encode()) if number else body
