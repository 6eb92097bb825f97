"""What stands behind the question mark of a list's address: its page and its order."""
from __future__ import annotations

import re

LAST_PAGE_DIGITS = 6
"""The index counts datasets in 31 bits, and nobody turns as many pages."""

ORDER = re.compile(r"[ \t]*[a-z][a-z0-9_.]*(?:[ \t]+(?:asc|desc))?[ \t]*", re.IGNORECASE | re.ASCII)
MOST_ORDERS, LONGEST_ORDER = 10, 300


def is_page(text: str) -> bool:
    """Whether this is the number of a page."""
    return text.isascii() and text.isdigit() and len(text) <= LAST_PAGE_DIGITS and int(text) > 0


def is_order(text: str) -> bool:
    """Whether this is an order, such as `title asc, metadata_modified desc`; nothing is the usual one."""
    parts = text.split(",")
    return text == "" or (len(text) <= LONGEST_ORDER and len(parts) <= MOST_ORDERS and all(ORDER.fullmatch(part) for part in parts))
