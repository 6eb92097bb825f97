"""EU data themes from INSPIRE themes and topic categories of ISO 19115. Which belongs to which is our own reading of their definitions."""
from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from ckanext.tzc.schemas import vocabulary

from .words import plain

TOPICS = {
    "farming": "AGRI", "biota": "ENVI", "boundaries": "REGI", "climatologymeteorologyatmosphere": "ENVI", "economy": "ECON", "elevation": "ENVI", "environment": "ENVI",
    "geoscientificinformation": "ENVI", "health": "HEAL", "imagerybasemapsearthcover": "REGI", "intelligencemilitary": "JUST", "inlandwaters": "ENVI", "location": "REGI",
    "oceans": "ENVI", "planningcadastre": "REGI", "society": "SOCI", "structure": "REGI", "transportation": "TRAN", "utilitiescommunication": "ENER",
}  # fmt: skip
"""Topic categories of ISO 19115, in small letters."""

INSPIRE = (
    ("ad", "REGI", "adresses", "addresses"),
    ("au", "REGI", "unites administratives", "administrative units"),
    ("rs", "REGI", "referentiels de coordonnees", "coordinate reference systems"),
    ("gg", "REGI", "systemes de maillage geographique", "geographical grid systems"),
    ("cp", "REGI", "parcelles cadastrales", "cadastral parcels"),
    ("gn", "REGI", "denominations geographiques", "geographical names"),
    ("hy", "ENVI", "hydrographie", "hydrography"),
    ("ps", "ENVI", "sites proteges", "protected sites"),
    ("tn", "TRAN", "reseaux de transport", "transport networks"),
    ("el", "ENVI", "altitude", "elevation"),
    ("ge", "ENVI", "geologie", "geology"),
    ("lc", "ENVI", "occupation des terres", "land cover"),
    ("oi", "REGI", "ortho-imagerie", "orthoimagery"),
    ("af", "AGRI", "installations agricoles et aquacoles", "agricultural and aquaculture facilities"),
    ("am", "ENVI", "zones de gestion, de restriction ou de reglementation et unites de declaration", "area management/restriction/regulation zones and reporting units"),
    ("ac", "ENVI", "conditions atmospheriques", "atmospheric conditions"),
    ("br", "ENVI", "regions biogeographiques", "bio-geographical regions"),
    ("bu", "REGI", "batiments", "buildings"),
    ("er", "ENER", "sources d'energie", "energy resources"),
    ("ef", "ENVI", "installations de suivi environnemental", "environmental monitoring facilities"),
    ("hb", "ENVI", "habitats et biotopes", "habitats and biotopes"),
    ("hh", "HEAL", "sante et securite des personnes", "human health and safety"),
    ("lu", "REGI", "usage des sols", "land use"),
    ("mf", "ENVI", "caracteristiques geographiques meteorologiques", "meteorological geographical features"),
    ("mr", "ENVI", "ressources minerales", "mineral resources"),
    ("nz", "ENVI", "zones a risque naturel", "natural risk zones"),
    ("of", "ENVI", "caracteristiques geographiques oceanographiques", "oceanographic geographical features"),
    ("pd", "SOCI", "repartition de la population", "population distribution"),
    ("pf", "ECON", "lieux de production et sites industriels", "production and industrial facilities"),
    ("sr", "ENVI", "regions maritimes", "sea regions"),
    ("so", "ENVI", "sols", "soil"),
    ("sd", "ENVI", "repartition des especes", "species distribution"),
    ("su", "SOCI", "unites statistiques", "statistical units"),
    ("us", "GOVE", "services d'utilite publique et services publics", "utility and governmental services"),
)
"""The themes of the INSPIRE directive's annexes: code, EU theme, name in French and in English without accents."""


def themes(topics: Iterable[str], inspire: Iterable[str], stated: Iterable[str] = ()) -> tuple[str, ...]:
    """IRIs of EU themes, in the vocabulary's order, each once: of topic categories, of INSPIRE themes by name or IRI, of EU themes by code, name or IRI."""
    wanted = {TOPICS.get(topic.strip().lower(), "") for topic in topics}
    wanted |= {theme for word in inspire for code, theme, *names in INSPIRE if _word(word) in names or re.search(rf"inspire\.ec\.europa\.eu/theme/{code}$", word.strip().lower())}
    said = {plain(word.strip().rpartition("/data-theme/")[2]) for word in stated}
    return tuple(
        str(entry["uri"])
        for entry in vocabulary("data-theme")
        if entry["code"] in wanted or said & {plain(entry["code"]), *(plain(name) for name in entry["label"].values())}
    )


@lru_cache(maxsize=2048)
def _word(word: str) -> str:
    return re.sub(r"\s+", " ", plain(word).replace("’", "'")).strip()
