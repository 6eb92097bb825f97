"""What operators watch: who may read it, and that its numbers are those of the runs."""
from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
from ckanext.harvest.model import HarvestJob
from ckanext.tzc.harvesting.engine import orders, store
from prometheus_client.parser import text_string_to_metric_families

from tests.domain.harvesters.speakers import answered, turtle
from tests.sites import Reply, Site

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context", "impatient")

KEY = "k" * 32
TITLES = [(f"jeu-{number:02}", f"Comptage {number:02}") for number in range(6)]
Source = Callable[..., dict[str, Any]]


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    """The key that an operator gave."""
    monkeypatch.setitem(tk.config, "tzc.metrics.key", KEY)
    return KEY


def read(app: Any) -> dict[str, float]:
    """The samples, each by its name and the values of its labels."""
    answer = app.get("/metrics", headers={"Authorization": f"Bearer {KEY}"}, status=200)
    assert answer.headers["Content-Type"].startswith("text/plain; version=") and answer.headers["Cache-Control"] == "private, no-store"
    found = {}
    for sample in (sample for family in text_string_to_metric_families(answer.text) for sample in family.samples if family.name.startswith("tzc_harvest_")):
        labels = [sample.labels[name] for name in ("state", "source", "kind", "step", "outcome", "trouble") if name in sample.labels]
        found[" ".join([sample.name.removeprefix("tzc_harvest_"), *labels])] = sample.value
    return found


def run(**asked: Any) -> store.Run:
    user = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    run_id = tk.get_action("tzc_harvest_run")({"user": user}, {"source": "une-source", **asked})["run"]
    orders.work_now(run_id)
    found = store.run(run_id)
    assert found is not None
    return found


def test_without_a_key_there_is_no_such_page(app: Any) -> None:
    for given in ("", "Bearer ", "Bearer x"):
        assert app.get("/metrics", headers={"Authorization": given}, status=404).status_code == 404


@pytest.mark.parametrize("given", [None, "", "Bearer", "Bearer ", f"Bearer {KEY}x", KEY, f"bearer {KEY}", "Bearer é", "Basic a2s="])
def test_only_who_says_the_key_reads_it(app: Any, key: str, given: str | None) -> None:
    answer = app.get("/metrics", headers={} if given is None else {"Authorization": given}, status=401)
    assert "TZC_METRICS_KEY" in answer.text and answer.headers["WWW-Authenticate"].startswith("Bearer") and "tzc_harvest" not in answer.text


def test_it_is_there_before_the_first_source(app: Any, key: str) -> None:
    assert read(app) == {"oldest_waiting_seconds": 0}
    other = app.get("/metrics", headers={"Authorization": f"Bearer {KEY}", "Accept": "application/openmetrics-text; version=1.0.0"}, status=200)
    assert other.headers["Content-Type"].startswith("application/openmetrics-text") and other.text.endswith("# EOF\n")


@pytest.mark.usefixtures("allowed")
def test_the_numbers_are_those_of_the_runs(app: Any, key: str, site: Site, source: Source) -> None:
    site.answer = lambda _: answered(turtle(site, [*TITLES, ("sans-1", "")]), "text/turtle")
    made = source(f"{site.address}/catalog", "tzc_dcat")
    source("https://autre.example.org/", "tzc_ckan", name="une-autre")
    source("https://ailleurs.example.org/", "ckan", name="ailleurs")
    fresh = read(app)
    assert math.isinf(fresh["seconds_since_good_run une-source tzc_dcat"]) and fresh["source_trouble une-autre tzc_ckan failed"] == 0 and not [name for name in fresh if "ailleurs" in name]
    first = run(approve=True)
    told = read(app)
    assert told["runs done tzc_dcat"] == 1
    assert (told["last_run_records une-source tzc_dcat new"], told["last_run_records une-source tzc_dcat refused"]) == (6, 1)
    assert told["source_trouble une-source tzc_dcat records"] == 1 and told["source_trouble une-source tzc_dcat failed"] == 0
    assert math.isinf(told["seconds_since_good_run une-source tzc_dcat"])
    site.answer = lambda _: answered(turtle(site, TITLES), "text/turtle")
    second = run()
    # as if it had been planned in 30 seconds, had waited an hour for somebody, and was done in 20, ten minutes ago
    assert second.ended
    now = store.now()
    second.planned, second.approved, second.ended = (now - dt.timedelta(seconds=seconds) for seconds in (4220, 620, 600))
    HarvestJob.get(second.id).gather_started = (second.planned - dt.timedelta(seconds=30)).replace(tzinfo=None)
    model.Session.query(store.Known).filter_by(source_id=made["id"]).update({"well": second.ended})
    model.Session.commit()
    tk.get_action("tzc_harvest_run")({"user": tk.config["ckan.site_id"]}, {"source": "une-autre"})
    waiting = store.open_run(model.Package.get("une-autre").id)
    assert waiting is not None
    waiting.begun -= dt.timedelta(minutes=5)
    model.Session.commit()
    told = read(app)
    assert (told["runs done tzc_dcat"], told["runs waiting tzc_ckan"]) == (2, 1)
    assert (told["last_run_seconds une-source tzc_dcat plan"], told["last_run_seconds une-source tzc_dcat apply"]) == (30, 20)
    assert told["last_run_records une-source tzc_dcat unchanged"] == 6 and "last_run_records une-source tzc_dcat new" not in told
    assert [name for name, value in told.items() if name.startswith("source_trouble") and value] == []
    assert 600 <= told["seconds_since_good_run une-source tzc_dcat"] < 660 and 300 <= told["oldest_waiting_seconds"] < 360
    site.answer = lambda _: Reply(status=500)
    run()
    assert read(app)["source_trouble une-source tzc_dcat failed"] == 1
    tk.get_action("harvest_source_delete")({"user": tk.config["ckan.site_id"], "ignore_auth": True}, {"id": made["id"]})
    assert not [name for name in read(app) if "une-source" in name or "tzc_dcat" in name]
    assert first.id != second.id
