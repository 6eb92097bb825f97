"""JSON with one form only (RFC 8785, JCS), so that a signature of it can be checked by whoever parsed it and wrote it anew."""
from __future__ import annotations

import json
from typing import Any


def canonical(value: Any) -> bytes:
    """UTF-8, keys in the order of their UTF-16 units, no blanks. Raises ValueError for numbers with fractions, which are written in several ways and which no agreement needs."""
    return json.dumps(_ordered(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise ValueError("keys are texts")
        return {key: _ordered(value[key]) for key in sorted(value, key=lambda key: key.encode("utf-16-be"))}
    if isinstance(value, (list, tuple)):
        return [_ordered(one) for one in value]
    if isinstance(value, float):
        raise ValueError("numbers with fractions are not written")  # noqa: TRY004 -- the value cannot be written, whatever its type
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**53:
        raise ValueError("numbers beyond 2^53 are not exact everywhere")
    return value
