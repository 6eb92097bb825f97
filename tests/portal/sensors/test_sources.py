"""The page of a dataset's sources, and who may say where observations come from."""
from __future__ import annotations

import contextvars
import json
from collections.abc import Callable
from typing import Any

import ckan.plugins.toolkit as tk
import pytest

from tests.people import PASSWORD, Person

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

Act = Callable[..., Any]
CSV = "stream,time,result\nt,2026-05-06T12:00:00Z,21.5\n<b>u</b>,2026-05-06T12:00:00Z,1\n"
ACTIONS = (
    "tzc_sensor_source_update", "tzc_sensor_source_remove", "tzc_sensor_source_show", "tzc_sensor_arrival_list", "tzc_sensor_key_create", "tzc_sensor_key_revoke",
)  # fmt: skip


@pytest.fixture
def act(partner: dict[str, Any]) -> Act:
    """Call an action, as the partner's editor where nobody else is named."""

    def call(action: str, user: str | None = None, /, **data: Any) -> Any:
        return tk.get_action(action)({"user": partner["editor"] if user is None else user}, data)

    return call


def member(partner: dict[str, Any], role: str) -> str:
    """An account with a role at the partner."""
    from ckan.tests import factories

    name = str(factories.User(password=PASSWORD)["name"])
    site = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    tk.get_action("organization_member_create")({"ignore_auth": True, "user": site}, {"id": partner["id"], "username": name, "role": role})
    return name


def test_who_may(act: Act, partner: dict[str, Any], dataset: dict[str, Any]) -> None:
    from ckan.tests import factories

    source = act("tzc_sensor_source_create", dataset=dataset["id"], kind="push", name="Stations")
    reader, outsider = member(partner, "member"), factories.User()["name"]
    for user in ("", reader, outsider):
        for action in ACTIONS:
            with pytest.raises((tk.NotAuthorized, tk.ObjectNotFound)):
                act(action, user, id=source["id"], key=1)
        with pytest.raises(tk.NotAuthorized):
            act("tzc_sensor_source_create", user, dataset=dataset["id"], kind="push", name="x")
        with pytest.raises(tk.NotAuthorized):
            act("tzc_sensor_source_list", user, dataset=dataset["id"])
    for action in ACTIONS:
        with pytest.raises(tk.ObjectNotFound):
            act(action, id="nobody", key=1)
    with pytest.raises(tk.NotAuthorized):
        act("tzc_sensor_source_allow", id=source["id"], allowed=True)
    administrator = factories.Sysadmin()["name"]
    assert act("tzc_sensor_source_allow", administrator, id=source["id"], allowed=False)["allowed"] is False
    assert [row["name"] for row in act("tzc_sensor_source_list", dataset=dataset["name"])] == ["Stations"]


def test_what_is_wrong_is_said_by_its_field(act: Act, dataset: dict[str, Any]) -> None:
    for fields, wrong in (
        ({"kind": "x"}, "kind"), ({"name": ""}, "name"), ({"mapping": {"zone": "Mars"}}, "mapping"), ({"kind": "ttn", "signature": "nobody"}, "signature"),
        ({"mapping": {"values": [{"path": "t", "property": "phlogiston"}]}}, "mapping"),
        ({"kind": "mqtt", "address": "mqtts://192.168.1.1", "topics": ["a"], "format": "ttn"}, "address"), ({"kind": "mqtt", "address": "mqtts://broker.example.org", "format": "ttn"}, "topics"),
    ):  # fmt: skip
        with pytest.raises(tk.ValidationError) as caught:
            act("tzc_sensor_source_create", **{"dataset": dataset["id"], "kind": "push", "name": "x", **fields})
        assert list(caught.value.error_dict) == [wrong]
    source = act("tzc_sensor_source_create", dataset=dataset["id"], kind="push", name="x")
    for fields, wrong in (({"kind": "ttn"}, "kind"), ({"name": ""}, "name"), ({"mapping": 5}, "mapping")):
        with pytest.raises(tk.ValidationError) as caught:
            act("tzc_sensor_source_update", id=source["id"], **fields)
        assert list(caught.value.error_dict) == [wrong]
    assert act("tzc_sensor_source_show", id=source["id"])["name"] == "x"
    for days in ("x", 0, -1, 5000):
        with pytest.raises(tk.ValidationError):
            act("tzc_sensor_key_create", id=source["id"], days=days or "0")


