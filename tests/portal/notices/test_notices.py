"""Whoever is concerned learns it, once, in the portal and by mail, whatever is away at the time."""
from __future__ import annotations

import datetime as dt
import os
import re
import signal
import subprocess
import sys
import textwrap
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
import sqlalchemy as sa
from ckan.tests import factories
from ckanext.tzc.accounts import mail
from ckanext.tzc.common.happening import Happening, tell
from ckanext.tzc.notices import jobs, letters, stopping, store

from tests.people import PASSWORD, Person

from .conftest import Mailbox

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


def happened(*told: dict[str, Any], kind: str = "request.granted", **more: Any) -> None:
    """Something happened, and is committed."""
    tell(Happening(kind, **{"by": None, "tell": tuple(user["id"] for user in told), "path": "/demandes/1", **more}))
    model.Session.commit()


def sent(mailbox: Mailbox) -> list[Any]:
    """All mails that came, after both jobs have run."""
    jobs.write_mails()
    mail.send_due()
    return mailbox.mails


def inbox(user: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = tk.get_action("tzc_notices_list")({"user": user["name"]}, {})
    return found


# who is told


def test_who_is_concerned_is_told_but_not_who_did_it(mailbox: Mailbox) -> None:
    one, other, doer, stranger, gone = (factories.User(email=f"{name}@example.org") for name in ("un", "deux", "trois", "quatre", "cinq"))
    model.User.get(gone["id"]).delete()
    model.Session.commit()
    happened(one, other, doer, gone, by=doer["id"], tell=(one["id"], one["id"], other["id"], doer["id"], gone["id"], "no-such-account"))
    assert [inbox(user)["count"] for user in (one, other, doer, stranger)] == [1, 1, 0, 0]
    to = [message["To"].addresses[0] for message in sent(mailbox)]
    assert {(address.display_name, address.addr_spec) for address in to} == {(user["fullname"], user["email"]) for user in (one, other)}
    assert len(sent(mailbox)) == 2, "once each"


def test_what_is_rolled_back_is_told_to_nobody(mailbox: Mailbox) -> None:
    user = factories.User()
    tell(Happening("request.granted", None, tell=(user["id"],), mail=("guest@example.org",)))
    model.Session.rollback()
    assert inbox(user)["count"] == 0 and sent(mailbox) == []


def test_the_job_is_sent_after_the_commit(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("ckanext.tzc.common.one_job.OneJob.send", lambda job: asked.append(job.name))
    user = factories.User()
    asked.clear()
    tell(Happening("request.granted", None, tell=(user["id"],)))
    assert asked == []
    model.Session.commit()
    assert asked == ["notices"]
    letters.write_due(60)
    assert asked == ["notices", "mails"]
    quiet = factories.User()
    tk.get_action("tzc_notices_wish_update")({"user": quiet["name"]}, {"mail": "none"})
    asked.clear()
    happened(quiet)
    assert asked == [], "nothing to send"


def test_an_address_without_an_account_is_written_to(mailbox: Mailbox) -> None:
    happened(kind="request.submitted", mail=("guest@example.org", "guest@example.org"))
    [message] = sent(mailbox)
    assert message["To"] == "guest@example.org" and message["List-Unsubscribe"] is None and "/demandes/1" in message.get_content()
    assert model.Session.query(store.Notice).count() == 0, "nothing of them is kept"


# what a mail says


def test_a_mail(mailbox: Mailbox, publish: Any, partner: dict[str, Any]) -> None:
    made = publish(title="Comptages des vélos")
    user = factories.User(email="jeanne@example.org")
    about = {"request": "r1", "dataset": made["id"], "partner": partner["id"]}
    happened(user, kind="request.granted", about=about, content={"reason": "un secret", "ends": "2027-03-01T22:30:00", "requester": "x"})
    [message] = sent(mailbox)
    text = message.get_content()
    assert message["Subject"].endswith("Comptages des vélos") and "portail@example.org" in message["From"]
    assert "Comptages des vélos" in text and partner["title"] in text and f"{tk.config['ckan.site_url']}/demandes/1" in text
    assert "1 mars 2027" in text, "the day is told where the territory is"
    assert "secret" not in text and "secret" not in str(model.Session.execute(sa.text("SELECT content FROM tzc_notices_notice")).all())
    assert message["Message-ID"] and message["Auto-Submitted"] == "auto-generated" and message["Content-Language"] == "fr"


def test_the_language_is_chosen(mailbox: Mailbox) -> None:
    user = factories.User()
    tk.get_action("tzc_notices_wish_update")({"user": user["name"]}, {"language": "en"})
    happened(user)
    [message] = sent(mailbox)
    assert message["Subject"] == "A request for data was granted" and "Good day," in message.get_content() and message["Content-Language"] == "en"


def test_a_dataset_is_named_to_who_may_see_it(mailbox: Mailbox, publish: Any, partner: dict[str, Any]) -> None:
    hidden = publish(title="Puits de captage", access_level="confidential")
    outsider, insider = factories.User(), {"id": model.User.get(partner["editor"]).id, "name": partner["editor"]}
    happened(outsider, insider, kind="dataset.published", about={"dataset": hidden["id"]}, mail=("guest@example.org",))
    texts = {message["To"].addresses[0].addr_spec: message["Subject"] + message.get_content() for message in sent(mailbox)}
    assert ["Puits" in texts[address] for address in (outsider["email"], model.User.get(partner["editor"]).email, "guest@example.org")] == [False, True, False]
    assert inbox(outsider)["notices"][0]["facts"] == [] and inbox(insider)["notices"][0]["facts"][0]["value"] == "Puits de captage"


@pytest.mark.parametrize("kind", ["request.something_new", "grant.x", "dataset.y", "licence.changed", "x", "a.b.c"])
def test_a_kind_that_nobody_wrote_words_for(mailbox: Mailbox, kind: str) -> None:
    user = factories.User()
    happened(user, kind=kind, path="", about={"dataset": "gone", "partner": "gone"}, content={"ends": "never", "due": 7, "duty": "x"})
    [message] = sent(mailbox)
    assert message["Subject"] and len(inbox(user)["notices"][0]["words"]) > 10


def test_a_path_that_leads_elsewhere_is_not_taken(mailbox: Mailbox) -> None:
    user = factories.User(password=PASSWORD)
    for path in ("//evil.example/", "https://evil.example/", "javascript:x"):
        happened(user, path=path)
    assert {notice["path"] for notice in inbox(user)["notices"]} == {""}
    [message] = sent(mailbox)
    assert "evil" not in message.get_content()


def test_much_at_once_is_one_mail(mailbox: Mailbox) -> None:
    user = factories.User()
    for _ in range(60):
        happened(user)
    [message] = sent(mailbox)
    assert message["Subject"].startswith("60 notifications") and "demande de données a été accordée" in message["Subject"] and message.get_content().count("/demandes/1") == letters.MOST


# at once, once a day, never


def test_the_mail_of_the_day(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    user = factories.User()
    tk.get_action("tzc_notices_wish_update")({"user": user["name"]}, {"mail": "digest"})
    happened(user)
    happened(user, kind="grant.ending")
    assert sent(mailbox) == [] and inbox(user)["unread"] == 2
    later = store.now() + dt.timedelta(hours=25)
    monkeypatch.setattr(store, "now", lambda: later)
    [message] = sent(mailbox)
    # what they are about, not only how many
    assert message["Subject"].startswith("2 ") and "accordée" in message["Subject"] and "fin" in message["Subject"]
    assert len(sent(mailbox)) == 1


def test_a_change_counts_for_what_waits(mailbox: Mailbox) -> None:
    user = factories.User()
    wish = tk.get_action("tzc_notices_wish_update")
    wish({"user": user["name"]}, {"mail": "digest"})
    happened(user)
    wish({"user": user["name"]}, {"mail": "at_once"})
    assert len(sent(mailbox)) == 1
    wish({"user": user["name"]}, {"mail": "digest"})
    happened(user)
    wish({"user": user["name"]}, {"mail": "none"})
    wish({"user": user["name"]}, {"mail": "at_once"})
    assert len(sent(mailbox)) == 1, "what was not wanted is not mailed later"


def test_without_a_mail_server_notices_are_in_the_portal(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    user = factories.User()
    address = tk.config["tzc.mail.url"]
    monkeypatch.setitem(tk.config, "tzc.mail.url", "")
    happened(user, mail=("guest@example.org",))
    assert inbox(user)["unread"] == 1
    monkeypatch.setitem(tk.config, "tzc.mail.url", address)
    assert sent(mailbox) == [], "years of old news are mailed to nobody"


@pytest.mark.parametrize("wrong", [{"mail": "daily"}, {"mail": None}, {"mail": ["none"]}, {"language": "xx"}, {"language": {}}])
def test_wishes_that_are_none(wrong: dict[str, Any]) -> None:
    with pytest.raises(tk.ValidationError):
        tk.get_action("tzc_notices_wish_update")({"user": factories.User()["name"]}, wrong)


def test_the_link_that_ends_mails(app: Any, mailbox: Mailbox) -> None:
    user = factories.User()
    happened(user)
    [message] = sent(mailbox)
    raw = message["List-Unsubscribe"]
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = re.fullmatch(r"<https?://[^/]+(/compte/notifications/arret/[\w.-]+)>", raw)
    assert link and link[1] in message.get_content()
    from werkzeug.test import Client

    assert "<form" in Client(app.app).get(link[1]).text
    happened(user)
    assert len(sent(mailbox)) == 2, "looking at the link ends nothing"
    answer = Client(app.app).post(link[1], data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    happened(user)
    assert len(sent(mailbox)) == 2 and inbox(user)["count"] == 3


@pytest.mark.parametrize("token", ["x", "ImFAYi5mciI.aaaa", "é"])
def test_a_forged_link_ends_nothing(app: Any, token: str) -> None:
    from werkzeug.test import Client

    assert Client(app.app).post(f"/compte/notifications/arret/{token}").status_code == 404


def test_a_link_of_an_account_that_is_gone(app: Any) -> None:
    from werkzeug.test import Client

    assert Client(app.app).post(f"/compte/notifications/arret/{stopping.token('gone')}").status_code == 404


# what breaks


def test_a_mail_server_that_is_down_delays(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    user = factories.User()
    address = tk.config["tzc.mail.url"]
    monkeypatch.setitem(tk.config, "tzc.mail.url", "smtp://127.0.0.1:1")
    happened(user)
    assert sent(mailbox) == [] and [waiting["attempts"] for waiting in mail.waiting()] == [1]
    monkeypatch.setitem(tk.config, "tzc.mail.url", address)
    mail.try_again()
    assert len(sent(mailbox)) == 1 and mail.waiting() == []


def test_all_attempts_have_one_id(mailbox: Mailbox) -> None:
    happened(factories.User())
    mailbox.refuses = "451 later"
    sent(mailbox)
    [kept] = model.Session.execute(sa.text("SELECT headers FROM tzc_accounts_mail")).scalars().all()
    mailbox.refuses = ""
    mail.try_again()
    assert sent(mailbox)[0]["Message-ID"] == kept["Message-ID"]


KILLED = """
    import os, signal, sys
    import ckan.model as model
    from ckan.config.middleware import make_app
    from ckan.cli import load_config
    app = make_app(load_config(sys.argv[1]))
    import ckan.plugins.toolkit as tk
    from ckanext.tzc.common.happening import Happening, tell
    from ckanext.tzc.common.one_job import OneJob
    from ckanext.tzc.notices import letters
    tk.config["tzc.mail.url"] = sys.argv[3]
    OneJob.send = lambda job: None
    tell(Happening("request.granted", None, tell=(sys.argv[2],), path="/demandes/1"))
    model.Session.commit()
    if sys.argv[4] == "writing":
        keep = letters.mailing.keep
        letters.mailing.keep = lambda *told: (keep(*told), model.Session.flush(), os.kill(os.getpid(), signal.SIGKILL))
        letters.write_due(60)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("moment", ["committed", "writing"])
def test_killed_between_the_decision_and_the_mail(mailbox: Mailbox, moment: str) -> None:
    """With SIGKILL, after the commit and in the midst of writing the mail: it goes out once."""
    user = factories.User()
    command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(KILLED), os.environ["CKAN_INI"], user["id"], tk.config["tzc.mail.url"], moment]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
    model.Session.rollback()
    assert inbox(user)["unread"] == 1 and mail.waiting() == []
    assert len(sent(mailbox)) == 1 and len(sent(mailbox)) == 1


def test_an_account_that_is_gone_meanwhile_gets_nothing(mailbox: Mailbox) -> None:
    user, other = factories.User(), factories.User()
    happened(user, other)
    model.User.get(user["id"]).delete()
    model.Session.commit()
    assert len(sent(mailbox)) == 1
    model.Session.execute(sa.text("DELETE FROM \"user\" WHERE id = :id"), {"id": other["id"]})
    model.Session.commit()
    assert model.Session.query(store.Notice).filter_by(user_id=other["id"]).count() == 0, "erased with the account"


def test_two_workers_mail_each_once(mailbox: Mailbox) -> None:
    from concurrent.futures import ThreadPoolExecutor

    for _ in range(12):
        happened(factories.User())

    def work(_number: int) -> int:
        try:
            return letters.write_due(60)
        finally:
            model.Session.remove()

    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(work, range(3))) == 12
    assert len(sent(mailbox)) == 12


def test_old_notices_are_forgotten(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    user = factories.User()
    happened(user)
    sent(mailbox)
    happened(user)
    later = store.now() + dt.timedelta(days=366)
    monkeypatch.setattr(store, "now", lambda: later)
    assert jobs.forget() == 1, "what waits to be mailed stays"


# pages


def test_the_pages(app: Any, mailbox: Mailbox) -> None:
    user = factories.User(password=PASSWORD)
    happened(user, path="/aide")
    happened(user, kind="grant.ending", path="")
    person = Person(app, user["name"])
    person.visit("/about")
    [link] = person.page.xpath("//header//a[@href='/compte/notifications']")
    assert "2" in link.text_content()
    person.visit("/compte/notifications")
    assert len(person.page.xpath("//main//li//button")) == 2
    person.send(form=2)
    assert person.address == "/aide"
    assert inbox(user)["unread"] == 1
    person.visit("/compte/notifications")
    person.send()
    assert inbox(user)["unread"] == 0
    person.visit("/about")
    assert "2" not in person.page.xpath("//header//a[@href='/compte/notifications']")[0].text_content()
    person.visit("/compte/notifications/reglages")
    person.send(mail="digest", language="en")
    assert tk.get_action("tzc_notices_wish_show")({"user": user["name"]}, {}) == {"mail": "digest", "language": "en"}
    person.send(status=400, mail="x")
    assert person.visit("/compte/notifications?page=x") and person.visit("/compte/notifications?page=999")


def test_one_question_counts_for_a_page(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    person = Person(app, factories.User(password=PASSWORD)["name"])
    asked: list[str] = []
    monkeypatch.setattr(store, "unread", lambda user: asked.append(user) or 0)
    person.visit("/about")
    assert len(asked) == 1
    from werkzeug.test import Client

    Client(app.app).get("/about")
    assert len(asked) == 1, "nothing of strangers"


def test_others_notices_stay_theirs(app: Any) -> None:
    user, other = factories.User(password=PASSWORD), factories.User()
    happened(other)
    [notice] = inbox(other)["notices"]
    person = Person(app, user["name"])
    token = re.search(r'name="_csrf_token"[^>]*value="([^"]+)"', person.visit("/compte/notifications/reglages"))
    assert token
    for number in (notice["id"], 0, 2**70):
        assert person.post(f"/compte/notifications/{number}", data={"_csrf_token": token[1]}).status_code == 404
    assert tk.get_action("tzc_notices_read")({"user": user["name"]}, {"ids": [notice["id"]]}) == {"read": 0}
    assert tk.get_action("tzc_notices_list")({"user": user["name"]}, {"user_id": other["id"], "id": other["id"]})["count"] == 0
    assert inbox(other)["unread"] == 1


def test_strangers_sign_in_first(app: Any) -> None:
    from werkzeug.test import Client

    for address in ("/compte/notifications", "/compte/notifications/reglages"):
        answer = Client(app.app).get(address)
        assert answer.status_code == 302 and "/user/login" in answer.headers["Location"]
    for action in ("tzc_notices_list", "tzc_notices_read", "tzc_notices_wish_show", "tzc_notices_wish_update"):
        with pytest.raises(tk.NotAuthorized):
            tk.get_action(action)({"user": ""}, {})


@pytest.mark.parametrize("wrong", [{"limit": -1}, {"limit": 101}, {"limit": "x"}, {"offset": "²"}, {"offset": []}])
def test_lists_that_are_none(wrong: dict[str, Any]) -> None:
    with pytest.raises(tk.ValidationError):
        tk.get_action("tzc_notices_list")({"user": factories.User()["name"]}, wrong)


@pytest.mark.parametrize("wrong", ["x", [None], ["x"], {}, [10**30], 1])
def test_ids_that_are_none(wrong: Any) -> None:
    with pytest.raises(tk.ValidationError):
        tk.get_action("tzc_notices_read")({"user": factories.User()["name"]}, {"ids": wrong})
