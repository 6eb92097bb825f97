"""What portals make of our feed is told to those who can mend it, and to nobody else."""
from __future__ import annotations

import contextvars
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ckan.plugins.toolkit as tk
import click
import pytest
from ckan.tests import factories
from ckan.tests.helpers import call_action
from ckanext.tzc.publishing import received
from ckanext.tzc.publishing.cli import tzc
from click.testing import CliRunner

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

Publish = Callable[..., dict[str, Any]]
FILE = {"url": "https://example.org/velos.csv", "name": "Comptages", "format": "CSV"}


@pytest.fixture
def mine(publish: Publish, partner: dict[str, Any]) -> dict[str, Any]:
    """An editor, the partner's datasets (taken, with loss, refused), and one of somebody else."""
    editor = factories.User()
    call_action("organization_member_create", id=partner["id"], username=editor["name"], role="editor")
    publish(name="taken", resources=[dict(FILE)])
    publish(name="lossy", license_id="other-closed", resources=[dict(FILE)])
    publish(name="refused", resources=[{**FILE, "url": "http://serveur.interne/velos.csv"}])
    other = factories.Organization()
    publish(name="elsewhere", owner_org=other["id"], user=factories.Sysadmin()["name"], resources=[{**FILE, "url": "http://10.0.0.1/x.csv"}])
    return {"user": editor["name"], "headers": {"Authorization": factories.APIToken(user=editor["name"])["token"]}}


def asked(mine: dict[str, Any], **question: Any) -> dict[str, Any]:
    told: dict[str, Any] = tk.get_action("tzc_publishing_intake")({"user": mine["user"]}, question)
    return told


def test_an_editor_sees_what_becomes_of_the_partners_datasets(mine: dict[str, Any]) -> None:
    told = asked(mine)
    assert [dataset["name"] for dataset in told["datasets"]] == ["refused", "lossy"]
    assert told["counts"] == {"taken": 1, "loss": 1, "refused": 1}
    (reason,) = told["datasets"][0]["reasons"]
    assert (reason["code"], reason["field"], reason["file"], reason["refuses"]) == ("address_domain", "url", "Comptages", True)
    assert "/resource/" in reason["url"]
    assert reason["url"].endswith("/edit#field-url")
    assert [dataset["name"] for dataset in asked(mine, status="taken")["datasets"]] == ["taken"]
    assert asked(mine, limit=1, offset=1)["datasets"][0]["name"] == "lossy"


def test_an_administrator_sees_all_and_others_nothing(mine: dict[str, Any]) -> None:
    every = tk.get_action("tzc_publishing_intake")({"user": factories.Sysadmin()["name"]}, {})
    assert {dataset["name"] for dataset in every["datasets"]} == {"refused", "elsewhere", "lossy"}
    for user in ("", factories.User()["name"]):
        with pytest.raises(tk.NotAuthorized):
            tk.get_action("tzc_publishing_intake")({"user": user}, {})


@pytest.mark.parametrize("question", [{"portal": "x"}, {"status": "x"}, {"limit": "0"}, {"limit": 101}, {"offset": -1}])
def test_a_question_without_sense_is_refused(mine: dict[str, Any], question: dict[str, Any]) -> None:
    with pytest.raises(tk.ValidationError):
        asked(mine, **question)


def test_a_mended_dataset_is_judged_anew(mine: dict[str, Any]) -> None:
    assert asked(mine)["counts"]["refused"] == 1
    call_action("package_patch", {"user": mine["user"], "ignore_auth": True}, id="refused", resources=[dict(FILE)])
    assert asked(mine)["counts"]["refused"] == 0


def test_the_page_says_it_in_words(app: Any, mine: dict[str, Any]) -> None:
    def ask(address: str, headers: dict[str, str]) -> Any:
        # in a context of its own: the fixture's request has a user already
        return contextvars.Context().run(app.get, address, headers=headers, status=None)

    answer = ask("/en/publishing/received", mine["headers"])
    assert answer.status_code == 200
    assert "An address leads to a name that the internet does not know." in answer.body
    assert "elsewhere" not in answer.body.partition("<main")[2].partition("tzc-hint")[0]
    assert "data.europa.eu" in answer.body
    assert ask("/en/publishing/received?portal=x", mine["headers"]).status_code == 404
    assert ask("/en/publishing/received", {}).status_code == 403


@pytest.fixture
def run(app: Any) -> Callable[..., Any]:
    """The command."""

    @click.group()
    @click.pass_context
    def ckan(ctx: click.Context) -> None:
        ctx.meta["flask_app"] = app.flask_app

    ckan.add_command(tzc)
    return lambda *words: CliRunner().invoke(ckan, ["tzc", "publishing", "intake", *words])


def test_an_empty_feed_is_warned_of(app: Any, run: Callable[..., Any], tmp_path: Path) -> None:
    """Its datasets of yesterday would be taken for deleted."""
    done = run()
    assert done.exit_code == 1, done.output
    for portal in ("data.gouv.fr", "data.europa.eu"):
        assert f"{portal} would take nothing: no dataset stands in our national feed." in done.stderr
    feed = tmp_path / "feed.ttl"
    feed.write_text("<https://example.org/> a <http://www.w3.org/ns/dcat#Catalog> .")
    other = run("--feed", str(feed), "--json")
    assert other.exit_code == 1
    assert f"no dataset stands in {feed}" in other.stderr
    assert json.loads(other.stdout)["data.gouv.fr"]["counts"] == {"taken": 0, "loss": 0, "refused": 0}
    token = factories.APIToken(user=factories.Sysadmin()["name"])["token"]
    page = contextvars.Context().run(app.get, "/en/publishing/received", headers={"Authorization": token}, status=200)
    assert "nothing would be taken" in page.body


def test_a_feed_with_datasets_is_not_warned_of(app: Any, mine: dict[str, Any], run: Callable[..., Any]) -> None:
    assert "would take nothing" not in run().output
    page = contextvars.Context().run(app.get, "/en/publishing/received", headers=mine["headers"], status=200)
    assert "nothing would be taken" not in page.body


def test_the_command_tells_of_our_feed_and_of_others(run: Callable[..., Any], mine: dict[str, Any], tmp_path: Path) -> None:
    own = run("--portal", "data.gouv.fr")
    assert own.exit_code == 1, own.output
    assert "1 taken, 1 with loss, 2 refused" in own.output
    feed = tmp_path / "feed.ttl"
    feed.write_text('<https://example.org/a> a <http://www.w3.org/ns/dcat#Dataset> ; <http://purl.org/dc/terms/title> "A" ; <http://purl.org/dc/terms/identifier> "a" .')
    other = run("--feed", str(feed), "--portal", "data.gouv.fr", "--json")
    assert other.exit_code == 0, other.output
    (dataset,) = json.loads(other.output)["data.gouv.fr"]["datasets"]
    assert dataset["stored"]["title"] == "A"
    assert {reason["code"] for reason in dataset["reasons"]} == {"description_missing", "files_none"}
    broken = tmp_path / "feed.xml"
    broken.write_text("<html>")
    assert "takes nothing of it" in run("--feed", str(broken)).output


def test_pages_of_a_feed_are_followed(feeds: str) -> None:
    identifiers = [verdict.identifier for verdict in received.of_feed(f"{feeds}/partial/catalog.jsonld?page=1", received.NATIONAL)]
    assert len(identifiers) == len(set(identifiers)) == 4
    with pytest.raises(received.FeedRefusedError):
        list(received.of_feed(f"{feeds}/nothing.xml", received.NATIONAL))
