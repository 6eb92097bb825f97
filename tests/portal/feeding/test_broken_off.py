"""Runs that break off, at whatever moment: readers go on with the old file, and what was begun is begun again."""
from __future__ import annotations

import datetime as dt
import errno
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pysolr
import pytest
from ckan.lib import files, search, uploader
from ckanext.tzc.catalogue.uploads import CheckedUpload
from ckanext.tzc.common.keeping import Shelf
from ckanext.tzc.feeding import fetching, filling, jobs, running, sending, store
from werkzeug.datastructures import FileStorage

from tests.portal.catalogue.test_object_storage import bucket
from tests.portal.feeding.conftest import MORE, TABLE, Act
from tests.portal.feeding.test_fetched import feed, notices, run
from tests.portal.feeding.test_pushed import made as pushed
from tests.portal.feeding.test_pushed import push
from tests.sites import Reply, Site

__all__ = ["bucket", "pushed"]

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

Content = Callable[[dict[str, Any]], bytes | None]
OTHER = b"id,jour,valeur\n9,2026-03-01,9\n"


class KilledError(BaseException):
    """What no handler catches, as none hears of a kill."""


@pytest.fixture(autouse=True)
def _nothing_is_kept(with_plugins: None) -> None:
    shutil.rmtree(_shelf(), ignore_errors=True)


def _shelf() -> Path:
    return Path(tk.config["ckan.storage_path"]) / "feeding"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The feeds for which a job is sent."""
    found: list[str] = []
    monkeypatch.setattr(sending, "send", lambda _, feed: found.append(feed) or True)
    return found


def kept() -> set[str]:
    """What lies on the shelf, by its SHA-256."""
    return {path.parent.name + path.name for path in _shelf().rglob("*") if path.is_file()}


def killed(monkeypatch: pytest.MonkeyPatch, place: Any, name: str, doing: Callable[[], Any], before: bool = True) -> None:
    """Kill the process just before or after it calls something, which its database hears as a line that ends."""
    original = getattr(place, name)

    def kill(*given: Any, **named: Any) -> Any:
        if not before:
            original(*given, **named)
        raise KilledError

    with monkeypatch.context() as patched, pytest.raises(KilledError):
        patched.setattr(place, name, kill)
        doing()
    model.Session.rollback()
    model.Session.remove()


@pytest.fixture
def first(dataset: dict[str, Any], act: Act, source: Site, administrator: str) -> dict[str, Any]:
    """A feed that has a file; its source has another one by now."""
    made = feed(act, dataset, source, administrator)
    source.answer = lambda _: Reply(TABLE)
    assert run(made).outcome == "new"
    source.answer = lambda _: Reply(MORE)
    return made


def size(act: Act, dataset: dict[str, Any]) -> int:
    return int(act("package_show", id=dataset["id"])["resources"][0]["size"])


@pytest.mark.parametrize(
    ("where", "name"),
    [(Shelf, "keep"), (filling, "_hold"), (CheckedUpload, "upload"), (search.index.PackageSearchIndex, "index_package"), (model.repo, "commit")],
    ids=["before it is kept", "before the save", "before the bytes", "before the index", "before the commit"],
)
def test_a_kill_leaves_the_old_file(
    where: Any, name: str, first: dict[str, Any], dataset: dict[str, Any], act: Act, source: Site, content: Content, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    killed(monkeypatch, where, name, lambda: run(first))
    source.answer = lambda _: Reply(b"away", 404)
    assert jobs.send_due() == 1 and sent == [first["id"]], "a monthly feed does not wait for its month"
    jobs.fetch(first["id"])
    assert content(first) == TABLE and size(act, dataset) == len(TABLE) and kept() == set(), "the old file is back before anything else is tried"
    assert [(entry["outcome"], entry["code"]) for entry in act("tzc_feed_run_list", id=first["id"])] == [("failed", "unreachable"), ("failed", "broken_off"), ("new", None)]
    [found] = tk.get_action("package_search")({"ignore_auth": True}, {"fq": f"id:{dataset['id']}", "include_private": True})["results"]
    assert found["resources"][0]["size"] == len(TABLE), "the index, too, says what is there"
    assert jobs.send_due() == 0
    source.answer = lambda _: Reply(MORE)
    assert run(first).outcome == "new" and content(first) == MORE
    [old] = act("tzc_feed_version_list", id=first["id"])
    assert kept() == {old["sha256"]} and filling.shelf._path(old["sha256"]).read_bytes() == TABLE


def test_a_kill_after_the_commit_leaves_the_new_file(first: dict[str, Any], act: Act, content: Content, sent: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    killed(monkeypatch, model.repo, "commit", lambda: run(first), before=False)
    assert jobs.send_due() == 0 and content(first) == MORE and run(first).outcome == "unchanged"
    assert [old["size"] for old in act("tzc_feed_version_list", id=first["id"])] == [len(TABLE)]


DEADLY = """
import os, signal, sys
from ckan.cli.cli import ckan
import ckan.model as model

