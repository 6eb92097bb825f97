"""Keys that programs push with."""
from __future__ import annotations

import hashlib
import secrets

MARK = "tzcf_"
"""How keys begin, so that who finds one knows what it is."""

SHOWN = 10
"""Characters that are kept to tell keys apart."""


def new(mark: str = MARK) -> str:
    """A key of 256 random bits; `mark`: how it begins."""
    return mark + secrets.token_urlsafe(32)


def prefix(key: str) -> str:
    """What is shown of a key."""
    return key[:SHOWN]


def fingerprint(key: str) -> str:
    """What is stored of a key, which needs no slow hash."""
    return hashlib.sha256(key.encode()).hexdigest()
