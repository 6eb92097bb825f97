"""What `kill -9` does to a harvest: it ends later, by itself, with what an undisturbed one brings.

Each part is killed twice in one run: while the catalogue is listed, and while its datasets are written.
"""
from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

import psutil
import psycopg2
import pytest

from tests.domain.harvesters.speakers import Datasets, answered, turtle
from tests.sites import Asked, Reply, Site, served

pytestmark = pytest.mark.stack

TITLES: Datasets = [(f"jeu-{number:03}", f"Comptage d’été {number:03}") for number in range(250)]
"""More than a batch holds."""

ROWS = 50
HELD = "3"
"""The page at whose question a run is killed."""

RESULT = {
    "datasets": """
        SELECT title, to_jsonb(package) - ARRAY['id', 'name', 'metadata_created', 'metadata_modified'] FROM package
        JOIN harvest_object ON package_id = package.id WHERE harvest_source_id = %(source)s AND current ORDER BY title""",
    "files": """
        SELECT title, to_jsonb(resource) - ARRAY['id', 'package_id', 'created', 'metadata_modified'] FROM resource JOIN package ON package.id = package_id
        JOIN harvest_object ON harvest_object.package_id = package.id WHERE harvest_source_id = %(source)s AND current ORDER BY title, position""",
    "memberships": """
        SELECT title, group_id, member.state FROM member JOIN package ON package.id = table_id
        JOIN harvest_object ON harvest_object.package_id = package.id WHERE harvest_source_id = %(source)s AND current ORDER BY title""",
    "records": "SELECT guid, content, state, report_status, current FROM harvest_object WHERE harvest_source_id = %(source)s ORDER BY guid",
    "remembered": "SELECT identifier, given, missing FROM tzc_harvesting_item WHERE source_id = %(source)s ORDER BY identifier",
}
"""What a harvest leaves in the database, but for ids and moments."""

CHANGES = {"id", "name", "metadata_created", "metadata_modified"}


def described(entry: dict[str, Any]) -> dict[str, Any]:
    """A dataset that is found, but for ids, moments, and what says of which source it is."""
    files = [{name: value for name, value in file.items() if name not in CHANGES | {"package_id", "created"}} for file in entry["resources"]]
    extras = [extra for extra in entry["extras"] if not extra["key"].startswith("harvest_")]
    return {name: value for name, value in entry.items() if name not in CHANGES} | {"resources": files, "extras": extras}


@dataclasses.dataclass
class Harvests:
    """Sources of one catalogue, the last one in hand, and what an undisturbed harvest brings."""

    own: Any
    site: Site
    partner: str = ""
    sources: list[str] = dataclasses.field(default_factory=list)
    undisturbed: dict[str, Any] = dataclasses.field(default_factory=dict)
    asked: threading.Event = dataclasses.field(default_factory=threading.Event)
    goes_on: threading.Event = dataclasses.field(default_factory=threading.Event)

    def answer(self, asked: Asked) -> Reply:
        """A page; the held one when it may."""
        page = int(asked.question.get("page", "1"))
        if str(page) == HELD:
            self.asked.set()
            self.goes_on.wait(100)
        here, more = f"<{self.site.address}/catalog?page={page}>", page * ROWS < len(TITLES)
        following = f"{here} hydra:next <{self.site.address}/catalog?page={page + 1}> ." if more else ""
        body = turtle(self.site, TITLES[(page - 1) * ROWS : page * ROWS], f"{here} a hydra:PartialCollectionView ; hydra:totalItems {len(TITLES)} . {following}")
        return answered(body, "text/turtle")

    @contextlib.contextmanager
    def database(self) -> Iterator[Any]:
        """A connection in a transaction, which is rolled back."""
        connection = psycopg2.connect(self.own.settings.database_url)
        try:
            yield connection.cursor()
        finally:
            connection.close()

    @property
    def source(self) -> str:
        return self.sources[-1]

    def another(self) -> None:
        """A source that was never harvested."""
        wanted = {"name": f"catalogue-{len(self.sources)}", "title": "Catalogue", "url": f"{self.site.address}/catalog/{len(self.sources)}", "source_type": "tzc_dcat", "owner_org": self.partner}
        self.sources.append(self.own.action("harvest_source_create", config='{"allow_internal": true}', **wanted)["id"])

    def status(self) -> dict[str, Any]:
        told: dict[str, Any] = self.own.action("tzc_harvest_status", source=self.source)
        return told

    def until(self, state: str) -> None:
        """Wait for the run to come there by itself."""
        self.own.eventually(lambda: self.status()["state"] == state)

    def waits(self) -> bool:
        """Whether a worker stands before a row that another holds."""
        with self.database() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ILIKE 'UPDATE tzc_harvesting_entry%'")
            return bool(cursor.fetchone()[0])

    def result(self) -> dict[str, Any]:
        """What the last source has in the database, and what is found of it. Neither has anything besides what the sources brought."""
        found = self.own.action("package_search", fq=f'harvest_source_id:"{self.source}"', rows=500)
        told = {f"found {entry['title']}": described(entry) for entry in found["results"]}
        with self.database() as cursor:
            for name, query in RESULT.items():
                cursor.execute(query, {"source": self.source})
                told[name] = cursor.fetchall()
            cursor.execute("SELECT count(*) FROM package WHERE type = 'dataset' AND owner_org = %s", [self.partner])
            all_there = cursor.fetchone()[0]
        all_found = self.own.action("package_search", fq=f"owner_org:{self.partner} dataset_type:dataset", rows=0)["count"]
        assert found["count"] * len(self.sources) == all_there == all_found == len(TITLES) * len(self.sources)
        # a blank node's page is its source's
        plain: dict[str, Any] = json.loads(json.dumps(told).replace(f"{self.site.address}/catalog/{len(self.sources) - 1}", self.site.address))
        return plain


