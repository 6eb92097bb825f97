"""A portal with sources that were harvested well, for tests of what comes after. It is made once: what is done to it leaves its datasets as they were."""
from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Callable
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckanext.tzc.harvesting.engine import store

from tests.domain.harvesters.speakers import SPEAKERS, Answer, Datasets, Speaker
from tests.people import PASSWORD, Person
from tests.sites import Site, served

TITLES: Datasets = [(f"jeu-{number:02}", f"Comptage d’été {number:02}") for number in range(12)]
KINDS = {
    "ckan": "tzc_ckan", "csw": "tzc_csw", "dcat-turtle": "tzc_dcat", "dcat-xml": "tzc_dcat", "udata": "tzc_udata", "opendatasoft": "tzc_opendatasoft", "data.json": "tzc_datajson",
    "table-csv": "tzc_table", "table-xlsx": "tzc_table",
}  # fmt: skip
"""Kinds of sources by the names of their speakers."""

Run = Callable[[dict[str, Any]], dict[str, Any]]


@dataclasses.dataclass
class Catalogue:
    """A source, the server that it is of, and how that one speaks."""

    speaker: Speaker
    site: Site
    source: dict[str, Any]

    def well(self, datasets: Datasets = TITLES) -> Answer:
        """As it should answer."""
        return self.speaker.says(self.site, datasets)


def datasets() -> dict[str, tuple[str, Any]]:
    """All datasets, each with its state and when it was changed. Those that are there are those that are found."""
    model.Session.expire_all()
    query = sa.select(model.Package.id, model.Package.state, model.Package.metadata_modified).where(model.Package.type == "dataset")
    there = {row.id: (row.state, row.metadata_modified) for row in model.Session.execute(query)}
    found = tk.get_action("package_search")({"user": ""}, {"q": "*:*", "rows": 1000, "fl": ["id"]})["results"]
    assert sorted(entry["id"] for entry in found) == sorted(name for name, (state, _) in there.items() if state == "active")
    return there


class World:
    """The portal, an editor of its one partner, and the sources by the names of their speakers."""

    def __init__(self, app: Any, stack: contextlib.ExitStack) -> None:
        from ckan.tests import factories

        self.stack = stack
        self.made: dict[str, Catalogue] = {}
        self.sources = self.runs = 0
        editor = factories.User(password=PASSWORD)
        self.partner = factories.Organization(image_url="", users=[{"name": editor["name"], "capacity": "editor"}])
        self.editor = Person(app, editor["name"])
        self.other = self.new("data.json")

    def new(self, speaker: str, *, site: Site | None = None, address: str = "", **config: Any) -> Catalogue:
        """A source that was never harvested."""
        spoken = next(one for one in SPEAKERS if one.name == speaker)
        site = site or self.stack.enter_context(served())
        self.sources += 1
        name = f"source-{self.sources}"
        wanted = {"url": f"{address or site.address}{spoken.path}", "name": name, "title": name, "source_type": KINDS[speaker], "owner_org": self.partner["id"]}
        settings = json.dumps({"allow_internal": True, **spoken.settings, **config})
        user = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
        return Catalogue(spoken, site, tk.get_action("harvest_source_create")({"user": user}, {**wanted, "config": settings}))

    def harvested(self, speaker: str, run: Run) -> Catalogue:
        """The source of this kind, harvested well."""
        if speaker not in self.made:
            self.made[speaker] = self.well(self.new(speaker), run)
        return self.made[speaker]

    @staticmethod
    def well(one: Catalogue, run: Run) -> Catalogue:
        """A source, harvested as it should be for the first time."""
        one.site.answer = one.well()
        assert run(one.source) == {"counts": {"added": 12}, "problems": []}
        return one

    def told(self, one: Catalogue) -> tuple[str, list[str]]:
        """How the last run of a source ended, and what its page says of it."""
        last = store.last_run(one.source["id"])
        assert last is not None and last.ended and last.owner is None
        self.editor.visit(f"/harvest/{one.source['name']}/job/last")
        told = []
        for group in self.editor.page.xpath("//main//details[contains(@class, 'tzc-group')]"):
            assert group.xpath("p[strong]"), "what to do is told too"
            told += group.xpath("ul[contains(@class, 'tzc-reasons')]/li") or group.xpath("summary/strong")
        return last.state, [" ".join(item.text_content().split()) for item in told]

    def goes_on(self, run: Run) -> None:
        """The other source is harvested: a dataset of it changed."""
        self.runs += 1
        self.other.site.answer = self.other.well([("a", f"Le passage {self.runs}"), ("b", "Deux"), ("c", "Trois")])
        assert run(self.other.source) == {"counts": {"updated": 1, "not modified": 2} if self.runs > 1 else {"added": 3}, "problems": []}
