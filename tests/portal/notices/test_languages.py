"""Links in mails, notices and ways in lead to pages in the reader's language."""
from __future__ import annotations

import re
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
from ckan.tests import factories
from ckanext.tzc.common import ways
from ckanext.tzc.common.happening import Happening, tell

from tests.people import PASSWORD, Person
from tests.portal.accounts.conftest import Reader, _no_tries_yet, reader

from .conftest import Mailbox
from .test_notices import sent

__all__ = ["_no_tries_yet", "reader"]

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


@pytest.mark.parametrize(
    ("code", "path", "there"),
    [
        ("en", "/demandes/1", "/en/demandes/1"), ("fr", "/demandes/1", "/demandes/1"), ("en", "/en/demandes/1", "/en/demandes/1"), ("fr", "/en/demandes/1", "/demandes/1"),
        ("en", "/energie", "/en/energie"), ("fr", "/en", "/"), ("en", "/", "/en/"), ("xx", "/demandes/1", "/demandes/1"), ("en", "", ""),
    ],
)  # fmt: skip
def test_a_page_in_a_language(code: str, path: str, there: str) -> None:
    assert ways.within(code, path) == there


def test_a_mail_leads_to_pages_in_its_language(mailbox: Mailbox) -> None:
    user, other = factories.User(), factories.User()
    tk.get_action("tzc_notices_wish_update")({"user": user["name"]}, {"language": "en"})
    tell(Happening("request.granted", None, tell=(user["id"], other["id"]), path="/demandes/1"))
    model.Session.commit()
    paths = {message["Content-Language"]: re.findall(r"https?://[^/\s]+(/\S+)", message.get_content()) for message in sent(mailbox)}
    assert len(paths["en"]) == 3 and all(path.startswith("/en/") for path in paths["en"]), paths["en"]
    assert len(paths["fr"]) == 3 and not any(path.startswith("/en/") for path in paths["fr"])


def test_a_notice_opens_in_the_language_of_the_page_it_is_read_on(app: Any) -> None:
    user = factories.User(password=PASSWORD)
    for _ in range(2):
        tell(Happening("request.granted", None, tell=(user["id"],), path="/aide"))
    model.Session.commit()
    person = Person(app, user["name"])
    for before in ("/en", ""):
        person.visit(f"{before}/compte/notifications")
        person.send(form=1)
        assert person.page.xpath("/html/@lang") == ["en" if before else "fr"] and person.address.endswith("/aide")


@pytest.mark.parametrize("page", ["/demandes/nouvelle?dataset=compteurs", "/demandes/x", "/invitations/x"])
def test_who_comes_in_on_the_way_comes_back_in_their_language(reader: Reader, mailbox: Mailbox, page: str) -> None:
    text = reader.get(f"/en{page}").text
    wanted = re.search(r'name="next" value="([^"]+)"', text) or re.search(r'next=([^"&]+)"', text)
    assert wanted and wanted[1].startswith("/en/")
    assert '="/demandes' not in text and "came_from=/demandes" not in text and "came_from=%2Fdemandes" not in text
