"""What a notice of a decision says beyond what happened: whose turn it is, why, and what is to be done until when."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Words = Callable[[str], str]


def kept(happening: Any, user_id: str | None) -> dict[str, Any]:
    """What a notice keeps of a happening for that, by who reads it."""
    content = happening.content
    if happening.kind == "request.appealed":
        return {"before": str(content.get("before", "")), **({"hears": "1"} if user_id and user_id in content.get("hear", ()) else {})}
    return {}


def sentence(kind: str, _: Words, content: Mapping[str, Any]) -> str:
    """In place of the kind's own; empty where that one will do."""
    revoked = content.get("before") == "revoked"
    if kind == "request.appealed" and content.get("hears"):
        return _("An appeal against a right that was taken back is yours to decide.") if revoked else _("An appeal against a refusal is yours to decide.")
    if kind == "request.appealed" and revoked:
        return _("That a right was taken back is appealed: somebody else decides.")
    if kind == "request.appeal_acknowledged":
        return _("Your appeal has come in: somebody who did not decide before hears it.")
    return ""
