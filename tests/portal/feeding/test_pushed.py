"""Content that programs push: all or nothing, by the feed's own key."""
from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import duckdb
import pytest
from ckanext.tzc.feeding import converting, store

from tests.people import PASSWORD, Person
from tests.portal.feeding.conftest import MORE, TABLE, Act

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

Content = Callable[[dict[str, Any]], bytes | None]


@pytest.fixture
def made(dataset: dict[str, Any], act: Act) -> dict[str, Any]:
    """A feed that is pushed, with a key."""
    made = act("tzc_feed_create", dataset=dataset["id"], kind="push", file="releves.csv", title="Relevés")
    return {**made, "key": act("tzc_feed_key_create", id=made["id"], days=30)["key"]}


def push(app: Any, made: dict[str, Any], body: bytes, kind: str = "text/csv", key: str | None = None, length: int | None = None) -> tuple[int, dict[str, Any]]:
    headers = {"Authorization": f"Bearer {made['key'] if key is None else key}", **({"Content-Length": str(length)} if length else {})}
    answer = app.test_client().put(f"/api/tzc/feeds/{made['id']}", data=body, headers=headers, content_type=kind)
    model.Session.expire_all()
    return answer.status_code, json.loads(answer.data)


def test_pushed_once_and_again(made: dict[str, Any], app: Any, act: Act, content: Content, dataset: dict[str, Any]) -> None:
    assert made["push"].endswith(f"/api/tzc/feeds/{made['id']}") and made["cron"] is None
    status, told = push(app, made, TABLE)
    assert (status, told["state"], told["rows"], told["bytes"]) == (200, "new", 2, len(TABLE)) and content(made) == TABLE, "all is written when the answer comes"
    assert push(app, made, TABLE)[1]["state"] == "unchanged"
    assert push(app, made, MORE)[1]["state"] == "new" and content(made) == MORE
    status, told = push(app, made, b"id,jour,autre\n1,2026-01-01,x\n")
    assert status == 409 and told["difference"] == {"missing": ["valeur"], "new": ["autre"], "changed": []} and told["words"]
    status, told = push(app, made, b"id,jour,valeur\n1,2026-01-01,beaucoup\n")
    assert status == 409 and told["difference"]["changed"] == [{"name": "valeur", "expected": "numeric", "found": "text"}]
    assert push(app, made, b"")[0] == 422 and content(made) == MORE
    [file] = act("package_show", id=dataset["id"])["resources"]
    assert file["name"] == "Relevés" and [run["way"] for run in act("tzc_feed_run_list", id=made["id"])] == ["push"] * 6
    shown = act("tzc_feed_show", id=made["id"])["push_keys"]
    assert made["key"] not in json.dumps(shown) and made["key"].startswith(shown[0]["prefix"]) and shown[0]["used"]
    assert made["key"] not in str(model.Session.query(store.Key).one().hash)


def test_json_and_parquet_become_csv(made: dict[str, Any], app: Any, content: Content, tmp_path: Path) -> None:
    rows = [{"id": 1, "code": "01001", "valeur": 1.10, "note": None}, {"id": 2, "code": "17300", "valeur": 2, "vrai": True}]
    assert push(app, made, json.dumps(rows).replace("1.1,", "1.10,").encode(), "application/json")[0] == 200
    assert content(made) == b"id,code,valeur,note,vrai\r\n1,01001,1.10,,\r\n2,17300,2,,true\r\n", "numbers stay as they are written"
    file = tmp_path / "x.parquet"
    duckdb.sql("SELECT 1 AS id, '01001' AS code, 2.5 AS valeur, 'a' AS note, true AS vrai").write_parquet(str(file))
    assert push(app, made, file.read_bytes(), "application/vnd.apache.parquet")[0] == 200
    assert content(made) == b"id,code,valeur,note,vrai\n1,01001,2.5,a,true\n"
    for body, kind in ((b'{"a": 1}', "application/json"), (b"[NaN]", "application/json"), (b"[" * 100_000, "application/json"), (b"PAR1nothing", "application/vnd.apache.parquet")):
        status, told = push(app, made, body, kind)
        assert (status, told["code"]) == (422, "kind"), body[:20]
    assert push(app, made, b"x", "application/geo+json")[0] == 415


