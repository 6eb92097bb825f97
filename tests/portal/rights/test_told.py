"""What those concerned are told of a request: whose it is, where they see it, of which data."""
from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


def notices(user: str) -> list[dict[str, Any]]:
    """What somebody is told in English, the newest first."""
    import ckan.model as model
    from ckanext.tzc.notices import store, words

    rows = store.notices(model.User.get(user).id, 100, 0)
    return [{"words": words.sentence(row.kind, str, row.content), "facts": dict(words.facts(row, user, "en", str)), "path": row.path} for row in rows]


def test_who_asked_and_the_team_are_told_what_is_theirs(scene: Any) -> None:
    request = scene.grant(team=[scene.other])
    scene.move(scene.town["decider"], request, "suspend", reason="Une question.")
    [suspended, granted] = notices(scene.other)
    # a page for them, with nothing of the thread
    assert {suspended["path"], granted["path"]} == {f"/demandes/{request['id']}"}
    assert granted["words"] == "A request for data was granted." and granted["facts"]["Dataset"] == "Rues" and "Until" in granted["facts"]
    mine = notices(scene.citizen)
    assert [one["words"] for one in mine[:3]] == [
        "Your right to data is suspended; the reasons stand with it.", "Somebody whom you named has accepted the terms: their right is open.", "Your request for data was granted.",
    ]  # fmt: skip
    assert {one["path"] for one in mine} == {f"/demandes/{request['id']}"}
    assert "Until" not in mine[0]["facts"] and "Until" not in suspended["facts"], "what rests lasts until no day"
    [came] = notices(scene.town["second"])[-1:]
    assert came["words"] == "A request for data has come in." and came["path"] == f"/demandes/{request['id']}"


def test_each_dataset_of_a_part_is_named_to_who_may_see_it(scene: Any, publish: Any) -> None:
    bridges, wells = (publish(title=title, access_level="restricted", resources=[{"url": "https://files.example.org/x.csv", "name": "x", "format": "CSV"}]) for title in ("Ponts", "Puits"))
    scene.ask(scene.streets, bridges)
    assert notices(scene.town["decider"])[0]["facts"]["Datasets"] == "Rues and Ponts"
    scene.ask(scene.streets, bridges, wells, words="Encore une.")
    assert notices(scene.town["decider"])[0]["facts"]["Datasets"] == "Rues and 2 others"


def test_a_renewal_is_told_and_shown_as_one(scene: Any, app: Any) -> None:
    import ckan.plugins.toolkit as tk
    from ckanext.tzc.notices import steps

    from tests.people import Person

    old = scene.grant()
    before = notices(scene.citizen)
    again = scene.ask(words="Encore un mois.", days=90, renews=old["id"])
    assert notices(scene.town["decider"])[0]["words"] == "A request to renew a right to data has come in."
    page = Person(app, scene.town["decider"]).visit(f"/demandes/{again['id']}")
    assert f"/demandes/{old['id']}" in page and tk.h.tzc_moment(old["parts"][0]["ends"]) in page
    page = Person(app, scene.town["decider"]).visit(f"/demandes/{old['id']}")
    assert f"/demandes/{again['id']}" in page and f"renews={old['id']}" not in page
    scene.move(scene.town["decider"], again, "take_up")
    new = scene.move(scene.town["decider"], again, "approve")
    told = next(one for one in notices(scene.citizen) if one["words"] == "Your right to data was renewed.")
    assert told["facts"]["Until"] == steps.moment(new["parts"][0]["ends"], "en") != steps.moment(old["parts"][0]["ends"], "en"), "it ends inside a day"
    assert len(notices(scene.citizen)) == len(before) + 3, "that it has come in, that it is looked at, and the renewal, once"


def refused(call: Any, *args: Any, **fields: Any) -> str:
    """The words with which a move is refused."""
    import ckan.plugins.toolkit as tk

    with pytest.raises(tk.ValidationError) as caught:
        call(*args, **fields)
    return " ".join(" ".join(words) for words in caught.value.error_dict.values())


