"""What is seen of restricted tables before they are asked for: what the columns are, rows that are made up, and nothing of what is in them."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
import pytest

from tests.people import Person

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "clean_datastore", "with_request_context")

FIELDS = [
    {"id": "logement", "type": "text", "info": {"label": "Logement", "notes": "Numéro du lot"}},
    {"id": "kwh", "type": "int4", "info": {"label": "Consommation"}},
    {"id": "energie", "type": "text", "info": {"values": "gaz\nfioul"}},
]
REAL = [{"logement": "Zeugme-41", "kwh": 987654, "energie": "charbon secret"}, {"logement": "Zeugme-42", "kwh": 876543, "energie": "charbon secret"}]


@pytest.fixture
def clean_datastore() -> None:
    """Tables have the names of files, which are new each time."""


@pytest.fixture
def load(scene: Any) -> Any:
    """Fill the table of one of the streets' files, described so; returns the file's id."""

    def fill(number: int = 0, rows: Any = REAL, **fields: str) -> str:
        file = scene.streets["resources"][number]["id"]
        tk.get_action("datastore_create")({"ignore_auth": True, "user": scene.town["editor"]}, {"resource_id": file, "force": True, "fields": FIELDS, "records": rows})
        if fields:
            tk.get_action("resource_patch")({"user": scene.town["decider"]}, {"id": file, **fields})
        return str(file)

    return fill


def before(user: str, file: str) -> dict[str, Any]:
    found: dict[str, Any] = tk.get_action("tzc_table_dictionary")({"user": user}, {"id": file})
    return found


def test_columns_are_told_and_rows_only_where_the_owner_allows_them(scene: Any, load: Any, app: Any) -> None:
    file = load()
    for user in ("", scene.citizen):
        told = before(user, file)
        assert [(column["id"], column["type"]) for column in told["columns"]] == [("logement", "text"), ("kwh", "int4"), ("energie", "text")]
        assert told["columns"][0]["info"] == {"label": "Logement", "notes": "Numéro du lot"} and told["sample"] == []
        with pytest.raises(tk.NotAuthorized):
            tk.get_action("datastore_info")({"user": user}, {"id": file})
        with pytest.raises(tk.NotAuthorized):
            tk.get_action("datastore_search")({"user": user}, {"resource_id": file})
    page = app.get(f"/dataset/{scene.streets['name']}/resource/{file}").body
    assert "Numéro du lot" in page and "synth" not in page
    assert f"/resource/{file}#columns-title" in app.get(f"/dataset/{scene.streets['name']}").body
    load(sample_rows="yes")
    told = before("", file)
    assert len(told["sample"]) == 5 and told["synthetic"] and told["sample"] == before(scene.citizen, file)["sample"]
    assert {row["energie"] for row in told["sample"]} <= {"gaz", "fioul"}
    page = Person(app, scene.citizen).visit(f"/dataset/{scene.streets['name']}/resource/{file}")
    assert "sample-title" in page and str(told["sample"][0]["logement"]) in page


def test_no_value_of_the_data_is_in_them(scene: Any, load: Any, app: Any) -> None:
    file = load(sample_rows="yes")
    first = before("", file)
    everything = str(first) + app.get(f"/dataset/{scene.streets['name']}/resource/{file}").body
    assert not any(str(value) in everything for row in REAL for value in row.values())
    tk.get_action("datastore_delete")({"ignore_auth": True, "user": scene.town["editor"]}, {"resource_id": file, "force": True, "filters": {}})
    load(rows=[{"logement": "tout autre", "kwh": 1, "energie": "x"}], sample_rows="yes")
    assert before("", file)["sample"] == first["sample"], "other data give the same rows"


def test_the_owner_switches_it_off(scene: Any, load: Any, app: Any) -> None:
    file = load(columns_before="no", sample_rows="yes")
    assert before(scene.citizen, file) == {"id": file, "columns": [], "sample": [], "synthetic": True}
    for address in (f"/dataset/{scene.streets['name']}/resource/{file}", f"/dataset/{scene.streets['name']}"):
        page = app.get(address).body
        assert "columns-title" not in page and "Logement" not in page
    # nor are the names found out by the way of asking
    form = Person(app, scene.citizen).visit(f"/demandes/nouvelle?dataset={scene.streets['name']}")
    assert "kwh" not in form and "Logement" not in form
    told = []
    for name in ("kwh", "no-such-column"):
        with pytest.raises(tk.ValidationError) as caught:
            scene.ask(columns={file: [name]})
        told.append(str(caught.value.error_dict))
    assert told[0] == told[1] and "kwh" not in told[0]
    load(columns_before="yes")
    assert "kwh" in Person(app, scene.citizen).visit(f"/demandes/nouvelle?dataset={scene.streets['name']}")
    with pytest.raises(tk.ValidationError):
        load(sample_rows="perhaps")


def test_what_nobody_may_see_is_not_told(scene: Any, load: Any) -> None:
    file = load()
    tk.get_action("package_patch")({"user": scene.town["decider"]}, {"id": scene.streets["id"], "access_level": "confidential"})
    for user in ("", scene.citizen):
        with pytest.raises((tk.ObjectNotFound, tk.NotAuthorized)):
            before(user, file)
    assert before(scene.town["decider"], file)["columns"]
    for odd in ("no-such-file", "a\0b", ["x"], scene.streets["id"]):
        with pytest.raises(tk.ObjectNotFound):
            tk.get_action("tzc_table_dictionary")({"user": ""}, {"id": odd})


def test_a_file_without_a_table_tells_nothing(scene: Any) -> None:
    assert before("", scene.streets["resources"][1]["id"])["columns"] == []


def test_the_owner_writes_what_rows_may_hold(scene: Any, load: Any, app: Any) -> None:
    file = load(sample_rows="yes")
    owner = Person(app, scene.town["decider"])
    owner.visit(f"/dataset/{scene.streets['name']}/dictionary/{file}")
    for name, value in (("info__1__values", "lot 1\nlot 2"), ("info__2__least", "10"), ("info__2__most", "12")):
        owner.page.xpath("//*[@name=$name]", name=name)[0].value = value
    owner.send()
    sample = before("", file)["sample"]
    assert {row["logement"] for row in sample} <= {"lot 1", "lot 2"} and {row["kwh"] for row in sample} <= {10, 11, 12}
    owner.visit(f"/dataset/{scene.streets['name']}/dictionary/{file}")
    assert owner.value("info__2__least") == "10" and owner.value("info__1__values").split() == ["lot", "1", "lot", "2"]
