"""Files that are fetched from the web and from buckets: what is new replaces, what is broken does not, nothing leads inside."""
from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
import sqlalchemy as sa
from ckan.tests import factories
from ckanext.tzc.feeding import filling, jobs, running, sending, store

from tests.portal.feeding.conftest import MORE, TABLE, Act
from tests.sites import Asked, Reply, Site

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

Content = Callable[[dict[str, Any]], bytes | None]
CRON = "*/10 * * * *"


def feed(act: Act, dataset: dict[str, Any], site: Site, administrator: str, **fields: Any) -> dict[str, Any]:
    """A feed from the loopback, which an administrator allowed."""
    given = {"dataset": dataset["id"], "kind": "http", "file": "releves.csv", "address": f"{site.address}/releves.csv", "cron": CRON, **fields}
    made: dict[str, Any] = act("tzc_feed_create", administrator, **given)
    act("tzc_feed_allow", administrator, id=made["id"], allowed=True, internal=True)
    return made


def run(made: dict[str, Any]) -> Any:
    done = running.run(made["id"], store.BY_HAND)
    assert done is not None
    return done


def notices(user: str) -> list[str]:
    return [notice["kind"] for notice in tk.get_action("tzc_notices_list")({"user": user}, {})["notices"]]




def test_new_content_replaces_and_nothing_new_writes_nothing(dataset: dict[str, Any], act: Act, source: Site, administrator: str, content: Content, partner: dict[str, Any]) -> None:
    made = feed(act, dataset, source, administrator, keys=["id"])
    given = {"body": TABLE, "etag": '"1"'}

    def answer(asked: Asked) -> Reply:
        if asked.headers.get("If-None-Match") == given["etag"]:
            return Reply(status=304)
        return Reply(bytes(given["body"]), headers={"ETag": str(given["etag"])})  # type: ignore[arg-type] -- bytes

    source.answer = answer
    first = run(made)
    assert (first.outcome, first.rows, first.bytes) == ("new", 2, len(TABLE)) and content(made) == TABLE
    shown = act("package_show", id=dataset["id"])
    [file] = shown["resources"]
    assert (file["format"], file["url"].rpartition("/")[2], file["url_type"]) == ("CSV", "releves.csv", "upload") and shown["access_level"] == "restricted"
    assert act("tzc_table_status", id=file["id"])["state"] == "waiting", "the tables room loads it, as any upload"
    assert [column["kind"] for column in act("tzc_feed_show", id=made["id"])["columns"]] == ["integer", "date", "numeric"]
    modified = file["last_modified"]
    assert run(made).outcome == "unchanged" and source.asked[-1].headers["If-None-Match"] == '"1"'
    given["etag"] = '"2"'
    assert run(made).outcome == "unchanged", "the same bytes under another name are nothing new"
    assert act("package_show", id=dataset["id"])["resources"][0]["last_modified"] == modified and act("tzc_feed_version_list", id=made["id"]) == []
    given |= {"body": MORE, "etag": '"3"'}
    assert run(made).rows == 3 and content(made) == MORE
    [old] = act("tzc_feed_version_list", id=made["id"])
    assert old["size"] == len(TABLE) and old["name"] == "releves.csv"
    assert notices(partner["editor"]) == []


def test_what_is_broken_leaves_the_old_file_and_is_told_once(dataset: dict[str, Any], act: Act, source: Site, administrator: str, content: Content, partner: dict[str, Any]) -> None:
    made = feed(act, dataset, source, administrator, keys=["id"])
    bodies: dict[str, bytes | None] = {
        "columns": b"id,jour\n1,2026-01-01\n", "table": b"id,jour,valeur\n1,2026-01-01\n", "empty": b"id,jour,valeur\n", "key_twice": TABLE + b"2,2026-01-05,1\n",
        "key_empty": TABLE + b",2026-01-05,1\n", "key_column": b"nom,jour\na,2026-01-01\n", "unreachable": None,
    }  # fmt: skip
    source.answer = lambda _: Reply(TABLE)
    assert run(made).outcome == "new"
    for code, body in bodies.items():
        source.answer = lambda _, body=body: Reply(b"away", 404) if body is None else Reply(body)
        done = run(made)
        assert (done.code, done.outcome) == (code, "failed" if code == "unreachable" else "refused") and content(made) == TABLE
    [entry] = [entry for entry in act("tzc_feed_run_list", id=made["id"]) if entry["code"] == "columns"]
    assert entry["difference"] == {"missing": ["valeur"], "new": [], "changed": []} and entry["words"] and entry["todo"]
    assert act("tzc_feed_show", id=made["id"])["trouble"] == "unreachable" and notices(partner["editor"]) == ["feed.trouble"]
    source.answer = lambda _: Reply(TABLE)
    assert run(made).outcome == "unchanged" and act("tzc_feed_show", id=made["id"])["trouble"] is None
    assert notices(partner["editor"]) == ["feed.recovered", "feed.trouble"]
    source.answer = lambda _: Reply(b"id,jour,valeur,note\n1,2026-01-01,3,a\n")
    act("tzc_feed_update", id=made["id"], changes="add")
    assert run(made).outcome == "new" and len(act("tzc_feed_show", id=made["id"])["columns"]) == 4


