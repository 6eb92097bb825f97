"""What those concerned are told of delegations and reviews: by whom, for what, until when; and each once."""
from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import ckan.model as model
import pytest
from ckanext.tzc.notices import letters, store, words

from tests.people import Person

from .conftest import Town, act, somebody, user_id

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


PERSONAL = {"personal_data": "anonymised", "personal_data_report": "https://example.org/r.pdf", "contact": [{"email": "a@example.org"}]}


def told(user: str) -> list[Any]:
    """Somebody's notices, the newest first."""
    found: list[Any] = store.notices(user_id(user), 100, 0)
    return found


def mail(user: str) -> tuple[str, str]:
    """Subject and text of a mail about the newest one, in English."""
    return letters._text(told(user)[:1], user, "en", [])


def test_a_delegate_reads_for_whom_where_until_when_and_what_to_do(town: Town) -> None:
    decider, delegate = somebody(fullname="Danielle Décide"), somebody(fullname="Rémi Remplace")
    town.give("decider", decider)
    begins = datetime.now(timezone.utc).replace(second=0, microsecond=0)
    ends = begins + timedelta(days=3)
    partner = model.Group.get(town.id)
    made = act("tzc_delegation_create", decider, partner=town.id, to=delegate, begins=begins.isoformat(), ends=ends.isoformat())
    subject, text = mail(delegate)
    facts = dict(words.facts(told(delegate)[0], delegate, "en", str))
    assert (facts["In the place of"], facts["Who decides"], facts["Partner"]) == ("Danielle Décide", "Rémi Remplace", partner.title)
    here = {name: value.rpartition(", ")[2] for name, value in facts.items()}
    assert here["Until"] == here["From"] and ":" in here["Until"], "to the minute"
    assert "in somebody's place" in subject and "To be decided" in text and "/demandes/a-decider" in text
    assert all(value in text for value in facts.values())
    # ended, it says when, and no day that is still to come
    act("tzc_delegation_end", decider, id=made["id"])
    _subject, text = mail(delegate)
    assert "no more" in text and "Ended on" in text and facts["Until"] not in text and "Until" not in text


def test_who_is_replaced_by_an_administrator_is_told_by_whom(town: Town) -> None:
    decider, delegate = somebody(), somebody(fullname="Rémi Remplace")
    town.give("decider", decider)
    ends = (datetime.now(timezone.utc) + timedelta(days=3)).isoformat()
    act("tzc_delegation_create", town.admin, partner=town.id, to=delegate, ends=ends, **{"from": decider})
    _subject, text = mail(decider)
    assert "in your place" in text and "Rémi Remplace" in text and f"/organization/roles/{town.name}" in text


def test_an_officer_is_asked_once_for_the_same_dataset(town: Town, app: Any) -> None:
    officer, steward = somebody(), somebody()
    town.set(publication_review="yes")
    town.give("officer", officer)
    town.give("steward", steward)
    made = town.create(**PERSONAL)

    def reviews() -> list[str]:
        return [one.kind for one in told(officer) if one.kind.startswith("dataset.")]

    asked = reviews()
    assert asked == ["dataset.review_asked"]
    act("tzc_publication_move", steward, id=made["id"], move="approve")
    assert reviews() == asked, "she was told when it was asked for"
    assert Person(app, officer).visit("/en/compte/notifications").count("A dataset waits for your review.") == 1
    # sent back and asked for anew, she is told anew
    act("tzc_publication_move", officer, id=made["id"], move="request_changes", why="Un mot.")
    act("tzc_publication_move", town.editor, id=made["id"], move="ask_review")
    assert len(reviews()) == 2
