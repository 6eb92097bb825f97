"""Files of SFTP servers, and answers of databases: real ones, on the loopback."""
from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import ckan.model as model
import ckan.plugins.toolkit as tk
import psycopg2
import pytest
import sqlalchemy as sa
from ckanext.tzc.feeding import query, running, store
from tzc.feeding.faults import FeedError
from tzc_stack.paths import here
from tzc_stack.settings import load

from tests.portal.feeding.conftest import MORE, TABLE, Act
from tests.sftp import USER, WORD, Server

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

Content = Callable[[dict[str, Any]], bytes | None]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """With one file."""
    (tmp_path / "releves.csv").write_bytes(TABLE)
    made = Server(tmp_path)
    yield made
    made.close()


def allowed(act: Act, administrator: str, **fields: Any) -> dict[str, Any]:
    made = act("tzc_feed_create", file="releves.csv", cron="*/10 * * * *", credential="c", **fields)
    done = running.run(made["id"], store.BY_HAND)
    assert done is not None and done.code == "not_allowed"
    act("tzc_feed_allow", administrator, id=made["id"], allowed=True)
    done = running.run(made["id"], store.BY_HAND)
    assert done is not None and done.code == "inner", "allowed, but not inside"
    act("tzc_feed_allow", administrator, id=made["id"], allowed=True, internal=True)
    return dict(made)


def code(made: dict[str, Any]) -> str:
    done = running.run(made["id"], store.BY_HAND)
    assert done is not None
    return done.code or done.outcome


