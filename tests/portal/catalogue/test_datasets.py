"""What a dataset may say of itself, and what follows from it."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
from ckan.tests import factories, helpers

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

Publish = Callable[..., dict[str, Any]]
Errors = Callable[..., dict[str, list[str]]]


def test_a_dataset_joins_the_groups_of_its_axes(publish: Publish) -> None:
    made = publish(axis=["mobilite", "donnees"])
    assert sorted(group["name"] for group in made["groups"]) == ["donnees", "mobilite"]
    assert made["axis"] == ["mobilite", "donnees"]


def test_membership_follows_when_axes_change(publish: Publish, partner: dict[str, Any]) -> None:
    made = publish(axis=["mobilite", "donnees"])
    changed = tk.get_action("package_patch")({"user": partner["editor"]}, {"id": made["id"], "axis": ["carbone-bleu"]})
    assert [group["name"] for group in changed["groups"]] == ["carbone-bleu"]


def test_groups_given_beside_the_axes_are_not_joined(publish: Publish) -> None:
    """A partner without rights in a group asks for it by `groups`: CKAN refuses; our axes are the way."""
    made = publish(axis=["mobilite"])
    assert [group["name"] for group in made["groups"]] == ["mobilite"]


def test_axes_are_stored_once_in_the_territory_order(publish: Publish) -> None:
    made = publish(axis=["donnees", "mobilite", "donnees"])
    assert made["axis"] == ["mobilite", "donnees"]


@pytest.mark.parametrize("field", ["title", "notes", "axis", "license_id"])
def test_what_a_person_must_give(errors: Errors, field: str) -> None:
    found = errors(**{field: None if field != "axis" else []})
    assert list(found) == [field]
    assert "publi" in found[field][0]


def test_all_mistakes_are_told_at_once(errors: Errors) -> None:
    found = errors(title="", communes=["99999"], contact=[{"name": "x", "email": "not an address"}], access_level="secret")
    assert set(found) >= {"title", "communes", "contact", "access_level"}


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [
        ("communes", ["17300", "99999"], "99999"),
        ("axis", ["mobilite", "lune"], "lune"),
        ("theme", ["http://example.org/theme"], "example.org"),
        ("license_id", "mine", "mine"),
        ("title", {"a": 1}, "texte"),
        ("notes", ["x", "y"], "texte"),
        ("access_level", "secret", "secret"),
        ("url", "javascript:alert(1)", "https://"),
        ("notes", "x" * 100_001, "100001"),
    ],
)
def test_a_wrong_value_is_named_and_mended(errors: Errors, field: str, value: Any, word: str) -> None:
    assert word in errors(**{field: value})[field][0]


def test_control_characters_are_left_out(publish: Publish) -> None:
    assert publish(title="Vélos\x00\x08 du port\x1f")["title"] == "Vélos du port"


def test_script_addresses_are_refused_in_files(publish: Publish, partner: dict[str, Any]) -> None:
    made = publish()
    with pytest.raises(tk.ValidationError) as caught:
        tk.get_action("resource_create")({"user": partner["editor"]}, {"package_id": made["id"], "url": "javascript:alert(1)", "name": "x"})
    assert "https://" in caught.value.error_dict["url"][0]


def test_open_is_the_default(publish: Publish) -> None:
    assert publish()["access_level"] == "open"


def test_confidential_is_private(publish: Publish) -> None:
    made = publish(access_level="confidential")
    assert made["private"] is True
    with pytest.raises(tk.NotAuthorized):
        helpers.call_auth("package_show", {"user": "", "model": model}, id=made["id"])


def test_private_is_confidential(publish: Publish) -> None:
    assert publish(private=True)["access_level"] == "confidential"


@pytest.mark.parametrize(
    ("level", "stranger", "member", "somebody"),
    [("open", True, True, True), ("registered", False, True, True), ("restricted", False, True, False)],
)
def test_who_may_have_the_data(publish: Publish, partner: dict[str, Any], level: str, stranger: bool, member: bool, somebody: bool) -> None:
    made = publish(access_level=level, resources=[{"url": "https://example.org/a.csv", "name": "a", "format": "CSV"}])
    resource = made["resources"][0]["id"]
    for user, expected in (("", stranger), (partner["editor"], member), (factories.User()["name"], somebody)):
        try:
            allowed = helpers.call_auth("resource_show", {"user": user, "model": model}, id=resource)
        except tk.NotAuthorized:
            allowed = False
        assert allowed is expected, (level, user)


def test_the_description_of_restricted_data_stays_public(publish: Publish) -> None:
    made = publish(access_level="restricted")
    assert helpers.call_auth("package_show", {"user": "", "model": model}, id=made["id"])


def test_a_harvested_dataset_may_lack_what_a_person_must_give(partner: dict[str, Any]) -> None:
    made = tk.get_action("package_create")(
        {"user": partner["editor"], "ignore_auth": True},
        {"name": "venu-d-ailleurs", "title": "Venu d'ailleurs", "owner_org": partner["id"], "license_id": "a-strange-one", "theme": ["http://example.org/t"], "extras": [{"key": "guid", "value": "urn:x"}]},
    )
    assert made["license_id"] == "a-strange-one"
    assert made["theme"] == ["http://example.org/t"]


def test_axes_are_made_once_and_brought_up_to_date(axes: list[str]) -> None:
    context = {"ignore_auth": True, "user": tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]}
    assert len(axes) == 7
    assert tk.get_action("tzc_axes_apply")(dict(context), {}) == []
    tk.get_action("group_patch")(dict(context), {"id": "mobilite", "title": "Autre"})
    assert tk.get_action("tzc_axes_apply")(dict(context), {}) == ["mobilite"]


def test_only_an_administrator_applies_the_axes(partner: dict[str, Any]) -> None:
    with pytest.raises(tk.NotAuthorized):
        tk.get_action("tzc_axes_apply")({"user": partner["editor"]}, {})
