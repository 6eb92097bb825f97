"""Rights to single columns: what is asked, what is given, and every door as who was given a part of a table."""
from __future__ import annotations

import contextvars
import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import product
from typing import Any
from urllib.parse import quote

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
from ckan.tests import factories
from ckanext.datastore.backend import postgres as backend
from sqlalchemy import event

from tests.people import Person
from tests.portal.rights.test_requests import get, refused

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

SECRET = "dupont-tenu-secret"
HIDDEN = "occupant"
FIELDS = [
    {"id": "logement", "type": "text", "info": {"label": "Le logement"}}, {"id": HIDDEN, "type": "text", "info": {"label": "Qui l’habite"}},
    {"id": "kwh", "type": "numeric"}, {"id": "releve", "type": "timestamp"}, {"id": "revenu", "type": "numeric"},
]  # fmt: skip
ROWS = [
    {"logement": "A", HIDDEN: f"{SECRET} 1", "kwh": 10, "releve": "2026-01-01", "revenu": 4200}, {"logement": "B", HIDDEN: f"{SECRET} 2", "kwh": 20, "releve": "2026-02-01", "revenu": 1800},
    {"logement": "B", HIDDEN: "martin", "kwh": 20, "releve": "2026-02-01", "revenu": 1900},
]  # fmt: skip
GIVEN = ["kwh", "logement"]


