"""`publiccode.yml` is what its standard asks for (version 0.4: https://yml.publiccode.tools, "The Standard")."""
from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
STATUSES = {"concept", "development", "beta", "stable", "obsolete"}
TYPES = {"standalone/mobile", "standalone/iot", "standalone/desktop", "standalone/web", "standalone/backend", "standalone/other", "addon", "library", "configurationFiles"}
PLATFORMS = {"web", "windows", "mac", "linux", "ios", "android"}


@pytest.fixture(scope="module")
def known() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((ROOT / "publiccode.yml").read_text(encoding="utf-8"))
    return content


def test_mandatory_keys(known: dict[str, Any]) -> None:
    assert known["publiccodeYmlVersion"] == "0.4"
    assert known["name"] and known["url"].startswith("https://")
    assert known["developmentStatus"] in STATUSES and known["softwareType"] in TYPES and set(known["platforms"]) <= PLATFORMS
    assert date.fromisoformat(known["releaseDate"])
    assert known["categories"] and all(re.fullmatch(r"[a-z-]+", category) for category in known["categories"])
    assert known["legal"]["license"] == "Apache-2.0"
    assert known["maintenance"]["type"] == "community" and all(contact["name"] for contact in known["maintenance"]["contacts"])
    assert known["localisation"]["localisationReady"] is True


@pytest.mark.parametrize("language", ["fr", "en"])
def test_descriptions_have_their_length(known: dict[str, Any], language: str) -> None:
    description = known["description"][language]
    assert 0 < len(description["shortDescription"]) <= 150
    assert 150 <= len(description["longDescription"]) <= 10_000
    assert description["features"] and all(len(feature) <= 100 for feature in description["features"])
    assert language in known["localisation"]["availableLanguages"]


def test_it_speaks_of_this_release(known: dict[str, Any]) -> None:
    version = re.search(r'version="([^"]+)"', (ROOT / "setup.py").read_text(encoding="utf-8"))
    assert version and known["softwareVersion"] == version[1]
