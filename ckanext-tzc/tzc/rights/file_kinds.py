"""Which files may be attached to a request: documents, pictures and texts, whose first bytes are what their names say."""
from __future__ import annotations

import io
import re
import zipfile
from pathlib import PurePosixPath

from tzc.web_page import begins_as_page

MOST_BYTES, MOST_FILES, MOST_LETTERS = 10 * 1024**2, 10, 150
"""Of one file; of one request; of a name."""

_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."

MEDIA = {
    "pdf": "application/pdf",
    "docx": f"{_OFFICE}wordprocessingml.document", "xlsx": f"{_OFFICE}spreadsheetml.sheet", "pptx": f"{_OFFICE}presentationml.presentation",
    "odt": f"{_OPEN}text", "ods": f"{_OPEN}spreadsheet", "odp": f"{_OPEN}presentation",
    "doc": "application/msword", "xls": "application/vnd.ms-excel", "ppt": "application/vnd.ms-powerpoint",
    "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp",
    "txt": "text/plain", "csv": "text/csv", "md": "text/markdown",
}  # fmt: skip
"""What is taken, by the end of the name, and as what it is given."""

_BEGINNINGS = {
    "pdf": (b"%PDF-",), "png": (b"\x89PNG\r\n\x1a\n",), "jpg": (b"\xff\xd8\xff",), "jpeg": (b"\xff\xd8\xff",), "gif": (b"GIF87a", b"GIF89a"),
    **dict.fromkeys(("doc", "xls", "ppt"), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",)),
}  # fmt: skip
_FOLDERS = {"docx": "word/", "xlsx": "xl/", "pptx": "ppt/"}
_TEXTS = frozenset({"txt", "csv", "md"})
_UNWRITTEN = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
"""Bytes that no text holds, in whatever encoding it is written."""


def ending(name: str) -> str:
    """The end of a file's name, in small letters."""
    return PurePosixPath(name).suffix[1:].lower()


def clean_name(name: str) -> str:
    """A name without folders and without what cannot be seen, its ending kept."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    seen = " ".join("".join(letter for letter in last if letter.isprintable() and letter not in '<>:"|?*').split()).lstrip(".")
    end = f".{ending(seen)}" if ending(seen) else ""
    return f"{seen[: MOST_LETTERS - len(end)]}" if len(seen) <= MOST_LETTERS else f"{seen[: MOST_LETTERS - len(end)]}{end}"


def refusal(name: str, content: bytes) -> str | None:
    """Why a file is not taken: `empty`, `size`, `type`, or `content` (it is not what its name says); None where it is."""
    end = ending(name)
    if end not in MEDIA:
        return "type"
    if not content:
        return "empty"
    if len(content) > MOST_BYTES:
        return "size"
    return None if _is(end, content) else "content"


def _is(end: str, content: bytes) -> bool:
    if end in _TEXTS:
        return not _UNWRITTEN.search(content) and not begins_as_page(content[:4096])
    if end == "webp":
        return content[:4] == b"RIFF" and content[8:12] == b"WEBP"
    if end in _BEGINNINGS:
        return content.startswith(_BEGINNINGS[end])
    return content.startswith(b"PK\x03\x04") and _is_document(end, content)


def _is_document(end: str, content: bytes) -> bool:
    """Whether an archive is the document that its name says, without a program in it. Only its list is read, nothing is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return False
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        return False
    if end in _FOLDERS:
        return "[Content_Types].xml" in names and any(name.startswith(_FOLDERS[end]) for name in names)
    # the first entry of an OpenDocument is its media type, not packed
    return content[30:38] == b"mimetype" and content[38:].startswith(MEDIA[end].encode())
