"""Credentials as they are stored: sealed with a key that is derived (HKDF, RFC 5869) of a secret that the portal keeps, and a number.

The next number is another key, so keys are rotated without another secret to keep. Whose credential it is, is sealed with it: one cannot be put in another's place.
"""
from __future__ import annotations

import json
import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE = 12


class SealError(Exception):
    """It was sealed with another secret, or changed."""


def _cipher(secret: str, number: int) -> AESGCM:
    return AESGCM(HKDF(hashes.SHA256(), 32, salt=None, info=f"tzc feeding {number}".encode()).derive(secret.encode()))


def _about(*owner: str) -> bytes:
    return json.dumps(owner).encode()


def seal(secret: str, number: int, values: Mapping[str, str], *owner: str) -> bytes:
    """Some values, of an owner."""
    nonce = os.urandom(NONCE)
    return nonce + _cipher(secret, number).encrypt(nonce, json.dumps(dict(values)).encode(), _about(*owner))


def unseal(secret: str, number: int, sealed: bytes, *owner: str) -> dict[str, str]:
    """The values. Raises SealError."""
    try:
        content = _cipher(secret, number).decrypt(sealed[:NONCE], sealed[NONCE:], _about(*owner))
    except InvalidTag as error:
        raise SealError("sealed with another secret, or changed") from error
    found: dict[str, str] = json.loads(content)
    return found