@pytest.fixture
def homes(scene: Any, publish: Callable[..., dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """A restricted dataset: two tables, and a file that is none."""
    resources = [{"url": f"https://files.example.org/original-{n}.xlsx", "name": f"Relevés {n}", "format": "XLSX", "hash": "abc123", "size": 4321 - n} for n in range(3)]
    made = publish(name="logements", title="Logements", access_level="restricted", resources=resources)
    for file in made["resources"][:2]:
        asked = {"resource_id": file["id"], "force": True, "fields": FIELDS, "records": ROWS, "calculate_record_count": True}
        tk.get_action("datastore_create")({"ignore_auth": True, "user": scene.town["editor"]}, asked)
    yield dict(tk.get_action("package_show")({"ignore_auth": True, "use_cache": False}, {"id": made["id"]}))
    with backend.get_write_engine().begin() as connection:
        for file in made["resources"]:
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {backend.identifier(file['id'])} CASCADE")


@pytest.fixture
def file(homes: dict[str, Any]) -> str:
    """The table of which some columns are given."""
    return str(homes["resources"][0]["id"])


@pytest.fixture
def given(scene: Any, homes: dict[str, Any], file: str) -> dict[str, Any]:
    """The citizen has two columns of the first table, and nothing of other files."""
    request: dict[str, Any] = scene.grant_of(homes, file, GIVEN)
    return request


@pytest.fixture(autouse=True)
def grant_of(scene: Any) -> None:
    """A right of the citizen to some columns of a file."""

    def make(dataset: dict[str, Any], file: str, columns: list[str], **fields: Any) -> dict[str, Any]:
        request = scene.ask(dataset, resources=[file], columns={file: columns}, **fields)
        scene.move(scene.town["decider"], request, "take_up")
        return dict(scene.move(scene.town["decider"], request, "approve"))

    scene.grant_of = make


def search(scene: Any, file: str, user: str | None = None, **asked: Any) -> dict[str, Any]:
    return dict(scene.call("datastore_search", user or scene.citizen, resource_id=file, **asked))


def read(app: Any, address: str, user: str) -> str:
    """An answer that is made while it is sent, to its end."""
    token = factories.APIToken(user=user)["token"]

    def whole() -> str:
        answer = app.get(address, headers={"Authorization": token})
        text = answer.get_data(as_text=True)
        answer.close()
        return str(text)

    return contextvars.Context().run(whole)


# the request


def test_columns_are_asked_for_and_shown_to_who_decides(scene: Any, homes: dict[str, Any], file: str) -> None:
    request = scene.ask(homes, columns={file: ["kwh", "logement", "kwh"]})
    (part,) = request["parts"]
    assert part["datasets"][0]["columns"] == {file: ["kwh", "logement"]} and part["columns"] == [{"file": file, "name": "Relevés 0", "columns": ["kwh", "logement"]}]
    shown = scene.call("tzc_request_show", scene.town["decider"], id=request["id"])
    assert shown["parts"][0]["columns"] == part["columns"]
    (entry,) = scene.call("tzc_request_list", scene.town["decider"], queue=True)["requests"]
    assert entry["columns"] == 2
    scene.move(scene.town["decider"], request, "take_up")
    scene.move(scene.town["decider"], request, "approve")
    (grant,) = scene.call("tzc_grant_list", scene.citizen)["grants"]
    assert grant["columns"] == {file: ["kwh", "logement"]}
    told = scene.told[-1]
    assert told.kind == "request.granted" and told.content["columns"] == {file: ["kwh", "logement"]} and told.content["grants"][0]["columns"] == {file: ["kwh", "logement"]}


@pytest.mark.parametrize("columns", [["kwh"], {"x": "kwh"}, {"x": [1]}, "kwh", {"x": {"kwh": True}}, 7])
def test_columns_are_given_by_file(scene: Any, homes: dict[str, Any], columns: Any) -> None:
    assert "columns" in refused(scene.ask, homes, columns=columns)


def test_columns_that_are_not_there_are_named(scene: Any, homes: dict[str, Any], file: str) -> None:
    words = refused(scene.ask, homes, columns={file: ["kwh", "age", "_id", "_full_text"]})["columns"][0]
    assert "Relevés 0" in words and "age, _id, _full_text" in words and "kwh" not in words
    third = homes["resources"][2]
    assert third["name"] in refused(scene.ask, homes, columns={third["id"]: ["kwh"]})["columns"][0]
    # of a file that is not asked for, of another dataset's, of none
    for other in (homes["resources"][1]["id"], scene.streets["resources"][0]["id"], "x"):
        assert other in refused(scene.ask, homes, resources=[file], columns={other: ["kwh"]})["columns"][0]


def test_no_column_ticked_is_all_of_them(scene: Any, homes: dict[str, Any], file: str) -> None:
    request = scene.ask(homes, columns={file: []})
    assert request["parts"][0]["columns"] == []


def test_a_dataset_named_twice_is_asked_for_once(scene: Any, homes: dict[str, Any], file: str) -> None:
    terms = [one["hash"] for one in scene.call("tzc_request_terms", scene.citizen, datasets=[homes["id"]])["terms"]]
    request = scene.ask(homes, datasets=[homes["name"], homes["id"]], resources=[file], columns={file: ["kwh"]}, terms=terms)
    (dataset,) = request["parts"][0]["datasets"]
    assert (dataset["resources"], dataset["columns"]) == ([file], {file: ["kwh"]})


def test_other_columns_are_another_request(scene: Any, homes: dict[str, Any], file: str) -> None:
    assert scene.ask(homes, columns={file: ["kwh"]})["id"] == scene.ask(homes, columns={file: ["kwh"]})["id"] != scene.ask(homes, columns={file: ["logement"]})["id"]


# the DataStore


def test_the_table_has_the_given_columns_and_no_other(scene: Any, given: Any, file: str) -> None:
    found = search(scene, file)
    assert [field["id"] for field in found["fields"]] == ["_id", "logement", "kwh"] and found["fields"][1]["info"]["label"] == "Le logement"
    assert found["total"] == 3 and found["records"][0] == {"_id": 1, "logement": "A", "kwh": 10}
    for whole in (scene.town["editor"], scene.town["decider"]):
        assert HIDDEN in search(scene, file, whole)["records"][0]
    info = scene.call("datastore_info", scene.citizen, id=file)
    assert [field["id"] for field in info["fields"]] == ["logement", "kwh"] and not {"size", "idx_size", "db_size"} & set(info["meta"])
    assert [field["id"] for field in scene.call("datastore_info", scene.town["editor"], id=file)["fields"]] == [field["id"] for field in FIELDS]


def refusal(scene: Any, file: str, **asked: Any) -> Any:
    """What a question is answered; the name of the column that it asks for is left out."""
    try:
        answer = search(scene, file, **asked)
    except tk.ValidationError as error:
        return ("refused", json.dumps(error.error_dict, default=str))
    return ("answered", json.dumps({name: answer.get(name) for name in ("fields", "records", "total")}, default=str))


QUESTIONS: list[Callable[[str], dict[str, Any]]] = [
    lambda name: {"fields": name}, lambda name: {"fields": ["kwh", name]}, lambda name: {"fields": f'kwh,"{name}"'}, lambda name: {"sort": name}, lambda name: {"sort": f"{name} desc nulls last"},
    lambda name: {"sort": [f"kwh, {name}"]}, lambda name: {"filters": {name: SECRET}}, lambda name: {"filters": {name: [SECRET, f"{SECRET} 1"]}}, lambda name: {"filters": {name: []}},
    lambda name: {"filters": {name: {"gt": "a"}}}, lambda name: {"filters": {"$or": [{name: f"{SECRET} 1"}, {"kwh": 10}]}}, lambda name: {"filters": [{"kwh": 10}, {name: [f"{SECRET} 1"]}]},
    lambda name: {"filters": {"$and": [{"$or": [{name: {"gte": "a", "lt": "z"}}]}]}}, lambda name: {"filters": json.dumps({name: [f"{SECRET} 1", {"eq": "x"}]})},
    lambda name: {"q": {name: "secret"}}, lambda name: {"q": json.dumps({name: "secret"})}, lambda name: {"q": {"kwh": "20", name: "martin"}}, lambda name: {"distinct": True, "fields": name},
    lambda name: {"fields": f"kwh,rank {name}"}, lambda name: {"fields": name, "full_text": "secret"}, lambda name: {"fields": name, "records_format": "csv"},
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(QUESTIONS)))
def test_a_column_that_is_not_given_is_as_one_that_is_not_there(scene: Any, given: Any, file: str, number: int) -> None:
    kinds = set()
    for name in (HIDDEN, "revenu", "releve", "_full_text", "_FULL_TEXT"):
        told, unknown = refusal(scene, file, **QUESTIONS[number](name)), refusal(scene, file, **QUESTIONS[number]("zzzzzz"))
        assert told[1].replace(name, "zzzzzz") == unknown[1], QUESTIONS[number](name)
        assert SECRET not in told[1].replace(json.dumps(QUESTIONS[number](name))[1:-1], "") or told[0] == "refused"
        kinds.add(told[0])
    # not because everything is refused
    assert kinds == {"refused"} and refusal(scene, file, **QUESTIONS[number]("kwh"))[0] in {"answered", "refused"}


WORDS = ["secret", "dupont", "martin", "4200", "1800", "2026", "'dupont' & 'a'", "!secret", "secret | a", "dup:*", "!martin & b", "secret <-> 1"]


@pytest.mark.parametrize("way", ["q", "full_text", "q of a column", "q of a number", "both"])
def test_words_are_looked_for_in_the_given_columns_only(scene: Any, given: Any, homes: dict[str, Any], file: str, way: str) -> None:
    """As in a table that never had other columns: hits, totals, ranks and their order."""
    never = factories.Resource(package_id=homes["id"], url="https://files.example.org/x.csv")["id"]
    fields = [field for field in FIELDS if field["id"] in GIVEN]
    records = [{name: row[name] for name in ("logement", "kwh")} for row in ROWS]
    tk.get_action("datastore_create")({"ignore_auth": True, "user": scene.town["editor"]}, {"resource_id": never, "force": True, "fields": fields, "records": records})
    ways: dict[str, Callable[[str], dict[str, Any]]] = {
        "q": lambda words: {"q": words}, "full_text": lambda words: {"full_text": words}, "q of a column": lambda words: {"q": {"logement": words}}, "q of a number": lambda words: {"q": {"kwh": words}},
        "both": lambda words: {"q": {"kwh": words}, "full_text": words},
    }  # fmt: skip
    hits = 0
    try:
        for words, plain, kind in product([*WORDS, "A", "B", "20", "!20", "!a"], (True, False), ("objects", "csv")):
            asked = {**ways[way](words), "plain": plain, "records_format": kind}
            found, other = refusal(scene, file, **asked), ("refused", "")
            try:
                answer = search(scene, never, scene.town["editor"], **asked)
                other = ("answered", json.dumps({name: answer.get(name) for name in ("fields", "records", "total")}, default=str))
            except tk.ValidationError:
                pass
            assert found[0] == other[0] and (found[0] == "refused" or _bare(found[1]) == _bare(other[1])), asked
            hits += found[0] == "answered" and json.loads(found[1])["total"]
    finally:
        tk.get_action("datastore_delete")({"ignore_auth": True, "user": scene.town["editor"]}, {"resource_id": never, "force": True})
    assert hits


def _bare(answer: str) -> Any:
    found = json.loads(answer)
    return {**found, "fields": [(field["id"], field["type"]) for field in found["fields"]]}


@pytest.mark.parametrize(("kind", "expected"), [("csv", "A,10\nB,20\nB,20\n"), ("tsv", "A\t10\nB\t20\nB\t20\n"), ("lists", [["A", 10], ["B", 20], ["B", 20]])])
def test_each_format_of_rows(scene: Any, given: Any, file: str, kind: str, expected: Any) -> None:
    assert search(scene, file, records_format=kind, fields="logement,kwh")["records"] == expected
    rows = search(scene, file, records_format=kind, include_next_page=True)
    assert SECRET not in str(rows) and rows["next_page"] == {"_id": {"gt": 3}}


def test_totals_and_distinct_rows_tell_nothing_of_other_columns(scene: Any, given: Any, file: str) -> None:
    """The second and third row differ in what is hidden only."""
    assert search(scene, file, distinct=True, fields="logement,kwh")["total"] == 2
    assert search(scene, file, filters={"kwh": 20})["total"] == 2 and len(search(scene, file, filters={"kwh": {"gt": 10}}, sort="logement desc")["records"]) == 2
    assert search(scene, file, filters={"_id": {"gt": 1}}, sort="_id desc")["total"] == 2


def test_a_mistake_in_a_question_tells_no_other_column(scene: Any, given: Any, file: str) -> None:
    """PostgreSQL says what one may have meant."""
    for asked in ({"filters": {"kwh": "occupan"}}, {"q": "!", "plain": False}, {"q": "a", "language": "occupan"}, {"filters": {"kwh": {"like": "x"}}}, {"fields": "occupan"}):
        with pytest.raises(tk.ValidationError) as caught:
            search(scene, file, **asked)
        assert HIDDEN not in str(caught.value.error_dict), asked


def test_the_table_by_its_other_names(scene: Any, given: Any, file: str) -> None:
    alias = f"alias-{file}"[:40]
    tk.get_action("datastore_create")({"ignore_auth": True, "user": scene.town["editor"]}, {"resource_id": file, "force": True, "aliases": alias})
    for asked in ({"resource_id": alias}, {"id": alias}, {"id": file}, {"id": file, "resource_id": "x"}):
        found = scene.call("datastore_search", scene.citizen, **asked)
        assert [field["id"] for field in found["fields"]] == ["_id", "logement", "kwh"], asked
        info = scene.call("datastore_info", scene.citizen, **asked)
        assert [field["id"] for field in info["fields"]] == ["logement", "kwh"], asked


def test_nothing_of_the_view_stays(scene: Any, given: Any, file: str) -> None:
    """The next question on the same connection is somebody else's."""
    for _n in range(12):
        assert HIDDEN not in search(scene, file)["records"][0] and HIDDEN in search(scene, file, scene.town["editor"])["records"][0]
    with pytest.raises(tk.ValidationError):
        search(scene, file, filters={"kwh": "x"})
    assert HIDDEN in search(scene, file, scene.town["editor"])["records"][0]


def test_sql_is_refused(scene: Any, given: Any, homes: dict[str, Any], file: str) -> None:
    """It is switched off; who switches it on keeps the columns all the same."""
    for user, names, may in ((scene.citizen, [file], False), (scene.citizen, [homes["resources"][1]["id"], file], False), (scene.town["editor"], [file], True), (scene.other, [file], False)):
        context = {"user": user, "table_names": names}
        if may:
            tk.check_access("datastore_search_sql", context, {})
        else:
            with pytest.raises(tk.NotAuthorized):
                tk.check_access("datastore_search_sql", context, {})


# doors of the web


DOORS = [
    "/api/3/action/datastore_search?resource_id={file}", "/api/3/action/datastore_search?resource_id={file}&records_format=csv", "/api/3/action/datastore_info?id={file}",
    "/datastore/dump/{file}", "/datastore/dump/{file}?format=tsv", "/datastore/dump/{file}?format=json", "/datastore/dump/{file}?format=xml", "/datastore/dump/{file}?bom=true&limit=2",
    "/datastore/dump/{file}?q=B", "/datastore/dump/{file}?fields=kwh,logement", "/dataset/{dataset}/resource/{file}/download", "/dataset/{dataset}/resource/{file}/download/original-0.xlsx",
    "/harvest/{dataset}/resource/{file}/download", "/harvest/x/resource/{file}/download/x.csv", "/api/3/action/resource_show?id={file}", "/api/3/action/package_show?id={dataset}", "/dataset/{dataset}",
    "/dataset/{dataset}/resource/{file}", "/api/3/action/tzc_table_status?id={file}", "/datastore/api_info/{file}", "/dataset/{dataset}.ttl", "/dataset/{dataset}.jsonld",
]  # fmt: skip

LEAKS = (SECRET, HIDDEN, "Qui l", "martin", "4200", "revenu", "abc123", "original-0", "files.example.org")


def test_no_door_tells_of_other_columns(scene: Any, app: Any, given: Any, homes: dict[str, Any], file: str) -> None:
    for door in DOORS:
        answer = get(app, door.format(file=file, dataset=homes["name"]), scene.citizen)
        assert answer.status_code == 200, door
        text = answer.get_data(as_text=True).replace("original-0.xlsx", "" if "original-0.xlsx" in door else "original-0.xlsx")
        assert [word for word in LEAKS if word in text or word in answer.headers.get("Location", "")] == [], door
    for door in DOORS[3:14]:
        text = get(app, door.format(file=file, dataset=homes["name"]), scene.citizen).get_data(as_text=True)
        assert "logement" in text and "kwh" in text and "B" in text, door


@pytest.mark.parametrize("path", ["?fields=occupant", "?sort=occupant", '?filters={"occupant":"x"}', '?q={"occupant":"secret"}', "?format=json&fields=kwh,occupant"])
def test_a_dump_of_another_column_is_refused(scene: Any, app: Any, given: Any, file: str, path: str) -> None:
    answer = get(app, f"/datastore/dump/{file}{quote(path, safe='?=&')}", scene.citizen)
    # the name is told back to who gave it: the next test shows that it says nothing
    assert answer.status_code == 400 and [word for word in LEAKS if word in answer.get_data(as_text=True) and word != HIDDEN] == []


@pytest.mark.parametrize("question", ["fields=COLUMN", "sort=COLUMN", "sort=COLUMN desc", "fields=kwh,COLUMN", 'filters={"COLUMN": "x"}', "format=json&fields=COLUMN", "distinct=true&fields=COLUMN"])
def test_a_download_is_refused_the_same_for_a_column_that_is_not_given_and_one_that_is_not_there(app: Any, scene: Any, given: Any, file: str, question: str) -> None:
    told = []
    for column in (HIDDEN, "nothere"):
        answer = get(app, f"/datastore/dump/{file}?{quote(question.replace('COLUMN', column), safe='=&')}", scene.citizen)
        assert answer.status_code == 400 and "text/plain" in answer.content_type
        told.append(answer.get_data(as_text=True).replace(column, "COLUMN"))
    assert told[0] == told[1] and "COLUMN" in told[0] and "\n" in told[0]
    # who has all columns
    assert get(app, f"/datastore/dump/{file}?{quote(question.replace('COLUMN', 'nothere'), safe='=&')}", scene.town["editor"]).status_code == 400


@pytest.mark.parametrize("door", ["/datastore/dump/{file}", "/datastore/dump/{file}?format=json", "/dataset/{dataset}/resource/{file}/download"])
def test_later_pages_are_narrowed_too(scene: Any, app: Any, given: Any, homes: dict[str, Any], file: str, door: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are read after the request."""
    import ckanext.datastore.blueprint as dumping
    from ckanext.tzc.tables import scoped

    monkeypatch.setattr(dumping, "PAGINATE_BY", 1)
    monkeypatch.setattr(scoped, "PAGE", 1)
    text = get(app, door.format(file=file, dataset=homes["name"]), scene.citizen).get_data(as_text=True)
    assert text.count("B") == 2 and not any(word in text for word in LEAKS)


def test_the_download_is_a_copy_with_the_columns(scene: Any, app: Any, given: Any, homes: dict[str, Any], file: str) -> None:
    answer = get(app, f"/dataset/{homes['name']}/resource/{file}/download", scene.citizen)
    assert list(csv.reader(io.StringIO(answer.get_data(as_text=True)))) == [["logement", "kwh"], ["A", "10"], ["B", "20"], ["B", "20"]]
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8" and answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Content-Disposition"].startswith("attachment") and "Relev" in answer.headers["Content-Disposition"] and ".csv" in answer.headers["Content-Disposition"]
    # who has all is sent where the file lies
    whole = get(app, f"/dataset/{homes['name']}/resource/{file}/download", scene.town["editor"])
    assert whole.headers["Location"] == "https://files.example.org/original-0.xlsx"


def test_without_a_table_there_is_no_copy(scene: Any, app: Any, given: Any, homes: dict[str, Any], file: str) -> None:
    with backend.get_write_engine().begin() as connection:
        connection.exec_driver_sql(f"DROP TABLE {backend.identifier(file)} CASCADE")
    answer = get(app, f"/dataset/{homes['name']}/resource/{file}/download", scene.citizen)
    assert answer.status_code == 403 and "table" in answer.text and "original" not in answer.text


def test_what_is_told_of_the_file_is_true_of_the_copy(scene: Any, app: Any, given: Any, homes: dict[str, Any], file: str) -> None:
    shown = next(one for one in scene.call("package_show", scene.citizen, id=homes["id"])["resources"] if one["id"] == file)
    assert shown["only_columns"] == GIVEN and shown["format"] == "CSV" and shown["url"].endswith(f"/dataset/{homes['id']}/resource/{file}/download") and not shown.get("withheld")
    assert not {"hash", "size", "url_type"} & set(shown)
    # it is found by nothing that is not told, and not taken back
    for query in ("hash:abc123", "url:original", "name:Relevés"):
        assert scene.call("resource_search", scene.citizen, query=query)["count"] == 0, query
    with pytest.raises(tk.ValidationError) as caught:
        tk.get_action("package_patch")({"user": scene.town["editor"]}, {"id": homes["id"], "resources": [{**shown}]})
    assert "only_columns" in caught.value.error_dict["resources"][0]


# the right


def test_rights_add_up_and_end(scene: Any, homes: dict[str, Any], file: str, at: Any) -> None:
    first = scene.grant_of(homes, file, ["kwh"])
    scene.grant_of(homes, file, ["releve"], days=60)
    assert [field["id"] for field in search(scene, file)["fields"]] == ["_id", "kwh", "releve"]
    scene.move(scene.town["decider"], first, "suspend", reason="Une question.")
    assert [field["id"] for field in search(scene, file)["fields"]] == ["_id", "releve"]
    scene.move(scene.town["decider"], first, "resume")
    at(datetime.fromisoformat(first["parts"][0]["ends"]))
    assert [field["id"] for field in search(scene, file)["fields"]] == ["_id", "releve"]


def test_a_right_to_the_file_gives_all(scene: Any, given: Any, homes: dict[str, Any], file: str) -> None:
    request = scene.ask(homes, resources=[file], words="Tout, à présent.")
    scene.move(scene.town["decider"], request, "take_up")
    scene.move(scene.town["decider"], request, "approve")
    assert HIDDEN in search(scene, file)["records"][0]
    scene.move(scene.town["decider"], request, "revoke", reason="Non.")
    assert HIDDEN not in search(scene, file)["records"][0]


def test_a_file_whose_columns_are_not_named_is_whole(scene: Any, homes: dict[str, Any], file: str) -> None:
    request = scene.ask(homes, columns={file: GIVEN})
    scene.move(scene.town["decider"], request, "take_up")
    scene.move(scene.town["decider"], request, "approve")
    assert HIDDEN not in search(scene, file)["records"][0] and HIDDEN in search(scene, homes["resources"][1]["id"])["records"][0]


def test_who_has_no_right_has_no_column(scene: Any, app: Any, given: Any, homes: dict[str, Any], file: str) -> None:
    for user in (scene.other, scene.port["decider"]):
        with pytest.raises(tk.NotAuthorized):
            search(scene, file, user)
    scene.move(scene.town["decider"], given, "revoke", reason="Non.")
    with pytest.raises(tk.NotAuthorized):
        search(scene, file)
    assert get(app, f"/dataset/{homes['name']}/resource/{file}/download", scene.citizen).status_code == 403
    with pytest.raises(tk.NotAuthorized):
        search(scene, homes["resources"][1]["id"])


def test_who_has_the_whole_costs_no_question_more(scene: Any, given: Any, homes: dict[str, Any], file: str) -> None:
    """To the database, for a table of which nobody looks at columns."""
    from ckanext.tzc.common import columns
    from ckanext.tzc.rights import records

    request = scene.ask(homes, user=scene.other, words="Tout.")
    scene.move(scene.town["decider"], request, "take_up")
    scene.move(scene.town["decider"], request, "approve")

    def questions(user: str) -> int:
        asked: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            asked.append(statement)

        records.forget_grants()
        event.listen(model.meta.engine, "before_cursor_execute", note)
        try:
            scene.call("package_show", user, id=homes["id"])
            for _n in range(3):
                search(scene, file, user)
        finally:
            event.remove(model.meta.engine, "before_cursor_execute", note)
        return len(asked)

    whole = questions(scene.other)
    answer = list(columns._answer)
    columns._answer.clear()
    try:
        without = questions(scene.other)
    finally:
        columns._answer[:] = answer
    # the file's row is read by its id before the gate reads it
    assert whole <= without + 3
    assert questions(scene.citizen) < 3 * without


def test_data_that_became_open_are_whole(scene: Any, given: Any, homes: dict[str, Any], file: str) -> None:
    tk.get_action("package_patch")({"user": scene.town["editor"]}, {"id": homes["id"], "access_level": "open"})
    assert HIDDEN in search(scene, file)["records"][0]


def test_a_table_loaded_anew_gives_what_is_left_of_the_columns(scene: Any, given: Any, file: str) -> None:
    fields = [{"id": "logement", "type": "text"}, {"id": "loyer", "type": "numeric"}]
    site = {"ignore_auth": True, "user": scene.town["editor"]}
    tk.get_action("datastore_delete")(dict(site), {"resource_id": file, "force": True})
    tk.get_action("datastore_create")(dict(site), {"resource_id": file, "force": True, "fields": fields, "records": [{"logement": "A", "loyer": 600}]})
    assert search(scene, file)["records"] == [{"_id": 1, "logement": "A"}]


def test_what_was_had_is_recorded_with_its_columns(scene: Any, app: Any, given: Any, homes: dict[str, Any], file: str) -> None:
    get(app, f"/api/3/action/datastore_search?resource_id={file}&fields=kwh", scene.citizen)
    read(app, f"/dataset/{homes['name']}/resource/{file}/download", scene.citizen)
    entries = scene.call("tzc_audit_list", scene.town["decider"], dataset=homes["id"], kind="data")["entries"]
    assert [entry["kind"] for entry in entries] == ["data.sent", "data.downloaded", "data.queried"]
    for entry in entries:
        assert [grant["columns"] for grant in entry["content"]["grants"]] == [GIVEN], entry


def test_places_are_mapped_for_who_has_their_columns(scene: Any, app: Any, homes: dict[str, Any]) -> None:
    from ckanext.tzc.tables import store

    file = homes["resources"][1]["id"]
    tk.get_action("datastore_create")(
        {"ignore_auth": True, "user": scene.town["editor"]},
        {"resource_id": file, "force": True, "fields": [*FIELDS, {"id": "x", "type": "numeric"}, {"id": "y", "type": "numeric"}], "records": [{**ROWS[0], "x": 5.7, "y": 45.2}]},
    )
    values = {"rows": 4, "columns": 7, "geometry": {"east": "x", "north": "y"}, "notes": {"above": SECRET}}
    model.Session.add(store.TableState(resource_id=file, state="loaded", fingerprint="x", changed=datetime.fromisoformat("2026-01-01"), **values))
    model.Session.commit()
    scene.grant_of(homes, file, ["logement"])
    door = f"/tableau/{file}/carte.geojson"
    assert get(app, door, scene.citizen).status_code == 404
    status = scene.call("tzc_table_status", scene.citizen, id=file)
    assert (status["geometry"], status["notes"], status["columns"]) == (None, None, 1)
    scene.grant_of(homes, file, ["x", "y"])
    text = read(app, door, scene.citizen)
    assert '"coordinates":[5.7,45.2]' in text and not any(word in text for word in LEAKS)
    assert SECRET in read(app, door, scene.town["editor"])


# a file that CKAN keeps


def test_an_uploaded_file_is_never_given_whole(scene: Any, app: Any, homes: dict[str, Any], create_with_upload: Callable[..., dict[str, Any]]) -> None:
    site = {"user": scene.town["editor"], "ignore_auth": True}
    kept = create_with_upload(f"logement,{HIDDEN},kwh\nA,{SECRET},10\n", "mes relevés.csv", context=site, package_id=homes["id"], name="Envoyé", format="CSV")
    tk.get_action("datastore_create")(dict(site), {"resource_id": kept["id"], "force": True, "fields": FIELDS, "records": ROWS})
    scene.grant_of(homes, kept["id"], ["logement"])
    try:
        for way in ("", "/mes-releves.csv", "/../x"):
            answer = get(app, f"/dataset/{homes['name']}/resource/{kept['id']}/download{way}", scene.citizen)
            if answer.status_code == 200:
                assert answer.get_data(as_text=True) == "logement\nA\nB\nB\n" and "mes-releves.csv" in answer.headers["Content-Disposition"]
            else:
                assert way == "/../x"
        assert SECRET in get(app, f"/dataset/{homes['name']}/resource/{kept['id']}/download", scene.town["editor"]).get_data(as_text=True)
    finally:
        tk.get_action("datastore_delete")(dict(site), {"resource_id": kept["id"], "force": True})


def test_a_file_kept_under_its_own_address(scene: Any, app: Any, given: Any, homes: dict[str, Any], file: str) -> None:
    """CKAN's own gate would let anybody have it who may see the file it belongs to."""
    kept = model.File(name="original.xlsx", storage="resources", location="x", size=4321)
    model.Session.add(kept)
    model.Session.flush()
    model.Session.add(model.FileOwner(file_id=kept.id, owner_id=file, owner_type="resource"))
    model.Session.commit()
    context = {"user": scene.citizen}
    for action in ("file_show", "permission_download_file", "permission_read_file"):
        with pytest.raises(tk.NotAuthorized):
            tk.check_access(action, dict(context), {"id": kept.id})
    tk.check_access("permission_download_file", {"user": scene.town["decider"]}, {"id": kept.id})
    answer = get(app, f"/file/download/{kept.id}", scene.citizen)
    assert answer.status_code == 200 and answer.get_data(as_text=True).startswith("logement,kwh\nA,10")


# pages


def test_columns_are_ticked_in_the_form(scene: Any, app: Any, homes: dict[str, Any], file: str) -> None:
    citizen, decider = Person(app, scene.citizen), Person(app, scene.town["decider"])
    page = citizen.visit(f"/demandes/nouvelle?dataset={homes['name']}")
    boxes = citizen.page.xpath("//input[@name='columns']/@value")
    second = homes["resources"][1]["id"]
    assert boxes == [f"{table}:{field['id']}" for table in (file, second) for field in FIELDS] and "Qui l’habite" in page
    ticked = [f"{file}:kwh", f"{file}:logement"]
    # a mistake elsewhere loses no tick
    citizen.send(status=400, purpose="research", words="", days="30", columns=ticked, resources=[file])
    assert sorted(citizen.page.xpath("//input[@name='columns'][@checked]/@value")) == ticked
    terms = citizen.page.xpath("//input[@name='terms']/@value")
    citizen.send(status=400, purpose="research", words="Une thèse.", days="30", columns=[f"{second}:kwh"], resources=[file], terms=terms)
    assert "field-columns" in citizen.faults()
    page = citizen.send(purpose="research", words="Une thèse.", days="30", columns=ticked, resources=[file], terms=terms)
    thread = citizen.address
    assert "kwh, logement" in page
    assert "2 " in decider.visit("/demandes/a-decider") and "kwh, logement" in decider.visit(thread)
    decider.send(button=("move", "ask_changes"), reason="Quel projet ?")
    citizen.visit(f"{thread}/completer")
    assert sorted(citizen.page.xpath("//input[@name='columns'][@checked]/@value")) == ticked
    citizen.send(project="Rues")
    decider.visit(thread)
    decider.send(button=("move", "take_up"))
    decider.send(button=("move", "approve"))
    assert "kwh, logement" in citizen.visit("/demandes/droits")
    page = citizen.visit(f"/dataset/{homes['name']}/resource/{file}")
    assert "kwh, logement" in page and not any(word in page for word in LEAKS)
    # what is asked for again is the same
    citizen.visit(f"/demandes/nouvelle?renews={thread.rpartition('/')[2]}")
    assert sorted(citizen.page.xpath("//input[@name='columns'][@checked]/@value")) == ticked
