"""What becomes of a run that is paused, stopped or killed halfway, while its source goes on changing."""
from __future__ import annotations

from typing import Any

import pytest
from ckanext.tzc.harvesting.engine import applying, planning, store, working

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
        asking(patched, planning, place, "tzc_harvest_pause")
        assert work(run_id).state == store.PAUSED
    act("tzc_harvest_pause", resume=True)
    run = work(run_id)
    assert (run.state, run.asks, found()) == (store.PLANNED, asks, before)
    assert run.planned


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
