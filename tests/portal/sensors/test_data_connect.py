"""Meters that are connected by Data Connect, before a server that speaks it (its form of 2026)."""
from __future__ import annotations

import datetime as dt
import json
import urllib.parse
from collections.abc import Callable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
import sqlalchemy as sa
from ckan.tests import factories

from tests.people import PASSWORD, Person
from tests.portal.sensors import homes
from tests.sites import Asked, Reply, Site, served

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

NUMBER, AUTHORISATION = homes.number(3), "987654321"


def today() -> dt.date:
    """By the territory's clock."""
    return dt.datetime.now(ZoneInfo("Europe/Paris")).date()


class Operator:
    """The grid operator: tokens that end, an authorisation, half-hours of each day that is asked for."""

    def __init__(self, site: Site) -> None:
        self.site, self.tokens, self.refuse_once, self.status = site, 0, False, 200
        self.windows: list[tuple[str, str]] = []
        self.revoked: list[str] = []
        self.since = today().isoformat()
        site.answer = self.answer

    def answer(self, asked: Asked) -> Reply:
        if asked.path == "/oauth2/v3/token":
            form = dict(urllib.parse.parse_qsl(asked.body.decode()))
            assert form == {"grant_type": "client_credentials", "client_id": "le-portail", "client_secret": "un-secret"}
            self.tokens += 1
            return _json({"access_token": f"jeton-{self.tokens}", "expires_in": 12600, "token_type": "Bearer"})
        if asked.headers.get("Authorization") != f"Bearer jeton-{self.tokens}" or self.refuse_once:
            self.refuse_once = False
            return Reply(b"", 401)
        if asked.path == "/subscribed_services/v1":
            said = json.loads(asked.body)
            services = [{"pointId": NUMBER, "etatCode": "ACTIF", **({"dateDebut": self.since} if self.since else {})}] * 2 if said["autorisationId"] == int(AUTHORISATION) else None
            return _json({"nbTotalServices": 2, "serviceSouscrit": services})
        if asked.path == "/revoke":
            self.revoked.append(json.loads(asked.body)["autorisationId"])
            return _json({})
        assert asked.path == "/mesure_synchrone_auto/v2/courbe_de_charge_consommation" and asked.question["pointId"] == NUMBER
        if self.status != 200:
            return Reply(b"", self.status)
        first, until = asked.question["dateDebut"], asked.question["dateFin"]
        self.windows.append((first, until))
        points, day = [], dt.date.fromisoformat(first)
        while day < dt.date.fromisoformat(until):
            clocks = (dt.datetime.combine(day, dt.time(12)) + dt.timedelta(minutes=30 * half) for half in (0, 1))
            points += [{"v": "2510", "d": clock.isoformat(" "), "p": "PT30M", "n": "B", "iv": "0", "ec": "0"} for clock in clocks]
            day += dt.timedelta(days=1)
        return _json({"idPrm": NUMBER, "etapeMetier": "BRUT", "grandeur": [{"grandeurMetier": "CONS", "grandeurPhysique": "PA", "unite": "W", "points": points}]})


def _json(said: object) -> Reply:
    return Reply(json.dumps(said).encode(), headers={"Content-Type": "application/json"})


@pytest.fixture
def operator(publish: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> Iterator[Operator]:
    made = publish(name="courbes-des-habitants", access_level="confidential")
    with served() as site:
        settings = {
            "tzc.sensors.homes": made["name"], "tzc.sensors.secret": "un-secret-de-trente-deux-lettres-ou-plus", "tzc.data_connect.client": "le-portail", "tzc.data_connect.secret": "un-secret",
            "tzc.data_connect.api": site.address, "tzc.data_connect.authorize": f"{site.address}/authorize", "tzc.data_connect.first_days": 16, "tzc.data_connect.revoke": "/revoke",
        }  # fmt: skip
        for name, value in settings.items():
            monkeypatch.setitem(tk.config, name, value)
        yield Operator(site)


def call(action: str, user: str, /, **data: Any) -> Any:
    return tk.get_action(action)({"user": user}, data)


def begun(user: str, **more: Any) -> str:
    """The state with which one comes back."""
    address = call("tzc_meter_connect", user, **{"purpose": "own", "until": homes.UNTIL, "version": "2026-11", "accept": True, "label": "Chez moi", **more})["address"]
    question = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))
    assert set(question) == {"client_id", "response_type", "state", "duration"} and question["duration"] == "P1095D" and 32 <= len(question["state"]) <= 100
    return question["state"]


def pulled() -> int:
    from ckanext.tzc.sensors.homes import connecting

    return connecting.pull_all(connecting.Grid(pause=lambda _seconds: None))


