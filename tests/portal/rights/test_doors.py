"""The doors that a right opens and closes: each is asked as who has it, as who had it, and as who never had."""
from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
import sqlalchemy as sa
from sqlalchemy import event

from tests.portal.rights.test_requests import get

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

SECRET = "kilowatt-tenu-secret"


@pytest.fixture
def table(scene: Any, publish: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """A restricted table with rows, and another that nobody is given."""
    fields = [{"id": "logement", "type": "text"}, {"id": "valeur", "type": "text"}]
    made = publish(title="Relevés", access_level="restricted", resources=[{"url": f"https://files.example.org/{SECRET}-{n}.csv", "name": f"Relevés {n}", "format": "CSV"} for n in range(2)])
    for n, file in enumerate(made["resources"]):
        rows = [{"logement": "A", "valeur": f"{SECRET}-{n}"}, {"logement": "B", "valeur": "30"}]
        tk.get_action("datastore_create")({"ignore_auth": True, "user": scene.town["editor"]}, {"resource_id": file["id"], "force": True, "fields": fields, "records": rows})
    shown: dict[str, Any] = tk.get_action("package_show")({"ignore_auth": True, "use_cache": False}, {"id": made["id"]})
    return shown


DOORS = [
    "/api/3/action/datastore_search?resource_id={file}", "/api/3/action/datastore_search?resource_id={file}&q=tenu&fields=logement", "/api/3/action/datastore_info?id={file}", "/datastore/dump/{file}",
    "/datastore/dump/{file}?format=json", "/dataset/{dataset}/resource/{file}/download", "/api/3/action/resource_show?id={file}", "/api/3/action/package_show?id={dataset}", "/dataset/{dataset}",
    "/dataset/{dataset}/resource/{file}",
]  # fmt: skip


def opened(app: Any, table: dict[str, Any], user: str, number: int = 0) -> list[str]:
    """Which doors give something of a file."""
    found = []
    for door in DOORS:
        answer = get(app, door.format(file=table["resources"][number]["id"], dataset=table["name"]), user)
        gives = f"{SECRET}-{number}" in answer.text or f"{SECRET}-{number}" in answer.headers.get("Location", "")
        if gives or ("datastore_" in door and answer.status_code == 200):
            found.append(door)
            assert answer.headers["Cache-Control"] == "private, no-store", door
    return found


def test_every_door_opens_with_the_right_and_closes_after_it(scene: Any, app: Any, table: dict[str, Any], at: Any) -> None:
    file = table["resources"][0]["id"]
    assert opened(app, table, scene.citizen) == []
    request = scene.ask(table, resources=[file])
    scene.move(scene.town["decider"], request, "take_up")
    assert opened(app, table, scene.citizen) == []
    granted = scene.move(scene.town["decider"], request, "approve")
    assert opened(app, table, scene.citizen) == DOORS
    # the file beside it, and people beside her
    assert opened(app, table, scene.citizen, 1) == [] and opened(app, table, scene.other) == []
    scene.move(scene.town["decider"], request, "suspend", reason="Une question.")
    assert opened(app, table, scene.citizen) == []
    scene.move(scene.town["decider"], request, "resume")
    assert opened(app, table, scene.citizen) == DOORS
    at(datetime.fromisoformat(granted["parts"][0]["ends"]))
    assert opened(app, table, scene.citizen) == []


def test_the_team_has_it_too_and_loses_it_with_the_right(scene: Any, app: Any, table: dict[str, Any]) -> None:
    request = scene.ask(table, team=[scene.other])
    scene.move(scene.town["decider"], request, "take_up")
    scene.move(scene.town["decider"], request, "approve")
    assert opened(app, table, scene.other) == []
    scene.join(scene.other, request)
    assert opened(app, table, scene.other, 1) == DOORS
    scene.move(scene.town["decider"], request, "revoke", reason="Un abus.")
    assert opened(app, table, scene.citizen) == [] and opened(app, table, scene.other) == []


def test_rights_are_read_once_an_answer(scene: Any, table: dict[str, Any], publish: Callable[..., dict[str, Any]]) -> None:
    """However many closed files an answer is about."""
    more = [publish(access_level="restricted", resources=[{"url": "https://files.example.org/x.csv", "name": "Relevés bis", "format": "CSV"} for _ in range(3)]) for _ in range(4)]
    from ckanext.tzc.rights import records

    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "tzc_rights_grant" in statement:
            asked.append(statement)

    records.forget_grants()
    event.listen(model.meta.engine, "before_cursor_execute", note)
    try:
        assert scene.call("resource_search", scene.citizen, query="name:Relevés")["count"] == 0
        for package in (table, *more):
            scene.call("package_show", scene.citizen, id=package["id"])
    finally:
        event.remove(model.meta.engine, "before_cursor_execute", note)
    assert len(asked) == 1


def test_the_queue_is_quick_with_many_requests(scene: Any) -> None:
    """10,000 parts, of which a page is asked for: counted in queries, as a clock on a busy machine says little."""
    from ckanext.tzc.rights import records

    requester = model.User.get(scene.citizen).id
    at = records.now()
    model.Session.execute(
        sa.text(
            "INSERT INTO tzc_rights_request (id, requester, purpose, words, project, organisation, days, team, key, created, changed) "
            "SELECT 'r' || n, :requester, 'research', 'x', '', '', 30, '[]', 'k' || n, :at, :at FROM generate_series(1, 10000) n"
        ),
        {"requester": requester, "at": at},
    )
    model.Session.execute(
        sa.text(
            "INSERT INTO tzc_rights_part (id, request, partner, state, personal, keys, decided_by, changed, due, told) "
            "SELECT 'p' || n, 'r' || n, :partner, 'submitted', n % 2 = 0, '{}', '[]', :at, cast(:at AS timestamptz) + n * interval '1 minute', '[]' FROM generate_series(1, 10000) n"
        ),
        {"partner": scene.town["id"], "at": at},
    )
    model.Session.commit()
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    event.listen(model.meta.engine, "before_cursor_execute", note)
    try:
        began = records.now()
        found = scene.call("tzc_request_list", scene.town["decider"], queue=True, limit=50)
        took = (records.now() - began).total_seconds()
    finally:
        event.remove(model.meta.engine, "before_cursor_execute", note)
    assert found["count"] == 10_000 and [entry["id"] for entry in found["requests"][:2]] == ["r1", "r2"]
    assert len(asked) < 25 and took < 2, (len(asked), took)
