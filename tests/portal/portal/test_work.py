"""Pages of work: the order of files, drafts of colleagues, histories of partners and axes, administration."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
from ckan.lib.search import rebuild
from ckan.tests import factories
from ckanext.tzc.portal.file_order import moved

from tests.people import PASSWORD, Person

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

Publish = Callable[..., dict[str, Any]]


def member(app: Any, partner: dict[str, Any], role: str) -> Person:
    """A new member of the partner, signed in."""
    user = factories.User(password=PASSWORD)
    tk.get_action("organization_member_create")({"ignore_auth": True, "user": partner["editor"]}, {"id": partner["id"], "username": user["name"], "role": role})
    return Person(app, user["name"])


@pytest.fixture
def editor(app: Any, partner: dict[str, Any]) -> Person:
    return member(app, partner, "editor")


@pytest.fixture
def administrator(app: Any, axes: list[str]) -> Person:
    return Person(app, factories.Sysadmin(name="une-administratrice", password=PASSWORD)["name"])


# files


@pytest.fixture
def three(publish: Publish, partner: dict[str, Any]) -> dict[str, Any]:
    """A dataset with three files."""
    made = publish()
    for name in "ABC":
        tk.get_action("resource_create")({"user": partner["editor"]}, {"package_id": made["id"], "url": f"https://example.org/{name}.csv", "name": name, "format": "CSV"})
    return show(made["id"])


def show(name: str) -> dict[str, Any]:
    found: dict[str, Any] = tk.get_action("package_show")({"ignore_auth": True}, {"id": name})
    return found


def order(package: dict[str, Any]) -> str:
    return "".join(file["name"] for file in show(package["id"])["resources"])


@pytest.mark.parametrize(
    ("file", "button", "after"), [("a", "up", "abc"), ("b", "up", "bac"), ("c", "up", "acb"), ("a", "down", "bac"), ("c", "down", "abc"), ("c", "first", "cab"), ("a", "first", "abc")]
)
def test_a_file_moves(file: str, button: str, after: str) -> None:
    assert "".join(moved(list("abc"), file, button)) == after


def test_files_are_put_into_another_order_without_scripts(editor: Person, three: dict[str, Any]) -> None:
    files = [file["id"] for file in three["resources"]]
    editor.visit(f"/dataset/edit/{three['name']}")
    assert [link.text for link in editor.page.xpath("//ul[@class='tzc-tabs']//a[@aria-current]")] == ["Décrire"]
    editor.visit(editor.page.xpath("//ul[@class='tzc-tabs']//a[contains(@href, '/dataset/resources/')]/@href")[0])
    assert [link.get("href") for link in editor.page.xpath("//ul[@class='tzc-tabs']//a[@aria-current]")] == [f"/dataset/resources/{three['name']}"]
    editor.send(("first", files[2]))
    assert order(three) == "CAB"
    assert "« C »" in editor.said() and "1" in editor.said()
    editor.send(("down", files[2]))
    editor.send(("up", files[1]))
    assert order(three) == "ABC" or order(three) == "ACB"
    assert [words.text_content().split()[-2] for words in editor.page.xpath("//ol//h2")] == list(order(three))


def test_what_no_button_sends_is_refused(editor: Person, three: dict[str, Any]) -> None:
    editor.visit(f"/dataset/resources/{three['name']}")
    editor.send(("up", "nothing"), status=400, forged=True)
    editor.visit(f"/dataset/resources/{three['name']}")
    editor.send(("sideways", three["resources"][0]["id"]), status=400, forged=True)
    assert order(three) == "ABC"


def test_only_those_who_may_edit_order_files(app: Any, partner: dict[str, Any], three: dict[str, Any]) -> None:
    person = member(app, partner, "member")
    person.visit(f"/dataset/resources/{three['name']}", status=403)
    stranger = person.__class__.__mro__[1](app.app)
    assert stranger.get(f"/dataset/resources/{three['name']}", base_url=tk.config["ckan.site_url"]).status_code == 302


def test_a_dataset_that_is_to_be_mended_first_says_so(editor: Person, three: dict[str, Any]) -> None:
    model.Session.query(model.Package).filter_by(id=three["id"]).update({"notes": ""})
    model.Session.commit()
    rebuild(package_id=three["id"])
    editor.visit(f"/dataset/resources/{three['name']}")
    editor.send(("down", three["resources"][0]["id"]))
    assert editor.address == f"/dataset/edit/{three['name']}"
    assert "corriger" in editor.said()


# the desk


def begin(publish: Publish, **fields: Any) -> dict[str, Any]:
    """A draft."""
    made = publish(**fields)
    drafted: dict[str, Any] = tk.get_action("package_patch")({"user": administrator_name()}, {"id": made["id"], "state": "draft"})
    return drafted


@pytest.mark.parametrize(("role", "seen"), [("editor", True), ("admin", True), ("member", False)])
def test_a_desk_shows_colleagues_drafts(app: Any, partner: dict[str, Any], publish: Publish, role: str, seen: bool) -> None:
    draft = begin(publish, title="Le brouillon d’une collègue")
    person = member(app, partner, role)
    assert (f"/dataset/{draft['name']}" in person.visit("/dashboard/datasets")) is seen


def test_a_desk_shows_no_draft_of_another_partner(app: Any, publish: Publish, administrator: Person) -> None:
    """Nor those of everybody to an administrator of the portal."""
    draft = begin(publish, title="Ailleurs")
    other = factories.Organization(image_url="")
    for person in (member(app, {**other, "editor": administrator_name()}, "editor"), administrator):
        assert draft["name"] not in person.visit("/dashboard/datasets")


def administrator_name() -> str:
    name: str = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    return name


def test_ones_own_draft_is_told_once(app: Any, partner: dict[str, Any], publish: Publish) -> None:
    person = member(app, partner, "editor")
    draft = begin(publish, title="Le mien", user=person.name)
    body = person.visit("/dashboard/datasets")
    assert body.count(f'/dataset/{draft["name"]}"') == 1


@pytest.mark.parametrize(("role", "seen"), [("editor", True), ("member", False)])
def test_a_desk_shows_what_was_deleted_and_its_page_brings_it_back(app: Any, partner: dict[str, Any], publish: Publish, role: str, seen: bool) -> None:
    gone, stays = publish(title="Parti trop vite"), publish(title="Resté")
    tk.get_action("package_delete")({"user": administrator_name()}, {"id": gone["id"]})
    elsewhere = member(app, {**factories.Organization(image_url=""), "editor": administrator_name()}, "editor")
    person = member(app, partner, role)
    deleted = person.visit("/dashboard/datasets").partition('id="deleted"')[2]
    assert (f'/dataset/{gone["name"]}"' in deleted) is seen
    assert stays["name"] not in deleted and gone["name"] not in elsewhere.visit("/dashboard/datasets")
    if seen:
        person.visit(f"/dataset/{gone['name']}")
        person.send()
        assert model.Package.get(gone["id"]).state == "draft"


# histories


@pytest.mark.parametrize("kind", ["organization", "group"])
def test_a_history_says_what_changed_and_to_editors_who(app: Any, editor: Person, partner: dict[str, Any], publish: Publish, kind: str) -> None:
    tk.get_action("user_patch")({"ignore_auth": True, "user": ""}, {"id": partner["editor"], "fullname": "Camille Exemple"})
    made = publish(title="Un jeu public")
    hidden = publish(title="Un jeu confidentiel", access_level="confidential")
    name = partner["name"] if kind == "organization" else "mobilite"
    body = editor.visit(f"/{kind}/activity/{name}")
    assert f"/dataset/{made['name']}" in body and "Camille Exemple" in body
    stranger = app.get(f"/{kind}/activity/{name}").body
    assert f"/dataset/{made['name']}" in stranger
    assert "Camille Exemple" not in stranger and partner["editor"] not in stranger and hidden["name"] not in stranger
    assert "tzc-light" in stranger


def test_what_became_confidential_leaves_the_history(app: Any, partner: dict[str, Any], publish: Publish) -> None:
    made = publish(title="Bientôt caché")
    tk.get_action("package_patch")({"user": partner["editor"]}, {"id": made["id"], "access_level": "confidential"})
    assert "Bientôt caché" not in app.get(f"/organization/activity/{partner['name']}").body


# administration


def test_somebody_becomes_an_administrator_and_no_longer(administrator: Person) -> None:
    person = factories.User(fullname="Dominique Exemple")
    administrator.visit("/ckan-admin/")
    administrator.send(("status", "1"), form=-1, username=person["name"])
    assert "Dominique Exemple" in administrator.said()
    assert model.User.get(person["id"]).sysadmin is True
    administrator.send(("status", "0"), form=0)
    model.Session.expire_all()
    assert model.User.get(person["id"]).sysadmin is False
    administrator.send(("status", "1"), form=-1, username=person["email"])
    model.Session.expire_all()
    assert model.User.get(person["id"]).sysadmin is True


@pytest.mark.parametrize("asked", ["", "personne", "%", "nobody@example.org"])
def test_who_is_not_there_becomes_nothing(administrator: Person, asked: str) -> None:
    administrator.visit("/ckan-admin/")
    administrator.send(("status", "1"), form=-1, username=asked)
    assert "alert-success" not in administrator.visit("/ckan-admin/")
    assert model.Session.query(model.User).filter_by(sysadmin=True, state="active").count() == 2


def test_nobody_takes_it_from_themselves(administrator: Person) -> None:
    administrator.visit("/ckan-admin/")
    administrator.send(("status", "0"), form=-1, forged=True, username="une-administratrice")
    assert "vous la retirer" in administrator.said()
    assert model.User.by_name("une-administratrice").sysadmin is True


@pytest.mark.parametrize("address", ["/ckan-admin/", "/ckan-admin/trash", "/ckan-admin/config", "/ckan-admin/activities"])
def test_administration_is_for_administrators(app: Any, editor: Person, address: str) -> None:
    editor.visit(address, status=403)
    assert "/user/login" in app.get(address, status=302, follow_redirects=False).headers["Location"]


def test_no_editor_makes_an_administrator(editor: Person) -> None:
    person = factories.User()
    editor.visit("/user/edit")
    values = {"username": person["name"], "status": "1", "_csrf_token": editor.page.xpath("//input[@name='_csrf_token']/@value")[0]}
    assert editor.post("/user/sysadmin", data=values).status_code == 403
    assert model.User.get(person["id"]).sysadmin is not True


def test_the_trash_is_emptied_only_when_asked_twice(administrator: Person, partner: dict[str, Any], publish: Publish) -> None:
    made = publish(title="À jeter")
    tk.get_action("package_delete")({"user": partner["editor"]}, {"id": made["id"]})
    assert "À jeter" in administrator.visit("/ckan-admin/trash")
    administrator.visit("/ckan-admin/trash?name=dataset")
    assert model.Package.get(made["id"]) is not None
    administrator.send(("purge", ""))
    assert "1 élément" in administrator.said()
    model.Session.expire_all()
    assert model.Package.get(made["id"]) is None


def test_a_partner_comes_back_from_the_trash(administrator: Person) -> None:
    made = factories.Organization(title="Un partenaire", image_url="")
    tk.get_action("organization_delete")({"ignore_auth": True, "user": "une-administratrice"}, {"id": made["id"]})
    administrator.visit("/ckan-admin/trash")
    administrator.send(("", ""))
    assert "Un partenaire" in administrator.said()
    model.Session.expire_all()
    assert model.Group.get(made["id"]).state == "active"


def test_settings_are_the_territorys(administrator: Person) -> None:
    """What CKAN's form stored once is told, and given up; the form itself is not answered."""
    body = administrator.visit("/ckan-admin/config")
    assert tk.config["tzc.territory"] in body and "ckan.site_title" not in body
    model.set_system_info("ckan.site_custom_css", "body { display: none }")
    assert "ckan.site_custom_css" in administrator.visit("/ckan-admin/config")
    administrator.send(("", ""))
    assert model.get_system_info("ckan.site_custom_css") is None


