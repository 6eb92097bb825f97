"""Licences and what speaks against them, in the reader's words."""
from __future__ import annotations

import ckan.plugins.toolkit as tk
from ckanext.tzc.common.territory import text

from tzc.rights import licences
from tzc.rights.licences import Licence, Reason

from . import registry

DATED = frozenset({"lov1", "lov2"})
"""Licences that ask for the date of the last update too."""
MARKED = "cc-"
"""How the codes of licences begin that ask for a word on what was changed."""


def plain(code: str) -> dict[str, list[str]]:
    """What a licence lets one do, asks for and forbids: `{"may", "must", "may_not"}`."""
    licence = registry.registry().get(code, Licence(code))
    if not licence.known:
        return {"may": [], "must": [_unknown(code)], "may_not": []}
    must = []
    if licences.ATTRIBUTE in licence.duties:
        must.append(_attribution(code))
    if licence.share_alike_with:
        must.append(str(tk._("Share what you make of the data under the same licence.")))
    may_not = []
    if licences.COMMERCE in licence.prohibitions:
        may_not.append(str(tk._("Use the data for business.")))
    if licences.DERIVATIVES in licence.prohibitions:
        may_not.append(str(tk._("Publish a changed version, or data made of these and others.")))
    return {"may": [_permission(licence)], "must": must, "may_not": may_not}


def _permission(licence: Licence) -> str:
    business, change = licences.COMMERCE not in licence.prohibitions, licences.DERIVATIVES not in licence.prohibitions
    if change:
        return str(tk._("Copy, change and share the data, also for business.") if business else tk._("Copy, change and share the data."))
    return str(tk._("Copy and share the data as they are, also for business.") if business else tk._("Copy and share the data as they are."))


def _attribution(code: str) -> str:
    if code in DATED:
        return str(tk._("Name the source and the date of its last update."))
    return str(tk._("Name the source and its licence, and say whether you changed anything.") if code.startswith(MARKED) else tk._("Name the source and its licence."))


def _unknown(code: str) -> str:
    if code == licences.OTHER:
        return str(tk._("Agree on the use with the partner first."))
    return str(tk._("Ask the partner before reusing: no licence is stated."))


def status(code: str) -> str:
    """A verdict in a word."""
    return str({licences.ALLOWED: tk._("Allowed"), licences.ASK: tk._("To be asked"), licences.REFUSED: tk._("Not allowed")}[code])


def reason(found: Reason, chosen: str) -> str:
    """Why a licence is refused or not judged, in a sentence or two; the clause stands beside it."""
    if found.rule == licences.UNKNOWN:
        if found.source == licences.OTHER:
            return str(tk._("A source has conditions of its own, which no rule can read: ask the partner that publishes it."))
        return str(tk._("The licence of a source is not known here: ask who publishes it."))
    if found.doubt is not None:
        return text(dict(found.doubt.why)) + " " + str(tk._("Ask who publishes the source."))
    sentences = {
        licences.DERIVATION: tk._("“{source}” does not let anybody publish what is made of its data."),
        licences.ATTRIBUTION: tk._("“{source}” wants the source to be named, always; “{chosen}” lets it be left out."),
        licences.SHARE_ALIKE: tk._("What is made of data under “{source}” is published under the same licence, no other."),
        licences.NON_COMMERCIAL: tk._("“{source}” forbids use for business; “{chosen}” allows it."),
        licences.OWN_TERMS: tk._("“{source}” sets conditions. Whether conditions of your own keep them, no rule can tell: have them read."),
    }
    return str(sentences[found.rule]).format(source=registry.label(found.source), chosen=registry.label(chosen))


def clause(found: Reason) -> str:
    """Where a licence's text says so: “section 3(b)”; nothing where no text does."""
    return text(dict(found.clause)) if found.clause else ""


def clause_address(found: Reason) -> str:
    """Where that is read; of a doubt, where it is said."""
    if found.doubt is not None:
        return found.doubt.source
    return registry.address(found.source) if found.clause else ""
