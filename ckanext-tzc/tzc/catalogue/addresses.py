"""Addresses that people write: of the web, and the short names that a portal's own addresses are made of."""
from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from urllib.parse import urlsplit, urlunsplit

RUNS = frozenset({"javascript", "vbscript", "data", "blob", "file", "about", "livescript", "mhtml"})
"""Schemes that a browser would run or read from the reader's own computer."""

WEB = frozenset({"http", "https"})
REMOTE = WEB | {"ftp", "ftps", "sftp", "s3"}
"""Schemes of a machine elsewhere."""

HOST = re.compile(r"localhost|\[[0-9a-f:.]+\]|[^\s.\[\]/@:]+(\.[^\s.\[\]/@:]+)+\.?", re.IGNORECASE)
"""A machine's name with a dot in it, or its number: a bare word is a slip more often than a machine."""

SHORTEST, LONGEST = 2, 90
"""Characters of a name that is made from a title; CKAN takes 100, which leaves room for a number."""

RESERVED = frozenset({"new", "edit", "search"})

OTHERWISE = "donnees"
"""What a dataset's name begins with where its title gives none."""

OWNER = "tzc_owner"
"""The key of a validation's context with the id of the partner for whom its datasets are written, where that is known to be there."""

NAMED_LATER = "tzc_named_later"
"""The key of a validation's context that says that its dataset gets its name afterwards, with others."""


def scheme(text: str) -> str:
    """What stands before the colon, as a browser reads it: without the blanks and control characters that it overlooks."""
    seen = re.sub(r"[\x00-\x20\x7f]", "", text)
    found = re.match(r"([a-z][a-z0-9+.-]*):", seen, re.IGNORECASE)
    return found[1].lower() if found else ""


def runs(text: str) -> bool:
    """Whether a browser that follows this address would run something."""
    return scheme(text) in RUNS


def without_login(address: str) -> str:
    """The address without name and password."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def leads_somewhere(text: str, schemes: frozenset[str] = WEB) -> bool:
    """Whether this is an address, of one of these schemes, that names a machine."""
    if re.search(r"[\s<>\"\\^`{|}\x00-\x20\x7f]", text):
        return False
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
        port = parts.port
    except ValueError:
        return False
    if parts.scheme not in schemes or not host:
        return False
    return bool(port) or bool(HOST.fullmatch(f"[{host}]" if ":" in host else host)) or parts.scheme == "s3"


def mended(text: str) -> str:
    """The address that was probably meant, or nothing."""
    guess = f"https://{text.strip().removeprefix('//')}"
    return guess if not scheme(text) and leads_somewhere(guess) else ""


def name_of(title: str) -> str:
    """The name that a title gives: small letters, digits and hyphens; nothing where it has no letter of ours.

    The same as `form.js` writes while a title is typed.
    """
    plain = title.lower().replace("œ", "oe").replace("æ", "ae").replace("ß", "ss")
    plain = "".join(letter for letter in unicodedata.normalize("NFD", plain) if not unicodedata.combining(letter))
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST].rstrip("-")


def free_name(title: str, otherwise: str, taken: Callable[[str], bool]) -> str:
    """A name from a title (`otherwise` where it gives none) that is not taken: `velos`, then `velos-2`, `velos-3` …"""
    name = name_of(title)
    if len(name) < SHORTEST or name in RESERVED:
        name = "-".join(part for part in (otherwise, name) if part)
    tried, number = name, 1
    while taken(tried):
        number += 1
        tried = f"{name}-{number}"
    return tried