MAP = b'{"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": {"type": "Point", "coordinates": [-1.15, 46.16]}, "properties": {"id": 1}}]}'
NOTE = b'"En travaux"'


@pytest.mark.parametrize(
    ("fields", "first", "then"), [({"file": "releves.xlsx"}, b"", b"%PDF-1.7"), ({"file": "carte.json", "keys": ["id"]}, b"", NOTE), ({"file": "carte.json"}, MAP, NOTE)], ids=["ending", "keys", "columns"]
)
def test_what_is_no_table_is_refused_where_one_is_expected(dataset: dict[str, Any], act: Act, source: Site, administrator: str, content: Content, fields: dict[str, Any], first: bytes, then: bytes) -> None:
    made = feed(act, dataset, source, administrator, **fields)
    if first:
        source.answer = lambda _: Reply(first)
        assert run(made).outcome == "new"
    source.answer = lambda _: Reply(then)
    assert run(made).code == "no_table" and content(made) == (first or None)


def test_what_needs_be_no_table_is_taken_as_it_is(dataset: dict[str, Any], act: Act, source: Site, administrator: str, content: Content) -> None:
    made = feed(act, dataset, source, administrator, file="carte.json")
    source.answer = lambda _: Reply(NOTE)
    assert run(made).outcome == "new" and content(made) == NOTE


def test_nothing_leads_inside(dataset: dict[str, Any], act: Act, source: Site, administrator: str, content: Content) -> None:
    address = f"{source.address}/releves.csv"
    with pytest.raises(tk.ValidationError) as caught:
        act("tzc_feed_create", dataset=dataset["id"], kind="http", file="releves.csv", address=address, cron=CRON)
    assert "address" in caught.value.error_dict
    made = feed(act, dataset, source, administrator)
    act("tzc_feed_allow", administrator, id=made["id"], allowed=True, internal=False)
    source.answer = lambda _: Reply(TABLE)
    assert run(made).code == "inner" and source.asked == [] and content(made) is None
    with pytest.raises(tk.NotAuthorized):
        act("tzc_feed_allow", id=made["id"], allowed=True, internal=True)
    # who changes where a feed leads does not take the permission along
    act("tzc_feed_allow", administrator, id=made["id"], allowed=True, internal=True)
    act("tzc_feed_update", id=made["id"], title="Relevés")
    assert act("tzc_feed_show", id=made["id"])["internal"]
    act("tzc_feed_update", id=made["id"], address="http://127.0.0.1:1/releves.csv")
    assert not act("tzc_feed_show", id=made["id"])["internal"] and run(made).code == "inner"


