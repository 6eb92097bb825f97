"""Guests: a link by mail in place of a password, once, for an hour, for nobody who has an account already."""
from __future__ import annotations

import re
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
from ckan.tests import factories
from ckanext.tzc.accounts import guests, mail, sign_up, store

from .conftest import PASSWORD, Mailbox, Reader

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

WANTED = "/demandes/nouvelle?dataset=compteurs"


def sent(mailbox: Mailbox) -> list[Any]:
    mail.send_due()
    return mailbox.mails


def link(message: Any) -> str:
    found = re.search(r"https?://[^/\s]+(/\S+)", message.get_content())
    assert found
    return found[1]


def ask(reader: Reader, mailbox: Mailbox, email: str = "jeanne@example.org", wanted: str = WANTED) -> str:
    """The address in the newest mail."""
    reader.send("/compte/invite", email=email, next=wanted)
    return link(sent(mailbox)[-1])


def test_in_by_a_link_and_on_to_what_was_wanted(reader: Reader, mailbox: Mailbox) -> None:
    address = ask(reader, mailbox, "Jeanne@Example.org")
    assert sign_up.account_of("jeanne@example.org") is None, "nothing before the link is followed"
    for _ in range(2):
        assert "jeanne@example.org" in reader.get(address).text, "a look does not use it"
    assert reader.send(address, fullname="  ").status_code == 400
    answer = reader.send(address, fullname="Jeanne d'Aytré")
    assert answer.status_code == 302 and answer.headers["Location"].endswith(WANTED)
    user = sign_up.account_of("jeanne@example.org")
    assert (user.fullname, user.password, user.sysadmin) == ("Jeanne d'Aytré", None, False) and "jeanne" not in user.name
    assert guests.is_guest(user) and guests.address(user.id) == "jeanne@example.org"
    assert "Jeanne" in reader.get("/dashboard/datasets").text


def test_a_link_serves_once(reader: Reader, mailbox: Mailbox, app: Any) -> None:
    address = ask(reader, mailbox)
    reader.send(address, fullname="Jeanne")
    other = Reader(app.app)
    for answer in (other.get(address), other.post(address, data={"fullname": "Jeanne"})):
        assert answer.status_code in (400, 410)
    assert "déjà" in other.get(address).text or "served already" in other.get(address).text
    assert f'name="next" value="{WANTED}"' in other.get(address).text, "it is still known where one was going"
    with pytest.raises(sign_up.LinkError):
        guests.enter(address.rsplit("/", 1)[1], "Jeanne")


