"""The columns of a table of datasets: which field of a dataset each of them fills."""
from __future__ import annotations

from .. import words
from ..base import Source

FIELDS: dict[str, tuple[str, ...]] = {
    "identifier": ("identifier", "identifiant", "id"),
    "title": ("title", "titre", "nom"),
    "description": ("description", "resume"),
    "page": ("page", "landing page", "page web"),
    "keywords": ("keywords", "mots-cles", "mots cles"),
    "themes": ("themes", "theme", "thematique"),
    "licence": ("licence", "license"),
    "access": ("access", "acces"),
    "publisher": ("publisher", "producteur", "editeur"),
    "contact_name": ("contact", "contact name", "nom du contact"),
    "contact_email": ("email", "courriel", "contact email"),
    "issued": ("issued", "date de publication", "cree le"),
    "modified": ("modified", "date de modification", "mis a jour le"),
    "frequency": ("frequency", "frequence"),
    "language": ("language", "langue"),
    "communes": ("communes", "code insee"),
    "place": ("place", "territoire", "emprise"),
    "start": ("start", "debut"),
    "end": ("end", "fin"),
    "provenance": ("provenance", "genealogie"),
    "documentation": ("documentation",),
    "file_url": ("url", "lien", "fichier", "file url"),
    "file_title": ("nom du fichier", "file title"),
    "file_format": ("format",),
}
"""What a column may be, and how it is called where the configuration does not say."""

LOCAL_AUTHORITIES: dict[str, tuple[str, ...]] = {
    "publisher": ("producteur_nom", "coll_nom"), "place": ("couv_spat_nom",), "start": ("couv_temp_debut",), "end": ("couv_temp_fin",), "issued": ("date_publ",),
    "modified": ("date_maj",), "frequency": ("freq_maj",), "keywords": ("mots_cles",), "language": ("lang",), "page": ("url",),
}  # fmt: skip
"""The columns of a catalogue as French local authorities publish it (OpenDataFrance, socle commun des données locales, schema `catalogue` 0.1) whose names are its own; `URL` is
the page there."""

OF_LOCAL_AUTHORITIES = frozenset({"coll_nom", "producteur_nom", "nombre_ressources"})
"""What such a catalogue is known by."""


def compared(name: str) -> str:
    """A column's name as it is looked up: without regard to capitals and accents."""
    return words.plain(words.line(name))


def places(header: list[str], source: Source) -> tuple[dict[str, int], list[str]]:
    """Where each field stands: as the mapping chooses, else as configured, else by its usual names; and columns that were named and are not there."""
    where = {compared(name): place for place, name in reversed(list(enumerate(header)))}
    chosen = {compared(column): field for column, field in source.columns.items()}
    missing = [column for column, field in source.columns.items() if field and compared(column) not in where]
    found = {field: where[name] for name, field in chosen.items() if field and name in where}
    decided = {where[name] for name in chosen if name in where}
    for field, column in source.settings.get("columns", {}).items():
        name = compared(column)
        if field in chosen.values() or name in chosen:
            continue
        if name in where:
            found[field] = where[name]
        else:
            missing.append(column)
    own = LOCAL_AUTHORITIES if where.keys() >= OF_LOCAL_AUTHORITIES else {}
    for field, names in sorted(FIELDS.items(), key=lambda usual: usual[0] not in own):
        place = next((where[name] for name in (*own.get(field, ()), *names) if name in where), None)
        if field not in found and place is not None and place not in found.values() and place not in decided:
            found[field] = place
    return found, missing


def filled(header: list[str], source: Source) -> dict[str, str]:
    """Which field each column of a table fills, by the column's name: as it is chosen or configured, else by its usual names; nothing for one that fills none."""
    columns = places(header, source)[0]
    fields = {place: field for field, place in columns.items()}
    found: dict[str, str] = {}
    known: set[str] = set()
    for place, name in enumerate(header):
        if name and compared(name) not in known:
            known.add(compared(name))
            found[name] = fields.get(place, "")
    return found
