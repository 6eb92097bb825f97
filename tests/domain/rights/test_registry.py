"""The registry of licences: each entry is whole, and what it says in one place fits what it says in another."""
from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from ckanext.tzc.schemas import vocabulary
from tzc.publishing.terms import NAMES
from tzc.rights import licences

ENTRIES = vocabulary("licence")
CODES = [entry["code"] for entry in ENTRIES]
BOTH = {"type": "object", "required": ["fr", "en"], "additionalProperties": False, "properties": {"fr": {"type": "string", "minLength": 2}, "en": {"type": "string", "minLength": 2}}}
ADDRESS = {"type": "string", "pattern": "^https?://[^ ]+$"}
EUROPEAN = {"type": "string", "pattern": "^http://publications.europa.eu/resource/authority/licence/[A-Z0-9_]+$"}
SOME_CODES = {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"enum": CODES}}
TRUE = {"const": True}


def _actions(*names: str) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"enum": list(names)}}


SCHEMA = {
    "type": "object",
    "required": ["code", "uri", "family", "label"],
    "additionalProperties": False,
    "properties": {
        "code": {"type": "string", "pattern": "^[a-z0-9-]+$"},
        "uri": {"type": "string"},
        "family": {"enum": ["open", "limited", "closed", "unknown"]},
        "label": BOTH,
        "eu": EUROPEAN,
        "eu_wider": EUROPEAN,
        "spdx": {"type": "string", "pattern": r"^[A-Za-z0-9.-]+$"},
        "also": {"type": "array", "items": ADDRESS},
        "names": {"type": "array", "items": {"type": "string", "format": "regex"}},
        "national_name": {"type": "string"},
        "free_choice": TRUE,
        "hvd": TRUE,
        "elsewhere": TRUE,
        "texts": {"type": "object", "minProperties": 1, "additionalProperties": False, "properties": {"fr": ADDRESS, "en": ADDRESS}},
        "share_alike_with": SOME_CODES,
        "policy": {
            "type": "object",
            "required": ["permissions"],
            "additionalProperties": False,
            "properties": {
                "permissions": _actions("odrl:use", "odrl:distribute", "odrl:derive"),
                "duties": _actions("odrl:attribute", "cc:ShareAlike"),
                "prohibitions": _actions("cc:CommercialUse", "cc:DerivativeWorks"),
            },
        },
        "clauses": {"type": "object", "additionalProperties": False, "properties": dict.fromkeys(sorted(licences.REFUSING), BOTH)},
        "contested": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["clause", "why", "source"],
                "additionalProperties": False,
                "properties": {"licences": SOME_CODES, "others": TRUE, "clause": BOTH, "why": BOTH, "source": ADDRESS},
                "oneOf": [{"required": ["licences"]}, {"required": ["others"]}],
            },
        },
    },
}


@pytest.mark.parametrize("entry", ENTRIES, ids=CODES)
def test_an_entry_is_whole_and_at_one_with_itself(entry: dict[str, Any]) -> None:
    jsonschema.validate(entry, SCHEMA, format_checker=jsonschema.FormatChecker())
    licence = licences.read(ENTRIES)[entry["code"]]
    if entry["family"] in {"closed", "unknown"}:
        assert not licence.known and not entry.get("clauses") and entry["uri"] == entry["code"]
        return
    assert entry["uri"].startswith("http") and entry["texts"]
    assert all(NAMES[name].value for names in entry["policy"].values() for name in names)
    # each duty and each prohibition has its clause, and no clause stands for nothing
    wanted = {
        licences.ATTRIBUTION: licences.ATTRIBUTE in licence.duties,
        licences.SHARE_ALIKE: licences.ALIKE in licence.duties,
        licences.NON_COMMERCIAL: licences.COMMERCE in licence.prohibitions,
        licences.DERIVATION: licences.DERIVATIVES in licence.prohibitions,
    }
    assert set(licence.clauses) == {rule for rule, there in wanted.items() if there}
    assert (licences.ALIKE in licence.duties) == (entry["code"] in licence.share_alike_with)
    assert (licences.DERIVATIVES in licence.prohibitions) == (licences.DERIVE not in licence.permissions)
    assert (entry["family"] == "open") == (not licence.prohibitions)
    # as open as CC BY 4.0: nothing asked for but the source's name
    assert not entry.get("hvd") or (not licence.prohibitions and licence.duties <= {licences.ATTRIBUTE})


def test_no_address_and_no_identifier_is_said_of_two() -> None:
    said = [address.rstrip("/") for entry in ENTRIES for address in (entry["uri"], entry.get("eu"), entry.get("spdx"), *entry.get("also", ())) if address]
    assert sorted(said) == sorted(set(said))


def test_free_choice_is_what_the_code_says() -> None:
    assert [entry["code"] for entry in ENTRIES if entry.get("free_choice")] == ["lov2", "odbl"]