def test_a_link_ends_after_an_hour(reader: Reader, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    address = ask(reader, mailbox)
    assert guests.MINUTES == 60
    monkeypatch.setattr(guests, "MINUTES", -1)
    assert reader.get(address).status_code == 410


@pytest.mark.parametrize("token", ["x", "ImFAYi5mciI.aaaa.bbbb"])
def test_a_forged_link_leads_nowhere(reader: Reader, mailbox: Mailbox, token: str) -> None:
    assert reader.get(f"/compte/invite/{token}").status_code == 410


def test_a_link_of_sign_up_is_none_for_guests(reader: Reader, mailbox: Mailbox) -> None:
    reader.send("/compte/nouveau", email="jeanne@example.org")
    token = link(sent(mailbox)[-1]).rsplit("/", 1)[1]
    assert reader.get(f"/compte/invite/{token}").status_code == 410


def test_the_same_address_is_the_same_guest(reader: Reader, mailbox: Mailbox, app: Any) -> None:
    reader.send(ask(reader, mailbox), fullname="Jeanne")
    first = sign_up.account_of("jeanne@example.org").id
    other = Reader(app.app)
    address = ask(other, mailbox, "JEANNE@example.org")
    page = other.get(address).text
    assert "Jeanne" in page and 'name="fullname"' not in page
    assert other.send(address, fullname="Somebody else").status_code == 302
    user = sign_up.account_of("jeanne@example.org")
    assert (user.id, user.fullname) == (first, "Jeanne")


def test_an_account_is_not_opened_by_a_link_and_not_told_of(reader: Reader, mailbox: Mailbox) -> None:
    factories.User(email="ancien@example.org")
    pages = [reader.send("/compte/invite", email=address, next="").text.replace(address, "X") for address in ("ancien@example.org", "nouveau@example.org")]
    strip = [re.sub(r'value="[^"]+"|content="[^"]+"', "", page) for page in pages]
    assert strip[0] == strip[1]
    known, new = sent(mailbox)
    assert "/compte/invite/" not in known.get_content() and "/user/login" in known.get_content() and "/compte/invite/" in new.get_content()


def test_an_account_made_meanwhile_is_not_opened(reader: Reader, mailbox: Mailbox) -> None:
    address = ask(reader, mailbox)
    factories.User(email="jeanne@example.org")
    assert reader.get(address).status_code == 410


def test_with_a_password_a_place_or_power_a_guest_is_none_any_more(reader: Reader, mailbox: Mailbox, partner: dict[str, Any]) -> None:
    reader.send(ask(reader, mailbox), fullname="Jeanne")
    later = ask(Reader(reader.application), mailbox)
    user, owner = sign_up.account_of("jeanne@example.org"), factories.Sysadmin()["name"]
    tk.get_action("organization_member_create")({"user": owner}, {"id": partner["id"], "username": user.name, "role": "editor"})
    assert not guests.is_guest(user) and reader.get(later).status_code == 410
    user = sign_up.account_of("jeanne@example.org")
    tk.get_action("organization_member_delete")({"user": owner}, {"id": partner["id"], "username": user.name})
    assert guests.is_guest(user)
    user.sysadmin = True
    assert not guests.is_guest(user)
    user.sysadmin = False
    model.Session.add(store.Identity(issuer="https://id.example.org", subject="1", user_id=user.id, created=store.now()))
    model.Session.flush()
    assert not guests.is_guest(user)


def test_a_password_is_set_later(reader: Reader, mailbox: Mailbox, app: Any) -> None:
    reader.send(ask(reader, mailbox), fullname="Jeanne")
    user = sign_up.account_of("jeanne@example.org")
    other = Reader(app.app)
    other.send("/user/reset", user="jeanne@example.org")
    address = link(sent(mailbox)[-1])
    answer = other.send(address, password1=PASSWORD, password2=PASSWORD)
    assert answer.status_code == 302, answer.text[-500:]
    user = sign_up.account_of("jeanne@example.org")
    assert not guests.is_guest(user) and user.validate_password(PASSWORD)
    assert other.send("/user/login", login="jeanne@example.org", password=PASSWORD).status_code == 302


def test_without_a_password_nobody_signs_in(reader: Reader, mailbox: Mailbox, app: Any) -> None:
    reader.send(ask(reader, mailbox), fullname="Jeanne")
    user = sign_up.account_of("jeanne@example.org")
    for password in ("", "None", PASSWORD):
        assert Reader(app.app).send("/user/login", login=user.name, password=password).status_code == 200


def test_a_guest_has_no_token(reader: Reader, mailbox: Mailbox) -> None:
    reader.send(ask(reader, mailbox), fullname="Jeanne")
    user = sign_up.account_of("jeanne@example.org")
    with pytest.raises(tk.NotAuthorized):
        tk.get_action("api_token_create")({"user": user.name}, {"user": user.name, "name": "x"})


def test_mails_are_limited(reader: Reader, mailbox: Mailbox) -> None:
    answers = [reader.send("/compte/invite", email="jeanne@example.org", next="").status_code for _ in range(4)]
    assert answers == [200, 200, 200, 429] and len(sent(mailbox)) == 3


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"])
def test_it_leads_to_this_portal_only(reader: Reader, mailbox: Mailbox, elsewhere: str) -> None:
    answer = reader.send(ask(reader, mailbox, wanted=elsewhere), fullname="Jeanne")
    assert answer.status_code == 302 and "evil" not in answer.headers["Location"] and "javascript" not in answer.headers["Location"]


def test_where_it_is_closed(reader: Reader, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    address = ask(reader, mailbox)
    monkeypatch.setitem(tk.config, "tzc.accounts.guests", False)
    assert reader.get("/compte/invite").status_code == 404 and reader.get(address).status_code == 404


def test_what_is_no_address_comes_back(reader: Reader, mailbox: Mailbox) -> None:
    answer = reader.send("/compte/invite", email="jeanne@", next=WANTED)
    assert answer.status_code == 400 and "jeanne@" in answer.text and WANTED in answer.text.replace("&amp;", "&") and sent(mailbox) == []


def test_a_guest_who_sets_a_password_types_no_address_again(reader: Reader, mailbox: Mailbox) -> None:
    reader.send(ask(reader, mailbox), fullname="Jeanne")
    assert 'value="jeanne@example.org"' in reader.get("/user/reset").text
