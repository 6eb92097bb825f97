"""Files as they come: encodings, separators, kinds of columns, and what is wrong with a broken one."""
from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tzc.tables.errors import Refused, Skipped

pytest.importorskip("duckdb")

Reader = Callable[..., Any]


def kinds(read: Any) -> dict[str, str]:
    return {column.name: column.decision.kind.value for column in read.columns}


ALL = sorted(path for path in (Path(__file__).resolve().parents[3] / "config" / "demo" / "files").iterdir() if path.suffix != ".pdf")


@pytest.mark.parametrize("file", ALL, ids=lambda path: path.name)
def test_every_demonstration_file_is_read(read_bytes: Reader, file: Path) -> None:
    done, rows = read_bytes(file.read_bytes(), file.suffix)
    assert done.count >= 16
    assert rows.count("\n") >= done.count
    if file.suffix == ".geojson":
        assert done.geometry == {"geometry": "geometrie"}
        assert done.count == len(json.loads(file.read_text(encoding="utf-8-sig"))["features"])


def test_kinds_and_rows_of_known_files(read_bytes: Reader, demo: Path) -> None:
    done, rows = read_bytes((demo / "files" / "eaux-de-baignade.csv").read_bytes())
    assert done.count == 120
    found = kinds(done)
    assert found["date_prelevement"] == "date"
    assert found["escherichia_coli_npp_100ml"] == "text", "it mixes numbers with <15"
    assert found["temperature_eau_c"] == "numeric"
    assert found["plage_fermee"] == "bool"
    assert '"<15"' in rows

    done, _rows = read_bytes((demo / "files" / "echanges-matieres.csv").read_bytes())
    assert {kinds(done)[name] for name in ("siret_cedant", "telephone_cedant")} == {"text"}
    assert kinds(done)["prix_eur_t"] == "numeric"

    done, _rows = read_bytes((demo / "files" / "ateliers-climat.xlsx").read_bytes(), "XLSX")
    assert (done.count, kinds(done)["date"], kinds(done)["participants"], kinds(done)["code_commune"]) == (72, "date", "integer", "text")

    done, _rows = read_bytes((demo / "files" / "emissions-port.ods").read_bytes(), "ODS")
    assert (done.count, kinds(done)["annee"]) == (40, "integer")

    done, _rows = read_bytes((demo / "files" / "dechetteries-apports.xlsx").read_bytes(), "XLSX")
    assert done.notes == {"sheet": "Apports 2025", "other_sheets": ["Notes"]}

    done, _rows = read_bytes((demo / "files" / "bornes-recharge.csv").read_bytes())
    assert done.geometry == {"east": "longitude", "north": "latitude"}


def test_the_broken_file_names_its_row(read_bytes: Reader, demo: Path) -> None:
    with pytest.raises(Refused) as caught:
        read_bytes((demo / "broken" / "compteurs-casses.csv").read_bytes())
    assert caught.value.code == "too_many_columns"
    assert caught.value.parameters == {"row": 14, "have": 8, "want": 5, "excerpt": "C01,Quai du Vieux-Port,2026-01-11,477,valide,relevé à la main,12,oui"}


def test_the_broken_files_other_fault(read_bytes: Reader, demo: Path) -> None:
    lines = (demo / "broken" / "compteurs-casses.csv").read_bytes().split(b"\n")
    del lines[13]
    with pytest.raises(Refused) as caught:
        read_bytes(b"\n".join(lines))
    assert (caught.value.code, caught.value.parameters["row"], caught.value.parameters["column"]) == ("quote", 29, 2)


TEXT = "nom;valeur\r\nChâtelaillon – été;1,5\r\n« œuvre »;2,25\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_encodings(read_bytes: Reader, encoding: str) -> None:
    done, rows = read_bytes(TEXT.encode(encoding))
    assert kinds(done) == {"nom": "text", "valeur": "numeric"}
    assert rows == '"Châtelaillon – été","1.5"\n"« œuvre »","2.25"\n'


def test_bytes_of_no_known_encoding_name_their_row(read_bytes: Reader) -> None:
    with pytest.raises(Refused) as caught:
        read_bytes(b"a,b\n1,\xe9\n2,\x81\n")
    assert (caught.value.code, caught.value.parameters["row"]) == ("encoding", 3)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(read_bytes: Reader, end: str) -> None:
    done, rows = read_bytes(end.join(["a,b", "1,x", "2,y", ""]).encode())
    assert (done.count, rows) == (2, '"1","x"\n"2","y"\n')