def test_what_is_nested_stays_json_and_its_numbers_as_they_are_written(made: dict[str, Any], app: Any, content: Content) -> None:
    body = '[{"id":1,"geo":{"lat":48.850,"lon":2.35,"nom":"Île \\"d’Aix\\"","vrai":true,"rien":null},"xy":[1.50,2,"3",[],{}],"n":-1E+5}]'
    assert push(app, made, body.encode(), "application/json")[0] == 200
    [names, row] = csv.reader(io.StringIO((content(made) or b"").decode()))
    told = dict(zip(names, row, strict=True))
    assert told["geo"] == '{"lat": 48.850, "lon": 2.35, "nom": "Île \\"d’Aix\\"", "vrai": true, "rien": null}' and told["xy"] == '[1.50, 2, "3", [], {}]' and told["n"] == "-1E+5"


def _parquet(query: str, folder: Path) -> bytes:
    file = folder / "x.parquet"
    file.unlink(missing_ok=True)
    duckdb.sql(f"COPY ({query}) TO '{file}' (FORMAT parquet, COMPRESSION zstd)")
    return file.read_bytes()


def test_little_that_becomes_much_is_refused_before_it_is(made: dict[str, Any], app: Any, content: Content, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    most, written = 200_000, []
    monkeypatch.setitem(tk.config, "tzc.tables.max_bytes", most)
    monkeypatch.setitem(tk.config, "tzc.tables.max_columns", 300)
    original = converting.to_csv

    def watched(source: Path, kind: str, folder: Path, *more: Any) -> Path:
        try:
            return original(source, kind, folder, *more)
        finally:
            written.append(sum(path.stat().st_size for path in folder.rglob("*.csv")))

    monkeypatch.setattr(converting, "to_csv", watched)
    narrow = "SELECT " + ", ".join(f"i + {number} AS b{number}" for number in range(40))
    hostile = {
        "one text in each row": _parquet("SELECT repeat('x', 100000) AS a FROM range(2000)", tmp_path),
        "a list in each row": _parquet("SELECT range(20000) AS a FROM range(2000)", tmp_path),
        "many rows": _parquet(narrow + " FROM range(3000) AS t(i)", tmp_path),
        "quotes": _parquet("SELECT repeat('\"', 90) AS a FROM range(2000)", tmp_path),
    }
    for name, body in hostile.items():
        assert len(body) < most, name
        status, told = push(app, made, body, "application/vnd.apache.parquet")
        assert (status, told["code"]) == (413, "too_big") and "200" in told["words"], name
    names = json.dumps([{f"k{number % 250}": "é" * (number % 2)} for number in range(4000)]).encode()
    assert len(names) < most and push(app, made, names, "application/json")[1]["code"] == "too_big"
    wide = json.dumps([{f"k{number}": 1} for number in range(4000)]).encode()
    for body, kind in ((wide, "application/json"), (_parquet("SELECT " + ", ".join(f"1 AS k{number}" for number in range(301)), tmp_path), "application/vnd.apache.parquet")):
        status, told = push(app, made, body, kind)
        assert (status, told["code"]) == (422, "table") and "300" in told["words"] and written[-1] == 0, kind
    assert max(written) <= most and content(made) is None


def test_a_key_opens_its_own_feed_until_its_end(made: dict[str, Any], app: Any, act: Act, dataset: dict[str, Any], content: Content) -> None:
    other = act("tzc_feed_create", dataset=dataset["id"], kind="push", file="autre.csv")
    foreign = act("tzc_feed_key_create", id=other["id"])["key"]
    for key in (foreign, "", "tzcf_wrong", made["key"] + "x", "x" * 5000):
        status, told = push(app, made, TABLE, key=key)
        assert (status, told["code"]) == (401, "key")
    number = act("tzc_feed_show", id=made["id"])["push_keys"][0]["id"]
    with pytest.raises(tk.ObjectNotFound):
        act("tzc_feed_key_revoke", id=other["id"], key=number)
    model.Session.get(store.Key, number).ends = store.now() - dt.timedelta(seconds=1)
    model.Session.commit()
    assert push(app, made, TABLE)[1]["code"] == "ended"
    again = act("tzc_feed_key_create", id=made["id"])
    act("tzc_feed_key_revoke", id=made["id"], key=again["id"])
    assert push(app, made, TABLE, key=again["key"]) [1]["code"] == "ended" and content(made) is None
    with pytest.raises(tk.ValidationError):
        act("tzc_feed_key_create", id=made["id"], days=10_000)
    assert app.test_client().get(f"/api/tzc/feeds/{made['id']}").status_code in (404, 405)


def test_bounds(made: dict[str, Any], app: Any, act: Act, monkeypatch: pytest.MonkeyPatch, content: Content) -> None:
    monkeypatch.setitem(tk.config, "tzc.tables.max_bytes", 1000)
    assert push(app, made, b"id\n" + b"1\n" * 1000)[0] == 413 and content(made) is None
    monkeypatch.setitem(tk.config, "tzc.feeding.pushes_an_hour", 1)
    assert push(app, made, TABLE)[0] == 200
    assert push(app, made, TABLE)[1]["code"] == "often"
    monkeypatch.setitem(tk.config, "tzc.feeding.pushes_an_hour", 60)
    monkeypatch.setitem(tk.config, "tzc.feeding.bytes_a_day", 10)
    assert push(app, made, TABLE)[1]["code"] == "much"
    monkeypatch.setitem(tk.config, "tzc.feeding.bytes_a_day", 10**6)
    with store.held(made["id"]) as free:
        assert free and push(app, made, MORE)[1]["code"] == "busy"
    act("tzc_feed_update", id=made["id"], paused=True)
    assert push(app, made, MORE)[1]["code"] == "paused" and content(made) == TABLE


def test_the_page(made: dict[str, Any], app: Any, act: Act, partner: dict[str, Any], dataset: dict[str, Any]) -> None:
    from ckan.tests import factories

    page = f"/dataset/alimentation/{dataset['name']}"
    writer = factories.User(password=PASSWORD)
    tk.get_action("organization_member_create")({"ignore_auth": True, "user": tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]}, {"id": partner["id"], "username": writer["name"], "role": "editor"})
    push(app, made, TABLE)
    push(app, made, b"id\n1\n")
    push(app, made, MORE)
    person = Person(app, writer["name"])
    text = person.visit(page)
    assert "Relevés" in text and made["id"] in text and made["key"] not in text
    old = person.page.xpath("//a[contains(@href,'/versions/')]/@href")
    assert len(old) == 1 and person.get(old[0]).data == TABLE
    person.visit(page)
    forms = person.page.xpath("//main//form[@method='post']")
    make = next(number for number, form in enumerate(forms) if form.xpath(".//button[@value='make']"))
    person.send(("act", "make"), form=make, status=400, kind="http", file="x", address="ftp://a/b")
    assert {"field-make-file", "field-make-address", "field-make-cron"} <= person.faults().keys()
    forms = person.page.xpath("//main//form[@method='post']")
    give = next(number for number, form in enumerate(forms) if form.xpath(".//button[@value='credential']"))
    text = person.send(("act", "credential"), form=give, name="plateforme", host="data.example.org:443", user="portail", password="un-secret")
    assert "plateforme" in text and "un-secret" not in text
    stranger = Person(app, factories.User(password=PASSWORD)["name"])
    stranger.visit(page, status=403)
    assert stranger.get(old[0]).status_code == 404
