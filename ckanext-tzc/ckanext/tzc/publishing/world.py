"""What the mapping knows besides a dataset: the territory, the vocabularies, the portal's address."""
from __future__ import annotations

import dataclasses
import hashlib
import json
from datetime import date
from functools import lru_cache
from typing import Any

import ckan.plugins.toolkit as tk
from ckanext.tzc.common.territory import outlines, territory
from ckanext.tzc.harvesters import formats
from ckanext.tzc.schemas import vocabulary

from tzc.catalogue.outlines import bounds
from tzc.publishing import mapping
from tzc.publishing.catalogue import Catalogue

METADATA_LICENCE = "lov2"
"""Under which the catalogue itself may be used: the state's own, which public bodies may choose freely."""


def world() -> mapping.World:
    """That of this portal."""
    return _world(base(), tk.config["tzc.territory"])


def base() -> str:
    """The portal's address, without a slash at its end."""
    return str(tk.config["ckan.site_url"]).rstrip("/")


@lru_cache(maxsize=4)
def _world(base: str, _file: str) -> mapping.World:
    place = territory()
    return mapping.World(
        base=base,
        language=place.languages[0],
        languages=tuple(place.languages),
        communes=dict(place.commune_names),
        licences={entry["code"]: _licence(entry) for entry in vocabulary("licence") if "://" in entry["uri"]},
        levels={entry["code"]: entry["right"] for entry in vocabulary("access-level")},
        formats={name: mapping.Format(entry["uri"], entry["media"]) for name, entry in formats.by_name().items()},
        axes=frozenset(axis.id for axis in place.axes),
        personal={entry["code"]: entry["uri"] for entry in vocabulary("personal-data")},
        kinds={entry["code"]: entry["limitation"] for entry in vocabulary("partner-kind") if entry.get("limitation")},
        labels={entry["uri"]: entry["label"] for name in ("data-theme", "hvd-category") for entry in vocabulary(name)},
        whole=(place.name[place.languages[0]], dataclasses.astuple(place.bounding_box)),
        boxes={code: bounds(geometry) for code, geometry in outlines().geometries.items()},
        persons=frozenset(entry["code"] for entry in vocabulary("personal-data") if entry.get("persons")),
    )


def _licence(entry: dict[str, Any]) -> mapping.Licence:
    rules = entry.get("policy") or {}
    addresses = (entry["uri"], entry.get("eu", ""), entry.get("eu_wider", ""))
    return mapping.Licence(*addresses, entry.get("national_name", ""), *(tuple(rules.get(name, ())) for name in ("permissions", "duties", "prohibitions")))


def fingerprint() -> str:
    """What tells worlds apart: fragments that were made in another are made anew."""
    return _fingerprint(base(), tk.config["tzc.territory"])


@lru_cache(maxsize=4)
def _fingerprint(base: str, file: str) -> str:
    plain = {"version": mapping.VERSION, **dataclasses.asdict(_world(base, file))}
    return hashlib.sha256(json.dumps(plain, sort_keys=True, default=sorted).encode("utf-8")).hexdigest()[:16]


def catalogue(first: date | None, changed: date | None) -> Catalogue:
    """What the catalogue says of itself: `first` is the day of its first dataset, `changed` that of its last change."""
    place = territory()
    return Catalogue(
        base=base(),
        title=place.name,
        description=place.tagline,
        publisher=place.contact["name"],
        email=place.contact["email"],
        licence=next(entry["uri"] for entry in vocabulary("licence") if entry["code"] == METADATA_LICENCE),
        languages=tuple(entry["uri"] for entry in vocabulary("language") if entry["iso"] in place.languages),
        corners=dataclasses.astuple(place.bounding_box),
        first=first,
        changed=changed,
    )
