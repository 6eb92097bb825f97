"""Workbooks that are larger than they look, as small as they can be written."""
from __future__ import annotations

import io
import struct
import zipfile

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def packed(entries: dict[str, str | bytes]) -> bytes:
    """A ZIP of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return out.getvalue()


def _related(kind: str, target: str) -> str:
    return f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r1" Type="{OFFICE}/{kind}" Target="{target}"/></Relationships>'


def xlsx(rows: str, *, place: str = "worksheets/sheet1.xml", strings: str = "") -> bytes:
    """One sheet with these rows, which lies somewhere in the archive; and a table of shared strings."""
    sheets = _related("worksheet", place).replace("</Relationships>", f'<Relationship Id="r2" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>' if strings else "</Relationships>")
    return packed(
        {
            "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
            "_rels/.rels": _related("officeDocument", "xl/workbook.xml"),
            "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="A" sheetId="1" r:id="r1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": sheets,
            f"xl/{place}": f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>',
            **({"xl/sharedStrings.xml": strings} if strings else {}),
        }
    )


def _record(number: int, content: bytes) -> bytes:
    """A record of an XLSB: its kind and its length, seven bits a byte."""
    head = b""
    for value in (number, len(content)):
        while True:
            value, rest = value >> 7, value & 127  # noqa: PLW2901 -- bit by bit
            head += bytes([rest | (128 if value else 0)])
            if not value:
                break
    return head + content


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def xlsb(cells: list[tuple[int, int, float]]) -> bytes:
    """One sheet with these cells: row, column, number."""
    rows = b"".join(
        _record(0, struct.pack("<IIHHBI", row, 0, 300, 0, 0, 0)) + _record(5, struct.pack("<IId", column, 0, value)) for row, column, value in cells
    )
    last = max(row for row, _column, _value in cells), max(column for _row, column, _value in cells)
    sheet = _record(129, b"") + _record(148, struct.pack("<IIII", 0, last[0], 0, last[1])) + _record(145, b"") + rows + _record(146, b"") + _record(130, b"")
    book = _record(131, b"") + _record(143, b"") + _record(156, struct.pack("<II", 0, 1) + _wide("r1") + _wide("A")) + _record(144, b"") + _record(132, b"")
    return packed(
        {
            "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
            "_rels/.rels": _related("officeDocument", "xl/workbook.bin"),
            "xl/workbook.bin": book,
            "xl/_rels/workbook.bin.rels": _related("worksheet", "worksheets/sheet1.bin"),
            "xl/worksheets/sheet1.bin": sheet,
        }
    )


def ods(rows: str) -> bytes:
    """One sheet with these rows."""
    spaces = " ".join(f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text"))
    table = f'<table:table table:name="A">{rows}</table:table>'
    return packed(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
            "content.xml": f"<office:document-content {spaces}><office:body><office:spreadsheet>{table}</office:spreadsheet></office:body></office:document-content>",
        }
    )


def of_ods(value: str, *, across: int = 1) -> str:
    """A cell of a sheet of an ODS, so many times."""
    return f'<table:table-cell office:value-type="string" table:number-columns-repeated="{across}"><text:p>{value}</text:p></table:table-cell>'
