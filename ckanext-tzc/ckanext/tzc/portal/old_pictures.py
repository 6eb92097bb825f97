"""Pictures of accounts, partners and axes that nothing names any more: removed once the change is written, as they are public as long as they lie there."""
from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from botocore.exceptions import BotoCoreError, ClientError
from ckan.lib import files
from sqlalchemy import event, orm

log = logging.getLogger(__name__)

KEY = "tzc_old_pictures"
"""Where the session keeps what was taken away: kinds and file names."""

KINDS = (("user", model.User), ("group", model.Group))
"""Folders of uploads, and who names their files; partners and axes are groups alike."""

_listening: set[str] = set()


def listen() -> None:
    """Look at changes of pictures; safe to call again."""
    if _listening:
        return
    _listening.add(KEY)
    for _folder, kind in KINDS:
        # the old value is loaded first, where it is not there
        event.listen(kind.image_url, "set", _replaced, active_history=True)
    event.listen(model.Session, "before_flush", _purged)
    event.listen(model.Session, "after_commit", _committed)
    event.listen(model.Session, "after_rollback", _rolled_back)


def _replaced(target: Any, value: Any, old: Any, _initiator: Any) -> None:
    session = orm.object_session(target)
    if session is not None and value != old:
        _note(session, target, old)


def _purged(session: Any, _flush: Any, _instances: Any) -> None:
    for gone in session.deleted:
        if isinstance(gone, (model.User, model.Group)):
            _note(session, gone, gone.image_url)


def _note(session: Any, target: Any, name: Any) -> None:
    # an address elsewhere is no file of ours, nor is anything that leads out of the folder
    if isinstance(name, str) and name and not set(name) & set("/\\\0") and not name.startswith("."):
        session.info.setdefault(KEY, set()).add(("user" if isinstance(target, model.User) else "group", name))


def _committed(session: Any) -> None:
    if session.in_nested_transaction():
        return
    for folder, name in session.info.pop(KEY, set()):
        # the session takes no question now
        with session.get_bind().connect() as connection:
            named = connection.execute(sa.select(sa.func.count()).where(dict(KINDS)[folder].image_url == name)).scalar()
        if not named:
            _remove(folder, name)


def _rolled_back(session: Any) -> None:
    if not session.in_nested_transaction():
        session.info.pop(KEY, None)


def _remove(folder: str, name: str) -> None:
    try:
        try:
            storage = files.get_storage(tk.config[f"ckan.files.default_storages.{folder}"])
        except files.exc.UnknownStorageError:
            Path(tk.config["ckan.storage_path"], "storage", "uploads", folder, name).unlink(missing_ok=True)
        else:
            storage.remove(files.FileData(files.Location(name)))
    except (files.exc.FilesError, BotoCoreError, ClientError, OSError) as error:
        # what was written stays written
        log.warning("The picture %s was not removed: %s", name, error)
