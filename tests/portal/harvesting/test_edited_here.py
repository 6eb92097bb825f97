"""What people decided here about harvested datasets outlives the runs that follow: taken back to draft, edited, deleted and brought back."""
from __future__ import annotations

import json
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
from ckanext.harvest.model import HarvestObject, HarvestObjectExtra
from ckanext.tzc.harvesting.engine import store

from tests.portal.harvesting.test_engine import TITLES, act, feed, found, harvest, made
from tests.portal.workflow.conftest import act as by
from tests.portal.workflow.conftest import somebody
from tests.sites import Site

__all__ = ["made"]

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context", "impatient")

Partner = dict[str, Any]
FIRST, *OTHERS = TITLES


def shown(identifier: str) -> dict[str, Any]:
    return dict(tk.get_action("package_show")({"ignore_auth": True, "use_cache": False}, {"id": identifier}))


@pytest.fixture
def first(site: Site, made: dict[str, Any]) -> str:
    """The first of the source's datasets, harvested."""
    site.answer = feed(site, TITLES, ETag='"un"')
    harvest()
    return found()[FIRST[1]]


# drafts


def test_a_dataset_that_was_taken_back_to_draft_stays_one(site: Site, first: str, partner: Partner) -> None:
    by("tzc_publication_move", partner["editor"], id=first, move="take_back")
    site.asked.clear()
    assert harvest()["unchanged"] == 12 and len(site.asked) == 1, "it is no reason to read the listing"
    assert shown(first)["state"] == "draft" and FIRST[1] not in found()
    for titles in (OTHERS, [(FIRST[0], "Comptage nouveau"), *OTHERS]):
        # the same said otherwise, then something new
        site.answer = feed(site, [*titles, *([FIRST] if titles is OTHERS else [])])
        done = harvest()
        assert (done["new"], shown(first)["state"]) == (0, "draft")
    assert (done["changed"], shown(first)["title"]) == (1, "Comptage nouveau"), "the source goes on to describe it"
    assert "Comptage nouveau" not in found() and len(found()) == 11
    by("tzc_publication_move", partner["editor"], id=first, move="publish")
    assert found()["Comptage nouveau"] == first
    site.answer = feed(site, [FIRST, *OTHERS])
    assert harvest()["changed"] == 1 and found()[FIRST[1]] == first, "published by a person it is the source's as before"


def test_who_approved_a_draft_did_not_approve_what_the_source_says_since(site: Site, first: str, partner: Partner) -> None:
    steward, legal = somebody(), somebody()
    for user, duty in ((steward, "steward"), (legal, "legal")):
        tk.get_action("organization_member_create")({"ignore_auth": True, "user": partner["editor"]}, {"id": partner["id"], "username": user, "role": "editor"})
        tk.get_action("tzc_duty_give")({"ignore_auth": True, "user": admin()}, {"partner": partner["id"], "user": user, "duty": duty})
    by("tzc_publication_move", steward, id=first, move="take_back")
    tk.get_action("package_patch")({"ignore_auth": True, "user": admin()}, {"id": first, "license_id": "odbl", "axis": ["mobilite"]})
    assert by("tzc_publication_move", steward, id=first, move="publish")["state"] == "in_review"
    assert by("tzc_publication_show", steward, id=first)["keys"].keys() == {"steward"}
    site.answer = feed(site, [FIRST, *OTHERS[:-1], (OTHERS[-1][0], "Comptage nouveau")])
    assert harvest()["changed"] == 1
    assert by("tzc_publication_show", steward, id=first)["keys"].keys() == {"steward"}, "nothing was said of this one"
    site.answer = feed(site, [(FIRST[0], "Comptage nouveau"), *OTHERS])
    harvest()
    told = by("tzc_publication_show", steward, id=first)
    assert (told["state"], told["keys"], shown(first)["title"]) == ("in_review", {}, "Comptage nouveau")


