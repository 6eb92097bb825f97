"""Frozen files, the token that opens them, and its end; versions that are cited; bytes that go when nobody has a right to them."""
from __future__ import annotations

import contextvars
import hashlib
import html
import io
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
import sqlalchemy as sa
from ckanext.tzc.agreements import citing, keeping, making, store
from ckanext.tzc.audit import store as audit
from werkzeug.datastructures import FileStorage
from werkzeug.test import Client

from tests.people import Person

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

CONTENT = b"rue,n\nrue de la Paix,12\n"
OTHER = b"rue,n\nrue de la Paix,13\n"


def put(scene: Any, content: bytes, file: str | None = None, dataset: Any = None) -> dict[str, Any]:
    """Upload a file, new or in place of an earlier one, as its partner."""
    upload = FileStorage(io.BytesIO(content), "rues.csv", "upload")
    fields = {"package_id": (dataset or scene.streets)["id"], "name": "Comptages", "format": "CSV", "upload": upload, "url": "rues.csv"}
    made: dict[str, Any] = tk.get_action("resource_update" if file else "resource_create")({"user": scene.town["decider"]}, {**fields, **({"id": file} if file else {})})
    return made


@pytest.fixture
def held(scene: Any) -> dict[str, Any]:
    """An uploaded file that the citizen has a right to, with the token."""
    file = put(scene, CONTENT)
    request = scene.grant()
    grant = scene.call("tzc_grant_list", scene.citizen)["grants"][0]
    made = scene.call("tzc_agreement_token_create", scene.citizen, id=grant["id"])
    return {"file": file["id"], "grant": grant["id"], "request": request, "token": made["token"], "made": made, "address": f"/accords/{grant['id']}/donnees/{file['id']}", "ends": grant["ends"]}


def ask(app: Any, address: str, token: str = "", status: int = 200, method: str = "GET", **headers: str) -> Any:
    """One request by a program, which shares nothing with the test's own."""

    def sent() -> Any:
        given = {**headers, **({"Authorization": f"Bearer {token}"} if token else {})}
        answer = Client(app.app).open(address, method=method, headers=given, base_url=tk.config["ckan.site_url"])
        answer.get_data()
        assert answer.status_code == status, answer.text[:500]
        return answer

    found = contextvars.Context().run(sent)
    model.Session.rollback()
    return found


def taken(held: dict[str, Any]) -> list[dict[str, Any]]:
    rows = model.Session.query(audit.Entry).filter(audit.Entry.kind == "data.downloaded").order_by(audit.Entry.id).all()
    return [whole for row in rows if (whole := json.loads(row.content))["about"].get("grant") == held["grant"]]


def test_a_token_gives_the_file_as_it_was_and_each_use_is_recorded(scene: Any, app: Any, held: dict[str, Any]) -> None:
    (version,) = held["made"]["files"]
    assert version["sha256"] == hashlib.sha256(CONTENT).hexdigest() and version["size"] == len(CONTENT)
    # files that lie elsewhere are named, with the reason
    assert {file["name"] for file in held["made"]["refused"]} == {"Rues", "Ponts"}
    put(scene, OTHER, held["file"])
    answer = ask(app, held["address"], held["token"])
    assert answer.get_data() == CONTENT
    assert answer.headers["Cache-Control"] == "private, no-store" and "attachment" in answer.headers["Content-Disposition"] and version["version"] in answer.headers["Link"]
    assert ask(app, f"{held['address']}?token={held['token']}").get_data() == CONTENT
    (first, _second) = taken(held)
    citizen = tk.get_action("user_show")({"ignore_auth": True}, {"id": scene.citizen})["id"]
    assert first["by"] == citizen and first["about"]["file"] == held["file"]
    assert (first["content"]["bytes"], first["content"]["version"], first["content"]["grants"][0]["id"]) == (len(CONTENT), version["version"], held["grant"])
    assert audit.verify().fault is None
    part = ask(app, held["address"], held["token"], status=206, Range="bytes=0-3")
    assert part.get_data() == CONTENT[:4] and len(taken(held)) == 3
    ask(app, held["address"], held["token"], method="HEAD")
    ask(app, held["address"], held["token"], status=304, **{"If-None-Match": part.headers["ETag"]})
    assert len(taken(held)) == 3
    # the token is stored nowhere
    assert held["token"] not in "".join(str(row.hash) for row in model.Session.query(store.Token))
    other = Person(app, scene.citizen)
    assert held["token"] not in other.visit(f"/accords/{held['grant']}")
    assert other.get(held["address"]).get_data() == CONTENT