model.repo.commit = lambda: os.kill(os.getpid(), signal.SIGKILL)
sys.argv[0] = "ckan"
ckan()
"""


def test_a_process_that_is_killed_before_it_commits(first: dict[str, Any], dataset: dict[str, Any], act: Act, source: Site, content: Content, sent: list[str]) -> None:
    model.Session.remove()
    done = subprocess.run([sys.executable, "-c", DEADLY, "-c", os.environ["CKAN_INI"], "tzc", "feeding", "run", first["id"]], capture_output=True, timeout=120, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
    assert content(first) == MORE and size(act, dataset) == len(TABLE), "what CKAN leaves"
    source.answer = lambda _: Reply(b"away", 404)
    assert jobs.send_due() == 1
    jobs.fetch(first["id"])
    assert content(first) == TABLE and kept() == set()


def test_while_the_index_is_away_the_old_file_stays_and_the_run_waits(
    first: dict[str, Any], dataset: dict[str, Any], act: Act, content: Content, sent: list[str], monkeypatch: pytest.MonkeyPatch, partner: dict[str, Any]
) -> None:
    def away(*_: Any, **__: Any) -> Any:
        raise pysolr.SolrError("Failed to connect to server")

    with monkeypatch.context() as patched:
        patched.setattr(pysolr.Solr, "add", away)
        for _ in range(5):
            with pytest.raises(search.SearchIndexError):
                running.run(first["id"], store.BY_SCHEDULE if sent else store.BY_HAND)
            model.Session.rollback()
            assert content(first) == TABLE and act("tzc_feed_version_list", id=first["id"]) == [] and jobs.send_due() == 1
    assert size(act, dataset) == len(TABLE) and notices(partner["editor"]) == []
    jobs.fetch(first["id"])
    assert content(first) == MORE and size(act, dataset) == len(MORE) and [old["size"] for old in act("tzc_feed_version_list", id=first["id"])] == [len(TABLE)]
    assert jobs.send_due() == 0


def test_a_save_that_fails_leaves_the_old_file(first: dict[str, Any], act: Act, content: Content, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(model.repo, "commit", lambda: {}["axis"])
        with pytest.raises(KeyError):
            run(first)
    assert content(first) == TABLE and kept() == set() and act("tzc_feed_run_list", id=first["id"])[0]["code"] == "internal"
    assert run(first).outcome == "new" and content(first) == MORE


def test_what_somebody_uploaded_meanwhile_is_not_put_back(
    first: dict[str, Any], dataset: dict[str, Any], act: Act, source: Site, content: Content, partner: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed(monkeypatch, model.repo, "commit", lambda: run(first))
    source.answer = lambda _: Reply(b"away", 404)
    (tmp_path / "releves.csv").write_bytes(OTHER)
    with (tmp_path / "releves.csv").open("rb") as stream:
        act("resource_patch", id=act("package_show", id=dataset["id"])["resources"][0]["id"], upload=FileStorage(stream, "releves.csv"))
    jobs.fetch(first["id"])
    assert content(first) == OTHER and kept() == set()


def test_somebody_uploads_just_before_the_save(
    first: dict[str, Any], dataset: dict[str, Any], act: Act, content: Content, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their file is the one that is kept."""
    (tmp_path / "releves.csv").write_bytes(OTHER)
    original, times = Shelf.keep, []

    def keep(shelf: Any, resource: Any) -> Any:
        found = original(shelf, resource)
        if not times:
            times.append(1)
            with (tmp_path / "releves.csv").open("rb") as stream:
                act("resource_patch", id=resource["id"], upload=FileStorage(stream, "releves.csv"))
        return found

    with monkeypatch.context() as patched:
        patched.setattr(Shelf, "keep", keep)
        assert run(first).outcome == "new"
    [old] = act("tzc_feed_version_list", id=first["id"])
    assert content(first) == MORE and kept() == {old["sha256"]} and filling.shelf._path(old["sha256"]).read_bytes() == OTHER


