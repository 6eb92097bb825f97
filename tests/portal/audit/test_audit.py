"""What is recorded, who sees it, and that no change of it goes unseen, on a real PostgreSQL."""
from __future__ import annotations

import csv
import io
import json
import threading
from collections.abc import Iterator
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
import sqlalchemy as sa
from ckan.tests import factories
from ckanext.tzc.audit import cli, jobs, store
from ckanext.tzc.common.happening import Happening, tell
from click.testing import CliRunner

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "with_request_context")


def entries(**asked: Any) -> list[dict[str, Any]]:
    """All that an administrator sees, newest first."""
    name = factories.Sysadmin()["name"]
    return list(tk.get_action("tzc_audit_list")({"user": name}, {"limit": 100, **asked})["entries"])


def seen_by(user: dict[str, Any], **asked: Any) -> list[dict[str, Any]]:
    return list(tk.get_action("tzc_audit_list")({"user": user["name"]}, asked)["entries"])


def said(kind: str, partner: str = "", by: str | None = None, **more: Any) -> None:
    tell(Happening(kind, by, {"partner": partner, **more.pop("about", {})}, **more))
    model.Session.commit()


def run(command: Any, *arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(command, list(arguments), catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture
def owner() -> Iterator[sa.engine.Connection]:
    """Somebody who owns the tables and switches the triggers off, after three entries; all is put back."""
    with model.meta.engine.begin() as connection:
        for _ in range(3):
            store.add(connection, [("test.found", store.fact(None, {}, {"granted": "yes"}))])
    model.Session.remove()
    with model.meta.engine.connect() as connection:
        transaction = connection.begin()
        connection.execute(sa.text("ALTER TABLE tzc_audit_link DISABLE TRIGGER USER"))
        connection.execute(sa.text("ALTER TABLE tzc_audit_content DISABLE TRIGGER USER"))
        yield connection
        transaction.rollback()


def verdict_within(connection: sa.engine.Connection) -> Any:
    """What a look at the chain says within a transaction that is not committed."""
    from tzc.audit import chain

    rows = [(chain.Link(*row[:7]), None if row[7] is None else chain.Content(row[7], "" if row[9] else row[8])) for row in connection.exec_driver_sql(store.LINKS)]
    return chain.verify(rows, loose=lambda: connection.execute(store.LOOSE).scalar()).fault


class TestRecording:
    def test_what_rooms_tell_is_recorded_with_the_fact_or_not_at_all(self) -> None:
        partner = factories.Organization(image_url="")
        tell(Happening("request.granted", "someone", {"partner": partner["id"]}, {"purpose": "étude"}, ("another",)))
        model.Session.rollback()
        assert not [entry for entry in entries(partner=partner["id"]) if entry["kind"] == "request.granted"]
        said("request.granted", partner["id"], "someone", content={"purpose": "étude"}, tell=("another",))
        entry = next(entry for entry in entries(partner=partner["id"]) if entry["kind"] == "request.granted")
        assert (entry["by"], entry["content"], entry["about"]) == ("someone", {"purpose": "étude"}, {"partner": partner["id"]})
        assert store.verify().fault is None

    def test_a_text_that_no_database_holds_is_recorded_all_the_same(self) -> None:
        said("request.message", content={"text": "a\0b\ud800"}, about={"dataset": "x"})
        assert next(entry for entry in entries(dataset=None, kind="request.message"))["content"]["text"] == "a\ufffdb?"

    def test_a_record_that_fails_stops_what_it_records(self) -> None:
        with pytest.raises(sa.exc.IntegrityError):
            tell(Happening("Not A Kind", None))
        model.Session.rollback()

    def test_licences_levels_members_and_administrators_are_recorded_whoever_changes_them(self, publish: Any, partner: dict[str, Any]) -> None:
        made = publish()
        tk.get_action("package_patch")({"user": partner["editor"]}, {"id": made["id"], "license_id": "odbl", "access_level": "restricted"})
        changed = {entry["kind"]: entry["content"] for entry in entries(dataset=made["id"])}
        assert changed["licence.changed"] == {"from": "lov2", "to": "odbl"}
        assert changed["access.changed"]["to"]["level"] == "restricted"
        model.Session.execute(sa.text("UPDATE package SET license_id = 'lov2' WHERE id = :id"), {"id": made["id"]})
        model.Session.commit()
        assert entries(dataset=made["id"], kind="licence.changed")[0]["content"] == {"from": "odbl", "to": "lov2"}
        somebody = factories.User()
        tk.get_action("user_patch")({"ignore_auth": True, "user": factories.Sysadmin()["name"]}, {"id": somebody["id"], "sysadmin": True})
        tk.get_action("organization_member_create")({"ignore_auth": True}, {"id": partner["id"], "username": somebody["name"], "role": "editor"})
        of_them = {entry["kind"]: entry["content"] for entry in entries(person=somebody["id"])}
        assert of_them == {"administrator.changed": {"administrator": True}, "member.changed": {"from": None, "to": "editor"}}

    def test_many_at_once_stand_in_one_line(self) -> None:
        before = store.verify().links

        def many() -> None:
            for _ in range(10):
                with model.meta.engine.begin() as connection:
                    store.add(connection, [("test.many", store.fact(None, {}, {})), ("test.many", store.fact(None, {}, {}))])

        threads = [threading.Thread(target=many) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        verdict = store.verify()
        assert verdict.fault is None and verdict.links == before + 120


class TestNobodyChangesIt:
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE tzc_audit_link SET kind = 'x'", "DELETE FROM tzc_audit_link", "TRUNCATE tzc_audit_link", "UPDATE tzc_audit_content SET content = '{}'",
            "DELETE FROM tzc_audit_content", "TRUNCATE tzc_audit_content",
            "INSERT INTO tzc_audit_link (id, entry, at, kind, content, before, hash) VALUES (0, 0, now(), 'x', '', '', '')",
        ],
    )  # fmt: skip
    def test_the_portal_itself_is_refused(self, statement: str) -> None:
        said("test.kept")
        with pytest.raises(sa.exc.DBAPIError, match=r"only ever added to|erased by its own command"), model.meta.engine.begin() as connection:
            connection.execute(sa.text(statement))

    @pytest.mark.parametrize(
        ("statement", "code"),
        [
            ("UPDATE tzc_audit_content SET content = replace(content, 'yes', 'no') WHERE id = :entry", "content"),
            ("UPDATE tzc_audit_content SET at = at - interval '1 day' WHERE id = :entry", "content"),
            ("DELETE FROM tzc_audit_content WHERE id = :entry", "missing"),
            ("UPDATE tzc_audit_link SET at = at - interval '1 day' WHERE entry = :entry", "link"),
            ("DELETE FROM tzc_audit_link WHERE entry = :entry", "gap"),
            ("DELETE FROM tzc_audit_link WHERE id >= (SELECT id FROM tzc_audit_link WHERE entry = :entry)", "loose"),
            ("INSERT INTO tzc_audit_content (kind, content) VALUES ('x', '{}')", "loose"),
        ],
    )
    def test_who_switches_the_triggers_off_is_found_out(self, owner: sa.engine.Connection, statement: str, code: str) -> None:
        entry = owner.execute(sa.text("SELECT id FROM tzc_audit_content WHERE kind = 'test.found' ORDER BY id DESC OFFSET 1 LIMIT 1")).scalar()
        assert verdict_within(owner) is None
        owner.execute(sa.text(statement), {"entry": entry} if ":entry" in statement else {})
        assert verdict_within(owner).code == code

    def test_the_command_says_so_and_knows_an_end_that_was_cut(self) -> None:
        said("test.known")
        output = run(cli.verify)
        known = output.strip().rpartition(" ")[2]
        assert "nothing was changed" in output
        assert "nothing was changed" in run(cli.verify, "--known", known)
        number, _, hashed = known.partition(":")
        assert "cut off" in run(cli.verify, "--known", f"{int(number) + 1}:{hashed}", code=1)
        assert "NUMBER:HASH" in run(cli.verify, "--known", "yesterday", code=1)

    def test_contents_are_erased_by_rule_and_the_chain_stays_whole(self) -> None:
        person = factories.User()
        said("request.submitted", by=person["id"], content={"purpose": "secret"})
        others = factories.User()
        said("request.submitted", by=others["id"], content={"purpose": "kept"})
        assert "contents erased" in run(cli.erase, "--person", person["name"], "--reason", "asked on paper")
        assert not [entry for entry in entries(person=person["id"]) if entry["kind"] != "audit.erased"]
        assert [entry["content"]["purpose"] for entry in entries(person=others["id"], kind="request")] == ["kept"]
        assert entries(kind="audit.erased")[0]["content"]["reason"] == "asked on paper"
        verdict = store.verify()
        assert verdict.fault is None and verdict.erased > 0
        assert jobs.erase_old() == 0 and entries(person=others["id"], kind="request"), "younger than the rule"
        model.Session.execute(sa.text("INSERT INTO tzc_audit_content (at, kind, content) VALUES (now() - interval '6 years', 'test.old', '{}')"))
        model.Session.commit()
        assert jobs.erase_old() == 1 and store.verify().fault is None

    def test_who_has_no_account_is_found_by_the_address(self) -> None:
        guest, other = factories.User(email="jeanne@example.org"), factories.User()
        said("link.created", by=other["id"], content={"recipient": "Jeanne@example.org"})
        said("invitation.created", by=other["id"], content={"address": "jeanne@example.org"})
        said("request.message", by=other["id"], content={"text": "Écrivez à\njeanne@example.org."})
        said("request.submitted", by=guest["id"], content={"purpose": "hers"})
        for near in ("marie-jeanne@example.org", "jeanne@example.org.invalid", "jeanneXexample.org"):
            said("link.created", by=other["id"], content={"recipient": near})
        rows = list(csv.DictReader(io.StringIO(run(cli.export, "--person", "JEANNE@example.org"))))
        assert {row["kind"] for row in rows} >= {"link.created", "invitation.created", "request.message", "request.submitted"}
        assert "marie-jeanne" not in str(rows) and "invalid" not in str(rows) and "jeanneX" not in str(rows)
        assert "jeanne" not in str(entries(kind="audit.exported")[0]), "the export writes the address nowhere"
        run(cli.erase, "--person", "jeanne@example.org")
        left = [entry["content"].get("recipient") for entry in entries(person=other["id"]) if entry["kind"] != "audit.erased"]
        assert sorted(filter(None, left)) == ["jeanne@example.org.invalid", "jeanneXexample.org", "marie-jeanne@example.org"]
        assert store.verify().fault is None
        assert run(cli.export, "--person", "jeanne@example.org").count("\n") == 1, "the header is left"


class TestWhoSees:
    def test_each_sees_what_concerns_them(self) -> None:
        asker, officer, member, stranger = (factories.User() for _ in range(4))
        roles = [{"name": officer["name"], "capacity": "admin"}, {"name": member["name"], "capacity": "member"}]
        partner, other = factories.Organization(image_url="", users=roles), factories.Organization(image_url="")
        said("request.granted", partner["id"], officer["id"], content={"why": "good"}, tell=(asker["id"],))
        said("request.message", partner["id"], asker["id"], content={"text": "private"})
        said("request.message", other["id"], content={"text": "elsewhere"})

        def kinds(user: dict[str, Any]) -> list[tuple[str, bool]]:
            return [(entry["kind"], entry["content"] is not None) for entry in seen_by(user, kind="request")]

        assert kinds(asker) == [("request.message", True), ("request.granted", True)]
        assert kinds(officer) == [("request.message", True), ("request.granted", True)]
        assert kinds(member) == [("request.granted", False)], "who had access, and nothing of what was written"
        assert kinds(stranger) == []
        assert seen_by(stranger, partner=partner["id"]) == [] and seen_by(stranger, person=asker["id"]) == []
        with pytest.raises(tk.NotAuthorized):
            tk.get_action("tzc_audit_list")({"user": ""}, {})

    def test_the_page(self, app: Any) -> None:
        from tests.people import PASSWORD, Person

        user = factories.User(password=PASSWORD)
        said("request.granted", by=user["id"])
        said("newroom.unheard_of", by=user["id"])
        reader = Person(app, user["name"])
        text = reader.visit("/journal")
        assert reader.page.xpath("//main//tbody/tr") and "newroom.unheard_of" in text
        assert reader.get("/journal").headers["Cache-Control"] == "private, no-store"
        reader.visit("/journal?from=yesterday", 400)
        reader.visit("/journal?dataset=none-of-this-name", 404)
        assert Person.get(reader, "/journal?before=1").status_code == 200
        assert app.get("/journal", follow_redirects=False).status_code == 302

    def test_bad_questions_are_refused_by_name(self) -> None:
        name = factories.User()["name"]
        for asked in ({"limit": "-1"}, {"before": "x"}, {"from": "31/12/2026"}, {"to": "9999-12-31T"}):
            with pytest.raises(tk.ValidationError) as caught:
                tk.get_action("tzc_audit_list")({"user": name}, asked)
            assert set(caught.value.error_dict) == set(asked)


class TestExport:
    def test_by_person_as_csv_and_by_period_as_lines(self) -> None:
        person = factories.User()
        said("request.submitted", by=person["id"], content={"purpose": "=1+1"})
        rows = list(csv.DictReader(io.StringIO(run(cli.export, "--person", person["name"]))))
        assert [row["kind"] for row in rows] == ["request.submitted"] and rows[0]["by"] == person["id"] and len(rows[0]["hash"]) == 64
        lines = [json.loads(line) for line in run(cli.export, "--format", "jsonl", "--from", "2020-01-01", "--person", person["name"]).splitlines()]
        assert lines[0]["content"] == {"purpose": "=1+1"}
        assert not run(cli.export, "--format", "jsonl", "--to", "2020-01-01", "--person", person["name"])
        assert entries(kind="audit.exported"), "an export is recorded, too"
        for option in ("--from", "--to"):
            said_so = run(cli.export, option, "hier", code=1)
            assert option in said_so and "hier" in said_so and "2026-05-01" in said_so and "isoformat" not in said_so
        assert "nothing-of-the-kind" in run(cli.export, "--dataset", "nothing-of-the-kind", code=1)
