"""Which of our licences is meant by what a catalogue states."""
from __future__ import annotations

import re
from collections.abc import Iterable

from ckanext.tzc.schemas import vocabulary

from .words import plain

UNSTATED = "notspecified"
OWN_CONDITIONS = "other-closed"
"""A licence is stated that is none of ours."""

LONGEST = 2000
"""Characters of what is stated in which a licence is looked for."""

NOTHING = frozenset({"", "[]", "{}", "none", "null", "notspecified", "not specified", "license not specified", "no license", "licence non specifiee", "non specifiee", "other"})


TAKEN_BACK = re.compile(r"\b(pas|not|non|nc|hors|except|contrairement|fermee?)\b[^.;,]{0,40}$")
LIMITED = re.compile(r"[^.;,]{0,30}\b(nc|non[ -]?commercial|pas d.utilisation)")
"""Words before and behind the name or the address of a licence, in the same breath, by which it is another one or none."""


def licence_of(stated: Iterable[str]) -> str:
    """The code of a licence of which an address, a name or an identifier is stated; the first that says something counts."""
    said = [word for told in stated if (word := plain(told.strip()[:LONGEST])) not in NOTHING]
    for word in said:
        links = [(_bare(found[0]), found) for found in re.finditer(r"https?://\S+", word)]
        for entry in vocabulary("licence"):
            if _same(word, links, entry):
                return str(entry["code"])
    return OWN_CONDITIONS if said else UNSTATED


def _same(word: str, links: Iterable[tuple[str, re.Match[str]]], entry: dict[str, object]) -> bool:
    """Whether this is the licence's code, one of its addresses, or a text with such an address (of its `links`) or one of its names in it, of which nothing is taken back."""
    addresses = {_bare(str(address)) for address in (entry["uri"], entry.get("eu"), *_list(entry, "also")) if address}
    if word in {plain(str(entry["code"])), plain(str(entry.get("spdx", "")))} - {""}:
        return True
    named = [found for link, found in links if link in addresses]
    named += [found for pattern in _list(entry, "names") if (found := re.search(str(pattern), word))]
    policy = entry.get("policy")
    limited = isinstance(policy, dict) and "prohibitions" in policy
    return any(limited or not (TAKEN_BACK.search(word[: found.start()]) or LIMITED.match(word[found.end() :])) for found in named)


def _list(entry: dict[str, object], key: str) -> list[object]:
    value = entry.get(key)
    return value if isinstance(value, list) else []


def _bare(address: str) -> str:
    """An address without what differs for no reason: the scheme, `www.`, a language, the last slash."""
    bare = re.sub(r"^https?://(www\.)?", "", address.lower()).split("#")[0].rstrip("/.,;)")
    return re.sub(r"/(legalcode|deed)(\.[a-z]{2})?$|/summary$|\.html?$", "", bare).rstrip("/").replace("licenses/odbl/summary", "licenses/odbl").replace("/odbl/1.0", "/odbl/1-0")
