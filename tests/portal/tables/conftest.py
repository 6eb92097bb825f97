"""What the tables' tests share: an upload, its load without a worker, and a small workbook."""
from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

DEMO = Path(__file__).resolve().parents[3] / "config" / "demo"


@pytest.fixture
def demo() -> Path:
    """The folder of the demonstration catalogue."""
    return DEMO


@pytest.fixture
def read_bytes(tmp_path: Path) -> Callable[..., Any]:
    """Read bytes as a file declared as `declared`: the rows as text and what was read."""
    from ckanext.tzc.tables.reading import Limits, read

    standard = {"size": 50_000_000, "geojson": 10_000_000, "rows": 100_000, "columns": 200, "memory": "512MB"}

    def run(data: bytes, declared: str = "csv", **limits: int) -> tuple[Any, str]:
        folder = tmp_path / f"load-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        file = folder / "upload"
        file.write_bytes(data)
        done = read(file, declared, folder, Limits(**{**standard, **limits}))  # type: ignore[arg-type] -- limits are numbers
        return done, done.rows_file.read_text(encoding="utf-8")

    return run


@pytest.fixture
def workbook() -> Callable[[str], bytes]:
    """A workbook with one sheet whose XML is given: the smallest that opens."""

    def make(rows: str) -> bytes:
        out = io.BytesIO()
        main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
        package = "http://schemas.openxmlformats.org/package/2006/relationships"
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("[Content_Types].xml", '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>')
            archive.writestr("_rels/.rels", f'<Relationships xmlns="{package}"><Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>')
            archive.writestr("xl/workbook.xml", f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="A" sheetId="1" r:id="r1"/></sheets></workbook>')
            sheets = f'<Relationships xmlns="{package}"><Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
            archive.writestr("xl/_rels/workbook.xml.rels", sheets)
            archive.writestr("xl/worksheets/sheet1.xml", f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>')
        return out.getvalue()

    return make
