"""What the database refuses is told without the SQL that was made of the question."""
from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import ckan.plugins.toolkit as tk
import pytest
from ckanext.tzc.tables.plain_errors import first_line

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

SQL = ("SELECT", "INSERT", "UPDATE ", "LIMIT", "FROM ", "'statement'", "[SQL", "psycopg2")


def test_no_answer_shows_sql(app: Any, publish: Any, partner: dict[str, Any]) -> None:
    file = publish(resources=[{"name": "Rangées", "url": "https://example.org/rangees.csv", "format": "CSV"}])["resources"][0]["id"]
    fields = [{"id": "lieu", "type": "text"}, {"id": "total", "type": "int"}]
    records = [{"lieu": "Aytré", "total": 1}]
    tk.get_action("datastore_create")({"user": partner["editor"], "ignore_auth": True}, {"resource_id": file, "force": True, "fields": fields, "records": records, "primary_key": "total"})
    questions: list[dict[str, str]] = [
        {"q": "a & |", "plain": "false"}, {"q": '{"lieu": "a &"}', "plain": "false"}, {"filters": '{"total": "x"}'}, {"filters": '{"_id": 99999999999}'},
        {"filters": '{"total": {"lt": "x"}}'}, {"filters": '{"total": [["x"]]}'}, {"sort": "lieu nowhere"}, {"language": "klingon", "q": "a"}, {"limit": "5", "offset": "999999999999999999"},
    ]  # fmt: skip
    refused = 0
    for question in questions:
        for form in ("objects", "csv", "lists"):
            answer = app.get(f"/api/3/action/datastore_search?{urlencode({'resource_id': file, 'records_format': form, **question})}", status=None)
            assert answer.status_code in {200, 400, 409}, (question, form, answer.body)
            told = answer.json.get("error", {})
            assert not [word for word in SQL if word in str(told)], (question, form, told)
            refused += "Invalid query" in str(told)
    assert refused > len(questions), "questions that reach the database"
    dump = app.get(f"/datastore/dump/{file}?filters=%7B%22total%22%3A%22x%22%7D", status=None)
    assert dump.status_code == 400
    assert not [word for word in SQL if word in dump.body], dump.body

    wrong = {"datastore_upsert": {"records": [{"lieu": "a", "total": "x"}]}, "datastore_delete": {"filters": {"total": "x"}}, "datastore_records_delete": {"filters": {"total": "x"}}}
    wrong["datastore_create"] = {"fields": fields, "records": [*records, *records]}
    for action, given in wrong.items():
        with pytest.raises(tk.ValidationError) as refused_writing:
            tk.get_action(action)({"user": partner["editor"]}, {"resource_id": file, "force": True, **given})
        assert not [word for word in SQL if word in str(refused_writing.value.error_dict)], (action, refused_writing.value.error_dict)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ('syntax error in tsquery: "a &"\nLINE 1: SELECT', 'syntax error in tsquery: "a &"'), ("", ""),
        ("(psycopg2.errors.InvalidTextRepresentation) invalid input\nLINE 3: SELECT\n[SQL: SELECT]", "invalid input"), ("Search took too long", "Search took too long"),
    ],
)  # fmt: skip
def test_the_first_line_is_what_the_database_says(said: str, told: str) -> None:
    assert first_line(said) == told
