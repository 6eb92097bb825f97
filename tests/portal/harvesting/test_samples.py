"""What a mapping is shown on before a source was harvested: records that it was asked for, then those of the plan that waits; and a plan that a mapping outdates."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ckan.plugins.toolkit as tk
import pytest
from ckan.tests import factories
from ckanext.tzc.harvesting.engine import orders, store

from tests.domain.harvesters.speakers import answered, package, turtle
from tests.people import Person
from tests.sites import Asked, Reply, Site, catalogue

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context", "impatient")

PAGE = "/harvest/une-source/correspondances"
LICENCE = {"licence": {"Licence de la ville": "lov2"}}
Source = Callable[..., dict[str, Any]]


def described(number: int) -> dict[str, Any]:
    return {**package(f"jeu-{number:02}", f"Comptage {number:02}"), "license_id": "ville", "license_title": "Licence de la ville"}


@pytest.fixture
def made(site: Site, source: Source) -> dict[str, Any]:
    """A source of six datasets that was never harvested."""
    site.answer = catalogue([described(number) for number in range(6)])
    return source(site.address, "tzc_ckan")


def act(name: str, user: str = "", **asked: Any) -> Any:
    who = user or tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    return tk.get_action(f"tzc_harvest_{name}")({"user": who}, {"source": "une-source", **asked})


def planned() -> store.Run:
    run_id = act("dry_run")["run"]
    orders.work_now(run_id)
    found = store.run(run_id)
    assert found is not None and found.state == store.PLANNED
    return found


def tried(editor: Person) -> list[str]:
    """The titles of the datasets on which the page shows the mapping."""
    return [title.text_content() for title in editor.page.xpath("//section[@aria-labelledby='tried-title']/h3")]


def press(editor: Person, order: str) -> None:
    [form] = [form for form in editor.page.forms if (form.action or "").endswith(f"/order/{order}")]
    answer = editor.post(form.action, data=dict(form.fields), base_url=editor.site, follow_redirects=False)
    assert answer.status_code == 302


def test_a_source_is_asked_for_three_and_what_was_typed_stays(editor: Person, site: Site, made: dict[str, Any]) -> None:
    editor.visit(PAGE)
    assert tried(editor) == [] and site.asked == [], "a visit asks nobody"
    editor.send(("ask", ""), licence__word="Licence de la ville", licence__ours="lov2")
    assert tried(editor) == ["Comptage 00", "Comptage 01", "Comptage 02"] and site.asked
    assert editor.page.xpath("//select[@name='licence-ours']/option[@selected]/@value")[:1] == ["lov2"]
    assert "Licence de la ville" in editor.page.xpath("//input[@name='licence-word']/@value")
    assert act("mapping_show")["version"] == 0
    site.asked.clear()
    editor.visit(PAGE)
    assert len(tried(editor)) == 3 and site.asked == [], "they are kept"
    assert len(act("mapping_try", mapping=LICENCE)) == 3


def test_errors_of_a_source_that_is_asked_are_told(editor: Person, site: Site, made: dict[str, Any]) -> None:
    site.answer = lambda _: Reply(b"<html>Panne</html>", 500)
    editor.visit(PAGE)
    editor.send(("ask", ""))
    [alert] = editor.page.xpath("//p[@role='alert']")
    assert "500" in alert.text_content() and tried(editor) == []
    site.answer = catalogue([])
    with pytest.raises(tk.ValidationError):
        act("mapping_sample")
    site.answer = catalogue([described(0), described(1)], count=50)
    assert act("mapping_sample") == {"samples": 2}, "what came before the listing broke off"


def test_the_address_guard_holds(site: Site, source: Source) -> None:
    site.answer = catalogue([described(0)])
    source(site.address, "tzc_ckan", {})
    with pytest.raises(tk.ValidationError) as refused:
        act("mapping_sample")
    assert "internal network" in str(refused.value.error_dict) and site.asked == []


def test_an_answer_has_a_size_for_somebody_who_waits(site: Site, made: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    import dataclasses

    from ckanext.tzc.harvesting import samples

    assert samples.ASKED.run <= 30 and samples.ASKED.tries == 1
    monkeypatch.setattr(samples, "ASKED", dataclasses.replace(samples.ASKED, size=100))
    with pytest.raises(tk.ValidationError):
        act("mapping_sample")


def test_an_answer_of_more_than_ten_megabytes_is_not_waited_for(site: Site, made: dict[str, Any]) -> None:
    """A run takes five times that."""
    site.answer = lambda asked: Reply(catalogue([described(0)])(asked).body + b" " * 10 * 2**20)
    with pytest.raises(tk.ValidationError, match="10 MB"):
        act("mapping_sample")


@pytest.mark.usefixtures("allowed")
def test_who_may_ask_and_when(made: dict[str, Any], source: Source, site: Site) -> None:
    with pytest.raises(tk.NotAuthorized):
        act("mapping_sample", factories.User()["name"])
    source(f"{site.address}/autre", "ckan", name="une-autre")
    with pytest.raises(tk.ValidationError):
        act("mapping_sample", source="une-autre")
    planned()
    with pytest.raises(tk.ValidationError):
        act("mapping_sample")
    act("stop")
    tk.get_action("harvest_source_delete")({"user": tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]}, {"id": made["id"]})
    with pytest.raises(tk.ValidationError):
        act("mapping_sample")


def test_a_plan_that_waits_gives_the_samples_and_the_words(editor: Person, made: dict[str, Any]) -> None:
    planned()
    body = editor.visit(PAGE)
    assert tried(editor) == ["Comptage 00", "Comptage 01", "Comptage 02"]
    assert "Licence de la ville" in editor.page.xpath("//input[@name='licence-word']/@value")
    assert 'name="ask"' not in body
    act("approve")
    run = store.open_run(made["id"])
    assert run is not None
    orders.work_now(run.id)
    editor.visit(PAGE)
    assert len(tried(editor)) == 3, "as they were harvested"


def test_what_a_plan_found_comes_before_what_was_harvested(editor: Person, site: Site, made: dict[str, Any]) -> None:
    orders.work_now(act("run", approve=True)["run"])
    site.answer = catalogue([*(described(number) for number in range(5)), {**described(5), "title": "Nouveau titre"}])
    planned()
    editor.visit(PAGE)
    assert tried(editor) == ["Nouveau titre", "Comptage 00", "Comptage 01"]


def test_a_mapping_that_is_saved_outdates_the_plan_that_waits(editor: Person, made: dict[str, Any]) -> None:
    first = planned()
    assert act("status")["outdated"] is False
    editor.visit(PAGE)
    editor.send(("save", ""), licence__word="Licence de la ville", licence__ours="lov2")
    assert act("status")["outdated"] is True
    with pytest.raises(tk.ValidationError) as refused:
        act("approve")
    assert refused.value.error_dict["source"]
    for page in (PAGE, "/harvest/une-source", f"/harvest/une-source/job/{first.id}", f"/harvest/une-source/job/{first.id}/plan"):
        editor.visit(page)
        assert [form.action.rpartition("/")[2] for form in editor.page.forms if "/order/" in (form.action or "")][:2] == ["plan-again", "give-up"], page
    press(editor, "plan-again")
    again = store.run(first.id)
    assert again is not None and again.state == store.STOPPED
    run = store.open_run(made["id"])
    assert run is not None and run.id != first.id
    orders.work_now(run.id)
    status = act("status")
    assert (status["state"], status["outdated"], status["run"]) == (store.PLANNED, False, run.id)
    act("approve")
    orders.work_now(run.id)
    found = tk.get_action("package_search")({"user": ""}, {"q": "*:*", "rows": 10})["results"]
    assert [entry["license_id"] for entry in found] == ["lov2"] * 6


def test_a_configuration_that_is_changed_outdates_it_too_and_the_old_mapping_makes_it_good_again(made: dict[str, Any]) -> None:
    planned()
    act("mapping_update", mapping=LICENCE)
    assert act("status")["outdated"] is True
    act("mapping_update", mapping={})
    assert act("status")["outdated"] is False
    tk.get_action("harvest_source_patch")({"user": tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]}, {"id": made["id"], "config": '{"allow_internal": true, "grace_days": 3}'})
    assert act("status")["outdated"] is True
    act("dry_run", again=True)
    with pytest.raises(tk.ValidationError):
        act("dry_run", again=True)


def test_the_mapping_is_told_to_come_too_late_for_a_run_under_way(editor: Person, made: dict[str, Any], site: Site) -> None:
    act("run", approve=True)
    editor.visit(PAGE)
    editor.send(("save", ""), licence__word="Licence de la ville", licence__ours="lov2")
    assert tk._("The mapping is saved. The run that is under way began without it and may end so; the next one uses it.") in editor.said()


def test_samples_of_any_kind_of_source(editor: Person, site: Site, source: Source) -> None:
    def answer(_: Asked) -> Reply:
        return answered(turtle(site, [(f"jeu-{number}", f"Jeu {number}") for number in range(9)]), "text/turtle")

    site.answer = answer
    source(f"{site.address}/catalog", "tzc_dcat")
    assert act("mapping_sample") == {"samples": 3}
