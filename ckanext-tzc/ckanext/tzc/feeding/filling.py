"""Putting new content in the place of the old: looked at first, so that the old file stays where the new one is none; then all in one transaction.

What is written with the file: the run, what the feed expects from now on, the old file's version, and what happened.

CKAN writes the new bytes over the old ones before it commits. So the old file is kept, and its version written down, in a commit of its own before that: what comes to nothing
afterwards, be it by a kill, leaves a version that was never replaced, and its bytes are put back.
"""
from __future__ import annotations

import hashlib
import logging
import secrets
import tempfile
import uuid
from collections.abc import Collection
from pathlib import Path
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckan.lib.search import SearchIndexError
from ckanext.tzc.common import happening, indexing, outages, reading
from ckanext.tzc.common.keeping import CHUNK, MissingError, Shelf
from ckanext.tzc.common.owning import may_still
from werkzeug.datastructures import FileStorage

from tzc.feeding import columns, definition, versions
from tzc.feeding.faults import FeedError
from tzc.tables.errors import Refused, Skipped

from . import converting, fetching, store

log = logging.getLogger(__name__)

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
            content = converting.to_csv(_beside(content, Path(scratch)), kind, Path(scratch), fetching.most_bytes())
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
    """Write it all; one commit, that of the save. What comes to nothing leaves the old file as it was."""
    feed_id = feed.id
    try:
        _save(feed, run, content, look, etag, modified)
    except Exception:
        model.Session.rollback()
        put_back(feed_id)
        raise
    tidy(feed)
    model.Session.commit()


def _save(feed: store.Feed, run: store.Run, content: Path, look: reading.Look | None, etag: str, modified: str) -> None:
    old, wanted, at = _keep_old(feed), feed.wanted, store.now()
    if old is not None:
        old.replaced = at
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


def _summary(error: tk.ValidationError) -> str:
    return " ".join(str(message) for messages in error.error_dict.values() for message in (messages if isinstance(messages, list) else [messages]))


def _keep_old(feed: store.Feed) -> store.Version | None:
    """Keep the file that will be replaced, whether or not its feed's rule keeps it afterwards; None where it is not there any more.

    Commits, and holds the dataset then: nobody changes the file until the next commit.
    """
    while True:
        file = model.Resource.get(feed.resource) if feed.resource else None
        if file is None or file.url_type != "upload":
            return None
        # read before the bytes are: what is changed meanwhile is told by it
        changed, name = file.last_modified, (file.url or "").rsplit("/", 1)[-1] or feed.wanted.file
        try:
            sha256, size = shelf.keep(_resource(file))
        except MissingError:
            return None
        kept = store.Version(id=secrets.token_hex(8), feed=feed.id, sha256=sha256, size=size, name=name, kind=file.mimetype, resource=file.id, changed=changed)
        model.Session.add(kept)
        model.Session.commit()
        _hold(file)
        if _is_still(kept, file) and shelf.there(sha256):
            return kept
        # somebody saved another file meanwhile, or removed the last version of the same bytes
        drop([kept])


def put_back(feed_id: str) -> None:
    """Put files back that were to be replaced by a save that came to nothing; whether their new bytes are there already, nothing says. Commits."""
    for version_id, resource in [(version.id, version.resource) for version in store.unsettled(feed_id)]:
        file = model.Resource.get(resource)
        if file is not None:
            _hold(file)
        # whoever held the dataset may have committed meanwhile
        version = model.Session.get(store.Version, version_id, populate_existing=True)
        if version is not None and version.replaced is None:
            if file is not None and _is_still(version, file):
                _give(version, file)
            drop([version])
        model.Session.commit()


def _give(version: store.Version, file: Any) -> None:
    try:
        shelf.put_back(version.sha256, _resource(file))
    except MissingError:
        log.error("The file %s of the feed %s is not kept any more, and cannot be put back", file.id, version.feed)
        return
    try:
        # CKAN writes the index before it commits
        indexing.anew(file.package_id)
    except SearchIndexError as error:
        model.Session.rollback()
        if outages.is_outage(error):
            raise
        log.exception("The dataset %s is not in the index as it is", file.package_id)


def _hold(file: Any) -> None:
    """Hold the dataset of a file, as whoever saves it does, and look at the file as it is then."""
    model.Session.execute(sa.select(model.Package.id).where(model.Package.id == file.package_id).with_for_update())
    model.Session.refresh(file)


def _is_still(version: store.Version, file: Any) -> bool:
    """Whether nobody has saved another file since this version was kept."""
    return file.url_type == "upload" and file.last_modified == version.changed


def _resource(file: Any) -> dict[str, Any]:
    return {"id": file.id, "url": file.url, "url_type": file.url_type}


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
    """Who is told: who made it, while they may change it, and who writes for the partner."""
    from ckanext.tzc.common import duties

    maker = {feed.by} if may_still(feed.by, "tzc_feed_show", feed.dataset) else set()
    return tuple(sorted({*maker, *duties.holders(feed.partner, duties.CONTRIBUTOR)}))


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