def test_sftp(server: Server, act: Act, dataset: dict[str, Any], partner: dict[str, Any], administrator: str, content: Content, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    act("tzc_credential_set", partner=partner["id"], name="c", host=server.address, kind="basic", user=USER, password=WORD)
    made = allowed(act, administrator, dataset=dataset["id"], kind="sftp", address=f"sftp://{server.address}/releves.csv", host_key=server.key.fingerprint)
    assert server.tried == []
    assert code(made) == "new" and content(made) == TABLE and code(made) == "unchanged"
    server.tried.clear()
    act("tzc_feed_update", administrator, id=made["id"], host_key="SHA256:" + "A" * 43)
    assert code(made) == "host_key" and server.tried == [], "nothing is said to a server that is another"
    assert act("tzc_feed_run_list", id=made["id"])[0]["words"].count(server.key.fingerprint) == 1, "the key that was shown can be compared"
    act("tzc_feed_update", administrator, id=made["id"], host_key=server.key.fingerprint)
    act("tzc_credential_set", administrator, partner=partner["id"], name="c", host=server.address, kind="basic", user=USER, password="faux")
    assert code(made) == "login"
    act("tzc_credential_set", administrator, partner=partner["id"], name="c", host=server.address, kind="basic", user=USER, password=WORD)
    act("tzc_feed_update", administrator, id=made["id"], address=f"sftp://{server.address}/autre.csv")
    assert code(made) == "unreachable"
    (tmp_path / "dossier").mkdir()
    act("tzc_feed_update", administrator, id=made["id"], address=f"sftp://{server.address}/dossier")
    assert code(made) == "unreachable"
    monkeypatch.setitem(tk.config, "tzc.tables.max_bytes", 10)
    act("tzc_feed_update", administrator, id=made["id"], address=f"sftp://{server.address}/releves.csv")
    assert code(made) == "too_big" and content(made) == TABLE


def test_whoever_replaces_the_credential_of_an_allowed_feed_has_it_allowed_anew(
    server: Server, act: Act, dataset: dict[str, Any], partner: dict[str, Any], administrator: str, content: Content
) -> None:
    """It may open another account's files on that server."""
    given = {"partner": partner["id"], "name": "c", "host": server.address, "kind": "basic", "user": USER, "password": WORD}
    act("tzc_credential_set", **given)
    made = allowed(act, administrator, dataset=dataset["id"], kind="sftp", address=f"sftp://{server.address}/releves.csv", host_key=server.key.fingerprint)
    act("tzc_credential_set", administrator, **given)
    act("tzc_credential_set", **{**given, "name": "autre"})
    with pytest.raises(tk.ValidationError):
        act("tzc_credential_set", **{**given, "password": ""})
    assert code(made) == "new", "not where an administrator did it, of another credential, or where nothing was replaced"
    before = len(tk.get_action("tzc_notices_list")({"user": administrator}, {})["notices"])
    act("tzc_credential_set", **given)
    shown = act("tzc_feed_show", id=made["id"])
    assert (shown["allowed"], shown["internal"], code(made)) == (False, False, "not_allowed") and content(made) == TABLE
    assert len(tk.get_action("tzc_notices_list")({"user": administrator}, {})["notices"]) > before, "they hear that it waits for them"
    act("tzc_feed_allow", administrator, id=made["id"], allowed=True, internal=True)
    act("tzc_credential_remove", partner=partner["id"], name="c")
    assert code(made) == "not_allowed", "nor by a way around"


def test_a_file_that_changes_while_it_is_read_is_left_for_the_next_time(
    server: Server, act: Act, dataset: dict[str, Any], partner: dict[str, Any], administrator: str, content: Content, monkeypatch: pytest.MonkeyPatch
) -> None:
    act("tzc_credential_set", partner=partner["id"], name="c", host=server.address, kind="basic", user=USER, password=WORD)
    made = allowed(act, administrator, dataset=dataset["id"], kind="sftp", address=f"sftp://{server.address}/releves.csv", host_key=server.key.fingerprint)
    assert code(made) == "new"
    opened = server.files.open  # type: ignore[attr-defined] -- a class that is made for the test
    for later in (TABLE.replace(b"3.5", b"9.5"), MORE):

        def changes(files: Any, path: str, *rest: Any, later: bytes = later) -> Any:
            file = files.root / path.lstrip("/")
            file.write_bytes(later)
            os.utime(file, (1, 2 + len(later)))
            return opened(files, path, *rest)

        with monkeypatch.context() as patched:
            patched.setattr(server.files, "open", changes)
            assert code(made) == "unreachable" and content(made) == TABLE
    assert code(made) == "new" and content(made) == MORE


@pytest.fixture
def database(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The test database, as a reader's account and as the one that owns it."""
    reader, owner = (urlsplit(str(tk.config[f"ckan.datastore.{name}_url"])) for name in ("read", "write"))
    engine = sa.create_engine(owner.geturl().replace("postgres://", "postgresql://"))
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE IF EXISTS feed_source"))
        connection.execute(sa.text("CREATE TABLE feed_source AS SELECT n AS id, 'commune ' || n AS nom FROM generate_series(1, 3) AS n"))
        connection.execute(sa.text(f'GRANT SELECT ON feed_source TO "{reader.username}"'))
    yield {
        "address": f"postgresql://{reader.hostname}:{reader.port or 5432}{reader.path}", "host": f"{reader.hostname}:{reader.port or 5432}",
        "user": str(reader.username), "password": str(reader.password), "owner": str(owner.username), "owner_password": str(owner.password),
    }  # fmt: skip
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE feed_source"))
    engine.dispose()


def test_queries(database: dict[str, str], act: Act, dataset: dict[str, Any], partner: dict[str, Any], administrator: str, content: Content, monkeypatch: pytest.MonkeyPatch) -> None:
    act("tzc_credential_set", partner=partner["id"], name="c", host=database["host"], kind="basic", user=database["user"], password=database["password"])
    asked = "SELECT id, nom FROM feed_source ORDER BY id -- à lire ;"
    made = allowed(act, administrator, dataset=dataset["id"], kind="sql", address=database["address"], query=asked)
    assert code(made) == "new" and content(made) == b"id,nom\n1,commune 1\n2,commune 2\n3,commune 3\n" and code(made) == "unchanged"
    for written in ("SELECT 1; DELETE FROM feed_source", "DELETE FROM feed_source", "SELECT 1) TO PROGRAM 'id'; --", "SELECT id INTO other FROM feed_source", "COPY feed_source TO STDOUT"):
        with pytest.raises(tk.ValidationError):
            act("tzc_feed_update", administrator, id=made["id"], query=written)
    # as an account that may write, too, nothing can be written
    act("tzc_credential_set", administrator, partner=partner["id"], name="c", host=database["host"], kind="basic", user=database["owner"], password=database["owner_password"])
    for writing in ("WITH gone AS (DELETE FROM feed_source RETURNING *) SELECT * FROM gone", "SELECT set_config('transaction_read_only', 'off', false)"):
        act("tzc_feed_update", administrator, id=made["id"], query=writing)
        assert code(made) == "query", writing
    monkeypatch.setitem(tk.config, "tzc.tables.max_rows", 2)
    act("tzc_feed_update", administrator, id=made["id"], query=asked)
    assert code(made) == "too_many_rows"
    monkeypatch.setitem(tk.config, "tzc.feeding.seconds", 1)
    act("tzc_feed_update", administrator, id=made["id"], query="SELECT pg_sleep(30)")
    assert code(made) == "too_slow"
    act("tzc_credential_set", administrator, partner=partner["id"], name="c", host=database["host"], kind="basic", user=database["user"], password="faux")
    assert code(made) in {"login", "unreachable"}
    texts = [str(row) for row in model.Session.execute(sa.text("SELECT * FROM tzc_feeding_run"))]
    assert not [text for text in texts if database["password"] in text or database["owner_password"] in text]


def test_an_account_that_may_everything_is_not_used(
    database: dict[str, str], stack_folder: Path, act: Act, dataset: dict[str, Any], partner: dict[str, Any], administrator: str, content: Content
) -> None:
    root = urlsplit(load(dataclasses.replace(here(), var=stack_folder)).superuser_url)
    act("tzc_credential_set", partner=partner["id"], name="c", host=database["host"], kind="basic", user=str(root.username), password=str(root.password))
    made = allowed(act, administrator, dataset=dataset["id"], kind="sql", address=database["address"], query="SELECT 1 AS id")
    assert code(made) == "superuser" and content(made) is None


@pytest.mark.parametrize(("internal", "mode"), [(False, "verify-full"), (True, "prefer")])
def test_a_database_shows_a_certificate_for_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, internal: bool, mode: str) -> None:
    """And the number that was looked at is the one that is connected to."""
    told: dict[str, Any] = {}

    def connects(**named: Any) -> Any:
        told.update(named)
        raise psycopg2.OperationalError("certificate verify failed")

    monkeypatch.setattr(query.psycopg2, "connect", connects)
    monkeypatch.setattr(query, "public_numbers", lambda host, port, *, allow_internal: ["192.0.2.1"] if (host, port, allow_internal) == ("db.example.org", 5432, internal) else [])
    with pytest.raises(FeedError):
        query.fetch("postgresql://db.example.org/base", "SELECT 1", {"user": "u", "password": "p"}, tmp_path / "x", internal=internal, most=100, most_rows=10, seconds=1)
    assert (told["host"], told["hostaddr"], told["sslmode"]) == ("db.example.org", "192.0.2.1", mode)
    assert "default_transaction_read_only=on" in told["options"]
