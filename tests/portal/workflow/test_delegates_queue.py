"""What waits for who decides in somebody's place: chosen by the database as the rules of delegates say, in one list and its count."""
from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone
from typing import Any

import ckan.model as model
import pytest
from ckan.tests import factories
from ckanext.tzc.rights import delegates, queues, records, roles
from ckanext.tzc.workflow import store
from tzc.rights import requests

from tests.people import Person

from .conftest import Town, somebody, user_id
from .test_delegations import ask, delegate

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


def test_the_queue_is_what_the_rules_of_delegates_say(town: Town, make_town: Any) -> None:
    other = make_town()
    names = {name: somebody() for name in ("first", "second", "for_first", "for_both", "officer", "citizen")}
    names["administrator"] = factories.Sysadmin()["name"]
    for name in ("first", "second"):
        town.give("decider", names[name])
    town.give("officer", names["officer"])
    # one who decides alone, with a delegate who is administrator of the portal; he is the officer too
    other.give("decider", names["second"])
    other.give("officer", names["second"])
    delegate(town, names["first"], names["for_first"])
    delegate(town, names["first"], names["for_both"])
    delegate(town, names["second"], names["for_both"])
    delegate(other, names["second"], names["administrator"])
    people = {name: user_id(account) for name, account in names.items()}
    chance, at, everybody = random.Random(3), records.now(), list(people.values())  # noqa: S311 -- cases, no secret
    replaced = {people["for_first"]: [people["first"]], people["for_both"]: [people["first"], people["second"]], people["administrator"]: [people["second"]]}
    for n in range(400):
        made = {"purpose": "research", "words": "x", "project": "", "organisation": "", "days": 30, "key": f"k{n}", "created": at, "changed": at}
        model.Session.add(records.Request(id=f"r{n}", requester=chance.choice(everybody), team=chance.sample(everybody, chance.choice([0, 0, 1, 2])), **made))
        model.Session.flush()
        state = chance.choice((requests.SUBMITTED, requests.UNDER_REVIEW, requests.UNDER_REVIEW, requests.APPEALED))
        beside = "reviewer" if state == requests.APPEALED else "decider"
        keys = {role: chance.choice(everybody) for role in chance.sample([beside, "officer"], chance.choice([0, 1, 1]))} if state != requests.SUBMITTED else {}
        decided = chance.sample(everybody, chance.choice([0, 1, 2, 3])) if state == requests.APPEALED else []
        part = records.Part(
            id=f"p{n}", request=f"r{n}", partner=chance.choice([town.id, other.id]), state=state, personal=chance.random() < 0.5, keys=keys, decided_by=decided, due=at, changed=at
        )
        model.Session.add(part)
        model.Session.flush()
        for by in set(keys.values()):
            acting_for = sorted(replaced.get(by, []))
            model.Session.add(records.Message(request=f"r{n}", part=f"p{n}", by=by, at=at, move="overturn" if state == requests.APPEALED else "approve", acting_for=acting_for, text=""))
    model.Session.commit()
    rows = model.Session.query(records.Part, records.Request).join(records.Request, records.Request.id == records.Part.request).filter(queues.WAITING).all()
    for name, user in people.items():
        wanted = {part.id for part, request in rows if user in roles.decide(part, request) and not delegates.turned(user, part, request)}
        count, found = queues.waiting(model.Session.get(model.User, user), 0, 1000)
        given = {part.id for part, _request in found}
        wrong = [(part.state, part.personal, part.keys, part.decided_by, request.requester, request.team) for part, request in rows if part.id in given ^ wanted]
        assert not wrong and count == len(wanted), (name, people, wrong[:3])
        assert wanted or name == "citizen", name


def test_the_desk_counts_it_until_the_delegation_ends(town: Town, app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    decider, other = somebody(), somebody()
    town.give("decider", decider)
    _citizen, request = ask(town, decider)
    delegate(town, decider, other)
    person = Person(app, other)
    person.visit("/dashboard/datasets")
    (tab,) = person.page.xpath("//main//a[contains(@href, '/demandes/a-decider')]")
    assert tab.text_content().endswith("(1)")
    assert f"/demandes/{request['id']}" in person.visit("/demandes/a-decider")
    assert f"in the place of {model.User.get(decider).display_name}" in person.visit("/en/demandes/a-decider")
    moment = datetime.now(timezone.utc) + timedelta(days=4)
    monkeypatch.setattr(store, "now", lambda: moment)
    person.visit("/dashboard/datasets")
    assert not person.page.xpath("//main//a[contains(@href, '/demandes/a-decider')]")
    assert f"/demandes/{request['id']}" not in person.visit("/demandes/a-decider")
