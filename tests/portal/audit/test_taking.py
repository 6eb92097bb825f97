"""Downloads and questions to the DataStore are recorded with the answer; what cannot be recorded is not given."""
from __future__ import annotations

import contextvars
import io
import json
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
import sqlalchemy as sa
from ckan.tests import factories
from ckanext.tzc.audit import store, taking
from werkzeug.datastructures import FileStorage
from werkzeug.test import Client

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "with_request_context")

ROWS = [{"rue": f"rue {number}", "n": number} for number in range(30)]
Made = dict[str, Any]


@pytest.fixture
def restricted(publish: Any, partner: Made) -> Made:
    """A dataset on request with an uploaded file that is a table, too."""
    dataset = publish(access_level="restricted")
    content = "rue,n\n" + "".join(f"{row['rue']},{row['n']}\n" for row in ROWS)
    upload = FileStorage(io.BytesIO(content.encode()), "rues.csv", "upload")
    file = tk.get_action("resource_create")({"user": partner["editor"]}, {"package_id": dataset["id"], "name": "Rues", "format": "CSV", "upload": upload, "url": "rues.csv"})
    fields = [{"id": "rue", "type": "text"}, {"id": "n", "type": "int"}]
    tk.get_action("datastore_create")({"ignore_auth": True, "user": partner["editor"]}, {"resource_id": file["id"], "fields": fields, "records": ROWS, "force": True})
    return {"dataset": dataset["id"], "file": file["id"], "url": f"/dataset/{dataset['id']}/resource/{file['id']}/download/rues.csv", "size": len(content)}


@pytest.fixture
def token(partner: Made) -> dict[str, str]:
    """Headers of the partner's editor."""
    made = tk.get_action("api_token_create")({"user": partner["editor"]}, {"user": partner["editor"], "name": "essai"})
    return {"Authorization": made["token"]}


def ask(app: Any, address: str, headers: dict[str, str] | None = None, status: int = 200, method: str = "GET") -> bytes:
    """One request, which shares nothing with the test's own; what it gives."""

    def sent() -> bytes:
        answer = Client(app.app).open(address, method=method, headers=headers or {}, base_url=tk.config["ckan.site_url"])
        content = answer.get_data()
        answer.close()
        assert answer.status_code == status, content[:500]
        return content

    return contextvars.Context().run(sent)


def recorded(made: Made) -> list[tuple[str, dict[str, Any]]]:
    model.Session.rollback()
    rows = model.Session.query(store.Entry).filter_by(dataset=made["dataset"]).order_by(store.Entry.id).all()
    return [(row.kind, json.loads(row.content)) for row in rows if row.kind.startswith("data.")]


def test_a_download_is_recorded_with_who_and_how_much(app: Any, restricted: Made, partner: Made, token: dict[str, str]) -> None:
    assert len(ask(app, restricted["url"], token)) == restricted["size"]
    [(kind, whole)] = recorded(restricted)
    assert kind == taking.DOWNLOADED and whole["by"] == model.User.get(partner["editor"]).id
    assert whole["about"] == {"dataset": restricted["dataset"], "partner": partner["id"], "file": restricted["file"]}
    assert (whole["content"]["bytes"], whole["content"]["level"]) == (restricted["size"], "restricted")
    assert store.verify().fault is None


def test_a_refused_download_and_one_of_open_data_are_not(app: Any, restricted: Made, publish: Any, partner: Made, token: dict[str, str]) -> None:
    ask(app, restricted["url"], status=403)
    ask(app, restricted["url"], token, method="HEAD")
    assert recorded(restricted) == []
    tk.get_action("package_patch")({"user": partner["editor"]}, {"id": restricted["dataset"], "access_level": "open"})
    ask(app, restricted["url"])
    ask(app, f"/datastore/dump/{restricted['file']}")
    assert recorded(restricted) == []


def test_questions_are_recorded_with_their_scope(app: Any, restricted: Made, token: dict[str, str]) -> None:
    ask(app, f"/api/3/action/datastore_search?resource_id={restricted['file']}&limit=5&fields=rue", token)
    [(kind, whole)] = recorded(restricted)
    assert kind == taking.QUERIED and whole["content"]["bytes"] > 100
    [scope] = whole["content"]["scope"]
    assert (scope["fields"], str(scope["limit"]), scope["rows"]) == ("rue", "5", 5)
    ask(app, f"/api/3/action/datastore_search?resource_id={restricted['file']}", status=403)
    assert len(recorded(restricted)) == 1


def test_a_whole_table_is_recorded_before_it_is_sent_and_counted_after(app: Any, restricted: Made, token: dict[str, str]) -> None:
    sent = ask(app, f"/datastore/dump/{restricted['file']}?fields=rue", token)
    (first, asked), (last, ended) = recorded(restricted)
    assert (first, last) == (taking.QUERIED, taking.SENT)
    assert asked["content"]["scope"] == [{"fields": "rue"}] and asked["content"]["bytes"] is None
    assert ended["content"]["bytes"] == len(sent)


def test_rows_on_a_page_are_recorded_for_administrators_too(app: Any, restricted: Made) -> None:
    from tests.people import PASSWORD, Person

    person = factories.Sysadmin(password=PASSWORD)
    Person(app, person["name"]).visit(f"/dataset/{restricted['dataset']}/resource/{restricted['file']}")
    kinds = {(kind, whole["by"]) for kind, whole in recorded(restricted)}
    assert kinds <= {(taking.QUERIED, person["id"])}
    shown = tk.get_action("resource_view_list")({"ignore_auth": True}, {"id": restricted["file"]})
    assert bool(kinds) == bool([view for view in shown if view["view_type"] == "tzc_table_view"])


def test_what_cannot_be_recorded_is_not_given(app: Any, restricted: Made, token: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: Any) -> None:
        raise sa.exc.OperationalError("INSERT", {}, Exception("the database is away"))

    monkeypatch.setattr(store, "add", broken)
    with pytest.raises(sa.exc.OperationalError):
        ask(app, restricted["url"], token)
