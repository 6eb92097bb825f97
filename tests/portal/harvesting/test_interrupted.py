"""What becomes of a run that is paused, stopped or killed halfway, while its source goes on changing."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ckan.model as model
import pytest
from ckanext.tzc.harvesting.engine import applying, planning, store, working

from tests.domain.harvesters.speakers import answered, turtle
from tests.portal.harvesting.conftest import days_pass
from tests.portal.harvesting.test_engine import TITLES, act, die, feed, found, harvest, killed_at, made, small, work
from tests.sites import Site

__all__ = ["made", "small"]

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context", "impatient")


def asking(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, order: str) -> None:
    """Somebody asks that of the run whenever this was called."""
    original = getattr(module, name)

    def asks(*arguments: Any) -> Any:
        answer = original(*arguments)
        act(order)
        return answer

    monkeypatch.setattr(module, name, asks)


# a plan that must be looked at


@pytest.mark.parametrize("asks", ["first", "dry", "departures"])
@pytest.mark.parametrize("place", ["_end", "_compare"])
def test_who_goes_on_with_a_paused_run_approves_nothing(site: Site, made: dict[str, Any], asks: str, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the pause comes when the plan is there, and nobody has seen yet that it must wait; or where a worker died there before."""
    if asks != "first":
        harvest()
        site.answer = feed(site, TITLES[:5] if asks == "departures" else [*TITLES, ("jeu-12", "Comptage 12")])
    before = found()
    run_id = act("tzc_harvest_dry_run" if asks == "dry" else "tzc_harvest_run")["run"]
    with monkeypatch.context() as patched:
        if place == "_compare":
            killed_at(patched, working, "_may_go_on", 1)
            die(run_id)
            # as a release left it that had the plan stand before it was known whether it must wait
            model.Session.query(store.Run).update({"planned": store.now()})
            model.Session.commit()
        asking(patched, planning, place, "tzc_harvest_pause")
        assert work(run_id).state == store.PAUSED
    act("tzc_harvest_pause", resume=True)
    run = work(run_id)
    assert (run.state, run.asks, found()) == (store.PLANNED, asks, before)
    assert run.planned


# a listing that is made again

NAMELESS = '[] a dcat:Dataset ; dct:title "Sans nom" .'
"""With it a listing is not whole."""


