"""Signatures of agreements: a detached JWS (RFC 7515, appendix F) with ES256, which every JOSE library knows.

The private key is derived (HKDF, RFC 5869) from a secret that the portal keeps, and a number: the next number is another key, so keys are rotated without another secret to keep.
"""
from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

ALGORITHM = "ES256"
CONTENT = "application/ld+json"

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of P-256 (FIPS 186-5): a private key lies between 1 and this."""


def key(secret: str, number: int) -> ECKey:
    """The portal's key of this number."""
    # 16 bytes more than the key has, so that the remainder is as good as even (FIPS 186-5, A.2.1)
    drawn = HKDF(hashes.SHA256(), 48, salt=None, info=f"tzc agreements {number}".encode()).derive(secret.encode())
    private = ec.derive_private_key(int.from_bytes(drawn, "big") % (ORDER - 1) + 1, ec.SECP256R1())
    found: ECKey = ECKey.import_key(private)
    return found


def kid(key: ECKey) -> str:
    """By which a key is known: its thumbprint (RFC 7638)."""
    return key.thumbprint()


def public(key: ECKey) -> dict[str, Any]:
    """The public part, as others get it."""
    return {**key.as_dict(private=False), "kid": kid(key), "use": "sig", "alg": ALGORITHM}


def sign(payload: bytes, key: ECKey) -> str:
    """`header..signature`."""
    return str(jws.detach_content(jws.serialize_compact({"alg": ALGORITHM, "cty": CONTENT, "kid": kid(key)}, payload, key)))


def verify(payload: bytes, signature: str, keys: list[dict[str, Any]]) -> bool:
    """Whether one of these public keys signed this. A signature that brings a payload of its own is of that one, not of this."""
    if ".." not in signature:
        return False
    published: Any = {"keys": keys}
    try:
        known: KeySet = KeySet.import_key_set(published)
        jws.deserialize_compact(signature, known, algorithms=[ALGORITHM], payload=payload)
    except (JoseError, ValueError):
        return False
    return True
