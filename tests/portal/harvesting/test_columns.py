"""The columns of a table of datasets are chosen on the page of its mapping, before and after it was harvested, without a script."""
from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import ckan.plugins.toolkit as tk
import pytest
from ckanext.tzc.harvesting import columns
from ckanext.tzc.harvesting.engine import orders, store

from tests.domain.harvesters.speakers import workbook
from tests.people import Person
from tests.sites import Asked, Reply, Site, catalogue

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context", "impatient")

PAGE = "/harvest/une-source/correspondances"
TABLE = (
    "Réf.;Intitulé du jeu;Résumé;Conditions;Remarques;Où\n"
    "a1;Comptage A;Relevé chaque jour.;Licence Ouverte 2.0;à revoir;https://data.example.org/a1.csv\n"
    "a1;;;;;https://data.example.org/a1.json\n"
    "b2;Comptage B;;odbl;;https://data.example.org/b2.csv\n"
)
CHOSEN = ["identifier", "title", "description", "licence", "", "file_url"]
Source = Callable[..., dict[str, Any]]


def serve(site: Site, text: str) -> None:
    site.answer = lambda _: Reply(text.encode(), headers={"Content-Type": "text/csv"})


@pytest.fixture
def made(site: Site, source: Source) -> dict[str, Any]:
    """A table whose columns nobody knows, never harvested."""
    serve(site, TABLE)
    return source(f"{site.address}/jeux.csv", "tzc_table")


def call(action: str, editor: Person, **asked: Any) -> Any:
    return tk.get_action(f"tzc_harvest_{action}")({"user": editor.name}, {"source": "une-source", **asked})


def columns_of(editor: Person) -> dict[str, str]:
    """Which field each column fills, as the form says."""
    names = editor.page.xpath("//input[@name='columns-name']/@value")
    return dict(zip(names, (box.value for box in editor.page.xpath("//select[@name='columns-field']")), strict=True))


def tried(editor: Person) -> list[tuple[str, dict[str, tuple[str, str]]]]:
    """The datasets on which the page shows the choice: title, and lines with what stood without and stands with it."""
    [section] = editor.page.xpath("//section[@aria-labelledby='tried-title']")
    tables = [{row[0].text_content(): (row[1].text_content(), row[2].text_content()) for row in table.xpath("tbody/tr")} for table in section.xpath(".//table")]
    return list(zip([title.text_content() for title in section.xpath("h3")], tables, strict=True))


def worked(editor: Person) -> store.Run:
    run_id = call("dry_run", editor)["run"]
    orders.work_now(run_id)
    found = store.run(run_id)
    assert found is not None
    return found


def test_columns_are_read_chosen_tried_saved_and_harvested(editor: Person, site: Site, made: dict[str, Any]) -> None:
    editor.visit(PAGE)
    assert columns_of(editor) == {} and site.asked == [], "a visit asks nobody"
    editor.send(("ask", ""))
    assert columns_of(editor) == dict.fromkeys(["Réf.", "Intitulé du jeu", "Résumé", "Conditions", "Remarques", "Où"], "") | {"Résumé": "description"}
    [part] = editor.page.xpath("//details[@id='part-columns'][@open]")
    assert "Comptage A · Comptage B" in part.text_content() and not editor.page.xpath("//p[@role='alert']"), "examples help; that it has no title yet is no error"
    assert tried(editor) == []
    site.asked.clear()
    editor.send(("try", ""), columns__field=CHOSEN)
    assert site.asked == []
    first, second = tried(editor)
    assert (first[0], second[0]) == ("Comptage A", "Comptage B")
    assert first[1][tk._("Licence")] == ("–", "Licence Ouverte 2.0 (Etalab)") and first[1][tk._("Description")] == ("–", "Relevé chaque jour.")
    assert first[1][tk._("Files")][1] == "Comptage A (https://data.example.org/a1.csv), Comptage A (https://data.example.org/a1.json)"
    assert call("mapping_show", editor)["version"] == 0, "nothing is saved by trying"
    editor.send(("save", ""))
    kept = {"Réf.": "identifier", "Intitulé du jeu": "title", "Conditions": "licence", "Remarques": "", "Où": "file_url"}
    assert call("mapping_show", editor)["mapping"] == {"columns": kept}, "what its name says anyway is not kept"
    editor.visit(PAGE)
    assert list(columns_of(editor).values()) == CHOSEN and not editor.page.xpath("//details[@id='part-columns'][@open]")
    versions = editor.visit(f"{PAGE}/versions")
    assert f"Intitulé du jeu → {columns.said('title')}" in versions and f"Remarques → {columns.said('')}" in versions
    run = worked(editor)
    assert (run.state, run.counts["new"], run.whole) == (store.PLANNED, 2, True)
    entries = call("entries", editor)["entries"]
    assert [entry["title"] for entry in entries] == ["Comptage A", "Comptage B"] and not any("column" in note[0] for entry in entries for note in entry["notes"]), "not used is not the same as not understood"
    call("approve", editor)
    orders.work_now(run.id)
    [found] = tk.get_action("package_search")({"user": ""}, {"q": "Comptage A"})["results"][:1]
    assert (found["license_id"], len(found["resources"])) == ("lov2", 2)


