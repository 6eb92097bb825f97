"""Putting new content in the place of the old: looked at first, so that the old file stays where the new one is none; then all in one transaction.

What is written with the file: the run, what the feed expects from now on, the old file's version, and what happened.
"""
from __future__ import annotations

import hashlib
import secrets
import tempfile
import uuid
from collections.abc import Collection
from pathlib import Path
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import happening, reading
from ckanext.tzc.common.keeping import CHUNK, MissingError, Shelf
from werkzeug.datastructures import FileStorage

from tzc.feeding import columns, definition, versions
from tzc.feeding.faults import FeedError
from tzc.tables.errors import Refused, Skipped

from . import converting, store

shelf = Shelf("feeding")

NO_TABLE = frozenset({"empty", "no_rows"})
"""Words of the tables room for a file without rows."""


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as stream:
        found = hashlib.sha256()
        while chunk := stream.read(CHUNK):
            found.update(chunk)
    return found.hexdigest()


def is_there(feed: store.Feed) -> bool:
    """Whether the feed's dataset, and its file where it has made one, can be written."""
    package = model.Package.get(feed.dataset)
    if package is None or package.state == model.State.DELETED:
        return False
    file = model.Resource.get(feed.resource) if feed.resource else None
    return not feed.resource or (file is not None and file.state == model.State.ACTIVE and file.package_id == feed.dataset)


def fill(feed: store.Feed, run: store.Run, content: Path, kind: str, etag: str = "", modified: str = "") -> None:
    """Take content (of a kind, by the ending that it would have), unless it is what was taken last; `run` says what became of it. Raises FeedError, having written nothing."""
    if not is_there(feed):
        raise FeedError("gone")
    run.bytes, run.sha256 = content.stat().st_size, digest(content)
    if run.sha256 == feed.digest:
        feed.etag, feed.modified = etag, modified
        run.outcome = store.UNCHANGED
        return
    with tempfile.TemporaryDirectory(prefix="tzc-feed-") as scratch:
        ending = feed.wanted.file.rpartition(".")[2].lower()
        if kind in converting.CONVERTED and ending == "csv":
            content = converting.to_csv(_beside(content, Path(scratch)), kind, Path(scratch))
        look = _looked(feed, content, ending)
        _put(feed, run, content, look, etag, modified)


def _beside(content: Path, folder: Path) -> Path:
    """The same file within a folder, which is all that a reader of it reaches."""
    link = folder / "content"
    link.hardlink_to(content)
    return link


def _looked(feed: store.Feed, content: Path, ending: str) -> reading.Look | None:
    """The table that it would be; None for what is none. Raises FeedError."""
    wanted, expected = feed.wanted, feed.expected
    try:
        look = reading.look(content, ending, wanted.keys)
    except Skipped as error:
        if expected is not None or wanted.keys or ending in definition.TABLES:
            raise FeedError("no_table") from error
        return None
    except Refused as error:
        if error.code in NO_TABLE:
            if wanted.empty == definition.ALLOWED and error.code == "no_rows":
                return None
            raise FeedError("empty") from error
        raise FeedError("table", reason=error.code, **error.parameters) from error
    _check_keys(wanted.keys, look)
    if expected is not None:
        difference = columns.compare(expected, look.columns)
        if columns.refused(difference, wanted.changes):
            raise ColumnsError(difference)
    return look


class ColumnsError(FeedError):
    """Other columns than expected, and which."""

    def __init__(self, difference: columns.Difference) -> None:
        super().__init__("columns")
        self.difference = difference


def _check_keys(keys: Collection[str], look: reading.Look) -> None:
    there = {column.name for column in look.columns}
    for key in keys:
        if key not in there:
            raise FeedError("key_column", name=key)
    if look.without_key:
        raise FeedError("key_empty", count=look.without_key)
    if look.keys_twice:
        raise FeedError("key_twice", count=look.keys_twice)


