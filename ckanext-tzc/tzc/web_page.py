"""Whether a text begins as a web page does: what makes a browser run it, whatever it is called."""
from __future__ import annotations

import re

_BEGINNING = re.compile(
    rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff|\s|<!--.*?-->|<\?xml[^>]*\?>)*"
    rb"<(?:!doctype|html|head|body|title|meta|link|base|style|script|svg|iframe|object|embed|img|form|frameset|div|p|a|h[1-6]|table)(?=[\s>/])",
    re.IGNORECASE | re.DOTALL,
)


def begins_as_page(head: bytes) -> bool:
    """Whether the first bytes are those of HTML or SVG; tags further on, as in a value of a table, make no page.

    >>> begins_as_page(b"<!DOCTYPE html>"), begins_as_page(b"<nom>,val"), begins_as_page(b"a,b\\n<script>,1")
    (True, False, False)
    """
    # two bytes a letter: the zeros are left out
    return bool(_BEGINNING.match(head.replace(b"\x00", b"")))
