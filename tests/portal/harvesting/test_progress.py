"""How a run goes while its page stands open: asked by the page's script, told to the source's editors only."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ckan.plugins.toolkit as tk
import pytest
from ckanext.tzc.harvesting.engine import applying, orders, planning, store

from tests.domain.harvesters.speakers import answered, turtle
from tests.people import Person
from tests.sites import Site

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context", "impatient")

TITLES = [(f"jeu-{number:02}", f"Comptage {number:02}") for number in range(12)]


@pytest.fixture
def made(site: Site, source: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """A source."""
    site.answer = lambda _: answered(turtle(site, TITLES), "text/turtle")
    return source(f"{site.address}/catalog", "tzc_dcat")


def asked(who: Person, run_id: str, name: str = "une-source") -> Any:
    return who.get(f"/harvest/{name}/job/{run_id}/progress", base_url=who.site)


def test_the_counts_move(editor: Person, made: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "BATCH", 5)
    monkeypatch.setattr(applying, "BATCH", 5)
    told: list[dict[str, Any]] = []
    run_id = tk.get_action("tzc_harvest_run")({"user": editor.name}, {"source": made["id"], "approve": True})["run"]

    def looked(module: Any, name: str) -> None:
        original = getattr(module, name)

        def act(*arguments: Any) -> None:
            original(*arguments)
            told.append(asked(editor, run_id).json)

        monkeypatch.setattr(module, name, act)

    assert asked(editor, run_id).json == {"tone": "info", "words": "En attente de son tour", "counts": [], "rests": False}
    looked(planning, "_compare")
    looked(applying, "_batch")
    orders.work_now(run_id)
    planned, done = told[:3], told[3:]
    assert [entry["words"].split(" : ")[-1] for entry in planned] == [f"{count} fiches pour l’instant" for count in (5, 10, 12)]
    assert [entry["counts"] for entry in planned] == [[f"{count} nouveaux jeux de données"] for count in (5, 10, 12)]
    assert [entry["words"][:15] for entry in done] == ["5 fiches sur 12", "10 fiches sur 1", "12 fiches sur 1"] and not any(entry["rests"] for entry in told)
    answer = asked(editor, run_id)
    assert answer.json == {"tone": "success", "words": "Terminée sans problème", "counts": ["12 nouveaux jeux de données"], "rests": True}
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_a_plan_that_waits_rests(editor: Person, made: dict[str, Any]) -> None:
    run_id = tk.get_action("tzc_harvest_run")({"user": editor.name}, {"source": made["id"]})["run"]
    orders.work_now(run_id)
    told = asked(editor, run_id).json
    assert told["rests"] and told["counts"] == ["12 nouveaux jeux de données"] and told["tone"] == "warning"


@pytest.mark.parametrize("address", ["/harvest/une-source", "/harvest/une-source/job/{run}"])
def test_pages_ask_while_a_run_is_under_way_only(editor: Person, made: dict[str, Any], address: str) -> None:
    run_id = tk.get_action("tzc_harvest_run")({"user": editor.name}, {"source": made["id"], "approve": True})["run"]
    page = address.format(run=run_id)
    assert "_progress.js" in editor.visit(page)
    [box] = editor.page.xpath("//*[@data-tzc-progress]")
    assert editor.get(box.get("data-tzc-progress"), base_url=editor.site).json["words"] in "".join(box.itertext())
    assert box.xpath(".//*[@aria-live='polite']") and box.xpath(".//*[@hidden]//a/@href") == [page]
    assert box.xpath(".//*[@data-tzc-progress-reload][not(@hidden)]/a/@href") == [page], "without a script a link loads the page again"
    assert editor.page.xpath("//main//*[contains(@class,'tzc-tools')]//a[@href=$page]", page=page) == [], "no button only loads the page"
    orders.work_now(run_id)
    assert "_progress.js" not in editor.visit(page) and editor.page.xpath("//*[@data-tzc-progress]") == []


def test_only_the_sources_editors_read_it(app: Any, person: Callable[[str], Person], made: dict[str, Any], source: Callable[..., dict[str, Any]]) -> None:
    editor = person("editor")
    run_id = tk.get_action("tzc_harvest_run")({"user": editor.name}, {"source": made["id"]})["run"]
    assert [asked(person(role), run_id).status_code for role in ("member", "nobody", "sysadmin")] == [403, 404, 200]
    assert "/user/login" in app.get(f"/harvest/une-source/job/{run_id}/progress", status=302, follow_redirects=False).headers["Location"]
    source("https://autre.example.org/", "tzc_ckan", name="une-autre")
    assert [asked(editor, run_id, "une-autre").status_code, asked(editor, "nulle-part").status_code, asked(editor, run_id, "nulle-part").status_code] == [404, 404, 404]
    run = store.run(run_id)
    assert run is not None and run.state == store.WAITING, "a look changes nothing"
