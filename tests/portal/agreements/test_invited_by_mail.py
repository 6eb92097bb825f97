"""Invited by an address of e-mail, without an account: the mail says what it is about, and its page leads in and back."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
import pytest
from ckanext.tzc.notices import letters, words

from tests.people import Person
from tests.portal.accounts.conftest import Mailbox, Reader, _no_tries_yet, mailbox, reader
from tests.portal.accounts.test_guests import link, sent

__all__ = ["_no_tries_yet", "mailbox", "reader"]

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


def invite(scene: Any, app: Any, before: str, email: str) -> str:
    """A decider does, on the page in a language; their name."""
    decider = Person(app, scene.town["decider"])
    decider.visit(f"{before}/dataset/partage/{scene.streets['name']}")
    decider.send(button=("act", "invite"), email=email, purpose="research", words="Une étude commune.", days="20")
    letters.write_due(60)
    return str(tk.get_action("user_show")({"ignore_auth": True}, {"id": scene.town["decider"]})["display_name"])


def test_the_mail_says_what_it_is_about_and_leads_in(scene: Any, app: Any, mailbox: Mailbox, reader: Reader) -> None:
    inviter = invite(scene, app, "", "jeanne@example.org")
    (message,) = sent(mailbox)
    told = message.get_content().replace("\N{NO-BREAK SPACE}", " ")
    (made,) = scene.call("tzc_invitation_list", scene.town["decider"], dataset=scene.streets["name"])
    for fact in ("Rues", scene.town["title"], inviter, "20 jours", "Recherche scientifique", words._day(made["until"], "fr"), f"/invitations/{made['id']}"):
        assert fact in told, fact
    page = f"/invitations/{made['id']}"
    text = reader.get(page).text
    assert f"/compte/invite?next={page}" in text and f"/compte/nouveau?next={page}" in text
    reader.send(f"/compte/invite?next={page}", email="jeanne@example.org", next=page)
    answer = reader.send(link(sent(mailbox)[-1]), fullname="Jeanne")
    assert answer.status_code == 302 and answer.headers["Location"].endswith(page)
    assert "Une étude commune." in reader.get(page).text


def test_it_is_written_in_the_language_of_its_page_or_of_the_account_that_has_the_address(scene: Any, app: Any, mailbox: Mailbox) -> None:
    invite(scene, app, "/en", "john@example.org")
    (message,) = sent(mailbox)
    assert message["Content-Language"] == "en" and "20 days" in message.get_content() and "/en/invitations/" in message.get_content()
    invite(scene, app, "/en", tk.get_action("user_show")({"ignore_auth": True}, {"id": scene.citizen})["email"].upper())
    assert sent(mailbox)[-1]["Content-Language"] == "fr"