def test_the_page(act: Act, app: Any, partner: dict[str, Any], dataset: dict[str, Any]) -> None:
    from ckan.tests import factories

    page = f"/dataset/capteurs/{dataset['name']}"
    person = Person(app, member(partner, "editor"))
    person.visit(f"/dataset/edit/{dataset['name']}")
    assert person.page.xpath("//a[contains(@href,'/dataset/capteurs/')]")
    person.visit(page)

    def form(value: str) -> int:
        forms = person.page.xpath("//main//form[@method='post']")
        return next(number for number, one in enumerate(forms) if one.xpath(f".//button[@value='{value}']"))

    person.send(("act", "make"), form=form("make"), status=400, kind="mqtt", name="", address="ftp://x", mapping="{")
    assert "field-make-mapping" in person.faults()
    person.send(("act", "make"), form=form("make"), status=400, kind="mqtt", name="", address="ftp://x", format="json", mapping="")
    assert {"field-make-name", "field-make-address", "field-make-topics"} <= person.faults().keys()
    assert person.value("address") == "ftp://x"
    person.send(("act", "make"), form=form("make"), kind="push", name="Stations <i>du port</i>", mapping='{"create": false}', address="", topics="")
    (source,) = act("tzc_sensor_source_list", dataset=dataset["id"])
    text = person.send(("act", "key"), form=form("key"), days="30")
    key = person.page.xpath("string(//*[@id='made-key'])").strip() or person.page.xpath("string(//*[@id='made-key']/@value)")
    assert key.startswith("tzcs_") and "<i>du port" not in text
    assert key not in person.visit(page)
    sent = contextvars.Context().run(app.post, f"/api/tzc/sensors/{source['id']}/observations", data=CSV, content_type="text/csv", headers={"Authorization": f"Bearer {key}"}, status=None)
    assert (sent.status_code, len(sent.json["rows"])) == (422, 2)
    text = person.visit(page)
    assert "&lt;b&gt;u&lt;/b&gt; 2026-05-06" in text and "<b>u" not in text
    assert source["send"].endswith(f"/api/tzc/sensors/{source['id']}/observations") and source["send"] in text
    person.send(("act", "revoke"), form=form("revoke"))
    assert act("tzc_sensor_source_show", id=source["id"])["keys"][0]["works"] is False
    person.send(("act", "change"), form=form("change"), name="Autre nom", paused="on")
    assert (act("tzc_sensor_source_list", dataset=dataset["id"])[0]["name"], act("tzc_sensor_source_list", dataset=dataset["id"])[0]["paused"]) == ("Autre nom", True)
    person.send(("act", "remove"), form=form("remove"))
    assert act("tzc_sensor_source_list", dataset=dataset["id"]) == []
    Person(app, str(factories.User(password=PASSWORD)["name"])).visit(page, status=403)
    person.visit("/dataset/capteurs/nobody", status=404)


def test_what_a_source_is_about_is_in_the_record(act: Act, dataset: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """No address in it: a key may stand in one."""
    from ckanext.tzc.common import happening

    told: list[Any] = []
    monkeypatch.setattr(happening, "tell", told.append)
    fields = {"kind": "mqtt", "name": "Port", "address": "mqtts://broker.example.org/secret-path", "topics": ["a"], "format": "ttn"}
    source = act("tzc_sensor_source_create", dataset=dataset["id"], **fields)
    act("tzc_sensor_source_remove", id=source["id"])
    assert [one.kind for one in told] == ["sensor_source.made", "sensor_source.removed"]
    assert "secret-path" not in json.dumps([dict(one.content) for one in told])
    assert told[0].content["host"] == "broker.example.org:8883"
