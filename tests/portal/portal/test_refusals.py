"""Refusals say in the reader's language what to do, and are kept nowhere."""
from __future__ import annotations

import contextvars
from typing import Any

import pytest
from ckan.tests import factories

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


def alone(ask: Any, *arguments: Any, **named: Any) -> Any:
    """A request that shares no account with the test's own."""
    return contextvars.Context().run(ask, *arguments, **named)


@pytest.mark.parametrize("who", ["stranger", "account"])
def test_a_refusal_is_said_in_words_and_kept_nowhere(app: Any, publish: Any, partner: dict[str, Any], who: str) -> None:
    made, headers = publish(), {} if who == "stranger" else {"Authorization": factories.UserWithToken()["token"]}
    said = {"stranger": ("This is not open to everybody", "pas ouvert à tout le monde"), "account": ("Your account may not do this", "Votre compte")}[who]
    for action, given in (("package_update", {"id": made["id"]}), ("package_create", {"owner_org": partner["id"]}), ("organization_update", {"id": partner["id"]}), ("group_create", {})):
        answer = alone(app.post, f"/api/3/action/{action}", json=given, headers=headers, status=403)
        words = answer.json["error"]["message"]
        assert any(one in words for one in said), (action, words)
        assert "User " not in words and "  " not in words and answer.headers["Cache-Control"] == "private, no-store", action
    for address in (f"/dataset/edit/{made['name']}", f"/organization/edit/{partner['name']}"):
        page = alone(app.get, address, headers=headers, status=None, follow_redirects=False)
        assert page.status_code == 403 and any(one in page.body for one in said), address
        assert "not authorized" not in page.body and page.headers["Cache-Control"] == "private, no-store"


def test_the_form_of_another_partner_is_refused_in_its_own_words(app: Any, partner: dict[str, Any]) -> None:
    headers = {"Authorization": factories.UserWithToken()["token"]}
    page = alone(app.get, f"/en/organization/edit/{partner['name']}", headers=headers, status=403).body
    assert "may not change this partner’s page" in page
    assert alone(app.get, "/organization/edit/nobody", headers=headers, status=None).status_code == 404