def test_the_token_lives_on_with_the_right_that_renews_it(scene: Any, app: Any, held: dict[str, Any]) -> None:
    put(scene, OTHER, held["file"])
    again = scene.ask(words="Encore un mois.", days=60, renews=held["request"]["id"])
    scene.move(scene.town["decider"], again, "take_up")
    scene.move(scene.town["decider"], again, "approve")
    (new,) = (one["id"] for one in scene.call("tzc_grant_list", scene.citizen)["grants"] if one["live"])
    for address in (held["address"], held["address"].replace(held["grant"], new)):
        assert ask(app, address, held["token"]).get_data() == CONTENT
    # no other token opens the old address, and with the new right it ends
    made = scene.call("tzc_agreement_token_create", scene.citizen, id=new)
    ask(app, held["address"], held["token"], status=401)
    assert ask(app, held["address"], made["token"]).get_data() == CONTENT
    scene.move(scene.town["decider"], again, "revoke", reason="Fin.")
    ask(app, held["address"], made["token"], status=401)


def test_a_renewal_for_fewer_files_hands_over_no_more(scene: Any, app: Any, held: dict[str, Any]) -> None:
    again = scene.ask(words="Encore un mois.", resources=[scene.streets["resources"][0]["id"]], renews=held["request"]["id"])
    scene.move(scene.town["decider"], again, "take_up")
    scene.move(scene.town["decider"], again, "approve")
    assert CONTENT not in ask(app, held["address"], held["token"], status=403).get_data()
    (new,) = (one["id"] for one in scene.call("tzc_grant_list", scene.citizen)["grants"] if one["live"])
    assert store.frozen(new) == []


def test_who_has_no_token_has_nothing(scene: Any, app: Any, held: dict[str, Any]) -> None:
    before = len(taken(held))
    assert ask(app, held["address"], status=401).headers["WWW-Authenticate"] == "Bearer"
    for odd in (held["token"] + "x", "tzc-", "x", held["token"][4:], "é".encode().decode("latin-1")):
        assert CONTENT not in ask(app, held["address"], odd, status=401).get_data()
    ask(app, f"/accords/nobody/donnees/{held['file']}", held["token"], status=401)
    ask(app, f"/accords/{held['grant']}/donnees/{scene.streets['resources'][0]['id']}", held["token"], status=404)
    ask(app, f"/accords/{held['grant']}/donnees/{scene.ships['resources'][0]['id']}", held["token"], status=403)
    for name in (scene.other, scene.town["decider"]):
        person = Person(app, name)
        assert person.get(held["address"]).status_code == 404
        with pytest.raises((tk.NotAuthorized, tk.ObjectNotFound)):
            scene.call("tzc_agreement_token_create", name, id=held["grant"])
        with pytest.raises((tk.NotAuthorized, tk.ObjectNotFound)):
            scene.call("tzc_agreement_token_delete", name, id=held["grant"])
    assert len(taken(held)) == before


