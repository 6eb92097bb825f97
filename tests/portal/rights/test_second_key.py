"""Where two keys are needed the page says who can turn the second, or that nobody can yet and what to do."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import pytest
from ckan.tests import factories

from tests.people import PASSWORD, Person

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

NOBODY = "Nobody else can turn the second key yet."


def keys(person: Person, request: dict[str, Any]) -> str:
    person.visit(f"/en/demandes/{request['id']}")
    return " ".join(person.page.xpath("string(//dt[normalize-space()='Two keys']/following-sibling::dd[1])").split())


@pytest.fixture
def alone(scene: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """The one administrator of the portal, who has both keys of the port: nobody has a duty there."""
    from ckanext.tzc.common import duties

    name = str(factories.Sysadmin(password=PASSWORD, fullname="Une Seule")["name"])
    monkeypatch.setattr(duties, "administrator_accounts", lambda: [model.User.get(name)])
    answer = duties._answer[-1]
    duties.answered_by(lambda partner, duty: duties.administrators() if partner == scene.port["id"] else answer(partner, duty))
    return name


def test_an_administrator_alone_reads_what_to_do(scene: Any, app: Any, alone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from ckanext.tzc.common import duties

    request = scene.ask(scene.ships)
    person = Person(app, alone)
    assert NOBODY in keys(person, request) and "Roles" in keys(person, request)
    scene.move(alone, request, "take_up")
    scene.move(alone, request, "approve")
    assert NOBODY in keys(person, request)
    # a second one is named
    other = str(factories.Sysadmin(password=PASSWORD, fullname="Un Autre")["name"])
    monkeypatch.setattr(duties, "administrator_accounts", lambda: [model.User.get(alone), model.User.get(other)])
    assert keys(person, request).endswith("the other one can be turned by Un Autre")
    # of who decides; who asked reads it nowhere
    assert scene.call("tzc_request_show", scene.citizen, id=request["id"])["parts"][0]["second"] is None
    assert scene.move(other, request, "approve")["parts"][0]["state"] == "granted"


def test_the_officer_is_named_once_the_first_key_is_turned(scene: Any, app: Any) -> None:
    request = scene.ask(scene.ships)
    person = Person(app, scene.port["decider"])
    assert NOBODY not in keys(person, request)
    scene.move(scene.port["decider"], request, "take_up")
    scene.move(scene.port["decider"], request, "approve")
    officer = model.User.get(scene.port["officer"]).display_name
    assert keys(person, request).endswith(f"the other one can be turned by {officer}")
