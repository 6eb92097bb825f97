"""What waits for whom, chosen by the database, is what the rules of roles say of each part by itself."""
from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
from ckan.tests import factories
from ckanext.tzc.common import duties
from ckanext.tzc.rights import queues, records, roles
from sqlalchemy import event
from tzc.rights import requests

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


def account(name: str) -> str:
    return str(tk.get_action("user_show")({"ignore_auth": True}, {"id": name})["id"])


@pytest.fixture
def crowd(scene: Any) -> dict[str, Any]:
    """Partners with several deciders, one, and nobody; accounts in every place; 300 parts of every kind."""
    names = {
        "decider": scene.town["decider"], "second": scene.town["second"], "captain": scene.port["decider"], "officer": scene.port["officer"], "citizen": scene.citizen,
        "administrator": factories.Sysadmin()["name"], "another": factories.Sysadmin()["name"],
    }  # fmt: skip
    people = {name: account(user) for name, user in names.items()}
    nobody = factories.Organization(image_url="")["id"]
    with_both = factories.Organization(image_url="", users=[{"name": names["administrator"], "capacity": "admin"}])["id"]
    model.Session.query(model.Member).filter_by(group_id=nobody, table_name="user").update({"state": "deleted"})
    chance, at = random.Random(7), records.now()  # noqa: S311 -- cases, no secret
    everybody = list(people.values())
    for n in range(300):
        team = chance.sample(everybody, chance.choice([0, 0, 0, 1, 3]))
        made = {"purpose": "research", "words": "x", "project": "", "organisation": "", "days": 30, "key": f"k{n}", "created": at, "changed": at}
        model.Session.add(records.Request(id=f"r{n}", requester=chance.choice(everybody), team=team, **made))
        model.Session.flush()
        state = chance.choice(requests.STATES if n % 3 else (requests.SUBMITTED, requests.UNDER_REVIEW, requests.APPEALED))
        beside = "reviewer" if state == requests.APPEALED else "decider"
        keys = {role: chance.choice(everybody) for role in chance.sample([beside, "officer"], chance.choice([0, 0, 1, 2]))}
        decided = chance.sample(everybody, chance.choice([0, 1, 2])) if state == requests.APPEALED else []
        partner = chance.choice([scene.town["id"], scene.port["id"], nobody, with_both])
        model.Session.add(
            records.Part(id=f"p{n}", request=f"r{n}", partner=partner, state=state, personal=chance.random() < 0.5, keys=keys, decided_by=decided, due=at if n % 5 else None, changed=at)
        )
    model.Session.commit()
    return people


def test_what_waits_is_what_the_roles_say(crowd: dict[str, Any]) -> None:
    rows = model.Session.query(records.Part, records.Request).join(records.Request, records.Request.id == records.Part.request).filter(queues.WAITING).all()
    seen = 0
    for name, user_id in crowd.items():
        user = model.Session.get(model.User, user_id)
        wanted = {part.id for part, request in rows if user_id in roles.decide(part, request) and user_id not in part.keys.values()}
        count, found = queues.waiting(user, 0, 1000)
        assert ({part.id for part, _request in found}, count) == (wanted, len(wanted)), name
        seen += count
    assert seen > 100


def test_pages_follow_each_other(crowd: dict[str, Any]) -> None:
    for name in ("decider", "administrator"):
        user = model.Session.get(model.User, crowd[name])
        count, whole = queues.waiting(user, 0, 1000)
        paged = [part.id for start in range(0, count, 7) for part, _request in queues.waiting(user, start, 7)[1]]
        assert paged == [part.id for part, _request in whole] and len(set(paged)) == count
        assert [part.due is None for part, _request in whole] == sorted(part.due is None for part, _request in whole)
        assert queues.waiting(user, 0, 0) == (count, [])


def test_many_partners_are_asked_about_at_once(scene: Any, crowd: dict[str, Any]) -> None:
    """By the room that knows duties, shared and given ones too."""
    from ckanext.tzc.workflow import people, store

    partners = [factories.Organization(image_url="")["id"] for _ in range(5)] + [scene.town["id"], scene.port["id"]]
    moment = store.now()
    model.Session.add(store.Given(partner_id=partners[0], user_id=crowd["citizen"], duty=duties.DECIDER, given_by="x", given_at=moment))
    model.Session.add(store.Given(partner_id=partners[3], user_id=crowd["officer"], duty=duties.OFFICER, given_by="x", given_at=moment))
    model.Session.add(store.Pool(duty=duties.DECIDER, partner_id=partners[1], with_id=partners[0], asked_by="x", agreed_by="x", agreed_at=moment))
    model.Session.add(store.Pool(duty=duties.OFFICER, partner_id=partners[2], with_id=partners[3], asked_by="x"))
    model.Session.commit()
    asked: list[str] = []
    for duty in duties.DUTIES:
        assert (together := _counted(lambda duty=duty: people.answers(partners, duty), asked)) == {partner: people.answer(partner, duty) for partner in partners}
        assert len(asked) <= (5 if duty == duties.DECIDER else 4), asked
    assert people.answers(partners, duties.DECIDER)[partners[1]] == {crowd["citizen"]} != people.answers(partners, duties.OFFICER)[partners[2]]
    assert together and people.answers([], duties.DECIDER) == {}


def _counted(work: Callable[[], Any], asked: list[str]) -> Any:
    """What it gives; `asked` becomes its questions to the database."""

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    asked.clear()
    event.listen(model.meta.engine, "before_cursor_execute", note)
    try:
        return work()
    finally:
        event.remove(model.meta.engine, "before_cursor_execute", note)
