"""Files of requests: kept in a storage of CKAN's that is not public, beside a row that says whose they are. Nothing here commits.

The row comes first: what was put into the storage and has no row after all is nothing that anybody can ask for, and a file that was removed is gone from the
storage with the next run of the job at the latest.
"""
from __future__ import annotations

import copy
import hashlib
import logging
from collections.abc import Iterator
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any, cast

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckan.config.declaration.load import config_tree
from ckan.lib import files
from ckan.model.types import make_uuid
from file_keeper import make_storage

from tzc.rights import file_kinds

from . import life, records

log = logging.getLogger(__name__)

FOLDER = "requests"
A_DAY = 30
"""Files that an account attaches in 24 hours."""


class Attached(tk.BaseModel):
    """A file of a request, or of a message in its thread. `part` None: for all partners; `location`: in the storage, None once it was taken out there."""

    __tablename__ = "tzc_rights_file"

    id = sa.Column(sa.UnicodeText, primary_key=True, default=make_uuid)
    request = sa.Column(sa.UnicodeText, sa.ForeignKey("tzc_rights_request.id", ondelete="CASCADE"), nullable=False)
    part = sa.Column(sa.UnicodeText, sa.ForeignKey("tzc_rights_part.id", ondelete="CASCADE"))
    message = sa.Column(sa.BigInteger, sa.ForeignKey("tzc_rights_message.id", ondelete="CASCADE"))
    by = sa.Column(sa.UnicodeText, nullable=False)
    at = sa.Column(sa.DateTime(timezone=True), nullable=False)
    name = sa.Column(sa.UnicodeText, nullable=False)
    size = sa.Column(sa.BigInteger, nullable=False)
    sha256 = sa.Column(sa.UnicodeText, nullable=False)
    location = sa.Column(sa.UnicodeText)
    removed = sa.Column(sa.DateTime(timezone=True))


@lru_cache(maxsize=1)
def _storage() -> Any:
    """Beside datasets' files: in the bucket where there is one, else in the folder of uploads; what is readable without asking lies elsewhere in both."""
    default = tk.config["ckan.files.default_storages.default"]
    if default in files.storages:
        settings = copy.deepcopy(config_tree(tk.config, prefix=files.STORAGE_PREFIX, depth=-1)[default])
    else:
        settings = {"type": "ckan:fs", "path": tk.config["ckan.storage_path"], "initialize": True}
    settings.update(path=str(PurePosixPath(settings.get("path") or "", FOLDER)), name=f"tzc_{FOLDER}", public=False, max_size=file_kinds.MOST_BYTES)
    return make_storage(f"tzc_{FOLDER}", settings)


def words(code: str, name: str) -> str:
    """Why a file is not taken."""
    said = {
        "empty": tk._("“{name}” is empty."),
        "size": tk._("“{name}” is too large: 10 MB are the most."),
        "type": tk._("“{name}” is of a kind that is not taken. Attach a PDF, an office document, a picture (PNG, JPEG, GIF, WebP) or a text."),
        "content": tk._("“{name}” is not what its name says, or holds macros. Save it anew under its true kind."),
    }
    return str(said[code]).format(name=name[:80])


def attach(user: Any, request: records.Request, parts: list[records.Part], part: str, message: int | None, upload: Any) -> Attached:
    """Keep a file of somebody who writes into the thread. Raises ObjectNotFound, ValidationError."""
    if not (hasattr(upload, "stream") and getattr(upload, "filename", None)):
        raise life.invalid("upload", tk._("Send a file, as multipart/form-data."))
    part = life.place(user, request, parts, part)
    name = file_kinds.clean_name(str(upload.filename))
    content = upload.stream.read(file_kinds.MOST_BYTES + 1)
    if code := file_kinds.refusal(name, content):
        raise life.invalid("upload", words(code, name))
    records.locked(request.id)
    digest = hashlib.sha256(content).hexdigest()
    there = model.Session.query(Attached).filter_by(request=request.id, removed=None)
    if again := there.filter_by(by=user.id, name=name, sha256=digest, message=message, part=part or None).first():
        # the form was sent twice
        return cast("Attached", again)
    if there.count() >= file_kinds.MOST_FILES:
        raise life.invalid("upload", tk._("A request has {most} files at most.").format(most=file_kinds.MOST_FILES))
    if records.of_last_day(Attached, user.id, records.now()) >= A_DAY:
        raise life.invalid("upload", tk._("You have attached very many files today. Go on tomorrow."))
    row = Attached(id=make_uuid(), request=request.id, part=part or None, message=message, by=user.id, at=records.now(), name=name, size=len(content), sha256=digest)
    row.location = str(_storage().upload(_storage().prepare_location(f"{request.id}/{row.id}"), files.make_upload(content)).location)
    model.Session.add(row)
    model.Session.flush()
    _record("request.file_added", user, request, parts, row)
    return row