def test_a_token_of_one_right_does_not_open_another(scene: Any, app: Any, held: dict[str, Any]) -> None:
    scene.grant(words="Une autre fois.", user=scene.other)
    theirs = scene.call("tzc_grant_list", scene.other)["grants"][0]["id"]
    made = scene.call("tzc_agreement_token_create", scene.other, id=theirs)
    # the same bytes of the same file are one version, kept once
    assert made["files"][0]["version"] == held["made"]["files"][0]["version"]
    ask(app, held["address"], made["token"], status=401)
    assert ask(app, made["files"][0]["url"], made["token"]).get_data() == CONTENT


def test_it_ends_with_the_right_at_the_second(scene: Any, app: Any, held: dict[str, Any], at: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ends = datetime.fromisoformat(held["ends"])
    for moment, status in ((ends - timedelta(seconds=1), 200), (ends, 403), (ends + timedelta(days=9), 403)):
        at(moment)
        monkeypatch.setattr(store, "now", lambda moment=moment: moment)
        ask(app, held["address"], held["token"], status=status)
        # each of the two who look is enough: what this room was told, and what every door asks
    monkeypatch.setattr(store, "now", lambda: ends - timedelta(days=1))
    ask(app, held["address"], held["token"], status=403)


def test_it_rests_and_is_revoked_with_the_right(scene: Any, app: Any, held: dict[str, Any]) -> None:
    decider = scene.town["decider"]
    scene.move(decider, held["request"], "suspend", reason="Une question.")
    ask(app, held["address"], held["token"], status=403)
    scene.move(decider, held["request"], "resume")
    ask(app, held["address"], held["token"])
    scene.move(decider, held["request"], "revoke", reason="Un abus.")
    ask(app, held["address"], held["token"], status=401)
    assert Person(app, scene.citizen).get(held["address"]).status_code == 403
    # given anew after an appeal: not with the old token
    scene.move(scene.citizen, held["request"], "appeal", reason="Non.")
    scene.move(scene.town["second"], held["request"], "overturn")
    ask(app, held["address"], held["token"], status=401)
    again = scene.call("tzc_agreement_token_create", scene.citizen, id=held["grant"])
    assert ask(app, held["address"], again["token"]).get_data() == CONTENT


def test_another_right_of_the_same_person_keeps_no_token_alive(scene: Any, app: Any, held: dict[str, Any]) -> None:
    scene.grant(words="Encore une.")
    scene.move(scene.town["decider"], held["request"], "suspend", reason="Une question.")
    # the account still has the data, by the other right
    tk.check_access("resource_show", {"user": scene.citizen}, {"id": held["file"]})
    ask(app, held["address"], held["token"], status=403)


def test_what_the_partner_closes_is_closed(scene: Any, app: Any, held: dict[str, Any]) -> None:
    decider = {"user": scene.town["decider"]}
    tk.get_action("package_patch")(decider, {"id": scene.streets["id"], "access_level": "confidential"})
    ask(app, held["address"], held["token"], status=403)
    tk.get_action("package_patch")(decider, {"id": scene.streets["id"], "access_level": "restricted"})
    ask(app, held["address"], held["token"])
    tk.get_action("resource_delete")(decider, {"id": held["file"]})
    ask(app, held["address"], held["token"], status=403)


@pytest.fixture
def narrow(scene: Any) -> Iterator[dict[str, Any]]:
    """An uploaded file, loaded as a table, of which the citizen has a right to some columns."""
    file = put(scene, CONTENT)
    fields = [{"id": "rue", "type": "text"}, {"id": "n", "type": "numeric"}, {"id": "vu", "type": "timestamp"}]
    rows = [{"rue": "rue de la Paix", "n": 12, "vu": "2026-01-01T10:00:00"}, {"rue": 'rue "du" Port, fond', "n": 13, "vu": None}]

    def load(records: list[dict[str, Any]]) -> None:
        asked = {"resource_id": file["id"], "force": True, "fields": fields, "records": records}
        tk.get_action("datastore_create")({"ignore_auth": True, "user": scene.town["editor"]}, asked)

    load(rows)
    request = scene.ask(columns={file["id"]: ["vu", "rue"]}, resources=[file["id"]])
    scene.move(scene.town["decider"], request, "take_up")
    scene.move(scene.town["decider"], request, "approve")
    grant = scene.call("tzc_grant_list", scene.citizen)["grants"][0]["id"]
    yield {"file": file["id"], "grant": grant, "request": request, "address": f"/accords/{grant}/donnees/{file['id']}", "load": load, "rows": rows}
    tk.get_action("datastore_delete")({"ignore_auth": True, "user": scene.town["editor"]}, {"resource_id": file["id"], "force": True})


def test_of_some_columns_the_copy_is_frozen(scene: Any, app: Any, narrow: dict[str, Any]) -> None:
    """The same bytes as the download, with a hash of its own, and nothing of the other column; also once the table has changed."""
    wanted = b'rue,vu\nrue de la Paix,2026-01-01T10:00:00.000\n"rue ""du"" Port, fond",\n'
    made = scene.call("tzc_agreement_token_create", scene.citizen, id=narrow["grant"])
    (version,) = made["files"]
    assert ask(app, narrow["address"], made["token"]).get_data() == wanted
    assert (version["sha256"], version["size"], version["name"]) == (hashlib.sha256(wanted).hexdigest(), len(wanted), "rues.csv") and made["refused"] == []
    download = Person(app, scene.citizen).get(f"/dataset/{scene.streets['name']}/resource/{narrow['file']}/download/rues.csv")
    assert download.get_data() == wanted
    narrow["load"]([{"rue": "rue Neuve", "n": 14}])
    answer = ask(app, narrow["address"], made["token"])
    assert answer.get_data() == wanted and answer.headers["Content-Type"].startswith("text/csv")
    entry = taken(narrow)[-1]
    assert entry["content"]["grants"][0]["columns"] == ["rue", "vu"] and entry["content"]["bytes"] == len(wanted)
    # to freeze is not to have: nothing was recorded as read
    assert not [row for row in model.Session.query(audit.Entry).filter(audit.Entry.kind == "data.queried") if narrow["file"] in row.content]
    shown = tk.get_action("tzc_version_show")({"user": ""}, {"id": version["version"]})
    assert shown["partial"] and shown["sha256"] is shown["size"] is None
    assert tk.get_action("tzc_version_show")({"user": scene.citizen}, {"id": version["version"]})["sha256"] == version["sha256"]
    assert shown["cite"] in html.unescape(ask(app, f"/versions/{version['version']}").text)
    # whoever has the whole file has another version
    scene.grant(user=scene.other, resources=[narrow["file"]])
    theirs = scene.call("tzc_grant_list", scene.other)["grants"][0]["id"]
    whole = scene.call("tzc_agreement_token_create", scene.other, id=theirs)
    assert whole["files"][0]["sha256"] == hashlib.sha256(CONTENT).hexdigest() and not tk.get_action("tzc_version_show")({"user": ""}, {"id": whole["files"][0]["version"]})["partial"]
    ask(app, f"/accords/{theirs}/donnees/{narrow['file']}", made["token"], status=401)
    known = {user: tk.get_action("tzc_version_show")({"user": user}, {"id": whole["files"][0]["version"]}) for user in ("", scene.citizen, scene.other, scene.town["decider"])}
    assert [bool(shown["sha256"] or shown["size"]) for shown in known.values()] == [False, False, True, True], "who has two columns learns nothing of the whole file"
    scene.move(scene.town["decider"], narrow["request"], "revoke", reason="Un abus.")
    ask(app, narrow["address"], made["token"], status=401)


def test_the_whole_by_another_right_does_not_widen_the_frozen_copy(scene: Any, app: Any, narrow: dict[str, Any]) -> None:
    scene.grant(words="Tout.", resources=[narrow["file"]])
    made = scene.call("tzc_agreement_token_create", scene.citizen, id=narrow["grant"])
    assert ask(app, narrow["address"], made["token"]).get_data().startswith(b"rue,vu\n")


def test_many_rows_are_frozen_as_of_one_moment(scene: Any, narrow: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    from ckanext.tzc.common import columns
    from ckanext.tzc.tables import scoped

    monkeypatch.setattr(scoped, "PAGE", 1)
    parts = columns.copy(narrow["file"], ["rue"])
    assert (next(parts), next(parts)) == (b"rue\n", b"rue de la Paix\n")
    tk.get_action("datastore_upsert")({"ignore_auth": True}, {"resource_id": narrow["file"], "force": True, "method": "insert", "records": [{"rue": "rue Neuve"}]})
    assert list(parts) == [b'"rue ""du"" Port, fond"\n']


def test_columns_of_what_is_no_table_are_refused_with_the_reason(scene: Any, app: Any) -> None:
    file = put(scene, CONTENT)
    scene.grant()
    agreement = model.Session.query(store.Agreement).one()
    agreement.columns = {file["id"]: ["rue"]}
    model.Session.commit()
    made = scene.call("tzc_agreement_token_create", scene.citizen, id=agreement.grant)
    assert made["files"] == [] and {one["file"] for one in made["refused"]} > {file["id"]}
    ask(app, f"/accords/{agreement.grant}/donnees/{file['id']}", made["token"], status=404)


def test_an_account_that_is_gone_has_nothing(scene: Any, app: Any, held: dict[str, Any]) -> None:
    tk.get_action("user_delete")({"ignore_auth": True}, {"id": scene.citizen})
    ask(app, held["address"], held["token"], status=401)


def test_what_cannot_be_recorded_is_not_given(app: Any, held: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: Any) -> None:
        raise sa.exc.OperationalError("INSERT", {}, Exception("the database is away"))

    monkeypatch.setattr(audit, "add", broken)
    with pytest.raises(sa.exc.OperationalError):
        ask(app, held["address"], held["token"])


def test_a_version_is_cited_and_says_no_more_than_the_asker_may_know(scene: Any, app: Any, held: dict[str, Any]) -> None:
    id_ = held["made"]["files"][0]["version"]
    page = ask(app, f"/versions/{id_}").text
    assert "Rues" in page and scene.town["title"] in page and hashlib.sha256(CONTENT).hexdigest() not in page and "rue de la Paix" not in page
    assert hashlib.sha256(CONTENT).hexdigest() in Person(app, scene.citizen).visit(f"/versions/{id_}")
    shown = tk.get_action("tzc_version_show")({"user": ""}, {"id": id_})
    assert shown["cite"].startswith(f"{scene.town['title']} ({store.now().year})") and shown["cite"].endswith(f"http://test.ckan.net/versions/{id_}")
    tk.get_action("package_patch")({"user": scene.town["decider"]}, {"id": scene.streets["id"], "personal_data": "pseudonymised"})
    assert tk.get_action("tzc_version_show")({"user": ""}, {"id": id_})["sha256"] is None
    assert tk.get_action("tzc_version_show")({"user": scene.citizen}, {"id": id_})["sha256"]
    tk.get_action("package_patch")({"user": scene.town["decider"]}, {"id": scene.streets["id"], "access_level": "confidential"})
    page = ask(app, f"/versions/{id_}").text
    assert "Rues" not in page and hashlib.sha256(CONTENT).hexdigest() not in page and id_ in page
    for odd in ("x", "%00", "2" * 10):
        ask(app, f"/versions/{odd}", status=404)


def test_bytes_go_when_nobody_has_a_right_or_the_file_is_gone(scene: Any, app: Any, held: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    sha256 = held["made"]["files"][0]["sha256"]
    where = Path(tk.config["ckan.storage_path"]) / "versions" / sha256[:2] / sha256[2:]
    assert where.read_bytes() == CONTENT and citing.forget() == 0
    scene.move(scene.town["decider"], held["request"], "revoke", reason="Un abus.")
    assert citing.forget() == 0 and where.exists()
    later = store.now() + timedelta(days=366)
    monkeypatch.setattr(store, "now", lambda: later)
    assert citing.forget() == 1 and not where.exists()
    id_ = held["made"]["files"][0]["version"]
    assert tk.get_action("tzc_version_show")({"user": ""}, {"id": id_})["there"] is False
    assert citing.forget() == 0


def test_bytes_of_a_file_that_the_partner_deletes_go_at_once_unless_another_has_the_same(scene: Any, held: dict[str, Any]) -> None:
    sha256 = held["made"]["files"][0]["sha256"]
    where = Path(tk.config["ckan.storage_path"]) / "versions" / sha256[:2] / sha256[2:]
    twin = put(scene, CONTENT)
    made = scene.call("tzc_agreement_token_create", scene.citizen, id=held["grant"])
    assert len(made["files"]) == 2
    tk.get_action("resource_delete")({"user": scene.town["decider"]}, {"id": held["file"]})
    assert citing.forget() == 0 and where.exists()
    tk.get_action("resource_delete")({"user": scene.town["decider"]}, {"id": twin["id"]})
    assert citing.forget() == 1 and not where.exists()


def test_the_page_of_a_version_says_what_is_on_the_disk(scene: Any, app: Any, held: dict[str, Any]) -> None:
    (version,) = held["made"]["files"]

    def said() -> tuple[bool, bool, str]:
        shown = tk.get_action("tzc_version_show")({"user": ""}, {"id": version["version"]})
        page = ask(app, f"/versions/{version['version']}").text
        return shown["there"], shown["leaves"], page

    assert said()[:2] == (True, False)
    tk.get_action("dataset_purge")({"user": scene.town["decider"], "ignore_auth": True}, {"id": scene.streets["id"]})
    there, leaves, page = said()
    assert (there, leaves) == (True, True) and ("next night" in page or "nuit prochaine" in page)
    keeping.remove(version["sha256"])
    there, _leaves, page = said()
    assert not there and "next night" not in page and "nuit prochaine" not in page
    assert citing.forget() == 1 and said()[:2] == (False, True)


def test_a_file_whose_bytes_are_lost_is_refused_in_words(app: Any, held: dict[str, Any]) -> None:
    keeping.remove(held["made"]["files"][0]["sha256"])
    ask(app, held["address"], held["token"], status=410)


def test_the_page_makes_the_token_shows_it_once_and_ends_it(scene: Any, app: Any) -> None:
    put(scene, CONTENT)
    scene.grant()
    grant = scene.call("tzc_grant_list", scene.citizen)["grants"][0]["id"]
    citizen = Person(app, scene.citizen)
    citizen.visit(f"/accords/{grant}")
    page = citizen.send()
    token = citizen.page.xpath("//*[@id='token']/text()")[0]
    assert "Bearer" in page and token not in citizen.visit(f"/accords/{grant}")
    address = making.address(citizen.page.xpath("//main//a[contains(@href, '/donnees/')]/@href")[0])
    assert ask(app, address.replace("http://test.ckan.net" * 2, "http://test.ckan.net"), token).get_data() == CONTENT
    assert "/versions/" in page
    citizen.send(form=1)
    assert "jeton" in citizen.said() or "token" in citizen.said()
    ask(app, address.replace("http://test.ckan.net" * 2, "http://test.ckan.net"), token, status=401)
    # by another site's form nothing is made
    assert citizen.post(f"/accords/{grant}/jeton").status_code == 400


def test_the_page_of_the_dataset_says_how_many_columns_one_has(scene: Any, app: Any, narrow: dict[str, Any]) -> None:
    assert ": 2 columns of 3." in " ".join(Person(app, scene.citizen).visit(f"/en/dataset/{scene.streets['name']}").split())
