"""From an upload to rows: states, the DataStore's table, views, and what a change or a failure leaves."""
from __future__ import annotations

import contextvars
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
import redis
from ckan.tests.helpers import call_action
from ckanext.tzc.tables import catching_up, changes, jobs, loading, store, writing
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

Upload = Callable[..., dict[str, Any]]
SMALL = "id;nom;note\n1;été;1,5\n2;hiver;2\n"


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[Any, str]]]:
    """The jobs that are sent, kept instead of run; tables made by the test are dropped at its end."""
    kept: list[tuple[Any, str]] = []

    def keep(function: Any, args: tuple[str, ...] = (), **_more: Any) -> None:
        """Other rooms' jobs are not looked at."""
        if function.__module__ == jobs.__name__:
            kept.append((function, args[0]))

    monkeypatch.setattr(tk, "enqueue_job", keep)
    yield kept
    for resource_id in {resource_id for _function, resource_id in kept}:
        writing.drop(resource_id)


@pytest.fixture
def upload(publish: Callable[..., dict[str, Any]], create_with_upload: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> Upload:
    """Upload a file as a new resource of a new dataset."""

    def make(data: str | bytes, name: str = "donnees.csv", **fields: Any) -> dict[str, Any]:
        fields.setdefault("package_id", publish()["id"])
        return create_with_upload(data, name, context=site(), **fields)

    return make


def site() -> dict[str, Any]:
    """The portal's own user, as commands have it."""
    return {"user": tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"], "ignore_auth": True}


def act(action: str, **data: Any) -> Any:
    """Run an action as the portal's own user."""
    return call_action(action, site(), **data)


def status(resource_id: str) -> dict[str, Any]:
    return dict(act("tzc_table_status", id=resource_id))


def rows(resource_id: str, **asked: Any) -> list[dict[str, Any]]:
    found = act("datastore_search", resource_id=resource_id, sort="_id", **asked)
    return [{key: value for key, value in row.items() if key not in {"_id", "rank"}} for row in found["records"]]


def test_an_upload_waits_and_its_job_is_sent_after_the_commit(upload: Upload, sent: list[tuple[Any, str]]) -> None:
    resource = upload(SMALL)
    assert status(resource["id"])["state"] == "waiting"
    assert sent == [(jobs.load, resource["id"])]


def test_a_load_makes_rows_a_mark_and_a_view(upload: Upload) -> None:
    resource = upload(SMALL)
    before = act("package_show", id=resource["package_id"])["metadata_modified"]
    assert loading.load(resource["id"]) == "loaded"
    assert rows(resource["id"]) == [{"id": 1, "nom": "été", "note": 1.5}, {"id": 2, "nom": "hiver", "note": 2}]
    fields = {field["id"]: field["type"] for field in act("datastore_info", id=resource["id"])["fields"]}
    assert fields == {"id": "int4", "nom": "text", "note": "numeric"}
    package = act("package_show", id=resource["package_id"])
    assert package["resources"][0]["datastore_active"] is True
    assert package["metadata_modified"] == before, "a load is no change of the dataset"
    assert [view["view_type"] for view in act("resource_view_list", id=resource["id"])] == ["tzc_table_view"]
    told = status(resource["id"])
    assert (told["state"], told["rows"], told["columns"]) == ("loaded", 2, 3)


def test_rows_are_found_by_their_words_and_later_ones_too(upload: Upload) -> None:
    resource = upload(SMALL)
    loading.load(resource["id"])
    assert [row["id"] for row in rows(resource["id"], q="hiver")] == [2]
    act("datastore_upsert", resource_id=resource["id"], method="insert", force=True, records=[{"id": 3, "nom": "automne"}])
    assert [row["id"] for row in rows(resource["id"], q="automne")] == [3]


@pytest.mark.parametrize("action", ["resource_update", "resource_patch", "package_patch"])
def test_saving_without_a_new_file_loads_nothing(upload: Upload, sent: list[tuple[Any, str]], action: str) -> None:
    resource = upload(SMALL)
    loading.load(resource["id"])
    sent.clear()
    if action == "package_patch":
        act(action, id=resource["package_id"], title="Autre titre")
    elif action == "resource_update":
        act(action, **{**act("resource_show", id=resource["id"]), "description": "Autre"})
    else:
        act(action, id=resource["id"], description="Autre")
    assert sent == []
    assert status(resource["id"])["state"] == "loaded"


def test_a_new_file_takes_the_old_ones_place(upload: Upload, create_with_upload: Callable[..., dict[str, Any]], sent: list[tuple[Any, str]]) -> None:
    resource = upload(SMALL)
    loading.load(resource["id"])
    create_with_upload("autre\nx\n", "autre.csv", context=site(), action="resource_update", id=resource["id"], package_id=resource["package_id"])
    assert status(resource["id"])["state"] == "waiting"
    assert sent[-1] == (jobs.load, resource["id"])
    assert loading.load(resource["id"]) == "loaded"
    assert rows(resource["id"]) == [{"autre": "x"}]


def test_notes_on_columns_outlive_a_new_load(upload: Upload) -> None:
    resource = upload(SMALL)
    loading.load(resource["id"])
    noted = {"label": "Saison", "notes": "En toutes lettres"}
    fields = [{"id": "id", "type": "int4"}, {"id": "nom", "type": "text", "info": noted}, {"id": "note", "type": "numeric"}]
    act("datastore_create", resource_id=resource["id"], force=True, fields=fields)
    act("tzc_table_load", id=resource["id"])
    loading.load(resource["id"])
    info = {field["id"]: field.get("info") for field in act("datastore_info", id=resource["id"])["fields"]}
    assert info["nom"] == noted


def test_a_broken_file_keeps_the_file_and_says_the_row(upload: Upload, demo: Path) -> None:
    data = (demo / "broken" / "compteurs-casses.csv").read_bytes()
    resource = upload(data, "compteurs-casses.csv")
    assert loading.load(resource["id"]) == "refused"
    told = status(resource["id"])
    assert (told["reason"], told["parameters"]["row"], told["parameters"]["have"], told["parameters"]["want"]) == ("too_many_columns", 14, 8, 5)
    assert "14" in told["sentence"]
    shown = act("resource_show", id=resource["id"])
    assert shown["datastore_active"] is False
    assert shown["url"].endswith("compteurs-casses.csv")
    assert act("resource_view_list", id=resource["id"]) == []


def test_a_broken_new_file_removes_the_old_table(upload: Upload, create_with_upload: Callable[..., dict[str, Any]]) -> None:
    """What is shown is never another file than the one that can be downloaded."""
    resource = upload(SMALL)
    loading.load(resource["id"])
    create_with_upload("a,b\n1\n", "b.csv", context=site(), action="resource_update", id=resource["id"], package_id=resource["package_id"])
    assert loading.load(resource["id"]) == "refused"
    with pytest.raises(tk.ObjectNotFound):
        act("datastore_search", resource_id=resource["id"])
    assert act("resource_view_list", id=resource["id"]) == []


def test_geojson_has_a_table_and_a_map(upload: Upload, demo: Path) -> None:
    resource = upload((demo / "files" / "velo-compteurs.geojson").read_bytes(), "velo-compteurs.geojson", format="GeoJSON")
    assert loading.load(resource["id"]) == "loaded"
    assert {view["view_type"] for view in act("resource_view_list", id=resource["id"])} == {"tzc_table_view", "tzc_map_view"}
    assert status(resource["id"])["geometry"] == {"geometry": "geometrie"}


def test_a_pdf_and_a_link_are_passed_over(upload: Upload, publish: Callable[..., dict[str, Any]], demo: Path, sent: list[tuple[Any, str]]) -> None:
    resource = upload((demo / "files" / "guide-donnees-capteurs.pdf").read_bytes(), "guide.pdf", format="PDF")
    assert loading.load(resource["id"]) == "skipped"
    assert tk.h.tzc_table_state(resource) is None
    sent.clear()
    package = publish(resources=[{"url": "https://example.org/a.csv", "format": "CSV", "name": "lien"}])
    assert sent == []
    told = status(package["resources"][0]["id"])
    assert (told["state"], told["reason"]) == ("skipped", "remote")


def test_a_save_succeeds_without_a_queue_and_the_table_is_caught_up(upload: Upload, sent: list[tuple[Any, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_args: Any, **_more: Any) -> None:
        raise redis.exceptions.ConnectionError("no answer")

    with monkeypatch.context() as patched:
        patched.setattr(tk, "enqueue_job", away)
        resource = upload(SMALL)
    assert sent == []
    assert status(resource["id"])["state"] == "waiting"
    assert jobs.load_waiting() == 1
    assert sent == [(jobs.load, resource["id"])]


def test_an_upload_never_seen_is_found(upload: Upload, sent: list[tuple[Any, str]]) -> None:
    resource = upload(SMALL)
    store.forget(resource["id"])
    model.Session.commit()
    sent.clear()
    assert jobs.find_unseen() == 1
    assert sent == [(jobs.load, resource["id"])]


def test_a_rolled_back_save_sends_nothing(upload: Upload, sent: list[tuple[Any, str]]) -> None:
    resource = upload(SMALL)
    sent.clear()
    model.Session().info[changes.KEY] = {resource["id"]: store.WAITING}
    model.Session.rollback()
    model.Session.commit()
    assert sent == []


def test_two_jobs_load_once(upload: Upload) -> None:
    resource = upload(SMALL)
    assert loading.load(resource["id"]) == "loaded"
    assert loading.load(resource["id"]) is None


def test_a_file_changed_during_its_load_is_not_written(upload: Upload, monkeypatch: pytest.MonkeyPatch) -> None:
    resource = upload(SMALL)
    real = writing.write

    def changed_meanwhile(resource_id: str, read: Any, is_current: Callable[[], bool]) -> bool:
        store.ask(resource_id, "another file")
        model.Session.commit()
        return real(resource_id, read, is_current)

    monkeypatch.setattr(writing, "write", changed_meanwhile)
    assert loading.load(resource["id"]) is None
    assert status(resource["id"])["state"] == "waiting"
    with pytest.raises(tk.ObjectNotFound):
        act("datastore_search", resource_id=resource["id"])


def test_a_server_that_is_away_gives_the_load_back_three_times(upload: Upload, monkeypatch: pytest.MonkeyPatch) -> None:
    resource = upload(SMALL)

    def away(*_args: Any) -> bool:
        raise OperationalError("COPY", {}, Exception("server closed the connection"))

    monkeypatch.setattr(writing, "write", away)
    for _ in range(store.ATTEMPTS - 1):
        with pytest.raises(OperationalError):
            loading.load(resource["id"])
        assert status(resource["id"])["state"] == "waiting"
    with pytest.raises(OperationalError):
        loading.load(resource["id"])
    assert (status(resource["id"])["state"], status(resource["id"])["reason"]) == ("refused", "internal")


def test_a_load_whose_worker_died_is_begun_again(upload: Upload, sent: list[tuple[Any, str]]) -> None:
    resource = upload(SMALL)
    store.claim(resource["id"])
    sent.clear()
    assert catching_up.send_waiting() == 1
    assert sent == [(jobs.load, resource["id"])]


def test_a_load_that_lasts_is_left_alone(upload: Upload, sent: list[tuple[Any, str]]) -> None:
    resource = upload(SMALL)
    with store.held(resource["id"]) as mine:
        store.claim(resource["id"])
        sent.clear()
        assert mine
        assert catching_up.send_waiting() == 0
        assert loading.load(resource["id"]) is None
    assert sent == []
    assert catching_up.send_waiting() == 1


def test_deleting_a_file_removes_its_table(upload: Upload, sent: list[tuple[Any, str]]) -> None:
    resource = upload(SMALL)
    loading.load(resource["id"])
    act("resource_delete", id=resource["id"])
    assert sent[-1] == (jobs.remove, resource["id"])
    jobs.remove(resource["id"])
    assert store.find(resource["id"]) is None
    with pytest.raises(tk.ObjectNotFound):
        act("datastore_search", resource_id=resource["id"])


def test_purging_a_dataset_removes_its_tables(upload: Upload, sent: list[tuple[Any, str]]) -> None:
    resource = upload(SMALL)
    loading.load(resource["id"])
    act("dataset_purge", id=resource["package_id"])
    assert (jobs.remove, resource["id"]) in sent
    jobs.remove(resource["id"])
    assert store.find(resource["id"]) is None


def test_who_may_ask_and_who_may_load(upload: Upload) -> None:
    resource = upload(SMALL)
    stranger = {"user": "", "ignore_auth": False}
    assert call_action("tzc_table_status", dict(stranger), id=resource["id"])["state"] == "waiting"
    with pytest.raises(tk.NotAuthorized):
        call_action("tzc_table_load", dict(stranger), id=resource["id"])


def test_a_strangers_status_holds_no_row_of_the_file(upload: Upload, demo: Path) -> None:
    resource = upload((demo / "broken" / "compteurs-casses.csv").read_bytes(), "c.csv")
    loading.load(resource["id"])
    assert "excerpt" not in call_action("tzc_table_status", {"user": "", "ignore_auth": False}, id=resource["id"])["parameters"]


def test_the_page_shows_rows_sorted_searched_and_escaped(upload: Upload, app: Any) -> None:
    resource = upload("id,nom\n" + "".join(f"{number},nom {number}\n" for number in range(1, 121)) + "121,<script>alert(1)</script>\n")
    loading.load(resource["id"])
    name = act("package_show", id=resource["package_id"])["name"]
    address = f"/dataset/{name}/resource/{resource['id']}"
    first = app.get(address).body
    assert "nom 50<" in first and "nom 51<" not in first
    assert "nom 51<" in app.get(f"{address}?page=2").body
    assert "nom 120<" in app.get(f"{address}?sort=-id").body
    assert "&lt;script&gt;alert(1)" in app.get(f"{address}?sort=-id").body
    found = app.get(f"{address}?q=77").body
    assert "nom 77<" in found and "nom 78<" not in found
    for odd in ("page=0", "page=99999999999", "page=x", "sort=%22%3B--"):
        assert app.get(f"{address}?{odd}").status_code == 200


def test_the_maps_data_are_for_whoever_may_see_the_file(upload: Upload, app: Any, demo: Path) -> None:
    resource = upload((demo / "files" / "velo-compteurs.geojson").read_bytes(), "v.geojson", format="GeoJSON")
    loading.load(resource["id"])
    answer = app.get(f"/tableau/{resource['id']}/carte.geojson")
    assert (len(answer.json["features"]), answer.json["total"]) == (16, 16)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    act("package_patch", id=resource["package_id"], access_level="confidential")
    assert app.get(f"/tableau/{resource['id']}/carte.geojson").status_code == 404


def test_leaflet_is_served_from_its_package_and_nothing_else_is(app: Any) -> None:
    assert app.get(tk.h.tzc_leaflet("leaflet.js")).status_code == 200
    assert app.get("/leaflet/1/leaflet-src.js").status_code == 404
    assert app.get("/leaflet/1/../../setup.py").status_code == 404


def test_the_preview_of_a_dataset_takes_two_queries(upload: Upload, demo: Path) -> None:
    resource = upload(SMALL)
    loading.load(resource["id"])
    for number in range(3):
        other = upload(SMALL, f"{number}.csv", package_id=resource["package_id"])
        loading.load(other["id"])
    package = act("package_show", id=resource["package_id"])
    statements: list[str] = []

    def counted(*told: Any) -> None:
        statements.append(told[2])

    event.listen(model.meta.engine, "before_cursor_execute", counted)
    preview = tk.h.tzc_preview(package)
    event.remove(model.meta.engine, "before_cursor_execute", counted)
    assert preview["resource"]["id"] == resource["id"]
    assert preview["view"]["view_type"] == "tzc_table_view"
    assert len(statements) <= 2
    assert tk.h.tzc_preview({**package, "resources": []}) is None


def english(app: Any, address: str, **named: Any) -> str:
    """A page in English, asked for in a context of its own: the test's own request is in French."""
    answer = contextvars.Context().run(app.get, f"/en{address}", status=200, **named)
    return str(answer.body)


def page_of(app: Any, resource: dict[str, Any], query: str = "") -> str:
    """The page of a file, as a stranger sees it, in English."""
    return english(app, f"/dataset/{resource['package_id']}/resource/{resource['id']}{query}")


def test_times_with_a_zone_are_read_here_and_others_as_they_are_written(upload: Upload, app: Any) -> None:
    resource = upload("quand;quand_utc;ici\n2026-05-18T00:00+02:00;2026-05-17T22:00Z;2026-05-18T07:30\n")
    loading.load(resource["id"])
    assert rows(resource["id"]) == [{"quand": "2026-05-17T22:00:00.000", "quand_utc": "2026-05-17T22:00:00.000", "ici": "2026-05-18T07:30:00.000"}], "the API gives UTC"
    body = page_of(app, resource)
    cells = re.findall(r"<td[^>]*>(2026[^<]*)</td>", body)
    assert cells == ["2026-05-18 00:00", "2026-05-17 22:00", "2026-05-18 07:30"]
    head = re.findall(r"<th scope=\"col\".*?</th>", body, re.S)
    assert ["local time (Paris)" in cell for cell in head[:3]] == [True, False, False]
    assert "UTC" in head[1]
    assert "Times of quand are shown as clocks here show them" in body


def test_what_a_partner_says_of_a_column_of_times_is_kept_beside_the_zone(upload: Upload, app: Any) -> None:
    resource = upload("quand\n2026-05-18T00:00+02:00\n")
    loading.load(resource["id"])
    act("datastore_create", resource_id=resource["id"], force=True, fields=[{"id": "quand", "type": "timestamp", "info": {"notes": "Début du comptage"}}])
    assert "Début du comptage – local time (Paris)" in page_of(app, resource)


def test_a_geojsons_page_opens_on_its_map_and_its_table_has_no_shapes(upload: Upload, app: Any, demo: Path) -> None:
    resource = upload((demo / "files" / "velo-compteurs.geojson").read_bytes(), "v.geojson", format="GeoJSON")
    loading.load(resource["id"])
    views = act("resource_view_list", id=resource["id"])
    assert [view["view_type"] for view in views] == ["tzc_map_view", "tzc_table_view"]
    assert "data-tzc-map" in page_of(app, resource)
    table = page_of(app, resource, f"?view_id={views[1]['id']}")
    assert "&#34;coordinates&#34;" not in table
    assert "geometrie" not in re.findall(r"<th scope=\"col\".*?</th>", table, re.S)[-1]


def test_a_broken_file_is_told_beside_it_and_on_its_publishers_desk(upload: Upload, app: Any, partner: dict[str, Any]) -> None:
    from ckan.tests import factories

    resource = upload("a;b\n1;2\n3;4;5\n")
    loading.load(resource["id"])
    told = "Row 3: 3 columns instead of 2."
    page = english(app, f"/dataset/{resource['package_id']}")
    assert told in page
    assert "3;4;5" not in page, "a stranger reads no row of the file"
    assert "Mend it" not in page, "it is not the stranger's to mend"
    assert "Look inside" not in page
    token = {"Authorization": factories.APIToken(user=partner["editor"])["token"]}
    desk = english(app, "/dashboard/datasets", headers=token)
    assert told in desk
    assert "3;4;5" in desk
    assert f"/resource/{resource['id']}/edit" in desk


def test_the_desk_asks_once_for_the_states_of_all_files(upload: Upload) -> None:
    packages = [act("package_show", id=upload(SMALL, f"{number}.csv")["package_id"]) for number in range(3)]
    statements: list[str] = []

    def counted(*told: Any) -> None:
        statements.append(told[2])

    event.listen(model.meta.engine, "before_cursor_execute", counted)
    troubles = tk.h.tzc_table_troubles(packages)
    event.remove(model.meta.engine, "before_cursor_execute", counted)
    assert [trouble["table"]["state"] for trouble in troubles] == ["waiting"] * 3
    assert len([statement for statement in statements if "tzc_tables_state" in statement]) == 1


def test_the_form_about_columns_is_in_plain_words_and_keeps_them(upload: Upload, app: Any, partner: dict[str, Any]) -> None:
    from ckan.tests import factories

    resource = upload(SMALL)
    loading.load(resource["id"])
    token = {"Authorization": factories.APIToken(user=partner["editor"])["token"]}
    address = f"/dataset/{resource['package_id']}/dictionary/{resource['id']}"
    body = english(app, address, headers=token)
    assert 'class="tzc-light"' in body
    assert "Markdown" not in body and "type_override" not in body
    kept = {"info__1__label": "Numéro", "info__1__notes": "Un numéro d’ordre", "info__2__label": "", "info__2__notes": "", "info__3__label": "", "info__3__notes": ""}
    contextvars.Context().run(app.post, address, data={**kept, "save": ""}, headers=token, status=200)
    assert "Un numéro d’ordre" in page_of(app, resource)


@pytest.mark.parametrize("action", ["tzc_table_status", "tzc_table_load"])
def test_the_resource_must_be_named(action: str) -> None:
    with pytest.raises(tk.ValidationError):
        tk.get_action(action)({"user": ""}, {})
