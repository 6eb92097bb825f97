"""A resident's life: consent, curve, sums of a group, withdrawal; and who sees nothing of it."""
from __future__ import annotations

import contextvars
import datetime as dt
import io
import json
from collections.abc import Callable
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
import sqlalchemy as sa
from ckan.tests import factories

from tests.people import PASSWORD, Person
from tests.portal.sensors import homes
from tests.workbooks import workbook

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

VERSION = "2026-11"


@pytest.fixture
def kept(publish: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The portal keeps meters, in a confidential dataset."""
    made = publish(name="courbes-des-habitants", access_level="confidential")
    monkeypatch.setitem(tk.config, "tzc.sensors.homes", made["name"])
    monkeypatch.setitem(tk.config, "tzc.sensors.secret", "un-secret-de-trente-deux-lettres-ou-plus")
    return made


@pytest.fixture
def group(kept: dict[str, Any], publish: Callable[..., dict[str, Any]], partner: dict[str, Any]) -> dict[str, Any]:
    """A street's group, whose sums go into an open dataset."""
    dataset = publish(name="consommation-de-la-rue", access_level="open")
    return call("tzc_meter_group_create", partner["editor"], dataset=dataset["name"], title="Rue des Peupliers", about="Pour savoir quand la rue consomme.", until=homes.UNTIL)


def call(action: str, user: str, /, **data: Any) -> Any:
    return tk.get_action(action)({"user": user}, data)


def resident(name: str = "") -> str:
    return str(factories.User(password=PASSWORD, **({"name": name} if name else {}))["name"])


def meter(user: str, place: int, purpose: str = "own", group: str = "", **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = call(
        "tzc_meter_create", user, number=homes.number(place), purpose=purpose, group=group, until=homes.UNTIL, version=VERSION, accept=True, label=f"Maison {place}", **more
    )  # fmt: skip
    return made


def with_curve(place: int, group: str, watts: float = 500.0) -> tuple[str, dict[str, Any]]:
    user = resident()
    made = meter(user, place, "group", group)
    call("tzc_meter_upload", user, id=made["id"], upload=homes.curve(place, watts).decode())
    return user, made


def settle() -> None:
    from ckanext.tzc.sensors import settling

    settling.settle_all()


def follow() -> int:
    from ckanext.tzc.sensors.homes import following

    return following.follow()


def sums(group: str) -> list[tuple[dt.datetime, float]]:
    """What is published of a group."""
    model.Session.expire_all()
    asked = sa.text("SELECT o.time, o.result FROM tzc_sensors_observation AS o JOIN tzc_sensors_stream AS s ON s.id = o.stream WHERE s.source = :source AND s.external = 'sum' ORDER BY o.time")
    return [(row.time, row.result) for row in model.Session.execute(asked, {"source": group})]


def test_a_residents_life(app: Any, group: dict[str, Any]) -> None:
    """Through the pages: consent, file, curve; a sum is hidden of nine and shown of ten; withdrawal erases."""
    others = [with_curve(place, group["id"]) for place in range(1, 9)]
    name = resident("habitante")
    person = Person(app, name)
    person.visit("/compte/compteurs")
    assert person.value("accept") is None, "no box is ticked before"
    fields = {"number": homes.number(40), "label": "Chez moi", "purpose": "group", "group": group["id"], "until": homes.UNTIL}
    person.send(("act", "add"), status=400, **fields)
    assert list(person.faults()) == ["field-accept"]
    person.send(("act", "add"), accept="true", **fields)
    assert "Chez moi" in person.page.xpath("string(//h1)") and person.address.startswith("/compte/compteurs/")
    mine = person.address
    person.send(("act", "upload"), form=0, upload=homes.upload(41), status=400)
    assert person.faults(), "a file of another meter is not taken"
    person.visit(mine)
    text = person.send(("act", "upload"), form=0, upload=homes.upload(40, watts=1000.0))
    assert "96" in text
    text = person.visit(f"{mine}?mois=2026-01")
    days = [row.xpath("normalize-space(td[1])") for row in person.page.xpath("//section[@aria-labelledby='curve-title']//tbody/tr")]
    assert days == ["23,92", "24,96", "1,04"], "a mean power of 1040 W, by the days of the territory's clock"
    downloaded = person.get(f"{mine}/donnees.csv").text.splitlines()
    assert len(downloaded) == 97 and downloaded[1] == "2026-01-05T00:00:00Z;2026-01-05T00:30:00Z;consumption;1040.0;W;0"
    bundle = json.loads(person.get("/compte/compteurs/donnees.json").text)
    assert [one["purpose"] for one in bundle["consents"]] == ["group"] and bundle["meters"][0]["last"] == homes.number(40)[-4:]

    assert follow() == 1 and sums(group["id"]) == [], "nine are too few"
    with_curve(9, group["id"])
    assert follow() == 1
    expected = round((sum(500 + place for place in range(1, 10)) + 1040) / 1000, 3)
    assert [value for _time, value in sums(group["id"])] == [pytest.approx(expected, abs=1e-9)] * 48
    shown = call("tzc_meter_group_list", group["editor"] if "editor" in group else factories.Sysadmin()["name"], dataset=group["dataset"])[0]
    assert (shown["meters"], shown["released"]) == (10, 48)

    settle()
    row = model.Session.execute(sa.text("SELECT m.id, m.hash, m.source, array_agg(s.id) AS streams FROM tzc_sensors_meter m JOIN tzc_sensors_stream s ON s.source = m.source WHERE m.label = 'Chez moi' GROUP BY m.id")).one()
    account = model.User.get(name)
    assert set(homes.rows_of(row.streams)) == {"observation", "hour", "day", "month", "state"}
    assert homes.traces([homes.number(40)]) == [], "the number itself stands nowhere, not in the raw file either"
    person.visit(mine)
    buttons = [one.get("value") for one in person.page.xpath("//main//form//button")]
    person.send(("act", "remove"), form=next(place for place, form in enumerate(person.page.xpath("//main//form[@method='post']")) if form.xpath(".//button[@value='remove']")))
    assert buttons.count("withdraw") == 1 and person.address == "/compte/compteurs"
    assert sums(group["id"]) == [], "sums with her are taken down at once"
    assert homes.rows_of(row.streams) == {}
    assert homes.traces([row.hash, row.source, "Chez moi", homes.number(40)]) == []
    assert model.Session.execute(sa.text("SELECT count(*) FROM tzc_sensors_stream WHERE person = :id"), {"id": account.id}).scalar() == 0
    proof = model.Session.execute(sa.text("SELECT state, meter, purpose, version FROM tzc_sensors_consent WHERE person = :id"), {"id": account.id}).one()
    assert tuple(proof) == ("withdrawn", None, "group", VERSION), "that she had consented stays known"
    person.visit(mine, 404)
    settle()
    assert homes.rows_of(row.streams) == {}, "nor does anything come back"
    follow()
    assert sums(group["id"]) == [] and len(others) == 8


def test_the_others_go_on_but_never_one_less(group: dict[str, Any]) -> None:
    """Of twelve one withdraws: the sum of the eleven is not told, as the two together would tell what the one consumed. New hours are."""
    people = [with_curve(place, group["id"]) for place in range(12)]
    follow()
    assert len(sums(group["id"])) == 48
    name, made = people[0]
    call("tzc_consent_withdraw", name, id=made["consents"][0]["id"])
    assert sums(group["id"]) == []
    follow()
    assert sums(group["id"]) == []
    row = call("tzc_meter_group_list", factories.Sysadmin()["name"], dataset=group["dataset"])[0]
    assert row["hidden"] == {"difference": 48} and row["meters"] == 11
    for place, (user, one) in enumerate(people[1:], 1):
        call("tzc_meter_upload", user, id=one["id"], upload=homes.curve(place, hours=72).decode())
    follow()
    assert [time for time, _value in sums(group["id"])] == [homes.FIRST + dt.timedelta(hours=hour) for hour in range(48, 72)]
    # a new one does not change what is out
    with_curve(30, group["id"])
    before = sums(group["id"])
    follow()
    assert sums(group["id"]) == before


def test_a_correction_does_not_tell_itself_by_the_sum(group: dict[str, Any]) -> None:
    """A sum that is out stays as it is: what it changed by would be what one member changed. Hours that come later are of the new values."""
    people = [with_curve(place, group["id"]) for place in range(12)]
    follow()
    before = sums(group["id"])
    assert len(before) == 48
    for place, (user, one) in enumerate(people):
        call("tzc_meter_upload", user, id=one["id"], upload=homes.curve(place, 900.0 if place == 3 else 500.0, hours=49).decode())
    follow()
    after = sums(group["id"])
    assert after[:48] == before and len(after) == 49
    assert after[48][1] == pytest.approx(before[0][1] + 0.4)


def test_published_sums_stay_where_the_group_said_so(kept: dict[str, Any], publish: Callable[..., dict[str, Any]], partner: dict[str, Any]) -> None:
    dataset = publish(name="rue-gardee", access_level="open")
    made = call("tzc_meter_group_create", partner["editor"], dataset=dataset["id"], title="Rue gardée", about="Les sommes publiées restent.", until=homes.UNTIL, rule="keep")
    people = [with_curve(place, made["id"]) for place in range(10)]
    follow()
    before = sums(made["id"])
    assert len(before) == 48
    call("tzc_meter_remove", people[3][0], id=people[3][1]["id"])
    follow()
    assert sums(made["id"]) == before
    assert homes.rows_of([one["streams"][0]["id"] for one in [call("tzc_meter_list", people[4][0])[0]]])["observation"] == 96


def test_one_that_weighs_too_much_and_a_meter_that_two_brought(group: dict[str, Any]) -> None:
    for place in range(9):
        with_curve(place, group["id"], watts=10.0)
    second = resident()
    made = meter(second, 8, "group", group["id"])
    call("tzc_meter_upload", second, id=made["id"], upload=homes.curve(8, 10.0).decode())
    follow()
    assert sums(group["id"]) == [], "the same delivery point counts once"
    with_curve(9, group["id"], watts=50_000.0)
    follow()
    assert sums(group["id"]) == []
    hidden = call("tzc_meter_group_list", factories.Sysadmin()["name"], dataset=group["dataset"])[0]["hidden"]
    assert hidden == {"dominance": 48}


def test_sites_of_a_partner_count_as_one_holder(group: dict[str, Any]) -> None:
    user = resident()
    organisation = factories.Organization(image_url="", users=[{"name": user, "capacity": "member"}])
    for place in range(12):
        made = meter(user, place, "group", group["id"], partner=organisation["name"])
        call("tzc_meter_upload", user, id=made["id"], upload=homes.curve(place).decode())
    follow()
    assert sums(group["id"]) == []
    with pytest.raises(tk.ValidationError) as caught:
        meter(resident(), 50, partner=organisation["name"])
    assert list(caught.value.error_dict) == ["partner"]


ACTIONS = ("tzc_meter_upload", "tzc_meter_curve", "tzc_meter_remove", "tzc_consent_give", "tzc_consent_withdraw")


def test_nobody_else_sees_or_does_anything(app: Any, group: dict[str, Any], kept: dict[str, Any], partner: dict[str, Any]) -> None:
    """A stranger, another resident, the editor of the datasets and an administrator, at each action and each page."""
    owner, made = with_curve(1, group["id"])
    settle()
    stream = call("tzc_meter_list", owner)[0]["streams"][0]["id"]
    consent = made["consents"][0]["id"]
    editor, administrator = factories.UserWithToken(password=PASSWORD), factories.SysadminWithToken(password=PASSWORD)
    tk.get_action("organization_member_create")({"ignore_auth": True, "user": administrator["name"]}, {"id": partner["id"], "username": editor["name"], "role": "editor"})
    for user in (resident(), editor["name"], administrator["name"]):
        for action in ACTIONS:
            data = {"id": consent if action == "tzc_consent_withdraw" else made["id"], "meter": made["id"], "upload": "x", "purpose": "own", "until": homes.UNTIL, "version": VERSION, "accept": True}
            with pytest.raises(tk.ObjectNotFound):
                call(action, user, **data)
        assert call("tzc_meter_list", user) == [] and call("tzc_consent_list", user) == []
    for action in (*ACTIONS, "tzc_meter_list", "tzc_consent_list", "tzc_meter_create", "tzc_meter_connect", "tzc_meter_connected", "tzc_meter_group_list"):
        with pytest.raises(tk.NotAuthorized):
            tk.get_action(action)({"user": ""}, {"id": made["id"], "meter": made["id"]})
    for name in (editor["name"], administrator["name"]):
        person = Person(app, name)
        for address in (f"/compte/compteurs/{made['id']}", f"/compte/compteurs/{made['id']}/donnees.csv"):
            person.visit(address, 404)
        assert "520" not in person.get("/compte/compteurs/donnees.json").text
    client = app.test_client()
    for address in ("/compte/compteurs", f"/compte/compteurs/{made['id']}", f"/compte/compteurs/{made['id']}/donnees.csv", "/compte/compteurs/donnees.json", "/consentements", "/dataset/groupes/consommation-de-la-rue"):
        answer = client.get(address, follow_redirects=False)
        assert answer.status_code == 302 and "/user/login" in answer.headers["Location"], address
    # the person's own program gets the curve; others are told what they would be told of a stream that is not there
    series = f"/api/tzc/series?stream={stream}&every=raw"
    token = factories.APIToken(user=owner)["token"]
    own = ask(client, series, token)
    assert own.status_code == 200 and json.loads(own.text)["streams"][0]["values"][:2] == [501.0, 501.0] and "private" in own.headers["Cache-Control"]
    missing = ask(client, "/api/tzc/series?stream=999999&every=raw", "")
    for who in ("", editor["token"], administrator["token"], factories.UserWithToken()["token"]):
        answer = ask(client, series, who)
        assert (answer.status_code, answer.text.replace(str(stream), "999999")) == (404, missing.text)
        for address in addresses(app, stream):
            assert_nothing(ask(client, address, who).text, address)
        for action in sorted(name for name in tk_actions() if name.startswith("tzc_sensor")):
            told = client.get(f"/api/3/action/{action}?id={kept['id']}&dataset={kept['id']}", headers={"Authorization": who} if who else {})
            assert_nothing(told.text, action)


def ask(client: Any, address: str, token: str) -> Any:
    """As a program, which shares no account with the test's own request."""
    import contextvars

    return contextvars.Context().run(client.get, address, headers={"Authorization": token} if token else {}, follow_redirects=False)


def addresses(app: Any, stream: int) -> list[str]:
    """Every address of sensors, about a stream."""
    import re

    found = []
    for rule in app.flask_app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and rule.endpoint.startswith("tzc_sensors.") and not rule.rule.startswith("/compte"):
            address = re.sub(r"<[^>]+>", str(stream), rule.rule)
            found += [f"{address}?stream={stream}", *(f"{address}/{path}" for path in ("Datastreams", f"Datastreams({stream})/Observations", "Observations", "Things", "Sensors") if "sta" in address)]
    return [*found, "/sta/v1.1/Datastreams?$expand=Observations,Thing", f"/sta/v1.1/Datastreams({stream})?$expand=Observations", "/sta/v1.1/Observations?$resultFormat=CSV"]


def assert_nothing(text: str, where: str) -> None:
    assert "501.0" not in text, where
    assert '"consumption"' not in text and homes.number(1) not in text and "Maison 1" not in text, where


def tk_actions() -> list[str]:
    import ckan.logic

    return list(ckan.logic._actions)


def test_administrators_see_counts(app: Any, group: dict[str, Any]) -> None:
    from click.testing import CliRunner

    user, made = with_curve(1, group["id"])
    call("tzc_consent_give", user, meter=made["id"], purpose="own", until=homes.UNTIL, version=VERSION, accept=True)
    other, gone = with_curve(2, group["id"])
    call("tzc_meter_remove", other, id=gone["id"])
    administrator = factories.Sysadmin(password=PASSWORD)["name"]
    register = {one["code"]: (one["meters"], one["active"], one["withdrawn"], one["ended"]) for one in call("tzc_consent_register", administrator)}
    assert register == {"own": (1, 1, 0, 0), "group": (1, 1, 1, 0)}
    with pytest.raises(tk.NotAuthorized):
        call("tzc_consent_register", user)
    page = Person(app, administrator).visit("/consentements")
    assert "2020-196" in page and user not in page
    from ckanext.tzc.sensors.cli import consents

    assert {one["code"]: one["active"] for one in json.loads(CliRunner().invoke(consents, ["--json"]).output)} == {"own": 1, "group": 1}


def test_what_one_consent_no_longer_keeps_another_may(group: dict[str, Any]) -> None:
    user, made = with_curve(1, group["id"])
    own = call("tzc_consent_give", user, meter=made["id"], purpose="own", until=homes.UNTIL, version=VERSION, accept=True)
    visibility = sa.text("SELECT visibility FROM tzc_sensors_stream WHERE person IS NOT NULL")
    assert model.Session.execute(visibility).scalar() == "consented"
    call("tzc_consent_withdraw", user, id=made["consents"][0]["id"])
    assert model.Session.execute(visibility).scalar() == "private"
    assert call("tzc_meter_curve", user, id=made["id"])["kwh"] > 0
    with pytest.raises(tk.ValidationError):
        call("tzc_consent_withdraw", user, id=made["consents"][0]["id"])
    call("tzc_consent_withdraw", user, id=own["id"])
    assert call("tzc_meter_list", user) == [] and model.Session.execute(visibility).scalar() is None


def test_a_consent_ends_and_an_account_goes(group: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    user, made = with_curve(1, group["id"])
    gone, _meter = with_curve(2, group["id"])
    tk.get_action("user_delete")({"ignore_auth": True, "user": factories.Sysadmin()["name"]}, {"id": gone})
    model.Session.execute(sa.text("UPDATE tzc_sensors_consent SET until = '2026-01-01' WHERE meter = :id"), {"id": made["id"]})
    model.Session.commit()
    with pytest.raises(tk.ValidationError):
        call("tzc_meter_upload", user, id=made["id"], upload=homes.curve(1, hours=72).decode())
    follow()
    model.Session.expire_all()
    assert model.Session.execute(sa.text("SELECT count(*) FROM tzc_sensors_meter")).scalar() == 0
    assert set(model.Session.execute(sa.text("SELECT state FROM tzc_sensors_consent")).scalars()) == {"ended"}
    assert model.Session.execute(sa.text("SELECT count(*) FROM tzc_sensors_observation")).scalar() == 0
    notices = call("tzc_notices_list", user)["notices"]
    assert [one["kind"] for one in notices] == ["consent.ended"]


def test_what_is_told_names_no_meter(group: dict[str, Any]) -> None:
    user, made = with_curve(1, group["id"])
    call("tzc_meter_remove", user, id=made["id"])
    entries = call("tzc_audit_list", factories.Sysadmin()["name"], limit=50)
    told = [one for one in entries["entries"] if one["kind"].startswith("consent.") and (one["about"] or {}).get("group") == group["id"]]
    assert sorted(one["kind"] for one in told) == ["consent.given", "consent.withdrawn"]
    assert homes.number(1) not in json.dumps(told) and homes.number(1)[-4:] not in json.dumps([one["content"] for one in told])


@pytest.mark.parametrize(("more", "field"), [
    ({"number": "123"}, "number"), ({"accept": False}, "accept"), ({"version": "2020"}, "accept"), ({"until": "2020-01-01"}, "until"), ({"until": "demain"}, "until"),
    ({"until": "2090-01-01"}, "until"), ({"purpose": "autre"}, "purpose"), ({"purpose": "group"}, "group"), ({"group": "x", "purpose": "group"}, "group"), ({"energy": "eau"}, "energy"),
])  # fmt: skip
def test_no_consent_by_mistake(kept: dict[str, Any], more: dict[str, Any], field: str) -> None:
    user = resident()
    given = {"number": homes.number(1), "purpose": "own", "until": homes.UNTIL, "version": VERSION, "accept": True, **more}
    with pytest.raises(tk.ValidationError) as caught:
        call("tzc_meter_create", user, **given)
    assert list(caught.value.error_dict) == [field]
    assert call("tzc_meter_list", user) == [] and call("tzc_consent_list", user) == []


def test_a_file_that_is_none(kept: dict[str, Any]) -> None:
    user = resident()
    made = meter(user, 1)
    for body in ("", "bonjour", homes.curve(2).decode(), homes.curve(1).decode().replace("2026-01", "2026-13")):
        if "2026-13" in body:
            taken = call("tzc_meter_upload", user, id=made["id"], upload=body)
            assert (taken["new"], taken["rejected"]) == (0, 96) and taken["listed"][0]["row"] == 4
        else:
            with pytest.raises(tk.ValidationError):
                call("tzc_meter_upload", user, id=made["id"], upload=body)
    first = call("tzc_meter_upload", user, id=made["id"], upload=homes.curve(1).decode())
    again = call("tzc_meter_upload", user, id=made["id"], upload=homes.curve(1).decode())
    assert (first["new"], again["new"], again["changed"]) == (96, 0, 0)


def test_closed_without_a_dataset(app: Any) -> None:
    user = resident()
    person = Person(app, user)
    person.visit("/compte/compteurs", 404)
    with pytest.raises(tk.ObjectNotFound):
        meter(user, 1)


def test_what_is_kept_elsewhere_is_erased_after_the_commit(group: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    from ckanext.tzc.sensors import erasing

    told: list[list[int]] = []
    monkeypatch.setattr(erasing, "ERASERS", [lambda numbers, _datasets: told.append(list(numbers))])
    user, made = with_curve(1, group["id"])
    stream = call("tzc_meter_list", user)[0]["streams"][0]["id"]
    erasing.erase_streams([stream])
    model.Session.rollback()
    erasing.commit()
    assert told in ([], [[]]), "what was given up is erased nowhere"
    call("tzc_meter_remove", user, id=made["id"])
    assert [stream] in told


def test_a_workbook_is_kept_without_its_number_and_address(kept: dict[str, Any]) -> None:
    """As it was downloaded: what is kept of it says nothing of whose home it is, and is read again as it was."""
    from ckanext.tzc.sensors import arrivals
    from ckanext.tzc.sensors import store as sensors
    from ckanext.tzc.sensors.homes import store

    user = resident()
    made = meter(user, 60)
    book = workbook({
        "Page d'accueil": [["Madame Dupont, 3 rue du Port"]], "Consommation Horaire": [
            ["Point Référence Mesure (PRM) : ", homes.number(60), "Grandeur physique :", "Puissance Active"], ["", "", "Type de comptage :", "Consommation horaire"], ["", "Début", "Fin", "Valeur (en kW)"],
            ["", "05/01/2026 00:00:00", "05/01/2026 00:30:00", "0,8"], ["", "05/01/2026 00:30:00", "05/01/2026 01:00:00", "0,5"], ["", "05/01/2026 01:00:00", "05/01/2026 01:30:00", "NA"],
        ],
    })  # fmt: skip
    taken = tk.get_action("tzc_meter_upload")({"user": user}, {"id": made["id"], "upload": io.BytesIO(book)})
    assert (taken["new"], taken["rejected"]) == (2, 0)
    [stream] = call("tzc_meter_list", user)[0]["streams"]
    asked = sa.text("SELECT time, result FROM tzc_sensors_observation WHERE stream = :stream ORDER BY time")
    before = [tuple(row) for row in model.Session.execute(asked, {"stream": stream["id"]})]
    assert [(time.isoformat(), value) for time, value in before] == [("2026-01-04T23:00:00+00:00", 800.0), ("2026-01-04T23:30:00+00:00", 500.0)]
    assert homes.traces([homes.number(60), "Dupont", "rue du Port"]) == []
    source = model.Session.query(sensors.Source).filter_by(id=store.meter(made["id"]).source).one()
    now = dt.datetime.now(dt.timezone.utc)
    assert arrivals.replay(source, now - dt.timedelta(hours=1), now + dt.timedelta(hours=1)) == 1
    assert [tuple(row) for row in model.Session.execute(asked, {"stream": stream["id"]})] == before


@pytest.mark.parametrize("charset", ["utf-8", "utf-16"])
def test_the_number_stands_in_no_file_that_is_kept(kept: dict[str, Any], charset: str) -> None:
    """However it is written; and what is kept reads as the file did."""
    from ckanext.tzc.sensors import arrivals
    from ckanext.tzc.sensors import store as sensors

    user = resident()
    made, content = meter(user, 7), homes.curve(7)
    body = content.decode().encode(charset)
    assert call("tzc_meter_upload", user, id=made["id"], upload=io.BytesIO(body))["new"] == 96
    assert call("tzc_meter_upload", user, id=made["id"], upload=io.BytesIO(body))["new"] == 0
    assert homes.traces([homes.number(7)]) == []
    before = call("tzc_meter_curve", user, id=made["id"])
    row = model.Session.query(sensors.Arrival).filter(sa.func.length(sensors.Arrival.body) > 0).one()
    model.Session.execute(sa.text("UPDATE tzc_sensors_observation SET result = 1"))
    arrivals.replay(sensors.source(row.source, personal=True), row.received, sensors.now())
    model.Session.commit()
    assert call("tzc_meter_curve", user, id=made["id"]) == before


def test_a_workbook_and_gas_by_the_day(kept: dict[str, Any], publish: Callable[..., dict[str, Any]], partner: dict[str, Any]) -> None:
    dataset = publish(name="gaz-de-la-rue", access_level="open")
    made = call("tzc_meter_group_create", partner["editor"], dataset=dataset["id"], title="Gaz de la rue", about="Le gaz de la rue, jour par jour.", until=homes.UNTIL, energy="gas")
    for place in range(10):
        user = resident()
        one = meter(user, place, "group", made["id"], energy="gas")
        text = f"N° PCE;Date de relevé;Energie consommée (kWh)\n{homes.number(place)};05/01/2026;{10 + place},5\n{homes.number(place)};06/01/2026;20\n"
        assert call("tzc_meter_upload", user, id=one["id"], upload=text)["new"] == 2
        assert [(day["day"], day["hours"]) for day in call("tzc_meter_curve", user, id=one["id"])["days"]] == [("2026-01-05", 24.0), ("2026-01-06", 24.0)]
    follow()
    assert [value for _time, value in sums(made["id"])] == [150.0, 200.0]
    with pytest.raises(tk.ValidationError) as caught:
        meter(resident(), 40, "group", made["id"])
    assert list(caught.value.error_dict) == ["group"], "an electricity meter counts in no sum of gas"


def test_a_street_within_a_town(group: dict[str, Any], publish: Callable[..., dict[str, Any]], partner: dict[str, Any]) -> None:
    """The town is the street with one house more: both together would tell that house. The one that was first is out."""
    dataset = publish(name="toute-la-ville", access_level="open")
    town = call("tzc_meter_group_create", partner["editor"], dataset=dataset["id"], title="Toute la ville", about="La somme de toute la ville.", until=homes.UNTIL)
    for place in range(10):
        user, made = with_curve(place, group["id"])
        call("tzc_consent_give", user, meter=made["id"], purpose="group", group=town["id"], until=homes.UNTIL, version=VERSION, accept=True)
    user, _made = with_curve(11, town["id"])
    follow()
    assert sorted((len(sums(group["id"])), len(sums(town["id"])))) == [0, 48]
    for place in range(20, 29):
        with_curve(place, town["id"])
    follow()
    assert len(sums(group["id"])) + len(sums(town["id"])) == 96, "with ten more houses than the street, both may be out"


def test_hours_wait_until_most_values_are_there(group: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for place in range(10):
        with_curve(place, group["id"])
    monkeypatch.setitem(tk.config, "tzc.sensors.group_lag_days", 5000)
    follow()
    assert sums(group["id"]) == []


def test_the_pages_of_a_group(app: Any, group: dict[str, Any], partner: dict[str, Any]) -> None:
    editor = factories.User(password=PASSWORD)["name"]
    tk.get_action("organization_member_create")({"ignore_auth": True, "user": factories.Sysadmin()["name"]}, {"id": partner["id"], "username": editor, "role": "editor"})
    person = Person(app, editor)
    text = person.visit("/dataset/groupes/consommation-de-la-rue")
    assert "Rue des Peupliers" in text and "2020-196" in text
    person.send(("act", "make"), form=1, status=400, title="", about="court", until="hier")
    assert set(person.faults()) == {"field-title", "field-about", "field-until"}
    person.send(("act", "make"), form=1, title="Quartier", about="Pour savoir quand le quartier consomme.", until=homes.UNTIL)
    person.send(("act", "close"), form=0)
    assert [one["open"] for one in call("tzc_meter_group_list", editor, dataset=group["dataset"])] == [False, True]
    assert [one["title"] for one in call("tzc_meter_group_list", resident())] == ["Quartier"]
    outsider = resident()
    for dataset in ("consommation-de-la-rue", "courbes-des-habitants"):
        with pytest.raises((tk.NotAuthorized, tk.ObjectNotFound)):
            call("tzc_meter_group_list", outsider, dataset=dataset)
    with pytest.raises(tk.ObjectNotFound):
        call("tzc_meter_group_update", outsider, id=group["id"], open=True)
    Person(app, outsider).visit("/dataset/groupes/consommation-de-la-rue", 403)


def test_what_was_moved_to_the_lake_goes_too(group: dict[str, Any], tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Months of long ago lie in files: the curve's are written anew without it, and sums that are taken down come back first."""
    from ckanext.tzc.sensors import downloads, months, reading
    from ckanext.tzc.sensors.lake import engines, moving
    from tzc.sensors.partitions import Month

    model.Session.rollback()
    months.drop(Month(2026, 1))
    monkeypatch.setitem(tk.config, "tzc.sensors.lake", str(tmp_path / "lake"))
    monkeypatch.setitem(tk.config, "tzc.sensors.months_kept", 2)
    people = [with_curve(place, group["id"]) for place in range(10)]
    follow()
    settle()
    user, made = people[0]
    stream = call("tzc_meter_list", user)[0]["streams"][0]["id"]
    model.Session.rollback()
    moving.move()
    files = list((tmp_path / "lake").rglob("*.parquet"))
    assert files and homes.rows_of([stream]).get("observation") is None, "the month is in the lake"
    public = model.Session.execute(sa.text("SELECT stream FROM tzc_sensors_group WHERE id = :id"), {"id": group["id"]}).scalar()
    assert len(reading.raw([stream], 0, 2**62)) == 96 and len(reading.raw([public], 0, 2**62)) == 48
    assert call("tzc_meter_curve", user, id=made["id"])["kwh"] == 24.0
    model.Session.rollback()
    call("tzc_meter_remove", user, id=made["id"])
    assert len(reading.raw([stream], 0, 2**62)) == 0 and len(reading.raw([public], 0, 2**62)) == 0
    assert not downloads.files_of(model.Package.get("consommation-de-la-rue").id), "a file with sums that were taken down is given to nobody"
    connection = engines.connect()
    begins, ends = (dt.datetime(year, 1, 1, tzinfo=dt.timezone.utc) for year in (2020, 2030))
    assert len(engines.arrow(engines.observations(connection, [public], begins, ends), connection)) == 0
    import pyarrow.parquet as pq

    left = [number for file in (tmp_path / "lake").rglob("*.parquet") for number in pq.read_table(file, columns=["stream"]).column("stream").to_pylist()]
    assert stream not in left
    other = call("tzc_meter_list", people[1][0])[0]["streams"][0]["id"]
    assert len(reading.raw([other], 0, 2**62)) == 96, "the others' are there"


def test_a_delivery_point_is_the_same_whoever_brought_it(group: dict[str, Any], publish: Callable[..., dict[str, Any]], partner: dict[str, Any]) -> None:
    """Of eleven homes both of a couple keep the meter: his is in one group, hers in another without one home. The difference of the two sums would be that home's curve."""
    dataset = publish(name="consommation-du-quartier", access_level="open")
    other = call("tzc_meter_group_create", partner["editor"], dataset=dataset["name"], title="Quartier", about="Pour savoir quand le quartier consomme.", until=homes.UNTIL)
    for place in range(11):
        with_curve(place, group["id"])
    for place in range(10):
        with_curve(place, other["id"])
    follow()
    assert len(sums(group["id"])) == 48 and sums(other["id"]) == []
    told = call("tzc_meter_group_list", partner["editor"], dataset=dataset["name"])[0]
    assert (told["meters"], told["released"], told["hidden"]) == (10, 0, {"difference": 48})


def test_the_map_is_of_the_territory_and_not_of_ones_home(app: Any, kept: dict[str, Any]) -> None:
    user = resident()
    made = meter(user, 1)
    call("tzc_meter_upload", user, id=made["id"], upload=homes.curve(1).decode())
    person = Person(app, user)
    person.visit("/capteurs")
    said = person.page.xpath("string(//main)")
    assert "consumption" not in said and "Meter" not in said, "it has its own page; and the dataset that it would lead to is hidden"
    assert not person.page.xpath("//main//a[contains(@href, '/capteurs/sante')]"), "who looks after no source has none to look at"
    token = tk.get_action("api_token_create")({"user": user}, {"user": user, "name": "x"})["token"]
    assert contextvars.Context().run(lambda: app.get("/capteurs.geojson", headers={"Authorization": token})).json["features"] == []
    assert call("tzc_sensor_stream_list", user, property="electric_power")["count"] == 1, "to programs of one's own it is told"


def test_meters_are_no_sources_that_operators_watch(kept: dict[str, Any]) -> None:
    from ckanext.tzc.sensors import measuring

    meter(resident(), 1)
    assert measuring.numbers()["sources"] == []


def test_a_meters_number_is_taken_as_it_is_told(app: Any, kept: dict[str, Any]) -> None:
    """By a program that sends back the `id` that it was given, a number of JSON."""
    user = resident()
    made = meter(user, 1)
    token = tk.get_action("api_token_create")({"user": user}, {"user": user, "name": "x"})["token"]
    for action, more in (("tzc_meter_upload", {"upload": homes.curve(1).decode()}), ("tzc_meter_curve", {}), ("tzc_meter_remove", {})):
        asked = {"json": {"id": made["id"], **more}, "headers": {"Authorization": token}}
        answer = contextvars.Context().run(lambda asked=asked, action=action: app.post(f"/api/3/action/{action}", **asked))
        assert answer.json["success"] is True, answer.json
