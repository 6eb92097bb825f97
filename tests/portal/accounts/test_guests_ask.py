"""A guest asks for data, from the dataset's page to the right."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
import pytest
from ckanext.tzc.accounts import sign_up
from lxml import html

from tests.people import Person
from tests.portal.rights.conftest import scene  # noqa: F401 -- a fixture

from .conftest import Mailbox, Reader
from .test_guests import link, sent

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


def test_from_the_datasets_page_to_the_right(scene: Any, reader: Reader, mailbox: Mailbox, app: Any) -> None:  # noqa: F811 -- the fixture
    wanted = f"/demandes/nouvelle?dataset={scene.streets['name']}"
    assert wanted in reader.get(f"/dataset/{scene.streets['name']}").text
    ways = html.fromstring(reader.get(wanted).text)
    assert ways.xpath("//a[contains(@href,'/user/login')]") and ways.xpath("//input[@name='next']/@value") == [wanted]
    reader.send(wanted, to="/compte/invite", email="jeanne@example.org", next=wanted)
    answer = reader.send(link(sent(mailbox)[-1]), fullname="Jeanne")
    assert answer.headers["Location"].endswith(wanted)
    terms = html.fromstring(reader.get(wanted).text).xpath("//input[@name='terms']/@value")
    answer = reader.send(wanted, datasets=scene.streets["name"], purpose="research", words="Une thèse.", days="30", terms=terms[0], requester=scene.other, save="")
    thread = answer.headers["Location"]
    assert "/demandes/" in thread, answer.text[-2000:]
    guest = sign_up.account_of("jeanne@example.org")
    # who decides sees that it is a guest, and the address
    page = Person(app, scene.town["decider"]).visit(thread.removeprefix(tk.config["ckan.site_url"]))
    assert "jeanne@example.org" in page and "Jeanne" in page
    request = scene.call("tzc_request_show", scene.town["decider"], id=thread.rsplit("/", 1)[1])
    assert request["guest"] == "jeanne@example.org" and request["requester"] == "Jeanne"
    scene.move(scene.town["decider"], request, "take_up")
    scene.move(scene.town["decider"], request, "approve")
    assert "secret-rues" in reader.get(f"/dataset/{scene.streets['name']}").text
    assert tk.get_action("tzc_grant_list")({"user": guest.name}, {})["count"] == 1
    # of who has a password, no address is shown
    other = scene.ask()
    assert scene.call("tzc_request_show", scene.town["decider"], id=other["id"])["guest"] == ""


def test_forms_that_are_sent_by_strangers_do_nothing(scene: Any, reader: Reader, mailbox: Mailbox) -> None:  # noqa: F811 -- the fixture
    assert reader.get("/demandes/").status_code == 200 and "by-mail" in reader.get("/demandes/").text
    answer = reader.post("/demandes/nouvelle", data={"datasets": scene.streets["name"], "words": "x"})
    assert answer.status_code in (302, 400, 403) and not scene.told