@pytest.mark.parametrize("hostile", ["large", "drip", "page", "program", "redirects"])
def test_hostile_answers_end(dataset: dict[str, Any], act: Act, source: Site, administrator: str, content: Content, hostile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = feed(act, dataset, source, administrator)
    monkeypatch.setitem(tk.config, "ckan.max_resource_size", 1)
    monkeypatch.setitem(tk.config, "tzc.feeding.seconds", 1)

    def without_end(out: Any) -> None:
        for _ in range(2 * 1024**3 // 65536):
            out.write(b"1,2\n" * 16384)

    def drop_by_drop(out: Any) -> None:
        for _ in range(600):
            out.write(b"1")
            out.flush()
            time.sleep(0.05)

    replies = {
        "large": Reply(headers={"Content-Length": str(2 * 1024**3)}, write=without_end), "drip": Reply(headers={"Content-Length": "600"}, write=drop_by_drop),
        "page": Reply(b"<!doctype html><html><body>Sign in</body></html>"), "program": Reply(b"\x7fELF" + b"\0" * 200),
        "redirects": Reply(status=302, headers={"Location": f"{source.address}/releves.csv"}),
    }  # fmt: skip
    source.answer = lambda _: replies[hostile]
    begun = time.monotonic()
    done = run(made)
    assert time.monotonic() - begun < 20
    assert done.code in {"large": {"too_big"}, "drip": {"unreachable"}, "page": {"table", "no_table"}, "program": {"table", "no_table"}, "redirects": {"unreachable"}}[hostile]
    assert content(made) is None and act("package_show", id=dataset["id"])["resources"] == []


def test_credentials_are_sealed_and_shown_to_their_own_host_only(dataset: dict[str, Any], act: Act, source: Site, administrator: str, partner: dict[str, Any]) -> None:
    host = source.address.removeprefix("http://")
    words = "un-mot-de-passe-secret"
    kept = act("tzc_credential_set", partner=partner["id"], name="plateforme", host=host, kind="basic", user="portail", password=words)
    assert kept.keys() == {"name", "kind", "host", "made"} and act("tzc_credential_list", partner=partner["name"]) == [kept]
    made = feed(act, dataset, source, administrator, credential="plateforme")
    source.answer = lambda _: Reply(TABLE)
    assert run(made).outcome == "new" and source.asked[-1].headers["Authorization"].startswith("Basic ")
    row = model.Session.query(store.Credential).one()
    assert words.encode() not in bytes(row.sealed)
    tables = [sa.table(name) for name in ("tzc_audit_content", "tzc_notices_notice", "tzc_feeding_run")]
    texts = [str(value) for table in tables for value in model.Session.execute(sa.select(sa.text("*")).select_from(table))]
    assert not [text for text in texts if words in text]
    # the same credential for another host, by another name of it
    other = source.address.replace("127.0.0.1", "localhost")
    with pytest.raises(tk.ValidationError) as caught:
        act("tzc_feed_update", administrator, id=made["id"], address=f"{other}/releves.csv")
    assert "credential" in caught.value.error_dict
    act("tzc_credential_set", partner=partner["id"], name="plateforme", host="elsewhere.example.org:443", kind="basic", user="portail", password=words)
    asked = len(source.asked)
    assert run(made).code == "credential" and len(source.asked) == asked
    stranger = factories.User()["name"]
    for action, data in (("tzc_credential_list", {}), ("tzc_credential_remove", {"name": "plateforme"}), ("tzc_credential_set", {"name": "x"})):
        with pytest.raises(tk.NotAuthorized):
            act(action, stranger, partner=partner["id"], **data)


def test_whoever_replaces_the_credential_of_an_inner_feed_has_it_allowed_anew(dataset: dict[str, Any], act: Act, source: Site, administrator: str, partner: dict[str, Any]) -> None:
    given = {"partner": partner["id"], "name": "plateforme", "host": source.address.removeprefix("http://"), "kind": "bearer"}
    act("tzc_credential_set", **given, token="un")
    made = feed(act, dataset, source, administrator, credential="plateforme")
    source.answer = lambda _: Reply(TABLE)
    assert run(made).outcome == "new"
    act("tzc_credential_set", **given, token="deux")
    assert run(made).code == "unreachable" and len(source.asked) == 1, "without the word of an administrator it is sent by https only"
    assert not act("tzc_feed_show", id=made["id"])["internal"] and act("tzc_feed_show", id=made["id"])["allowed"]


def test_a_feed_follows_its_dataset_to_another_partner(dataset: dict[str, Any], act: Act, source: Site, administrator: str, partner: dict[str, Any]) -> None:
    """The former partner's credentials open nothing for the next one, and its people are told nothing any more."""
    given = {"name": "plateforme", "host": source.address.removeprefix("http://"), "kind": "bearer"}
    act("tzc_credential_set", partner=partner["id"], **given, token="du-premier")
    made = feed(act, dataset, source, administrator, credential="plateforme")
    mine = act("tzc_feed_create", dataset=dataset["id"], kind="push", file="autre.csv")
    source.answer = lambda _: Reply(TABLE)
    assert run(made).outcome == "new" and source.asked[-1].headers["Authorization"] == "Bearer du-premier"
    former, editor = model.User.get(partner["editor"]).id, factories.User()
    assert filling.concerned(store.feed(mine["id"])) == (former,)
    other = factories.Organization(image_url="", users=[{"name": editor["name"], "capacity": "editor"}])
    act("package_patch", administrator, id=dataset["id"], owner_org=other["id"])
    with pytest.raises(tk.ValidationError) as caught:
        act("tzc_feed_update", editor["name"], id=made["id"], address=f"{source.address}/autre.csv")
    assert "credential" in caught.value.error_dict
    assert run(made).code == "credential" and len(source.asked) == 1
    assert notices(editor["name"]) == ["feed.trouble"] and notices(partner["editor"]) == [] and former not in filling.concerned(store.feed(mine["id"]))
    assert store.feed(made["id"]).about["partner"] == other["id"]
    act("tzc_credential_set", administrator, partner=other["id"], **given, token="du-second")
    assert run(made).outcome == "unchanged" and source.asked[-1].headers["Authorization"] == "Bearer du-second"


def test_keys_are_rotated(partner: dict[str, Any], act: Act, monkeypatch: pytest.MonkeyPatch) -> None:
    from ckanext.tzc.feeding import credentials

    act("tzc_credential_set", partner=partner["id"], name="a", host="a.example.org:443", kind="bearer", token="jeton")
    before = bytes(model.Session.query(store.Credential).one().sealed)
    assert credentials.rotate() == (1, [])
    row = model.Session.query(store.Credential).one()
    assert row.number == 2 and bytes(row.sealed) != before
    former = tk.config["tzc.feeding.secret"]
    monkeypatch.setitem(tk.config, "tzc.feeding.secret", "another secret of sufficient length")
    assert credentials.rotate() == (0, [f"{partner['id']} a"]) and credentials.rotate(former) == (1, []) and credentials.rotate() == (1, [])


def test_a_bucket(dataset: dict[str, Any], act: Act, source: Site, administrator: str, partner: dict[str, Any], content: Content) -> None:
    act("tzc_credential_set", partner=partner["id"], name="seau", host=source.address.removeprefix("http://"), kind="s3", key="AKIDEXAMPLE", secret="un-secret-de-seau")
    made = feed(act, dataset, source, administrator, kind="s3", address=f"{source.address}/bucket/a/releves 1.csv".replace(" ", "%20"), credential="seau", region="fr-par")
    source.answer = lambda _: Reply(TABLE, headers={"ETag": '"x"'})
    assert run(made).outcome == "new" and content(made) == TABLE
    [asked] = source.asked
    assert asked.path == "/bucket/a/releves%201.csv" and asked.question["X-Amz-Credential"].startswith("AKIDEXAMPLE/") and "/fr-par/s3/" in asked.question["X-Amz-Credential"]
    assert len(asked.question["X-Amz-Signature"]) == 64 and "un-secret-de-seau" not in str(asked)
    source.answer = lambda asked: Reply(status=304) if asked.headers.get("If-None-Match") == '"x"' else Reply(b"no", 403)
    assert run(made).outcome == "unchanged"


def test_a_feed_that_leads_elsewhere_begins_anew(dataset: dict[str, Any], act: Act, source: Site, administrator: str, content: Content) -> None:
    """What one server calls its file says nothing of another's."""
    made = feed(act, dataset, source, administrator)
    bodies = {"/releves.csv": TABLE, "/autres.csv": MORE}
    source.answer = lambda asked: Reply(status=304) if asked.headers.get("If-None-Match") == '"1"' else Reply(bodies[asked.path], headers={"ETag": '"1"'})
    assert run(made).outcome == "new"
    act("tzc_feed_update", administrator, id=made["id"], address=f"{source.address}/autres.csv")
    assert run(made).outcome == "new" and content(made) == MORE and "If-None-Match" not in source.asked[-1].headers
    assert run(made).outcome == "unchanged" and source.asked[-1].headers["If-None-Match"] == '"1"'


def test_a_file_without_rows_is_taken_where_its_feed_allows_it(dataset: dict[str, Any], act: Act, source: Site, administrator: str, content: Content) -> None:
    made = feed(act, dataset, source, administrator, empty="allow")
    source.answer = lambda _: Reply(TABLE)
    assert run(made).rows == 2
    source.answer = lambda _: Reply(b"id,jour,valeur\n")
    assert (run(made).rows, content(made)) == (0, b"id,jour,valeur\n")
    source.answer = lambda _: Reply(b"")
    assert run(made).code == "empty" and content(made) == b"id,jour,valeur\n", "nothing at all is no table"
    source.answer = lambda _: Reply(b"id,jour\n1,2026-01-01\n")
    assert run(made).code == "columns", "the columns of before are expected still"


def test_a_column_keeps_its_kind_over_a_file_in_which_it_is_empty(dataset: dict[str, Any], act: Act, source: Site, administrator: str) -> None:
    made = feed(act, dataset, source, administrator)
    for body, outcome in ((TABLE, "new"), (b"id,jour,valeur\n1,2026-01-01,\n", "new"), (b"id,jour,valeur\n1,2026-01-01,beaucoup\n", "refused"), (MORE, "new")):
        source.answer = lambda _, body=body: Reply(body)
        assert run(made).outcome == outcome, body
        assert bool(act("tzc_feed_show", id=made["id"])["trouble"]) is (outcome == "refused"), "what is new is the end of a trouble"


def test_a_credential_is_sent_by_https_only(dataset: dict[str, Any], act: Act, source: Site, administrator: str, partner: dict[str, Any]) -> None:
    """To a host that anybody may be on the way to; an administrator knows the internal network."""
    act("tzc_credential_set", partner=partner["id"], name="plateforme", host=source.address.removeprefix("http://"), kind="bearer", token="jeton")
    made = feed(act, dataset, source, administrator, credential="plateforme")
    act("tzc_feed_allow", administrator, id=made["id"], allowed=True, internal=False)
    done = run(made)
    assert (done.code, done.parameters["detail"]) == ("unreachable", tk._("A credential is sent by https only.")) and source.asked == []
    act("tzc_feed_allow", administrator, id=made["id"], allowed=True, internal=True)
    source.answer = lambda _: Reply(TABLE)
    assert run(made).outcome == "new" and source.asked[0].headers["Authorization"] == "Bearer jeton"


@pytest.mark.parametrize("gone", ["dataset", "file"])
def test_what_is_deleted_is_fed_no_more(dataset: dict[str, Any], act: Act, source: Site, administrator: str, gone: str) -> None:
    made = feed(act, dataset, source, administrator)
    source.answer = lambda _: Reply(TABLE)
    assert run(made).outcome == "new"
    file = act("package_show", id=dataset["id"])["resources"][0]["id"]
    if gone == "dataset":
        act("package_delete", administrator, id=dataset["id"])
    else:
        act("resource_delete", administrator, id=file)
    source.answer = lambda _: Reply(MORE)
    done = run(made)
    assert (done.code, done.outcome) == ("gone", "refused")


def test_a_fault_of_ours_is_no_run_without_end(dataset: dict[str, Any], act: Act, source: Site, administrator: str, content: Content, monkeypatch: pytest.MonkeyPatch) -> None:
    made = feed(act, dataset, source, administrator)
    source.answer = lambda _: Reply(TABLE)
    assert run(made).outcome == "new"
    source.answer = lambda _: Reply(MORE)
    with monkeypatch.context() as patched:
        patched.setattr(filling, "_put", lambda *_: {}["axis"])
        with pytest.raises(KeyError):
            run(made)
    [last, _first] = act("tzc_feed_run_list", id=made["id"])
    assert (last["outcome"], last["code"]) == ("failed", "internal") and last["ended"] and content(made) == TABLE
    assert run(made).outcome == "new" and content(made) == MORE


def test_due_feeds_are_fetched_once_and_runs_that_broke_off_are_begun_again(dataset: dict[str, Any], act: Act, source: Site, administrator: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = feed(act, dataset, source, administrator)
    source.answer = lambda _: Reply(TABLE)
    sent: list[str] = []
    monkeypatch.setattr(sending, "send", lambda _, feed: sent.append(feed) or True)
    assert jobs.send_due() == 0, "not before its time"
    row = store.feed(made["id"])
    row.due = store.now() - dt.timedelta(minutes=1)
    model.Session.add(store.Run(feed=row.id, at=row.due, way="schedule", outcome="running", times=1))
    model.Session.commit()
    assert jobs.send_due() == 1 and sent == [made["id"]]
    jobs.fetch(made["id"])
    jobs.fetch(made["id"])
    assert [entry["outcome"] for entry in act("tzc_feed_run_list", id=made["id"])] == ["new", "failed"] and len(source.asked) == 1
    assert act("tzc_feed_run_list", id=made["id"])[1]["code"] == "broken_off" and store.feed(made["id"]).due > store.now()
    for _ in range(3):
        row = store.feed(made["id"])
        row.due = store.now() - dt.timedelta(minutes=1)
        model.Session.commit()
        jobs.fetch(made["id"])
    assert [(entry["outcome"], entry["times"]) for entry in act("tzc_feed_run_list", id=made["id"])] == [("unchanged", 3), ("new", 1), ("failed", 1)]
    with store.held(made["id"]) as free:
        assert free and running.run(made["id"], store.BY_HAND) is None, "one at a time"


def test_old_files_go_by_the_rule(dataset: dict[str, Any], act: Act, source: Site, administrator: str) -> None:
    made = feed(act, dataset, source, administrator, keep={"last": 2})
    for number in range(5):
        source.answer = lambda _, number=number: Reply(b"id\n" + b"".join(b"%d\n" % one for one in range(number + 1)))
        assert run(made).outcome == "new"
    kept = act("tzc_feed_version_list", id=made["id"])
    assert [one["size"] for one in kept] == [11, 9]
    paths = [filling.shelf._path(one["sha256"]) for one in kept]
    assert all(path.is_file() for path in paths)
    act("tzc_feed_remove", id=made["id"])
    assert not any(path.is_file() for path in paths) and len(act("package_show", id=dataset["id"])["resources"]) == 1


def test_old_files_go_by_their_days_and_leave_bytes_that_another_still_is(dataset: dict[str, Any], act: Act, source: Site, administrator: str, content: Content) -> None:
    made = feed(act, dataset, source, administrator, keep={"days": 3})
    for body in (TABLE, MORE, TABLE, MORE):
        source.answer = lambda _, body=body: Reply(body)
        assert run(made).outcome == "new"
    newest, middle, oldest = store.versions(made["id"])
    assert (newest.sha256, newest.size) == (oldest.sha256, len(TABLE))
    for version in model.Session.query(store.Version):
        version.replaced -= dt.timedelta(days=2)
    oldest.replaced -= dt.timedelta(days=2)
    model.Session.commit()
    same, identifiers = newest.sha256, [newest.id, middle.id]
    assert jobs.forget() == 1 and [version["id"] for version in act("tzc_feed_version_list", id=made["id"])] == identifiers
    assert filling.shelf._path(same).read_bytes() == TABLE and content(made) == MORE
    for version in model.Session.query(store.Version):
        version.replaced -= dt.timedelta(days=2)
    model.Session.commit()
    assert jobs.forget() == 2 and not filling.shelf._path(same).is_file() and content(made) == MORE


def test_who_may(dataset: dict[str, Any], act: Act, source: Site, administrator: str, partner: dict[str, Any]) -> None:
    made = feed(act, dataset, source, administrator)
    stranger = factories.User()["name"]
    for action in ("show", "update", "remove", "run", "run_list", "version_list", "key_create", "key_revoke"):
        with pytest.raises(tk.ObjectNotFound):
            act(f"tzc_feed_{action}", stranger, id=made["id"])
    for action in ("tzc_feed_list", "tzc_feed_create"):
        with pytest.raises(tk.NotAuthorized):
            act(action, stranger, dataset=dataset["id"])
    act("tzc_credential_set", partner=partner["id"], name="c", host="db.example.org:5432", kind="basic", user="u", password="p")
    wanted = {"dataset": dataset["id"], "kind": "sql", "file": "x.csv", "address": "postgresql://db.example.org/base", "credential": "c", "cron": CRON}
    waits = act("tzc_feed_create", **wanted, query="SELECT 1")
    assert not waits["allowed"] and run(waits).code == "not_allowed"
    assert "feed.made" in notices(administrator)
    with pytest.raises(tk.ValidationError) as caught:
        act("tzc_feed_create", **wanted, query="SELECT 1; DROP TABLE x")
    assert "query" in caught.value.error_dict


def test_a_dataset_made_for_a_feed_is_restricted(partner: dict[str, Any], act: Act) -> None:
    fields = {"name": "jeu-alimente", "title": "Relevés", "notes": "…", "owner_org": partner["id"], "axis": ["mobilite"], "license_id": "lov2"}
    with pytest.raises(tk.ValidationError):
        act("tzc_feed_create", new=fields, kind="push", file="no")
    assert model.Package.get("jeu-alimente") is None, "nothing is left of a feed that is none"
    made = act("tzc_feed_create", new=fields, kind="push", file="releves.csv")
    assert act("package_show", id=made["dataset"])["access_level"] == "restricted"