def test_from_the_page_to_the_curve_and_back(app: Any, operator: Operator) -> None:
    name = factories.User(password=PASSWORD)["name"]
    person = Person(app, name)
    person.visit("/compte/compteurs")
    form = {"purpose": "own", "until": homes.UNTIL, "version-own": "2026-11", "accept": "true", "label": "Chez moi", "act": "connect"}
    answer = person.post("/compte/compteurs", data={**form, **dict(person.page.xpath("//main//form[@method='post']")[0].form_values()[:0])}, follow_redirects=False)
    if answer.status_code != 302:  # the form's own guard against forgery
        token = person.page.xpath("//main//form[@method='post']//input[@name='_csrf_token']/@value")[0]
        answer = person.post("/compte/compteurs", data={**form, "_csrf_token": token}, follow_redirects=False)
    assert answer.status_code == 302 and answer.headers["Location"].startswith(f"{operator.site.address}/authorize?")
    state = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(answer.headers["Location"]).query))["state"]
    person.visit(f"/compte/compteurs/retour?autorisation_id={AUTHORISATION}&state={state}")
    assert call("tzc_meter_list", name) == [], "a visit changes nothing"
    person.send(("act", "finish"))
    assert "Chez moi" in person.page.xpath("string(//h1)")
    person.visit(f"/compte/compteurs/retour?autorisation_id={AUTHORISATION}&state={state}")
    person.send(("act", "finish"), status=404)
    assert homes.traces([NUMBER, AUTHORISATION, state]) == [], "the number and the authorisation are sealed, the state a hash"

    assert pulled() == 3
    starts = [today() - dt.timedelta(days=days) for days in (16, 9, 2)]
    assert operator.windows == [(first.isoformat(), min(first + dt.timedelta(days=7), today()).isoformat()) for first in starts]
    made = call("tzc_meter_list", name)[0]
    assert made["streams"][0]["observations"] == 32 and made["connected"] and made["trouble"] is None
    assert pulled() == 1 and operator.windows[-1] == ((today() - dt.timedelta(days=2)).isoformat(), today().isoformat()), "what may be corrected is asked for again"
    assert call("tzc_meter_list", name)[0]["streams"][0]["observations"] == 32
    assert homes.traces([NUMBER, AUTHORISATION]) == []

    call("tzc_meter_remove", name, id=made["id"])
    assert operator.revoked == [AUTHORISATION]
    asked = len(operator.windows)
    assert pulled() == 0 and len(operator.windows) == asked, "nothing is asked for any more"
    assert model.Session.execute(sa.text("SELECT count(*) FROM tzc_sensors_observation")).scalar() == 0


def connected(user: str) -> dict[str, Any]:
    made: dict[str, Any] = call("tzc_meter_connected", user, state=begun(user), autorisation_id=AUTHORISATION)
    return made


@pytest.mark.parametrize("since", ["yesterday", "", "hier"])
def test_an_authorisation_that_was_given_before_is_anothers(operator: Operator, since: str) -> None:
    """Authorisations are numbers: who tries some could hit one that somebody gave to another, or to this portal, last week."""
    user = factories.User()["name"]
    operator.since = (today() - dt.timedelta(days=1)).isoformat() if since == "yesterday" else since
    with pytest.raises(tk.ValidationError) as caught:
        connected(user)
    assert list(caught.value.error_dict) == ["state"] and call("tzc_meter_list", user) == []
    operator.since = f"{today().isoformat()}T08:00:00.000+01:00"
    assert connected(user)["connected"]


def test_a_token_that_is_refused_is_had_anew(operator: Operator) -> None:
    user = factories.User()["name"]
    connected(user)
    tokens, operator.refuse_once = operator.tokens, True
    assert pulled() == 3 and operator.tokens == tokens + 2


@pytest.mark.parametrize(("status", "trouble"), [(403, "refused"), (500, "server_error"), (404, None)])
def test_trouble_is_told_and_goes(operator: Operator, status: int, trouble: str | None) -> None:
    user = factories.User()["name"]
    connected(user)
    operator.status = status
    assert pulled() == 0
    assert call("tzc_meter_list", user)[0]["trouble"] == trouble
    operator.status = 200
    assert pulled() == (3 if trouble else 1) and call("tzc_meter_list", user)[0]["trouble"] is None


def test_not_more_than_a_thousand_an_hour(operator: Operator) -> None:
    from ckanext.tzc.sensors.homes import connecting

    user = factories.User()["name"]
    connected(user)
    model.Session.execute(sa.text("UPDATE tzc_sensors_asked SET count = 998"))
    model.Session.commit()
    before = len(operator.site.asked)
    assert pulled() == 1, "a token, and one window"
    assert len(operator.site.asked) == before + 2
    with pytest.raises(connecting.HourError):
        connecting.Grid(pause=lambda _seconds: None).ask("GET", "/x")
    assert model.Session.execute(sa.text("SELECT count FROM tzc_sensors_asked")).scalar() == 1000
    model.Session.execute(sa.text("DELETE FROM tzc_sensors_asked"))
    model.Session.commit()
    assert pulled() == 2, "in the next hour it goes on where it was"


