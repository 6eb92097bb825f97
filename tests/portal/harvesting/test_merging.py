"""Two datasets that are the same become one: by whom, what the one that stays takes over, where the old address leads, and the ways back."""
from __future__ import annotations

import html
import io
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pysolr
import pytest
from ckan.lib import search
from ckan.tests import factories
from ckanext.harvest.model import HarvestObjectExtra
from ckanext.tzc.common import happening
from ckanext.tzc.harvesting import doubles, jobs, merges, merging
from ckanext.tzc.harvesting.engine import documents, orders, restoring, store, telling, unindexed
from flask import current_app
from werkzeug.datastructures import FileStorage

from tests.domain.harvesters.speakers import package
from tests.people import PASSWORD, Person
from tests.sites import Site, catalogue

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context", "impatient")

Source = Callable[..., dict[str, Any]]
FILE = {"url": "https://data.example.org/comptages.csv", "name": "Comptages", "format": "CSV"}
MORE = {"url": "https://autre.example.org/stations.geojson", "name": "Stations", "format": "GeoJSON"}


def described(number: int = 1, **fields: Any) -> dict[str, Any]:
    return {**package(f"jeu-{number}", f"Comptages {number}"), "identifier": f"https://source.example.org/jeu-{number}", "url": f"https://source.example.org/page-{number}", **fields}


def act(name: str, user: str, **asked: Any) -> Any:
    return tk.get_action(f"tzc_harvest_{name}")({"user": user}, asked)


