"""The least that an XLSX is, for tests of what reads workbooks."""
from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def workbook(sheets: Mapping[str, Sequence[Sequence[str | float]]]) -> bytes:
    """A workbook of sheets by their names, in order: of rows of texts and numbers."""
    packed = io.BytesIO()
    numbered = list(enumerate(sheets.items(), 1))
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("[Content_Types].xml", '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>')
        book.writestr("_rels/.rels", f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>')
        named = "".join(f'<sheet name="{escape(name)}" sheetId="{place}" r:id="r{place}"/>' for place, (name, _rows) in numbered)
        book.writestr("xl/workbook.xml", f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{named}</sheets></workbook>')
        links = "".join(f'<Relationship Id="r{place}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{place}.xml"/>' for place, _sheet in numbered)
        book.writestr("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{PACKAGE}">{links}</Relationships>')
        for place, (_name, rows) in numbered:
            lines = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows)
            book.writestr(f"xl/worksheets/sheet{place}.xml", f'<worksheet xmlns="{MAIN}"><sheetData>{lines}</sheetData></worksheet>')
    return packed.getvalue()


def _cell(content: str | float) -> str:
    if isinstance(content, str):
        return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(content)}</t></is></c>'
    return f"<c><v>{content!r}</v></c>"
