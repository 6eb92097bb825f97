"""Hub'Eau, hydrometry (version 2): levels (H, in mm) and flows (Q, in L/s) of rivers, of the last month, in UTC. No key. Licence Ouverte 2.0.

A listing says 206 of each page but the last, gives 20,000 rows a page at most, and names its next page by a cursor of its own.
"""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tzc.sensors import quality
from tzc.sensors.model import Property, Sensor, Stream, Thing
from tzc.sensors.readings import Decoded

from . import rows
from .asking import Asking, at, iso, listed
from .base import Cursor, Definition, Kind, Links, Page, opened, parsed, resumed

ADDRESS = "https://hubeau.eaufrance.fr/api/v2/hydrometrie"
MOST = 20_000
UNITS = {"H": "mm", "Q": "L/s"}
PROPERTIES = {"H": ("water_level", "m"), "Q": ("water_flow", "m3/s")}
DOUBTFUL, GOOD = "12", "20"
"""Of `code_qualification_obs` (Sandre's nomenclature 515)."""

EXPERT = "expert"
NOT_MEASURED = ("interpol", "reconstit", EXPERT, "estim")
"""How the names of methods begin by which nothing was measured."""


class HubEau(Kind):
    """Definition: `stations`, codes of stations (10 signs) or sites (8); `quantities`, some of H and Q."""

    name = "hubeau"
    days = 30
    most_days = 30
    overlap = 6 * 3600
    apart = 0.5

    def describe(self, client: Asking, definition: Definition) -> list[Stream]:
        """Each station's quantities."""
        address = _address(definition)
        stations = [code for code in definition["stations"] if len(code) > 8]
        answer = client.question(f"{address}/referentiel/stations", {"code_station": stations or None, "size": 1000, "format": "json"})
        known = {str(row.get("code_station")): row for row in listed(at(answer.json(), "data"), "“data”") if isinstance(row, dict)}
        return [
            Stream(_external(code, quantity), _thing(code, known.get(code, {})), Property(PROPERTIES[quantity][0]), unit=PROPERTIES[quantity][1], sensor=Sensor("Hub’Eau"))
            for code in definition["stations"] for quantity in _quantities(definition)
        ]  # fmt: skip

    def collect(self, client: Asking, definition: Definition, cursor: Cursor | None) -> Iterator[Page]:
        """All stations in one listing, by time."""
        cursor = cursor or {}
        begin = self.begin(definition, cursor.get("until"), client.now)
        asked = {
            "code_entite": definition["stations"], "grandeur_hydro": _quantities(definition), "date_debut_obs": begin, "sort": "asc",
            "size": MOST,
        }  # fmt: skip
        reached = str(cursor.get("reached") or iso(begin))
        answer = resumed(client, cursor.get("next"), lambda: client.question(f"{_address(definition)}/observations_tr", asked))
        links = Links()
        while True:
            found = answer.json()
            onward = at(found, "next")
            last = [str(row.get("date_obs") or "") for row in listed(at(found, "data"), "“data”")[-1:] if isinstance(row, dict)]
            reached = max(reached, *last) if last else reached
            until = {"until": reached} if not onward else {"until": cursor.get("until") or iso(begin), "next": onward, "reached": reached}
            yield self.page({}, answer.body, definition, until)
            if not onward:
                return
            answer = links.follow(client, onward)

    def decode(self, body: bytes, definition: Definition) -> Decoded:
        """A page of `observations_tr`. What a site says beside its stations is left out where the stations are what was asked for."""
        found = at(parsed(opened(body)[1]), "data")
        wanted = set(definition["stations"])
        kept = [(place, row, _entity(row, wanted)) for place, row in enumerate(found if isinstance(found, list) else []) if isinstance(row, dict)]
        kept = [one for one in kept if one[2]]
        names = [_external(entity, str(row.get("grandeur_hydro"))) for _, row, entity in kept]
        units = {_external(entity, str(row.get("grandeur_hydro"))): UNITS.get(str(row.get("grandeur_hydro")), "1") for _, row, entity in kept}
        return rows.of(
            names, [row.get("date_obs") for _, row, _ in kept], [row.get("resultat_obs") for _, row, _ in kept], flags=[_flags(row) for _, row, _ in kept] or 0, units=units,
            rows=[place for place, _, _ in kept],
        )  # fmt: skip


def _address(definition: Definition) -> str:
    return str(definition.get("address") or ADDRESS).rstrip("/")


def _quantities(definition: Definition) -> list[str]:
    return [quantity for quantity in definition.get("quantities") or ["H", "Q"] if quantity in UNITS]


def _external(code: str, quantity: str) -> str:
    return f"{code}/{quantity}"


def _entity(row: dict[str, Any], wanted: set[str]) -> str:
    """Whose row it is: the station's where it was asked for, else the site's."""
    station, site = str(row.get("code_station") or ""), str(row.get("code_site") or "")
    return station if station in wanted else site if site in wanted and not station else ""


def _flags(row: dict[str, Any]) -> int:
    """What marks a value. One that an expert looked at and found good was measured: a whole station's values of weeks are such."""
    method, qualification = str(row.get("libelle_methode_obs") or "").lower(), str(row.get("code_qualification_obs"))
    estimated = method.startswith(NOT_MEASURED) and not (method.startswith(EXPERT) and qualification == GOOD)
    return (quality.SUSPECT if qualification == DOUBTFUL else 0) | (quality.ESTIMATED if estimated else 0)


def _thing(code: str, row: dict[str, Any]) -> Thing:
    where = row.get("longitude_station"), row.get("latitude_station")
    point = {"type": "Point", "coordinates": list(where)} if all(isinstance(number, (int, float)) for number in where) else None
    about = {name: row[name] for name in ("libelle_cours_eau", "code_commune_station", "libelle_site") if row.get(name)}
    return Thing(code, str(row.get("libelle_station") or code), location=point, place=str(row.get("libelle_commune") or ""), properties=about)
