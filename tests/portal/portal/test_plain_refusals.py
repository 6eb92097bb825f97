"""What CKAN fails on, takes in silence or refuses in English, refused in words that say how to mend."""
from __future__ import annotations

import contextvars
import io
from collections.abc import Callable
from typing import Any

import ckan.plugins.toolkit as tk
import pytest
from ckan.tests import factories, helpers
from werkzeug.datastructures import FileStorage

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


def test_an_account_is_not_changed_without_the_present_password(app: Any) -> None:
    user = factories.UserWithToken(fullname="Jeanne")
    sent = {"Authorization": user["token"]}

    def answer(**form: str) -> Any:
        return contextvars.Context().run(app.post, f"/user/edit/{user['name']}", data={"save": "1", **form}, headers=sent, status=None, follow_redirects=False)

    assert answer(fullname="J").status_code == 400
    for form in ({"email": "other@example.org"}, {"email": user["email"], "password1": "changed-it-8", "password2": "changed-it-8"}):
        refused = answer(**form)
        assert refused.status_code == 400 and "old_password" in refused.text
    assert answer(email=user["email"], name=user["name"], fullname="Jeanne D.").status_code == 302


@pytest.mark.parametrize("private", ["maybe", "oui", 3, ["true"]])
def test_private_is_yes_or_no(publish: Callable[..., dict[str, Any]], private: Any) -> None:
    with pytest.raises(tk.ValidationError) as refused:
        publish(private=private)
    assert refused.value.error_dict["private"]


def test_private_is_still_said_as_forms_and_programs_say_it(publish: Callable[..., dict[str, Any]]) -> None:
    for said, meant in ((True, True), ("true", True), ("False", False), ("", False)):
        assert publish(private=said)["private"] is meant


def test_a_picture_of_another_kind_is_refused_in_words() -> None:
    drawn = FileStorage(io.BytesIO(b'<svg xmlns="http://www.w3.org/2000/svg"/>'), filename="logo.svg", content_type="image/svg+xml")
    with pytest.raises(tk.ValidationError) as refused:
        helpers.call_action("organization_create", {"user": factories.Sysadmin()["name"]}, name="drawn", title="D", image_upload=drawn)
    assert "PNG, JPEG, GIF, WebP" in str(refused.value.error_dict) and "Unsupported" not in str(refused.value.error_dict)


def test_kinds_of_sources_are_named() -> None:
    wanted = {"name": "s", "title": "S", "url": "https://example.org/", "source_type": "nothing", "owner_org": factories.Organization()["id"]}
    with pytest.raises(tk.ValidationError) as refused:
        tk.get_action("harvest_source_create")({"user": factories.Sysadmin()["name"]}, wanted)
    words = str(refused.value.error_dict["source_type"])
    assert "nothing" in words and "tzc_" in words and "Unknown harvester" not in words
