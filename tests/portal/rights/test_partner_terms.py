"""A partner's own terms: who sets them, versions, a preview, and two who write at once."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
import pytest

from tests.people import Person

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


def listed(scene: Any, user: str) -> dict[str, Any]:
    found: dict[str, Any] = scene.call("tzc_request_terms_list", user, id=scene.town["name"])
    return found


def test_on_the_page(scene: Any, app: Any) -> None:
    decider, address = Person(app, scene.town["decider"]), f"/organization/conditions/{scene.town['name']}"
    assert address in decider.visit(f"/organization/{scene.town['name']}")
    page = decider.visit(address)
    assert "J'utilise les données" in page or "J&#39;utilise les données" in page
    decider.send(fr="", status=400)
    assert "field-fr" in decider.faults()
    page = decider.send(button=("preview", ""), save=None, fr="**Nos conditions** <script>alert(1)</script>", en="Our terms")
    assert "<strong>Nos conditions</strong>" in page and "<script>alert" not in page and not listed(scene, scene.town["decider"])["own"]
    assert decider.value("fr") == "**Nos conditions** <script>alert(1)</script>" and decider.value("en") == "Our terms"
    decider.send(fr="Nos conditions.")
    now = listed(scene, scene.town["decider"])
    assert now["own"] and now["in_force"]["texts"] == {"fr": "Nos conditions.", "en": "Our terms"} and len(now["versions"]) == 1
    decider.send(fr="Nos conditions.")
    assert len(listed(scene, scene.town["decider"])["versions"]) == 1, "the same text is no new version"
    request = scene.ask()
    assert request["accepted"][0]["hash"] == now["in_force"]["hash"]
    decider.send(fr="D'autres conditions.")
    first = listed(scene, scene.town["decider"])["versions"][-1]
    shown = tk.get_action("user_show")({"ignore_auth": True}, {"id": scene.town["decider"]})
    assert (first["accepted"], first["by"]) == (1, shown["display_name"])
    decider.send(button=("portal", ""))
    now = listed(scene, scene.town["decider"])
    assert not now["own"] and len(now["versions"]) == 3 and now["versions"][0]["texts"] == {}
    assert [one.kind for one in scene.told if one.kind.startswith("terms.")] == ["terms.changed"] * 3


def test_what_was_accepted_is_read_as_it_was(scene: Any, app: Any) -> None:
    for words in ("Nos premières conditions.", "D'autres conditions."):
        scene.call("tzc_request_terms_set", scene.town["decider"], id=scene.town["id"], texts={"fr": words})
        if words.startswith("Nos"):
            request = scene.grant(team=[scene.other])
    (grant,) = scene.call("tzc_grant_list", scene.other)["grants"]
    for name, page in ((scene.citizen, f"/demandes/{request['id']}"), (scene.town["decider"], f"/demandes/{request['id']}"), (scene.other, f"/accords/{grant['id']}")):
        reader = Person(app, name)
        reader.visit(page)
        (link,) = reader.page.xpath("//main//a[contains(@href, '/conditions/')]/@href")
        assert "Nos premières conditions." in reader.visit(link) and "autres conditions" not in reader.page.text_content()
    stranger = Person(app, scene.port["decider"])
    stranger.visit(link, status=404)
    now = listed(scene, scene.town["decider"])["in_force"]["hash"]
    Person(app, scene.citizen).visit(link.rsplit("/", 1)[0] + f"/{now}", status=404)
    assert app.get(link, follow_redirects=False).status_code == 302


def test_two_who_write_at_once(scene: Any, app: Any) -> None:
    one, other = Person(app, scene.town["decider"]), Person(app, scene.town["second"])
    for person in (one, other):
        person.visit(f"/organization/conditions/{scene.town['name']}")
    one.send(fr="Les miennes.")
    page = other.send(fr="Les nôtres.", status=400)
    assert "Les miennes." in page and other.value("fr") == "Les nôtres." and listed(scene, scene.town["decider"])["in_force"]["texts"]["fr"] == "Les miennes."
    other.send()
    assert listed(scene, scene.town["decider"])["in_force"]["texts"]["fr"] == "Les nôtres."


def test_who_sets_them(scene: Any, app: Any) -> None:
    address = f"/organization/conditions/{scene.town['name']}"
    assert app.get(address, follow_redirects=False).status_code == 302
    for user in (scene.citizen, scene.port["decider"]):
        person = Person(app, user)
        person.visit(address, status=403)
        assert address not in person.visit(f"/organization/{scene.town['name']}")
        for action in ("tzc_request_terms_list", "tzc_request_terms_set"):
            with pytest.raises(tk.NotAuthorized):
                scene.call(action, user, id=scene.town["id"], texts={"fr": "x"})
    Person(app, scene.town["decider"]).visit("/organization/conditions/no-such-partner", status=404)


def test_the_legal_duty_sets_them_too(scene: Any, app: Any) -> None:
    from ckanext.tzc.common import duties

    legal, before = tk.get_action("user_show")({"ignore_auth": True}, {"id": scene.other})["id"], duties._answer[-1]
    duties.answered_by(lambda of, duty: frozenset({legal}) if (of, duty) == (scene.town["id"], duties.LEGAL) else before(of, duty))
    lawyer = Person(app, scene.other)
    assert "/organization/conditions/" in lawyer.visit(f"/organization/{scene.town['name']}")
    lawyer.visit(f"/organization/conditions/{scene.town['name']}")
    lawyer.send(fr="Relues.")
    assert listed(scene, scene.other)["in_force"]["texts"] == {"fr": "Relues."}