def test_a_feed_that_is_removed_leaves_the_old_file(first: dict[str, Any], act: Act, administrator: str, sent: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    killed(monkeypatch, model.repo, "commit", lambda: run(first))
    file = model.Resource.get(store.feed(first["id"]).resource)
    path = Path(uploader.get_resource_uploader(filling._resource(file)).get_path(file.id))
    assert path.read_bytes() == MORE
    act("tzc_feed_remove", id=first["id"])
    assert jobs.send_due() == 1
    jobs.fetch(first["id"])
    assert path.read_bytes() == TABLE and kept() == set() and jobs.send_due() == 0


def test_nothing_is_kept_that_the_rule_does_not_keep(first: dict[str, Any], act: Act, content: Content) -> None:
    act("tzc_feed_update", id=first["id"], keep={"last": 0})
    assert run(first).outcome == "new" and content(first) == MORE and kept() == set() and act("tzc_feed_version_list", id=first["id"]) == []


def test_the_old_file_of_a_bucket_is_put_back(bucket: dict[str, bytes], dataset: dict[str, Any], act: Act, source: Site, administrator: str, monkeypatch: pytest.MonkeyPatch) -> None:
    files.get_storage("resources").settings.overwrite_existing = True
    made = feed(act, dataset, source, administrator)
    source.answer = lambda _: Reply(TABLE)
    assert run(made).outcome == "new"
    [name] = bucket
    source.answer = lambda _: Reply(MORE)
    killed(monkeypatch, model.repo, "commit", lambda: run(made))
    assert bucket[name] == MORE
    source.answer = lambda _: Reply(b"away", 404)
    jobs.fetch(made["id"])
    assert bucket == {name: TABLE}


@pytest.mark.parametrize("way", ["schedule", "hand"])
def test_a_run_that_breaks_off_is_begun_again_three_times_in_all(
    way: str, first: dict[str, Any], act: Act, content: Content, sent: list[str], monkeypatch: pytest.MonkeyPatch, partner: dict[str, Any]
) -> None:
    if way == "schedule":
        store.feed(first["id"]).due = store.now() - dt.timedelta(minutes=1)
        model.Session.commit()
    for number in (1, 2, 3):
        killed(monkeypatch, fetching, "fetch", lambda number=number: jobs.fetch_now(first["id"], partner["editor"]) if way == "hand" and number == 1 else jobs.fetch(first["id"]))
        with store.held(first["id"]) as free:
            assert free and jobs.send_due() == 0, "somebody is at it"
        assert store.feed(first["id"]).due > store.now() and jobs.send_due() == 1
    jobs.fetch(first["id"])
    runs = act("tzc_feed_run_list", id=first["id"])
    assert [(entry["way"], entry["code"]) for entry in runs[:3]] == [(way, "broken_off")] * 3 and jobs.send_due() == 0 and content(first) == TABLE
    assert act("tzc_feed_show", id=first["id"])["trouble"] == "broken_off" and notices(partner["editor"]) == ["feed.trouble"], "who relies on it hears that it was given up"
    store.feed(first["id"]).due = store.now() - dt.timedelta(minutes=1)
    model.Session.commit()
    jobs.fetch(first["id"])
    assert content(first) == MORE, "at the next time it is begun as ever"


def test_a_paused_feed_is_not_begun_again(first: dict[str, Any], act: Act, content: Content, sent: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    killed(monkeypatch, fetching, "fetch", lambda: run(first))
    act("tzc_feed_update", id=first["id"], paused=True)
    assert jobs.send_due() == 1
    jobs.fetch(first["id"])
    assert act("tzc_feed_run_list", id=first["id"])[0]["code"] == "broken_off" and content(first) == TABLE and jobs.send_due() == 0


def test_a_push_that_is_killed(pushed: dict[str, Any], app: Any, act: Act, content: Content, sent: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert push(app, pushed, TABLE)[0] == 200
    killed(monkeypatch, model.repo, "commit", lambda: push(app, pushed, MORE))
    assert content(pushed) == MORE and jobs.send_due() == 1
    jobs.fetch(pushed["id"])
    assert content(pushed) == TABLE and act("tzc_feed_run_list", id=pushed["id"])[0]["code"] == "broken_off" and jobs.send_due() == 0
    assert push(app, pushed, MORE)[1]["state"] == "new" and content(pushed) == MORE


@pytest.mark.parametrize("error", [KeyError("axis"), OSError(errno.ENOSPC, "No space left on device"), search.SearchIndexError("away")], ids=["ours", "disk", "index"])
def test_a_push_that_fails_is_answered_and_ends(
    error: Exception, pushed: dict[str, Any], app: Any, act: Act, content: Content, partner: dict[str, Any], sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert push(app, pushed, TABLE)[0] == 200

    def fails(*_: Any, **__: Any) -> Any:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(model.repo, "commit", fails)
        status, told = push(app, pushed, MORE)
    assert (status, told["code"], told["state"], told["feed"]) == (500, "internal", "failed", pushed["id"]) and told["words"] and told["todo"]
    [last, _first] = act("tzc_feed_run_list", id=pushed["id"])
    assert (last["outcome"], last["code"], last["id"]) == ("failed", "internal", told["run"]) and last["ended"] and content(pushed) == TABLE
    assert notices(partner["editor"]) == ["feed.trouble"] and jobs.send_due() == 0
    assert push(app, pushed, MORE)[1]["state"] == "new" and content(pushed) == MORE