@pytest.mark.parametrize(
    ("values", "kind", "stored"),
    [
        (["01001", "17300"], "text", '"01001"\n"17300"\n'),
        (["+5", " 7 "], "integer", '"+5"\n"7"\n'),
        (["3000000000", "1"], "bigint", '"3000000000"\n"1"\n'),
        (["1,5", "2"], "numeric", '"1.5"\n"2"\n'),
        (["31/12/2025", "1/2/2026"], "date", '"2025-12-31"\n"2026-02-01"\n'),
        (["31/02/2026", "01/02/2026"], "text", '"31/02/2026"\n"01/02/2026"\n'),
        (["0000-01-01", "2026-01-01"], "text", '"0000-01-01"\n"2026-01-01"\n'),
        (["2026-01-05T08:00:00+02:00", "2026-01-05T08:00Z"], "timestamp", '"2026-01-05 06:00:00"\n"2026-01-05 08:00:00"\n'),
        (["05/01/2026 8:30", "05/01/2026 08:30:10"], "timestamp", '"2026-01-05 08:30:00"\n"2026-01-05 08:30:10"\n'),
        (["Oui", "non"], "bool", '"true"\n"false"\n'),
        (["VRAI", "faux"], "bool", '"true"\n"false"\n'),
        (["=1+1", "@SUM(A1)"], "text", '"=1+1"\n"@SUM(A1)"\n'),
        (["12", "<15"], "text", '"12"\n"<15"\n'),
    ],
)
def test_values(read_bytes: Reader, values: list[str], kind: str, stored: str) -> None:
    done, rows = read_bytes(("x;y\n" + "".join(f"{value};\n" for value in values)).encode())
    assert kinds(done) == {"x": kind, "y": "text"}
    assert rows == stored.replace("\n", ",\n"), "and nothing for an empty cell"


def test_one_odd_value_after_many_rows_decides(read_bytes: Reader) -> None:
    rows = "".join(f"{number},1\n" for number in range(5000))
    assert kinds(read_bytes(f"a,b\n{rows}".encode())[0])["a"] == "integer"
    assert kinds(read_bytes(f"a,b\n{rows}007,1\n".encode())[0])["a"] == "text"


def test_quoted_cells_keep_separators_quotes_and_lines(read_bytes: Reader) -> None:
    done, rows = read_bytes(b'a,b\n"x, ""y""\nz",1\n')
    assert (done.count, rows) == (1, '"x, ""y""\nz","1"\n')


def test_headers_that_repeat_or_lack(read_bytes: Reader) -> None:
    done, _rows = read_bytes(b"a,A,,_x\n1,2,3,4\n")
    assert [(column.name, column.header) for column in done.columns] == [("a", "a"), ("A_2", "A"), ("colonne_3", "colonne_3"), ("x", "_x")]


def test_without_a_header_no_row_is_lost(read_bytes: Reader) -> None:
    done, rows = read_bytes(b"1,2\n3,4\n")
    assert [column.name for column in done.columns] == ["colonne_1", "colonne_2"]
    assert rows == '"1","2"\n"3","4"\n'


@pytest.mark.parametrize(
    ("data", "code", "row"),
    [
        (b"", "empty", None),
        (b"\n\n", "empty", None),
        (b"a,b\n", "no_rows", None),
        (b"<!DOCTYPE html><html><body>Erreur 404</body></html>", "html", None),
        (b"a,b\n1,2\n3\n", "missing_columns", 3),
        (b"a,b\n1,2\n1,2,3\n", "too_many_columns", 3),
        (b'a,b\n1,"x\n2,3\n', "quote", 2),
        (b"a,b\n1,2\n3,\x00\n", "nul", 3),
        (b"a,b\n1,2\n3," + b"x" * 3_000_000 + b"\n", "line_too_long", 3),
        (b"%PDF-1.7", "binary", None),
    ],
    ids=["nothing", "blank", "header only", "web page", "missing", "too many", "quote", "nul", "long line", "pdf"],
)
def test_what_is_wrong(read_bytes: Reader, data: bytes, code: str, row: int | None) -> None:
    with pytest.raises(Refused) as caught:
        read_bytes(data)
    assert (caught.value.code, caught.value.parameters.get("row")) == (code, row)
    assert len(str(caught.value.parameters.get("excerpt", ""))) <= 120


@pytest.mark.parametrize(("limits", "code"), [({"size": 10}, "too_big"), ({"rows": 2}, "too_many_rows"), ({"columns": 1}, "too_wide")])
def test_limits(read_bytes: Reader, limits: dict[str, int], code: str) -> None:
    with pytest.raises(Refused) as caught:
        read_bytes(b"a,b\n1,2\n3,4\n5,6\n", **limits)
    assert caught.value.code == code


