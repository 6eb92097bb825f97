"""What a notice of a harvested catalogue says: how it stands now, why, and what is to be done."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tzc.harvesting import causes

Words = Callable[[str], str]

KEPT = ("trouble", "cause", "count", "by_hand")


def kept(happening: Any) -> dict[str, str]:
    """What a notice keeps of a happening for that."""
    told = happening.content if happening.kind.startswith("harvest.") else {}
    return {key: str(told[key]) for key in KEPT if told.get(key)}


def sentence(kind: str, _: Words, content: Mapping[str, Any]) -> str:
    """What happened; empty for what is none of a harvest."""
    if kind == "harvest.waits" and content.get("trouble") == "first":
        return _("The first harvest of a catalogue waits for you.")
    if kind == "harvest.waits" and content.get("cause") == "left_out":
        return _("A harvest waits for you, as its source's own filter leaves out suspiciously many datasets.")
    known = {
        "harvest.failed": _("A catalogue could not be harvested, or not whole."),
        "harvest.waits": _("A harvest waits for you, as suspiciously many datasets are missing at the source."),
        "harvest.refused": _("Records of a harvested catalogue could not be taken."),
        "harvest.recovered": _("A catalogue is harvested without trouble again."),
    }
    return known.get(kind, "")


def facts(kind: str, content: Mapping[str, Any], language: str, _: Words) -> list[tuple[str, str]]:
    """Which catalogue, how many records, why, and what to do, as `(label, value)`."""
    if not kind.startswith("harvest."):
        return []
    found = [(_("Catalogue"), str(content["title"]))] if content.get("title") else []
    if content.get("count"):
        found.append((_("Records"), str(content["count"])))
    if cause := causes.of(str(content.get("cause", ""))):
        found += [(_("Reason"), cause.what.text(language)), (_("What to do"), cause.advice(by_hand=bool(content.get("by_hand"))).text(language))]
    if content.get("trouble") == "first":
        found.append((_("What to do"), _("See what it would bring, then approve it, or give it up.")))
    return found
