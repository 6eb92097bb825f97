"""An agreement as ODRL 2.2 (W3C Recommendation, 2018-02-15) in JSON-LD.

Its context is written out, so that no program needs the network to understand it. What ODRL has no word for, the operand `column`, is a word of the portal's own profile.
"""
from __future__ import annotations

import base64
import dataclasses
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

ODRL = "http://www.w3.org/ns/odrl/2/"


def _link(name: str, kind: str = "@id") -> dict[str, str]:
    return {"@id": name, "@type": kind}


CONTEXT: dict[str, Any] = {
    "@vocab": ODRL,
    "dct": "http://purl.org/dc/terms/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "uid": "@id",
    "type": "@type",
    "profile": _link(f"{ODRL}profile"),
    "assigner": _link(f"{ODRL}assigner"),
    "assignee": _link(f"{ODRL}assignee"),
    "informedParty": _link(f"{ODRL}informedParty"),
    "target": _link(f"{ODRL}target"),
    "partOf": _link(f"{ODRL}partOf"),
    "source": _link(f"{ODRL}source"),
    "action": _link(f"{ODRL}action", "@vocab"),
    "leftOperand": _link(f"{ODRL}leftOperand", "@vocab"),
    "operator": _link(f"{ODRL}operator", "@vocab"),
    "title": "dct:title",
    "description": "dct:description",
    "issued": _link("dct:issued", "xsd:dateTime"),
    "request": _link("dct:source"),
}


@dataclasses.dataclass(frozen=True)
class Named:
    """Somebody or something: an address by which it is known, and its name."""

    uid: str
    name: str


@dataclasses.dataclass(frozen=True)
class Facts:
    """What was agreed. `files`: none for all of the dataset; `columns`: by the file's uid, where not all of them; `terms`: SHA-256 of the texts that were accepted, hexadecimal."""

    uid: str
    profile: str
    request: str
    made: datetime
    partner: Named
    holder: Named
    dataset: Named
    purpose: Named
    begins: datetime
    ends: datetime
    words: str = ""
    files: tuple[Named, ...] = ()
    columns: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    terms: tuple[str, ...] = ()


def moment(value: datetime) -> str:
    """A moment as XML Schema writes it, in UTC, to the microsecond where there is one: the end is meant to the instant."""
    return value.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def named_by_hash(sha256: str) -> str:
    """The address of what has this SHA-256 (RFC 6920)."""
    return "ni:///sha-256;" + base64.urlsafe_b64encode(bytes.fromhex(sha256)).decode().rstrip("=")


def hash_of(address: str) -> str:
    """The SHA-256 that such an address names, hexadecimal."""
    encoded = address.rpartition(";")[2]
    return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).hex()


def agreement(facts: Facts) -> dict[str, Any]:
    """The document."""
    targets = _targets(facts)
    accepted = [named_by_hash(one) for one in facts.terms]
    return {
        "@context": CONTEXT,
        "type": "Agreement",
        "uid": facts.uid,
        "profile": facts.profile,
        "issued": moment(facts.made),
        "request": facts.request,
        "assigner": {"type": "Party", **_named(facts.partner)},
        "assignee": {"type": "Party", **_named(facts.holder)},
        "permission": [
            {
                "target": targets,
                "action": "use",
                "constraint": [
                    {"leftOperand": "dateTime", "operator": "gteq", "rightOperand": _dated(facts.begins)},
                    {"leftOperand": "dateTime", "operator": "lt", "rightOperand": _dated(facts.ends)},
                    {
                        "leftOperand": "purpose", "operator": "eq", "rightOperand": {"uid": facts.purpose.uid}, "title": facts.purpose.name,
                        **({"description": facts.words} if facts.words else {}),
                    },
                ],
                # the terms were read, and that each use is recorded was accepted
                "duty": [*({"action": "reviewPolicy", "target": one} for one in accepted), {"action": "acceptTracking"}],
            }
        ],
        "prohibition": [{"target": targets, "action": "distribute"}],
        "obligation": [
            {"target": targets, "action": "delete", "constraint": [{"leftOperand": "dateTime", "operator": "gteq", "rightOperand": _dated(facts.ends)}]},
            {"action": "inform", "informedParty": facts.partner.uid, "description": "Attest that the data and all copies were destroyed."},
        ],
    }  # fmt: skip


def _named(one: Named) -> dict[str, str]:
    return {"uid": one.uid, "title": one.name}


def _dated(value: datetime) -> dict[str, str]:
    return {"@value": moment(value), "@type": "xsd:dateTime"}


def _targets(facts: Facts) -> list[dict[str, Any]]:
    """Columns are a refinement, which a program that does not know it cannot take for the whole file."""
    if not facts.files:
        return [{"type": "Asset", **_named(facts.dataset)}]
    found: list[dict[str, Any]] = []
    for file in facts.files:
        columns = facts.columns.get(file.uid)
        if columns:
            some = {"leftOperand": f"{facts.profile}#column", "operator": "isAnyOf", "rightOperand": sorted(columns)}
            found.append({"type": "AssetCollection", "source": file.uid, "title": file.name, "partOf": facts.dataset.uid, "refinement": [some]})
        else:
            found.append({"type": "Asset", **_named(file), "partOf": facts.dataset.uid})
    return found
