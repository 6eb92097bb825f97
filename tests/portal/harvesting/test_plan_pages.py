"""The pages of a plan: what a run would do, the buttons, and that nothing is done by a mere visit."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ckan.plugins.toolkit as tk
import pytest
from ckanext.tzc.harvesting.engine import orders, store

from tests.domain.harvesters.speakers import answered, turtle
from tests.people import Person
from tests.sites import Site

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context", "impatient")

TITLES = [(f"jeu-{number:02}", f"Comptage {number:02}") for number in range(12)]


@pytest.fixture
def made(site: Site, source: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """A source that was never harvested."""
    site.answer = lambda _: answered(turtle(site, TITLES), "text/turtle")
    return source(f"{site.address}/catalog", "tzc_dcat")


def worked(made: dict[str, Any]) -> store.Run:
    """The run that waits, worked on."""
    run = store.open_run(made["id"])
    assert run is not None
    orders.work_now(run.id)
    found = store.run(run.id)
    assert found is not None
    return found


def count() -> int:
    return int(tk.get_action("package_search")({"user": ""}, {"q": "*:*", "rows": 0})["count"])


def press(editor: Person, order: str) -> None:
    """Send the form of an order, of the page that was visited last."""
    forms = [form for form in editor.page.forms if (form.action or "").endswith(f"/order/{order}")]
    assert len(forms) == 1, (order, [form.action for form in editor.page.forms])
    answer = editor.post(forms[0].action, data=dict(forms[0].fields), base_url=editor.site, follow_redirects=False)
    assert answer.status_code == 302


def test_a_first_run_is_looked_at_and_approved(editor: Person, site: Site, made: dict[str, Any]) -> None:
    site.answer = lambda _: answered(turtle(site, TITLES, '<jeu-11> dct:issued "bientôt" .'), "text/turtle")
    editor.visit("/harvest/une-source")
    press(editor, "dry-run")
    run = worked(made)
    assert run.state == store.PLANNED and count() == 0
    plan = f"/harvest/une-source/job/{run.id}/plan"
    body = editor.visit(plan)
    assert "Comptage 11" in body and "date non comprise" in body, "what was mended is told in the reader's language"
    press(editor, "approve")
    assert worked(made).state == store.DONE
    assert count() == 12
    site.answer = lambda _: answered(turtle(site, [("jeu-00", "Un autre nom"), *TITLES[1:11]]), "text/turtle")
    editor.visit("/harvest/une-source")
    press(editor, "dry-run")
    run = worked(made)
    body = editor.visit(f"/harvest/une-source/job/{run.id}/plan?kind=changed")
    assert "Un autre nom" in body and "Comptage 00" in body and "Comptage 11" not in body
    assert "Comptage 11" in editor.visit(f"/harvest/une-source/job/{run.id}/plan?kind=gone")
    press(editor, "approve")
    run = worked(made)
    assert count() == 11
    editor.visit(f"/harvest/une-source/job/{run.id}/plan")
    [form] = [form for form in editor.page.forms if (form.action or "").endswith("/restore")]
    editor.post(form.action, data=dict(form.fields), base_url=editor.site, follow_redirects=False)
    assert count() == 12


def test_a_run_is_paused_gone_on_with_and_given_up(editor: Person, made: dict[str, Any]) -> None:
    tk.get_action("tzc_harvest_run")({"user": editor.name}, {"source": made["id"]})
    for order, state in (("pause", store.PAUSED), ("resume", store.WAITING)):
        editor.visit("/harvest/une-source")
        press(editor, order)
        run = store.open_run(made["id"])
        assert run is not None and run.state == state
    worked(made)
    editor.visit("/harvest/une-source/job/last")
    editor.visit("/harvest/une-source")
    press(editor, "give-up")
    assert store.open_run(made["id"]) is None and count() == 0


def test_a_visit_does_nothing_and_others_may_not(person: Callable[[str], Person], made: dict[str, Any]) -> None:
    editor, member = person("editor"), person("member")
    for order in ("dry-run", "approve", "give-up", "pause", "resume"):
        assert editor.get(f"/harvest/une-source/order/{order}", base_url=editor.site).status_code in {404, 405}
    editor.visit("/harvest/une-source/order/autre", status=404)
    tk.get_action("tzc_harvest_run")({"user": editor.name}, {"source": made["id"]})
    run = worked(made)
    assert member.get(f"/harvest/une-source/job/{run.id}/plan", base_url=member.site).status_code == 403
    member.visit("/user/edit")
    token = member.page.xpath("//input[@name='_csrf_token']/@value")[0]
    assert member.post("/harvest/une-source/order/approve", data={"_csrf_token": token}, base_url=member.site).status_code == 403
    again = store.open_run(made["id"])
    assert again is not None and again.state == store.PLANNED
