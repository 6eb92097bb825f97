"""Workbooks of strangers: read in a process of their own, which is all that one which is larger than it looks can end."""
from __future__ import annotations

import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tzc.tables import workbook
from tzc.tables.errors import Refused
from tzc.tables.workbook import Limits

from tests.domain.tables import workbooks

LIMITS = Limits(size=50_000_000, rows=100_000, columns=200)
TWO = '<row r="1"><c r="A1"><v>1</v></c></row><row r="2"><c r="A2"><v>2</v></c></row>'
ROW = f"<table:table-row>{workbooks.of_ods('a')}</table:table-row>"
STRINGS = f'<sst xmlns="{workbooks.MAIN}" count="4294967295" uniqueCount="4294967295"><si><t>a</t></si></sst>'

Reader = Callable[..., Any]


@pytest.fixture
def read(tmp_path: Path) -> Reader:
    """Read bytes as a workbook: the sheet and its rows."""

    def run(data: bytes, limits: Limits = LIMITS, named: str | None = None) -> tuple[workbook.Sheet, list[list[str]]]:
        (tmp_path / "upload").write_bytes(data)
        sheet = workbook.read(tmp_path / "upload", tmp_path / "rows", limits, named=named)
        return sheet, list(sheet.rows())

    return run


def refused(read: Reader, data: bytes, **named: Any) -> Refused:
    """Why it is refused; what reads it took no more than that."""
    held = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    with pytest.raises(Refused) as caught:
        read(data, **named)
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss - held < 2**20, "less than a gibibyte more"
    return caught.value


def test_sheets_of_each_kind(read: Reader) -> None:
    for data in (workbooks.xlsx(TWO), workbooks.xlsb([(0, 0, 1.0), (1, 0, 2.0)])):
        sheet, rows = read(data)
        assert (sheet.name, sheet.others, rows) == ("A", [], [["1"], ["2"]])
    assert read(workbooks.ods(ROW * 2))[1] == [["a"], ["a"]]


def test_blank_rows_and_columns_are_left_out_unless_a_sheet_is_named(read: Reader) -> None:
    rows = '<row r="1"><c r="A1"><v>1</v></c><c r="C1" t="inlineStr"><is><t></t></is></c></row><row r="3"><c r="B3"><v>2</v></c></row>'
    assert read(workbooks.xlsx(rows))[1] == [["1", ""], ["", "2"]]
    for name in ("A", ""):
        assert read(workbooks.xlsx(rows), named=name)[1] == [["1", "", ""], ["", "", ""], ["", "2", ""]]


def test_the_blank_end_of_a_sheet_costs_nothing(read: Reader) -> None:
    """As spreadsheet programs write it."""
    end = '<table:table-row table:number-rows-repeated="1048570"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
    assert read(workbooks.ods(ROW * 3 + end))[1] == [["a"]] * 3


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ('<row r="3"><c r="XFD3"><v>1</v></c></row>', "too_wide"),
        ("<row r='3'><c r='xfd3'/></row>", "too_wide"),
        ('<x:row r="3"><x:c s="1" r = "ABC3"/></x:row>', "too_wide"),
        ("<row>" + "<c/>" * 500 + "</row>", "too_wide"),
        ('<row r="3">' + "<c/>" * 1_000_000 + "</row>", "too_wide"),
        ('<row r="1048576"><c><v>1</v></c></row>', "too_many_rows"),
        ('<row><c r="A99999999999"/></row>', "too_many_rows"),
        ('<row r="99999"><c r="KN99999"><v>1</v></c></row>', "too_many_cells"),
    ],
)
def test_a_cell_far_out(read: Reader, cells: str, code: str) -> None:
    """However it is written."""
    for place in ("worksheets/sheet1.xml", "elsewhere.bin"):
        assert refused(read, workbooks.xlsx(TWO + cells, place=place)).code == code


def test_more_than_is_unpacked(read: Reader) -> None:
    bomb = refused(read, workbooks.xlsx(TWO + " " * 60_000_000))
    assert (bomb.code, bomb.parameters["most"], int(bomb.parameters["have"]) > 60_000_000) == ("too_big", 50_000_000, True)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (workbooks.xlsx(TWO, strings=STRINGS), "memory"),
        (workbooks.xlsb([(0, 0, 1.0), (70_000, 4_000_000, 2.0)]), "memory"),
        (workbooks.ods(f'<table:table-row table:number-rows-repeated="1000000">{workbooks.of_ods("a", across=16384)}</table:table-row>' * 3), "workbook"),
    ],
    ids=["shared strings", "xlsb", "ods"],
)
def test_what_would_end_the_process_that_reads_it(read: Reader, data: bytes, code: str) -> None:
    """A kilobyte and a half each."""
    assert len(data) < 2000
    assert refused(read, data).code == code


def test_a_reader_that_takes_too_long(read: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "SECONDS", 1.0)
    wide = "".join(f"<row>{'<c><v>1.5</v></c>' * 300}</row>" for _ in range(9000))
    assert refused(read, workbooks.xlsx(wide)).code == "memory"


def test_a_sheet_that_is_not_there_and_what_is_no_workbook(read: Reader) -> None:
    missing = refused(read, workbooks.xlsx(TWO), named="B")
    assert (missing.code, missing.parameters) == ("no_sheet", {"have": "A"})
    assert refused(read, workbooks.xlsx('<row r="1"><c r="A1"><v>1</v></c></row>')).code == "no_sheet"
    for data in (b"PK\x03\x04 nothing more", b"a,b\n1,2\n", workbooks.xlsx(TWO)[:900], workbooks.packed({"a": "b"})):
        assert refused(read, data).code == "workbook"
