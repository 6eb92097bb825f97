"""udata, Opendatasoft, data.json and tables of datasets become datasets that a citizen finds."""
from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import ckan.plugins.toolkit as tk
import pytest
from ckan.plugins import PluginImplementations
from ckanext.harvest.interfaces import IHarvester
from ckanext.tzc.harvesters.http import Limits
from ckanext.tzc.harvesting import sources
from ckanext.tzc.harvesting.engine import reading

from tests.domain.harvesters.speakers import SPEAKERS, Speaker
from tests.sites import Reply, Site

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

Source = Callable[..., dict[str, Any]]
Run = Callable[[dict[str, Any]], dict[str, Any]]
KINDS = {"udata": "tzc_udata", "opendatasoft": "tzc_opendatasoft", "data.json": "tzc_datajson", "table-csv": "tzc_table", "table-xlsx": "tzc_table"}
TITLES = [(f"jeu-{number:02}", f"Qualité de l’air {number:02}") for number in range(6)]


def found(question: str = "*:*") -> list[dict[str, Any]]:
    return list(tk.get_action("package_search")({"user": ""}, {"q": question, "rows": 100, "sort": "title_string asc"})["results"])


@pytest.mark.parametrize("speaker", [speaker for speaker in SPEAKERS if speaker.name in KINDS], ids=lambda speaker: speaker.name)
def test_a_catalogue_is_taken_in_and_kept(site: Site, source: Source, run: Run, speaker: Speaker, partner: dict[str, Any]) -> None:
    site.answer = speaker.says(site, TITLES)
    made = source(site.address + speaker.path, KINDS[speaker.name], {"allow_internal": True, **speaker.settings})
    assert run(made) == {"counts": {"added": 6}, "problems": []}
    assert [entry["title"] for entry in found("qualité air")] == [title for _, title in TITLES]
    for entry in found():
        assert (entry["license_id"], entry["access_level"], entry["owner_org"]) == ("lov2", "open", partner["id"])
        assert "air" in {tag["name"] for tag in entry["tags"]} and "CSV" in {resource["format"] for resource in entry["resources"]}
    assert run(made) == {"counts": {"not modified": 6}, "problems": []}
    whole = site.answer
    site.answer = lambda asked: Reply(whole(asked).body[:-60], headers=whole(asked).headers)
    assert run(made)["problems"] and len(found()) == 6
    site.answer = speaker.says(site, TITLES[:5])
    assert run(made) == {"counts": {"not modified": 5, "deleted": 1}, "problems": []}


@pytest.mark.parametrize(("config", "word"), [({"columns": {"titre": "x"}}, "titre"), ({"columns": {"title": 1}}, "columns"), ({"encoding": "latin-99"}, "encoding"), ({"columns": []}, "dict")])
def test_a_mapping_of_columns_is_looked_at(partner: dict[str, Any], config: dict[str, Any], word: str) -> None:
    wanted = {"url": "https://data.example.org/", "name": "une", "title": "Une", "source_type": "tzc_table", "owner_org": partner["id"], "config": json.dumps(config)}
    with pytest.raises(tk.ValidationError, match=word):
        tk.get_action("harvest_source_create")({"user": partner["editor"]}, wanted)


BOUNDS = Limits(connect=10, read=60, answer=300, run=7200, size=50 * 2**20, tries=4, pause=2, longest_pause=120, redirects=5, pace=0.2, longest_pace=10)
"""As docs/harvesting.md tells them."""


def test_every_kind_is_asked_within_the_bounds_that_are_told(source: Source) -> None:
    """What an administrator marked as internal is asked as fast as it answers."""
    kinds = sorted(kind for plugin in PluginImplementations(IHarvester) if sources.is_ours(kind := str(plugin.info()["name"])))
    assert kinds == ["tzc_ckan", "tzc_csw", "tzc_datajson", "tzc_dcat", "tzc_opendatasoft", "tzc_table", "tzc_udata"]
    for kind in kinds:
        for config in ({"grace_days": 1}, {"allow_internal": False}, {"allow_internal": True}):
            internal = config.get("allow_internal") is True
            name = f"{kind}-{next(iter(config))}-{internal}".lower().replace("_", "-")
            made = source(f"https://{name}.example.org/", kind, config, name=name)
            client = reading.origin(made["id"]).client()
            assert (client.allow_internal, client.limits) == (internal, dataclasses.replace(BOUNDS, pace=0) if internal else BOUNDS), (kind, config)
