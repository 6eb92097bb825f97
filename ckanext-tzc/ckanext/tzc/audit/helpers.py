"""What the room's templates ask."""
from __future__ import annotations

from typing import Any

from . import words


def tzc_audit_kind(code: str) -> str:
    """A kind of entry in words."""
    return words.kind(code)


def tzc_audit_particulars(entry: dict[str, Any]) -> list[str]:
    """What else is known of an entry, in words."""
    return words.particulars(entry)
