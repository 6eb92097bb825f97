"""The examples of the page for partners are what is decoded."""
from __future__ import annotations

import json
import re
from pathlib import Path

from tzc.sensors import mapping
from tzc.sensors.protocols import DECODERS

PAGE = Path(__file__).parents[3] / "docs" / "connect-a-sensor.md"
BLOCK = re.compile(r"<!-- (essai|correspondance): (\S+)(?: (\d+))? -->\n```\n(.*?)```", re.DOTALL)


def test_each_example_is_taken_as_a_whole() -> None:
    mappings: dict[str, object] = {}
    tried = []
    for what, kind, count, text in BLOCK.findall(PAGE.read_text()):
        if what == "correspondance":
            mappings[kind] = json.loads(text)
            mapping.read(mappings[kind])
            continue
        found = DECODERS[kind](text.encode(), {"mapping": mappings[kind]} if kind in mappings else {})
        assert (len(found), found.rejected) == (int(count), ()), text
        tried.append(kind)
    assert tried == ["csv", "json", "sensorthings", "sensorthings", "json", "csv", "ttn", "chirpstack"]


def test_every_field_of_a_mapping_is_explained() -> None:
    page = PAGE.read_text()
    for field in (*mapping.PATHS, "values", "places", "zone", "written", "delimiter", "decimal", "encoding", "create"):
        assert f"`{field}`" in page, field
