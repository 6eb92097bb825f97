"""Numbers as people and programs write them."""
from __future__ import annotations


def whole_number(stated: object, least: int = 0, digits: int = 18) -> int | None:
    """A whole number from `least` up, of so many digits at most; None of anything else, as of “-1”, “1.5”, or digits of another script."""
    text = str(stated)
    if not (text.isascii() and text.isdigit() and len(text) <= digits):
        return None
    return int(text) if int(text) >= least else None