def admin() -> str:
    return str(tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"])


# deleted, and back

EDITS = {"title": "Un titre d’ici", "license_id": "odbl", "access_level": "restricted"}


def edited(identifier: str, partner: Partner) -> dict[str, Any]:
    """A dataset as somebody edited it here."""
    by("package_patch", partner["editor"], id=identifier, axis=["mobilite"], **EDITS)
    return edits(identifier)


def edits(identifier: str) -> dict[str, Any]:
    return {name: shown(identifier)[name] for name in EDITS}


def told(identifier: str) -> dict[str, set[str]]:
    """What its record says of edits: the fields, those that stayed and those that gave way."""
    mine = (HarvestObject.package_id == identifier, HarvestObject.current.is_(True), HarvestObjectExtra.key == "edits")
    [value] = model.Session.query(HarvestObjectExtra.value).join(HarvestObject, HarvestObject.id == HarvestObjectExtra.harvest_object_id).filter(*mine).one()
    return {name: {field for field, *_ in edits} for name, edits in json.loads(value).items()}


def deleted(site: Site, identifier: str) -> None:
    """Its source lists it no more, and a run deletes it."""
    site.answer = feed(site, OTHERS)
    assert harvest()["deleted"] == 1 and shown(identifier)["state"] == "deleted"


def test_edits_made_here_outlive_that_a_dataset_leaves_and_comes_back(site: Site, first: str, partner: Partner) -> None:
    assert edited(first, partner) == EDITS
    deleted(site, first)
    assert harvest()["unchanged"] == 11, "what a run deleted is not lost"
    site.answer = feed(site, TITLES)
    assert harvest()["new"] == 1
    assert edits(first) == EDITS and shown(first)["state"] == "active"
    assert told(first)["kept"] >= EDITS.keys() and not told(first)["overwritten"]
    assert harvest()["unchanged"] == 12
    site.answer = feed(site, [(FIRST[0], "Comptage nouveau"), *OTHERS])
    assert harvest()["changed"] == 1
    assert edits(first) == {**EDITS, "title": "Comptage nouveau"} and told(first)["overwritten"] == {"title"}


def test_and_that_somebody_takes_it_back(site: Site, first: str, partner: Partner) -> None:
    edited(first, partner)
    deleted(site, first)
    assert act("tzc_harvest_restore")["restored"] == 1
    assert edits(first) == EDITS
    assert harvest()["unchanged"] == 11 and shown(first)["state"] == "active", "it is not deleted again"
    site.answer = feed(site, TITLES)
    assert harvest()["unchanged"] == 11 and edits(first) == EDITS
    assert model.Session.query(store.ItemRow).filter(store.ItemRow.missing.is_not(None)).count() == 0
    deleted(site, first)


def test_and_that_somebody_brings_it_back_by_hand(site: Site, first: str, partner: Partner) -> None:
    edited(first, partner)
    deleted(site, first)
    tk.get_action("package_patch")({"ignore_auth": True, "user": admin()}, {"id": first, "state": "active"})
    assert (harvest()["deleted"], shown(first)["state"]) == (0, "active")
    site.answer = feed(site, TITLES)
    assert (harvest()["new"], edits(first)) == (0, EDITS)
    assert tk.h.tzc_harvest_origin({"id": first}) and not tk.h.tzc_harvest_origin({"id": first})["missing"]
    deleted(site, first)


def test_a_draft_that_leaves_comes_back_as_a_draft(site: Site, first: str, partner: Partner) -> None:
    by("tzc_publication_move", partner["editor"], id=first, move="take_back")
    deleted(site, first)
    site.answer = feed(site, TITLES)
    assert (harvest()["new"], shown(first)["state"]) == (1, "draft")
    by("tzc_publication_move", partner["editor"], id=first, move="publish")
    tk.get_action("package_delete")({"ignore_auth": True, "user": admin()}, {"id": first})
    assert (harvest()["new"], shown(first)["state"]) == (1, "active"), "that was a person"
    by("tzc_publication_move", partner["editor"], id=first, move="take_back")
    deleted(site, first)
    assert act("tzc_harvest_restore")["restored"] == 1
    assert shown(first)["state"] == "draft" and FIRST[1] not in found()
    by("tzc_publication_move", partner["editor"], id=first, move="publish")
    site.answer = feed(site, TITLES)
    harvest()
    deleted(site, first)
    site.answer = feed(site, TITLES)
    assert (harvest()["new"], shown(first)["state"]) == (1, "active"), "and what was published since as that"
