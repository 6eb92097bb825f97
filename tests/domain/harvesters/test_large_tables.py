"""Tables of datasets that are larger than they look: what reads them would end its process, which may be the portal's pages."""
from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from ckanext.tzc.harvesters.base import Source, taken
from ckanext.tzc.harvesters.http import Client, Limits
from ckanext.tzc.harvesters.partners import table

from tests.domain.harvesters.speakers import answered, workbook
from tests.sites import Asked, Reply, Site

ASKED = Asked("GET", "/", {}, b"", {})
FAR = [
    '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
    "<row r='1'><c r='A1'><v>1</v></c></row><row r='2'><c r='xfd1048576'/></row>",
    "<row>" + "<c><v>1</v></c>" * 4000 + "</row>" + "<row><c><v>1</v></c></row>" * 4000,
    '<row r="99999999999"><c><v>1</v></c></row>' + '<row r="1"><c r="ZZ1"><v>1</v></c></row>',
]  # fmt: skip


def sheet(site: Site, cells: str, name: str = "xl/workbook.xml") -> Reply:
    """A workbook whose one sheet has these rows."""
    whole, out = workbook(site, [])(ASKED).body, io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as before, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after:
        for entry in before.namelist():
            content = before.read(entry)
            after.writestr(name if entry == "xl/workbook.xml" else entry, content[: content.index(b"<sheetData>") + 11] + cells.encode() + b"</sheetData></worksheet>" if "sheet1" in entry else content)
    return Reply(out.getvalue())


def read(site: Site, **settings: Any) -> Any:
    return taken(table.Table(), Client(allow_internal=True, limits=Limits(tries=1)), Source(f"{site.address}/jeux", settings))


@pytest.mark.parametrize("cells", FAR)
def test_a_sheet_with_far_cells_is_not_read(site: Site, cells: str) -> None:
    site.answer = lambda _: sheet(site, cells)
    found = read(site)
    assert not found.whole and found.problems == [f"{site.address}/jeux has a sheet of more than 10000000 cells, empty ones between others included."]


def test_a_workbook_of_another_kind_is_not_read(site: Site) -> None:
    site.answer = lambda _: sheet(site, "", "content.xml")
    assert read(site).problems == [f"{site.address}/jeux is no XLSX."]


def test_a_table_with_too_many_rows_is_not_whole(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is below is not taken for gone."""
    monkeypatch.setattr(table, "MOST_ROWS", 3)
    rows = "".join(f"j{number};Jeu {number}\r\n" for number in range(5))
    for count, whole in ((3, True), (4, False)):
        site.answer = lambda _, count=count: answered("id;titre\r\n" + "".join(rows.splitlines(keepends=True)[:count]), "text/csv")
        found = read(site)
        assert (list(found.records), found.whole) == (["j0", "j1", "j2"], whole)
        assert found.problems == ([] if whole else ["The table has more than 3 rows; what stands below is not read."])


@pytest.mark.parametrize("name", ["undefined", "utf-8\0", "hex", "nie"])
def test_an_encoding_that_there_is_not(name: str) -> None:
    assert table.Table().fault({"encoding": name}) == "encoding: utf-8, cp1252, …"