def test_a_workbook_that_unpacks_to_too_much_is_refused(read_bytes: Reader, workbook: Callable[[str], bytes]) -> None:
    bomb = workbook("<row>" + "<c><v>1</v></c>" * 2_000_000 + "</row>")
    assert len(bomb) < 1_000_000
    with pytest.raises(Refused) as caught:
        read_bytes(bomb, "xlsx", size=5_000_000)
    assert caught.value.code == "too_big"


@pytest.mark.parametrize(("cell", "code"), [("XFD1", "too_wide"), ("A1048576", "too_many_rows")])
def test_a_workbook_with_a_cell_far_out_is_refused(read_bytes: Reader, workbook: Callable[[str], bytes], cell: str, code: str) -> None:
    with pytest.raises(Refused) as caught:
        read_bytes(workbook(f'<row><c r="A1"><v>1</v></c></row><row><c r="{cell}"><v>1</v></c></row>'), "xlsx")
    assert caught.value.code == code


def test_a_workbook_that_is_none(read_bytes: Reader) -> None:
    for data in (b"PK\x03\x04 nothing more", b"a,b\n1,2\n"):
        with pytest.raises(Refused) as caught:
            read_bytes(data, "xlsx")
        assert caught.value.code == "workbook"


def _sheet(rows: list[list[str]]) -> str:
    def cell(value: str, name: str) -> str:
        return f'<c r="{name}"><v>{value}</v></c>' if value.isdigit() else f'<c r="{name}" t="inlineStr"><is><t>{value}</t></is></c>'

    lines = []
    for line, row in enumerate(rows, start=1):
        cells = "".join(cell(value, "ABCDE"[place] + str(line)) for place, value in enumerate(row) if value)
        lines.append(f'<row r="{line}">{cells}</row>')
    return "".join(lines)


def test_a_title_above_the_header_of_a_sheet_is_no_header(read_bytes: Reader, workbook: Callable[[str], bytes]) -> None:
    rows = [["Rapport annuel 2025"], [], ["commune", "2024", "total"], ["Aytré", "12", "3"], ["Nieul", "", "5"]]
    done, text = read_bytes(workbook(_sheet(rows)), "xlsx")
    assert [column.name for column in done.columns] == ["commune", "2024", "total"]
    assert (done.count, done.notes["above"]) == (2, "Rapport annuel 2025")
    assert "Rapport" not in text


def test_a_header_with_gaps_stays_one(read_bytes: Reader, workbook: Callable[[str], bytes]) -> None:
    done, _text = read_bytes(workbook(_sheet([["commune"], ["Aytré", "12", "3"]])), "xlsx")
    assert (done.columns[0].name, done.count) == ("commune", 1)
    assert "above" not in done.notes


def test_broken_json_says_where(read_bytes: Reader) -> None:
    with pytest.raises(Refused) as caught:
        read_bytes(b'{"type": "FeatureCollection",\n "features": [,]}', "geojson")
    assert caught.value.code == "json"
    assert (caught.value.parameters["row"], caught.value.parameters["column"]) == (2, 15)


def test_json_that_is_no_map_is_left_alone_unless_it_says_so(read_bytes: Reader) -> None:
    with pytest.raises(Skipped):
        read_bytes(b'{"a": 1}', "json")
    with pytest.raises(Refused):
        read_bytes(b'{"a": 1}', "geojson")


def test_features_without_geometry_and_nested_properties_are_kept(read_bytes: Reader) -> None:
    data = {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": None, "properties": {"a": {"b": [1]}, "c": "01"}}]}
    done, rows = read_bytes(json.dumps(data).encode(), "geojson")
    assert rows == '"{""b"":[1]}","01",\n'
    assert kinds(done) == {"a": "text", "c": "text", "geometrie": "text"}


def test_a_long_geometry_is_read(read_bytes: Reader) -> None:
    line = {"type": "LineString", "coordinates": [[number / 7, 46.1] for number in range(200_000)]}
    done, rows = read_bytes(json.dumps(line).encode(), "geojson")
    assert done.count == 1
    assert len(rows) > 2_000_000


def test_a_file_cannot_name_another(read_bytes: Reader, tmp_path: Path) -> None:
    """Names and values go through DuckDB as data: nothing in them is run."""
    secret = tmp_path / "secret.csv"
    secret.write_text("k\n1\n")
    header = f"'); COPY (SELECT 1) TO '{tmp_path}/out.csv'; --"
    done, rows = read_bytes(f"\"{header}\",b\n\"read_csv('{secret}')\",2\n".encode())
    assert done.count == 1
    assert "read_csv" in rows
    assert not (tmp_path / "out.csv").exists()
