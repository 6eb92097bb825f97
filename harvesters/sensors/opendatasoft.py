"""Opendatasoft portals (Explore API 2.1): their exports, which have no limit of rows, by months. Enedis, ORE and ODRÉ publish there, éCO2mix among it.

Moments are asked for in UTC, so that the two hours of an autumn night are told apart, which a local clock does not do.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from tzc.sensors import mapping
from tzc.sensors.faults import BatchError
from tzc.sensors.model import Stream
from tzc.sensors.protocols import tables
from tzc.sensors.readings import Decoded, decoded

from ..http import FetchError
from .asking import Asking, iso
from .base import ZONE, Cursor, Definition, Kind, Page, opened, windows


def _power(*fields: str) -> list[dict[str, Any]]:
    return [{"path": field, "property": "electric_power", "unit": "MW", "interval": 900} for field in fields]


PRESETS: Mapping[str, Mapping[str, Any]] = {
    "eco2mix": {
        "address": "https://odre.opendatasoft.com", "identifier": "eco2mix-national-tr",
        "mapping": {
            "time": "date_heure",
            "values": [{"path": "taux_co2", "property": "carbon_intensity", "unit": "g/(kW.h)", "interval": 900}, *_power("consommation", "ech_physiques")],
        },
    },
    "eco2mix_regional": {
        "address": "https://odre.opendatasoft.com", "identifier": "eco2mix-regional-tr",
        "mapping": {"time": "date_heure", "thing": "libelle_region", "create": True, "values": _power("consommation", "eolien", "solaire", "ech_physiques")},
    },
}  # fmt: skip
"""Definitions of data that many want; what a source's own says goes before."""

DAYS = 31


class Opendatasoft(Kind):
    """Definition: a `preset`, or `address` of the portal, `identifier` of the dataset there and `mapping` (`tzc.sensors.mapping`); `filter` in its language."""

    name = "opendatasoft"
    days = 7
    overlap = 2 * 86_400  # éCO2mix puts its numbers right within two days

    def describe(self, client: Asking, definition: Definition) -> list[Stream]:
        """What the mapping names. Stations of a field are described by their first rows."""
        written = mapping.read(full(definition)["mapping"])
        things = list(written.places) if "thing" in written.paths else [""]
        return [written.stream(value, thing, sensor="Opendatasoft") for thing in things for value in written.values]

    def collect(self, client: Asking, definition: Definition, cursor: Cursor | None) -> Iterator[Page]:
        """Month by month."""
        whole = full(definition)
        begin = self.begin(definition, (cursor or {}).get("until"), client.now)
        written = mapping.read(whole["mapping"])
        paths = [".".join(path) for name in ("time", "thing", "stream", "result", "name", "longitude", "latitude") if (path := written.paths.get(name))]
        select = list(dict.fromkeys([*paths, *(".".join(value.path) for value in written.values)]))
        time = paths[0]
        for first, after in windows(begin, client.now, DAYS):
            span = f"{_quoted(time)} >= date'{iso(first)}' AND {_quoted(time)} < date'{iso(after)}'"
            asked = {
                "select": ",".join(map(_quoted, select)), "where": f"({whole['filter']}) AND {span}" if whole.get("filter") else span, "order_by": _quoted(time), "limit": -1,
                "timezone": "UTC", "delimiter": ";", "use_labels": "false", "with_bom": "false",
            }  # fmt: skip
            answer = client.question(f"{_dataset(whole)}/exports/csv", asked)
            answer.refuse_page("CSV")
            if answer.body.lstrip()[:1] in (b"{", b"["):
                raise FetchError(f"{answer.shown} answers with an error instead of a table: {answer.body[:200].decode(errors='replace')}", "format")
            yield self.page({}, answer.body, definition, {"until": iso(after)})

    def decode(self, body: bytes, definition: Definition) -> Decoded:
        """A part of an export. A field that is empty is one that is not known yet."""
        return lines(opened(body)[1], {"mapping": {"decimal": ".", "delimiter": ";", **full(definition)["mapping"]}})


def lines(text: bytes, definition: Definition) -> Decoded:
    """The observations of a table; none where there is only its line of names. Raises BatchError."""
    if text.strip() and not text.strip().partition(b"\n")[2]:
        return decoded([], [], [], [])
    try:
        return tables.csv(text, definition)
    except BatchError as error:
        if error.code == "empty" and text.strip():
            return decoded([], [], [], [])
        raise


def full(definition: Definition) -> dict[str, Any]:
    """A definition with what its preset says; moments without a zone are of the country's."""
    preset = PRESETS.get(str(definition.get("preset") or ""), {})
    whole = {**preset, **{name: value for name, value in definition.items() if value not in (None, "", [], {})}}
    return {**whole, "mapping": {"zone": ZONE, **whole.get("mapping", {})}}


def _dataset(definition: Definition) -> str:
    return f"{str(definition['address']).rstrip('/')}/api/explore/v2.1/catalog/datasets/{quote(str(definition['identifier']), safe='')}"


def _quoted(field: str) -> str:
    return f"`{field}`"