def test_five_a_second(operator: Operator) -> None:
    from ckanext.tzc.sensors.homes import connecting

    waits: list[float] = []
    grid = connecting.Grid(pause=waits.append)
    for _ in range(3):
        grid.ask("POST", "/subscribed_services/v1", json.dumps({"autorisationId": 1}).encode())
    # a token and three questions: all but the first wait for their fifth of a second
    assert len(waits) == 4 and waits[0] == 0.0 and all(0.0 <= wait <= 0.2 for wait in waits)
    assert sum(waits) > 0.3


def test_what_comes_back_wrongly(operator: Operator) -> None:
    user, other = factories.User()["name"], factories.User()["name"]
    state = begun(user)
    for person, given in ((other, state), (user, "x"), (user, ""), ("", state)):
        with pytest.raises((tk.ObjectNotFound, tk.NotAuthorized)):
            call("tzc_meter_connected", person, state=given, autorisation_id=AUTHORISATION)
    for authorisation in ("11", "../../etc", "", "9" * 40):
        with pytest.raises(tk.ValidationError):
            call("tzc_meter_connected", user, state=state, autorisation_id=authorisation)
    assert call("tzc_meter_list", user) == []
    model.Session.execute(sa.text("UPDATE tzc_sensors_pending SET made = now() - interval '2 hours'"))
    model.Session.commit()
    with pytest.raises(tk.ObjectNotFound):
        call("tzc_meter_connected", user, state=state, autorisation_id=AUTHORISATION)
    with pytest.raises(tk.ValidationError):
        call("tzc_meter_connected", user, state=begun(user), usage_point_id=NUMBER)


def test_an_authorisation_is_of_one_person(operator: Operator) -> None:
    """What comes back comes by the browser, where anything can be written: with the number of another's authorisation one would be given the other's curve."""
    owner, other = factories.User()["name"], factories.User()["name"]
    connected(owner)
    for written in (AUTHORISATION, f"0{AUTHORISATION}"):
        with pytest.raises(tk.ValidationError):
            call("tzc_meter_connected", other, state=begun(other), autorisation_id=written)
    assert call("tzc_meter_list", other) == []
    assert connected(owner)["connected"], "who has it may connect it anew"


def test_numbers_of_authorisations_are_not_tried_one_after_another(operator: Operator) -> None:
    """Each try asks the operator, too, who may be asked a thousand times an hour for everybody."""
    from ckanext.tzc.sensors.homes import connecting, following

    user = factories.User()["name"]
    states = [begun(user) for _ in range(connecting.MOST_PENDING)]
    with pytest.raises(tk.ValidationError):
        begun(user)
    for guess in range(connecting.MOST_TRIES):
        with pytest.raises(tk.ValidationError):
            call("tzc_meter_connected", user, state=states[0], autorisation_id=str(guess))
    asked = len(operator.site.asked)
    with pytest.raises(tk.ObjectNotFound):
        call("tzc_meter_connected", user, state=states[0], autorisation_id=AUTHORISATION)
    assert len(operator.site.asked) == asked
    model.Session.execute(sa.text("UPDATE tzc_sensors_pending SET made = now() - interval '2 hours'"))
    model.Session.commit()
    following.follow()
    assert model.Session.execute(sa.text("SELECT count(*) FROM tzc_sensors_pending")).scalar() == 0, "what was filled in is not kept longer than it is of use"


def test_nobody_connects_without_consent_or_where_it_is_closed(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    user = factories.User()["name"]
    with pytest.raises(tk.ValidationError):
        begun(user, accept=False)
    monkeypatch.setitem(tk.config, "tzc.data_connect.client", "")
    with pytest.raises(tk.ObjectNotFound):
        begun(user)
    assert pulled() == 0 and operator.site.asked == []


def test_what_is_sealed_is_sealed_anew_when_keys_change(operator: Operator) -> None:
    from ckanext.tzc.common import sealed
    from ckanext.tzc.feeding import credentials

    user = factories.User()["name"]
    made = connected(user)
    before = bytes(model.Session.execute(sa.text("SELECT sealed FROM tzc_sensors_meter")).scalar_one())
    assert credentials.rotate() == (1, [])
    model.Session.commit()
    after = bytes(model.Session.execute(sa.text("SELECT sealed FROM tzc_sensors_meter")).scalar_one())
    assert before != after and sealed.unseal(after, "meter", str(made["id"])) == {"number": NUMBER, "authorisation": AUTHORISATION}
    with pytest.raises(sealed.SealedError):
        sealed.unseal(after, "meter", "another")
    assert pulled() == 3
