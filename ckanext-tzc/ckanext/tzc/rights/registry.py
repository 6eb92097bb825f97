"""The registry of licences, as the rules read it and as pages show it."""
from __future__ import annotations

from functools import lru_cache
from typing import Any

from ckanext.tzc.common.territory import language, territory, text
from ckanext.tzc.schemas import vocabulary

from tzc.rights import licences


@lru_cache(maxsize=1)
def registry() -> dict[str, licences.Licence]:
    """The licences by code, in the vocabulary's order."""
    return licences.read(vocabulary("licence"))


def entry(code: str) -> dict[str, Any]:
    """What the vocabulary says of a licence; nothing of one that it lacks."""
    return next((one for one in vocabulary("licence") if one["code"] == code), {})


def label(code: str) -> str:
    """A licence's name for this request's reader; its code where it is unknown."""
    return text(entry(code)["label"]) if entry(code) else code


def address(code: str) -> str:
    """Where a licence's text is read, in the reader's language where there is one; nothing for conditions without a text."""
    texts: dict[str, str] = entry(code).get("texts") or {}
    return texts.get(language()) or texts.get("en") or texts.get("fr") or ""


def is_offered(code: str) -> bool:
    """Whether the territory's form offers a licence."""
    return code in territory().licences


def offered_first(codes: list[str]) -> list[str]:
    """Licences in the territory's order, then those that it does not offer in the vocabulary's."""
    offered = [code for code in territory().licences if code in codes]
    return [*offered, *(code for code in codes if code not in offered)]
