"""Addresses of files: tried politely, never inside, said right; uploads without a request."""
from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import click
import pytest
from ckan.lib import uploader
from ckan.lib.jobs import get_queue
from ckanext.tzc.quality import jobs, links, scoring, store
from ckanext.tzc.quality.cli import tzc
from click.testing import CliRunner
from werkzeug.datastructures import FileStorage

from .conftest import Elsewhere

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

Publish = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pauses; the tests' server is on the loopback."""
    monkeypatch.setitem(tk.config, "tzc.quality.link_pause", "0")
    monkeypatch.setitem(tk.config, "tzc.quality.internal_links", True)
    get_queue(jobs.QUEUE).empty()


def link(address: str, **more: Any) -> dict[str, Any]:
    return {"url": address, "format": "CSV", **more}


def score(package: dict[str, Any]) -> int:
    """After its job."""
    found = scoring.compute(package["id"])
    assert found is not None
    return found


def make_due() -> None:
    store.make_due()
    model.Session.commit()


def test_an_address_that_answers_gives_its_points_to_every_dataset_and_is_asked_once(publish: Publish, elsewhere: Elsewhere) -> None:
    one, other = (publish(resources=[link(f"{elsewhere.address}/f.csv")]) for _ in range(2))
    before = score(one), score(other)
    assert links.check_due(10) == 1
    assert [(method, path) for method, path, _ in elsewhere.asked] == [("HEAD", "/f.csv")]
    agent = elsewhere.asked[0][2]["user-agent"]
    assert tk.config["ckan.site_url"] in agent
    assert (store.find(one["id"]).score, store.find(other["id"]).score) == (before[0] + 50, before[1] + 50)
    # the index knows
    assert [entry["name"] for entry in tk.get_action("package_search")({}, {"q": f"quality_score:{before[0] + 50}"})["results"]] in ([one["name"], other["name"]], [other["name"], one["name"]])
    assert links.check_due(10) == 0
    row = store.links(one["id"])[0]
    assert row.due - row.checked == timedelta(days=7)


def test_an_address_that_does_not_like_head_is_asked_for_its_first_byte(publish: Publish, elsewhere: Elsewhere) -> None:
    elsewhere.answers["HEAD", "/f.csv"] = (405, {})
    elsewhere.answers["GET", "/f.csv"] = (206, {})
    score(publish(resources=[link(f"{elsewhere.address}/f.csv")]))
    assert links.check_due(10) == 1
    assert [(method, headers.get("range")) for method, _, headers in elsewhere.asked] == [("HEAD", None), ("GET", "bytes=0-0")]
    assert links.prober().outcome(f"{elsewhere.address}/f.csv") == (True, 206, "", None)


def test_one_failure_of_what_answered_before_does_not_count_yet_and_is_looked_at_sooner(publish: Publish, elsewhere: Elsewhere) -> None:
    made = publish(resources=[link(f"{elsewhere.address}/f.csv")])
    score(made)
    links.check_due(10)
    whole = store.find(made["id"]).score
    elsewhere.answers["HEAD", "/f.csv"] = elsewhere.answers["GET", "/f.csv"] = (404, {})
    make_due()
    links.check_due(10)
    [row] = store.links(made["id"])
    assert (row.ok, row.status, row.failures, row.due - row.checked) == (True, 404, 1, timedelta(hours=6))
    make_due()
    links.check_due(10)
    [row] = store.links(made["id"])
    assert (row.ok, row.failures, row.due - row.checked) == (False, 2, timedelta(hours=12))
    assert store.find(made["id"]).score == whole - 50
    told = tk.get_action("tzc_quality_show")({"ignore_auth": True}, {"id": made["id"]})
    assert told["fixes"][0]["code"] == "upload"
    assert "address" in {fix["code"] for fix in told["fixes"]}
    assert [(entry["ok"], entry["status"]) for entry in told["links"]] == [(False, 404)]


def test_a_busy_server_says_nothing_of_the_file_and_is_left_in_peace(publish: Publish, elsewhere: Elsewhere) -> None:
    elsewhere.answers["HEAD", "/f.csv"] = (503, {"Retry-After": "7200"})
    made = publish(resources=[link(f"{elsewhere.address}/f.csv")])
    score(made)
    links.check_due(10)
    [row] = store.links(made["id"])
    assert (row.ok, row.status, row.failures, row.due - row.checked) == (None, 503, 0, timedelta(hours=2))
    assert len(elsewhere.asked) == 1