def find(name: Any, request: records.Request, parts: list[records.Part]) -> Attached:
    """A file of this request that whoever sees these parts may have. Raises ObjectNotFound."""
    row = model.Session.get(Attached, name) if isinstance(name, str) and "\0" not in name else None
    if row is None or row.removed or row.request != request.id or row.part not in (None, *(part.id for part in parts)):
        raise tk.ObjectNotFound(tk._("There is no such file."))
    return cast("Attached", row)


def of(request: records.Request, parts: list[records.Part]) -> list[Attached]:
    """The files of a request that whoever sees these parts may have, the oldest first."""
    query = model.Session.query(Attached).filter_by(request=request.id, removed=None)
    found: list[Attached] = query.filter(sa.or_(Attached.part.is_(None), Attached.part.in_([part.id for part in parts]))).order_by(Attached.at, Attached.id).all()
    return found


def stays(row: Attached, parts: list[records.Part]) -> bool:
    """Whether somebody has decided on what a file goes with, or turned a key: it is proof then. `parts`: all of the request."""
    return any(row.part in (None, part.id) and bool(part.decided_by or part.keys) for part in parts)


def remove(user: Any, request: records.Request, parts: list[records.Part], row: Attached) -> None:
    """Take a file back; it is gone at once, and from the storage with the next run of the job. Raises ValidationError once it was decided on."""
    # held, so that no decision comes between
    if stays(row, records.locked(request.id)):
        raise life.invalid("file", tk._("It was decided on this request: its documents stay, as they show on what."))
    row.removed = records.now()
    model.Session.flush()
    _record("request.file_removed", user, request, parts, row)


def give(user: Any, request: records.Request, parts: list[records.Part], row: Attached) -> tuple[Iterator[bytes], str]:
    """The content and its media type; who had it is recorded. Raises ObjectNotFound."""
    try:
        content = _storage().stream(_data(row))
    except files.exc.MissingFileError as error:
        log.exception("the file %s of a request is not in the storage", row.id)
        raise tk.ObjectNotFound(tk._("There is no such file.")) from error
    _record("request.file_read", user, request, parts, row)
    return content, media(row)


def media(row: Attached) -> str:
    """As what a file is given, by its name, which was checked."""
    return file_kinds.MEDIA[file_kinds.ending(row.name)]


def _data(row: Attached) -> Any:
    return files.FileData(files.Location(row.location), size=row.size)


def _record(kind: str, user: Any, request: records.Request, parts: list[records.Part], row: Attached) -> None:
    """For the audit; nobody is written to: the message or the request that brings a file tells of itself."""
    for part in parts:
        if row.part in (None, part.id):
            life.tell(kind, user.id, request, part, {"file": row.id, "name": row.name, "size": row.size, "sha256": row.sha256})


def shown(row: Attached, user: Any, parts: list[records.Part]) -> dict[str, Any]:
    """A file, as answers have it. `parts`: all of the request."""
    by = model.User.get(row.by)
    return {
        "id": row.id, "name": row.name, "media": media(row), "size": row.size, "sha256": row.sha256, "message": row.message, "part": row.part,
        "by": by.display_name if by else "", "at": row.at.isoformat(), "url": tk.h.url_for("tzc_requests.file", id=row.request, file=row.id, locale="default"),
        "yours": row.by == user.id, "stays": stays(row, parts),
    }  # fmt: skip


def sweep(most: int = 100) -> int:
    """Take files that were removed out of the storage. Commits; returns how many."""
    rows = model.Session.query(Attached).filter(Attached.removed.is_not(None), Attached.location.is_not(None)).limit(most).with_for_update(skip_locked=True).all()
    for row in rows:
        try:
            _storage().remove(_data(row))
        except files.exc.MissingFileError:
            log.info("the file %s of a request was gone from the storage already", row.id)
        row.location = None
    model.Session.commit()
    return len(rows)
