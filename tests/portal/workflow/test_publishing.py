"""From draft to archive, for partners that set up nothing, something and everything; by the same actions as programs use."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
from ckan.tests import factories

from tests.people import Person

from .conftest import Town, act, show, somebody, state, user_id

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


def history(dataset: dict[str, Any]) -> list[tuple[str, str]]:
    found = act("tzc_publication_show", factories.Sysadmin()["name"], id=dataset["id"])["history"]
    return [(entry["move"], entry["after"]) for entry in reversed(found)]


# nobody set anything up


def test_without_anything_set_up_whoever_writes_publishes_at_once(town: Town, heard: list[Any]) -> None:
    made = town.create(license_id="odbl", personal_data="anonymised")
    assert made["state"] == "active" and state(made) == "published"
    assert history(made) == [("publish", "published")]
    assert [(told.kind, told.by, told.about["dataset"]) for told in heard] == [("dataset.published", user_id(town.editor), made["id"])]


def test_a_draft_is_published_by_package_patch_as_before(town: Town) -> None:
    made = town.draft()
    assert state(made) == "draft"
    act("package_patch", town.second, id=made["id"], state="active")
    assert state(made) == "published" and show(made)["state"] == "active"


def test_an_edit_goes_live_at_once(town: Town) -> None:
    made = town.create()
    assert act("package_patch", town.second, id=made["id"], title="Autre")["title"] == "Autre"
    assert show(made)["title"] == "Autre" and history(made) == [("publish", "published")]


# review


@pytest.fixture
def reviewed(town: Town) -> Town:
    """The partner wants review; its administrator is steward by capacity."""
    town.set(publication_review="yes", email="donnees@example.org")
    return town


@pytest.mark.parametrize("way", ["create", "patch", "update", "move"])
def test_a_contributor_s_publish_asks_for_review(reviewed: Town, way: str, heard: list[Any]) -> None:
    if way == "create":
        made = reviewed.create()
        assert made["state"] == "draft"
    else:
        made = reviewed.draft()
        if way == "patch":
            act("package_patch", reviewed.editor, id=made["id"], state="active")
        elif way == "update":
            act("package_update", reviewed.editor, **{**show(made), "state": "active", "title": "Écrit en demandant"})
            assert show(made)["title"] == "Écrit en demandant"
        else:
            act("tzc_publication_move", reviewed.editor, id=made["id"], move="ask_review")
    assert state(made) == "in_review" and show(made)["state"] == "draft"
    told = heard[-1]
    assert told.kind == "dataset.review_asked" and user_id(reviewed.admin) in told.tell and told.path == f"/dataset/publication/{made['name']}"


def test_the_steward_approves_and_it_is_published(reviewed: Town, heard: list[Any]) -> None:
    made = reviewed.create()
    assert act("tzc_publication_move", reviewed.admin, id=made["id"], move="approve")["state"] == "published"
    assert show(made)["state"] == "active"
    assert history(made) == [("ask_review", "in_review"), ("approve", "published")]
    assert heard[-1].kind == "dataset.published" and user_id(reviewed.editor) in heard[-1].tell
    assert tk.get_action("package_search")({}, {"fq": f"id:{made['id']}"})["count"] == 1


def test_the_steward_sends_back_with_a_reason_and_the_contributor_asks_again(reviewed: Town, heard: list[Any]) -> None:
    made = reviewed.create()
    with pytest.raises(tk.ValidationError) as caught:
        act("tzc_publication_move", reviewed.admin, id=made["id"], move="request_changes")
    assert "why" in caught.value.error_dict
    act("tzc_publication_move", reviewed.admin, id=made["id"], move="request_changes", why="Dites l'heure.")
    assert state(made) == "changes_requested" and heard[-1].kind == "dataset.changes_requested" and heard[-1].content["why"] == "Dites l'heure."
    shown = act("tzc_publication_show", reviewed.editor, id=made["id"])
    assert shown["why"] == "Dites l'heure." and "ask_review" in shown["moves"] and "publish" not in shown["moves"]
    act("package_patch", reviewed.editor, id=made["id"], state="active", notes="Passages par heure, de 6 h à 22 h.")
    assert state(made) == "in_review"


def test_a_contributor_does_not_approve(reviewed: Town) -> None:
    made = reviewed.create()
    with pytest.raises(tk.NotAuthorized):
        act("tzc_publication_move", reviewed.second, id=made["id"], move="approve")
    act("package_patch", reviewed.second, id=made["id"], title="Encore", state="draft")
    with pytest.raises(tk.NotAuthorized):
        act("package_patch", reviewed.second, id=made["id"], state="active")
    assert state(made) == "in_review" and show(made)["state"] == "draft"


def test_the_steward_publishes_alone_at_once(reviewed: Town) -> None:
    made = reviewed.create(user=reviewed.admin)
    assert made["state"] == "active" and history(made) == [("publish", "published")]


def test_a_contributor_withdraws(reviewed: Town) -> None:
    made = reviewed.create()
    act("tzc_publication_move", reviewed.editor, id=made["id"], move="withdraw")
    assert state(made) == "draft"


def test_a_contributor_takes_nothing_back_and_deletes_nothing_published(reviewed: Town) -> None:
    made = reviewed.create(user=reviewed.admin)
    for data in ({"state": "draft"},):
        with pytest.raises(tk.NotAuthorized):
            act("package_patch", reviewed.editor, id=made["id"], **data)
    with pytest.raises(tk.NotAuthorized):
        tk.check_access("package_delete", {"user": reviewed.editor}, {"id": made["id"]})
    with pytest.raises(tk.NotAuthorized):
        act("resource_create", reviewed.editor, package_id=made["id"], url="https://example.org/a.csv")
    assert show(made)["state"] == "active" and not show(made)["resources"]
    act("package_patch", reviewed.admin, id=made["id"], state="draft")
    assert state(made) == "draft" and history(made)[-1] == ("take_back", "draft")


def test_files_of_drafts_are_the_contributor_s(reviewed: Town) -> None:
    made = reviewed.draft()
    file = act("resource_create", reviewed.editor, package_id=made["id"], url="https://example.org/a.csv", name="A")
    assert act("resource_patch", reviewed.editor, id=file["id"], name="B")["name"] == "B"
    assert state(made) == "draft"


def test_strangers_and_other_partners_see_and_move_nothing(reviewed: Town, make_town: Callable[[], Town]) -> None:
    made, other = reviewed.create(), make_town()
    for user in ("", somebody(), other.admin):
        for action, data in (("tzc_publication_show", {}), ("tzc_publication_move", {"move": "approve"}), ("package_show", {})):
            with pytest.raises(tk.NotAuthorized):
                act(action, user, id=made["id"], **data)
    assert state(made) == "in_review"


def test_two_stewards_at_once(reviewed: Town) -> None:
    made = reviewed.create()
    reviewed.give("steward", reviewed.second)
    reviewed.give("steward", reviewed.admin)
    act("tzc_publication_move", reviewed.second, id=made["id"], move="approve")
    with pytest.raises(tk.ValidationError) as caught:
        act("tzc_publication_move", reviewed.admin, id=made["id"], move="approve")
    assert "move" in caught.value.error_dict
    assert history(made).count(("approve", "published")) == 1


@pytest.mark.parametrize("data", [{}, {"move": "fly"}, {"move": None}, {"move": ["approve"]}, {"move": "approve", "why": 7}, {"move": "approve", "why": "x" * 5001}])
def test_odd_moves_are_refused_in_words(reviewed: Town, data: dict[str, Any]) -> None:
    made = reviewed.create()
    with pytest.raises(tk.ValidationError):
        act("tzc_publication_move", reviewed.admin, id=made["id"], **data)


@pytest.mark.parametrize("data", [{}, {"change": "x"}, {"change": 1, "decision": "fly"}, {"change": 1, "decision": ["accept"]}, {"change": [1], "decision": "accept"}])
def test_odd_decisions_are_refused_in_words(reviewed: Town, data: dict[str, Any]) -> None:
    with pytest.raises(tk.ValidationError):
        act("tzc_publication_decide", reviewed.admin, **data)
    with pytest.raises(tk.ObjectNotFound):
        act("tzc_publication_decide", reviewed.admin, change=999_999, decision="accept", even_so="peut-être")


def test_a_reason_may_hold_any_character(reviewed: Town) -> None:
    made = reviewed.create()
    act("tzc_publication_move", reviewed.admin, id=made["id"], move="request_changes", why="a\x00b <script>alert(1)</script>")
    assert act("tzc_publication_show", reviewed.editor, id=made["id"])["why"] == "ab <script>alert(1)</script>"


# keys


def test_personal_data_need_the_officer_s_key(town: Town) -> None:
    officer = somebody()
    town.give("officer", officer)
    town.give("steward", town.second)
    made = town.create(user=town.second, personal_data="anonymised", personal_data_report="https://example.org/rapport.pdf", contact=[{"email": "a@example.org"}])
    assert made["state"] == "draft" and state(made) == "in_review"
    shown = act("tzc_publication_show", town.second, id=made["id"])
    assert shown["missing"] == ["officer"] and shown["keys"] == {"steward": user_id(town.second)}
    assert refused(lambda: act("tzc_publication_move", town.second, id=made["id"], move="approve")) == {"move"}
    assert [entry["id"] for entry in act("tzc_publication_queue", officer)["datasets"]] == [made["id"]]
    assert act("package_show", officer, id=made["id"])["id"] == made["id"]  # no member, but who reviews sees it
    act("tzc_publication_move", officer, id=made["id"], move="approve")
    assert state(made) == "published"


def test_a_new_wording_takes_the_keys_back(town: Town) -> None:
    town.give("officer", somebody())
    made = town.create(personal_data="anonymised")
    assert act("tzc_publication_show", town.editor, id=made["id"])["keys"]
    act("package_patch", town.second, id=made["id"], notes="Avec les noms.")
    assert act("tzc_publication_show", town.editor, id=made["id"])["keys"] == {}


def test_one_person_with_both_duties_needs_another_from_the_pool(make_town: Callable[[], Town]) -> None:
    small, big = make_town(), make_town()
    for duty in ("steward", "officer"):
        small.give(duty, small.admin)
    big.give("officer", big.second)
    fields = {"personal_data": "anonymised", "personal_data_report": "https://example.org/r.pdf", "contact": [{"email": "a@example.org"}]}
    made = small.create(user=small.admin, **fields)
    with pytest.raises(tk.ValidationError):
        act("tzc_publication_move", small.admin, id=made["id"], move="approve")
    with pytest.raises(tk.NotAuthorized):
        act("tzc_publication_move", big.second, id=made["id"], move="approve")
    act("tzc_duty_share", small.admin, partner=small.id, duty="officer", **{"with": big.id})
    with pytest.raises(tk.NotAuthorized):
        act("tzc_publication_move", big.second, id=made["id"], move="approve")  # only one side agreed
    act("tzc_duty_share", big.admin, partner=big.id, duty="officer", **{"with": small.id})
    assert [entry["id"] for entry in act("tzc_publication_queue", big.second)["datasets"]] == [made["id"]]
    act("tzc_publication_move", big.second, id=made["id"], move="approve")
    assert state(made) == "published"


def test_where_nobody_else_is_an_administrator_of_the_portal_comes_in(town: Town) -> None:
    portal = factories.Sysadmin()["name"]
    for duty in ("steward", "officer"):
        town.give(duty, town.admin)
    made = town.create(user=town.admin, personal_data="anonymised", personal_data_report="https://example.org/r.pdf", contact=[{"email": "a@example.org"}])
    assert [entry["id"] for entry in act("tzc_publication_queue", portal)["datasets"]] == [made["id"]]
    act("tzc_publication_move", portal, id=made["id"], move="approve")
    assert state(made) == "published"


def test_two_keys_bind_the_administrator_of_the_portal_too(town: Town) -> None:
    portal = factories.Sysadmin()["name"]
    town.give("officer", somebody())
    made = town.create(user=portal, personal_data="anonymised")
    assert state(made) == "in_review"
    with pytest.raises(tk.ValidationError):
        act("tzc_publication_move", portal, id=made["id"], move="approve")


def test_another_licence_needs_the_legal_key_where_somebody_has_it(town: Town) -> None:
    jurist = somebody()
    town.give("legal", jurist)
    made = town.create(license_id="odbl")
    assert state(made) == "in_review"
    act("tzc_publication_move", jurist, id=made["id"], move="approve")
    assert state(made) == "published"
    assert town.create()["state"] == "active"  # Licence Ouverte: at once


# rules


def refused(action: Callable[[], Any]) -> set[str]:
    with pytest.raises(tk.ValidationError) as caught:
        action()
    return set(caught.value.error_dict)


def test_a_licence_that_the_partner_does_not_allow_blocks(town: Town) -> None:
    town.set(allowed_licences=["lov2"])
    assert refused(lambda: town.create(license_id="odbl", name="jeu-a")) == {"license_id"}
    made = town.create(name="jeu-a")  # the refused one left nothing behind
    assert refused(lambda: act("package_patch", town.editor, id=made["id"], license_id="odbl")) == {"license_id"}
    assert show(made)["license_id"] == "lov2"


def test_quality_under_the_bar_blocks_and_says_how_much_is_missing(town: Town) -> None:
    town.set(quality_bar="300")
    made = town.draft()
    assert refused(lambda: act("package_patch", town.editor, id=made["id"], state="active")) == {"quality"}
    assert refused(lambda: act("tzc_publication_move", town.editor, id=made["id"], move="publish")) == {"quality"}
    line = next(line for line in act("tzc_publication_show", town.editor, id=made["id"])["checklist"] if line["rule"] == "quality")
    assert "300" in line["words"] and line["blocks"] and not line["ok"] and line["url"] == f"/dataset/quality/{made['name']}"
    town.set(quality_bar="10")
    act("package_patch", town.editor, id=made["id"], state="active")
    assert state(made) == "published"


def test_a_raised_bar_stops_no_mending(town: Town) -> None:
    made = town.create()
    town.set(quality_bar="400")
    assert act("package_patch", town.editor, id=made["id"], title="Mieux")["title"] == "Mieux"


@pytest.mark.parametrize("bar", ["-1", "406", "beaucoup", "1.5"])
def test_a_bar_that_is_none_is_refused(town: Town, bar: str) -> None:
    assert refused(lambda: town.set(quality_bar=bar)) == {"quality_bar"}


def test_a_governed_partner_wants_contact_and_report(town: Town) -> None:
    town.set(publication_review="yes")
    assert refused(lambda: town.create(personal_data="anonymised")) == {"contact", "personal_data_report"}
    made = town.draft(personal_data="anonymised")
    lines = {line["rule"]: line for line in act("tzc_publication_show", town.editor, id=made["id"])["checklist"]}
    assert lines["contact"]["url"] == f"/dataset/edit/{made['name']}#field-contact" and lines["contact"]["blocks"]
    assert lines["title"]["ok"]


def test_a_room_s_check_is_asked(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    from ckanext.tzc.common import checks

    def moon(_package: Any, _partner: Any) -> list[checks.Finding]:
        return [checks.Finding("moon", False, "La lune est pleine.")]

    monkeypatch.setattr(checks, "_checks", {**checks._checks, "moon": moon})
    made = town.draft()
    assert refused(lambda: act("tzc_publication_move", town.editor, id=made["id"], move="publish")) == {"moon"}


def test_harvested_datasets_come_in_whatever_they_lack(town: Town) -> None:
    town.set(publication_review="yes", allowed_licences=["lov2"], quality_bar="400")
    made = tk.get_action("package_create")(
        {"user": factories.Sysadmin()["name"], "ignore_auth": True}, {"name": "moissonne", "title": "Venu d'ailleurs", "owner_org": town.id, "extras": [{"key": "guid", "value": "x"}]}
    )
    assert made["state"] == "active" and state(made) == "published"
    line = next(line for line in act("tzc_publication_show", town.admin, id=made["id"])["checklist"] if line["rule"] == "licence")
    assert not line["ok"] and not line["blocks"]


# changes of what is published


def test_an_edit_waits_and_what_is_published_stays(reviewed: Town, heard: list[Any]) -> None:
    made = reviewed.create(user=reviewed.admin)
    answer = act("package_patch", reviewed.editor, id=made["id"], title="Autre titre", tags=[{"name": "vélo"}])
    assert answer["title"] == "Comptages des vélos" and answer["tzc_proposed"]
    assert show(made)["title"] == "Comptages des vélos"
    assert heard[-1].kind == "dataset.change_proposed" and user_id(reviewed.admin) in heard[-1].tell
    change = act("tzc_publication_queue", reviewed.admin)["changes"][0]
    assert {one["field"]: (one["before"], one["after"]) for one in change["changes"]} == {"title": ("Comptages des vélos", "Autre titre"), "tags": ("", "vélo")}
    assert act("tzc_publication_queue", reviewed.second)["changes"] == []
    with pytest.raises(tk.NotAuthorized):
        act("tzc_publication_decide", reviewed.second, change=change["id"], decision="accept")
    act("tzc_publication_decide", reviewed.admin, change=change["id"], decision="accept")
    assert show(made)["title"] == "Autre titre" and [tag["name"] for tag in show(made)["tags"]] == ["vélo"]
    with pytest.raises(tk.ValidationError):
        act("tzc_publication_decide", reviewed.admin, change=change["id"], decision="accept")
    assert heard[-1].kind == "dataset.change_accepted" and heard[-1].tell == (user_id(reviewed.editor),)


def test_a_change_is_sent_back_or_withdrawn(reviewed: Town) -> None:
    made = reviewed.create(user=reviewed.admin)
    first = act("package_patch", reviewed.editor, id=made["id"], title="Un")["tzc_proposed"]
    assert refused(lambda: act("tzc_publication_decide", reviewed.admin, change=first, decision="send_back")) == {"why"}
    assert act("tzc_publication_decide", reviewed.admin, change=first, decision="send_back", why="Non.")["state"] == "sent_back"
    second = act("package_patch", reviewed.editor, id=made["id"], title="Deux")["tzc_proposed"]
    assert second != first
    assert act("tzc_publication_decide", reviewed.editor, change=second, decision="withdraw")["state"] == "withdrawn"
    assert show(made)["title"] == "Comptages des vélos"


def test_a_second_edit_joins_the_first(reviewed: Town) -> None:
    made = reviewed.create(user=reviewed.admin)
    first = act("package_patch", reviewed.editor, id=made["id"], title="Un")["tzc_proposed"]
    assert act("package_patch", reviewed.editor, id=made["id"], notes="Deux.")["tzc_proposed"] == first
    act("tzc_publication_decide", reviewed.admin, change=first, decision="accept")
    assert (show(made)["title"], show(made)["notes"]) == ("Un", "Deux.")


def test_a_change_of_what_changed_meanwhile_asks_twice(reviewed: Town) -> None:
    made = reviewed.create(user=reviewed.admin)
    change = act("package_patch", reviewed.editor, id=made["id"], title="Du contributeur")["tzc_proposed"]
    act("package_patch", reviewed.admin, id=made["id"], title="Du responsable")
    assert refused(lambda: act("tzc_publication_decide", reviewed.admin, change=change, decision="accept")) == {"even_so"}
    assert show(made)["title"] == "Du responsable"
    act("tzc_publication_decide", reviewed.admin, change=change, decision="accept", even_so=True)
    assert show(made)["title"] == "Du contributeur"


def test_an_edit_without_a_change_proposes_nothing(reviewed: Town) -> None:
    made = reviewed.create(user=reviewed.admin)
    assert "tzc_proposed" not in act("package_update", reviewed.editor, **show(made))


def test_a_mistake_is_told_at_once_and_not_proposed(reviewed: Town) -> None:
    made = reviewed.create(user=reviewed.admin)
    assert refused(lambda: act("package_patch", reviewed.editor, id=made["id"], title="")) == {"title"}
    assert act("tzc_publication_queue", reviewed.admin)["changes"] == []


def test_a_licence_is_changed_by_the_legal_duty_where_somebody_has_it(town: Town) -> None:
    made, jurist = town.create(), somebody()
    act("package_patch", town.editor, id=made["id"], license_id="odbl")
    assert show(made)["license_id"] == "odbl"  # nobody has it
    town.give("legal", jurist)
    answer = act("package_patch", town.editor, id=made["id"], license_id="lov2", title="Autre")
    assert answer["tzc_proposed"] and (show(made)["license_id"], show(made)["title"]) == ("odbl", "Autre")
    change = act("tzc_publication_queue", jurist)["changes"][0]
    assert [one["field"] for one in change["changes"]] == ["license_id"] and change["duty"] == "legal"
    act("tzc_publication_decide", jurist, change=change["id"], decision="accept")
    assert show(made)["license_id"] == "lov2"


# archive


def test_archived_keeps_page_and_address_and_leaves_search_and_feeds(app: Any, town: Town, heard: list[Any]) -> None:
    made, other = town.create(name="a-archiver", resources=[{"name": "Comptages", "url": "https://example.org/a.csv"}]), town.create(name="b-reste")
    assert refused(lambda: act("tzc_publication_move", town.editor, id=made["id"], move="archive")) == {"why"}
    assert made["id"] in app.get("/catalog.ttl").text and f'/dataset/{made["id"]}.ttl"' in app.get(f"/dataset/{made['name']}").text
    act("tzc_publication_move", town.editor, id=made["id"], move="archive", why="Remplacé par un autre jeu.")
    assert heard[-1].kind == "dataset.archived" and state(made) == "archived"
    assert tk.get_action("package_search")({"user": town.editor}, {"fq": f"id:{made['id']}", "include_drafts": True})["count"] == 0
    assert made["id"] not in app.get("/catalog.ttl").text
    assert made["name"] not in tk.get_action("package_list")({}, {}) and other["name"] in tk.get_action("package_list")({}, {"limit": 1})
    assert tk.get_action("resource_search")({"user": ""}, {"query": "name:Comptages"})["count"] == 0
    page = app.get(f"/dataset/{made['name']}")
    assert page.status_code == 200 and made["title"] in page.text and "rchiv" in page.text
    assert f"/dataset/{made['id']}." not in page.text, "what is no more is not linked"
    # an edit does not bring it back, nor does sending the mark back without it
    act("package_update", town.editor, **{key: value for key, value in show(made).items() if key != "archived"})
    act("package_patch", town.editor, id=made["id"], archived="", title="Ancien")
    assert state(made) == "archived" and tk.get_action("package_search")({}, {"fq": f"id:{made['id']}"})["count"] == 0
    act("tzc_publication_move", town.editor, id=made["id"], move="reopen")
    assert state(made) == "published" and tk.get_action("package_search")({}, {"fq": f"id:{made['id']}"})["count"] == 1
    assert made["id"] in app.get("/catalog.ttl").text


def test_nobody_archives_by_a_field(town: Town) -> None:
    made = town.create(archived="2026-01-01")
    assert state(made) == "published" and "archived" not in show(made)


def test_archived_and_taken_back_is_a_draft(town: Town) -> None:
    made = town.create()
    act("tzc_publication_move", town.editor, id=made["id"], move="archive", why="Vieux")
    act("tzc_publication_move", town.editor, id=made["id"], move="take_back")
    assert state(made) == "draft" and "archived" not in show(made)


def test_deleted_and_brought_back_is_a_draft_again(reviewed: Town) -> None:
    made = reviewed.create()
    act("package_delete", reviewed.admin, id=made["id"])
    act("package_patch", reviewed.admin, id=made["id"], state="draft")
    told = [(entry["move"], entry["after"]) for entry in act("tzc_publication_show", reviewed.admin, id=made["id"])["history"]]
    assert told[:2] == [("restore", "draft"), ("delete", "deleted")]
    assert state(made) == "draft"


# ways around


def test_a_dataset_is_not_brought_to_a_partner_that_reviews_behind_its_back(reviewed: Town, make_town: Callable[[], Town]) -> None:
    other = make_town()
    tk.get_action("organization_member_create")({"ignore_auth": True, "user": reviewed.admin}, {"id": reviewed.id, "username": other.admin, "role": "editor"})
    made = other.create(user=other.admin)
    assert refused(lambda: act("package_patch", other.admin, id=made["id"], owner_org=reviewed.id)) == {"owner_org"}
    draft = other.create(user=other.admin, state="draft")
    act("package_patch", other.admin, id=draft["id"], owner_org=reviewed.id, state="active")
    assert state(draft) == "in_review" and show(made)["owner_org"] == other.id


@pytest.mark.parametrize("action", ["bulk_update_public", "bulk_update_private", "bulk_update_delete"])
def test_many_at_once_is_a_steward_s_too(town: Town, action: str) -> None:
    made = town.create(access_level="confidential")
    tk.check_access(action, {"user": town.admin}, {"org_id": town.id, "datasets": [made["id"]]})
    town.give("steward", town.editor)
    with pytest.raises(tk.NotAuthorized):
        act(action, town.admin, org_id=town.id, datasets=[made["id"]])
    assert show(made)["state"] == "active" and show(made)["private"]


def test_what_may_not_be_told_is_not_done(town: Town) -> None:
    """A listener that fails, as the audit may, holds the move back."""
    from ckanext.tzc.common import happening

    def fail(_told: object) -> None:
        raise RuntimeError("the record is full")

    made = town.draft()
    happening.listen(fail)
    try:
        for action, data in (("package_patch", {"state": "active"}), ("tzc_publication_move", {"move": "publish"})):
            with pytest.raises(RuntimeError):
                act(action, town.editor, id=made["id"], **data)
            model.Session.rollback()  # as at the end of a request
            assert show(made)["state"] == "draft" and history(made) == []
    finally:
        happening._happened.disconnect(fail)


def test_two_who_decide_in_the_same_moment(reviewed: Town) -> None:
    """Two processes: one publishes, the other is told; one move is written."""
    import threading

    from ckanext.tzc.workflow import store
    from flask import current_app

    reviewed.give("steward", reviewed.second)
    reviewed.give("steward", reviewed.admin)
    made = reviewed.create()
    application, outcomes, ready = current_app._get_current_object(), [], threading.Barrier(2)

    def decide(name: str) -> None:
        with application.test_request_context():
            ready.wait()
            try:
                outcomes.append(act("tzc_publication_move", name, id=made["id"], move="approve")["state"])
            except tk.ValidationError as error:
                outcomes.append("move" in error.error_dict)
            finally:
                model.Session.remove()

    threads = [threading.Thread(target=decide, args=(name,)) for name in (reviewed.second, reviewed.admin)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, outcomes)) == ["True", "published"]
    assert [row.move for row in store.moves(made["id"])].count("approve") == 1


# duties that one person alone was given


@pytest.mark.parametrize("way", ["asked", "published"])
def test_a_sole_officer_turns_the_officer_s_key_and_leaves_the_other_to_the_administrator(app: Any, town: Town, way: str) -> None:
    """Nobody was given the steward's duty, so whoever writes has it, the officer too."""
    town.give("officer", town.editor)
    if way == "asked":
        made = town.create(town.admin, license_id="odbl", personal_data="pseudonymised", access_level="restricted")
        assert act("tzc_publication_show", town.admin, id=made["id"])["missing"] == ["officer"]
        # a new wording takes the key back
        act("package_patch", town.admin, id=made["id"], notes="Autrement.")
        assert act("tzc_publication_move", town.editor, id=made["id"], move="approve")["state"] == "in_review"
    else:
        made = town.create(license_id="odbl", personal_data="pseudonymised", access_level="restricted")
    standing = act("tzc_publication_show", town.admin, id=made["id"])
    assert (standing["keys"], standing["missing"]) == ({"officer": user_id(town.editor)}, ["steward"])
    assert "approve" in standing["moves"] and standing["awaited"] == {"steward": [user_id(town.admin)]}
    page = Person(app, town.editor).get(f"/dataset/publication/{made['name']}").get_data(as_text=True)
    line = page[page.index("tzc-badge tzc-draft") :].partition("</p>")[0]
    assert f"({tk.h.tzc_account_name(user_id(town.admin))})" in line
    assert act("tzc_publication_move", town.admin, id=made["id"], move="approve")["state"] == "published"