@pytest.fixture
def broken_off(site: Site, made: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """A run that is killed when its plan is there, or paused while it is made: one dataset is new, one changed, two are listed no longer."""

    def plan(how: str = "killed") -> str:
        site.answer = feed(site, [("jeu-12", "Comptage 12"), ("jeu-00", "Comptage faux"), *TITLES[1:10]])
        run_id: str = act("tzc_harvest_run")["run"]
        with monkeypatch.context() as patched:
            if how == "killed":
                killed_at(patched, planning, "_end", 1)
                die(run_id)
            else:
                asking(patched, planning, "_compare", "tzc_harvest_pause")
                assert work(run_id).state == store.PAUSED
                act("tzc_harvest_pause", resume=True)
        kinds = {entry["change"] for entry in act("tzc_harvest_entries")["entries"]}
        assert kinds == {"new", "changed", "gone"} if how == "killed" else kinds & {"new", "changed"}
        return run_id

    return plan


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("how", ["killed", "paused"])
@pytest.mark.parametrize("read", [True, False], ids=["read", "as the last one"])
def test_what_the_source_took_back_meanwhile_is_not_done(site: Site, made: dict[str, Any], broken_off: Callable[..., str], how: str, read: bool) -> None:
    harvest()
    before = found()
    run_id = broken_off(how)
    site.answer = lambda _: answered(turtle(site, TITLES, "# encore" if read else ""), "text/turtle")
    run = work(run_id)
    told = act("tzc_harvest_status")
    assert (run.state, told["listed"], told["done"]) == (store.DONE, 12 if read else 0, {})
    assert {kind: count for kind, count in told["found"].items() if count} == {"unchanged": 12}
    assert found() == before
    site.answer = feed(site, TITLES[:11])
    assert harvest()["deleted"] == 1, "it is known as it is"


def test_what_the_source_still_says_is_done_once(site: Site, made: dict[str, Any], broken_off: Callable[..., str]) -> None:
    harvest()
    run = work(broken_off())
    told = act("tzc_harvest_status")
    assert (run.state, told["done"]) == (store.DONE, {"new": 1, "changed": 1, "gone": 2})
    assert {kind: count for kind, count in told["found"].items() if count} == {"new": 1, "changed": 1, "unchanged": 9, "gone": 2}
    assert sorted(found()) == ["Comptage 01", *(f"Comptage {number:02}" for number in range(2, 10)), "Comptage 12", "Comptage faux"]


@pytest.mark.usefixtures("small")
def test_a_first_plan_holds_what_was_listed_last(site: Site, made: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = act("tzc_harvest_run", approve=True)["run"]
    with monkeypatch.context() as patched:
        killed_at(patched, planning, "_depart", 1)
        die(run_id)
    site.answer = feed(site, TITLES[7:])
    work(run_id)
    assert act("tzc_harvest_status")["found"]["new"] == 5 and sorted(found()) == [title for _, title in TITLES[7:]]


def test_a_listing_that_is_not_whole_the_second_time_deletes_nothing(site: Site, made: dict[str, Any], broken_off: Callable[..., str]) -> None:
    """What it did not come to is done as the first one had it, and counted."""
    harvest()
    run_id = broken_off()
    site.answer = lambda _: answered(turtle(site, TITLES[1:5], NAMELESS), "text/turtle")
    run = work(run_id)
    told = act("tzc_harvest_status")
    assert (run.state, told["whole"], told["done"]) == (store.DONE, False, {"new": 1, "changed": 1})
    assert {kind: count for kind, count in told["found"].items() if count} == {"new": 1, "changed": 1, "unchanged": 4}
    assert {"Comptage 10", "Comptage 11"} <= found().keys()


def test_what_is_left_out_by_now_is_not_written_as_it_was_before(site: Site, made: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    act("tzc_harvest_mapping_update", mapping={"filters": {"without_tags": ["Interne"]}})
    harvest()
    before = found()
    site.answer = feed(site, [("jeu-00", "Comptage faux"), *TITLES[1:]])
    run_id = act("tzc_harvest_run")["run"]
    with monkeypatch.context() as patched:
        killed_at(patched, planning, "_depart", 1)
        die(run_id)
    site.answer = lambda _: answered(turtle(site, [("jeu-00", "Comptage"), *TITLES[1:]], f'<jeu-00> dcat:keyword "interne"@fr . {NAMELESS}'), "text/turtle")
    work(run_id)
    told = act("tzc_harvest_status")
    assert (told["whole"], told["done"], found()) == (False, {}, before)
    assert {kind: count for kind, count in told["found"].items() if count} == {"unchanged": 11}


# a source that takes back what it said


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("ends", ["stopped", "failed"])
def test_what_is_listed_again_is_not_deleted_though_the_source_says_the_same_as_long_ago(site: Site, made: dict[str, Any], ends: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A faulty listing is done in part or as a whole, by a run that did not come to its end; then the one of before is there again, with its ETag."""
    site.answer = feed(site, TITLES, ETag='"un"')
    harvest()
    before = found()
    site.answer = feed(site, [("jeu-00", "Comptage faux"), *TITLES[1:11]], ETag='"deux"')
    with monkeypatch.context() as patched:
        if ends == "stopped":
            asking(patched, applying, "_batch", "tzc_harvest_stop")
        else:
            patched.setattr(working, "_bring_back", lambda _: 1 / 0)
        run = work(act("tzc_harvest_run")["run"])
    assert (run.state, act("tzc_harvest_status")["done"]) == (ends, {"changed": 1, "missing": 1})
    site.answer = feed(site, TITLES, ETag='"un"')
    again = harvest()
    assert (again["changed"], again["unchanged"]) == (1, 10)
    days_pass(30)
    site.asked.clear()
    assert (harvest()["deleted"], len(site.asked)) == (0, 1), "from then on it is believed again"
    assert found() == before


def test_a_run_that_is_stopped_before_it_wrote_leaves_what_is_known_of_the_listing(site: Site, made: dict[str, Any]) -> None:
    site.answer = feed(site, TITLES, ETag='"un"')
    harvest()
    site.answer = feed(site, TITLES[:11], ETag='"deux"')
    work(act("tzc_harvest_dry_run")["run"])
    act("tzc_harvest_stop")
    site.answer = feed(site, TITLES, ETag='"un"')
    site.asked.clear()
    assert harvest()["unchanged"] == 12
    [asked] = site.asked
    assert asked.headers["If-None-Match"] == '"un"'
