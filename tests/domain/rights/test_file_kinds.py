"""Files of requests: each is what its name says, or it is not taken."""
from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tzc.rights.file_kinds import MEDIA, MOST_BYTES, MOST_LETTERS, clean_name, ending, refusal


def packed(*names: str, first: tuple[str, str] | None = None) -> bytes:
    """An archive of empty files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        if first:
            archive.writestr(*first)
        for name in names:
            archive.writestr(name, "<x/>")
    return out.getvalue()


WORD = packed("[Content_Types].xml", "word/document.xml")
GOOD = {
    "a.pdf": b"%PDF-1.7\n", "a.PDF": b"%PDF-1.4", "a.docx": WORD, "a.xlsx": packed("[Content_Types].xml", "xl/workbook.xml"),
    "a.pptx": packed("[Content_Types].xml", "ppt/presentation.xml"), "a.odt": packed("content.xml", first=("mimetype", MEDIA["odt"])),
    "a.ods": packed(first=("mimetype", MEDIA["ods"])), "a.odp": packed(first=("mimetype", MEDIA["odp"])), "a.doc": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest",
    "a.xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.ppt": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.png": b"\x89PNG\r\n\x1a\n", "a.jpg": b"\xff\xd8\xff\xe0",
    "a.jpeg": b"\xff\xd8\xff\xe1", "a.gif": b"GIF89a", "a.webp": b"RIFF\x10\0\0\0WEBPVP8 ", "a.txt": "Déjà".encode(), "a.csv": "é;ü\r\n1;2".encode("cp1252"), "a.md": b"# x",
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_what_is_what_its_name_says_is_taken(name: str) -> None:
    assert refusal(name, GOOD[name]) is None


def test_each_kind_is_tried() -> None:
    assert {ending(name) for name in GOOD} == set(MEDIA)


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("content", [b"MZ\x90\x00\x03", b"<html><script>", b"\x7fELF\x02\x01\x01\x00", packed("evil.exe"), b"\x00\x01"])
def test_what_is_something_else_is_refused(name: str, content: bytes) -> None:
    assert refusal(name, content) == "content"


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.exe", b"MZ", "type"), ("a", b"x", "type"), ("a.svg", b"<svg/>", "type"), ("a.html", b"x", "type"), ("a.pdf.exe", b"%PDF-", "type"), (".pdf", b"%PDF-", "type"),
        ("a.pdf", b"", "empty"), ("a.txt", b"x" * (MOST_BYTES + 1), "size"), ("a.docx", packed("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), "content"),
        ("a.docx", packed("[Content_Types].xml", "xl/workbook.xml"), "content"), ("a.odt", packed(first=("mimetype", MEDIA["ods"])), "content"), ("a.docx", WORD[:40], "content"),
    ],
)  # fmt: skip
def test_why_not(name: str, content: bytes, why: str) -> None:
    assert refusal(name, content) == why


@given(st.text(max_size=300))
def test_a_clean_name_is_short_has_no_folder_and_keeps_its_ending(name: str) -> None:
    clean = clean_name(name)
    assert len(clean) <= MOST_LETTERS and not set(clean) & set('/\\<>:"|?*\0\n\r') and not clean.startswith(".")
    assert clean_name(clean) == clean


@pytest.mark.parametrize(("name", "clean"), [("C:\\dossier\\Étude 1.PDF", "Étude 1.PDF"), ("../../etc/passwd.txt", "passwd.txt"), ("a" * 300 + ".pdf", "a" * 146 + ".pdf")])
def test_names(name: str, clean: str) -> None:
    assert clean_name(name) == clean


@given(st.sampled_from(sorted(MEDIA)), st.binary(max_size=200))
def test_any_bytes_are_judged(end: str, content: bytes) -> None:
    assert refusal(f"a.{end}", content) in (None, "content", "empty")
