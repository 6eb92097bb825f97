"""What a harvest costs: a record is read once, a batch is one transaction, one request to the index and one line in the history, and what is told is told once."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pysolr
import pytest
import sqlalchemy as sa
from ckanext.activity.model import Activity
from ckanext.tzc.harvesters.partners.dcat_feed import DcatFeed
from ckanext.tzc.harvesting.engine import applying, orders, planning, reading, store, telling

from tests.domain.harvesters.speakers import answered, turtle
from tests.portal.harvesting.test_engine import die, killed_at, small
from tests.sites import Site

__all__ = ["small"]

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context", "impatient")

Datasets = list[tuple[str, str]]
TITLES: Datasets = [(f"jeu-{number:02}", f"Comptage {number:02}") for number in range(12)]


@pytest.fixture
def made(site: Site, source: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """A DCAT source."""
    says(site, TITLES)
    return source(f"{site.address}/catalog", "tzc_dcat")


def says(site: Site, datasets: Datasets, more: str = "") -> None:
    """All in one document, which says nothing of itself by which it could be known again."""
    site.answer = lambda _: answered(turtle(site, datasets, more), "text/turtle")


def begun() -> str:
    user = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    return str(tk.get_action("tzc_harvest_run")({"user": user}, {"source": "une-source", "approve": True})["run"])


def worked(run_id: str) -> dict[str, Any]:
    orders.work_now(run_id)
    run = store.run(run_id)
    assert run is not None
    return telling.summary(run)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Records that were read, one after the other."""
    told: list[str] = []
    original = DcatFeed.parse

    def parse(harvester: DcatFeed, content: str, source: Any) -> Any:
        record = original(harvester, content, source)
        told.append(record.identifier[-6:])
        return record

    monkeypatch.setattr(DcatFeed, "parse", parse)
    return told


def test_a_record_that_came_as_it_is_known_is_not_read(site: Site, made: dict[str, Any], read: list[str]) -> None:
    assert worked(begun())["new"] == 12 and len(read) == 12
    read.clear()
    says(site, [("jeu-00", "Comptage nouveau"), *TITLES[1:]])
    site.asked.clear()
    done = worked(begun())
    assert (done["changed"], done["unchanged"], read, len(site.asked)) == (1, 11, ["jeu-00"], 1)
    # another way of writing the same: it is read, found to be the same, and known by that from then on
    read.clear()
    says(site, [("jeu-00", "Comptage nouveau"), *TITLES[1:]], '<jeu-01> dct:title "Comptage 01", "Comptage 01 autrement"@zz .')
    assert worked(begun())["unchanged"] == 12 and read == ["jeu-01"]
    read.clear()
    says(site, [("jeu-00", "Comptage nouveau"), *TITLES[1:]], '<jeu-01> dct:title "Comptage 01", "Comptage 01 autrement"@zz . # le même')
    assert worked(begun())["unchanged"] == 12 and read == []


def test_what_was_read_by_another_release_is_read_again(site: Site, made: dict[str, Any], read: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    worked(begun())
    for code, count in (("a newer release", 12), ("a newer release", 0)):
        read.clear()
        monkeypatch.setattr(reading, "_code", lambda code=code: code)
        assert (worked(begun())["unchanged"], len(read)) == (12, count)


def test_a_dataset_that_its_source_says_nothing_new_of_is_not_written(site: Site, made: dict[str, Any]) -> None:
    def written() -> dict[str, Any]:
        model.Session.expire_all()
        query = sa.select(model.Package.title, model.Package.metadata_modified).where(model.Package.type == "dataset")
        return dict(model.Session.execute(query).all())

    worked(begun())
    before = written()
    says(site, [*TITLES[:11], ("jeu-11", "Comptage nouveau")])
    worked(begun())
    after = written()
    assert after.keys() - before.keys() == {"Comptage nouveau"} and {title: after[title] for title in after if title in before} == {title: before[title] for title in before if title in after}


@pytest.mark.usefixtures("small")
def test_a_batch_is_one_request_to_the_index_and_one_line_of_history(site: Site, made: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    original = pysolr.Solr.add

    def add(solr: pysolr.Solr, docs: list[dict[str, Any]], *rest: Any, **named: Any) -> Any:
        if docs[0]["dataset_type"] == "dataset":
            sent.append(len(docs))
        return original(solr, docs, *rest, **named)

    monkeypatch.setattr(pysolr.Solr, "add", add)
    assert worked(begun())["new"] == 12
    assert sent == [3] * 4
    history = model.Session.query(Activity).filter_by(activity_type="harvested").order_by(Activity.timestamp)
    assert [line.data["counts"] for line in history] == [{"new": 3}] * 4


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("shown", [True, False])
def test_what_a_batch_deletes_is_one_request_to_the_index(site: Site, made: dict[str, Any], monkeypatch: pytest.MonkeyPatch, shown: bool) -> None:
    worked(begun())
    sent: list[tuple[int, bool]] = []
    original = pysolr.Solr.delete

    def delete(solr: pysolr.Solr, *rest: Any, **named: Any) -> Any:
        sent.append((named["q"].count(" OR ") + 1, named["softCommit"]))
        return original(solr, *rest, **named)

    monkeypatch.setattr(pysolr.Solr, "delete", delete)
    if not shown:
        # as after the first batches of a long run
        monkeypatch.setattr(applying, "SOON", 0)
    says(site, TITLES[:8])
    assert worked(begun())["deleted"] == 4
    assert sent == [(3, shown), (1, shown)]
    found = tk.get_action("package_search")({"user": ""}, {"q": "*:*", "rows": 100})["results"]
    assert sorted(entry["title"] for entry in found) == [title for _, title in TITLES[:8]], "in the end search misses them in any case"


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("place", ["compare", "depart"])
def test_who_takes_a_listing_over_reads_no_record_again_and_tells_nothing_twice(site: Site, made: dict[str, Any], read: list[str], monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    says(site, TITLES, '[] a dcat:Dataset ; dct:title "Sans nom" .')
    with monkeypatch.context() as patched:
        killed_at(patched, planning, f"_{place}", 3 if place == "compare" else 1)
        run_id = begun()
        die(run_id)
    assert sorted(read) == [name for name, _ in TITLES][: 5 if place == "compare" else 12]
    done = worked(run_id)
    assert sorted(read) == [name for name, _ in TITLES], "each once, by whichever of the two"
    found = store.run(run_id)
    assert found is not None and (found.counts["new"], found.counts["listed"], done["new"]) == (12, 12, 12)
    assert sorted(done["problems"]) == ["A dataset has neither an address nor an identifier (dct:identifier): Sans nom.", "La liste n’est pas complète : rien n’est supprimé ici."]


@pytest.mark.usefixtures("small")
def test_who_takes_over_while_datasets_are_written_asks_the_source_nothing(site: Site, made: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        killed_at(patched, applying, "_tell", 3)
        run_id = begun()
        die(run_id)
    site.asked.clear()
    assert worked(run_id)["new"] == 12 and site.asked == []