@pytest.fixture(scope="module")
def harvests(own: Any) -> Iterator[Harvests]:
    """With a source that was harvested with nobody harming anything."""
    with served() as site:
        made = Harvests(own, site)
        site.answer = made.answer
        made.goes_on.set()
        made.partner = own.action("organization_create", name="moissonneur", title="Moissonneur")["id"]
        made.another()
        own.action("tzc_harvest_run", source=made.source, approve=True)
        made.until("done")
        made.undisturbed = made.result()
        assert [title for title, _ in made.undisturbed["datasets"]] == [title for _, title in TITLES]
        yield made
        for source in made.sources:
            own.eventually(lambda source=source: own.action("harvest_source_clear", id=source))
            own.action("harvest_source_delete", id=source)
        own.action("organization_purge", id=made.partner)


def kill(own: Any, part: str) -> None:
    """End a part, whole; of `worker` the process of the run."""
    parent = psutil.Process(own.pids()["harvest-work" if part == "worker" else part])
    family = parent.children(recursive=True)
    if part == "worker":
        [parent], family = family, []
    # the parent first, so that nobody takes note of its children's end; those of harvest-work end by themselves
    os.kill(parent.pid, signal.SIGKILL)
    for child in family if part != "harvest-work" else []:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()
    _, left = psutil.wait_procs([parent, *family], timeout=20)
    assert not left


@pytest.mark.parametrize("part", ["worker", "harvest-work", "postgres", "solr", "valkey"])
def test_a_harvest_ends_as_if_nothing_had_happened(own: Any, harvests: Harvests, part: str) -> None:
    own.eventually(lambda: all(state["statename"] == "RUNNING" for state in own.supervisor.states().values()))
    harvests.another()
    harvests.asked.clear()
    harvests.goes_on.clear()
    own.action("tzc_harvest_dry_run", source=harvests.source)
    assert harvests.asked.wait(60)
    kill(own, part)
    harvests.goes_on.set()
    harvests.until("planned")
    assert (harvests.status()["found"]["new"], harvests.status()["problems"]) == (len(TITLES), [])
    with harvests.database() as cursor:
        # the last row is held, so that the batch that it is of is not done before the kill
        cursor.execute("SELECT identifier FROM tzc_harvesting_entry WHERE run_id = %s ORDER BY number DESC LIMIT 1 FOR UPDATE", [harvests.status()["run"]])
        own.action("tzc_harvest_approve", source=harvests.source)
        own.eventually(harvests.waits)
        assert 0 < harvests.status()["done"].get("new", 0) < len(TITLES)
        kill(own, part)
    harvests.until("done")
    assert harvests.status()["done"] == {"new": len(TITLES)} and harvests.status()["problems"] == []
    assert harvests.result() == harvests.undisturbed