def test_redirects_are_followed_to_their_end(elsewhere: Elsewhere) -> None:
    elsewhere.answers["HEAD", "/a"] = (302, {"Location": "/b"})
    elsewhere.answers["HEAD", "/loop"] = elsewhere.answers["GET", "/loop"] = (302, {"Location": "/loop"})
    asks = links.prober()
    assert asks.outcome(f"{elsewhere.address}/a").ok is True
    assert asks.outcome(f"{elsewhere.address}/loop") == (False, None, "unknown", None)


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/", "http://localhost/f", "http://169.254.169.254/latest", "http://[::1]:80/f", "http://10.0.0.1/f"])
def test_no_address_leads_inside(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tk.config, "tzc.quality.internal_links", False)
    assert links.prober().outcome(address) == (False, None, "internal", None)


def test_no_redirect_leads_inside(elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch) -> None:
    """The portal's own address may be inside; what it redirects to may not."""
    monkeypatch.setitem(tk.config, "tzc.quality.internal_links", False)
    asks = links.Prober(elsewhere.address, "tests", False)
    elsewhere.answers["HEAD", "/a"] = (302, {"Location": elsewhere.address.replace("127.0.0.1", "127.0.0.2") + "/b"})
    assert asks.outcome(f"{elsewhere.address}/b").ok is True
    assert asks.outcome(f"{elsewhere.address}/a") == (False, None, "internal", None)


@pytest.mark.parametrize("address", ["ftp://example.org/f", "no address", "http://", "http://[", "javascript:alert(1)"])
def test_what_is_no_address_is_broken(address: str) -> None:
    assert links.prober().outcome(address) == (False, None, "unknown", None)


def test_a_changed_address_is_tried_anew_and_the_old_answer_does_not_count(publish: Publish, partner: dict[str, Any], elsewhere: Elsewhere) -> None:
    made = publish(resources=[link(f"{elsewhere.address}/f.csv")])
    score(made)
    links.check_due(10)
    tk.get_action("resource_patch")({"user": partner["editor"]}, {"id": made["resources"][0]["id"], "url": f"{elsewhere.address}/g.csv"})
    found, _ = scoring.assess(scoring.show(made["id"]))
    assert found.states["access"] == "waiting"
    score(made)
    assert links.check_due(10) == 1
    assert elsewhere.asked[-1][1] == "/g.csv"


def test_an_upload_is_looked_for_in_the_storage(publish: Publish, partner: dict[str, Any], elsewhere: Elsewhere) -> None:
    made = publish()
    upload = FileStorage(io.BytesIO(b"a,b\n1,2\n"), filename="f.csv")
    resource = tk.get_action("resource_create")({"user": partner["editor"]}, {"package_id": made["id"], "format": "CSV", "name": "f", "upload": upload})
    before = score(made)
    assert links.check_due(10) == 1
    assert store.find(made["id"]).score == before
    assert {row.ok for row in store.links(made["id"])} == {True}
    Path(uploader.get_resource_uploader(resource).get_path(resource["id"])).unlink()
    make_due()
    links.check_due(10)
    assert {(row.ok, row.reason) for row in store.links(made["id"])} == {(False, "gone")}
    assert store.find(made["id"]).score == before - 80


def test_links_of_data_on_request_are_not_tried(publish: Publish, elsewhere: Elsewhere) -> None:
    score(publish(access_level="restricted", resources=[link(f"{elsewhere.address}/f.csv")]))
    assert links.check_due(10) == 0


def test_commands(publish: Publish, elsewhere: Elsewhere, app: Any) -> None:
    @click.group()
    @click.pass_context
    def ckan(ctx: click.Context) -> None:
        ctx.meta["flask_app"] = app.flask_app

    ckan.add_command(tzc)

    def command(*words: str, code: int = 0) -> list[str]:
        done = CliRunner().invoke(ckan, ["tzc", "quality", *words])
        assert done.exit_code == code, done.output
        return done.output.splitlines()

    made = publish(resources=[link(f"{elsewhere.address}/f.csv")])
    assert command("rebuild") == ["1 of 1", "1 datasets."]
    assert command("check-links") == [f"ok     200      {elsewhere.address}/f.csv", "1 addresses."]
    assert command("check-links") == ["0 addresses."]
    assert command("check-links", "--again")[-1] == "1 addresses."
    shown = command("show", made["name"])
    assert shown[0] == "235 of 405, good"
    assert any(f"/dataset/edit/{made['name']}#field-theme" in line for line in shown)
    assert command("show", "no-such-dataset", code=1) == ["Error: There is no dataset no-such-dataset."]