def admin() -> str:
    return str(tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"])


def harvest(**asked: Any) -> dict[str, int]:
    run_id = act("run", admin(), source="une-source", approve=True, **asked)["run"]
    orders.work_now(run_id)
    run = store.run(run_id)
    assert run is not None and run.state == store.DONE
    return {name: count for name, count in telling.summary(run).items() if isinstance(count, int) and count}


def show(name: str) -> dict[str, Any]:
    return dict(tk.get_action("package_show")({"ignore_auth": True, "use_cache": False}, {"id": name}))


def there() -> set[str]:
    return {entry["name"] for entry in tk.get_action("package_search")({"user": ""}, {"q": "*:*", "rows": 100})["results"]}


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[happening.Happening]:
    told: list[happening.Happening] = []
    original = happening.tell
    monkeypatch.setattr(happening, "tell", lambda one: (told.append(one), original(one))[1])
    return told


@pytest.fixture
def pair(site: Site, source: Source, publish: Callable[..., dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """A harvested dataset, and one that was made here, proposed as the same; the one made here has a file more."""
    site.answer = catalogue([described(), described(2)])
    source(site.address, "tzc_ckan")
    harvest()
    harvested = show(model.Session.query(model.Package).filter_by(title="Comptages 1").one().id)
    made = publish(name="fait-ici", title="Comptages 1", resources=[{key: harvested["resources"][0][key] for key in ("url", "name")}, MORE], alternate_identifier=["urn:x:autre"])
    propose(harvested["id"], made["id"])
    return {"harvested": harvested, "made": made}


def propose(one: str, other: str) -> None:
    first, second = sorted((one, other))
    model.Session.add(doubles.Double(one_id=first, other_id=second, score=0.9, reason="files", found=store.now()))
    model.Session.commit()


def merged(pair: dict[str, dict[str, Any]], keep: str, user: str, **asked: Any) -> dict[str, Any]:
    both = {"one": pair["harvested"]["id"], "other": pair["made"]["id"]}
    return dict(act("double_merge", user, **both, keep=pair[keep]["id"], **asked))


def test_the_one_that_stays_takes_over_identifiers_and_files(editor: Person, pair: dict[str, dict[str, Any]], heard: list[happening.Happening], app: Any) -> None:
    kept, gone = pair["harvested"], pair["made"]
    page = f"/doublons/{kept['id']}/{gone['id']}"
    body = editor.visit("/harvest/une-source/doublons")
    assert page in body
    editor.visit(page)
    assert editor.page.xpath("//fieldset[.//input[@type='checkbox']]//span/text()") == ["Stations (GeoJSON)"], "only the file that the other does not have"
    file = gone["resources"][1]["id"]
    editor.send(("order", "merge"), keep=kept["id"], **{f"files__{kept['id'].replace('-', '__')}": file})
    assert tk._("They are merged: the other address leads to the dataset that stays.") in editor.said()
    now = show(kept["id"])
    assert now["alternate_identifier"] == [*kept.get("alternate_identifier", []), "urn:x:autre"]
    assert now["merged_from"] == [f"{tk.config['ckan.site_url']}/dataset/{gone['id']}"]
    assert [(one["id"], one["name"]) for one in now["resources"]][1:] == [(file, "Stations")], "it is the same file still"
    assert kept["name"] in there() and "fait-ici" not in there()
    [told] = [one for one in heard if one.kind == "dataset.merged"]
    assert told.about["dataset"] == kept["id"] and told.by == model.User.get(editor.name).id
    assert act("doubles", editor.name, source="une-source")["count"] == 0
    # the old address
    for address in ("fait-ici", gone["id"]):
        answer = app.get(f"/dataset/{address}", follow_redirects=False)
        assert (answer.status_code, answer.headers["Location"].partition("/dataset/")[2]) == (301, kept["name"]) and "no-cache" in answer.headers["Cache-Control"]
    assert app.get(f"/dataset/fait-ici/resource/{file}", follow_redirects=False).headers["Location"].endswith(f"/dataset/{kept['name']}/resource/{file}")
    assert app.get(f"/dataset/fait-ici/resource/{gone['resources'][0]['id']}", follow_redirects=False).headers["Location"].endswith(f"/dataset/{kept['name']}")
    assert app.get("/dataset/fait-ici.ttl", follow_redirects=False).headers["Location"].endswith(f"/dataset/{kept['name']}.ttl")
    assert app.get("/dataset/fait-ici", follow_redirects=True).status_code == 200
    # and back
    editor.visit(page)
    editor.send(("order", "undo"))
    assert "fait-ici" in there()
    back, as_before = show("fait-ici"), show(kept["id"])
    assert sorted(one["name"] for one in back["resources"]) == sorted(one["name"] for one in gone["resources"]) and file in {one["id"] for one in back["resources"]}
    assert (as_before.get("alternate_identifier") or [], as_before.get("merged_from") or []) == (kept.get("alternate_identifier") or [], [])
    assert [one["id"] for one in as_before["resources"]] == [one["id"] for one in kept["resources"]]
    assert app.get("/dataset/fait-ici", follow_redirects=False).status_code == 200
    assert act("doubles", editor.name, source="une-source")["open"] == 1, "they are proposed again"


def test_one_that_its_source_does_not_list_any_more_is_said_to_be(editor: Person, site: Site, pair: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    page, words = f"/doublons/{pair['harvested']['id']}/{pair['made']['id']}", tk._("It is no longer at the source since %(day)s.").partition("%")[0]
    assert words not in html.unescape(editor.visit(page))
    monkeypatch.setitem(tk.config, "tzc.harvesting.grace_days", 7)
    site.answer = catalogue([described(2)])
    assert harvest()["missing"] == 1
    assert html.unescape(editor.visit(page)).count(words) == 1, "who chooses which one stays knows that this one will go"


def test_a_crash_before_the_index_is_made_good(editor: Person, pair: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(_ids: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(documents, "to_index", crash)
        with pytest.raises(KeyboardInterrupt):
            merged(pair, "harvested", editor.name)
    model.Session.remove()
    assert "fait-ici" in there(), "withdrawn, and found still"
    jobs.find_doubles()
    assert "fait-ici" not in there() and pair["harvested"]["name"] in there()


def away() -> pysolr.Solr:
    return pysolr.Solr("http://127.0.0.1:1/solr/none", timeout=1)


def test_an_index_that_is_away_is_told_and_made_good(editor: Person, pair: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    for order, after in (("merge", "deleted"), ("undo", "active")):
        with monkeypatch.context() as patch:
            patch.setattr(search.index, "make_connection", away)
            editor.visit(f"/doublons/{pair['harvested']['id']}/{pair['made']['id']}")
            editor.send(("order", order), **({"keep": pair["harvested"]["id"]} if order == "merge" else {}))
            assert unindexed.words() in editor.said()
            assert jobs.bring_to_index() == 0, "it is away still"
        assert show("fait-ici")["state"] == after
        assert ("fait-ici" in there()) is (after == "deleted"), "search shows what was before"
        assert jobs.bring_to_index() == 2
        assert ("fait-ici" in there()) is (after == "active") and jobs.bring_to_index() == 0


def test_what_a_run_brings_back_is_found_though_the_index_was_away(editor: Person, site: Site, pair: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    merged(pair, "harvested", editor.name)
    original = merging.bring_back

    def without_index(lost: Any) -> list[str]:
        with monkeypatch.context() as patch:
            patch.setattr(search.index, "make_connection", away)
            return original(lost)

    monkeypatch.setattr(merging, "bring_back", without_index)
    site.answer = catalogue([described(2)])
    assert harvest()["deleted"] == 1, "the run goes on to its end"
    assert show("fait-ici")["state"] == "active" and "fait-ici" not in there()
    jobs.bring_to_index()
    assert "fait-ici" in there()


def test_the_next_harvests_do_not_bring_it_back(editor: Person, site: Site, pair: dict[str, dict[str, Any]]) -> None:
    name = pair["harvested"]["name"]
    merged(pair, "made", editor.name)
    assert show("fait-ici")["alternate_identifier"] == ["urn:x:autre", "jeu-1", "https://source.example.org/jeu-1"]
    assert show("fait-ici")["merged_from"] == [pair["harvested"]["url"]]
    assert name not in there()
    assert harvest() == {"unchanged": 2}
    assert act("status", admin(), source="une-source")["listed"] == 0, "a source that did not change is still seen to be so without reading it"
    site.answer = catalogue([described(title="Un autre titre"), described(2, title="Aussi un autre")])
    assert harvest() == {"unchanged": 1, "changed": 1}
    assert name not in there() and "fait-ici" in there()
    act("double_undo", editor.name, one=pair["made"]["id"], other=pair["harvested"]["id"])
    assert name in there() and show(name)["title"] == "Comptages 1"
    assert harvest() == {"unchanged": 1, "changed": 1}, "what the source said meanwhile, though it says the same as the last time"
    assert show(name)["title"] == "Un autre titre"


def test_a_plan_made_before_a_merge_does_not_bring_it_back(editor: Person, site: Site, pair: dict[str, dict[str, Any]]) -> None:
    name = pair["harvested"]["name"]
    site.answer = catalogue([described(title="Un autre titre"), described(2, title="Aussi un autre")])
    run_id = act("dry_run", admin(), source="une-source")["run"]
    orders.work_now(run_id)
    merged(pair, "made", editor.name)
    act("approve", admin(), source="une-source")
    orders.work_now(run_id)
    assert show("fait-ici")["state"] == "active" and (show(name)["state"], show(name)["title"]) == ("deleted", "Comptages 1")
    assert name not in there() and {entry["title"] for entry in map(show, there())} == {"Comptages 1", "Aussi un autre"}
    [entry] = [entry for entry in model.Session.query(store.Entry).filter_by(run_id=run_id) if entry.package_id == pair["harvested"]["id"]]
    assert (entry.outcome, entry.words) == (store.DID, tk._("It was merged with another dataset meanwhile."))
    act("double_undo", editor.name, one=pair["made"]["id"], other=pair["harvested"]["id"])
    assert harvest() == {"unchanged": 1, "changed": 1} and show(name)["title"] == "Un autre titre"


def test_a_harvest_that_changes_the_one_that_stays_leaves_what_it_took_over(editor: Person, site: Site, pair: dict[str, dict[str, Any]]) -> None:
    name = pair["harvested"]["name"]
    merged(pair, "harvested", editor.name, files=[pair["made"]["resources"][1]["id"]])
    before = show(name)
    site.answer = catalogue([described(title="Un autre titre", extras=[{"key": "alternate_identifier", "value": '["urn:x:neuf"]'}]), described(2)])
    assert harvest()["changed"] == 1
    after = show(name)
    assert after["title"] == "Un autre titre" and set(before["alternate_identifier"]) <= set(after["alternate_identifier"]) and after["merged_from"] == before["merged_from"]
    assert [file["id"] for file in after["resources"]] == [file["id"] for file in before["resources"]]
    body = editor.visit(f"/dataset/harvest_object/{after['id']}")
    assert "alternate_identifier" not in body.partition('id="record-title"')[0] and "merged_from" not in body.partition('id="record-title"')[0], "it is no edit of anybody's"
    told = [json.loads(value) for (value,) in model.Session.query(HarvestObjectExtra.value).filter_by(key="edits")]
    assert [{place.partition(".")[0] for place, *_ in (*edits["kept"], *edits["overwritten"])} for edits in told] == [{"resources"}], "but the file is one more than the source has"


def test_it_comes_back_when_the_one_that_stays_is_lost_by_its_source(editor: Person, site: Site, pair: dict[str, dict[str, Any]], heard: list[happening.Happening]) -> None:
    name = pair["harvested"]["name"]
    merged(pair, "harvested", editor.name, files=[pair["made"]["resources"][1]["id"]])
    site.answer = catalogue([described(2)])
    assert harvest()["deleted"] == 1
    assert "fait-ici" in there() and name not in there()
    assert {file["name"] for file in show("fait-ici")["resources"]} == {"Stations", pair["made"]["resources"][0]["name"]}
    assert [one.by for one in heard if one.kind == "dataset.merge_back"] == [None]
    assert model.Session.query(merges.Merge).count() == 0


def test_to_take_back_what_a_run_deleted_brings_no_merged_one_back(editor: Person, site: Site, pair: dict[str, dict[str, Any]]) -> None:
    gone, other = pair["harvested"]["name"], show(model.Session.query(model.Package).filter_by(title="Comptages 2").one().id)["name"]
    merged(pair, "made", editor.name)
    site.answer = catalogue([described(3)])
    harvest()
    assert there() == {"fait-ici", show(model.Session.query(model.Package).filter_by(title="Comptages 3").one().id)["name"]}
    run = store.last_run(show("une-source")["id"])
    assert run is not None and restoring.count(run.id) == 1 and [left.datasets for left in restoring.left(run.source_id)] == [1]
    assert act("restore", admin(), source="une-source")["restored"] == 1
    assert other in there() and gone not in there(), "it would be there twice"
    act("double_undo", editor.name, one=pair["made"]["id"], other=pair["harvested"]["id"])
    assert gone in there(), "who undoes the merge has it back"


def test_it_does_not_when_its_own_source_lost_it_too_and_is_proposed_when_a_person_deleted_the_other(editor: Person, site: Site, pair: dict[str, dict[str, Any]], app: Any) -> None:
    two = show(model.Session.query(model.Package).filter_by(title="Comptages 2").one().id)
    propose(pair["harvested"]["id"], two["id"])
    act("double_merge", editor.name, one=pair["harvested"]["id"], other=two["id"], keep=two["id"])
    site.answer = catalogue([described(3)])
    harvest()
    assert not there() & {pair["harvested"]["name"], two["name"]}
    # by hand
    site.answer = catalogue([described(3), described(4)])
    harvest()
    three, four = (show(model.Session.query(model.Package).filter_by(title=f"Comptages {number}").one().id) for number in (3, 4))
    propose(three["id"], four["id"])
    act("double_merge", editor.name, one=three["id"], other=four["id"], keep=three["id"])
    tk.get_action("package_delete")({"user": editor.name}, {"id": three["id"]})
    assert app.get(f"/dataset/{four['name']}", follow_redirects=False, status=404)
    body = editor.visit("/doublons")
    assert tk._("the one that stayed is gone") in body
    editor.visit(f"/doublons/{three['id']}/{four['id']}")
    editor.send(("order", "undo"))
    assert four["name"] in there()


@pytest.fixture
def neighbour(app: Any) -> Iterator[Person]:
    """An editor of another partner."""
    user = factories.User(password=PASSWORD)
    factories.Organization(image_url="", name="le-voisin", users=[{"name": user["name"], "capacity": "editor"}])
    yield Person(app, user["name"])


@pytest.fixture
def between(pair: dict[str, dict[str, Any]], neighbour: Person) -> dict[str, dict[str, Any]]:
    """A harvested dataset and one of another partner."""
    theirs = tk.get_action("package_create")(
        {"user": neighbour.name},
        {"name": "du-voisin", "title": "Comptages 1", "notes": "Passages.", "owner_org": model.Group.get("le-voisin").id, "axis": ["mobilite"], "license_id": "lov2", "resources": [FILE, MORE]},
    )
    propose(pair["harvested"]["id"], theirs["id"])
    return {"harvested": pair["harvested"], "made": theirs}


@pytest.mark.parametrize("keep", ["harvested", "made"])
def test_another_partners_dataset_is_not_touched_without_its_yes(editor: Person, neighbour: Person, between: dict[str, dict[str, Any]], keep: str, heard: list[happening.Happening]) -> None:
    before = {side: show(one["id"]) for side, one in between.items()}
    page = f"/doublons/{between['harvested']['id']}/{between['made']['id']}"
    editor.visit(page)
    editor.send(("order", "merge"), keep=between[keep]["id"])
    assert tk._("The other partner is asked; nothing is done before the yes.") in editor.said()
    assert {side: show(one["id"]) for side, one in between.items()} == before
    [told] = [one for one in heard if one.kind == "dataset.merge_asked"]
    assert told.tell == (model.User.get(neighbour.name).id,)
    with pytest.raises(tk.NotAuthorized):
        act("double_answer", editor.name, one=between["made"]["id"], other=between["harvested"]["id"], agree=True)
    with pytest.raises(tk.ValidationError):
        act("double_merge", neighbour.name, one=between["made"]["id"], other=between["harvested"]["id"], keep=between[keep]["id"])
    assert act("merges", neighbour.name)["count"] == 1
    neighbour.visit(page)
    neighbour.send(("order", "agree"))
    assert {side: show(one["id"])["state"] for side, one in between.items()} == {side: "active" if side == keep else "deleted" for side in between}
    owner = neighbour if keep == "harvested" else editor
    with pytest.raises(tk.NotAuthorized):
        act("double_undo", (editor if owner is neighbour else neighbour).name, one=between["made"]["id"], other=between["harvested"]["id"])
    act("double_undo", owner.name, one=between["made"]["id"], other=between["harvested"]["id"])
    assert {show(one["id"])["state"] for one in between.values()} == {"active"}


def test_a_file_that_was_closed_after_a_proposal_stays_where_it_is(editor: Person, neighbour: Person, between: dict[str, dict[str, Any]]) -> None:
    both = {"one": between["made"]["id"], "other": between["harvested"]["id"]}
    [file] = [file["id"] for file in between["made"]["resources"] if file["name"] == MORE["name"]]
    act("double_merge", editor.name, **both, keep=between["harvested"]["id"], files=[file])
    tk.get_action("package_patch")({"user": neighbour.name}, {"id": "du-voisin", "access_level": "restricted"})
    act("double_answer", neighbour.name, **both, agree=True)
    assert (show(between["harvested"]["id"])["state"], show("du-voisin")["state"]) == ("active", "deleted")
    assert file in {one["id"] for one in show("du-voisin")["resources"]} and file not in {one["id"] for one in show(between["harvested"]["id"])["resources"]}
    [row] = model.Session.query(merges.Merge)
    assert row.added["files"] == []


def test_a_proposal_is_refused_taken_back_or_outlived(editor: Person, neighbour: Person, between: dict[str, dict[str, Any]], partner: dict[str, Any]) -> None:
    both = {"one": between["made"]["id"], "other": between["harvested"]["id"]}
    for person in (neighbour, editor):
        act("double_merge", editor.name, **both, keep=both["one"])
        person.visit(f"/doublons/{both['one']}/{both['other']}")
        person.send(("order", "refuse"))
        assert model.Session.query(merges.Merge).count() == 0
    with pytest.raises(tk.ValidationError):
        act("double_answer", neighbour.name, **both, agree=True)
    act("double_merge", editor.name, **both, keep=both["one"])
    tk.get_action("organization_member_delete")({"ignore_auth": True, "user": admin()}, {"id": partner["id"], "username": editor.name})
    with pytest.raises(tk.ValidationError):
        act("double_answer", neighbour.name, **both, agree=True)
    assert show(both["one"])["state"] == show(both["other"])["state"] == "active"
    assert act("double_merge", admin(), **both, keep=both["one"])["state"] == "merged", "an administrator asks nobody"


def test_who_sees_a_pair_and_what_is_no_pair(editor: Person, pair: dict[str, dict[str, Any]], person: Callable[[str], Person], neighbour: Person, publish: Callable[..., dict[str, Any]]) -> None:
    both = {"one": pair["harvested"]["id"], "other": pair["made"]["id"]}
    for user in (neighbour.name, person("member").name):
        for action, more in (("double_show", {}), ("double_merge", {"keep": both["one"]}), ("double_answer", {"agree": True}), ("double_undo", {})):
            with pytest.raises(tk.ObjectNotFound):
                act(action, user, **both, **more)
    with pytest.raises(tk.NotAuthorized):
        act("double_show", "", **both)
    neighbour.visit(f"/doublons/{both['one']}/{both['other']}", status=404)
    other = publish(name="un-autre")
    for pair_of in ({"one": both["one"], "other": both["one"]}, {"one": both["one"], "other": other["id"]}, {"one": both["one"], "other": "x"}, {"one": [], "other": {}}):
        with pytest.raises((tk.ObjectNotFound, tk.ValidationError)):
            act("double_show", editor.name, **pair_of)
    with pytest.raises(tk.ValidationError):
        act("double_merge", editor.name, **both, keep=other["id"])
    with pytest.raises(tk.ValidationError):
        act("double_merge", editor.name, **both, keep=both["one"], files=["x"])
    act("double_decide", editor.name, source="une-source", decision="different", **both)
    with pytest.raises(tk.ValidationError):
        act("double_merge", editor.name, **both, keep=both["one"])
    assert there() >= {"fait-ici", pair["harvested"]["name"]}


def test_files_that_not_everybody_may_have_stay_where_they_are(editor: Person, pair: dict[str, dict[str, Any]]) -> None:
    tk.get_action("package_patch")({"user": editor.name}, {"id": "fait-ici", "access_level": "restricted"})
    both = {"one": pair["harvested"]["id"], "other": pair["made"]["id"]}
    [file] = act("double_show", editor.name, **both)["other"]["own_files"]
    assert (file["open"], file["url"]) == (False, "")
    with pytest.raises(tk.ValidationError):
        act("double_merge", editor.name, **both, keep=both["one"], files=[file["id"]])


def test_the_old_address_tells_nothing_of_what_one_may_not_see(editor: Person, pair: dict[str, dict[str, Any]], app: Any) -> None:
    merged(pair, "harvested", editor.name)
    tk.get_action("package_patch")({"ignore_auth": True, "user": admin()}, {"id": pair["harvested"]["id"], "access_level": "confidential"})
    app.get("/dataset/fait-ici", follow_redirects=False, status=404)
    assert editor.get("/dataset/fait-ici", base_url=editor.site, follow_redirects=False).status_code == 301


def test_what_cannot_be_written_leaves_both_as_they_were(editor: Person, pair: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    before = {side: show(one["id"]) for side, one in pair.items()}

    def falls(*_: Any) -> None:
        raise OSError

    monkeypatch.setattr(merging.writing.Writer, "delete", falls)
    with pytest.raises(OSError):
        merged(pair, "harvested", editor.name, files=[pair["made"]["resources"][1]["id"]])
    model.Session.rollback()
    assert {side: show(one["id"]) for side, one in pair.items()} == before and model.Session.query(merges.Merge).count() == 0


def test_merged_again_leads_on_and_on(editor: Person, pair: dict[str, dict[str, Any]], publish: Callable[..., dict[str, Any]], app: Any) -> None:
    last = publish(name="le-dernier", title="Comptages 1")
    propose(pair["made"]["id"], last["id"])
    file = pair["made"]["resources"][1]["id"]
    merged(pair, "made", editor.name)
    act("double_merge", editor.name, one=pair["made"]["id"], other=last["id"], keep=last["id"], files=[file])
    assert app.get(f"/dataset/{pair['harvested']['name']}", follow_redirects=False).headers["Location"].endswith("/dataset/le-dernier")
    assert {"jeu-1", "urn:x:autre"} <= set(show("le-dernier")["alternate_identifier"])
    act("double_undo", editor.name, one=pair["made"]["id"], other=last["id"])
    assert app.get(f"/dataset/{pair['harvested']['name']}", follow_redirects=False).headers["Location"].endswith("/dataset/fait-ici")


def test_what_somebody_brought_back_by_hand_is_withdrawn_no_more(editor: Person, pair: dict[str, dict[str, Any]], app: Any) -> None:
    merged(pair, "harvested", editor.name)
    tk.get_action("package_patch")({"user": editor.name}, {"id": pair["made"]["id"], "state": "active"})
    app.get("/dataset/fait-ici", follow_redirects=False, status=200)
    assert merged(pair, "harvested", editor.name)["state"] == "merged"
    app.get("/dataset/fait-ici", follow_redirects=False, status=301)


def test_a_file_that_was_uploaded_here_comes_along_and_goes_back(editor: Person, pair: dict[str, dict[str, Any]], app: Any) -> None:
    content = b"station;passages\nvieux-port;12\n"
    upload = FileStorage(io.BytesIO(content), filename="releves.csv")
    file = tk.get_action("resource_create")({"user": editor.name}, {"package_id": "fait-ici", "url": "releves.csv", "name": "Relevés", "upload": upload})
    old, new = (f"/dataset/{one}/resource/{file['id']}/download/releves.csv" for one in (pair["made"]["id"], pair["harvested"]["id"]))
    merged(pair, "harvested", editor.name, files=[file["id"]])
    assert app.get(new, status=200).body == content.decode()
    answer = app.get(old, follow_redirects=False, status=301)
    assert answer.headers["Location"].endswith(f"/dataset/{pair['harvested']['name']}/resource/{file['id']}/download/releves.csv")
    act("double_undo", editor.name, one=pair["made"]["id"], other=pair["harvested"]["id"])
    assert app.get(old, status=200).body == content.decode()


# at once, and over time


def meanwhile(monkeypatch: pytest.MonkeyPatch, name: str, order: Callable[[], Any]) -> None:
    """Somebody else's order is done whole when the next one of this name begins, which has read the two datasets already."""
    application, original, failed = current_app._get_current_object(), getattr(merging, name), []

    def other() -> None:
        with application.test_request_context():
            try:
                order()
            except Exception as error:  # noqa: BLE001 -- it is told where it is seen
                failed.append(error)
            finally:
                model.Session.remove()

    def late(*given: Any) -> Any:
        monkeypatch.setattr(merging, name, original)
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(20)
        assert not failed and not thread.is_alive(), "what was only read keeps nobody waiting"
        return original(*given)

    monkeypatch.setattr(merging, name, late)


@pytest.mark.parametrize("keep", ["harvested", "made"])
def test_of_two_merges_sent_at_once_the_second_is_refused(editor: Person, pair: dict[str, dict[str, Any]], keep: str, monkeypatch: pytest.MonkeyPatch) -> None:
    file = pair["made"]["resources"][1]["id"]
    meanwhile(monkeypatch, "merge", lambda: merged(pair, "harvested", editor.name, files=[file]))
    with pytest.raises(tk.ValidationError, match=tk._("They are merged already.")):
        merged(pair, keep, editor.name, files=[file] if keep == "harvested" else [])
    assert {side: show(one["id"])["state"] for side, one in pair.items()} == {"harvested": "active", "made": "deleted"}
    [row] = model.Session.query(merges.Merge)
    assert (row.kept_id, row.added["files"]) == (pair["harvested"]["id"], [file])
    act("double_undo", editor.name, one=row.kept_id, other=row.withdrawn_id)
    assert file in {one["id"] for one in show("fait-ici")["resources"]} and {show(one["id"])["state"] for one in pair.values()} == {"active"}


def test_a_merge_taken_back_twice_at_once_is_taken_back_once(editor: Person, pair: dict[str, dict[str, Any]], heard: list[happening.Happening], monkeypatch: pytest.MonkeyPatch) -> None:
    merged(pair, "harvested", editor.name)
    both = {"one": pair["harvested"]["id"], "other": pair["made"]["id"]}
    meanwhile(monkeypatch, "undo", lambda: act("double_undo", editor.name, **both))
    with pytest.raises(tk.ValidationError):
        act("double_undo", editor.name, **both)
    assert {show(one["id"])["state"] for one in pair.values()} == {"active"}
    assert [one.kind for one in heard if one.kind == "dataset.merge_undone"] == ["dataset.merge_undone"]


@pytest.mark.parametrize("agreed_first", [True, False])
def test_a_proposal_that_is_taken_back_while_it_is_agreed_to(
    editor: Person, neighbour: Person, between: dict[str, dict[str, Any]], agreed_first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = {"one": between["made"]["id"], "other": between["harvested"]["id"]}
    act("double_merge", editor.name, **both, keep=both["one"])
    back, yes = (lambda: act("double_answer", editor.name, **both, agree=False)), (lambda: act("double_answer", neighbour.name, **both, agree=True))
    first, second = (yes, back) if agreed_first else (back, yes)
    meanwhile(monkeypatch, "drop" if agreed_first else "agree", first)
    with pytest.raises(tk.ValidationError):
        second()
    assert {side: show(one["id"])["state"] for side, one in between.items()} == {"made": "active", "harvested": "deleted" if agreed_first else "active"}
    assert [row.state for row in model.Session.query(merges.Merge)] == ([merges.MERGED] if agreed_first else [])


@pytest.mark.parametrize("change", [{"title": "Budget primitif"}, {"private": True}, {"state": "draft"}, {"state": "deleted"}], ids=lambda change: "-".join(map(str, *change.items())))
def test_a_proposal_outlives_what_becomes_of_the_datasets(editor: Person, neighbour: Person, between: dict[str, dict[str, Any]], change: dict[str, Any]) -> None:
    both = {"one": between["made"]["id"], "other": between["harvested"]["id"]}
    for person in (neighbour, editor):
        act("double_merge", editor.name, **both, keep=both["one"])
        package = model.Package.get(both["one"])
        before = {name: getattr(package, name) for name in change}
        for name, value in change.items():
            setattr(package, name, value)
        model.Session.commit()
        jobs.find_doubles()
        for each in (neighbour, editor):
            assert act("double_show", each.name, **both)["merge"]["state"] == "asked" and act("merges", each.name)["count"] == 1
        person.visit(f"/doublons/{both['one']}/{both['other']}")
        person.send(("order", "refuse"))
        assert model.Session.query(merges.Merge).count() == 0
        for name, value in before.items():
            setattr(model.Package.get(both["one"]), name, value)
        model.Session.commit()
    model.Package.get(both["one"]).state = "deleted"
    model.Session.commit()
    jobs.find_doubles()
    assert model.Session.get(doubles.Double, tuple(sorted(both.values()))) is None, "one about which nobody says anything goes"


def test_the_other_dataset_stays_unknown_to_who_proposed_once_it_is_hidden(editor: Person, between: dict[str, dict[str, Any]]) -> None:
    both = {"one": between["made"]["id"], "other": between["harvested"]["id"]}
    act("double_merge", editor.name, **both, keep=both["other"])
    package = model.Package.get(both["one"])
    package.private, package.title = True, "Ce qui est à nous"
    model.Session.commit()
    told = json.dumps(act("double_show", editor.name, **both))
    assert "Ce qui est" not in told and "du-voisin" not in told and MORE["url"] not in told
    assert "Ce qui est" not in editor.visit(f"/doublons/{both['one']}/{both['other']}")


def test_what_is_merged_is_decided_about_by_taking_it_back(editor: Person, pair: dict[str, dict[str, Any]]) -> None:
    both = {"one": pair["harvested"]["id"], "other": pair["made"]["id"]}
    merged(pair, "harvested", editor.name)
    for decision in ("", "different"):
        with pytest.raises(tk.ValidationError, match=tk._("They are merged: take the merge back first.")):
            act("double_decide", editor.name, source="une-source", decision=decision, **both)
    # answers that were taken back before that was refused
    model.Session.query(doubles.Double).update({"decision": None})
    model.Session.commit()
    jobs.find_doubles()
    act("double_undo", editor.name, **both)
    assert "fait-ici" in there()
    act("double_decide", editor.name, source="une-source", decision="different", **both)


def test_what_was_brought_back_by_hand_is_proposed_anew(editor: Person, neighbour: Person, between: dict[str, dict[str, Any]]) -> None:
    both = {"one": between["made"]["id"], "other": between["harvested"]["id"]}
    for keep in ("one", "other"):
        assert act("double_merge", editor.name, **both, keep=both[keep])["state"] == "asked"
        with pytest.raises(tk.ValidationError):
            act("double_merge", editor.name, **both, keep=both[keep])
        act("double_answer", neighbour.name, **both, agree=True)
        [row] = model.Session.query(merges.Merge)
        tk.get_action("package_patch")({"ignore_auth": True, "user": admin()}, {"id": row.withdrawn_id, "state": "active"})
    assert act("double_merge", editor.name, **both, keep=both["other"])["state"] == "asked"
    assert model.Session.query(merges.Merge).count() == 1
