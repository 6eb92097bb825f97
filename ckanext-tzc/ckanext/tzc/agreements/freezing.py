"""Frozen versions of the files of a right, and the token that they are downloaded with."""
from __future__ import annotations

import hashlib
import secrets
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import columns
from sqlalchemy.dialects.postgresql import insert

from . import keeping, store

MARK = "tzc-"
"""How tokens begin, so that who finds one knows what it is."""

LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
"""Of identifiers that people copy: none that is taken for another."""


def fingerprint(token: str) -> str:
    """What is stored of a token, which has 256 random bits and needs no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_token(grant: str) -> str:
    """A token for a right; the one before is none any more. Does not commit."""
    token = MARK + secrets.token_urlsafe(32)
    values = {"hash": fingerprint(token), "made": store.now(), "used": None}
    model.Session.execute(insert(store.Token.__table__).values(grant=grant, **values).on_conflict_do_update(index_elements=["grant"], set_=values))
    return token


def hand_over(old: store.Agreement, new: store.Agreement) -> None:
    """The token, and the versions that are still the holder's, of a right that was renewed: programs go on as they were. Does not commit."""
    model.Session.query(store.Token).filter_by(grant=old.grant).update({"grant": new.grant}, synchronize_session=False)
    for row in model.Session.query(store.Frozen).filter_by(grant=old.grant):
        # other columns are another copy
        if (not new.files or row.file in new.files) and old.columns.get(row.file) == new.columns.get(row.file):
            model.Session.execute(insert(store.Frozen.__table__).values(grant=new.grant, file=row.file, version=row.version).on_conflict_do_nothing())


def grant_of(token: str) -> str | None:
    """The right whose token this is; that it was used is noted."""
    if not token.startswith(MARK):
        return None
    found = model.Session.query(store.Token).filter_by(hash=fingerprint(token)).one_or_none()
    if found is None:
        return None
    found.used = store.now()
    return str(found.grant)


def may(user: Any, agreement: store.Agreement, file: str) -> str:
    """Why somebody does not have this file by this right now; empty when they do. The right's own end is looked at, and what every other door asks."""
    if agreement.account != user.id or not agreement.open(store.now()):
        return str(tk._("Your right to these data has ended, or rests."))
    if agreement.files and file not in agreement.files:
        return str(tk._("Your right is not for this file."))
    resource = model.Resource.get(file)
    if resource is None or resource.package_id != agreement.dataset or resource.state != "active":
        return str(tk._("The partner has removed this file."))
    try:
        tk.check_access("resource_show", {"user": user.name, "auth_user_obj": user}, {"id": file})
    except tk.NotAuthorized as error:
        return str(error)
    return ""


def freeze(user: Any, agreement: store.Agreement) -> dict[str, str]:
    """Keep the files of a right as they are now, those that are not kept yet. Returns why others are not, by id. Does not commit."""
    there = {row.file for row in model.Session.query(store.Frozen.file).filter_by(grant=agreement.grant)}
    package = model.Package.get(agreement.dataset)
    chosen = [file for file in package.resources if (not agreement.files or file.id in agreement.files) and file.id not in there] if package else []
    refused = {}
    for file in chosen:
        why = may(user, agreement, file.id) or _freeze(agreement, file)
        if why:
            refused[file.id] = why
    model.Session.flush()
    return refused


def _freeze(agreement: store.Agreement, file: Any) -> str:
    names = agreement.columns.get(file.id)
    found, why = _of_columns(agreement.partner, file, names) if names else version(agreement.partner, file)
    if found is not None:
        model.Session.execute(insert(store.Frozen.__table__).values(grant=agreement.grant, file=file.id, version=found).on_conflict_do_nothing())
    return why


def version(partner: str, file: Any) -> tuple[str | None, str]:
    """The version of a file as it is now, kept; or none, and why. Does not commit."""
    if file.url_type != "upload":
        return None, str(tk._("This file lies elsewhere: the portal cannot keep it as it is."))
    try:
        sha256, size = keeping.keep({"id": file.id, "url": file.url, "url_type": file.url_type})
    except keeping.MissingError:
        return None, str(tk._("This file is not there."))
    return _keep(partner, file, sha256, size, file.url.rsplit("/", 1)[-1] or file.id, file.mimetype), ""


def _of_columns(partner: str, file: Any, names: list[str]) -> tuple[str | None, str]:
    """The version of some columns of a file, kept as the copy that a download gives: with a hash of its own, and nothing of the other columns."""
    try:
        sha256, size = keeping.keep_chunks(columns.copy(file.id, names))
    except LookupError:
        return None, str(tk._("Your right is for some columns of this file, which is not loaded as a table: there is no copy with these columns to keep. Write to the partner."))
    # the address of a file that lies elsewhere is nobody's to know
    stem = (PurePosixPath(unquote(file.url)).stem if file.url_type == "upload" else file.name) or file.id
    return _keep(partner, file, sha256, size, f"{stem}.csv", "text/csv"), ""


def _keep(partner: str, file: Any, sha256: str, size: int, name: str, kind: str | None) -> str:
    values = {
        "id": "".join(secrets.choice(LETTERS) for _ in range(10)), "file": file.id, "dataset": file.package_id, "partner": partner, "sha256": sha256, "size": size,
        "name": name, "kind": kind, "made": store.now(), "gone": None,
    }  # fmt: skip
    # the same bytes of the same file are one version, whoever has them; bytes that were removed are there again
    kept = insert(store.Version.__table__).values(values).on_conflict_do_update(index_elements=["file", "sha256"], set_={"gone": None}).returning(store.Version.__table__.c.id)
    return str(model.Session.execute(kept).scalar_one())
