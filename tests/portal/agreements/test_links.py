"""Links for one recipient: so often, until a day, recorded; looked at they count nothing, and two at once never have more than were left."""
from __future__ import annotations

import contextvars
import json
import re
import threading
from datetime import timedelta
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
import sqlalchemy as sa
from ckanext.tzc.accounts import mail
from ckanext.tzc.agreements import citing, linking, offers, store
from ckanext.tzc.audit import store as audit
from ckanext.tzc.common import duties
from werkzeug.test import Client

from tests.people import Person
from tests.portal.agreements.test_frozen import CONTENT, OTHER, put

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


@pytest.fixture
def made(scene: Any) -> dict[str, Any]:
    """A link that the decider made, for two downloads."""
    return link(scene, put(scene, CONTENT)["id"])


def link(scene: Any, file: str, **fields: Any) -> dict[str, Any]:
    wanted = {"file": file, "email": "jeanne@example.org", "days": 7, "count": 2, **fields}
    user = wanted.pop("user", scene.town["decider"])
    found: dict[str, Any] = scene.call("tzc_link_create", user, **wanted)
    return found


class Recipient(Client):
    """Somebody without an account."""

    def __init__(self, app: Any) -> None:
        super().__init__(app.app)
        self.site = tk.config["ckan.site_url"]

    def open(self, *arguments: Any, **named: Any) -> Any:
        """One request, which shares nothing with the test's own."""
        if arguments and isinstance(arguments[0], str):
            named["base_url"] = self.site
        return contextvars.Context().run(super().open, *arguments, **named)

    def press(self, path: str) -> Any:
        """Open the page and press the button, if there is one."""
        page = self.get(path)
        token = re.search(r'name="_csrf_token"[^>]*value="([^"]+)"', page.text)
        return self.post(path, data={"_csrf_token": token.group(1) if token else ""})


def path(made: dict[str, Any]) -> str:
    return str(made["url"]).removeprefix(tk.config["ckan.site_url"])


def left() -> int:
    model.Session.rollback()
    return int(model.Session.query(offers.Link.left).scalar())


def test_looked_at_it_counts_nothing_and_pressed_it_counts(scene: Any, app: Any, made: dict[str, Any]) -> None:
    someone = Recipient(app)
    for _ in range(3):
        page = someone.get(path(made))
        assert page.status_code == 200 and "Rues" in page.text and "rue de la Paix" not in page.text
        assert page.headers["Cache-Control"] == "private, no-store" and page.headers["Referrer-Policy"] == "no-referrer" and page.headers["X-Robots-Tag"] == "noindex"
    someone.head(path(made))
    assert left() == 2
    put(scene, OTHER, made["file"])
    for count in (1, 0):
        answer = someone.press(path(made))
        assert answer.status_code == 200 and answer.get_data() == CONTENT and "attachment" in answer.headers["Content-Disposition"]
        assert answer.headers["Cache-Control"] == "private, no-store" and left() == count
    assert someone.get(path(made)).status_code == 410
    assert someone.press(path(made)).status_code in (400, 410) and left() == 0
    rows = [json.loads(row.content) for row in model.Session.query(audit.Entry).filter_by(kind="data.downloaded", dataset=scene.streets["id"])]
    assert [(row["by"], row["about"]["link"], row["content"]["recipient"], row["content"]["bytes"]) for row in rows] == [("", made["id"], "jeanne@example.org", len(CONTENT))] * 2
    assert "jeanne@example.org" in Person(app, scene.town["decider"]).visit(f"/journal?dataset={scene.streets['name']}")
    secret = made["url"].rsplit("/", 1)[1]
    assert not [row for row in model.Session.query(audit.Entry) if secret in row.content]