def test_old_entries_of_histories_are_removed(administrator: Person, publish: Publish) -> None:
    from ckanext.activity.model import Activity

    publish()
    count = model.Session.query(Activity).count()
    administrator.visit("/ckan-admin/activities?age=365")
    administrator.send(("forget", ""))
    assert model.Session.query(Activity).count() == count
    administrator.visit("/ckan-admin/activities?age=all")
    administrator.send(("forget", ""))
    assert model.Session.query(Activity).count() == 0


# people


def test_a_persons_page(app: Any, administrator: Person, editor: Person, publish: Publish, partner: dict[str, Any]) -> None:
    made = publish()
    tk.get_action("user_patch")({"ignore_auth": True, "user": ""}, {"id": partner["editor"], "fullname": "Camille Exemple", "about": "<script>window.ran = 1</script> Mesures"})
    body = administrator.visit(f"/user/{partner['editor']}")
    assert "Camille Exemple" in body and made["name"] in body and "<script>window" not in body
    assert "Camille Exemple" in administrator.visit("/user/?q=Camille")
    assert "Camille Exemple" not in administrator.visit("/user/?q=zzzzz")
    for limit in ("abc", "0", "-1", "9" * 30):
        administrator.visit(f"/user/?limit={limit}", status=400)
    editor.visit(f"/user/activity/{partner['editor']}", status=403)
    assert made["name"] in administrator.visit(f"/user/activity/{partner['editor']}")