def test_a_refusal_names_what_its_reader_can_do(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from ckanext.tzc.rights import request_words

    monkeypatch.setattr(request_words.tk, "_", str)
    request = scene.ask()
    decider = scene.town["decider"]
    early = refused(scene.move, decider, request, "refuse", reason="Non.")
    assert early == "“Refuse” is not possible while the request is “Sent”. You can: Take it up, Ask for completion, Take 30 days more."
    scene.move(decider, request, "prolong", reason="Beaucoup de demandes.")
    again = refused(scene.move, decider, request, "prolong", reason="Encore.")
    assert again == "“Take 30 days more” is possible once, and was done already. You can: Ask for completion, Approve, Refuse."
    assert "Forschung" not in (words := refused(scene.ask, purpose="Forschung")) and "Recherche" in words and "research" in words


def test_rights_say_where_they_stand(scene: Any, app: Any, at: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from ckanext.tzc.rights import request_words

    from tests.people import Person

    from .conftest import later

    monkeypatch.setattr(request_words.tk, "_", str)

    def label() -> str:
        return str(scene.call("tzc_grant_list", scene.citizen)["grants"][0]["label"])

    request = scene.grant()
    assert label() == "Open to you"
    scene.move(scene.town["decider"], request, "suspend", reason="Une question.")
    assert label() == "Right suspended" and "Right suspended" in Person(app, scene.citizen).visit("/demandes/droits")
    scene.move(scene.town["decider"], request, "resume")
    at(later(40))
    assert label() == "Right at its end"
    at(later(-1))
    assert label() == "Not begun yet"
    at(later(0.01))
    scene.move(scene.town["decider"], request, "revoke", reason="Fin.")
    assert label() == "Right revoked"
    scene.move(scene.citizen, request, "appeal", reason="Si.")
    assert label() == "Right revoked"


def test_what_was_withdrawn_waits_for_no_day(scene: Any) -> None:
    request = scene.ask()
    assert request["parts"][0]["due"]
    assert scene.move(scene.citizen, request, "withdraw")["parts"][0]["due"] is None


def test_who_asks_by_pages_of_another_language_is_mailed_in_it(scene: Any, app: Any) -> None:
    import ckan.model as model
    import ckan.plugins.toolkit as tk

    from tests.people import Person

    def language(user: str) -> str:
        model.Session.rollback()
        return str(tk.get_action("tzc_notices_wish_show")({"user": user}, {})["language"])

    def ask(person: Any, pages: str, words: str) -> None:
        person.visit(f"{pages}/demandes/nouvelle?dataset={scene.streets['name']}")
        person.send(purpose="research", words=words, days="30", terms=person.page.xpath("//input[@name='terms']/@value"))

    person = Person(app, scene.citizen)
    ask(person, "", "Une thèse.")
    assert language(scene.citizen) == "fr"
    ask(person, "/en", "A thesis.")
    assert language(scene.citizen) == "en"
    # the portal's own language is that of whoever chose none; what was said on the page of notifications goes before all
    ask(person, "", "Une autre thèse.")
    assert language(scene.citizen) == "en"
    tk.get_action("tzc_notices_wish_update")({"user": scene.citizen}, {"language": "fr"})
    ask(person, "/en", "Another thesis.")
    assert language(scene.citizen) == "fr"


def test_days_are_said_as_people_say_them() -> None:
    from ckanext.tzc.rights import request_words

    assert request_words.days(180).startswith("180 ")
    assert [request_words.days(count)[:2] for count in (365, 730, 1096)] == ["1 ", "2 ", "3 "]


def test_what_happens_to_requests_has_words_in_the_journal() -> None:
    from ckanext.tzc.audit import words
    from ckanext.tzc.rights import life

    assert set(life.KINDS.values()) <= set(words.kinds())


def test_the_page_of_a_dataset_says_what_right_one_has(scene: Any, app: Any) -> None:
    from tests.people import Person

    request = scene.grant()
    (right,) = scene.call("tzc_grant_list", scene.citizen)["grants"]
    page = f"/dataset/{scene.streets['name']}"
    assert f"/accords/{right['id']}" in Person(app, scene.citizen).visit(page)
    for name in (scene.other, scene.town["decider"]):
        assert "/accords/" not in Person(app, name).visit(page)
    scene.move(scene.town["decider"], request, "suspend", reason="Une question.")
    assert "/accords/" not in Person(app, scene.citizen).visit(page)