def test_two_at_once_never_have_more_than_were_left(scene: Any, made: dict[str, Any], loaded_app: Any) -> None:
    secret, answers = made["url"].rsplit("/", 1)[1], []
    gate = threading.Barrier(6)

    def press() -> None:
        with loaded_app.flask_app.test_request_context():
            gate.wait()
            answer, _why = linking.take(secret)
            answers.append(answer is not None)
            if answer is not None:
                answer.close()
            model.Session.remove()

    threads = [threading.Thread(target=contextvars.Context().run, args=(press,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [False] * 4 + [True] * 2 and left() == 0


def test_it_ends_at_the_second_and_when_it_is_withdrawn(scene: Any, app: Any, made: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    someone, until = Recipient(app), store.now() + timedelta(days=7)
    with monkeypatch.context() as later:
        later.setattr(store, "now", lambda: until - timedelta(seconds=60))
        assert someone.get(path(made)).status_code == 200
        later.setattr(store, "now", lambda: until)
        assert someone.get(path(made)).status_code == 410 and linking.take(made["url"].rsplit("/", 1)[1])[0] is None
    page = someone.get(path(made))
    token = re.search(r'name="_csrf_token"[^>]*value="([^"]+)"', page.text)
    scene.call("tzc_link_revoke", scene.town["second"], id=made["id"])
    assert someone.post(path(made), data={"_csrf_token": token.group(1) if token else ""}).status_code == 410 and left() == 2
    assert [one.kind for one in scene.told if one.kind.startswith("link.")] == ["link.created", "link.revoked"]


def test_what_the_partner_closes_is_closed(scene: Any, made: dict[str, Any]) -> None:
    secret, decider = made["url"].rsplit("/", 1)[1], {"user": scene.town["decider"]}
    for closed, opened in (({"access_level": "confidential"}, {"access_level": "restricted"}), ({"personal_data": "personal"}, {"personal_data": "none"})):
        tk.get_action("package_patch")(dict(decider), {"id": scene.streets["id"], **closed})
        assert linking.take(secret)[0] is None, closed
        tk.get_action("package_patch")(dict(decider), {"id": scene.streets["id"], **opened})
    answer, _why = linking.take(secret)
    assert answer is not None
    tk.get_action("resource_delete")(dict(decider), {"id": made["file"]})
    assert linking.take(secret)[0] is None and left() == 1


def test_data_that_concern_persons_or_are_confidential_have_none(scene: Any, publish: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [
        ("confidential", "sensitive", "Confidential"), ("restricted", "sensitive", "persons"), ("restricted", "personal", "persons"), ("confidential", "none", "Confidential"),
        ("open", "none", "Open data need no link"),
    ]  # fmt: skip
    monkeypatch.setattr(linking.tk, "_", str)
    for level, persons, words in cases:
        file = put(scene, CONTENT, dataset=publish(access_level=level, personal_data=persons))
        with pytest.raises(tk.ValidationError) as caught:
            link(scene, file["id"])
        assert list(caught.value.error_dict) == ["file"] and words in caught.value.error_dict["file"][0], (level, persons)
    with pytest.raises(tk.ValidationError):
        link(scene, scene.streets["resources"][0]["id"])
    assert model.Session.query(offers.Link).count() == 0


def test_only_who_decides(scene: Any, made: dict[str, Any]) -> None:
    for name in (scene.citizen, scene.port["decider"], scene.town["editor"]):
        with pytest.raises(tk.ObjectNotFound):
            link(scene, made["file"], user=name)
        with pytest.raises(tk.ObjectNotFound):
            scene.call("tzc_link_revoke", name, id=made["id"])
        with pytest.raises(tk.ObjectNotFound):
            scene.call("tzc_link_list", name, dataset=scene.streets["name"])
    (one,) = scene.call("tzc_link_list", scene.town["second"], dataset=scene.streets["name"])
    assert one["email"] == "jeanne@example.org" and "url" not in one and made["url"].rsplit("/", 1)[1] not in str(one)
    for fields in ({"count": 21}, {"count": 0}, {"days": 91}, {"days": "x"}, {"email": "x"}):
        with pytest.raises(tk.ValidationError) as caught:
            link(scene, made["file"], **fields)
        assert list(caught.value.error_dict) == list(fields)


def test_the_recipient_is_mailed_and_no_other_room_learns_the_address(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tk.config, "tzc.mail.url", "smtp://127.0.0.1:1")
    made = link(scene, put(scene, CONTENT)["id"])
    (row,) = model.Session.query(mail.Mail).filter_by(recipient="jeanne@example.org")
    assert made["url"] in row.body
    # until when, as people write it, with the hour
    assert tk.h.tzc_moment(made["until"], clock=True) in row.body and made["until"][:10] not in row.body
    assert all(made["url"] not in f"{one.path}{one.content}{one.mail}" for one in scene.told)


def test_bytes_stay_as_long_as_a_link_gives_them(scene: Any, made: dict[str, Any]) -> None:
    assert citing.forget() == 0
    scene.call("tzc_link_revoke", scene.town["decider"], id=made["id"])
    assert citing.forget() == 1


def test_what_cannot_be_recorded_is_neither_given_nor_counted(made: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: Any) -> None:
        raise sa.exc.OperationalError("INSERT", {}, Exception("the database is away"))

    with monkeypatch.context() as away:
        away.setattr(audit, "add", broken)
        with pytest.raises(sa.exc.OperationalError):
            linking.take(made["url"].rsplit("/", 1)[1])
    assert left() == 2


def test_made_shown_once_and_withdrawn_on_the_page(scene: Any, app: Any) -> None:
    file = put(scene, CONTENT)
    decider = Person(app, scene.town["decider"])
    decider.visit(f"/dataset/partage/{scene.streets['name']}")
    decider.send(button=("act", "link"), form=1, status=400, file=file["id"], email="x", days="5", count="1")
    assert "field-link-email" in decider.faults()
    decider.send(button=("act", "link"), form=1, email="jeanne@example.org")
    url = decider.page.xpath("//*[@id='link-url']/text()")[0]
    assert url not in decider.visit(f"/dataset/partage/{scene.streets['name']}")
    someone = Recipient(app)
    assert someone.press(url.removeprefix(tk.config["ckan.site_url"])).get_data() == CONTENT
    for odd in ("x", "%00", url.rsplit("/", 1)[1] + "x"):
        assert someone.get(f"/liens/{odd}").status_code == 404


def test_a_decider_from_elsewhere_chooses_the_file_by_its_name_and_is_led_to_no_closed_page(scene: Any, app: Any) -> None:
    file, outsider = put(scene, CONTENT), tk.get_action("user_show")({"ignore_auth": True}, {"id": scene.other})["id"]
    before = duties._answer[-1]
    duties.answered_by(lambda of, duty: frozenset({outsider}) if (of, duty) == (scene.town["id"], duties.DECIDER) else before(of, duty))
    page = f"/dataset/partage/{scene.streets['name']}"
    decider = Person(app, scene.other)
    assert "/resource/" not in decider.visit(page)
    assert [(one.get("value"), one.text) for one in decider.page.xpath("//select[@name='file']/option")] == [(file["id"], "Comptages")]
    tabs = decider.page.xpath("//*[contains(@class,'tzc-tabs')]//a/@href")
    assert page in tabs[-1]
    for tab in tabs:
        decider.visit(tab)
    decider.visit(page)
    decider.send(button=("act", "link"), form=1, email="jeanne@example.org", days="5", count="1")
    assert model.Session.query(offers.Link.file).all() == [(file["id"],)]
    # whoever edits has all of them
    editor = Person(app, scene.town["decider"])
    duties.answered_by(before)
    editor.visit(page)
    assert len(editor.page.xpath("//*[contains(@class,'tzc-tabs')]//a")) > 3


def test_addresses_of_recipients_are_not_kept_for_ever(scene: Any, made: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    fields = {"dataset": scene.streets["name"], "purpose": "research", "words": "Une étude.", "days": 5}
    scene.call("tzc_invitation_create", scene.town["decider"], email="jeanne@example.org", **fields)
    accepted = scene.call("tzc_invitation_create", scene.town["decider"], account=scene.citizen, **fields)
    terms = [one["hash"] for one in scene.call("tzc_request_terms", scene.citizen, datasets=[scene.streets["name"]])["terms"]]
    scene.call("tzc_invitation_accept", scene.citizen, id=accepted["id"], terms=terms)
    now = store.now()
    for days, links, invitations in ((300, 1, 2), (373, 0, 2), (400, 0, 1)):
        monkeypatch.setattr(store, "now", lambda days=days: now + timedelta(days=days))
        citing.forget()
        assert (model.Session.query(offers.Link).count(), model.Session.query(offers.Invitation).count()) == (links, invitations), days


@pytest.mark.parametrize(("level", "words"), [("open", "everybody has them"), ("restricted", "no link gives them before")])
def test_under_an_embargo_it_says_until_when(scene: Any, publish: Any, monkeypatch: pytest.MonkeyPatch, level: str, words: str) -> None:
    monkeypatch.setattr(linking.tk, "_", str)
    file = put(scene, CONTENT, dataset=publish(access_level=level, embargo="2099-05-01"))
    with pytest.raises(tk.ValidationError) as caught:
        link(scene, file["id"])
    (told,) = caught.value.error_dict["file"]
    assert words in told and "2099" in told


def test_the_form_is_not_offered_where_no_link_can_be(scene: Any, app: Any, publish: Any) -> None:
    decider = Person(app, scene.town["decider"])
    for fields, offered in (({"personal_data": "personal"}, 0), ({"access_level": "open"}, 0), ({}, 1)):
        dataset = publish(**{"access_level": "restricted", **fields})
        put(scene, CONTENT, dataset=dataset)
        decider.visit(f"/dataset/partage/{dataset['name']}")
        assert len(decider.page.xpath("//button[@name='act'][@value='link']")) == offered and len(decider.page.xpath("//p[@class='tzc-notice']")) == 1 - offered