def _put(feed: store.Feed, run: store.Run, content: Path, look: reading.Look | None, etag: str, modified: str) -> None:
    """Write it all; one commit, that of the save."""
    wanted, at = feed.wanted, store.now()
    _keep_old(feed, at)
    fresh = feed.resource is None
    feed.resource = feed.resource or str(uuid.uuid4())
    feed.digest, feed.etag, feed.modified, feed.filled = run.sha256, etag, modified, at
    if look is not None:
        feed.columns = [{"name": column.name, "kind": column.kind, "filled": column.filled} for column in columns.expected_next(feed.expected or [], look.columns)]
        run.rows = look.rows
    elif feed.columns is not None:
        run.rows = 0
    run.outcome, run.ended = store.NEW, at
    recover(feed)
    happening.tell(happening.Happening("feed.filled", run.by, feed.about, {"sha256": run.sha256, "bytes": run.bytes, "rows": run.rows, "way": run.way}))
    model.Session.flush()
    context = {"user": tk.get_action("get_site_user")({"ignore_auth": True, "defer_commit": True}, {})["name"], "ignore_auth": True}
    with content.open("rb") as stream:
        data: dict[str, Any] = {"upload": FileStorage(stream, wanted.file)}
        try:
            if fresh:
                file = {"id": feed.resource, "package_id": feed.dataset, "name": wanted.title or wanted.file, "format": wanted.file.rpartition(".")[2].upper()}
                tk.get_action("resource_create")(context, {**file, **data})
            else:
                tk.get_action("resource_patch")(context, {"id": feed.resource, **data})
        except tk.ValidationError as error:
            model.Session.rollback()
            raise FeedError("not_taken", detail=_summary(error)) from error
    tidy(feed)
    model.Session.commit()


def _summary(error: tk.ValidationError) -> str:
    return " ".join(str(message) for messages in error.error_dict.values() for message in (messages if isinstance(messages, list) else [messages]))


def _keep_old(feed: store.Feed, at: Any) -> None:
    """Keep the file that is replaced. Where it is not there any more, there is nothing to keep."""
    file = model.Resource.get(feed.resource) if feed.resource else None
    if file is None or file.url_type != "upload" or feed.wanted.keep == {versions.LAST: 0}:
        return
    try:
        sha256, size = shelf.keep({"id": file.id, "url": file.url, "url_type": file.url_type})
    except MissingError:
        return
    name = (file.url or "").rsplit("/", 1)[-1] or feed.wanted.file
    model.Session.add(store.Version(id=secrets.token_hex(8), feed=feed.id, sha256=sha256, size=size, name=name, kind=file.mimetype, replaced=at))


def recover(feed: store.Feed) -> None:
    """Trouble is over, and those concerned are told."""
    if feed.trouble:
        feed.trouble = feed.since = None
        happening.tell(happening.Happening("feed.recovered", None, feed.about, {"title": title(feed)}, concerned(feed), path=path(feed)))


def title(feed: store.Feed) -> str:
    """What a feed is called."""
    return feed.wanted.title or feed.wanted.file


def path(feed: store.Feed) -> str:
    """The page of a feed."""
    package = model.Package.get(feed.dataset)
    return f"/dataset/alimentation/{package.name}" if package else ""


def concerned(feed: store.Feed) -> tuple[str, ...]:
    """Who is told: who made it, and who writes for the partner."""
    from ckanext.tzc.common import duties

    return tuple(sorted({feed.by, *duties.holders(feed.partner, duties.CONTRIBUTOR)}))


def tidy(feed: store.Feed) -> int:
    """Remove the old files that the feed's rule does not keep. How many. Does not commit."""
    there = {version.id: version for version in store.versions(feed.id)}
    gone = versions.superfluous(feed.wanted.keep, [(version.id, version.replaced) for version in there.values()], store.now())
    drop([there[id_] for id_ in gone])
    return len(gone)


def drop(gone: Collection[store.Version]) -> None:
    """Remove old files, their bytes too where no other version is the same. Does not commit."""
    for version in gone:
        model.Session.delete(version)
    model.Session.flush()
    for sha256 in {version.sha256 for version in gone}:
        if not model.Session.query(store.Version.id).filter_by(sha256=sha256).first():
            shelf.remove(sha256)