def test_mistakes_are_told_in_words_and_nothing_is_saved(editor: Person, made: dict[str, Any]) -> None:
    editor.visit(PAGE)
    editor.send(("ask", ""))
    editor.send(("save", ""), columns__field=["", "", "description", "", "", ""])
    assert list(editor.faults()) == ["part-columns"] and "titre" in editor.faults()["part-columns"]
    editor.send(("save", ""), columns__field=["title", "title", "description", "description", "", ""])
    told = " ".join(line.text_content() for line in editor.page.xpath("//*[contains(@class,'tzc-errors')]//li"))
    assert "Réf., Intitulé du jeu" in told and "Résumé, Conditions" in told
    assert columns_of(editor)["Réf."] == "title" or columns_of(editor)["Intitulé du jeu"] == "title"
    assert call("mapping_show", editor)["version"] == 0
    for wanted, words in (({"x": "y"}, "columns.x"), ({"x": "title", "y": "title"}, "columns.y")):
        with pytest.raises(tk.ValidationError) as refused:
            call("mapping_update", editor, mapping={"columns": wanted})
        assert refused.value.error_dict["mapping"][0].startswith(words)


def test_a_column_that_went_is_told_and_chosen_anew(editor: Person, site: Site, made: dict[str, Any]) -> None:
    kept = {"Réf.": "identifier", "Intitulé du jeu": "title"}
    call("mapping_update", editor, mapping={"columns": kept})
    assert worked(editor).state == store.PLANNED
    call("stop", editor)
    serve(site, TABLE.replace("Intitulé du jeu", "Nom du jeu"))
    run = worked(editor)
    assert not run.whole and call("status", editor)["causes"][0]["cause"] == "table_columns"
    editor.visit(PAGE)
    [part] = editor.page.xpath("//details[@id='part-columns'][@open]")
    assert "Intitulé du jeu" in part.xpath("string(p[contains(@class,'tzc-notice')][2])") and columns_of(editor)["Nom du jeu"] == "", "the columns are those that the run met"
    editor.send(("save", ""), columns__field=["identifier", "title", "description", "", "", ""])
    assert call("mapping_show", editor)["mapping"]["columns"] == {"Réf.": "identifier", "Nom du jeu": "title", "Conditions": "", "Remarques": "", "Où": ""}
    assert worked(editor).counts["new"] == 2


def test_the_configuration_counts_for_what_the_mapping_says_nothing_of(editor: Person, site: Site, source: Source) -> None:
    serve(site, TABLE)
    source(f"{site.address}/jeux.csv", "tzc_table", {"allow_internal": True, "columns": {"title": "Intitulé du jeu", "file_url": "Où"}})
    editor.visit(PAGE)
    editor.send(("ask", ""))
    assert {name: field for name, field in columns_of(editor).items() if field} == {"Intitulé du jeu": "title", "Résumé": "description", "Où": "file_url"}
    assert tried(editor)[0][1][tk._("Files")][1].count("https://") == 1, "its other file is a row without a title"
    editor.send(("save", ""), columns__field=CHOSEN)
    assert call("mapping_show", editor)["mapping"]["columns"] == {"Réf.": "identifier", "Conditions": "licence", "Remarques": ""}
    assert tried(editor)[0][1][tk._("Files")][1].count("https://") == 2


def test_other_kinds_have_no_columns_and_a_form_without_them_keeps_what_is_stored(editor: Person, site: Site, source: Source) -> None:
    site.answer = catalogue([])
    source(site.address, "tzc_ckan", name="autre", title="Autre")
    editor.visit("/harvest/autre/correspondances")
    assert not editor.page.xpath("//*[@id='part-columns']")
    with pytest.raises(tk.ValidationError):
        tk.get_action("tzc_harvest_mapping_update")({"user": editor.name}, {"source": "autre", "mapping": {"columns": {"x": "title"}}})
    source(f"{site.address}/jeux.csv", "tzc_table")
    call("mapping_update", editor, mapping={"columns": {"Intitulé du jeu": "title"}})
    editor.visit(PAGE)
    editor.send(("save", ""), defaults__licence="lov2")
    assert call("mapping_show", editor)["mapping"] == {"columns": {"Intitulé du jeu": "title"}, "defaults": {"licence": "lov2"}}


def test_a_workbook_has_columns_too_and_programs_are_told(editor: Person, site: Site, source: Source) -> None:
    answer = workbook(site, [("a", "Air"), ("b", "Bruit")])(Asked("GET", "/", {}, b"", {}))
    assert zipfile.is_zipfile(io.BytesIO(answer.body))
    site.answer = lambda _: Reply(answer.body, headers=dict(answer.headers))
    source(f"{site.address}/jeux.xlsx", "tzc_table", {"allow_internal": True, "columns": {"title": "Intitulé"}})
    told = call("mapping_sample", editor)
    assert told == {"samples": 2, "columns": {"Identifiant": "identifier", "Intitulé": "title", "Mots-clés": "keywords", "Licence": "licence", "URL": "file_url", "Format": "file_format"}}
    made = call("mapping_try", editor, mapping={"columns": {"Intitulé": "title", "Mots-clés": "", "URL": ""}})
    lines = {label: (before, after) for label, before, after in made[0]["lines"]}
    assert lines[tk._("Keywords")] == ("air, ozone", "") and lines[tk._("Files")][1] == "" and lines[tk._("Files")][0]
