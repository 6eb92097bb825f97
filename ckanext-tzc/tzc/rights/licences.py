"""Under which licences data made of others may be published (decided in ADR 16).

Each source is asked by itself whether it allows the licence; one that does not is enough. So the order of sources is no matter, and a further source never allows more.
What a text does not settle is not judged: the licence is neither allowed nor refused, and the reason says whom to ask.
"""
from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Texts = Mapping[str, str]
"""A text by language."""

ALLOWED, ASK, REFUSED = "allowed", "ask", "refused"
STATUSES = (ALLOWED, ASK, REFUSED)
"""From the best to the worst."""

DERIVATION, ATTRIBUTION, SHARE_ALIKE, NON_COMMERCIAL = "derivation", "attribution", "share_alike", "non_commercial"
"""Why a licence is refused: nothing may be made of the source, its name would be lost, it wants another licence, it forbids business."""
UNKNOWN, CONTESTED, OWN_TERMS = "unknown", "contested", "own_terms"
"""Why a licence is not judged: nobody knows the source's terms, readers of its licence differ, the chosen terms are the partner's own."""

REFUSING = frozenset({DERIVATION, ATTRIBUTION, SHARE_ALIKE, NON_COMMERCIAL})
OTHER = "other-closed"
"""The partner's own conditions: nobody here has read them."""

USE = "odrl:use"
DERIVE, DISTRIBUTE = "odrl:derive", "odrl:distribute"
ATTRIBUTE, ALIKE = "odrl:attribute", "cc:ShareAlike"
COMMERCE, DERIVATIVES = "cc:CommercialUse", "cc:DerivativeWorks"


@dataclasses.dataclass(frozen=True)
class Doubt:
    """Licences on which readers of a licence's text differ; without any, all but the licence itself."""

    licences: frozenset[str]
    clause: Texts
    why: Texts
    source: str


@dataclasses.dataclass(frozen=True)
class Licence:
    """A licence: what one may, must and may not do, under what the derived may be published, and where its text says so (`clauses`, by rule)."""

    code: str
    permissions: frozenset[str] = frozenset()
    duties: frozenset[str] = frozenset()
    prohibitions: frozenset[str] = frozenset()
    share_alike_with: frozenset[str] = frozenset()
    doubts: tuple[Doubt, ...] = ()
    clauses: Mapping[str, Texts] = dataclasses.field(default_factory=dict)

    @property
    def known(self) -> bool:
        """Whether its terms are known; those of a partner's own and of none are not."""
        return bool(self.permissions)


@dataclasses.dataclass(frozen=True)
class Reason:
    """Why a licence is refused or not judged: the rule, the source's code, the clause of its text, and of a doubt what it is about."""

    rule: str
    source: str
    clause: Texts = dataclasses.field(default_factory=dict, compare=False)
    doubt: Doubt | None = dataclasses.field(default=None, compare=False)


@dataclasses.dataclass(frozen=True)
class Verdict:
    """Whether a licence may be chosen, and why not."""

    licence: str
    status: str
    reasons: tuple[Reason, ...] = ()


Registry = Mapping[str, Licence]


def read(entries: Iterable[Mapping[str, Any]]) -> dict[str, Licence]:
    """The registry, of the vocabulary's entries, in their order."""
    return {entry["code"]: _licence(entry) for entry in entries}


def _licence(entry: Mapping[str, Any]) -> Licence:
    policy = entry.get("policy") or {}
    return Licence(
        code=entry["code"],
        permissions=frozenset(policy.get("permissions", ())),
        duties=frozenset(policy.get("duties", ())),
        prohibitions=frozenset(policy.get("prohibitions", ())),
        share_alike_with=frozenset(entry.get("share_alike_with", ())),
        doubts=tuple(Doubt(frozenset(doubt.get("licences", ())), doubt["clause"], doubt["why"], doubt["source"]) for doubt in entry.get("contested", ())),
        clauses=entry.get("clauses") or {},
    )


def combine(sources: Iterable[str], registry: Registry) -> list[Verdict]:
    """For each licence, whether data made of sources under these licences (codes) may be published under it; a code that is none of the registry's is unknown terms.

    In the registry's order; a dataset without a licence is no choice. Without sources everything is allowed.
    """
    codes = sorted(set(sources))
    licences = [registry.get(code, Licence(code)) for code in codes]
    return [judge(licences, chosen) for chosen in registry.values() if chosen.known or chosen.code == OTHER]


def judge(sources: Sequence[Licence], chosen: Licence) -> Verdict:
    """Whether one licence may be chosen, with all the reasons against it."""
    reasons = [reason for source in sources for reason in _against(source, chosen)]
    refused = [reason for reason in reasons if reason.rule in REFUSING]
    status = REFUSED if refused else ASK if reasons else ALLOWED
    return Verdict(chosen.code, status, tuple(refused or reasons))


def _against(source: Licence, chosen: Licence) -> Iterable[Reason]:
    """What speaks against the choice, for one source."""
    if not source.known:
        yield Reason(UNKNOWN, source.code)
        return
    if not {DERIVE, DISTRIBUTE} <= source.permissions or DERIVATIVES in source.prohibitions:
        yield _reason(DERIVATION, source)
        return
    if source.share_alike_with and chosen.code not in source.share_alike_with:
        yield _reason(SHARE_ALIKE, source)
    if not chosen.known:
        # whether the partner's own words keep the rest, only who reads them can say
        if source.duties or source.prohibitions:
            yield Reason(OWN_TERMS, source.code)
        return
    if ATTRIBUTE in source.duties and ATTRIBUTE not in chosen.duties:
        yield _reason(ATTRIBUTION, source)
    if COMMERCE in source.prohibitions and COMMERCE not in chosen.prohibitions:
        yield _reason(NON_COMMERCIAL, source)
    for doubt in source.doubts:
        if chosen.code in doubt.licences or (not doubt.licences and chosen.code != source.code):
            yield Reason(CONTESTED, source.code, doubt.clause, doubt)


def _reason(rule: str, source: Licence) -> Reason:
    return Reason(rule, source.code, source.clauses.get(rule, {}))
