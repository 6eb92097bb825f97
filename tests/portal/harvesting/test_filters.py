"""A filter that a source's mapping gets later: what it leaves out and was taken before leaves as what is no longer listed does, and comes back as that does."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
from ckanext.tzc.harvesting.engine import orders, store, telling

from tests.domain.harvesters import speakers
from tests.people import Person
from tests.portal.harvesting.conftest import days_pass
from tests.sites import Site, catalogue

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context", "impatient")

WITHOUT = {"filters": {"without_tags": ["Interne"]}}
NAMES = [f"jeu-{number:02}" for number in range(12)]


def package(name: str, *tags: str) -> dict[str, Any]:
    return {**speakers.package(name, f"Comptage {name[-2:]}"), "tags": [{"name": tag} for tag in ("velo", *tags)]}


def act(name: str, **asked: Any) -> dict[str, Any]:
    user = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    answer: dict[str, Any] = tk.get_action(f"tzc_harvest_{name}")({"user": user}, {"source": "une-source", **asked})
    return answer


def work(run_id: str) -> store.Run:
    orders.work_now(run_id)
    found = store.run(run_id)
    assert found is not None
    return found


def harvest() -> dict[str, int]:
    """A run to its end: how many of what there was."""
    told = telling.summary(work(act("run", approve=True)["run"]))
    assert told["state"] == store.DONE, told
    return {name: count for name, count in told.items() if isinstance(count, int) and count}


def there() -> dict[str, str]:
    return {entry["title"]: entry["name"] for entry in tk.get_action("package_search")({"user": ""}, {"q": "*:*", "rows": 100})["results"]}


@pytest.fixture
def ran(site: Site, source: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """A source of twelve datasets, the last of them with the keyword that is filtered later."""
    site.answer = catalogue([package(name, *(["interne"] if name == "jeu-11" else [])) for name in NAMES])
    made = source(site.address, "tzc_ckan")
    assert harvest() == {"new": 12}
    return made


@pytest.mark.usefixtures("patient")
def test_what_a_later_filter_leaves_out_is_shown_kept_a_while_and_then_deleted(editor: Person, site: Site, ran: dict[str, Any]) -> None:
    name = there()["Comptage 11"]
    act("mapping_update", mapping=WITHOUT)
    run = work(act("dry_run")["run"])
    assert {kind: count for kind, count in telling.status(run)["found"].items() if count} == {"unchanged": 11, "left_out": 1}
    [entry] = act("entries", change="left_out")["entries"]
    assert (entry["title"], entry["words"]) == ("Comptage 11", str(tk._("The source's mapping leaves it out: {why}.")).format(why=tk._("it has a keyword that is left out")))
    body = editor.visit(f"/harvest/une-source/job/{run.id}/plan?kind=left_out")
    assert "Comptage 11" in body and "Comptage 10" not in body
    act("approve")
    assert telling.summary(work(run.id))["left_out"] == 1
    assert len(there()) == 12
    origin = tk.h.tzc_harvest_origin({"id": model.Package.get(name).id})
    assert origin["missing"] and origin["left_out"] == entry["words"]
    assert harvest() == {"unchanged": 11}, "it is kept, and not told of each time"
    days_pass(8)
    run = work(act("run")["run"])
    assert act("entries", run=run.id, change="gone")["entries"][0]["words"] == entry["words"], "the source said the same as before: the reason is known still"
    assert "Comptage 11" not in there() and len(there()) == 11
    assert harvest() == {"unchanged": 11}


@pytest.mark.usefixtures("patient")
def test_it_stays_when_the_filter_goes_in_time(ran: dict[str, Any]) -> None:
    before = there()
    act("mapping_update", mapping=WITHOUT)
    assert harvest() == {"unchanged": 11, "left_out": 1}
    act("mapping_update", mapping={})
    days_pass(30)
    harvest()
    assert there() == before
    assert model.Session.query(store.ItemRow).filter(store.ItemRow.missing.is_not(None) | store.ItemRow.left_out.is_not(None)).count() == 0
    assert harvest() == {"unchanged": 12}


def test_without_grace_it_is_deleted_at_once_and_comes_back_to_its_address(ran: dict[str, Any]) -> None:
    before = there()
    act("mapping_update", mapping=WITHOUT)
    assert harvest() == {"unchanged": 11, "deleted": 1}
    act("mapping_update", mapping={})
    assert harvest() == {"unchanged": 11, "new": 1}
    assert there() == before


def test_what_was_taken_back_stays(ran: dict[str, Any]) -> None:
    act("mapping_update", mapping=WITHOUT)
    harvest()
    assert act("restore")["restored"] == 1
    harvest()
    assert len(there()) == 12


@pytest.mark.parametrize(("tags", "count"), [(["velo"], 12), (["rare"], 6)])
def test_a_filter_that_leaves_out_much_stops_the_run_and_asks(editor: Person, site: Site, ran: dict[str, Any], tags: list[str], count: int) -> None:
    site.answer = catalogue([package(name, *(["rare"] if name > "jeu-05" else [])) for name in NAMES])
    harvest()
    act("mapping_update", mapping={"filters": {"without_tags": tags}})
    run = work(act("run", approve=True)["run"])
    assert (run.state, run.asks) == (store.PLANNED, "departures")
    [told] = act("status")["causes"]
    assert told["cause"] == "left_out" and f"{count} " in act("status")["problems"][0], "nothing is missing at the source, and nothing says so"
    for page in ("/harvest/une-source", "/harvest/une-source/job/last"):
        editor.visit(page)
        said = editor.page.xpath("string(//main)")
        assert ("manque" not in said) and (tk._("The filter of its mapping leaves out suspiciously much") in said or told["what"] in said), page
    act("stop")
    assert len(there()) == 12


def test_what_is_missing_and_what_is_left_out_are_told_apart(site: Site, ran: dict[str, Any]) -> None:
    site.answer = catalogue([package(name, *(["rare"] if name > "jeu-05" else [])) for name in NAMES[2:]])
    act("mapping_update", mapping={"filters": {"without_tags": ["rare"]}})
    assert work(act("run", approve=True)["run"]).asks == "departures"
    told = {cause["cause"]: cause["count"] for cause in act("status")["causes"]}
    assert set(told) == {"departures", "left_out"}
    missing, left_out = (next(words for words in act("status")["problems"] if words.startswith(start)) for start in ("2 ", "Le filtre"))
    assert " 12 " in missing and " 6 " in left_out


@pytest.mark.usefixtures("patient")
def test_what_is_left_out_is_counted_apart(editor: Person, site: Site, ran: dict[str, Any]) -> None:
    act("mapping_update", mapping=WITHOUT)
    site.answer = catalogue([package(name, *(["interne"] if name == "jeu-11" else [])) for name in NAMES[1:]])
    harvest()
    editor.visit("/harvest/une-source")
    [facts] = editor.page.xpath("(//main//p[@class='tzc-outcome'])[1]/span[@class='tzc-count']")
    assert "1 absent de la source, gardé" in facts.text_content() and "1 écarté par le filtre" in facts.text_content()


@pytest.mark.usefixtures("patient")
def test_what_the_source_takes_away_itself_is_told_so(site: Site, ran: dict[str, Any]) -> None:
    act("mapping_update", mapping=WITHOUT)
    harvest()
    site.answer = catalogue([package(name) for name in NAMES[:11]])
    harvest()
    days_pass(8)
    run = work(act("run")["run"])
    [entry] = act("entries", run=run.id, change="gone")["entries"]
    assert (entry["title"], entry["words"]) == ("Comptage 11", "")


def test_what_is_new_and_left_out_is_refused(site: Site, ran: dict[str, Any]) -> None:
    act("mapping_update", mapping={"filters": {"without_tags": ["autre"]}})
    site.answer = catalogue([*(package(name, *(["interne"] if name == "jeu-11" else [])) for name in NAMES), package("jeu-12", "autre")])
    assert harvest() == {"unchanged": 12, "refused": 1}
    assert len(there()) == 12


def test_a_listing_that_broke_off_takes_nothing(site: Site, ran: dict[str, Any]) -> None:
    act("mapping_update", mapping=WITHOUT)
    site.answer = catalogue([package(name, *(["interne"] if name == "jeu-11" else [])) for name in NAMES], count=50)
    assert harvest() == {"unchanged": 11}
    assert len(there()) == 12
