"""Which addresses udata accepts: absolute, of the public network, below a top-level domain that exists."""
from __future__ import annotations

import ipaddress
import re
from collections.abc import Set as AbstractSet

SCHEMES = {"", "http", "https", "ftp", "ftps"}

_LETTER = "a-z0-9\u00a1-\uffff"
_LABEL = rf"[{_LETTER}_]+(?:-[{_LETTER}_]+)*(?<!_)"
"""Single hyphens inside, no underscore at its end."""
LONGEST = 8000
ADDRESS = re.compile(
    rf"""
    (?: (?P<scheme>[a-z0-9.\-]*) : )? //
    (?: \S+ @ )?
    (?: (?P<own>localhost(?:\.localdomain)?)
      | (?P<four>(?:\d{{0,3}}\.){{3}}\d{{0,3}})
      | \[ (?P<six>[0-9a-f:]+) \]
      | {_LABEL} (?: \.{_LABEL} )* \. (?P<top>[{_LETTER}]{{2,}})
    )
    (?: : \d{{2,5}} )?
    (?: / \S* )?
    (?: \? \S* )?
    """,
    re.VERBOSE | re.IGNORECASE,
)


def fault(address: str, tops: AbstractSet[str]) -> str | None:
    """Why an address is not accepted: `malformed`, `scheme`, `domain` or `local`; None when it is."""
    found = ADDRESS.fullmatch(address.strip()) if len(address) < LONGEST else None
    if found is None:
        return "malformed"
    if (found["scheme"] or "").lower() not in SCHEMES:
        return "scheme"
    top = found["top"]
    if top and top not in tops and _ascii(top) not in tops:
        return "domain"
    if found["own"]:
        return "local"
    return _of_machine(found["four"] or found["six"])


def _of_machine(number: str | None) -> str | None:
    if number is None:
        return None
    try:
        machine = ipaddress.ip_address(number)
    except ValueError:
        return "malformed"
    return None if machine.is_global and not machine.is_multicast else "local"


def _ascii(top: str) -> str:
    try:
        return top.encode("idna").decode("ascii")
    except UnicodeError:
        return ""
